/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oer.h: canonical OER (ITU-T X.696) driven by type tables.
 *
 * asn1/ holds the schema; tools/oergen.py makes from it, at build time, a C
 * struct and a constant table (struct oer_type) for every type: asn1/types.h.
 * One decoder, one encoder, one walker serve all of them.
 *
 * Nothing is allocated. A decoded struct points into the input, which must
 * outlive it. What repeats or recurs is not built but kept as a view of its
 * bytes, checked in the same pass:
 *
 *   - SEQUENCE OF            struct oer_list, read with oer_next()
 *   - recursive references   struct scms_slice, decoded when wanted
 *     and extension additions
 *
 * Decoding is strict: what is not canonical OER is refused, so a value has one
 * encoding only, two values are equal exactly when their bytes are, and
 * re-encoding gives the input back.
 *
 * How ASN.1 becomes C (names as in the standard, hyphens to underscores):
 *
 *   INTEGER           uint8_t, uint16_t, uint32_t, uint64_t or int32_t, int64_t:
 *                     the smallest that holds the bounds; Psid and other
 *                     unbounded unsigned: uint64_t; unconstrained: int64_t
 *                     named numbers are constants T_name; the value of a T with one
 *                     value is T_value; that of `x INTEGER ::= 5` is value_x
 *   ENUMERATED        int32_t; enum constants T_name
 *   BOOLEAN           bool
 *   NULL              nothing (a bool has_x where OPTIONAL)
 *   BIT STRING(8)     uint8_t, bit 0 = 0x80; named bits are masks T_name
 *   OCTET STRING(n)   const uint8_t *, n bytes
 *   OCTET STRING, UTF8String    struct scms_slice
 *   SEQUENCE          struct with its components in it; bool has_x before
 *                     each OPTIONAL x; a DEFAULT is filled in on decode and
 *                     left out on encode where equal; extensible ones have
 *                     `struct scms_slice extensions`: the whole extension
 *                     part as it came, empty if there was none
 *   CHOICE            struct { uint8_t choice; union { ... } u; }, constants
 *                     T_is_alternative = automatic tag number. An alternative
 *                     unknown to the schema: choice = OER_UNKNOWN, its
 *                     encoding (tag and all) in u.unknown
 *   T ::= U           no struct of its own: that of U
 *   an anonymous inner type of component c of T is named T_c, an anonymous
 *   element of a SEQUENCE OF that is T (or T_c) T_item (or T_c_item)
 *   a name that is a keyword of C has a "_" behind it: default_
 *
 * A component is a recursive reference if it is OPTIONAL and its type contains
 * the SEQUENCE that it is in (where that leaves a circle, alternatives of a
 * CHOICE are).
 *
 * Types marked `-- @raw` in the schema also have `struct scms_slice raw`: the
 * bytes that they were decoded from (for hashing). The encoder ignores it.
 *
 * A known extension addition x is `bool has_x; struct scms_slice x` (the bytes
 * of the addition's own encoding). On encoding, known additions are taken from
 * their members, unknown ones from `extensions`.
 */
#ifndef OER_OER_H
#define OER_OER_H

#include <scms/base.h>

/* Choice value of an alternative that the schema does not know. */
#define OER_UNKNOWN 0xff

/* Type table of one ASN.1 type; made by the generator, see table.h. */
struct oer_type;

enum oer_status {
	OER_OK = 0,
	OER_TRUNCATED,	   /* the input ends before the value does */
	OER_TRAILING,	   /* bytes are left after the value */
	OER_RANGE,	   /* a value or size outside its constraint */
	OER_TAG,	   /* a CHOICE tag or ENUMERATED value that does not exist */
	OER_UTF8,	   /* a UTF8String that is not UTF-8 */
	OER_NOT_CANONICAL, /* decodable, but not the canonical encoding */
	OER_DEPTH,	   /* nested more deeply than the limit */
	OER_UNSUPPORTED,   /* an integer or length beyond 64 bits, or the like */
	OER_SPACE,	   /* encoder: the buffer is too small */
};

/* Why a value was refused. Text members are always terminated. */
struct oer_error {
	enum oer_status status;
	size_t offset;	   /* of the offending byte, from the start of the input */
	char path[192];	   /* "CompositeCrl.revokedRootCAs[0].certificate" */
	char expected[64]; /* what the schema wants there */
	char found[64];	   /* what stands there */
};

/* How often Ieee1609Dot2Data may lie in another, one within the next (trust rule A5.1). */
#define OER_DEPTH_DEFAULT 8

/*
 * Decodes all of `in` as a value of `type` into `out`, a struct of that type
 * (or the plain C type of a non-constructed one); NULL checks only. `depth` is
 * how many recursive references may be followed one within another (the value
 * itself is at level 0), OER_DEPTH_DEFAULT if in doubt.
 * `err` may be NULL; it is written only on refusal. `out` is undefined then.
 */
SCMS_CHECKED enum oer_status oer_decode(const struct oer_type *type, struct scms_slice in,
					unsigned depth, void *out, struct oer_error *err);

/* As oer_decode, from the front of *in, which is moved behind the value. */
SCMS_CHECKED enum oer_status oer_decode_prefix(const struct oer_type *type, struct scms_slice *in,
					       unsigned depth, void *out, struct oer_error *err);

/*
 * Encodes `value` to buf[0..cap) and sets *len. OER_SPACE when cap is too small
 * (*len then says what is needed; buf NULL and cap 0 ask for it). OER_RANGE or
 * OER_UTF8, without a length, for a value that its type does not allow.
 *
 * What the struct holds as bytes (views, additions, lists without items) is
 * taken for what the decoder accepted as such, and copied.
 */
SCMS_CHECKED enum oer_status oer_encode(const struct oer_type *type, const void *value,
					uint8_t *buf, size_t cap, size_t *len);

/*
 * A SEQUENCE OF. Decoded: count elements lie one after another in bytes;
 * stride is the size of each where all are of one size, else 0. To encode,
 * set items to an array of count structs instead (bytes is then ignored);
 * with items NULL the encoder copies bytes.
 */
struct oer_list {
	struct scms_slice bytes;
	uint32_t count;
	uint32_t stride;
	const void *items;
	const struct oer_type *element;
};

/* A place in a decoded list. */
struct oer_iter {
	struct scms_slice rest;
	uint32_t left;
	uint32_t stride;
	const struct oer_type *element;
};

struct oer_iter oer_iterate(const struct oer_list *list);

/* Decodes the next element into out; false after the last. Nothing can fail: the list was checked when decoded. */
bool oer_next(struct oer_iter *it, void *out);

/* As oer_next, but gives the element's bytes, not decoded. */
bool oer_next_raw(struct oer_iter *it, struct scms_slice *bytes);

/* Name of the type as in the schema, "ElectorBallot". */
const char *oer_type_name(const struct oer_type *type);

/* Fixed text of a status: "not canonical". */
const char *oer_status_text(enum oer_status status);

#endif
