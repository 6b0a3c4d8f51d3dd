/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_data.h: known answers from JSON files. A file that is not as expected ends the test as failed.
 */
#ifndef TESTS_CRYPTO_JSON_DATA_H
#define TESTS_CRYPTO_JSON_DATA_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file; json_decref(). */
static inline json_t *json_data_load(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);

	if (!root) {
		fprintf(stderr, "%s: %s\n", path, error.text);
		exit(1);
	}
	return root;
}

static inline const char *json_data_text(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	if (!text) {
		fprintf(stderr, "test data: no text \"%s\" in a row\n", name);
		exit(1);
	}
	return text;
}

/* Hexadecimal field as bytes; returns their number. */
static inline size_t json_data_hex(const json_t *row, const char *name, uint8_t *out, size_t room)
{
	const char *text = json_data_text(row, name);
	size_t n = strlen(text) / 2;

	for (size_t k = 0; k < n; k++) {
		unsigned byte;

		if (n > room || sscanf(text + 2 * k, "%2x", &byte) != 1) {
			fprintf(stderr, "test data: \"%s\" is not hexadecimal, or too long\n", name);
			exit(1);
		}
		out[k] = (uint8_t)byte;
	}
	return n;
}

static inline uint32_t json_data_number(const json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);

	if (!json_is_integer(value)) {
		fprintf(stderr, "test data: no number \"%s\" in a row\n", name);
		exit(1);
	}
	return (uint32_t)json_integer_value(value);
}

#endif
