/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms bundle: what new devices and components are given in a secure place.
 */
#include "bundle.h"

#include "bundle_make.h"
#include "commands.h"
#include "group.h"
#include "component_work.h"
#include "components/bootstrap_file.h"

#include <stdio.h>
#include <string.h>

struct bundle {
	struct operator_options options;
	const char *folder;
	bool check;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct bundle *bundle = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &bundle->options;
		break;
	case ARGP_KEY_ARG:
		if (bundle->folder != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		bundle->folder = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int make_run(struct bundle *bundle)
{
	struct bundle_made made;
	struct work work;
	int code = work_begin(&work, &bundle->options, WORKSPACE_CHANGE);

	if (code != OPERATOR_DONE)
		return code;
	code = bundle_make(&work, bundle->folder, &made);
	if (code == OPERATOR_DONE)
		code = work_journal(&work, code, "bundle make", made.folder, NULL, (struct scms_slice){NULL, 0});
	if (code == OPERATOR_DONE) {
		if (!bundle->options.json)
			printf("%s: %zu electors, %zu roots, %zu ballots\n", made.folder, made.electors, made.roots,
			       made.ballots);
		operator_json(&bundle->options,
			      json_pack("{s:s, s:i, s:i, s:i}", "folder", made.folder, "electors", (int)made.electors,
					"roots", (int)made.roots, "ballots", (int)made.ballots));
	}
	work_end(&work);
	return code;
}

/* ---- check ---- */

/* Certificates that do not lint, each said. */
static size_t lint_list(const struct bundle *bundle, const struct work *work, const struct scms_slice *list,
			size_t count, enum profile profile, const char *name, json_t *findings)
{
	size_t bad = 0;

	for (size_t k = 0; k < count; k++) {
		struct lint_question question = {
		    .profile = profile, .level = work->workspace.settings.level, .crypto = work->crypto};
		struct cert cert;
		struct lint lint;
		char text[600];

		if (cert_read(&cert, list[k], work->crypto, NULL) != OER_OK)
			continue;
		question.cert = &cert;
		if (lint_certificate(&question, &lint))
			continue;
		bad++;
		lint_text(&lint.finding[0], text, sizeof(text));
		json_array_append_new(findings, json_sprintf("%s[%zu]: %s", name, k, text));
		if (!bundle->options.json)
			operator_fail(&bundle->options, 0, "%s[%zu]: %s", name, k, text);
	}
	return bad;
}

static int check_file(const struct bundle *bundle, const struct work *work, const char *path)
{
	struct bootstrap_file file;
	json_t *findings = json_array();
	char text[512];
	size_t bad = 0;
	bool good = bundle_store_make(path, NULL, NULL, 0, NULL, 0, work->crypto, text, sizeof(text));

	if (good && bootstrap_file_read(&file, path)) {
		bad = lint_list(bundle, work, file.bootstrap.electors, file.bootstrap.elector_count, PROFILE_ELECTOR,
				"electors", findings);
		bad += lint_list(bundle, work, file.bootstrap.roots, file.bootstrap.root_count, PROFILE_ROOT, "roots",
				 findings);
		bad += bundle_numbers_wrong(&file.bootstrap, findings);
		bootstrap_file_free(&file);
	}
	if (!good)
		operator_fail(&bundle->options, 0, "%s", text);
	else if (!bundle->options.json)
		printf("%s: %s%s\n", path, text, bad > 0 ? "; see above" : "; good");
	operator_json(&bundle->options,
		      json_pack("{s:b, s:s, s:o}", "good", good && bad == 0, "text", text, "findings", findings));
	return good && bad == 0 ? OPERATOR_DONE : OPERATOR_REFUSED;
}

static int check_run(struct bundle *bundle)
{
	struct workspace_file file = {.text = ""};
	struct work work;
	int code = work_begin(&work, &bundle->options, WORKSPACE_READ);

	if (code != OPERATOR_DONE)
		return code;
	if (bundle->folder != NULL)
		snprintf(file.text, sizeof(file.text), "%s/bootstrap.json", bundle->folder);
	else
		file = workspace_file(&work.workspace, WORKSPACE_BOOTSTRAP, "bootstrap.json");
	code = check_file(bundle, &work, file.text);
	work_end(&work);
	return code;
}

static int run(int argc, char **argv, const char *command, const char *doc, bool check)
{
	struct argp argp = {NULL, parse_option, "[DIR]", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct bundle bundle = {.options = {.command = command}, .check = check};

	operator_parse(&argp, argc, argv, command, &bundle);
	return check ? check_run(&bundle) : make_run(&bundle);
}

static int make(int argc, char **argv)
{
	static const char doc[] =
	    "Make the bootstrap bundle: electors, roots, the ballots behind them, quorum, floor and ceiling.\v"
	    "Whom the bundle names is whom the Manager's own trust store trusts now; before there is one, the electors "
	    "in electors/. "
	    "DIR/bootstrap.json is the `init --config` file of the conformance protocol; the files that it names are "
	    "beside it. "
	    "Default: bootstrap/ in the workspace.\n\n"
	    "Example:\n  scms bundle make --workspace ws /media/stick/bootstrap\n\n"
	    "Exit code: 0 made, 1 refused (nothing is changed), 2 usage, 3 files or another operator.";

	return run(argc, argv, "bundle make", doc, false);
}

static int check(int argc, char **argv)
{
	static const char doc[] = "Check a bootstrap bundle: make a trust store of it, apply its ballots, lint "
				  "its electors and roots; nothing is kept.\v"
				  "Example:\n  scms bundle check --workspace ws /media/stick/bootstrap\n\n"
				  "Exit code: 0 good, 1 something is wrong, 2 usage, 3 files.";

	return run(argc, argv, "bundle check", doc, true);
}

int cmd_bundle(int argc, char **argv)
{
	static const struct group_command commands[] = {
	    {"make", make, "what new devices and components are given in a secure place"},
	    {"check", check, "is it whole, and does it make a trust store?"},
	};
	static const struct group group =
	    GROUP("scms bundle", "The bootstrap bundle for new devices and components.", commands, "  scms bundle make --workspace ws\n");

	return group_run(&group, argc, argv);
}
