/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms hash: the names of a certificate: hashes of its canonical form, and their ends; of a request the hash of the file.
 */
#include "commands.h"
#include "component_work.h"
#include "components/manager/fingerprint.h"
#include "dot2/cert.h"
#include "report.h"
#include "service/engine.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_JSON = 256 };

struct options {
	bool json;
	char **files;
	size_t count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	(void)arg;
	switch (key) {
	case OPTION_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->count = (size_t)(state->argc - state->next);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a file is missing");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_row(bool json, const char *name, const uint8_t *bytes, size_t n, const char *behind)
{
	printf(json ? "\"%s\": \"" : "  %-11s", name);
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	printf(json ? "\"%s" : "\n", behind);
}

static void print_hashes(const struct cert *cert, bool json)
{
	const uint8_t *id10 = cert_id10(cert);

	print_row(json, "SHA-256", cert->hash256, 32, ", ");
	if (cert->sig384)
		print_row(json, "SHA-384", cert->hash384, 48, ", ");
	print_row(json, "HashedId10", id10, 10, ", ");
	print_row(json, "HashedId8", id10 + 2, 8, ", ");
	print_row(json, "HashedId3", id10 + 7, 3, "}");
}

/* A request (scms component create --request) has no canonical form of its own: what is carried is hashed. */
static bool request_hash(struct scms_slice bytes, uint8_t hash[32])
{
	const struct scms_crypto *crypto = engine_crypto();
	struct component_request request;
	struct key_error err;

	if (!work_tls_is_request(bytes) && component_request_read(&request, bytes, crypto, &err) != KEY_OK)
		return false;
	crypto->sha256(crypto->ctx, &bytes, 1, hash);
	return true;
}

/* A file's name as a JSON string. */
static void print_name(const char *name)
{
	putchar('"');
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			printf("\\%c", *name);
		else if ((unsigned char)*name < ' ')
			printf("\\u%04x", *name);
		else
			putchar(*name);
	}
	putchar('"');
}

static bool hash_file(const char *file, bool json, bool first)
{
	struct scms_slice bytes;
	struct oer_error err = {0};
	struct cert cert;
	uint8_t hash[32];
	bool good, request = false;

	if (!report_read("hash", file, FILE_LIMIT_DEFAULT, &bytes))
		return false;
	good = cert_read(&cert, bytes, engine_crypto(), &err) == OER_OK;
	if (!good)
		good = request = request_hash(bytes, hash);
	if (!good) {
		report_oer("hash", file, &err);
	} else if (json) {
		fputs(first ? "\n{\"file\": " : ",\n{\"file\": ", stdout);
		print_name(file);
		fputs(", ", stdout);
		if (request)
			print_row(true, "SHA-256", hash, 32, "}");
		else
			print_hashes(&cert, true);
	} else {
		char words[FINGERPRINT_WORDS_BYTES(32)];

		printf("%s%s\n", file, request ? " (a request, as a file)" : "");
		if (request)
			print_row(false, "SHA-256", hash, 32, "");
		else
			print_hashes(&cert, false);
		printf("  in words   %s\n", fingerprint_words(request ? hash : cert.hash256, 32, words));
	}
	free((void *)(uintptr_t)bytes.p);
	return good;
}

int cmd_hash(int argc, char **argv)
{
	static const struct argp_option rows[] = {{"json", OPTION_JSON, NULL, 0, "Write a JSON array", 0}, {0}};
	static const struct argp argp = {
	    rows,
	    parse,
	    "FILE...",
	    "Print SHA-256 (and SHA-384 where the certificate is signed on a 384-bit curve), HashedId10, "
	    "HashedId8 and HashedId3 of certificates in canonical form: points compressed, rSig "
	    "x-only; and the SHA-256 in words (PGP word list), to be read out over a second channel. Of a request (scms component create "
	    "--request) the SHA-256 of the file, and that in words.\v"
	    "Example:\n  scms hash root.oer elector-a.oer\n",
	    NULL,
	    NULL,
	    NULL};
	static char name[] = "scms hash";
	struct options options = {0};
	bool good = true, first = true;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.json)
		putchar('[');
	for (size_t i = 0; i < options.count; i++) {
		bool hashed = hash_file(options.files[i], options.json, first);

		good = good && hashed;
		first = first && !hashed;
	}
	if (options.json)
		puts("]");
	return report_flush("hash") && good ? 0 : EXIT_REFUSED;
}
