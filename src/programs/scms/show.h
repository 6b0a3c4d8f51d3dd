/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.h: the ways in which scms show prints a value. All write to standard output.
 */
#ifndef PROGRAMS_SHOW_H
#define PROGRAMS_SHOW_H

#include "base/leap.h"
#include "detect.h"
#include "known.h"

/* Elements of a list that are shown to people, unless all are asked for. */
#define SHOW_ELEMENTS 20

struct show {
	struct leap_table leap;
	struct known known;
	bool all; /* all elements of every list */
};

/* For people. */
void show_text(const struct show *show, const struct detected *found, struct scms_slice bytes);

/* Every field: offset, bytes, path. */
void show_hex(const struct detected *found, struct scms_slice bytes);

/* JSON, a line end behind it; messages in envelopes and SSPs are opened, so that `scms encode` takes it back. */
bool show_json(const struct detected *found, struct scms_slice bytes);

/* A certificate, in a block of lines each indented by so many levels. */
void show_certificate(const struct show *show, const struct cert *cert, unsigned level);

/* Header, signer and signature of signed data, likewise. */
void show_signed(const struct show *show, const struct SignedData *data, unsigned level);

/* Begins a line: indentation, a name, padding. */
void show_line(unsigned level, const char *name);

#endif
