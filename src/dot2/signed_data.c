/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/signed_data.h"

enum oer_status signed_data_read(struct SignedData *to, struct scms_slice bytes, unsigned depth, struct oer_error *err)
{
	struct Ieee1609Dot2Data data;
	enum oer_status status = oer_decode(&oer_Ieee1609Dot2Data, bytes, depth, &data, err);

	if (status != OER_OK)
		return status;
	if (data.content.choice != Ieee1609Dot2Content_is_signedData) {
		if (err != NULL)
			*err = (struct oer_error){
			    .status = OER_RANGE,
			    .offset = 1,
			    .path = "Ieee1609Dot2Data.content",
			    .expected = "signedData",
			    .found = "another content",
			};
		return OER_RANGE;
	}
	*to = data.content.u.signedData;
	return OER_OK;
}

bool signed_data_unsecured(const struct SignedData *data, struct scms_slice *opaque)
{
	struct Ieee1609Dot2Data inner;

	if (!data->tbsData.payload.has_data)
		return false;
	if (oer_decode(&oer_Ieee1609Dot2Data, data->tbsData.payload.data, OER_DEPTH_DEFAULT, &inner, NULL) != OER_OK)
		return false;
	if (inner.content.choice != Ieee1609Dot2Content_is_unsecuredData)
		return false;
	*opaque = inner.content.u.unsecuredData;
	return true;
}

unsigned header_fields(const struct HeaderInfo *header)
{
	unsigned fields = 0;

	if (header->has_generationTime)
		fields |= HEADER_GENERATION_TIME;
	if (header->has_expiryTime)
		fields |= HEADER_EXPIRY_TIME;
	if (header->has_generationLocation)
		fields |= HEADER_GENERATION_LOCATION;
	if (header->has_p2pcdLearningRequest)
		fields |= HEADER_P2PCD;
	if (header->has_missingCrlIdentifier)
		fields |= HEADER_MISSING_CRL;
	if (header->has_encryptionKey)
		fields |= HEADER_ENCRYPTION_KEY;
	if (header->extensions.n > 0)
		fields |= HEADER_EXTENSION;
	return fields;
}

/* The point of an encryption key in uncompressed form, which canonical form compresses. */
static bool header_uncompressed_point(const struct HeaderInfo *header, struct scms_point *point)
{
	const struct BasePublicEncryptionKey *key;

	if (!header->has_encryptionKey || header->encryptionKey.choice != EncryptionKey_is_public)
		return false;
	key = &header->encryptionKey.u.public.publicKey;
	if (key->choice == BasePublicEncryptionKey_is_eciesNistP256)
		return point_of_256(&key->u.eciesNistP256, SCMS_NIST_P256, point) &&
		       point->form == SCMS_POINT_UNCOMPRESSED;
	if (key->choice == BasePublicEncryptionKey_is_eciesBrainpoolP256r1)
		return point_of_256(&key->u.eciesBrainpoolP256r1, SCMS_BRAINPOOL_P256R1, point) &&
		       point->form == SCMS_POINT_UNCOMPRESSED;
	return false;
}

void signed_data_digest(const struct SignedData *data, const uint8_t *signer_hash, enum scms_curve curve,
			const struct scms_crypto *crypto, uint8_t e[48])
{
	size_t width = scms_curve_bytes(curve);
	struct scms_slice raw = data->tbsData.raw;
	uint8_t tbs_hash[48], empty_hash[48];
	struct scms_slice parts[4];
	struct scms_point point;
	uint8_t tag;
	size_t n = 0;

	if (header_uncompressed_point(&data->tbsData.headerInfo, &point)) {
		const uint8_t *after = point.y + 32;

		tag = (point.y[31] & 1) ? 0x83 : 0x82;
		parts[n++] = (struct scms_slice){raw.p, (size_t)(point.x - 1 - raw.p)};
		parts[n++] = (struct scms_slice){&tag, 1};
		parts[n++] = (struct scms_slice){point.x, 32};
		parts[n++] = (struct scms_slice){after, (size_t)(raw.p + raw.n - after)};
	} else {
		parts[n++] = raw;
	}
	curve_hash(curve, crypto, parts, n, tbs_hash);
	if (signer_hash == NULL) {
		curve_hash(curve, crypto, NULL, 0, empty_hash);
		signer_hash = empty_hash;
	}
	parts[0] = (struct scms_slice){tbs_hash, width};
	parts[1] = (struct scms_slice){signer_hash, width};
	curve_hash(curve, crypto, parts, 2, e);
}

bool signed_data_request(const struct SignedData *data, const struct cert *signer, const struct scms_crypto *crypto,
			 uint8_t digest[48], struct scms_verify_request *request)
{
	enum scms_curve curve;
	int32_t hash_id;

	if (cert_is_implicit(signer))
		return false;
	if (!signature_parts(&data->signature, &curve, &request->r, &request->s))
		return false;
	request->u.point = cert_point(signer);
	if (request->u.point.curve != curve)
		return false;
	hash_id = scms_curve_bytes(curve) == 32 ? HashAlgorithm_sha256 : HashAlgorithm_sha384;
	if (data->hashId != hash_id)
		return false;
	signed_data_digest(data, cert_signer_hash(signer, curve), curve, crypto, digest);
	request->digest = digest;
	request->signer = SCMS_SIGNER_POINT;
	return true;
}
