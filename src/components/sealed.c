/* SPDX-License-Identifier: Apache-2.0 */
#include "components/sealed.h"

#include <openssl/crypto.h>
#include <string.h>

#define WRAPPING 2 /* an Ieee1609Dot2Data is its version, the tag of encryptedData, and the EncryptedData */

enum key_status sealed_make_for(const struct recipient *to, struct scms_slice plain, struct bytes *out, struct key_error *err)
{
	enum key_status status = encrypted_data_make(to, 1, plain, out, err);

	if (status == KEY_OK) {
		out->n -= WRAPPING;
		memmove(out->p, out->p + WRAPPING, out->n);
	}
	return status;
}

enum key_status sealed_make(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto, struct scms_slice plain,
			    struct bytes *out, struct key_error *err)
{
	struct recipient recipient;
	enum key_status status = recipient_of_symmetric_key(key, false, crypto, &recipient, err);

	if (status == KEY_OK)
		status = sealed_make_for(&recipient, plain, out, err);
	OPENSSL_cleanse(&recipient, sizeof(recipient));
	return status;
}

enum key_status sealed_open(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
			    const struct EncryptedData *sealed, struct bytes *plain, struct key_error *err)
{
	struct recipient recipient;
	enum key_status status = recipient_of_symmetric_key(key, false, crypto, &recipient, err);

	*plain = (struct bytes){NULL, 0};
	if (status == KEY_OK)
		status = encrypted_open(sealed, &recipient, NULL, plain, err);
	OPENSSL_cleanse(&recipient, sizeof(recipient));
	return status;
}

enum key_status sealed_key_id(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto, uint8_t id[8],
			      struct key_error *err)
{
	struct recipient recipient;
	enum key_status status = recipient_of_symmetric_key(key, false, crypto, &recipient, err);

	memcpy(id, recipient.id, 8);
	OPENSSL_cleanse(&recipient, sizeof(recipient));
	return status;
}

const uint8_t *sealed_id(const struct EncryptedData *sealed)
{
	struct oer_iter it = oer_iterate(&sealed->recipients);
	struct RecipientInfo info;

	return oer_next(&it, &info) && info.choice == RecipientInfo_is_symmRecipInfo ? info.u.symmRecipInfo.recipientId : NULL;
}
