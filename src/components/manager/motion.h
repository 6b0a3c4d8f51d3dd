/* SPDX-License-Identifier: Apache-2.0 */
/*
 * motion.h: what the parts of root management call a motion, and texts about it.
 */
#ifndef COMPONENTS_MANAGER_MOTION_H
#define COMPONENTS_MANAGER_MOTION_H

#include "trust/ballot.h"

/* Why something was refused, for people: what, the rule, what was expected and what was found. */
struct motion_error {
	char text[480];
};

/* Fills err and is false, so that a refusal is one line. */
bool motion_refuse(struct motion_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "add-elector": of commands and file names. */
const char *motion_name(enum scms_motion motion);
bool motion_by_name(const char *name, enum scms_motion *motion);

/* "addElector": EndorsementType, in JSON. */
const char *motion_type_name(enum scms_motion motion);

/* "1.2.4" */
const char *ballot_form_name(enum ballot_form form);
bool ballot_form_parse(const char *name, enum ballot_form *form);

/*
 * What a certificate calls itself, for people: its name in quotation marks, what a terminal would obey replaced; empty
 * where it has none. Returns text.
 */
#define SUBJECT_NAME_BYTES 80
const char *subject_name(const struct cert *cert, char text[SUBJECT_NAME_BYTES]);

/* Lower-case hex digits of n bytes; returns text, 2 n + 1 long. */
const char *motion_hex(const uint8_t *bytes, size_t n, char *text);

#endif
