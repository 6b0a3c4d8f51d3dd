/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/revocation_table.h"

#include <string.h>

#define SPARE_VALUES 20 /* for each spare entry */

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

bool revocation_count(const struct scms_objects *objects, const struct crl_state *state, struct counts *counts)
{
	*counts = (struct counts){0};
	return state_each(objects, state, count_crl, counts);
}

/* Room for what deltas may add, of the kinds that there are. */
struct counts counts_with(const struct counts *counts, uint32_t spare)
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

bool counts_fit(const struct counts *counts, const struct counts *room)
{
	return counts->ids <= room->ids && counts->entries <= room->entries && counts->values <= room->values &&
	       counts->groups <= room->groups;
}

size_t revocation_table_size(const struct counts *room)
{
	return (room->ids > 0 ? rounded(id10_table_size(room->ids)) : 0) +
	       rounded(room->groups * sizeof(struct group_entry)) +
	       (room->entries > 0 ? rounded(linkage_lookup_size(room->entries, room->values)) : 0);
}

/* ---- filling ---- */

struct filling {
	const struct revocation_means *means;
	struct revocation_table *table;
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

		memcpy(entry + 1, one.linkage_seed1, REVOCATION_SEED);
		memcpy(entry + 1 + REVOCATION_SEED, one.linkage_seed2, REVOCATION_SEED);
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
	struct revocation_table *table = filling->table;
	struct oer_iter it = oer_iterate(&crl->groups);
	struct GroupCrlEntry entry;

	while (oer_next(&it, &entry)) {
		struct group_entry *to = &table->groups[table->group_count];

		if (table->group_count == table->room.groups)
			return stop(filling, SCMS_REVOCATION_NO_ROOM);
		*to = (struct group_entry){.i = crl->iRev, .i_max = entry.iMax};
		memcpy(to->la1, entry.la1Id, 2);
		memcpy(to->la2, entry.la2Id, 2);
		memcpy(to->seed1, entry.linkageSeed1, REVOCATION_SEED);
		memcpy(to->seed2, entry.linkageSeed2, REVOCATION_SEED);
		group_advance(filling->means->crypto, to, filling->means->options.i);
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

static void table_mark(struct revocation_table *table, const struct crl_state *state, size_t delta_bytes)
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
static void table_clear(const struct revocation_means *means, struct revocation_table *table)
{
	uint8_t *at = table->memory;

	table->is_made = false;
	table->begins_later = false;
	table->group_count = 0;
	table->linkage = NULL;
	table->ids = (struct id10_table){0};
	if (table->room.entries > 0) {
		table->linkage = linkage_lookup_init(at, table->room.entries, table->room.values, means->options.i,
						     means->crypto, means->options.portable);
		at += rounded(linkage_lookup_size(table->room.entries, table->room.values));
	}
	table->groups = (struct group_entry *)(void *)at;
	at += rounded(table->room.groups * sizeof(struct group_entry));
	if (table->room.ids > 0)
		id10_table_init(&table->ids, at, table->room.ids);
}

enum scms_revocation_status revocation_table_make(const struct revocation_means *means, struct revocation_table *table,
						  const struct crl_state *state, const struct scms_objects *objects)
{
	struct filling filling = {.means = means, .table = table, .status = SCMS_REVOCATION_FAILED};
	size_t delta_bytes;

	table_clear(means, table);
	if (!deltas_size(objects, state, &delta_bytes) || !state_each(objects, state, fill_crl, &filling))
		return filling.status;
	table_mark(table, state, delta_bytes);
	return SCMS_REVOCATION_READY;
}

bool revocation_table_is_of(const struct revocation_table *table, const struct crl_state *state)
{
	return table->from.series == state->series && memcmp(table->from.craca, state->craca, 8) == 0;
}

bool revocation_table_is_current(const struct revocation_table *table, const struct crl_state *state)
{
	return table->is_made && crl_mark_is(&table->from, state);
}

/* Adds the deltas that have come since; false where the table has to be made again. */
bool revocation_table_add(const struct revocation_means *means, struct revocation_table *table,
			  const struct crl_state *state, const struct scms_objects *objects)
{
	struct filling filling = {.means = means, .table = table};
	struct scms_slice bytes, before;
	uint8_t hash[32] = {0};

	if (!table->is_made || memcmp(table->from.full, state->full, 32) != 0 ||
	    memcmp(table->from.kept, state->kept, 32) != 0 || object_is_none(state->deltas) ||
	    !objects->get(objects->ctx, state->deltas, &bytes) || bytes.n < table->delta_bytes)
		return false;
	/* What the table has of the deltas must be how they begin now. */
	before = (struct scms_slice){bytes.p, table->delta_bytes};
	if (before.n > 0)
		means->crypto->sha256(means->crypto->ctx, &before, 1, hash);
	if (memcmp(hash, table->from.deltas, 32) != 0)
		return false;
	table->is_made = false; /* until all of it is there */
	if (!crls_each(objects, state->deltas, table->delta_bytes, fill_crl, &filling))
		return false;
	table_mark(table, state, bytes.n);
	return true;
}

bool revocation_table_advance(const struct revocation_means *means, struct revocation_table *table)
{
	if (table->begins_later || (table->linkage != NULL && linkage_lookup_advance(table->linkage) != LINKAGE_OK)) {
		table->is_made = false;
		return false;
	}
	for (size_t g = 0; g < table->group_count; g++)
		group_advance(means->crypto, &table->groups[g], means->options.i);
	return true;
}
