/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next certificates: made and staged while the present ones are in use, and activated at one moment.
 */
#include "component.h"
#include "component_work.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_ALL = 256, OPTION_ISSUER, OPTION_STAGE, OPTION_REQUEST, OPTION_AT, OPTION_DUE };

struct renew {
	struct operator_options options;
	const char *name;
	struct work_order order;
	bool all, stage, due, has_at;
	scms_time64 at;
	size_t depth;         /* --all: how far below the root the present pass is */
	uint8_t new_root[32]; /* --all: identity of the root under which everything is to be */
	json_t *done;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct renew *renew = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &renew->options;
		break;
	case OPTION_ALL:
		renew->all = true;
		break;
	case OPTION_ISSUER:
		renew->order.issuer = arg;
		break;
	case OPTION_STAGE:
		renew->stage = true;
		break;
	case OPTION_REQUEST:
		renew->order.request = true;
		break;
	case OPTION_DUE:
		renew->due = true;
		break;
	case OPTION_AT:
		if (!operator_time_parse(arg, &renew->at))
			argp_error(state, "--at: expected " TIME_PARSE_WANTS ", found '%s'", arg);
		renew->has_at = true;
		break;
	case ARGP_KEY_ARG:
		if (renew->name != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		renew->name = arg;
		break;
	case ARGP_KEY_END:
		if ((renew->name != NULL) + renew->all + renew->due != 1)
			argp_error(state, "a component's NAME, or --all, is needed");
		if (renew->all && renew->order.request)
			argp_error(state, "--request is for one component");
		if (renew->due && renew->has_at)
			argp_error(state, "--due activates what was set before; --at sets it");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* One of the three commands. */
static int run(int argc, char **argv, const char *name, const struct argp_option *rows, const char *doc,
	       int (*act)(struct work *work, struct renew *renew))
{
	struct renew renew = {.options = {.command = name}, .order = {.curve = SCMS_NIST_P256}, .done = json_array()};
	struct work work;
	int code;

	operator_parse_rows(rows, parse_option, "[NAME]", doc, argc, argv, name, &renew);
	code = work_begin(&work, &renew.options, WORKSPACE_CHANGE);
	if (code == OPERATOR_DONE) {
		code = act(&work, &renew);
		work_end(&work);
	}
	if (code == OPERATOR_DONE)
		operator_json(&renew.options, renew.done);
	else
		json_decref(renew.done);
	return code;
}

/* ---- renew ---- */

static int renew_request_out(struct work *work, const struct home *home)
{
	char name[HOME_TEXT_BYTES + 32];
	struct workspace_file file;
	struct file_error refused;

	snprintf(name, sizeof(name), "%s.request.coer", home_settings(home)->name);
	file = workspace_file(&work->workspace, WORKSPACE_REQUESTS, name);
	if (file_write(file.text, 0644, home_identity(home, HOME_STAGED)->request, &refused) != FILE_OK)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, refused.text);
	if (!work->options->json)
		printf("%s: carry %s to its issuer: scms component issue\n", home_settings(home)->name, file.text);
	return OPERATOR_DONE;
}

static int renew_with(struct work *work, struct renew *renew, struct home *home, const struct work_order *order)
{
	const char *name = home_settings(home)->name;
	struct work_made made;
	int code = work_identity_make(work, home, order, &made);
	char why[HOME_TEXT_BYTES + 80];

	if (code == OPERATOR_DONE && order->request)
		code = renew_request_out(work, home);
	snprintf(why, sizeof(why), "%s %s", name, made.hash);
	if (code == OPERATOR_DONE)
		code = work_journal(work, code, "component renew", why, NULL, (struct scms_slice){NULL, 0});
	if (code != OPERATOR_DONE)
		return code;
	json_array_append_new(renew->done, json_pack("{s:s, s:s}", "name", name, "hash", made.hash));
	if (!work->options->json && !order->request)
		printf("%s: staged, certificate %s\n", name, made.hash);
	return OPERATOR_DONE;
}

static int renew_one(struct work *work, struct renew *renew)
{
	int code = OPERATOR_DONE;
	struct home *home = work_home(work, renew->name, &code);
	const struct home_identity *active = home != NULL ? home_identity(home, HOME_ACTIVE) : NULL;
	struct work_order order = renew->order;
	char *issuer = NULL;
	bool changed;

	if (home == NULL)
		return code;
	if (active == NULL) {
		code =
		    operator_fail(work->options, OPERATOR_REFUSED, "%s: has no certificate to be renewed", renew->name);
	} else if (active->issuer_count == 0) {
		code = operator_fail(
		    work->options, OPERATOR_REFUSED,
		    "%s: a new %s is another one: create it, and let the electors vote on it (scms motion propose)",
		    renew->name, role_title(home_settings(home)->role));
	} else if (order.issuer == NULL && !order.request) {
		order.issuer = issuer = work_holder(work, &active->issuer[0]);
		if (issuer == NULL)
			code = operator_fail(
			    work->options, OPERATOR_REFUSED,
			    "%s: its issuer is not in this workspace; name another with --issuer, or make a --request",
			    renew->name);
	}
	if (code == OPERATOR_DONE)
		code = renew_with(work, renew, home, &order);
	if (code == OPERATOR_DONE && !renew->stage && !order.request) {
		struct home_error err;

		code = home_set_activation(home, work->now, &err) == HOME_OK
			   ? work_activate(work, home, &changed)
			   : operator_home_failed(work->options, &err);
		if (code == OPERATOR_DONE && !work->options->json)
			printf("%s: active\n", renew->name);
	}
	free(issuer);
	home_close(home);
	return code;
}

/* Is what is staged under the new root already? Then an earlier run was interrupted after it. */
static bool is_done(const struct renew *renew, const struct home *home)
{
	const struct home_identity *staged = home_identity(home, HOME_STAGED);

	return staged != NULL && staged->certificate.n > 0 && staged->issuer_count > 0 &&
	       memcmp(staged->issuer[staged->issuer_count - 1].hash256, renew->new_root, 32) == 0;
}

static int renew_in_pass(void *ctx, struct work *work, struct home *home)
{
	struct renew *renew = ctx;
	const struct home_identity *active = home_identity(home, HOME_ACTIVE);
	struct work_order order = {.curve = SCMS_NIST_P256, .issuer = renew->order.issuer};
	char *issuer = NULL;
	int code = OPERATOR_DONE;

	if (active == NULL || active->issuer_count != renew->depth || workspace_is_revoked(&work->workspace, &active->cert))
		return OPERATOR_DONE;
	if (is_done(renew, home)) {
		if (!work->options->json)
			printf("%s: staged already\n", home_settings(home)->name);
		return OPERATOR_DONE;
	}
	if (renew->depth > 1) {
		order.issuer = issuer = work_holder(work, &active->issuer[0]);
		order.issuer_slot = HOME_STAGED;
		if (issuer == NULL)
			code = operator_fail(work->options, OPERATOR_REFUSED,
					     "%s: its issuer is not in this workspace; renew it with --request",
					     home_settings(home)->name);
	}
	if (code == OPERATOR_DONE)
		code = renew_with(work, renew, home, &order);
	free(issuer);
	return code;
}

/* The root under which everything is to be: --issuer, or the one that all are under. */
static int find_root(struct work *work, struct renew *renew, struct work_issuer *root)
{
	int code = work_issuer_open(work, PROFILE_PG, renew->order.issuer, HOME_ACTIVE, root);

	if (code == OPERATOR_DONE) {
		memcpy(renew->new_root, root->identity->cert.hash256, 32);
		renew->order.issuer = home_settings(root->home)->name;
	}
	return code;
}

static int renew_all(struct work *work, struct renew *renew)
{
	struct work_issuer root;
	int code;

	if (!renew->stage)
		return operator_fail(work->options, OPERATOR_USAGE,
				     "--all stages; add --stage, and activate all at one moment afterwards");
	code = find_root(work, renew, &root);
	for (renew->depth = 1; code == OPERATOR_DONE && renew->depth < CHAIN_MAX; renew->depth++)
		code = work_each(work, renew_in_pass, renew);
	work_issuer_close(&root);
	return code;
}

static int renew_run(struct work *work, struct renew *renew)
{
	return renew->all ? renew_all(work, renew) : renew_one(work, renew);
}

int component_renew(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"all", OPTION_ALL, NULL, 0, "All components that are not electors, roots or revoked", 0},
	    {"issuer", OPTION_ISSUER, "NAME", 0,
	     "Who issues; with --all the root under which everything is to be. Default: as now", 0},
	    {"stage", OPTION_STAGE, NULL, 0,
	     "Leave it inactive until scms component activate; without it the new certificate is active at once", 0},
	    {"request", OPTION_REQUEST, NULL, 0, "Make keys and a request, to be issued in another workspace", 0},
	    {0}};
	static const char doc[] =
	    "Make the next certificate of a component, or of all, with new keys.\v"
	    "With --all everything is staged under one root, from the top down: what an ICA issues is issued by what "
	    "that ICA has staged. "
	    "A run that was interrupted is taken up where it stopped.\n\n"
	    "Examples:\n  scms component renew pca1\n  scms component renew --all --stage --issuer root2\n"
	    "  scms component activate --all --at 2026-12-01T03:00:00Z\n\n"
	    "Exit code: 0 done, 1 refused, 2 usage, 3 files, token or another operator.";

	return run(argc, argv, "component renew", rows, doc, renew_run);
}

/* ---- activate ---- */

/* Nothing is set before all that are meant can be. */
static int check_staged(void *ctx, struct work *work, struct home *home)
{
	const struct home_identity *staged = home_identity(home, HOME_STAGED);

	(void)ctx;
	if (staged == NULL || staged->certificate.n > 0)
		return OPERATOR_DONE;
	return operator_fail(work->options, OPERATOR_REFUSED, "%s: still waits for its certificate; nothing was set",
			     home_settings(home)->name);
}

static int activate_home(void *ctx, struct work *work, struct home *home)
{
	struct renew *renew = ctx;
	const struct home_identity *staged = home_identity(home, HOME_STAGED);
	const char *name = home_settings(home)->name;
	char text[TIME_TEXT_BYTES];
	struct home_error err;
	bool changed = false;
	int code;

	if (staged == NULL)
		return renew->name == NULL
			   ? OPERATOR_DONE
			   : operator_fail(work->options, OPERATOR_REFUSED, "%s: nothing is staged", name);
	if (!renew->due && home_set_activation(home, renew->at, &err) != HOME_OK)
		return operator_home_failed(work->options, &err);
	code = work_activate(work, home, &changed);
	if (code != OPERATOR_DONE)
		return code;
	if (!work->options->json && changed)
		printf("%s: active\n", name);
	else if (!work->options->json && !renew->due)
		printf("%s: becomes active at %s\n", name, operator_time(renew->at, text));
	json_array_append_new(renew->done, json_pack("{s:s, s:b}", "name", name, "active", changed));
	return OPERATOR_DONE;
}

static int activate_run(struct work *work, struct renew *renew)
{
	char text[TIME_TEXT_BYTES], why[HOME_TEXT_BYTES + 64];
	struct home *home;
	int code = OPERATOR_DONE;

	if (!renew->has_at)
		renew->at = work->now;
	if (renew->name == NULL) {
		if (!renew->due)
			code = work_each(work, check_staged, renew);
		if (code == OPERATOR_DONE)
			code = work_each(work, activate_home, renew);
	} else {
		home = work_home(work, renew->name, &code);
		if (home != NULL)
			code = activate_home(renew, work, home);
		home_close(home);
	}
	snprintf(why, sizeof(why), "%s at %s",
		 renew->name != NULL ? renew->name
		 : renew->due        ? "what is due"
				     : "all",
		 operator_time(renew->at, text));
	if (code == OPERATOR_DONE && json_array_size(renew->done) > 0)
		code = work_journal(work, code, "component activate", why, NULL, (struct scms_slice){NULL, 0});
	return code;
}

int component_activate(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"all", OPTION_ALL, NULL, 0, "All components that have something staged", 0},
	    {"at", OPTION_AT, "T", 0, "The moment: 2026-12-01T03:00:00Z, or Time64. Default: now", 0},
	    {"due", OPTION_DUE, NULL, 0, "Activate what was set before and whose moment has come", 0},
	    {0}};
	static const char doc[] =
	    "Let the staged certificate of a component, or of all, become the active one at a moment.\v"
	    "A component that runs (scmsd) switches by itself at the moment. Components that do not (root, ICA, what "
	    "lies in a safe) are "
	    "switched by --due when they are next used. The private keys of the certificate before are deleted.\n\n"
	    "Example:\n  scms component activate --all --at 2026-12-01T03:00:00Z\n\n"
	    "Exit code: 0 done, 1 refused, 2 usage, 3 files or another operator.";

	return run(argc, argv, "component activate", rows, doc, activate_run);
}

/* ---- unstage ---- */

static int unstage_home(void *ctx, struct work *work, struct home *home)
{
	struct renew *renew = ctx;
	struct home_error err;

	if (home_identity(home, HOME_STAGED) == NULL)
		return OPERATOR_DONE;
	if (home_unstage(home, &err) != HOME_OK)
		return operator_home_failed(work->options, &err);
	if (!work->options->json)
		printf("%s: what was staged is thrown away\n", home_settings(home)->name);
	json_array_append_new(renew->done, json_string(home_settings(home)->name));
	return work_journal(work, OPERATOR_DONE, "component unstage", home_settings(home)->name, NULL,
			    (struct scms_slice){NULL, 0});
}

static int unstage_run(struct work *work, struct renew *renew)
{
	struct home *home;
	int code = OPERATOR_DONE;

	if (renew->all)
		return work_each(work, unstage_home, renew);
	home = work_home(work, renew->name, &code);
	if (home != NULL)
		code = unstage_home(renew, work, home);
	home_close(home);
	return code;
}

int component_unstage(int argc, char **argv)
{
	static const struct argp_option rows[] = {{"all", OPTION_ALL, NULL, 0, "All components", 0}, {0}};
	static const char doc[] =
	    "Throw away what a component has staged, its private keys too.\v"
	    "Example:\n  scms component unstage pca1\n\n"
	    "Exit code: 0 done (also where nothing was staged), 1 refused, 2 usage, 3 files or another operator.";

	return run(argc, argv, "component unstage", rows, doc, unstage_run);
}
