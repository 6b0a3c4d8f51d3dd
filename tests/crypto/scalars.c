/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar arithmetic against OpenSSL's big numbers, at the edges and at random.
 */
#include <openssl/bn.h>

#include "crypto/curve.h"
#include "crypto/scalar.h"
#include "tests/check.h"

static uint64_t state = 0x9e3779b97f4a7c15;

static uint8_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint8_t)(state >> 32);
}

/* Edges: 0, 1, n-1, n, n+1, all ones; then random numbers, some with long runs of ones or zeros. */
static void number_make(const BIGNUM *order, unsigned kind, uint8_t out[32])
{
	BIGNUM *number = BN_dup(order);

	switch (kind) {
	case 0:
		BN_zero(number);
		break;
	case 1:
		BN_one(number);
		break;
	case 2:
		BN_sub_word(number, 1);
		break;
	case 3:
		break;
	case 4:
		BN_add_word(number, 1);
		break;
	default:
		for (unsigned k = 0; k < 32; k++)
			out[k] = kind == 5 ? 0xff : next();
		if (kind % 3 == 0)
			memset(out + next() % 16, kind % 2 ? 0xff : 0, 16);
		BN_bin2bn(out, 32, number);
	}
	BN_bn2binpad(number, out, 32);
	BN_free(number);
}

static void compare(enum scms_curve curve, unsigned x, unsigned y, unsigned z)
{
	const BIGNUM *order = EC_GROUP_get0_order(curve_group(curve));
	BN_CTX *ctx = BN_CTX_new();
	uint8_t a[32], b[32], c[32], wide[48], got[32], want[32];
	BIGNUM *A, *B, *C;

	number_make(order, x, a);
	number_make(order, y, b);
	number_make(order, z, c);
	A = BN_bin2bn(a, 32, NULL);
	B = BN_bin2bn(b, 32, NULL);
	C = BN_bin2bn(c, 32, NULL);

	BN_mod_add(A, A, B, order, ctx);
	BN_bn2binpad(A, want, 32);
	scalar_add(curve, a, b, got);
	CHECK(memcmp(got, want, 32) == 0, "%s: add, kinds %u %u", curve_name(curve), x, y);

	BN_bin2bn(a, 32, A);
	BN_mod_mul(A, A, B, order, ctx);
	BN_mod_add(A, A, C, order, ctx);
	BN_bn2binpad(A, want, 32);
	scalar_mul_add(curve, a, b, c, got);
	CHECK(memcmp(got, want, 32) == 0, "%s: multiply and add, kinds %u %u %u", curve_name(curve), x, y, z);
	scalar_mul_add(curve, a, b, c, c);
	CHECK(memcmp(c, want, 32) == 0, "%s: in place", curve_name(curve));

	memcpy(wide, b, 16);
	memcpy(wide + 16, a, 32);
	BN_bin2bn(wide, 48, A);
	BN_nnmod(A, A, order, ctx);
	BN_bn2binpad(A, want, 32);
	scalar_reduce_384(curve, wide, got);
	CHECK(memcmp(got, want, 32) == 0, "%s: reduce, kinds %u %u", curve_name(curve), x, y);
	BN_free(A);
	BN_free(B);
	BN_free(C);
	BN_CTX_free(ctx);
}

/* Which scalars are private keys, on all four curves. */
static void ranges(void)
{
	for (unsigned k = 0; k < 4; k++) {
		enum scms_curve curve = (enum scms_curve)k;
		size_t bytes = scms_curve_bytes(curve);
		uint8_t d[CURVE_BYTES_MAX];
		struct curve_point out;

		memset(d, 0, sizeof(d));
		CHECK(!curve_scalar_ok(curve, d), "%s: zero", curve_name(curve));
		CHECK(!curve_mul_base(curve, d, &out), "%s: 0 * G", curve_name(curve));
		d[bytes - 1] = 1;
		CHECK(curve_scalar_ok(curve, d), "%s: one", curve_name(curve));
		memcpy(d, curve_order(curve), bytes);
		CHECK(!curve_scalar_ok(curve, d), "%s: n", curve_name(curve));
		CHECK(!curve_mul_base(curve, d, &out), "%s: n * G", curve_name(curve));
		d[bytes - 1]++;
		CHECK(!curve_scalar_ok(curve, d), "%s: n + 1", curve_name(curve));
		d[bytes - 1] = (uint8_t)(d[bytes - 1] - 2);
		CHECK(curve_scalar_ok(curve, d), "%s: n - 1", curve_name(curve));
		memset(d, 0xff, sizeof(d));
		CHECK(!curve_scalar_ok(curve, d), "%s: all ones", curve_name(curve));
		CHECK(curve_scalar_random(curve, d) && curve_scalar_ok(curve, d), "%s: random", curve_name(curve));
	}
}

int main(void)
{
	static const enum scms_curve short_curves[] = {SCMS_NIST_P256, SCMS_BRAINPOOL_P256R1};

	for (unsigned s = 0; s < 2; s++) {
		for (unsigned x = 0; x < 6; x++)
			for (unsigned y = 0; y < 6; y++)
				for (unsigned z = 0; z < 6; z++)
					compare(short_curves[s], x, y, z);
		for (unsigned k = 6; k < 4006; k++)
			compare(short_curves[s], k, k + 1, k + 2);
	}
	ranges();
	return check_done();
}
