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

static bool is_removal(const struct BallotHistoryEntry *entry)
{
	return entry->type == EndorsementType_removeElector || entry->type == EndorsementType_removeRoot;
}

/* Entries of the history that somebody has heard of. */
struct heard {
	struct BallotHistory whole;
	struct oer_iter it;
	json_int_t entries;
	struct bytes part;
};

/* Hears of more of them: all but one (skip; -1: none), or removals alone. */
static void hear(struct heard *heard, json_int_t entries, json_int_t skip, bool removals)
{
	struct BallotHistoryEntry entry;
	struct motion_error err;
	struct bytes longer;

	for (; heard->entries < entries && oer_next(&heard->it, &entry); heard->entries++) {
		bool is_124 = entry.ballot.choice == BallotHistoryEntry_ballot_is_camp124;

		if (heard->entries == skip || (removals && !is_removal(&entry)) ||
		    (!is_124 && entry.ballot.choice != BallotHistoryEntry_ballot_is_camp121) ||
		    !history_append(bytes_view(&heard->part), (enum scms_motion)entry.type, is_124 ? FORM_124 : FORM_121,
				    is_124 ? entry.ballot.u.camp124.raw : entry.ballot.u.camp121.raw, &longer, &err))
			continue;
		bytes_free(&heard->part);
		heard->part = longer;
	}
}

void plan_remove(const struct plan_judge *judge, struct simulation *simulation, struct scms_slice history,
		 struct findings *findings)
{
	struct scms_session session = {.crl = {NULL, 0}};
	struct heard heard = {.entries = 0};

	if (judge->plan->wish_count == 0)
		return;
	if (history_read(history, &heard.whole)) {
		heard.it = oer_iterate(&heard.whole.entries);
		hear(&heard, heard.whole.entries.count, -1, true);
		session.history = bytes_view(&heard.part);
	}
	if (session.history.n > 0)
		(void)simulation_apply(simulation, &session, judge->now, NULL);
	bytes_free(&heard.part);
	plan_carry_out(judge, simulation, true, findings);
}

/* The number, from 0, of the last removal in the history; -1: none. */
static json_int_t last_removal(struct scms_slice history)
{
	struct BallotHistoryEntry entry;
	struct BallotHistory whole;
	json_int_t found = -1;
	struct oer_iter it;

	if (!history_read(history, &whole))
		return -1;
	it = oer_iterate(&whole.entries);
	for (json_int_t k = 0; oer_next(&it, &entry); k++)
		if (is_removal(&entry))
			found = k;
	return found;
}

/* ---- releases ---- */

/* The history had so many entries from this time on. */
struct release {
	scms_time64 time;
	json_int_t entries;
};

struct releases {
	struct release *list;
	size_t n, room;
	bool failed;
};

static void releases_line(void *ctx, uint64_t n, const json_t *entry)
{
	struct releases *releases = ctx;
	json_int_t entries = json_integer_value(json_object_get(json_object_get(entry, "details"), "history"));
	size_t room = 2 * releases->room + 8;
	struct release *longer;

	(void)n;
	if (releases->failed || entries <= (releases->n > 0 ? releases->list[releases->n - 1].entries : 0))
		return;
	if (releases->n == releases->room) {
		longer = realloc(releases->list, room * sizeof(*longer));
		if (longer == NULL) {
			releases->failed = true;
			return;
		}
		releases->list = longer;
		releases->room = room;
	}
	releases->list[releases->n++] =
	    (struct release){(scms_time64)json_integer_value(json_object_get(entry, "time")), entries};
}

/* By the journal of the workspace. The exit code. */
static int releases_read(const struct plan_judge *judge, struct releases *releases)
{
	struct workspace_file path = workspace_file(judge->workspace, "journal", NULL);
	struct journal_summary summary;
	struct journal_error err;

	if (journal_verify(path.text, NULL, &summary, releases_line, releases, &err) != JOURNAL_OK)
		return operator_fail(judge->options, OPERATOR_ENVIRONMENT, "%s", err.text);
	return releases->failed ? operator_fail(judge->options, OPERATOR_ENVIRONMENT, "out of memory") : OPERATOR_DONE;
}

/* ---- ages ---- */

struct ages {
	const struct plan_judge *judge;
	struct bootstrap_file file;
	struct workspace_file path;
	struct releases releases;
	void (*each)(void *ctx, const struct plan_age *age);
	void *ctx;
};

/*
 * One that follows: it hears of each release when it is made, until `then`; of one entry (skip; -1: none) never. What it
 * once has taken stays, though whoever voted for it may have expired or been removed since: so each has its own time.
 */
static void follow(const struct ages *ages, struct simulation *store, scms_time64 then, json_int_t skip)
{
	scms_time64 made = ages->file.bootstrap.now;
	struct heard heard = {.entries = 0};

	if (!history_read(ages->judge->out.history, &heard.whole))
		return;
	heard.it = oer_iterate(&heard.whole.entries);
	for (size_t k = 0; k < ages->releases.n && ages->releases.list[k].time <= then; k++) {
		const struct release *release = &ages->releases.list[k];
		struct scms_session session = {.crl = {NULL, 0}};

		hear(&heard, release->entries, skip, false);
		session.history = bytes_view(&heard.part);
		if (session.history.n > 0)
			(void)simulation_apply(store, &session, release->time > made ? release->time : made, NULL);
	}
	bytes_free(&heard.part);
}

/* One that was made with the bundle, and followed until `then`; last is what it hears then, or NULL. */
static int age(struct ages *ages, const char *name, scms_time64 then, json_int_t skip, const struct scms_session *last)
{
	struct scms_bootstrap_error err;
	struct plan_age age = {name, simulation_bootstrap(&ages->file.bootstrap, engine_crypto(), &err)};

	if (age.store == NULL)
		return operator_fail(ages->judge->options, OPERATOR_ENVIRONMENT, "%s: %s[%zu]: %s", ages->path.text,
				     err.list, err.index, scms_reason_text(err.reason));
	follow(ages, age.store, then, skip);
	if (last != NULL && (last->history.n > 0 || last->policy.n > 0 || last->chain.n > 0 || last->crl.n > 0))
		(void)simulation_apply(age.store, last, then, NULL);
	ages->each(ages->ctx, &age);
	simulation_free(age.store);
	return OPERATOR_DONE;
}

int plan_ages(const struct plan_judge *judge, void (*each)(void *ctx, const struct plan_age *age), void *ctx)
{
	struct ages *ages = calloc(1, sizeof(*ages));
	json_int_t removal = last_removal(judge->out.history);
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
		code = releases_read(judge, &ages->releases);
	if (code == OPERATOR_DONE)
		code = age(ages, "end entities up to date", judge->now, -1, &judge->out);
	if (code == OPERATOR_DONE)
		code = age(ages, "end entities one week old", judge->now - UINT64_C(7) * 86400 * TIME64_SECOND, -1, NULL);
	if (code == OPERATOR_DONE)
		code = age(ages, "end entities one year old", judge->now - TIME64_YEAR, -1, NULL);
	if (code == OPERATOR_DONE)
		code = age(ages, "end entities fresh from the bundle", 0, -1, NULL);
	if (code == OPERATOR_DONE && removal >= 0)
		code = age(ages, "end entities that never saw the last removal", judge->now, removal, NULL);
	free(ages->releases.list);
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
	plan_remove(judge, simulation, session.history, NULL);
	if (good &&
	    (session.history.p != NULL || session.policy.p != NULL || session.chain.p != NULL || session.crl.p != NULL))
		good = simulation_apply(simulation, &session, judge->now, NULL).status == SCMS_SESSION_DONE;
	/* Again: the history may have brought those who vote. */
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
			    "the votes of electors that are removed or have expired: extend it by others' votes first",
			    names);
	simulation_free(mended);
}
