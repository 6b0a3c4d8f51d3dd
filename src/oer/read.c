/* SPDX-License-Identifier: Apache-2.0 */
#include "oer/read.h"

const uint8_t *read_long_length(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t)
{
	const uint8_t *start = p;
	uint64_t length;

	if (p == end)
		return refuse(d, OER_WHY_END, t, start, 0, 0);
	length = *p++;
	if (length >= 0x80) {
		size_t n = length & 0x7f;

		if (n > bytes_left(p, end))
			return refuse(d, OER_WHY_LENGTH_BEYOND, t, start, n, bytes_left(p, end));
		if (n == 0 || p[0] == 0 || (n == 1 && p[0] < 0x80))
			return refuse(d, OER_WHY_LENGTH_FORM, t, start, start[0], n == 0 ? 0 : p[0]);
		if (n > 8)
			return refuse(d, OER_WHY_LENGTH_SIZE, t, start, n, 0);
		length = load_be(p, n);
		p += n;
	}
	if (length > bytes_left(p, end))
		return refuse(d, OER_WHY_LENGTH_BEYOND, t, start, length, bytes_left(p, end));
	d->value = length;
	return p;
}

const uint8_t *read_long_unsigned(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t)
{
	const uint8_t *value = read_length(d, p, end, t);
	size_t n;

	if (!value)
		return NULL;
	n = (size_t)d->value;
	if (n == 0)
		return refuse(d, OER_WHY_INTEGER_EMPTY, t, p, 0, 0);
	if (n > 1 && value[0] == 0)
		return refuse(d, OER_WHY_INTEGER_FORM, t, value, value[0], value[1]);
	if (n > 8)
		return refuse(d, OER_WHY_INTEGER_SIZE, t, p, n, 0);
	d->value = load_be(value, n);
	return value + n;
}

/* The first nine bits of a shortest form in two's complement are not all alike. */
static bool is_shortest_signed(const uint8_t *p, size_t n)
{
	return n == 1 || !((p[0] == 0 && p[1] < 0x80) || (p[0] == 0xff && p[1] >= 0x80));
}

const uint8_t *read_signed(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t)
{
	const uint8_t *value = read_length(d, p, end, t);
	size_t n;

	if (!value)
		return NULL;
	n = (size_t)d->value;
	if (n == 0)
		return refuse(d, OER_WHY_INTEGER_EMPTY, t, p, 0, 0);
	if (!is_shortest_signed(value, n))
		return refuse(d, OER_WHY_INTEGER_FORM, t, value, value[0], value[1]);
	if (n > 8)
		return refuse(d, OER_WHY_INTEGER_SIZE, t, p, n, 0);
	d->value = (uint64_t)load_signed(value, n);
	return value + n;
}

const uint8_t *read_long_enumerated(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t)
{
	const uint8_t *start = p;
	size_t n;

	if (p == end)
		return refuse(d, OER_WHY_END, t, start, 0, 0);
	n = *p++ & 0x7f;
	if (n > bytes_left(p, end))
		return refuse(d, OER_WHY_LENGTH_BEYOND, t, start, n, bytes_left(p, end));
	if (n == 0)
		return refuse(d, OER_WHY_INTEGER_EMPTY, t, start, 0, 0);
	if (!is_shortest_signed(p, n) || (n == 1 && p[0] < 0x80))
		return refuse(d, OER_WHY_ENUM_FORM, t, start, start[0], p[0]);
	if (n > 4)
		return refuse(d, OER_WHY_ENUM_SIZE, t, start, n, 0);
	d->value = (uint64_t)load_signed(p, n);
	return p + n;
}

const uint8_t *read_tag(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t)
{
	const uint8_t *start = p;
	uint64_t tag;

	if (p == end)
		return refuse(d, OER_WHY_END, t, start, 0, 0);
	tag = *p++;
	if ((tag & 0xc0) != TAG_CONTEXT)
		return refuse(d, OER_WHY_CHOICE_TAG, t, start, tag, 0);
	tag &= TAG_LONG;
	if (tag == TAG_LONG) {
		const uint8_t *first = p;

		for (tag = 0;; p++) {
			if (p == end)
				return refuse(d, OER_WHY_END, t, start, 0, 0);
			if (p - first == 4)
				return refuse(d, OER_WHY_TAG_SIZE, t, start, 0, 0);
			tag = tag << 7 | (*p & 0x7f);
			if (*p < 0x80)
				break;
		}
		p++;
		if (*first == 0x80 || tag < TAG_LONG)
			return refuse(d, OER_WHY_TAG_FORM, t, start, start[0], *first);
	}
	d->value = tag;
	return p;
}

/* Bytes of the character that begins with this one, 0 if none does; the least second byte and the greatest. */
static size_t utf8_lead(uint8_t c, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return 2;
	if (c == 0xe0)
		*low = 0xa0; /* shorter forms exist */
	if (c == 0xed)
		*high = 0x9f; /* surrogates */
	if (c == 0xf0)
		*low = 0x90;
	if (c == 0xf4)
		*high = 0x8f; /* beyond U+10FFFF */
	return c < 0xf0 ? 3 : 4;
}

const uint8_t *utf8_check(const uint8_t *p, size_t n, uint64_t *count)
{
	const uint8_t *end = p + n;
	uint64_t characters = 0;

	while (p < end) {
		uint8_t low, high;
		size_t length = utf8_lead(*p, &low, &high);

		if (length == 0 || length > bytes_left(p, end))
			return p;
		if (length > 1 && (p[1] < low || p[1] > high))
			return p + 1;
		for (size_t i = 2; i < length; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return p + i;
		}
		p += length;
		characters++;
	}
	*count = characters;
	return NULL;
}
