/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in vectors of eight.
 *
 * Sums begin at a fixed point S, never at infinity, and S is taken off at the end: a known signer's two combs begin at
 * S and -S. A signature made to meet an exceptional case on the way gives zero in the end and goes to the slow path.
 */
#include "crypto/p256_ifma_digit.h"

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

/* ---- combs ---- */

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
			struct comb_place place;

			comb_find(&place, comb[k], row, &d);
			comb_point(&b[k], &place, &d);
			skip[k] = d.zero;
		}
		xyzz_add_affine(a, b, skip);
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

/* A single vector: the two combs' sums side by side. */
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

/* The sums of what G's comb, and the lanes' own, give for the vectors from v on. */
static bool tree_make(struct p256_ifma *ifma, enum p256_kind kind, unsigned v, unsigned vectors,
		      const struct p256_job *const lane[][8])
{
	struct tree *tree = &ifma->large.tree;
	__m512i comb[TREE_VECTORS];

	tree->vectors = vectors;
	for (unsigned k = 0; k < vectors; k++)
		comb[k] = v_set((uintptr_t)&ifma->generator);
	p256_ifma_tree_comb(tree, 0, &ifma->u1[v], comb);
	if (kind != P256_UNKNOWN) {
		for (unsigned k = 0; k < vectors; k++)
			comb[k] = comb_address(lane[v + k]);
		p256_ifma_tree_comb(tree, 1, &ifma->u2[v], comb);
	}
	return p256_ifma_tree_sum(tree, kind != P256_UNKNOWN ? 2 : 1);
}

/* a += a segment's sum, from what the tree has left of it. */
static void tree_add(struct xyzz a[2], const struct tree *tree, const struct tree_pair *pair, unsigned segment)
{
	for (unsigned row = 0; row < tree->rows; row++)
		xyzz_add_affine(a, pair->point[segment][row], pair->infinite[segment][row]);
}

static void verify_tree(struct p256_ifma *ifma, enum p256_kind kind, unsigned first, unsigned vectors,
			const struct p256_job *const lane[][8], struct verdict_masks masks[])
{
	static const __mmask8 none[2];
	const struct affine start = {fe_const(start_x), fe_const(start_y)};
	const struct fe one = fe_const(fe_one);

	if (!tree_make(ifma, kind, first, vectors, lane)) {
		for (unsigned v = first; v < first + vectors; v++)
			masks[v] = (struct verdict_masks){.undecided = 0xff};
		return;
	}
	for (unsigned v = first; v < first + vectors; v += 2) {
		const struct tree_pair *pair = &ifma->large.tree.pair[(v - first) / 2];
		struct affine end[2];
		struct xyzz a[2];

		if (kind == P256_KNOWN) {
			BOTH a[k] = (struct xyzz){start.x, start.y, one, one};
			BOTH end[k] = (struct affine){fe_const(start_x), fe_const(start_minus_y)};
		} else {
			p256_ifma_window_mul(ifma, a, v, kind == P256_IMPLICIT ? &ifma->u3[v] : &ifma->u2[v], &start);
			BOTH end[k] = (struct affine){fe_const(end_x), fe_const(end_y)};
		}
		if (kind != P256_UNKNOWN)
			tree_add(a, &ifma->large.tree, pair, 1);
		/* S is taken off here already: if the signer's key is infinity, this is an exceptional case. */
		xyzz_add_affine(a, end, none);
		tree_add(a, &ifma->large.tree, pair, 0);
		BOTH masks[v + (unsigned)k] = sum_judge(&a[k], &ifma->r[v + (unsigned)k]);
	}
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
	if (kind != P256_KNOWN || vectors > 1)
		vectors += vectors % 2;
	/* Lanes that are not needed do the first job again. */
	for (unsigned k = 0; k < 8 * vectors; k++)
		lane[k / 8][k % 8] = &job[k < n ? k : 0];
	p256_ifma_scalars(ifma, kind, lane, vectors);
	memset(on_curve, 0xff, sizeof(on_curve));
	if (kind != P256_KNOWN) {
		p256_ifma_points(ifma, lane, vectors, on_curve);
		p256_ifma_windows(ifma, vectors);
	}
	if (vectors == 1)
		masks[0] = verify_known(ifma, 0, lane[0]);
	else
		for (unsigned v = 0; v < vectors; v += TREE_VECTORS)
			verify_tree(ifma, kind, v, vectors - v < TREE_VECTORS ? vectors - v : TREE_VECTORS, lane, masks);
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
