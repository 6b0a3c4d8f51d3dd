/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/table.h"
#include <limits.h>

struct oer_iter oer_iterate(const struct oer_list *list)
{
	return (struct oer_iter){list->bytes, list->count, list->stride, list->element};
}

/* The elements were checked, their nesting too, when the list was decoded. */
bool oer_next(struct oer_iter *it, void *out)
{
	if (it->left == 0 || oer_decode_prefix(it->element, &it->rest, UINT_MAX, out, NULL) != OER_OK)
		return false;
	it->left--;
	return true;
}

bool oer_next_raw(struct oer_iter *it, struct scms_slice *bytes)
{
	const uint8_t *start = it->rest.p;

	if (it->stride == 0) {
		if (!oer_next(it, NULL))
			return false;
		*bytes = (struct scms_slice){start, (size_t)(it->rest.p - start)};
		return true;
	}
	if (it->left == 0)
		return false;
	it->left--;
	it->rest.p += it->stride;
	it->rest.n -= it->stride;
	*bytes = (struct scms_slice){start, it->stride};
	return true;
}
