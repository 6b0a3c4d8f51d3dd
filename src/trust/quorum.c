/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/quorum.h"

uint64_t series_value(const struct series *series, scms_time64 now)
{
	uint64_t value = series->initial;
	scms_time64 latest = 0;

	for (uint32_t k = 0; k < series->n; k++)
		if (series->step[k].start <= now && series->step[k].start >= latest) {
			latest = series->step[k].start;
			value = series->step[k].value;
		}
	return value;
}

struct policy_view policy_in_force(const struct scms_store *store, scms_time64 now)
{
	bool pending = store->pending.generation != 0 && store->pending.active <= now;
	const struct policy *policy = pending ? &store->pending : &store->policy;
	struct policy_view view = {.quorum = &store->quorum, .removed = &store->removed};

	if (pending && policy->has_quorum)
		view.quorum = &policy->quorum;
	if (pending && policy->has_removed)
		view.removed = &policy->removed;
	if (policy->has_chain_id)
		view.chain_id = &policy->chain_id;
	/* Without its PG only what heals the system outlives a policy (rule G7); this parameter does not. */
	if (policy->has_tolerance && !policy->is_void)
		view.tolerance = &policy->tolerance;
	return view;
}

uint8_t quorum_in_force(const struct scms_store *store, scms_time64 now, bool *clamped)
{
	uint64_t named = series_value(policy_in_force(store, now).quorum, now);
	uint64_t m = named < store->ceiling ? named : store->ceiling;

	if (m < store->floor)
		m = store->floor;
	if (clamped != NULL)
		*clamped = m != named;
	return (uint8_t)m;
}

uint64_t tolerance_in_force(const struct scms_store *store, scms_time64 now)
{
	struct policy_view view = policy_in_force(store, now);

	return view.tolerance != NULL ? series_value(view.tolerance, now) : store->tolerance;
}
