/* SPDX-License-Identifier: Apache-2.0 */
/*
 * any_value DIRECTORY N: files with values of every type, made by chance: DIRECTORY/TYPE.0 to TYPE.N-1.
 */
#include "../oer/make_value.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 1 << 20 };

int main(int argc, char **argv)
{
	static uint8_t buf[SIZE];
	unsigned n = argc == 3 ? (unsigned)atoi(argv[2]) : 0;

	for (size_t i = 0; i < oer_entry_count; i++) {
		for (unsigned k = 0; k < n; k++) {
			const struct oer_type *type = oer_entries[i].type;
			struct maker m = {
			    .out = {.p = buf, .cap = SIZE}, .seed = i << 20 | k, .parts = 40 * k, .depth = 3};
			struct file_error err;
			char path[512];
			size_t len;

			make_value(&m, type);
			if (writer_finish(&m.out, &len) != OER_OK ||
			    oer_decode(type, (struct scms_slice){buf, len}, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
				continue;
			snprintf(path, sizeof(path), "%s/%s.%u", argv[1], type->name, k);
			if (len > 0 && file_write(path, 0600, (struct scms_slice){buf, len}, &err) != FILE_OK) {
				fprintf(stderr, "%s: %s\n", path, err.text);
				return 1;
			}
		}
	}
	return n == 0;
}
