/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points without a comb: multiples 1 to 16 of each, affine, for all of a batch together, then double and add.
 *
 * The multiples come in four levels, each from those before: m P + P, .. m P + (m - 1) P and 2 m P for m = 1, 2, 4, 8.
 * The points are on the curve, whose order is prime, so no two of these multiples are equal or opposite.
 */
#include "crypto/p256_ifma_digit.h"

/* The lanes' entries of column m, each a cache line. */
static void column_store(struct p256_ifma *ifma, unsigned v, unsigned m, const struct affine a[2])
{
	BOTH
	{
		__m512i line[8];

		affine_lines(line, &a[k]);
		for (int lane = 0; lane < 8; lane++)
			_mm512_store_si512(ifma->window[v + (unsigned)k][lane][m], line[lane]);
	}
}

/* What the multiple m + 1 + i needs the inverse of. */
LANE void window_difference(struct fe d[2], struct affine (*multiple)[2], unsigned m, unsigned i, const struct fe *one)
{
	static const __mmask8 none[2];

	if (i == m - 1)
		BOTH fe_shift(&d[k], &multiple[i][k].y, 1);
	else
		affine_difference(d, multiple[m - 1], multiple[i], one, none);
}

static void differences(struct fe product[2], struct window_pair *pair, unsigned m)
{
	const struct fe one = fe_const(fe_one);

	BOTH product[k] = one;
	for (unsigned i = m; i-- > 0;) {
		struct fe d[2];

		window_difference(d, pair->multiple, m, i, &one);
		BOTH pair->behind[i][k] = product[k];
		BOTH fe_mul(&product[k], &product[k], &d[k]);
	}
}

static void sums(struct p256_ifma *ifma, unsigned v, struct fe inverse[2], unsigned m)
{
	struct window_pair *pair = &ifma->large.windows[v / 2];
	const struct fe one = fe_const(fe_one);

	for (unsigned i = 0; i < m; i++) {
		struct fe d[2], inverse_d[2];
		struct affine sum[2];

		window_difference(d, pair->multiple, m, i, &one);
		BOTH fe_mul(&inverse_d[k], &inverse[k], &pair->behind[i][k]);
		BOTH fe_mul(&inverse[k], &inverse[k], &d[k]);
		if (i == m - 1)
			affine_double(sum, pair->multiple[i], inverse_d, &one);
		else
			affine_add(sum, pair->multiple[m - 1], pair->multiple[i], inverse_d);
		column_store(ifma, v, m + i, sum);
		if (m + i < WINDOW_COLUMNS / 2)
			BOTH pair->multiple[m + i][k] = sum[k];
	}
}

void p256_ifma_windows(struct p256_ifma *ifma, unsigned vectors)
{
	struct fe inverse[VECTORS], prefix[VECTORS];

	for (unsigned v = 0; v < vectors; v += 2) {
		BOTH ifma->large.windows[v / 2].multiple[0][k] = ifma->point[v + (unsigned)k];
		column_store(ifma, v, 0, &ifma->point[v]);
	}
	for (unsigned m = 1; m < WINDOW_COLUMNS; m *= 2) {
		for (unsigned v = 0; v < vectors; v += 2)
			differences(&inverse[v], &ifma->large.windows[v / 2], m);
		p256_ifma_invert_p(inverse, prefix, vectors);
		for (unsigned v = 0; v < vectors; v += 2)
			sums(ifma, v, &inverse[v], m);
	}
}

LANE void window_find(struct comb_place *place, uint64_t (*window)[WINDOW_COLUMNS][8], const struct digit *d)
{
	const __m512i lanes = _mm512_mullo_epi64(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), v_set(sizeof(window[0])));
	const __m512i first = v_add(v_set((uintptr_t)window), lanes);

	_mm512_store_si512(place->line, v_add(first, _mm512_slli_epi64(d->column, 6)));
}

void p256_ifma_window_mul(struct p256_ifma *ifma, struct xyzz a[2], unsigned v, const struct words u[2],
			  const struct affine *start)
{
	__m512i carry[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
	struct jacobian sum[2];

	for (unsigned n = 0; n < WINDOWS; n++)
		BOTH ifma->u.digit[n][k] = digit_at(&u[k], WINDOW_WIDTH * n, WINDOW_WIDTH, &carry[k]);
	BOTH sum[k] = (struct jacobian){start->x, start->y, fe_const(fe_one)};
	for (unsigned n = WINDOWS; n-- > 0;) {
		struct affine b[2];
		__mmask8 skip[2];

		for (unsigned m = 0; m < WINDOW_WIDTH && n != WINDOWS - 1; m++)
			jacobian_double(sum);
		BOTH
		{
			const struct digit *d = &ifma->u.digit[n][k];
			struct comb_place place;

			window_find(&place, ifma->window[v + (unsigned)k], d);
			comb_point(&b[k], &place, d);
			skip[k] = d->zero;
		}
		jacobian_add_affine(sum, b, skip);
	}
	BOTH
	{
		a[k].x = sum[k].x;
		a[k].y = sum[k].y;
		fe_sqr(&a[k].zz, &sum[k].z);
		fe_mul(&a[k].zzz, &a[k].zz, &sum[k].z);
	}
}
