/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms encode: from JSON to canonical OER.
 */
#include "commands.h"
#include "report.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *type, *file, *output;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 't':
		options->type = arg;
		break;
	case 'o':
		options->output = arg;
		break;
	case ARGP_KEY_ARG:
		if (options->file)
			argp_error(state, "one file is expected, found '%s' too", arg);
		options->file = arg;
		break;
	case ARGP_KEY_END:
		if (!options->type)
			argp_error(state, "--type is missing");
		if (!options->file)
			argp_error(state, "the JSON file is missing");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool write_out(const char *output, struct scms_slice bytes)
{
	struct file_error err;

	if (!output) {
		fwrite(bytes.p, 1, bytes.n, stdout);
		return report_flush("encode");
	}
	if (file_write(output, 0644, bytes, &err) == FILE_OK)
		return true;
	report("encode", output, "%s", err.text);
	return false;
}

static int encode(const struct options *options, const struct oer_type *type)
{
	struct scms_slice text, bytes = {NULL, 0};
	struct json_error err;
	bool good;

	if (!report_read("encode", options->file, JSON_TEXT_LIMIT, &text))
		return EXIT_REFUSED;
	good = json_read(type, text, OER_DEPTH_DEFAULT, &bytes, &err);
	if (!good)
		report_json("encode", options->file, &err);
	good = good && write_out(options->output, bytes);
	free((void *)(uintptr_t)bytes.p);
	free((void *)(uintptr_t)text.p);
	return good ? 0 : EXIT_REFUSED;
}

int cmd_encode(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"type", 't', "TYPE", 0, "Type of the value, one of `scms types`", 0},
	    {"output", 'o', "FILE", 0, "File to write or replace; default: standard output", 0},
	    {0},
	};
	static const struct argp argp = {
	    rows,
	    parse,
	    "--type TYPE FILE.json",
	    "Make the canonical OER encoding of a value from its JSON, as `scms show --json` writes it.\v"
	    "Example:\n  scms show --json root.oer > root.json\n  scms encode --type Certificate root.json -o "
	    "root.oer\n",
	    NULL,
	    NULL,
	    NULL};
	static char name[] = "scms encode";
	struct options options = {0};
	const struct oer_entry *entry;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	entry = oer_entry_find(options.type, strlen(options.type));
	if (!entry) {
		report("encode", NULL, "no type '%s'; `scms types` lists them", options.type);
		return EXIT_USAGE;
	}
	if (!options.output && isatty(STDOUT_FILENO)) {
		report("encode", NULL, "the encoding is binary: name a file with --output, or redirect");
		return EXIT_USAGE;
	}
	return encode(&options, entry->type);
}
