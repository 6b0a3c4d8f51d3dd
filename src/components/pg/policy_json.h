/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_json.h: a global policy as people write it, before it is signed.
 *
 *   {
 *    "policyID": "example 1",
 *    "activeTime": "2027-01-01T00:00:00Z",          left out: at once, when it is signed
 *    "parameters": {
 *     "iPeriod": "10080 minutes",                    one value for all time
 *     "quorum": {"initial": 2, "changes": [{"from": "2027-03-01T00:00:00Z", "value": 3}]},
 *     ...
 *    },
 *    "removed": ["<64 hex digits>"]                  identities of electors and roots
 *   }
 *
 * A parameter that is left out is not in the policy. Values are as policy_words.h has them; times are UTC, or Time64 in
 * decimal. Members that are not known are refused, so that no misspelt parameter is lost.
 */
#ifndef COMPONENTS_PG_POLICY_JSON_H
#define COMPONENTS_PG_POLICY_JSON_H

#include "components/pg/policy_words.h"

#include <jansson.h>

#define POLICY_JSON_BYTES_MAX (256u << 10)

/* A draft that was read; content points into it. To be freed with policy_draft_free(). */
struct policy_draft {
	struct policy_content content;
	json_t *json;
};

/* Reads a draft. KEY_VALUE: err names the member, what was expected and what was found. */
SCMS_CHECKED enum key_status policy_draft_read(struct policy_draft *draft, struct scms_slice text, const struct leap_table *leaps,
					       struct key_error *err);

void policy_draft_free(struct policy_draft *draft);

/* The draft with all published parameters at their defaults (no chain file version: nothing names one yet). */
void policy_draft_defaults(struct policy_content *content, uint8_t quorum);

/* A policy as a draft, to be let go. NULL without memory. policyID that is no text is written as "hex:00ff". */
json_t *policy_draft_json(const struct policy_content *content, const struct leap_table *leaps);

#endif
