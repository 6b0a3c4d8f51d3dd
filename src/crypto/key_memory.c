/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in process memory. EC_KEY is deprecated since OpenSSL 3.0, and it is
 * what signs at full speed with a key that was parsed once: this is the one file that calls it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <string.h>

#include "crypto/key_back.h"

struct memory_key {
	struct private_key base;
	EC_KEY *ec; /* for signing; has its own copy of the scalar */
	uint8_t d[CURVE_BYTES_MAX];
};

static enum key_status memory_sign(struct private_key *base, const uint8_t *digest, uint8_t *r, uint8_t *s,
				   struct key_error *err)
{
	struct memory_key *key = (struct memory_key *)base;
	int bytes = (int)scms_curve_bytes(base->public.curve);
	ECDSA_SIG *signature = ECDSA_do_sign(digest, bytes, key->ec);
	bool ok = signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), r, bytes) == bytes &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(signature), s, bytes) == bytes;

	ECDSA_SIG_free(signature);
	return ok ? KEY_OK : key_fail(err, KEY_FAILED, "%s: the cryptographic library could not sign", base->name);
}

static enum key_status memory_agree(struct private_key *base, const struct curve_point *peer, uint8_t *shared,
				    struct key_error *err)
{
	struct memory_key *key = (struct memory_key *)base;
	struct curve_point product;
	bool ok = curve_mul(peer, key->d, &product);

	if (ok)
		memcpy(shared, product.x, scms_curve_bytes(peer->curve));
	OPENSSL_cleanse(&product, sizeof(product));
	return ok ? KEY_OK
		  : key_fail(err, KEY_FAILED, "%s: the cryptographic library could not agree on a key", base->name);
}

static void memory_scalar(const struct private_key *base, uint8_t *d)
{
	const struct memory_key *key = (const struct memory_key *)base;

	memcpy(d, key->d, scms_curve_bytes(base->public.curve));
}

static void memory_free(struct private_key *base)
{
	struct memory_key *key = (struct memory_key *)base;

	EC_KEY_free(key->ec); /* wipes its scalar */
	OPENSSL_clear_free(key, sizeof(*key));
}

static const struct key_back memory_back = {
    .sign = memory_sign,
    .agree = memory_agree,
    .scalar = memory_scalar,
    .free = memory_free,
};

static EC_KEY *ec_key_make(const struct memory_key *key)
{
	const EC_GROUP *group = curve_group(key->base.public.curve);
	int bytes = (int)scms_curve_bytes(key->base.public.curve);
	EC_KEY *ec = EC_KEY_new();
	BIGNUM *d = BN_bin2bn(key->d, bytes, NULL);
	BIGNUM *x = BN_bin2bn(key->base.public.x, bytes, NULL);
	BIGNUM *y = BN_bin2bn(key->base.public.y, bytes, NULL);
	bool ok = ec && d && x && y && EC_KEY_set_group(ec, group) == 1 && EC_KEY_set_private_key(ec, d) == 1 &&
		  EC_KEY_set_public_key_affine_coordinates(ec, x, y) == 1;

	BN_clear_free(d);
	BN_free(x);
	BN_free(y);
	if (ok)
		return ec;
	EC_KEY_free(ec);
	return NULL;
}

enum key_status private_key_from_scalar(enum scms_curve curve, const uint8_t *d, struct private_key **out,
					struct key_error *err)
{
	struct memory_key *key;

	*out = NULL;
	if (!curve_group(curve))
		return key_fail(err, KEY_CURVE, "the cryptographic library does not have curve %s", curve_name(curve));
	if (!curve_scalar_ok(curve, d))
		return key_fail(err, KEY_MALFORMED, "no private key of curve %s: zero, or not below the order",
				curve_name(curve));
	key = OPENSSL_zalloc(sizeof(*key));
	if (!key)
		return key_fail(err, KEY_FAILED, "no memory for a key");
	key->base.back = &memory_back;
	key->base.name = "key in memory";
	memcpy(key->d, d, scms_curve_bytes(curve));
	if (curve_mul_base(curve, d, &key->base.public))
		key->ec = ec_key_make(key);
	if (!key->ec) {
		memory_free(&key->base);
		return key_fail(err, KEY_FAILED, "the cryptographic library could not set up a key");
	}
	*out = &key->base;
	return KEY_OK;
}

EVP_PKEY *key_memory_pkey(const struct private_key *base)
{
	const struct memory_key *key = (const struct memory_key *)base;
	EVP_PKEY *pkey = EVP_PKEY_new();

	if (pkey && EVP_PKEY_set1_EC_KEY(pkey, key->ec) == 1)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}
