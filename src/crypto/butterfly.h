/* SPDX-License-Identifier: Apache-2.0 */
/*
 * butterfly.h: butterfly key expansion.
 *
 * A device sends one caterpillar public key A and an expansion key; the RA
 * makes from them as many cocoon public keys B as it likes, and only the device,
 * which holds a, can compute their private keys b.
 *
 *   x = 0^32 || i || j || 0^32        (signing keys)
 *   x = 1^32 || i || j || 0^32        (response encryption keys)
 *   f = (AES(x+1)^(x+1) || AES(x+2)^(x+2) || AES(x+3)^(x+3)) mod n
 *   B = A + f*G,  b = a + f mod n
 *
 * Curves: P-256 and Brainpool P-256r1. Constant time in a, b and f.
 */
#ifndef CRYPTO_BUTTERFLY_H
#define CRYPTO_BUTTERFLY_H

#include "crypto/aes.h"
#include "crypto/curve.h"
#include "crypto/scalar.h"

enum butterfly_kind {
	BUTTERFLY_SIGNING,
	BUTTERFLY_ENCRYPTION,
};

/* Which cocoon key: i is the i-period, j the number within it. */
struct butterfly_index {
	enum butterfly_kind kind;
	uint32_t i;
	uint32_t j;
};

/* The scalar f. False only when the library fails. */
SCMS_CHECKED bool butterfly_scalar(enum scms_curve curve, const uint8_t expansion_key[AES_128_KEY],
				   const struct butterfly_index *index, uint8_t f[SCALAR_BYTES]);

/* The cocoon public key B. False when A is no key of a 256-bit curve or the library fails. */
SCMS_CHECKED bool butterfly_public(const struct curve_point *caterpillar, const uint8_t expansion_key[AES_128_KEY],
				   const struct butterfly_index *index, struct curve_point *cocoon);

/* The cocoon private key b. False when a is no private key of the curve or the library fails. */
SCMS_CHECKED bool butterfly_private(enum scms_curve curve, const uint8_t caterpillar[SCALAR_BYTES],
				    const uint8_t expansion_key[AES_128_KEY], const struct butterfly_index *index,
				    uint8_t cocoon[SCALAR_BYTES]);

#endif
