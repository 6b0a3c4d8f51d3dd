/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecqv.h: implicit certificates, the CA's and the holder's side (IEEE 1609.2-2016 section 5.3.2, SEC 4).
 *
 *   CA:      k random, P_U = R_U + k*G;  r = e*k + d_CA mod n
 *   holder:  d_U = e*k_U + r mod n;      Q_U = e*P_U + Q_CA = d_U*G
 *
 * e is the certificate's hash as a full 256-bit integer mod n; SEC 4 would
 * take the upper 255 bits and does not interoperate. e depends on P_U, which stands in
 * the certificate, so issuing takes two calls with the encoding between them.
 * The curve is P-256 or Brainpool P-256r1, the same for CA and holder.
 *
 * Constant time in k, k_U, r, d_CA and d_U (scalar.h, curve.h).
 */
#ifndef CRYPTO_ECQV_H
#define CRYPTO_ECQV_H

#include "crypto/curve.h"
#include "crypto/scalar.h"

/* An implicit certificate on its way between the two calls. */
struct ecqv_issue {
	struct curve_point reconstruction; /* P_U, what the certificate says */
	uint8_t k[SCALAR_BYTES];           /* secret; a k that leaks, or serves twice, gives the CA's key away */
};

/* Draws k and makes P_U. False when request is no key of a 256-bit curve or the library fails; nothing is kept then. */
SCMS_CHECKED bool ecqv_begin(const struct curve_point *request, struct ecqv_issue *issue);

/* As ecqv_begin, with the k that is given: for known answers. False too if P_U is infinity. */
SCMS_CHECKED bool ecqv_begin_with(const struct curve_point *request, const uint8_t k[SCALAR_BYTES],
				  struct ecqv_issue *issue);

/* r for the holder, from the certificate's hash and the CA's private key. Wipes k: a second call gives no second r. */
SCMS_CHECKED bool ecqv_finish(struct ecqv_issue *issue, const uint8_t e[32], const uint8_t ca_private[SCALAR_BYTES],
			      uint8_t r[SCALAR_BYTES]);

/* The holder's public key Q_U, which anybody can compute. False when it is infinity or a point is unusable. */
SCMS_CHECKED bool ecqv_public(const struct curve_point *reconstruction, const uint8_t e[32],
			      const struct curve_point *ca, struct curve_point *out);

/*
 * The holder's private key, checked against Q_U. False, and d wiped, when certificate, CA key, request key and r do not
 * belong together.
 */
SCMS_CHECKED bool ecqv_accept(const struct curve_point *reconstruction, const uint8_t e[32],
			      const struct curve_point *ca, const uint8_t request_private[SCALAR_BYTES],
			      const uint8_t r[SCALAR_BYTES], uint8_t d[SCALAR_BYTES]);

#endif
