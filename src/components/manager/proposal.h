/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proposal.h: a motion that electors are asked to vote on, as a file (asn1/motion-proposal.asn).
 *
 * It carries the very bytes that every vote signs (trust rule C1), so that electors who never speak to each other make
 * votes for one ballot. Who reads it learns what it says and that it is well formed; whether to believe it is the
 * reader's own judgement (outlook.h).
 */
#ifndef COMPONENTS_MANAGER_PROPOSAL_H
#define COMPONENTS_MANAGER_PROPOSAL_H

#include "components/manager/motion.h"
#include "dot2/make.h"

/* Characters of a motion's name, and the end: "remove-elector-94ca39f9-1b2c3d4e". */
#define PROPOSAL_ID_BYTES 40
#define PROPOSAL_BYTES_MAX (64u << 10)

/* A proposal that was read. It points into its bytes. */
struct proposal {
	enum ballot_form form;
	enum scms_motion motion;
	scms_time64 time; /* of the TBS: generationTime, or effectiveTime (0: none) */
	struct scms_slice certificate;
	struct scms_slice payload; /* that votes sign */
	struct cert subject;
	scms_time64 created;
	struct scms_slice proposer, reason;
	uint8_t topic[32]; /* SHA-256 of the payload: one for all who propose the same */
};

/* What is asked for. */
struct proposal_question {
	enum ballot_form form;
	enum scms_motion motion;
	struct scms_slice certificate;
	scms_time32 time; /* agreed by all electors of the ballot */
	scms_time64 created;
	const char *proposer, *reason;
};

/* Makes a proposal for a new motion. */
SCMS_CHECKED bool proposal_make(const struct proposal_question *question, const struct scms_crypto *crypto, struct bytes *out,
				struct motion_error *err);

/* Makes a proposal to join a ballot that is there, by signing its payload unchanged (rule C9). */
SCMS_CHECKED bool proposal_join(enum ballot_form form, struct scms_slice certificate, struct scms_slice payload,
				scms_time64 created, const char *proposer, const char *reason, const struct scms_crypto *crypto,
				struct bytes *out, struct motion_error *err);

/*
 * Reads a proposal. Refused: what does not decode, a payload that is not one canonical endorsement (C1), a motion that is
 * not known, a certificate that is not the one endorsed (C4) or of the wrong kind (C3).
 */
SCMS_CHECKED bool proposal_read(struct proposal *proposal, struct scms_slice bytes, const struct scms_crypto *crypto,
				struct motion_error *err);

/* The motion's name: of its folder, and what commands call it. Returns id. */
const char *proposal_id(const struct proposal *proposal, char id[PROPOSAL_ID_BYTES]);

#endif
