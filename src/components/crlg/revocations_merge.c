/* SPDX-License-Identifier: Apache-2.0 */
/* Two lists of one CRACA and series that were made apart. */
#include "components/crlg/revocations.h"

#include <stdlib.h>
#include <string.h>

static int hash_order(const void *a, const void *b)
{
	return memcmp(((const struct crl_hash_entry *)a)->id, ((const struct crl_hash_entry *)b)->id, 10);
}

static int device_order(const void *a, const void *b)
{
	const struct crl_device *x = a, *y = b;
	int order = memcmp(x->entry.seed1, y->entry.seed1, sizeof(x->entry.seed1));

	return order != 0 ? order : x->i - y->i;
}

/* A copy of an array in this order, to look things up in; NULL without memory. */
static void *sorted(const void *array, uint32_t count, size_t size, int (*order)(const void *, const void *))
{
	void *copy = malloc((size_t)count * size + 1);

	if (copy == NULL || count == 0)
		return copy;
	memcpy(copy, array, (size_t)count * size);
	qsort(copy, count, size, order);
	return copy;
}

static enum key_status merge_hashes(struct crl_list *into, const struct crl_list *from, struct key_error *err)
{
	uint32_t n = into->hash_count;
	struct crl_hash_entry *known = sorted(into->hashes, n, sizeof(*known), hash_order);
	enum key_status status = known != NULL ? KEY_OK : key_fail(err, KEY_FAILED, "no memory for a list of %u", n);

	/* What is there is not sought again: lists are long, and what they lack of each other is little. */
	for (uint32_t k = 0; status == KEY_OK && k < from->hash_count; k++) {
		const struct crl_hash_entry *one = bsearch(&from->hashes[k], known, n, sizeof(*known), hash_order);

		if (one == NULL || one->expiry < from->hashes[k].expiry)
			status = crl_list_add_hash(into, &from->hashes[k], err);
	}
	free(known);
	return status;
}

static enum key_status merge_devices(struct crl_list *into, const struct crl_list *from, struct key_error *err)
{
	uint32_t n = into->device_count;
	struct crl_device *known = sorted(into->devices, n, sizeof(*known), device_order);
	enum key_status status = known != NULL ? KEY_OK : key_fail(err, KEY_FAILED, "no memory for a list of %u", n);

	for (uint32_t k = 0; status == KEY_OK && k < from->device_count; k++) {
		const struct crl_device *one = bsearch(&from->devices[k], known, n, sizeof(*known), device_order);

		if (one == NULL || memcmp(one->entry.seed2, from->devices[k].entry.seed2, LINKAGE_SEED) != 0)
			status = crl_list_add_device(into, &from->devices[k].entry, from->devices[k].i, err);
	}
	for (uint32_t k = 0; status == KEY_OK && k < from->group_count; k++)
		status = crl_list_add_group(into, &from->groups[k].entry, from->groups[k].i, err);
	free(known);
	return status;
}

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

enum key_status crl_list_merge(struct crl_list *into, const struct crl_list *from, struct key_error *err)
{
	enum key_status status;

	if (into->linkage != from->linkage)
		return key_fail(err, KEY_MISMATCH, "series %u: is there by hashes and by linkage seeds", into->series);
	if (same_bytes(&into->full, &from->full) && same_bytes(&into->delta, &from->delta) && !from->changed)
		return KEY_OK;
	status = into->linkage ? merge_devices(into, from, err) : merge_hashes(into, from, err);
	if (status != KEY_OK)
		return status;
	/* Whoever has seen the newer one takes nothing that is older, or another one of the same date. */
	if (from->issue_date >= into->issue_date && from->issue_date != 0) {
		into->issue_date = from->issue_date;
		into->i_rev = from->i_rev;
		into->index_within_i = from->index_within_i;
		into->changed = true;
	}
	if (from->serial >= into->serial && from->serial != 0) {
		into->serial = from->serial;
		into->changed = true;
	}
	return KEY_OK;
}
