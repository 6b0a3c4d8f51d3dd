/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes TLS identities for tests. Each line of standard input is one of
 *
 *   root CERTIFICATE KEY NAME
 *   end ROOT-CERTIFICATE ROOT-KEY CERTIFICATE KEY HOST DAYS [ROLE...]      0 days: has expired
 */
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
		}
		if (!good) {
			fprintf(stderr, "identities: %s\n", err.text[0] != '\0' ? err.text : "a line that is none");
			return 1;
		}
	}
	return 0;
}
