/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: one pass over the bytes, driven by the tables.
 *
 * `out` is where the C value goes, NULL to check only. Each function returns
 * the place behind what it decoded, NULL after a refusal. A CHOICE is decoded
 * by going on with the alternative, without a call; the names of those gone
 * through are found again from the bytes if something is refused (refuse.c).
 */
#include "oer/decode.h"
#include "oer/read.h"

#define IN(out, offset) ((out) ? (out) + (offset) : NULL)

static const uint8_t *decode_value(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t,
				   char *out);
static const uint8_t *decode_sequence(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t,
				      char *out);
static const uint8_t *decode_list(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t,
				  char *out);
static const uint8_t *decode_choice_slowly(struct decoder *d, const uint8_t *p, const uint8_t *end,
					   const struct oer_type *t, char *out);

/* -- what has no parts */

static const uint8_t *decode_enumerated(struct decoder *d, const uint8_t *p, const uint8_t *end,
					const struct oer_type *t, char *out)
{
	const uint8_t *start = p;

	p = read_enumerated(d, p, end, t);
	if (!p)
		return NULL;
	if (!(t->flags & OER_TYPE_EXTENSIBLE) && !enum_is_known(t, (int64_t)d->value))
		return refuse(d, OER_WHY_ENUM_VALUE, t, start, d->value, 0);
	if (out)
		*(int32_t *)out = (int32_t)d->value;
	return p;
}

static const uint8_t *decode_variable(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t,
				      char *out)
{
	const uint8_t *start = p;

	if (t->kind == OER_KIND_UVAR) {
		p = read_unsigned(d, p, end, t);
		if (p && (d->value < t->ulow || d->value > t->uhigh))
			return refuse(d, OER_WHY_UNSIGNED_RANGE, t, start, d->value, 0);
	} else {
		p = read_signed(d, p, end, t);
		if (p && ((int64_t)d->value < t->low || (int64_t)d->value > t->high))
			return refuse(d, OER_WHY_SIGNED_RANGE, t, start, d->value, 0);
	}
	if (p && out)
		*(uint64_t *)out = d->value;
	return p;
}

static const uint8_t *decode_signed(struct decoder *d, const uint8_t *p, const struct oer_type *t, char *out)
{
	int64_t v;

	switch (t->kind) {
	case OER_KIND_I8:
		v = load_signed(p, 1);
		break;
	case OER_KIND_I16:
		v = (int16_t)load_be16(p);
		break;
	case OER_KIND_I32:
		v = (int32_t)load_be32(p);
		break;
	default:
		v = (int64_t)load_be64(p);
		break;
	}
	if (unlikely(v < t->low || v > t->high))
		return refuse(d, OER_WHY_SIGNED_RANGE, t, p, (uint64_t)v, 0);
	if (out) {
		if (t->kind == OER_KIND_I64)
			*(int64_t *)out = v;
		else
			*(int32_t *)out = (int32_t)v;
	}
	return p + t->least;
}

static const uint8_t *decode_string(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t,
				    char *out)
{
	const uint8_t *start = p;
	uint64_t size;

	p = read_length(d, p, end, t);
	if (!p)
		return NULL;
	size = d->value;
	if (out)
		*(struct scms_slice *)out = (struct scms_slice){p, (size_t)size};
	if (t->kind == OER_KIND_UTF8) {
		const uint8_t *wrong = utf8_check(p, (size_t)size, &d->value);

		if (wrong)
			return refuse(d, OER_WHY_NOT_UTF8, t, wrong, wrong < p + size ? *wrong : 0, 0);
	}
	if (d->value < t->ulow || d->value > t->uhigh)
		return refuse(d, OER_WHY_SIZE_RANGE, t, start, d->value, 0);
	return p + size;
}

/* Fewer bytes than a value can have: what has a length may be wrong in another way. */
static __attribute__((noinline)) const uint8_t *decode_short(struct decoder *d, const uint8_t *p, const uint8_t *end,
							     const struct oer_type *t, char *out)
{
	if (t->kind == OER_KIND_UVAR || t->kind == OER_KIND_IVAR)
		return decode_variable(d, p, end, t, out);
	if (t->kind == OER_KIND_OCTETS || t->kind == OER_KIND_UTF8)
		return decode_string(d, p, end, t, out);
	return refuse(d, OER_WHY_END, t, p, bytes_left(p, end), 0);
}

static inline __attribute__((always_inline)) const uint8_t *
decode_unsigned(struct decoder *d, const uint8_t *p, uint64_t v, size_t width, const struct oer_type *t)
{
	if (unlikely(v < t->ulow || v > t->uhigh))
		return refuse(d, OER_WHY_UNSIGNED_RANGE, t, p, v, 0);
	return p + width;
}

/* Everything of a fixed number of bytes, and the way to the rest. */
static inline __attribute__((always_inline)) const uint8_t *
decode_scalar(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t, char *out)
{
	if (unlikely(bytes_left(p, end) < t->least))
		return decode_short(d, p, end, t, out);
	switch (t->kind) {
	case OER_KIND_FIXED:
		if (out)
			*(const uint8_t **)out = p;
		return p + t->least;
	case OER_KIND_U8:
		if (out)
			*(uint8_t *)out = *p;
		return decode_unsigned(d, p, *p, 1, t);
	case OER_KIND_U16:
		if (out)
			*(uint16_t *)out = load_be16(p);
		return decode_unsigned(d, p, load_be16(p), 2, t);
	case OER_KIND_U32:
		if (out)
			*(uint32_t *)out = load_be32(p);
		return decode_unsigned(d, p, load_be32(p), 4, t);
	case OER_KIND_U64:
		if (out)
			*(uint64_t *)out = load_be64(p);
		return decode_unsigned(d, p, load_be64(p), 8, t);
	case OER_KIND_BITS:
		if (out)
			*(uint8_t *)out = *p;
		return p + 1;
	case OER_KIND_BOOL:
		if (*p != 0 && *p != 0xff)
			return refuse(d, OER_WHY_BOOLEAN, t, p, *p, 0);
		if (out)
			*(bool *)out = *p != 0;
		return p + 1;
	case OER_KIND_NULL:
		return p;
	case OER_KIND_ENUM:
		return decode_enumerated(d, p, end, t, out);
	case OER_KIND_UVAR:
	case OER_KIND_IVAR:
		return decode_variable(d, p, end, t, out);
	case OER_KIND_OCTETS:
	case OER_KIND_UTF8:
		return decode_string(d, p, end, t, out);
	default:
		return decode_signed(d, p, t, out);
	}
}

/*
 * Any type, inline where speed counts. Going on with the alternative of a
 * CHOICE takes no call; one that is not just a tag and a value goes slowly.
 */
static inline __attribute__((always_inline)) const uint8_t *
decode_inline(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t, char *out)
{
	while (t->kind == OER_KIND_CHOICE) {
		unsigned tag = p < end ? *p ^ TAG_CONTEXT : UINT8_MAX;
		const struct oer_field *f;

		if (unlikely(tag >= t->count || t->u.fields[tag].flags))
			return decode_choice_slowly(d, p, end, t, out);
		f = &t->u.fields[tag];
		if (out) {
			*(uint8_t *)out = (uint8_t)tag;
			out += f->offset;
		}
		p++;
		t = f->type;
	}
	if (t->kind < OER_KIND_SEQUENCE)
		return decode_scalar(d, p, end, t, out);
	if (t->kind == OER_KIND_SEQUENCE)
		return decode_sequence(d, p, end, t, out);
	return decode_list(d, p, end, t, out);
}

static __attribute__((noinline)) const uint8_t *decode_value(struct decoder *d, const uint8_t *p, const uint8_t *end,
							     const struct oer_type *t, char *out)
{
	return decode_inline(d, p, end, t, out);
}

/* -- SEQUENCE */

/* A value that may contain what contains it: `out` is a struct scms_slice. */
static const uint8_t *decode_view(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t,
				  char *out)
{
	const uint8_t *start = p;

	if (d->depth == 0)
		return refuse(d, OER_WHY_NESTING, t, p, 0, 0);
	d->depth--;
	p = decode_value(d, p, end, t, NULL);
	d->depth++;
	if (p && out)
		*(struct scms_slice *)out = (struct scms_slice){start, (size_t)(p - start)};
	return p;
}

/* A scalar that is left out where it has its default value. */
static const uint8_t *decode_default(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_field *f,
				     bool present, char *out)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		int32_t i32;
		int64_t i64;
		bool b;
	} v;
	const uint8_t *start = p;

	if (present) {
		p = decode_scalar(d, p, end, f->type, (char *)&v);
		if (!p)
			return NULL;
		if (scalar_load(f->type, &v) == f->value)
			return refuse(d, OER_WHY_DEFAULT_PRESENT, f->type, start, (uint64_t)(int64_t)f->value, 0);
	} else {
		switch (f->type->kind) {
		case OER_KIND_U8:
		case OER_KIND_BITS:
			v.u8 = (uint8_t)f->value;
			break;
		case OER_KIND_U16:
			v.u16 = (uint16_t)f->value;
			break;
		case OER_KIND_BOOL:
			v.b = f->value != 0;
			break;
		case OER_KIND_U32:
			v.u32 = (uint32_t)f->value;
			break;
		case OER_KIND_ENUM:
		case OER_KIND_I8:
		case OER_KIND_I16:
		case OER_KIND_I32:
			v.i32 = f->value;
			break;
		default:
			v.i64 = f->value;
			break;
		}
	}
	if (out)
		__builtin_memcpy(out, &v, f->type->size);
	return p;
}

/* The additions behind "...", of which the bitmap at p says which are there; `bits` of them. */
static const uint8_t *decode_additions(struct decoder *d, const uint8_t *p, const uint8_t *end, const uint8_t *bitmap,
				       size_t bits, const struct oer_type *t, char *out)
{
	for (size_t i = 0; i < bits; i++) {
		const uint8_t *value, *behind, *start = p;
		const struct oer_field *f;

		if (!(bitmap[i / 8] & 0x80 >> i % 8))
			continue;
		f = i < t->additions ? &t->u.fields[t->count + i] : NULL;
		value = read_length(d, p, end, f ? f->type : t);
		if (!value)
			return f ? refuse_in_component(d, f, start, end) : NULL;
		p = value + d->value;
		if (!f)
			continue;
		if (f->flags & OER_FIELD_VIEW)
			behind = decode_view(d, value, p, f->type, NULL);
		else
			behind = decode_value(d, value, p, f->type, NULL);
		if (behind && behind != p)
			behind = refuse(d, OER_WHY_OPEN_TRAILING, f->type, behind, bytes_left(behind, p), 0);
		if (!behind)
			return refuse_in_component(d, f, value, p);
		if (out) {
			*(bool *)(out + f->has) = true;
			*(struct scms_slice *)(out + f->offset) = (struct scms_slice){value, (size_t)(p - value)};
		}
	}
	return p;
}

static const uint8_t *decode_extensions(struct decoder *d, const uint8_t *p, const uint8_t *end,
					const struct oer_type *t, char *out)
{
	const uint8_t *start = p, *bitmap;
	size_t bytes;
	bool any = false;

	p = read_length(d, p, end, t);
	if (!p)
		return NULL;
	if (d->value < 2)
		return refuse(d, OER_WHY_BITMAP_SIZE, t, start, d->value, 0);
	bytes = (size_t)d->value - 1;
	if (*p > 7)
		return refuse(d, OER_WHY_BITMAP_UNUSED, t, p, *p, 0);
	bitmap = p + 1;
	for (size_t i = 0; i < bytes; i++)
		any |= bitmap[i] != 0;
	if (bitmap[bytes - 1] & ((1u << *p) - 1))
		return refuse(d, OER_WHY_BITMAP_PADDING, t, bitmap + bytes - 1, bitmap[bytes - 1], 0);
	if (!any)
		return refuse(d, OER_WHY_BITMAP_EMPTY, t, start, 0, 0);
	p = decode_additions(d, bitmap + bytes, end, bitmap, 8 * bytes - *p, t, out);
	if (p && out)
		*(struct scms_slice *)(out + t->extensions) = (struct scms_slice){start, (size_t)(p - start)};
	return p;
}

static void no_extensions(const struct oer_type *t, char *out)
{
	const struct oer_field *f = t->u.fields + t->count;

	*(struct scms_slice *)(out + t->extensions) = (struct scms_slice){NULL, 0};
	for (unsigned i = 0; i < t->additions; i++)
		*(bool *)(out + f[i].has) = false;
}

/* The preamble, its bits from the most significant of *bits on. */
static inline const uint8_t *decode_preamble(struct decoder *d, const uint8_t *p, const uint8_t *end,
					     const struct oer_type *t, uint32_t *bits)
{
	unsigned n = t->preamble;

	if (unlikely(bytes_left(p, end) < n))
		return refuse(d, OER_WHY_END, t, p, bytes_left(p, end), 0);
	*bits = (uint32_t)p[0] << 24;
	for (unsigned i = 1; i < n; i++)
		*bits |= (uint32_t)p[i] << (24 - 8 * i);
	if (unlikely((uint64_t)*bits << t->preamble_bits & UINT32_MAX))
		return refuse(d, OER_WHY_PREAMBLE_PADDING, t, p + n - 1, p[n - 1], 0);
	return p + n;
}

/* A component that need not be there. Only such ones lead back to a type that contains them. */
static inline const uint8_t *decode_optional(struct decoder *d, const uint8_t *p, const uint8_t *end,
					     const struct oer_field *f, bool present, char *out)
{
	if (f->presence == OER_DEFAULT)
		return decode_default(d, p, end, f, present, IN(out, f->offset));
	if (out)
		*(bool *)(out + f->has) = present;
	if (!present)
		return p;
	if (f->flags & OER_FIELD_VIEW)
		return decode_view(d, p, end, f->type, IN(out, f->offset));
	return decode_value(d, p, end, f->type, IN(out, f->offset));
}

static __attribute__((noinline)) const uint8_t *decode_sequence(struct decoder *d, const uint8_t *p, const uint8_t *end,
								const struct oer_type *t, char *out)
{
	const struct oer_field *f = t->u.fields, *last = f + t->count;
	const uint8_t *start = p, *next;
	uint32_t bits = 0;
	bool extended = false;

	if (t->preamble) {
		p = decode_preamble(d, p, end, t, &bits);
		if (!p)
			return NULL;
	}
	if (t->flags & OER_TYPE_EXTENSIBLE) {
		extended = bits >> 31;
		bits <<= 1;
	}
	for (; f < last; f++, p = next) {
		if (f->presence == OER_MANDATORY) {
			next = decode_inline(d, p, end, f->type, IN(out, f->offset));
		} else {
			next = decode_optional(d, p, end, f, bits >> 31, out);
			bits <<= 1;
		}
		if (unlikely(!next))
			return refuse_in_component(d, f, p, end);
	}
	if (extended) {
		if (out)
			no_extensions(t, out);
		p = decode_extensions(d, p, end, t, out);
	} else if (out && t->flags & OER_TYPE_EXTENSIBLE) {
		no_extensions(t, out);
	}
	if (p && out && t->flags & OER_TYPE_RAW)
		*(struct scms_slice *)(out + t->raw) = (struct scms_slice){start, (size_t)(p - start)};
	return p;
}

/* -- CHOICE */

/* Whatever is not just a tag and a value: extensions, recursion, types whose bytes are kept. */
static const uint8_t *decode_choice_slowly(struct decoder *d, const uint8_t *p, const uint8_t *end,
					   const struct oer_type *t, char *out)
{
	const struct oer_field *f = NULL;
	const uint8_t *start = p, *close = end;
	bool open;
	uint64_t tag;

	p = read_tag(d, p, end, t);
	if (!p)
		return NULL;
	tag = d->value;
	if (tag < t->count)
		f = &t->u.fields[tag];
	else if (!(t->flags & OER_TYPE_EXTENSIBLE))
		return refuse(d, OER_WHY_CHOICE_TAG, t, start, *start, 0);
	open = !f || f->flags & OER_FIELD_EXTENSION;
	if (open) {
		p = read_length(d, p, end, f ? f->type : t);
		if (!p)
			return NULL;
		close = p + d->value;
	}
	if (out)
		*(uint8_t *)out = f ? (uint8_t)tag : OER_UNKNOWN;
	if (!f)
		p = close;
	else if (f->flags & OER_FIELD_VIEW)
		p = decode_view(d, p, close, f->type, IN(out, f->offset));
	else
		p = decode_value(d, p, close, f->type, IN(out, f->offset));
	if (p && open && p != close)
		return refuse(d, OER_WHY_OPEN_TRAILING, f->type, p, bytes_left(p, close), 0);
	if (!f && out && p)
		*(struct scms_slice *)(out + t->extensions) = (struct scms_slice){start, (size_t)(p - start)};
	if (p && out && t->flags & OER_TYPE_RAW)
		*(struct scms_slice *)(out + t->raw) = (struct scms_slice){start, (size_t)(p - start)};
	return p;
}

/* -- SEQUENCE OF */

/* Whether each of `count` strides begins with 0. */
static bool strides_begin_with_zero(const uint8_t *p, size_t count, size_t stride)
{
	uint8_t all = 0;
	size_t i = 0;

	/* Four independent loads at a time; longer runs end early. */
	for (; i + 4 <= count && all == 0; i += 4, p += 4 * stride)
		all = (uint8_t)(p[0] | p[stride] | p[2 * stride] | p[3 * stride]);
	for (; i < count; i++, p += stride)
		all |= *p;
	return all == 0;
}

/* One by one; *stride becomes the size that they all have, or 0. */
static const uint8_t *decode_elements(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t,
				      uint32_t count, uint32_t *stride)
{
	bool same = true;
	size_t size = 0;

	if (t->flags & OER_TYPE_DEEPER && count) {
		if (d->depth == 0)
			return refuse(d, OER_WHY_NESTING, t, p, 0, 0);
		d->depth--;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *next = decode_inline(d, p, end, t->u.element, NULL);

		if (!next)
			return refuse_in_element(d, i, t->u.element, p, end);
		same &= i == 0 || (size_t)(next - p) == size;
		size = (size_t)(next - p);
		p = next;
	}
	if (t->flags & OER_TYPE_DEEPER && count)
		d->depth++;
	*stride = same && size <= UINT32_MAX ? (uint32_t)size : 0;
	return p;
}

static __attribute__((noinline)) const uint8_t *decode_list(struct decoder *d, const uint8_t *p, const uint8_t *end,
							    const struct oer_type *t, char *out)
{
	const struct oer_type *element = t->u.element;
	const uint8_t *start = p, *begin;
	uint32_t stride = 0;
	uint64_t count;

	p = read_unsigned(d, p, end, t);
	if (!p)
		return NULL;
	count = d->value;
	if (count < t->ulow || count > t->uhigh)
		return refuse(d, OER_WHY_SIZE_RANGE, t, start, count, 0);
	if (count > bytes_left(p, end) || count * element->least > bytes_left(p, end))
		return refuse(d, OER_WHY_COUNT_BEYOND, t, start, count, bytes_left(p, end));
	if (count > UINT32_MAX)
		return refuse(d, OER_WHY_COUNT_SIZE, t, start, count, 0);
	begin = p;
	if (element->flags & OER_TYPE_PLAIN ||
	    (element->flags & OER_TYPE_ZERO_FIRST && strides_begin_with_zero(p, (size_t)count, element->least))) {
		stride = count ? element->least : 0;
		p += count * stride;
	} else {
		p = decode_elements(d, p, end, t, (uint32_t)count, &stride);
	}
	if (p && out)
		*(struct oer_list *)out =
		    (struct oer_list){{begin, (size_t)(p - begin)}, (uint32_t)count, stride, NULL, element};
	return p;
}

static enum oer_status decode(const struct oer_type *type, struct scms_slice *in, unsigned depth, bool whole, void *out,
			      struct oer_error *err)
{
	const uint8_t *start = slice_start(*in), *end = start + in->n, *p;
	struct decoder d = {.start = start, .depth = depth, .err = err};

	p = decode_value(&d, start, end, type, out);
	if (unlikely(p && whole && p != end))
		p = refuse(&d, OER_WHY_TRAILING, type, p, bytes_left(p, end), 0);
	if (unlikely(!p))
		return refuse_finish(&d, type, end);
	if (p > start)
		*in = (struct scms_slice){p, bytes_left(p, end)};
	return OER_OK;
}

enum oer_status oer_decode(const struct oer_type *type, struct scms_slice in, unsigned depth, void *out,
			   struct oer_error *err)
{
	return decode(type, &in, depth, true, out, err);
}

enum oer_status oer_decode_prefix(const struct oer_type *type, struct scms_slice *in, unsigned depth, void *out,
				  struct oer_error *err)
{
	return decode(type, in, depth, false, out, err);
}
