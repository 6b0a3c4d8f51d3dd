/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h: what a fuzz target defines, and how it fails.
 *
 * With -Dfuzzing=true a target is linked with libFuzzer; else with replay.c,
 * which runs it over its corpus as a test.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where a target has much to set up: libFuzzer calls it before it measures times. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What must always hold. */
#define ALWAYS(condition, ...)                                                                                         \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                \
			fprintf(stderr, __VA_ARGS__);                                                                  \
			fputc('\n', stderr);                                                                           \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

#endif
