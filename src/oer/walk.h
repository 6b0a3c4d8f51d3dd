/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h: every field of an encoding, in order, for whoever prints it.
 *
 * The input is decoded first (oer_decode without a struct), so that the
 * visitor sees only what is valid. Recursive references and known extension
 * additions are walked through like any other component.
 *
 * The bytes of all OER_WALK_VALUE, OER_WALK_UNKNOWN and OER_WALK_FRAME events,
 * taken together, are the input, each byte once and in order.
 */
#ifndef OER_WALK_H
#define OER_WALK_H

#include "oer/table.h"

enum oer_walk_event {
	OER_WALK_ENTER,   /* a SEQUENCE, CHOICE or SEQUENCE OF begins; bytes is empty, at its first byte */
	OER_WALK_LEAVE,   /* it ends; bytes is all of it */
	OER_WALK_VALUE,   /* a value of any other type; bytes is all of it, lengths included (empty for NULL) */
	OER_WALK_UNKNOWN, /* an extension that the schema does not know; type is NULL, bytes all of it:
			     an addition with its length, an alternative with its tag */
	OER_WALK_FRAME,   /* what holds values together: `frame` says what; type is that of the value it belongs to */
};

/* A value, decoded. What is set depends on the kind of the type. */
union oer_scalar {
	uint64_t u;              /* unsigned INTEGER, BIT STRING (0x80 is bit 0) */
	int64_t i;               /* signed INTEGER, ENUMERATED */
	bool b;                  /* BOOLEAN */
	struct scms_slice bytes; /* OCTET STRING, UTF8String: without the length */
};

/* Where the walk is. */
struct oer_node {
	const struct oer_type *type;
	const struct oer_field *field; /* component or alternative that it is; NULL for the root and for elements */
	const struct oer_node *parent; /* the SEQUENCE, CHOICE or SEQUENCE OF around it; NULL for the root */
	struct scms_slice bytes;
	size_t offset;     /* of bytes from the start of the input */
	uint32_t index;    /* number of the element in its SEQUENCE OF; number (from 0) of the unknown addition */
	uint32_t count;    /* SEQUENCE OF: its elements */
	uint64_t tag;      /* CHOICE: its tag number, from its ENTER on; also of an unknown alternative */
	unsigned depth;    /* number of parents */
	const char *frame; /* "preamble", "tag", "length", "count", "extension bitmap" */
	union oer_scalar value;
};

/* What the walk calls. Returning false ends it. */
typedef bool oer_visit(void *context, enum oer_walk_event event, const struct oer_node *node);

/*
 * Checks `in` as oer_decode does, then visits all of it. The status is that of
 * the check, OER_OK also where the visitor ended the walk.
 */
SCMS_CHECKED enum oer_status oer_walk(const struct oer_type *type, struct scms_slice in, unsigned depth,
				      oer_visit *visit, void *context, struct oer_error *err);

/* Writes the path of a node, "CompositeCrl.revokedRootCAs[0].certificate", to buf; returns buf. */
char *oer_node_path(const struct oer_node *node, char *buf, size_t cap);

#endif
