/* SPDX-License-Identifier: Apache-2.0 */
#include "components/bootstrap_file.h"
#include "service/engine.h"
#include "store_command.h"

static const struct argp_option rows[] = {
    STORE_ROW_STATE, {"config", STORE_OPTION_CONFIG, "FILE", 0, "What is trusted out of band (JSON)", 0}, {0}};

static const char doc[] =
    "Make a new trust store from what is trusted out of band: the secure bootstrap.\v"
    "FILE names certificates relative to itself:\n"
    "  { \"electors\": [\"a.coer\", \"b.coer\", \"c.coer\"], \"roots\": [\"root1.coer\"], \"quorum\": 2, \"now\": 600000000000000 }\n\n"
    "Example:\n  scms store init --state store --config bootstrap.json\n\n"
    "Exit code: 0 made, 1 a file was refused (nothing is left), 2 usage, 3 the directory exists or cannot be written.";

static void refused_json(const struct scms_bootstrap_error *err)
{
	json_t *entry = json_pack("{s:s, s:I, s:s, s:I, s:s, s:s, s:s}", "file", err->list, "index", (json_int_t)err->index, "reason",
				  scms_reason_name(err->reason), "offset", (json_int_t)err->offset, "path", err->path, "expected",
				  err->expected, "found", err->found);

	store_print(json_pack("{s:[o]}", "refused", entry));
}

/* The first session: chain file and policy of the configuration. */
static int first_session(struct store_dir *dir, const struct bootstrap_file *config, json_t **output)
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
		result = session_apply("init", options.state, dir, &files, now, report);
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

static int make(struct store_dir *dir, struct bootstrap_file *config)
{
	struct scms_bootstrap_error refusal;
	json_t *output = NULL;
	struct store_dir_error err;
	int code;

	if (bootstrap_store_make(config, dir, engine_crypto(), &refusal) == NULL) {
		fprintf(stderr, "scms store init: %s\n", config->error);
		if (refusal.list != NULL)
			refused_json(&refusal);
		return STORE_EXIT_REFUSED;
	}
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
	struct bootstrap_file config;
	struct store_options options;
	struct store_dir_error err;
	int code = STORE_EXIT_REFUSED;
	struct store_dir *dir;

	store_parse(argc, argv, "store init", rows, "", doc, &options, NULL, 0, NULL);
	if (options.config == NULL) {
		fprintf(stderr, "scms store init: --config FILE is missing\n");
		return STORE_EXIT_USAGE;
	}
	if (bootstrap_file_read(&config, options.config)) {
		dir = store_dir_begin(options.state, engine_crypto(), &err);
		code = dir != NULL ? make(dir, &config) : store_failed("init", &err);
		store_dir_close(dir);
	} else {
		fprintf(stderr, "scms store init: %s\n", config.error);
	}
	bootstrap_file_free(&config);
	return code;
}
