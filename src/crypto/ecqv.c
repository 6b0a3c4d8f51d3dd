/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ecqv.h"

#include <openssl/crypto.h>
#include <string.h>

static bool curve_ok(enum scms_curve curve)
{
	return curve == SCMS_NIST_P256 || curve == SCMS_BRAINPOOL_P256R1;
}

bool ecqv_begin_with(const struct curve_point *request, const uint8_t k[SCALAR_BYTES], struct ecqv_issue *issue)
{
	struct curve_point blind;
	bool ok = curve_ok(request->curve) && curve_mul_base(request->curve, k, &blind) &&
		  curve_add(request, &blind, &issue->reconstruction);

	if (ok)
		memcpy(issue->k, k, SCALAR_BYTES);
	OPENSSL_cleanse(&blind, sizeof(blind));
	return ok;
}

bool ecqv_begin(const struct curve_point *request, struct ecqv_issue *issue)
{
	uint8_t k[SCALAR_BYTES];
	bool ok =
	    curve_ok(request->curve) && curve_scalar_random(request->curve, k) && ecqv_begin_with(request, k, issue);

	OPENSSL_cleanse(k, sizeof(k));
	return ok;
}

bool ecqv_finish(struct ecqv_issue *issue, const uint8_t e[32], const uint8_t ca_private[SCALAR_BYTES],
		 uint8_t r[SCALAR_BYTES])
{
	enum scms_curve curve = issue->reconstruction.curve;
	/* A wiped k is zero and refused here: r would be the CA's private key. */
	bool ok = curve_scalar_ok(curve, issue->k) && curve_scalar_ok(curve, ca_private);

	if (ok)
		scalar_mul_add(curve, e, issue->k, ca_private, r);
	OPENSSL_cleanse(issue->k, sizeof(issue->k));
	return ok;
}

bool ecqv_public(const struct curve_point *reconstruction, const uint8_t e[32], const struct curve_point *ca,
		 struct curve_point *out)
{
	return curve_ok(reconstruction->curve) && curve_mul_add_public(e, reconstruction, ca, out);
}

bool ecqv_accept(const struct curve_point *reconstruction, const uint8_t e[32], const struct curve_point *ca,
		 const uint8_t request_private[SCALAR_BYTES], const uint8_t r[SCALAR_BYTES], uint8_t d[SCALAR_BYTES])
{
	struct curve_point expected, ours;
	bool ok = ecqv_public(reconstruction, e, ca, &expected);

	if (ok) {
		scalar_mul_add(reconstruction->curve, e, request_private, r, d);
		ok = curve_mul_base(reconstruction->curve, d, &ours) && curve_point_equal(&ours, &expected);
	}
	if (!ok)
		OPENSSL_cleanse(d, SCALAR_BYTES);
	return ok;
}
