/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h: opens what a PCA answers, of whichever kind: a certificate encrypted to its holder and signed by the PCA, so that
 * the RA between can neither read nor change it (CAMP pca-ra).
 */
#ifndef COMPONENTS_EE_ANSWER_H
#define COMPONENTS_EE_ANSWER_H

#include "crypto/ecqv.h"
#include "crypto/key.h"
#include "dot2/cert.h"
#include "dot2/make.h"

/* A certificate that came back, with the private key rebuilt and checked against it. */
struct ee_certified {
	struct bytes certificate;
	uint8_t key[SCALAR_BYTES]; /* secret */
};

void ee_certified_free(struct ee_certified *certified);

/* An answer that was opened; to be freed with ee_answer_free. */
struct ee_answer {
	struct bytes plain;	       /* what was decrypted; the others point into it */
	struct scms_slice certificate;
	struct cert cert;	       /* implicit */
	const uint8_t *reconstruction; /* SCALAR_BYTES */
};

/*
 * Checks the PCA's signature on file, a SignedEncryptedCertificateResponse, and decrypts it with the private key respond. The
 * caller has judged the PCA's chain. form: PlaintextCertificateResponse_is_implicit_butterfly or _implicit. KEY_MISMATCH where
 * the signature is not the PCA's, KEY_NOT_FOR_US where it is encrypted for others, KEY_MALFORMED.
 */
SCMS_CHECKED enum key_status ee_answer_open(struct scms_slice file, const struct cert *pca, struct private_key *respond,
					    uint8_t form, const struct scms_crypto *crypto, struct ee_answer *answer,
					    struct key_error *err);

/* The certificate with its private key, made of the request's. KEY_MISMATCH where they do not belong together. */
SCMS_CHECKED enum key_status ee_answer_accept(const struct ee_answer *answer, const struct cert *pca,
					      const struct private_key *request, const struct scms_crypto *crypto,
					      struct ee_certified *out, struct key_error *err);

void ee_answer_free(struct ee_answer *answer);

#endif
