/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_back.h: what the back ends of key.h share.
 */
#ifndef CRYPTO_KEY_BACK_H
#define CRYPTO_KEY_BACK_H

#include <openssl/evp.h>

#include "crypto/key.h"

struct private_key {
	const struct key_back *back;
	struct curve_point public;
	const char *name; /* for messages; owned by the back end */
};

struct key_back {
	enum key_status (*sign)(struct private_key *key, const uint8_t *digest, uint8_t *r, uint8_t *s,
				struct key_error *err);
	/* peer is a point of the key's curve */
	enum key_status (*agree)(struct private_key *key, const struct curve_point *peer, uint8_t *shared,
				 struct key_error *err);
	/* NULL where the scalar is out of reach */
	void (*scalar)(const struct private_key *key, uint8_t *d);
	void (*free)(struct private_key *key);
};

/* A key in process memory as OpenSSL's own kind, to be encoded; EVP_PKEY_free(). NULL on failure. */
EVP_PKEY *key_memory_pkey(const struct private_key *key);

enum key_status key_file_load(const char *path, const struct secret_source *source, struct private_key **key,
			      struct key_error *err);

enum key_status key_pkcs11_load(const char *uri, const struct secret_source *source, struct private_key **key,
				struct key_error *err);
enum key_status key_pkcs11_generate(const char *uri, enum scms_curve curve, enum key_use use,
				    const struct secret_source *source, struct private_key **key,
				    struct key_error *err);

#endif
