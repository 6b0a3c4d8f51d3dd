/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/cert.h"

#include "dot2/order.h"

#include <string.h>

bool point_of_256(const struct EccP256CurvePoint *from, enum scms_curve curve, struct scms_point *to)
{
	to->curve = curve;
	to->form = (enum scms_point_form)from->choice;
	to->y = NULL;
	switch (from->choice) {
	case EccP256CurvePoint_is_x_only:
		to->x = from->u.x_only;
		return true;
	case EccP256CurvePoint_is_compressed_y_0:
		to->x = from->u.compressed_y_0;
		return true;
	case EccP256CurvePoint_is_compressed_y_1:
		to->x = from->u.compressed_y_1;
		return true;
	case EccP256CurvePoint_is_uncompressedP256:
		to->x = from->u.uncompressedP256.x;
		to->y = from->u.uncompressedP256.y;
		return true;
	default: /* fill: no point at all */
		to->x = NULL;
		return false;
	}
}

bool point_of_384(const struct EccP384CurvePoint *from, enum scms_curve curve, struct scms_point *to)
{
	to->curve = curve;
	to->form = (enum scms_point_form)from->choice;
	to->y = NULL;
	switch (from->choice) {
	case EccP384CurvePoint_is_x_only:
		to->x = from->u.x_only;
		return true;
	case EccP384CurvePoint_is_compressed_y_0:
		to->x = from->u.compressed_y_0;
		return true;
	case EccP384CurvePoint_is_compressed_y_1:
		to->x = from->u.compressed_y_1;
		return true;
	case EccP384CurvePoint_is_uncompressedP384:
		to->x = from->u.uncompressedP384.x;
		to->y = from->u.uncompressedP384.y;
		return true;
	default:
		to->x = NULL;
		return false;
	}
}

bool point_of_key(const struct PublicVerificationKey *from, struct scms_point *to)
{
	switch (from->choice) {
	case PublicVerificationKey_is_ecdsaNistP256:
		return point_of_256(&from->u.ecdsaNistP256, SCMS_NIST_P256, to);
	case PublicVerificationKey_is_ecdsaBrainpoolP256r1:
		return point_of_256(&from->u.ecdsaBrainpoolP256r1, SCMS_BRAINPOOL_P256R1, to);
	case PublicVerificationKey_is_ecdsaBrainpoolP384r1:
		return point_of_384(&from->u.ecdsaBrainpoolP384r1, SCMS_BRAINPOOL_P384R1, to);
	case PublicVerificationKey_is_ecdsaNistP384:
		return point_of_384(&from->u.ecdsaNistP384, SCMS_NIST_P384, to);
	default:
		return false;
	}
}

bool signature_parts(const struct Signature *signature, enum scms_curve *curve, const uint8_t **r, const uint8_t **s)
{
	struct scms_point point;
	bool usable;

	switch (signature->choice) {
	case Signature_is_ecdsaNistP256Signature:
		usable = point_of_256(&signature->u.ecdsaNistP256Signature.rSig, SCMS_NIST_P256, &point);
		*s = signature->u.ecdsaNistP256Signature.sSig;
		break;
	case Signature_is_ecdsaBrainpoolP256r1Signature:
		usable = point_of_256(&signature->u.ecdsaBrainpoolP256r1Signature.rSig, SCMS_BRAINPOOL_P256R1, &point);
		*s = signature->u.ecdsaBrainpoolP256r1Signature.sSig;
		break;
	case Signature_is_ecdsaBrainpoolP384r1Signature:
		usable = point_of_384(&signature->u.ecdsaBrainpoolP384r1Signature.rSig, SCMS_BRAINPOOL_P384R1, &point);
		*s = signature->u.ecdsaBrainpoolP384r1Signature.sSig;
		break;
	case Signature_is_ecdsaNistP384Signature:
		usable = point_of_384(&signature->u.ecdsaNistP384Signature.rSig, SCMS_NIST_P384, &point);
		*s = signature->u.ecdsaNistP384Signature.sSig;
		break;
	default:
		return false;
	}
	*curve = point.curve;
	*r = point.x;
	return usable;
}

bool point_same_x(const struct scms_point *a, const struct scms_point *b)
{
	return a->curve == b->curve && memcmp(a->x, b->x, scms_curve_bytes(a->curve)) == 0;
}

/*
 * Canonical form as a list of pieces. Only tags and lengths of points differ from the bytes as received, and the y of an
 * uncompressed point falls away, so a point gives at most three pieces: what is before it, its tag, its x. There are at
 * most three points, and a last piece for the rest.
 */
#define CANONICAL_PIECES 10

struct canonical {
	struct scms_slice piece[CANONICAL_PIECES];
	size_t n;
	uint8_t patch[3][2];
	size_t patches;
	const uint8_t *at;
};

static void canonical_copy(struct canonical *to, const uint8_t *until)
{
	to->piece[to->n++] = (struct scms_slice){to->at, (size_t)(until - to->at)};
}

/*
 * Puts a point into the wanted form. The point's tag stands before its x; on the 384-bit curves the value is an extension
 * alternative, and the length of that stands before the tag and changes when y goes.
 */
static void canonical_point(struct canonical *to, const struct scms_point *point, bool is_r)
{
	size_t width = scms_curve_bytes(point->curve);
	uint8_t *patch = to->patch[to->patches];
	const uint8_t *from = point->x - 1;
	size_t patch_len = 1;
	uint8_t tag;

	if (is_r)
		tag = 0x80;
	else if (point->form == SCMS_POINT_UNCOMPRESSED)
		tag = (point->y[width - 1] & 1) ? 0x83 : 0x82;
	else
		return;
	if (is_r && point->form == SCMS_POINT_X_ONLY)
		return;
	if (width == 48) {
		/* rSig || sSig is 145 bytes with y, which takes a length of two bytes; 97 without. */
		from -= is_r && point->form == SCMS_POINT_UNCOMPRESSED ? 2 : 1;
		patch[0] = is_r ? 97 : 49;
		patch_len = 2;
	}
	patch[patch_len - 1] = tag;
	canonical_copy(to, from);
	to->piece[to->n++] = (struct scms_slice){patch, patch_len};
	to->patches++;
	to->at = point->x;
	if (point->form == SCMS_POINT_UNCOMPRESSED) {
		canonical_copy(to, point->y);
		to->at = point->y + width;
	}
}

/* The points of a toBeSigned, in the order in which they stand. */
static void canonical_tbs_points(struct canonical *to, const struct ToBeSignedCertificate *tbs)
{
	struct scms_point point;

	if (tbs->has_encryptionKey) {
		const struct BasePublicEncryptionKey *key = &tbs->encryptionKey.publicKey;

		if (key->choice == BasePublicEncryptionKey_is_eciesNistP256 &&
		    point_of_256(&key->u.eciesNistP256, SCMS_NIST_P256, &point))
			canonical_point(to, &point, false);
		else if (key->choice == BasePublicEncryptionKey_is_eciesBrainpoolP256r1 &&
			 point_of_256(&key->u.eciesBrainpoolP256r1, SCMS_BRAINPOOL_P256R1, &point))
			canonical_point(to, &point, false);
	}
	if (tbs->verifyKeyIndicator.choice == VerificationKeyIndicator_is_verificationKey) {
		if (point_of_key(&tbs->verifyKeyIndicator.u.verificationKey, &point))
			canonical_point(to, &point, false);
	} else if (tbs->verifyKeyIndicator.choice == VerificationKeyIndicator_is_reconstructionValue) {
		if (point_of_256(&tbs->verifyKeyIndicator.u.reconstructionValue, SCMS_NIST_P256, &point))
			canonical_point(to, &point, false);
	}
}

static void canonical_tbs(struct canonical *to, const struct Certificate *c)
{
	struct scms_slice raw = c->toBeSigned.raw;

	*to = (struct canonical){.at = raw.p};
	canonical_tbs_points(to, &c->toBeSigned);
	canonical_copy(to, raw.p + raw.n);
}

static bool signature_r(const struct Signature *signature, struct scms_point *r)
{
	switch (signature->choice) {
	case Signature_is_ecdsaNistP256Signature:
		return point_of_256(&signature->u.ecdsaNistP256Signature.rSig, SCMS_NIST_P256, r);
	case Signature_is_ecdsaBrainpoolP256r1Signature:
		return point_of_256(&signature->u.ecdsaBrainpoolP256r1Signature.rSig, SCMS_BRAINPOOL_P256R1, r);
	case Signature_is_ecdsaBrainpoolP384r1Signature:
		return point_of_384(&signature->u.ecdsaBrainpoolP384r1Signature.rSig, SCMS_BRAINPOOL_P384R1, r);
	case Signature_is_ecdsaNistP384Signature:
		return point_of_384(&signature->u.ecdsaNistP384Signature.rSig, SCMS_NIST_P384, r);
	default:
		return false;
	}
}

static void canonical_cert(struct canonical *to, const struct Certificate *c)
{
	struct scms_point r;

	*to = (struct canonical){.at = c->raw.p};
	canonical_tbs_points(to, &c->toBeSigned);
	if (c->has_signature && signature_r(&c->signature, &r))
		canonical_point(to, &r, true);
	canonical_copy(to, c->raw.p + c->raw.n);
}

void curve_hash(enum scms_curve curve, const struct scms_crypto *crypto, const struct scms_slice *parts, size_t n,
		uint8_t out[48])
{
	if (scms_curve_bytes(curve) == 32)
		crypto->sha256(crypto->ctx, parts, n, out);
	else
		crypto->sha384(crypto->ctx, parts, n, out);
}

static bool key_is_usable(const struct scms_point *point)
{
	return point->form == SCMS_POINT_COMPRESSED_Y0 || point->form == SCMS_POINT_COMPRESSED_Y1 ||
	       point->form == SCMS_POINT_UNCOMPRESSED;
}

bool cert_complete(struct cert *cert, const struct scms_crypto *crypto)
{
	const struct Certificate *c = &cert->c;
	struct canonical canonical;
	struct scms_point point;
	enum scms_curve curve;
	const uint8_t *r, *s;

	if (c->type == CertificateType_explicit) {
		if (!c->has_signature || c->toBeSigned.verifyKeyIndicator.choice != VerificationKeyIndicator_is_verificationKey)
			return false;
	} else if (c->type == CertificateType_implicit) {
		if (c->has_signature || c->toBeSigned.verifyKeyIndicator.choice != VerificationKeyIndicator_is_reconstructionValue)
			return false;
	} else {
		return false;
	}
	point = cert_point(cert);
	if (point.x == NULL || !key_is_usable(&point))
		return false;
	cert->sig384 = false;
	if (c->has_signature && signature_parts(&c->signature, &curve, &r, &s))
		cert->sig384 = scms_curve_bytes(curve) == 48;
	cert->has384 = cert->sig384 || scms_curve_bytes(point.curve) == 48;
	canonical_cert(&canonical, c);
	crypto->sha256(crypto->ctx, canonical.piece, canonical.n, cert->hash256);
	if (cert->has384)
		crypto->sha384(crypto->ctx, canonical.piece, canonical.n, cert->hash384);
	return true;
}

enum oer_status cert_read(struct cert *cert, struct scms_slice bytes, const struct scms_crypto *crypto,
			  struct oer_error *err)
{
	enum oer_status status = oer_decode(&oer_Certificate, bytes, OER_DEPTH_DEFAULT, &cert->c, err);

	if (status != OER_OK)
		return status;
	if (!cert_complete(cert, crypto)) {
		if (err != NULL)
			*err = (struct oer_error){
			    .status = OER_RANGE,
			    .path = "Certificate",
			    .expected = "explicit with key and signature, or implicit with P_U",
			    .found = "another shape, or an unusable key",
			};
		return OER_RANGE;
	}
	return OER_OK;
}

static const uint8_t *cert_hash_tail(const struct cert *cert, size_t n)
{
	return cert->sig384 ? cert->hash384 + 48 - n : cert->hash256 + 32 - n;
}

const uint8_t *cert_id8(const struct cert *cert)
{
	return cert_hash_tail(cert, 8);
}

const uint8_t *cert_id10(const struct cert *cert)
{
	return cert_hash_tail(cert, 10);
}

bool cert_is_self_issued(const struct cert *cert)
{
	return cert->c.issuer.choice == IssuerIdentifier_is_self;
}

const uint8_t *cert_issuer_id8(const struct cert *cert)
{
	switch (cert->c.issuer.choice) {
	case IssuerIdentifier_is_sha256AndDigest:
		return cert->c.issuer.u.sha256AndDigest;
	case IssuerIdentifier_is_sha384AndDigest:
		return cert->c.issuer.u.sha384AndDigest;
	default:
		return NULL;
	}
}

struct scms_point cert_point(const struct cert *cert)
{
	const struct VerificationKeyIndicator *key = &cert->c.toBeSigned.verifyKeyIndicator;
	struct scms_point point = {.x = NULL};
	bool known = false;

	if (key->choice == VerificationKeyIndicator_is_verificationKey)
		known = point_of_key(&key->u.verificationKey, &point);
	else if (key->choice == VerificationKeyIndicator_is_reconstructionValue)
		known = point_of_256(&key->u.reconstructionValue, SCMS_NIST_P256, &point);
	if (!known)
		point.x = NULL;
	return point;
}

const uint8_t *cert_signer_hash(const struct cert *cert, enum scms_curve curve)
{
	return scms_curve_bytes(curve) == 32 ? cert->hash256 : cert->hash384;
}

void cert_digest(const struct cert *cert, const struct cert *issuer, enum scms_curve curve,
		 const struct scms_crypto *crypto, uint8_t e[48])
{
	size_t width = scms_curve_bytes(curve);
	struct canonical canonical;
	uint8_t tbs_hash[48], empty_hash[48];
	struct scms_slice parts[2];

	canonical_tbs(&canonical, &cert->c);
	curve_hash(curve, crypto, canonical.piece, canonical.n, tbs_hash);
	parts[0] = (struct scms_slice){tbs_hash, width};
	if (issuer != NULL) {
		parts[1] = (struct scms_slice){cert_signer_hash(issuer, curve), width};
	} else {
		curve_hash(curve, crypto, NULL, 0, empty_hash);
		parts[1] = (struct scms_slice){empty_hash, width};
	}
	curve_hash(curve, crypto, parts, 2, e);
}

bool cert_signature_request(const struct cert *cert, const struct cert *issuer, const struct scms_crypto *crypto,
			    uint8_t digest[48], struct scms_verify_request *request)
{
	const struct cert *signer = issuer != NULL ? issuer : cert;
	enum scms_curve curve;

	if (!cert->c.has_signature || cert_is_implicit(signer))
		return false;
	if (!signature_parts(&cert->c.signature, &curve, &request->r, &request->s))
		return false;
	request->u.point = cert_point(signer);
	if (request->u.point.curve != curve)
		return false;
	cert_digest(cert, issuer, curve, crypto, digest);
	request->digest = digest;
	request->signer = SCMS_SIGNER_POINT;
	return true;
}

bool cert_twin_id10(const struct cert *cert, const struct scms_crypto *crypto, uint8_t id10[10])
{
	const struct Certificate *c = &cert->c;
	struct canonical canonical;
	enum scms_curve curve;
	const uint8_t *r, *s;
	uint8_t twin[48], hash[48];
	struct scms_slice *last, parts[CANONICAL_PIECES + 1];
	size_t width, k;

	if (!c->has_signature || !signature_parts(&c->signature, &curve, &r, &s))
		return false;
	width = scms_curve_bytes(curve);
	if (!order_negate(curve, s, twin))
		return false;
	canonical_cert(&canonical, c);
	/* s is the end of the certificate: cut it off the last piece and put its twin there. */
	last = &canonical.piece[canonical.n - 1];
	last->n -= width;
	for (k = 0; k < canonical.n; k++)
		parts[k] = canonical.piece[k];
	parts[k++] = (struct scms_slice){twin, width};
	if (width == 48)
		crypto->sha384(crypto->ctx, parts, k, hash);
	else
		crypto->sha256(crypto->ctx, parts, k, hash);
	memcpy(id10, hash + width - 10, 10);
	return true;
}
