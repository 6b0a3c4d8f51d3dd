/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people.h: an SCMS of a few certificates, for tests: root, ICA, PCA, a device.
 */
#ifndef TESTS_DOT2_PEOPLE_H
#define TESTS_DOT2_PEOPLE_H

#include "dot2/issue.h"

/* When all of them are valid: 2024-06-01, as Time32. */
#define PEOPLE_START 644112005u
#define PEOPLE_NOW ((scms_time64)(PEOPLE_START + 86400) * 1000000u)

/* Someone with a certificate and the keys for it. */
struct person {
	struct private_key *key;
	struct private_key *decryption; /* of its encryption key, or NULL */
	struct bytes bytes;
	struct cert cert;
};

/* What the certificate of each role says, all but keys. `name` must outlive it. */
void tbs_root(struct ToBeSignedCertificate *tbs, const char *name);
void tbs_ica(struct ToBeSignedCertificate *tbs, const char *name);
void tbs_pca(struct ToBeSignedCertificate *tbs, const char *name);
void tbs_device(struct ToBeSignedCertificate *tbs, const char *name);

/* The signer that a person is. */
struct signer person_signer(const struct person *person, bool attach);

/*
 * Makes the keys and the certificate of tbs. issuer NULL: self-signed. Ends the test where that fails: it is the
 * subject of one test and the means of others.
 */
void person_make(struct person *person, const struct ToBeSignedCertificate *tbs, enum scms_curve curve,
		 const struct person *issuer, bool with_encryption_key);

/* As person_make, with an implicit certificate, on the curve of the issuer. */
void person_make_implicit(struct person *person, const struct ToBeSignedCertificate *tbs, const struct person *issuer);

void person_free(struct person *person);

#endif
