/* SPDX-License-Identifier: Apache-2.0 */
#include "components/sealed.h"

#include "dot2/encrypt.h"

#include <openssl/crypto.h>
#include <string.h>

#define WRAPPING 2 /* an Ieee1609Dot2Data is its version, the tag of encryptedData, and the EncryptedData */

enum key_status sealed_make(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto, struct scms_slice plain,
			    struct bytes *out, struct key_error *err)
{
	struct recipient recipient;
	enum key_status status = recipient_of_symmetric_key(key, false, crypto, &recipient, err);

	if (status == KEY_OK)
		status = encrypted_data_make(&recipient, 1, plain, out, err);
	OPENSSL_cleanse(&recipient, sizeof(recipient));
	if (status == KEY_OK) {
		out->n -= WRAPPING;
		memmove(out->p, out->p + WRAPPING, out->n);
	}
	return status;
}

enum key_status sealed_open(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
			    const struct EncryptedData *sealed, struct bytes *plain, struct key_error *err)
{
	const struct Ieee1609Dot2Data data = {
	    .protocolVersion = 3,
	    .content = {.choice = Ieee1609Dot2Content_is_encryptedData, .u.encryptedData = *sealed}};
	struct recipient recipient;
	struct bytes message = {NULL, 0};
	enum key_status status = recipient_of_symmetric_key(key, false, crypto, &recipient, err);

	if (status == KEY_OK)
		status = make_bytes(&oer_Ieee1609Dot2Data, &data, &message, err);
	if (status == KEY_OK)
		status = encrypted_data_open(bytes_view(&message), &recipient, NULL, plain, err);
	OPENSSL_cleanse(&recipient, sizeof(recipient));
	bytes_free(&message);
	return status;
}
