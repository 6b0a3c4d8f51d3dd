/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response.h: a certificate made, encrypted to its holder, so that the RA cannot read it, and signed, so that the RA cannot
 * change it (CAMP pca-ra). The same for pseudonym, identification and application certificates.
 */
#ifndef COMPONENTS_PCA_RESPONSE_H
#define COMPONENTS_PCA_RESPONSE_H

#include "components/pca/pseudonym.h"

struct pca_keys {
	struct curve_point sign;    /* what is certified */
	struct curve_point respond; /* what the answer is encrypted to */
};

/*
 * out is the SignedEncryptedCertificateResponse for an implicit certificate over tbs. form: PlaintextCertificateResponse_is_
 * implicit_butterfly or _implicit. id10, unless NULL, becomes the certificate's HashedId10.
 */
SCMS_CHECKED enum key_status pca_certify(const struct pca *pca, const struct ToBeSignedCertificate *tbs,
					 const struct pca_keys *keys, uint8_t form, uint8_t id10[10], struct bytes *out,
					 struct key_error *err);

#endif
