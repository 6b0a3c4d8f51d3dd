/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of combs' entries for many signatures at once, in affine form. An affine addition costs 6 products where one to
 * a projective sum costs 11, but needs an inverse; those of all the additions of a level, which do not depend on each
 * other, come from a single inversion.
 */
#include "crypto/p256_ifma_digit.h"

/* A level pays from about as many pairs of vectors' points on: an inversion costs as much as 30 times what each saves. */
#define WORTH 32

/* A row's digits for two vectors, and where their entries are, which begin to be fetched. */
struct row {
	struct digit digit[2];
	struct comb_place place[2];
};

LANE void row_find(struct row *out, const struct words u[2], const __m512i comb[2], unsigned row, __m512i carry[2])
{
	BOTH
	{
		out->digit[k] = digit_at(&u[k], P256_COMB_WIDTH * row, P256_COMB_WIDTH, &carry[k]);
		comb_find(&out->place[k], comb[k], row, &out->digit[k]);
		comb_prefetch(&out->place[k]);
	}
}

void p256_ifma_tree_comb(struct tree *tree, unsigned segment, const struct words *u, const __m512i *comb)
{
	tree->rows = P256_COMB_ROWS;
	for (unsigned v = 0; v < tree->vectors; v += 2) {
		struct tree_pair *pair = &tree->pair[v / 2];
		__m512i carry[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
		struct row now, next;

		row_find(&next, &u[v], &comb[v], 0, carry);
		for (unsigned row = 0; row < P256_COMB_ROWS; row++) {
			now = next;
			if (row + 1 < P256_COMB_ROWS)
				row_find(&next, &u[v], &comb[v], row + 1, carry);
			BOTH comb_point(&pair->point[segment][row][k], &now.place[k], &now.digit[k]);
			BOTH pair->infinite[segment][row][k] = now.digit[k].zero;
		}
	}
}

/* The lanes in which one of two points is infinity, so that there is nothing to invert. */
LANE void skip_read(__mmask8 skip[2], const struct tree_pair *pair, unsigned segment, unsigned row)
{
	BOTH skip[k] = pair->infinite[segment][row][k] | pair->infinite[segment][row + 1][k];
}

/* The product of all differences, and of those behind each: from the end, so that the sums can be put in from the front. */
static void differences(struct fe product[2], struct tree_pair *pair, unsigned segments, unsigned rows)
{
	const struct fe one = fe_const(fe_one);

	BOTH product[k] = one;
	for (unsigned segment = segments; segment-- > 0;)
		for (unsigned at = rows / 2; at-- > 0;) {
			const struct affine(*point)[2] = pair->point[segment];
			__mmask8 skip[2];
			struct fe d[2];

			skip_read(skip, pair, segment, 2 * at);
			affine_difference(d, point[2 * at], point[2 * at + 1], &one, skip);
			BOTH pair->behind[segment][at][k] = product[k];
			BOTH fe_mul(&product[k], &product[k], &d[k]);
		}
}

/* The sums of points 2 at and 2 at + 1, in the place of point `at`, and an odd point behind them. */
static void sums(struct fe inverse[2], struct tree_pair *pair, unsigned segments, unsigned rows)
{
	const struct fe one = fe_const(fe_one);

	for (unsigned segment = 0; segment < segments; segment++) {
		struct affine(*point)[2] = pair->point[segment];
		__mmask8(*infinite)[2] = pair->infinite[segment];

		for (unsigned at = 0; at < rows / 2; at++) {
			const struct affine *a = point[2 * at], *b = point[2 * at + 1];
			const __mmask8 *no_a = infinite[2 * at], *no_b = infinite[2 * at + 1];
			struct affine sum[2];
			struct fe d[2], i[2];
			__mmask8 skip[2];

			skip_read(skip, pair, segment, 2 * at);
			affine_difference(d, a, b, &one, skip);
			BOTH fe_mul(&i[k], &inverse[k], &pair->behind[segment][at][k]);
			BOTH fe_mul(&inverse[k], &inverse[k], &d[k]);
			affine_add(sum, a, b, i);
			BOTH
			{
				fe_blend(&sum[k].x, no_a[k], &b[k].x);
				fe_blend(&sum[k].y, no_a[k], &b[k].y);
				fe_blend(&sum[k].x, no_b[k], &a[k].x);
				fe_blend(&sum[k].y, no_b[k], &a[k].y);
			}
			BOTH infinite[at][k] = no_a[k] & no_b[k];
			BOTH point[at][k] = sum[k];
		}
		if (rows % 2 != 0) {
			BOTH infinite[rows / 2][k] = infinite[rows - 1][k];
			BOTH point[rows / 2][k] = point[rows - 1][k];
		}
	}
}

bool p256_ifma_tree_sum(struct tree *tree, unsigned segments)
{
	struct fe inverse[TREE_VECTORS], prefix[TREE_VECTORS];

	for (; tree->rows / 2 * segments * tree->vectors >= WORTH; tree->rows -= tree->rows / 2) {
		__mmask8 zero = 0;

		for (unsigned v = 0; v < tree->vectors; v += 2) {
			differences(&inverse[v], &tree->pair[v / 2], segments, tree->rows);
			zero |= fe_zeros(&inverse[v]) | fe_zeros(&inverse[v + 1]);
		}
		if (zero != 0)
			return false;
		p256_ifma_invert_p(inverse, prefix, tree->vectors);
		for (unsigned v = 0; v < tree->vectors; v += 2)
			sums(&inverse[v], &tree->pair[v / 2], segments, tree->rows);
	}
	return true;
}
