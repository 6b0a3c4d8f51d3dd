/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report(const char *command, const char *file, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "scms %s: ", command);
	if (file)
		fprintf(stderr, "%s: ", file);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void report_oer(const char *command, const char *file, const struct oer_error *err)
{
	report(command, file, "offset %zu: %s: %s: expected %s, found %s", err->offset, err->path,
	       oer_status_text(err->status), err->expected, err->found);
}

void report_json(const char *command, const char *file, const struct json_error *err)
{
	report(command, file, "line %zu, column %zu: %s%s%s", err->line, err->column, err->path,
	       err->path[0] ? ": " : "", err->text);
}

bool report_read(const char *command, const char *file, size_t limit, struct scms_slice *bytes)
{
	struct file_error err;

	if (file_read(file, limit, bytes, &err) != FILE_OK) {
		report(command, file, "%s", err.text);
		return false;
	}
	if (bytes->n == 0) {
		report(command, file, "is empty");
		free((void *)(uintptr_t)bytes->p);
		return false;
	}
	return true;
}

bool report_flush(const char *command)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	report(command, NULL, "standard output cannot be written: %s", strerror(errno));
	return false;
}

bool report_write(void *context, const char *text, size_t n)
{
	(void)context;
	return fwrite(text, 1, n, stdout) == n;
}
