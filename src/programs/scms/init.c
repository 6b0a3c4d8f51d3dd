/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms init: a new workspace.
 */
#include "commands.h"
#include "operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_SYSTEM = 256, OPTION_LEVEL, OPTION_QUORUM, OPTION_CEILING, OPTION_FORM, OPTION_KEYS, OPTION_DOMAIN, OPTION_SECRET };

static const struct argp_option rows[] = {
    {"system", OPTION_SYSTEM, "NAME", 0, "Name of the SCMS, for people. Default: the folder's", 0},
    {"level", OPTION_LEVEL, "LEVEL", 0, "Lifetimes of certificates: poc (default), pilot, production or 1.2.1", 0},
    {"quorum", OPTION_QUORUM, "N", 0,
     "Votes that add or remove an elector or a root: n + 1 of 2n + 1 electors. Default: 2", 0},
    {"ceiling", OPTION_CEILING, "N", 0,
     "The quorum that no policy ever raises above; for devices for good. Default: the electors at the founding, less one", 0},
    {"form", OPTION_FORM, "FORM", 0, "Form of endorsements: 1.2.4 (default) or 1.2.1", 0},
    {"keys", OPTION_KEYS, "WHERE", 0,
     "Where private keys are made: files (default), or a pkcs11: URI of a token with %n (name) or %r (role)", 0},
    {"domain", OPTION_DOMAIN, "NAME", 0, "Host names are COMPONENT.NAME. Default: localhost", 0},
    {"secret", OPTION_SECRET, "SOURCE", 0, "Where pass phrases and PINs come from: prompt (default), file:PATH or fd:N",
     0},
    {0}};

static const char doc[] = "Make a workspace: the folder of an SCMS as its Manager, or whoever issues in it, sees it.\v"
			  "All of this stands in DIR/scms.conf afterwards, with comments, and can be changed there. No "
			  "secret is written anywhere.\n\n"
			  "Example:\n  scms init ws --system example --quorum 2 --ceiling 3\n\n"
			  "Exit code: 0 made, 1 a value was refused, 2 usage, 3 DIR exists or cannot be written.";

struct init {
	struct operator_options options;
	const char *path;
	const char *system;
	struct workspace_settings settings;
};

static void take_text(char to[WORKSPACE_TEXT_BYTES], const char *arg, const char *option, struct argp_state *state)
{
	if (arg[0] == '\0' || strlen(arg) >= WORKSPACE_TEXT_BYTES || strpbrk(arg, "\"\\\n") != NULL)
		argp_error(state, "--%s: expected 1 to %d characters, no quotes, backslashes or line ends", option,
			   WORKSPACE_TEXT_BYTES - 1);
	snprintf(to, WORKSPACE_TEXT_BYTES, "%s", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct init *init = state->input;
	struct secret_source source;
	char *end;
	long number;

	switch (key) {
	case OPTION_SYSTEM:
		init->system = arg;
		break;
	case OPTION_LEVEL:
		if (!profile_level_parse(arg, &init->settings.level))
			argp_error(state, "--level: expected " PROFILE_LEVEL_WORDS ", found '%s'", arg);
		break;
	case OPTION_QUORUM:
		number = strtol(arg, &end, 10);
		if (*end != '\0' || number < 1 || number > 32)
			argp_error(state, "--quorum: expected 1 to 32, found '%s'", arg);
		init->settings.quorum = (uint8_t)number;
		break;
	case OPTION_CEILING:
		number = strtol(arg, &end, 10);
		if (*end != '\0' || number < 1 || number > 32)
			argp_error(state, "--ceiling: expected 1 to 32, found '%s'", arg);
		init->settings.ceiling = (uint8_t)number;
		break;
	case OPTION_FORM:
		init->settings.form_121 = strcmp(arg, "1.2.1") == 0;
		if (!init->settings.form_121 && strcmp(arg, "1.2.4") != 0)
			argp_error(state, "--form: expected 1.2.4 or 1.2.1, found '%s'", arg);
		break;
	case OPTION_KEYS:
		if (strcmp(arg, "files") != 0 && strncmp(arg, "pkcs11:", 7) != 0)
			argp_error(state, "--keys: expected files or a pkcs11: URI, found '%s'", arg);
		take_text(init->settings.keys, arg, "keys", state);
		break;
	case OPTION_DOMAIN:
		take_text(init->settings.domain, arg, "domain", state);
		break;
	case OPTION_SECRET:
		if (!secret_source_parse(arg, &source))
			argp_error(state, "--secret: expected prompt, file:PATH or fd:N, found '%s'", arg);
		take_text(init->settings.secret, arg, "secret", state);
		break;
	case ARGP_KEY_ARG:
		if (init->path != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		init->path = arg;
		break;
	case ARGP_KEY_END:
		if (init->path == NULL)
			argp_error(state, "DIR is missing");
		else if (init->system == NULL)
			init->system = strrchr(init->path, '/') != NULL && strrchr(init->path, '/')[1] != '\0'
					   ? strrchr(init->path, '/') + 1
					   : init->path;
		if (init->settings.ceiling != 0 && init->settings.ceiling < init->settings.quorum)
			argp_error(state, "--ceiling: expected the quorum (%u) or more, found %u", init->settings.quorum, init->settings.ceiling);
		if (init->system != NULL)
			take_text(init->settings.system, init->system, "system", state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int cmd_init(int argc, char **argv)
{
	static const struct argp argp = {rows, parse_option, "DIR", doc, NULL, NULL, NULL};
	struct init init = {.options = {.command = "init"}, .settings = workspace_defaults("scms")};
	struct workspace workspace;
	struct workspace_error err;
	struct journal_entry entry = {.what = "init"};
	bool good;

	operator_parse(&argp, argc, argv, "init", &init);
	if (init.settings.quorum < init.settings.floor)
		init.settings.floor = init.settings.quorum;
	if (workspace_create(init.path, &init.settings, &err) != WORKSPACE_OK)
		return operator_fail(&init.options, OPERATOR_ENVIRONMENT, "%s", err.text);
	entry.now = operator_now(&init.options);
	good = workspace_open(&workspace, init.path, WORKSPACE_CHANGE, &err) == WORKSPACE_OK &&
	       workspace_journal(&workspace, &entry, &err);
	workspace_close(&workspace);
	if (!good)
		return operator_fail(&init.options, OPERATOR_ENVIRONMENT, "%s", err.text);
	printf("%s: made. Read %s/scms.conf; then: scms found --workspace %s\n", init.path, init.path, init.path);
	return OPERATOR_DONE;
}
