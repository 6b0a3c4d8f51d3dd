/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/make.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "dot2/cert.h"

void bytes_free(struct bytes *bytes)
{
	if (bytes->p)
		OPENSSL_cleanse(bytes->p, bytes->n);
	free(bytes->p);
	*bytes = (struct bytes){NULL, 0};
}

enum key_status make_bytes(const struct oer_type *type, const void *value, struct bytes *out, struct key_error *err)
{
	enum oer_status status;
	size_t n;

	*out = (struct bytes){NULL, 0};
	status = oer_encode(type, value, NULL, 0, &n);
	if (status != OER_OK && status != OER_SPACE)
		return key_fail(err, KEY_VALUE, "cannot encode %s: %s", oer_type_name(type), oer_status_text(status));
	out->p = malloc(n ? n : 1);
	if (!out->p)
		return key_fail(err, KEY_FAILED, "no memory for %zu bytes of %s", n, oer_type_name(type));
	status = oer_encode(type, value, out->p, n, &out->n);
	if (status == OER_OK)
		return KEY_OK;
	bytes_free(out);
	return key_fail(err, KEY_VALUE, "cannot encode %s: %s", oer_type_name(type), oer_status_text(status));
}

void point_to_256(const struct curve_point *from, struct EccP256CurvePoint *to)
{
	to->choice = from->y[31] & 1 ? EccP256CurvePoint_is_compressed_y_1 : EccP256CurvePoint_is_compressed_y_0;
	to->u.compressed_y_0 = from->x; /* the same member for both */
}

static void point_to_384(const struct curve_point *from, struct EccP384CurvePoint *to)
{
	to->choice = from->y[47] & 1 ? EccP384CurvePoint_is_compressed_y_1 : EccP384CurvePoint_is_compressed_y_0;
	to->u.compressed_y_0 = from->x;
}

void point_to_verification_key(const struct curve_point *from, struct PublicVerificationKey *to)
{
	switch (from->curve) {
	case SCMS_NIST_P256:
		to->choice = PublicVerificationKey_is_ecdsaNistP256;
		point_to_256(from, &to->u.ecdsaNistP256);
		break;
	case SCMS_BRAINPOOL_P256R1:
		to->choice = PublicVerificationKey_is_ecdsaBrainpoolP256r1;
		point_to_256(from, &to->u.ecdsaBrainpoolP256r1);
		break;
	case SCMS_BRAINPOOL_P384R1:
		to->choice = PublicVerificationKey_is_ecdsaBrainpoolP384r1;
		point_to_384(from, &to->u.ecdsaBrainpoolP384r1);
		break;
	case SCMS_NIST_P384:
		to->choice = PublicVerificationKey_is_ecdsaNistP384;
		point_to_384(from, &to->u.ecdsaNistP384);
		break;
	}
}

bool point_to_encryption_key(const struct curve_point *from, struct PublicEncryptionKey *to)
{
	*to = (struct PublicEncryptionKey){.supportedSymmAlg = SymmAlgorithm_aes128Ccm};
	if (from->curve == SCMS_NIST_P256) {
		to->publicKey.choice = BasePublicEncryptionKey_is_eciesNistP256;
		point_to_256(from, &to->publicKey.u.eciesNistP256);
		return true;
	}
	to->publicKey.choice = BasePublicEncryptionKey_is_eciesBrainpoolP256r1;
	point_to_256(from, &to->publicKey.u.eciesBrainpoolP256r1);
	return from->curve == SCMS_BRAINPOOL_P256R1;
}

enum key_status point_from_256(const struct EccP256CurvePoint *from, const char *field, struct curve_point *to,
			       struct key_error *err)
{
	struct scms_point point;

	if (!point_of_256(from, SCMS_NIST_P256, &point) || !curve_point_read(&point, to))
		return key_fail(err, KEY_POINT, "%s: is no point of NIST P-256", field);
	return KEY_OK;
}

bool encryption_key_point(const struct PublicEncryptionKey *from, struct curve_point *to)
{
	const struct BasePublicEncryptionKey *key = &from->publicKey;
	struct scms_point point;

	if (from->supportedSymmAlg != SymmAlgorithm_aes128Ccm)
		return false;
	if (key->choice == BasePublicEncryptionKey_is_eciesNistP256)
		return point_of_256(&key->u.eciesNistP256, SCMS_NIST_P256, &point) && curve_point_read(&point, to);
	if (key->choice == BasePublicEncryptionKey_is_eciesBrainpoolP256r1)
		return point_of_256(&key->u.eciesBrainpoolP256r1, SCMS_BRAINPOOL_P256R1, &point) &&
		       curve_point_read(&point, to);
	return false;
}

bool point_is(const struct scms_point *written, const struct curve_point *point)
{
	size_t bytes = scms_curve_bytes(point->curve);
	bool odd = point->y[bytes - 1] & 1;

	if (written->curve != point->curve || !written->x || memcmp(written->x, point->x, bytes) != 0)
		return false;
	if (written->form == SCMS_POINT_UNCOMPRESSED)
		return memcmp(written->y, point->y, bytes) == 0;
	return written->form == (odd ? SCMS_POINT_COMPRESSED_Y1 : SCMS_POINT_COMPRESSED_Y0);
}

static void signature_256(const uint8_t *r, const uint8_t *s, struct EcdsaP256Signature *to)
{
	to->rSig.choice = EccP256CurvePoint_is_x_only;
	to->rSig.u.x_only = r;
	to->sSig = s;
}

static void signature_384(const uint8_t *r, const uint8_t *s, struct EcdsaP384Signature *to)
{
	to->rSig.choice = EccP384CurvePoint_is_x_only;
	to->rSig.u.x_only = r;
	to->sSig = s;
}

void signature_from(enum scms_curve curve, const uint8_t *r, const uint8_t *s, struct Signature *to)
{
	switch (curve) {
	case SCMS_NIST_P256:
		to->choice = Signature_is_ecdsaNistP256Signature;
		signature_256(r, s, &to->u.ecdsaNistP256Signature);
		break;
	case SCMS_BRAINPOOL_P256R1:
		to->choice = Signature_is_ecdsaBrainpoolP256r1Signature;
		signature_256(r, s, &to->u.ecdsaBrainpoolP256r1Signature);
		break;
	case SCMS_BRAINPOOL_P384R1:
		to->choice = Signature_is_ecdsaBrainpoolP384r1Signature;
		signature_384(r, s, &to->u.ecdsaBrainpoolP384r1Signature);
		break;
	case SCMS_NIST_P384:
		to->choice = Signature_is_ecdsaNistP384Signature;
		signature_384(r, s, &to->u.ecdsaNistP384Signature);
		break;
	}
}

static void compress_256(struct EccP256CurvePoint *point)
{
	const uint8_t *x = point->u.uncompressedP256.x;
	bool odd;

	if (point->choice != EccP256CurvePoint_is_uncompressedP256)
		return;
	odd = point->u.uncompressedP256.y[31] & 1;
	point->choice = odd ? EccP256CurvePoint_is_compressed_y_1 : EccP256CurvePoint_is_compressed_y_0;
	point->u.compressed_y_0 = x;
}

static void compress_384(struct EccP384CurvePoint *point)
{
	const uint8_t *x = point->u.uncompressedP384.x;
	bool odd;

	if (point->choice != EccP384CurvePoint_is_uncompressedP384)
		return;
	odd = point->u.uncompressedP384.y[47] & 1;
	point->choice = odd ? EccP384CurvePoint_is_compressed_y_1 : EccP384CurvePoint_is_compressed_y_0;
	point->u.compressed_y_0 = x;
}

void canonical_key(struct VerificationKeyIndicator *key)
{
	if (key->choice == VerificationKeyIndicator_is_reconstructionValue) {
		compress_256(&key->u.reconstructionValue);
		return;
	}
	if (key->choice != VerificationKeyIndicator_is_verificationKey)
		return;
	switch (key->u.verificationKey.choice) {
	case PublicVerificationKey_is_ecdsaNistP256:
		compress_256(&key->u.verificationKey.u.ecdsaNistP256);
		break;
	case PublicVerificationKey_is_ecdsaBrainpoolP256r1:
		compress_256(&key->u.verificationKey.u.ecdsaBrainpoolP256r1);
		break;
	case PublicVerificationKey_is_ecdsaBrainpoolP384r1:
		compress_384(&key->u.verificationKey.u.ecdsaBrainpoolP384r1);
		break;
	case PublicVerificationKey_is_ecdsaNistP384:
		compress_384(&key->u.verificationKey.u.ecdsaNistP384);
		break;
	default: /* SM2 stays as it is */
		break;
	}
}

void canonical_encryption_key(struct PublicEncryptionKey *key)
{
	if (key->publicKey.choice == BasePublicEncryptionKey_is_eciesNistP256)
		compress_256(&key->publicKey.u.eciesNistP256);
	else if (key->publicKey.choice == BasePublicEncryptionKey_is_eciesBrainpoolP256r1)
		compress_256(&key->publicKey.u.eciesBrainpoolP256r1);
}

void canonical_signature(struct Signature *signature)
{
	enum scms_curve curve;
	const uint8_t *r, *s;

	if (signature_parts(signature, &curve, &r, &s))
		signature_from(curve, r, s, signature);
}

void canonical_tbs_certificate(struct ToBeSignedCertificate *tbs)
{
	canonical_key(&tbs->verifyKeyIndicator);
	if (tbs->has_encryptionKey)
		canonical_encryption_key(&tbs->encryptionKey);
}
