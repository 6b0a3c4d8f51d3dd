/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verifying costs a device in code and stack. Code: what the linker keeps for device.c, compiled for size. Stack:
 * how far down a painted one is overwritten, by this build.
 */
#include "bench.h"

#ifdef HAVE_SIZE
#include "size.h"
#endif

#include <scms/verify.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "dot2/chain.h"
#include "dot2/crl.h"
#include "tests/dot2/people.h"

#define GROUP "Device"
#define STACK ((size_t)1 << 20)
#define PAINT 0xa5
#define CHAIN 4

static struct {
	struct person person[CHAIN]; /* device, PCA, ICA, root */
	struct bytes message, nested;
	const struct scms_crypto *crypto; /* of the work that runs */
	void (*work)(void);
	ucontext_t here, there;
} b;

/* ---- an engine that needs no stack to speak of ---- */

static void no_sha256(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32])
{
	(void)ctx, (void)parts, (void)n;
	memset(out, 0, 32);
}

static void no_sha384(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[48])
{
	(void)ctx, (void)parts, (void)n;
	memset(out, 0, 48);
}

static void no_verify(void *ctx, const struct scms_verify_request *request, size_t n, uint8_t *verdict)
{
	(void)ctx, (void)request;
	memset(verdict, SCMS_GOOD, n);
}

static const struct scms_key *no_key(void *ctx, const struct scms_point *point)
{
	(void)ctx, (void)point;
	return NULL;
}

static const struct scms_crypto no_crypto = {
    .sha256 = no_sha256,
    .sha384 = no_sha384,
    .verify = no_verify,
    .key = no_key,
};

/* ---- the work ---- */

static bool find_root(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes, enum root_state *state)
{
	const struct person *root = &b.person[CHAIN - 1];

	(void)ctx;
	*bytes = bytes_view(&root->bytes);
	*state = ROOT_IS_TRUSTED;
	return k == 0 && memcmp(cert_id8(&root->cert), id8, 8) == 0;
}

static bool find_candidate(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	(void)ctx;
	for (unsigned m = 1; k == 0 && m < CHAIN - 1; m++) {
		*bytes = bytes_view(&b.person[m].bytes);
		if (memcmp(cert_id8(&b.person[m].cert), id8, 8) == 0)
			return true;
	}
	return false;
}

static bool not_revoked(void *ctx, const struct cert *cert, const struct cert *root)
{
	(void)ctx, (void)cert, (void)root;
	return false;
}

static void judge_message(void)
{
	static const struct chain_source source = {NULL, find_root, find_candidate, not_revoked};
	static struct chain chain; /* as the caller keeps it */
	struct scms_verify_request request;
	uint8_t digest[48], e[48], verdict;
	struct SignedData data;
	struct oer_iter certs;
	struct scms_slice first;

	bench_require(signed_data_read(&data, bytes_view(&b.message), OER_DEPTH_DEFAULT, NULL) == OER_OK, "no message");
	certs = oer_iterate(&data.signer.u.certificate);
	bench_require(oer_next_raw(&certs, &first) && cert_read(&chain.cert[0], first, b.crypto, NULL) == OER_OK &&
			  chain_judge(&chain, PEOPLE_NOW, &source, b.crypto) == SCMS_VALID && chain.n == CHAIN,
		      "no valid chain");
	signed_data_digest(&data, chain.cert[0].hash256, SCMS_NIST_P256, b.crypto, digest);
	chain_signer_request(&chain, b.crypto, e, &request);
	bench_require(signed_data_request(&data, &chain.cert[0], b.crypto, digest, &request), "no question");
	b.crypto->verify(b.crypto->ctx, &request, 1, &verdict);
	bench_require(verdict == SCMS_GOOD, "a signature is refused");
}

static void decode_nested(void)
{
	bench_require(oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&b.nested), OER_DEPTH_DEFAULT, NULL, NULL) == OER_OK,
		      "no nested data");
}

static void work_run(void)
{
	b.work();
}

/* Bytes of stack that the work needs; with what libcrypto needs where the engine is its. */
static double stack_of(void (*work)(void), const struct scms_crypto *crypto)
{
	uint8_t *stack = malloc(STACK);
	size_t untouched = 0;

	bench_require(stack != NULL && getcontext(&b.there) == 0, "no stack");
	memset(stack, PAINT, STACK);
	b.there.uc_stack.ss_sp = stack;
	b.there.uc_stack.ss_size = STACK;
	b.there.uc_link = &b.here;
	b.work = work;
	b.crypto = crypto;
	makecontext(&b.there, work_run, 0);
	bench_require(swapcontext(&b.here, &b.there) == 0, "no context");
	while (untouched < STACK && stack[untouched] == PAINT)
		untouched++;
	free(stack);
	return (double)(STACK - untouched);
}

static void people_make(void)
{
	void (*const tbs_of[CHAIN])(struct ToBeSignedCertificate *, const char *) = {tbs_device, tbs_pca, tbs_ica,
										     tbs_root};
	static const struct HeaderInfo header = {.psid = 0x20};
	struct signer signer;

	for (unsigned k = CHAIN; k-- > 0;) {
		struct ToBeSignedCertificate tbs;

		tbs_of[k](&tbs, "somebody");
		person_make(&b.person[k], &tbs, SCMS_NIST_P256, k + 1 < CHAIN ? &b.person[k + 1] : NULL, false);
	}
	signer = person_signer(&b.person[0], true);
	bench_require(signed_unsecured_make(&signer, (struct scms_slice){(const uint8_t *)"bsm", 3}, &header,
					    &b.message, NULL) == KEY_OK,
		      "cannot sign");
	b.nested = b.message;
	for (unsigned k = 1; k <= OER_DEPTH_DEFAULT - 1; k++) {
		const struct SignedDataPayload payload = {.has_data = true, .data = bytes_view(&b.nested)};

		bench_require(signed_data_make(&signer, &payload, &header, &b.nested, NULL) == KEY_OK, "cannot nest");
	}
}

void bench_device(void)
{
	const struct scms_verifier_options options = {.portable = true};
	size_t size = scms_verifier_size(&options);
	struct scms_verifier *engine = scms_verifier_init(malloc(size), size, &options);

	bench_require(engine != NULL, "no engine");
	people_make();
#ifdef HAVE_SIZE
	bench_figure(GROUP, "code and constants at -Os: codec", SIZE_OER, "bytes", 0);
	bench_figure(GROUP, "code and constants at -Os: its tables", SIZE_TABLES, "bytes", 0);
	bench_figure(GROUP, "code and constants at -Os: cryptography, without libcrypto", SIZE_CRYPTO, "bytes", 0);
	bench_figure(GROUP, "code and constants at -Os: IEEE 1609.2", SIZE_DOT2, "bytes", 0);
	bench_figure(GROUP, "code and constants at -Os: all that verifying needs",
		     (SIZE_OER + SIZE_TABLES + SIZE_CRYPTO + SIZE_DOT2) / 1024.0, "KiB", 96);
	bench_figure(GROUP, "of which written to", SIZE_WRITTEN, "bytes", 0);
#else
	bench_skip(GROUP, "code size", "sanitizers are in it");
#endif
	bench_figure(GROUP, "a chain, as its caller keeps it", sizeof(struct chain), "bytes", 0);
	bench_figure(GROUP, "stack: decode what is nested as deep as allowed", stack_of(decode_nested, NULL), "bytes",
		     0);
	bench_figure(GROUP, "stack: a message and its chain of four, without the engine",
		     stack_of(judge_message, &no_crypto), "bytes", 0);
	bench_figure(GROUP, "stack: the same with libcrypto's", stack_of(judge_message, scms_verifier_crypto(engine)),
		     "bytes", 0);
}
