/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms update: the files of one session as one file, to be pushed or carried on a stick.
 */
#include "commands.h"

#include "components/trustee.h"
#include "components/update.h"
#include "report.h"
#include "service/engine.h"
#include "store_command.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option apply_rows[] = {STORE_ROW_STATE, STORE_ROW_NOW, {0}};

static void usage(FILE *to)
{
	fputs("Usage: scms update make OUT [policy=FILE] [crl=FILE] [chain=FILE] [history=FILE] [cert=FILE]...\n"
	      "       scms update show FILE\n"
	      "       scms update apply FILE --state DIR [--now T]\n\n"
	      "One file for one session: nothing in it is trusted, each file in it authenticates itself.\n\n"
	      "Example: scms update make stick.oer crl=composite_crl.oer chain=gccf.oer\n"
	      "         scms update apply stick.oer --state components/ra1/store\n",
	      to);
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
	struct scms_slice certificates[UPDATE_CERTIFICATES_MAX] = {{NULL, 0}}, bytes = {NULL, 0};
	struct scms_session session = {.certificates = certificates};
	struct file_error err;
	bool good = argc > 2;

	if (!good)
		usage(stderr);
	for (int k = 2; good && k < argc; k++)
		good = take(argv[k], &session, certificates);
	if (good && !update_make(&session, &bytes)) {
		report("update make", NULL, "out of memory");
		good = false;
	} else if (good && file_write(argv[1], 0644, bytes, &err) != FILE_OK) {
		report("update make", argv[1], "%s", err.text);
		good = false;
	}
	free((void *)(uintptr_t)bytes.p);
	free((void *)(uintptr_t)session.policy.p);
	free((void *)(uintptr_t)session.crl.p);
	free((void *)(uintptr_t)session.chain.p);
	free((void *)(uintptr_t)session.history.p);
	for (size_t k = 0; k < session.certificate_count; k++)
		free((void *)(uintptr_t)certificates[k].p);
	return good ? 0 : argc > 2 ? EXIT_REFUSED : EXIT_USAGE;
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
	struct scms_slice bytes;
	struct update update;

	if (argc != 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!load("update show", argv[1], &bytes, &update))
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
	struct store_options options;
	struct trustee_outcome outcome;
	struct store_dir_error err;
	struct scms_slice bytes;
	struct trustee *trustee;
	struct update update;
	char *rest[1] = {NULL};
	size_t n = 0;
	int code = STORE_EXIT_STORE;

	store_parse(argc, argv, "apply", apply_rows, "FILE", "Carry out an update as one session.", &options, rest, 1, &n);
	if (n != 1) {
		usage(stderr);
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
	const char *what = argc >= 2 ? argv[1] : "";

	if (strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(what, "make") == 0)
		return make(argc - 1, argv + 1);
	if (strcmp(what, "show") == 0)
		return show(argc - 1, argv + 1);
	if (strcmp(what, "apply") == 0)
		return apply(argc - 1, argv + 1);
	usage(stderr);
	return EXIT_USAGE;
}
