/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elector.h: what the commands of scms-elector share.
 *
 * An elector's home is a component's home (service/home.h) with, beside identity and store,
 *
 *   level     "poc", "pilot", "production" or "1.2.1": the profile that candidates are held against
 *   journal   all that was done here, votes signed by the elector (service/journal.h)
 */
#ifndef PROGRAMS_ELECTOR_H
#define PROGRAMS_ELECTOR_H

#include "base/leap.h"
#include "components/authority/profile.h"
#include "components/manager/outlook.h"
#include "service/home.h"
#include "service/journal.h"
#include "service/store_dir.h"

#include <argp.h>

/* Exit codes. */
enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3 };

#define FILES_MAX 64

struct options {
	const char *command; /* "sign" */
	const char *home;
	bool has_now, json, consent;
	scms_time64 now, start;
	const char *secret, *token, *level, *name, *config, *out, *override;
	struct secret_source source;
	enum scms_curve curve;
	const char *files[FILES_MAX]; /* arguments */
	size_t file_count;
	struct leap_table leaps;
};

enum option_key {
	OPTION_HOME = 256,
	OPTION_NOW,
	OPTION_JSON,
	OPTION_SECRET,
	OPTION_TOKEN,
	OPTION_LEVEL,
	OPTION_NAME,
	OPTION_CURVE,
	OPTION_START,
	OPTION_CONFIG,
	OPTION_OUT,
	OPTION_CONSENT,
	OPTION_OVERRIDE,
};

#define ROW_HOME {"home", OPTION_HOME, "DIR", 0, "The elector's home. Default: $SCMS_ELECTOR_HOME, else .", 0}
#define ROW_NOW {"now", OPTION_NOW, "T", 0, "Act as of this time, 2026-11-25T12:00:00Z or Time64. Default: this machine's clock", 0}
#define ROW_JSON {"json", OPTION_JSON, NULL, 0, "Write JSON", 0}
#define ROW_SECRET                                                                                                     \
	{"secret", OPTION_SECRET, "SOURCE", 0, "Where PIN or pass phrase comes from: prompt (default), file:PATH, fd:N", 0}
#define ROW_OUT {"out", OPTION_OUT, "FILE", 0, "Write it to this file", 0}

/* Parses; a usage error ends the process with EXIT_USAGE. */
void elector_parse(int argc, char **argv, const char *command, const struct argp_option *rows, const char *args_doc,
		   const char *doc, size_t files_least, size_t files_most, struct options *options);

/* A line on standard error: "scms-elector sign: ...". Returns code. */
int elector_say(const struct options *options, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* PATH in the home. */
struct elector_path {
	char text[1200];
};
struct elector_path elector_file(const struct options *options, const char *name);

/* Reads a small file, or says why not. To be freed. */
bool elector_read(const struct options *options, const char *path, size_t limit, struct scms_slice *bytes);

/* ---- the elector itself ---- */

struct elector_home {
	const struct options *options;
	struct home *home;
	const struct home_identity *identity;
	enum profile_level level;
	struct journal_summary journal;
	json_t *acts; /* entries of the journal */
};

/*
 * Opens the home: its certificate, and its journal, all of which must be unbroken and no entry of which may be later than
 * now. False: said on standard error, exit code in *code.
 */
bool elector_open(struct elector_home *elector, const struct options *options, int *code);
void elector_close(struct elector_home *elector);

/* Appends to the journal, signed where key is given. False: said. details is let go of. */
bool elector_journal(const struct elector_home *elector, const char *what, const char *why, const struct journal_file *files,
		     size_t file_count, json_t *details, struct private_key *key);

/* ---- judging a proposal ---- */

struct judgement {
	struct scms_slice bytes;
	struct proposal proposal;
	struct store_dir *dir;
	struct simulation *after;
	enum scms_reason outcome;
	struct findings findings;
	char digest[65]; /* of the proposal file */
};

/* Reads a proposal and judges it against the elector's own store. False: said. To be freed, also on failure. */
bool judgement_make(struct judgement *judgement, const struct elector_home *elector, const char *path, int *code);
void judgement_free(struct judgement *judgement);

/* All of it in words, or as JSON. */
void judgement_words(const struct judgement *judgement, const struct elector_home *elector, FILE *to);
json_t *judgement_json(const struct judgement *judgement, const struct elector_home *elector);

/* What the journal's details say of a proposal. */
json_t *judgement_details(const struct judgement *judgement);

void elector_print(json_t *object);

/* ---- commands ---- */

int elector_create(int argc, char **argv);
int elector_init(int argc, char **argv);
int elector_apply(int argc, char **argv);
int elector_inspect(int argc, char **argv);
int elector_sign(int argc, char **argv);
int elector_verify(int argc, char **argv);
int elector_log(int argc, char **argv);

#endif
