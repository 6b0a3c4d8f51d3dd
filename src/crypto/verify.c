/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verification engine: its life, its hashes, and which requests go where.
 *
 * Requests on P-256 are sorted by kind into queues and answered in batches; all others, and the few that a back end
 * leaves undecided, are answered by OpenSSL one by one.
 */
#include "crypto/verify_engine.h"

#include <openssl/obj_mac.h>
#include <string.h>

/* ---- hashes and AES ---- */

static void hash_parts(struct scms_verifier *v, const EVP_MD *md, const struct scms_slice *parts, size_t n,
		       uint8_t *out)
{
	/* With a fetched digest and a context of its own, none of these can fail but for lack of memory at the first
	 * use, which scms_verifier_init has made. */
	EVP_DigestInit_ex2(v->hash, md, NULL);
	for (size_t k = 0; k < n; k++)
		EVP_DigestUpdate(v->hash, parts[k].p, parts[k].n);
	EVP_DigestFinal_ex(v->hash, out, NULL);
}

static void hash_sha256(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32])
{
	struct scms_verifier *v = ctx;

	hash_parts(v, v->md256, parts, n, out);
}

static void hash_sha384(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[48])
{
	struct scms_verifier *v = ctx;

	hash_parts(v, v->md384, parts, n, out);
}

static bool aes_blocks(void *ctx, const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out)
{
	struct scms_verifier *v = ctx;
	int len;

	return EVP_EncryptInit_ex2(v->cipher, v->aes, key, NULL, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(v->cipher, 0) == 1 &&
	       EVP_EncryptUpdate(v->cipher, out, &len, in, (int)(16 * n)) == 1;
}

/* ---- requests ---- */

static const uint8_t p256_n[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};
static const uint8_t p256_p[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/* 0 < k < n */
static bool scalar_usable(const uint8_t k[32])
{
	uint8_t any = 0;

	for (unsigned i = 0; i < 32; i++)
		any |= k[i];
	return any != 0 && memcmp(k, p256_n, 32) < 0;
}

/* The point of a job. False: its form is no key's, or x is not below p. */
static bool job_point(struct p256_job *job, const struct scms_point *point)
{
	job->x = point->x;
	job->y = point->form == SCMS_POINT_UNCOMPRESSED ? point->y : NULL;
	job->odd = point->form == SCMS_POINT_COMPRESSED_Y1;
	return (job->y != NULL || job->odd || point->form == SCMS_POINT_COMPRESSED_Y0) &&
	       memcmp(job->x, p256_p, 32) < 0;
}

static enum scms_curve request_curve(const struct scms_verify_request *request)
{
	if (request->signer == SCMS_SIGNER_KEY)
		return request->u.key->curve; /* given by key(): NOLINT(clang-analyzer-core.NullDereference) */
	return request->signer == SCMS_SIGNER_POINT ? request->u.point.curve : request->u.implicit.recon.curve;
}

/* The key whose table a P-256 request would use, or NULL. */
static const struct scms_key *request_key(const struct scms_verify_request *request)
{
	if (request->signer == SCMS_SIGNER_KEY)
		return request->u.key;
	return request->signer == SCMS_SIGNER_IMPLICIT ? request->u.implicit.issuer_key : NULL;
}

/* ---- queues ---- */

#ifdef HAVE_P256_IFMA
/*
 * From how many on the lanes are faster than one by one: a vector of known ones costs less than half of one
 * verification of OpenSSL's, two vectors of points a little more than two.
 */
static const unsigned lanes_worth[P256_IMPLICIT + 1] = {[P256_KNOWN] = 1, [P256_UNKNOWN] = 3, [P256_IMPLICIT] = 2};

static void lanes_verify(struct scms_verifier *v, enum p256_kind kind, struct p256_queue *queue)
{
	uint8_t verdict[ENGINE_BATCH];

	p256_ifma_verify(v->ifma, kind, queue->job, queue->n, verdict);
	for (unsigned k = 0; k < queue->n; k++)
		*queue->verdict[k] =
		    verdict[k] != P256_UNDECIDED ? verdict[k] : (uint8_t)openssl_verify(v, queue->request[k]);
	queue->n = 0;
}
#endif

static void queue_answer(struct scms_verifier *v, unsigned at)
{
	struct p256_queue *queue = &v->queue[at];
	const struct scms_key *key;

	if (queue->n == 0)
		return;
#ifdef HAVE_P256_IFMA
	if (v->ifma != NULL && at <= P256_IMPLICIT && queue->n >= lanes_worth[at]) {
		lanes_verify(v, (enum p256_kind)at, queue);
		return;
	}
#endif
	/* A single one without a table is best left to ECDSA_do_verify, whose inversion is faster than ours. */
	key = request_key(queue->request[0]);
	if (queue->n == 1 && at <= P256_UNKNOWN && (key == NULL || key->comb_group == NULL)) {
		*queue->verdict[0] = (uint8_t)openssl_verify(v, queue->request[0]);
		queue->n = 0;
		return;
	}
	portable_verify(v, queue);
}

/* Puts a P-256 request where it belongs, or gives its verdict if that can be seen at once. */
static void request_queue(struct scms_verifier *v, const struct scms_verify_request *request, uint8_t *verdict)
{
	struct p256_job job = {.digest = request->digest, .r = request->r, .s = request->s};
	unsigned at = P256_UNKNOWN;
	struct p256_queue *queue;
	bool usable;

	if (request->signer == SCMS_SIGNER_KEY) {
		const struct scms_key *key = request->u.key;

		at = key->comb != NULL || v->ifma == NULL ? P256_KNOWN : P256_UNKNOWN;
		job.comb = key->comb;
		job.x = key->point + 1;
		job.y = key->point + 33;
		usable = true;
	} else if (request->signer == SCMS_SIGNER_POINT) {
		usable = job_point(&job, &request->u.point);
	} else {
		const struct scms_key *key = request->u.implicit.issuer_key;

		at = key != NULL && key->comb != NULL ? P256_IMPLICIT : QUEUE_PORTABLE;
		job.comb = key != NULL ? key->comb : NULL;
		job.e = request->u.implicit.e;
		usable = job_point(&job, &request->u.implicit.recon) &&
			 (key != NULL ? key->curve : request->u.implicit.issuer.curve) == SCMS_NIST_P256;
	}
	if (!usable || !scalar_usable(job.r) || !scalar_usable(job.s)) {
		*verdict = SCMS_BAD;
		return;
	}
	queue = &v->queue[at];
	queue->job[queue->n] = job;
	queue->request[queue->n] = request;
	queue->verdict[queue->n++] = verdict;
	if (queue->n == ENGINE_BATCH)
		queue_answer(v, at);
}

static void verify_all(void *ctx, const struct scms_verify_request *request, size_t n, uint8_t *verdict)
{
	struct scms_verifier *v = ctx;

	for (size_t k = 0; k < n; k++) {
		const struct scms_key *key = request_key(&request[k]);

		if (key != NULL && key->curve == SCMS_NIST_P256)
			engine_key_used(v, key);
	}
	for (size_t k = 0; k < n; k++) {
		if (request_curve(&request[k]) == SCMS_NIST_P256)
			request_queue(v, &request[k], &verdict[k]);
		else
			verdict[k] = (uint8_t)openssl_verify(v, &request[k]);
	}
	for (unsigned at = 0; at < ENGINE_QUEUES; at++)
		queue_answer(v, at);
}

/* ---- life ---- */

static bool engine_parts(struct scms_verifier *v)
{
	static const int nid[ENGINE_CURVES] = {
	    [SCMS_NIST_P256] = NID_X9_62_prime256v1,
	    [SCMS_BRAINPOOL_P256R1] = NID_brainpoolP256r1,
	    [SCMS_BRAINPOOL_P384R1] = NID_brainpoolP384r1,
	    [SCMS_NIST_P384] = NID_secp384r1,
	};
	uint8_t out[48];

	for (unsigned k = 0; k < ENGINE_CURVES; k++) {
		v->group[k] = EC_GROUP_new_by_curve_name(nid[k]);
		if (v->group[k] == NULL)
			return false;
	}
	v->md256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	v->md384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
	v->hash = EVP_MD_CTX_new();
	v->aes = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	v->cipher = EVP_CIPHER_CTX_new();
	v->bn = BN_CTX_new();
	if (v->md256 == NULL || v->md384 == NULL || v->hash == NULL || v->aes == NULL || v->cipher == NULL ||
	    v->bn == NULL)
		return false;
	/* One hash of each kind, so that whatever they allocate is there. */
	return EVP_DigestInit_ex2(v->hash, v->md384, NULL) == 1 && EVP_DigestFinal_ex(v->hash, out, NULL) == 1 &&
	       EVP_DigestInit_ex2(v->hash, v->md256, NULL) == 1 && EVP_DigestFinal_ex(v->hash, out, NULL) == 1;
}

static unsigned options_tables(const struct scms_verifier_options *options)
{
	unsigned tables = options != NULL && options->tables != 0 ? options->tables : ENGINE_TABLES;

	return tables < ENGINE_KEYS ? tables : ENGINE_KEYS;
}

#ifdef HAVE_P256_IFMA
static bool lanes_wanted(const struct scms_verifier_options *options)
{
	return (options == NULL || !options->portable) && p256_ifma_usable();
}
#endif

static size_t rounded(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

size_t scms_verifier_size(const struct scms_verifier_options *options)
{
	size_t size = rounded(sizeof(struct scms_verifier));

#ifdef HAVE_P256_IFMA
	if (lanes_wanted(options))
		size += rounded(p256_ifma_size()) + options_tables(options) * sizeof(struct p256_comb) + 63;
#else
	(void)options;
#endif
	return size;
}

/* The memory behind the struct, at a multiple of 64. */
static void lanes_init(struct scms_verifier *v, const struct scms_verifier_options *options)
{
	v->backend = "portable";
#ifdef HAVE_P256_IFMA
	if (lanes_wanted(options)) {
		uintptr_t at = (uintptr_t)v + sizeof(*v);

		at = (at + 63) & ~(uintptr_t)63;
		v->ifma = p256_ifma_init((void *)at);
		v->comb = (struct p256_comb *)(at + rounded(p256_ifma_size()));
		v->backend = "avx512-ifma";
		if (!engine_selftest(v)) {
			v->ifma = NULL;
			v->backend = "portable, since the self-test of avx512-ifma failed";
		}
	}
#else
	(void)options;
#endif
}

struct scms_verifier *scms_verifier_init(void *memory, size_t size, const struct scms_verifier_options *options)
{
	struct scms_verifier *v = memory;

	if (memory == NULL || size < scms_verifier_size(options))
		return NULL;
	memset(v, 0, sizeof(*v));
	v->table = (struct scms_crypto){
	    .ctx = v,
	    .sha256 = hash_sha256,
	    .sha384 = hash_sha384,
	    .aes128 = aes_blocks,
	    .verify = verify_all,
	    .key = engine_key,
	    .key_drop = engine_key_drop,
	    .reconstruct = openssl_reconstruct,
	};
	v->tables = options_tables(options);
	if (!engine_parts(v) || !portable_init(v)) {
		scms_verifier_end(v);
		return NULL;
	}
	lanes_init(v, options);
	if (v->ifma == NULL && !engine_selftest(v)) {
		scms_verifier_end(v);
		return NULL;
	}
	return v;
}

const struct scms_crypto *scms_verifier_crypto(const struct scms_verifier *verifier)
{
	return &verifier->table;
}

const char *scms_verifier_backend(const struct scms_verifier *verifier)
{
	return verifier->backend;
}

struct scms_verifier_tables scms_verifier_tables(const struct scms_verifier *verifier)
{
	struct scms_verifier_tables tables = {0};

	for (unsigned k = 0; k < ENGINE_KEYS; k++) {
		const struct scms_key *key = &verifier->key[k];

		tables.keys += key->comb != NULL || key->comb_group != NULL;
		tables.libcrypto_bytes += key->comb_group != NULL ? LIBCRYPTO_TABLE_BYTES : 0;
	}
	return tables;
}

void scms_verifier_end(struct scms_verifier *v)
{
	if (v == NULL)
		return;
	for (unsigned k = 0; k < ENGINE_KEYS; k++)
		engine_key_free(&v->key[k]);
	portable_end(v);
	for (unsigned k = 0; k < ENGINE_CURVES; k++)
		EC_GROUP_free(v->group[k]);
	EVP_MD_free(v->md256);
	EVP_MD_free(v->md384);
	EVP_MD_CTX_free(v->hash);
	EVP_CIPHER_free(v->aes);
	EVP_CIPHER_CTX_free(v->cipher);
	BN_CTX_free(v->bn);
	memset(v, 0, sizeof(*v));
}
