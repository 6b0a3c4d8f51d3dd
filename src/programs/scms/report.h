/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h: how the commands say what is wrong: "scms show: FILE: offset 17: CompositeCrl.revokedRootCAs[0]: ...".
 */
#ifndef PROGRAMS_REPORT_H
#define PROGRAMS_REPORT_H

#include "base/file.h"
#include "oer/json.h"

/* Exit codes of these commands. */
enum {
	EXIT_REFUSED = 1, /* a file could not be used */
	EXIT_USAGE = 2,
};

/* Writes "scms COMMAND: FILE: " (FILE only if given) and the text, as a line of standard error. */
void report(const char *command, const char *file, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Why bytes were refused: offset, field, what was expected and found. */
void report_oer(const char *command, const char *file, const struct oer_error *err);

/* Why JSON text was refused: line, column, field. */
void report_json(const char *command, const char *file, const struct json_error *err);

/* Reads a file, or says why not; an empty one is refused too. To be freed. */
bool report_read(const char *command, const char *file, size_t limit, struct scms_slice *bytes);

/* Flushes standard output; says so and returns false where it could not all be written. */
bool report_flush(const char *command);

/* For struct json_style: writes to standard output. */
bool report_write(void *context, const char *text, size_t n);

#endif
