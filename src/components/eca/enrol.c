/* SPDX-License-Identifier: Apache-2.0 */
#include "components/eca/enrol.h"

#include "dot2/issue.h"
#include "dot2/permissions.h"
#include "dot2/region.h"
#include "dot2/validity.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SERIES_ENROLMENT 4
#define TOLERANCE_BACK_SECONDS 3600u /* a device whose clock is ahead asks for a validity that has begun for everybody */
#define TOLERANCE_AHEAD_SECONDS 31556952u /* a certificate may begin a year from now, as a factory's stock does */

static enum key_status refuse(struct eca_refusal *refusal, int32_t error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum key_status refuse(struct eca_refusal *refusal, int32_t error, const char *format, ...)
{
	va_list args;

	refusal->error = error;
	va_start(args, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, args);
	va_end(args);
	return KEY_REFUSED;
}

static enum key_status check_times(const struct eca *eca, const struct EeEcaCertRequest *request, scms_time64 now,
				   struct eca_refusal *refusal)
{
	const struct ValidityPeriod *wanted = &request->tbsData.validityPeriod;
	scms_time64 tolerance = eca->tolerance_seconds * TIME64_SECOND;
	scms_time64 said = time64_of(request->currentTime), start = validity_start(wanted), end = validity_end(wanted);

	if (said + tolerance < now || said > now + tolerance)
		return refuse(refusal, EcaEndEntityError_ecaInvalidCurrentTime, "currentTime %u is not the present time within %u s",
			      request->currentTime, eca->tolerance_seconds);
	if (start + TOLERANCE_BACK_SECONDS * TIME64_SECOND < now || start > now + TOLERANCE_AHEAD_SECONDS * TIME64_SECOND)
		return refuse(refusal, EcaEndEntityError_ecaInvalidRequestedStartTime, "a validity that begins at %u", wanted->start);
	if (duration_micros(&wanted->duration) > (uint64_t)eca->validity_hours_max * 3600 * TIME64_SECOND)
		return refuse(refusal, EcaEndEntityError_ecaInvalidValidityPeriod, "a validity of more than %u hours",
			      eca->validity_hours_max);
	if (end > validity_end(&eca->party.cert->c.toBeSigned.validityPeriod))
		return refuse(refusal, EcaEndEntityError_ecaInvalidValidityPeriod, "a validity that ends after the CA's own");
	return KEY_OK;
}

static enum key_status check_content(const struct eca *eca, const struct ToBeSignedCertificate *wanted, struct eca_refusal *refusal)
{
	const struct ToBeSignedCertificate *own = &eca->party.cert->c.toBeSigned;
	const struct cert subject = {.c = {.toBeSigned = *wanted}};

	if (wanted->crlSeries != SERIES_ENROLMENT || memcmp(wanted->cracaId, eca->craca_id, 3) != 0 ||
	    wanted->id.choice != CertificateId_is_name)
		return refuse(refusal, EcaEndEntityError_ecaMalformedRequest,
			      "not an enrolment certificate: expected a name, the root's cracaId and CRL series %d", SERIES_ENROLMENT);
	if (wanted->has_appPermissions || wanted->has_certIssuePermissions || !wanted->has_certRequestPermissions ||
	    !permissions_allow(eca->party.cert, &subject, 1))
		return refuse(refusal, EcaEndEntityError_ecaInvalidPsid, "permissions that this CA does not grant");
	if (!wanted->has_region || !own->has_region || !region_contains(&own->region, &wanted->region))
		return refuse(refusal, EcaEndEntityError_ecaInvalidRegion, "no region, or one outside the CA's");
	if (wanted->has_assuranceLevel)
		return refuse(refusal, EcaEndEntityError_ecaInvalidAssuranceLevel, "an assurance level");
	if (wanted->has_encryptionKey)
		return refuse(refusal, EcaEndEntityError_ecaInvalidEncryptionKey, "an encryption key");
	return KEY_OK;
}

/* The key that is to be certified: on the CA's curve, and the one that signed the request. */
static enum key_status check_key(const struct eca *eca, const struct message *message, const struct ToBeSignedCertificate *wanted,
				 struct curve_point *key, struct eca_refusal *refusal)
{
	struct scms_point point;

	if (wanted->verifyKeyIndicator.choice != VerificationKeyIndicator_is_verificationKey ||
	    !point_of_key(&wanted->verifyKeyIndicator.u.verificationKey, &point) || !curve_point_read(&point, key) ||
	    key->curve != private_key_public(eca->party.sign)->curve)
		return refuse(refusal, EcaEndEntityError_ecaInvalidVerifyKey, "no key of the CA's curve");
	if (!message_signed_by(message, &point, eca->party.crypto))
		return refuse(refusal, EcaEndEntityError_ecaInvalidVerifyKey, "the request is not signed by the key that it brings");
	return KEY_OK;
}

static enum key_status answer_make(const struct eca *eca, const struct message *message, struct scms_slice certificate,
				   const uint8_t r[SCALAR_BYTES], scms_time64 now, struct bytes *out, struct key_error *err)
{
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_eca_ee}};
	struct EcaEeCertResponse *response = &pdu.content.u.eca_ee.u.ecaEeCertResponse;
	struct bytes content = {NULL, 0};
	enum key_status status;

	pdu.content.u.eca_ee.choice = EcaEndEntityInterfacePDU_is_ecaEeCertResponse;
	*response = (struct EcaEeCertResponse){.version = 1,
					       .requestHash = message->hash + 24,
					       .ecaCert = eca->party.cert->c,
					       .privKeyReconstruction = r};
	if (oer_decode(&oer_Certificate, certificate, OER_DEPTH_DEFAULT, &response->enrollmentCert, NULL) != OER_OK)
		return key_fail(err, KEY_FAILED, "the certificate could not be made");
	status = make_bytes(&oer_ScmsPDU, &pdu, &content, err);
	if (status == KEY_OK)
		status = message_make(&eca->party, envelope_find("SignedEeEnrollmentCertResponse"), bytes_view(&content), now, NULL,
				      out, err);
	bytes_free(&content);
	return status;
}

static enum key_status issue(const struct eca *eca, const struct message *message, const struct ToBeSignedCertificate *wanted,
			     const struct curve_point *key, scms_time64 now, struct eca_enrolled *out, struct key_error *err)
{
	const struct signer signer = {.key = eca->party.sign, .cert = eca->party.cert, .crypto = eca->party.crypto};
	struct bytes certificate = {NULL, 0};
	uint8_t r[SCALAR_BYTES];
	struct cert cert;
	enum key_status status = cert_issue_implicit(wanted, key, &signer, &certificate, r, err);

	if (status == KEY_OK && cert_read(&cert, bytes_view(&certificate), eca->party.crypto, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "the certificate could not be made");
	if (status == KEY_OK)
		status = answer_make(eca, message, bytes_view(&certificate), r, now, &out->answer, err);
	if (status == KEY_OK) {
		memcpy(out->certificate_id10, cert_id10(&cert), 10);
		out->expiry = (scms_time32)(validity_end(&wanted->validityPeriod) / TIME64_SECOND);
	}
	OPENSSL_cleanse(r, sizeof(r));
	bytes_free(&certificate);
	return status;
}

enum key_status eca_enrol(const struct eca *eca, struct scms_slice bytes, scms_time64 now, struct eca_enrolled *out,
			  struct eca_refusal *refusal, struct key_error *err)
{
	const struct EeEcaCertRequest *request;
	struct curve_point key;
	struct message message;
	struct ScmsPDU pdu;
	enum key_status status;

	*out = (struct eca_enrolled){.answer = {NULL, 0}};
	if (message_open(&eca->party, envelope_find("SignedEeEnrollmentCertRequest"), bytes, now, eca->judge, &message) !=
		MESSAGE_OK ||
	    oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &pdu, NULL) != OER_OK) {
		status = refuse(refusal, EcaEndEntityError_ecaMalformedRequest, "%s: expected %s, found %s", message.oer.path,
				message.oer.expected, message.oer.found);
		message_free(&message);
		return status;
	}
	request = &pdu.content.u.eca_ee.u.eeEcaCertRequest;
	status = check_times(eca, request, now, refusal);
	if (status == KEY_OK)
		status = check_content(eca, &request->tbsData, refusal);
	if (status == KEY_OK)
		status = check_key(eca, &message, &request->tbsData, &key, refusal);
	if (status == KEY_OK)
		status = issue(eca, &message, &request->tbsData, &key, now, out, err);
	message_free(&message);
	return status;
}
