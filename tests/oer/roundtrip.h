/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roundtrip.h: what must hold of every encoding that is accepted.
 *
 *   - encoding what was decoded gives the same bytes, and their number beforehand
 *   - no smaller buffer will do, none is written beyond
 *   - the walk passes every byte once, in order
 *   - lists hold as many elements as they say, and these fill them
 *
 * Returns NULL, or what does not hold. The fuzzers use it too.
 */
#ifndef TESTS_OER_ROUNDTRIP_H
#define TESTS_OER_ROUNDTRIP_H

#include "oer/walk.h"
#include <stdlib.h>
#include <string.h>

/* Room for the C struct of any type. */
union any_value {
	char bytes[8192];
	uint64_t align;
};

struct tiling {
	size_t at; /* where the next byte must be */
	bool broken;
	unsigned open; /* ENTER without LEAVE */
};

static inline bool tiling_visit(void *context, enum oer_walk_event event, const struct oer_node *node)
{
	struct tiling *t = context;

	if (event == OER_WALK_ENTER) {
		t->open++;
		t->broken |= node->bytes.n != 0 || node->offset != t->at;
	} else if (event == OER_WALK_LEAVE) {
		t->open--;
		t->broken |= node->offset + node->bytes.n != t->at;
	} else {
		t->broken |= node->offset != t->at;
		t->at += node->bytes.n;
	}
	return true;
}

static inline const char *walk_tiles(const struct oer_type *type, struct scms_slice in, unsigned depth)
{
	struct tiling t = {0};

	if (oer_walk(type, in, depth, tiling_visit, &t, NULL) != OER_OK)
		return "the walk refuses what the decoder accepts";
	if (t.broken || t.at != in.n || t.open)
		return "the walk leaves out bytes or repeats some";
	return NULL;
}

static inline const char *list_is_whole(const struct oer_list *list)
{
	struct oer_iter values = oer_iterate(list), raws = oer_iterate(list);
	const uint8_t *at = list->bytes.p;
	static union any_value out;
	struct scms_slice raw;
	uint32_t n = 0;

	while (oer_next_raw(&raws, &raw)) {
		if (raw.p != at || (list->stride && raw.n != list->stride))
			return "elements do not follow one another";
		if (!oer_next(&values, &out) || values.rest.p != raw.p + raw.n)
			return "oer_next and oer_next_raw differ";
		at += raw.n;
		n++;
	}
	if (oer_next(&values, &out) || raws.rest.n || values.rest.n || n != list->count ||
	    at != list->bytes.p + list->bytes.n)
		return "a list does not hold what it says";
	return NULL;
}

static inline const char *lists_are_whole(const struct oer_type *t, const char *value)
{
	const char *wrong = NULL;

	if (t->size > sizeof(union any_value))
		return "a struct is larger than the test expects";
	if (t->kind == OER_KIND_LIST)
		return list_is_whole((const struct oer_list *)value);
	if (t->kind == OER_KIND_CHOICE) {
		uint8_t tag = *(const uint8_t *)value;

		if (tag != OER_UNKNOWN && !(t->u.fields[tag].flags & OER_FIELD_VIEW))
			wrong = lists_are_whole(t->u.fields[tag].type, value + t->u.fields[tag].offset);
	} else if (t->kind == OER_KIND_SEQUENCE) {
		for (const struct oer_field *f = t->u.fields; !wrong && f < t->u.fields + t->count; f++) {
			if (f->flags & OER_FIELD_VIEW ||
			    (f->presence == OER_OPTIONAL && !*(const bool *)(value + f->has)))
				continue;
			wrong = lists_are_whole(f->type, value + f->offset);
		}
	}
	return wrong;
}

static inline const char *encodes_to(const struct oer_type *type, const void *value, struct scms_slice in)
{
	uint8_t *buf = malloc(in.n + 1);
	const char *wrong = NULL;
	size_t len = 0;

	if (!buf)
		abort();
	if (oer_encode(type, value, NULL, 0, &len) != (in.n ? OER_SPACE : OER_OK) || len != in.n)
		wrong = "the length is not known beforehand";
	buf[in.n] = 0xa5;
	if (oer_encode(type, value, buf, in.n, &len) != OER_OK || len != in.n || (in.n && memcmp(buf, in.p, in.n)))
		wrong = "encoding gives other bytes";
	if (in.n && (oer_encode(type, value, buf, in.n - 1, &len) != OER_SPACE || len != in.n))
		wrong = "a buffer that is too small goes unnoticed";
	if (buf[in.n] != 0xa5)
		wrong = "a byte is written beyond the buffer";
	free(buf);
	return wrong;
}

/* `in` was accepted as `type` with this depth. */
static inline const char *roundtrip(const struct oer_type *type, struct scms_slice in, unsigned depth)
{
	static union any_value out;
	const char *wrong;

	/* What is not written to must not matter. */
	memset(&out, 0xa5, sizeof(out));
	if (oer_decode(type, in, depth, &out, NULL) != OER_OK)
		return "accepted once only";
	wrong = encodes_to(type, &out, in);
	if (!wrong)
		wrong = walk_tiles(type, in, depth);
	return wrong ? wrong : lists_are_whole(type, (const char *)&out);
}

#endif
