/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kdf2.h: KDF2 of IEEE 1363a with SHA-256.
 */
#ifndef CRYPTO_KDF2_H
#define CRYPTO_KDF2_H

#include <scms/base.h>

/*
 * out = the first n bytes of SHA-256(secret || 1 || p1) || SHA-256(secret || 2 || p1) ..., the counter in 4 big-endian
 * bytes. False only when the library fails; out is then wiped.
 */
bool kdf2_sha256(struct scms_slice secret, struct scms_slice p1, uint8_t *out, size_t n);

#endif
