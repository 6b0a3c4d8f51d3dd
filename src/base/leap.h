/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leap.h: between IEEE 1609.2 time (TAI since 2004) and the clock's UTC.
 *
 * TAI - UTC comes from the system's list of leap seconds (tzdata). Without one, or past its expiry, the last value known
 * stands; whoever runs for long should say so (leap_expired).
 */
#ifndef BASE_LEAP_H
#define BASE_LEAP_H

#include <scms/base.h>

#define LEAP_ROWS_MAX 64

struct leap_table {
	size_t n;
	struct {
		int64_t unix_time; /* from here on */
		int64_t tai_minus_utc;
	} row[LEAP_ROWS_MAX];
	int64_t expires; /* Unix time until which the list is known to hold */
	bool from_system;
};

/* Where Debian's tzdata keeps the list. */
#define LEAP_FILE "/usr/share/zoneinfo/leap-seconds.list"

/* Reads the list; where there is none that can be read, the leap seconds from 2004 to 2017 are known (37 s since then). */
void leap_load(struct leap_table *table, const char *path);

bool leap_expired(const struct leap_table *table, int64_t unix_time);

/* Time64 of an instant of the clock, and back (seconds; microseconds apart). */
scms_time64 leap_time64(const struct leap_table *table, int64_t unix_time, uint32_t microseconds);
int64_t leap_unix(const struct leap_table *table, scms_time64 time);

/* The clock's present time. */
scms_time64 leap_now(const struct leap_table *table);

/* "2018-04-26 00:00:00 UTC" */
#define TIME_TEXT_BYTES 32
const char *time_text(const struct leap_table *table, scms_time64 time, char text[TIME_TEXT_BYTES]);

/*
 * Reads a time as people give it: "2026-11-25T12:00:00Z" (UTC), "2026-11-25" (its first instant), or a decimal number of
 * microseconds (Time64). False for anything else, also for times before 2004 and days and hours that do not exist.
 */
SCMS_CHECKED bool time_parse(const struct leap_table *table, const char *text, scms_time64 *time);
#define TIME_PARSE_WANTS "a time as 2026-11-25T12:00:00Z, or Time64 in decimal"

#endif
