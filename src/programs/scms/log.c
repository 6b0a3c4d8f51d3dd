/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms log: the history of a workspace, or any journal.
 */
#include "commands.h"
#include "group.h"
#include "report.h"

#include "base/leap.h"
#include "service/engine.h"
#include "service/journal.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTS_MAX 64
#define CERTIFICATE_BYTES_MAX (64u << 10)

enum { OPTION_WORKSPACE = 256, OPTION_CERT, OPTION_HEAD, OPTION_SIGNED, OPTION_JSON };

struct options {
	const char *workspace;
	const char *file;
	const char *certs[CERTS_MAX];
	size_t cert_count;
	bool has_head, all_signed, json;
	uint8_t head[32];
};

static const struct argp_option rows[] = {
    {"workspace", OPTION_WORKSPACE, "DIR", 0, "The workspace whose journal is meant. Default: $SCMS_WORKSPACE, else .", 0},
    {"cert", OPTION_CERT, "FILE", 0, "A certificate whose signatures on entries are checked; may be given again", 0},
    {"all-signed", OPTION_SIGNED, NULL, 0, "Every entry must be signed by a certificate given with --cert", 0},
    {"head", OPTION_HEAD, "HEX", 0, "A head noted earlier: it must still be there", 0},
    {"json", OPTION_JSON, NULL, 0, "Write JSON", 0},
    {0}};

static const char doc[] =
    "Show or check a journal: FILE, else that of the workspace.\v"
    "Each line of a journal carries the SHA-256 of the line before. `verify` checks all of them and names the first line that "
    "is not what was written; note the head that it prints elsewhere (on paper), and --head HEX will later show whether the "
    "end was cut off.\n\n"
    "Examples:\n  scms log show --workspace ws\n  scms log verify --cert elector-a.coer elector-a/journal\n\n"
    "Exit code: 0 good, 1 changed by somebody, 2 usage, 3 it cannot be read.";

static bool read_head(const char *text, uint8_t head[32])
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
		return false;
	for (unsigned k = 0; k < 32; k++) {
		char pair[3] = {text[2 * k], text[2 * k + 1], '\0'};

		head[k] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_WORKSPACE:
		options->workspace = arg;
		break;
	case OPTION_CERT:
		if (options->cert_count == CERTS_MAX)
			argp_error(state, "--cert: at most %d certificates", CERTS_MAX);
		options->certs[options->cert_count++] = arg;
		break;
	case OPTION_SIGNED:
		options->all_signed = true;
		break;
	case OPTION_HEAD:
		if (!read_head(arg, options->head))
			argp_error(state, "--head: expected 64 hexadecimal digits, found '%s'", arg);
		options->has_head = true;
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARG:
		if (options->file != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		options->file = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

struct printing {
	const struct leap_table *leaps;
	bool json;
};

/* Text without what a terminal would obey. */
static void print_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f || (unsigned char)*text == 0x9b ? '?' : *text);
}

static void print_value(const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		print_text(json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
	print_text(text);
	free(text);
}

static bool is_plain(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

/* What is in an object or a list, a line for each; of a list's objects, what is short stands in the line itself. */
static void print_details(const json_t *value, bool short_ones, unsigned depth)
{
	json_t *object = (json_t *)(uintptr_t)value; /* jansson's iterators take no const */
	const json_t *inside;
	const char *between = " ";

	for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
		inside = json_object_iter_value(at);
		if (is_plain(inside) && !short_ones)
			continue;
		printf("%*s", (int)(6 + 2 * depth), "");
		print_text(json_object_iter_key(at));
		fputs(is_plain(inside) ? ": " : ":\n", stdout);
		if (is_plain(inside)) {
			print_value(inside);
			putchar('\n');
		} else {
			print_details(inside, true, depth + 1);
		}
	}
	for (size_t k = 0; (inside = json_array_get(value, k)) != NULL; k++, between = " ") {
		printf("%*s-", (int)(6 + 2 * depth), "");
		if (is_plain(inside)) {
			putchar(' ');
			print_value(inside);
		}
		object = (json_t *)(uintptr_t)inside;
		for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
			if (!is_plain(json_object_iter_value(at)))
				continue;
			printf("%s%s ", between, json_object_iter_key(at));
			print_value(json_object_iter_value(at));
			between = ", ";
		}
		putchar('\n');
		print_details(inside, false, depth + 1);
	}
}

static void print_line(void *ctx, uint64_t n, const json_t *entry)
{
	const struct printing *printing = ctx;
	char time[TIME_TEXT_BYTES];
	const json_t *file;
	size_t k;

	if (printing->json) {
		json_dumpf(entry, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		return;
	}
	printf("%4" PRIu64 "  %s  ", n,
	       time_text(printing->leaps, (scms_time64)json_integer_value(json_object_get(entry, "time")), time));
	print_text(json_string_value(json_object_get(entry, "who")));
	fputs(": ", stdout);
	print_text(json_string_value(json_object_get(entry, "what")));
	putchar('\n');
	if (json_object_get(entry, "why") != NULL) {
		fputs("      why: ", stdout);
		print_text(json_string_value(json_object_get(entry, "why")));
		putchar('\n');
	}
	json_array_foreach(json_object_get(entry, "files"), k, file) {
		fputs("      ", stdout);
		print_text(json_string_value(json_object_get(file, "sha256")));
		fputs("  ", stdout);
		print_text(json_string_value(json_object_get(file, "file")));
		putchar('\n');
	}
	if (json_object_get(entry, "details") != NULL)
		print_details(json_object_get(entry, "details"), true, 0);
	if (json_object_get(entry, "torn") != NULL)
		printf("      before it a crash had left %lld bytes of an unfinished line\n",
		       (long long)json_integer_value(json_object_get(entry, "torn")));
}

static void print_summary(const char *path, const struct journal_summary *summary, bool json)
{
	char head[65];

	for (unsigned k = 0; k < 32; k++)
		snprintf(head + 2 * k, 3, "%02x", summary->head[k]);
	if (json) {
		json_t *out = json_pack("{s:b, s:I, s:I, s:I, s:I, s:s}", "good", 1, "entries", (json_int_t)summary->entries, "signed",
					(json_int_t)summary->signed_entries, "unknownSigners", (json_int_t)summary->unknown_signers,
					"torn", (json_int_t)summary->torn, "head", head);

		json_dumpf(out, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		json_decref(out);
		return;
	}
	printf("%s: %" PRIu64 " entries, unbroken; head %s\n", path, summary->entries, head);
	if (summary->signed_entries > 0)
		printf("%" PRIu64 " are signed, %" PRIu64 " of them by certificates that were not given (--cert)\n",
		       summary->signed_entries, summary->unknown_signers);
	if (summary->torn > 0)
		printf("Behind them a crash left %zu bytes of an unfinished line; the next entry takes them away\n", summary->torn);
}

static int exit_code(enum journal_status status)
{
	return status == JOURNAL_TAMPERED || status == JOURNAL_SIGNATURE ? EXIT_REFUSED : 3;
}

/* The certificates named; the bytes that they point into stay for the life of the process. */
static bool read_certs(const char *command, const struct options *options, struct cert *certs)
{
	for (size_t k = 0; k < options->cert_count; k++) {
		struct scms_slice bytes;
		struct oer_error err;

		if (!report_read(command, options->certs[k], CERTIFICATE_BYTES_MAX, &bytes))
			return false;
		if (cert_read(&certs[k], bytes, engine_crypto(), &err) != OER_OK) {
			report_oer(command, options->certs[k], &err);
			return false;
		}
	}
	return true;
}

static int run(const char *command, const struct options *options, const char *path, bool show)
{
	static struct cert certs[CERTS_MAX];
	struct journal_expect expect = {.signers = certs,
					.signer_count = options->cert_count,
					.all_signed = options->all_signed,
					.head = options->has_head ? options->head : NULL,
					.crypto = engine_crypto()};
	struct printing printing = {.json = options->json};
	struct journal_summary summary;
	struct leap_table leaps;
	struct journal_error err;
	enum journal_status status;

	if (!read_certs(command, options, certs))
		return EXIT_REFUSED;
	leap_load(&leaps, LEAP_FILE);
	printing.leaps = &leaps;
	status = journal_verify(path, &expect, &summary, show ? print_line : NULL, &printing, &err);
	if (status != JOURNAL_OK) {
		fflush(stdout);
		fprintf(stderr, "scms %s: %s\n", command, err.text);
		if (options->json && !show)
			printf("{\"good\":false,\"line\":%" PRIu64 "}\n", err.line);
		return exit_code(status);
	}
	if (!show)
		print_summary(path, &summary, options->json);
	else if (!options->json && summary.entries == 0)
		printf("%s: no entries yet\n", path);
	return report_flush(command) ? 0 : 3;
}

static int parse_and_run(int argc, char **argv, const char *command, bool show)
{
	struct argp argp = {rows, parse_option, "[FILE]", doc, NULL, NULL, NULL};
	struct options options = {.workspace = getenv("SCMS_WORKSPACE")};
	char *path = NULL, name[32];
	int code;

	snprintf(name, sizeof(name), "scms %s", command);
	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.file == NULL && asprintf(&path, "%s/journal", options.workspace != NULL ? options.workspace : ".") < 0)
		return 3;
	code = run(command, &options, options.file != NULL ? options.file : path, show);
	free(path);
	return code;
}

static int show(int argc, char **argv)
{
	return parse_and_run(argc, argv, "log show", true);
}

static int verify(int argc, char **argv)
{
	return parse_and_run(argc, argv, "log verify", false);
}

int cmd_log(int argc, char **argv)
{
	static const struct group_command commands[] = {
	    {"show", show, "every act: when, who, what, why, with which files"},
	    {"verify", verify, "has anybody changed the history?"},
	};
	static const struct group group =
	    GROUP("scms log", "The history of an operator's acts, hash-chained.", commands, "  scms log verify --workspace ws\n");

	return group_run(&group, argc, argv);
}
