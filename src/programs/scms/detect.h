/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect.h: what type a file is of, found by decoding it as one after another.
 */
#ifndef PROGRAMS_DETECT_H
#define PROGRAMS_DETECT_H

#include "dot2/envelope.h"

struct detected {
	const struct oer_type *type;
	const struct envelope
	    *envelope; /* message named by --type, or that an Ieee1609Dot2Data claims to be; or NULL */
};

/*
 * Finds the type by itself: the first of the top-level types as which all bytes decode. False: none; err tells of the
 * type that got furthest.
 */
bool detect(struct scms_slice bytes, struct detected *found, struct oer_error *err);

/* Decodes as the type, or the message, of that name. The name must exist: detect_exists. */
bool detect_as(const char *name, struct scms_slice bytes, struct detected *found, struct oer_error *err);

/* Is there a type or message of that name? */
bool detect_exists(const char *name);

/* Is it this type, or an alias of it? */
bool type_is(const struct oer_type *type, const struct oer_type *of);

#endif
