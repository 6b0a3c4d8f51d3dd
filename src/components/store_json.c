/* SPDX-License-Identifier: Apache-2.0 */
#include "store_json.h"

#include "components/session_report.h"

#include <stdlib.h>
#include <string.h>

/* Objects in the order of their "hash". */
static int by_hash(const void *left, const void *right)
{
	json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;

	if (json_is_string(a))
		return strcmp(json_string_value(a), json_string_value(b));
	return strcmp(json_string_value(json_object_get(a, "hash")), json_string_value(json_object_get(b, "hash")));
}

static json_t *sorted(json_t *list)
{
	size_t n = json_array_size(list);
	json_t **items = calloc(n + 1, sizeof(*items)), *result = json_array();

	for (size_t k = 0; items != NULL && k < n; k++)
		items[k] = json_array_get(list, k);
	if (items != NULL && n > 0)
		qsort(items, n, sizeof(*items), by_hash);
	for (size_t k = 0; items != NULL && k < n; k++)
		json_array_append(result, items[k]);
	free(items);
	json_decref(list);
	return result;
}

static const char *member_status(enum scms_member_status status)
{
	static const char *const names[] = {"trusted", "suspended", "expired"};

	return names[status];
}

static json_t *electors_json(const struct scms_store *store, scms_time64 now)
{
	struct scms_member member;
	json_t *list = json_array();

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		json_array_append_new(list, json_pack("{s:o, s:s}", "hash", json_hex(member.identity, 32), "status",
						      member_status(member.status)));
	return sorted(list);
}

static json_t *roots_json(const struct scms_store *store, scms_time64 now)
{
	struct scms_member member;
	json_t *list = json_array();

	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++) {
		json_t *endorsers = json_array();
		uint8_t identity[32];

		for (uint32_t j = 0; scms_store_endorser(store, k, j, identity); j++)
			json_array_append_new(endorsers, json_hex(identity, 32));
		json_array_append_new(list, json_pack("{s:o, s:s, s:o}", "hash", json_hex(member.identity, 32), "status",
						      member_status(member.status), "endorsers", sorted(endorsers)));
	}
	return sorted(list);
}

static json_t *tombstones_json(const struct scms_store *store)
{
	struct scms_tombstone tombstone;
	json_t *list = json_array();

	for (uint32_t k = 0; scms_store_tombstone(store, k, &tombstone); k++)
		json_array_append_new(list, json_pack("{s:o, s:s, s:I}", "hash", json_hex(tombstone.identity, 32), "motion",
						      tombstone.motion == SCMS_REMOVE_ROOT ? "removeRoot" : "removeElector",
						      "time", (json_int_t)tombstone.time));
	return sorted(list);
}

static json_t *withheld_json(const struct scms_store *store, scms_time64 now)
{
	uint8_t identity[32];
	json_t *list = json_array();

	for (uint32_t k = 0; scms_store_withheld(store, now, k, identity); k++)
		json_array_append_new(list, json_hex(identity, 32));
	return sorted(list);
}

static json_t *reasons_json(const struct scms_store_status *status)
{
	json_t *list = json_array();

	if (!status->operational)
		json_array_append_new(list, json_string(scms_reason_name(status->own)));
	if (status->stale)
		json_array_append_new(list, json_string("stale: a CRL is overdue (rule G5.5)"));
	return list;
}

json_t *store_json(const struct scms_store *store, const struct scms_store_status *status, scms_time64 now)
{
	json_t *json = json_object();

	json_object_set_new(json, "electors", electors_json(store, now));
	json_object_set_new(json, "roots", roots_json(store, now));
	json_object_set_new(json, "tombstones", tombstones_json(store));
	json_object_set_new(json, "quorum", json_integer(status->quorum));
	json_object_set_new(json, "quorumFloor", json_integer(status->quorum_floor));
	json_object_set_new(json, "quorumCeiling", json_integer(status->quorum_ceiling));
	json_object_set_new(json, "gccfVersion", status->has_gccf_version ? json_integer(status->gccf_version) : json_null());
	json_object_set_new(json, "policyGenerationTime",
			    status->has_policy ? json_integer((json_int_t)status->policy_generation) : json_null());
	json_object_set_new(json, "quorumClamped", json_boolean(status->quorum_clamped));
	json_object_set_new(json, "operational", json_boolean(status->operational));
	json_object_set_new(json, "stale", json_boolean(status->stale));
	json_object_set_new(json, "withheld", withheld_json(store, now));
	json_object_set_new(json, "reasons", reasons_json(status));
	return json;
}
