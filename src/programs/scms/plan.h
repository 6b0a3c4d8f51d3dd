/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h: what would a plan do to everybody? (trust rule H7) `scms what-if` asks it of any plan, `scms publish` of its
 * own.
 *
 * The plan is applied to copies of the stores of all audiences: the Manager, every component of the workspace, and end
 * entities of several ages, whose stores are made anew from the bootstrap bundle and what was out by then.
 */
#ifndef PROGRAMS_PLAN_H
#define PROGRAMS_PLAN_H

#include "operator.h"

#include "components/manager/outlook.h"
#include "service/store_dir.h"

/* A motion that has no ballot yet: taken as carried out by all who may vote. */
struct plan_wish {
	enum scms_motion motion;
	struct scms_slice certificate;
	scms_time64 time;
};

struct plan {
	struct scms_session session;
	const struct plan_wish *wishes;
	size_t wish_count;
};

struct plan_judge {
	const struct operator_options *options;
	const struct workspace *workspace;
	struct store_dir *dir; /* the Manager's trust store */
	scms_time64 now;
	const struct leap_table *leaps;
	const struct plan *plan;
	struct scms_session out; /* what is out before the plan: policy, chain file, CRL, history */
	FILE *words;             /* where findings are said; NULL: nowhere */

	/* The judgement: [{"audience", "before", "after", "findings"}], to be let go of. */
	json_t *audiences;
	enum gravity worst;
	bool refused; /* a store refuses a file of it: such a plan never goes out */
};

/*
 * Carries out the plan's motions without ballot that remove, or those that add, by the votes of all electors that the
 * Manager has. findings may be NULL.
 */
void plan_carry_out(const struct plan_judge *judge, struct simulation *simulation, bool removals,
		    struct findings *findings);

/*
 * The plan's motions without ballot that remove, after the removals of a history, and before its additions: in a session
 * removals come first, by the times that their votes sign (rule E1.2). One for which the store does not know enough of
 * those who vote is not carried out yet.
 */
void plan_remove(const struct plan_judge *judge, struct simulation *simulation, struct scms_slice history,
		 struct findings *findings);

/* Judges; the members under "The judgement" are set. OPERATOR_DONE, or the exit code where a store could not be judged.
 */
int plan_judge(struct plan_judge *judge);

/* What each audience would meet, for the journal: without the numbers before and after. */
json_t *plan_findings(const struct plan_judge *judge);

/* Each finding once, the gravest first, with the audiences that it concerns: "everybody" where it is all of them. */
void plan_words(FILE *to, const json_t *audiences);

/*
 * What comes of the plan in time, and of votes that lie about (plan_later.c): LOCK_OUT and LOCK_OUT_LATER, NO_ROOT_LATER,
 * QUORUM_LATER; of the Manager's own store also BALLOT_SHORT_LATER, LATENT and LATENT_COMPLETE (rule H10).
 *
 * What expiry brings is grave where it comes within the year and the plan brings it nearer.
 */
void plan_judge_later(const struct plan_judge *judge, struct simulation *before, struct simulation *after, bool manager,
		      struct findings *findings);

/* ---- end entities (plan_ages.c) ---- */

/* A store as some end entities have it. */
struct plan_age {
	const char *name; /* "end entities one week old" */
	struct simulation *store;
};

/* Calls back for each age, with a store to be looked at. OPERATOR_DONE or the exit code. */
int plan_ages(const struct plan_judge *judge, void (*each)(void *ctx, const struct plan_age *age), void *ctx);

/*
 * An end entity that the plan does not bring up to date: does the ballot history with it? NEEDS_HISTORY or STRANDED.
 * target: the Manager's store after the plan.
 */
void plan_judge_stranded(const struct plan_judge *judge, struct simulation *before, struct simulation *after,
			 const struct scms_store *target, struct findings *findings);

#endif
