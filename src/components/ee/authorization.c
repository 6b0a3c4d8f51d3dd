/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/authorization.h"

#include "components/period.h"

#include <string.h>

/* ---- requests ---- */

enum key_status ee_identification_request(const struct ee_caterpillars *caterpillars, const struct GeographicRegion *region,
					  scms_time32 now, struct bytes *pdu, struct key_error *err)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct EeRaIdCertProvisioningRequest *request = &message.content.u.ee_ra.u.eeRaIdCertProvisioningRequest;
	struct ee_public_caterpillars keys;
	enum key_status status;

	message.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaIdCertProvisioningRequest;
	*request = (struct EeRaIdCertProvisioningRequest){.version = 1, .region = *region, .current_time = now};
	status = ee_caterpillars_public(caterpillars, &keys, &request->verify_key_info, &request->resp_enc_key_info, err);
	return status == KEY_OK ? make_bytes(&oer_ScmsPDU, &message, pdu, err) : status;
}

enum key_status ee_application_request(const struct ee_caterpillars *keys, const struct GeographicRegion *region, scms_time32 now,
				       scms_time32 start, struct bytes *pdu, struct key_error *err)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct EeRaAppCertProvisioningRequest *request = &message.content.u.ee_ra.u.eeRaAppCertProvisioningRequest;
	struct curve_point sign, respond;

	message.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaAppCertProvisioningRequest;
	*request = (struct EeRaAppCertProvisioningRequest){
	    .version = 1, .region = *region, .current_time = now, .requested_start_time = start};
	if (!curve_mul_base(SCMS_NIST_P256, keys->sign, &sign) || !curve_mul_base(SCMS_NIST_P256, keys->respond, &respond) ||
	    !point_to_encryption_key(&respond, &request->response_encryption_key))
		return key_fail(err, KEY_FAILED, "no public key could be computed");
	point_to_verification_key(&sign, &request->verify_key);
	return make_bytes(&oer_ScmsPDU, &message, pdu, err);
}

/* ---- answers ---- */

/* Opens it, and is it this holder's? */
static enum key_status open_own(struct private_key *respond, const uint8_t rif[8], struct scms_slice file, const struct cert *pca,
				const struct scms_crypto *crypto, struct ee_answer *answer, struct key_error *err)
{
	const struct CertificateId *id = &answer->cert.c.toBeSigned.id;
	enum key_status status = ee_answer_open(file, pca, respond, PlaintextCertificateResponse_is_implicit, crypto, answer, err);

	if (status == KEY_OK && (id->choice != CertificateId_is_binaryId || id->u.binaryId.n != 8 ||
				 memcmp(id->u.binaryId.p, rif, 8) != 0))
		status = key_fail(err, KEY_VALUE, "holds no certificate of this device's enrolment");
	return status;
}

/* Does it begin in the period? The PCA may have begun after the period did. */
static bool of_period(const struct cert *cert, uint16_t period)
{
	scms_time32 start = cert->c.toBeSigned.validityPeriod.start;

	return start >= id_period_start(period) && start < id_period_start(period) + ID_PERIOD_SECONDS;
}

enum key_status ee_identification_take(const struct ee_caterpillars *caterpillars, uint16_t period, const uint8_t rif[8],
				       struct scms_slice file, const struct cert *pca, const struct scms_crypto *crypto,
				       struct ee_certified *out, struct key_error *err)
{
	const struct butterfly_index signs = {BUTTERFLY_SIGNING, period, 0}, decrypts = {BUTTERFLY_ENCRYPTION, period, 0};
	struct private_key *respond = NULL, *request = NULL;
	struct ee_answer answer = {.plain = {NULL, 0}};
	enum key_status status = ee_cocoon(caterpillars->respond, caterpillars->respond_expansion, &decrypts, &respond, err);

	if (status == KEY_OK)
		status = ee_cocoon(caterpillars->sign, caterpillars->sign_expansion, &signs, &request, err);
	if (status == KEY_OK)
		status = open_own(respond, rif, file, pca, crypto, &answer, err);
	if (status == KEY_OK && !of_period(&answer.cert, period))
		status = key_fail(err, KEY_VALUE, "holds no identification certificate of period %u", period);
	if (status == KEY_OK)
		status = ee_answer_accept(&answer, pca, request, crypto, out, err);
	private_key_free(respond);
	private_key_free(request);
	ee_answer_free(&answer);
	return status;
}

enum key_status ee_application_take(const struct ee_caterpillars *keys, const uint8_t rif[8], struct scms_slice file,
				    const struct cert *pca, const struct scms_crypto *crypto, struct ee_certified *out,
				    struct key_error *err)
{
	struct private_key *respond = NULL, *request = NULL;
	struct ee_answer answer = {.plain = {NULL, 0}};
	enum key_status status = private_key_from_scalar(SCMS_NIST_P256, keys->respond, &respond, err);

	if (status == KEY_OK)
		status = private_key_from_scalar(SCMS_NIST_P256, keys->sign, &request, err);
	if (status == KEY_OK)
		status = open_own(respond, rif, file, pca, crypto, &answer, err);
	if (status == KEY_OK)
		status = ee_answer_accept(&answer, pca, request, crypto, out, err);
	private_key_free(respond);
	private_key_free(request);
	ee_answer_free(&answer);
	return status;
}
