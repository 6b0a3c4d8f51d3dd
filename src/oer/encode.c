/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder: C values to canonical OER, driven by the tables.
 *
 * What a struct holds as bytes (views, additions, lists without items) came
 * from the decoder and is copied. Everything else is held against the schema.
 */
#include "oer/decode.h"
#include "oer/read.h"
#include "oer/write.h"

static enum oer_status encode_value(struct writer *w, const struct oer_type *t, const char *in);

/* -- what has no parts */

static enum oer_status encode_unsigned(struct writer *w, const struct oer_type *t, uint64_t v)
{
	if (v < t->ulow || v > t->uhigh)
		return OER_RANGE;
	if (t->kind == OER_KIND_UVAR)
		write_unsigned(w, v);
	else
		write_be(w, v, t->least);
	return OER_OK;
}

static enum oer_status encode_signed(struct writer *w, const struct oer_type *t, int64_t v)
{
	if (v < t->low || v > t->high)
		return OER_RANGE;
	if (t->kind == OER_KIND_IVAR)
		write_signed(w, v);
	else
		write_be(w, (uint64_t)v, t->least);
	return OER_OK;
}

static enum oer_status encode_enumerated(struct writer *w, const struct oer_type *t, int32_t v)
{
	if (!(t->flags & OER_TYPE_EXTENSIBLE) && !enum_is_known(t, v))
		return OER_RANGE;
	write_enumerated(w, v);
	return OER_OK;
}

static enum oer_status encode_string(struct writer *w, const struct oer_type *t, const struct scms_slice *s)
{
	uint64_t size = s->n;

	if (s->n && !s->p)
		return OER_RANGE;
	if (t->kind == OER_KIND_UTF8 && utf8_check(s->p, s->n, &size))
		return OER_UTF8;
	if (size < t->ulow || size > t->uhigh)
		return OER_RANGE;
	write_length(w, s->n);
	write_bytes(w, s->p, s->n);
	return OER_OK;
}

static enum oer_status encode_scalar(struct writer *w, const struct oer_type *t, const char *in)
{
	const uint8_t *fixed;

	switch (t->kind) {
	case OER_KIND_U8:
	case OER_KIND_U16:
	case OER_KIND_U32:
	case OER_KIND_U64:
	case OER_KIND_UVAR:
		return encode_unsigned(w, t, (uint64_t)scalar_load(t, in));
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
	case OER_KIND_IVAR:
		return encode_signed(w, t, scalar_load(t, in));
	case OER_KIND_ENUM:
		return encode_enumerated(w, t, *(const int32_t *)in);
	case OER_KIND_BOOL:
		write_byte(w, *(const bool *)in ? 0xff : 0);
		return OER_OK;
	case OER_KIND_BITS:
		write_byte(w, *(const uint8_t *)in);
		return OER_OK;
	case OER_KIND_FIXED:
		fixed = *(const uint8_t *const *)in;
		if (!fixed)
			return OER_RANGE;
		write_bytes(w, fixed, t->least);
		return OER_OK;
	case OER_KIND_NULL:
		return OER_OK;
	default:
		return encode_string(w, t, (const struct scms_slice *)in);
	}
}

/* A value held as its bytes. */
static enum oer_status encode_view(struct writer *w, const struct oer_type *t, const char *in)
{
	const struct scms_slice *s = (const struct scms_slice *)in;

	if (s->n < t->least || (s->n && !s->p))
		return OER_RANGE;
	write_bytes(w, s->p, s->n);
	return OER_OK;
}

/* -- extensions of a SEQUENCE */

/* The extension part that a struct was decoded with, taken apart; all zero if there was none. */
struct extension_part {
	const uint8_t *bitmap;
	size_t bits;
	const uint8_t *values, *end;
};

static enum oer_status extension_part_parse(struct extension_part *x, const struct oer_type *t, const char *in)
{
	const struct scms_slice *s = (const struct scms_slice *)(in + t->extensions);
	struct decoder d = {0};
	const uint8_t *p;

	*x = (struct extension_part){0};
	if (s->n == 0)
		return OER_OK;
	x->end = s->p + s->n;
	p = read_length(&d, s->p, x->end, t);
	if (!p || d.value < 2 || *p > 7)
		return OER_RANGE;
	x->bitmap = p + 1;
	x->bits = 8 * (size_t)(d.value - 1) - *p;
	x->values = p + d.value;
	return OER_OK;
}

static bool extension_was_there(const struct extension_part *x, size_t i)
{
	return i < x->bits && x->bitmap[i / 8] & 0x80 >> i % 8;
}

/* Addition i is there: by its member if the schema knows it, else as it was. */
static bool extension_is_there(const struct extension_part *x, const struct oer_type *t, const char *in, size_t i)
{
	if (i < t->additions)
		return *(const bool *)(in + t->u.fields[t->count + i].has);
	return extension_was_there(x, i);
}

static bool extensions_any(const struct extension_part *x, const struct oer_type *t, const char *in, size_t bits)
{
	for (size_t i = 0; i < bits; i++) {
		if (extension_is_there(x, t, in, i))
			return true;
	}
	return false;
}

/* How many additions the bitmap speaks of: as it did, unless an addition lies beyond; all known ones if new. */
static size_t extension_bits(const struct extension_part *x, const struct oer_type *t, const char *in)
{
	for (size_t i = x->bits; i < t->additions; i++) {
		if (extension_is_there(x, t, in, i))
			return t->additions;
	}
	return x->bits ? x->bits : t->additions;
}

static void encode_bitmap(struct writer *w, const struct extension_part *x, const struct oer_type *t, const char *in,
			  size_t bits)
{
	size_t bytes = (bits + 7) / 8;

	write_length(w, 1 + bytes);
	write_byte(w, (uint8_t)(8 * bytes - bits));
	for (size_t i = 0; i < bytes; i++) {
		unsigned byte = 0;

		for (size_t bit = 0; bit < 8 && 8 * i + bit < bits; bit++) {
			if (extension_is_there(x, t, in, 8 * i + bit))
				byte |= 0x80u >> bit;
		}
		write_byte(w, (uint8_t)byte);
	}
}

static enum oer_status encode_additions(struct writer *w, const struct extension_part *x, const struct oer_type *t,
					const char *in, size_t bits)
{
	const uint8_t *p = x->values;
	struct decoder d = {0};

	for (size_t i = 0; i < bits; i++) {
		const uint8_t *start = p;

		if (extension_was_there(x, i)) {
			p = read_length(&d, p, x->end, t);
			if (!p)
				return OER_RANGE;
			p += d.value;
		}
		if (!extension_is_there(x, t, in, i))
			continue;
		if (i < t->additions) {
			const struct oer_field *f = &t->u.fields[t->count + i];
			size_t mark = w->len;
			enum oer_status status = encode_view(w, f->type, in + f->offset);

			if (status)
				return status;
			write_length_before(w, mark);
		} else {
			write_bytes(w, start, (size_t)(p - start));
		}
	}
	return OER_OK;
}

/* -- SEQUENCE */

static bool component_is_there(const struct oer_field *f, const char *in)
{
	if (f->presence == OER_OPTIONAL)
		return *(const bool *)(in + f->has);
	return f->presence == OER_MANDATORY || scalar_load(f->type, in + f->offset) != f->value;
}

static void encode_preamble(struct writer *w, const struct oer_type *t, const char *in, bool extended)
{
	uint32_t bits = extended, n = 8u * t->preamble - t->preamble_bits;

	for (const struct oer_field *f = t->u.fields; f < t->u.fields + t->count; f++) {
		if (f->presence != OER_MANDATORY)
			bits = bits << 1 | component_is_there(f, in);
	}
	write_be(w, (uint64_t)bits << n, t->preamble);
}

static enum oer_status encode_sequence(struct writer *w, const struct oer_type *t, const char *in)
{
	struct extension_part x = {0};
	enum oer_status status;
	bool extended = false;
	size_t bits = 0;

	if (t->flags & OER_TYPE_EXTENSIBLE) {
		status = extension_part_parse(&x, t, in);
		if (status)
			return status;
		bits = extension_bits(&x, t, in);
		extended = extensions_any(&x, t, in, bits);
	}
	if (t->preamble)
		encode_preamble(w, t, in, extended);
	for (const struct oer_field *f = t->u.fields; f < t->u.fields + t->count; f++) {
		if (!component_is_there(f, in))
			continue;
		if (f->flags & OER_FIELD_VIEW)
			status = encode_view(w, f->type, in + f->offset);
		else
			status = encode_value(w, f->type, in + f->offset);
		if (status)
			return status;
	}
	if (!extended)
		return OER_OK;
	encode_bitmap(w, &x, t, in, bits);
	return encode_additions(w, &x, t, in, bits);
}

/* -- CHOICE */

/* An alternative that the schema does not know: a tag beyond those it knows, a length, and as many bytes. */
static enum oer_status encode_unknown(struct writer *w, const struct oer_type *t, const char *in)
{
	const struct scms_slice *s = (const struct scms_slice *)(in + t->extensions);
	struct decoder d = {0};
	const uint8_t *p = NULL;

	if (t->flags & OER_TYPE_EXTENSIBLE && s->n)
		p = read_tag(&d, s->p, s->p + s->n, t);
	if (!p || d.value < t->count)
		return OER_RANGE;
	p = read_length(&d, p, s->p + s->n, t);
	if (!p || p + d.value != s->p + s->n)
		return OER_RANGE;
	write_bytes(w, s->p, s->n);
	return OER_OK;
}

static enum oer_status encode_choice(struct writer *w, const struct oer_type *t, const char *in)
{
	uint8_t tag = *(const uint8_t *)in;
	const struct oer_field *f;
	enum oer_status status;
	size_t mark;

	if (tag == OER_UNKNOWN)
		return encode_unknown(w, t, in);
	if (tag >= t->count)
		return OER_RANGE;
	f = &t->u.fields[tag];
	write_byte(w, tag | TAG_CONTEXT);
	mark = w->len;
	if (f->flags & OER_FIELD_VIEW)
		status = encode_view(w, f->type, in + f->offset);
	else
		status = encode_value(w, f->type, in + f->offset);
	if (status == OER_OK && f->flags & OER_FIELD_EXTENSION)
		write_length_before(w, mark);
	return status;
}

/* -- SEQUENCE OF */

static enum oer_status encode_list(struct writer *w, const struct oer_type *t, const struct oer_list *list)
{
	const struct oer_type *element = t->u.element;
	const char *item = list->items;

	if (list->count < t->ulow || list->count > t->uhigh)
		return OER_RANGE;
	write_unsigned(w, list->count);
	if (!item) {
		if (list->bytes.n / element->least < list->count || (list->bytes.n && !list->bytes.p))
			return OER_RANGE;
		write_bytes(w, list->bytes.p, list->bytes.n);
		return OER_OK;
	}
	for (uint32_t i = 0; i < list->count; i++, item += element->size) {
		enum oer_status status = encode_value(w, element, item);

		if (status)
			return status;
	}
	return OER_OK;
}

static enum oer_status encode_value(struct writer *w, const struct oer_type *t, const char *in)
{
	switch (t->kind) {
	case OER_KIND_SEQUENCE:
		return encode_sequence(w, t, in);
	case OER_KIND_CHOICE:
		return encode_choice(w, t, in);
	case OER_KIND_LIST:
		return encode_list(w, t, (const struct oer_list *)in);
	default:
		return encode_scalar(w, t, in);
	}
}

enum oer_status oer_encode(const struct oer_type *type, const void *value, uint8_t *buf, size_t cap, size_t *len)
{
	struct writer w = {.p = buf, .cap = cap};
	enum oer_status status = encode_value(&w, type, value);

	return status ? status : writer_finish(&w, len);
}
