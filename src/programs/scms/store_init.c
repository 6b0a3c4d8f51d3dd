/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "service/engine.h"
#include "store_command.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option rows[] = {
    STORE_ROW_STATE, {"config", STORE_OPTION_CONFIG, "FILE", 0, "What is trusted out of band (JSON)", 0}, {0}};

static const char doc[] =
    "Make a new trust store from what is trusted out of band: the secure bootstrap.\v"
    "FILE names certificates relative to itself:\n"
    "  { \"electors\": [\"a.coer\", \"b.coer\", \"c.coer\"], \"roots\": [\"root1.coer\"], \"quorum\": 2, \"now\": 600000000000000 }\n\n"
    "Example:\n  scms store init --state store --config bootstrap.json\n\n"
    "Exit code: 0 made, 1 a file was refused (nothing is left), 2 usage, 3 the directory exists or cannot be written.";

#define CONFIG_BYTES_MAX (1u << 20)
#define CERTIFICATE_BYTES_MAX (64u << 10)

struct config {
	json_t *json;
	const char *path;
	struct scms_bootstrap bootstrap;
	struct scms_slice certificates[4][STORE_FILES_MAX];
	char *chain, *policy; /* paths, or NULL */
};

static bool bad(const struct config *config, const char *key, const char *expected)
{
	fprintf(stderr, "scms store init: %s: \"%s\": expected %s\n", config->path, key, expected);
	return false;
}

/* A path as the configuration has it, relative to the configuration. */
static char *beside(const struct config *config, const char *name)
{
	const char *slash = strrchr(config->path, '/');
	char *path = NULL;

	if (name[0] == '/' || slash == NULL)
		return strdup(name);
	return asprintf(&path, "%.*s/%s", (int)(slash - config->path), config->path, name) < 0 ? NULL : path;
}

static bool take_number(const struct config *config, const json_t *object, const char *key, uint64_t most, uint64_t *to)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (value == NULL)
		return true;
	if (!json_is_integer(value) || number < 0 || (uint64_t)number > most)
		return bad(config, key, "a number within its range");
	*to = (uint64_t)number;
	return true;
}

static bool take_u32(const struct config *config, const json_t *object, const char *key, uint32_t *to)
{
	uint64_t value = *to;

	if (!take_number(config, object, key, UINT32_MAX, &value))
		return false;
	*to = (uint32_t)value;
	return true;
}

static bool take_u8(const struct config *config, const char *key, uint8_t *to)
{
	uint64_t value = *to;

	if (!take_number(config, config->json, key, UINT8_MAX, &value))
		return false;
	*to = (uint8_t)value;
	return true;
}

static bool take_limits(struct config *config)
{
	const json_t *limits = json_object_get(config->json, "limits");
	struct scms_limits *to = &config->bootstrap.limits;

	if (limits == NULL)
		return true;
	if (!json_is_object(limits))
		return bad(config, "limits", "an object");
	return take_u32(config, limits, "electors", &to->electors) && take_u32(config, limits, "roots", &to->roots) &&
	       take_u32(config, limits, "tombstones", &to->tombstones) &&
	       take_u32(config, limits, "policyBytes", &to->policy_bytes) &&
	       take_u32(config, limits, "chainBytes", &to->chain_bytes) &&
	       take_u32(config, limits, "historyBytes", &to->history_bytes) &&
	       take_u32(config, limits, "crlBytes", &to->crl_bytes) && take_u32(config, limits, "ballots", &to->ballots) &&
	       take_u32(config, limits, "votes", &to->votes) && take_u32(config, limits, "certificates", &to->certificates) &&
	       take_u32(config, limits, "depth", &to->depth);
}

/* Reads the certificates that a list names. */
static bool take_certificates(struct config *config, const char *key, bool required, struct scms_slice *to, size_t *count)
{
	const json_t *list = json_object_get(config->json, key), *entry;
	size_t k;

	if (list == NULL)
		return required ? bad(config, key, "a list of certificate files") : true;
	if (!json_is_array(list) || json_array_size(list) > STORE_FILES_MAX)
		return bad(config, key, "a list of at most 64 certificate files");
	json_array_foreach(list, k, entry) {
		struct file_error err;
		char *path;
		bool good;

		if (!json_is_string(entry))
			return bad(config, key, "file names");
		path = beside(config, json_string_value(entry));
		good = path != NULL && file_read(path, CERTIFICATE_BYTES_MAX, &to[k], &err) == FILE_OK;
		if (!good)
			fprintf(stderr, "scms store init: %s: %s\n", path != NULL ? path : key, path != NULL ? err.text : "out of memory");
		free(path);
		if (!good)
			return false;
		*count = k + 1;
	}
	return true;
}

static bool take_path(struct config *config, const char *key, char **to)
{
	const json_t *value = json_object_get(config->json, key);

	if (value == NULL)
		return true;
	if (!json_is_string(value))
		return bad(config, key, "a file name");
	*to = beside(config, json_string_value(value));
	return *to != NULL;
}

static bool config_take(struct config *config)
{
	static const char *const known[] = {"electors", "roots", "quorum", "now", "quorumFloor", "quorumCeiling",
					    "skewSeconds", "crlToleranceSeconds", "limits", "chain", "policy", "own",
					    "certificates"};
	struct scms_bootstrap *to = &config->bootstrap;
	uint64_t now = 0;
	const char *key;
	json_t *value;

	json_object_foreach(config->json, key, value) {
		bool found = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found |= strcmp(known[k], key) == 0;
		if (!found)
			return bad(config, key, "no such member");
	}
	if (!json_is_integer(json_object_get(config->json, "now")) || !json_is_integer(json_object_get(config->json, "quorum")))
		return bad(config, "now, quorum", "numbers");
	if (!take_number(config, config->json, "now", INT64_MAX, &now) || !take_u8(config, "quorum", &to->quorum) ||
	    !take_u8(config, "quorumFloor", &to->quorum_floor) || !take_u8(config, "quorumCeiling", &to->quorum_ceiling) ||
	    !take_u32(config, config->json, "skewSeconds", &to->skew_seconds) ||
	    !take_u32(config, config->json, "crlToleranceSeconds", &to->crl_tolerance_seconds) || !take_limits(config) ||
	    !take_path(config, "chain", &config->chain) || !take_path(config, "policy", &config->policy))
		return false;
	to->now = now;
	to->electors = config->certificates[0];
	to->roots = config->certificates[1];
	to->own = config->certificates[2];
	to->certificates = config->certificates[3];
	return take_certificates(config, "electors", true, config->certificates[0], &to->elector_count) &&
	       take_certificates(config, "roots", true, config->certificates[1], &to->root_count) &&
	       take_certificates(config, "own", false, config->certificates[2], &to->own_count) &&
	       take_certificates(config, "certificates", false, config->certificates[3], &to->certificate_count);
}

static bool config_read(struct config *config, const char *path)
{
	struct scms_slice bytes;
	struct file_error file_err;
	json_error_t err;

	config->path = path;
	if (file_read(path, CONFIG_BYTES_MAX, &bytes, &file_err) != FILE_OK) {
		fprintf(stderr, "scms store init: %s: %s\n", path, file_err.text);
		return false;
	}
	config->json = json_loadb((const char *)bytes.p, bytes.n, JSON_REJECT_DUPLICATES, &err);
	free((void *)(uintptr_t)bytes.p);
	if (config->json == NULL || !json_is_object(config->json)) {
		fprintf(stderr, "scms store init: %s:%d:%d: %s\n", path, config->json == NULL ? err.line : 1,
			config->json == NULL ? err.column : 1, config->json == NULL ? err.text : "expected an object");
		return false;
	}
	return config_take(config);
}

static void config_free(struct config *config)
{
	for (unsigned list = 0; list < 4; list++)
		for (size_t k = 0; k < STORE_FILES_MAX; k++)
			free((void *)(uintptr_t)config->certificates[list][k].p);
	free(config->chain);
	free(config->policy);
	json_decref(config->json);
}

static void refused_json(const struct scms_bootstrap_error *err)
{
	json_t *entry = json_pack("{s:s, s:I, s:s, s:I, s:s, s:s, s:s}", "file", err->list, "index", (json_int_t)err->index, "reason",
				  scms_reason_name(err->reason), "offset", (json_int_t)err->offset, "path", err->path, "expected",
				  err->expected, "found", err->found);

	fprintf(stderr, "scms store init: %s[%zu]: %s: %s\n", err->list, err->index, scms_reason_name(err->reason),
		scms_reason_text(err->reason));
	store_print(json_pack("{s:[o]}", "refused", entry));
}

/* The first session: chain file and policy of the configuration. */
static int first_session(struct store_dir *dir, const struct config *config, json_t **output)
{
	struct store_options options = {.chain = config->chain, .policy = config->policy};
	scms_time64 now = config->bootstrap.now;
	struct scms_store_status status;
	struct scms_session_result result;
	struct session_report *report;
	struct session_files files;
	int code = STORE_EXIT_STORE;

	if (!scms_store_status(store_dir_store(dir), now, engine_crypto(), store_dir_objects(dir), &status))
		return STORE_EXIT_STORE;
	if (!session_read("init", &options, &status.limits, &files)) {
		session_free(&files);
		return STORE_EXIT_REFUSED;
	}
	report = session_report_new(store_dir_store(dir), now);
	if (report != NULL) {
		result = session_apply("init", dir, &files, now, report);
		if (result.status == SCMS_SESSION_DONE) {
			result.changed = true;
			*output = session_report_json(report, &result);
			session_report_words(report, &result, stderr);
			code = result.refused ? STORE_EXIT_REFUSED : STORE_EXIT_DONE;
		}
	}
	session_report_free(report);
	session_free(&files);
	return code;
}

static int make(struct store_dir *dir, const struct config *config)
{
	struct scms_bootstrap_error refusal;
	json_t *output = NULL;
	struct store_dir_error err;
	struct scms_store *store;
	void *memory;
	size_t size;
	int code;

	memory = store_dir_memory(dir, &config->bootstrap.limits, &size);
	if (memory == NULL) {
		fprintf(stderr, "scms store init: %s: \"limits\": a store of %zu bytes is too large\n", config->path, size);
		return STORE_EXIT_REFUSED;
	}
	store = scms_store_init(memory, size, &config->bootstrap, engine_crypto(), store_dir_objects(dir), &refusal);
	if (store == NULL) {
		refused_json(&refusal);
		return STORE_EXIT_REFUSED;
	}
	store_dir_take(dir, store);
	code = first_session(dir, config, &output);
	if (code == STORE_EXIT_DONE && store_dir_commit(dir, NULL, &err) != STORE_DIR_OK) {
		json_decref(output);
		return store_failed("init", &err);
	}
	if (output != NULL)
		store_print(output);
	return code;
}

int store_init(int argc, char **argv)
{
	struct config config = {0};
	struct store_options options;
	struct store_dir_error err;
	int code = STORE_EXIT_REFUSED;
	struct store_dir *dir;

	store_parse(argc, argv, "init", rows, "", doc, &options, NULL, 0, NULL);
	if (options.config == NULL) {
		fprintf(stderr, "scms store init: --config FILE is missing\n");
		return STORE_EXIT_USAGE;
	}
	if (config_read(&config, options.config)) {
		dir = store_dir_begin(options.state, engine_crypto(), &err);
		code = dir != NULL ? make(dir, &config) : store_failed("init", &err);
		store_dir_close(dir);
	}
	config_free(&config);
	return code;
}
