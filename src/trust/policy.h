/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h: whose word is policy, and what the store takes from it (trust rules G1, G2).
 *
 * Both wrappings are read: a SignedGlobalPolicyFile, and a SignedLocalPolicyFile, of which only the custom part (the PG's)
 * has a say in trust.
 */
#ifndef TRUST_POLICY_H
#define TRUST_POLICY_H

#include "dot2/signed_data.h"
#include "trust/source.h"

struct policy_file {
	struct SignedData outer;
	bool local;			   /* an LPF */
	struct ToBeSignedPolicyData tbs;   /* the PG's part */
	struct oer_list signatures;	   /* countersignatures over it */
	struct ToBeSignedPolicyData local_tbs; /* the RA's part of an LPF */
	struct oer_list local_signatures;
	struct policy policy; /* what the store would take */
};

/* Decodes a policy file and what it says. */
SCMS_CHECKED enum oer_status policy_file_read(struct policy_file *file, struct scms_slice bytes,
					      const struct scms_crypto *crypto, struct oer_error *err);

/*
 * Our extension in the extension part of a GlobalPolicyData, where it is the first addition. False: it is absent, foreign or
 * of another version (rule G2).
 */
SCMS_CHECKED bool policy_extension_read(struct scms_slice extensions, struct ScmsPolicyExtension *extension);

/* A policy that waited takes the place of the one before it once its time has come (rule G1.5). */
void policy_promote(struct scms_store *store, scms_time64 now);

/*
 * The PG, or its root, of the policy in force or of the one that waits ended at time (rules G6, G7): the first keeps what
 * outlives it, the other goes, and their successor must be newer than all such ends.
 */
void policy_end(struct scms_store *store, bool in_force, bool waiting, scms_time64 time);

/* Judges a policy file under the store as it is, and takes it over if it is accepted. verified counts signature checks. */
enum scms_reason policy_file_judge(struct scms_store *store, const struct policy_file *file, struct source *source,
				   scms_time64 now, uint32_t *verified);

#endif
