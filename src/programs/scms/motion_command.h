/* SPDX-License-Identifier: Apache-2.0 */
/*
 * motion_command.h: what the sub-commands of `scms motion` share.
 */
#ifndef PROGRAMS_MOTION_COMMAND_H
#define PROGRAMS_MOTION_COMMAND_H

#include "operator.h"

#include "components/manager/outlook.h"
#include "components/manager/tally.h"
#include "service/motion_dir.h"
#include "service/store_dir.h"

struct motion_options {
	struct operator_options common;
	const char *reason, *by, *form, *override, *out;
	bool has_time, hold;
	scms_time64 time;
	struct operator_args args;
};

/* Options that sub-commands take; each names those of its own in its rows. */
enum {
	MOTION_OPTION_REASON = 300,
	MOTION_OPTION_BY,
	MOTION_OPTION_FORM,
	MOTION_OPTION_OVERRIDE,
	MOTION_OPTION_OUT,
	MOTION_OPTION_TIME,
	MOTION_OPTION_HOLD,
};

#define MOTION_ROW_REASON {"reason", MOTION_OPTION_REASON, "TEXT", 0, "Why; electors read it, and it is kept", 0}
#define MOTION_ROW_BY {"by", MOTION_OPTION_BY, "NAME", 0, "Who acts, in the journal and for electors. Default: the user's name", 0}
#define MOTION_ROW_OUT {"out", MOTION_OPTION_OUT, "FILE", 0, "Write a copy to this file", 0}
#define MOTION_ROW_OVERRIDE                                                                                            \
	{"override", MOTION_OPTION_OVERRIDE, "TEXT", 0, "Do it in spite of grave consequences, for this reason", 0}

/* A sub-command at work. */
struct motion_work {
	struct motion_options *options;
	struct workspace workspace;
	scms_time64 now;
	struct store_dir *dir; /* the Manager's trust store, for reading */
	struct leap_table leaps;
};

/* Parses; a usage error ends the process. */
void motion_parse(int argc, char **argv, const char *name, const struct argp_option *rows, const char *args_doc, const char *doc,
		  size_t args_least, size_t args_most, struct motion_options *options);

/* Opens workspace and trust store. OPERATOR_DONE or the exit code. To be closed all the same. */
int motion_begin(struct motion_work *work, struct motion_options *options, enum workspace_use use);
void motion_end(struct motion_work *work);

struct scms_store *motion_store(const struct motion_work *work);
struct trust_env motion_env(const struct motion_work *work);

/* Says why; OPERATOR_REFUSED. */
int motion_fail(const struct motion_work *work, const struct motion_error *err);

/* The last step of every change. details is let go of. OPERATOR_DONE or the exit code. */
int motion_journal(const struct motion_work *work, const char *what, const char *why, const struct journal_file *files, size_t count,
		   json_t *details);

/* The votes that a motion has, counted. A motion without votes has none. False: said. */
bool motion_tally(const struct motion_work *work, const struct motion_dir *motion, struct motion_tally *tally);

/* Has this elector a vote that counts? */
bool motion_has_vote(const struct motion_tally *tally, const uint8_t elector[32]);

/* For each motion of the workspace that can be read; those that cannot are said. False from each ends it. */
void motion_each(const struct motion_work *work, bool (*each)(void *ctx, const struct motion_dir *motion), void *ctx);

/* Motions that the elector's key, in the wrong hands, could complete (rule H10), as findings. */
void motion_latent(const struct motion_work *work, const uint8_t elector[32], struct findings *findings);

int motion_propose(int argc, char **argv);
int motion_status(int argc, char **argv);
int motion_collect(int argc, char **argv);
int motion_assemble(int argc, char **argv);
int motion_hold(int argc, char **argv);
int motion_release(int argc, char **argv);
int motion_extend(int argc, char **argv);
int motion_list(int argc, char **argv);
int motion_withdraw(int argc, char **argv);

#endif
