/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_check.h: does a private key sign, by OpenSSL's own verdict?
 */
#ifndef TESTS_CRYPTO_KEY_CHECK_H
#define TESTS_CRYPTO_KEY_CHECK_H

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "crypto/key.h"
#include "tests/check.h"

/* OpenSSL's own verdict about a signature. */
static inline bool key_verifies(const struct curve_point *public, const uint8_t *digest, const uint8_t *r,
				const uint8_t *s)
{
	const char *group = OBJ_nid2sn(EC_GROUP_get_curve_name(curve_group(public->curve)));
	size_t bytes = scms_curve_bytes(public->curve);
	uint8_t sec1[1 + 2 * CURVE_BYTES_MAX];
	size_t n = curve_point_write_sec1(public, sec1);
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, sec1, n),
	    OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL), *verifier = NULL;
	EVP_PKEY *key = NULL;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	unsigned char *der = NULL;
	int length;
	bool good = ECDSA_SIG_set0(signature, BN_bin2bn(r, (int)bytes, NULL), BN_bin2bn(s, (int)bytes, NULL)) == 1 &&
		    (length = i2d_ECDSA_SIG(signature, &der)) > 0 && EVP_PKEY_fromdata_init(maker) == 1 &&
		    EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) == 1 &&
		    (verifier = EVP_PKEY_CTX_new(key, NULL)) && EVP_PKEY_verify_init(verifier) == 1 &&
		    EVP_PKEY_verify(verifier, der, (size_t)length, digest, bytes) == 1;

	OPENSSL_free(der);
	EVP_PKEY_CTX_free(verifier);
	EVP_PKEY_CTX_free(maker);
	EVP_PKEY_free(key);
	ECDSA_SIG_free(signature);
	return good;
}

static inline void key_signs(struct private_key *key, const char *what)
{
	uint8_t digest[CURVE_BYTES_MAX], r[CURVE_BYTES_MAX], s[CURVE_BYTES_MAX];
	struct key_error err;

	memset(digest, 0xd1, sizeof(digest));
	CHECK(private_key_sign(key, digest, r, s, &err) == KEY_OK, "%s: %s", what, err.text);
	CHECK(key_verifies(private_key_public(key), digest, r, s), "%s", what);
	digest[0] ^= 1;
	CHECK(!key_verifies(private_key_public(key), digest, r, s), "%s: another digest", what);
}

#endif
