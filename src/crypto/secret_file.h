/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_file.h: symmetric secrets at rest: expansion keys of caterpillars, the keys of linkage authorities.
 *
 * Private keys of a curve have files of their own (key.h). Whatever else must be secret is sealed in a file as strong: one
 * PEM block `SCMS SECRET`, its content
 *
 *   "SCMSsec1"          8   says how the rest is made
 *   length of kind      1
 *   kind                    what it is, "caterpillar": a secret is not taken for one of another kind
 *   salt               16   random
 *   ciphertext              as long as the secret
 *   tag                16
 *
 * AES-256-CCM with all before the ciphertext as associated data. Its key (32 bytes) and nonce (12) are scrypt's (RFC 7914;
 * N 16384, r 8, p 5) of pass phrase and salt, so that both are of one file only.
 *
 * Files are made with mode 0600, complete or not at all, never over an existing one. What was decrypted is wiped on every
 * failing path; the caller wipes what it was given.
 */
#ifndef CRYPTO_SECRET_FILE_H
#define CRYPTO_SECRET_FILE_H

#include "crypto/key_error.h"
#include "crypto/secret.h"

#define SECRET_FILE_MAX 4096	  /* bytes of a secret */
#define SECRET_FILE_KIND_MAX 32 /* characters of its kind */

/*
 * Seals `secret`, 1 to SECRET_FILE_MAX bytes, in a new file. KEY_EXISTS, KEY_SECRET (no pass phrase), KEY_IO, KEY_NAME,
 * KEY_FAILED; KEY_VALUE for a secret or kind of a size that does not fit.
 */
SCMS_CHECKED enum key_status secret_file_save(const char *path, const char *kind, struct scms_slice secret,
					      const struct secret_source *source, struct key_error *err);

/*
 * Opens a file: exactly n bytes of this kind. All that needs no pass phrase is judged before one is asked for.
 * KEY_NOT_FOUND, KEY_IO; KEY_MALFORMED for what is no such file, or is of another kind or size; KEY_SECRET;
 * KEY_PASSPHRASE for a wrong pass phrase or a damaged file: nobody can tell which.
 */
SCMS_CHECKED enum key_status secret_file_load(const char *path, const char *kind, uint8_t *secret, size_t n,
					      const struct secret_source *source, struct key_error *err);

#endif
