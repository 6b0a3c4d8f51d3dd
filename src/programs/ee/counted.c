/* SPDX-License-Identifier: Apache-2.0 */
#include "counted.h"

static void pass_sha256(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32])
{
	const struct counted *counted = ctx;

	counted->to->sha256(counted->to->ctx, parts, n, out);
}

static void pass_sha384(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[48])
{
	const struct counted *counted = ctx;

	counted->to->sha384(counted->to->ctx, parts, n, out);
}

static bool pass_aes128(void *ctx, const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out)
{
	const struct counted *counted = ctx;

	return counted->to->aes128(counted->to->ctx, key, in, n, out);
}

static void count_verify(void *ctx, const struct scms_verify_request *req, size_t n, uint8_t *verdict)
{
	struct counted *counted = ctx;

	counted->checked += n;
	counted->to->verify(counted->to->ctx, req, n, verdict);
}

static const struct scms_key *pass_key(void *ctx, const struct scms_point *point)
{
	const struct counted *counted = ctx;

	return counted->to->key(counted->to->ctx, point);
}

static void pass_key_drop(void *ctx, const struct scms_point *point)
{
	const struct counted *counted = ctx;

	counted->to->key_drop(counted->to->ctx, point);
}

static enum scms_verdict pass_reconstruct(void *ctx, const struct scms_point *recon, const uint8_t e[32], const struct scms_point *issuer,
					  uint8_t q[64])
{
	const struct counted *counted = ctx;

	return counted->to->reconstruct(counted->to->ctx, recon, e, issuer, q);
}

void counted_init(struct counted *counted, const struct scms_crypto *to)
{
	*counted = (struct counted){
	    .crypto = {.ctx = counted, .sha256 = pass_sha256, .sha384 = pass_sha384, .aes128 = pass_aes128, .verify = count_verify,
		       .key = pass_key, .key_drop = pass_key_drop, .reconstruct = pass_reconstruct},
	    .to = to};
}
