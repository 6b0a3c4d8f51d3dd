/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inverses mod p and mod n: of all the lanes of some vectors, by one inverse of their product.
 *
 * That one is found by the division steps of Bernstein and Yang ("Fast constant-time gcd computation and modular
 * inversion", 2019): 62 of them at a time on the lowest words of f and g, then applied to the whole numbers as a
 * matrix. In the lanes, a power a^(m - 2) takes five times as long, most of it waiting.
 */
#include "crypto/p256_ifma_work.h"

/* A number as five signed words of 62 bits, the lowest first; all but the last are in [0, 2^62). */
#define BITS 62
#define M62 ((1ULL << BITS) - 1)
#define WORDS 5
/* For numbers below 2^256, 590 division steps suffice when they begin at delta = 1/2, and 742 at delta = 1. */
#define ROUNDS 12

struct modulus {
	int64_t word[WORDS];
	uint64_t inverse; /* 1 / m mod 2^62 */
	const uint64_t *limb; /* m in limbs of 52 bits */
	uint64_t cube[5]; /* 2^780 mod m: takes 1 / x 2^260 to 2^260 / x */
};

static const struct modulus mod_p = {
    {0x3fffffffffffffff, 0x00000003ffffffff, 0, 0x3fffffc000000040, 0xff},
    0x3fffffffffffffff,
    p256_p,
    {0xfd0000000a000, 0xffffff7ffffff, 0xfffcffffffedf, 0x100000005ffff, 0x0000180000000},
};

static const struct modulus mod_n = {
    {0x33b9cac2fc632551, 0x339beab69c5e7a13, 0x3ffffffffffffffb, 0x3fffffc00000003f, 0xff},
    0x332e375511ff43b1,
    p256_n,
    {0x9617f757e3b0d, 0x73e9fd26776fc, 0xe93f26238f08c, 0x4d513b9246ba5, 0x0a54e7b437be6},
};

/* What 62 division steps do, times 2^62: f becomes u f + v g, g becomes q f + r g. */
struct steps {
	int64_t u, v, q, r;
};

/*
 * 62 division steps on the lowest words of f and g, f odd; eta is -delta, and what it is afterwards is returned. Where
 * several steps only halve, they are done at once; else as many low bits of g are cleared at once as the next change of
 * places allows, by a multiple of f: w = -g / f mod 2^6, or mod 2^4.
 */
static int64_t steps_take(int64_t eta, uint64_t f, uint64_t g, struct steps *t)
{
	uint64_t u = 1, v = 0, q = 0, r = 1;
	int left = BITS;

	for (;;) {
		int zeros = __builtin_ctzll(g | ~0ULL << left), most;
		uint64_t w, old;

		g >>= zeros;
		u <<= zeros;
		v <<= zeros;
		eta -= zeros;
		left -= zeros;
		if (left == 0)
			break;
		if (eta < 0) {
			eta = -eta;
			old = f, f = g, g = -old;
			old = u, u = q, q = -old;
			old = v, v = r, r = -old;
			most = eta + 1 > left ? left : (int)eta + 1;
			w = f * g * (f * f - 2) & ~0ULL >> (64 - most) & 63;
		} else {
			most = eta + 1 > left ? left : (int)eta + 1;
			w = f + (((f + 1) & 4) << 1);
			w = -w * g & ~0ULL >> (64 - most) & 15;
		}
		g += f * w;
		q += u * w;
		r += v * w;
	}
	*t = (struct steps){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
	return eta;
}

/* (f, g) = t (f, g) / 2^62, which has no remainder. */
static void apply(int64_t f[WORDS], int64_t g[WORDS], const struct steps *t)
{
	__int128 cf = (__int128)t->u * f[0] + (__int128)t->v * g[0];
	__int128 cg = (__int128)t->q * f[0] + (__int128)t->r * g[0];

	for (int i = 1; i < WORDS; i++) {
		cf = (cf >> BITS) + (__int128)t->u * f[i] + (__int128)t->v * g[i];
		cg = (cg >> BITS) + (__int128)t->q * f[i] + (__int128)t->r * g[i];
		f[i - 1] = (int64_t)((uint64_t)cf & M62);
		g[i - 1] = (int64_t)((uint64_t)cg & M62);
	}
	f[WORDS - 1] = (int64_t)(cf >> BITS);
	g[WORDS - 1] = (int64_t)(cg >> BITS);
}

/*
 * The same for d and e mod m, both in (-2 m, m) before and after: m is added where they are negative, and then as often
 * as it takes to clear the lowest word.
 */
static void apply_mod(int64_t d[WORDS], int64_t e[WORDS], const struct steps *t, const struct modulus *m)
{
	const int64_t sd = d[WORDS - 1] >> 63, se = e[WORDS - 1] >> 63;
	int64_t md = (t->u & sd) + (t->v & se), me = (t->q & sd) + (t->r & se);
	__int128 cd = (__int128)t->u * d[0] + (__int128)t->v * e[0];
	__int128 ce = (__int128)t->q * d[0] + (__int128)t->r * e[0];

	md -= (int64_t)((m->inverse * (uint64_t)cd + (uint64_t)md) & M62);
	me -= (int64_t)((m->inverse * (uint64_t)ce + (uint64_t)me) & M62);
	cd += (__int128)m->word[0] * md;
	ce += (__int128)m->word[0] * me;
	for (int i = 1; i < WORDS; i++) {
		cd = (cd >> BITS) + (__int128)t->u * d[i] + (__int128)t->v * e[i] + (__int128)m->word[i] * md;
		ce = (ce >> BITS) + (__int128)t->q * d[i] + (__int128)t->r * e[i] + (__int128)m->word[i] * me;
		d[i - 1] = (int64_t)((uint64_t)cd & M62);
		e[i - 1] = (int64_t)((uint64_t)ce & M62);
	}
	d[WORDS - 1] = (int64_t)(cd >> BITS);
	e[WORDS - 1] = (int64_t)(ce >> BITS);
}

/* x = sign * x + times * m, normalized: |x| < 2 m, sign 1 or -1. */
static void sum(int64_t x[WORDS], int sign, int times, const struct modulus *m)
{
	int64_t carry = 0;

	for (int i = 0; i < WORDS; i++) {
		carry += sign * x[i] + times * m->word[i];
		x[i] = i < WORDS - 1 ? carry & (int64_t)M62 : carry;
		carry >>= BITS;
	}
}

/* 1 / x mod m for x in [0, m); of 0 it is 0. */
static void invert(int64_t x[WORDS], const struct modulus *m)
{
	int64_t d[WORDS] = {0}, e[WORDS] = {1}, f[WORDS], g[WORDS], eta = -1;

	for (int i = 0; i < WORDS; i++) {
		f[i] = m->word[i];
		g[i] = x[i];
	}
	for (int round = 0; round < ROUNDS && (g[0] | g[1] | g[2] | g[3] | g[4]) != 0; round++) {
		struct steps t;

		eta = steps_take(eta, (uint64_t)f[0], (uint64_t)g[0], &t);
		apply_mod(d, e, &t, m);
		apply(f, g, &t);
	}
	/* f is 1 or -1 now, and x * d = f mod m. */
	if (d[WORDS - 1] < 0)
		sum(d, 1, 1, m);
	if (f[WORDS - 1] < 0)
		sum(d, -1, 0, m);
	if (d[WORDS - 1] < 0)
		sum(d, 1, 1, m);
	for (int i = 0; i < WORDS; i++)
		x[i] = d[i];
}

/* Lane 0 of x, in Montgomery form and below 2 m, to its inverse, in Montgomery form, in every lane. */
static void lane_invert(struct fe *x, const struct modulus *m)
{
	uint64_t word[4];
	int64_t signed_word[WORDS];
	struct fe t = *x;
	__m512i w[4];

	fe_once(&t, m->limb);
	fe_to_words(w, &t);
	for (int i = 0; i < 4; i++)
		word[i] = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(w[i]));
	signed_word[0] = (int64_t)(word[0] & M62);
	for (int i = 1; i < 4; i++)
		signed_word[i] = (int64_t)((word[i - 1] >> (64 - 2 * i) | word[i] << 2 * i) & M62);
	signed_word[4] = (int64_t)(word[3] >> 56);
	invert(signed_word, m);
	for (int i = 0; i < 4; i++)
		word[i] = (uint64_t)signed_word[i] >> 2 * i | (uint64_t)signed_word[i + 1] << (62 - 2 * i);
	for (int i = 0; i < 4; i++)
		w[i] = v_set(word[i]);
	fe_from_words(x, w);
}

LANE void fe_swap(struct fe *r, const struct fe *a, int distance)
{
	const __m512i index = _mm512_xor_si512(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), v_set((uint64_t)distance));

	LIMBS r->l[i] = _mm512_permutexvar_epi64(index, a->l[i]);
}

/* Products of all before it, of all lanes, one inverse, and back again. */
#define INVERT_ALL(mul, modulus)                                                                                       \
	do {                                                                                                           \
		const struct fe cube = fe_const((modulus)->cube);                                                      \
		struct fe level[3], other, inverse = x[0];                                                             \
                                                                                                                       \
		for (unsigned k = 1; k < n; k++) {                                                                     \
			prefix[k] = inverse;                                                                           \
			mul(&inverse, &inverse, &x[k]);                                                                \
		}                                                                                                      \
		for (int at = 0; at < 3; at++) {                                                                       \
			level[at] = inverse;                                                                           \
			fe_swap(&other, &inverse, 4 >> at);                                                            \
			mul(&inverse, &inverse, &other);                                                               \
		}                                                                                                      \
		lane_invert(&inverse, modulus);                                                                        \
		mul(&inverse, &inverse, &cube);                                                                        \
		for (int at = 3; at-- > 0;) {                                                                          \
			fe_swap(&other, &level[at], 4 >> at);                                                          \
			mul(&inverse, &inverse, &other);                                                               \
		}                                                                                                      \
		for (unsigned k = n; k-- > 1;) {                                                                       \
			other = x[k];                                                                                  \
			mul(&x[k], &inverse, &prefix[k]);                                                              \
			mul(&inverse, &inverse, &other);                                                               \
		}                                                                                                      \
		x[0] = inverse;                                                                                        \
	} while (0)

void p256_ifma_invert_p(struct fe *x, struct fe *prefix, unsigned n)
{
	INVERT_ALL(fe_mul, &mod_p);
}

void p256_ifma_invert_n(struct fe *x, struct fe *prefix, unsigned n)
{
	INVERT_ALL(fn_mul, &mod_n);
}
