/* SPDX-License-Identifier: Apache-2.0 */
/* Making a comb: the multiples 1 to 64 of 2^(7 i) Q, i = 0..36, eight i in a vector. */
#include "crypto/p256_ifma_digit.h"

#define ROW_VECTORS ((P256_COMB_ROWS + 7) / 8)

/* 2^(7 i) Q for lane i % 8 of vector i / 8; the lanes beyond the last row hold Q. */
static void row_points(struct jacobian row[ROW_VECTORS + 1], const struct affine *q)
{
	struct jacobian a[2];

	BOTH a[k] = (struct jacobian){q->x, q->y, fe_const(fe_one)};
	for (unsigned v = 0; v <= ROW_VECTORS; v++)
		row[v] = a[0];
	for (unsigned i = 0; i < P256_COMB_ROWS; i++) {
		__mmask8 mask = (__mmask8)(1 << i % 8);

		fe_blend(&row[i / 8].x, mask, &a[0].x);
		fe_blend(&row[i / 8].y, mask, &a[0].y);
		fe_blend(&row[i / 8].z, mask, &a[0].z);
		for (unsigned n = 0; n < P256_COMB_WIDTH; n++)
			jacobian_double(a);
	}
}

static void row_affine(struct affine out[2], const struct jacobian in[2])
{
	const struct fe one = fe_const(fe_one);
	struct fe inverse[2], square[2], prefix[2];

	BOTH fe_mul(&inverse[k], &in[k].z, &one);
	p256_ifma_invert_p(inverse, prefix, 2);
	BOTH fe_sqr(&square[k], &inverse[k]);
	BOTH fe_mul(&out[k].x, &in[k].x, &square[k]);
	BOTH fe_fold(&out[k].x);
	BOTH fe_mul(&square[k], &square[k], &inverse[k]);
	BOTH fe_mul(&out[k].y, &in[k].y, &square[k]);
}

static void multiples_make(struct multiples *all, const struct affine b[2])
{
	static const __mmask8 none[2];
	const struct fe one = fe_const(fe_one);
	struct jacobian twice[2];
	struct xyzz a[2];

	BOTH all->point[0][k] = (struct xyzz){b[k].x, b[k].y, one, one};
	BOTH twice[k] = (struct jacobian){b[k].x, b[k].y, one};
	jacobian_double(twice);
	BOTH
	{
		a[k].x = twice[k].x;
		a[k].y = twice[k].y;
		fe_sqr(&a[k].zz, &twice[k].z);
		fe_mul(&a[k].zzz, &a[k].zz, &twice[k].z);
	}
	BOTH all->point[1][k] = a[k];
	for (unsigned m = 2; m < P256_COMB_COLUMNS; m++) {
		xyzz_add_affine(a, b, none);
		BOTH all->point[m][k] = a[k];
	}
}

/* To the lanes' rows of column m. */
LANE void column_store(struct p256_comb *comb, unsigned vector, unsigned m, const struct affine *a)
{
	__m512i line[8];

	affine_lines(line, a);
	for (unsigned k = 0; k < 8 && 8 * vector + k < P256_COMB_ROWS; k++)
		_mm512_store_si512(comb->point[8 * vector + k][m], line[k]);
}

/* One inversion for all multiples: prefixes of products of ZZZ, undone from the end. */
static void multiples_affine(struct multiples *all, struct p256_comb *comb, unsigned vector)
{
	struct fe inverse[2], prefix[2];

	BOTH all->prefix[0][k] = all->point[0][k].zzz;
	for (unsigned m = 1; m < P256_COMB_COLUMNS; m++)
		BOTH fe_mul(&all->prefix[m][k], &all->prefix[m - 1][k], &all->point[m][k].zzz);
	BOTH inverse[k] = all->prefix[P256_COMB_COLUMNS - 1][k];
	p256_ifma_invert_p(inverse, prefix, 2);
	for (unsigned m = P256_COMB_COLUMNS; m-- > 0;)
		BOTH
		{
			const struct xyzz *a = &all->point[m][k];
			struct fe i = inverse[k], z;
			struct affine point;

			if (m > 0) {
				fe_mul(&i, &inverse[k], &all->prefix[m - 1][k]);
				fe_mul(&inverse[k], &inverse[k], &a->zzz);
			}
			fe_mul(&z, &a->zz, &i); /* 1 / Z */
			fe_sqr(&z, &z);
			fe_mul(&point.x, &a->x, &z);
			fe_mul(&point.y, &a->y, &i);
			column_store(comb, vector + (unsigned)k, m, &point);
		}
}

static void comb_make(struct p256_ifma *ifma, const struct affine *q, struct p256_comb *comb)
{
	struct jacobian row[ROW_VECTORS + 1];

	row_points(row, q);
	for (unsigned v = 0; v < ROW_VECTORS; v += 2) {
		struct affine b[2];

		row_affine(b, &row[v]);
		multiples_make(&ifma->large.multiples, b);
		multiples_affine(&ifma->large.multiples, comb, v);
	}
}

void p256_ifma_comb(struct p256_ifma *ifma, const uint8_t xy[64], struct p256_comb *comb)
{
	const struct fe rr = fe_const(fe_rr);
	const uint8_t *bytes[2][8];
	struct words words;
	struct affine q;

	for (int k = 0; k < 8; k++) {
		bytes[0][k] = xy;
		bytes[1][k] = xy + 32;
	}
	words_load(&words, bytes[0]);
	fe_from_words(&q.x, words.w);
	fe_mul(&q.x, &q.x, &rr);
	fe_fold(&q.x);
	words_load(&words, bytes[1]);
	fe_from_words(&q.y, words.w);
	fe_mul(&q.y, &q.y, &rr);
	comb_make(ifma, &q, comb);
}

size_t p256_ifma_size(void)
{
	return sizeof(struct p256_ifma);
}

struct p256_ifma *p256_ifma_init(void *memory)
{
	static const uint8_t generator[64] = {
	    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
	    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
	    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
	    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
	};
	struct p256_ifma *ifma = memory;

	p256_ifma_comb(ifma, generator, &ifma->generator);
	return ifma;
}
