/* SPDX-License-Identifier: Apache-2.0 */
#include "elector.h"

#include "base/clock.h"
#include "base/file.h"
#include "service/engine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SKEW (UINT64_C(300) * 1000000)

/* ---- options ---- */

struct parse {
	struct options *options;
	size_t most;
};

static void parse_curve(struct options *options, const char *text, struct argp_state *state)
{
	static const struct {
		const char *name;
		enum scms_curve curve;
	} curves[] = {{"p256", SCMS_NIST_P256},
		      {"p384", SCMS_NIST_P384},
		      {"brainpoolP256r1", SCMS_BRAINPOOL_P256R1},
		      {"brainpoolP384r1", SCMS_BRAINPOOL_P384R1}};

	for (size_t k = 0; k < sizeof(curves) / sizeof(*curves); k++)
		if (strcmp(curves[k].name, text) == 0) {
			options->curve = curves[k].curve;
			return;
		}
	argp_error(state, "--curve: expected p256, p384, brainpoolP256r1 or brainpoolP384r1, found '%s'", text);
}

static void parse_time(struct options *options, const char *name, const char *text, scms_time64 *to, struct argp_state *state)
{
	if (!time_parse(&options->leaps, text, to))
		argp_error(state, "--%s: expected " TIME_PARSE_WANTS ", found '%s'", name, text);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case OPTION_HOME:
		options->home = arg;
		break;
	case OPTION_NOW:
		parse_time(options, "now", arg, &options->now, state);
		options->has_now = true;
		break;
	case OPTION_START:
		parse_time(options, "start", arg, &options->start, state);
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	case OPTION_SECRET:
		options->secret = arg;
		if (!secret_source_parse(arg, &options->source))
			argp_error(state, "--secret: expected prompt, file:PATH or fd:N, found '%s'", arg);
		break;
	case OPTION_TOKEN:
		options->token = arg;
		break;
	case OPTION_LEVEL:
		options->level = arg;
		break;
	case OPTION_NAME:
		options->name = arg;
		break;
	case OPTION_CURVE:
		parse_curve(options, arg, state);
		break;
	case OPTION_CONFIG:
		options->config = arg;
		break;
	case OPTION_OUT:
		options->out = arg;
		break;
	case OPTION_CONSENT:
		options->consent = true;
		break;
	case OPTION_OVERRIDE:
		options->override = arg;
		break;
	case ARGP_KEY_ARG:
		if (options->file_count == parse->most)
			argp_error(state, "unexpected argument '%s'", arg);
		options->files[options->file_count++] = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void elector_parse(int argc, char **argv, const char *command, const struct argp_option *rows, const char *args_doc,
		   const char *doc, size_t files_least, size_t files_most, struct options *options)
{
	struct argp argp = {rows, parse_option, args_doc, doc, NULL, NULL, NULL};
	struct parse parse = {options, files_most};
	static char name[64];

	snprintf(name, sizeof(name), "scms-elector %s", command);
	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	*options = (struct options){.command = command, .home = getenv("SCMS_ELECTOR_HOME"), .curve = SCMS_NIST_P256};
	leap_load(&options->leaps, LEAP_FILE);
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
	if (options->home == NULL || options->home[0] == '\0')
		options->home = ".";
	if (options->file_count < files_least) {
		fprintf(stderr, "%s: expected %s\nTry '%s --help'.\n", name, args_doc, name);
		exit(EXIT_USAGE);
	}
	if (!options->has_now)
		options->now = clock_now();
}

int elector_say(const struct options *options, int code, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "scms-elector %s: ", options->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

struct elector_path elector_file(const struct options *options, const char *name)
{
	struct elector_path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", options->home, name);
	return path;
}

bool elector_read(const struct options *options, const char *path, size_t limit, struct scms_slice *bytes)
{
	struct file_error err;

	if (file_read(path, limit, bytes, &err) != FILE_OK) {
		elector_say(options, 0, "%s: %s", path, err.text);
		return false;
	}
	if (bytes->n > 0)
		return true;
	elector_say(options, 0, "%s: is empty; a copy that was cut off?", path);
	free((void *)(uintptr_t)bytes->p);
	*bytes = (struct scms_slice){NULL, 0};
	return false;
}

void elector_print(json_t *object)
{
	json_dumpf(object, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(object);
}

/* ---- the elector ---- */

static bool level_read(struct elector_home *elector)
{
	struct elector_path path = elector_file(elector->options, "level");
	struct scms_slice bytes;
	struct file_error err;
	char text[32] = "";

	if (file_read(path.text, sizeof(text) - 1, &bytes, &err) != FILE_OK) {
		elector_say(elector->options, 0, "%s: %s", path.text, err.text);
		return false;
	}
	memcpy(text, bytes.p, bytes.n);
	free((void *)(uintptr_t)bytes.p);
	text[strcspn(text, "\r\n")] = '\0';
	if (profile_level_parse(text, &elector->level))
		return true;
	elector_say(elector->options, 0, "%s: expected " PROFILE_LEVEL_WORDS, path.text);
	return false;
}

static void act_keep(void *ctx, uint64_t n, const json_t *entry)
{
	(void)n;
	/* Borrowed entries are not changed by keeping them. */
	json_array_append(ctx, (json_t *)(uintptr_t)entry);
}

static bool journal_read(struct elector_home *elector, int *code)
{
	const struct options *options = elector->options;
	struct elector_path path = elector_file(options, "journal");
	struct journal_expect expect = {.signers = &elector->identity->cert, .signer_count = 1, .crypto = engine_crypto()};
	struct journal_error err;

	elector->acts = json_array();
	if (elector->acts == NULL)
		return false;
	if (journal_verify(path.text, &expect, &elector->journal, act_keep, elector->acts, &err) != JOURNAL_OK) {
		*code = err.status == JOURNAL_IO ? EXIT_ENVIRONMENT : EXIT_REFUSED;
		elector_say(options, 0, "%s", err.text);
		return false;
	}
	if (elector->journal.last > options->now + SKEW) {
		char last[TIME_TEXT_BYTES], now[TIME_TEXT_BYTES];

		*code = EXIT_REFUSED;
		elector_say(options, 0, "CLOCK_BACK: the clock says %s, and the journal's last entry is of %s: set the clock right",
			    time_text(&options->leaps, options->now, now), time_text(&options->leaps, elector->journal.last, last));
		return false;
	}
	return true;
}

bool elector_open(struct elector_home *elector, const struct options *options, int *code)
{
	struct home_error err;

	*elector = (struct elector_home){.options = options};
	*code = EXIT_ENVIRONMENT;
	elector->home = home_open(options->home, options->secret != NULL ? &options->source : NULL, engine_crypto(), &err);
	if (elector->home == NULL) {
		elector_say(options, 0, "%s", err.text);
		return false;
	}
	if (home_settings(elector->home)->role != ROLE_ELECTOR) {
		*code = EXIT_REFUSED;
		elector_say(options, 0, "%s: expected the home of an elector, found that of: %s", options->home,
			    role_title(home_settings(elector->home)->role));
		return false;
	}
	elector->identity = home_identity(elector->home, HOME_ACTIVE);
	if (elector->identity == NULL) {
		elector_say(options, 0, "%s: has no certificate yet: scms-elector create", options->home);
		return false;
	}
	return level_read(elector) && journal_read(elector, code);
}

void elector_close(struct elector_home *elector)
{
	json_decref(elector->acts);
	home_close(elector->home);
}

bool elector_journal(const struct elector_home *elector, const char *what, const char *why, const struct journal_file *files,
		     size_t file_count, json_t *details, struct private_key *key)
{
	const struct options *options = elector->options;
	struct elector_path path = elector_file(options, "journal");
	struct journal_entry entry = {
	    .now = options->now, .what = what, .why = why, .files = files, .file_count = file_count, .details = details};
	struct signer signer = {.key = key, .cert = &elector->identity->cert, .crypto = engine_crypto()};
	struct journal_error err;
	bool good = journal_append(path.text, &entry, key != NULL ? &signer : NULL, &err) == JOURNAL_OK;

	json_decref(details);
	if (!good)
		elector_say(options, 0, "%s", err.text);
	return good;
}
