/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for look-up, one for each CRL state of the store. */
#include "trust/revocation_table.h"

#include <string.h>

#define SPARE_DEFAULT 1000

struct scms_revocation {
	struct revocation_means means;
	uint8_t *memory; /* of the tables, one after another */
	size_t size, used;
	uint32_t n;
	struct revocation_table table[CRLS_MAX];
};

static size_t rounded(size_t n)
{
	return (n + 63) & ~(size_t)63;
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

		if (!revocation_count(objects, &store->crls[k], &counts))
			return 0;
		room = counts_with(&counts, options_spare(options));
		size += revocation_table_size(&room);
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
	all->means.crypto = crypto;
	all->means.options = *options;
	all->memory = (uint8_t *)at;
	all->size = size - (size_t)(at - (uintptr_t)memory);
	return all;
}

/* Room in so much memory: with something to spare, or just as much as there is. False: not even that. */
static bool room_within(const struct scms_revocation *all, const struct counts *counts, size_t size,
			struct counts *room)
{
	*room = counts_with(counts, options_spare(&all->means.options));
	if (revocation_table_size(room) > size)
		*room = *counts;
	return revocation_table_size(room) <= size;
}

/* Puts the state's table into the memory that is left. */
static enum scms_revocation_status table_place(struct scms_revocation *all, const struct crl_state *state,
					       const struct scms_objects *objects)
{
	struct revocation_table *table = &all->table[all->n];
	struct counts counts, room;

	if (!revocation_count(objects, state, &counts))
		return SCMS_REVOCATION_FAILED;
	if (!room_within(all, &counts, all->size - all->used, &room))
		return SCMS_REVOCATION_NO_ROOM;
	*table = (struct revocation_table){
	    .memory = all->memory + all->used, .size = revocation_table_size(&room), .room = room};
	all->used += table->size;
	all->n++;
	return revocation_table_make(&all->means, table, state, objects);
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
static enum scms_revocation_status table_renew(struct scms_revocation *all, struct revocation_table *table,
					       const struct crl_state *state, const struct scms_objects *objects)
{
	struct counts counts;

	table->is_made = false;
	if (!revocation_count(objects, state, &counts))
		return SCMS_REVOCATION_FAILED;
	if (!counts_fit(&counts, &table->room) && !room_within(all, &counts, table->size, &table->room))
		return SCMS_REVOCATION_NO_ROOM;
	return revocation_table_make(&all->means, table, state, objects);
}

enum scms_revocation_status scms_revocation_update(struct scms_revocation *all, const struct scms_store *store,
						   const struct scms_objects *objects)
{
	for (uint32_t k = 0; k < store->crl_count; k++) {
		const struct crl_state *state = &store->crls[k];
		enum scms_revocation_status status = SCMS_REVOCATION_NO_ROOM;

		for (uint32_t t = 0; t < all->n; t++) {
			struct revocation_table *table = &all->table[t];

			if (!revocation_table_is_of(table, state))
				continue;
			status = revocation_table_is_current(table, state) ||
					 revocation_table_add(&all->means, table, state, objects)
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
		struct revocation_table *table = &all->table[t];

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

	if (all->means.options.i == UINT16_MAX)
		return SCMS_REVOCATION_FAILED;
	all->means.options.i++;
	for (uint32_t t = 0; t < all->n; t++) {
		struct revocation_table *table = &all->table[t];

		/* What begins with this period was no failure, and comes with the next update. */
		if (table->is_made && !revocation_table_advance(&all->means, table) && !table->begins_later)
			status = SCMS_REVOCATION_FAILED;
	}
	return status;
}

uint16_t scms_revocation_period(const struct scms_revocation *all)
{
	return all->means.options.i;
}

size_t scms_revocation_entries(const struct scms_revocation *all)
{
	size_t n = 0;

	for (uint32_t t = 0; t < all->n; t++) {
		const struct revocation_table *table = &all->table[t];

		if (table->is_made)
			n += table->ids.entries + table->ids.has_zero + table->group_count +
			     (table->linkage != NULL ? linkage_lookup_entries(table->linkage) : 0);
	}
	return n;
}

/* ---- asking ---- */

static enum scms_verdict groups_list(const struct scms_revocation *all, const struct revocation_table *table,
				     const struct crl_subject *subject)
{
	for (size_t g = 0; g < table->group_count; g++) {
		const struct group_entry *entry = &table->groups[g];
		enum scms_verdict verdict;

		if (entry->i != subject->i || subject->i > entry->i_max)
			continue;
		verdict =
		    crl_group_matches(all->means.crypto, entry->la1, entry->seed1, entry->la2, entry->seed2, subject);
		if (verdict != SCMS_BAD)
			return verdict;
	}
	return SCMS_BAD;
}

enum scms_verdict revocation_lists(const struct scms_revocation *all, const struct crl_state *state,
				   struct crl_subject *subject, bool *known)
{
	const struct revocation_table *table = NULL;

	for (uint32_t t = 0; t < all->n && table == NULL; t++)
		if (revocation_table_is_current(&all->table[t], state))
			table = &all->table[t];
	*known = table != NULL && (!subject->has_linkage || subject->i == all->means.options.i ||
				   (table->linkage == NULL && table->group_count == 0 && !table->begins_later));
	if (!*known)
		return SCMS_FAILED;
	if (table->room.ids > 0) {
		const uint8_t *twin = crl_subject_twin(subject, all->means.crypto);

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
