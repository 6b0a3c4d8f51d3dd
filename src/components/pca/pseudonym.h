/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pseudonym.h: the pseudonym certificate authority's part: one request out of the RA's shuffled stream, one certificate
 * (CAMP pca-ra).
 *
 * The PCA opens both pre-linkage values, joins them, certifies the cocoon key with them, encrypts the certificate to the
 * cocoon encryption key, so that the RA cannot read it, and signs that, so that the RA cannot change it.
 */
#ifndef COMPONENTS_PCA_PSEUDONYM_H
#define COMPONENTS_PCA_PSEUDONYM_H

#include "components/la/plv_key.h"
#include "components/message.h"
#include "crypto/linkage.h"

struct pca {
	struct party party;
	uint8_t craca_id[3];	/* HashedId3 of its root */
	const struct plv_keys *keys; /* shared with the LAs */
};

/* What the PCA must remember of a certificate, to help the MA later. */
struct pseudonym_issued {
	uint8_t linkage_value[LINKAGE_VALUE];
	const char *la[2]; /* host names of the LAs that gave the two values; of the key ring */
};

/*
 * Issues. out is the SignedEncryptedCertificateResponse. KEY_VALUE, KEY_NOT_FOR_US, KEY_POINT for requests that cannot be
 * served: err says why. Two values of one LA are refused: it alone could then link the certificates.
 */
SCMS_CHECKED enum key_status pca_issue_pseudonym(const struct pca *pca, const struct PseudonymCertRequestInfo *request,
						 struct pseudonym_issued *issued, struct bytes *out,
						 struct key_error *err);

#endif
