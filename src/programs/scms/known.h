/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known.h: the certificates in the files at hand, so that a signer or issuer can be named and its signatures checked.
 *
 * A certificate is known for being there; nobody says that it is to be trusted.
 */
#ifndef PROGRAMS_KNOWN_H
#define PROGRAMS_KNOWN_H

#include "dot2/cert.h"

#include <stdio.h>

#define KNOWN_MAX 4096

struct known_cert {
	struct cert cert;
	const char *file; /* where it was seen first */
	uint8_t *bytes;   /* what cert points into */
	bool shown;       /* printed in full already, in the file that is being shown */
};

struct known {
	const struct scms_crypto *crypto;
	struct known_cert *list;
	size_t count;
};

/* Adds all certificates in a value of the type, also in what is enveloped in it. False: no memory. */
bool known_collect(struct known *known, const char *file, const struct oer_type *type, struct scms_slice bytes,
		   unsigned depth);
void known_free(struct known *known);

/* The next certificate with that HashedId8, after `after` (NULL: the first); NULL if there is none. */
const struct known_cert *known_id8(const struct known *known, const uint8_t id8[8], const struct known_cert *after);

/* The certificate of that identity, or NULL. */
struct known_cert *known_identity(const struct known *known, const uint8_t hash[32]);

/* `elector 41`, `root "root-1.test"`: role, as far as its SSP tells, and name. */
void known_name(FILE *to, const struct Certificate *c);

/*
 * Whether the certificate's signature is good, in words: "good", "BAD", "not checked: ...". The issuer is looked for
 * among the known; what is implicit has no signature.
 */
const char *known_judge_cert(const struct known *known, const struct cert *cert);

/* The same of signed data, whose signer is cert or, where that is NULL, the one with the HashedId8 (or itself: NULL).
 */
const char *known_judge_data(const struct known *known, const struct SignedData *data, const struct cert *cert,
			     const uint8_t *id8);

#endif
