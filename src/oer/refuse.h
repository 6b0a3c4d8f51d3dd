/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse.h: why the decoder refuses, and how it says so.
 *
 * While all is well none of this costs anything. A refusal is noted where it
 * happens; the path is put together while the calls return, innermost first;
 * the texts are made at the end, and only if somebody asked for them.
 */
#ifndef OER_REFUSE_H
#define OER_REFUSE_H

#include "oer/table.h"

/*
 * All reasons: name, status, what was expected (NULL: what the type is), what
 * was found (a format for the two numbers of the refusal). Each has a case in
 * tests/oer/refusals.c.
 */
#define OER_REASONS(X)                                                                                                 \
	X(END, TRUNCATED, NULL, "%llu bytes left")                                                                     \
	X(LENGTH_BEYOND, TRUNCATED, "a length within the bytes that are left", "length %llu, %llu bytes left")         \
	X(COUNT_BEYOND, TRUNCATED, "a count within the bytes that are left", "count %llu, %llu bytes left")            \
	X(TRAILING, TRAILING, "the end of the input", "%llu more bytes")                                               \
	X(OPEN_TRAILING, TRAILING, "the end of the extension", "%llu more bytes")                                      \
	X(UNSIGNED_RANGE, RANGE, NULL, "%llu")                                                                         \
	X(SIGNED_RANGE, RANGE, NULL, "%lld")                                                                           \
	X(SIZE_RANGE, RANGE, NULL, "size %llu")                                                                        \
	X(INTEGER_EMPTY, RANGE, "an integer of at least one byte", "length 0")                                         \
	X(BITMAP_SIZE, RANGE, "an extension bitmap of at least one byte", "length %llu")                               \
	X(BITMAP_UNUSED, RANGE, "0 to 7 unused bits", "%llu")                                                          \
	X(CHOICE_TAG, TAG, NULL, "tag byte 0x%02llx")                                                                  \
	X(ENUM_VALUE, TAG, NULL, "%lld")                                                                               \
	X(NOT_UTF8, UTF8, "UTF-8", "byte 0x%02llx")                                                                    \
	X(BOOLEAN, NOT_CANONICAL, "0x00 or 0xff", "0x%02llx")                                                          \
	X(PREAMBLE_PADDING, NOT_CANONICAL, "zeros in the unused bits of the preamble", "0x%02llx")                     \
	X(BITMAP_PADDING, NOT_CANONICAL, "zeros in the unused bits of the extension bitmap", "0x%02llx")               \
	X(BITMAP_EMPTY, NOT_CANONICAL, "an extension, as the extension bit is set", "none")                            \
	X(DEFAULT_PRESENT, NOT_CANONICAL, "the default value to be left out", "%lld")                                  \
	X(LENGTH_FORM, NOT_CANONICAL, "the shortest form of the length", "0x%02llx 0x%02llx")                          \
	X(INTEGER_FORM, NOT_CANONICAL, "the shortest form of the integer", "0x%02llx 0x%02llx")                        \
	X(ENUM_FORM, NOT_CANONICAL, "the shortest form of the value", "0x%02llx 0x%02llx")                             \
	X(TAG_FORM, NOT_CANONICAL, "the shortest form of the tag", "0x%02llx 0x%02llx")                                \
	X(NESTING, DEPTH, "fewer levels of nesting", "one more than the limit")                                        \
	X(LENGTH_SIZE, UNSUPPORTED, "a length below 2^64", "%llu bytes of it")                                         \
	X(INTEGER_SIZE, UNSUPPORTED, "an integer of at most 8 bytes", "%llu bytes")                                    \
	X(ENUM_SIZE, UNSUPPORTED, "a value of at most 4 bytes", "%llu bytes")                                          \
	X(TAG_SIZE, UNSUPPORTED, "a tag number below 2^28", "a greater one")                                           \
	X(COUNT_SIZE, UNSUPPORTED, "a count below 2^32", "%llu")

enum oer_reason {
#define X(name, status, expected, found) OER_WHY_##name,
	OER_REASONS(X)
#undef X
};

/* State of one decoding. */
struct decoder {
	const uint8_t *start;   /* of the input */
	uint64_t value;         /* result of the out-of-line readers */
	unsigned depth;         /* levels of recursion left */
	enum oer_reason reason; /* of the refusal; the rest is of it too */
	const struct oer_type *type;
	const uint8_t *at;
	uint64_t a, b;
	struct oer_error *err; /* where to tell; may be NULL */
	size_t path;           /* where in err->path the path begins; it is built from the end */
};

/* Notes a refusal at byte `at` while reading a value of `type`. Always NULL, so that readers can return it. */
const uint8_t *refuse(struct decoder *d, enum oer_reason reason, const struct oer_type *type, const uint8_t *at,
		      uint64_t a, uint64_t b);

/*
 * A component, an element, or the value as a whole was refused; its encoding
 * begins at p. They put its name and those of the alternatives chosen in it
 * before the path. The first two return NULL.
 */
const uint8_t *refuse_in_component(struct decoder *d, const struct oer_field *f, const uint8_t *p, const uint8_t *end);
const uint8_t *refuse_in_element(struct decoder *d, uint32_t index, const struct oer_type *element, const uint8_t *p,
				 const uint8_t *end);

/* Fills in *d->err, if there is one. */
enum oer_status refuse_finish(struct decoder *d, const struct oer_type *root, const uint8_t *end);

#endif
