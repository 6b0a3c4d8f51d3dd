/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_command.h: what the sub-commands of `scms store` share.
 *
 * init, apply, check and dump are the four commands of the conformance protocol (conformance/README.md): one JSON object on
 * standard output, words for people on standard error, and these exit codes.
 */
#ifndef PROGRAMS_STORE_COMMAND_H
#define PROGRAMS_STORE_COMMAND_H

#include "components/session_report.h"
#include "service/store_dir.h"

#include <argp.h>

enum store_exit {
	STORE_EXIT_DONE = 0,
	STORE_EXIT_REFUSED = 1, /* a file could not be used; a certificate is not valid */
	STORE_EXIT_USAGE = 2,
	STORE_EXIT_STORE = 3, /* the store cannot be read or written, or the clock is behind */
};

/* Options of all sub-commands; each takes those that it names in its table. */
#define STORE_FILES_MAX 64

struct store_options {
	const char *state;
	const char *config;
	bool has_now;
	scms_time64 now;
	const char *policy, *crl, *chain, *history;
	const char *own[STORE_FILES_MAX];
	size_t own_count;
	const char *certificates[STORE_FILES_MAX];
	size_t certificate_count;
	bool json;
};

enum store_option {
	STORE_OPTION_STATE = 256,
	STORE_OPTION_CONFIG,
	STORE_OPTION_NOW,
	STORE_OPTION_POLICY,
	STORE_OPTION_CRL,
	STORE_OPTION_CHAIN,
	STORE_OPTION_HISTORY,
	STORE_OPTION_OWN,
	STORE_OPTION_CERT,
	STORE_OPTION_JSON,
};

/* Rows of an argp table. */
#define STORE_ROW_STATE {"state", STORE_OPTION_STATE, "DIR", 0, "Directory of the trust store", 0}
#define STORE_ROW_NOW                                                                                                  \
	{"now", STORE_OPTION_NOW, "T", 0,                                                                              \
	 "Judge as of this time: Time64, microseconds since 2004-01-01T00:00:00 UTC (TAI). Default: this machine's clock", 0}
#define STORE_ROWS_FILES                                                                                               \
	{"policy", STORE_OPTION_POLICY, "FILE", 0, "A SignedGlobalPolicyFile or SignedLocalPolicyFile", 0},           \
	    {"crl", STORE_OPTION_CRL, "FILE", 0, "A CompositeCrl", 0},                                                 \
	    {"chain", STORE_OPTION_CHAIN, "FILE", 0, "A chain file: GCCF or LCCF", 0},                                 \
	    {"history", STORE_OPTION_HISTORY, "FILE", 0, "A BallotHistory", 0},                                        \
	    {"own", STORE_OPTION_OWN, "FILE", 0, "A certificate of the holder; may be given again", 0}
#define STORE_ROW_CERT {"cert", STORE_OPTION_CERT, "FILE", 0, "A certificate; may be given again", 0}
#define STORE_ROW_JSON {"json", STORE_OPTION_JSON, NULL, 0, "Write JSON", 0}

/*
 * Parses a sub-command's arguments; what argp refuses ends the process with exit code 2. rest receives the arguments that
 * are no options (rest_max at most; more is a usage error). name is "store apply", for messages.
 */
void store_parse(int argc, char **argv, const char *name, const struct argp_option *rows, const char *args_doc,
		 const char *doc, struct store_options *options, char **rest, size_t rest_max, size_t *rest_count);

/* The time to judge as of: --now, or the clock. */
scms_time64 store_now(const struct store_options *options);

/* Writes one JSON object and a newline to standard output, and lets go of it. */
void store_print(json_t *object);

/* Says on standard error why a store cannot be used, and gives the exit code. */
int store_failed(const char *command, const struct store_dir_error *err);

/* ---- sessions ---- */

struct session_files {
	struct scms_session session;
	struct scms_limits limits; /* a file above its limit has a length, and no bytes that may be looked at */
	struct scms_slice own[STORE_FILES_MAX];
	struct scms_slice certificates[STORE_FILES_MAX];
};

/* Reads a session's files, each within its limit and one byte (so that the library sees that it is too long). False: one
 * cannot be read; said on standard error. */
bool session_read(const char *command, const struct store_options *options, const struct scms_limits *limits,
		  struct session_files *files);
void session_free(struct session_files *files);

/* Runs one session on an open store: work memory, apply, and what failed said on standard error. */
struct scms_session_result session_apply(const char *command, const char *path, struct store_dir *dir,
					 const struct session_files *files, scms_time64 now, struct session_report *report);

/* ---- sub-commands ---- */

int store_init(int argc, char **argv);
int store_apply(int argc, char **argv);
int store_check(int argc, char **argv);
int store_dump(int argc, char **argv);
int store_show(int argc, char **argv);
int store_explain(int argc, char **argv);
int store_log(int argc, char **argv);
int store_forecast(int argc, char **argv);

#endif
