/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/item.h"

#include "components/authority/profile.h"
#include "dot2/region.h"

#include <string.h>

/* Does a pseudonym certificate have it? */
static bool in_profile(uint64_t psid)
{
	const struct oer_list *app = &profile_row(PROFILE_OBE_PSEUDONYM)->app;
	const struct PsidSsp *permission = app->items;

	for (uint32_t k = 0; k < app->count; k++)
		if (permission[k].psid == psid)
			return true;
	return false;
}

/* The permission that a certificate gets for a range that may be requested. False: none that we could give. */
static bool permission_of(const struct PsidSspRange *range, struct PsidSsp *out)
{
	struct oer_iter it;

	*out = (struct PsidSsp){.psid = range->psid};
	if (!range->has_sspRange || range->sspRange.choice == SspRange_is_all)
		return true;
	if (range->sspRange.choice != SspRange_is_opaque)
		return false;
	it = oer_iterate(&range->sspRange.u.opaque);
	out->has_ssp = true;
	out->ssp.choice = ServiceSpecificPermissions_is_opaque;
	return oer_next(&it, &out->ssp.u.opaque);
}

enum key_status item_subject_of(const struct cert *enrolment, enum ra_kind kind, struct item_subject *out, struct key_error *err)
{
	const struct ToBeSignedCertificate *tbs = &enrolment->c.toBeSigned;
	struct oer_iter groups = oer_iterate(&tbs->certRequestPermissions);
	struct PsidGroupPermissions group;

	*out = (struct item_subject){.has_region = tbs->has_region, .region = tbs->region};
	memcpy(out->rif, cert_id8(enrolment), sizeof(out->rif));
	memcpy(out->craca, tbs->cracaId, sizeof(out->craca));
	while (tbs->has_certRequestPermissions && oer_next(&groups, &group)) {
		struct PsidSspRange range;
		struct oer_iter it;

		if (group.subjectPermissions.choice != SubjectPermissions_is_explicit)
			continue;
		it = oer_iterate(&group.subjectPermissions.u.explicit);
		while (oer_next(&it, &range)) {
			if (kind != RA_APPLICATION && in_profile(range.psid) != (kind == RA_PSEUDONYM))
				continue;
			if (out->permissions == ITEM_PERMISSIONS_MAX)
				return key_fail(err, KEY_VALUE, "an enrolment certificate with more than %d permissions",
						ITEM_PERMISSIONS_MAX);
			if (permission_of(&range, &out->permission[out->permissions]))
				out->permissions++;
		}
	}
	return out->permissions > 0
		   ? KEY_OK
		   : key_fail(err, KEY_VALUE, "an enrolment certificate that may not request what was asked for");
}

static struct oer_list permissions_of(const struct item_subject *subject)
{
	return (struct oer_list){.items = subject->permission, .count = subject->permissions, .element = &oer_PsidSsp};
}

static struct ScmsPDU message_of(const struct item_hosts *hosts, uint8_t choice)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_pca_ra}};

	message.content.u.pca_ra.choice = PcaRaInterfacePDU_is_raPcaCertRequest;
	message.content.u.pca_ra.u.raPcaCertRequest =
	    (struct RaPcaCertRequestMsg){.version = 1, .raId = hosts->ra, .cert_request_info = {.choice = choice}};
	return message;
}

enum key_status item_pseudonym(const struct item_subject *subject, const struct item_hosts *hosts, uint16_t i,
			       const struct cocoons *keys, const struct EncryptedIndividualPLV *plv1,
			       const struct EncryptedIndividualPLV *plv2, struct bytes *pdu, struct key_error *err)
{
	struct ScmsPDU message = message_of(hosts, RaPcaCertRequestMsg_cert_request_info_is_pseudonym_cert_req);
	struct PseudonymCertRequestInfo *info =
	    &message.content.u.pca_ra.u.raPcaCertRequest.cert_request_info.u.pseudonym_cert_req;

	*info = (struct PseudonymCertRequestInfo){
	    .psidSsp = permissions_of(subject),
	    .has_region = subject->has_region,
	    .region = subject->region,
	    .iValue = i,
	    .pca_id = hosts->pca,
	    .la1_id = hosts->la1,
	    .la2_id = hosts->la2,
	    .enc_plv1 = *plv1,
	    .enc_plv2 = *plv2,
	};
	point_to_256(&keys->sign, &info->sig_butterfly_key_B);
	point_to_256(&keys->respond, &info->enc_butterfly_key_H);
	return make_bytes(&oer_ScmsPDU, &message, pdu, err);
}

enum key_status item_authorization(const struct item_subject *subject, const struct item_hosts *hosts, scms_time32 start,
				   uint32_t hours, const struct GeographicRegion *region, const struct cocoons *keys,
				   const struct PublicEncryptionKey *encryption, struct bytes *pdu, struct key_error *err)
{
	struct ScmsPDU message = message_of(hosts, RaPcaCertRequestMsg_cert_request_info_is_auth_cert_req);
	struct IdCertRequestInfo *info = &message.content.u.pca_ra.u.raPcaCertRequest.cert_request_info.u.auth_cert_req;
	struct ToBeSignedCertificate *tbs = &info->to_be_signed_cert;

	if (subject->has_region && !region_contains(&subject->region, region))
		return key_fail(err, KEY_VALUE, "a region that is not within the enrolment certificate's");
	*info = (struct IdCertRequestInfo){.pca_id = hosts->pca, .type = CertificateType_implicit};
	*tbs = (struct ToBeSignedCertificate){
	    .id = {.choice = CertificateId_is_binaryId, .u.binaryId = {subject->rif, sizeof(subject->rif)}},
	    .cracaId = subject->craca,
	    .crlSeries = profile_row(PROFILE_RSE_APPLICATION)->series,
	    .validityPeriod = {.start = start, .duration = {.choice = Duration_is_hours, .u.hours = (uint16_t)hours}},
	    .has_region = true,
	    .region = *region,
	    .has_appPermissions = true,
	    .appPermissions = permissions_of(subject),
	    .has_encryptionKey = encryption != NULL,
	};
	if (encryption != NULL)
		tbs->encryptionKey = *encryption;
	tbs->verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	point_to_verification_key(&keys->sign, &tbs->verifyKeyIndicator.u.verificationKey);
	point_to_256(&keys->respond, &info->response_encryption_key);
	return make_bytes(&oer_ScmsPDU, &message, pdu, err);
}
