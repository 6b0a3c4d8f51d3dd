/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/linkage_lookup.h"
#include "crypto/linkage_expand.h"

#include <string.h>

/* Bits of filter for a value: about one value in ten million that is not there is then taken for one that may be. */
#define FILTER_BITS 40
#define PENDING 256

/* Entries that follow one another and have all in common but their seeds. */
struct run {
	struct linkage_group group;
	size_t first, count;
};

struct period {
	uint16_t i;
	size_t entries, values;
	unsigned runs;
	struct run run[LINKAGE_GROUPS_MAX];
	uint8_t (*seed1)[16], (*seed2)[16];
	struct filter_block *filter;
};

struct linkage_lookup {
	const struct scms_crypto *crypto;
	const struct linkage_expander *expander;
	size_t entries_max, values_max;
	uint64_t blocks;
	struct period period[2], *current, *next;
	/* How far the next period is: what of the current one's runs was taken over. */
	bool begun;
	unsigned run;
	size_t done;
	/* Keys on their way into a filter, their cache lines asked for. */
	uint64_t pending[PENDING];
	unsigned pending_n;
};

static size_t rounded(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static uint64_t filter_blocks(size_t values)
{
	return values * FILTER_BITS / (8 * sizeof(struct filter_block)) + 1;
}

size_t linkage_lookup_size(size_t entries, size_t values)
{
	const size_t seeds = rounded(16 * entries),
		     filter = (size_t)filter_blocks(values) * sizeof(struct filter_block);

	return rounded(sizeof(struct linkage_lookup)) + 2 * (2 * seeds + filter) + 63;
}

static uint8_t *period_init(struct period *period, uint8_t *at, size_t entries, uint64_t blocks)
{
	period->seed1 = (uint8_t(*)[16])(void *)at;
	at += rounded(16 * entries);
	period->seed2 = (uint8_t(*)[16])(void *)at;
	at += rounded(16 * entries);
	period->filter = (struct filter_block *)(void *)at;
	return at + (size_t)blocks * sizeof(struct filter_block);
}

static void period_clear(struct period *period, uint16_t i, uint64_t blocks)
{
	period->i = i;
	period->entries = 0;
	period->values = 0;
	period->runs = 0;
	memset(period->filter, 0, (size_t)blocks * sizeof(struct filter_block));
}

struct linkage_lookup *linkage_lookup_init(void *memory, size_t entries, size_t values, uint16_t i,
					   const struct scms_crypto *crypto, bool portable)
{
	struct linkage_lookup *l = memory;
	uint8_t *at = (uint8_t *)memory + sizeof(*l);

	memset(l, 0, sizeof(*l));
	l->crypto = crypto;
	l->expander = &linkage_portable;
#ifdef HAVE_LINKAGE_VAES
	if (!portable && linkage_vaes_usable())
		l->expander = &linkage_vaes;
#else
	(void)portable;
#endif
	l->entries_max = entries;
	l->values_max = values;
	l->blocks = filter_blocks(values);
	l->current = &l->period[0];
	l->next = &l->period[1];
	at += (64 - (uintptr_t)at % 64) % 64;
	at = period_init(l->current, at, entries, l->blocks);
	period_init(l->next, at, entries, l->blocks);
	period_clear(l->current, i, l->blocks);
	return l;
}

const char *linkage_lookup_backend(const struct linkage_lookup *lookup)
{
	return lookup->expander->name;
}

uint16_t linkage_lookup_period(const struct linkage_lookup *lookup)
{
	return lookup->current->i;
}

size_t linkage_lookup_entries(const struct linkage_lookup *lookup)
{
	return lookup->current->entries;
}

/* ---- putting in ---- */

static uint64_t value_key(const uint8_t *value)
{
	uint64_t key;

	memcpy(&key, value, sizeof(key));
	return key;
}

static void pending_flush(struct linkage_lookup *l, struct period *period)
{
	l->expander->filter_add(period->filter, l->blocks, l->pending, l->pending_n);
	l->pending_n = 0;
}

static void pending_add(struct linkage_lookup *l, struct period *period, uint64_t key)
{
	__builtin_prefetch(&period->filter[filter_at(l->blocks, key)], 1);
	l->pending[l->pending_n++] = key;
	if (l->pending_n == PENDING)
		pending_flush(l, period);
}

/* A block of seeds: n from `first` on, the rest of the block whatever. */
struct seeds {
	uint8_t one[LINKAGE_BLOCK][16], two[LINKAGE_BLOCK][16];
};

static bool seeds_step(const struct linkage_lookup *l, const struct linkage_group *group, struct seeds *seeds)
{
	return l->expander->step(l->crypto, group->la1, seeds->one) &&
	       l->expander->step(l->crypto, group->la2, seeds->two);
}

/* How many values are made from j0 on. */
static unsigned chunk_at(const struct linkage_group *group, uint32_t j0)
{
	return group->j_max - j0 < LINKAGE_CHUNK ? group->j_max - j0 : LINKAGE_CHUNK;
}

/* Appends n entries to a period, values and all, without counting them yet. */
static bool block_put(struct linkage_lookup *l, struct period *period, size_t first, const struct linkage_group *group,
		      const struct seeds *seeds, size_t n)
{
	uint8_t value[LINKAGE_CHUNK][LINKAGE_BLOCK][16];

	memcpy(period->seed1[first], seeds->one, 16 * n);
	memcpy(period->seed2[first], seeds->two, 16 * n);
	for (uint32_t j0 = 0; j0 < group->j_max; j0 += LINKAGE_CHUNK) {
		const unsigned n_j = chunk_at(group, j0);

		if (!l->expander->values(l->crypto, group->la1, group->la2, j0, n_j, seeds->one, seeds->two, value))
			return false;
		for (unsigned j = 0; j < n_j; j++)
			for (size_t k = 0; k < n; k++)
				pending_add(l, period, value_key(value[j][k]));
	}
	return true;
}

static bool group_equal(const struct linkage_group *a, const struct linkage_group *b)
{
	return a->j_max == b->j_max && a->la1 == b->la1 && a->la2 == b->la2 && a->i_max == b->i_max;
}

/* Counts n entries that were put behind the others. There is room for a run. */
static void period_count(struct period *period, const struct linkage_group *group, size_t n)
{
	struct run *last = period->runs > 0 ? &period->run[period->runs - 1] : NULL;

	if (last != NULL && group_equal(&last->group, group))
		last->count += n;
	else
		period->run[period->runs++] = (struct run){*group, period->entries, n};
	period->entries += n;
	period->values += n * group->j_max;
}

enum linkage_status linkage_lookup_add(struct linkage_lookup *l, uint16_t i_rev, const struct linkage_group *group,
				       const uint8_t *entries, size_t n)
{
	struct period *period = l->current;

	if (i_rev > period->i)
		return LINKAGE_LATER;
	if (group->i_max < period->i || n == 0)
		return LINKAGE_OK;
	if (n > l->entries_max - period->entries || n * group->j_max > l->values_max - period->values ||
	    period->runs == LINKAGE_GROUPS_MAX)
		return LINKAGE_FULL;
	l->begun = false;
	for (size_t at = 0; at < n; at += LINKAGE_BLOCK) {
		const size_t some = n - at < LINKAGE_BLOCK ? n - at : LINKAGE_BLOCK;
		struct seeds seeds;

		if (some < LINKAGE_BLOCK)
			memset(&seeds, 0, sizeof(seeds));
		for (size_t k = 0; k < some; k++) {
			memcpy(seeds.one[k], entries + (at + k) * LINKAGE_ENTRY + 1, 16);
			memcpy(seeds.two[k], entries + (at + k) * LINKAGE_ENTRY + 17, 16);
		}
		for (uint16_t i = i_rev; i < period->i; i++)
			if (!seeds_step(l, group, &seeds))
				goto failed;
		if (!block_put(l, period, period->entries + at, group, &seeds, some))
			goto failed;
	}
	pending_flush(l, period);
	period_count(period, group, n);
	return LINKAGE_OK;
failed:
	/* What is in the filter already is not among the entries: it only costs a look. */
	l->pending_n = 0;
	return LINKAGE_FAILED;
}

/* ---- asking ---- */

static void seeds_get(const struct period *period, size_t first, size_t n, struct seeds *seeds)
{
	if (n < LINKAGE_BLOCK)
		memset(seeds, 0, sizeof(*seeds));
	memcpy(seeds->one, period->seed1[first], 16 * n);
	memcpy(seeds->two, period->seed2[first], 16 * n);
}

/* Is the value one of these n entries'? */
static enum scms_verdict block_has(const struct linkage_lookup *l, const struct run *run, size_t first, size_t n,
				   const uint8_t value[9])
{
	uint8_t made[LINKAGE_CHUNK][LINKAGE_BLOCK][16];
	struct seeds seeds;

	seeds_get(l->current, first, n, &seeds);
	for (uint32_t j0 = 0; j0 < run->group.j_max; j0 += LINKAGE_CHUNK) {
		const unsigned n_j = chunk_at(&run->group, j0);

		if (!l->expander->values(l->crypto, run->group.la1, run->group.la2, j0, n_j, seeds.one, seeds.two,
					 made))
			return SCMS_FAILED;
		for (unsigned j = 0; j < n_j; j++)
			for (size_t k = 0; k < n; k++)
				if (memcmp(made[j][k], value, 9) == 0)
					return SCMS_GOOD;
	}
	return SCMS_BAD;
}

enum scms_verdict linkage_lookup_has(const struct linkage_lookup *l, const uint8_t value[9])
{
	const struct period *period = l->current;

	if (!l->expander->filter_has(period->filter, l->blocks, value_key(value)))
		return SCMS_BAD;
	for (unsigned r = 0; r < period->runs; r++) {
		const struct run *run = &period->run[r];

		for (size_t at = 0; at < run->count; at += LINKAGE_BLOCK) {
			const size_t n = run->count - at < LINKAGE_BLOCK ? run->count - at : LINKAGE_BLOCK;
			enum scms_verdict verdict = block_has(l, run, run->first + at, n, value);

			if (verdict != SCMS_BAD)
				return verdict;
		}
	}
	return SCMS_BAD;
}

/* ---- the next period ---- */

enum linkage_status linkage_lookup_prepare(struct linkage_lookup *l, size_t n, bool *done)
{
	struct period *next = l->next;

	*done = false;
	if (!l->begun) {
		period_clear(next, (uint16_t)(l->current->i + 1), l->blocks);
		l->begun = true;
		l->run = 0;
		l->done = 0;
	}
	while (l->run < l->current->runs) {
		const struct run *run = &l->current->run[l->run];
		size_t some = run->count - l->done < LINKAGE_BLOCK ? run->count - l->done : LINKAGE_BLOCK;
		struct seeds seeds;

		if (some == 0 || run->group.i_max < next->i) {
			l->run++;
			l->done = 0;
			continue;
		}
		if (n == 0) {
			pending_flush(l, next);
			return LINKAGE_OK;
		}
		seeds_get(l->current, run->first + l->done, some, &seeds);
		if (!seeds_step(l, &run->group, &seeds) ||
		    !block_put(l, next, next->entries, &run->group, &seeds, some)) {
			l->begun = false;
			l->pending_n = 0;
			return LINKAGE_FAILED;
		}
		period_count(next, &run->group, some);
		l->done += some;
		n -= some < n ? some : n;
	}
	pending_flush(l, next);
	*done = true;
	return LINKAGE_OK;
}

enum linkage_status linkage_lookup_advance(struct linkage_lookup *l)
{
	enum linkage_status status;
	struct period *swap;
	bool done;

	if (l->current->i == UINT16_MAX)
		return LINKAGE_LATER;
	status = linkage_lookup_prepare(l, SIZE_MAX, &done);
	if (status != LINKAGE_OK)
		return status;
	swap = l->current;
	l->current = l->next;
	l->next = swap;
	l->begun = false;
	return LINKAGE_OK;
}
