/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pseudonym.h: the end entity's part in pseudonym certificates: caterpillar keys out, certificates and their private keys
 * back (CAMP ee-ra, pca-ra).
 */
#ifndef COMPONENTS_EE_PSEUDONYM_H
#define COMPONENTS_EE_PSEUDONYM_H

#include "components/ee/answer.h"
#include "components/message.h"
#include "crypto/butterfly.h"

/* Both caterpillar keys with their expansion keys; secret. */
struct ee_caterpillars {
	uint8_t sign[SCALAR_BYTES], respond[SCALAR_BYTES];
	uint8_t sign_expansion[AES_128_KEY], respond_expansion[AES_128_KEY];
};

/* A cocoon private key, of a caterpillar key and its expansion key. To be freed. */
SCMS_CHECKED enum key_status ee_cocoon(const uint8_t caterpillar[SCALAR_BYTES], const uint8_t expansion[AES_128_KEY],
				       const struct butterfly_index *index, struct private_key **key, struct key_error *err);

/* New random ones. KEY_FAILED only. */
SCMS_CHECKED enum key_status ee_caterpillars_random(struct ee_caterpillars *caterpillars, struct key_error *err);

/* Their public keys. */
struct ee_public_caterpillars {
	struct curve_point sign, respond;
};

/* What a request tells the RA of them: it points into `keys`, filled here, and into the caterpillars. */
SCMS_CHECKED enum key_status ee_caterpillars_public(const struct ee_caterpillars *caterpillars, struct ee_public_caterpillars *keys,
						    struct UnsignedButterflyParams *sign, struct UnsignedButterflyParams *respond,
						    struct key_error *err);

/* The request, as the encoding of its ScmsPDU. */
SCMS_CHECKED enum key_status ee_pseudonym_request(const struct ee_caterpillars *caterpillars, scms_time32 now,
						  struct bytes *pdu, struct key_error *err);

/*
 * Takes the answer for certificate j of period i: file is the SignedEncryptedCertificateResponse, pca the certificate of
 * the PCA, whose chain the caller has judged. KEY_MISMATCH where signature, certificate and key do not belong together,
 * KEY_NOT_FOR_US where it is encrypted for others, KEY_MALFORMED, and KEY_VALUE where it is not of period i.
 */
SCMS_CHECKED enum key_status ee_pseudonym_take(const struct ee_caterpillars *caterpillars, uint16_t i, uint8_t j,
					       struct scms_slice file, const struct cert *pca,
					       const struct scms_crypto *crypto, struct ee_certified *out,
					       struct key_error *err);

#endif
