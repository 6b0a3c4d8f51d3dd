/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A back end that is broken is noticed before its first answer, named, and not used. The linker puts __wrap_ in the place of
 * the lanes' verification, which then errs as it is told.
 */
#include "tests/check.h"

#include "crypto/p256_ifma.h"
#include "tests/verify/engines.h"

#include <stdlib.h>

enum fault {
	NONE,
	ALWAYS_GOOD,
	ALWAYS_BAD,
	ALWAYS_UNDECIDED, /* slow, but right */
	FLIPPED,
	KNOWN_GOOD,
	UNKNOWN_BAD,
	IMPLICIT_GOOD,
	LAST_LANE,
	FAULTS
};

static enum fault fault;

void __real_p256_ifma_verify(struct p256_ifma *ifma, enum p256_kind kind, const struct p256_job *job, unsigned n,
			     uint8_t *verdict);
void __wrap_p256_ifma_verify(struct p256_ifma *ifma, enum p256_kind kind, const struct p256_job *job, unsigned n,
			     uint8_t *verdict);

void __wrap_p256_ifma_verify(struct p256_ifma *ifma, enum p256_kind kind, const struct p256_job *job, unsigned n,
			     uint8_t *verdict)
{
	__real_p256_ifma_verify(ifma, kind, job, n, verdict);
	for (unsigned k = 0; k < n; k++) {
		if (fault == ALWAYS_GOOD || (fault == KNOWN_GOOD && kind == P256_KNOWN) ||
		    (fault == IMPLICIT_GOOD && kind == P256_IMPLICIT))
			verdict[k] = SCMS_GOOD;
		if (fault == ALWAYS_BAD || (fault == UNKNOWN_BAD && kind == P256_UNKNOWN))
			verdict[k] = SCMS_BAD;
		if (fault == ALWAYS_UNDECIDED)
			verdict[k] = P256_UNDECIDED;
		if (fault == FLIPPED || (fault == LAST_LANE && k == n - 1))
			verdict[k] = verdict[k] == SCMS_GOOD ? SCMS_BAD : SCMS_GOOD;
	}
}

/* A signature under a key, valid and with a bit changed, eight times each. */
static void verdicts_check(const struct scms_verifier *made, const char *what)
{
	static const uint8_t one[32] = {[31] = 1};
	const struct scms_crypto *crypto = scms_verifier_crypto(made);
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_KEY *key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	uint8_t xy[65], r[32], s[32], wrong[32], verdict[16];
	struct scms_verify_request request[16];
	struct scms_point point = {SCMS_NIST_P256, SCMS_POINT_UNCOMPRESSED, xy + 1, xy + 33};
	ECDSA_SIG *sig;

	EC_KEY_generate_key(key);
	EC_POINT_point2oct(group, EC_KEY_get0_public_key(key), POINT_CONVERSION_UNCOMPRESSED, xy, sizeof(xy), NULL);
	sig = ECDSA_do_sign(one, 32, key);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, 32);
	memcpy(wrong, s, 32);
	wrong[7] ^= 4;
	for (unsigned k = 0; k < 16; k++)
		request[k] = (struct scms_verify_request){
		    .digest = one, .r = r, .s = k % 2 ? wrong : s, .signer = SCMS_SIGNER_POINT, .u.point = point};
	crypto->verify(crypto->ctx, request, 16, verdict);
	for (unsigned k = 0; k < 16; k++)
		CHECK(verdict[k] == (k % 2 ? SCMS_BAD : SCMS_GOOD), "%s, signature %u: %u", what, k, verdict[k]);
	ECDSA_SIG_free(sig);
	EC_KEY_free(key);
	EC_GROUP_free(group);
}

int main(void)
{
	const size_t size = scms_verifier_size(NULL);
	void *memory = malloc(size);

	if (!p256_ifma_usable()) {
		printf("no AVX-512 IFMA\n");
		return 77;
	}
	for (fault = NONE; fault < FAULTS; fault++) {
		struct scms_verifier *made = scms_verifier_init(memory, size, NULL);
		const bool right = fault == NONE || fault == ALWAYS_UNDECIDED;
		char what[20];

		snprintf(what, sizeof(what), "fault %d", fault);
		CHECK(made != NULL, "%s", what);
		CHECK(strcmp(scms_verifier_backend(made),
			     right ? "avx512-ifma" : "portable, since the self-test of avx512-ifma failed") == 0,
		      "%s: %s", what, scms_verifier_backend(made));
		verdicts_check(made, what);
		scms_verifier_end(made);
	}
	free(memory);
	return check_done();
}
