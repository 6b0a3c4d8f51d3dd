/* SPDX-License-Identifier: Apache-2.0 */
#include "service/engine.h"
#include "store_command.h"

#include <stdlib.h>

static const struct argp_option rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, STORE_ROWS_FILES, STORE_ROW_CERT, {0}};

static const char doc[] =
    "Carry out one session: judge the files under the store, and change it by what they prove.\v"
    "The report is written as JSON to standard output and in words to standard error.\n\n"
    "Example:\n  scms store apply --state st --policy lpf.oer --chain lccf.oer --crl crl.oer\n\n"
    "Exit code: 0 carried out (also with refused ballots), 1 a file could not be used at all, 2 usage, 3 the store cannot be "
    "read or written, or the clock is behind (the store is then as it was).";

/* Makes the outcome durable; the exit code. */
static int keep(struct store_dir *dir, const struct session_files *files, scms_time64 now, struct session_report *report,
		const struct scms_session_result *result)
{
	uint64_t counter = store_dir_counter(dir) + (result->changed ? 1 : 0);
	json_t *json = session_report_json(report, result);
	char *line = session_log_line(&files->session, &files->limits, now, counter, report, result, engine_crypto());
	enum store_dir_status status;
	struct store_dir_error err;

	status = result->changed ? store_dir_commit(dir, line, &err) : store_dir_log(dir, line, &err);
	free(line);
	if (status != STORE_DIR_OK) {
		json_decref(json);
		return store_failed("apply", &err);
	}
	session_report_words(report, result, stderr);
	store_print(json);
	return result->refused ? STORE_EXIT_REFUSED : STORE_EXIT_DONE;
}

int store_apply(int argc, char **argv)
{
	struct store_options options;
	struct session_report *report = NULL;
	struct scms_session_result result;
	struct session_files files = {0};
	int code = STORE_EXIT_STORE;
	struct scms_store_status status;
	struct store_dir_error err;
	struct store_dir *dir;
	scms_time64 now;

	store_parse(argc, argv, "store apply", rows, "", doc, &options, NULL, 0, NULL);
	now = store_now(&options);
	dir = store_dir_open(options.state, STORE_DIR_CHANGE, engine_crypto(), &err);
	if (dir == NULL)
		return store_failed("apply", &err);
	if (store_dir_damaged(dir))
		fprintf(stderr, "scms store apply: %s: the newest slot is damaged; going on from the state before it\n", options.state);
	if (!scms_store_status(store_dir_store(dir), now, engine_crypto(), store_dir_objects(dir), &status)) {
		fprintf(stderr, "scms store apply: %s: STORE_UNREADABLE: %s; restore the directory from a backup\n", options.state,
			store_dir_object_error(dir));
		goto out;
	}
	if (!session_read("apply", &options, &status.limits, &files)) {
		code = STORE_EXIT_REFUSED;
		goto out;
	}
	report = session_report_new(store_dir_store(dir), now);
	if (report == NULL)
		goto out;
	result = session_apply("apply", options.state, dir, &files, now, report);
	if (result.status == SCMS_SESSION_DONE)
		code = keep(dir, &files, now, report, &result);
out:
	session_report_free(report);
	session_free(&files);
	store_dir_close(dir);
	return code;
}
