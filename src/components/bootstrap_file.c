/* SPDX-License-Identifier: Apache-2.0 */
#include "components/bootstrap_file.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_BYTES_MAX (1u << 20)
#define CERTIFICATE_BYTES_MAX (64u << 10)

static bool bad(struct bootstrap_file *file, const char *key, const char *expected)
{
	snprintf(file->error, sizeof(file->error), "%s: \"%s\": expected %s", file->path, key, expected);
	return false;
}

/* A path as the configuration has it, relative to the configuration. */
static char *beside(const struct bootstrap_file *file, const char *name)
{
	const char *slash = strrchr(file->path, '/');
	char *path = NULL;

	if (name[0] == '/' || slash == NULL)
		return strdup(name);
	return asprintf(&path, "%.*s/%s", (int)(slash - file->path), file->path, name) < 0 ? NULL : path;
}

static bool take_number(struct bootstrap_file *file, const json_t *object, const char *key, uint64_t most, uint64_t *to)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (value == NULL)
		return true;
	if (!json_is_integer(value) || number < 0 || (uint64_t)number > most)
		return bad(file, key, "a number within its range");
	*to = (uint64_t)number;
	return true;
}

static bool take_u32(struct bootstrap_file *file, const json_t *object, const char *key, uint32_t *to)
{
	uint64_t value = *to;

	if (!take_number(file, object, key, UINT32_MAX, &value))
		return false;
	*to = (uint32_t)value;
	return true;
}

static bool take_u8(struct bootstrap_file *file, const char *key, uint8_t *to)
{
	uint64_t value = *to;

	if (!take_number(file, file->json, key, UINT8_MAX, &value))
		return false;
	*to = (uint8_t)value;
	return true;
}

static bool take_limits(struct bootstrap_file *file)
{
	const json_t *limits = json_object_get(file->json, "limits");
	struct scms_limits *to = &file->bootstrap.limits;

	if (limits == NULL)
		return true;
	if (!json_is_object(limits))
		return bad(file, "limits", "an object");
	return take_u32(file, limits, "electors", &to->electors) && take_u32(file, limits, "roots", &to->roots) &&
	       take_u32(file, limits, "tombstones", &to->tombstones) &&
	       take_u32(file, limits, "policyBytes", &to->policy_bytes) &&
	       take_u32(file, limits, "chainBytes", &to->chain_bytes) &&
	       take_u32(file, limits, "historyBytes", &to->history_bytes) &&
	       take_u32(file, limits, "crlBytes", &to->crl_bytes) && take_u32(file, limits, "ballots", &to->ballots) &&
	       take_u32(file, limits, "votes", &to->votes) && take_u32(file, limits, "certificates", &to->certificates) &&
	       take_u32(file, limits, "depth", &to->depth);
}

/* Reads the certificates that a list names. */
static bool take_certificates(struct bootstrap_file *file, const char *key, bool required, struct scms_slice *to, size_t *count)
{
	const json_t *list = json_object_get(file->json, key), *entry;
	size_t k;

	if (list == NULL)
		return required ? bad(file, key, "a list of certificate files") : true;
	if (!json_is_array(list) || json_array_size(list) > BOOTSTRAP_FILES_MAX)
		return bad(file, key, "a list of at most 64 certificate files");
	json_array_foreach(list, k, entry) {
		struct file_error err;
		char *path;
		bool good;

		if (!json_is_string(entry))
			return bad(file, key, "file names");
		path = beside(file, json_string_value(entry));
		good = path != NULL && file_read(path, CERTIFICATE_BYTES_MAX, &to[k], &err) == FILE_OK;
		if (!good)
			snprintf(file->error, sizeof(file->error), "%s: %s", path != NULL ? path : key,
				 path != NULL ? err.text : "out of memory");
		free(path);
		if (!good)
			return false;
		*count = k + 1;
	}
	return true;
}

static bool take_path(struct bootstrap_file *file, const char *key, char **to)
{
	const json_t *value = json_object_get(file->json, key);

	if (value == NULL)
		return true;
	if (!json_is_string(value))
		return bad(file, key, "a file name");
	*to = beside(file, json_string_value(value));
	return *to != NULL;
}

static bool take_all(struct bootstrap_file *file)
{
	static const char *const known[] = {"electors", "roots", "quorum", "now", "quorumFloor", "quorumCeiling",
					    "skewSeconds", "crlToleranceSeconds", "limits", "chain", "policy", "own",
					    "certificates"};
	struct scms_bootstrap *to = &file->bootstrap;
	uint64_t now = 0;
	const char *key;
	json_t *value;

	json_object_foreach(file->json, key, value) {
		bool found = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found |= strcmp(known[k], key) == 0;
		if (!found)
			return bad(file, key, "no such member");
	}
	if (!json_is_integer(json_object_get(file->json, "now")) || !json_is_integer(json_object_get(file->json, "quorum")))
		return bad(file, "now, quorum", "numbers");
	if (!take_number(file, file->json, "now", INT64_MAX, &now) || !take_u8(file, "quorum", &to->quorum) ||
	    !take_u8(file, "quorumFloor", &to->quorum_floor) || !take_u8(file, "quorumCeiling", &to->quorum_ceiling) ||
	    !take_u32(file, file->json, "skewSeconds", &to->skew_seconds) ||
	    !take_u32(file, file->json, "crlToleranceSeconds", &to->crl_tolerance_seconds) || !take_limits(file) ||
	    !take_path(file, "chain", &file->chain) || !take_path(file, "policy", &file->policy))
		return false;
	to->now = now;
	to->electors = file->certificates[0];
	to->roots = file->certificates[1];
	to->own = file->certificates[2];
	to->certificates = file->certificates[3];
	return take_certificates(file, "electors", true, file->certificates[0], &to->elector_count) &&
	       take_certificates(file, "roots", true, file->certificates[1], &to->root_count) &&
	       take_certificates(file, "own", false, file->certificates[2], &to->own_count) &&
	       take_certificates(file, "certificates", false, file->certificates[3], &to->certificate_count);
}

bool bootstrap_file_read(struct bootstrap_file *file, const char *path)
{
	struct scms_slice bytes;
	struct file_error file_err;
	json_error_t err;

	*file = (struct bootstrap_file){.path = path};
	if (file_read(path, CONFIG_BYTES_MAX, &bytes, &file_err) != FILE_OK) {
		snprintf(file->error, sizeof(file->error), "%s: %s", path, file_err.text);
		return false;
	}
	file->json = json_loadb((const char *)bytes.p, bytes.n, JSON_REJECT_DUPLICATES, &err);
	free((void *)(uintptr_t)bytes.p);
	if (file->json == NULL || !json_is_object(file->json)) {
		snprintf(file->error, sizeof(file->error), "%s:%d:%d: %s", path, file->json == NULL ? err.line : 1,
			file->json == NULL ? err.column : 1, file->json == NULL ? err.text : "expected an object");
		return false;
	}
	return take_all(file);
}

void bootstrap_file_free(struct bootstrap_file *file)
{
	for (unsigned list = 0; list < 4; list++)
		for (size_t k = 0; k < BOOTSTRAP_FILES_MAX; k++)
			free((void *)(uintptr_t)file->certificates[list][k].p);
	free(file->chain);
	free(file->policy);
	json_decref(file->json);
}

struct scms_store *bootstrap_store_make(struct bootstrap_file *file, struct store_dir *dir, const struct scms_crypto *crypto,
					struct scms_bootstrap_error *refusal)
{
	struct scms_store *store;
	void *memory;
	size_t size;

	*refusal = (struct scms_bootstrap_error){.list = NULL};
	memory = store_dir_memory(dir, &file->bootstrap.limits, &size);
	if (memory == NULL) {
		snprintf(file->error, sizeof(file->error), "%s: \"limits\": a store of %zu bytes is too large", file->path, size);
		return NULL;
	}
	store = scms_store_init(memory, size, &file->bootstrap, crypto, store_dir_objects(dir), refusal);
	if (store == NULL)
		snprintf(file->error, sizeof(file->error), "%s: %s[%zu]: %s: %s", file->path, refusal->list, refusal->index,
			 scms_reason_name(refusal->reason), scms_reason_text(refusal->reason));
	else
		store_dir_take(dir, store);
	return store;
}
