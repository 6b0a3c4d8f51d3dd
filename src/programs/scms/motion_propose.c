/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms motion propose, extend, withdraw: what electors are asked for, and no longer.
 */
#include "motion_command.h"

#include "base/file.h"
#include "report.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CERTIFICATE_BYTES_MAX (64u << 10)

static const struct argp_option rows[] = {
    MOTION_ROW_REASON,
    MOTION_ROW_BY,
    {"form", MOTION_OPTION_FORM, "FORM", 0, "1.2.4 or 1.2.1. Default: as the workspace is configured", 0},
    {"time", MOTION_OPTION_TIME, "T", 0, "The time that all votes sign. Default: now", 0},
    MOTION_ROW_OVERRIDE,
    MOTION_ROW_OUT,
    {0}};

static const char doc[] =
    "Ask the electors to add-elector, remove-elector, add-root or remove-root the certificate CERT.\v"
    "Makes a proposal with the time that all of them sign, to be carried to each elector (WS/motions/ID/proposal.oer, or --out), "
    "after judging it against the workspace's trust store: a candidate that breaks its profile, is expired, was removed before "
    "or has another member's key is refused; a motion that would lock the electors out or suspend a root needs --override.\n\n"
    "Examples:\n  scms motion propose add-elector d.coer --reason 'in place of A' --out d.prop\n"
    "  scms motion propose remove-root root1.coer --reason 'its key is stolen'\n\n"
    "Exit code: 0 proposed, 1 refused, 2 usage, 3 workspace or trust store cannot be used.";

/* What is to be said of a proposal, by the workspace's own trust store. False: it must not be made. */
static bool judge(const struct motion_work *work, const struct proposal *proposal, struct findings *findings)
{
	const struct motion_options *options = work->options;
	struct simulation *after = simulation_new(motion_store(work), motion_env(work).objects, engine_crypto());
	enum scms_reason outcome;
	enum gravity worst;

	if (after == NULL) {
		operator_fail(&options->common, 0, "out of memory");
		return false;
	}
	outcome = simulation_carry_out(after, motion_store(work), proposal->motion, proposal->certificate, proposal->time, work->now);
	outlook_motion(proposal, work->workspace.settings.level, motion_store(work), work->now, outcome, engine_crypto(), findings);
	outlook_compare(motion_store(work), simulation_store(after), work->now, findings);
	if (proposal->motion == SCMS_REMOVE_ELECTOR)
		motion_latent(work, proposal->subject.hash256, findings);
	simulation_free(after);
	worst = findings_worst(findings);
	if (!options->common.json)
		findings_words(stderr, findings);
	if (worst == FINDING_REFUSED || (worst == FINDING_GRAVE && options->override == NULL)) {
		for (size_t k = 0; options->common.json && k < findings->n; k++)
			if (findings->list[k].gravity == worst)
				operator_fail(&options->common, 0, "%s: %s", findings->list[k].code, findings->list[k].text);
		operator_fail(&options->common, 0, worst == FINDING_GRAVE ? "not proposed; who means it says --override TEXT" : "not proposed");
		return false;
	}
	return true;
}

static int keep(const struct motion_work *work, const struct bytes *bytes, const char *what, const struct findings *findings)
{
	const struct motion_options *options = work->options;
	struct workspace_file file;
	struct motion_draft draft;
	struct proposal proposal;
	struct journal_file named = {"proposal.oer", bytes_view(bytes)};
	struct file_error refused;
	struct motion_error err;
	int code;

	if (!proposal_read(&proposal, bytes_view(bytes), engine_crypto(), &err) ||
	    !motion_dir_draft(&work->workspace, bytes_view(bytes), engine_crypto(), &draft, &err))
		return motion_fail(work, &err);
	/* The journal first: whoever is interrupted proposes again, and there is no motion without its entry. */
	code = motion_journal(work, what, options->override != NULL ? options->override : options->reason, &named, 1,
			      json_pack("{s:s}", "motion", draft.id));
	if (code != OPERATOR_DONE) {
		motion_dir_discard(&draft);
		return code;
	}
	if (!motion_dir_create(&work->workspace, &draft, &err))
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s", err.text);
	if (options->out != NULL && file_write(options->out, 0644, bytes_view(bytes), &refused) != FILE_OK)
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s: %s; the proposal is in the workspace", options->out, refused.text);
	file = workspace_file(&work->workspace, WORKSPACE_MOTIONS, draft.id);
	if (options->common.json)
		operator_json(&options->common,
			      json_pack("{s:s, s:o, s:o}", "motion", draft.id, "proposal", proposal_json(&proposal), "findings", findings_json(findings)));
	else {
		proposal_words(stdout, &proposal, &work->leaps);
		printf("Carry %s%s to the electors: scms-elector inspect, then sign\n", options->out != NULL ? options->out : file.text,
		       options->out != NULL ? "" : "/proposal.oer");
	}
	return OPERATOR_DONE;
}

static int propose(struct motion_work *work, struct proposal_question *question)
{
	struct findings *findings = calloc(1, sizeof(*findings));
	struct bytes bytes = {NULL, 0};
	struct proposal proposal;
	struct motion_error err;
	int code = OPERATOR_REFUSED;

	if (findings == NULL)
		return operator_fail(&work->options->common, OPERATOR_ENVIRONMENT, "out of memory");
	if (!proposal_make(question, engine_crypto(), &bytes, &err) ||
	    !proposal_read(&proposal, bytes_view(&bytes), engine_crypto(), &err))
		operator_fail(&work->options->common, 0, "%s: %s", work->options->args.arg[1], err.text);
	else if (judge(work, &proposal, findings))
		code = keep(work, &bytes, "motion propose", findings);
	bytes_free(&bytes);
	free(findings);
	return code;
}

/* Which motion, in which form, and why. False: said. */
static bool read_question(const struct motion_options *options, struct proposal_question *question)
{
	if (!motion_by_name(options->args.arg[0], &question->motion))
		operator_fail(&options->common, 0, "expected add-elector, remove-elector, add-root or remove-root, found '%s'", options->args.arg[0]);
	else if (options->form != NULL && !ballot_form_parse(options->form, &question->form))
		operator_fail(&options->common, 0, "--form: expected 1.2.4 or 1.2.1, found '%s'", options->form);
	else if (options->reason == NULL || options->reason[0] == '\0')
		operator_fail(&options->common, 0, "--reason TEXT is missing: electors want to know why");
	else
		return true;
	return false;
}

int motion_propose(int argc, char **argv)
{
	struct proposal_question question = {.form = FORM_124};
	struct motion_options options;
	struct motion_work work;
	char user[64];
	int code;

	motion_parse(argc, argv, "motion propose", rows, "MOTION CERT", doc, 2, 2, &options);
	if (!read_question(&options, &question))
		return OPERATOR_USAGE;
	if (!report_read("motion propose", options.args.arg[1], CERTIFICATE_BYTES_MAX, &question.certificate))
		return OPERATOR_REFUSED;
	code = motion_begin(&work, &options, WORKSPACE_CHANGE);
	if (code == OPERATOR_DONE) {
		if (options.form == NULL)
			question.form = work.workspace.settings.form_121 ? FORM_121 : FORM_124;
		question.time = (scms_time32)((options.has_time ? options.time : work.now) / 1000000);
		question.created = work.now;
		question.proposer = options.by != NULL ? options.by : journal_user(user);
		question.reason = options.reason;
		code = propose(&work, &question);
	}
	motion_end(&work);
	free((void *)(uintptr_t)question.certificate.p);
	return code;
}

/* ---- extend ---- */

static const struct argp_option extend_rows[] = {MOTION_ROW_REASON, MOTION_ROW_BY, MOTION_ROW_OUT, {0}};

static const char extend_doc[] =
    "Open a ballot again, so that a further elector's vote joins it by signing the same endorsement (rule C9), or a removed "
    "elector's vote leaves it.\v"
    "The votes of the ballot become those of the motion. Carry its proposal to the elector who is to join, collect the vote, and "
    "assemble: votes of removed electors are left out then.\n\n"
    "Example:\n  scms motion extend ws/ballots/add-root-HEX.oer --reason 'D too' --out d.prop\n\n"
    "Exit code: 0 done, 1 refused, 2 usage, 3 workspace or trust store cannot be used.";

/* The ballot's votes, as the motion's. */
static bool take_votes(const struct motion_work *work, const char *id, const struct ballot_parts *parts, struct motion_error *err)
{
	for (size_t k = 0; k < parts->vote_count; k++)
		if (!motion_dir_add_vote(&work->workspace, id, parts->votes[k], engine_crypto(), err))
			return false;
	return motion_dir_set_state(&work->workspace, id, MOTION_OPEN, "extended", err);
}

/* A ballot of another system, or of a subject that was removed, is none that a further vote would mend. */
static int extend_may(struct motion_work *work, const struct ballot_parts *parts, struct scms_slice ballot)
{
	const struct operator_options *common = &work->options->common;
	const char *file = work->options->args.arg[0];
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	size_t strangers = 0;
	int code = OPERATOR_DONE;

	if (tally == NULL ||
	    !motion_count(motion_store(work), motion_env(work), work->now, parts->form, parts->motion, ballot, tally)) {
		free(tally);
		return operator_fail(common, OPERATOR_ENVIRONMENT, "%s: the ballot cannot be judged", file);
	}
	for (size_t k = 0; k < tally->vote_count; k++)
		strangers += tally->votes[k].reason == SCMS_VOTER_UNKNOWN;
	if (tally->fixed != SCMS_APPLIED)
		code = operator_fail(common, OPERATOR_REFUSED, "%s: %s: %s (rule %s)", file, scms_reason_name(tally->fixed),
				     scms_reason_text(tally->fixed), scms_reason_rule(tally->fixed));
	else if (strangers == tally->vote_count)
		code = operator_fail(common, OPERATOR_REFUSED, "%s: none of its %zu votes is by an elector that the trust store knows (rule %s)",
				     file, tally->vote_count, scms_reason_rule(SCMS_VOTER_UNKNOWN));
	free(tally);
	return code;
}

static int extend(struct motion_work *work, const struct ballot_parts *parts, struct scms_slice ballot)
{
	struct motion_options *options = work->options;
	struct journal_file named = {options->args.arg[0], ballot};
	char user[64], id[PROPOSAL_ID_BYTES];
	struct bytes bytes = {NULL, 0};
	struct workspace_file folder;
	struct motion_draft draft;
	struct proposal proposal;
	struct file_error refused;
	struct motion_error err;
	int code;

	if (!proposal_join(parts->form, parts->certificate, parts->payload, work->now, options->by != NULL ? options->by : journal_user(user),
			   options->reason, engine_crypto(), &bytes, &err) ||
	    !proposal_read(&proposal, bytes_view(&bytes), engine_crypto(), &err)) {
		bytes_free(&bytes);
		return motion_fail(work, &err);
	}
	folder = workspace_file(&work->workspace, WORKSPACE_MOTIONS, proposal_id(&proposal, id));
	code = OPERATOR_DONE;
	if (access(folder.text, F_OK) != 0 &&
	    (!motion_dir_draft(&work->workspace, bytes_view(&bytes), engine_crypto(), &draft, &err) ||
	     !motion_dir_create(&work->workspace, &draft, &err)))
		code = motion_fail(work, &err);
	if (code == OPERATOR_DONE && !take_votes(work, id, parts, &err))
		code = motion_fail(work, &err);
	if (code == OPERATOR_DONE)
		code = motion_journal(work, "motion extend", options->reason, &named, 1, json_pack("{s:s}", "motion", id));
	if (code == OPERATOR_DONE && options->out != NULL && file_write(options->out, 0644, bytes_view(&bytes), &refused) != FILE_OK)
		code = operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s: %s", options->out, refused.text);
	bytes_free(&bytes);
	if (code == OPERATOR_DONE && options->common.json)
		operator_json(&options->common, json_pack("{s:s, s:i}", "motion", id, "votes", (int)parts->vote_count));
	else if (code == OPERATOR_DONE)
		printf("%s: open, with the %zu votes of the ballot; carry %s%s to who is to join\n", id, parts->vote_count,
		       options->out != NULL ? options->out : folder.text, options->out != NULL ? "" : "/proposal.oer");
	return code;
}

int motion_extend(int argc, char **argv)
{
	struct ballot_parts *parts = calloc(1, sizeof(*parts));
	struct scms_slice bytes = {NULL, 0};
	struct motion_options options;
	struct motion_work work = {.workspace = {.lock = -1}};
	struct motion_error err;
	int code = OPERATOR_REFUSED;

	motion_parse(argc, argv, "motion extend", extend_rows, "BALLOT", extend_doc, 1, 1, &options);
	if (options.reason == NULL || options.reason[0] == '\0') {
		free(parts);
		return operator_fail(&options.common, OPERATOR_USAGE, "--reason TEXT is missing");
	}
	if (parts != NULL && report_read("motion extend", options.args.arg[0], BALLOT_BYTES_MAX, &bytes)) {
		if (!ballot_parts_read(parts, bytes, &err))
			operator_fail(&options.common, 0, "%s: %s", options.args.arg[0], err.text);
		else
			code = motion_begin(&work, &options, WORKSPACE_CHANGE);
		if (code == OPERATOR_DONE)
			code = extend_may(&work, parts, bytes);
		if (work.dir != NULL && code == OPERATOR_DONE)
			code = extend(&work, parts, bytes);
		motion_end(&work);
	}
	free((void *)(uintptr_t)bytes.p);
	free(parts);
	return code;
}

/* ---- withdraw ---- */

static const struct argp_option withdraw_rows[] = {MOTION_ROW_REASON, MOTION_ROW_BY, {0}};

static const char withdraw_doc[] =
    "Ask for a motion no more. Votes that were given for it cannot be taken back: whoever has them may still complete it (rule "
    "H10), and `scms margin` goes on listing it.\v"
    "Example:\n  scms motion withdraw add-elector-94ca39f9 --reason 'candidate stepped back'\n\n"
    "Exit code: 0 done, 1 refused, 2 usage, 3 workspace or trust store cannot be used.";

int motion_withdraw(int argc, char **argv)
{
	struct motion_dir *motion = calloc(1, sizeof(*motion));
	struct motion_options options;
	struct motion_work work;
	struct motion_error err;
	int code;

	motion_parse(argc, argv, "motion withdraw", withdraw_rows, "MOTION", withdraw_doc, 1, 1, &options);
	code = motion_begin(&work, &options, WORKSPACE_CHANGE);
	if (code == OPERATOR_DONE && motion != NULL) {
		if (!motion_dir_read(motion, &work.workspace, options.args.arg[0], engine_crypto(), &err))
			code = motion_fail(&work, &err);
		else if (motion->state == MOTION_RELEASED)
			code = operator_fail(&options.common, OPERATOR_REFUSED, "%s: was released; what is out cannot be called back", motion->id);
		else if (!motion_dir_set_state(&work.workspace, motion->id, MOTION_WITHDRAWN, options.reason, &err))
			code = motion_fail(&work, &err);
		else
			code = motion_journal(&work, "motion withdraw", options.reason, NULL, 0, json_pack("{s:s}", "motion", motion->id));
		if (code == OPERATOR_DONE && options.common.json)
			operator_json(&options.common, json_pack("{s:s, s:i}", "motion", motion->id, "votes", (int)motion->vote_count));
		else if (code == OPERATOR_DONE)
			printf("%s: withdrawn; %zu votes for it remain in the world\n", motion->id, motion->vote_count);
	}
	if (motion != NULL)
		motion_dir_free(motion);
	free(motion);
	motion_end(&work);
	return code;
}
