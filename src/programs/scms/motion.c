/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms motion: the SCMS Manager asks electors, collects their votes, and lets ballots out.
 */
#include "motion_command.h"

#include "commands.h"
#include "group.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>

static const struct group_command commands[] = {
    {"propose", motion_propose, "ask the electors: add or remove an elector or a root CA"},
    {"list", motion_list, "all motions"},
    {"status", motion_status, "who voted, who is missing, which votes do not count and why"},
    {"collect", motion_collect, "take in votes"},
    {"assemble", motion_assemble, "make the ballot of a quorum of votes, and release it"},
    {"hold", motion_hold, "keep the ballot back: a root CA endorsed, but not used yet"},
    {"release", motion_release, "let a ballot out that was held"},
    {"extend", motion_extend, "let a further vote join a ballot, or a removed elector's go"},
    {"withdraw", motion_withdraw, "ask for it no more"},
};

int cmd_motion(int argc, char **argv)
{
	static const struct group group =
	    GROUP("scms motion", "The SCMS Manager asks electors, collects their votes, and lets ballots out.", commands,
		  "  scms motion propose add-elector d.coer --reason 'takes the place of A' --out d.proposal\n"
		  "  scms motion collect b.vote c.vote\n"
		  "  scms motion assemble add-elector\n");

	return group_run(&group, argc, argv);
}

/* ---- options ---- */

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct motion_options *options = state->input;

	switch (key) {
	case MOTION_OPTION_REASON:
		options->reason = arg;
		break;
	case MOTION_OPTION_BY:
		options->by = arg;
		break;
	case MOTION_OPTION_FORM:
		options->form = arg;
		break;
	case MOTION_OPTION_OVERRIDE:
		options->override = arg;
		break;
	case MOTION_OPTION_OUT:
		options->out = arg;
		break;
	case MOTION_OPTION_HOLD:
		options->hold = true;
		break;
	case MOTION_OPTION_TIME:
		if (!operator_time_parse(arg, &options->time))
			argp_error(state, "--time: expected " TIME_PARSE_WANTS ", found '%s'", arg);
		options->has_time = true;
		break;
	default:
		return operator_key(key, arg, state, &options->common, &options->args);
	}
	return 0;
}

void motion_parse(int argc, char **argv, const char *name, const struct argp_option *rows, const char *args_doc, const char *doc,
		  size_t args_least, size_t args_most, struct motion_options *options)
{
	static char command[64];

	snprintf(command, sizeof(command), "%s", name);
	*options = (struct motion_options){.common = {.command = command}, .args = {.least = args_least, .most = args_most}};
	operator_parse_rows(rows, parse_option, args_doc, doc, argc, argv, command, options);
}

/* ---- at work ---- */

int motion_begin(struct motion_work *work, struct motion_options *options, enum workspace_use use)
{
	struct scms_store_status status;
	struct workspace_file path;
	struct store_dir_error dir_err;
	struct motion_error err;
	int code;

	*work = (struct motion_work){.options = options, .workspace = {.lock = -1}, .now = operator_now(&options->common)};
	leap_load(&work->leaps, LEAP_FILE);
	code = operator_open(&options->common, use, &work->workspace);
	if (code != OPERATOR_DONE)
		return code;
	path = workspace_file(&work->workspace, "store", NULL);
	if (!motion_store_ensure(&work->workspace, engine_crypto(), &err))
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s", err.text);
	work->dir = store_dir_open(path.text, STORE_DIR_READ, engine_crypto(), &dir_err);
	if (work->dir == NULL)
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s", dir_err.text);
	if (!scms_store_status(store_dir_store(work->dir), work->now, engine_crypto(), store_dir_objects(work->dir), &status))
		return operator_fail(&options->common, OPERATOR_ENVIRONMENT, "%s: STORE_UNREADABLE: %s; restore it from a backup", path.text,
				     store_dir_object_error(work->dir));
	if (status.signed_time > work->now + (scms_time64)status.skew_seconds * 1000000) {
		char now[TIME_TEXT_BYTES], newest[TIME_TEXT_BYTES];

		return operator_fail(&options->common, OPERATOR_REFUSED,
				     "CLOCK_BACK (rule G6): the clock says %s, and the trust store has accepted what was signed on %s; set the clock "
				     "right",
				     time_text(&work->leaps, work->now, now), time_text(&work->leaps, status.signed_time, newest));
	}
	return OPERATOR_DONE;
}

void motion_end(struct motion_work *work)
{
	store_dir_close(work->dir);
	workspace_close(&work->workspace);
}

struct scms_store *motion_store(const struct motion_work *work)
{
	return store_dir_store(work->dir);
}

struct trust_env motion_env(const struct motion_work *work)
{
	return (struct trust_env){engine_crypto(), store_dir_objects(work->dir)};
}

int motion_fail(const struct motion_work *work, const struct motion_error *err)
{
	return operator_fail(&work->options->common, OPERATOR_REFUSED, "%s", err->text);
}

int motion_journal(const struct motion_work *work, const char *what, const char *why, const struct journal_file *files, size_t count,
		   json_t *details)
{
	struct journal_entry entry = {.now = work->now,
				      .who = work->options->by,
				      .what = what,
				      .why = why,
				      .files = files,
				      .file_count = count,
				      .details = details};
	struct workspace_error err;
	bool good = workspace_journal(&work->workspace, &entry, &err);

	json_decref(details);
	return good ? OPERATOR_DONE : operator_fail(&work->options->common, OPERATOR_ENVIRONMENT, "%s", err.text);
}

bool motion_tally(const struct motion_work *work, const struct motion_dir *motion, struct motion_tally *tally)
{
	const struct proposal *proposal = &motion->proposal;
	struct bytes ballot;
	struct motion_error err;
	bool good;

	*tally = (struct motion_tally){.fixed = SCMS_APPLIED, .quorum = outlook_of(motion_store(work), work->now).quorum};
	if (motion->vote_count == 0)
		return true;
	if (!ballot_make(proposal->form, proposal->certificate, motion->votes, motion->vote_count, &ballot, &err)) {
		operator_fail(&work->options->common, 0, "%s: %s", motion->id, err.text);
		return false;
	}
	good = motion_count(motion_store(work), motion_env(work), work->now, proposal->form, proposal->motion, bytes_view(&ballot), tally);
	bytes_free(&ballot);
	if (!good)
		operator_fail(&work->options->common, 0, "%s: the crypto engine failed", motion->id);
	return good;
}

bool motion_has_vote(const struct motion_tally *tally, const uint8_t elector[32])
{
	for (size_t k = 0; k < tally->vote_count; k++)
		if (tally->votes[k].reason == SCMS_COUNTED && memcmp(tally->votes[k].elector, elector, 32) == 0)
			return true;
	return false;
}

void motion_each(const struct motion_work *work, bool (*each)(void *ctx, const struct motion_dir *motion), void *ctx)
{
	struct motion_dir *motion = calloc(1, sizeof(*motion));
	char **names = NULL;
	size_t count = 0;
	bool more = motion != NULL;

	if (!workspace_names(&work->workspace, WORKSPACE_MOTIONS, &names, &count))
		operator_fail(&work->options->common, 0, "%s/%s: cannot be read", work->workspace.path, WORKSPACE_MOTIONS);
	for (size_t k = 0; k < count && more; k++) {
		struct motion_error err;

		if (motion_dir_read(motion, &work->workspace, names[k], engine_crypto(), &err))
			more = each(ctx, motion);
		else
			operator_fail(&work->options->common, 0, "%s", err.text);
		motion_dir_free(motion);
	}
	workspace_names_free(names, count);
	free(motion);
}

struct latent {
	const struct motion_work *work;
	const uint8_t *elector;
	struct findings *findings;
};

static bool latent_one(void *ctx, const struct motion_dir *motion)
{
	struct latent *latent = ctx;
	struct motion_tally *tally;
	bool own;

	if (motion->state == MOTION_RELEASED || motion->vote_count == 0 ||
	    memcmp(motion->proposal.subject.hash256, latent->elector, 32) == 0)
		return true;
	tally = calloc(1, sizeof(*tally));
	if (tally == NULL)
		return false;
	if (motion_tally(latent->work, motion, tally) && tally->fixed == SCMS_APPLIED && tally->counted > 0) {
		own = motion_has_vote(tally, latent->elector);
		if (!own && tally->counted + 1 >= tally->quorum)
			finding_add(latent->findings, FINDING_WARNING, "LATENT",
				    "%s (%s) has %u votes: this elector's key in the wrong hands would complete it (rule H10)", motion->id,
				    motion_state_name(motion->state), tally->counted);
	}
	free(tally);
	return true;
}

void motion_latent(const struct motion_work *work, const uint8_t elector[32], struct findings *findings)
{
	struct latent latent = {work, elector, findings};

	motion_each(work, latent_one, &latent);
}
