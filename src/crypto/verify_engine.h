/* SPDX-License-Identifier: Apache-2.0 */
/* verify_engine.h: what the files of the verification engine share. */
#ifndef CRYPTO_VERIFY_ENGINE_H
#define CRYPTO_VERIFY_ENGINE_H

#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif
/*
 * EC_KEY, EC_GROUP_precompute_mult and their kin are deprecated since OpenSSL 3.0 and used here on purpose: through
 * EVP_PKEY a verification with a fresh key costs half as much again, and it has no tables for a known key at all.
 */
#include "crypto/p256_ifma.h"
#include <scms/verify.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#define ENGINE_CURVES 4
#define ENGINE_KEYS 64
#define ENGINE_TABLES 16 /* unless the options say otherwise */
#define ENGINE_BATCH P256_IFMA_BATCH

/* A queue for each kind, and one for implicit signers whose issuer has no table in the lanes' form. */
#define QUEUE_PORTABLE (P256_IMPLICIT + 1)
#define ENGINE_QUEUES (QUEUE_PORTABLE + 1)

/* OpenSSL's table for a P-256 point: 37 rows of 64 affine points. */
#define LIBCRYPTO_TABLE_BYTES (37 * 64 * 64)

struct scms_key {
	enum scms_curve curve;
	uint8_t point[1 + 2 * 48]; /* uncompressed, as in SEC 1 */
	EC_KEY *ec;                /* NULL: the place is free */
	/* For P-256, once it is worth it: one of these. */
	const struct p256_comb *comb; /* of the AVX-512 back end: a place of scms_verifier.comb */
	EC_GROUP *comb_group;         /* of the portable one: a group whose generator is this key, with its table */
	unsigned uses;                /* requests since it last had none */
	uint64_t last_use;            /* scms_verifier.clock then */
};

/* Requests of one kind on P-256 that wait to be answered together. */
struct p256_queue {
	unsigned n;
	struct p256_job job[ENGINE_BATCH];
	const struct scms_verify_request *request[ENGINE_BATCH];
	uint8_t *verdict[ENGINE_BATCH];
};

/* What the portable back end calculates with; made once. */
struct portable_numbers {
	BN_MONT_CTX *order;
	BIGNUM *n, *p, *p_minus_n;
	BIGNUM *s[ENGINE_BATCH], *prefix[ENGINE_BATCH];
	BIGNUM *inverse, *t, *digest, *r, *e, *u1, *u2, *u3, *x, *z;
	EC_POINT *sum, *term;
};

struct scms_verifier {
	struct scms_crypto table;
	EC_GROUP *group[ENGINE_CURVES];
	EVP_MD *md256, *md384;
	EVP_MD_CTX *hash;
	EVP_CIPHER *aes;
	EVP_CIPHER_CTX *cipher;
	BN_CTX *bn;
	struct scms_key key[ENGINE_KEYS];
	struct portable_numbers numbers;
	struct p256_queue queue[ENGINE_QUEUES];
	struct p256_ifma *ifma; /* NULL: the portable back end */
	const char *backend;
	struct p256_comb *comb; /* `tables` places, for the AVX-512 back end */
	unsigned tables;
	uint64_t clock;
};

/* ---- verify_keys.c ---- */

/* The point, or NULL: not on the curve, or of a form that is no key. Freed by the caller. */
EC_POINT *engine_point(struct scms_verifier *v, const struct scms_point *point);

const struct scms_key *engine_key(void *ctx, const struct scms_point *point);
void engine_key_drop(void *ctx, const struct scms_point *point);

/* Lets go of all of a key. */
void engine_key_free(struct scms_key *key);

/*
 * Counts a request under a P-256 key, and makes its table when that is worth it. May take another key's table away, so
 * no job may be waiting.
 */
void engine_key_used(struct scms_verifier *v, const struct scms_key *key);

/* ---- verify_openssl.c: one by one, every curve; this also decides what the others cannot ---- */

enum scms_verdict openssl_verify(struct scms_verifier *v, const struct scms_verify_request *request);
enum scms_verdict openssl_reconstruct(void *ctx, const struct scms_point *recon, const uint8_t e[32],
				      const struct scms_point *issuer, uint8_t q[64]);

/* ---- verify_portable.c: P-256 through OpenSSL's multiplication, one inversion for a batch ---- */

bool portable_init(struct scms_verifier *v);
void portable_end(struct scms_verifier *v);

/* The group whose generator is the key, with its table; NULL if OpenSSL has no memory, or fails to multiply right. */
EC_GROUP *portable_comb(struct scms_verifier *v, const EC_POINT *q);

/* Answers the queue and empties it. r, s and coordinates were checked as struct p256_job says. */
void portable_verify(struct scms_verifier *v, struct p256_queue *queue);

/* ---- verify_selftest.c ---- */

/* Does the back end give the right verdicts for each kind, good and bad? */
bool engine_selftest(struct scms_verifier *v);

#endif
