/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes TLS identities for tests, and private keys of a home. Each line of standard input is one of
 *
 *   root CERTIFICATE KEY NAME
 *   end ROOT-CERTIFICATE ROOT-KEY CERTIFICATE KEY HOST DAYS [ROLE...]      0 days: has expired
 *   key FILE SCALAR PASS-PHRASE-FILE                                       NIST P-256; the scalar in hex
 */
#include "crypto/key.h"
#include "service/tls_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 24

static size_t split(char *line, const char *words[WORDS_MAX])
{
	char *rest = NULL;
	size_t n = 0;

	for (char *word = strtok_r(line, " \n", &rest); word != NULL && n < WORDS_MAX - 1; word = strtok_r(NULL, " \n", &rest))
		words[n++] = word;
	words[n] = NULL;
	return n;
}

static bool key_make(const char *file, const char *hex, const char *phrase, struct tls_error *err)
{
	const struct secret_source source = {.kind = SECRET_FILE, .path = phrase, .fd = -1};
	struct private_key *key = NULL;
	struct key_error why = {.text = "a scalar of 64 digits"};
	uint8_t d[32];
	bool good = strlen(hex) == 64;

	for (size_t k = 0; good && k < sizeof(d); k++)
		good = sscanf(hex + 2 * k, "%2hhx", &d[k]) == 1;
	good = good && private_key_from_scalar(SCMS_NIST_P256, d, &key, &why) == KEY_OK &&
	       private_key_save(key, file, &source, &why) == KEY_OK;
	private_key_free(key);
	if (!good)
		snprintf(err->text, sizeof(err->text), "%s", why.text);
	return good;
}

int main(void)
{
	const char *words[WORDS_MAX];
	struct tls_error err = {""};
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		size_t n = split(line, words);
		bool good = false;

		if (n == 4 && strcmp(words[0], "root") == 0) {
			good = tls_make_root(words[1], words[2], words[3], 100, &err);
		} else if (n >= 7 && strcmp(words[0], "end") == 0) {
			const struct tls_subject subject = {words[5], words + 7, (unsigned)strtoul(words[6], NULL, 10)};

			good = tls_make_identity(words[1], words[2], words[3], words[4], &subject, &err);
		} else if (n == 4 && strcmp(words[0], "key") == 0) {
			good = key_make(words[1], words[2], words[3], &err);
		}
		if (!good) {
			fprintf(stderr, "identities: %s\n", err.text[0] != '\0' ? err.text : "a line that is none");
			return 1;
		}
	}
	return 0;
}
