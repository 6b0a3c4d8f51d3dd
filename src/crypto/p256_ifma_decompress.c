/* SPDX-License-Identifier: Apache-2.0 */
/* Powers mod p, and points from what a message has of them. */
#include "crypto/p256_ifma_work.h"

void p256_ifma_power(struct fe x[2], const uint64_t e[4])
{
	struct fe power[16][2], y[2];
	bool started = false;

	BOTH power[1][k] = x[k];
	for (int i = 2; i < 16; i++)
		BOTH fe_mul(&power[i][k], &power[i - 1][k], &x[k]);
	BOTH y[k] = fe_const(fe_one);
	for (int i = 63; i >= 0; i--) {
		uint64_t digit = e[i / 16] >> (4 * (i % 16)) & 15;

		for (int n = 0; n < 4 && started; n++)
			BOTH fe_sqr(&y[k], &y[k]);
		if (digit == 0)
			continue;
		BOTH fe_mul(&y[k], &y[k], &power[digit][k]);
		started = true;
	}
	BOTH x[k] = y[k];
}

/* y^2 of the curve: x^3 - 3 x + b */
LANE void curve_right(struct fe *out, const struct fe *x)
{
	static const uint64_t b[5] = {0xdf6229c4bddfd, 0xca8843090d89c, 0x212ed6acf005c, 0x83415a220abf7,
				      0x0c30061dd4874};
	const struct fe b_fe = fe_const(b), one = fe_const(fe_one);
	struct fe three, t;

	fe_triple(&three, &one);
	fe_sqr(&t, x);
	fe_sub(&t, &t, &three, 3);
	fe_mul(&t, &t, x);
	fe_add(out, &t, &b_fe);
}

/* Of y and p - y, the one that the jobs ask for; the lanes where that agrees with a y that they give. */
static __mmask8 choose_y(struct fe *y, const struct p256_job *const lane[8])
{
	const struct fe plain_one = fe_const(fe_plain_one);
	const uint8_t *bytes[8];
	struct fe plain, minus, given;
	__mmask8 given_mask = 0, want_odd = 0, odd, flip, equal = 0xff;
	struct words words;

	for (int k = 0; k < 8; k++) {
		bool is_given = lane[k]->y != NULL;

		bytes[k] = is_given ? lane[k]->y : lane[k]->x;
		given_mask |= (__mmask8)(is_given << k);
		want_odd |= (__mmask8)((is_given ? lane[k]->y[31] & 1 : lane[k]->odd) << k);
	}
	fe_mul(&plain, y, &plain_one);
	fe_once(&plain, p256_p);
	odd = _mm512_test_epi64_mask(plain.l[0], v_set(1));
	flip = odd ^ want_odd;
	fe_neg(&minus, y, 2);
	fe_blend(y, flip, &minus);
	fe_neg(&minus, &plain, 1);
	fe_blend(&plain, flip, &minus);
	words_load(&words, bytes);
	fe_from_words(&given, words.w);
	LIMBS equal &= _mm512_cmpeq_epi64_mask(plain.l[i], given.l[i]);
	return (__mmask8)(equal | ~given_mask);
}

/* An entry of a comb, in every lane. */
LANE void entry_read(struct affine *out, const uint64_t entry[8])
{
	__m512i w[8];

	for (int i = 0; i < 8; i++)
		w[i] = v_set(entry[i]);
	fe_from_words(&out->x, w);
	fe_from_words(&out->y, w + 4);
}

void p256_ifma_points(struct p256_ifma *ifma, const struct p256_job *const lane[][8], unsigned vectors,
		      __mmask8 on_curve[VECTORS])
{
	/* (p + 1) / 4: a square root, where there is one */
	static const uint64_t root[4] = {0, 0x40000000, 0x4000000000000000, 0x3fffffffc0000000};
	const struct fe rr = fe_const(fe_rr);
	struct affine generator;

	entry_read(&generator, ifma->generator.point[0][0]);
	for (unsigned v = 0; v < vectors; v += 2) {
		struct fe x[2], y[2], right[2], t[2];

		BOTH
		{
			const uint8_t *bytes[8];
			struct words words;

			for (int n = 0; n < 8; n++)
				bytes[n] = lane[v + (unsigned)k][n]->x;
			words_load(&words, bytes);
			fe_from_words(&x[k], words.w);
			fe_mul(&x[k], &x[k], &rr);
			fe_fold(&x[k]);
			curve_right(&right[k], &x[k]);
			y[k] = right[k];
		}
		p256_ifma_power(y, root);
		BOTH
		{
			fe_sqr(&t[k], &y[k]);
			fe_sub(&t[k], &t[k], &right[k], 4);
			on_curve[v + (unsigned)k] = fe_zeros(&t[k]);
			on_curve[v + (unsigned)k] &= choose_y(&y[k], lane[v + (unsigned)k]);
			fe_fold(&y[k]);
			fe_blend(&x[k], (__mmask8)~on_curve[v + (unsigned)k], &generator.x);
			fe_blend(&y[k], (__mmask8)~on_curve[v + (unsigned)k], &generator.y);
			ifma->point[v + (unsigned)k] = (struct affine){x[k], y[k]};
		}
	}
}
