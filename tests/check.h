/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: what a test program needs.
 *
 * A failed check prints where and what, and the program goes on, so that one
 * run shows all that is wrong. main ends with `return check_done();`: 0 when
 * at least one check ran and none failed.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>
#include <string.h>

static unsigned check_count;
static unsigned check_failures;

#define CHECK(condition, ...)                                                                                          \
	do {                                                                                                           \
		check_count++;                                                                                         \
		if (!(condition)) {                                                                                    \
			check_failures++;                                                                              \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                \
			fprintf(stderr, __VA_ARGS__);                                                                  \
			fputc('\n', stderr);                                                                           \
		}                                                                                                      \
	} while (0)

static inline int check_done(void)
{
	printf("%u checks, %u failed\n", check_count, check_failures);
	return check_count == 0 || check_failures != 0;
}

#endif
