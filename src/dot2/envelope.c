/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/envelope.h"

#include <stdio.h>
#include <string.h>

#define PSID_MISBEHAVIOUR 0x26u

/* clang-format off */
#define SCOPED(name, type, content, choice, message) \
	{name, NULL, &oer_##type, ENVELOPE_SCOPED, {type##_content_is_##content, choice##_is_##message}, 0, 0, 0}
#define MESSAGE(name, interface, choice, message) SCOPED(name, ScmsPDU, interface, choice, message)
#define FILE_OF(name, content, choice, message) SCOPED(name, ScmsFile, content, choice, message)
#define ANYTHING(name, type) \
	{name, NULL, &oer_##type, ENVELOPE_SCOPED, {ENVELOPE_MESSAGE_ANY, ENVELOPE_MESSAGE_ANY}, 0, 0, 0}
#define WRAPPED(name, holds, kind) {name, holds, NULL, kind, {0, 0}, 0, 0, 0}
#define UNSECURED(name, holds) WRAPPED(name, holds, ENVELOPE_UNSECURED)
#define ENCRYPTED(name, holds) WRAPPED(name, holds, ENVELOPE_ENCRYPTED)
#define REQUEST(name, holds, signer) {name, holds, NULL, ENVELOPE_REQUESTED, {0, 0}, 0, ENVELOPE_SIGNER_##signer, 0}
#define SIGNED_BY(name, holds, header, signer, psid) \
	{name, holds, NULL, ENVELOPE_SIGNED, {0, 0}, header, ENVELOPE_SIGNER_##signer, psid}
#define SIGNED(name, holds) SIGNED_BY(name, holds, 0, ANY, PSID_SECURITY_MANAGEMENT)
#define SIGNED_AT(name, holds) SIGNED_BY(name, holds, HEADER_GENERATION_TIME, ANY, PSID_SECURITY_MANAGEMENT)

const struct envelope envelopes[] = {
	/* CAMP SCMS 1.2.4, in the order of its scms-protocol module */
	MESSAGE("ScopedEeEnrollmentCertRequest", eca_ee, EcaEndEntityInterfacePDU, eeEcaCertRequest),
	MESSAGE("ScopedEeEnrollmentCertResponse", eca_ee, EcaEndEntityInterfacePDU, ecaEeCertResponse),
	MESSAGE("ScopedMisbehaviorReport", ee_ma, EndEntityMaInterfacePDU, misbehaviorReport),
	MESSAGE("ScopedEeRaCertRequest", ee_ra, EndEntityRaInterfacePDU, eeRaCertRequest),
	MESSAGE("ScopedRaEeCertResponse", ee_ra, EndEntityRaInterfacePDU, raEeCertResponse),
	MESSAGE("ScopedPseudonymCertProvisioningRequest", ee_ra, EndEntityRaInterfacePDU, eeRaPseudonymCertProvisioningRequest),
	MESSAGE("ScopedPseudonymCertProvisioningAck", ee_ra, EndEntityRaInterfacePDU, raEePseudonymCertProvisioningAck),
	MESSAGE("ScopedIdCertProvisioningRequest", ee_ra, EndEntityRaInterfacePDU, eeRaIdCertProvisioningRequest),
	MESSAGE("ScopedIdCertProvisioningAck", ee_ra, EndEntityRaInterfacePDU, raEeIdCertProvisioningAck),
	MESSAGE("ScopedAppCertProvisioningRequest", ee_ra, EndEntityRaInterfacePDU, eeRaAppCertProvisioningRequest),
	MESSAGE("ScopedAppCertProvisioningAck", ee_ra, EndEntityRaInterfacePDU, raEeAppCertProvisioningAck),
	FILE_OF("ScopedGlobalCertificateChainFile", cert_chain, CertificateChainFiles, globalCertificateChainFile),
	FILE_OF("ScopedLocalCertificateChainFile", cert_chain, CertificateChainFiles, localCertificateChainFile),
	FILE_OF("ScopedGlobalPolicyFile", policy, PolicyFiles, globalPolicyFile),
	FILE_OF("ScopedLocalPolicyFile", policy, PolicyFiles, localPolicyFile),
	MESSAGE("ScopedAuthenticatedDownloadRequest", ee_ra, EndEntityRaInterfacePDU, eeRaAuthenticatedDownloadRequest),
	MESSAGE("ScopedLIRequest", la_ma, LaMaInterfacePDU, maLaLinkageInfoRequest),
	MESSAGE("ScopedLIReply", la_ma, LaMaInterfacePDU, laMaLinkageInfoResponse),
	MESSAGE("ScopedLSRequest", la_ma, LaMaInterfacePDU, maLaLinkageSeedRequest),
	MESSAGE("ScopedLSReply", la_ma, LaMaInterfacePDU, laMaLinkageSeedResponse),
	MESSAGE("ScopedPcaLaKeyAgreementRequest", la_pca, LaPcaInterfacePDU, pcaLaKeyAgreementRequest),
	MESSAGE("ScopedLaPcaKeyAgreementResponse", la_pca, LaPcaInterfacePDU, laPcaKeyAgreementResponse),
	MESSAGE("ScopedPcaLaKeyAgreementAck", la_pca, LaPcaInterfacePDU, pcaLaKeyAgreementAck),
	MESSAGE("ScopedRaLaIndividualPreLinkageValueRequest", la_ra, LaRaInterfacePDU, raLaIndividualPreLinkageValueRequest),
	MESSAGE("ScopedRaLaGroupPreLinkageValueRequest", la_ra, LaRaInterfacePDU, raLaGroupPreLinkageValueRequest),
	MESSAGE("ScopedLaRaPreLinkageValueResponse", la_ra, LaRaInterfacePDU, laRaPreLinkageValueResponse),
	MESSAGE("ScopedMaPcaPreLinkageValueRequest", ma_pca, MaPcaInterfacePDU, maPcaPreLinkageValueRequest),
	MESSAGE("ScopedPcaMaPreLinkageValueResponse", ma_pca, MaPcaInterfacePDU, pcaMaPreLinkageValueResponse),
	MESSAGE("ScopedMaPcaHPCRRequest", ma_pca, MaPcaInterfacePDU, maPcaHPCRRequest),
	MESSAGE("ScopedPcaMaHPCRResponse", ma_pca, MaPcaInterfacePDU, pcaMaHPCRResponse),
	MESSAGE("ScopedBlacklistRequest", ma_ra, MaRaInterfacePDU, maRaBlacklistRequest),
	MESSAGE("ScopedBlacklistResponse", ma_ra, MaRaInterfacePDU, raMaBlacklistResponse),
	MESSAGE("ScopedLCIRequest", ma_ra, MaRaInterfacePDU, maRaLCIRequest),
	MESSAGE("ScopedLCIResponse", ma_ra, MaRaInterfacePDU, raMaLCIResponse),
	MESSAGE("ScopedRseObeIdBlacklistRequest", ma_ra, MaRaInterfacePDU, maRaRseObeIdBlacklistRequest),
	MESSAGE("ScopedRseObeIdBlacklistResponse", ma_ra, MaRaInterfacePDU, raMaRseObeIdBlacklistResponse),
	MESSAGE("ScopedRaPcaCertificateRequest", pca_ra, PcaRaInterfacePDU, raPcaCertRequest),
	MESSAGE("ScopedPcaRaCertificateRequestReply", pca_ra, PcaRaInterfacePDU, pcaRaCertResponse),
	MESSAGE("ScopedRaPgPolicySignatureRequest", ra_pg, RaPgInterfacePDU, raPgPolicySignatureRequest),
	MESSAGE("ScopedRaPgPolicySignatureRequestReply", ra_pg, RaPgInterfacePDU, raPgPolicySignatureRequestReply),
	ANYTHING("ScopedCertificateRequest", ScmsPDU),
	WRAPPED("SignedCertificateRequest", "ScopedCertificateRequest", ENVELOPE_REQUEST),
	WRAPPED("SecuredScmsPDU", NULL, ENVELOPE_ANY),
	REQUEST("SignedEeEnrollmentCertRequest", "ScopedEeEnrollmentCertRequest", SELF),
	SIGNED("SignedEeEnrollmentCertResponse", "ScopedEeEnrollmentCertResponse"),
	ENCRYPTED("SecuredMisbehaviorReport", "SignedMisbehaviorReport"),
	SIGNED_BY("SignedMisbehaviorReport", "ScopedMisbehaviorReport",
		  HEADER_GENERATION_TIME | HEADER_GENERATION_LOCATION, AT_MOST_ONE, PSID_MISBEHAVIOUR),
	UNSECURED("SecuredRACertRequest", "ScopedEeRaCertRequest"),
	REQUEST("SignedPseudonymCertProvisioningRequest", "ScopedPseudonymCertProvisioningRequest", ONE),
	ENCRYPTED("SecuredPseudonymCertProvisioningRequest", "SignedPseudonymCertProvisioningRequest"),
	SIGNED("SignedPseudonymCertProvisioningAck", "ScopedPseudonymCertProvisioningAck"),
	REQUEST("SignedIdCertProvisioningRequest", "ScopedIdCertProvisioningRequest", ONE),
	ENCRYPTED("SecuredIdCertProvisioningRequest", "SignedIdCertProvisioningRequest"),
	SIGNED("SignedIdCertProvisioningAck", "ScopedIdCertProvisioningAck"),
	REQUEST("SignedAppCertProvisioningRequest", "ScopedAppCertProvisioningRequest", ONE),
	ENCRYPTED("SecuredAppCertProvisioningRequest", "SignedAppCertProvisioningRequest"),
	SIGNED("SignedAppCertProvisioningAck", "ScopedAppCertProvisioningAck"),
	REQUEST("SignedAuthenticatedDownloadRequest", "ScopedAuthenticatedDownloadRequest", ONE),
	ENCRYPTED("SecuredAuthenticatedDownloadRequest", "SignedAuthenticatedDownloadRequest"),
	SIGNED_BY("SignedGlobalPolicyFile", "ScopedGlobalPolicyFile", 0, ANY, ENVELOPE_PSID_ANY),
	SIGNED_BY("SignedLocalPolicyFile", "ScopedLocalPolicyFile", 0, ANY, ENVELOPE_PSID_ANY),
	SIGNED("SignedLIRequest", "ScopedLIRequest"),
	ENCRYPTED("SecuredLIRequest", "SignedLIRequest"),
	SIGNED("SignedLIReply", "ScopedLIReply"),
	ENCRYPTED("SecuredLIReply", "SignedLIReply"),
	SIGNED("SignedLSRequest", "ScopedLSRequest"),
	ENCRYPTED("SecuredLSRequest", "SignedLSRequest"),
	SIGNED("SignedLSReply", "ScopedLSReply"),
	ENCRYPTED("SecuredLSReply", "SignedLSReply"),
	SIGNED("SignedPcaLaKeyAgreementRequest", "ScopedPcaLaKeyAgreementRequest"),
	SIGNED("SignedLaPcaKeyAgreementResponse", "ScopedLaPcaKeyAgreementResponse"),
	SIGNED("SignedPcaLaKeyAgreementAck", "ScopedPcaLaKeyAgreementAck"),
	SIGNED_AT("SignedRaLaIndividualPreLinkageValueRequest", "ScopedRaLaIndividualPreLinkageValueRequest"),
	SIGNED_AT("SignedRaLaGroupPreLinkageValueRequest", "ScopedRaLaGroupPreLinkageValueRequest"),
	SIGNED_AT("SignedLaRaPreLinkageValueResponse", "ScopedLaRaPreLinkageValueResponse"),
	SIGNED("SignedMaPcaPreLinkageValueRequest", "ScopedMaPcaPreLinkageValueRequest"),
	ENCRYPTED("SecuredMaPcaPreLinkageValueRequest", "SignedMaPcaPreLinkageValueRequest"),
	SIGNED("SignedPcaMaPreLinkageValueResponse", "ScopedPcaMaPreLinkageValueResponse"),
	ENCRYPTED("SecuredPcaMaPreLinkageValueResponse", "SignedPcaMaPreLinkageValueResponse"),
	SIGNED("SignedMaPcaHPCRRequest", "ScopedMaPcaHPCRRequest"),
	ENCRYPTED("SecuredMaPcaHPCRRequest", "SignedMaPcaHPCRRequest"),
	SIGNED("SignedPcaMaHPCRResponse", "ScopedPcaMaHPCRResponse"),
	ENCRYPTED("SecuredPcaMaHPCRResponse", "SignedPcaMaHPCRResponse"),
	SIGNED("SignedBlacklistRequest", "ScopedBlacklistRequest"),
	ENCRYPTED("SecuredBlacklistRequest", "SignedBlacklistRequest"),
	SIGNED("SignedBlacklistResponse", "ScopedBlacklistResponse"),
	ENCRYPTED("SecuredBlacklistResponse", "SignedBlacklistResponse"),
	SIGNED("SignedRseObeIdBlacklistRequest", "ScopedRseObeIdBlacklistRequest"),
	ENCRYPTED("SecuredRseObeIdBlacklistRequest", "SignedRseObeIdBlacklistRequest"),
	SIGNED("SignedRseObeIdBlacklistResponse", "ScopedBlacklistResponse"),
	ENCRYPTED("SecuredRseObeIdBlacklistResponse", "SignedRseObeIdBlacklistResponse"),
	SIGNED("SignedLCIRequest", "ScopedLCIRequest"),
	ENCRYPTED("SecuredLCIRequest", "SignedLCIRequest"),
	SIGNED("SignedLCIResponse", "ScopedLCIResponse"),
	ENCRYPTED("SecuredLCIResponse", "SignedLCIResponse"),
	REQUEST("SecuredRaPcaCertificateRequest", "ScopedRaPcaCertificateRequest", ONE),
	SIGNED("SecuredPcaRaCertificateRequestReply", "ScopedPcaRaCertificateRequestReply"),

	/* what CAMP has messages for, and no wrapping; here as their like */
	MESSAGE("ScopedCDVRequest", ma_ra, MaRaInterfacePDU, maRaCDVRequest),
	SIGNED("SignedCDVRequest", "ScopedCDVRequest"),
	ENCRYPTED("SecuredCDVRequest", "SignedCDVRequest"),
	MESSAGE("ScopedCDVResponse", ma_ra, MaRaInterfacePDU, raMaCDVResponse),
	SIGNED("SignedCDVResponse", "ScopedCDVResponse"),
	ENCRYPTED("SecuredCDVResponse", "SignedCDVResponse"),
	/* CAMP's SignedRseObeIdBlacklistResponse is one of a ScopedBlacklistResponse, which cannot say which RIF it is about */
	SIGNED("SignedRseObeIdBlacklistAnswer", "ScopedRseObeIdBlacklistResponse"),
	ENCRYPTED("SecuredRseObeIdBlacklistAnswer", "SignedRseObeIdBlacklistAnswer"),

	MESSAGE("ScopedElectorEndorsement", ccm, ScmsComponentCertificateManagementPDU, tbsElectorEndorsement),
	SIGNED_AT("SignedElectorEndorsement", "ScopedElectorEndorsement"),
	MESSAGE("ScopedElectorBallot", ccm, ScmsComponentCertificateManagementPDU, electorBallot),
	UNSECURED("SecuredElectorBallot", "ScopedElectorBallot"),
	UNSECURED("UnsecuredElectorBallot", "ScopedElectorBallot"),

	/* 1.2.1: a vote carries the certificate */
	SCOPED("ScopedElectorEndorsement121", ScmsPDU121, ccm, ScmsComponentCertificateManagementPDU121, tbsElectorEndorsement),
	SIGNED_AT("SignedElectorEndorsement121", "ScopedElectorEndorsement121"),

	/* IEEE 1609.2: CRLs */
	ANYTHING("CrlContents", CrlContents),
	SIGNED_BY("SecuredCrl", "CrlContents", 0, ANY, PSID_CRL),
	ANYTHING("CrlContents2022", CrlContents2022),
	SIGNED_BY("SecuredCrl2022", "CrlContents2022", 0, ANY, PSID_CRL),

	/* IEEE 1609.2.1: trust lists */
	SCOPED("ScopedMultiSignedCtl", ScmsPduIeee, cert, CertManagementPdu, multiSignedCtl),
	UNSECURED("MultiSignedCtlSpdu", "ScopedMultiSignedCtl"),
	SCOPED("ScopedCtlSignature", ScmsPduIeee, cert, CertManagementPdu, tbsCtlSignature),
	SIGNED_BY("CtlSignatureSpdu", "ScopedCtlSignature", HEADER_GENERATION_TIME, ONE, PSID_SECURITY_MANAGEMENT),
};
/* clang-format on */

const size_t envelope_count = sizeof(envelopes) / sizeof(*envelopes);

const struct envelope *envelope_find(const char *name)
{
	for (size_t i = 0; i < envelope_count; i++) {
		if (strcmp(envelopes[i].name, name) == 0)
			return &envelopes[i];
	}
	return NULL;
}

/* A layer that is being checked: what it is, where it begins in the whole, and where to tell. */
struct layer {
	const struct envelope *row;
	struct scms_slice bytes;
	const uint8_t *start; /* of the whole */
	unsigned depth;
	struct oer_error *err;
};

static enum oer_status refuse(const struct layer *l, const uint8_t *at, const char *field, const char *expected,
			      const char *found)
{
	if (l->err) {
		*l->err = (struct oer_error){.status = OER_RANGE, .offset = (size_t)(at - l->start)};
		snprintf(l->err->path, sizeof(l->err->path), "%s%s", l->row->name, field);
		snprintf(l->err->expected, sizeof(l->err->expected), "%s", expected);
		snprintf(l->err->found, sizeof(l->err->found), "%s", found);
	}
	return OER_RANGE;
}

/* Decodes a layer as the codec does; a refusal tells the place in the whole, and the row for the type. */
static enum oer_status decode(const struct layer *l, const struct oer_type *type, void *out)
{
	enum oer_status status = oer_decode(type, l->bytes, l->depth, out, l->err);
	size_t name = strlen(type->name);
	char path[sizeof(l->err->path)];

	if (status == OER_OK || !l->err)
		return status;
	l->err->offset += (size_t)(l->bytes.p - l->start);
	if (strncmp(l->err->path, type->name, name) == 0) {
		memcpy(path, l->err->path, sizeof(path));
		snprintf(l->err->path, sizeof(l->err->path), "%s%.*s", l->row->name, (int)(sizeof(path) - name),
			 path + name);
	}
	return status;
}

static enum oer_status check(const struct layer *l, struct scms_slice *inner);

static enum oer_status check_held(const struct layer *l, struct scms_slice bytes, struct scms_slice *inner)
{
	struct layer held = *l;

	held.row = envelope_find(l->row->holds);
	held.bytes = bytes;
	return check(&held, inner);
}

/* ScmsPDU and ScmsFile begin with the version, the tag of content and the tag within it: a byte each. */
static bool is_message(const struct envelope *row, struct scms_slice bytes)
{
	return row->message[0] == ENVELOPE_MESSAGE_ANY ||
	       (bytes.n > 2 && bytes.p[1] == (0x80 | row->message[0]) && bytes.p[2] == (0x80 | row->message[1]));
}

static enum oer_status check_scoped(const struct layer *l, struct scms_slice *inner)
{
	enum oer_status status = decode(l, l->row->type, NULL);
	char expected[32], found[32];

	if (status != OER_OK)
		return status;
	if (!is_message(l->row, l->bytes)) {
		snprintf(expected, sizeof(expected), "tags 0x%02x 0x%02x", 0x80 | l->row->message[0],
			 0x80 | l->row->message[1]);
		snprintf(found, sizeof(found), "0x%02x 0x%02x", l->bytes.p[1], l->bytes.p[2]);
		return refuse(l, l->bytes.p + 1, ".content", expected, found);
	}
	if (inner)
		*inner = l->bytes;
	return OER_OK;
}

static enum oer_status check_signer(const struct layer *l, const uint8_t *at, const struct SignerIdentifier *signer)
{
	static const char *const forms[] = {"digest", "certificate", "self"};
	const char *found = signer->choice <= SignerIdentifier_is_self ? forms[signer->choice] : "an unknown form";
	char count[32];

	if (signer->choice == SignerIdentifier_is_certificate && signer->u.certificate.count != 1 &&
	    (l->row->signer == ENVELOPE_SIGNER_ONE || l->row->signer == ENVELOPE_SIGNER_AT_MOST_ONE)) {
		snprintf(count, sizeof(count), "%u certificates", signer->u.certificate.count);
		return refuse(l, at, ".signer", "one certificate", count);
	}
	if (l->row->signer == ENVELOPE_SIGNER_SELF && signer->choice != SignerIdentifier_is_self)
		return refuse(l, at, ".signer", "self", found);
	if (l->row->signer == ENVELOPE_SIGNER_ONE && signer->choice != SignerIdentifier_is_certificate)
		return refuse(l, at, ".signer", "one certificate", found);
	return OER_OK;
}

static enum oer_status check_header(const struct layer *l, const struct ToBeSignedData *tbs)
{
	static const struct {
		unsigned bit;
		const char *name;
	} fields[] = {
	    {HEADER_GENERATION_TIME, "generationTime"},
	    {HEADER_EXPIRY_TIME, "expiryTime"},
	    {HEADER_GENERATION_LOCATION, "generationLocation"},
	    {HEADER_P2PCD, "p2pcdLearningRequest"},
	    {HEADER_MISSING_CRL, "missingCrlIdentifier"},
	    {HEADER_ENCRYPTION_KEY, "encryptionKey"},
	    {HEADER_EXTENSION, "extensions"},
	};
	unsigned has = header_fields(&tbs->headerInfo);
	char path[64], expected[32], found[32];

	if (l->row->psid == ENVELOPE_PSID_ANY)
		return OER_OK;
	if (tbs->headerInfo.psid != l->row->psid) {
		snprintf(expected, sizeof(expected), "%u", l->row->psid);
		snprintf(found, sizeof(found), "%llu", (unsigned long long)tbs->headerInfo.psid);
		return refuse(l, tbs->raw.p, ".tbsData.headerInfo.psid", expected, found);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if ((has & fields[i].bit) == (l->row->header & fields[i].bit))
			continue;
		snprintf(path, sizeof(path), ".tbsData.headerInfo.%s", fields[i].name);
		return refuse(l, tbs->raw.p, path, has & fields[i].bit ? "it to be absent" : "it to be present",
			      has & fields[i].bit ? "it" : "nothing");
	}
	return OER_OK;
}

static enum oer_status check_signed(const struct layer *l, const struct SignedData *data, struct scms_slice *inner)
{
	const struct SignedDataPayload *payload = &data->tbsData.payload;
	struct scms_slice opaque;
	enum oer_status status = check_header(l, &data->tbsData);

	if (status == OER_OK)
		status = check_signer(l, data->raw.p, &data->signer);
	if (status != OER_OK)
		return status;
	if (payload->has_extDataHash || payload->extensions.n > 0)
		return refuse(l, data->raw.p, ".tbsData.payload", "data alone", "extDataHash or an extension");
	if (!signed_data_unsecured(data, &opaque))
		return refuse(l, data->raw.p, ".tbsData.payload", "unsecuredData", "no data, or secured data");
	return check_held(l, opaque, inner);
}

static enum oer_status check_request(const struct layer *l, struct scms_slice *inner)
{
	struct SignedCertificateRequest request;
	enum oer_status status = decode(l, &oer_SignedCertificateRequest, &request);

	if (status == OER_OK)
		status = check_signer(l, l->bytes.p, &request.signer);
	return status == OER_OK ? check_held(l, request.tbsRequest.raw, inner) : status;
}

static enum oer_status check_data(const struct layer *l, struct scms_slice *inner)
{
	static const char *const contents[] = {"unsecuredData", "signedData", "encryptedData",
					       "signedCertificateRequest"};
	static const uint8_t wanted[] = {
	    [ENVELOPE_UNSECURED] = Ieee1609Dot2Content_is_unsecuredData,
	    [ENVELOPE_SIGNED] = Ieee1609Dot2Content_is_signedData,
	    [ENVELOPE_ENCRYPTED] = Ieee1609Dot2Content_is_encryptedData,
	    [ENVELOPE_REQUESTED] = Ieee1609Dot2Content_is_signedCertificateRequest,
	};
	struct Ieee1609Dot2Data data;
	enum oer_status status = decode(l, &oer_Ieee1609Dot2Data, &data);
	struct layer request = *l;

	if (status != OER_OK || l->row->kind == ENVELOPE_ANY)
		return status;
	if (data.content.choice != wanted[l->row->kind])
		return refuse(l, l->bytes.p + 1, ".content", contents[wanted[l->row->kind]],
			      data.content.choice < 4 ? contents[data.content.choice] : "another content");
	switch (l->row->kind) {
	case ENVELOPE_UNSECURED:
		return check_held(l, data.content.u.unsecuredData, inner);
	case ENVELOPE_SIGNED:
		return check_signed(l, &data.content.u.signedData, inner);
	case ENVELOPE_REQUESTED:
		request.bytes = data.content.u.signedCertificateRequest;
		return check_request(&request, inner);
	default:
		return OER_OK;
	}
}

static enum oer_status check(const struct layer *l, struct scms_slice *inner)
{
	if (l->row->kind == ENVELOPE_SCOPED)
		return check_scoped(l, inner);
	if (l->row->kind == ENVELOPE_REQUEST)
		return check_request(l, inner);
	return check_data(l, inner);
}

enum oer_status envelope_check(const struct envelope *row, struct scms_slice bytes, unsigned depth,
			       struct scms_slice *inner, struct oer_error *err)
{
	struct layer l = {.row = row, .bytes = bytes, .start = bytes.p, .depth = depth, .err = err};

	if (inner)
		*inner = (struct scms_slice){bytes.p, 0};
	return check(&l, inner);
}

const struct oer_type *envelope_inside(struct scms_slice bytes, unsigned depth)
{
	/* Those with more structure first: what fits them by chance is less likely. */
	static const struct oer_type *const types[] = {
	    &oer_ScmsPDU,
	    &oer_ScmsPDU121,
	    &oer_ScmsFile,
	    &oer_ScmsFile121,
	    &oer_ScmsPduIeee,
	    &oer_CrlContents,
	    &oer_CrlContents2022,
	    &oer_Ieee1609Dot2Data,
	    &oer_ToBeSignedEncryptedCertificateResponse,
	    &oer_PlaintextCertificateResponse,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (oer_decode(types[i], bytes, depth, NULL, NULL) == OER_OK)
			return types[i];
	}
	return NULL;
}

/* What lies in the envelope, if that can be read. */
static bool opened(const struct Ieee1609Dot2Data *data, unsigned depth, struct scms_slice *inner, uint8_t *kind)
{
	struct SignedCertificateRequest request;

	switch (data->content.choice) {
	case Ieee1609Dot2Content_is_unsecuredData:
		*kind = ENVELOPE_UNSECURED;
		*inner = data->content.u.unsecuredData;
		return true;
	case Ieee1609Dot2Content_is_signedData:
		*kind = ENVELOPE_SIGNED;
		return signed_data_unsecured(&data->content.u.signedData, inner);
	case Ieee1609Dot2Content_is_signedCertificateRequest:
		*kind = ENVELOPE_REQUESTED;
		if (oer_decode(&oer_SignedCertificateRequest, data->content.u.signedCertificateRequest, depth, &request,
			       NULL) != OER_OK)
			return false;
		*inner = request.tbsRequest.raw;
		return true;
	default:
		return false;
	}
}

const struct envelope *envelope_guess(struct scms_slice bytes, unsigned depth)
{
	struct Ieee1609Dot2Data data;
	const struct oer_type *type;
	struct scms_slice inner;
	uint8_t kind;

	if (oer_decode(&oer_Ieee1609Dot2Data, bytes, depth, &data, NULL) != OER_OK ||
	    !opened(&data, depth, &inner, &kind))
		return NULL;
	type = envelope_inside(inner, depth);
	for (size_t i = 0; type && i < envelope_count; i++) {
		const struct envelope *held = envelopes[i].kind == kind ? envelope_find(envelopes[i].holds) : NULL;

		if (held && held->type == type && is_message(held, inner))
			return &envelopes[i];
	}
	return NULL;
}
