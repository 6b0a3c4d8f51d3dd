/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/profile.h"

#include "dot2/signed_data.h"

#include <string.h>

/* The opaque SSP of the only appPermission with this PSID. */
static bool app_permission(const struct cert *cert, uint64_t psid, struct scms_slice *ssp)
{
	struct PsidSsp permission;
	struct oer_iter it;
	unsigned found = 0;

	if (!cert->c.toBeSigned.has_appPermissions)
		return false;
	it = oer_iterate(&cert->c.toBeSigned.appPermissions);
	while (oer_next(&it, &permission)) {
		if (permission.psid != psid)
			continue;
		if (!permission.has_ssp || permission.ssp.choice != ServiceSpecificPermissions_is_opaque)
			return false;
		*ssp = permission.ssp.u.opaque;
		found++;
	}
	return found == 1;
}

int cert_scms_role(const struct cert *cert)
{
	struct scms_slice bytes;
	struct ScmsSsp ssp;

	if (!app_permission(cert, PSID_SECURITY_MANAGEMENT, &bytes))
		return -1;
	if (oer_decode(&oer_ScmsSsp, bytes, OER_DEPTH_DEFAULT, &ssp, NULL) != OER_OK || ssp.choice == OER_UNKNOWN)
		return -1;
	return ssp.choice;
}

bool cert_crl_ssp(const struct cert *cert, struct CrlSsp *ssp)
{
	struct scms_slice bytes;

	return app_permission(cert, PSID_CRL, &bytes) &&
	       oer_decode(&oer_CrlSsp, bytes, OER_DEPTH_DEFAULT, ssp, NULL) == OER_OK;
}

bool crl_ssp_lists(const struct CrlSsp *ssp, uint16_t series)
{
	struct oer_iter it = oer_iterate(&ssp->crls);
	uint16_t listed;

	while (oer_next(&it, &listed))
		if (listed == series)
			return true;
	return false;
}

static bool self_issued_explicit(const struct cert *cert)
{
	int32_t hash = scms_curve_bytes(cert_point(cert).curve) == 32 ? HashAlgorithm_sha256 : HashAlgorithm_sha384;

	return !cert_is_implicit(cert) && cert_is_self_issued(cert) && cert->c.issuer.u.self == hash;
}

bool cert_fits_elector(const struct cert *cert)
{
	static const uint8_t zero[3];
	const struct ToBeSignedCertificate *tbs = &cert->c.toBeSigned;

	return self_issued_explicit(cert) && cert_scms_role(cert) == ScmsSsp_is_elector && tbs->appPermissions.count == 1 &&
	       !tbs->has_certIssuePermissions && !tbs->has_certRequestPermissions && !tbs->has_encryptionKey &&
	       memcmp(tbs->cracaId, zero, 3) == 0 && tbs->crlSeries == 0;
}

bool cert_fits_root(const struct cert *cert)
{
	const struct ToBeSignedCertificate *tbs = &cert->c.toBeSigned;
	struct CrlSsp ssp;

	return self_issued_explicit(cert) && cert_scms_role(cert) == ScmsSsp_is_root && cert_crl_ssp(cert, &ssp) &&
	       tbs->has_certIssuePermissions && tbs->certIssuePermissions.count > 0 && !tbs->has_encryptionKey;
}
