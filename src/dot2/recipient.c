/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "dot2/encrypt.h"
#include "dot2/signed_data.h"

enum key_status recipient_of_cert(const struct cert *cert, struct recipient *to, struct key_error *err)
{
	memset(to, 0, sizeof(*to));
	to->kind = RecipientInfo_is_certRecipInfo;
	if (!cert->c.toBeSigned.has_encryptionKey ||
	    !encryption_key_point(&cert->c.toBeSigned.encryptionKey, &to->public))
		return key_fail(err, KEY_VALUE, "the certificate has no encryption key that can be used");
	memcpy(to->id, cert_id8(cert), sizeof(to->id));
	/* The whole-certificate hash, the one whose tail is the id. */
	to->p1_length = cert->sig384 ? 48 : 32;
	memcpy(to->p1, cert->sig384 ? cert->hash384 : cert->hash256, to->p1_length);
	return KEY_OK;
}

/* The signer's certificates in canonical form, one after another. */
static enum key_status certificates_canonical(const struct oer_list *from, struct bytes *out, struct key_error *err)
{
	struct oer_iter it = oer_iterate(from);
	struct Certificate c;
	enum key_status status = KEY_OK;
	size_t n;

	/* Canonical is never longer: it only drops the y of points. */
	*out = (struct bytes){malloc(from->bytes.n ? from->bytes.n : 1), 0};
	if (!out->p)
		return key_fail(err, KEY_FAILED, "no memory for certificates");
	while (status == KEY_OK && oer_next(&it, &c)) {
		canonical_tbs_certificate(&c.toBeSigned);
		if (c.has_signature)
			canonical_signature(&c.signature);
		if (oer_encode(&oer_Certificate, &c, out->p + out->n, from->bytes.n - out->n, &n) != OER_OK)
			status = key_fail(err, KEY_VALUE, "a certificate cannot be brought into canonical form");
		else
			out->n += n;
	}
	return status;
}

/* SHA-256 of a signed message in canonical form: all points that the message itself carries, its signers' included. */
static enum key_status message_hash(const struct SignedData *message, const struct scms_crypto *crypto,
				    uint8_t hash[32], struct key_error *err)
{
	struct Ieee1609Dot2Data data = {.protocolVersion = 3, .content.choice = Ieee1609Dot2Content_is_signedData};
	struct SignedData *sd = &data.content.u.signedData;
	struct bytes certificates = {NULL, 0}, canonical = {NULL, 0};
	struct scms_slice part;
	enum key_status status = KEY_OK;

	*sd = *message;
	canonical_encryption_key(&sd->tbsData.headerInfo.encryptionKey.u.public);
	canonical_signature(&sd->signature);
	if (sd->signer.choice == SignerIdentifier_is_certificate) {
		status = certificates_canonical(&message->signer.u.certificate, &certificates, err);
		sd->signer.u.certificate.bytes = bytes_view(&certificates);
	}
	if (status == KEY_OK)
		status = make_bytes(&oer_Ieee1609Dot2Data, &data, &canonical, err);
	if (status == KEY_OK) {
		part = bytes_view(&canonical);
		crypto->sha256(crypto->ctx, &part, 1, hash);
	}
	bytes_free(&certificates);
	bytes_free(&canonical);
	return status;
}

enum key_status recipient_of_signed_data(struct scms_slice message, const struct scms_crypto *crypto,
					 struct recipient *to, struct key_error *err)
{
	struct SignedData data;
	struct oer_error refused;
	const struct HeaderInfo *header = &data.tbsData.headerInfo;
	enum key_status status;

	memset(to, 0, sizeof(*to));
	to->kind = RecipientInfo_is_signedDataRecipInfo;
	if (signed_data_read(&data, message, OER_DEPTH_DEFAULT, &refused) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "not signed data: %s at byte %zu: %s expected, %s found",
				refused.path, refused.offset, refused.expected, refused.found);
	if (!header->has_encryptionKey || header->encryptionKey.choice != EncryptionKey_is_public ||
	    !encryption_key_point(&header->encryptionKey.u.public, &to->public))
		return key_fail(err, KEY_VALUE, "the signed message has no encryption key that can be used");
	to->p1_length = 32;
	status = message_hash(&data, crypto, to->p1, err);
	memcpy(to->id, to->p1 + 24, sizeof(to->id));
	return status;
}

/* The last eight bytes of the hash of a key's encoding. */
static enum key_status key_id(const struct oer_type *type, const void *key, const struct scms_crypto *crypto,
			      uint8_t id[8], struct key_error *err)
{
	struct bytes encoded;
	uint8_t hash[32];
	struct scms_slice part;
	enum key_status status = make_bytes(type, key, &encoded, err);

	if (status == KEY_OK) {
		part = bytes_view(&encoded);
		crypto->sha256(crypto->ctx, &part, 1, hash);
		memcpy(id, hash + 24, 8);
	}
	bytes_free(&encoded);
	return status;
}

enum key_status recipient_of_response_key(const struct curve_point *public, const struct scms_crypto *crypto,
					  struct recipient *to, struct key_error *err)
{
	struct PublicEncryptionKey key;

	memset(to, 0, sizeof(*to));
	to->kind = RecipientInfo_is_rekRecipInfo;
	to->public = *public;
	if (!point_to_encryption_key(public, &key))
		return key_fail(err, KEY_CURVE, "curve %s has no encryption keys", curve_name(public->curve));
	to->p1_length = 32;
	crypto->sha256(crypto->ctx, NULL, 0, to->p1);
	return key_id(&oer_PublicEncryptionKey, &key, crypto, to->id, err);
}

enum key_status recipient_of_symmetric_key(const uint8_t key[AES_128_KEY], bool pre_shared,
					   const struct scms_crypto *crypto, struct recipient *to,
					   struct key_error *err)
{
	struct SymmetricEncryptionKey encoded = {.choice = SymmetricEncryptionKey_is_aes128Ccm};

	memset(to, 0, sizeof(*to));
	to->kind = pre_shared ? RecipientInfo_is_pskRecipInfo : RecipientInfo_is_symmRecipInfo;
	memcpy(to->key, key, AES_128_KEY);
	encoded.u.aes128Ccm = key;
	return key_id(&oer_SymmetricEncryptionKey, &encoded, crypto, to->id, err);
}
