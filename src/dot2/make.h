/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make.h: what making IEEE 1609.2 structures shares.
 *
 * Everything made here is in canonical form: public points compressed, rSig
 * x-only. What a caller gives in other forms is brought into it.
 */
#ifndef DOT2_MAKE_H
#define DOT2_MAKE_H

#include "asn1/types.h"
#include "crypto/curve.h"
#include "crypto/key_error.h"
#include "oer/oer.h"

/* Bytes in memory of their own: whoever holds it frees it with bytes_free(). */
struct bytes {
	uint8_t *p;
	size_t n;
};

static inline struct scms_slice bytes_view(const struct bytes *bytes)
{
	return (struct scms_slice){bytes->p, bytes->n};
}

/* Wipes and frees. */
void bytes_free(struct bytes *bytes);

/* The encoding of a value in new memory. KEY_VALUE if the value is outside its type, KEY_FAILED without memory. */
SCMS_CHECKED enum key_status make_bytes(const struct oer_type *type, const void *value, struct bytes *out,
					struct key_error *err);

/* Our points as the generated structs have them, compressed; they point into `from`. */
void point_to_256(const struct curve_point *from, struct EccP256CurvePoint *to);
void point_to_verification_key(const struct curve_point *from, struct PublicVerificationKey *to);

/* A key to encrypt to with AES-128-CCM. False for a curve that has no ECIES. */
SCMS_CHECKED bool point_to_encryption_key(const struct curve_point *from, struct PublicEncryptionKey *to);

/* A point of NIST P-256 as a message has it; KEY_POINT, with the field's name, if it is none or names none. */
SCMS_CHECKED enum key_status point_from_256(const struct EccP256CurvePoint *from, const char *field,
					    struct curve_point *to, struct key_error *err);

/* The point of an encryption key; false if it is no point, x-only, or for a scheme that is not ours (SM2, SM4). */
SCMS_CHECKED bool encryption_key_point(const struct PublicEncryptionKey *from, struct curve_point *to);

/* Does a message write this point, in whichever form? Needs no arithmetic. False for x-only and fill, which name no
 * point. */
bool point_is(const struct scms_point *written, const struct curve_point *point);

/* (r, s) as a Signature; it points to both. */
void signature_from(enum scms_curve curve, const uint8_t *r, const uint8_t *s, struct Signature *to);

/* Canonical form in place: public points compressed, r x-only. Nothing is moved. */
void canonical_key(struct VerificationKeyIndicator *key);
void canonical_encryption_key(struct PublicEncryptionKey *key);
void canonical_signature(struct Signature *signature);
/* Both keys of a certificate. */
void canonical_tbs_certificate(struct ToBeSignedCertificate *tbs);

#endif
