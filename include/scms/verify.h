/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/verify.h: the verification engine that stands behind struct scms_crypto.
 *
 * An engine lives in memory that the caller gives, and belongs to one thread at a time.
 */
#ifndef SCMS_VERIFY_H
#define SCMS_VERIFY_H

#include <scms/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scms_verifier;

/* Bytes that an engine needs. */
SCMS_API size_t scms_verifier_size(void);

/* Makes an engine in memory of at least that size, aligned for any type. NULL: too small, or libcrypto failed. */
SCMS_API struct scms_verifier *scms_verifier_init(void *memory, size_t size);

/* The engine as a table of functions; valid until scms_verifier_end. */
SCMS_API const struct scms_crypto *scms_verifier_crypto(const struct scms_verifier *verifier);

/* Ends the engine and lets go of all key handles. The memory is the caller's again. NULL is allowed. */
SCMS_API void scms_verifier_end(struct scms_verifier *verifier);

#ifdef __cplusplus
}
#endif

#endif
