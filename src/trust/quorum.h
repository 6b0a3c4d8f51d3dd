/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quorum.h: how many votes decide, and what else the policy in force says (trust rules G1.5, G2, G3, G7).
 */
#ifndef TRUST_QUORUM_H
#define TRUST_QUORUM_H

#include "trust/store.h"

/* Value of a series at `now`. */
uint64_t series_value(const struct series *series, scms_time64 now);

/* What policy says at `now`, the pending one included once its time has come. */
struct policy_view {
	const struct series *quorum;
	const struct removed_list *removed;
	const struct series *chain_id;	/* NULL: policy names no chain file */
	const struct series *tolerance; /* NULL: as provisioned */
};
struct policy_view policy_in_force(const struct scms_store *store, scms_time64 now);

/* m = max(floor, min(policy value in force, ceiling)); *clamped (may be NULL): policy's value is another (rule G3). */
uint8_t quorum_in_force(const struct scms_store *store, scms_time64 now, bool *clamped);

/* overdueCrlTolerance in force, microseconds. */
uint64_t tolerance_in_force(const struct scms_store *store, scms_time64 now);

#endif
