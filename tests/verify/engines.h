/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engines.h: every back end that this machine has, and OpenSSL's plain verification beside them, which shares no code
 * with the engine.
 */
#ifndef TESTS_VERIFY_ENGINES_H
#define TESTS_VERIFY_ENGINES_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include "../check.h"

#include <scms/verify.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>

#define ENGINES 2

static struct scms_verifier *engine[ENGINES];
static const char *engine_name[ENGINES];

static inline void engines_start(void)
{
	for (unsigned k = 0; k < ENGINES; k++) {
		struct scms_verifier_options options = {.portable = k == 1};
		size_t size = scms_verifier_size(&options);

		engine[k] = scms_verifier_init(malloc(size), size, &options);
		if (engine[k] == NULL) {
			fprintf(stderr, "no engine\n");
			exit(1);
		}
		engine_name[k] = scms_verifier_backend(engine[k]);
		if (k == 0)
			printf("back end: %s\n", engine_name[k]);
		CHECK(strstr(engine_name[k], "failed") == NULL, "%s", engine_name[k]);
	}
	CHECK(strcmp(engine_name[1], "portable") == 0, "the portable back end is not taken on demand");
}

static inline void engines_end(void)
{
	for (unsigned k = 0; k < ENGINES; k++) {
		scms_verifier_end(engine[k]);
		free(engine[k]);
	}
}

static inline void engine_ask(unsigned k, const struct scms_verify_request *request, size_t n, uint8_t *verdict)
{
	const struct scms_crypto *crypto = scms_verifier_crypto(engine[k]);

	memset(verdict, 0xee, n);
	crypto->verify(crypto->ctx, request, n, verdict);
}

static uint64_t random_state = 0x76657269;

/* Deterministic pseudorandom bytes (splitmix64). */
static inline void random_bytes(void *out, size_t n)
{
	uint8_t *p = out;

	while (n-- > 0) {
		uint64_t z = random_state += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		*p++ = (uint8_t)((z ^ z >> 31) >> 24);
	}
}

/* OpenSSL's verdict on P-256. q NULL or infinity: bad. */
static inline enum scms_verdict plain_verdict(const EC_GROUP *group, const EC_POINT *q, const uint8_t *digest,
					      const uint8_t *r, const uint8_t *s)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EC_KEY *key = EC_KEY_new();
	int answer = 0;

	ECDSA_SIG_set0(sig, BN_bin2bn(r, 32, NULL), BN_bin2bn(s, 32, NULL));
	if (q != NULL && !EC_POINT_is_at_infinity(group, q) && EC_KEY_set_group(key, group) == 1 &&
	    EC_KEY_set_public_key(key, q) == 1)
		answer = ECDSA_do_verify(digest, 32, sig, key);
	EC_KEY_free(key);
	ECDSA_SIG_free(sig);
	return answer == 1 ? SCMS_GOOD : SCMS_BAD;
}

#endif
