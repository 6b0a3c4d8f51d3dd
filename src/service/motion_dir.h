/* SPDX-License-Identifier: Apache-2.0 */
/*
 * motion_dir.h: motions in an operator's workspace.
 *
 *   motions/ID/proposal.oer   what electors are asked (components/manager/proposal.h); its certificate is motions/ID's subject
 *   motions/ID/votes/         votes that came back, one file for each elector, named by its HashedId8
 *   motions/ID/ballot.oer     the ballot, once there are enough
 *   motions/ID/state          one word, and behind it why
 *   ballots/MOTION-SUBJECT.oer   ballots that were released: what the PG and the CRLG publish
 *   ballots/history.oer       all ballots ever released, in order (rule H8); only ever grows
 *   store/                    the Manager's own trust store, against which all is judged
 *
 * Each file is replaced at a stroke, state last: who is interrupted does the same again. Whoever changes anything holds the
 * workspace's lock.
 */
#ifndef SERVICE_MOTION_DIR_H
#define SERVICE_MOTION_DIR_H

#include "components/manager/tally.h"
#include "service/workspace.h"

enum motion_state {
	MOTION_PROPOSED,  /* no vote yet */
	MOTION_OPEN,	  /* votes came */
	MOTION_ASSEMBLED, /* there is a ballot; nobody else has it */
	MOTION_HELD,	  /* likewise, on purpose, until it is released */
	MOTION_RELEASED,  /* the ballot is out: in ballots/ and the history */
	MOTION_WITHDRAWN, /* asked for no more; votes for it stay what they are (rule H10) */
};

const char *motion_state_name(enum motion_state state);

/* One motion, read. */
struct motion_dir {
	char id[PROPOSAL_ID_BYTES];
	enum motion_state state;
	char note[256]; /* why it is in that state; empty: nothing was said */
	struct scms_slice bytes;
	struct proposal proposal;
	struct scms_slice votes[BALLOT_VOTES_MAX];
	size_t vote_count;
	struct scms_slice ballot; /* n == 0: none yet */
};

/* Reads the motion of that name, or the only one whose name begins so, or that of a proposal's file. To be freed, also on failure. */
SCMS_CHECKED bool motion_dir_read(struct motion_dir *motion, const struct workspace *workspace, const char *name,
				  const struct scms_crypto *crypto, struct motion_error *err);
void motion_dir_free(struct motion_dir *motion);

/* A new motion, written, that nobody sees yet. */
struct motion_draft {
	struct workspace_file folder;
	char id[PROPOSAL_ID_BYTES];
};

/*
 * Writes a new motion down; motion_dir_create then makes it one of the workspace's, at a stroke. In between whoever makes it
 * has its entry in the journal written, so that there is no motion without one. motion_dir_draft is false, too, where there
 * is a motion for the same endorsement. A draft that is not made a motion is discarded.
 */
SCMS_CHECKED bool motion_dir_draft(const struct workspace *workspace, struct scms_slice proposal, const struct scms_crypto *crypto,
				   struct motion_draft *draft, struct motion_error *err);
SCMS_CHECKED bool motion_dir_create(const struct workspace *workspace, const struct motion_draft *draft, struct motion_error *err);
void motion_dir_discard(const struct motion_draft *draft);

SCMS_CHECKED bool motion_dir_set_state(const struct workspace *workspace, const char *id, enum motion_state state, const char *note,
				       struct motion_error *err);

/* Keeps a vote, in place of an earlier one by the same signer. */
SCMS_CHECKED bool motion_dir_add_vote(const struct workspace *workspace, const char *id, struct scms_slice vote,
				      const struct scms_crypto *crypto, struct motion_error *err);

SCMS_CHECKED bool motion_dir_set_ballot(const struct workspace *workspace, const char *id, struct scms_slice ballot,
					struct motion_error *err);

/*
 * Lets a ballot out: into the history, then into ballots/. *entries becomes the length of the history. Doing it again does
 * no harm.
 */
SCMS_CHECKED bool motion_dir_release(const struct workspace *workspace, const struct motion_dir *motion, uint32_t *entries,
				     struct motion_error *err);

/* The history of all released ballots; empty, and true, where there is none yet. To be freed. */
SCMS_CHECKED bool motion_history_read(const struct workspace *workspace, struct scms_slice *history, struct motion_error *err);

/*
 * Makes the Manager's trust store from the workspace's bootstrap bundle if there is none yet. False where there is neither.
 */
SCMS_CHECKED bool motion_store_ensure(const struct workspace *workspace, const struct scms_crypto *crypto, struct motion_error *err);

/* The electors' and roots' names in ballots/: "add-root-HEX.oer". */
struct workspace_file motion_ballot_file(const struct workspace *workspace, enum scms_motion motion, const uint8_t subject[32]);

#endif
