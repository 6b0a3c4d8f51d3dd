/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_file.h: policy files, made and signed as published (CAMP scms-policy, scms-protocol).
 *
 *   GPF   ScmsFile { global part + PG's countersignature }, signed by the PG
 *   LPF   ScmsFile { custom part + PG's countersignature, local part + RA's countersignature }, signed by the RA
 *
 * A countersignature is over the SHA-256 of the part (extDataHash). It is what a trust store believes (rule G1); the outer
 * signature only says who sent the file.
 */
#ifndef COMPONENTS_PG_POLICY_FILE_H
#define COMPONENTS_PG_POLICY_FILE_H

#include "components/message.h"
#include "components/pg/policy_content.h"

/* A part and its countersignature: an encoded BasePolicyFile. KEY_CURVE: the signer's curve is not one that hashes with
 * SHA-256, which trust stores ask for. */
SCMS_CHECKED enum key_status policy_part_sign(const struct party *signer, struct scms_slice tbs, scms_time64 now,
					      struct bytes *out, struct key_error *err);

/*
 * A signed GPF. content->generation and a zero content->active are set to now first. KEY_VALUE where the certificate is not
 * a PG's, or the content does not fit.
 */
SCMS_CHECKED enum key_status gpf_make(const struct party *pg, struct policy_content *content, scms_time64 now,
				      struct bytes *out, struct key_error *err);

/* A signed LPF from a custom part that the PG has countersigned (BasePolicyFile) and the RA's own local part. */
SCMS_CHECKED enum key_status lpf_make(const struct party *ra, struct scms_slice custom, struct policy_content *local,
				      scms_time64 now, struct bytes *out, struct key_error *err);

#endif
