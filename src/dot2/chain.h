/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h: does this certificate chain to a root that is trusted, and was everything on the way permitted?
 *
 * A chain is found through HashedId8 look-ups among roots and candidate issuers; every match is tried, none is trusted
 * for being there (trust rule B8). The verdict names the first reason in the order of the reason table, which runs from
 * cheap to dear: signatures come last and are checked in one batch per chain.
 */
#ifndef DOT2_CHAIN_H
#define DOT2_CHAIN_H

#include "dot2/cert.h"

#include <scms/reason.h>

/* Certificates from the leaf to the root, at most. */
#define CHAIN_MAX 8
/* Issuers of the same HashedId8 that are tried at each step, and chains judged in all. */
#define CHAIN_MATCHES_MAX 4
#define CHAIN_TRIES_MAX 16

/* How a store sees a root. */
enum root_state { ROOT_IS_TRUSTED, ROOT_IS_SUSPENDED, ROOT_IS_REVOKED };

/* Where the chain search looks things up. Certificates given must outlive the search. */
struct chain_source {
	void *ctx;
	/* The k-th root with this HashedId8, k from 0: its certificate's bytes and state. False when there is none. A
	 * revoked root's bytes may be empty: only its tombstone is left. */
	bool (*root)(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes, enum root_state *state);
	/* The k-th candidate issuer with this HashedId8. */
	bool (*candidate)(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes);
	/* Is the certificate on a CRL? craca_id8: of the CRACA that it names, taken from its chain. */
	bool (*revoked)(void *ctx, const struct cert *cert, const struct cert *root);
};

/* A judged chain; cert[0] is the leaf, cert[n - 1] the last that was found. */
struct chain {
	struct cert cert[CHAIN_MAX];
	size_t n;
	bool anchored; /* cert[n - 1] is a root of the store */
};

/*
 * Judges the certificate in chain->cert[0] (set by the caller through cert_read) at `now`. Returns SCMS_VALID or the
 * reason; on SCMS_VALID chain holds the valid chain, otherwise one of those tried. SCMS_REASON_FAILED when the crypto engine
 * could not decide.
 */
enum scms_reason chain_judge(struct chain *chain, scms_time64 now, const struct chain_source *source,
			     const struct scms_crypto *crypto);

/*
 * May a chain of n issuers, the subject's own first and the root last, each permitted itself, have issued the subject?
 * SCMS_VALID, SCMS_CERT_PERMISSIONS or SCMS_CERT_REGION.
 */
enum scms_reason chain_permits(const struct cert *subject, const struct cert *issuer, size_t n);

/*
 * Fills a request for a signature by the leaf of a valid chain (an explicit key, or an implicit one with its issuer) over
 * digest. e has room for 48 bytes and must outlive the request, as must the chain.
 */
void chain_signer_request(const struct chain *chain, const struct scms_crypto *crypto, uint8_t e[48],
			  struct scms_verify_request *request);

#endif
