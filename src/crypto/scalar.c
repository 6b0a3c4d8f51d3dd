/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/scalar.h"

#include <openssl/crypto.h>

__extension__ typedef unsigned __int128 wide;

#define LIMBS 4

/* A curve's order, with what Montgomery multiplication (R = 2^256) needs; limbs from the least significant. */
struct order {
	uint64_t n[LIMBS];
	uint64_t r2[LIMBS]; /* R^2 mod n */
	uint64_t inverse;   /* -1/n mod 2^64 */
};

static const struct order orders[] = {
    [SCMS_NIST_P256] = {{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000},
			{0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620},
			0xccd1c8aaee00bc4f},
    [SCMS_BRAINPOOL_P256R1] = {{0x901e0e82974856a7, 0x8c397aa3b561a6f7, 0x3e660a909d838d71, 0xa9fb57dba1eea9bc},
			       {0xe1d8d8de3312fca6, 0xf35d176a1134e4a0, 0x9b7f25e76c815cb0, 0x0b25f1b9c3236762},
			       0xfbffbebdcbb40ee9},
};

static void limbs_read(const uint8_t in[SCALAR_BYTES], uint64_t out[LIMBS])
{
	for (unsigned k = 0; k < LIMBS; k++) {
		const uint8_t *p = in + 8 * (LIMBS - 1 - k);

		out[k] = 0;
		for (unsigned b = 0; b < 8; b++)
			out[k] = out[k] << 8 | p[b];
	}
}

static void limbs_write(const uint64_t in[LIMBS], uint8_t out[SCALAR_BYTES])
{
	for (unsigned k = 0; k < LIMBS; k++)
		for (unsigned b = 0; b < 8; b++)
			out[8 * (LIMBS - 1 - k) + b] = (uint8_t)(in[k] >> (56 - 8 * b));
}

/* out = t or t - n, whichever is in 0..n-1, for t = top * 2^256 + t[] below 2n. out may be t. */
static void reduce_once(const struct order *order, uint64_t top, const uint64_t t[LIMBS], uint64_t out[LIMBS])
{
	uint64_t less[LIMBS], borrow = 0, keep;

	for (unsigned k = 0; k < LIMBS; k++) {
		wide difference = (wide)t[k] - order->n[k] - borrow;

		less[k] = (uint64_t)difference;
		borrow = (uint64_t)(difference >> 64) & 1;
	}
	keep = 0 - (uint64_t)(borrow & (top ^ 1)); /* all ones when t < n */
	__asm__("" : "+r"(keep));                  /* the compiler must not make a branch of it */
	for (unsigned k = 0; k < LIMBS; k++)
		out[k] = (t[k] & keep) | (less[k] & ~keep);
	OPENSSL_cleanse(less, sizeof(less));
}

/* out = a * b / R mod n, for any a and b with b below n. out may be a or b. */
static void montgomery_multiply(const struct order *order, const uint64_t a[LIMBS], const uint64_t b[LIMBS],
				uint64_t out[LIMBS])
{
	uint64_t t[LIMBS + 2] = {0};

	for (unsigned i = 0; i < LIMBS; i++) {
		uint64_t carry = 0, factor;
		wide sum;

		for (unsigned j = 0; j < LIMBS; j++) {
			sum = (wide)a[i] * b[j] + t[j] + carry;
			t[j] = (uint64_t)sum;
			carry = (uint64_t)(sum >> 64);
		}
		sum = (wide)t[LIMBS] + carry;
		t[LIMBS] = (uint64_t)sum;
		t[LIMBS + 1] = (uint64_t)(sum >> 64);

		factor = t[0] * order->inverse;
		sum = (wide)factor * order->n[0] + t[0];
		carry = (uint64_t)(sum >> 64);
		for (unsigned j = 1; j < LIMBS; j++) {
			sum = (wide)factor * order->n[j] + t[j] + carry;
			t[j - 1] = (uint64_t)sum;
			carry = (uint64_t)(sum >> 64);
		}
		sum = (wide)t[LIMBS] + carry;
		t[LIMBS - 1] = (uint64_t)sum;
		t[LIMBS] = t[LIMBS + 1] + (uint64_t)(sum >> 64);
	}
	reduce_once(order, t[LIMBS], t, out);
	OPENSSL_cleanse(t, sizeof(t));
}

/* out = a + b mod n, for a and b below n. out may be a or b. */
static void add_reduced(const struct order *order, const uint64_t a[LIMBS], const uint64_t b[LIMBS],
			uint64_t out[LIMBS])
{
	uint64_t sum[LIMBS], carry = 0;

	for (unsigned k = 0; k < LIMBS; k++) {
		wide s = (wide)a[k] + b[k] + carry;

		sum[k] = (uint64_t)s;
		carry = (uint64_t)(s >> 64);
	}
	reduce_once(order, carry, sum, out);
	OPENSSL_cleanse(sum, sizeof(sum));
}

/* Both orders are above 2^255, so any 256-bit number is below 2n. */
static void read_reduced(const struct order *order, const uint8_t in[SCALAR_BYTES], uint64_t out[LIMBS])
{
	limbs_read(in, out);
	reduce_once(order, 0, out, out);
}

void scalar_reduce_384(enum scms_curve curve, const uint8_t in[48], uint8_t out[SCALAR_BYTES])
{
	const struct order *order = &orders[curve];
	uint64_t high[LIMBS] = {0}, low[LIMBS];

	for (unsigned k = 0; k < 2; k++)
		for (unsigned b = 0; b < 8; b++)
			high[k] = high[k] << 8 | in[8 * (1 - k) + b];
	montgomery_multiply(order, high, order->r2, high); /* high * 2^256 mod n */
	read_reduced(order, in + 16, low);
	add_reduced(order, high, low, low);
	limbs_write(low, out);
	OPENSSL_cleanse(high, sizeof(high));
	OPENSSL_cleanse(low, sizeof(low));
}

void scalar_add(enum scms_curve curve, const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES],
		uint8_t out[SCALAR_BYTES])
{
	const struct order *order = &orders[curve];
	uint64_t x[LIMBS], y[LIMBS];

	read_reduced(order, a, x);
	read_reduced(order, b, y);
	add_reduced(order, x, y, x);
	limbs_write(x, out);
	OPENSSL_cleanse(x, sizeof(x));
	OPENSSL_cleanse(y, sizeof(y));
}

void scalar_mul_add(enum scms_curve curve, const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES],
		    const uint8_t c[SCALAR_BYTES], uint8_t out[SCALAR_BYTES])
{
	const struct order *order = &orders[curve];
	uint64_t x[LIMBS], y[LIMBS];

	read_reduced(order, a, x);
	read_reduced(order, b, y);
	montgomery_multiply(order, x, order->r2, x);
	montgomery_multiply(order, x, y, x);
	read_reduced(order, c, y);
	add_reduced(order, x, y, x);
	limbs_write(x, out);
	OPENSSL_cleanse(x, sizeof(x));
	OPENSSL_cleanse(y, sizeof(y));
}
