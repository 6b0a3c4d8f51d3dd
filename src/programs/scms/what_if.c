/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms what-if: what would this plan do to everybody? (trust rule H7; plan.h judges it)
 */
#include "motion_command.h"

#include "base/file.h"
#include "commands.h"
#include "components/manager/carried.h"
#include "plan.h"
#include "publish_work.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct argp_option rows[] = {MOTION_ROW_OVERRIDE, MOTION_ROW_BY, {0}};

static const char doc[] =
    "What would a plan do to everybody? PLAN is files that are to be published (chain file, composite CRL, policy, ballots, "
    "history, update) and motions of the workspace.\v"
    "It is applied to copies of the trust stores of the Manager, of all components of the workspace, and of end entities that are "
    "up to date, one week and one year old, fresh from the bootstrap bundle, and that never saw the last removal. Said is who would "
    "lose what, and when. Grave, and in need of --override, are lock-outs, also such as expiry brings within the year, suspended or "
    "missing roots, components that must cease, vehicles without a CRL that is new enough, motions that a lower quorum completes, "
    "files that a store or the CRL store refuses, and end entities that are left behind. A motion without ballot is taken as "
    "carried out by all electors of the Manager who may vote.\n\n"
    "Examples:\n  scms what-if remove-elector-4a8e536e\n  scms what-if new-gccf.oer new-crl.oer\n\n"
    "Exit code: 0 nothing grave (or it is meant), 1 grave, 2 usage, 3 workspace or a store cannot be used.";

/* A plan as it was brought. */
struct brought {
	struct plan plan;
	struct carried carried;
	struct scms_slice files[OPERATOR_ARGS_MAX];
	struct motion_dir *motions[OPERATOR_ARGS_MAX];
	struct plan_wish wishes[OPERATOR_ARGS_MAX];
};

/* ---- the plan ---- */

static bool take_motion(const struct motion_work *work, struct brought *brought, const char *name, struct motion_dir **slot)
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
	if (motion->ballot.n > 0 && carried_add(&brought->carried, motion->ballot, engine_crypto(), &err) == NULL) {
		motion_fail(work, &err);
		return false;
	}
	if (motion->ballot.n == 0)
		brought->wishes[brought->plan.wish_count++] =
		    (struct plan_wish){motion->proposal.motion, motion->proposal.certificate, motion->proposal.time};
	return true;
}

static bool plan_read(const struct motion_work *work, struct brought *brought)
{
	const struct motion_options *options = work->options;

	for (size_t k = 0; k < options->args.count; k++) {
		struct file_error refused;
		struct motion_error err;

		if (access(options->args.arg[k], F_OK) != 0) {
			if (!take_motion(work, brought, options->args.arg[k], &brought->motions[k]))
				return false;
			continue;
		}
		if (file_read(options->args.arg[k], CARRIED_BYTES_MAX, &brought->files[k], &refused) != FILE_OK) {
			operator_fail(&options->common, 0, "%s: %s", options->args.arg[k], refused.text);
			return false;
		}
		if (carried_add(&brought->carried, brought->files[k], engine_crypto(), &err) == NULL) {
			operator_fail(&options->common, 0, "%s: %s", options->args.arg[k], err.text);
			return false;
		}
	}
	brought->plan.session = brought->carried.session;
	brought->plan.wishes = brought->wishes;
	return true;
}

static void plan_free(struct brought *brought)
{
	carried_free(&brought->carried);
	for (size_t k = 0; k < OPERATOR_ARGS_MAX; k++) {
		free((void *)(uintptr_t)brought->files[k].p);
		if (brought->motions[k] != NULL)
			motion_dir_free(brought->motions[k]);
		free(brought->motions[k]);
	}
}

/* ---- all of it ---- */

/* What is out now, kept in publish until it ends. */
static int read_out(const struct motion_work *work, struct publish_work *publish, struct scms_session *out)
{
	int code;

	*publish = (struct publish_work){.options = &work->options->common, .workspace = work->workspace, .now = work->now};
	code = publish_read_out(publish, out);
	if (code == OPERATOR_DONE) /* released, it is on its way to everybody */
		code = publish_read(publish, WORKSPACE_BALLOTS, HISTORY_FILE, CARRIED_BYTES_MAX, &out->history);
	return code;
}

static int what_if(struct motion_work *work, const struct plan *plan)
{
	const struct motion_options *options = work->options;
	struct plan_judge judge = {.options = &options->common,
				   .workspace = &work->workspace,
				   .dir = work->dir,
				   .now = work->now,
				   .leaps = &work->leaps,
				   .plan = plan,
				   .words = options->common.json ? NULL : stdout};
	struct publish_work publish;
	int code = read_out(work, &publish, &judge.out);

	if (code == OPERATOR_DONE)
		code = plan_judge(&judge);
	if (code == OPERATOR_DONE) {
		bool grave = judge.worst >= FINDING_GRAVE;

		operator_json(&options->common, json_pack("{s:b, s:O}", "grave", grave, "audiences", judge.audiences));
		if (grave && options->override == NULL)
			code = operator_fail(&options->common, OPERATOR_REFUSED, "grave: see above; who means it says --override TEXT");
		else if (grave)
			code = motion_journal(work, "what-if override", options->override, NULL, 0, NULL);
	}
	json_decref(judge.audiences);
	publish_forget(&publish);
	return code;
}

int cmd_what_if(int argc, char **argv)
{
	struct brought *brought = calloc(1, sizeof(*brought));
	struct motion_options options;
	struct motion_work work;
	int code;

	motion_parse(argc, argv, "what-if", rows, "PLAN...", doc, 1, OPERATOR_ARGS_MAX, &options);
	code = motion_begin(&work, &options, options.override != NULL ? WORKSPACE_CHANGE : WORKSPACE_READ);
	if (code == OPERATOR_DONE && brought != NULL)
		code = plan_read(&work, brought) ? what_if(&work, &brought->plan) : OPERATOR_REFUSED;
	if (brought != NULL)
		plan_free(brought);
	free(brought);
	motion_end(&work);
	return code;
}
