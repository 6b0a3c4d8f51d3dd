/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue.h: how components come by their certificates.
 *
 * A component asks with a SignedCertificateRequest (a ScmsPDU with an EeEcaCertRequest, signed by the key that is to be
 * certified); its issuer fills the profile of the role and signs. First everything is done with a throw-away key, and
 * the result is linted: an issuer's key signs nothing that does not lint.
 */
#ifndef COMPONENTS_AUTHORITY_ISSUE_H
#define COMPONENTS_AUTHORITY_ISSUE_H

#include "components/authority/lint.h"
#include "components/message.h"

/*
 * Makes a request: subject is what the component wants to be (name, la_id, start, keys). key is that of
 * subject->verify.
 */
SCMS_CHECKED enum key_status component_request_make(enum role role, enum profile_level level,
						    const struct profile_subject *subject, struct private_key *key,
						    const struct scms_crypto *crypto, scms_time64 now,
						    struct bytes *out, struct key_error *err);

/* A request that was read. subject points into bytes and to the points here. */
struct component_request {
	enum role role;
	scms_time32 time; /* when it was made */
	struct profile_subject subject;
	struct curve_point verify, encrypt;
	struct SignedCertificateRequest decoded;
};

/*
 * Reads and checks one: KEY_MALFORMED where it is none, or for no role; KEY_MISMATCH where it is not signed by the key
 * that is to be certified; KEY_POINT where a key is no point. request must stay where it is.
 */
SCMS_CHECKED enum key_status component_request_read(struct component_request *request, struct scms_slice bytes,
						    const struct scms_crypto *crypto, struct key_error *err);

/* Who issues. */
struct component_issuer {
	enum profile_level level;
	const struct scms_crypto *crypto;
	struct private_key *key;
	const struct cert *cert;  /* NULL: the certificate is self-issued, and key is the one certified */
	const struct cert *above; /* above the issuer, its own issuer first, the root last */
	size_t above_count;
};

/*
 * Issues an explicit certificate. The CRACA is filled in here: the root's HashedId3. KEY_VALUE where it does not lint
 * (lint then has the findings, err the first of them) or the subject does not fit the profile; nothing has been signed
 * then.
 */
SCMS_CHECKED enum key_status component_issue(const struct component_issuer *issuer, enum profile profile,
					     struct profile_subject *subject, struct bytes *out, struct lint *lint,
					     struct key_error *err);

/* The same with a key that is thrown away: nothing comes of it but the verdict. */
SCMS_CHECKED enum key_status component_rehearse(const struct component_issuer *issuer, enum profile profile,
						const struct profile_subject *subject, struct lint *lint,
						struct key_error *err);

#endif
