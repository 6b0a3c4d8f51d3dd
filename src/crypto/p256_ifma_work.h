/* SPDX-License-Identifier: Apache-2.0 */
/* p256_ifma_work.h: what the files of the AVX-512 back end share. */
#ifndef CRYPTO_P256_IFMA_WORK_H
#define CRYPTO_P256_IFMA_WORK_H

#include "crypto/p256_ifma.h"
#include "crypto/p256_ifma_point.h"

#define VECTORS (P256_IFMA_BATCH / 8)

/* Windows of a point without a comb: 5 bits, so multiples 1 to 16. */
#define WINDOW_WIDTH 5
#define WINDOWS 52
#define WINDOW_COLUMNS 16

/* Eight scalars below 2^256, the lowest word first. */
struct words {
	__m512i w[4];
};

/* One signed digit of eight scalars. */
struct digit {
	__m512i column; /* |digit| - 1; 0 where the digit is 0 */
	__mmask8 negative, zero;
};

/* While a comb is made: the multiples of two vectors of points, before they are made affine. */
struct multiples {
	struct xyzz point[P256_COMB_COLUMNS][2];
	struct fe prefix[P256_COMB_COLUMNS][2];
};

/*
 * Sums of combs' entries, of at most so many vectors at once: for each signature one or two segments of points, whose
 * sums are wanted. Beside the points' coordinates there are, while a level is made, products of differences.
 */
#define TREE_VECTORS 4
struct tree_pair {
	struct affine point[2][P256_COMB_ROWS][2];
	struct fe behind[2][P256_COMB_ROWS / 2][2];
	__mmask8 infinite[2][P256_COMB_ROWS][2]; /* the lanes in which the point is infinity */
};
struct tree {
	struct tree_pair pair[TREE_VECTORS / 2];
	unsigned vectors, rows; /* rows: points that a segment has */
};

/* While windows are made: the lower multiples of two vectors of points, and products of differences. */
struct window_pair {
	struct affine multiple[WINDOW_COLUMNS / 2][2];
	struct fe behind[WINDOW_COLUMNS / 2][2];
};

struct p256_ifma {
	struct p256_comb generator;
	struct words r[VECTORS], u1[VECTORS], u2[VECTORS], u3[VECTORS];
	struct affine point[VECTORS];
	uint64_t window[VECTORS][8][WINDOW_COLUMNS][8] __attribute__((aligned(64))); /* lane by lane, as in a comb */
	union {
		struct fe prefix[2 * VECTORS];
		struct digit digit[WINDOWS][2];
	} u;
	union {
		struct multiples multiples;
		struct window_pair windows[VECTORS / 2];
		struct tree tree;
	} large;
};

/* Field elements, in Montgomery form. */
static const uint64_t fe_one[5] = {0x10, 0xf000000000000, 0xfffffffffffff, 0xffeffffffffff, 0x00000000fffff};
/* 2^520 mod p and mod n: to bring a number into Montgomery form */
static const uint64_t fe_rr[5] = {0x300, 0xffffffff00000, 0xffffefffffffb, 0xfdfffffffffff, 0x0000004ffffff};
static const uint64_t fn_rr[5] = {0x5cc0dea6dc3ba, 0x192a067d8a084, 0xbec59615571bb, 0x1fc245b2392b6, 0x0e12d9559d956};
/* 1 itself: to bring a number out of it */
static const uint64_t fe_plain_one[5] = {1, 0, 0, 0, 0};

/* Eight big-endian numbers of 32 bytes, from column `at` of the jobs; lanes beyond n repeat the first. */
LANE void words_load(struct words *out, const uint8_t *const bytes[8])
{
	uint64_t w[4][8] __attribute__((aligned(64)));

	for (int lane = 0; lane < 8; lane++)
		for (int i = 0; i < 4; i++) {
			uint64_t word;

			__builtin_memcpy(&word, bytes[lane] + 24 - 8 * i, 8);
			w[i][lane] = __builtin_bswap64(word);
		}
	for (int i = 0; i < 4; i++)
		out->w[i] = _mm512_load_si512(w[i]);
}

/* The windows of the points of a batch, an even number of vectors; then a = start * 2^255 + u * P for vectors v and v + 1. */
void p256_ifma_windows(struct p256_ifma *ifma, unsigned vectors);
void p256_ifma_window_mul(struct p256_ifma *ifma, struct xyzz a[2], unsigned v, const struct words u[2],
			  const struct affine *start);

/*
 * A segment of the tree begins as the entries of each lane's comb for the scalars u. tree->vectors, an even number, is
 * how many vectors u and comb have.
 */
void p256_ifma_tree_comb(struct tree *tree, unsigned segment, const struct words *u, const __m512i *comb);

/*
 * Adds points of each segment to each other, as far as it pays: what is left are tree->rows points. False: a comb is not
 * one, since two of its entries are equal or opposite.
 */
bool p256_ifma_tree_sum(struct tree *tree, unsigned segments);

/* The power x^e, e in four words, of two vectors. */
void p256_ifma_power(struct fe x[2], const uint64_t e[4]);

/*
 * x[0] to x[n - 1] become their inverses mod p, or mod n, in Montgomery form, lane by lane; prefix is scratch for n. In:
 * below 2 p, or 2 n, and not 0: a single 0 makes all of them 0.
 */
void p256_ifma_invert_p(struct fe *x, struct fe *prefix, unsigned n);
void p256_ifma_invert_n(struct fe *x, struct fe *prefix, unsigned n);

/*
 * The points of jobs into ifma->point, and G for those that are none. on_curve[v] has a bit for each lane whose x is
 * that of a point and whose y, if it is given, is right.
 */
void p256_ifma_points(struct p256_ifma *ifma, const struct p256_job *const lane[][8], unsigned vectors,
		      __mmask8 on_curve[VECTORS]);

/* u1 = digest / s, u2 = r / s, and of implicit ones u3 = e u2, all below n. */
void p256_ifma_scalars(struct p256_ifma *ifma, enum p256_kind kind, const struct p256_job *const lane[][8],
		       unsigned vectors);

#endif
