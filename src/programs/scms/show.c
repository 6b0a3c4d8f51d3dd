/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms show: what is in a file.
 */
#include "show.h"

#include "commands.h"
#include "report.h"
#include "service/engine.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_JSON = 256, OPTION_HEX, OPTION_ALL };

enum form { FORM_TEXT, FORM_JSON, FORM_HEX };

struct options {
	const char *type;
	enum form form;
	bool all;
	size_t limit;
	char **files;
	size_t count;
};

static size_t parse_limit(const char *arg, const struct argp_state *state)
{
	char *end;
	unsigned long mebibytes = strtoul(arg, &end, 10);

	if (arg[0] < '0' || arg[0] > '9' || *end || mebibytes == 0 || mebibytes > 4096)
		argp_error(state, "--limit: expected 1 to 4096 MiB, found '%s'", arg);
	return (size_t)mebibytes << 20;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 't':
		options->type = arg;
		if (!detect_exists(arg))
			argp_error(state, "no type or message '%s'; `scms types` lists them", arg);
		break;
	case OPTION_JSON:
	case OPTION_HEX:
		if (options->form != FORM_TEXT)
			argp_error(state, "--json or --hex, one of them and once");
		options->form = key == OPTION_JSON ? FORM_JSON : FORM_HEX;
		break;
	case OPTION_ALL:
		options->all = true;
		break;
	case 'l':
		options->limit = parse_limit(arg, state);
		break;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->count = (size_t)(state->argc - state->next);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a file is missing");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool find_type(const struct options *options, struct scms_slice bytes, struct detected *found,
		      struct oer_error *err)
{
	return options->type ? detect_as(options->type, bytes, found, err) : detect(bytes, found, err);
}

/* So that signers are known in whatever order the files come. What is wrong with a file is said when it is shown. */
static bool collect(const struct options *options, struct known *known, const char *file)
{
	struct scms_slice bytes;
	struct detected found;
	struct oer_error err;
	bool good = true;

	if (file_read(file, options->limit, &bytes, NULL) != FILE_OK)
		return true;
	if (find_type(options, bytes, &found, &err))
		good = known_collect(known, file, found.type, bytes, OER_DEPTH_DEFAULT);
	free((void *)(uintptr_t)bytes.p);
	return good;
}

static bool show_found(const struct options *options, const struct show *show, const char *file,
		       const struct detected *found, struct scms_slice bytes)
{
	if (options->form == FORM_JSON) {
		if (show_json(found, bytes))
			return true;
		report("show", file, "cannot be written as JSON");
		return false;
	}
	printf("%s: %s, %zu bytes\n", file,
	       options->type && found->envelope ? found->envelope->name : found->type->name, bytes.n);
	if (options->form == FORM_HEX)
		show_hex(found, bytes);
	else
		show_text(show, found, bytes);
	return true;
}

static bool show_file(const struct options *options, const struct show *show, const char *file)
{
	struct scms_slice bytes;
	struct detected found;
	struct oer_error err = {0};
	bool good;

	if (!report_read("show", file, options->limit, &bytes))
		return false;
	good = find_type(options, bytes, &found, &err);
	if (good)
		good = show_found(options, show, file, &found, bytes);
	else if (options->type)
		report_oer("show", file, &err);
	else
		report("show", file,
		       "is of no type that is known here; as the one that fits best: offset %zu: %s: %s: expected %s, "
		       "found %s",
		       err.offset, err.path, oer_status_text(err.status), err.expected, err.found);
	free((void *)(uintptr_t)bytes.p);
	return good;
}

static const struct argp_option rows[] = {
    {"type", 't', "TYPE", 0,
     "Read as this type or message, one of `scms types`; default: the file's own, found by trying", 0},
    {"json", OPTION_JSON, NULL, 0, "Write JSON that `scms encode` takes back", 0},
    {"hex", OPTION_HEX, NULL, 0, "Write offset, bytes and path of every field", 0},
    {"all", OPTION_ALL, NULL, 0, "Show all elements of long lists, not only the first 20", 0},
    {"limit", 'l', "MIB", 0, "Refuse longer files unread; default: 64", 0},
    {0},
};

static const struct argp argp = {
    rows,
    parse,
    "FILE...",
    "Show certificates, signed data, ballots, chain files, policies, CRLs and every other message of an SCMS in words. "
    "Signers and issuers are named, and their signatures checked, where their certificates are among the files. "
    "Nothing "
    "here says whom to trust: that is `scms store`.\v"
    "Times are UTC; in the files they are TAI, converted by the system's list of leap seconds.\n\n"
    "Example:\n  scms show ballot.oer elector-*.oer\n",
    NULL,
    NULL,
    NULL,
};

int cmd_show(int argc, char **argv)
{
	static char name[] = "scms show";
	struct options options = {.limit = FILE_LIMIT_DEFAULT};
	struct show show = {0};
	bool good = true;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.form == FORM_TEXT) {
		leap_load(&show.leap, LEAP_FILE);
		show.all = options.all;
		show.known.crypto = engine_crypto();
		for (size_t i = 0; good && i < options.count; i++)
			good = collect(&options, &show.known, options.files[i]);
		if (!good)
			report("show", NULL, "no memory for the certificates in the files");
	}
	for (size_t i = 0; i < options.count; i++)
		good = show_file(&options, &show, options.files[i]) && good;
	known_free(&show.known);
	return report_flush("show") && good ? 0 : EXIT_REFUSED;
}
