/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What publishers read: a byte that says what follows, then
 *
 *   0   the part of a policy that is signed: what can be made again says the same
 *   1   a composite CRL: put together again, it is read as the same
 *   2   a global chain file: the local one that is derived from it lacks nothing
 *   3   a policy as people write it: written out again, it says the same
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "components/crlg/revocations.h"
#include "components/pg/chain_local.h"
#include "components/pg/policy_json.h"
#include "tests/dot2/judge.h"

static struct leap_table leaps;

static void policy(struct scms_slice bytes)
{
	static struct policy_content content, again;
	static struct policy_change changes[POLICY_CHANGES_MAX];
	struct bytes made;

	if (policy_content_read(&content, bytes, NULL) != OER_OK || policy_content_make(&content, &made, NULL) != KEY_OK)
		return;
	ALWAYS(policy_content_read(&again, bytes_view(&made), NULL) == OER_OK, "what was made is not read");
	ALWAYS(policy_diff(&content, &again, &leaps, changes) == 0, "%s: %s", changes[0].parameter, changes[0].text);
	bytes_free(&made);
}

static void composite(struct scms_slice bytes)
{
	struct revocations state, again;
	struct bytes made;

	if (revocations_read(&state, bytes, &judge, NULL) != KEY_OK)
		return;
	ALWAYS(revocations_compose(&state, &made, NULL) == KEY_OK, "cannot be put together");
	ALWAYS(revocations_read(&again, bytes_view(&made), &judge, NULL) == KEY_OK, "what was made is not read");
	ALWAYS(state.list_count == again.list_count && state.ballot_count == again.ballot_count, "lists or ballots");
	for (size_t k = 0; k < state.list_count; k++) {
		const struct crl_list *one = &state.lists[k], *two = crl_list_find(&again, one->craca, one->series);

		ALWAYS(two != NULL && one->hash_count == two->hash_count && one->device_count == two->device_count &&
			   one->group_count == two->group_count && one->serial == two->serial,
		       "series %u", one->series);
	}
	revocations_free(&state);
	revocations_free(&again);
	bytes_free(&made);
}

static void chain(struct scms_slice bytes)
{
	struct lccf_input input = {
	    .crypto = &judge, .gccf = bytes, .version = 1, .ra_host = {(const uint8_t *)"ra.example.org", 14}};
	struct chain_comparison comparison;
	struct bytes lccf;

	if (lccf_make(&input, &lccf, NULL) != KEY_OK)
		return;
	ALWAYS(chain_compare(bytes, bytes_view(&lccf), &judge, &comparison, NULL) == KEY_OK, "not compared");
	ALWAYS(comparison.n == 0, "%s", comparison.list[0].text);
	chain_comparison_free(&comparison);
	bytes_free(&lccf);
}

static void draft(struct scms_slice text)
{
	static struct policy_draft one, two;
	static struct policy_change changes[POLICY_CHANGES_MAX];
	struct key_error err;
	json_t *json;
	char *out;

	if (policy_draft_read(&one, text, &leaps, &err) != KEY_OK)
		return;
	json = policy_draft_json(&one.content, &leaps);
	out = json_dumps(json, JSON_COMPACT);
	ALWAYS(out != NULL, "not written");
	ALWAYS(policy_draft_read(&two, (struct scms_slice){(const uint8_t *)out, strlen(out)}, &leaps, &err) == KEY_OK, "%s", err.text);
	ALWAYS(policy_diff(&one.content, &two.content, &leaps, changes) == 0, "%s: %s", changes[0].parameter, changes[0].text);
	free(out);
	json_decref(json);
	policy_draft_free(&one);
	policy_draft_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const what[])(struct scms_slice) = {policy, composite, chain, draft};

	if (leaps.n == 0)
		leap_load(&leaps, "/nonexistent"); /* the same on every machine */
	if (size > 0)
		what[data[0] % 4]((struct scms_slice){data + 1, size - 1});
	return 0;
}
