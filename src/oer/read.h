/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.h: reading what canonical OER is made of.
 *
 * Every reader takes the place p and the end of what may be read, and returns
 * the place behind what it read, or NULL after refuse().
 */
#ifndef OER_READ_H
#define OER_READ_H

#include "oer/refuse.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define TAG_CONTEXT 0x80 /* class of every CHOICE tag; the number is below it */
#define TAG_LONG 0x3f    /* number that says that the number follows */

static inline size_t bytes_left(const uint8_t *p, const uint8_t *end)
{
	return (size_t)(end - p);
}

/* First byte of a slice; never NULL, which an empty slice may have and which means refused. */
static inline const uint8_t *slice_start(struct scms_slice s)
{
	return s.n ? s.p : (const uint8_t *)"";
}

static inline uint64_t load_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Two's complement, 1 to 8 bytes. */
static inline int64_t load_signed(const uint8_t *p, size_t n)
{
	uint64_t sign = p[0] >= 0x80 && n < 8 ? UINT64_MAX << (8 * n) : 0;

	return (int64_t)(load_be(p, n) | sign);
}

static inline uint16_t load_be16(const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, 2);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(v) : v;
}

static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(v) : v;
}

static inline uint64_t load_be64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

const uint8_t *read_long_length(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t);
const uint8_t *read_long_unsigned(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t);
const uint8_t *read_long_enumerated(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t);

/* Length determinant in d->value; as many bytes are there. */
static inline const uint8_t *read_length(struct decoder *d, const uint8_t *p, const uint8_t *end,
					 const struct oer_type *t)
{
	if (unlikely(p >= end || *p >= 0x80 || *p >= bytes_left(p, end)))
		return read_long_length(d, p, end, t);
	d->value = *p;
	return p + 1;
}

/* Integer of a length and a value, in d->value (signed: as int64_t). */
static inline const uint8_t *read_unsigned(struct decoder *d, const uint8_t *p, const uint8_t *end,
					   const struct oer_type *t)
{
	if (unlikely(bytes_left(p, end) < 2 || *p != 1))
		return read_long_unsigned(d, p, end, t);
	d->value = p[1];
	return p + 2;
}

const uint8_t *read_signed(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t);

/* ENUMERATED in d->value (as int64_t), known or not. */
static inline const uint8_t *read_enumerated(struct decoder *d, const uint8_t *p, const uint8_t *end,
					     const struct oer_type *t)
{
	if (unlikely(p >= end || *p >= 0x80))
		return read_long_enumerated(d, p, end, t);
	d->value = *p;
	return p + 1;
}

/* Number in d->value of a context-specific tag of one or several bytes. */
const uint8_t *read_tag(struct decoder *d, const uint8_t *p, const uint8_t *end, const struct oer_type *t);

/* Number of characters of UTF-8 text in *count; NULL if it is UTF-8, else the first byte that is wrong. */
const uint8_t *utf8_check(const uint8_t *p, size_t n, uint64_t *count);

#endif
