/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables for look-up, one for each CRL state of the store: its full CRL, deltas, and what earlier signers' CRLs listed.
 */
#include "trust/revocation.h"

#include "crypto/linkage_lookup.h"
#include "dot2/id10_table.h"

#include <string.h>

#define SPARE_DEFAULT 1000
#define SPARE_VALUES 20 /* for each spare entry */
#define SEED 16

/* A group's entry, its seeds advanced to period i. */
struct group_entry {
	uint16_t i, i_max;
	uint8_t la1[2], la2[2];
	uint8_t seed1[SEED], seed2[SEED];
};

/* What a state's CRLs have, to know the room that they need. */
struct counts {
	size_t ids, entries, values, groups;
};

struct table {
	bool is_made;
	bool begins_later; /* some CRL has seeds of a period that is still to come */
	struct crl_mark from;
	size_t delta_bytes;
	uint8_t *memory;
	size_t size;
	struct counts room;
	struct id10_table ids;
	struct linkage_lookup *linkage; /* NULL: no room for entries was needed */
	struct group_entry *groups;
	size_t group_count;
};

struct scms_revocation {
	const struct scms_crypto *crypto;
	struct scms_revocation_options options;
	uint8_t *memory; /* of the tables, one after another */
	size_t size, used;
	uint32_t n;
	struct table table[CRLS_MAX];
};

static size_t rounded(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/* ---- what CRLs have ---- */

/* Calls back for each CRL in an object. False: the object cannot be had or read, or the callback said so. */
static bool crls_each(const struct scms_objects *objects, const uint8_t digest[32], size_t skip,
		      bool (*each)(void *ctx, const struct crl *crl), void *ctx)
{
	struct scms_slice rest;

	if (object_is_none(digest))
		return true;
	if (!objects->get(objects->ctx, digest, &rest) || skip > rest.n)
		return false;
	rest = (struct scms_slice){rest.p + skip, rest.n - skip};
	while (rest.n > 0) {
		struct scms_slice one = {rest.p, 0};
		struct crl crl;

		if (oer_decode_prefix(&oer_Ieee1609Dot2Data, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			return false;
		one.n = (size_t)(rest.p - one.p);
		if (crl_read(&crl, one, NULL) != OER_OK || !each(ctx, &crl))
			return false;
	}
	return true;
}

static bool state_each(const struct scms_objects *objects, const struct crl_state *state,
		       bool (*each)(void *ctx, const struct crl *crl), void *ctx)
{
	return crls_each(objects, state->full, 0, each, ctx) && crls_each(objects, state->deltas, 0, each, ctx) &&
	       crls_each(objects, state->kept, 0, each, ctx);
}

/* The linkage-based part, or NULL. Full and delta have the same type and the same place in the union. */
static const struct ToBeSignedLinkageValueCrl *crl_linkage_part(const struct crl *crl)
{
	uint8_t kind = crl->contents.typeSpecific.choice;

	return kind == CrlContents_typeSpecific_is_fullLinkedCrl || kind == CrlContents_typeSpecific_is_deltaLinkedCrl
		   ? &crl->contents.typeSpecific.u.fullLinkedCrl
		   : NULL;
}

/* Entries that have everything but their seeds in common. */
struct entries {
	struct linkage_group group;
	struct oer_list list;
};

static uint16_t la_id(const uint8_t bytes[2])
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Calls back for each group of individual entries. */
static bool individual_each(const struct ToBeSignedLinkageValueCrl *crl,
			    bool (*each)(void *ctx, const struct entries *entries), void *ctx)
{
	struct oer_iter j_groups, la_groups, i_groups;
	struct JMaxGroup j_group;
	struct LAGroup la_group;
	struct IMaxGroup i_group;

	if (!crl->has_individual)
		return true;
	j_groups = oer_iterate(&crl->individual);
	while (oer_next(&j_groups, &j_group)) {
		la_groups = oer_iterate(&j_group.contents);
		while (oer_next(&la_groups, &la_group)) {
			i_groups = oer_iterate(&la_group.contents);
			while (oer_next(&i_groups, &i_group)) {
				struct entries entries = {
				    .group = {j_group.jmax, la_id(la_group.la1Id), la_id(la_group.la2Id), i_group.iMax},
				    .list = i_group.contents,
				};

				if (!each(ctx, &entries))
					return false;
			}
		}
	}
	return true;
}

static bool count_entries(void *ctx, const struct entries *entries)
{
	struct counts *counts = ctx;

	counts->entries += entries->list.count;
	counts->values += (size_t)entries->list.count * entries->group.j_max;
	return true;
}

static bool count_crl(void *ctx, const struct crl *crl)
{
	const struct ToBeSignedLinkageValueCrl *linkage = crl_linkage_part(crl);
	struct counts *counts = ctx;

	if (crl_is_hash(crl))
		counts->ids += crl->contents.typeSpecific.u.fullHashCrl.entries.count;
	if (linkage == NULL)
		return true;
	if (linkage->has_groups)
		counts->groups += linkage->groups.count;
	return individual_each(linkage, count_entries, counts);
}

static bool state_counts(const struct scms_objects *objects, const struct crl_state *state, struct counts *counts)
{
	*counts = (struct counts){0};
	return state_each(objects, state, count_crl, counts);
}

/* Room for what deltas may add, of the kinds that there are. */
static struct counts counts_with(const struct counts *counts, uint32_t spare)
{
	struct counts with = *counts;

	with.ids += counts->ids > 0 ? spare : 0;
	with.groups += counts->groups > 0 ? spare : 0;
	if (counts->entries > 0) {
		with.entries += spare;
		with.values += (size_t)spare * SPARE_VALUES;
	}
	return with;
}

static bool counts_fit(const struct counts *counts, const struct counts *room)
{
	return counts->ids <= room->ids && counts->entries <= room->entries && counts->values <= room->values &&
	       counts->groups <= room->groups;
}

static size_t table_size(const struct counts *room)
{
	return (room->ids > 0 ? rounded(id10_table_size(room->ids)) : 0) +
	       rounded(room->groups * sizeof(struct group_entry)) +
	       (room->entries > 0 ? rounded(linkage_lookup_size(room->entries, room->values)) : 0);
}

/* ---- filling ---- */

struct filling {
	struct scms_revocation *all;
	struct table *table;
	uint16_t i_rev;
	enum scms_revocation_status status; /* why it stopped */
};

static bool stop(struct filling *filling, enum scms_revocation_status status)
{
	filling->status = status;
	return false;
}

static bool fill_linkage(struct filling *filling, const struct linkage_group *group, const uint8_t *entries, size_t n)
{
	if (filling->table->linkage == NULL)
		return stop(filling, SCMS_REVOCATION_NO_ROOM);
	switch (linkage_lookup_add(filling->table->linkage, filling->i_rev, group, entries, n)) {
	case LINKAGE_OK:
		return true;
	case LINKAGE_LATER:
		filling->table->begins_later = true;
		return true;
	case LINKAGE_FULL:
		return stop(filling, SCMS_REVOCATION_NO_ROOM);
	default:
		return stop(filling, SCMS_REVOCATION_FAILED);
	}
}

static bool fill_entries(void *ctx, const struct entries *entries)
{
	struct filling *filling = ctx;
	struct IndividualRevocation one;
	struct oer_iter it;

	/* Entries have 33 bytes each, or more where some have extensions. */
	if (entries->list.bytes.n == (size_t)entries->list.count * LINKAGE_ENTRY)
		return fill_linkage(filling, &entries->group, entries->list.bytes.p, entries->list.count);
	it = oer_iterate(&entries->list);
	while (oer_next(&it, &one)) {
		uint8_t entry[LINKAGE_ENTRY] = {0};

		memcpy(entry + 1, one.linkage_seed1, SEED);
		memcpy(entry + 1 + SEED, one.linkage_seed2, SEED);
		if (!fill_linkage(filling, &entries->group, entry, 1))
			return false;
	}
	return true;
}

static void group_advance(const struct scms_crypto *crypto, struct group_entry *entry, uint16_t i)
{
	for (; entry->i < i; entry->i++) {
		crl_seed_advance(crypto, entry->la1, entry->seed1);
		crl_seed_advance(crypto, entry->la2, entry->seed2);
	}
}

static bool fill_groups(struct filling *filling, const struct ToBeSignedLinkageValueCrl *crl)
{
	struct table *table = filling->table;
	struct oer_iter it = oer_iterate(&crl->groups);
	struct GroupCrlEntry entry;

	while (oer_next(&it, &entry)) {
		struct group_entry *to = &table->groups[table->group_count];

		if (table->group_count == table->room.groups)
			return stop(filling, SCMS_REVOCATION_NO_ROOM);
		*to = (struct group_entry){.i = crl->iRev, .i_max = entry.iMax};
		memcpy(to->la1, entry.la1Id, 2);
		memcpy(to->la2, entry.la2Id, 2);
		memcpy(to->seed1, entry.linkageSeed1, SEED);
		memcpy(to->seed2, entry.linkageSeed2, SEED);
		group_advance(filling->all->crypto, to, filling->all->options.i);
		table->group_count++;
	}
	return true;
}

static bool fill_ids(struct filling *filling, const struct crl *crl)
{
	struct HashBasedRevocationInfo entry;
	struct oer_iter it = oer_iterate(&crl->contents.typeSpecific.u.fullHashCrl.entries);

	while (crl_hash_next(&it, &entry))
		if (filling->table->room.ids == 0 || !id10_table_add(&filling->table->ids, entry.id))
			return stop(filling, SCMS_REVOCATION_NO_ROOM);
	return true;
}

static bool fill_crl(void *ctx, const struct crl *crl)
{
	const struct ToBeSignedLinkageValueCrl *linkage = crl_linkage_part(crl);
	struct filling *filling = ctx;

	if (crl_is_hash(crl))
		return fill_ids(filling, crl);
	if (linkage == NULL)
		return true;
	filling->i_rev = linkage->iRev;
	return individual_each(linkage, fill_entries, filling) &&
	       (!linkage->has_groups || fill_groups(filling, linkage));
}

static void table_mark(struct table *table, const struct crl_state *state, size_t delta_bytes)
{
	table->from = crl_mark_of(state);
	table->delta_bytes = delta_bytes;
	table->is_made = true;
}

static bool deltas_size(const struct scms_objects *objects, const struct crl_state *state, size_t *n)
{
	struct scms_slice bytes = {NULL, 0};

	if (!object_is_none(state->deltas) && !objects->get(objects->ctx, state->deltas, &bytes))
		return false;
	*n = bytes.n;
	return true;
}

/* Lays out an empty table in its memory. */
static void table_clear(const struct scms_revocation *all, struct table *table)
{
	uint8_t *at = table->memory;

	table->is_made = false;
	table->begins_later = false;
	table->group_count = 0;
	table->linkage = NULL;
	table->ids = (struct id10_table){0};
	if (table->room.entries > 0) {
		table->linkage = linkage_lookup_init(at, table->room.entries, table->room.values, all->options.i,
						     all->crypto, all->options.portable);
		at += rounded(linkage_lookup_size(table->room.entries, table->room.values));
	}
	table->groups = (struct group_entry *)(void *)at;
	at += rounded(table->room.groups * sizeof(struct group_entry));
	if (table->room.ids > 0)
		id10_table_init(&table->ids, at, table->room.ids);
}

static enum scms_revocation_status table_make(struct scms_revocation *all, struct table *table,
					      const struct crl_state *state, const struct scms_objects *objects)
{
	struct filling filling = {.all = all, .table = table, .status = SCMS_REVOCATION_FAILED};
	size_t delta_bytes;

	table_clear(all, table);
	if (!deltas_size(objects, state, &delta_bytes) || !state_each(objects, state, fill_crl, &filling))
		return filling.status;
	table_mark(table, state, delta_bytes);
	return SCMS_REVOCATION_READY;
}

static bool table_is_of(const struct table *table, const struct crl_state *state)
{
	return table->from.series == state->series && memcmp(table->from.craca, state->craca, 8) == 0;
}

static bool table_is_current(const struct table *table, const struct crl_state *state)
{
	return table->is_made && crl_mark_is(&table->from, state);
}

/* Adds the deltas that have come since; false where the table has to be made again. */
static bool table_add_deltas(struct scms_revocation *all, struct table *table, const struct crl_state *state,
			     const struct scms_objects *objects)
{
	struct filling filling = {.all = all, .table = table};
	struct scms_slice bytes, before;
	uint8_t hash[32] = {0};

	if (!table->is_made || memcmp(table->from.full, state->full, 32) != 0 ||
	    memcmp(table->from.kept, state->kept, 32) != 0 || object_is_none(state->deltas) ||
	    !objects->get(objects->ctx, state->deltas, &bytes) || bytes.n < table->delta_bytes)
		return false;
	/* What the table has of the deltas must be how they begin now. */
	before = (struct scms_slice){bytes.p, table->delta_bytes};
	if (before.n > 0)
		all->crypto->sha256(all->crypto->ctx, &before, 1, hash);
	if (memcmp(hash, table->from.deltas, 32) != 0)
		return false;
	table->is_made = false; /* until all of it is there */
	if (!crls_each(objects, state->deltas, table->delta_bytes, fill_crl, &filling))
		return false;
	table_mark(table, state, bytes.n);
	return true;
}

/* ---- the life of a table ---- */

static uint32_t options_spare(const struct scms_revocation_options *options)
{
	return options->spare != 0 ? options->spare : SPARE_DEFAULT;
}

size_t scms_revocation_size(const struct scms_store *store, const struct scms_objects *objects,
			    const struct scms_revocation_options *options)
{
	size_t size = rounded(sizeof(struct scms_revocation)) + 63;

	for (uint32_t k = 0; k < store->crl_count; k++) {
		struct counts counts, room;

		if (!state_counts(objects, &store->crls[k], &counts))
			return 0;
		room = counts_with(&counts, options_spare(options));
		size += table_size(&room);
	}
	return size;
}

struct scms_revocation *scms_revocation_init(void *memory, size_t size, const struct scms_revocation_options *options,
					     const struct scms_crypto *crypto)
{
	struct scms_revocation *all = memory;
	uintptr_t at = rounded((uintptr_t)memory + sizeof(*all));

	if (memory == NULL || size < rounded(sizeof(*all)) + 63)
		return NULL;
	memset(all, 0, sizeof(*all));
	all->crypto = crypto;
	all->options = *options;
	all->memory = (uint8_t *)at;
	all->size = size - (size_t)(at - (uintptr_t)memory);
	return all;
}

/* Room in so much memory: with something to spare, or just as much as there is. False: not even that. */
static bool room_within(const struct scms_revocation *all, const struct counts *counts, size_t size,
			struct counts *room)
{
	*room = counts_with(counts, options_spare(&all->options));
	if (table_size(room) > size)
		*room = *counts;
	return table_size(room) <= size;
}

/* Puts the state's table into the memory that is left. */
static enum scms_revocation_status table_place(struct scms_revocation *all, const struct crl_state *state,
					       const struct scms_objects *objects)
{
	struct table *table = &all->table[all->n];
	struct counts counts, room;

	if (!state_counts(objects, state, &counts))
		return SCMS_REVOCATION_FAILED;
	if (!room_within(all, &counts, all->size - all->used, &room))
		return SCMS_REVOCATION_NO_ROOM;
	*table = (struct table){.memory = all->memory + all->used, .size = table_size(&room), .room = room};
	all->used += table->size;
	all->n++;
	return table_make(all, table, state, objects);
}

static enum scms_revocation_status make_all(struct scms_revocation *all, const struct scms_store *store,
					    const struct scms_objects *objects)
{
	enum scms_revocation_status worst = SCMS_REVOCATION_READY;

	all->n = 0;
	all->used = 0;
	for (uint32_t k = 0; k < store->crl_count; k++) {
		enum scms_revocation_status status = table_place(all, &store->crls[k], objects);

		if (status > worst)
			worst = status;
	}
	return worst;
}

/* The same memory again, if what the state has now fits into it. */
static enum scms_revocation_status table_renew(struct scms_revocation *all, struct table *table,
					       const struct crl_state *state, const struct scms_objects *objects)
{
	struct counts counts;

	table->is_made = false;
	if (!state_counts(objects, state, &counts))
		return SCMS_REVOCATION_FAILED;
	if (!counts_fit(&counts, &table->room) && !room_within(all, &counts, table->size, &table->room))
		return SCMS_REVOCATION_NO_ROOM;
	return table_make(all, table, state, objects);
}

enum scms_revocation_status scms_revocation_update(struct scms_revocation *all, const struct scms_store *store,
						   const struct scms_objects *objects)
{
	for (uint32_t k = 0; k < store->crl_count; k++) {
		const struct crl_state *state = &store->crls[k];
		enum scms_revocation_status status = SCMS_REVOCATION_NO_ROOM;

		for (uint32_t t = 0; t < all->n; t++) {
			struct table *table = &all->table[t];

			if (!table_is_of(table, state))
				continue;
			status = table_is_current(table, state) || table_add_deltas(all, table, state, objects)
				     ? SCMS_REVOCATION_READY
				     : table_renew(all, table, state, objects);
		}
		if (status == SCMS_REVOCATION_READY)
			continue;
		/* A CRL that is new, or too large for its place: all move together. */
		return status == SCMS_REVOCATION_FAILED ? status : make_all(all, store, objects);
	}
	return SCMS_REVOCATION_READY;
}

enum scms_revocation_status scms_revocation_prepare(struct scms_revocation *all, size_t n, bool *done)
{
	*done = true;
	for (uint32_t t = 0; t < all->n && *done; t++) {
		struct table *table = &all->table[t];

		/* One at a time, a slice of it each time: the next begins when this one is done. */
		if (table->is_made && table->linkage != NULL &&
		    linkage_lookup_prepare(table->linkage, n, done) != LINKAGE_OK)
			return SCMS_REVOCATION_FAILED;
	}
	return SCMS_REVOCATION_READY;
}

enum scms_revocation_status scms_revocation_advance(struct scms_revocation *all)
{
	enum scms_revocation_status status = SCMS_REVOCATION_READY;

	if (all->options.i == UINT16_MAX)
		return SCMS_REVOCATION_FAILED;
	all->options.i++;
	for (uint32_t t = 0; t < all->n; t++) {
		struct table *table = &all->table[t];

		if (!table->is_made)
			continue;
		if (table->begins_later ||
		    (table->linkage != NULL && linkage_lookup_advance(table->linkage) != LINKAGE_OK)) {
			if (!table->begins_later)
				status = SCMS_REVOCATION_FAILED;
			table->is_made = false;
			continue;
		}
		for (size_t g = 0; g < table->group_count; g++)
			group_advance(all->crypto, &table->groups[g], all->options.i);
	}
	return status;
}

uint16_t scms_revocation_period(const struct scms_revocation *all)
{
	return all->options.i;
}

size_t scms_revocation_entries(const struct scms_revocation *all)
{
	size_t n = 0;

	for (uint32_t t = 0; t < all->n; t++) {
		const struct table *table = &all->table[t];

		if (table->is_made)
			n += table->ids.entries + table->ids.has_zero + table->group_count +
			     (table->linkage != NULL ? linkage_lookup_entries(table->linkage) : 0);
	}
	return n;
}

/* ---- asking ---- */

static enum scms_verdict groups_list(const struct scms_revocation *all, const struct table *table,
				     const struct crl_subject *subject)
{
	for (size_t g = 0; g < table->group_count; g++) {
		const struct group_entry *entry = &table->groups[g];
		enum scms_verdict verdict;

		if (entry->i != subject->i || subject->i > entry->i_max)
			continue;
		verdict = crl_group_matches(all->crypto, entry->la1, entry->seed1, entry->la2, entry->seed2, subject);
		if (verdict != SCMS_BAD)
			return verdict;
	}
	return SCMS_BAD;
}

enum scms_verdict revocation_lists(const struct scms_revocation *all, const struct crl_state *state,
				   struct crl_subject *subject, bool *known)
{
	const struct table *table = NULL;

	for (uint32_t t = 0; t < all->n && table == NULL; t++)
		if (table_is_current(&all->table[t], state))
			table = &all->table[t];
	*known = table != NULL && (!subject->has_linkage || subject->i == all->options.i ||
				   (table->linkage == NULL && table->group_count == 0 && !table->begins_later));
	if (!*known)
		return SCMS_FAILED;
	if (table->room.ids > 0) {
		const uint8_t *twin = crl_subject_twin(subject, all->crypto);

		if (id10_table_has(&table->ids, subject->id10) || (twin != NULL && id10_table_has(&table->ids, twin)))
			return SCMS_GOOD;
	}
	if (!subject->has_linkage)
		return SCMS_BAD;
	if (table->linkage != NULL) {
		enum scms_verdict verdict = linkage_lookup_has(table->linkage, subject->linkage_value);

		if (verdict != SCMS_BAD)
			return verdict;
	}
	return subject->group_j != NULL ? groups_list(all, table, subject) : SCMS_BAD;
}
