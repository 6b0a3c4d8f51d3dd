/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ecies.h"

#include <openssl/crypto.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/kdf2.h"

#define MAC_KEY 32

static bool curve_ok(enum scms_curve curve)
{
	return curve == SCMS_NIST_P256 || curve == SCMS_BRAINPOOL_P256R1;
}

/* The two keys that ECIES makes of the shared secret. */
static bool derive(const uint8_t shared[SCALAR_BYTES], struct scms_slice p1, uint8_t k1[AES_128_KEY],
		   uint8_t k2[MAC_KEY])
{
	uint8_t keys[AES_128_KEY + MAC_KEY];
	bool ok = kdf2_sha256((struct scms_slice){shared, SCALAR_BYTES}, p1, keys, sizeof(keys));

	memcpy(k1, keys, AES_128_KEY);
	memcpy(k2, keys + AES_128_KEY, MAC_KEY);
	OPENSSL_cleanse(keys, sizeof(keys));
	return ok;
}

static bool tag_of(const uint8_t k2[MAC_KEY], const uint8_t c[AES_128_KEY], uint8_t t[ECIES_TAG])
{
	uint8_t mac[DIGEST_SHA256];
	bool ok = digest_hmac_sha256((struct scms_slice){k2, MAC_KEY}, (struct scms_slice){c, AES_128_KEY}, mac);

	memcpy(t, mac, ECIES_TAG);
	OPENSSL_cleanse(mac, sizeof(mac));
	return ok;
}

bool ecies_wrap_with(const uint8_t ephemeral[SCALAR_BYTES], const struct curve_point *recipient, struct scms_slice p1,
		     const uint8_t key[AES_128_KEY], struct ecies_wrapped *out)
{
	struct curve_point shared;
	uint8_t k1[AES_128_KEY], k2[MAC_KEY];
	bool ok = curve_ok(recipient->curve) && curve_mul_base(recipient->curve, ephemeral, &out->v) &&
		  curve_mul(recipient, ephemeral, &shared) && derive(shared.x, p1, k1, k2);

	if (ok) {
		for (unsigned k = 0; k < AES_128_KEY; k++)
			out->c[k] = key[k] ^ k1[k];
		ok = tag_of(k2, out->c, out->t);
	}
	OPENSSL_cleanse(&shared, sizeof(shared));
	OPENSSL_cleanse(k1, sizeof(k1));
	OPENSSL_cleanse(k2, sizeof(k2));
	return ok;
}

bool ecies_wrap(const struct curve_point *recipient, struct scms_slice p1, const uint8_t key[AES_128_KEY],
		struct ecies_wrapped *out)
{
	uint8_t ephemeral[SCALAR_BYTES];
	bool ok = curve_ok(recipient->curve) && curve_scalar_random(recipient->curve, ephemeral) &&
		  ecies_wrap_with(ephemeral, recipient, p1, key, out);

	OPENSSL_cleanse(ephemeral, sizeof(ephemeral));
	return ok;
}

enum key_status ecies_unwrap(struct private_key *recipient, struct scms_slice p1, const struct ecies_wrapped *wrapped,
			     uint8_t key[AES_128_KEY], struct key_error *err)
{
	uint8_t shared[CURVE_BYTES_MAX], k1[AES_128_KEY], k2[MAC_KEY], tag[ECIES_TAG];
	enum key_status status;

	memset(key, 0, AES_128_KEY);
	if (!curve_ok(wrapped->v.curve))
		return key_fail(err, KEY_CURVE, "keys are not wrapped on curve %s", curve_name(wrapped->v.curve));
	status = private_key_agree(recipient, &wrapped->v, shared, err);
	if (status == KEY_OK && (!derive(shared, p1, k1, k2) || !tag_of(k2, wrapped->c, tag)))
		status = key_fail(err, KEY_FAILED, "the cryptographic library failed");
	if (status == KEY_OK && CRYPTO_memcmp(tag, wrapped->t, ECIES_TAG) != 0)
		status = key_fail(err, KEY_NOT_FOR_US, "the wrapped key is not for this recipient, or was changed");
	if (status == KEY_OK) {
		for (unsigned k = 0; k < AES_128_KEY; k++)
			key[k] = wrapped->c[k] ^ k1[k];
	}
	OPENSSL_cleanse(shared, sizeof(shared));
	OPENSSL_cleanse(k1, sizeof(k1));
	OPENSSL_cleanse(k2, sizeof(k2));
	OPENSSL_cleanse(tag, sizeof(tag));
	return status;
}
