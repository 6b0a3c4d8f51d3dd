/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/request.h"

enum key_status certificate_request_make(const struct signer *signer, struct scms_slice pdu, struct bytes *out,
					 struct key_error *err)
{
	struct Ieee1609Dot2Data data = {.protocolVersion = 3,
					.content.choice = Ieee1609Dot2Content_is_signedCertificateRequest};
	struct SignedCertificateRequest request = {.hashId = signer_hash_id(signer)};
	struct bytes inner = {NULL, 0}, chain = {NULL, 0};
	struct oer_error refused;
	struct signed_by by;
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	if (oer_decode(&oer_ScmsPDU, pdu, OER_DEPTH_DEFAULT, &request.tbsRequest, &refused) != OER_OK)
		return key_fail(err, KEY_VALUE, "no ScmsPDU to sign: %s at byte %zu: %s expected, %s found",
				refused.path, refused.offset, refused.expected, refused.found);
	status = signer_check(signer, err);
	if (status == KEY_OK)
		status = signer_sign(signer, pdu, &by, err);
	if (status == KEY_OK)
		status = signer_identify(signer, &request.signer, &chain, err);
	if (status == KEY_OK) {
		request.signature = by.signature;
		status = make_bytes(&oer_SignedCertificateRequest, &request, &inner, err);
	}
	if (status == KEY_OK) {
		data.content.u.signedCertificateRequest = bytes_view(&inner);
		status = make_bytes(&oer_Ieee1609Dot2Data, &data, out, err);
	}
	bytes_free(&inner);
	bytes_free(&chain);
	return status;
}

enum oer_status certificate_request_read(struct SignedCertificateRequest *request, struct scms_slice bytes,
					 struct oer_error *err)
{
	struct Ieee1609Dot2Data data;
	enum oer_status status = oer_decode(&oer_Ieee1609Dot2Data, bytes, OER_DEPTH_DEFAULT, &data, err);

	if (status != OER_OK)
		return status;
	if (data.content.choice == Ieee1609Dot2Content_is_signedCertificateRequest)
		return oer_decode(&oer_SignedCertificateRequest, data.content.u.signedCertificateRequest,
				  OER_DEPTH_DEFAULT, request, err);
	if (err)
		*err = (struct oer_error){
		    .status = OER_RANGE,
		    .offset = 1,
		    .path = "Ieee1609Dot2Data.content",
		    .expected = "signedCertificateRequest",
		    .found = "another content",
		};
	return OER_RANGE;
}

bool certificate_request_question(const struct SignedCertificateRequest *request, const struct cert *signer,
				  const struct scms_point *key, const struct scms_crypto *crypto, uint8_t digest[48],
				  struct scms_verify_request *question)
{
	size_t width = scms_curve_bytes(key->curve);
	uint8_t tbs_hash[48], signer_hash[48];
	struct scms_slice parts[2] = {{tbs_hash, width}, {signer_hash, width}};
	enum scms_curve curve;

	if (!signature_parts(&request->signature, &curve, &question->r, &question->s) || curve != key->curve ||
	    request->hashId != (width == 32 ? HashAlgorithm_sha256 : HashAlgorithm_sha384))
		return false;
	curve_hash(curve, crypto, &request->tbsRequest.raw, 1, tbs_hash);
	if (signer)
		parts[1].p = cert_signer_hash(signer, curve);
	else
		curve_hash(curve, crypto, NULL, 0, signer_hash);
	curve_hash(curve, crypto, parts, 2, digest);
	question->digest = digest;
	question->signer = SCMS_SIGNER_POINT;
	question->u.point = *key;
	return true;
}
