/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_value.h: any type's values by chance, from its table alone.
 *
 * What comes out is canonical OER. The same seed gives the same value. Unknown
 * alternatives and additions are made too, where the schema has "...".
 */
#ifndef TESTS_MAKE_VALUE_H
#define TESTS_MAKE_VALUE_H

#include "oer/table.h"
#include "oer/write.h"

struct maker {
	struct writer out;
	uint64_t seed;
	unsigned parts; /* values still to be made before all becomes as small as it can */
	unsigned depth; /* references back to a containing type that may still be followed */
};

/* The next number by chance, below n (splitmix64). */
uint64_t maker_chance(struct maker *m, uint64_t n);

/* Writes a value of the type to m->out. */
void make_value(struct maker *m, const struct oer_type *type);

#endif
