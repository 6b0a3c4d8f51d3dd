/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/check.h: certificates and signed messages by the hundred.
 *
 * scms_cert_check (trust.h) judges one certificate and remembers nothing. A checker gives the same verdicts for a
 * receiver of bursts: it asks the engine about many signatures at a time, across chains, and remembers which
 * certificates it has found valid and which issuers it knows, so that a neighbour's next message costs its own
 * signature and little more.
 *
 * What a checker remembers holds only as long as what it rests on, which is looked at with every question: the root is
 * in the store and not suspended under the quorum in force, the store's CRLs are those that the chain was judged by,
 * and `now` is within the validity of all of the chain. A removal, a suspension or a CRL that has been applied is
 * therefore felt by the very next question, whichever store is asked about (trust rule D7); the engine forgets the keys
 * of what is dropped.
 *
 * Only what was found valid is remembered: strangers cannot fill a checker.
 *
 * Memory is the caller's: about 850 bytes a certificate and 9 KB an issuer. A checker belongs to one thread at a time.
 */
#ifndef SCMS_CHECK_H
#define SCMS_CHECK_H

#include <scms/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scms_checker;

struct scms_checker_options {
	uint32_t certificates; /* remembered as valid; 0: 256 */
	uint32_t issuers;      /* 0: 16 */
};

/* Bytes that a checker needs. */
SCMS_API size_t scms_checker_size(const struct scms_checker_options *options);

/* A checker in that much memory, aligned for any type. NULL: too small. */
SCMS_API struct scms_checker *scms_checker_init(void *memory, size_t size, const struct scms_checker_options *options);

/* What is asked about. */
struct scms_check {
	const struct scms_store *store;
	scms_time64 now;
	const struct scms_crypto *crypto;
	const struct scms_objects *objects;    /* with a table of scms/revocation.h, or else CRLs are read */
	const struct scms_slice *certificates; /* further candidate issuers and signers */
	size_t certificate_count;
};

/* scms_cert_check for n certificates: verdict[k], an enum scms_reason, is that of certificate[k]. */
SCMS_API void scms_certs_check(struct scms_checker *checker, const struct scms_check *check,
			       const struct scms_slice *certificate, size_t n, enum scms_reason *verdict);

enum scms_message_verdict {
	SCMS_MESSAGE_VALID,
	SCMS_MESSAGE_MALFORMED,  /* not an Ieee1609Dot2Data of signedData with its payload in it */
	SCMS_MESSAGE_SIGNER,     /* no signer that is valid now: reason says why */
	SCMS_MESSAGE_PERMISSION, /* the PSID is not among the signer's appPermissions */
	SCMS_MESSAGE_TIME,       /* generationTime outside the signer's validity, or expiryTime past */
	SCMS_MESSAGE_SIGNATURE,  /* the signature is not the signer's */
	SCMS_MESSAGE_FAILED,     /* objects or engine failed */
};

/* A received message. Everything but `bytes` is filled in; slices point into bytes. */
struct scms_message {
	struct scms_slice bytes;
	enum scms_message_verdict verdict;
	enum scms_reason reason; /* of the signer: SCMS_VALID, or why not */
	uint64_t psid;
	bool has_time;
	scms_time64 time;          /* generationTime */
	struct scms_slice payload; /* the encoded Ieee1609Dot2Data within */
};

/*
 * Judges n messages signed by certificate or digest. A digest that the checker does not remember is looked for among
 * the candidates. Regions are judged along the chain, each within those above it. Whether a message is fresh, new, near enough, made
 * where its signer may (an identified region takes a map) and of interest is the application's to decide.
 */
SCMS_API void scms_messages_check(struct scms_checker *checker, const struct scms_check *check,
				  struct scms_message *message, size_t n);

#ifdef __cplusplus
}
#endif

#endif
