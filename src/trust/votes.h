/* SPDX-License-Identifier: Apache-2.0 */
/*
 * votes.h: counting the votes of one ballot (trust rules A5.3, B1 to B9, D2).
 */
#ifndef TRUST_VOTES_H
#define TRUST_VOTES_H

#include "trust/ballot.h"

/* Signature checks that the votes of one elector may cost in one ballot (rule A5.3). */
#define VOTE_TRIES_MAX 4

struct tally {
	size_t votes;		/* entries in judge->votes */
	uint64_t counted;	/* set of endorser places whose votes count */
	scms_time64 newest;	/* newest generationTime among votes checked and counted */
	bool others;		/* a vote of an elector of the store that is not in `known` is there */
};

/*
 * Looks at every vote without a curve operation: who it is from, and whether it can count. known: places of electors
 * whose votes count unseen (rule D2), 0 for none. Votes that remain to be checked are left open.
 */
void votes_sort_out(const struct ballot *ballot, struct judge *judge, uint64_t known, struct tally *tally);

/* Is there a vote that counts or may count? */
bool votes_may_count(const struct judge *judge, const struct tally *tally);

/*
 * Checks the open votes, the subject's own signature in the same batch where subject is not NULL. False: the subject's
 * signature is bad; the votes are then not judged.
 */
bool votes_check(struct ballot *ballot, struct judge *judge, const struct cert *subject, struct tally *tally);

/*
 * The votes of a ballot that has not been read, and its subject's certificate (none here in 1.2.1, where it is in the
 * votes); false: not one that decodes.
 */
SCMS_CHECKED bool ballot_votes(const struct ballot *ballot, struct oer_list *votes, struct scms_slice *certificate);

#endif
