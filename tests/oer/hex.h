/* SPDX-License-Identifier: Apache-2.0 */
/* hex.h: bytes written in hex, with spaces anywhere. */
#ifndef TESTS_OER_HEX_H
#define TESTS_OER_HEX_H

#include <scms/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Bytes of the text, in memory of exactly that size, so that a sanitizer sees a read beyond; the caller frees .p. */
static inline struct scms_slice hex_bytes(const char *text)
{
	uint8_t *buf = malloc(strlen(text) / 2 + 1), *exact;
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		if (!buf || hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0) {
			fprintf(stderr, "not hex: %s\n", text);
			exit(2);
		}
		buf[n++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text++;
	}
	exact = malloc(n ? n : 1);
	if (!buf || !exact)
		exit(2);
	memcpy(exact, buf, n);
	free(buf);
	return (struct scms_slice){exact, n};
}

/* The same, for what lives as long as the program. */
static inline struct scms_slice hex_kept(const char *text)
{
	static const uint8_t *kept[256];
	static size_t count;
	struct scms_slice s = hex_bytes(text);

	if (count == sizeof(kept) / sizeof(kept[0]))
		exit(2);
	kept[count++] = s.p;
	return s;
}

#endif
