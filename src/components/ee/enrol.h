/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol.h: the end entity's part in enrolment (CAMP eca-ee): a request signed by the key that is to be certified, and the
 * implicit certificate that comes back.
 */
#ifndef COMPONENTS_EE_ENROL_H
#define COMPONENTS_EE_ENROL_H

#include "components/message.h"
#include "crypto/ecqv.h"

/*
 * The SignedEeEnrollmentCertRequest. wish says what is to be certified, without its verifyKeyIndicator, which becomes that
 * of key (NIST P-256, in process memory). hash receives what the answer will call requestHash.
 */
SCMS_CHECKED enum key_status ee_enrolment_request(const struct ToBeSignedCertificate *wish, struct private_key *key,
						  const struct scms_crypto *crypto, scms_time32 now, struct bytes *out,
						  uint8_t hash[8], struct key_error *err);

/* An end entity's enrolment certificate and its private key. */
struct ee_enrolment {
	struct bytes certificate;
	struct bytes eca; /* the ECA's certificate, as the answer brought it */
	uint8_t key[SCALAR_BYTES]; /* secret */
};

/*
 * Takes the answer. judge says whom to believe: the signer must be a valid ECA, and the same that the answer brings and that
 * the certificate names. KEY_MISMATCH for an answer to another request (hash) or a key that does not fit, KEY_MALFORMED, and
 * KEY_REFUSED with the reason for a signer that is not to be believed.
 */
SCMS_CHECKED enum key_status ee_enrolment_take(struct scms_slice answer, const uint8_t hash[8], struct private_key *request,
					       const struct scms_crypto *crypto, scms_time64 now,
					       const struct message_judge *judge, struct ee_enrolment *out,
					       struct key_error *err);

void ee_enrolment_free(struct ee_enrolment *enrolment);

#endif
