/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol.h: the enrolment CA's part in enrolment (CAMP eca-ee): a request signed by the key that is to be certified, an
 * implicit certificate in answer.
 *
 * Whether this device may be enrolled at all is not settled here: the DCM, which alone may ask, answers for that.
 */
#ifndef COMPONENTS_ECA_ENROL_H
#define COMPONENTS_ECA_ENROL_H

#include "components/message.h"

struct eca {
	struct party party;
	const struct message_judge *judge;
	uint8_t craca_id[3];		/* HashedId3 of its root */
	uint32_t tolerance_seconds;	/* of the request's currentTime */
	uint32_t validity_hours_max;	/* of what it certifies */
};

/* Why a request is refused: an EcaEndEntityError, and the place in words. */
struct eca_refusal {
	int32_t error;
	char text[256];
};

/* What became of a request. */
struct eca_enrolled {
	struct bytes answer; /* SignedEeEnrollmentCertResponse */
	uint8_t certificate_id10[10]; /* HashedId10 of the certificate, for revocation */
	scms_time32 expiry;
};

/*
 * Issues. request is a SignedEeEnrollmentCertRequest. KEY_REFUSED: refusal says why; other failures are the CA's own, with
 * err. answer is to be freed.
 */
SCMS_CHECKED enum key_status eca_enrol(const struct eca *eca, struct scms_slice request, scms_time64 now,
				       struct eca_enrolled *out, struct eca_refusal *refusal, struct key_error *err);

#endif
