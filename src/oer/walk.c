/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk. The bytes were decoded before, so no reader here can refuse; NULL
 * means that the visitor has had enough.
 */
#include "oer/walk.h"
#include "oer/read.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct walk {
	const uint8_t *start, *end; /* of the input */
	oer_visit *visit;
	void *context;
	struct decoder d;
};

static const uint8_t *walk_value(struct walk *w, struct oer_node *node, const uint8_t *p);

/* Tells the visitor of the bytes from..p; returns p. */
static const uint8_t *tell(struct walk *w, enum oer_walk_event event, struct oer_node *node, const uint8_t *from,
			   const uint8_t *p)
{
	node->bytes = (struct scms_slice){from, (size_t)(p - from)};
	node->offset = (size_t)(from - w->start);
	return w->visit(w->context, event, node) ? p : NULL;
}

static const uint8_t *tell_frame(struct walk *w, const char *frame, struct oer_node *node, const uint8_t *from,
				 const uint8_t *p)
{
	node->frame = frame;
	p = tell(w, OER_WALK_FRAME, node, from, p);
	node->frame = NULL;
	return p;
}

static struct oer_node child_of(const struct oer_node *parent, const struct oer_type *type,
				const struct oer_field *field)
{
	return (struct oer_node){.type = type, .field = field, .parent = parent, .depth = parent->depth + 1};
}

/* -- what has no parts */

static const uint8_t *walk_string(struct walk *w, struct oer_node *node, const uint8_t *p)
{
	p = read_length(&w->d, p, w->end, node->type);
	node->value.bytes = (struct scms_slice){p, (size_t)w->d.value};
	return p + w->d.value;
}

static const uint8_t *walk_scalar(struct walk *w, struct oer_node *node, const uint8_t *p)
{
	const struct oer_type *t = node->type;
	const uint8_t *from = p;

	switch (t->kind) {
	case OER_KIND_UVAR:
		p = read_unsigned(&w->d, p, w->end, t);
		node->value.u = w->d.value;
		break;
	case OER_KIND_IVAR:
		p = read_signed(&w->d, p, w->end, t);
		node->value.i = (int64_t)w->d.value;
		break;
	case OER_KIND_ENUM:
		p = read_enumerated(&w->d, p, w->end, t);
		node->value.i = (int64_t)w->d.value;
		break;
	case OER_KIND_OCTETS:
	case OER_KIND_UTF8:
		p = walk_string(w, node, p);
		break;
	case OER_KIND_FIXED:
		p += t->least;
		node->value.bytes = (struct scms_slice){from, t->least};
		break;
	case OER_KIND_BOOL:
		node->value.b = *p++ != 0;
		break;
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
		p += t->least;
		node->value.i = load_signed(from, t->least);
		break;
	default:
		p += t->least;
		node->value.u = load_be(from, t->least);
		break;
	}
	return tell(w, OER_WALK_VALUE, node, from, p);
}

/* -- SEQUENCE */

static const uint8_t *walk_additions(struct walk *w, struct oer_node *node, const uint8_t *p)
{
	const struct oer_type *t = node->type;
	const uint8_t *from = p, *bitmap;
	size_t bits;

	p = read_length(&w->d, p, w->end, t);
	bitmap = p + 1;
	bits = 8 * (size_t)(w->d.value - 1) - *p;
	p = tell_frame(w, "extension bitmap", node, from, p + w->d.value);
	for (size_t i = 0; p && i < bits; i++) {
		const struct oer_field *f = i < t->additions ? &t->u.fields[t->count + i] : NULL;
		struct oer_node child = child_of(node, f ? f->type : NULL, f);

		if (!(bitmap[i / 8] & 0x80 >> i % 8))
			continue;
		from = p;
		p = read_length(&w->d, p, w->end, t);
		child.index = (uint32_t)i;
		if (f)
			p = tell_frame(w, "length", &child, from, p);
		else
			p = tell(w, OER_WALK_UNKNOWN, &child, from, p + w->d.value);
		if (f && p)
			p = walk_value(w, &child, p);
	}
	return p;
}

static const uint8_t *walk_sequence(struct walk *w, struct oer_node *node, const uint8_t *p)
{
	const struct oer_type *t = node->type;
	uint64_t bits = load_be(p, t->preamble) << (64 - 8 * t->preamble) % 64;
	bool extended = false;

	if (t->preamble) {
		p = tell_frame(w, "preamble", node, p, p + t->preamble);
		if (t->flags & OER_TYPE_EXTENSIBLE) {
			extended = bits >> 63;
			bits <<= 1;
		}
	}
	for (const struct oer_field *f = t->u.fields; p && f < t->u.fields + t->count; f++) {
		struct oer_node child = child_of(node, f->type, f);
		bool there = true;

		if (f->presence != OER_MANDATORY) {
			there = bits >> 63;
			bits <<= 1;
		}
		if (there)
			p = walk_value(w, &child, p);
	}
	return p && extended ? walk_additions(w, node, p) : p;
}

/* -- CHOICE and SEQUENCE OF */

static const uint8_t *walk_choice(struct walk *w, struct oer_node *node, const uint8_t *p)
{
	const struct oer_type *t = node->type;
	const struct oer_field *f = node->tag < t->count ? &t->u.fields[node->tag] : NULL;
	struct oer_node child = child_of(node, f ? f->type : NULL, f);
	const uint8_t *from = p;

	p = read_tag(&w->d, p, w->end, t);
	if (!f) {
		child.tag = node->tag;
		p = read_length(&w->d, p, w->end, t);
		return tell(w, OER_WALK_UNKNOWN, &child, from, p + w->d.value);
	}
	p = tell_frame(w, "tag", node, from, p);
	if (p && f->flags & OER_FIELD_EXTENSION) {
		from = p;
		p = tell_frame(w, "length", &child, from, read_length(&w->d, p, w->end, t));
	}
	return p ? walk_value(w, &child, p) : NULL;
}

static const uint8_t *walk_list(struct walk *w, struct oer_node *node, const uint8_t *p)
{
	const struct oer_type *t = node->type;

	p = tell_frame(w, "count", node, p, read_unsigned(&w->d, p, w->end, t));
	for (uint32_t i = 0; p && i < node->count; i++) {
		struct oer_node child = child_of(node, t->u.element, NULL);

		child.index = i;
		p = walk_value(w, &child, p);
	}
	return p;
}

static const uint8_t *walk_value(struct walk *w, struct oer_node *node, const uint8_t *p)
{
	const uint8_t *from = p;

	if (node->type->kind < OER_KIND_SEQUENCE)
		return walk_scalar(w, node, p);
	if (node->type->kind == OER_KIND_CHOICE) {
		if (!read_tag(&w->d, p, w->end, node->type))
			return NULL;
		node->tag = w->d.value;
	} else if (node->type->kind == OER_KIND_LIST) {
		if (!read_unsigned(&w->d, p, w->end, node->type))
			return NULL;
		node->count = (uint32_t)w->d.value;
	}
	p = tell(w, OER_WALK_ENTER, node, p, p);
	if (p && node->type->kind == OER_KIND_SEQUENCE)
		p = walk_sequence(w, node, p);
	else if (p && node->type->kind == OER_KIND_CHOICE)
		p = walk_choice(w, node, p);
	else if (p)
		p = walk_list(w, node, p);
	return p ? tell(w, OER_WALK_LEAVE, node, from, p) : NULL;
}

enum oer_status oer_walk(const struct oer_type *type, struct scms_slice in, unsigned depth, oer_visit *visit,
			 void *context, struct oer_error *err)
{
	enum oer_status status = oer_decode(type, in, depth, NULL, err);
	struct oer_node root = {.type = type};
	const uint8_t *start = slice_start(in);
	struct walk w = {.start = start, .end = start + in.n, .visit = visit, .context = context};

	if (status)
		return status;
	walk_value(&w, &root, start);
	return OER_OK;
}

/* -- paths */

static size_t path_write(const struct oer_node *node, char *buf, size_t cap)
{
	size_t len = 0;
	int n;

	if (!node->parent) {
		n = snprintf(buf, cap, "%s", node->type->name);
	} else {
		len = path_write(node->parent, buf, cap);
		if (len >= cap)
			return len;
		if (node->field)
			n = snprintf(buf + len, cap - len, ".%s", node->field->name);
		else if (node->parent->type->kind == OER_KIND_LIST)
			n = snprintf(buf + len, cap - len, "[%" PRIu32 "]", node->index);
		else if (node->parent->type->kind == OER_KIND_CHOICE)
			n = snprintf(buf + len, cap - len, ".[%" PRIu64 "]", node->tag);
		else
			n = snprintf(buf + len, cap - len, ".[+%" PRIu32 "]", node->index);
	}
	return len + (n > 0 ? (size_t)n : 0);
}

char *oer_node_path(const struct oer_node *node, char *buf, size_t cap)
{
	path_write(node, buf, cap);
	return buf;
}
