/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/crl_make.h"

#include <stdlib.h>
#include <string.h>

#include "dot2/signed_data.h"

static enum key_status no_memory(uint32_t n, struct key_error *err)
{
	return key_fail(err, KEY_FAILED, "no memory for a CRL of %u entries", n);
}

/* Signs contents, a CrlContents of either edition. */
static enum key_status crl_sign(const struct signer *signer, const struct oer_type *type, const void *contents,
				struct bytes *out, struct key_error *err)
{
	struct HeaderInfo header = {.psid = PSID_CRL};
	struct bytes encoded;
	enum key_status status = make_bytes(type, contents, &encoded, err);

	if (status == KEY_OK)
		status = signed_unsecured_make(signer, bytes_view(&encoded), &header, out, err);
	bytes_free(&encoded);
	return status;
}

static struct CrlContents contents_of(const struct crl_head *head)
{
	return (struct CrlContents){
	    .version = 1,
	    .crlSeries = head->series,
	    .cracaId = head->craca_id,
	    .issueDate = head->issue_date,
	    .nextCrl = head->next_crl,
	    .priorityInfo = {.has_priority = head->has_priority, .priority = head->priority},
	};
}

static int hash_order(const void *a, const void *b)
{
	return memcmp(((const struct HashBasedRevocationInfo2022 *)a)->id,
		      ((const struct HashBasedRevocationInfo2022 *)b)->id, 10);
}

static enum key_status hash_sign_2022(const struct signer *signer, const struct crl_head *head, uint32_t serial,
				      const struct HashBasedRevocationInfo2022 *items, uint32_t n, struct bytes *out,
				      struct key_error *err)
{
	const struct CrlContents common = contents_of(head);
	struct CrlContents2022 contents = {
	    .version = common.version,
	    .crlSeries = common.crlSeries,
	    .cracaId = common.cracaId,
	    .issueDate = common.issueDate,
	    .nextCrl = common.nextCrl,
	    .priorityInfo = common.priorityInfo,
	};
	struct ToBeSignedHashIdCrl2022 *list =
	    &contents.typeSpecific.u.fullHashCrl; /* of the same type in both kinds */

	contents.typeSpecific.choice =
	    head->delta ? CrlContents2022_typeSpecific_is_deltaHashCrl : CrlContents2022_typeSpecific_is_fullHashCrl;
	list->crlSerial = serial;
	list->entries = (struct oer_list){.items = items, .count = n, .element = &oer_HashBasedRevocationInfo2022};
	return crl_sign(signer, &oer_CrlContents2022, &contents, out, err);
}

static enum key_status hash_sign_2017(const struct signer *signer, const struct crl_head *head, uint32_t serial,
				      const struct HashBasedRevocationInfo2022 *items, uint32_t n, struct bytes *out,
				      struct key_error *err)
{
	struct CrlContents contents = contents_of(head);
	struct ToBeSignedHashIdCrl *list = &contents.typeSpecific.u.fullHashCrl; /* of the same type in both kinds */
	struct HashBasedRevocationInfo *older = calloc(n ? n : 1, sizeof(*older));
	enum key_status status;

	if (!older)
		return no_memory(n, err);
	for (uint32_t k = 0; k < n; k++)
		older[k] = (struct HashBasedRevocationInfo){.id = items[k].id, .expiry = items[k].expiry};
	contents.typeSpecific.choice =
	    head->delta ? CrlContents_typeSpecific_is_deltaHashCrl : CrlContents_typeSpecific_is_fullHashCrl;
	list->crlSerial = serial;
	list->entries = (struct oer_list){.items = older, .count = n, .element = &oer_HashBasedRevocationInfo};
	status = crl_sign(signer, &oer_CrlContents, &contents, out, err);
	free(older);
	return status;
}

enum key_status crl_make_hash(const struct signer *signer, const struct crl_head *head, uint32_t serial,
			      const struct crl_hash_entry *entries, uint32_t n, struct bytes *out,
			      struct key_error *err)
{
	struct HashBasedRevocationInfo2022 *items = calloc(n ? n : 1, sizeof(*items));
	enum key_status status = KEY_OK;

	*out = (struct bytes){NULL, 0};
	if (!items)
		return no_memory(n, err);
	for (uint32_t k = 0; k < n; k++)
		items[k] = (struct HashBasedRevocationInfo2022){.id = entries[k].id, .expiry = entries[k].expiry};
	qsort(items, n, sizeof(*items), hash_order);
	for (uint32_t k = 1; status == KEY_OK && k < n; k++)
		if (hash_order(&items[k - 1], &items[k]) == 0)
			status = key_fail(err, KEY_VALUE, "a CRL cannot list the same certificate twice");
	if (status == KEY_OK)
		status = (head->crl_2022 ? hash_sign_2022 : hash_sign_2017)(signer, head, serial, items, n, out, err);
	free(items);
	return status;
}

/*
 * Entries side by side whose groups are the same belong into one; then by seed, so that a set gives one list. Group and the
 * first bytes of a seed are compared as numbers: that decides nearly always.
 */
struct place {
	uint64_t group; /* j_max, la1, la2, i_max */
	uint64_t seed;
	const struct crl_linkage_entry *entry;
};

static struct place place_of(const struct crl_linkage_entry *entry)
{
	struct place place = {.group = (uint64_t)entry->j_max << 48 | (uint64_t)entry->la1 << 32 | (uint64_t)entry->la2 << 16 | entry->i_max,
			      .entry = entry};

	for (unsigned k = 0; k < 8; k++)
		place.seed = place.seed << 8 | entry->seed1[k];
	return place;
}

static int linkage_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int seeds;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->seed != y->seed)
		return x->seed < y->seed ? -1 : 1;
	seeds = memcmp(x->entry->seed1, y->entry->seed1, LINKAGE_SEED);
	return seeds ? seeds : memcmp(x->entry->seed2, y->entry->seed2, LINKAGE_SEED);
}

/* What the lists of a linkage CRL are built in: no level has more members than there are entries. */
struct linkage_build {
	struct place *sorted;
	struct IndividualRevocation *seeds;
	struct IMaxGroup *i_groups;
	struct LAGroup *la_groups;
	struct JMaxGroup *j_groups;
	uint8_t (*la_ids)[4]; /* la1 and la2 of each LAGroup or group entry */
	struct GroupCrlEntry *groups;
};

static void la_ids_write(uint16_t la1, uint16_t la2, uint8_t out[4])
{
	out[0] = (uint8_t)(la1 >> 8);
	out[1] = (uint8_t)la1;
	out[2] = (uint8_t)(la2 >> 8);
	out[3] = (uint8_t)la2;
}

/* Three levels of groups over the sorted entries; returns the number of JMaxGroups. */
static uint32_t individual_build(struct linkage_build *b, uint32_t n)
{
	uint32_t i_count = 0, la_count = 0, j_count = 0;

	for (uint32_t k = 0; k < n; k++) {
		const struct crl_linkage_entry *entry = b->sorted[k].entry, *before = k ? b->sorted[k - 1].entry : NULL;
		bool new_j = !before || before->j_max != entry->j_max;
		bool new_la = new_j || before->la1 != entry->la1 || before->la2 != entry->la2;
		bool new_i = new_la || before->i_max != entry->i_max;

		b->seeds[k] =
		    (struct IndividualRevocation){.linkage_seed1 = entry->seed1, .linkage_seed2 = entry->seed2};
		if (new_j) {
			b->j_groups[j_count] = (struct JMaxGroup){
			    .jmax = entry->j_max,
			    .contents = {.items = &b->la_groups[la_count], .element = &oer_LAGroup},
			};
			j_count++;
		}
		if (new_la) {
			la_ids_write(entry->la1, entry->la2, b->la_ids[la_count]);
			b->la_groups[la_count] = (struct LAGroup){
			    .la1Id = b->la_ids[la_count],
			    .la2Id = b->la_ids[la_count] + 2,
			    .contents = {.items = &b->i_groups[i_count], .element = &oer_IMaxGroup},
			};
			la_count++;
			b->j_groups[j_count - 1].contents.count++;
		}
		if (new_i) {
			b->i_groups[i_count] = (struct IMaxGroup){
			    .iMax = entry->i_max,
			    .contents = {.items = &b->seeds[k], .element = &oer_IndividualRevocation},
			};
			i_count++;
			b->la_groups[la_count - 1].contents.count++;
		}
		b->i_groups[i_count - 1].contents.count++;
	}
	return j_count;
}

static void groups_build(struct linkage_build *b, const struct crl_linkage *linkage)
{
	for (uint32_t k = 0; k < linkage->group_count; k++) {
		const struct crl_group_entry *entry = &linkage->groups[k];
		uint8_t *ids = b->la_ids[linkage->individual_count + k];

		la_ids_write(entry->la1, entry->la2, ids);
		b->groups[k] = (struct GroupCrlEntry){
		    .iMax = entry->i_max,
		    .la1Id = ids,
		    .linkageSeed1 = entry->seed1,
		    .la2Id = ids + 2,
		    .linkageSeed2 = entry->seed2,
		};
	}
}

static bool build_allocate(struct linkage_build *b, uint32_t n, uint32_t groups)
{
	size_t each = (size_t)n + 1;

	*b = (struct linkage_build){
	    .sorted = calloc(each, sizeof(*b->sorted)),
	    .seeds = calloc(each, sizeof(*b->seeds)),
	    .i_groups = calloc(each, sizeof(*b->i_groups)),
	    .la_groups = calloc(each, sizeof(*b->la_groups)),
	    .j_groups = calloc(each, sizeof(*b->j_groups)),
	    .la_ids = calloc(each + groups, sizeof(*b->la_ids)),
	    .groups = calloc((size_t)groups + 1, sizeof(*b->groups)),
	};
	return b->sorted && b->seeds && b->i_groups && b->la_groups && b->j_groups && b->la_ids && b->groups;
}

static void build_free(struct linkage_build *b)
{
	free(b->sorted);
	free(b->seeds);
	free(b->i_groups);
	free(b->la_groups);
	free(b->j_groups);
	free(b->la_ids);
	free(b->groups);
}

enum key_status crl_make_linkage(const struct signer *signer, const struct crl_head *head,
				 const struct crl_linkage *linkage, struct bytes *out, struct key_error *err)
{
	struct CrlContents contents = contents_of(head);
	struct ToBeSignedLinkageValueCrl *list = &contents.typeSpecific.u.fullLinkedCrl; /* same type in both kinds */
	uint32_t n = linkage->individual_count;
	struct linkage_build build;
	enum key_status status = KEY_OK;

	*out = (struct bytes){NULL, 0};
	if (!build_allocate(&build, n, linkage->group_count)) {
		status = no_memory(n, err);
		goto done;
	}
	for (uint32_t k = 0; k < n; k++)
		build.sorted[k] = place_of(&linkage->individual[k]);
	qsort(build.sorted, n, sizeof(*build.sorted), linkage_order);
	for (uint32_t k = 1; status == KEY_OK && k < n; k++)
		if (linkage_order(&build.sorted[k - 1], &build.sorted[k]) == 0)
			status = key_fail(err, KEY_VALUE, "a CRL cannot list the same seeds twice");
	contents.typeSpecific.choice =
	    head->delta ? CrlContents_typeSpecific_is_deltaLinkedCrl : CrlContents_typeSpecific_is_fullLinkedCrl;
	list->iRev = linkage->i_rev;
	list->indexWithinI = linkage->index_within_i;
	list->has_individual = n > 0;
	list->individual =
	    (struct oer_list){.items = build.j_groups, .count = individual_build(&build, n), .element = &oer_JMaxGroup};
	groups_build(&build, linkage);
	list->has_groups = linkage->group_count > 0;
	list->groups =
	    (struct oer_list){.items = build.groups, .count = linkage->group_count, .element = &oer_GroupCrlEntry};
	if (status == KEY_OK)
		status = crl_sign(signer, &oer_CrlContents, &contents, out, err);
done:
	build_free(&build);
	return status;
}
