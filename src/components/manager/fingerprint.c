/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/fingerprint.h"

#include <string.h>
#include <strings.h>

static const char *const words[256][2] = {
#define ROW(even, odd) {even, odd},
#include "components/manager/pgp_words.inc"
#undef ROW
};

const char *fingerprint_words(const uint8_t *bytes, size_t n, char *text)
{
	char *to = text;

	for (size_t k = 0; k < n; k++) {
		const char *word = words[bytes[k]][k % 2];
		size_t length = strlen(word);

		if (k > 0)
			*to++ = ' ';
		memcpy(to, word, length);
		to += length;
	}
	*to = '\0';
	return text;
}

bool fingerprint_words_match(const uint8_t *bytes, size_t n, const char *typed)
{
	static const char spaces[] = " \t\r\n-,";

	for (size_t k = 0; k < n; k++) {
		const char *word = words[bytes[k]][k % 2];
		size_t length;

		typed += strspn(typed, spaces);
		length = strcspn(typed, spaces);
		if (length != strlen(word) || strncasecmp(typed, word, length) != 0)
			return false;
		typed += length;
	}
	return typed[strspn(typed, spaces)] == '\0';
}
