/* SPDX-License-Identifier: Apache-2.0 */
#include "components/authority/issue.h"

#include "dot2/issue.h"
#include "dot2/request.h"
#include "dot2/validity.h"

#include <stdlib.h>
#include <string.h>

enum key_status component_request_make(enum role role, enum profile_level level, const struct profile_subject *subject,
				       struct private_key *key, const struct scms_crypto *crypto, scms_time64 now,
				       struct bytes *out, struct key_error *err)
{
	struct ScmsPDU pdu = {.version = 1,
			      .content = {.choice = ScmsPDU_content_is_eca_ee,
					  .u.eca_ee.choice = EcaEndEntityInterfacePDU_is_eeEcaCertRequest}};
	struct EeEcaCertRequest *request = &pdu.content.u.eca_ee.u.eeEcaCertRequest;
	const struct signer signer = {.key = key, .crypto = crypto};
	struct bytes inner = {NULL, 0};
	struct profile_room room;
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	request->version = 1;
	request->currentTime = (scms_time32)(now / TIME64_SECOND);
	status = profile_fill((enum profile)role, level, subject, &room, &request->tbsData, err);
	canonical_tbs_certificate(&request->tbsData);
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &pdu, &inner, err);
	if (status == KEY_OK)
		status = certificate_request_make(&signer, bytes_view(&inner), out, err);
	bytes_free(&inner);
	return status;
}

static enum key_status check_signature(const struct component_request *request, const struct scms_crypto *crypto,
				       const struct scms_point *key, struct key_error *err)
{
	struct scms_verify_request question;
	uint8_t digest[48], verdict = SCMS_BAD;

	if (request->decoded.signer.choice == SignerIdentifier_is_self &&
	    certificate_request_question(&request->decoded, NULL, key, crypto, digest, &question))
		crypto->verify(crypto->ctx, &question, 1, &verdict);
	if (verdict == SCMS_FAILED)
		return key_fail(err, KEY_FAILED, "the request's signature could not be checked");
	return verdict == SCMS_GOOD
		   ? KEY_OK
		   : key_fail(err, KEY_MISMATCH, "the request is not signed by the key that is to be certified");
}

enum key_status component_request_read(struct component_request *request, struct scms_slice bytes,
				       const struct scms_crypto *crypto, struct key_error *err)
{
	const struct ToBeSignedCertificate *tbs;
	struct cert asked = {.has384 = false};
	struct oer_error refused;
	struct scms_point point;
	struct oer_iter it;
	struct PsidSsp permission;
	enum key_status status;

	*request = (struct component_request){.role = ROLE_ELECTOR};
	if (certificate_request_read(&request->decoded, bytes, &refused) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "no certificate request: %s at byte %zu: expected %s, found %s",
				refused.path, refused.offset, refused.expected, refused.found);
	if (request->decoded.tbsRequest.content.choice != ScmsPDU_content_is_eca_ee ||
	    request->decoded.tbsRequest.content.u.eca_ee.choice != EcaEndEntityInterfacePDU_is_eeEcaCertRequest)
		return key_fail(err, KEY_MALFORMED,
				"no certificate request: ScmsPDU.content: expected eeEcaCertRequest, found another");
	tbs = &request->decoded.tbsRequest.content.u.eca_ee.u.eeEcaCertRequest.tbsData;
	request->time = request->decoded.tbsRequest.content.u.eca_ee.u.eeEcaCertRequest.currentTime;
	asked.c.toBeSigned = *tbs;
	if (!role_of_certificate(&asked, &request->role))
		return key_fail(err, KEY_MALFORMED,
				"the request is for no component: expected an SSP of PSID 0x23 that names a role");
	if (tbs->verifyKeyIndicator.choice != VerificationKeyIndicator_is_verificationKey ||
	    !point_of_key(&tbs->verifyKeyIndicator.u.verificationKey, &point) ||
	    !curve_point_read(&point, &request->verify))
		return key_fail(err, KEY_POINT, "the key to be certified is no point of its curve");
	status = check_signature(request, crypto, &point, err);
	if (status != KEY_OK)
		return status;
	if (tbs->has_encryptionKey && !encryption_key_point(&tbs->encryptionKey, &request->encrypt))
		return key_fail(err, KEY_POINT, "the encryption key to be certified is no point of its curve");
	request->subject = (struct profile_subject){
	    .start = tbs->validityPeriod.start,
	    .verify = &request->verify,
	    .encrypt = tbs->has_encryptionKey ? &request->encrypt : NULL,
	};
	if (tbs->id.choice == CertificateId_is_name)
		request->subject.name = tbs->id.u.name;
	else if (tbs->id.choice == CertificateId_is_binaryId)
		request->subject.name = tbs->id.u.binaryId;
	it = oer_iterate(&tbs->appPermissions);
	if (request->role == ROLE_LA && oer_next(&it, &permission) && permission.ssp.u.opaque.n == 5)
		request->subject.la_id = (uint16_t)(permission.ssp.u.opaque.p[3] << 8 | permission.ssp.u.opaque.p[4]);
	return KEY_OK;
}

/* ---- issuing ---- */

static enum key_status issue_with(const struct component_issuer *issuer, enum profile profile,
				  struct profile_subject *subject, struct bytes *out, struct lint *lint,
				  struct key_error *err)
{
	const struct signer signer = {.key = issuer->key, .cert = issuer->cert, .crypto = issuer->crypto};
	const struct cert *chain[CHAIN_MAX];
	struct lint_question question = {
	    .profile = profile, .level = issuer->level, .issuers = chain, .crypto = issuer->crypto};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;
	struct cert made;
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	if (issuer->above_count > CHAIN_MAX - 2)
		return key_fail(err, KEY_VALUE, "a chain of more than %d certificates", CHAIN_MAX);
	if (issuer->cert != NULL)
		chain[question.issuer_count++] = issuer->cert;
	for (size_t k = 0; k < issuer->above_count; k++)
		chain[question.issuer_count++] = &issuer->above[k];
	memset(subject->craca_id, 0, sizeof(subject->craca_id));
	if (question.issuer_count > 0)
		memcpy(subject->craca_id, cert_id8(chain[question.issuer_count - 1]) + 5, 3);
	status = profile_fill(profile, issuer->level, subject, &room, &tbs, err);
	if (status == KEY_OK)
		status = cert_issue(&tbs, &signer, out, err);
	if (status == KEY_OK && cert_read(&made, bytes_view(out), issuer->crypto, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "the certificate could not be read back");
	question.cert = &made;
	if (status == KEY_OK && !lint_certificate(&question, lint)) {
		char text[600];

		lint_text(&lint->finding[0], text, sizeof(text));
		status = key_fail(err, KEY_VALUE, "%.390s", text);
	}
	if (status != KEY_OK)
		bytes_free(out);
	return status;
}

/* The issuer's certificate with another key in it: what a rehearsal is issued under. */
static enum key_status pretend_issuer(const struct component_issuer *real, struct private_key *key, struct bytes *bytes,
				      struct cert *cert, struct key_error *err)
{
	struct ToBeSignedCertificate tbs = real->cert->c.toBeSigned;
	const struct signer self = {.key = key, .crypto = real->crypto};
	enum key_status status;

	point_to_verification_key(private_key_public(key), &tbs.verifyKeyIndicator.u.verificationKey);
	/* Whoever signed it is not asked again: it is self-issued. */
	status = cert_issue(&tbs, &self, bytes, err);
	if (status == KEY_OK && cert_read(cert, bytes_view(bytes), real->crypto, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "the rehearsal's issuer could not be read back");
	return status;
}

enum key_status component_rehearse(const struct component_issuer *real, enum profile profile,
				   const struct profile_subject *subject, struct lint *lint, struct key_error *err)
{
	struct component_issuer issuer = *real;
	struct profile_subject who = *subject;
	struct private_key *key = NULL;
	struct bytes above = {NULL, 0}, made = {NULL, 0};
	struct cert cert;
	enum key_status status = private_key_random(private_key_public(real->key)->curve, &key, err);

	issuer.key = key;
	if (status == KEY_OK && real->cert != NULL) {
		status = pretend_issuer(real, key, &above, &cert, err);
		issuer.cert = &cert;
	} else if (status == KEY_OK) {
		who.verify = private_key_public(key);
	}
	if (status == KEY_OK)
		status = issue_with(&issuer, profile, &who, &made, lint, err);
	bytes_free(&made);
	bytes_free(&above);
	private_key_free(key);
	return status;
}

enum key_status component_issue(const struct component_issuer *issuer, enum profile profile,
				struct profile_subject *subject, struct bytes *out, struct lint *lint,
				struct key_error *err)
{
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	*lint = (struct lint){.count = 0};
	status = component_rehearse(issuer, profile, subject, lint, err);
	return status == KEY_OK ? issue_with(issuer, profile, subject, out, lint, err) : status;
}
