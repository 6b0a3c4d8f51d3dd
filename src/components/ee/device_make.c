/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/device_make.h"

#include "base/file.h"
#include "components/archive.h"
#include "components/bootstrap_file.h"
#include "components/ee/device.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUNDLE_FILES 128
#define BUNDLE_BYTES (16u << 20)
#define WORK_MAX ((size_t)64 << 20)
#define ADDRESS_BYTES 256

struct making {
	const char *path; /* of the folder in the making */
	const struct archive *bundle;
	const struct device_identity *identity;
	scms_time64 now;
	const struct scms_crypto *crypto;
	struct device_error *err;
};

static bool fail(const struct making *making, const char *name, const char *text)
{
	snprintf(making->err->text, sizeof(making->err->text), "%.200s: %.250s", name, text);
	return false;
}

static bool put(const struct making *making, const char *name, mode_t mode, struct scms_slice bytes)
{
	struct file_error err;
	char *path;
	bool good;

	if (asprintf(&path, "%s/%s", making->path, name) < 0)
		return fail(making, name, "out of memory");
	good = file_write(path, mode, bytes, &err) == FILE_OK || fail(making, path, err.text);
	free(path);
	return good;
}

/* A file of the bundle, as it is. */
static bool copy(const struct making *making, const char *name)
{
	struct scms_slice bytes = archive_find(making->bundle, name);

	if (bytes.p == NULL)
		return fail(making, name, "is not in the bundle");
	return put(making, name, 0600, bytes);
}

/* Devices talk over TLS alone, and with room for a path behind the address. */
static bool is_address(const json_t *settings, const char *name)
{
	const char *text = json_string_value(json_object_get(settings, name));
	size_t n = text != NULL ? strlen(text) : 0;

	return n > strlen("https://") && n <= ADDRESS_BYTES && strncmp(text, "https://", strlen("https://")) == 0 &&
	       text[strcspn(text, " \t\r\n\"<>\\^`{|}")] == '\0' && text[8] != '/' && text[8] != ':';
}

static bool put_settings(const struct making *making)
{
	struct scms_slice given = archive_find(making->bundle, DEVICE_SETTINGS);
	json_t *settings = given.p != NULL ? json_loadb((const char *)given.p, given.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *services = json_array();
	char *text = NULL;
	bool good = false;

	for (unsigned k = 0; k < making->identity->services; k++)
		json_array_append_new(services, json_integer((json_int_t)making->identity->service[k]));
	if (!json_is_object(settings))
		(void)fail(making, DEVICE_SETTINGS, "is no JSON object");
	else if (!is_address(settings, "ra") || !is_address(settings, "crl"))
		(void)fail(making, DEVICE_SETTINGS, "expected \"ra\" and \"crl\", addresses that begin with https://");
	else if (json_object_set_new(settings, "device", json_string(making->identity->serial)) != 0 ||
		 json_object_set_new(settings, "kind", json_string(making->identity->kind == DEVICE_OBE ? "obe" : "rse")) != 0 ||
		 json_object_set(settings, "services", services) != 0 ||
		 (text = json_dumps(settings, JSON_INDENT(1) | JSON_PRESERVE_ORDER)) == NULL)
		(void)fail(making, DEVICE_SETTINGS, "out of memory");
	else
		good = put(making, DEVICE_SETTINGS, 0600, (struct scms_slice){(const uint8_t *)text, strlen(text)});
	free(text);
	json_decref(services);
	json_decref(settings);
	return good;
}

static bool put_state(const struct making *making)
{
	static const struct ee_state empty;
	uint8_t key[AES_128_KEY];
	struct bytes sealed = {NULL, 0};
	struct key_error err;
	bool good = false;

	if (RAND_bytes(key, sizeof(key)) != 1)
		return fail(making, DEVICE_KEY, "no randomness");
	if (ee_state_seal(&empty, key, making->crypto, &sealed, &err) == KEY_OK)
		good = put(making, DEVICE_KEY, 0600, (struct scms_slice){key, sizeof(key)}) &&
		       put(making, DEVICE_STATE, 0600, bytes_view(&sealed));
	else
		(void)fail(making, DEVICE_STATE, err.text);
	OPENSSL_cleanse(key, sizeof(key));
	bytes_free(&sealed);
	return good;
}

/* Chain file of the bundle, as a first session. */
static bool first_session(const struct making *making, struct store_dir *dir, const struct bootstrap_file *file)
{
	struct scms_session session = {.chain = {NULL, 0}};
	struct scms_session_result result;
	const struct scms_report silent = {.ctx = NULL};
	struct file_error err;
	void *work;
	size_t size;
	bool good;

	if (file->chain == NULL)
		return true;
	if (file_read(file->chain, FILE_LIMIT_DEFAULT, &session.chain, &err) != FILE_OK)
		return fail(making, file->chain, err.text);
	size = scms_session_work_size(store_dir_store(dir), &session);
	work = size <= WORK_MAX ? malloc(size) : NULL;
	if (work == NULL) {
		free((void *)(uintptr_t)session.chain.p);
		return fail(making, file->chain, "out of memory");
	}
	result = scms_store_apply(store_dir_store(dir), &session, making->now, making->crypto, store_dir_objects(dir), work, size, &silent);
	good = result.status == SCMS_SESSION_DONE && !result.refused;
	if (!good)
		(void)fail(making, file->chain, "is refused; `scms store explain` says why");
	free(work);
	free((void *)(uintptr_t)session.chain.p);
	return good;
}

static void take_room(struct scms_limits *limits, const struct device_identity *identity)
{
	if (identity->electors != 0)
		limits->electors = identity->electors;
	if (identity->roots != 0)
		limits->roots = identity->roots;
	if (identity->tombstones != 0)
		limits->tombstones = identity->tombstones;
}

static bool make_store(const struct making *making, const char *config, const char *store)
{
	struct bootstrap_file *file = calloc(1, sizeof(*file));
	struct scms_bootstrap_error refusal;
	struct store_dir_error err;
	struct store_dir *dir;
	bool good = false;

	if (file == NULL)
		return fail(making, config, "out of memory");
	if (!bootstrap_file_read(file, config)) {
		(void)fail(making, "bundle", file->error);
	} else {
		file->bootstrap.now = making->now;
		take_room(&file->bootstrap.limits, making->identity);
		dir = store_dir_begin(store, making->crypto, &err);
		if (dir == NULL)
			(void)fail(making, "bundle", err.text);
		else if (bootstrap_store_make(file, dir, making->crypto, &refusal) == NULL)
			(void)fail(making, "bundle", file->error);
		else if (first_session(making, dir, file)) {
			good = store_dir_commit(dir, NULL, &err) == STORE_DIR_OK;
			if (!good)
				(void)fail(making, store, err.text);
		}
		store_dir_close(dir);
	}
	bootstrap_file_free(file);
	free(file);
	return good;
}

/* The bundle's files lie in a folder for as long as the store is made of them. */
static bool put_store(const struct making *making)
{
	char *folder = NULL, *config = NULL, *store = NULL;
	bool good = false;

	if (asprintf(&folder, "%s/bundle", making->path) < 0 || asprintf(&config, "%s/bootstrap.json", folder) < 0 ||
	    asprintf(&store, "%s/" DEVICE_STORE, making->path) < 0)
		return fail(making, making->path, "out of memory");
	if (mkdir(folder, 0700) != 0) {
		(void)fail(making, folder, strerror(errno));
	} else {
		struct making inside = *making;

		inside.path = folder;
		good = true;
		for (size_t k = 0; good && k < making->bundle->n; k++)
			good = copy(&inside, making->bundle->member[k].name);
		good = good && make_store(making, config, store);
		folder_remove(folder);
	}
	free(folder);
	free(config);
	free(store);
	return good;
}

bool device_create(const char *path, struct scms_slice bundle, const struct device_identity *identity, scms_time64 now,
		   const struct scms_crypto *crypto, struct device_error *err)
{
	struct making making = {.identity = identity, .now = now, .crypto = crypto, .err = err};
	struct archive archive;
	struct key_error why;
	char *beside;
	bool good = false;

	if (archive_read(bundle, BUNDLE_FILES, BUNDLE_BYTES, &archive, &why) != KEY_OK) {
		snprintf(err->text, sizeof(err->text), "the bundle: %s", why.text);
		return false;
	}
	making.bundle = &archive;
	if (access(path, F_OK) == 0) {
		snprintf(err->text, sizeof(err->text), "%.300s: exists; a device is never made over another", path);
	} else if (asprintf(&beside, "%s.new", path) >= 0) {
		making.path = beside;
		folder_remove(beside); /* of an attempt that did not end */
		if (mkdir(beside, 0700) != 0)
			(void)fail(&making, beside, strerror(errno));
		else
			good = put_store(&making) && copy(&making, DEVICE_RA) && copy(&making, DEVICE_TLS_ROOTS) &&
			       put_settings(&making) && put_state(&making);
		if (good && !file_rename(beside, path))
			good = fail(&making, path, strerror(errno));
		if (!good)
			folder_remove(beside);
		free(beside);
	}
	archive_free(&archive);
	return good;
}
