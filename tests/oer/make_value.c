/* SPDX-License-Identifier: Apache-2.0 */
#include "make_value.h"

#include <string.h>

uint64_t maker_chance(struct maker *m, uint64_t n)
{
	uint64_t z = m->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return n ? z % n : z;
}

/* True in one of n cases, and never once enough has been made. */
static bool now_and_then(struct maker *m, unsigned n)
{
	return m->parts > 0 && maker_chance(m, n) == 0;
}

/* A number in low..high: an end of the range, or by chance of any length. */
static uint64_t any_unsigned(struct maker *m, uint64_t low, uint64_t high)
{
	uint64_t v = maker_chance(m, 0) >> maker_chance(m, 64);

	switch (maker_chance(m, 6)) {
	case 0:
		return low;
	case 1:
		return high;
	default:
		return high - low == UINT64_MAX ? v : low + v % (high - low + 1);
	}
}

static int64_t any_signed(struct maker *m, int64_t low, int64_t high)
{
	uint64_t v = any_unsigned(m, 0, (uint64_t)high - (uint64_t)low);

	return (int64_t)((uint64_t)low + v);
}

static void make_bytes(struct maker *m, size_t n)
{
	while (n-- > 0)
		write_byte(&m->out, (uint8_t)maker_chance(m, 256));
}

/* A size in low..high, but not a long one. */
static size_t any_size(struct maker *m, uint64_t low, uint64_t high)
{
	uint64_t most = low + maker_chance(m, now_and_then(m, 20) ? 300 : 6);

	return (size_t)(most < high ? most : high);
}

static void make_text(struct maker *m, const struct oer_type *type)
{
	static const char *const characters[] = {
	    "a", "Z", "\"", "\\", "\n", "\x7f", "\xc2\x80", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", " ", "/"};
	size_t mark = m->out.len, n = any_size(m, type->ulow, type->uhigh);

	while (n-- > 0) {
		const char *c = characters[maker_chance(m, sizeof(characters) / sizeof(*characters))];

		write_bytes(&m->out, c, strlen(c));
	}
	if (now_and_then(m, 10) && type->uhigh > 300)
		write_byte(&m->out, 0);
	write_length_before(&m->out, mark);
}

static void make_enumerated(struct maker *m, const struct oer_type *type)
{
	if (type->flags & OER_TYPE_EXTENSIBLE && now_and_then(m, 8))
		write_enumerated(&m->out, (int32_t)any_signed(m, INT32_MIN, INT32_MAX));
	else
		write_enumerated(&m->out, type->u.names[maker_chance(m, type->count)].value);
}

static void make_tag(struct maker *m, uint32_t number)
{
	int shift = 21;

	if (number < 0x3f) {
		write_byte(&m->out, (uint8_t)(0x80 | number));
		return;
	}
	write_byte(&m->out, 0xbf);
	while (number >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		write_byte(&m->out, (uint8_t)(0x80 | (number >> shift & 0x7f)));
	write_byte(&m->out, (uint8_t)(number & 0x7f));
}

static void make_open(struct maker *m, const struct oer_type *type)
{
	size_t mark = m->out.len;

	if (type)
		make_value(m, type);
	else
		make_bytes(m, (size_t)maker_chance(m, 200));
	write_length_before(&m->out, mark);
}

static void make_choice(struct maker *m, const struct oer_type *type)
{
	const struct oer_field *f;
	uint16_t i = (uint16_t)maker_chance(m, type->count);

	if (type->flags & OER_TYPE_EXTENSIBLE && now_and_then(m, 10)) {
		make_tag(m, type->count + (uint32_t)maker_chance(m, (uint64_t)1 << maker_chance(m, 28)));
		make_open(m, NULL);
		return;
	}
	/* A way out of recursion: the first alternative that does not refer back. */
	if (m->parts == 0 || m->depth == 0) {
		for (i = 0; i + 1 < type->count && type->u.fields[i].flags & OER_FIELD_VIEW; i++)
			;
		if (m->parts == 0 && i == 0 && type->count > 1 && type->u.fields[1].type->kind == OER_KIND_NULL)
			i = 1;
	}
	f = &type->u.fields[i];
	make_tag(m, i);
	if (f->flags & OER_FIELD_EXTENSION)
		make_open(m, f->type);
	else
		make_value(m, f->type);
}

/* Not the DEFAULT: that would have to be left out. */
static void make_other_than(struct maker *m, const struct oer_field *f)
{
	struct maker probe = *m;
	uint8_t buf[16], with_default[16];
	struct writer d = {.p = with_default, .cap = sizeof(with_default)};

	if (f->type->kind == OER_KIND_IVAR)
		write_signed(&d, f->value);
	else
		write_be(&d, (uint64_t)(int64_t)f->value, f->type->least);
	do {
		probe.out = (struct writer){.p = buf, .cap = sizeof(buf)};
		make_value(&probe, f->type);
	} while (probe.out.len == d.len && memcmp(buf, with_default, d.len) == 0);
	m->seed = probe.seed;
	write_bytes(&m->out, buf, probe.out.len);
}

static bool wanted(struct maker *m, const struct oer_field *f)
{
	if (f->presence == OER_MANDATORY)
		return true;
	if (f->flags & OER_FIELD_VIEW && m->depth == 0)
		return false;
	return now_and_then(m, 2);
}

static void make_additions(struct maker *m, const struct oer_type *type)
{
	bool there[300] = {false};
	uint32_t bits = type->additions + (uint32_t)maker_chance(m, now_and_then(m, 10) ? 200 : 4);
	uint8_t bitmap[40] = {0};
	size_t n;

	if (now_and_then(m, 4) || bits == 0)
		bits = bits > 1 ? bits - 1 : 1;
	n = (bits + 7) / 8;
	for (uint32_t i = 0; i < bits; i++)
		there[i] = now_and_then(m, 3) || i == bits - 1;
	for (uint32_t i = 0; i < bits; i++)
		bitmap[i / 8] |= (uint8_t)(there[i] ? 0x80 >> i % 8 : 0);
	write_length(&m->out, n + 1);
	write_byte(&m->out, (uint8_t)(8 * n - bits));
	write_bytes(&m->out, bitmap, n);
	for (uint32_t i = 0; i < bits; i++) {
		if (there[i])
			make_open(m, i < type->additions ? type->u.fields[type->count + i].type : NULL);
	}
}

static void make_sequence(struct maker *m, const struct oer_type *type)
{
	bool extended = type->flags & OER_TYPE_EXTENSIBLE && now_and_then(m, 6);
	bool there[64];
	uint64_t preamble = extended;
	unsigned used = type->flags & OER_TYPE_EXTENSIBLE ? 1 : 0;

	for (unsigned i = 0; i < type->count; i++) {
		there[i] = wanted(m, &type->u.fields[i]);
		if (type->u.fields[i].presence != OER_MANDATORY) {
			preamble = preamble << 1 | there[i];
			used++;
		}
	}
	write_be(&m->out, preamble << (8 * type->preamble - used), type->preamble);
	for (unsigned i = 0; i < type->count; i++) {
		const struct oer_field *f = &type->u.fields[i];

		if (!there[i])
			continue;
		m->depth -= f->flags & OER_FIELD_VIEW && m->depth ? 1 : 0;
		if (f->presence == OER_DEFAULT)
			make_other_than(m, f);
		else
			make_value(m, f->type);
	}
	if (extended)
		make_additions(m, type);
}

static void make_list(struct maker *m, const struct oer_type *type)
{
	size_t n = m->parts ? any_size(m, type->ulow, type->uhigh) : (size_t)type->ulow;

	write_unsigned(&m->out, n);
	while (n-- > 0)
		make_value(m, type->u.element);
}

void make_value(struct maker *m, const struct oer_type *type)
{
	size_t n;

	m->parts -= m->parts ? 1 : 0;
	switch (type->kind) {
	case OER_KIND_U8:
	case OER_KIND_U16:
	case OER_KIND_U32:
	case OER_KIND_U64:
		write_be(&m->out, any_unsigned(m, type->ulow, type->uhigh), type->least);
		break;
	case OER_KIND_UVAR:
		write_unsigned(&m->out, any_unsigned(m, type->ulow, type->uhigh));
		break;
	case OER_KIND_I8:
	case OER_KIND_I16:
	case OER_KIND_I32:
	case OER_KIND_I64:
		write_be(&m->out, (uint64_t)any_signed(m, type->low, type->high), type->least);
		break;
	case OER_KIND_IVAR:
		write_signed(&m->out, any_signed(m, type->low, type->high));
		break;
	case OER_KIND_ENUM:
		make_enumerated(m, type);
		break;
	case OER_KIND_BOOL:
		write_byte(&m->out, maker_chance(m, 2) ? 0xff : 0);
		break;
	case OER_KIND_BITS:
		make_bytes(m, 1);
		break;
	case OER_KIND_FIXED:
		make_bytes(m, (size_t)type->ulow);
		break;
	case OER_KIND_OCTETS:
		n = any_size(m, type->ulow, type->uhigh);
		write_length(&m->out, n);
		make_bytes(m, n);
		break;
	case OER_KIND_UTF8:
		make_text(m, type);
		break;
	case OER_KIND_SEQUENCE:
		make_sequence(m, type);
		break;
	case OER_KIND_CHOICE:
		make_choice(m, type);
		break;
	case OER_KIND_LIST:
		make_list(m, type);
		break;
	default:
		break;
	}
}
