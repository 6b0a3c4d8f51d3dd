/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/store.h"

#include "dot2/validity.h"

#include <string.h>

struct scms_limits scms_limits_complete(struct scms_limits limits)
{
	static const struct scms_limits standard = {
	    .electors = 10,
	    .roots = 10,
	    .tombstones = 256,
	    .policy_bytes = 64u << 10,
	    .chain_bytes = 8u << 20,
	    .history_bytes = 4u << 20,
	    .history_entries = 4096,
	    .crl_bytes = 64u << 20,
	    .ballots = 64,
	    .votes = 64,
	    .certificates = 16384,
	    .depth = OER_DEPTH_DEFAULT,
	};

#define COMPLETE(member)                                                                                               \
	if (limits.member == 0)                                                                                        \
	limits.member = standard.member
	COMPLETE(electors);
	COMPLETE(roots);
	COMPLETE(tombstones);
	COMPLETE(policy_bytes);
	COMPLETE(chain_bytes);
	COMPLETE(history_bytes);
	COMPLETE(history_entries);
	COMPLETE(crl_bytes);
	COMPLETE(ballots);
	COMPLETE(votes);
	COMPLETE(certificates);
	COMPLETE(depth);
#undef COMPLETE
	return limits;
}

static bool limits_are_sane(const struct scms_limits *limits)
{
	return limits->electors <= MEMBERS_MAX && limits->roots <= MEMBERS_MAX && limits->tombstones <= 65536 &&
	       limits->ballots <= 65536 && limits->votes <= 65536 && limits->history_entries <= 1u << 20;
}

static size_t aligned(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

size_t scms_store_size(const struct scms_limits *limits)
{
	struct scms_limits complete = scms_limits_complete(*limits);

	return aligned(sizeof(struct scms_store)) + aligned(complete.electors * sizeof(struct elector)) +
	       aligned(complete.roots * sizeof(struct root)) + aligned(complete.tombstones * sizeof(struct tombstone));
}

struct scms_store *store_lay_out(void *memory, size_t size, const struct scms_limits *limits)
{
	struct scms_limits complete = scms_limits_complete(*limits);
	struct scms_store *store = memory;
	uint8_t *at = memory;

	if (!limits_are_sane(&complete) || size < scms_store_size(&complete))
		return NULL;
	memset(memory, 0, scms_store_size(&complete));
	store->limits = complete;
	at += aligned(sizeof(*store));
	store->electors = (struct elector *)(void *)at;
	at += aligned(complete.electors * sizeof(struct elector));
	store->roots = (struct root *)(void *)at;
	at += aligned(complete.roots * sizeof(struct root));
	store->tombstones = (struct tombstone *)(void *)at;
	return store;
}

bool object_is_none(const uint8_t digest[32])
{
	static const uint8_t none[32];

	return memcmp(digest, none, 32) == 0;
}

struct crl_mark crl_mark_of(const struct crl_state *state)
{
	struct crl_mark mark = {.series = state->series};

	memcpy(mark.craca, state->craca, 8);
	memcpy(mark.full, state->full, 32);
	memcpy(mark.deltas, state->deltas, 32);
	memcpy(mark.kept, state->kept, 32);
	return mark;
}

bool crl_mark_is(const struct crl_mark *mark, const struct crl_state *state)
{
	return mark->series == state->series && memcmp(mark->craca, state->craca, 8) == 0 &&
	       memcmp(mark->full, state->full, 32) == 0 && memcmp(mark->deltas, state->deltas, 32) == 0 &&
	       memcmp(mark->kept, state->kept, 32) == 0;
}

scms_time64 store_signed_time(const struct scms_store *store)
{
	scms_time64 newest = store->votes_time;

	if (!store->policy.is_void && store->policy.generation > newest)
		newest = store->policy.generation;
	if (store->pending.generation > newest)
		newest = store->pending.generation;
	for (uint32_t k = 0; k < store->crl_count; k++)
		if (store->crls[k].live && time64_of(store->crls[k].issue_date) > newest)
			newest = time64_of(store->crls[k].issue_date);
	return newest;
}

uint64_t scms_store_generation(const struct scms_store *store)
{
	return store->generation;
}

void scms_store_objects(const struct scms_store *store, void (*object)(void *ctx, const uint8_t digest[32]), void *ctx)
{
	const uint8_t *single[3] = {store->chain, store->own, store->certificates};

	for (unsigned k = 0; k < 3; k++)
		if (!object_is_none(single[k]))
			object(ctx, single[k]);
	for (uint32_t k = 0; k < store->crl_count; k++) {
		const uint8_t *of_crl[3] = {store->crls[k].full, store->crls[k].deltas, store->crls[k].kept};

		for (unsigned j = 0; j < 3; j++)
			if (!object_is_none(of_crl[j]))
				object(ctx, of_crl[j]);
	}
}
