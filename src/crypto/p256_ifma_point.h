/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p256_ifma_point.h: points of P-256, two vectors of eight at a time, so that one vector's products fill the
 * latencies of the other's.
 *
 * No formula here is complete. All of them give z = 0 (or zz = 0) when they meet a case that they cannot do (equal
 * points, opposite points, infinity), and a zero there stays for good, since the new z is a multiple of the old:
 * whoever reads the result asks for zero and decides those cases another way.
 *
 * tests/verify/bounds.py reads this file: one call on a line, and for each function the bounds of its arguments
 * before and after, in multiples of p, as the line "bounds" says. A point's bounds must come out as they went in.
 */
#ifndef CRYPTO_P256_IFMA_POINT_H
#define CRYPTO_P256_IFMA_POINT_H

#include "crypto/p256_ifma_field.h"

#ifdef __clang__
#define BOTH _Pragma("clang loop unroll(full)") for (int k = 0; k < 2; k++)
#else
#define BOTH _Pragma("GCC unroll 2") for (int k = 0; k < 2; k++)
#endif

/* x = X / Z^2, y = Y / Z^3 */
struct jacobian {
	struct fe x, y, z;
};

/* x = X / ZZ, y = Y / ZZZ, ZZ^3 = ZZZ^2 */
struct xyzz {
	struct fe x, y, zz, zzz;
};

struct affine {
	struct fe x, y;
};

/*
 * What affine_add needs the inverse of: b.x - a.x, and 1 in the lanes of skip.
 * bounds: a.x 1.01 b.x 1.01 one 1.01
 */
LANE void affine_difference(struct fe d[2], const struct affine a[2], const struct affine b[2], const struct fe *one,
			    const __mmask8 skip[2])
{
	BOTH fe_sub(&d[k], &b[k].x, &a[k].x, 2);
	BOTH fe_blend(&d[k], skip[k], one);
}

/*
 * sum = a + b with inverse = 1 / (b.x - a.x): 2 products, 1 square.
 * bounds: a.x 1.01 a.y 1.01 b.x 1.01 b.y 1.01 inverse 1.5 sum.x 1.01 sum.y 1.01
 */
LANE void affine_add(struct affine sum[2], const struct affine a[2], const struct affine b[2], const struct fe inverse[2])
{
	struct fe l[2], d[2], y[2];

	BOTH fe_sub(&l[k], &b[k].y, &a[k].y, 2);
	BOTH fe_mul(&l[k], &l[k], &inverse[k]);
	BOTH fe_sqr(&y[k], &l[k]);
	BOTH fe_sub_sub_fold(&sum[k].x, &y[k], &a[k].x, &b[k].x, 4);
	BOTH fe_sub(&d[k], &a[k].x, &sum[k].x, 2);
	BOTH fe_mul(&y[k], &l[k], &d[k]);
	BOTH fe_sub_fold(&sum[k].y, &y[k], &a[k].y, 2);
}

/*
 * sum = 2 a with inverse = 1 / (2 a.y): 3 products, 1 square. 3 x^2 - 3 = 3 (x - 1) (x + 1).
 * bounds: a.x 1.01 a.y 1.01 inverse 1.5 one 1.01 sum.x 1.01 sum.y 1.01
 */
LANE void affine_double(struct affine sum[2], const struct affine a[2], const struct fe inverse[2], const struct fe *one)
{
	struct fe l[2], d[2], y[2];

	BOTH fe_sub(&l[k], &a[k].x, one, 2);
	BOTH fe_add(&d[k], &a[k].x, one);
	BOTH fe_mul(&l[k], &l[k], &d[k]);
	BOTH fe_triple(&l[k], &l[k]);
	BOTH fe_mul(&l[k], &l[k], &inverse[k]);
	BOTH fe_sqr(&y[k], &l[k]);
	BOTH fe_sub2_fold(&sum[k].x, &y[k], &a[k].x, 3);
	BOTH fe_sub(&d[k], &a[k].x, &sum[k].x, 2);
	BOTH fe_mul(&y[k], &l[k], &d[k]);
	BOTH fe_sub_fold(&sum[k].y, &y[k], &a[k].y, 2);
}

/*
 * a += b, except in the lanes of skip: 8 products, 2 squares.
 * bounds: a.x 1.01 a.y 3 a.zz 2.01 a.zzz 2.01 b.x 1.01 b.y 2
 */
LANE void xyzz_add_affine(struct xyzz a[2], const struct affine b[2], const __mmask8 skip[2])
{
	struct fe u[2], s[2], h[2], r[2], hh[2], hhh[2], v[2], x[2], d[2], y[2], zz[2], zzz[2];

	BOTH fe_mul(&u[k], &b[k].x, &a[k].zz);
	BOTH fe_mul(&s[k], &b[k].y, &a[k].zzz);
	BOTH fe_sub(&h[k], &u[k], &a[k].x, 2);
	BOTH fe_sub(&r[k], &s[k], &a[k].y, 3);
	BOTH fe_sqr(&hh[k], &h[k]);
	BOTH fe_sqr(&x[k], &r[k]);
	BOTH fe_mul(&hhh[k], &hh[k], &h[k]);
	BOTH fe_mul(&v[k], &a[k].x, &hh[k]);
	BOTH fe_mul(&zz[k], &a[k].zz, &hh[k]);
	BOTH fe_mul(&zzz[k], &a[k].zzz, &hhh[k]);
	BOTH fe_sub3_fold(&x[k], &x[k], &hhh[k], &v[k], 4);
	BOTH fe_sub(&d[k], &v[k], &x[k], 2);
	BOTH fe_neg(&y[k], &a[k].y, 3);
	BOTH fe_mul2(&y[k], &r[k], &d[k], &y[k], &hhh[k]);
	BOTH fe_blend(&a[k].x, (__mmask8)~skip[k], &x[k]);
	BOTH fe_blend(&a[k].y, (__mmask8)~skip[k], &y[k]);
	BOTH fe_blend(&a[k].zz, (__mmask8)~skip[k], &zz[k]);
	BOTH fe_blend(&a[k].zzz, (__mmask8)~skip[k], &zzz[k]);
}

/*
 * a += b, one vector: 12 products, 2 squares.
 * bounds: a.x 1.01 a.y 3 a.zz 2.01 a.zzz 2.01 b.x 1.01 b.y 3 b.zz 2.01 b.zzz 2.01
 */
LANE void xyzz_add(struct xyzz *a, const struct xyzz *b)
{
	struct fe u1, u2, s1, s2, h, r, hh, hhh, v, x, d, y;

	fe_mul(&u1, &a->x, &b->zz);
	fe_mul(&u2, &b->x, &a->zz);
	fe_mul(&s1, &a->y, &b->zzz);
	fe_mul(&s2, &b->y, &a->zzz);
	fe_sub(&h, &u2, &u1, 2);
	fe_sub(&r, &s2, &s1, 2);
	fe_sqr(&hh, &h);
	fe_sqr(&x, &r);
	fe_mul(&hhh, &hh, &h);
	fe_mul(&v, &u1, &hh);
	fe_sub3_fold(&x, &x, &hhh, &v, 4);
	fe_sub(&d, &v, &x, 2);
	fe_neg(&y, &s1, 2);
	fe_mul2(&a->y, &r, &d, &y, &hhh);
	fe_mul(&a->zz, &a->zz, &b->zz);
	fe_mul(&a->zz, &a->zz, &hh);
	fe_mul(&a->zzz, &a->zzz, &b->zzz);
	fe_mul(&a->zzz, &a->zzz, &hhh);
	a->x = x;
}

/*
 * a += b, except in the lanes of skip: 8 products, 3 squares.
 * bounds: a.x 1.01 a.y 3 a.z 4 b.x 1.01 b.y 2
 */
LANE void jacobian_add_affine(struct jacobian a[2], const struct affine b[2], const __mmask8 skip[2])
{
	struct fe zz[2], u[2], s[2], h[2], r[2], hh[2], hhh[2], v[2], x[2], d[2], y[2], z[2];

	BOTH fe_sqr(&zz[k], &a[k].z);
	BOTH fe_mul(&s[k], &b[k].y, &a[k].z);
	BOTH fe_mul(&u[k], &b[k].x, &zz[k]);
	BOTH fe_mul(&s[k], &s[k], &zz[k]);
	BOTH fe_sub(&h[k], &u[k], &a[k].x, 2);
	BOTH fe_sub(&r[k], &s[k], &a[k].y, 3);
	BOTH fe_sqr(&hh[k], &h[k]);
	BOTH fe_sqr(&x[k], &r[k]);
	BOTH fe_mul(&z[k], &a[k].z, &h[k]);
	BOTH fe_mul(&hhh[k], &hh[k], &h[k]);
	BOTH fe_mul(&v[k], &a[k].x, &hh[k]);
	BOTH fe_sub3_fold(&x[k], &x[k], &hhh[k], &v[k], 4);
	BOTH fe_sub(&d[k], &v[k], &x[k], 2);
	BOTH fe_neg(&y[k], &a[k].y, 3);
	BOTH fe_mul2(&y[k], &r[k], &d[k], &y[k], &hhh[k]);
	BOTH fe_blend(&a[k].x, (__mmask8)~skip[k], &x[k]);
	BOTH fe_blend(&a[k].y, (__mmask8)~skip[k], &y[k]);
	BOTH fe_blend(&a[k].z, (__mmask8)~skip[k], &z[k]);
}

/*
 * a = 2 a: 5 products, 3 squares. With a = -3, 3 x^2 - 3 z^4 = 3 (x - z^2) (x + z^2).
 * bounds: a.x 1.01 a.y 3 a.z 4
 */
LANE void jacobian_double(struct jacobian a[2])
{
	struct fe zz[2], g[2], g4[2], s[2], m[2], t[2], x[2], d[2], y[2];

	BOTH fe_sqr(&zz[k], &a[k].z);
	BOTH fe_sqr(&g[k], &a[k].y);
	BOTH fe_mul(&a[k].z, &a[k].y, &a[k].z);
	BOTH fe_sub(&m[k], &a[k].x, &zz[k], 2);
	BOTH fe_add(&t[k], &a[k].x, &zz[k]);
	BOTH fe_mul(&m[k], &m[k], &t[k]);
	BOTH fe_shift_fold(&g4[k], &g[k], 2);
	BOTH fe_mul(&s[k], &a[k].x, &g4[k]);
	BOTH fe_triple(&m[k], &m[k]);
	BOTH fe_sqr(&x[k], &m[k]);
	BOTH fe_sub2_fold(&x[k], &x[k], &s[k], 3);
	BOTH fe_sub(&d[k], &s[k], &x[k], 2);
	BOTH fe_neg_double(&y[k], &g[k], 4);
	BOTH fe_mul2(&a[k].y, &m[k], &d[k], &g4[k], &y[k]);
	BOTH fe_shift(&a[k].z, &a[k].z, 1);
	BOTH fe_blend(&a[k].x, 0xff, &x[k]);
}

#endif
