/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms motion assemble, hold, release: from votes to a ballot that is out.
 */
#include "motion_command.h"

#include "base/file.h"
#include "components/trustee.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option assemble_rows[] = {
    {"hold", MOTION_OPTION_HOLD, NULL, 0, "Keep the ballot back until scms motion release", 0}, MOTION_ROW_BY, MOTION_ROW_REASON,
    MOTION_ROW_OVERRIDE, MOTION_ROW_OUT, {0}};

static const char assemble_doc[] =
    "Make the ballot of a motion's votes, and release it.\v"
    "Only votes that count now are put in; below the quorum the ballot is refused, and who is missing is named. Releasing puts the "
    "ballot into WS/ballots, where PG and CRLG take it from, into the ballot history, and applies it to the workspace's own trust "
    "store. What would lock the electors out, suspend a root or leave none is released with --override only.\n\n"
    "Examples:\n  scms motion assemble add-elector-94ca39f9\n  scms motion assemble add-root --hold --reason 'for the day of the change'\n\n"
    "Exit code: 0 done, 1 refused, 2 usage, 3 workspace or trust store cannot be used.";

static const struct argp_option hold_rows[] = {MOTION_ROW_REASON, MOTION_ROW_BY, {0}};

static const char hold_doc[] =
    "Keep a motion's ballot in the Manager: when it is assembled it is not released.\v"
    "A root CA may so be endorsed long before it is used, and stays out of every chain file and of the history.\n\n"
    "Example:\n  scms motion hold add-root --reason 'until all components are staged'\n\n"
    "Exit code: 0 done, 1 refused, 2 usage, 3 workspace or trust store cannot be used.";

static const struct argp_option release_rows[] = {MOTION_ROW_REASON, MOTION_ROW_BY, MOTION_ROW_OVERRIDE, MOTION_ROW_OUT, {0}};

static const char release_doc[] =
    "Let a ballot out that was held.\v"
    "Example:\n  scms motion release add-root\n\n"
    "Exit code: 0 done, 1 refused, 2 usage, 3 workspace or trust store cannot be used.";

/* ---- releasing ---- */

static void keep_outcome(void *ctx, const struct scms_ballot_report *ballot)
{
	*(enum scms_reason *)ctx = ballot->outcome;
}

/* What the ballot does to the Manager's own store: nothing grave, or it is meant. */
static int rehearse(const struct motion_work *work, const struct motion_dir *motion, const struct scms_session *session,
		    struct findings *findings)
{
	const struct motion_options *options = work->options;
	struct simulation *after = simulation_new(motion_store(work), motion_env(work).objects, engine_crypto());
	enum scms_reason outcome = SCMS_REASON_FAILED;
	struct scms_report report = {.ctx = &outcome, .ballot = keep_outcome};
	struct scms_session_result result;
	int code = OPERATOR_DONE;

	if (after == NULL)
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "out of memory");
	result = simulation_apply(after, session, work->now, &report);
	if (result.status != SCMS_SESSION_DONE)
		code = operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s: the trust store could not judge the ballot", motion->id);
	else if (outcome != SCMS_APPLIED && outcome != SCMS_ALREADY)
		code = operator_fail(&options->common, OPERATOR_REFUSED, "%s: %s: %s (rule %s)", motion->id, scms_reason_name(outcome),
				     scms_reason_text(outcome), scms_reason_rule(outcome));
	outlook_compare(motion_store(work), simulation_store(after), work->now, findings);
	if (motion->proposal.motion == SCMS_REMOVE_ELECTOR)
		motion_latent(work, motion->proposal.subject.hash256, findings);
	simulation_free(after);
	if (!options->common.json)
		findings_words(stderr, findings);
	if (code == OPERATOR_DONE && findings_worst(findings) >= FINDING_GRAVE && options->override == NULL) {
		for (size_t k = 0; options->common.json && k < findings->n; k++)
			if (findings->list[k].gravity >= FINDING_GRAVE)
				operator_fail(&options->common, 0, "%s: %s", findings->list[k].code, findings->list[k].text);
		code = operator_fail(&options->common, OPERATOR_REFUSED, "%s: not released; who means it says --override TEXT", motion->id);
	}
	return code;
}

/* The Manager's own store follows. */
static int follow(struct motion_work *work, const struct scms_session *session)
{
	struct workspace_file path = workspace_file(&work->workspace, "store", NULL);
	struct trustee_outcome outcome;
	struct store_dir_error err;
	struct trustee *trustee;

	/* Its reader's lock would be in the way. */
	store_dir_close(work->dir);
	work->dir = NULL;
	trustee = trustee_open(path.text, engine_crypto(), &err);
	if (trustee == NULL)
		return operator_fail(&work->options->common, OPERATOR_ENVIRONMENT, "%s", err.text);
	outcome = trustee_apply(trustee, session, work->now);
	if (outcome.status != TRUSTEE_DONE)
		operator_fail(&work->options->common, 0, "%s", outcome.text);
	json_decref(outcome.report);
	trustee_close(trustee);
	return outcome.status == TRUSTEE_DONE ? OPERATOR_DONE : OPERATOR_ENVIRONMENT;
}

static int release(struct motion_work *work, const struct motion_dir *motion)
{
	struct motion_options *options = work->options;
	struct journal_file named = {"ballot.oer", motion->ballot};
	struct findings *findings = calloc(1, sizeof(*findings));
	struct scms_session session = {0};
	struct bytes history = {NULL, 0};
	struct scms_slice none = {NULL, 0};
	struct file_error refused;
	struct motion_error err;
	uint32_t entries = 0;
	int code;

	if (findings == NULL)
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "out of memory");
	if (!history_append(none, motion->proposal.motion, motion->proposal.form, motion->ballot, &history, &err)) {
		free(findings);
		return motion_fail(work, &err);
	}
	session.history = bytes_view(&history);
	code = rehearse(work, motion, &session, findings);
	if (code == OPERATOR_DONE && !motion_dir_release(&work->workspace, motion, &entries, &err))
		code = operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s", err.text);
	if (code == OPERATOR_DONE)
		code = follow(work, &session);
	/* The journal before the state: whoever is interrupted between them releases again, and no release goes without its entry. */
	if (code == OPERATOR_DONE)
		code = motion_journal(work, "motion release", options->override != NULL ? options->override : options->reason, &named, 1,
				      json_pack("{s:s, s:i}", "motion", motion->id, "history", (int)entries));
	if (code == OPERATOR_DONE && !motion_dir_set_state(&work->workspace, motion->id, MOTION_RELEASED, options->reason, &err))
		code = operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s", err.text);
	if (code == OPERATOR_DONE && options->out != NULL && file_write(options->out, 0644, motion->ballot, &refused) != FILE_OK)
		code = operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s: %s", options->out, refused.text);
	if (code == OPERATOR_DONE && options->common.json)
		operator_json(&options->common, json_pack("{s:s, s:s, s:o}", "motion", motion->id, "state", "released", "findings", findings_json(findings)));
	else if (code == OPERATOR_DONE)
		printf("%s: released; PG and CRLG publish it from now on\n", motion->id);
	bytes_free(&history);
	free(findings);
	return code;
}

/* ---- assembling ---- */

struct chosen {
	struct scms_slice votes[BALLOT_VOTES_MAX];
	uint8_t elector[BALLOT_VOTES_MAX][32];
	size_t n;
};

/* The votes that count, by the identities of their electors: the same votes make the same ballot. */
static void choose(const struct motion_dir *motion, const struct motion_tally *tally, struct chosen *chosen)
{
	for (size_t k = 0; k < tally->vote_count; k++) {
		size_t at = chosen->n;

		if (tally->votes[k].reason != SCMS_COUNTED)
			continue;
		for (; at > 0 && memcmp(chosen->elector[at - 1], tally->votes[k].elector, 32) > 0; at--) {
			memcpy(chosen->elector[at], chosen->elector[at - 1], 32);
			chosen->votes[at] = chosen->votes[at - 1];
		}
		memcpy(chosen->elector[at], tally->votes[k].elector, 32);
		chosen->votes[at] = motion->votes[k];
		chosen->n++;
	}
}

static void say_missing(const struct motion_work *work, const struct motion_dir *motion, const struct motion_tally *tally)
{
	struct scms_member member;
	char hex[17];

	for (size_t k = 0; k < tally->vote_count; k++)
		if (tally->votes[k].reason != SCMS_COUNTED)
			operator_fail(&work->options->common, 0, "%s: the vote of %s does not count: %s (rule %s)", motion->id,
				      motion_hex(tally->votes[k].elector, 8, hex), scms_reason_text(tally->votes[k].reason),
				      scms_reason_rule(tally->votes[k].reason));
	for (uint32_t k = 0; scms_store_elector(motion_store(work), work->now, k, &member); k++)
		if (elector_may_vote(motion_store(work), k, work->now) && !motion_has_vote(tally, member.identity) &&
		    memcmp(member.identity, motion->proposal.subject.hash256, 32) != 0)
			operator_fail(&work->options->common, 0, "%s: elector %s... has not voted", motion->id, motion_hex(member.identity, 8, hex));
}

static int assemble(struct motion_work *work, struct motion_dir *motion)
{
	const struct motion_options *options = work->options;
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	struct chosen *chosen = calloc(1, sizeof(*chosen));
	bool held = options->hold || motion->state == MOTION_HELD;
	struct bytes ballot = {NULL, 0};
	struct motion_error err;
	int code = OPERATOR_ENVIRONMENT;

	if (tally == NULL || chosen == NULL || !motion_tally(work, motion, tally))
		goto out;
	code = OPERATOR_REFUSED;
	if (motion->state == MOTION_WITHDRAWN) {
		operator_fail(&options->common, 0, "%s: was withdrawn", motion->id);
	} else if (tally->fixed != SCMS_APPLIED) {
		operator_fail(&options->common, 0, "%s: %s: %s (rule %s)", motion->id, scms_reason_name(tally->fixed), scms_reason_text(tally->fixed),
			      scms_reason_rule(tally->fixed));
	} else if (tally->counted < tally->quorum) {
		say_missing(work, motion, tally);
		operator_fail(&options->common, 0, "%s: QUORUM_NOT_MET (rule C6): %u votes count, %u are needed", motion->id, tally->counted,
			      tally->quorum);
	} else {
		choose(motion, tally, chosen);
		if (!ballot_make(motion->proposal.form, motion->proposal.certificate, chosen->votes, chosen->n, &ballot, &err) ||
		    !motion_dir_set_ballot(&work->workspace, motion->id, bytes_view(&ballot), &err) ||
		    !motion_dir_set_state(&work->workspace, motion->id, held ? MOTION_HELD : MOTION_ASSEMBLED, options->reason, &err))
			code = operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s: %s", motion->id, err.text);
		else
			code = OPERATOR_DONE;
	}
	if (code == OPERATOR_DONE) {
		struct journal_file named = {"ballot.oer", bytes_view(&ballot)};

		code = motion_journal(work, "motion assemble", options->reason, &named, 1,
				      json_pack("{s:s, s:i, s:b}", "motion", motion->id, "votes", (int)chosen->n, "held", held));
		free((void *)(uintptr_t)motion->ballot.p);
		motion->ballot = bytes_view(&ballot); /* the motion's from now on */
		ballot = (struct bytes){NULL, 0};
	}
	if (code == OPERATOR_DONE && held && options->common.json)
		operator_json(&options->common, json_pack("{s:s, s:s}", "motion", motion->id, "state", "held"));
	else if (code == OPERATOR_DONE && held)
		printf("%s: assembled of %zu votes, and held\n", motion->id, chosen->n);
	else if (code == OPERATOR_DONE)
		code = release(work, motion);
out:
	bytes_free(&ballot);
	free(chosen);
	free(tally);
	return code;
}

/* ---- commands ---- */

static int hold(struct motion_work *work, struct motion_dir *motion)
{
	const struct motion_options *options = work->options;
	struct motion_error err;
	int code;

	if (motion->state == MOTION_RELEASED || motion->state == MOTION_WITHDRAWN)
		return operator_fail(&options->common, OPERATOR_REFUSED, "%s: was %s: there is nothing to hold back", motion->id,
				     motion_state_name(motion->state));
	if (!motion_dir_set_state(&work->workspace, motion->id, MOTION_HELD, options->reason, &err))
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s", err.text);
	code = motion_journal(work, "motion hold", options->reason, NULL, 0, json_pack("{s:s}", "motion", motion->id));
	if (code == OPERATOR_DONE && options->common.json)
		operator_json(&options->common, json_pack("{s:s, s:s}", "motion", motion->id, "state", "held"));
	else if (code == OPERATOR_DONE)
		printf("%s: held\n", motion->id);
	return code;
}

static int release_held(struct motion_work *work, struct motion_dir *motion)
{
	if (motion->ballot.n == 0)
		return operator_fail(&work->options->common, OPERATOR_REFUSED, "%s: has no ballot yet: scms motion assemble %s", motion->id, motion->id);
	if (motion->state != MOTION_HELD && motion->state != MOTION_ASSEMBLED)
		return operator_fail(&work->options->common, OPERATOR_REFUSED, "%s: is %s, not held", motion->id, motion_state_name(motion->state));
	return release(work, motion);
}

static int run(int argc, char **argv, const char *name, const struct argp_option *rows, const char *doc,
	       int (*act)(struct motion_work *work, struct motion_dir *motion))
{
	struct motion_dir *motion = calloc(1, sizeof(*motion));
	struct motion_options options;
	struct motion_work work;
	struct motion_error err;
	int code;

	motion_parse(argc, argv, name, rows, "MOTION", doc, 1, 1, &options);
	code = motion_begin(&work, &options, WORKSPACE_CHANGE);
	if (motion == NULL) {
		operator_fail(&options.common, 0, "out of memory");
		code = OPERATOR_ENVIRONMENT;
	} else if (code == OPERATOR_DONE) {
		code = motion_dir_read(motion, &work.workspace, options.args.arg[0], engine_crypto(), &err) ? act(&work, motion)
												     : motion_fail(&work, &err);
		motion_dir_free(motion);
	}
	free(motion);
	motion_end(&work);
	return code;
}

int motion_assemble(int argc, char **argv)
{
	return run(argc, argv, "motion assemble", assemble_rows, assemble_doc, assemble);
}

int motion_hold(int argc, char **argv)
{
	return run(argc, argv, "motion hold", hold_rows, hold_doc, hold);
}

int motion_release(int argc, char **argv)
{
	return run(argc, argv, "motion release", release_rows, release_doc, release_held);
}
