/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms-elector init, apply: the elector's own trust store, against which it judges what it is asked to sign.
 */
#include "elector.h"

#include "components/bootstrap_file.h"
#include "components/manager/carried.h"
#include "components/trustee.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option init_rows[] = {
    ROW_HOME, {"config", OPTION_CONFIG, "FILE", 0, "The bootstrap bundle's bootstrap.json", 0}, ROW_NOW, ROW_JSON, {0}};

static const char init_doc[] =
    "Make the elector's own trust store from a bootstrap bundle: electors, roots and quorum as they were founded.\v"
    "Compare the fingerprints that it prints with those of the founding ceremony's record: this is the one moment at which files "
    "are believed.\n\n"
    "Example:\n  scms-elector init --home elector-a --config bootstrap/bootstrap.json\n\n"
    "Exit code: 0 done, 1 refused, 2 usage, 3 the store exists or cannot be made.";

static const struct argp_option apply_rows[] = {ROW_HOME, ROW_NOW, ROW_JSON, {0}};

static const char apply_doc[] =
    "Bring the elector's trust store up to date: an update file, or a policy file, composite CRL, chain file, ballot history or "
    "ballots. Each proves itself by votes and signatures; nothing else is believed.\v"
    "Example:\n  scms-elector apply --home elector-a update.oer\n\n"
    "Exit code: 0 applied (also with refused ballots), 1 a file could not be used, 2 usage, 3 the store cannot be read or "
    "written (it is then as it was).";

/* The first session of a new store: the chain file and policy that the bundle names. */
static bool first_session(const struct options *options, struct store_dir *dir, const struct bootstrap_file *file)
{
	static const struct scms_report silent = {0};
	struct scms_session session = {0};
	struct scms_session_result result = {.status = SCMS_SESSION_NO_ROOM};
	bool good = (file->policy == NULL || elector_read(options, file->policy, CARRIED_BYTES_MAX, &session.policy)) &&
		    (file->chain == NULL || elector_read(options, file->chain, CARRIED_BYTES_MAX, &session.chain));
	size_t size = good ? scms_session_work_size(store_dir_store(dir), &session) : 0;
	void *work = good ? malloc(size) : NULL;

	if (work != NULL)
		result = scms_store_apply(store_dir_store(dir), &session, file->bootstrap.now, engine_crypto(), store_dir_objects(dir), work,
					  size, &silent);
	free(work);
	free((void *)(uintptr_t)session.policy.p);
	free((void *)(uintptr_t)session.chain.p);
	if (good && (result.status != SCMS_SESSION_DONE || result.refused)) {
		elector_say(options, 0, "%s: the bundle's own chain file or policy could not be used", file->path);
		return false;
	}
	return good;
}

static int make_store(const struct elector_home *elector, struct bootstrap_file *file)
{
	const struct options *options = elector->options;
	struct elector_path path = elector_file(options, "store");
	struct scms_bootstrap_error refusal;
	struct store_dir_error err;
	struct store_dir *dir = store_dir_begin(path.text, engine_crypto(), &err);
	struct scms_store *store;
	int code = EXIT_REFUSED;

	if (dir == NULL)
		return elector_say(options, EXIT_ENVIRONMENT, "%s", err.text);
	store = bootstrap_store_make(file, dir, engine_crypto(), &refusal);
	if (store == NULL) {
		elector_say(options, 0, "%s", file->error);
	} else if (first_session(options, dir, file)) {
		code = EXIT_DONE;
		if (store_dir_commit(dir, NULL, &err) != STORE_DIR_OK)
			code = elector_say(options, EXIT_ENVIRONMENT, "%s", err.text);
	}
	if (code == EXIT_DONE && options->json)
		elector_print(outlook_json(store_dir_store(dir), options->now));
	else if (code == EXIT_DONE) {
		puts("Trusted from now on; compare with the record of the founding ceremony:");
		outlook_words(stdout, store_dir_store(dir), options->now, &options->leaps, engine_crypto());
	}
	store_dir_close(dir);
	return code;
}

int elector_init(int argc, char **argv)
{
	struct bootstrap_file *file = calloc(1, sizeof(*file));
	struct journal_file named = {"bootstrap.json", {NULL, 0}};
	struct elector_home elector;
	struct options options;
	int code;

	elector_parse(argc, argv, "init", init_rows, "", init_doc, 0, 0, &options);
	if (options.config == NULL || file == NULL) {
		free(file);
		return elector_say(&options, EXIT_USAGE, "--config FILE is missing");
	}
	if (elector_open(&elector, &options, &code)) {
		code = EXIT_REFUSED;
		if (!bootstrap_file_read(file, options.config))
			elector_say(&options, 0, "%s", file->error);
		else if (elector_read(&options, options.config, 1u << 20, &named.bytes))
			code = make_store(&elector, file);
		if (code == EXIT_DONE && !elector_journal(&elector, "init", NULL, &named, 1, NULL, NULL))
			code = EXIT_ENVIRONMENT;
		free((void *)(uintptr_t)named.bytes.p);
		bootstrap_file_free(file);
	}
	free(file);
	elector_close(&elector);
	return code;
}

/* ---- apply ---- */

static void tell(const struct options *options, struct trustee *trustee, const struct trustee_outcome *outcome)
{
	if (options->json) {
		elector_print(json_incref(outcome->report));
		return;
	}
	printf("%s\n", outcome->changed ? "This changed the trust store:" : "This changed nothing:");
	outlook_words(stdout, trustee_store(trustee), options->now, &options->leaps, engine_crypto());
}

static int apply(const struct elector_home *elector, const struct carried *carried, const struct journal_file *files, size_t count)
{
	const struct options *options = elector->options;
	struct elector_path path = elector_file(options, "store");
	struct store_dir_error err;
	struct trustee *trustee = trustee_open(path.text, engine_crypto(), &err);
	struct trustee_outcome outcome;
	int code = EXIT_ENVIRONMENT;

	if (trustee == NULL)
		return elector_say(options, EXIT_ENVIRONMENT, "%s", err.text);
	outcome = trustee_apply(trustee, &carried->session, options->now);
	if (outcome.status != TRUSTEE_DONE) {
		code = elector_say(options, outcome.status == TRUSTEE_CLOCK_BACK ? EXIT_REFUSED : EXIT_ENVIRONMENT, "%s", outcome.text);
	} else if (elector_journal(elector, "apply", NULL, files, count, json_pack("{s:b}", "changed", outcome.changed), NULL)) {
		tell(options, trustee, &outcome);
		code = outcome.refused ? EXIT_REFUSED : EXIT_DONE;
	}
	json_decref(outcome.report);
	trustee_close(trustee);
	return code;
}

int elector_apply(int argc, char **argv)
{
	static struct carried carried;
	struct journal_file files[FILES_MAX] = {0};
	struct motion_error err;
	struct elector_home elector;
	struct options options;
	size_t count = 0;
	int code;

	elector_parse(argc, argv, "apply", apply_rows, "FILE...", apply_doc, 1, FILES_MAX, &options);
	if (elector_open(&elector, &options, &code)) {
		code = EXIT_REFUSED;
		for (; count < options.file_count; count++) {
			files[count].name = options.files[count];
			if (!elector_read(&options, options.files[count], CARRIED_BYTES_MAX, &files[count].bytes))
				break;
			if (carried_add(&carried, files[count].bytes, engine_crypto(), &err) == NULL) {
				elector_say(&options, 0, "%s: %s", options.files[count], err.text);
				break;
			}
		}
		if (count == options.file_count)
			code = apply(&elector, &carried, files, count);
	}
	carried_free(&carried);
	for (size_t k = 0; k < options.file_count; k++)
		free((void *)(uintptr_t)files[k].bytes.p);
	elector_close(&elector);
	return code;
}
