/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h: counts the votes of a ballot as every vehicle will (trust rules A5.3, B, C), whether or not the store has the
 * motion carried out already.
 */
#ifndef COMPONENTS_MANAGER_TALLY_H
#define COMPONENTS_MANAGER_TALLY_H

#include "components/manager/vote_make.h"

struct motion_tally {
	enum scms_reason fixed; /* why the ballot can never be carried out; SCMS_APPLIED: nothing speaks against it */
	uint32_t counted, quorum;
	size_t vote_count;
	struct scms_vote_report votes[BALLOT_VOTES_MAX]; /* in the ballot's order */
};

/*
 * Judges ballot at `now`, its motion as given, under the store, which is not changed. False: the engine could not decide,
 * or the store's limit of votes is above BALLOT_VOTES_MAX.
 */
SCMS_CHECKED bool motion_count(struct scms_store *store, struct trust_env env, scms_time64 now, enum ballot_form form,
			       enum scms_motion motion, struct scms_slice ballot, struct motion_tally *tally);

/* What the ballot of an addition is worth to whoever has not its subject yet. */
struct motion_worth {
	uint32_t counted, quorum; /* now */
	bool removed;		  /* its subject was removed since: nobody needs it */
	scms_time64 short_from;	  /* the first time at which its votes are too few, by expiry or a higher quorum; 0: none */
};

/* By the store, which is not changed. False: as motion_count(). */
SCMS_CHECKED bool motion_worth(struct scms_store *store, struct trust_env env, scms_time64 now, enum ballot_form form,
			       enum scms_motion motion, struct scms_slice ballot, struct motion_worth *worth);

#endif
