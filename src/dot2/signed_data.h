/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signed_data.h: what an IEEE 1609.2 SignedData signs, and who says so.
 *
 * e = H(H(tbsData) || H(signer certificate)), H of the signing key's curve; the empty string stands for a `self` signer.
 * tbsData is hashed as it came, save a HeaderInfo.encryptionKey, whose point is compressed first. The payload is never
 * rewritten (trust rule C1).
 */
#ifndef DOT2_SIGNED_DATA_H
#define DOT2_SIGNED_DATA_H

#include "dot2/cert.h"

/* PSIDs that the SCMS itself uses. */
#define PSID_SECURITY_MANAGEMENT 0x23u
#define PSID_CRL 0x100u

/* Decodes Ieee1609Dot2Data that must be signedData; OER_RANGE when its content is another. */
SCMS_CHECKED enum oer_status signed_data_read(struct SignedData *to, struct scms_slice bytes, unsigned depth,
					      struct oer_error *err);

/* The payload's unsecuredData; false where the payload is another or absent. */
SCMS_CHECKED bool signed_data_unsecured(const struct SignedData *data, struct scms_slice *opaque);

/* What a header has besides psid, as a set of HEADER_ bits. */
enum {
	HEADER_GENERATION_TIME = 1 << 0,
	HEADER_EXPIRY_TIME = 1 << 1,
	HEADER_GENERATION_LOCATION = 1 << 2,
	HEADER_P2PCD = 1 << 3,
	HEADER_MISSING_CRL = 1 << 4,
	HEADER_ENCRYPTION_KEY = 1 << 5,
	HEADER_EXTENSION = 1 << 6, /* anything after "..." */
};
unsigned header_fields(const struct HeaderInfo *header);

/* The message representative for a signer whose canonical certificate has signer_hash (NULL: self), on curve. */
void signed_data_digest(const struct SignedData *data, const uint8_t *signer_hash, enum scms_curve curve,
			const struct scms_crypto *crypto, uint8_t e[48]);

/*
 * Fills a request "is this a signature by the explicit certificate signer". digest has room for 48 bytes and must outlive
 * the request. False where it cannot be: another curve, r is `fill`, hashId is not the hash of the key's curve.
 */
SCMS_CHECKED bool signed_data_request(const struct SignedData *data, const struct cert *signer, const struct scms_crypto *crypto,
				      uint8_t digest[48], struct scms_verify_request *request);

#endif
