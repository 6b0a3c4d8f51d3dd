/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint.h: does a certificate say what its profile wants, and may its issuers have issued it?
 *
 * Each finding names the clause that is broken, what it wants and what stands there:
 *
 *   PcaCertificate.crlSeries                  CAMP 1.2.4 cert-profile: PcaCertificate, field crlSeries
 *   IEEE 1609.2 validityPeriod within issuer's, G9 permissions, C5.1 signature: what verifiers will hold against it
 */
#ifndef COMPONENTS_AUTHORITY_LINT_H
#define COMPONENTS_AUTHORITY_LINT_H

#include "components/authority/profile.h"

#define LINT_FINDINGS_MAX 32
#define LINT_TEXT_BYTES 200

struct lint_finding {
	char clause[96];
	char expected[LINT_TEXT_BYTES];
	char found[LINT_TEXT_BYTES];
};

struct lint {
	size_t count; /* of findings; those beyond the room are counted in `more` */
	size_t more;
	struct lint_finding finding[LINT_FINDINGS_MAX];
};

struct lint_question {
	const struct cert *cert;
	enum profile profile;
	enum profile_level level;
	const struct cert *const *issuers; /* those above it, its issuer first, the root last; none: judged alone */
	size_t issuer_count;
	const struct scms_crypto *crypto;
};

/* Judges; true when nothing was found. */
bool lint_certificate(const struct lint_question *question, struct lint *lint);

/* "RaCertificate.crlSeries: expected 2, found 256", in memory of the caller's. */
void lint_text(const struct lint_finding *finding, char *text, size_t size);

#endif
