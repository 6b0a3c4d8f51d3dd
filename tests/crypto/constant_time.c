/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the scalar arithmetic constant time? Built with clang's memory sanitizer, which reports every branch and every
 * address that depends on memory marked as unknown; the secrets are so marked. With the argument "leak" a function
 * that does branch on a secret runs, and must be reported: the test of the test.
 */
#include <sanitizer/msan_interface.h>
#include <stdio.h>
#include <string.h>

#include "crypto/scalar.h"

static void secret(uint8_t *p, size_t n, uint8_t value)
{
	memset(p, value, n);
	__msan_poison(p, n);
}

static void run(enum scms_curve curve, uint8_t value)
{
	uint8_t a[32], b[32], c[32], wide[48], out[32];

	secret(a, sizeof(a), value);
	secret(b, sizeof(b), (uint8_t)~value);
	secret(c, sizeof(c), (uint8_t)(value * 3));
	secret(wide, sizeof(wide), value);
	scalar_add(curve, a, b, out);
	scalar_mul_add(curve, a, b, c, out);
	scalar_reduce_384(curve, wide, out);
	if (__msan_test_shadow(out, sizeof(out)) != 0) {
		fprintf(stderr, "the result does not depend on the secrets\n");
		__builtin_trap();
	}
}

/* What a careless reduction would do. */
static void leak(void)
{
	static volatile unsigned smaller;
	uint8_t a[32];

	secret(a, sizeof(a), 1);
	if (a[0] < 0x80)
		smaller = 1;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "leak") == 0)
		leak();
	for (unsigned value = 0; value < 256; value += 5) {
		run(SCMS_NIST_P256, (uint8_t)value);
		run(SCMS_BRAINPOOL_P256R1, (uint8_t)value);
	}
	puts("no branch and no address depends on a secret");
	return 0;
}
