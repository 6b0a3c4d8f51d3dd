/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms lint: certificates against their profiles.
 */
#include "components/authority/lint.h"
#include "commands.h"
#include "operator.h"
#include "report.h"
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64
#define CERTIFICATE_BYTES_MAX (64u << 10)

enum { OPTION_PROFILE = 256, OPTION_LEVEL, OPTION_ISSUER, OPTION_JSON };

static const struct argp_option rows[] = {
    {"profile", OPTION_PROFILE, "NAME", 0, "Judge by this profile, not by the one that the certificate seems to have",
     0},
    {"level", OPTION_LEVEL, "LEVEL", 0, "Lifetimes of: poc (default), pilot, production, 1.2.1", 0},
    {"issuer", OPTION_ISSUER, "FILE", 0, "A certificate that may be above it; may be given again", 0},
    {"json", OPTION_JSON, NULL, 0, "Write JSON", 0},
    {0}};

static const char doc[] =
    "Judge certificates by their profiles, and say which clause is broken: what it wants, and what stands there.\v"
    "With --issuer also what only those above a certificate show: signature, validity within theirs, region, "
    "permissions.\n\n"
    "Profiles: elector, root, ica, eca, pca, ra, la, ma, crlg, pg, dcm, obe-enrolment, rse-enrolment, obe-pseudonym,\n"
    "obe-identification, rse-application.\n\n"
    "Example:\n  scms lint --issuer ica.coer --issuer root.coer pca.coer\n\n"
    "Exit code: 0 nothing found, 1 something is wrong, 2 usage.";

struct lint_command {
	bool has_profile, json;
	enum profile profile;
	enum profile_level level;
	const char *issuer[CHAIN_MAX * 4], *file[FILES_MAX];
	size_t issuer_count, file_count;
	struct scms_slice issuer_bytes[CHAIN_MAX * 4];
	struct cert issuers[CHAIN_MAX * 4];
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct lint_command *command = state->input;

	switch (key) {
	case OPTION_PROFILE:
		if (!profile_parse(arg, &command->profile))
			argp_error(state, "--profile: no profile '%s'", arg);
		command->has_profile = true;
		break;
	case OPTION_LEVEL:
		if (!profile_level_parse(arg, &command->level))
			argp_error(state, "--level: expected " PROFILE_LEVEL_WORDS ", found '%s'", arg);
		break;
	case OPTION_ISSUER:
		if (command->issuer_count == CHAIN_MAX * 4)
			argp_error(state, "--issuer: at most %d", CHAIN_MAX * 4);
		command->issuer[command->issuer_count++] = arg;
		break;
	case OPTION_JSON:
		command->json = true;
		break;
	case ARGP_KEY_ARG:
		if (command->file_count == FILES_MAX)
			argp_error(state, "at most %d files", FILES_MAX);
		command->file[command->file_count++] = arg;
		break;
	case ARGP_KEY_END:
		if (command->file_count == 0)
			argp_error(state, "FILE is missing");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool read_certificate(const char *path, struct scms_slice *bytes, struct cert *cert)
{
	struct oer_error err;

	if (!report_read("lint", path, CERTIFICATE_BYTES_MAX, bytes))
		return false;
	if (cert_read(cert, *bytes, engine_crypto(), &err) == OER_OK)
		return true;
	report_oer("lint", path, &err);
	return false;
}

/* Those of the issuers given that are above cert, its issuer first. */
static size_t chain_of(const struct lint_command *command, const struct cert *cert, const struct cert *chain[CHAIN_MAX])
{
	size_t n = 0;

	while (n < CHAIN_MAX && !cert_is_self_issued(cert)) {
		const uint8_t *id8 = cert_issuer_id8(cert);
		const struct cert *above = NULL;

		for (size_t k = 0; id8 != NULL && above == NULL && k < command->issuer_count; k++)
			if (memcmp(cert_id8(&command->issuers[k]), id8, 8) == 0)
				above = &command->issuers[k];
		if (above == NULL)
			break;
		chain[n++] = cert = above;
	}
	return n;
}

static json_t *findings_json(const struct lint *lint)
{
	json_t *list = json_array();

	for (size_t k = 0; k < lint->count; k++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "clause", lint->finding[k].clause, "expected",
						      lint->finding[k].expected, "found", lint->finding[k].found));
	return list;
}

static int lint_file(const struct lint_command *command, const char *path, json_t *output)
{
	const struct cert *chain[CHAIN_MAX];
	struct lint_question question = {.level = command->level, .issuers = chain, .crypto = engine_crypto()};
	enum profile profile = command->profile;
	struct scms_slice bytes = {NULL, 0};
	struct cert cert;
	struct lint lint;
	bool clean = false, known;

	if (!read_certificate(path, &bytes, &cert)) {
		free((void *)(uintptr_t)bytes.p);
		return OPERATOR_REFUSED;
	}
	known = command->has_profile || profile_of_certificate(&cert, &profile);
	if (!known) {
		report("lint", path,
		       "it has none of the profiles known here: no role in PSID 0x23, and no end entity's; name one "
		       "with --profile");
	} else {
		question.cert = &cert;
		question.profile = profile;
		question.issuer_count = chain_of(command, &cert, chain);
		clean = lint_certificate(&question, &lint);
		json_array_append_new(output, json_pack("{s:s, s:s, s:s, s:i, s:o}", "file", path, "profile",
							profile_row(profile)->name, "level",
							profile_level_name(command->level), "issuers",
							(int)question.issuer_count, "findings", findings_json(&lint)));
	}
	if (known && !command->json) {
		if (clean)
			printf("%s: %s: nothing found%s\n", path, profile_row(profile)->clause,
			       question.issuer_count > 0 || cert_is_self_issued(&cert)
				   ? ""
				   : " (judged without its issuers)");
		for (size_t k = 0; k < lint.count; k++)
			printf("%s: %s: expected %s, found %s\n", path, lint.finding[k].clause,
			       lint.finding[k].expected, lint.finding[k].found);
		if (lint.more > 0)
			printf("%s: and %zu more\n", path, lint.more);
	}
	free((void *)(uintptr_t)bytes.p);
	return clean ? OPERATOR_DONE : OPERATOR_REFUSED;
}

int cmd_lint(int argc, char **argv)
{
	static const struct argp argp = {rows, parse_option, "FILE...", doc, NULL, NULL, NULL};
	static struct lint_command command;
	const struct operator_options options = {.command = "lint", .json = true};
	json_t *output = json_array();
	bool issuers_good = true;
	int code = OPERATOR_DONE;

	operator_parse(&argp, argc, argv, "lint", &command);
	for (size_t k = 0; k < command.issuer_count; k++)
		if (!read_certificate(command.issuer[k], &command.issuer_bytes[k], &command.issuers[k])) {
			command.issuer_count = k;
			issuers_good = false;
			code = OPERATOR_REFUSED;
		}
	/* All files are judged; one that is wrong makes the exit code. */
	for (size_t k = 0; issuers_good && k < command.file_count; k++)
		if (lint_file(&command, command.file[k], output) != OPERATOR_DONE)
			code = OPERATOR_REFUSED;
	if (command.json)
		operator_json(&options, output);
	else
		json_decref(output);
	for (size_t k = 0; k < command.issuer_count; k++)
		free((void *)(uintptr_t)command.issuer_bytes[k].p);
	return code;
}
