/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ballot.h: one ballot, from its bytes to its effect on the store (trust rules B, C, D).
 *
 * What a ballot says does not depend on the store and is read once (ballot_read). Whether it is carried out does, and is
 * judged in every round until it is settled (ballot_judge). A vote's signature is checked once in a session: its verdict
 * is kept in the ballot's vote states (rule A5.3).
 */
#ifndef TRUST_BALLOT_H
#define TRUST_BALLOT_H

#include "trust/endorsement.h"

/* A session keeps one for each ballot in its files, so it is small, and points into them. */
struct ballot {
	struct scms_slice bytes;
	struct scms_slice certificate; /* the subject's; none where the ballot does not decode */
	const uint8_t *votes;	       /* one after another */
	uint8_t *vote_states;	       /* a byte for each vote, all zero at first; for ballot_judge */
	uint32_t votes_bytes, vote_count, vote_stride; /* as in struct oer_list */
	uint32_t index;
	scms_time64 time; /* of its TBS */
	uint64_t hash_head; /* of the hash of its bytes, once wanted: the last key of the order E1.2 */
	uint8_t subject[32];
	enum ballot_form form : 8;
	enum scms_carrier carrier : 8;
	enum scms_motion motion : 8; /* that the carrier, or the history's entry, stands for */
	enum scms_reason fixed : 8; /* why it can never be carried out; SCMS_APPLIED: nothing speaks against it */
	uint8_t subject_state; /* of the subject's own signature: 0 not checked, else 1 + enum scms_verdict */
	bool has_subject, has_hash, settled;
};

/* The votes of a ballot that has been read. */
struct oer_iter ballot_iterate(const struct ballot *ballot);

/* What judging needs beside the store. */
struct judge {
	struct scms_store *store;
	scms_time64 now;
	struct trust_env env;
	struct scms_vote_report *votes; /* room for limits.votes */
	uint32_t verified;		/* signatures checked so far */
	bool failed;			/* the engine could not decide */
};

/* Reads what does not depend on the store: all but form, carrier, index, motion and bytes, which are given. */
void ballot_read(struct ballot *ballot, const struct scms_limits *limits, const struct scms_crypto *crypto);

/* Judges the ballot under the store as it is, and carries it out. report is filled in but for the round. */
void ballot_judge(struct ballot *ballot, struct judge *judge, struct scms_ballot_report *report);

/* Order of judgement (rule E1.2): removals first, electors before roots, then time, subject, hash. <0: a before b. */
int ballot_compare(struct ballot *a, struct ballot *b, const struct scms_crypto *crypto);

static inline bool motion_removes(enum scms_motion motion)
{
	return motion == SCMS_REMOVE_ROOT || motion == SCMS_REMOVE_ELECTOR;
}

static inline bool motion_of_elector(enum scms_motion motion)
{
	return motion == SCMS_ADD_ELECTOR || motion == SCMS_REMOVE_ELECTOR;
}

#endif
