/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: the engine beside OpenSSL's own calls in their fastest plain form (parsed key, shared group). The two
 * rows of OpenSSL for an implicit certificate are the plain way to do it: reconstruct the key, then verify.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "bench.h"

#include "crypto/key.h"
#include "crypto/verify_engine.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CAS 4
#define BATCH 256
#define VOTES 8

#define GROUP "P-256 signatures"
#define OPENSSL_ROW BENCH_OPENSSL_ROW
#define IMPLICIT_ROW "OpenSSL, implicit: reconstruct, then verify"
#define POINT_ROW "OpenSSL, key from a compressed point"

/* One signed digest, as the engine and as OpenSSL want it. */
struct item {
	uint8_t digest[32], r[32], s[32], e[32];
	struct curve_point q, recon;
	ECDSA_SIG *sig;
	EC_KEY *ec;
};

enum kind { KNOWN, UNKNOWN, IMPLICIT, KINDS };

/* An engine and the requests for it, since handles are an engine's own. */
struct asked {
	struct scms_verifier *engine;
	const struct scms_crypto *crypto;
	struct scms_verify_request request[KINDS][BATCH];
};

/* What a row asks in one call. */
struct call {
	struct asked *asked;
	enum kind kind;
	unsigned size;
};

static struct {
	struct private_key *ca[CAS];
	EC_KEY *ca_ec[CAS];
	struct item by_ca[BATCH], by_device[BATCH], by_implicit[BATCH];
	struct asked fastest, portable;
	BN_CTX *bn;
	uint8_t text[150];
	EVP_MD *md;
	EVP_MD_CTX *hash;
} b;

static EC_KEY *ec_key(const struct curve_point *q)
{
	EC_KEY *key = EC_KEY_new();
	BIGNUM *x = BN_bin2bn(q->x, 32, NULL), *y = BN_bin2bn(q->y, 32, NULL);

	bench_require(EC_KEY_set_group(key, curve_group(SCMS_NIST_P256)) == 1 &&
			  EC_KEY_set_public_key_affine_coordinates(key, x, y) == 1,
		      "OpenSSL refuses a public key");
	BN_free(x);
	BN_free(y);
	return key;
}

static struct private_key *key_new(void)
{
	struct private_key *key;
	uint8_t d[32];

	bench_random(d, sizeof(d));
	d[0] &= 0x7f;
	bench_require(private_key_from_scalar(SCMS_NIST_P256, d, &key, NULL) == KEY_OK, "no key");
	return key;
}

static void item_sign(struct item *item, struct private_key *key)
{
	bench_random(item->digest, sizeof(item->digest));
	bench_require(private_key_sign(key, item->digest, item->r, item->s, NULL) == KEY_OK, "cannot sign");
	item->q = *private_key_public(key);
	item->sig = ECDSA_SIG_new();
	ECDSA_SIG_set0(item->sig, BN_bin2bn(item->r, 32, NULL), BN_bin2bn(item->s, 32, NULL));
	item->ec = ec_key(&item->q);
}

/* The key of an implicit certificate: d = e * k + d_CA, so that Q = e * (k * G) + Q_CA. */
static struct private_key *implicit_key(struct item *item, struct private_key *ca)
{
	struct private_key *recon = key_new(), *key;
	uint8_t k[32], d_ca[32], d[32];
	BIGNUM *x = BN_new(), *y = BN_new(), *n = BN_new();

	item->recon = *private_key_public(recon);
	bench_random(item->e, sizeof(item->e));
	bench_require(private_key_scalar(recon, k, NULL) == KEY_OK && private_key_scalar(ca, d_ca, NULL) == KEY_OK,
		      "no scalar");
	BN_bin2bn(k, 32, x);
	BN_bin2bn(item->e, 32, y);
	BN_bin2bn(curve_order(SCMS_NIST_P256), 32, n);
	BN_mod_mul(x, x, y, n, b.bn);
	BN_bin2bn(d_ca, 32, y);
	BN_mod_add(x, x, y, n, b.bn);
	BN_bn2binpad(x, d, 32);
	bench_require(private_key_from_scalar(SCMS_NIST_P256, d, &key, NULL) == KEY_OK, "no key");
	private_key_free(recon);
	BN_free(x);
	BN_free(y);
	BN_free(n);
	return key;
}

static struct scms_verify_request request(const struct item *item)
{
	return (struct scms_verify_request){.digest = item->digest, .r = item->r, .s = item->s};
}

static void requests_make(struct asked *asked)
{
	const struct scms_key *handle[CAS];

	for (unsigned k = 0; k < CAS; k++) {
		struct scms_point point = curve_point_compressed(private_key_public(b.ca[k]));

		handle[k] = asked->crypto->key(asked->crypto->ctx, &point);
		bench_require(handle[k] != NULL, "no handle");
	}
	for (unsigned k = 0; k < BATCH; k++) {
		struct scms_verify_request *q = &asked->request[KNOWN][k];

		*q = request(&b.by_ca[k]);
		q->signer = SCMS_SIGNER_KEY;
		q->u.key = handle[k % CAS];
		q = &asked->request[UNKNOWN][k];
		*q = request(&b.by_device[k]);
		q->signer = SCMS_SIGNER_POINT;
		q->u.point = curve_point_compressed(&b.by_device[k].q);
		q = &asked->request[IMPLICIT][k];
		*q = request(&b.by_implicit[k]);
		q->signer = SCMS_SIGNER_IMPLICIT;
		q->u.implicit.recon = curve_point_compressed(&b.by_implicit[k].recon);
		q->u.implicit.e = b.by_implicit[k].e;
		q->u.implicit.issuer_key = handle[k % CAS];
	}
}

static void items_make(void *arg)
{
	(void)arg;
	if (b.ca[0] != NULL)
		return;
	for (unsigned k = 0; k < CAS; k++) {
		b.ca[k] = key_new();
		b.ca_ec[k] = ec_key(private_key_public(b.ca[k]));
	}
	for (unsigned k = 0; k < BATCH; k++) {
		struct private_key *device = key_new(), *implicit = implicit_key(&b.by_implicit[k], b.ca[k % CAS]);

		item_sign(&b.by_ca[k], b.ca[k % CAS]);
		item_sign(&b.by_device[k], device);
		item_sign(&b.by_implicit[k], implicit);
		private_key_free(device);
		private_key_free(implicit);
	}
	requests_make(&b.fastest);
	requests_make(&b.portable);
}

/* ---- the rows ---- */

static void run_openssl(void *arg, unsigned n)
{
	const struct item *item = arg;

	for (unsigned k = 0; k < n; k++, item = item + 1 == (struct item *)arg + BATCH ? arg : item + 1)
		bench_require(ECDSA_do_verify(item->digest, 32, item->sig, item->ec) == 1,
			      "OpenSSL refuses a signature");
}

/* With what a receiver must do first: a key from its compressed point. */
static void run_openssl_point(void *arg, unsigned n)
{
	const EC_GROUP *group = curve_group(SCMS_NIST_P256);

	(void)arg;
	for (unsigned k = 0; k < n; k++) {
		const struct item *item = &b.by_device[k % BATCH];
		uint8_t octets[33] = {(uint8_t)(2 + (item->q.y[31] & 1))};
		EC_POINT *q = EC_POINT_new(group);
		EC_KEY *key = EC_KEY_new();

		memcpy(octets + 1, item->q.x, 32);
		bench_require(EC_POINT_oct2point(group, q, octets, 33, b.bn) == 1 &&
				  EC_KEY_set_group(key, group) == 1 && EC_KEY_set_public_key(key, q) == 1 &&
				  ECDSA_do_verify(item->digest, 32, item->sig, key) == 1,
			      "OpenSSL refuses a signature");
		EC_KEY_free(key);
		EC_POINT_free(q);
	}
}

static void run_openssl_implicit(void *arg, unsigned n)
{
	const EC_GROUP *group = curve_group(SCMS_NIST_P256);

	(void)arg;
	for (unsigned k = 0; k < n; k++) {
		const struct item *item = &b.by_implicit[k % BATCH];
		uint8_t octets[33] = {(uint8_t)(2 + (item->recon.y[31] & 1))};
		const EC_POINT *ca = EC_KEY_get0_public_key(b.ca_ec[k % BATCH % CAS]);
		EC_POINT *q = EC_POINT_new(group);
		EC_KEY *key = EC_KEY_new();
		BIGNUM *e = BN_bin2bn(item->e, 32, NULL);

		memcpy(octets + 1, item->recon.x, 32);
		bench_require(EC_POINT_oct2point(group, q, octets, 33, b.bn) == 1 &&
				  EC_POINT_mul(group, q, NULL, q, e, b.bn) == 1 &&
				  EC_POINT_add(group, q, q, ca, b.bn) == 1 && EC_KEY_set_group(key, group) == 1 &&
				  EC_KEY_set_public_key(key, q) == 1 &&
				  ECDSA_do_verify(item->digest, 32, item->sig, key) == 1,
			      "OpenSSL refuses a signature");
		BN_free(e);
		EC_KEY_free(key);
		EC_POINT_free(q);
	}
}

static void run_call(void *arg, unsigned n)
{
	const struct call *call = arg;
	const struct scms_crypto *crypto = call->asked->crypto;
	uint8_t verdict[BATCH];

	for (unsigned k = 0, at = 0; k < n; k++, at = at + 2 * call->size <= BATCH ? at + call->size : 0) {
		crypto->verify(crypto->ctx, &call->asked->request[call->kind][at], call->size, verdict);
		for (unsigned m = 0; m < call->size; m++)
			bench_require(verdict[m] == SCMS_GOOD, "the engine refuses a signature");
	}
}

/* As often as it takes for every CA to have its table. */
static void setup_warm(void *arg)
{
	const struct call *call = arg;

	items_make(NULL);
	run_call(&(struct call){call->asked, KNOWN, BATCH}, 10);
}

#ifdef HAVE_P256_IFMA
static void run_comb(void *arg, unsigned n)
{
	static struct p256_comb comb;
	struct p256_ifma *ifma = arg;
	uint8_t xy[64];

	memcpy(xy, private_key_public(b.ca[0])->x, 32);
	memcpy(xy + 32, private_key_public(b.ca[0])->y, 32);
	for (unsigned k = 0; k < n; k++) {
		p256_ifma_comb(ifma, xy, &comb);
		bench_use(&comb);
	}
}
#endif

/* What the portable back end does for a key, once. */
static void run_portable_comb(void *arg, unsigned n)
{
	(void)arg;
	while (n-- > 0) {
		EC_GROUP *comb = portable_comb(b.portable.engine, EC_KEY_get0_public_key(b.ca_ec[0]));

		bench_require(comb != NULL, "OpenSSL makes no table");
		EC_GROUP_free(comb);
	}
}

/* ---- two cores ---- */

#define CORES_TRIES 7
#define CORES_CALLS 60

struct core {
	struct call call;
	double seconds; /* of its own processor time */
};

static void *core_work(void *arg)
{
	struct core *core = arg;
	struct timespec start, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	run_call(&core->call, CORES_CALLS);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	core->seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	return NULL;
}

/* The longer time of the two, or that of the first alone. */
static double cores_time(struct core core[2], unsigned threads)
{
	pthread_t thread;

	core[1].seconds = 0;
	if (threads == 2)
		bench_require(pthread_create(&thread, NULL, core_work, &core[1]) == 0, "no thread");
	core_work(&core[0]);
	if (threads == 2)
		pthread_join(thread, NULL);
	return core[0].seconds > core[1].seconds ? core[0].seconds : core[1].seconds;
}

/*
 * How much longer a core takes while another, with an engine of its own, does the same: 1.05 is 1.9 times the work of one.
 * In processor time like all rows, and of several tries the best, since other programs take cores away. In the manner of
 * a row, it is measured when that is chosen.
 */
static void setup_cores(void *arg)
{
	static struct asked second;
	struct core core[2] = {{{&b.fastest, KNOWN, BATCH}, 0}, {{&second, KNOWN, BATCH}, 0}};
	const size_t size = scms_verifier_size(NULL);
	double alone = 1e9, both = 1e9;

	setup_warm(arg);
	second.engine = scms_verifier_init(malloc(size), size, NULL);
	bench_require(second.engine != NULL, "no engine");
	second.crypto = scms_verifier_crypto(second.engine);
	requests_make(&second);
	run_call(&core[1].call, 10);
	for (unsigned k = 0; k < CORES_TRIES; k++) {
		double t = cores_time(core, 1);

		alone = t < alone ? t : alone;
		t = cores_time(core, 2);
		both = t < both ? t : both;
	}
	bench_figure(GROUP, "two cores, each beside one alone", both / alone, "times as long", 1.053);
	bench_figure(GROUP, "memory of a key's table", (double)sizeof(struct p256_comb) / 1024, "KiB", 0);
	bench_figure(GROUP, "memory of a key's table, portable", (double)LIBCRYPTO_TABLE_BYTES / 1024, "KiB", 0);
}

static void run_sign(void *arg, unsigned n)
{
	uint8_t r[32], s[32];

	(void)arg;
	for (unsigned k = 0; k < n; k++)
		bench_require(private_key_sign(b.ca[0], b.by_ca[k % BATCH].digest, r, s, NULL) == KEY_OK,
			      "cannot sign");
}

static void run_openssl_sign(void *arg, unsigned n)
{
	uint8_t d[32];
	BIGNUM *x;

	(void)arg;
	bench_require(private_key_scalar(b.ca[0], d, NULL) == KEY_OK, "no scalar");
	x = BN_bin2bn(d, 32, NULL);
	EC_KEY_set_private_key(b.ca_ec[0], x);
	BN_free(x);
	for (unsigned k = 0; k < n; k++) {
		ECDSA_SIG *sig = ECDSA_do_sign(b.by_ca[k % BATCH].digest, 32, b.ca_ec[0]);

		bench_require(sig != NULL, "OpenSSL cannot sign");
		ECDSA_SIG_free(sig);
	}
}

static void run_sha256(void *arg, unsigned n)
{
	struct scms_slice part = {b.text, sizeof(b.text)};
	uint8_t out[32];

	(void)arg;
	for (unsigned k = 0; k < n; k++) {
		b.fastest.crypto->sha256(b.fastest.crypto->ctx, &part, 1, out);
		b.text[0] ^= out[0];
	}
}

static void run_openssl_sha256(void *arg, unsigned n)
{
	uint8_t out[32];

	(void)arg;
	for (unsigned k = 0; k < n; k++) {
		EVP_DigestInit_ex2(b.hash, b.md, NULL);
		EVP_DigestUpdate(b.hash, b.text, sizeof(b.text));
		EVP_DigestFinal_ex(b.hash, out, NULL);
		b.text[0] ^= out[0];
	}
}

static void engine_make(struct asked *asked, bool portable)
{
	const struct scms_verifier_options options = {.portable = portable};
	size_t size = scms_verifier_size(&options);

	asked->engine = scms_verifier_init(malloc(size), size, &options);
	bench_require(asked->engine != NULL, "no engine");
	asked->crypto = scms_verifier_crypto(asked->engine);
	bench_figure(GROUP, portable ? "memory of a portable engine" : "memory of an engine", (double)size / 1024,
		     "KiB", 0);
}

static struct call *call_make(struct asked *asked, enum kind kind, unsigned size)
{
	struct call *call = malloc(sizeof(*call));

	bench_require(call != NULL, "no memory");
	*call = (struct call){asked, kind, size};
	return call;
}

static void add_call(const char *name, struct asked *asked, enum kind kind, unsigned size, const char *limit,
		     enum bench_aim aim, double value)
{
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = name,
				      .setup = setup_warm,
				      .run = run_call,
				      .arg = call_make(asked, kind, size),
				      .per = aim == BENCH_COST_MAX ? 1 : size,
				      .limit = limit,
				      .aim = aim,
				      .value = value});
}

/* Aims that only lanes can meet: on a processor without them the rows are those of the portable back end. */
static void add_lanes(void)
{
	struct asked *a = &b.fastest;

	if (!bench_has_lanes()) {
		bench_skip(GROUP, "batches on AVX-512 IFMA", "the processor has no AVX-512 IFMA");
		return;
	}
	add_call("known key, batch of 64", a, KNOWN, 64, OPENSSL_ROW, BENCH_SPEED_MIN, 24);
	add_call("known key, batch of 256", a, KNOWN, 256, OPENSSL_ROW, BENCH_SPEED_MIN, 24);
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "known key, batch of 256, one of two cores",
				      .setup = setup_cores,
				      .run = run_call,
				      .arg = call_make(a, KNOWN, BATCH),
				      .per = BATCH});
	add_call("8 votes of known electors, in all", a, KNOWN, VOTES, OPENSSL_ROW, BENCH_COST_MAX, 0.6);
	add_call("unknown key, compressed, batch of 64", a, UNKNOWN, 64, OPENSSL_ROW, BENCH_SPEED_MIN, 7);
	add_call("unknown key, compressed, batch of 256", a, UNKNOWN, 256, OPENSSL_ROW, BENCH_SPEED_MIN, 7);
	add_call("implicit, issuer known, batch of 64", a, IMPLICIT, 64, IMPLICIT_ROW, BENCH_SPEED_MIN, 10);
	add_call("implicit, issuer known, batch of 256", a, IMPLICIT, 256, IMPLICIT_ROW, BENCH_SPEED_MIN, 10);
#ifdef HAVE_P256_IFMA
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "making the table of a key",
				      .setup = items_make,
				      .run = run_comb,
				      .arg = p256_ifma_init(aligned_alloc(64, (p256_ifma_size() + 63) & ~(size_t)63)),
				      .per = 1});
#endif
}

bool bench_has_lanes(void)
{
	return strcmp(scms_verifier_backend(b.fastest.engine), "portable") != 0;
}

void bench_verify(void)
{
	static const struct bench_row plain[] = {
	    {GROUP, OPENSSL_ROW, items_make, run_openssl, b.by_ca, 1},
	    {GROUP, POINT_ROW, items_make, run_openssl_point, NULL, 1},
	    {GROUP, IMPLICIT_ROW, items_make, run_openssl_implicit, NULL, 1},
	};
	static const struct bench_row rest[] = {
	    {GROUP, "ECDSA_do_sign, parsed key", items_make, run_openssl_sign, NULL, 1},
	    {GROUP, "sign", items_make, run_sign, NULL, 1, "ECDSA_do_sign, parsed key", BENCH_SPEED_MIN, 0.95},
	    {"Hashes", "EVP SHA-256 of 150 bytes, fetched once", NULL, run_openssl_sha256, NULL, 1},
	    {"Hashes", "SHA-256 of 150 bytes", NULL, run_sha256, NULL, 1, "EVP SHA-256 of 150 bytes, fetched once",
	     BENCH_SPEED_MIN, 0.95},
	};

	engine_make(&b.fastest, false);
	engine_make(&b.portable, true);
	b.bn = BN_CTX_new();
	b.md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	b.hash = EVP_MD_CTX_new();
	for (unsigned k = 0; k < sizeof(plain) / sizeof(plain[0]); k++)
		bench_add(&plain[k]);
	add_call("known key, one by one", &b.fastest, KNOWN, 1, OPENSSL_ROW, BENCH_SPEED_MIN, 0.95);
	add_call("unknown key, compressed, one by one", &b.fastest, UNKNOWN, 1, POINT_ROW, BENCH_SPEED_MIN, 0.95);
	add_call("implicit, issuer known, one by one", &b.fastest, IMPLICIT, 1, IMPLICIT_ROW, BENCH_SPEED_MIN, 1.2);
	add_lanes();
	bench_add(&(struct bench_row){
	    .group = GROUP, .name = "portable: making the table of a key", .setup = items_make, .run = run_portable_comb, .per = 1});
	add_call("portable: known key, one by one", &b.portable, KNOWN, 1, OPENSSL_ROW, BENCH_SPEED_MIN, 0.95);
	add_call("portable: known key, batch of 64", &b.portable, KNOWN, 64, OPENSSL_ROW, BENCH_SPEED_MIN, 3.5);
	add_call("portable: unknown key, batch of 64", &b.portable, UNKNOWN, 64, POINT_ROW, BENCH_SPEED_MIN, 0.95);
	add_call("portable: implicit, issuer known, batch of 64", &b.portable, IMPLICIT, 64, IMPLICIT_ROW,
		 BENCH_SPEED_MIN, 1.6);
	for (unsigned k = 0; k < sizeof(rest) / sizeof(rest[0]); k++)
		bench_add(&rest[k]);
}
