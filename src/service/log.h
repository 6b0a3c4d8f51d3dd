/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: what a server says while it runs: one JSON object a line, on standard error.
 *
 *   {"time":"2026-11-25T12:00:00.123456Z","level":"info","component":"ra1","event":"session","changed":true}
 *
 * Privacy is the component's duty: a log line outlives the database row, so what its database may not hold (who asked for
 * what together with what was issued) has no place here either.
 */
#ifndef SERVICE_LOG_H
#define SERVICE_LOG_H

#include <scms/base.h>

enum log_level {
	LOG_LEVEL_INFO,	   /* what an operator may want to know later */
	LOG_LEVEL_WARNING, /* what an operator ought to look at */
	LOG_LEVEL_ERROR,   /* what stops or harms the service */
};

/*
 * Writes a line. component NULL: the process. event is a word or two, always the same for the same thing. The rest is as
 * for json_pack() of Jansson, inside an object: "s:s, s:i"; "" for nothing more.
 */
void log_event(const char *component, enum log_level level, const char *event, const char *format, ...);

#endif
