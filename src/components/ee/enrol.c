/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/enrol.h"

#include "dot2/issue.h"
#include "dot2/profile.h"

#include <openssl/crypto.h>
#include <string.h>

enum key_status ee_enrolment_request(const struct ToBeSignedCertificate *wish, struct private_key *key,
				     const struct scms_crypto *crypto, scms_time32 now, struct bytes *out, uint8_t hash[8],
				     struct key_error *err)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_eca_ee}};
	struct EeEcaCertRequest *request = &message.content.u.eca_ee.u.eeEcaCertRequest;
	const struct party me = {.crypto = crypto, .sign = key};
	struct bytes pdu = {NULL, 0};
	enum key_status status;

	message.content.u.eca_ee.choice = EcaEndEntityInterfacePDU_is_eeEcaCertRequest;
	*request = (struct EeEcaCertRequest){.version = 1, .currentTime = now, .tbsData = *wish};
	request->tbsData.verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	point_to_verification_key(private_key_public(key), &request->tbsData.verifyKeyIndicator.u.verificationKey);
	status = make_bytes(&oer_ScmsPDU, &message, &pdu, err);
	if (status == KEY_OK)
		status = message_make(&me, envelope_find("SignedEeEnrollmentCertRequest"), bytes_view(&pdu), 0, NULL, out, err);
	if (status == KEY_OK) {
		struct scms_slice whole = bytes_view(out);
		uint8_t digest[32];

		crypto->sha256(crypto->ctx, &whole, 1, digest);
		memcpy(hash, digest + 24, 8);
	}
	bytes_free(&pdu);
	return status;
}

/* The two certificates of an answer, with the bytes that they were decoded from. */
struct answer {
	struct EcaEeCertResponse body;
	struct bytes eca, certificate;
};

static enum key_status answer_read(struct scms_slice pdu, struct answer *answer, struct key_error *err)
{
	struct ScmsPDU message;
	enum key_status status;

	*answer = (struct answer){.eca = {NULL, 0}};
	if (oer_decode(&oer_ScmsPDU, pdu, OER_DEPTH_DEFAULT, &message, NULL) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "is no enrolment answer");
	answer->body = message.content.u.eca_ee.u.ecaEeCertResponse;
	status = make_bytes(&oer_Certificate, &answer->body.ecaCert, &answer->eca, err);
	if (status == KEY_OK)
		status = make_bytes(&oer_Certificate, &answer->body.enrollmentCert, &answer->certificate, err);
	return status;
}

static enum key_status answer_accept(const struct answer *answer, const struct chain *signer, struct private_key *request,
				     const struct scms_crypto *crypto, struct ee_enrolment *out, struct key_error *err)
{
	struct private_key *key = NULL;
	struct cert eca, mine;
	enum key_status status;

	if (cert_scms_role(&signer->cert[0]) != ScmsSsp_is_eca)
		return key_fail(err, KEY_REFUSED, "the answer is not signed by an enrolment CA");
	if (cert_read(&eca, bytes_view(&answer->eca), crypto, NULL) != OER_OK ||
	    memcmp(eca.hash256, signer->cert[0].hash256, 32) != 0)
		return key_fail(err, KEY_MISMATCH, "the answer brings another CA's certificate than its signer's");
	if (cert_read(&mine, bytes_view(&answer->certificate), crypto, NULL) != OER_OK || !cert_is_implicit(&mine))
		return key_fail(err, KEY_MALFORMED, "the answer holds no implicit certificate");
	status = cert_accept_implicit(&mine, &eca, request, answer->body.privKeyReconstruction, crypto, &key, err);
	if (status == KEY_OK)
		status = private_key_scalar(key, out->key, err);
	private_key_free(key);
	return status;
}

enum key_status ee_enrolment_take(struct scms_slice bytes, const uint8_t hash[8], struct private_key *request,
				  const struct scms_crypto *crypto, scms_time64 now, const struct message_judge *judge,
				  struct ee_enrolment *out, struct key_error *err)
{
	const struct party me = {.crypto = crypto};
	struct answer answer = {.eca = {NULL, 0}};
	struct message message;
	enum message_status opened;
	enum key_status status = KEY_OK;

	*out = (struct ee_enrolment){.certificate = {NULL, 0}};
	opened = message_open(&me, envelope_find("SignedEeEnrollmentCertResponse"), bytes, now, judge, &message);
	if (opened == MESSAGE_MALFORMED)
		status = key_fail(err, KEY_MALFORMED, "%s: expected %s, found %s", message.oer.path, message.oer.expected,
				  message.oer.found);
	else if (opened != MESSAGE_OK)
		status = key_fail(err, opened == MESSAGE_FAILED ? KEY_FAILED : KEY_REFUSED, "%s%s%s", message_status_text(opened),
				  opened == MESSAGE_SIGNER ? ": " : "",
				  opened == MESSAGE_SIGNER ? scms_reason_text(message.reason) : "");
	if (status == KEY_OK)
		status = answer_read(message.content, &answer, err);
	if (status == KEY_OK && memcmp(answer.body.requestHash, hash, 8) != 0)
		status = key_fail(err, KEY_MISMATCH, "answers another request");
	if (status == KEY_OK)
		status = answer_accept(&answer, &message.signer, request, crypto, out, err);
	if (status == KEY_OK) {
		out->certificate = answer.certificate;
		out->eca = answer.eca;
	} else {
		bytes_free(&answer.certificate);
		bytes_free(&answer.eca);
	}
	message_free(&message);
	return status;
}

void ee_enrolment_free(struct ee_enrolment *enrolment)
{
	bytes_free(&enrolment->certificate);
	bytes_free(&enrolment->eca);
	OPENSSL_cleanse(enrolment->key, sizeof(enrolment->key));
}
