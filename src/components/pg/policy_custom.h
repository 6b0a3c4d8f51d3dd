/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_custom.h: an RA's custom copy of the global policy, asked for and granted (trust rule H3, CAMP ra-pg).
 *
 * The RA copies the global policy, may leave out what its devices do not need, and may change some values within bounds;
 * with nothing to change it copies all. The PG countersigns a copy only if nothing critical is gone and every change is in
 * range: quorum, removed list, chain file version, CRL tolerance, i-period, validity model and version are the global ones.
 */
#ifndef COMPONENTS_PG_POLICY_CUSTOM_H
#define COMPONENTS_PG_POLICY_CUSTOM_H

#include "components/pg/policy_file.h"

/* May an RA have the value `mine` where the global policy has `theirs`? */
bool policy_permits(enum policy_item item, const struct policy_value *theirs, const struct policy_value *mine);

/* What is wrong with a custom or local part. */
struct policy_fault {
	const char *parameter; /* or "requestingRaHostname", "generationTime" and the like */
	char text[160];	       /* "may be 20 or more, found 10 from the beginning" */
};
#define POLICY_FAULTS_MAX 32

/* Holds a custom part against the global policy in force. Returns the number of faults; 0: it may be signed. */
unsigned policy_custom_check(const struct policy_content *global, const struct policy_content *custom,
			     struct scms_slice ra_host, scms_time64 now, struct policy_fault faults[POLICY_FAULTS_MAX]);

/* Holds an RA's local part against its custom one: thresholds may be raised only. */
unsigned policy_local_check(const struct policy_content *custom, const struct policy_content *local,
			    struct policy_fault faults[POLICY_FAULTS_MAX]);

/* The custom part that changes nothing. host must outlive it. */
void policy_custom_copy(const struct policy_content *global, struct scms_slice host, scms_time64 now,
			struct policy_content *custom);

/* The RA's question: a ScopedRaPgPolicySignatureRequest (ScmsPDU). */
SCMS_CHECKED enum key_status policy_request_make(const struct policy_content *custom, struct bytes *out, struct key_error *err);

/*
 * The PG's answer to such a question, a ScopedRaPgPolicySignatureRequestReply: the signed custom part, or why not
 * (raPgMalformedRequest, raPgPolicyError, raPgSignatureFailed). ra_host: of the RA that asks, as its certificate names it.
 * *faults_count and faults say what is wrong, for the log and for people. KEY_OK means that there is an answer.
 */
SCMS_CHECKED enum key_status policy_request_answer(const struct party *pg, const struct policy_content *global,
						   struct scms_slice ra_host, struct scms_slice request, scms_time64 now,
						   struct bytes *out, struct policy_fault faults[POLICY_FAULTS_MAX],
						   unsigned *faults_count, struct key_error *err);

/*
 * Opens the answer: the signed custom part (BasePolicyFile; to be freed). KEY_REFUSED with the PG's reason, KEY_MISMATCH
 * where what came back is not what was asked for.
 */
SCMS_CHECKED enum key_status policy_reply_open(struct scms_slice reply, struct scms_slice request, struct bytes *custom,
					       struct key_error *err);

#endif
