/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms update: the files of one session as one file, to be pushed or carried on a stick.
 */
#include "commands.h"

#include "group.h"
#include "components/trustee.h"
#include "components/update.h"
#include "report.h"
#include "service/engine.h"
#include "store_command.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

static const struct argp_option apply_rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, {0}};

struct words {
	char **word;
	size_t n, least, most;
	const char *expected;
};

static error_t parse_word(int key, char *arg, struct argp_state *state)
{
	struct words *words = state->input;

	if (key == ARGP_KEY_ARG) {
		if (words->n == words->most)
			argp_error(state, "unexpected argument '%s'", arg);
		words->word[words->n++] = arg;
		return 0;
	}
	if (key == ARGP_KEY_END && words->n < words->least)
		argp_error(state, "expected %s", words->expected);
	return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

/* Parses the arguments of a command without options; what is wrong ends the process with exit code 2. */
static void parse(int argc, char **argv, const char *name, const char *doc, struct words *words)
{
	const struct argp argp = {NULL, parse_word, words->expected, doc, NULL, NULL, NULL};
	char full[32];

	snprintf(full, sizeof(full), "scms %s", name);
	argv[0] = full;
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, words);
}

/* Takes one KEY=FILE. */
static bool take(const char *word, struct scms_session *session, struct scms_slice certificates[UPDATE_CERTIFICATES_MAX])
{
	const struct {
		const char *key;
		struct scms_slice *to;
	} files[] = {{"policy=", &session->policy}, {"crl=", &session->crl}, {"chain=", &session->chain}, {"history=", &session->history}};

	for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
		size_t n = strlen(files[k].key);

		if (strncmp(word, files[k].key, n) != 0)
			continue;
		if (files[k].to->p != NULL) {
			report("update make", NULL, "%.*s is given twice", (int)n - 1, word);
			return false;
		}
		return report_read("update make", word + n, FILE_LIMIT_DEFAULT, files[k].to);
	}
	if (strncmp(word, "cert=", 5) != 0 || session->certificate_count == UPDATE_CERTIFICATES_MAX) {
		report("update make", NULL, "expected policy=, crl=, chain=, history= or cert= and a file, found '%s'", word);
		return false;
	}
	return report_read("update make", word + 5, FILE_LIMIT_DEFAULT, &certificates[session->certificate_count++]);
}

static int make(int argc, char **argv)
{
	static const char doc[] =
	    "Put the files of one session into one file, to be pushed or carried on a stick.\v"
	    "Each is given by its kind: policy=FILE, crl=FILE, chain=FILE, history=FILE, and any number of cert=FILE, candidate issuers. "
	    "Nothing in it is trusted: each file in it authenticates itself.\n\n"
	    "Example:\n  scms update make stick.oer crl=composite_crl.oer chain=gccf.oer\n\n"
	    "Exit code: 0 made, 1 a file cannot be read or written, 2 usage.";
	struct scms_slice certificates[UPDATE_CERTIFICATES_MAX] = {{NULL, 0}}, bytes = {NULL, 0};
	struct scms_session session = {.certificates = certificates};
	char *word[1 + 4 + UPDATE_CERTIFICATES_MAX];
	struct words words = {word, 0, 2, sizeof(word) / sizeof(word[0]), "OUT KIND=FILE..."};
	struct file_error err;
	bool good = true;

	parse(argc, argv, "update make", doc, &words);
	for (size_t k = 1; good && k < words.n; k++)
		good = take(word[k], &session, certificates);
	if (good && !update_make(&session, &bytes)) {
		report("update make", NULL, "out of memory");
		good = false;
	} else if (good && file_write(word[0], 0644, bytes, &err) != FILE_OK) {
		report("update make", word[0], "%s", err.text);
		good = false;
	}
	free((void *)(uintptr_t)bytes.p);
	free((void *)(uintptr_t)session.policy.p);
	free((void *)(uintptr_t)session.crl.p);
	free((void *)(uintptr_t)session.chain.p);
	free((void *)(uintptr_t)session.history.p);
	for (size_t k = 0; k < session.certificate_count; k++)
		free((void *)(uintptr_t)certificates[k].p);
	return good ? 0 : EXIT_REFUSED;
}

/* Reads an update; bytes is to be freed. */
static bool load(const char *command, const char *file, struct scms_slice *bytes, struct update *update)
{
	struct oer_error err;

	if (!report_read(command, file, UPDATE_BYTES_MAX, bytes))
		return false;
	if (update_read(update, *bytes, &err) == OER_OK)
		return true;
	report_oer(command, file, &err);
	free((void *)(uintptr_t)bytes->p);
	return false;
}

static int show(int argc, char **argv)
{
	static const char doc[] = "Say which files are in an update, and how long they are.\v"
				  "'scms store explain' says what they would do.\n\n"
				  "Example:\n  scms update show published/update.oer\n\n"
				  "Exit code: 0 shown, 1 it is no update, 2 usage.";
	struct words words = {(char *[1]){NULL}, 0, 1, 1, "FILE"};
	struct scms_slice bytes;
	struct update update;

	parse(argc, argv, "update show", doc, &words);
	if (!load("update show", words.word[0], &bytes, &update))
		return EXIT_REFUSED;
	const struct {
		const char *name;
		struct scms_slice file;
	} files[] = {{"policy", update.session.policy}, {"crl", update.session.crl}, {"chain", update.session.chain}, {"history", update.session.history}};

	for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++)
		if (files[k].file.p != NULL)
			printf("%-12s %zu bytes\n", files[k].name, files[k].file.n);
	printf("%-12s %zu\n", "certificates", update.session.certificate_count);
	free((void *)(uintptr_t)bytes.p);
	return report_flush("update show") ? 0 : EXIT_REFUSED;
}

static int apply(int argc, char **argv)
{
	static const char doc[] =
	    "Carry out an update as one session on a trust store: so an offline component follows, by a stick.\v"
	    "The store judges; what it does not believe changes nothing. The report is JSON, as that of 'scms store apply'.\n\n"
	    "Example:\n  scms update apply stick.oer --state components/root1/store\n\n"
	    "Exit code: 0 carried out, 1 a file was refused, 2 usage, 3 the store cannot be used.";
	struct store_options options;
	struct trustee_outcome outcome;
	struct store_dir_error err;
	struct scms_slice bytes;
	struct trustee *trustee;
	struct update update;
	char *rest[1] = {NULL};
	size_t n = 0;
	int code = STORE_EXIT_STORE;

	store_parse(argc, argv, "update apply", apply_rows, "FILE", doc, &options, rest, 1, &n);
	if (n != 1) {
		fputs("scms update apply: expected FILE\nTry 'scms update apply --help'.\n", stderr);
		return EXIT_USAGE;
	}
	if (!load("update apply", rest[0], &bytes, &update))
		return EXIT_REFUSED;
	trustee = trustee_open(options.state, engine_crypto(), &err);
	if (trustee == NULL) {
		report("update apply", NULL, "%s", err.text);
	} else {
		outcome = trustee_apply(trustee, &update.session, store_now(&options));
		if (outcome.status == TRUSTEE_DONE) {
			store_print(outcome.report);
			code = outcome.refused ? STORE_EXIT_REFUSED : STORE_EXIT_DONE;
		} else {
			report("update apply", options.state, "%s", outcome.text);
		}
	}
	trustee_close(trustee);
	free((void *)(uintptr_t)bytes.p);
	return code;
}

int cmd_update(int argc, char **argv)
{
	static const struct group_command commands[] = {
	    {"make", make, "put a session's files into one"},
	    {"show", show, "which files are in it"},
	    {"apply", apply, "carry it out on a trust store"},
	};
	static const struct group group = GROUP("scms update", "One file for one session: nothing in it is trusted, each file in it authenticates itself.",
						commands, "  scms update make stick.oer crl=composite_crl.oer chain=gccf.oer\n"
						"  scms update apply stick.oer --state components/root1/store\n");

	return group_run(&group, argc, argv);
}
