/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vote_make.h: makes votes, and ballots of them (CAMP 1.2.4 and 1.2.1).
 */
#ifndef COMPONENTS_MANAGER_VOTE_MAKE_H
#define COMPONENTS_MANAGER_VOTE_MAKE_H

#include "components/manager/proposal.h"
#include "dot2/sign.h"

/* Votes that a ballot is made of, at most; also the default limit of a store (A5.1). */
#define BALLOT_VOTES_MAX 64
#define VOTE_BYTES_MAX (16u << 10)
#define BALLOT_BYTES_MAX (1u << 20)

/*
 * Signs a payload: a SignedElectorEndorsement with PSID 0x23 and generationTime `now` and no other header field (rule B3.1),
 * its signer named by HashedId8. The vote is then verified by software of ours, whatever made the signature; KEY_FAILED
 * where it does not verify.
 */
SCMS_CHECKED enum key_status vote_make(const struct signer *signer, struct scms_slice payload, scms_time64 now, struct bytes *out,
				       struct key_error *err);

/* Is the vote one by this certificate over this payload? Signature included. */
SCMS_CHECKED bool vote_is_by(struct scms_slice vote, const struct cert *elector, struct scms_slice payload,
			     const struct scms_crypto *crypto);

/* A ballot taken apart. It points into its bytes. */
struct ballot_parts {
	enum ballot_form form;
	enum scms_motion motion; /* that its votes are for */
	scms_time64 time;
	struct scms_slice certificate;
	struct scms_slice payload;
	struct scms_slice votes[BALLOT_VOTES_MAX];
	size_t vote_count;
};

/* Reads a ballot of either form: its votes sign one payload (C1). Whether they count is another question (tally.h). */
SCMS_CHECKED bool ballot_parts_read(struct ballot_parts *parts, struct scms_slice bytes, struct motion_error *err);

/* Makes a ballot of votes that sign one payload. */
SCMS_CHECKED bool ballot_make(enum ballot_form form, struct scms_slice certificate, const struct scms_slice *votes, size_t n,
			      struct bytes *out, struct motion_error *err);

/*
 * A ballot history (rule H8) with one entry more; history is empty or a BallotHistory. Where the very ballot is its last
 * entry already, out is the same history: appending again after a crash does no harm.
 */
SCMS_CHECKED bool history_append(struct scms_slice history, enum scms_motion motion, enum ballot_form form,
				 struct scms_slice ballot, struct bytes *out, struct motion_error *err);

/*
 * Does a history have all entries of the one that is out, unchanged and in their order (rule H8)? False: err names the first
 * that is missing or another, or says which of the two is none. An empty `out` is continued by anything.
 */
SCMS_CHECKED bool history_continues(struct scms_slice out, struct scms_slice history, struct motion_error *err);

#endif
