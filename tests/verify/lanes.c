/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the AVX-512 back end by themselves: inverses mod p and mod n beside OpenSSL's, at their edges too, and a comb
 * that is none, which must leave everything undecided.
 */
#include "../check.h"
#include "crypto/p256_ifma_work.h"

#include <openssl/bn.h>
#include <openssl/rand.h>
#include <scms/crypto.h>
#include <stdlib.h>

static BN_CTX *bn;

typedef void invert_fn(struct fe *x, struct fe *prefix, unsigned n);

static void lane_set(struct fe *x, int lane, const BIGNUM *value)
{
	BIGNUM *t = BN_dup(value), *limb = BN_new(), *radix = BN_new();

	BN_set_bit(radix, 52);
	for (int i = 0; i < 5; i++) {
		uint64_t l[8] __attribute__((aligned(64)));

		BN_div(t, limb, t, radix, bn);
		_mm512_store_si512(l, x->l[i]);
		l[lane] = BN_get_word(limb);
		x->l[i] = _mm512_load_si512(l);
	}
	BN_free(t);
	BN_free(limb);
	BN_free(radix);
}

static BIGNUM *lane_get(const struct fe *x, int lane)
{
	BIGNUM *value = BN_new();

	for (int i = 4; i >= 0; i--) {
		uint64_t l[8] __attribute__((aligned(64)));

		_mm512_store_si512(l, x->l[i]);
		BN_lshift(value, value, 52);
		BN_add_word(value, l[lane]);
	}
	return value;
}

/* n vectors whose lanes' values are given; each must come out as R^2 / x mod m. */
static void inverses(invert_fn *invert, const BIGNUM *m, BIGNUM *const *value, unsigned n)
{
	struct fe *x = aligned_alloc(64, n * sizeof(*x)), *prefix = aligned_alloc(64, n * sizeof(*x));
	BIGNUM *r = BN_new();

	BN_set_bit(r, 520);
	memset(x, 0, n * sizeof(*x));
	for (unsigned k = 0; k < 8 * n; k++)
		lane_set(&x[k / 8], (int)(k % 8), value[k]);
	invert(x, prefix, n);
	for (unsigned k = 0; k < 8 * n; k++) {
		BIGNUM *got = lane_get(&x[k / 8], (int)(k % 8)), *right = BN_mod_inverse(NULL, value[k], m, bn);

		BN_mod_mul(right, right, r, m, bn);
		BN_nnmod(got, got, m, bn);
		CHECK(BN_cmp(got, right) == 0, "inverse %u of %u: %s, not %s", k, 8 * n, BN_bn2hex(got), BN_bn2hex(right));
		BN_free(got);
		BN_free(right);
	}
	BN_free(r);
	free(x);
	free(prefix);
}

/* One value in every lane, so that the product of all, whose inverse is found, is its eighth power; and many at random. */
static void modulus(invert_fn *invert, const char *hex)
{
	BIGNUM *m = NULL, *value[8 * 16];

	BN_hex2bn(&m, hex);
	for (int bit = 0; bit < 256; bit++)
		for (int offset = -1; offset <= 1; offset++)
			for (int from_top = 0; from_top < 2; from_top++) {
				BIGNUM *x = BN_new();

				BN_set_bit(x, bit);
				if (offset < 0)
					BN_sub_word(x, 1);
				else
					BN_add_word(x, (BN_ULONG)offset);
				if (from_top)
					BN_sub(x, m, x);
				if (!BN_is_zero(x) && !BN_is_negative(x) && BN_cmp(x, m) < 0) {
					for (int k = 0; k < 8; k++)
						value[k] = k == 0 ? x : BN_dup(BN_value_one());
					inverses(invert, m, value, 1);
					for (int k = 1; k < 8; k++)
						BN_free(value[k]);
				}
				BN_free(x);
			}
	for (unsigned round = 0; round < 40; round++) {
		unsigned n = 1 + round % 16;

		for (unsigned k = 0; k < 8 * n; k++) {
			value[k] = BN_new();
			do
				BN_rand_range(value[k], m);
			while (BN_is_zero(value[k]));
			if (k % 5 == 0) /* up to 2 m is allowed */
				BN_add(value[k], value[k], m);
		}
		inverses(invert, m, value, n);
		for (unsigned k = 0; k < 8 * n; k++)
			BN_free(value[k]);
	}
	BN_free(m);
}

/* Every entry is the generator. */
static void broken_comb(struct p256_ifma *ifma)
{
	static struct p256_comb comb;
	uint8_t number[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, verdict[P256_IFMA_BATCH];
	struct p256_job job[P256_IFMA_BATCH];
	unsigned undecided = 0;

	for (unsigned row = 0; row < P256_COMB_ROWS; row++)
		for (unsigned m = 0; m < P256_COMB_COLUMNS; m++)
			memcpy(comb.point[row][m], ifma->generator.point[0][0], sizeof(comb.point[0][0]));
	for (unsigned k = 0; k < P256_IFMA_BATCH; k++)
		job[k] = (struct p256_job){.digest = number, .r = number, .s = number, .comb = &comb};
	number[31] = 77;
	p256_ifma_verify(ifma, P256_KNOWN, job, P256_IFMA_BATCH, verdict);
	for (unsigned k = 0; k < P256_IFMA_BATCH; k++)
		undecided += verdict[k] == P256_UNDECIDED;
	CHECK(undecided == P256_IFMA_BATCH, "only %u of %u are left undecided", undecided, P256_IFMA_BATCH);
}

int main(void)
{
	struct p256_ifma *ifma;

	if (!p256_ifma_usable()) {
		printf("skipped: the processor has no AVX-512 IFMA\n");
		return 77;
	}
	bn = BN_CTX_new();
	modulus(p256_ifma_invert_p, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
	modulus(p256_ifma_invert_n, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
	ifma = aligned_alloc(64, (p256_ifma_size() + 63) & ~(size_t)63);
	broken_comb(p256_ifma_init(ifma));
	free(ifma);
	BN_CTX_free(bn);
	return check_done();
}
