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

/* All zero, or NULL in its place, is a good choice. */
struct scms_verifier_options {
	/* OpenSSL only, whatever instructions the processor has: for tests, and for whoever distrusts the fast path. */
	bool portable;
	/*
	 * How many keys have precomputed tables at a time; 0: 16. A key that the engine keeps gets one when it is used
	 * often enough to repay it, in the place of the key that was not used for longest. A table takes 148 KiB: of
	 * the caller's block with AVX-512, of OpenSSL's own memory with the portable back end.
	 */
	unsigned tables;
};

/* Bytes that an engine needs. */
SCMS_API size_t scms_verifier_size(const struct scms_verifier_options *options);

/*
 * Makes an engine in memory of at least that size, aligned for any type, with the same options. The fastest back end
 * that the processor has and that passes its self-test is taken. NULL: too small, or libcrypto failed.
 */
SCMS_API struct scms_verifier *scms_verifier_init(void *memory, size_t size,
						  const struct scms_verifier_options *options);

/*
 * The back end that answers for P-256: "avx512-ifma" or "portable"; "portable, since the self-test of avx512-ifma
 * failed" when the processor has the instructions but something in it or in the build is broken.
 */
SCMS_API const char *scms_verifier_backend(const struct scms_verifier *verifier);

/* What the tables take now, beside the block that the caller gave: how many keys have one, and bytes of libcrypto's. */
struct scms_verifier_tables {
	unsigned keys;
	size_t libcrypto_bytes;
};

SCMS_API struct scms_verifier_tables scms_verifier_tables(const struct scms_verifier *verifier);

/* The engine as a table of functions; valid until scms_verifier_end. */
SCMS_API const struct scms_crypto *scms_verifier_crypto(const struct scms_verifier *verifier);

/* Ends the engine and lets go of all key handles. The memory is the caller's again. NULL is allowed. */
SCMS_API void scms_verifier_end(struct scms_verifier *verifier);

#ifdef __cplusplus
}
#endif

#endif
