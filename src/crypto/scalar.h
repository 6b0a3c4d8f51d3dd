/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalar.h: private-key arithmetic modulo the order n of a 256-bit curve.
 *
 * For ECQV and butterfly keys, whose formulas need the scalars themselves. All
 * numbers are 32 big-endian bytes; inputs may be any 256-bit value, outputs are
 * in 0..n-1. The curve is SCMS_NIST_P256 or SCMS_BRAINPOOL_P256R1.
 *
 * Constant time: every function here. Fixed-width limbs, no branch and no
 * address depends on a number; the conditional subtraction is a mask. Working
 * copies are wiped.
 */
#ifndef CRYPTO_SCALAR_H
#define CRYPTO_SCALAR_H

#include <scms/crypto.h>

#define SCALAR_BYTES 32

/* out = in mod n, for a number of 384 bits (the three AES blocks of a butterfly expansion). */
void scalar_reduce_384(enum scms_curve curve, const uint8_t in[48], uint8_t out[SCALAR_BYTES]);

/* out = a + b mod n. out may be a or b. */
void scalar_add(enum scms_curve curve, const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES],
		uint8_t out[SCALAR_BYTES]);

/* out = a * b + c mod n. out may be any of them. */
void scalar_mul_add(enum scms_curve curve, const uint8_t a[SCALAR_BYTES], const uint8_t b[SCALAR_BYTES],
		    const uint8_t c[SCALAR_BYTES], uint8_t out[SCALAR_BYTES]);

#endif
