/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms store explain, log: what a file would do, and what files have done.
 */
#include "base/file.h"
#include "base/leap.h"
#include "service/engine.h"
#include "store_command.h"
#include "trust/chain_file.h"
#include "trust/crl_file.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option explain_rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, STORE_ROW_JSON, {0}};
static const struct argp_option log_rows[] = {STORE_ROW_STATE, STORE_ROW_JSON, {0}};

static const char explain_doc[] =
    "What would these files do to the store, vote by vote? Nothing is changed.\v"
    "What a file is (policy, composite CRL, chain file, ballot history) is found out by itself.\n\n"
    "Example:\n  scms store explain --state store lccf.oer crl.oer\n\n"
    "Exit code: 0 judged, 1 a file could not be used at all, 2 usage, 3 the store cannot be read, or the clock is behind.";

static const char log_doc[] = "Every session of the store: when, which files (by SHA-256), what it changed.\v"
			      "Example:\n  scms store log --state store\n\n"
			      "Exit code: 0, 2 usage, 3 the log cannot be read.";

/* Which file of a session is this? NULL: none that a session takes. */
static struct scms_slice *place_of(struct session_files *files, struct scms_slice bytes)
{
	struct BallotHistory history;
	struct chain_file chain;
	struct crl_file crl;

	if (chain_file_read(&chain, bytes, NULL) == OER_OK)
		return &files->session.chain;
	if (crl_file_read(&crl, bytes, NULL) == OER_OK)
		return &files->session.crl;
	if (oer_decode(&oer_BallotHistory, bytes, OER_DEPTH_DEFAULT, &history, NULL) == OER_OK)
		return &files->session.history;
	if (oer_decode(&oer_Ieee1609Dot2Data, bytes, OER_DEPTH_DEFAULT, NULL, NULL) == OER_OK)
		return &files->session.policy;
	return NULL;
}

static bool take(const char *path, struct session_files *files)
{
	struct scms_slice bytes, *place;
	struct file_error err;

	if (file_read(path, FILE_LIMIT_DEFAULT, &bytes, &err) != FILE_OK) {
		fprintf(stderr, "scms store explain: %s: %s\n", path, err.text);
		return false;
	}
	place = place_of(files, bytes);
	if (place == NULL || place->p != NULL) {
		fprintf(stderr, "scms store explain: %s: %s\n", path,
			place == NULL ? "not a policy file, composite CRL, chain file or ballot history"
				      : "a second file of its kind; a session has one of each");
		free((void *)(uintptr_t)bytes.p);
		return false;
	}
	*place = bytes;
	return true;
}

/* Objects that a judgement makes are thrown away: nothing of the store is touched. */
static bool put_nowhere(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	(void)ctx;
	(void)digest;
	(void)parts;
	(void)n;
	return true;
}

static int judge(struct store_dir *dir, const struct session_files *files, scms_time64 now, bool json)
{
	struct scms_objects objects = *store_dir_objects(dir);
	struct session_report *report = session_report_new(store_dir_store(dir), now);
	size_t size = scms_session_work_size(store_dir_store(dir), &files->session);
	struct scms_session_result result;
	int code = STORE_EXIT_STORE;
	void *work = malloc(size);

	if (work == NULL || report == NULL) {
		fprintf(stderr, "scms store explain: out of memory\n");
		goto out;
	}
	objects.put = put_nowhere;
	result = scms_store_apply(store_dir_store(dir), &files->session, now, engine_crypto(), &objects, work, size,
				  session_report_table(report));
	if (result.status == SCMS_SESSION_CLOCK_BACK)
		fprintf(stderr, "scms store explain: CLOCK_BACK: the clock is behind a time that was signed and accepted before\n");
	else if (result.status != SCMS_SESSION_DONE)
		fprintf(stderr, "scms store explain: the session could not be judged: %s\n", store_dir_object_error(dir));
	if (result.status == SCMS_SESSION_DONE) {
		json_t *object = session_report_json(report, &result);

		if (json)
			store_print(object);
		else {
			session_report_words(report, &result, stdout);
			json_decref(object);
		}
		code = result.refused ? STORE_EXIT_REFUSED : STORE_EXIT_DONE;
	}
out:
	free(work);
	session_report_free(report);
	return code;
}

int store_explain(int argc, char **argv)
{
	char *paths[STORE_FILES_MAX];
	struct store_options options;
	struct session_files files = {0};
	int code = STORE_EXIT_REFUSED;
	struct store_dir_error err;
	struct store_dir *dir;
	size_t n;

	store_parse(argc, argv, "store explain", explain_rows, "FILE...", explain_doc, &options, paths, STORE_FILES_MAX, &n);
	if (n == 0) {
		fprintf(stderr, "scms store explain: FILE is missing\n");
		return STORE_EXIT_USAGE;
	}
	dir = store_dir_open(options.state, STORE_DIR_READ, engine_crypto(), &err);
	if (dir == NULL)
		return store_failed("explain", &err);
	for (size_t k = 0; k < n; k++)
		if (!take(paths[k], &files))
			goto out;
	code = judge(dir, &files, store_now(&options), options.json);
out:
	session_free(&files);
	store_dir_close(dir);
	return code;
}

/* ---- log ---- */

static void log_words(const json_t *entry, const struct leap_table *leaps)
{
	const json_t *report = json_object_get(entry, "report"), *file, *ballot;
	char text[TIME_TEXT_BYTES];
	size_t k;

	printf("%s  state %lld%s\n", time_text(leaps, (scms_time64)json_integer_value(json_object_get(entry, "now")), text),
	       (long long)json_integer_value(json_object_get(entry, "counter")),
	       json_is_true(json_object_get(report, "changed")) ? "" : ", unchanged");
	json_array_foreach(json_object_get(entry, "files"), k, file)
		printf("  %-8s %s\n", json_string_value(json_object_get(file, "file")),
		       json_string_value(json_object_get(file, "sha256")));
	json_array_foreach(json_object_get(report, "ballots"), k, ballot)
		printf("  %s %.16s...: %s\n", json_string_value(json_object_get(ballot, "motion")),
		       json_string_value(json_object_get(ballot, "subject")), json_string_value(json_object_get(ballot, "outcome")));
}

int store_log(int argc, char **argv)
{
	struct store_options options;
	struct leap_table leaps;
	char *line = NULL, path[4096];
	int code = STORE_EXIT_DONE;
	size_t room = 0, number = 0;
	FILE *file;

	store_parse(argc, argv, "store log", log_rows, "", log_doc, &options, NULL, 0, NULL);
	leap_load(&leaps, LEAP_FILE);
	snprintf(path, sizeof(path), "%s/log", options.state);
	file = fopen(path, "re");
	if (file == NULL) {
		fprintf(stderr, "scms store log: %s: %m\n", path);
		return STORE_EXIT_STORE;
	}
	while (getline(&line, &room, file) > 0) {
		json_error_t err;
		json_t *entry = json_loads(line, JSON_REJECT_DUPLICATES, &err);

		number++;
		if (entry == NULL) {
			/* A line cut short by a loss of power is not the store's loss. */
			fprintf(stderr, "scms store log: %s:%zu: not a whole entry: %s\n", path, number, err.text);
			code = STORE_EXIT_STORE;
			continue;
		}
		if (options.json)
			fputs(line, stdout);
		else
			log_words(entry, &leaps);
		json_decref(entry);
	}
	free(line);
	fclose(file);
	return code;
}
