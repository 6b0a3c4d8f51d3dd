/* SPDX-License-Identifier: Apache-2.0 */
/* Verification by OpenSSL's ECDSA, one by one: all curves, all cases. */
#include "crypto/verify_engine.h"

#include <string.h>

static EC_KEY *key_from_point(struct scms_verifier *v, enum scms_curve curve, const EC_POINT *point)
{
	EC_KEY *key = EC_KEY_new();

	if (key != NULL && (EC_KEY_set_group(key, v->group[curve]) != 1 || EC_KEY_set_public_key(key, point) != 1)) {
		EC_KEY_free(key);
		key = NULL;
	}
	return key;
}

static enum scms_verdict verify_with(EC_KEY *key, enum scms_curve curve, const struct scms_verify_request *request)
{
	size_t width = scms_curve_bytes(curve);
	enum scms_verdict verdict = SCMS_FAILED;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(request->r, (int)width, NULL), *s = BN_bin2bn(request->s, (int)width, NULL);

	if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
		int answer;

		r = s = NULL; /* the signature's now */
		answer = ECDSA_do_verify(request->digest, (int)width, signature, key);
		verdict = answer == 1 ? SCMS_GOOD : SCMS_BAD;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return verdict;
}

/* Q = e * recon + issuer; NULL: a point is unusable, or Q is infinity. */
static EC_POINT *implicit_point(struct scms_verifier *v, const struct scms_point *recon, const uint8_t e[32],
				const struct scms_point *issuer)
{
	const EC_GROUP *group = v->group[recon->curve];
	EC_POINT *q = engine_point(v, recon), *issuer_point = engine_point(v, issuer);
	BIGNUM *scalar = BN_bin2bn(e, 32, NULL);
	bool good = q != NULL && issuer_point != NULL && scalar != NULL && recon->curve == issuer->curve &&
		    EC_POINT_mul(group, q, NULL, q, scalar, v->bn) == 1 &&
		    EC_POINT_add(group, q, q, issuer_point, v->bn) == 1 && !EC_POINT_is_at_infinity(group, q);

	BN_free(scalar);
	EC_POINT_free(issuer_point);
	if (!good) {
		EC_POINT_free(q);
		q = NULL;
	}
	return q;
}

static EC_POINT *implicit_signer(struct scms_verifier *v, const struct scms_verify_request *request)
{
	const struct scms_key *kept = request->u.implicit.issuer_key;
	struct scms_point issuer = request->u.implicit.issuer;
	enum scms_curve curve = request->u.implicit.recon.curve;

	if (kept != NULL)
		issuer = (struct scms_point){kept->curve, SCMS_POINT_UNCOMPRESSED, kept->point + 1,
					     kept->point + 1 + scms_curve_bytes(kept->curve)};
	if (scms_curve_bytes(curve) != 32 || issuer.curve != curve)
		return NULL;
	return implicit_point(v, &request->u.implicit.recon, request->u.implicit.e, &issuer);
}

enum scms_verdict openssl_verify(struct scms_verifier *v, const struct scms_verify_request *request)
{
	enum scms_verdict verdict;
	enum scms_curve curve;
	EC_POINT *point;
	EC_KEY *key;

	if (request->signer == SCMS_SIGNER_KEY)
		return verify_with(request->u.key->ec, request->u.key->curve, request);
	if (request->signer == SCMS_SIGNER_POINT) {
		curve = request->u.point.curve;
		point = engine_point(v, &request->u.point);
	} else {
		curve = request->u.implicit.recon.curve;
		point = implicit_signer(v, request);
	}
	if (point == NULL)
		return SCMS_BAD;
	key = key_from_point(v, curve, point);
	verdict = key != NULL ? verify_with(key, curve, request) : SCMS_FAILED;
	EC_KEY_free(key);
	EC_POINT_free(point);
	return verdict;
}

enum scms_verdict openssl_reconstruct(void *ctx, const struct scms_point *recon, const uint8_t e[32],
				      const struct scms_point *issuer, uint8_t q[64])
{
	struct scms_verifier *v = ctx;
	uint8_t octets[65];
	EC_POINT *point;
	size_t n;

	if (scms_curve_bytes(recon->curve) != 32 || recon->curve != issuer->curve)
		return SCMS_BAD;
	point = implicit_point(v, recon, e, issuer);
	if (point == NULL)
		return SCMS_BAD;
	n = EC_POINT_point2oct(v->group[recon->curve], point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets),
			       v->bn);
	EC_POINT_free(point);
	if (n != sizeof(octets))
		return SCMS_FAILED;
	memcpy(q, octets + 1, 64);
	return SCMS_GOOD;
}
