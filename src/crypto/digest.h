/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h: SHA-256, SHA-384 and HMAC for code that issues, signs and encrypts.
 *
 * Judging code takes its hashes from the table in scms/crypto.h. All return
 * false only when the library fails (no memory, no provider).
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <scms/base.h>

#define DIGEST_SHA256 32
#define DIGEST_SHA384 48

/* Hash of n parts, one after another. */
SCMS_CHECKED bool digest_sha256(const struct scms_slice *parts, size_t n, uint8_t out[DIGEST_SHA256]);
SCMS_CHECKED bool digest_sha384(const struct scms_slice *parts, size_t n, uint8_t out[DIGEST_SHA384]);

/* HMAC-SHA-256 of data. */
SCMS_CHECKED bool digest_hmac_sha256(struct scms_slice key, struct scms_slice data, uint8_t out[DIGEST_SHA256]);

#endif
