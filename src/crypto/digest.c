/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>

static EVP_MD *sha256, *sha384;

/* Fetched once: a fetch costs more than hashing a certificate. */
static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
}

static bool hash(EVP_MD *const *md, const struct scms_slice *parts, size_t n, uint8_t *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_MD_CTX *ctx;
	bool ok;

	pthread_once(&once, fetch);
	ctx = *md ? EVP_MD_CTX_new() : NULL;
	ok = ctx && EVP_DigestInit_ex2(ctx, *md, NULL) == 1;
	for (size_t k = 0; ok && k < n; k++)
		ok = EVP_DigestUpdate(ctx, parts[k].p, parts[k].n) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool digest_sha256(const struct scms_slice *parts, size_t n, uint8_t out[DIGEST_SHA256])
{
	return hash(&sha256, parts, n, out);
}

bool digest_sha384(const struct scms_slice *parts, size_t n, uint8_t out[DIGEST_SHA384])
{
	return hash(&sha384, parts, n, out);
}

bool digest_hmac_sha256(struct scms_slice key, struct scms_slice data, uint8_t out[DIGEST_SHA256])
{
	static const uint8_t none;
	unsigned length = 0;

	/* HMAC() takes a NULL key for "the key of the call before". */
	return key.n <= INT32_MAX &&
	       HMAC(EVP_sha256(), key.n ? key.p : &none, (int)key.n, data.p, data.n, out, &length) &&
	       length == DIGEST_SHA256;
}
