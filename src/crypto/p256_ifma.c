/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in vectors of eight.
 *
 * Sums begin at a fixed point S, never at infinity, and S is taken off at the end: a known signer's two combs begin at
 * S and -S. A signature made to meet an exceptional case on the way gives zero in the end and goes to the slow path.
 */
#include "crypto/p256_ifma_work.h"

#include <scms/crypto.h>
#include <string.h>

/* S: x = 5, y even; and -(2^255 S), which takes off S after the 255 doublings of the windows. */
static const uint64_t start_x[5] = {0x50, 0xb000000000000, 0xfffffffffffff, 0xffaffffffffff, 0x00000004fffff};
static const uint64_t start_y[5] = {0xed60115538e4f, 0x498285c72101d, 0x628592aa0c367, 0x38230c0f76342,
				    0x04491c4c1333b};
static const uint64_t start_minus_y[5] = {0x129feeaac71b0, 0xb77d7a38defe2, 0x9d7a6d55f3c98, 0xc7ddf3f089cbd,
					  0x0bb6e3b3dccc4};
static const uint64_t end_x[5] = {0x2155d97252e8b, 0xd1401e72f2f35, 0x3cd57d167d3bf, 0x83044e42baf35, 0x02a8680e98d5b};
static const uint64_t end_y[5] = {0x53f928672940c, 0xdd7da5a90cc86, 0x4c9fd13292945, 0xd675a93fc26e8, 0x0fefc2d782c6a};

bool p256_ifma_usable(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512ifma");
}

/* ---- digits ---- */

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

/* ---- combs ---- */

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

/*
 * The entry of row `row` that the digit asks for, from each lane's own comb. An entry is one cache line: eight loads and
 * a transposition cost less than eight gathers, on some processors by far.
 */
LANE void comb_point(struct affine *out, __m512i comb, unsigned row, const struct digit *d)
{
	const __m512i at =
	    v_add(v_add(comb, v_set(row * sizeof(uint64_t[P256_COMB_COLUMNS][8]))), _mm512_slli_epi64(d->column, 6));
	uint64_t address[8] __attribute__((aligned(64)));
	__m512i line[8], w[8];
	struct fe minus;

	_mm512_store_si512(address, at);
	UNROLLED
	for (int i = 0; i < 8; i++)
		line[i] = _mm512_load_si512((const void *)(uintptr_t)address[i]);
	lines_transpose(w, line);
	fe_from_words(&out->x, w);
	fe_from_words(&out->y, w + 4);
	fe_neg(&minus, &out->y, 1);
	fe_blend(&out->y, d->negative, &minus);
}

/* a += u * Q, with Q's comb for each lane. */
static void comb_add(struct xyzz a[2], const struct words *const u[2], const __m512i comb[2])
{
	__m512i carry[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

	for (unsigned row = 0; row < P256_COMB_ROWS; row++) {
		struct affine b[2];
		__mmask8 skip[2];

		BOTH
		{
			struct digit d = digit_at(u[k], P256_COMB_WIDTH * row, P256_COMB_WIDTH, &carry[k]);

			comb_point(&b[k], comb[k], row, &d);
			skip[k] = d.zero;
		}
		xyzz_add_affine(a, b, skip);
	}
}

static __m512i comb_address(const struct p256_job *const lane[8])
{
	uint64_t address[8];

	for (int k = 0; k < 8; k++)
		/* Every lane has a job: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
		address[k] = (uintptr_t)lane[k]->comb;
	return _mm512_loadu_si512(address);
}

/* ---- windows, for points without a comb ---- */

static void window_columns(struct p256_ifma *ifma, const struct affine point[2])
{
	static const __mmask8 none[2];
	const struct fe one = fe_const(fe_one);
	struct jacobian base[2], a[2];

	BOTH base[k] = (struct jacobian){point[k].x, point[k].y, one};
	BOTH a[k] = base[k];
	BOTH ifma->u.window.column[k][0] = a[k];
	jacobian_double(a);
	BOTH ifma->u.window.column[k][1] = a[k];
	for (unsigned m = 2; m < WINDOW_COLUMNS; m++) {
		jacobian_add(a, base, none);
		BOTH ifma->u.window.column[k][m] = a[k];
	}
}

LANE void window_point(struct jacobian *out, const struct jacobian column[WINDOW_COLUMNS], const struct digit *d)
{
	/* A column is 15 vectors of 64 bytes; lane k of each is 8 k bytes in. */
	const __m512i lanes = _mm512_set_epi64(56, 48, 40, 32, 24, 16, 8, 0);
	const __m512i at = v_add(_mm512_mullo_epi64(d->column, v_set(sizeof(struct jacobian))), lanes);
	const char *base = (const char *)column;
	struct fe minus;

	LIMBS
	{
		out->x.l[i] = _mm512_i64gather_epi64(at, base + 64 * i, 1);
		out->y.l[i] = _mm512_i64gather_epi64(at, base + 64 * (5 + i), 1);
		out->z.l[i] = _mm512_i64gather_epi64(at, base + 64 * (10 + i), 1);
	}
	fe_neg(&minus, &out->y, 3);
	fe_blend(&out->y, d->negative, &minus);
}

/* a = S * 2^255 + u * P for the points of two vectors */
static void window_mul(struct p256_ifma *ifma, struct xyzz a[2], const struct words u[2], const struct affine point[2])
{
	__m512i carry[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
	const struct fe one = fe_const(fe_one);
	struct jacobian sum[2];

	window_columns(ifma, point);
	for (unsigned n = 0; n < WINDOWS; n++)
		BOTH ifma->u.window.digit[n][k] = digit_at(&u[k], WINDOW_WIDTH * n, WINDOW_WIDTH, &carry[k]);
	BOTH sum[k] = (struct jacobian){fe_const(start_x), fe_const(start_y), one};
	for (unsigned n = WINDOWS; n-- > 0;) {
		struct jacobian b[2];
		__mmask8 skip[2];

		for (unsigned m = 0; m < WINDOW_WIDTH && n != WINDOWS - 1; m++)
			jacobian_double(sum);
		BOTH
		{
			window_point(&b[k], ifma->u.window.column[k], &ifma->u.window.digit[n][k]);
			skip[k] = ifma->u.window.digit[n][k].zero;
		}
		jacobian_add(sum, b, skip);
	}
	BOTH
	{
		a[k].x = sum[k].x;
		a[k].y = sum[k].y;
		fe_sqr(&a[k].zz, &sum[k].z);
		fe_mul(&a[k].zzz, &a[k].zz, &sum[k].z);
	}
}

/* ---- verdicts ---- */

struct verdict_masks {
	__mmask8 good, undecided;
};

/*
 * r = x mod n, that is r ZZ = X for r, or for r + n where that is below p. The latter happens by chance once in 2^128
 * times, and is left undecided. p - n < 2^127, so r below 2^128 is a superset of those cases.
 */
LANE struct verdict_masks sum_judge(const struct xyzz *a, const struct words *r)
{
	const struct fe rr = fe_const(fe_rr);
	const __mmask8 small = _mm512_testn_epi64_mask(_mm512_or_si512(r->w[2], r->w[3]), v_set(~0ULL));
	const __mmask8 exceptional = fe_zeros(&a->zz);
	struct verdict_masks masks;
	struct fe t;

	fe_from_words(&t, r->w);
	fe_mul(&t, &t, &rr);
	fe_mul(&t, &t, &a->zz);
	fe_sub(&t, &t, &a->x, 2);
	masks.good = (__mmask8)(fe_zeros(&t) & ~exceptional);
	masks.undecided = (__mmask8)((small & ~masks.good) | exceptional);
	return masks;
}

static struct verdict_masks verify_known(struct p256_ifma *ifma, unsigned v, const struct p256_job *const lane[8])
{
	const struct words *const u[2] = {&ifma->u1[v], &ifma->u2[v]};
	const __m512i comb[2] = {v_set((uintptr_t)&ifma->generator), comb_address(lane)};
	const struct fe x = fe_const(start_x), one = fe_const(fe_one);
	struct xyzz a[2] = {{x, fe_const(start_y), one, one}, {x, fe_const(start_minus_y), one, one}};

	comb_add(a, u, comb);
	xyzz_add(&a[0], &a[1]);
	return sum_judge(&a[0], &ifma->r[v]);
}

static void verify_point(struct p256_ifma *ifma, enum p256_kind kind, unsigned v,
			 const struct p256_job *const lane[2][8], struct verdict_masks masks[2])
{
	const __m512i g = v_set((uintptr_t)&ifma->generator), generator[2] = {g, g};
	const struct words *const u1[2] = {&ifma->u1[v], &ifma->u1[v + 1]};
	static const __mmask8 none[2];
	struct affine end[2];
	struct xyzz a[2];

	window_mul(ifma, a, kind == P256_IMPLICIT ? &ifma->u3[v] : &ifma->u2[v], &ifma->point[v]);
	if (kind == P256_IMPLICIT) {
		const struct words *const u2[2] = {&ifma->u2[v], &ifma->u2[v + 1]};
		const __m512i comb[2] = {comb_address(lane[0]), comb_address(lane[1])};

		comb_add(a, u2, comb);
	}
	/* S is taken off here already: if the signer's key is infinity, this is an exceptional case. */
	BOTH end[k] = (struct affine){fe_const(end_x), fe_const(end_y)};
	xyzz_add_affine(a, end, none);
	comb_add(a, u1, generator);
	BOTH masks[k] = sum_judge(&a[k], &ifma->r[v + (unsigned)k]);
}

void p256_ifma_verify(struct p256_ifma *ifma, enum p256_kind kind, const struct p256_job *job, unsigned n,
		      uint8_t *verdict)
{
	const struct p256_job *lane[VECTORS][8];
	struct verdict_masks masks[VECTORS];
	__mmask8 on_curve[VECTORS];
	unsigned vectors = (n + 7) / 8;

	if (n == 0)
		return;
	if (kind != P256_KNOWN)
		vectors += vectors % 2;
	/* Lanes that are not needed do the first job again. */
	for (unsigned k = 0; k < 8 * vectors; k++)
		lane[k / 8][k % 8] = &job[k < n ? k : 0];
	p256_ifma_scalars(ifma, kind, lane, vectors);
	memset(on_curve, 0xff, sizeof(on_curve));
	if (kind == P256_KNOWN) {
		for (unsigned v = 0; v < vectors; v++)
			masks[v] = verify_known(ifma, v, lane[v]);
	} else {
		p256_ifma_points(ifma, lane, vectors, on_curve);
		for (unsigned v = 0; v < vectors; v += 2)
			verify_point(ifma, kind, v, lane + v, masks + v);
	}
	for (unsigned k = 0; k < n; k++) {
		unsigned bit = 1U << k % 8, v = k / 8;

		if (!(on_curve[v] & bit))
			verdict[k] = SCMS_BAD;
		/* The loop above has set all of them: NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		else if (masks[v].undecided & bit)
			verdict[k] = P256_UNDECIDED;
		else
			verdict[k] = masks[v].good & bit ? SCMS_GOOD : SCMS_BAD;
	}
}
