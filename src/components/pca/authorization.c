/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pca/authorization.h"

#include "components/authority/profile.h"
#include "components/pca/response.h"
#include "components/period.h"
#include "dot2/permissions.h"
#include "dot2/region.h"
#include "dot2/validity.h"

#include <string.h>

#define RIF_BYTES 8
/* How long before now a certificate may begin: with the period of identification certificates, of 720 hours. */
#define START_LATE (31 * 86400u)

static enum key_status check_scope(const struct pca *pca, const struct cert *subject, struct key_error *err)
{
	if (!permissions_allow(pca->party.cert, subject, 1))
		return key_fail(err, KEY_VALUE, "permissions that this PCA may not give");
	if (!region_allows(pca->party.cert, subject))
		return key_fail(err, KEY_VALUE, "a region that is not within the PCA's");
	return KEY_OK;
}

/* Is [start, end) within the validity of the PCA's certificate, and not over? */
static enum key_status check_validity(const struct pca *pca, scms_time32 start, uint64_t end, scms_time32 now, struct key_error *err)
{
	const struct ValidityPeriod *own = &pca->party.cert->c.toBeSigned.validityPeriod;
	uint64_t own_end = own->start + duration_micros(&own->duration) / TIME64_SECOND;

	if (end <= now)
		return key_fail(err, KEY_VALUE, "a validity that is over");
	if (start < own->start || end > own_end)
		return key_fail(err, KEY_VALUE, "a validity that is not within the PCA's own");
	return KEY_OK;
}

enum key_status authorization_check(const struct pca *pca, const struct IdCertRequestInfo *request, scms_time32 now,
				    struct key_error *err)
{
	const struct ToBeSignedCertificate *tbs = &request->to_be_signed_cert;
	const struct cert subject = {.c = {.toBeSigned = *tbs}};
	uint64_t micros = duration_micros(&tbs->validityPeriod.duration);
	enum key_status status;

	if (request->type != CertificateType_implicit)
		return key_fail(err, KEY_VALUE, "an explicit certificate");
	if (tbs->id.choice != CertificateId_is_binaryId || tbs->id.u.binaryId.n != RIF_BYTES)
		return key_fail(err, KEY_VALUE, "an id that is no RIF of %d bytes", RIF_BYTES);
	if (tbs->crlSeries != profile_row(PROFILE_RSE_APPLICATION)->series || memcmp(tbs->cracaId, pca->craca_id, 3) != 0)
		return key_fail(err, KEY_VALUE, "another CRACA or CRL series than the profile's");
	if (!tbs->has_appPermissions || tbs->has_certIssuePermissions || tbs->has_certRequestPermissions || tbs->has_canRequestRollover)
		return key_fail(err, KEY_VALUE, "permissions that are not an end entity's");
	if (tbs->verifyKeyIndicator.choice != VerificationKeyIndicator_is_verificationKey)
		return key_fail(err, KEY_VALUE, "no verification key to certify");
	if (micros > duration_micros(&profile_row(PROFILE_OBE_IDENTIFICATION)->duration[LEVEL_POC].allowed[0]))
		return key_fail(err, KEY_VALUE, "a validity longer than the profile's");
	if (tbs->validityPeriod.start + (uint64_t)START_LATE < now)
		return key_fail(err, KEY_VALUE, "a validity that began too long ago");
	status = check_validity(pca, tbs->validityPeriod.start, tbs->validityPeriod.start + micros / TIME64_SECOND, now, err);
	return status == KEY_OK ? check_scope(pca, &subject, err) : status;
}

enum key_status pseudonym_check(const struct pca *pca, const struct PseudonymCertRequestInfo *request, scms_time32 now,
				struct key_error *err)
{
	const struct cert subject = {.c = {.toBeSigned = {.has_appPermissions = true,
							  .appPermissions = request->psidSsp,
							  .has_region = request->has_region,
							  .region = request->region}}};
	scms_time32 start = period_start(request->iValue);
	enum key_status status =
	    check_validity(pca, start, (uint64_t)start + PERIOD_SECONDS + PERIOD_OVERLAP_HOURS * 3600u, now, err);

	if (status == KEY_OK && request->psidSsp.count == 0)
		return key_fail(err, KEY_VALUE, "no permissions");
	return status == KEY_OK ? check_scope(pca, &subject, err) : status;
}

enum key_status pca_issue_authorization(const struct pca *pca, const struct IdCertRequestInfo *request, uint8_t id10[10],
					struct bytes *out, struct key_error *err)
{
	struct scms_point written;
	struct pca_keys keys;
	enum key_status status = point_from_256(&request->response_encryption_key, "response-encryption-key", &keys.respond, err);

	if (status == KEY_OK && (!point_of_key(&request->to_be_signed_cert.verifyKeyIndicator.u.verificationKey, &written) ||
				 written.curve != SCMS_NIST_P256 || !curve_point_read(&written, &keys.sign)))
		status = key_fail(err, KEY_POINT, "to-be-signed-cert.verifyKeyIndicator: no point of NIST P-256");
	if (status == KEY_OK)
		status = pca_certify(pca, &request->to_be_signed_cert, &keys, PlaintextCertificateResponse_is_implicit, id10, out, err);
	return status;
}
