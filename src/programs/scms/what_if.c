/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms what-if: what would this plan do to everybody? (trust rule H7)
 *
 * The plan is applied to copies of the stores of all audiences: the Manager, every component of the workspace, and end
 * entities of several ages, whose stores are made anew from the bootstrap bundle and what had been released by then.
 */
#include "motion_command.h"

#include "base/file.h"
#include "commands.h"
#include "components/bootstrap_file.h"
#include "components/manager/carried.h"
#include "dot2/validity.h"
#include "service/engine.h"
#include "service/store_dir.h"
#include "trust/members.h"
#include "trust/tombstone.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct argp_option rows[] = {MOTION_ROW_OVERRIDE, MOTION_ROW_BY, {0}};

static const char doc[] =
    "What would a plan do to everybody? PLAN is files that are to be published (chain file, composite CRL, policy, ballots, "
    "history, update) and motions of the workspace.\v"
    "It is applied to copies of the trust stores of the Manager, of all components of the workspace, and of end entities that are "
    "up to date, one week and one year old, and that never saw the last removal. Said is who would lose what, and when; lock-outs, "
    "suspended roots and end entities that are left behind are grave, and need --override. A motion without ballot is taken as "
    "carried out by all who may vote.\n\n"
    "Examples:\n  scms what-if remove-elector-4a8e536e\n  scms what-if new-gccf.oer new-crl.oer\n\n"
    "Exit code: 0 nothing grave (or it is meant), 1 grave, 2 usage, 3 workspace or a store cannot be used.";

/* A motion that has no ballot yet. */
struct wish {
	enum scms_motion motion;
	struct scms_slice certificate;
	scms_time64 time;
};

struct plan {
	struct carried carried;
	struct scms_slice files[MOTION_ARGS_MAX];
	struct motion_dir *motions[MOTION_ARGS_MAX];
	struct wish wishes[MOTION_ARGS_MAX];
	size_t wish_count;
};

struct forecast_of {
	const struct motion_work *work;
	const struct plan *plan;
	struct scms_slice history; /* all that was released */
	struct simulation *target; /* the Manager's store after the plan */
	json_t *list;
	bool grave, failed;
};

/* ---- the plan ---- */

static bool take_motion(const struct motion_work *work, struct plan *plan, const char *name, struct motion_dir **slot)
{
	struct motion_dir *motion = calloc(1, sizeof(*motion));
	struct motion_error err;

	*slot = motion;
	if (motion == NULL)
		return false;
	if (!motion_dir_read(motion, &work->workspace, name, engine_crypto(), &err)) {
		operator_fail(&work->options->common, 0, "%s: no such file, and %s", name, err.text);
		return false;
	}
	if (motion->ballot.n > 0 && carried_add(&plan->carried, motion->ballot, engine_crypto(), &err) == NULL) {
		motion_fail(work, &err);
		return false;
	}
	if (motion->ballot.n == 0)
		plan->wishes[plan->wish_count++] =
		    (struct wish){motion->proposal.motion, motion->proposal.certificate, motion->proposal.time};
	return true;
}

static bool plan_read(const struct motion_work *work, struct plan *plan)
{
	const struct motion_options *options = work->options;

	for (size_t k = 0; k < options->arg_count; k++) {
		struct file_error refused;
		struct motion_error err;

		if (access(options->args[k], F_OK) != 0) {
			if (!take_motion(work, plan, options->args[k], &plan->motions[k]))
				return false;
			continue;
		}
		if (file_read(options->args[k], CARRIED_BYTES_MAX, &plan->files[k], &refused) != FILE_OK) {
			operator_fail(&options->common, 0, "%s: %s", options->args[k], refused.text);
			return false;
		}
		if (carried_add(&plan->carried, plan->files[k], engine_crypto(), &err) == NULL) {
			operator_fail(&options->common, 0, "%s: %s", options->args[k], err.text);
			return false;
		}
	}
	return true;
}

static void plan_free(struct plan *plan)
{
	carried_free(&plan->carried);
	for (size_t k = 0; k < MOTION_ARGS_MAX; k++) {
		free((void *)(uintptr_t)plan->files[k].p);
		if (plan->motions[k] != NULL)
			motion_dir_free(plan->motions[k]);
		free(plan->motions[k]);
	}
}

static bool has_session(const struct scms_session *session)
{
	return session->policy.p != NULL || session->crl.p != NULL || session->chain.p != NULL || session->history.p != NULL;
}

static bool plan_apply(const struct plan *plan, struct simulation *simulation, scms_time64 now)
{
	struct scms_session_result result = {.status = SCMS_SESSION_DONE};

	if (has_session(&plan->carried.session))
		result = simulation_apply(simulation, &plan->carried.session, now, NULL);
	for (size_t k = 0; k < plan->wish_count; k++)
		(void)simulation_carry_out(simulation, plan->wishes[k].motion, plan->wishes[k].certificate, plan->wishes[k].time, now);
	return result.status == SCMS_SESSION_DONE;
}

/* ---- one audience ---- */

/* Members that the Manager has after the plan and this store has not, or the reverse. */
static unsigned behind(const struct scms_store *store, const struct scms_store *target, scms_time64 now, char *names, size_t size)
{
	struct scms_member member;
	unsigned n = 0;
	char hex[17];

	names[0] = '\0';
	for (uint32_t k = 0; scms_store_elector(target, now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED && elector_find(store, member.identity) < 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " lacks elector %s...;", motion_hex(member.identity, 8, hex));
	for (uint32_t k = 0; scms_store_root(target, now, k, &member); k++)
		if (member.status == SCMS_MEMBER_TRUSTED && root_find(store, member.identity) < 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " lacks root CA %s...;", motion_hex(member.identity, 8, hex));
	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		if (tombstone_find(target, member.identity) >= 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " still trusts elector %s...;", motion_hex(member.identity, 8, hex));
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++)
		if (tombstone_find(target, member.identity) >= 0 && n++ < 4)
			snprintf(names + strlen(names), size - strlen(names), " still trusts root CA %s...;", motion_hex(member.identity, 8, hex));
	return n;
}

/*
 * The plan and the whole published history in one session, as whoever was away for long gets them: removals go first there,
 * and take with them the votes that an older addition rests on (rules E1.2, E2).
 */
static bool apply_with_history(struct forecast_of *forecast, struct simulation *simulation)
{
	struct carried *all = calloc(1, sizeof(*all));
	struct scms_session session = forecast->plan->carried.session;
	scms_time64 now = forecast->work->now;
	struct motion_error err;
	bool good = all != NULL;

	if (good && forecast->history.n > 0)
		good = carried_add(all, forecast->history, engine_crypto(), &err) != NULL;
	if (good && session.history.p != NULL)
		good = carried_add(all, session.history, engine_crypto(), &err) != NULL;
	if (good && all->session.history.p != NULL)
		session.history = all->session.history;
	if (good && has_session(&session))
		good = simulation_apply(simulation, &session, now, NULL).status == SCMS_SESSION_DONE;
	for (size_t k = 0; good && k < forecast->plan->wish_count; k++) {
		const struct wish *wish = &forecast->plan->wishes[k];

		(void)simulation_carry_out(simulation, wish->motion, wish->certificate, wish->time, now);
	}
	if (all != NULL)
		carried_free(all);
	free(all);
	return good;
}

/* An end entity that the plan does not bring up to date: does the published history? */
static void judge_stranded(struct forecast_of *forecast, struct simulation *before, struct simulation *after,
			   struct findings *findings)
{
	const struct scms_store *target = simulation_store(forecast->target);
	scms_time64 now = forecast->work->now;
	char names[300], left[300];
	struct simulation *mended;

	if (behind(simulation_store(after), target, now, names, sizeof(names)) == 0)
		return;
	mended = simulation_new(simulation_store(before), simulation_env(before).objects, engine_crypto());
	if (mended != NULL && apply_with_history(forecast, mended) &&
	    behind(simulation_store(mended), target, now, left, sizeof(left)) == 0)
		finding_add(findings, FINDING_WARNING, "NEEDS_HISTORY", "not up to date by the plan alone:%s the ballot history mends it (rule H8)", names);
	else
		finding_add(findings, FINDING_GRAVE, "STRANDED",
			    "left behind, and the ballot history with it does not mend it:%s a ballot must not rest on the votes of an elector that "
			    "is removed: extend it first by another's vote",
			    names);
	simulation_free(mended);
}

/* When will expiries alone leave too few electors? */
static void judge_expiry(const struct motion_work *work, const struct scms_store *store, struct findings *findings)
{
	struct outlook now = outlook_of(store, work->now);
	char text[TIME_TEXT_BYTES];
	struct scms_member member;
	scms_time64 first = 0;

	if (now.able < now.quorum)
		return;
	for (uint32_t k = 0; scms_store_elector(store, work->now, k, &member); k++) {
		struct outlook then = outlook_of(store, member.valid_until);

		if (member.valid_until > work->now && then.able < then.quorum && (first == 0 || member.valid_until < first))
			first = member.valid_until;
	}
	if (first != 0)
		finding_add(findings, FINDING_NOTE, "LOCK_OUT_LATER", "with no further elector the body is locked out on %s, when certificates expire",
			    time_text(&work->leaps, first, text));
}

/* The holder's own certificate, before and after (rules D6.1, D6.2). */
static void judge_own(struct forecast_of *forecast, struct simulation *before, struct simulation *after, struct findings *findings)
{
	scms_time64 now = forecast->work->now;
	struct scms_store_status was, is;

	if (!scms_store_status(simulation_store(before), now, engine_crypto(), simulation_env(before).objects, &was) ||
	    !scms_store_status(simulation_store(after), now, engine_crypto(), simulation_env(after).objects, &is)) {
		finding_add(findings, FINDING_GRAVE, "STORE_UNREADABLE", "an object of the trust store is missing");
		return;
	}
	if (was.operational && !is.operational)
		finding_add(findings, FINDING_GRAVE, "MUST_CEASE", "its own certificate becomes invalid (%s): it must stop at once (rule D6)",
			    scms_reason_text(is.own));
}

static void audience(struct forecast_of *forecast, const char *name, struct simulation *before, bool end_entity)
{
	const struct motion_work *work = forecast->work;
	struct findings *findings = calloc(1, sizeof(*findings));
	struct simulation *after =
	    before != NULL ? simulation_new(simulation_store(before), simulation_env(before).objects, engine_crypto()) : NULL;

	if (findings == NULL || after == NULL || !plan_apply(forecast->plan, after, work->now)) {
		operator_fail(&work->options->common, 0, "%s: the plan could not be tried out", name);
		forecast->failed = true;
	} else {
		outlook_compare(simulation_store(before), simulation_store(after), work->now, findings);
		judge_own(forecast, before, after, findings);
		judge_expiry(work, simulation_store(after), findings);
		if (end_entity)
			judge_stranded(forecast, before, after, findings);
		forecast->grave |= findings_worst(findings) >= FINDING_GRAVE;
		json_array_append_new(forecast->list, json_pack("{s:s, s:o, s:o, s:o}", "audience", name, "before",
								outlook_json(simulation_store(before), work->now), "after",
								outlook_json(simulation_store(after), work->now), "findings",
								findings_json(findings)));
		if (!work->options->common.json) {
			printf("%s:%s\n", name, findings->n == 0 ? " nothing changes" : "");
			findings_words(stdout, findings);
		}
	}
	simulation_free(after);
	free(findings);
}

/* ---- components ---- */

static void component(struct forecast_of *forecast, const char *name)
{
	struct workspace_file home = workspace_file(&forecast->work->workspace, WORKSPACE_COMPONENTS, name), path;
	struct simulation *before;
	struct store_dir_error err;
	struct store_dir *dir;
	char title[160];

	if (snprintf(path.text, sizeof(path.text), "%s/store", home.text) >= (int)sizeof(path.text) || access(path.text, F_OK) != 0)
		return; /* a home without a store yet */
	dir = store_dir_open(path.text, STORE_DIR_READ, engine_crypto(), &err);
	if (dir == NULL) {
		operator_fail(&forecast->work->options->common, 0, "%s", err.text);
		forecast->failed = true;
		return;
	}
	snprintf(title, sizeof(title), "component %.100s", name);
	before = simulation_new(store_dir_store(dir), store_dir_objects(dir), engine_crypto());
	audience(forecast, title, before, false);
	simulation_free(before);
	store_dir_close(dir);
}

static void components(struct forecast_of *forecast)
{
	char **names = NULL;
	size_t count = 0;

	if (!workspace_names(&forecast->work->workspace, WORKSPACE_COMPONENTS, &names, &count))
		forecast->failed = true;
	for (size_t k = 0; k < count; k++)
		component(forecast, names[k]);
	workspace_names_free(names, count);
}

/* ---- end entities ---- */

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

/* The first entries of the history, one of them (skip; -1: none) left out. To be freed. */
static struct bytes history_part(struct scms_slice history, json_int_t entries, json_int_t skip)
{
	struct BallotHistoryEntry entry;
	struct BallotHistory whole;
	struct bytes part = {NULL, 0}, longer;
	struct motion_error err;
	struct oer_iter it;

	if (history.n == 0 || oer_decode(&oer_BallotHistory, history, OER_DEPTH_DEFAULT, &whole, NULL) != OER_OK)
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
	if (history.n == 0 || oer_decode(&oer_BallotHistory, history, OER_DEPTH_DEFAULT, &whole, NULL) != OER_OK)
		return -1;
	it = oer_iterate(&whole.entries);
	for (; oer_next(&it, &entry); (*entries)++)
		if (entry.type == EndorsementType_removeElector || entry.type == EndorsementType_removeRoot)
			found = *entries;
	return found;
}

/* A device that was made with the bundle and last heard of this part of the history at `then`. */
static void end_entity(struct forecast_of *forecast, struct bootstrap_file *file, const char *name, scms_time64 then,
		       json_int_t entries, json_int_t skip)
{
	struct bytes part = history_part(forecast->history, entries, skip);
	struct scms_session session = {.history = bytes_view(&part)};
	struct scms_bootstrap_error err;
	struct simulation *before = simulation_bootstrap(&file->bootstrap, engine_crypto(), &err);

	if (before == NULL) {
		operator_fail(&forecast->work->options->common, 0, "%s: %s[%zu]: %s", file->path, err.list, err.index, scms_reason_text(err.reason));
		forecast->failed = true;
	} else {
		if (part.n > 0)
			(void)simulation_apply(before, &session, then > file->bootstrap.now ? then : file->bootstrap.now, NULL);
		audience(forecast, name, before, true);
	}
	simulation_free(before);
	bytes_free(&part);
}

static void end_entities(struct forecast_of *forecast)
{
	static const struct {
		const char *name;
		uint64_t age;
	} ages[] = {{"end entities up to date", 0},
		    {"end entities one week old", UINT64_C(7) * 86400 * TIME64_SECOND},
		    {"end entities one year old", TIME64_YEAR}};
	struct workspace_file config = workspace_file(&forecast->work->workspace, WORKSPACE_BOOTSTRAP, "bootstrap.json");
	struct workspace_file journal = workspace_file(&forecast->work->workspace, "journal", NULL);
	struct bootstrap_file *file = calloc(1, sizeof(*file));
	scms_time64 now = forecast->work->now;
	json_int_t entries, removal;

	if (file == NULL || !bootstrap_file_read(file, config.text)) {
		operator_fail(&forecast->work->options->common, 0, "%s; without it no end entity's store can be made anew",
			      file != NULL ? file->error : "out of memory");
		forecast->failed = true;
		if (file != NULL)
			bootstrap_file_free(file);
		free(file);
		return;
	}
	removal = last_removal(forecast->history, &entries);
	for (size_t k = 0; k < sizeof(ages) / sizeof(*ages); k++) {
		struct reach reach = {.until = now - ages[k].age, .entries = 0};
		struct journal_summary summary;
		struct journal_error err;

		if (journal_verify(journal.text, NULL, &summary, reach_line, &reach, &err) != JOURNAL_OK) {
			operator_fail(&forecast->work->options->common, 0, "%s", err.text);
			forecast->failed = true;
			break;
		}
		end_entity(forecast, file, ages[k].name, reach.until, ages[k].age == 0 ? entries : reach.entries, -1);
	}
	if (removal >= 0)
		end_entity(forecast, file, "end entities that never saw the last removal", now, entries, removal);
	bootstrap_file_free(file);
	free(file);
}

/* ---- all of it ---- */

static int what_if(struct motion_work *work, const struct plan *plan)
{
	struct forecast_of forecast = {.work = work, .plan = plan, .list = json_array()};
	struct simulation *manager = simulation_new(motion_store(work), motion_env(work).objects, engine_crypto());
	const struct motion_options *options = work->options;
	struct motion_error err;
	int code = OPERATOR_DONE;

	forecast.target = simulation_new(motion_store(work), motion_env(work).objects, engine_crypto());
	if (manager == NULL || forecast.target == NULL || !motion_history_read(&work->workspace, &forecast.history, &err) ||
	    !plan_apply(plan, forecast.target, work->now)) {
		code = operator_fail(&options->common, OPERATOR_ENVIRONMENT, "the plan could not be tried out on the Manager's trust store");
	} else {
		audience(&forecast, "SCMS Manager", manager, false);
		components(&forecast);
		end_entities(&forecast);
		operator_json(&options->common, json_pack("{s:b, s:O}", "grave", forecast.grave, "audiences", forecast.list));
		if (forecast.failed)
			code = OPERATOR_ENVIRONMENT;
		else if (forecast.grave && options->override == NULL)
			code = operator_fail(&options->common, OPERATOR_REFUSED, "grave: see above; who means it says --override TEXT");
		else if (forecast.grave)
			code = motion_journal(work, "what-if override", options->override, NULL, 0, NULL);
	}
	simulation_free(manager);
	simulation_free(forecast.target);
	free((void *)(uintptr_t)forecast.history.p);
	json_decref(forecast.list);
	return code;
}

int cmd_what_if(int argc, char **argv)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct motion_options options;
	struct motion_work work;
	int code;

	motion_parse(argc, argv, "what-if", rows, "PLAN...", doc, 1, MOTION_ARGS_MAX, &options);
	code = motion_begin(&work, &options, options.override != NULL ? WORKSPACE_CHANGE : WORKSPACE_READ);
	if (code == OPERATOR_DONE && plan != NULL)
		code = plan_read(&work, plan) ? what_if(&work, plan) : OPERATOR_REFUSED;
	if (plan != NULL)
		plan_free(plan);
	free(plan);
	motion_end(&work);
	return code;
}
