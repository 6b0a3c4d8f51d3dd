/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h: what a misbehaviour report proves (CAMP ee-ma).
 *
 * Reports come encrypted for the MA, signed with the reporter's pseudonym certificate. A report counts only by the message
 * that it brings: that message must itself be signed, verify, and carry its certificate. Words prove nothing.
 */
#ifndef COMPONENTS_MA_EVIDENCE_H
#define COMPONENTS_MA_EVIDENCE_H

#include "components/message.h"
#include "components/trustee.h"

#include <scms/check.h>

/* Whose message it is, by what the MA can ask about. */
enum evidence_kind {
	EVIDENCE_PSEUDONYM, /* a linkage value */
	EVIDENCE_RIF,	    /* an identification or application certificate: HashedId8 of the enrolment (RIF) */
};

struct evidence {
	enum evidence_kind kind;
	uint8_t id[9];	  /* linkage value, or RIF in the first 8 bytes */
	uint16_t i;	  /* i-period of a pseudonym certificate */
	uint8_t pca[8];	  /* HashedId8 of the certificate's issuer */
	uint8_t craca[8]; /* HashedId8 of the root that it chains to */
	uint8_t reporter[10]; /* HashedId10 of the reporter's certificate */
	uint8_t hash[32];     /* of the message, to know it again */
};

struct evidence_error {
	char text[256];
};

/* Opens a SecuredMisbehaviorReport and judges what it proves at now. False: err says what it lacks. */
SCMS_CHECKED bool evidence_read(const struct party *ma, struct trustee *trustee, struct scms_checker *checker,
				struct scms_slice report, scms_time64 now, struct evidence *evidence,
				struct evidence_error *err);

#endif
