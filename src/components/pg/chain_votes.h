/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_votes.h: what the votes of a published ballot are still worth, by the publisher's own trust store (trust rules H1,
 * H2), and the ballot without some of them.
 */
#ifndef COMPONENTS_PG_CHAIN_VOTES_H
#define COMPONENTS_PG_CHAIN_VOTES_H

#include "dot2/make.h"
#include "trust/ballot.h"

/* Votes that a ballot may have here: the default limit of a trust store. */
#define CHAIN_VOTES_MAX 64

enum vote_worth {
	VOTE_VALID,   /* of an elector of the store, valid now; its signature verifies */
	VOTE_EXPIRED, /* its elector's certificate has expired since */
	VOTE_REMOVED, /* its elector has been removed */
	VOTE_OTHER,   /* unknown signer, bad signature, not valid yet, or a second of the same elector */
};

struct ballot_worth {
	uint8_t subject[32];
	scms_time64 subject_end; /* expiry of its certificate */
	bool subject_removed;	 /* tombstoned, itself or its key */
	uint32_t votes;
	uint32_t valid, expired, removed; /* distinct electors */
	enum vote_worth worth[CHAIN_VOTES_MAX];
	uint8_t elector[CHAIN_VOTES_MAX][8]; /* HashedId8 of each vote's signer */
	uint8_t voted[CHAIN_VOTES_MAX][32];  /* identities of the `valid` electors */
};

/* By what it is judged. */
struct worth_env {
	const struct scms_store *store;
	const struct scms_crypto *crypto;
	scms_time64 now;
	const struct scms_slice *former; /* certificates of electors that the store may have forgotten after their expiry */
	size_t former_count;
};

/*
 * Judges an addition's votes. SCMS_APPLIED, or why no store could ever carry the ballot out, in which case *worth holds
 * nothing but what is known of the subject; SCMS_REASON_FAILED: the crypto engine failed.
 */
enum scms_reason ballot_worth(const struct worth_env *env, enum ballot_form form, enum scms_motion motion,
			      struct scms_slice bytes, struct ballot_worth *worth);

/* The certificate that a ballot is about, where it can be read (its bytes lie in the ballot's). */
SCMS_CHECKED bool ballot_certificate(enum ballot_form form, struct scms_slice bytes, struct scms_slice *certificate);

/* The ballot with only the votes for which keep(k) is set. KEY_VALUE where none would be left. */
SCMS_CHECKED enum key_status ballot_keep(enum ballot_form form, struct scms_slice bytes, const bool keep[CHAIN_VOTES_MAX],
					 struct bytes *out, struct key_error *err);

#endif
