/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h: values as JSON (ITU-T X.697, JER), printed and read by the type tables.
 *
 *   INTEGER              number, exact to 64 bits
 *   ENUMERATED           "name"; a number that the schema does not know: "17"
 *   BOOLEAN, NULL        true, false, null
 *   OCTET, BIT STRING    hex, "00FF"
 *   UTF8String           string
 *   SEQUENCE             object; what is absent, or equal to its DEFAULT, is left out
 *   SEQUENCE OF          array
 *   CHOICE               object with one member, {"alternative": value}
 *
 * JER cannot say what follows; so that bytes -> JSON -> bytes loses nothing:
 *
 *   an unknown alternative          {"[5]": "hex"}, the tag number and the value
 *   unknown extension additions     a last member of the SEQUENCE,
 *                                   "...": {"bits": 9, "8": "hex"}: how many additions the
 *                                   writer knew, and the value of each, by number from 0
 *   bytes that hold another value   instead of hex {"Type": value}, printed where the caller
 *                                   says what the bytes hold, read anywhere
 *
 * "bits" is printed where it is not what the schema knows, and may be left out on reading.
 */
#ifndef OER_JSON_H
#define OER_JSON_H

#include "oer/walk.h"

/* Text that json_read takes at most, and how deep its objects and arrays may nest. */
#define JSON_TEXT_LIMIT ((size_t)128 << 20)
#define JSON_DEPTH_LIMIT 160

/* Extension additions of one SEQUENCE that its writer may have known. */
#define JSON_ADDITIONS_LIMIT 4096

/* Takes printed text; false ends the printing (a full disk, a closed pipe). */
typedef bool json_write(void *context, const char *text, size_t n);

/* What the bytes of an OCTET STRING hold, or NULL to print hex. It must be canonical, or hex is printed. */
typedef const struct oer_type *json_inside(void *context, const struct oer_node *node);

/* How to print. */
struct json_style {
	json_write *write;
	json_inside *inside; /* NULL: hex everywhere */
	void *context;       /* handed to both */
	unsigned indent;     /* spaces per level; 0: all on one line */
	unsigned level;      /* levels that the value is already indented by */
};

/*
 * Prints a value of `type`, without a line end behind it. The input is checked
 * first: on refusal nothing is printed. OER_SPACE where style->write refused,
 * OER_UNSUPPORTED for what json_read would not take back (JSON_ADDITIONS_LIMIT);
 * part of the text is written then.
 */
SCMS_CHECKED enum oer_status json_print(const struct oer_type *type, struct scms_slice in, unsigned depth,
					const struct json_style *style, struct oer_error *err);

/* Why JSON text was refused. */
struct json_error {
	size_t line;    /* from 1 */
	size_t column;  /* from 1, in bytes */
	char path[192]; /* as in oer_error; empty where the text is no JSON */
	char text[160]; /* "expected a number from 0 to 255, found "x"" */
};

/*
 * Reads one value of `type` and makes its canonical encoding. Members may come
 * in any order; an unknown or repeated one is refused. out->p is to be freed by
 * the caller. On refusal *out is empty and err, which must be given, says why.
 */
SCMS_CHECKED bool json_read(const struct oer_type *type, struct scms_slice text, unsigned depth, struct scms_slice *out,
			    struct json_error *err);

/* The type of that name in oer_entries, as `scms types` lists them; NULL if there is none. */
const struct oer_entry *oer_entry_find(const char *id, size_t n);

#endif
