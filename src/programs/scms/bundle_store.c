/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle.h"

#include "base/file.h"
#include "components/bootstrap_file.h"
#include "components/session_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct making {
	struct bootstrap_file *file;
	struct store_dir *dir;
	const struct scms_crypto *crypto;
	char *text;
	size_t size;
};

static bool wrong(const struct making *making, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(const struct making *making, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(making->text, making->size, format, list);
	va_end(list);
	return false;
}

static bool read_file(const struct making *making, const char *path, uint32_t limit, struct scms_slice *bytes)
{
	struct file_error err;

	if (path == NULL)
		return true;
	return file_read(path, limit, bytes, &err) == FILE_OK || wrong(making, "%s: %s", path, err.text);
}

/* The first ballot, policy or file that was not taken, in words; empty if all were. */
static void refusal_words(const json_t *report, char text[256])
{
	const json_t *list = json_object_get(report, "refused"), *entry;
	size_t k;

	text[0] = '\0';
	if (json_array_size(list) > 0) {
		entry = json_array_get(list, 0);
		snprintf(text, 256, "its %s is refused: %s", json_string_value(json_object_get(entry, "file")),
			 json_string_value(json_object_get(entry, "reason")));
		return;
	}
	json_array_foreach(json_object_get(report, "ballots"), k, entry)
	{
		const char *outcome = json_string_value(json_object_get(entry, "outcome"));

		if (outcome != NULL && strcmp(outcome, "APPLIED") != 0 && strcmp(outcome, "ALREADY") != 0) {
			snprintf(text, 256, "a ballot in its chain file is not accepted: %s of %.16s: %s",
				 json_string_value(json_object_get(entry, "motion")),
				 json_string_value(json_object_get(entry, "subject")), outcome);
			return;
		}
	}
	entry = json_object_get(json_object_get(report, "policy"), "outcome");
	if (entry != NULL && strcmp(json_string_value(entry), "ACCEPTED") != 0)
		snprintf(text, 256, "its policy is not accepted: %s", json_string_value(entry));
}

static bool run_session(const struct making *making, struct scms_session *session, scms_time64 now)
{
	struct session_report *report = session_report_new(store_dir_store(making->dir), now);
	size_t size = scms_session_work_size(store_dir_store(making->dir), session);
	void *room = malloc(size);
	struct scms_session_result result;
	char refusal[256] = "";
	json_t *json;

	if (report == NULL || room == NULL) {
		session_report_free(report);
		free(room);
		return wrong(making, "out of memory");
	}
	result = scms_store_apply(store_dir_store(making->dir), session, now, making->crypto,
				  store_dir_objects(making->dir), room, size, session_report_table(report));
	json = session_report_json(report, &result);
	refusal_words(json, refusal);
	json_decref(json);
	session_report_free(report);
	free(room);
	if (result.status != SCMS_SESSION_DONE)
		return wrong(making, "chain file and policy cannot be applied: %s",
			     store_dir_object_error(making->dir));
	return refusal[0] == '\0' || wrong(making, "%s: %s", making->file->path, refusal);
}

static bool first_session(const struct making *making, scms_time64 now)
{
	struct scms_session session = {.own = NULL};
	struct scms_store_status status;
	bool good;

	if (making->file->chain == NULL && making->file->policy == NULL)
		return true;
	if (!scms_store_status(store_dir_store(making->dir), now, making->crypto, store_dir_objects(making->dir),
			       &status))
		return wrong(making, "%s", store_dir_object_error(making->dir));
	good = read_file(making, making->file->chain, status.limits.chain_bytes, &session.chain) &&
	       read_file(making, making->file->policy, status.limits.policy_bytes, &session.policy) &&
	       run_session(making, &session, now);
	free((void *)(uintptr_t)session.chain.p);
	free((void *)(uintptr_t)session.policy.p);
	return good;
}

/* Adds certificates to a list of the file's; those it has are the file's to free, these are not. */
static bool add(const struct making *making, const struct scms_slice *from, size_t n, struct scms_slice *to,
		size_t *count)
{
	if (*count + n > BOOTSTRAP_FILES_MAX)
		return wrong(making, "%s: more than %d certificates", making->file->path, BOOTSTRAP_FILES_MAX);
	for (size_t k = 0; k < n; k++)
		to[(*count)++] = from[k];
	return true;
}

static bool make(const struct making *making)
{
	struct scms_bootstrap_error refusal;

	if (bootstrap_store_make(making->file, making->dir, making->crypto, &refusal) == NULL)
		return wrong(making, "%s", making->file->error);
	return first_session(making, making->file->bootstrap.now);
}

static void say_members(const struct making *making)
{
	const struct scms_bootstrap *bootstrap = &making->file->bootstrap;

	snprintf(making->text, making->size, "%zu electors, %zu roots, quorum %u%s", bootstrap->elector_count,
		 bootstrap->root_count, bootstrap->quorum,
		 bootstrap->root_count == 0	      ? "; no root is trusted yet"
		 : making->file->chain == NULL ? "; no ballots: the roots are held by provisioning alone (rule F3)"
					       : "");
}

bool bundle_store_make(const char *json, const char *path, const struct scms_slice *own, size_t own_count,
		       const struct scms_slice *certificates, size_t certificate_count,
		       const struct scms_crypto *crypto, char *text, size_t size)
{
	struct bootstrap_file file;
	struct making making = {.file = &file, .crypto = crypto, .text = text, .size = size};
	struct scms_bootstrap *to = &file.bootstrap;
	struct store_dir_error err;
	char trial[] = "/tmp/scms-bundle-XXXXXX";
	char inside[sizeof(trial) + 8];
	size_t file_own, file_certificates;
	bool good;

	text[0] = '\0';
	if (!bootstrap_file_read(&file, json)) {
		wrong(&making, "%s", file.error);
		bootstrap_file_free(&file);
		return false;
	}
	if (path == NULL && mkdtemp(trial) == NULL) {
		bootstrap_file_free(&file);
		return wrong(&making, "%s: cannot be made", trial);
	}
	file_own = to->own_count;
	file_certificates = to->certificate_count;
	snprintf(inside, sizeof(inside), "%s/store", trial);
	making.dir = store_dir_begin(path != NULL ? path : inside, crypto, &err);
	good = making.dir != NULL || wrong(&making, "%s", err.text);
	good = good && add(&making, own, own_count, file.certificates[2], &to->own_count) &&
	       add(&making, certificates, certificate_count, file.certificates[3], &to->certificate_count) &&
	       make(&making);
	if (good && path != NULL && store_dir_commit(making.dir, NULL, &err) != STORE_DIR_OK)
		good = wrong(&making, "%s", err.text);
	if (good)
		say_members(&making);
	store_dir_close(making.dir);
	if (path == NULL)
		rmdir(trial);
	/* What was added is the caller's. */
	memset(file.certificates[2] + file_own, 0, (BOOTSTRAP_FILES_MAX - file_own) * sizeof(struct scms_slice));
	memset(file.certificates[3] + file_certificates, 0,
	       (BOOTSTRAP_FILES_MAX - file_certificates) * sizeof(struct scms_slice));
	bootstrap_file_free(&file);
	return good;
}
