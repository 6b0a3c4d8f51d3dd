/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p256_ifma_field.h: arithmetic mod p and mod n of NIST P-256, eight numbers at a time (AVX-512 IFMA).
 *
 * A number is five limbs of 52 bits, lane by lane, in Montgomery form with R = 2^260. Everything here is variable
 * time and only ever sees public data.
 *
 * BOUNDS. vpmadd52 reads the low 52 bits of its factors, so every factor must be in normal form: each limb in
 * [0, 2^52), that is a value in [0, 2^260). Numbers are not kept below p: each has a bound, in multiples of p, that
 * follows from how it was made. With A, B the bounds of the factors:
 *
 *   fe_mul, fe_sqr   (A * B * p^2 + 2^260 * p) / 2^260, which is below (A * B / 16 + 1) * p since p < 2^256
 *   fe_mul2          as fe_mul with A * B + C * D in the place of A * B
 *   fe_sub(.., k)    A + k; needs B <= k, so that the value does not fall below 0
 *   fe_fold          below 2^256 + 2^229 for any value below 2^260, since 2^256 = 2^224 - 2^192 - 2^96 + 1 mod p
 *
 * and a value below 16 p is below 2^260. A column of a product adds up at most 20 halves of 52 bits (fe_mul2), of the
 * reduction 6 more and a carry: below 2^58, far from 2^64; the columns of sums are below 2^57 in magnitude, far from
 * the sign. tests/verify/bounds.py reads the formulas of p256_ifma_point.h and follows the bounds through them.
 *
 * Mod n the same holds with n for p; the reduction takes a general multiple there.
 */
#ifndef CRYPTO_P256_IFMA_FIELD_H
#define CRYPTO_P256_IFMA_FIELD_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define LANE static inline __attribute__((always_inline))

#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 5")
#endif
#define LIMBS UNROLLED for (int i = 0; i < 5; i++)

#define M52 0xfffffffffffffULL

struct fe {
	__m512i l[5];
};

static const uint64_t p256_p[5] = {0xfffffffffffff, 0x00fffffffffff, 0, 0x0001000000000, 0x0ffffffff0000};
static const uint64_t p256_n[5] = {0x9cac2fc632551, 0xada7179e84f3b, 0xfffffffbce6fa, 0x0000fffffffff, 0x0ffffffff0000};

LANE __m512i v_set(uint64_t x)
{
	return _mm512_set1_epi64((long long)x);
}

LANE __m512i v_lo(__m512i sum, __m512i a, __m512i b)
{
	return _mm512_madd52lo_epu64(sum, a, b);
}

LANE __m512i v_hi(__m512i sum, __m512i a, __m512i b)
{
	return _mm512_madd52hi_epu64(sum, a, b);
}

LANE __m512i v_add(__m512i a, __m512i b)
{
	return _mm512_add_epi64(a, b);
}

LANE __m512i v_sub(__m512i a, __m512i b)
{
	return _mm512_sub_epi64(a, b);
}

LANE struct fe fe_const(const uint64_t limb[5])
{
	struct fe r;

	LIMBS r.l[i] = v_set(limb[i]);
	return r;
}

/* Normal form of five signed columns whose sum is in [0, 2^260). */
LANE void fe_carry(__m512i t[5])
{
	UNROLLED
	for (int i = 0; i < 4; i++) {
		t[i + 1] = v_add(t[i + 1], _mm512_srai_epi64(t[i], 52));
		t[i] = _mm512_and_si512(t[i], v_set(M52));
	}
}

LANE void columns_mul(__m512i t[10], const struct fe *a, const struct fe *b)
{
	LIMBS
	{
		UNROLLED
		for (int j = 0; j < 5; j++) {
			t[i + j] = v_lo(t[i + j], a->l[i], b->l[j]);
			t[i + j + 1] = v_hi(t[i + j + 1], a->l[i], b->l[j]);
		}
	}
}

LANE void columns_zero(__m512i t[10])
{
	for (int i = 0; i < 10; i++)
		t[i] = _mm512_setzero_si512();
}

/* The columns of a square: the products off the diagonal once, doubled, then the diagonal. */
LANE void columns_sqr(__m512i t[10], const struct fe *a)
{
	columns_zero(t);
	LIMBS
	{
		UNROLLED
		for (int j = i + 1; j < 5; j++) {
			t[i + j] = v_lo(t[i + j], a->l[i], a->l[j]);
			t[i + j + 1] = v_hi(t[i + j + 1], a->l[i], a->l[j]);
		}
	}
	for (int i = 1; i < 9; i++)
		t[i] = v_add(t[i], t[i]);
	LIMBS
	{
		t[2 * i] = v_lo(t[2 * i], a->l[i], a->l[i]);
		t[2 * i + 1] = v_hi(t[2 * i + 1], a->l[i], a->l[i]);
	}
}

/*
 * Montgomery reduction mod p. p = -1 mod 2^52, so the multiple of p that clears a limb is that limb m itself, and
 * p = -1 + 2^44 * 2^52 + 2^36 * 2^156 + 0xffffffff0000 * 2^208: the -1 takes away the low 52 bits of the column, and
 * what lies above them is carried.
 */
LANE void fe_reduce(struct fe *r, __m512i t[10])
{
	const __m512i c1 = v_set(1ULL << 44), c3 = v_set(1ULL << 36), c4 = v_set(0xffffffff0000);

	LIMBS
	{
		const __m512i m = t[i];

		t[i + 1] = v_add(t[i + 1], _mm512_srli_epi64(m, 52));
		t[i + 1] = v_lo(t[i + 1], m, c1);
		t[i + 2] = v_hi(t[i + 2], m, c1);
		t[i + 3] = v_lo(t[i + 3], m, c3);
		t[i + 4] = v_hi(t[i + 4], m, c3);
		t[i + 4] = v_lo(t[i + 4], m, c4);
		t[i + 5] = v_hi(t[i + 5], m, c4);
	}
	fe_carry(t + 5);
	LIMBS r->l[i] = t[5 + i];
}

LANE void fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	__m512i t[10];

	columns_zero(t);
	columns_mul(t, a, b);
	fe_reduce(r, t);
}

LANE void fe_sqr(struct fe *r, const struct fe *a)
{
	__m512i t[10];

	columns_sqr(t, a);
	fe_reduce(r, t);
}

/* a * b + c * d, reduced once. */
LANE void fe_mul2(struct fe *r, const struct fe *a, const struct fe *b, const struct fe *c, const struct fe *d)
{
	__m512i t[10];

	columns_zero(t);
	columns_mul(t, a, b);
	columns_mul(t, c, d);
	fe_reduce(r, t);
}

/* a + b */
LANE void fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	LIMBS r->l[i] = v_add(a->l[i], b->l[i]);
	fe_carry(r->l);
}

/* a - b + k p */
LANE void fe_sub(struct fe *r, const struct fe *a, const struct fe *b, unsigned k)
{
	LIMBS r->l[i] = v_sub(v_add(a->l[i], v_set(k * p256_p[i])), b->l[i]);
	fe_carry(r->l);
}

/* k p - b */
LANE void fe_neg(struct fe *r, const struct fe *b, unsigned k)
{
	LIMBS r->l[i] = v_sub(v_set(k * p256_p[i]), b->l[i]);
	fe_carry(r->l);
}

/* k p - 2 b */
LANE void fe_neg_double(struct fe *r, const struct fe *b, unsigned k)
{
	LIMBS r->l[i] = v_sub(v_set(k * p256_p[i]), v_add(b->l[i], b->l[i]));
	fe_carry(r->l);
}

/* a 2^n */
LANE void fe_shift(struct fe *r, const struct fe *a, unsigned n)
{
	LIMBS r->l[i] = _mm512_slli_epi64(a->l[i], n);
	fe_carry(r->l);
}

/* 3 a */
LANE void fe_triple(struct fe *r, const struct fe *a)
{
	LIMBS r->l[i] = v_add(v_add(a->l[i], a->l[i]), a->l[i]);
	fe_carry(r->l);
}

/*
 * The same number mod p, but below 2^256 + 2^229, in normal form, from columns whose sum is in [0, 2^260), none above
 * 2^56 in magnitude. q, what the top column has above 2^256, may be off by what the columns below it would carry; that
 * only moves the result by as much, 2^213 at most. It is never below 0: with q > 0 it has q 2^223 to spare, with q < 0
 * it is the sum plus p, and with q = 0 the sum.
 */
LANE void fe_fold(struct fe *r)
{
	const __m512i q = _mm512_srai_epi64(r->l[4], 48);

	r->l[4] = v_add(_mm512_and_si512(r->l[4], v_set((1ULL << 48) - 1)), _mm512_slli_epi64(q, 16));
	r->l[3] = v_sub(r->l[3], _mm512_slli_epi64(q, 36));
	r->l[1] = v_sub(r->l[1], _mm512_slli_epi64(q, 44));
	r->l[0] = v_add(r->l[0], q);
	fe_carry(r->l);
}

/* a 2^n, folded */
LANE void fe_shift_fold(struct fe *r, const struct fe *a, unsigned n)
{
	LIMBS r->l[i] = _mm512_slli_epi64(a->l[i], n);
	fe_fold(r);
}

/* a - b - 2 c + k p, folded */
LANE void fe_sub3_fold(struct fe *r, const struct fe *a, const struct fe *b, const struct fe *c, unsigned k)
{
	LIMBS r->l[i] = v_sub(v_sub(v_add(a->l[i], v_set(k * p256_p[i])), b->l[i]), v_add(c->l[i], c->l[i]));
	fe_fold(r);
}

/* a - b + k p, folded */
LANE void fe_sub_fold(struct fe *r, const struct fe *a, const struct fe *b, unsigned k)
{
	LIMBS r->l[i] = v_sub(v_add(a->l[i], v_set(k * p256_p[i])), b->l[i]);
	fe_fold(r);
}

/* a - b - c + k p, folded */
LANE void fe_sub_sub_fold(struct fe *r, const struct fe *a, const struct fe *b, const struct fe *c, unsigned k)
{
	LIMBS r->l[i] = v_sub(v_sub(v_add(a->l[i], v_set(k * p256_p[i])), b->l[i]), c->l[i]);
	fe_fold(r);
}

/* a - 2 c + k p, folded */
LANE void fe_sub2_fold(struct fe *r, const struct fe *a, const struct fe *c, unsigned k)
{
	LIMBS r->l[i] = v_sub(v_add(a->l[i], v_set(k * p256_p[i])), v_add(c->l[i], c->l[i]));
	fe_fold(r);
}

/* Lanes of `other` where the mask has a bit. */
LANE void fe_blend(struct fe *r, __mmask8 mask, const struct fe *other)
{
	LIMBS r->l[i] = _mm512_mask_mov_epi64(r->l[i], mask, other->l[i]);
}

/* The lanes that are 0 mod p: a folded value is below 2 p, so it is then 0 or p. */
LANE __mmask8 fe_zeros(const struct fe *a)
{
	struct fe f = *a;
	__mmask8 is_0 = 0xff, is_p = 0xff;

	fe_fold(&f);
	LIMBS
	{
		is_0 &= _mm512_cmpeq_epi64_mask(f.l[i], _mm512_setzero_si512());
		is_p &= _mm512_cmpeq_epi64_mask(f.l[i], v_set(p256_p[i]));
	}
	return is_0 | is_p;
}

/* The value itself in [0, m), from one in [0, 2 m), where m is p or n. */
LANE void fe_once(struct fe *r, const uint64_t m[5])
{
	struct fe t;
	__mmask8 negative;

	LIMBS t.l[i] = v_sub(r->l[i], v_set(m[i]));
	fe_carry(t.l);
	negative = _mm512_movepi64_mask(t.l[4]);
	fe_blend(r, (__mmask8)~negative, &t);
}

/* Limbs from four words of 64 bits, the lowest first, and back; the value must be below 2^256 for that. */
LANE void fe_from_words(struct fe *r, const __m512i w[4])
{
	const __m512i m = v_set(M52);

	r->l[0] = _mm512_and_si512(w[0], m);
	r->l[1] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[0], 52), _mm512_slli_epi64(w[1], 12)), m);
	r->l[2] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[1], 40), _mm512_slli_epi64(w[2], 24)), m);
	r->l[3] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[2], 28), _mm512_slli_epi64(w[3], 36)), m);
	r->l[4] = _mm512_srli_epi64(w[3], 16);
}

LANE void fe_to_words(__m512i w[4], const struct fe *a)
{
	w[0] = _mm512_or_si512(a->l[0], _mm512_slli_epi64(a->l[1], 52));
	w[1] = _mm512_or_si512(_mm512_srli_epi64(a->l[1], 12), _mm512_slli_epi64(a->l[2], 40));
	w[2] = _mm512_or_si512(_mm512_srli_epi64(a->l[2], 24), _mm512_slli_epi64(a->l[3], 28));
	w[3] = _mm512_or_si512(_mm512_srli_epi64(a->l[3], 36), _mm512_slli_epi64(a->l[4], 16));
}

/* a * b / 2^260 mod n; below 2 n for factors below 3 n. */
LANE void fn_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	const __m512i zero = _mm512_setzero_si512(), inverse = v_set(0x1c8aaee00bc4f); /* -1/n mod 2^52 */
	__m512i t[10];

	columns_zero(t);
	columns_mul(t, a, b);
	LIMBS
	{
		const __m512i m = v_lo(zero, t[i], inverse);

		UNROLLED
		for (int j = 0; j < 5; j++) {
			t[i + j] = v_lo(t[i + j], m, v_set(p256_n[j]));
			t[i + j + 1] = v_hi(t[i + j + 1], m, v_set(p256_n[j]));
		}
		t[i + 1] = v_add(t[i + 1], _mm512_srli_epi64(t[i], 52));
	}
	fe_carry(t + 5);
	LIMBS r->l[i] = t[5 + i];
}

#endif
