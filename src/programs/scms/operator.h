/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator.h: what the commands on a workspace share: options, exit codes, output.
 */
#ifndef PROGRAMS_OPERATOR_H
#define PROGRAMS_OPERATOR_H

#include "base/leap.h"
#include "service/workspace.h"

#include <argp.h>
#include <jansson.h>

enum operator_exit {
	OPERATOR_DONE = 0,
	OPERATOR_REFUSED = 1, /* what was asked for is wrong, or against a rule */
	OPERATOR_USAGE = 2,
	OPERATOR_ENVIRONMENT = 3, /* files, tokens, disk, another operator */
};

/* --workspace --now --json --secret, of all these commands. */
struct operator_options {
	const char *command; /* "component create", for messages; set by the caller */
	const char *workspace;
	bool has_now;
	scms_time64 now;
	bool json;
	bool has_secret;
	struct secret_source secret;
};

/*
 * The options as a child of a command's own argp: the command names it in its children, and on ARGP_KEY_INIT sets
 * state->child_inputs[0] to a struct operator_options.
 */
extern const struct argp operator_argp;
#define OPERATOR_CHILDREN ((const struct argp_child[]){{&operator_argp, 0, "Of all commands on a workspace:", 10}, {0}})

/* Parses a command's arguments by its argp; what argp refuses ends the process with exit code 2. input is the argp's
 * own. */
void operator_parse(const struct argp *argp, int argc, char **argv, const char *command, void *input);

/* Arguments that are no options: so many at least, so many at most. */
#define OPERATOR_ARGS_MAX 64
struct operator_args {
	const char *arg[OPERATOR_ARGS_MAX];
	size_t count, least, most;
};

/*
 * A command with these rows of its own. parser does its options, and gives any other key to operator_key(), which takes the
 * arguments in and passes on the options of all; rows may be empty.
 */
void operator_parse_rows(const struct argp_option *rows, argp_parser_t parser, const char *args_doc, const char *doc, int argc,
			 char **argv, const char *command, void *input);
error_t operator_key(int key, char *arg, struct argp_state *state, struct operator_options *options, struct operator_args *args);

/* A time given as an option's value, as in --now. */
bool operator_time_parse(const char *text, scms_time64 *time);

/* The time to act at: --now, or the clock. */
scms_time64 operator_now(const struct operator_options *options);

/* The secrets' source, --secret; NULL: as the configuration says. */
const struct secret_source *operator_secret(const struct operator_options *options);

/* Opens the workspace, or says why not. OPERATOR_DONE or the exit code. To be closed with workspace_close() all the
 * same. */
int operator_open(const struct operator_options *options, enum workspace_use use, struct workspace *workspace);

/* Says on standard error what is wrong; gives code back. */
int operator_fail(const struct operator_options *options, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A home's error: the exit code it means. */
int operator_home_failed(const struct operator_options *options, const struct home_error *err);

/* The exit code of a failed use of a key. */
int operator_key_failed(const struct operator_options *options, const struct key_error *err);

/* Writes the result as JSON and lets go of it; does nothing else where --json was not given. */
void operator_json(const struct operator_options *options, json_t *object);

/* "2018-04-26 00:00:00 UTC" */
const char *operator_time(scms_time64 time, char text[TIME_TEXT_BYTES]);

/* Lower-case hex of at most 64 bytes, with a colon after each 4 bytes where `apart`. */
const char *operator_hex(const uint8_t *bytes, size_t n, bool apart, char text[160]);

#endif
