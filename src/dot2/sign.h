/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign.h: makes IEEE 1609.2 SignedData.
 *
 *   e = H(H(tbs) || H(signer's certificate)), or H(H(tbs) || H("")) for `self`;  H of the key's curve
 */
#ifndef DOT2_SIGN_H
#define DOT2_SIGN_H

#include "crypto/key.h"
#include "dot2/cert.h"
#include "dot2/make.h"

/* Who signs, and how the message says so. */
struct signer {
	struct private_key *key;
	const struct cert *cert;           /* of that key; NULL for self */
	const struct scms_crypto *crypto;  /* for hashes */
	bool attach;                       /* the message carries the certificate, else its HashedId8 */
	const struct cert *const *issuers; /* carried behind it, its issuer first: issuer_count of them */
	uint32_t issuer_count;
};

/*
 * Signs a tbsData with the given payload and header. payload->data is the encoding of an Ieee1609Dot2Data. out is the
 * encoding of the Ieee1609Dot2Data. KEY_VALUE if payload or header cannot be encoded, or the payload is empty;
 * KEY_MISMATCH if the certificate is not of that key; and what private_key_sign() returns. The key of an implicit
 * certificate is not held against it here: that takes its issuer, and ecqv_accept() did it when the key was made.
 */
SCMS_CHECKED enum key_status signed_data_make(const struct signer *signer, const struct SignedDataPayload *payload,
					      const struct HeaderInfo *header, struct bytes *out,
					      struct key_error *err);

/* As signed_data_make, for a payload of unsecuredData. */
SCMS_CHECKED enum key_status signed_unsecured_make(const struct signer *signer, struct scms_slice payload,
						   const struct HeaderInfo *header, struct bytes *out,
						   struct key_error *err);

/*
 * Countersigns external data by its hash (extDataHash, with the hash of the signer's curve), under PSID 0x23.
 */
SCMS_CHECKED enum key_status countersignature_make(const struct signer *signer, struct scms_slice external,
						   scms_time64 generation_time, struct bytes *out,
						   struct key_error *err);

/* An Ieee1609Dot2Data of unsecuredData. */
SCMS_CHECKED enum key_status unsecured_make(struct scms_slice opaque, struct bytes *out, struct key_error *err);

/* What the makers of other signed structures need too. */

/* Does the key belong to the certificate? KEY_MISMATCH if not. */
SCMS_CHECKED enum key_status signer_check(const struct signer *signer, struct key_error *err);

/* sha256 or sha384, by the key. */
int32_t signer_hash_id(const struct signer *signer);

/* A signature over e(tbs). */
struct signed_by {
	struct Signature signature; /* points to r and s */
	uint8_t r[CURVE_BYTES_MAX];
	uint8_t s[CURVE_BYTES_MAX];
};
SCMS_CHECKED enum key_status signer_sign(const struct signer *signer, struct scms_slice tbs, struct signed_by *out,
					 struct key_error *err);

/* How the message names its signer. chain is memory that `to` points to; free it after encoding. */
SCMS_CHECKED enum key_status signer_identify(const struct signer *signer, struct SignerIdentifier *to,
					     struct bytes *chain, struct key_error *err);

#endif
