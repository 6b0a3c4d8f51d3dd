/* SPDX-License-Identifier: Apache-2.0 */
#include "operator.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_WORKSPACE = 1000, OPTION_NOW, OPTION_JSON, OPTION_SECRET };

static const struct argp_option rows[] = {
    {"workspace", OPTION_WORKSPACE, "DIR", 0, "The workspace. Default: $SCMS_WORKSPACE, else .", 0},
    {"now", OPTION_NOW, "T", 0,
     "Act as of this time: 2026-11-25T12:00:00Z, or Time64 in decimal. Default: this machine's clock", 0},
    {"json", OPTION_JSON, NULL, 0, "Write JSON", 0},
    {"secret", OPTION_SECRET, "SOURCE", 0,
     "Where pass phrases and PINs come from: prompt, file:PATH or fd:N. Default: as configured", 0},
    {0}};

static const struct leap_table *leaps(void)
{
	static struct leap_table table;

	if (table.n == 0)
		leap_load(&table, LEAP_FILE);
	return &table;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct operator_options *options = state->input;

	switch (key) {
	case OPTION_WORKSPACE:
		options->workspace = arg;
		break;
	case OPTION_NOW:
		if (!operator_time_parse(arg, &options->now))
			argp_error(state, "--now: expected " TIME_PARSE_WANTS ", found '%s'", arg);
		options->has_now = true;
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	case OPTION_SECRET:
		if (!secret_source_parse(arg, &options->secret))
			argp_error(state, "--secret: expected prompt, file:PATH or fd:N, found '%s'", arg);
		options->has_secret = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp operator_argp = {rows, parse_option, NULL, NULL, NULL, NULL, NULL};

void operator_parse(const struct argp *argp, int argc, char **argv, const char *command, void *input)
{
	static char name[64];

	snprintf(name, sizeof(name), "scms %s", command);
	argv[0] = name;
	argp_err_exit_status = OPERATOR_USAGE;
	argp_parse(argp, argc, argv, 0, NULL, input);
}

void operator_parse_rows(const struct argp_option *own, argp_parser_t parser, const char *args_doc, const char *doc, int argc,
			 char **argv, const char *command, void *input)
{
	/* argp's help loses the memory of an empty table. */
	const struct argp argp = {own != NULL && own[0].name != NULL ? own : NULL, parser, args_doc, doc, OPERATOR_CHILDREN, NULL, NULL};

	operator_parse(&argp, argc, argv, command, input);
}

error_t operator_key(int key, char *arg, struct argp_state *state, struct operator_options *options, struct operator_args *args)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = options;
		break;
	case ARGP_KEY_ARG:
		if (args->count == args->most)
			argp_error(state, "unexpected argument '%s'", arg);
		args->arg[args->count++] = arg;
		break;
	case ARGP_KEY_END:
		if (args->count < args->least)
			argp_error(state, "expected %s", state->root_argp->args_doc);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

bool operator_time_parse(const char *text, scms_time64 *time)
{
	return time_parse(leaps(), text, time);
}

scms_time64 operator_now(const struct operator_options *options)
{
	return options->has_now ? options->now : clock_now();
}

const struct secret_source *operator_secret(const struct operator_options *options)
{
	return options->has_secret ? &options->secret : NULL;
}

int operator_open(const struct operator_options *options, enum workspace_use use, struct workspace *workspace)
{
	const char *path = options->workspace != NULL ? options->workspace : getenv("SCMS_WORKSPACE");
	struct workspace_error err;
	enum workspace_status status = workspace_open(workspace, path != NULL ? path : ".", use, &err);

	if (status == WORKSPACE_OK)
		return OPERATOR_DONE;
	return operator_fail(options, status == WORKSPACE_MALFORMED ? OPERATOR_REFUSED : OPERATOR_ENVIRONMENT, "%s",
			     err.text);
}

int operator_fail(const struct operator_options *options, int code, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "scms %s: ", options->command);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return code;
}

int operator_home_failed(const struct operator_options *options, const struct home_error *err)
{
	bool outside = err->status == HOME_IO || err->status == HOME_BUSY || err->status == HOME_KEY;

	return operator_fail(options, outside ? OPERATOR_ENVIRONMENT : OPERATOR_REFUSED, "%s", err->text);
}

int operator_key_failed(const struct operator_options *options, const struct key_error *err)
{
	bool inside = err->status == KEY_VALUE || err->status == KEY_MISMATCH || err->status == KEY_MALFORMED ||
		      err->status == KEY_POINT || err->status == KEY_CURVE;

	return operator_fail(options, inside ? OPERATOR_REFUSED : OPERATOR_ENVIRONMENT, "%s", err->text);
}

void operator_json(const struct operator_options *options, json_t *object)
{
	if (options->json) {
		json_dumpf(object, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
		putchar('\n');
	}
	json_decref(object);
}

const char *operator_time(scms_time64 time, char text[TIME_TEXT_BYTES])
{
	return time_text(leaps(), time, text);
}

const char *operator_hex(const uint8_t *bytes, size_t n, bool apart, char text[160])
{
	char *to = text;

	for (size_t k = 0; k < n && k < 64; k++)
		to += sprintf(to, "%s%02x", apart && k > 0 && k % 4 == 0 ? ":" : "", bytes[k]);
	*to = '\0';
	return text;
}
