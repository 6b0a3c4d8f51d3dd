/* SPDX-License-Identifier: Apache-2.0 */
#include "motion_command.h"

#include "report.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option rows[] = {MOTION_ROW_BY, {0}};

static const char doc[] =
    "Take in votes that electors sent back. Each finds its motion by what it signs.\v"
    "A vote that can never count (its signature is not the elector's, its time is in the future, the elector was removed or is "
    "the subject) is refused with the rule; the others are taken in all the same. A vote by somebody whom the trust store does "
    "not know yet is kept, and may count later.\n\n"
    "Example:\n  scms motion collect a.vote b.vote\n\n"
    "Exit code: 0 all taken in, 1 one was refused, 2 usage, 3 workspace or trust store cannot be used.";

/* Looks for the motion that a vote is for. */
struct search {
	struct scms_slice payload;
	char id[PROPOSAL_ID_BYTES];
};

static bool is_for(void *ctx, const struct motion_dir *motion)
{
	struct search *search = ctx;

	if (motion->proposal.payload.n != search->payload.n ||
	    memcmp(motion->proposal.payload.p, search->payload.p, search->payload.n) != 0)
		return true;
	memcpy(search->id, motion->id, sizeof(search->id));
	return false;
}

/* May the vote be kept? Reasons that time or an update may mend are no refusal. */
static bool may_count(enum scms_reason reason)
{
	return reason == SCMS_COUNTED || reason == SCMS_VOTER_UNKNOWN || reason == SCMS_VOTER_NOT_YET_VALID;
}

/* How the vote fares by itself. */
static bool judge(const struct motion_work *work, const struct motion_dir *motion, struct scms_slice vote, enum scms_reason *reason)
{
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	const struct proposal *proposal = &motion->proposal;
	struct bytes ballot = {NULL, 0};
	struct motion_error err;
	bool good = tally != NULL && ballot_make(proposal->form, proposal->certificate, &vote, 1, &ballot, &err) &&
		    motion_count(motion_store(work), motion_env(work), work->now, proposal->form, proposal->motion, bytes_view(&ballot), tally);

	if (good)
		*reason = tally->fixed != SCMS_APPLIED ? tally->fixed : tally->votes[0].reason;
	bytes_free(&ballot);
	free(tally);
	return good;
}

static int take(const struct motion_work *work, const struct motion_dir *motion, const char *file, struct scms_slice bytes,
		json_t *list)
{
	const struct operator_options *common = &work->options->common;
	struct journal_file named = {file, bytes};
	enum scms_reason reason = SCMS_REASON_FAILED;
	struct motion_error err;
	int code;

	if (!judge(work, motion, bytes, &reason))
		return operator_fail(common, OPERATOR_ENVIRONMENT, "%s: the crypto engine failed", file);
	if (!may_count(reason))
		return operator_fail(common, OPERATOR_REFUSED, "%s: %s: %s: %s (rule %s)", file, motion->id, scms_reason_name(reason),
				     scms_reason_text(reason), scms_reason_rule(reason));
	if (motion->state == MOTION_WITHDRAWN)
		return operator_fail(common, OPERATOR_REFUSED, "%s: %s was withdrawn", file, motion->id);
	if (!motion_dir_add_vote(&work->workspace, motion->id, bytes, engine_crypto(), &err) ||
	    ((motion->state == MOTION_PROPOSED || motion->state == MOTION_RELEASED) &&
	     !motion_dir_set_state(&work->workspace, motion->id, MOTION_OPEN,
				   motion->state == MOTION_RELEASED ? "a further vote; assemble it again" : "", &err)))
		return operator_fail(common, OPERATOR_ENVIRONMENT, "%s: %s", file, err.text);
	code = motion_journal(work, "motion collect", NULL, &named, 1,
			      json_pack("{s:s, s:s}", "motion", motion->id, "reason", scms_reason_name(reason)));
	if (code != OPERATOR_DONE)
		return code;
	json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "file", file, "motion", motion->id, "reason", scms_reason_name(reason)));
	if (!common->json)
		printf("%s: for %s: %s\n", file, motion->id, reason == SCMS_COUNTED ? "counts" : scms_reason_text(reason));
	return OPERATOR_DONE;
}

static int collect(const struct motion_work *work, const char *file, json_t *list)
{
	struct motion_dir *motion = calloc(1, sizeof(*motion));
	struct scms_slice bytes = {NULL, 0};
	struct search search = {.id = ""};
	struct motion_error err;
	struct vote vote;
	int code = OPERATOR_REFUSED;

	if (motion == NULL || !report_read(work->options->common.command, file, VOTE_BYTES_MAX, &bytes)) {
		free(motion);
		return OPERATOR_REFUSED;
	}
	if (!vote_open(&vote, bytes)) {
		operator_fail(&work->options->common, 0,
			      "%s: not a vote: expected signed data with an endorsement in it; a foreign file, or a copy that was cut off", file);
	} else {
		search.payload = vote.payload;
		motion_each(work, is_for, &search);
		if (search.id[0] == '\0')
			operator_fail(&work->options->common, 0,
				      "%s: is for no motion of this workspace: it signs another endorsement (other time, subject or form)", file);
		else if (!motion_dir_read(motion, &work->workspace, search.id, engine_crypto(), &err))
			code = motion_fail(work, &err);
		else
			code = take(work, motion, file, bytes, list);
		motion_dir_free(motion);
	}
	free(motion);
	free((void *)(uintptr_t)bytes.p);
	return code;
}

int motion_collect(int argc, char **argv)
{
	struct motion_options options;
	struct motion_work work;
	json_t *list = json_array();
	int code, worst = OPERATOR_DONE;

	motion_parse(argc, argv, "motion collect", rows, "VOTE...", doc, 1, OPERATOR_ARGS_MAX, &options);
	worst = motion_begin(&work, &options, WORKSPACE_CHANGE);
	for (size_t k = 0; worst != OPERATOR_ENVIRONMENT && work.dir != NULL && k < options.args.count; k++) {
		code = collect(&work, options.args.arg[k], list);
		if (code > worst)
			worst = code;
	}
	if (work.dir != NULL && options.common.json)
		operator_json(&options.common, json_pack("{s:O}", "collected", list));
	json_decref(list);
	motion_end(&work);
	return worst;
}
