/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/issue.h"

#include <openssl/crypto.h>
#include <string.h>

/* The public keys in tbs must be points: a certificate over anything else could never be used, or worse. */
static enum key_status keys_check(const struct ToBeSignedCertificate *tbs, struct key_error *err)
{
	struct scms_point certified;
	struct curve_point point;

	if (tbs->verifyKeyIndicator.choice == VerificationKeyIndicator_is_verificationKey &&
	    (!point_of_key(&tbs->verifyKeyIndicator.u.verificationKey, &certified) ||
	     !curve_point_read(&certified, &point)))
		return key_fail(err, KEY_VALUE, "the key to be certified is no point of its curve");
	if (tbs->has_encryptionKey && !encryption_key_point(&tbs->encryptionKey, &point))
		return key_fail(err, KEY_VALUE, "the encryption key to be certified is no point of its curve");
	return KEY_OK;
}

static enum key_status self_check(const struct ToBeSignedCertificate *tbs, const struct signer *issuer,
				  struct key_error *err)
{
	struct scms_point certified;

	if (point_of_key(&tbs->verifyKeyIndicator.u.verificationKey, &certified) &&
	    point_is(&certified, private_key_public(issuer->key)))
		return KEY_OK;
	return key_fail(err, KEY_MISMATCH, "a self-signed certificate must certify the key that signs it");
}

static void issuer_identify(const struct signer *issuer, struct IssuerIdentifier *to)
{
	if (!issuer->cert) {
		to->choice = IssuerIdentifier_is_self;
		to->u.self = signer_hash_id(issuer);
	} else if (issuer->cert->sig384) {
		to->choice = IssuerIdentifier_is_sha384AndDigest;
		to->u.sha384AndDigest = cert_id8(issuer->cert);
	} else {
		to->choice = IssuerIdentifier_is_sha256AndDigest;
		to->u.sha256AndDigest = cert_id8(issuer->cert);
	}
}

enum key_status cert_issue(const struct ToBeSignedCertificate *tbs, const struct signer *issuer, struct bytes *out,
			   struct key_error *err)
{
	struct Certificate c = {.version = 3, .type = CertificateType_explicit, .toBeSigned = *tbs};
	struct bytes signed_part = {NULL, 0};
	struct signed_by by;
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	if (tbs->verifyKeyIndicator.choice != VerificationKeyIndicator_is_verificationKey)
		return key_fail(err, KEY_VALUE, "an explicit certificate needs a verification key");
	if (issuer->cert && cert_is_implicit(issuer->cert))
		return key_fail(err, KEY_MISMATCH, "an implicit certificate cannot issue explicit ones");
	status = keys_check(tbs, err);
	if (status == KEY_OK)
		status = issuer->cert ? signer_check(issuer, err) : self_check(tbs, issuer, err);
	canonical_tbs_certificate(&c.toBeSigned);
	issuer_identify(issuer, &c.issuer);
	if (status == KEY_OK)
		status = make_bytes(&oer_ToBeSignedCertificate, &c.toBeSigned, &signed_part, err);
	if (status == KEY_OK)
		status = signer_sign(issuer, bytes_view(&signed_part), &by, err);
	if (status == KEY_OK) {
		c.has_signature = true;
		c.signature = by.signature;
		status = make_bytes(&oer_Certificate, &c, out, err);
	}
	bytes_free(&signed_part);
	return status;
}

/* The certificate's e, under the issuer's key. */
static void implicit_digest(const struct signer *issuer, struct scms_slice tbs, uint8_t e[32])
{
	uint8_t hash[32];
	struct scms_slice parts[2] = {{hash, sizeof(hash)}, {issuer->cert->hash256, 32}};

	issuer->crypto->sha256(issuer->crypto->ctx, &tbs, 1, hash);
	issuer->crypto->sha256(issuer->crypto->ctx, parts, 2, e);
}

enum key_status cert_issue_implicit(const struct ToBeSignedCertificate *tbs, const struct curve_point *request,
				    const struct signer *issuer, struct bytes *out, uint8_t r[SCALAR_BYTES],
				    struct key_error *err)
{
	struct Certificate c = {.version = 3, .type = CertificateType_implicit, .toBeSigned = *tbs};
	struct bytes digested = {NULL, 0};
	struct ecqv_issue issue = {.k = {0}};
	uint8_t ca_private[CURVE_BYTES_MAX], e[32];
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	if (!issuer->cert || cert_is_implicit(issuer->cert))
		return key_fail(err, KEY_MISMATCH, "an implicit certificate needs an issuer with an explicit one");
	if (request->curve != private_key_public(issuer->key)->curve || scms_curve_bytes(request->curve) != 32)
		return key_fail(err, KEY_CURVE, "issuer and request key must be on the same 256-bit curve");
	status = private_key_scalar(issuer->key, ca_private, err);
	if (status != KEY_OK)
		return status;
	status = signer_check(issuer, err);
	if (status == KEY_OK && !ecqv_begin(request, &issue))
		status =
		    key_fail(err, KEY_POINT, "the request key is no point of curve %s", curve_name(request->curve));
	if (status == KEY_OK) {
		issuer_identify(issuer, &c.issuer);
		c.toBeSigned.verifyKeyIndicator.choice = VerificationKeyIndicator_is_reconstructionValue;
		point_to_256(&issue.reconstruction, &c.toBeSigned.verifyKeyIndicator.u.reconstructionValue);
		status = keys_check(&c.toBeSigned, err);
	}
	if (status == KEY_OK) {
		canonical_tbs_certificate(&c.toBeSigned);
		status = make_bytes(&oer_ToBeSignedCertificate, &c.toBeSigned, &digested, err);
	}
	if (status == KEY_OK)
		status = make_bytes(&oer_Certificate, &c, out, err);
	if (status == KEY_OK) {
		implicit_digest(issuer, bytes_view(&digested), e);
		if (!ecqv_finish(&issue, e, ca_private, r))
			status = key_fail(err, KEY_FAILED, "the implicit certificate could not be completed");
	}
	if (status != KEY_OK)
		bytes_free(out);
	bytes_free(&digested);
	OPENSSL_cleanse(ca_private, sizeof(ca_private));
	OPENSSL_cleanse(&issue, sizeof(issue));
	return status;
}

enum key_status cert_accept_implicit(const struct cert *cert, const struct cert *issuer,
				     const struct private_key *request, const uint8_t r[SCALAR_BYTES],
				     const struct scms_crypto *crypto, struct private_key **key, struct key_error *err)
{
	struct scms_point written = cert_point(cert), certified = cert_point(issuer);
	struct curve_point reconstruction, ca;
	uint8_t k_u[CURVE_BYTES_MAX], d[SCALAR_BYTES], e[48];
	enum scms_curve curve = private_key_public(request)->curve;
	enum key_status status;

	*key = NULL;
	if (!cert_is_implicit(cert) || cert_is_implicit(issuer) || certified.curve != curve ||
	    scms_curve_bytes(curve) != 32)
		return key_fail(err, KEY_MISMATCH, "certificate, issuer and request key do not belong together");
	written.curve = curve; /* the reconstruction value is on its issuer's curve, whichever that is */
	if (!curve_point_read(&written, &reconstruction) || !curve_point_read(&certified, &ca))
		return key_fail(err, KEY_POINT, "the certificate's reconstruction value is no point");
	status = private_key_scalar(request, k_u, err);
	if (status != KEY_OK)
		return status;
	cert_digest(cert, issuer, curve, crypto, e);
	if (ecqv_accept(&reconstruction, e, &ca, k_u, r, d))
		status = private_key_from_scalar(curve, d, key, err);
	else
		status = key_fail(err, KEY_MISMATCH, "certificate, issuer, request key and r do not belong together");
	OPENSSL_cleanse(k_u, sizeof(k_u));
	OPENSSL_cleanse(d, sizeof(d));
	return status;
}
