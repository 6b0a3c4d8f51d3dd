/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p256_ifma.h: ECDSA verification on NIST P-256 with AVX-512 IFMA, eight signatures in a vector.
 *
 * Only for processors for which p256_ifma_usable() says yes. Variable time: public data only.
 */
#ifndef CRYPTO_P256_IFMA_H
#define CRYPTO_P256_IFMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Signatures that one call takes at most. */
#define P256_IFMA_BATCH 128

/*
 * A comb for one point Q: point[i][m] is (m + 1) * 2^(7 i) * Q, affine, as x and y of four words each (Montgomery form,
 * below p), so that k * Q is the sum of one entry of each row. One cache line for each entry.
 */
#define P256_COMB_WIDTH 7
#define P256_COMB_ROWS 37
#define P256_COMB_COLUMNS 64
struct p256_comb {
	uint64_t point[P256_COMB_ROWS][P256_COMB_COLUMNS][8];
} __attribute__((aligned(64)));

enum p256_kind {
	P256_KNOWN,    /* u1 * G + u2 * Q with a comb for Q */
	P256_UNKNOWN,  /* the same with a point */
	P256_IMPLICIT, /* u1 * G + u2 * (e * P + Q): a point P and a comb for Q */
};

/*
 * One signature. The caller has made sure of 0 < r < n, 0 < s < n and x < p. All numbers are big-endian, of 32 bytes.
 */
struct p256_job {
	const uint8_t *digest, *r, *s;
	const struct p256_comb *comb; /* known, implicit */
	const uint8_t *x;             /* unknown, implicit: the point */
	const uint8_t *y;             /* NULL: compressed, and odd tells which y it is */
	bool odd;
	const uint8_t *e; /* implicit: any 32 bytes */
};

/* Verdicts beside those of enum scms_verdict: a case that these formulas cannot do, for the slow path to decide. */
#define P256_UNDECIDED 3

struct p256_ifma;

bool p256_ifma_usable(void);

/* Bytes of the working memory, and its alignment is 64. */
size_t p256_ifma_size(void);

/* Makes the working memory usable, comb for the generator included. */
struct p256_ifma *p256_ifma_init(void *memory);

/* The comb for the point (x, y), which must be on the curve. */
void p256_ifma_comb(struct p256_ifma *ifma, const uint8_t xy[64], struct p256_comb *comb);

/* n <= P256_IFMA_BATCH jobs of one kind. A point that is not on the curve is SCMS_BAD. */
void p256_ifma_verify(struct p256_ifma *ifma, enum p256_kind kind, const struct p256_job *job, unsigned n,
		      uint8_t *verdict);

#endif
