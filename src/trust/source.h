/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h: where a store finds issuers, roots and revocations when it judges a chain (trust rule B8).
 *
 * Candidate certificates lie in runs: encodings one after another, as in the lists of a chain file. None is trusted for
 * being there.
 */
#ifndef TRUST_SOURCE_H
#define TRUST_SOURCE_H

#include "dot2/chain.h"
#include "dot2/signed_data.h"
#include "trust/chain_file.h"
#include "trust/store.h"

#define SOURCE_RUNS_MAX 12

struct source {
	const struct scms_store *store;
	struct trust_env env;
	uint8_t quorum;
	struct scms_slice run[SOURCE_RUNS_MAX];
	size_t runs;
	/* The chain file in use, which has places among the runs and is decoded when a candidate is first wanted. */
	struct scms_slice stored_chain;
	size_t stored_runs;
	/* Candidates that are indexed: the k-th with this HashedId8; NULL: none are. */
	bool (*index)(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes);
	void *index_ctx;
	const struct scms_slice *certificates; /* single ones */
	size_t certificate_count;
	const struct scms_slice *own; /* and those that a session brings for the holder */
	size_t own_count;
	bool failed; /* an object could not be had: the verdict is not one */
};

/* The store's own runs: chain file in use, the holder's certificates, issuers at hand. False where an object failed. */
SCMS_CHECKED bool source_open(struct source *source, const struct scms_store *store, struct trust_env env, scms_time64 now);

/* Decodes the chain file in use, if that has not been done, so that all its certificates lie in runs. */
void source_resolve(struct source *source);

/* Adds a run; one too many is left out (candidates only ever help). */
void source_add_run(struct source *source, struct scms_slice run);

/* Adds the certificates of a chain file. */
void source_add_chain_file(struct source *source, const struct chain_file *file);

/* Is the certificate on a CRL of the store? root, where it is known, is that of its chain. Sets failed if that cannot be told. */
bool source_revokes(struct source *source, const struct cert *cert, const struct cert *root);

/* The k-th certificate that a signer identifier may mean. False: there is none. */
bool source_named(struct source *source, const struct SignerIdentifier *signer, unsigned k, struct scms_slice *bytes);

/* How a signature fared. */
enum signed_verdict {
	SIGNED_BY_NOBODY, /* no certificate that fits is valid now */
	SIGNED_BADLY,	  /* one is, and the signature is not its own */
	SIGNED_WELL,
	SIGNED_UNKNOWN, /* crypto or objects failed */
};

/*
 * Who signed this? Every certificate that the signer may mean is tried: it must be valid now and fit (a test of role,
 * series and the like), and the signature be its own. On SIGNED_WELL chain is the signer's. verified counts signature
 * checks.
 */
enum signed_verdict source_signed(struct source *source, const struct SignedData *data, scms_time64 now,
			     bool (*fits)(void *ctx, const struct chain *chain), void *ctx, struct chain *chain,
			     uint32_t *verified);

/* Judges the certificate in chain->cert[0]; as chain_judge, with SCMS_REASON_FAILED where an object failed. */
enum scms_reason source_judge(struct source *source, struct chain *chain, scms_time64 now);

/* Fills in who a remembered time came from: the leaf and root of a valid chain. */
void signer_of(const struct chain *chain, const struct scms_crypto *crypto, struct remembered_signer *signer);

#endif
