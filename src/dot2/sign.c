/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/sign.h"

#include <stdlib.h>
#include <string.h>

#include "dot2/signed_data.h"

enum key_status signer_check(const struct signer *signer, struct key_error *err)
{
	struct scms_point certified;

	if (!signer->cert || cert_is_implicit(signer->cert))
		return KEY_OK;
	certified = cert_point(signer->cert);
	if (point_is(&certified, private_key_public(signer->key)))
		return KEY_OK;
	return key_fail(err, KEY_MISMATCH, "the private key does not belong to the signer's certificate");
}

int32_t signer_hash_id(const struct signer *signer)
{
	return scms_curve_bytes(private_key_public(signer->key)->curve) == 32 ? HashAlgorithm_sha256
									      : HashAlgorithm_sha384;
}

enum key_status signer_sign(const struct signer *signer, struct scms_slice tbs, struct signed_by *out,
			    struct key_error *err)
{
	enum scms_curve curve = private_key_public(signer->key)->curve;
	size_t width = scms_curve_bytes(curve);
	uint8_t tbs_hash[48], empty_hash[48], e[48];
	struct scms_slice parts[2] = {{tbs_hash, width}, {empty_hash, width}};
	enum key_status status;

	curve_hash(curve, signer->crypto, &tbs, 1, tbs_hash);
	if (!signer->cert)
		curve_hash(curve, signer->crypto, NULL, 0, empty_hash);
	else if (width == 48 && !signer->cert->has384) /* an implicit certificate, whose key is never of 384 bits */
		return key_fail(err, KEY_MISMATCH, "the private key does not belong to the signer's certificate");
	else
		parts[1].p = cert_signer_hash(signer->cert, curve);
	curve_hash(curve, signer->crypto, parts, 2, e);
	status = private_key_sign(signer->key, e, out->r, out->s, err);
	if (status == KEY_OK)
		signature_from(curve, out->r, out->s, &out->signature);
	return status;
}

enum key_status signer_identify(const struct signer *signer, struct SignerIdentifier *to, struct bytes *chain,
				struct key_error *err)
{
	struct scms_slice part;

	*chain = (struct bytes){NULL, 0};
	*to = (struct SignerIdentifier){.choice = SignerIdentifier_is_self};
	if (!signer->cert)
		return KEY_OK;
	if (!signer->attach) {
		to->choice = SignerIdentifier_is_digest;
		to->u.digest = cert_id8(signer->cert);
		return KEY_OK;
	}
	chain->n = signer->cert->c.raw.n;
	for (uint32_t k = 0; k < signer->issuer_count; k++)
		chain->n += signer->issuers[k]->c.raw.n;
	chain->p = malloc(chain->n);
	if (!chain->p) {
		*chain = (struct bytes){NULL, 0};
		return key_fail(err, KEY_FAILED, "no memory for the signer's certificates");
	}
	part = signer->cert->c.raw;
	chain->n = 0;
	for (uint32_t k = 0;; k++) {
		memcpy(chain->p + chain->n, part.p, part.n);
		chain->n += part.n;
		if (k == signer->issuer_count)
			break;
		part = signer->issuers[k]->c.raw;
	}
	to->choice = SignerIdentifier_is_certificate;
	to->u.certificate = (struct oer_list){
	    .bytes = bytes_view(chain), .count = 1 + signer->issuer_count, .element = &oer_Certificate};
	return KEY_OK;
}

enum key_status signed_data_make(const struct signer *signer, const struct SignedDataPayload *payload,
				 const struct HeaderInfo *header, struct bytes *out, struct key_error *err)
{
	struct Ieee1609Dot2Data data = {.protocolVersion = 3, .content.choice = Ieee1609Dot2Content_is_signedData};
	struct SignedData *sd = &data.content.u.signedData;
	struct bytes tbs = {NULL, 0}, chain = {NULL, 0};
	struct signed_by by;
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	if (!payload->has_data && !payload->has_extDataHash)
		return key_fail(err, KEY_VALUE, "signed data needs a payload or the hash of one");
	sd->hashId = signer_hash_id(signer);
	sd->tbsData.payload = *payload;
	sd->tbsData.headerInfo = *header;
	if (header->has_encryptionKey && header->encryptionKey.choice == EncryptionKey_is_public)
		canonical_encryption_key(&sd->tbsData.headerInfo.encryptionKey.u.public);
	status = signer_check(signer, err);
	if (status == KEY_OK)
		status = make_bytes(&oer_ToBeSignedData, &sd->tbsData, &tbs, err);
	if (status == KEY_OK)
		status = signer_sign(signer, bytes_view(&tbs), &by, err);
	if (status == KEY_OK)
		status = signer_identify(signer, &sd->signer, &chain, err);
	if (status == KEY_OK) {
		sd->signature = by.signature;
		status = make_bytes(&oer_Ieee1609Dot2Data, &data, out, err);
	}
	bytes_free(&tbs);
	bytes_free(&chain);
	return status;
}

enum key_status unsecured_make(struct scms_slice opaque, struct bytes *out, struct key_error *err)
{
	struct Ieee1609Dot2Data data = {.protocolVersion = 3, .content.choice = Ieee1609Dot2Content_is_unsecuredData};

	data.content.u.unsecuredData = opaque;
	return make_bytes(&oer_Ieee1609Dot2Data, &data, out, err);
}

enum key_status signed_unsecured_make(const struct signer *signer, struct scms_slice opaque,
				      const struct HeaderInfo *header, struct bytes *out, struct key_error *err)
{
	struct SignedDataPayload payload = {.has_data = true};
	struct bytes inner;
	enum key_status status = unsecured_make(opaque, &inner, err);

	*out = (struct bytes){NULL, 0};
	payload.data = bytes_view(&inner);
	if (status == KEY_OK)
		status = signed_data_make(signer, &payload, header, out, err);
	bytes_free(&inner);
	return status;
}

enum key_status countersignature_make(const struct signer *signer, struct scms_slice external,
				      scms_time64 generation_time, struct bytes *out, struct key_error *err)
{
	enum scms_curve curve = private_key_public(signer->key)->curve;
	struct HeaderInfo header = {
	    .psid = PSID_SECURITY_MANAGEMENT,
	    .has_generationTime = true,
	    .generationTime = generation_time,
	};
	struct SignedDataPayload payload = {.has_extDataHash = true};
	uint8_t hash[48];

	curve_hash(curve, signer->crypto, &external, 1, hash);
	payload.extDataHash.choice =
	    scms_curve_bytes(curve) == 32 ? HashedData_is_sha256HashedData : HashedData_is_sha384HashedData;
	payload.extDataHash.u.sha256HashedData = hash; /* the same member for both */
	return signed_data_make(signer, &payload, &header, out, err);
}
