/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/endorsement.h"

#include "dot2/validity.h"

#include <string.h>

static bool endorsement_124(struct endorsement *endorsement, struct scms_slice payload)
{
	const struct TbsElectorEndorsement *tbs;
	struct ScmsPDU pdu;

	if (oer_decode(&oer_ScmsPDU, payload, OER_DEPTH_DEFAULT, &pdu, NULL) != OER_OK)
		return false;
	if (pdu.content.choice != ScmsPDU_content_is_ccm ||
	    pdu.content.u.ccm.choice != ScmsComponentCertificateManagementPDU_is_tbsElectorEndorsement)
		return false;
	tbs = &pdu.content.u.ccm.u.tbsElectorEndorsement;
	*endorsement = (struct endorsement){
	    .type = tbs->type,
	    .time = time64_of(tbs->generationTime),
	    .certificate_hash = tbs->certificateHash,
	};
	return true;
}

static bool endorsement_121(struct endorsement *endorsement, struct scms_slice payload)
{
	const struct TbsElectorEndorsement121 *tbs;
	struct ScmsPDU121 pdu;

	if (oer_decode(&oer_ScmsPDU121, payload, OER_DEPTH_DEFAULT, &pdu, NULL) != OER_OK)
		return false;
	if (pdu.content.choice != ScmsPDU121_content_is_ccm ||
	    pdu.content.u.ccm.choice != ScmsComponentCertificateManagementPDU121_is_tbsElectorEndorsement)
		return false;
	tbs = &pdu.content.u.ccm.u.tbsElectorEndorsement;
	*endorsement = (struct endorsement){
	    .type = tbs->type,
	    .time = tbs->has_effectiveTime ? tbs->effectiveTime : 0,
	    .certificate = tbs->certificate.raw,
	};
	return true;
}

bool endorsement_read(struct endorsement *endorsement, enum ballot_form form, struct scms_slice payload)
{
	return form == FORM_124 ? endorsement_124(endorsement, payload) : endorsement_121(endorsement, payload);
}

bool vote_open(struct vote *vote, struct scms_slice bytes)
{
	return signed_data_read(&vote->data, bytes, OER_DEPTH_DEFAULT, NULL) == OER_OK &&
	       signed_data_unsecured(&vote->data, &vote->payload);
}

void vote_signer(const struct vote *vote, const struct scms_crypto *crypto, struct vote_signer *signer)
{
	const struct SignerIdentifier *from = &vote->data.signer;
	struct scms_slice first;
	struct oer_iter it;
	struct cert cert;

	*signer = (struct vote_signer){.named = false};
	if (from->choice == SignerIdentifier_is_digest) {
		signer->named = true;
		memcpy(signer->id8, from->u.digest, 8);
	} else if (from->choice == SignerIdentifier_is_certificate) {
		it = oer_iterate(&from->u.certificate);
		if (!oer_next_raw(&it, &first) || cert_read(&cert, first, crypto, NULL) != OER_OK)
			return;
		signer->named = true;
		signer->by_certificate = true;
		memcpy(signer->id8, cert_id8(&cert), 8);
		memcpy(signer->identity, cert.hash256, 32);
	}
}

enum scms_reason vote_header(const struct vote *vote, const struct ValidityPeriod *validity, scms_time64 now, uint64_t skew)
{
	const struct HeaderInfo *header = &vote->data.tbsData.headerInfo;

	/* B3.1 */
	if (header->psid != PSID_SECURITY_MANAGEMENT || header_fields(header) != HEADER_GENERATION_TIME ||
	    vote->data.tbsData.payload.has_extDataHash || vote->data.tbsData.payload.extensions.n > 0)
		return SCMS_VOTE_HEADER;
	/* B3.3 */
	if (header->generationTime > now + skew)
		return SCMS_VOTE_TIME_FUTURE;
	/* B3.2 */
	if (header->generationTime < validity_start(validity) || header->generationTime >= validity_end(validity))
		return SCMS_VOTE_TIME_OUTSIDE_VALIDITY;
	return SCMS_COUNTED;
}
