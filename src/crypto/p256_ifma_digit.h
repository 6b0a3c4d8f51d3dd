/* SPDX-License-Identifier: Apache-2.0 */
/* p256_ifma_digit.h: signed digits of scalars, and the comb's points that they ask for. */
#ifndef CRYPTO_P256_IFMA_DIGIT_H
#define CRYPTO_P256_IFMA_DIGIT_H

#include "crypto/p256_ifma_work.h"

/*
 * The digit at bit `at`, in [-2^(width-1) + 1, 2^(width-1)]; carry is 1 where the digits below it came to more than
 * they seem. Scalars are below 2^256 and the last window of both widths has bits to spare, so nothing is carried out.
 */
LANE struct digit digit_at(const struct words *u, unsigned at, unsigned width, __m512i *carry)
{
	unsigned word = at / 64, shift = at % 64;
	__m512i v = _mm512_srli_epi64(u->w[word], shift);
	struct digit d;

	if (shift + width > 64 && word < 3)
		v = _mm512_or_si512(v, _mm512_slli_epi64(u->w[word + 1], 64 - shift));
	v = v_add(_mm512_and_si512(v, v_set((1ULL << width) - 1)), *carry);
	d.negative = _mm512_cmpgt_epi64_mask(v, v_set(1ULL << (width - 1)));
	*carry = _mm512_maskz_set1_epi64(d.negative, 1);
	v = _mm512_mask_sub_epi64(v, d.negative, v_set(1ULL << width), v);
	d.zero = _mm512_testn_epi64_mask(v, v);
	d.column = _mm512_mask_sub_epi64(_mm512_setzero_si512(), (__mmask8)~d.zero, v, v_set(1));
	return d;
}

/* Eight lines of eight words, one for each lane, as the eight vectors of their columns. */
LANE void lines_transpose(__m512i out[8], const __m512i line[8])
{
	__m512i pair[8], half[8];

	UNROLLED
	for (int i = 0; i < 4; i++) {
		pair[i] = _mm512_unpacklo_epi64(line[2 * i], line[2 * i + 1]);
		pair[4 + i] = _mm512_unpackhi_epi64(line[2 * i], line[2 * i + 1]);
	}
	UNROLLED
	for (int odd = 0; odd < 2; odd++) {
		const __m512i *p = pair + 4 * odd;

		half[0] = _mm512_shuffle_i64x2(p[0], p[1], 0x88);
		half[1] = _mm512_shuffle_i64x2(p[2], p[3], 0x88);
		half[2] = _mm512_shuffle_i64x2(p[0], p[1], 0xdd);
		half[3] = _mm512_shuffle_i64x2(p[2], p[3], 0xdd);
		out[odd] = _mm512_shuffle_i64x2(half[0], half[1], 0x88);
		out[4 + odd] = _mm512_shuffle_i64x2(half[0], half[1], 0xdd);
		out[2 + odd] = _mm512_shuffle_i64x2(half[2], half[3], 0x88);
		out[6 + odd] = _mm512_shuffle_i64x2(half[2], half[3], 0xdd);
	}
}

/* A point's entry for each lane: x and y below p, as words. */
LANE void affine_lines(__m512i line[8], const struct affine *a)
{
	struct affine once = *a;
	__m512i w[8];

	fe_fold(&once.x);
	fe_once(&once.x, p256_p);
	fe_to_words(w, &once.x);
	fe_fold(&once.y);
	fe_once(&once.y, p256_p);
	fe_to_words(w + 4, &once.y);
	lines_transpose(line, w);
}

/* Where the entry of row `row` that the digit asks for is, in each lane's own comb. An entry is one cache line. */
struct comb_place {
	uint64_t line[8] __attribute__((aligned(64)));
};

LANE void comb_find(struct comb_place *place, __m512i comb, unsigned row, const struct digit *d)
{
	const __m512i first = v_add(comb, v_set(row * sizeof(uint64_t[P256_COMB_COLUMNS][8])));

	_mm512_store_si512(place->line, v_add(first, _mm512_slli_epi64(d->column, 6)));
}

LANE void comb_prefetch(const struct comb_place *place)
{
	for (int i = 0; i < 8; i++)
		_mm_prefetch((const void *)(uintptr_t)place->line[i], _MM_HINT_T0);
}

/* The entry. Eight loads and a transposition cost less than eight gathers, on some processors by far. */
LANE void comb_point(struct affine *out, const struct comb_place *place, const struct digit *d)
{
	__m512i line[8], w[8];
	struct fe minus;

	UNROLLED
	for (int i = 0; i < 8; i++)
		line[i] = _mm512_load_si512((const void *)(uintptr_t)place->line[i]);
	lines_transpose(w, line);
	fe_from_words(&out->x, w);
	fe_from_words(&out->y, w + 4);
	fe_neg(&minus, &out->y, 1);
	fe_blend(&out->y, d->negative, &minus);
}

LANE __m512i comb_address(const struct p256_job *const lane[8])
{
	uint64_t address[8];

	for (int k = 0; k < 8; k++)
		/* Every lane has a job: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
		address[k] = (uintptr_t)lane[k]->comb;
	return _mm512_loadu_si512(address);
}

#endif
