/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h: the time of day, of a process: the system's clock and, for drills, an offset to it.
 *
 * There is one in a process, as there is one system clock. Without one of the two calls below it is the system's. A drill
 * turns the clock of many processes at once through a file that they all watch.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <scms/base.h>

/*
 * In an environment where this names a file, each program of scms takes the offset from it, as by clock_set_file() and unless it
 * is told otherwise, and says so on standard error: so a whole drill has one clock.
 */
#define CLOCK_ENVIRONMENT "SCMS_CLOCK_FILE"

struct clock_error {
	char text[256]; /* names the file */
};

/* The present time. */
scms_time64 clock_now(void);

/* The same instant as the system's clock counts it, without the offset: Unix time, for certificates of TLS and for logs. */
int64_t clock_unix(void);

/* Seconds that are added to the system's clock now. */
int64_t clock_offset(void);

/* Fixes the offset. Not to be called while other threads ask for the time. */
void clock_set_offset(int64_t seconds);

/*
 * Takes the offset from the first line of a file, a decimal number of seconds with or without sign, and reads it again
 * whenever it has changed (write it anew and rename it). path must stay valid. False: it cannot be read now. When it
 * cannot be read later on, the last offset stands, and standard error says so.
 */
SCMS_CHECKED bool clock_set_file(const char *path, struct clock_error *err);

#endif
