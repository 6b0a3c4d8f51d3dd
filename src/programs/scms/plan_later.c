/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "base/file.h"
#include "components/manager/tally.h"
#include "dot2/validity.h"
#include "motion_command.h"
#include "service/engine.h"
#include "trust/members.h"
#include "trust/quorum.h"

#include <stdlib.h>
#include <string.h>

/* The oldest end entities that are judged are a year old; so what is to come is looked at for a year, too. */
#define HORIZON TIME64_YEAR

/* ---- expiry ---- */

/* When expiries alone will have left too few electors; now: there are too few. */
static scms_time64 locked_out_from(const struct scms_store *store, scms_time64 now)
{
	struct outlook outlook = outlook_of(store, now);
	scms_time64 first = UINT64_MAX;
	struct scms_member member;

	if (outlook.able < outlook.quorum)
		return now;
	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++) {
		struct outlook then = outlook_of(store, member.valid_until);

		if (member.valid_until > now && then.able < then.quorum && member.valid_until < first)
			first = member.valid_until;
	}
	return first;
}

/* When the last root that is trusted will have expired; now: there is none. */
static scms_time64 rootless_from(const struct scms_store *store, scms_time64 now)
{
	scms_time64 last = now;
	struct scms_member member;

	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED && member.valid_until > last)
			last = member.valid_until;
	return last;
}

static enum gravity gravity_of(const struct plan_judge *judge, scms_time64 was, scms_time64 is)
{
	if (is > judge->now + HORIZON)
		return FINDING_NOTE;
	return is < was ? FINDING_GRAVE : FINDING_WARNING;
}

static void judge_expiry(const struct plan_judge *judge, const struct scms_store *before, const struct scms_store *after,
			 struct findings *findings)
{
	scms_time64 now = judge->now, is = locked_out_from(after, now);
	char text[TIME_TEXT_BYTES];

	if (is > now && is != UINT64_MAX)
		finding_add(findings, gravity_of(judge, locked_out_from(before, now), is), "LOCK_OUT_LATER",
			    "with no further elector the body is locked out on %s, when certificates expire",
			    time_text(judge->leaps, is, text));
	is = rootless_from(after, now);
	if (is > now && is <= now + HORIZON)
		finding_add(findings, gravity_of(judge, rootless_from(before, now), is), "NO_ROOT_LATER",
			    "with no further root CA none is trusted from %s on, when certificates expire",
			    time_text(judge->leaps, is, text));
}

/* ---- the quorum ---- */

/* A change of the quorum that lies ahead, and the electors there will be then. */
static void judge_step(const struct plan_judge *judge, const struct scms_store *store, scms_time64 time,
		       struct findings *findings)
{
	struct outlook before = outlook_of(store, time - 1), then = outlook_of(store, time);
	char text[TIME_TEXT_BYTES];

	time_text(judge->leaps, time, text);
	if (then.able < then.quorum && before.able >= before.quorum)
		finding_add(findings, FINDING_GRAVE, "LOCK_OUT",
			    "LOCK-OUT from %s on: %u votes are needed then, and %u electors can vote: add electors "
			    "before, or leave the quorum",
			    text, then.quorum, then.able);
	else
		finding_add(findings, then.able == then.quorum ? FINDING_WARNING : FINDING_NOTE, "QUORUM_LATER",
			    "the quorum is %u from %s on, and %u electors can vote then%s", then.quorum, text,
			    then.able, then.able == then.quorum ? ": none may be lost" : "");
}

/* ---- ballots that are out ---- */

/* One that newcomers would refuse from a time on: by a quorum that is higher then, or by expiries within the year (H1.2, H1.3). */
static void judge_ballot(const struct plan_judge *judge, struct simulation *after, const char *name, struct findings *findings)
{
	struct workspace_file path = workspace_file(judge->workspace, WORKSPACE_BALLOTS, name);
	struct ballot_parts *parts = calloc(1, sizeof(*parts));
	struct scms_slice bytes = {NULL, 0};
	char text[TIME_TEXT_BYTES];
	struct motion_worth worth;
	struct file_error refused;
	struct motion_error err;

	if (parts != NULL && file_read(path.text, BALLOT_BYTES_MAX, &bytes, &refused) == FILE_OK &&
	    ballot_parts_read(parts, bytes, &err) &&
	    motion_worth(simulation_store(after), simulation_env(after), judge->now, parts->form, parts->motion, bytes, &worth) &&
	    !worth.removed && worth.short_from > judge->now && worth.short_from <= judge->now + HORIZON)
		finding_add(findings, FINDING_WARNING, "BALLOT_SHORT_LATER",
			    "%.30s...: has too few votes from %s on: who has not its subject by then never gets it; extend it before: scms "
			    "motion extend",
			    name, time_text(judge->leaps, worth.short_from, text));
	free((void *)(uintptr_t)bytes.p);
	free(parts);
}

static void judge_ballots(const struct plan_judge *judge, struct simulation *after, struct findings *findings)
{
	char **names = NULL;
	size_t count = 0;

	if (!workspace_names(judge->workspace, WORKSPACE_BALLOTS, &names, &count))
		return;
	for (size_t k = 0; k < count; k++)
		if (strncmp(names[k], "add-", 4) == 0)
			judge_ballot(judge, after, names[k], findings);
	workspace_names_free(names, count);
}

/* ---- votes that lie about (rule H10) ---- */

struct latent {
	const struct motion_work *work;
	unsigned quorum; /* the lowest that there will be */
	struct findings *findings;
};

/* A motion that could not be completed, and will be able to: withdrawn or not, its votes are out. */
static bool completes(void *ctx, const struct motion_dir *motion)
{
	struct latent *latent = ctx;
	struct motion_tally *tally;

	if (motion->state == MOTION_RELEASED || motion->vote_count == 0)
		return true;
	tally = calloc(1, sizeof(*tally));
	if (tally != NULL && motion_tally(latent->work, motion, tally) && tally->fixed == SCMS_APPLIED &&
	    tally->counted < tally->quorum && tally->counted >= latent->quorum)
		finding_add(latent->findings, FINDING_GRAVE, "LATENT_COMPLETE",
			    "%s (%s) has %u votes: with a quorum of %u whoever has them completes it (rule H10)", motion->id,
			    motion_state_name(motion->state), tally->counted, latent->quorum);
	free(tally);
	return true;
}

static void judge_latent(const struct plan_judge *judge, const struct scms_store *before, const struct scms_store *after,
			 struct findings *findings)
{
	struct motion_options options = {.common = *judge->options};
	const struct motion_work work = {.options = &options,
					 .workspace = *judge->workspace,
					 .now = judge->now,
					 .dir = judge->dir,
					 .leaps = *judge->leaps};
	struct latent latent = {&work, quorum_in_force(after, judge->now, NULL), findings};
	scms_time64 changes[OUTLOOK_CHANGES_MAX];
	struct scms_member member;

	for (uint32_t k = 0; scms_store_elector(before, judge->now, k, &member); k++)
		if (elector_find(after, member.identity) < 0)
			motion_latent(&work, member.identity, findings);
	for (size_t k = 0, n = outlook_quorum_changes(after, judge->now, changes); k < n; k++)
		if (quorum_in_force(after, changes[k], NULL) < latent.quorum)
			latent.quorum = quorum_in_force(after, changes[k], NULL);
	if (latent.quorum < quorum_in_force(before, judge->now, NULL))
		motion_each(&work, completes, &latent);
}

void plan_judge_later(const struct plan_judge *judge, struct simulation *before, struct simulation *after, bool manager,
		      struct findings *findings)
{
	const struct scms_store *was = simulation_store(before), *is = simulation_store(after);
	scms_time64 changes[OUTLOOK_CHANGES_MAX];

	judge_expiry(judge, was, is, findings);
	for (size_t k = 0, n = outlook_quorum_changes(is, judge->now, changes); k < n; k++)
		judge_step(judge, is, changes[k], findings);
	if (manager) {
		judge_ballots(judge, after, findings);
		judge_latent(judge, was, is, findings);
	}
}
