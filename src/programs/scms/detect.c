/* SPDX-License-Identifier: Apache-2.0 */
#include "detect.h"

#include "oer/json.h"

#include <string.h>

/*
 * Top-level types, in the order in which they are tried. What two types could both be is first what is more likely; of
 * the two releases, 1.2.4 (a file without a single ballot is the same in both).
 */
static const struct oer_type *const candidates[] = {
    &oer_Certificate,
    &oer_Ieee1609Dot2Data,
    &oer_ScmsFile,
    &oer_ScmsFile121,
    &oer_ScmsPDU,
    &oer_ScmsPDU121,
    &oer_ScmsPduIeee,
    &oer_CompositeCrl,
    &oer_CompositeCrl121,
    &oer_ElectorBallot,
    &oer_ElectorBallot121,
    &oer_BallotHistory,
    &oer_TrustStore,
    &oer_StoreSlot,
    &oer_CrlContents,
    &oer_CrlContents2022,
    &oer_SignedCertificateRequest,
    /* parts of the above, that somebody has cut out */
    &oer_SequenceOfCertificate,
    &oer_CertificateChainFiles,
    &oer_CertificateChainFiles121,
    &oer_PolicyFiles,
    &oer_BasePolicyFile,
    &oer_LocalPolicyFile,
    &oer_CertificateStore,
    &oer_CertificateStore121,
    &oer_ToBeSignedEncryptedCertificateResponse,
    &oer_PlaintextCertificateResponse,
    &oer_ToBeSignedCertificate,
    &oer_ToBeSignedPolicyData,
    &oer_ScmsPolicyExtension,
    &oer_CertManagementPdu,
    &oer_FullIeeeTbsCtl,
    &oer_MultiSignedCtl,
    &oer_TbsElectorEndorsement,
    &oer_TbsElectorEndorsement121,
    &oer_PublicEncryptionKey,
    &oer_PublicVerificationKey,
    &oer_SequenceOfPsidSsp,
    &oer_SequenceOfPsidGroupPermissions,
    &oer_CrlSsp,
    &oer_ScmsSsp,
};

/* Whole files and messages, and not parts: only these are named as what a broken file may be. */
#define WHOLE 16

bool detect(struct scms_slice bytes, struct detected *found, struct oer_error *err)
{
	bool first = true;

	*found = (struct detected){0};
	for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates); i++) {
		struct oer_error e;

		if (oer_decode(candidates[i], bytes, OER_DEPTH_DEFAULT, NULL, &e) == OER_OK) {
			found->type = candidates[i];
			if (candidates[i] == &oer_Ieee1609Dot2Data)
				found->envelope = envelope_guess(bytes, OER_DEPTH_DEFAULT);
			return true;
		}
		if (i < WHOLE && (first || e.offset > err->offset))
			*err = e;
		first = false;
	}
	return false;
}

static const struct oer_type *envelope_type(const struct envelope *row)
{
	return row->kind == ENVELOPE_SCOPED    ? row->type
	       : row->kind == ENVELOPE_REQUEST ? &oer_SignedCertificateRequest
					       : &oer_Ieee1609Dot2Data;
}

bool detect_as(const char *name, struct scms_slice bytes, struct detected *found, struct oer_error *err)
{
	const struct oer_entry *entry = oer_entry_find(name, strlen(name));

	*found = (struct detected){0};
	found->envelope = envelope_find(name);
	if (found->envelope) {
		found->type = envelope_type(found->envelope);
		return envelope_check(found->envelope, bytes, OER_DEPTH_DEFAULT, NULL, err) == OER_OK;
	}
	if (!entry)
		return false;
	found->type = entry->type;
	return oer_decode(entry->type, bytes, OER_DEPTH_DEFAULT, NULL, err) == OER_OK;
}

bool detect_exists(const char *name)
{
	return envelope_find(name) || oer_entry_find(name, strlen(name));
}

bool type_is(const struct oer_type *type, const struct oer_type *of)
{
	if (!type || type == of)
		return type == of;
	return type->kind == of->kind && type->kind >= OER_KIND_SEQUENCE && type->kind != OER_KIND_LIST &&
	       type->u.fields == of->u.fields;
}
