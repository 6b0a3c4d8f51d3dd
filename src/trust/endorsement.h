/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endorsement.h: what an elector signs, and one signed vote.
 *
 * CAMP 1.2.4 and 1.2.1 write endorsements differently; both become struct endorsement here, and nothing above knows the
 * difference (trust rule C8). A third form takes another front door of the same shape.
 */
#ifndef TRUST_ENDORSEMENT_H
#define TRUST_ENDORSEMENT_H

#include "dot2/signed_data.h"
#include "trust/chain_file.h"

/* A TbsElectorEndorsement. */
struct endorsement {
	int32_t type;	  /* EndorsementType; values of tomorrow included */
	scms_time64 time; /* generationTime (1.2.4) or effectiveTime (1.2.1; 0 without one: rule C7) */
	const uint8_t *certificate_hash; /* 1.2.4: identity of the subject */
	struct scms_slice certificate;	 /* 1.2.1: the subject itself */
};

/* Decodes a vote's payload: a scoped PDU that holds exactly a TbsElectorEndorsement of this form (rule C1). */
SCMS_CHECKED bool endorsement_read(struct endorsement *endorsement, enum ballot_form form, struct scms_slice payload);

/* A SignedElectorEndorsement. */
struct vote {
	struct SignedData data;
	struct scms_slice payload; /* the scoped PDU */
};

/* Opens a vote; false where it is not signed data over an unsecured payload. */
SCMS_CHECKED bool vote_open(struct vote *vote, struct scms_slice bytes);

/* Who says to have voted: the certificate's HashedId8 or the certificate itself. */
struct vote_signer {
	bool named; /* false: `self`, or a form unknown here */
	bool by_certificate;
	uint8_t id8[8];
	uint8_t identity[32]; /* where by_certificate */
};
void vote_signer(const struct vote *vote, const struct scms_crypto *crypto, struct vote_signer *signer);

/* Checks that cost nothing (rules B3.1 to B3.3) of a vote by an elector of this validity; SCMS_COUNTED if none fails. */
enum scms_reason vote_header(const struct vote *vote, const struct ValidityPeriod *validity, scms_time64 now, uint64_t skew);

#endif
