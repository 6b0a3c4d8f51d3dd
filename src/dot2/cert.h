/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.h: a certificate as a judge needs it: decoded, hashed in canonical form, its key as a point.
 *
 * IEEE 1609.2 hashes a certificate in a canonical form in which every public point is compressed and every rSig x-only.
 * Canonical hashing here copies nothing: the bytes are hashed in pieces, with the tag (and, on the 384-bit curves, the
 * length) of a point replaced on the way.
 *
 * Three hashes matter and are easy to mix up:
 *   identity   SHA-256 of the canonical certificate, always; what scms calls a certificate (trust-rules, "Words")
 *   id8, id10  the tail of the canonical hash, SHA-384 when the certificate's own signature is on a 384-bit curve
 *   signer     what is hashed into e for everything that this certificate signs: with its own key's hash
 */
#ifndef DOT2_CERT_H
#define DOT2_CERT_H

#include "asn1/types.h"
#include "oer/oer.h"

#include <scms/base.h>
#include <scms/crypto.h>

/* A decoded certificate. It points into the bytes that it was read from. */
struct cert {
	struct Certificate c;
	uint8_t hash256[32]; /* SHA-256 of the canonical form: the identity */
	uint8_t hash384[48]; /* SHA-384 of it, where has384 */
	bool has384;	     /* own key or own signature on a 384-bit curve */
	bool sig384;	     /* own signature on a 384-bit curve */
};

/*
 * Decodes and hashes one certificate. Refused as the codec refuses, and with OER_RANGE where no judge could use it: an
 * explicit certificate without signature or verification key, an implicit one without reconstruction value, or with a
 * point or algorithm that is no P-256, P-384 or Brainpool one (SM2 is for display only).
 */
SCMS_CHECKED enum oer_status cert_read(struct cert *cert, struct scms_slice bytes, const struct scms_crypto *crypto,
				       struct oer_error *err);

/* As cert_read, for a certificate already decoded as part of something else; bytes are its encoding. */
SCMS_CHECKED bool cert_complete(struct cert *cert, const struct scms_crypto *crypto);

/* The last 8 bytes (HashedId8) and 10 bytes (HashedId10) of the certificate's hash. They point into cert. */
const uint8_t *cert_id8(const struct cert *cert);
const uint8_t *cert_id10(const struct cert *cert);

/* The tail of its hash of the twin with n - s in place of s (trust rule G5.6); false for a certificate without signature. */
bool cert_twin_id10(const struct cert *cert, const struct scms_crypto *crypto, uint8_t id10[10]);

static inline bool cert_is_implicit(const struct cert *cert)
{
	return cert->c.type == CertificateType_implicit;
}

/* Is it self-issued (issuer `self`)? */
bool cert_is_self_issued(const struct cert *cert);

/* The issuer's HashedId8, or NULL for a self-issued certificate. */
const uint8_t *cert_issuer_id8(const struct cert *cert);

/* The public key of an explicit certificate, or the reconstruction value of an implicit one. */
struct scms_point cert_point(const struct cert *cert);

/* Do two points have the same x on the same curve? Whoever knows the key of one knows that of the other. */
bool point_same_x(const struct scms_point *a, const struct scms_point *b);

/* Hash that a key on this curve signs with: 32 bytes of SHA-256, or 48 of SHA-384. */
void curve_hash(enum scms_curve curve, const struct scms_crypto *crypto, const struct scms_slice *parts, size_t n,
		uint8_t out[48]);

/*
 * The message representative e = H(H(toBeSigned) || H(signer)) of a certificate, H of the signing key's curve. issuer is
 * the certificate that signs it, or NULL for self (IEEE 1609.2: hash of the empty string).
 */
void cert_digest(const struct cert *cert, const struct cert *issuer, enum scms_curve curve, const struct scms_crypto *crypto,
		 uint8_t e[48]);

/*
 * Fills a request "is this explicit certificate's signature good under issuer's key" (issuer NULL: its own key). digest
 * has room for 48 bytes and must outlive the request. False where no signature of that key could ever fit: the
 * signature's curve is not the key's, r is `fill`, the issuer is implicit.
 */
SCMS_CHECKED bool cert_signature_request(const struct cert *cert, const struct cert *issuer, const struct scms_crypto *crypto,
					 uint8_t digest[48], struct scms_verify_request *request);

/* The parts of a Signature: curve, r (any point form; its x) and s. False for `fill` and for algorithms unknown here. */
SCMS_CHECKED bool signature_parts(const struct Signature *signature, enum scms_curve *curve, const uint8_t **r,
				  const uint8_t **s);

/* Hash that enters e for a signer: H(canonical certificate), with the hash of the key's curve. */
const uint8_t *cert_signer_hash(const struct cert *cert, enum scms_curve curve);

/* Points as the generated structs have them. False for a choice that is not one of the four curves. */
SCMS_CHECKED bool point_of_256(const struct EccP256CurvePoint *from, enum scms_curve curve, struct scms_point *to);
SCMS_CHECKED bool point_of_384(const struct EccP384CurvePoint *from, enum scms_curve curve, struct scms_point *to);
SCMS_CHECKED bool point_of_key(const struct PublicVerificationKey *from, struct scms_point *to);

#endif
