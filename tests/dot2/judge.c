/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/dot2/judge.h"

#include <stdlib.h>

#include "crypto/aes.h"
#include "crypto/digest.h"
#include "tests/crypto/key_check.h"

static void judge_sha256(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32])
{
	(void)ctx;
	if (!digest_sha256(parts, n, out))
		abort();
}

static void judge_sha384(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[48])
{
	(void)ctx;
	if (!digest_sha384(parts, n, out))
		abort();
}

static bool judge_aes128(void *ctx, const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out)
{
	(void)ctx;
	return aes128_blocks(key, in, n, out);
}

static bool public_key(const struct scms_verify_request *request, struct curve_point *out)
{
	struct curve_point recon, issuer;

	if (request->signer == SCMS_SIGNER_POINT)
		return curve_point_read(&request->u.point, out);
	return request->signer == SCMS_SIGNER_IMPLICIT && !request->u.implicit.issuer_key &&
	       curve_point_read(&request->u.implicit.recon, &recon) &&
	       curve_point_read(&request->u.implicit.issuer, &issuer) &&
	       curve_mul_add_public(request->u.implicit.e, &recon, &issuer, out);
}

static void judge_verify(void *ctx, const struct scms_verify_request *request, size_t n, uint8_t *verdict)
{
	struct curve_point public;

	(void)ctx;
	for (size_t k = 0; k < n; k++)
		verdict[k] = public_key(&request[k], &public) &&
				     key_verifies(&public, request[k].digest, request[k].r, request[k].s)
				 ? SCMS_GOOD
				 : SCMS_BAD;
}

static const struct scms_key *judge_key(void *ctx, const struct scms_point *point)
{
	(void)ctx, (void)point;
	return NULL; /* keeps none */
}

static void judge_key_drop(void *ctx, const struct scms_point *point)
{
	(void)ctx, (void)point;
}

static enum scms_verdict judge_reconstruct(void *ctx, const struct scms_point *recon, const uint8_t e[32],
					   const struct scms_point *issuer, uint8_t q[64])
{
	struct curve_point p, ca, out;

	(void)ctx;
	if (!curve_point_read(recon, &p) || !curve_point_read(issuer, &ca) || !curve_mul_add_public(e, &p, &ca, &out))
		return SCMS_BAD;
	memcpy(q, out.x, 32);
	memcpy(q + 32, out.y, 32);
	return SCMS_GOOD;
}

const struct scms_crypto judge = {
    .sha256 = judge_sha256,
    .sha384 = judge_sha384,
    .aes128 = judge_aes128,
    .verify = judge_verify,
    .key = judge_key,
    .key_drop = judge_key_drop,
    .reconstruct = judge_reconstruct,
};
