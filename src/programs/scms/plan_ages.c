/* SPDX-License-Identifier: Apache-2.0 */
/*
 * End entities of several ages, made anew from the bootstrap bundle and the ballot history as far as they heard of it.
 */
#include "plan.h"

#include "components/bootstrap_file.h"
#include "components/manager/carried.h"
#include "dot2/validity.h"
#include "service/engine.h"
#include "service/journal.h"
#include "trust/members.h"
#include "trust/tombstone.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the history ---- */

static bool history_read(struct scms_slice history, struct BallotHistory *whole)
{
	return history.n > 0 && oer_decode(&oer_BallotHistory, history, OER_DEPTH_DEFAULT, whole, NULL) == OER_OK;
}

/* The first entries of the history, one of them (skip; -1: none) left out. To be freed. */
static struct bytes history_part(struct scms_slice history, json_int_t entries, json_int_t skip)
{
	struct BallotHistoryEntry entry;
	struct BallotHistory whole;
	struct bytes part = {NULL, 0}, longer;
	struct motion_error err;
	struct oer_iter it;

	if (!history_read(history, &whole))
		return part;
	it = oer_iterate(&whole.entries);
	for (json_int_t k = 0; k < entries && oer_next(&it, &entry); k++) {
		bool is_124 = entry.ballot.choice == BallotHistoryEntry_ballot_is_camp124;

		if (k == skip || (!is_124 && entry.ballot.choice != BallotHistoryEntry_ballot_is_camp121))
			continue;
		if (!history_append(bytes_view(&part), (enum scms_motion)entry.type, is_124 ? FORM_124 : FORM_121,
				    is_124 ? entry.ballot.u.camp124.raw : entry.ballot.u.camp121.raw, &longer, &err))
			break;
		bytes_free(&part);
		part = longer;
	}
	return part;
}

/* The number, from 0, of the last removal in the history; -1: none. *entries: how many there are. */
static json_int_t last_removal(struct scms_slice history, json_int_t *entries)
{
	struct BallotHistoryEntry entry;
	struct BallotHistory whole;
	json_int_t found = -1;
	struct oer_iter it;

	*entries = 0;
	if (!history_read(history, &whole))
		return -1;
	it = oer_iterate(&whole.entries);
	for (; oer_next(&it, &entry); (*entries)++)
		if (entry.type == EndorsementType_removeElector || entry.type == EndorsementType_removeRoot)
			found = *entries;
	return found;
}

/* How long the history was at a time, by the journal. */
struct reach {
	scms_time64 until;
	json_int_t entries;
};

static void reach_line(void *ctx, uint64_t n, const json_t *entry)
{
	struct reach *reach = ctx;
	json_int_t entries = json_integer_value(json_object_get(json_object_get(entry, "details"), "history"));

	(void)n;
	if ((scms_time64)json_integer_value(json_object_get(entry, "time")) <= reach->until && entries > reach->entries)
		reach->entries = entries;
}

/* ---- ages ---- */

struct ages {
	const struct plan_judge *judge;
	struct bootstrap_file file;
	struct workspace_file path;
	void (*each)(void *ctx, const struct plan_age *age);
	void *ctx;
};

/* A device that was made with the bundle and last heard of this session at `then`. */
static int age(struct ages *ages, const char *name, scms_time64 then, const struct scms_session *heard)
{
	struct scms_bootstrap_error err;
	struct plan_age age = {name, simulation_bootstrap(&ages->file.bootstrap, engine_crypto(), &err)};

	if (age.store == NULL)
		return operator_fail(ages->judge->options, OPERATOR_ENVIRONMENT, "%s: %s[%zu]: %s", ages->path.text,
				     err.list, err.index, scms_reason_text(err.reason));
	if (then < ages->file.bootstrap.now)
		then = ages->file.bootstrap.now;
	if (heard->history.n > 0 || heard->policy.n > 0 || heard->chain.n > 0 || heard->crl.n > 0)
		(void)simulation_apply(age.store, heard, then, NULL);
	ages->each(ages->ctx, &age);
	simulation_free(age.store);
	return OPERATOR_DONE;
}

/* One that heard only of a part of the history. */
static int age_of_part(struct ages *ages, const char *name, scms_time64 then, json_int_t entries, json_int_t skip)
{
	struct bytes part = history_part(ages->judge->out.history, entries, skip);
	const struct scms_session heard = {.history = bytes_view(&part)};
	int code = age(ages, name, then, &heard);

	bytes_free(&part);
	return code;
}

static int age_before(struct ages *ages, const char *name, uint64_t before, json_int_t entries)
{
	const struct plan_judge *judge = ages->judge;
	struct workspace_file path = workspace_file(judge->workspace, "journal", NULL);
	struct reach reach = {.until = judge->now - before, .entries = 0};
	struct journal_summary summary;
	struct journal_error err;

	if (journal_verify(path.text, NULL, &summary, reach_line, &reach, &err) != JOURNAL_OK)
		return operator_fail(judge->options, OPERATOR_ENVIRONMENT, "%s", err.text);
	return age_of_part(ages, name, reach.until, reach.entries < entries ? reach.entries : entries, -1);
}

int plan_ages(const struct plan_judge *judge, void (*each)(void *ctx, const struct plan_age *age), void *ctx)
{
	struct ages *ages = calloc(1, sizeof(*ages));
	json_int_t entries, removal = last_removal(judge->out.history, &entries);
	int code = OPERATOR_DONE;

	if (ages == NULL)
		return operator_fail(judge->options, OPERATOR_ENVIRONMENT, "out of memory");
	ages->judge = judge;
	ages->each = each;
	ages->ctx = ctx;
	ages->path = workspace_file(judge->workspace, WORKSPACE_BOOTSTRAP, "bootstrap.json");
	if (!bootstrap_file_read(&ages->file, ages->path.text))
		code = operator_fail(judge->options, OPERATOR_ENVIRONMENT,
				     "%s; without it no end entity's store can be made anew", ages->file.error);
	if (code == OPERATOR_DONE)
		code = age(ages, "end entities up to date", judge->now, &judge->out);
	if (code == OPERATOR_DONE)
		code = age_before(ages, "end entities one week old", UINT64_C(7) * 86400 * TIME64_SECOND, entries);
	if (code == OPERATOR_DONE)
		code = age_before(ages, "end entities one year old", TIME64_YEAR, entries);
	if (code == OPERATOR_DONE)
		code = age_of_part(ages, "end entities fresh from the bundle", judge->now, 0, -1);
	if (code == OPERATOR_DONE && removal >= 0)
		code = age_of_part(ages, "end entities that never saw the last removal", judge->now, entries, removal);
	bootstrap_file_free(&ages->file);
	free(ages);
	return code;
}

/* ---- who is left behind ---- */

/* Members that the Manager has after the plan and this store has not, or the reverse. */
static unsigned behind(const struct scms_store *store, const struct scms_store *target, scms_time64 now, char *names,
		       size_t size)
{
	struct scms_member member;
	unsigned n = 0;
	char hex[17];

	names[0] = '\0';
	for (uint32_t k = 0; scms_store_elector(target, now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED && elector_find(store, member.identity) < 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " lacks elector %s...;",
				 motion_hex(member.identity, 8, hex));
	for (uint32_t k = 0; scms_store_root(target, now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED && root_find(store, member.identity) < 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " lacks root CA %s...;",
				 motion_hex(member.identity, 8, hex));
	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		if (tombstone_find(target, member.identity) >= 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " still trusts elector %s...;",
				 motion_hex(member.identity, 8, hex));
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++)
		if (tombstone_find(target, member.identity) >= 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " still trusts root CA %s...;",
				 motion_hex(member.identity, 8, hex));
	return n;
}

/*
 * The plan and the whole published history in one session, as whoever was away for long gets them: removals go first
 * there, and take with them the votes that an older addition rests on (rules E1.2, E2).
 */
static bool apply_with_history(const struct plan_judge *judge, struct simulation *simulation)
{
	struct carried *all = calloc(1, sizeof(*all));
	struct scms_session session = judge->plan->session;
	struct motion_error err;
	bool good = all != NULL;

	if (good && judge->out.history.n > 0)
		good = carried_add(all, judge->out.history, engine_crypto(), &err) != NULL;
	if (good && session.history.p != NULL)
		good = carried_add(all, session.history, engine_crypto(), &err) != NULL;
	if (good && all->session.history.p != NULL)
		session.history = all->session.history;
	if (good &&
	    (session.history.p != NULL || session.policy.p != NULL || session.chain.p != NULL || session.crl.p != NULL))
		good = simulation_apply(simulation, &session, judge->now, NULL).status == SCMS_SESSION_DONE;
	/* Last: whose votes a removal will have is not known yet, and here they may be those of electors that the
	 * history brings. */
	for (unsigned removals = 0; good && removals < 2; removals++)
		plan_carry_out(judge, simulation, removals == 0, NULL);
	if (all != NULL)
		carried_free(all);
	free(all);
	return good;
}

void plan_judge_stranded(const struct plan_judge *judge, struct simulation *before, struct simulation *after,
			 const struct scms_store *target, struct findings *findings)
{
	char names[300], left[300];
	struct simulation *mended;

	if (behind(simulation_store(after), target, judge->now, names, sizeof(names)) == 0)
		return;
	mended = simulation_new(simulation_store(before), simulation_env(before).objects, engine_crypto());
	if (mended != NULL && apply_with_history(judge, mended) &&
	    behind(simulation_store(mended), target, judge->now, left, sizeof(left)) == 0)
		finding_add(findings, FINDING_WARNING, "NEEDS_HISTORY",
			    "not up to date by the plan alone:%s the ballot history mends it (rule H8)", names);
	else
		finding_add(findings, FINDING_GRAVE, "STRANDED",
			    "left behind, and the ballot history with it does not mend it:%s a ballot must not rest on "
			    "the votes of an elector that "
			    "is removed: extend it first by another's vote",
			    names);
	simulation_free(mended);
}
