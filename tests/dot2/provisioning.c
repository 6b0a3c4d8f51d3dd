/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a device gets a pseudonym certificate, all parties in one program: caterpillar keys, cocoon keys, an implicit
 * certificate encrypted to the device, and a signature with its key.
 */
#include "crypto/butterfly.h"
#include "dot2/encrypt.h"
#include "dot2/signed_data.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

/* A caterpillar: the device has all of it, the RA all but the private key. */
struct caterpillar {
	struct private_key *key;
	uint8_t expansion[AES_128_KEY];
};

static void caterpillar_make(struct caterpillar *caterpillar, uint8_t fill)
{
	struct key_error err = {.status = KEY_OK};

	CHECK(private_key_random(SCMS_NIST_P256, &caterpillar->key, &err) == KEY_OK, "%s", err.text);
	memset(caterpillar->expansion, fill, sizeof(caterpillar->expansion));
}

static struct curve_point cocoon_public(const struct caterpillar *caterpillar, enum butterfly_kind kind, uint32_t j)
{
	struct butterfly_index index = {kind, 7, j};
	struct curve_point out;

	CHECK(butterfly_public(private_key_public(caterpillar->key), caterpillar->expansion, &index, &out), "cocoon");
	return out;
}

static struct private_key *cocoon_private(const struct caterpillar *caterpillar, enum butterfly_kind kind, uint32_t j)
{
	struct butterfly_index index = {kind, 7, j};
	struct private_key *key = NULL;
	struct key_error err = {.status = KEY_OK};
	uint8_t a[CURVE_BYTES_MAX], b[SCALAR_BYTES];

	CHECK(private_key_scalar(caterpillar->key, a, &err) == KEY_OK &&
		  butterfly_private(SCMS_NIST_P256, a, caterpillar->expansion, &index, b) &&
		  private_key_from_scalar(SCMS_NIST_P256, b, &key, &err) == KEY_OK,
	      "%s", err.text);
	return key;
}

/* The PCA's answer: certificate and r, encrypted to the cocoon encryption key. r stands before the certificate here. */
static struct bytes pca_answer(const struct person *pca, const struct curve_point *request,
			       const struct curve_point *to)
{
	struct signer by = person_signer(pca, false);
	struct ToBeSignedCertificate tbs;
	struct recipient recipient;
	struct bytes certificate = {NULL, 0}, answer = {NULL, 0};
	struct key_error err = {.status = KEY_OK};
	uint8_t plain[1024];

	tbs_device(&tbs, "");
	CHECK(cert_issue_implicit(&tbs, request, &by, &certificate, plain, &err) == KEY_OK, "%s", err.text);
	memcpy(plain + SCALAR_BYTES, certificate.p, certificate.n);
	CHECK(recipient_of_response_key(to, &judge, &recipient, &err) == KEY_OK &&
		  encrypted_data_make(&recipient, 1, (struct scms_slice){plain, SCALAR_BYTES + certificate.n}, &answer,
				      &err) == KEY_OK,
	      "%s", err.text);
	bytes_free(&certificate);
	return answer;
}

static void device_uses(const struct person *pca, struct scms_slice plain, const struct private_key *request)
{
	static const struct scms_slice text = {(const uint8_t *)"bsm", 3};
	struct HeaderInfo header = {.psid = 0x20, .has_generationTime = true, .generationTime = PEOPLE_NOW};
	struct person device = {.key = NULL};
	struct signer by;
	struct bytes message = {NULL, 0};
	struct key_error err = {.status = KEY_OK};
	struct scms_verify_request question = {.signer = SCMS_SIGNER_IMPLICIT};
	struct SignedData data;
	enum scms_curve curve = SCMS_NIST_P256;
	uint8_t e[48], digest[48], verdict = SCMS_BAD;
	struct scms_slice certificate = {plain.p + SCALAR_BYTES, plain.n - SCALAR_BYTES};

	CHECK(cert_read(&device.cert, certificate, &judge, NULL) == OER_OK, "certificate");
	CHECK(cert_accept_implicit(&device.cert, &pca->cert, request, plain.p, &judge, &device.key, &err) == KEY_OK,
	      "%s", err.text);
	by = person_signer(&device, true);
	CHECK(signed_unsecured_make(&by, text, &header, &message, &err) == KEY_OK, "%s", err.text);

	/* A receiver, who has the message and the PCA's certificate. */
	CHECK(signed_data_read(&data, bytes_view(&message), OER_DEPTH_DEFAULT, NULL) == OER_OK &&
		  signature_parts(&data.signature, &curve, &question.r, &question.s),
	      "message");
	signed_data_digest(&data, cert_signer_hash(&device.cert, curve), curve, &judge, digest);
	cert_digest(&device.cert, &pca->cert, curve, &judge, e);
	question.digest = digest;
	question.u.implicit.recon = cert_point(&device.cert);
	question.u.implicit.e = e;
	question.u.implicit.issuer = cert_point(&pca->cert);
	judge.verify(judge.ctx, &question, 1, &verdict);
	CHECK(verdict == SCMS_GOOD, "the message is not believed");
	e[0] ^= 1;
	judge.verify(judge.ctx, &question, 1, &verdict);
	CHECK(verdict == SCMS_BAD, "believed under another certificate");
	bytes_free(&message);
	private_key_free(device.key);
}

int main(void)
{
	struct caterpillar sign, respond;
	struct ToBeSignedCertificate tbs;
	struct person pca;

	tbs_pca(&tbs, "pca");
	person_make(&pca, &tbs, SCMS_NIST_P256, NULL, true);
	caterpillar_make(&sign, 0x5a);
	caterpillar_make(&respond, 0xc3);
	for (uint32_t j = 0; j < 20; j++) {
		struct curve_point request = cocoon_public(&sign, BUTTERFLY_SIGNING, j);
		struct curve_point response = cocoon_public(&respond, BUTTERFLY_ENCRYPTION, j);
		struct private_key *b = cocoon_private(&sign, BUTTERFLY_SIGNING, j);
		struct private_key *h = cocoon_private(&respond, BUTTERFLY_ENCRYPTION, j);
		struct bytes answer = pca_answer(&pca, &request, &response), plain = {NULL, 0};
		struct recipient me;
		struct key_error err = {.status = KEY_OK};

		CHECK(recipient_of_response_key(private_key_public(h), &judge, &me, &err) == KEY_OK &&
			  encrypted_data_open(bytes_view(&answer), &me, b, &plain, &err) == KEY_NOT_FOR_US,
		      "opened with the signing key");
		CHECK(encrypted_data_open(bytes_view(&answer), &me, h, &plain, &err) == KEY_OK, "%s", err.text);
		if (plain.p)
			device_uses(&pca, bytes_view(&plain), b);
		bytes_free(&answer);
		bytes_free(&plain);
		private_key_free(b);
		private_key_free(h);
	}
	private_key_free(sign.key);
	private_key_free(respond.key);
	person_free(&pca);
	return check_done();
}
