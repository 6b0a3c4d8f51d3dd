/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h: private keys, wherever they are.
 *
 * A key is named by a string:
 *
 *   pkcs11:token=Elector%20A;object=vote    a key in a PKCS#11 token, by RFC 7512 URI
 *   anything else                           an encrypted PKCS#8 file (PEM) of that name
 *
 * Files are what `openssl pkcs8 -topk8 -scrypt` writes: AES-256-CBC under a
 * key that scrypt makes of the pass phrase. They are made with mode 0600, complete or
 * not at all, and never over an existing file. This is also how ECQV and caterpillar private keys
 * are kept at rest. PBKDF2 files of other makers are read as well; a key that is not encrypted is refused.
 *
 * A token key never leaves its token, so what needs the scalar itself (ECQV,
 * butterfly) cannot be done with it: KEY_IN_TOKEN. Key pairs are made sensitive
 * and not extractable. A URI must match one token and one key. Its query may name the
 * module (module-path, module-name); a PIN in the URI is refused.
 *
 * Constant time: signing and key agreement in process memory are OpenSSL's
 * (ECDSA with a blinded inversion of the nonce; products as in curve.h).
 * Scalars are wiped when a key is freed, and on every failing path.
 *
 * A key may be used by several threads; a token key does one operation at a time.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "crypto/curve.h"
#include "crypto/key_error.h"
#include "crypto/secret.h"

struct private_key;

/* What a new key is for. A token enforces it; a file does not. */
enum key_use {
	KEY_SIGN,
	KEY_AGREE,
};

/*
 * Opens the key called name. The PIN or pass phrase is read from source, used, and wiped; for tokens with a PIN pad
 * it is not read at all. *key is to be freed with private_key_free(); NULL on failure.
 */
SCMS_CHECKED enum key_status private_key_load(const char *name, const struct secret_source *source,
					      struct private_key **key, struct key_error *err);

/* Makes a new key under name and opens it. KEY_EXISTS if there is one; on any failure nothing is left behind. */
SCMS_CHECKED enum key_status private_key_generate(const char *name, enum scms_curve curve, enum key_use use,
						  const struct secret_source *source, struct private_key **key,
						  struct key_error *err);

/* A random key in process memory. KEY_FAILED only. */
SCMS_CHECKED enum key_status private_key_random(enum scms_curve curve, struct private_key **key, struct key_error *err);

/* A key in process memory from its scalar, scms_curve_bytes(curve) bytes. KEY_MALFORMED if not in 1..n-1. */
SCMS_CHECKED enum key_status private_key_from_scalar(enum scms_curve curve, const uint8_t *d, struct private_key **key,
						     struct key_error *err);

/* Writes a key that is in process memory to a new encrypted file. KEY_EXISTS, KEY_IN_TOKEN, KEY_SECRET, KEY_IO. */
SCMS_CHECKED enum key_status private_key_save(const struct private_key *key, const char *path,
					      const struct secret_source *source, struct key_error *err);

/* Closes the key and wipes what is in memory of it. NULL is allowed. */
void private_key_free(struct private_key *key);

const struct curve_point *private_key_public(const struct private_key *key);

/*
 * Signs a digest: 32 bytes on the 256-bit curves, 48 on the others, used as it is. r and s are written big-endian,
 * scms_curve_bytes(curve) bytes each.
 */
SCMS_CHECKED enum key_status private_key_sign(struct private_key *key, const uint8_t *digest, uint8_t *r, uint8_t *s,
					      struct key_error *err);

/* shared = x of (private * peer), scms_curve_bytes(curve) bytes. KEY_POINT if peer is no point of the key's curve. */
SCMS_CHECKED enum key_status private_key_agree(struct private_key *key, const struct curve_point *peer, uint8_t *shared,
					       struct key_error *err);

/* The scalar, for a key in process memory; the caller wipes it. KEY_IN_TOKEN otherwise. */
SCMS_CHECKED enum key_status private_key_scalar(const struct private_key *key, uint8_t *d, struct key_error *err);

#endif
