/* SPDX-License-Identifier: Apache-2.0 */
#include "base/leap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 2004-01-01T00:00:00 UTC; TAI was 32 seconds ahead. */
#define EPOCH_UNIX INT64_C(1072915200)
#define EPOCH_TAI_MINUS_UTC 32
/* The list counts seconds since 1900. */
#define NTP_TO_UNIX INT64_C(2208988800)

/* What the list says of the years from 2004 on: 2006, 2009, July of 2012 and of 2015, 2017. */
static const struct {
	int64_t unix_time, tai_minus_utc;
} known[] = {
    {915148800, 32}, {1136073600, 33}, {1230768000, 34}, {1341100800, 35}, {1435708800, 36}, {1483228800, 37},
};

static void leap_add(struct leap_table *table, int64_t unix_time, int64_t tai_minus_utc)
{
	if (table->n == LEAP_ROWS_MAX)
		return;
	table->row[table->n].unix_time = unix_time;
	table->row[table->n].tai_minus_utc = tai_minus_utc;
	table->n++;
}

void leap_load(struct leap_table *table, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];

	*table = (struct leap_table){0};
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char *end;
		int64_t ntp, offset;

		if (line[0] == '#' && line[1] == '@') {
			table->expires = strtoll(line + 2, NULL, 10) - NTP_TO_UNIX;
			continue;
		}
		ntp = strtoll(line, &end, 10);
		if (end == line)
			continue;
		offset = strtoll(end, NULL, 10);
		leap_add(table, ntp - NTP_TO_UNIX, offset);
	}
	if (file != NULL)
		fclose(file);
	table->from_system = table->n > 0;
	for (size_t k = 0; !table->from_system && k < sizeof(known) / sizeof(known[0]); k++)
		leap_add(table, known[k].unix_time, known[k].tai_minus_utc);
}

bool leap_expired(const struct leap_table *table, int64_t unix_time)
{
	return !table->from_system || unix_time > table->expires;
}

static int64_t leaps_since_epoch(const struct leap_table *table, int64_t unix_time)
{
	int64_t offset = table->row[0].tai_minus_utc;

	for (size_t k = 0; k < table->n; k++)
		if (unix_time >= table->row[k].unix_time)
			offset = table->row[k].tai_minus_utc;
	return offset - EPOCH_TAI_MINUS_UTC;
}

scms_time64 leap_time64(const struct leap_table *table, int64_t unix_time, uint32_t microseconds)
{
	int64_t seconds = unix_time - EPOCH_UNIX + leaps_since_epoch(table, unix_time);

	return seconds < 0 ? 0 : (uint64_t)seconds * 1000000 + microseconds;
}

int64_t leap_unix(const struct leap_table *table, scms_time64 time)
{
	int64_t seconds = (int64_t)(time / 1000000) + EPOCH_UNIX;

	/* The list is of UTC instants; the last whose start in TAI is not after `time` holds. */
	for (size_t k = table->n; k-- > 0;) {
		int64_t leaps = table->row[k].tai_minus_utc - EPOCH_TAI_MINUS_UTC;

		if (seconds >= table->row[k].unix_time + leaps)
			return seconds - leaps;
	}
	/* Before the first row, what leap_time64 takes there. */
	return seconds - (table->row[0].tai_minus_utc - EPOCH_TAI_MINUS_UTC);
}

scms_time64 leap_now(const struct leap_table *table)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return leap_time64(table, ts.tv_sec, (uint32_t)(ts.tv_nsec / 1000));
}

const char *time_text(const struct leap_table *table, scms_time64 time, char text[TIME_TEXT_BYTES])
{
	time_t seconds = (time_t)leap_unix(table, time);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || strftime(text, TIME_TEXT_BYTES, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(text, TIME_TEXT_BYTES, "Time64 %" PRIu64, time);
	return text;
}

/* Exactly n digits. */
static bool take_digits(const char **text, unsigned n, int *to)
{
	int value = 0;

	for (unsigned k = 0; k < n; k++) {
		if ((*text)[k] < '0' || (*text)[k] > '9')
			return false;
		value = 10 * value + ((*text)[k] - '0');
	}
	*text += n;
	*to = value;
	return true;
}

static bool take_char(const char **text, char c)
{
	return **text == c && (*text)++ != NULL;
}

static bool parse_number(const char *text, scms_time64 *time)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || value > (INT64_MAX - 9) / 10)
			return false;
		value = 10 * value + (uint64_t)(*text - '0');
	}
	*time = value;
	return true;
}

bool time_parse(const struct leap_table *table, const char *text, scms_time64 *time)
{
	int year, month, day, hour = 0, minute = 0, second = 0;
	const char *p = text;
	struct tm tm = {.tm_isdst = 0}, back;
	time_t unix_time;

	if (strchr(text, '-') == NULL)
		return parse_number(text, time);
	if (!take_digits(&p, 4, &year) || !take_char(&p, '-') || !take_digits(&p, 2, &month) || !take_char(&p, '-') ||
	    !take_digits(&p, 2, &day))
		return false;
	if (*p != '\0' && (!take_char(&p, 'T') || !take_digits(&p, 2, &hour) || !take_char(&p, ':') ||
			   !take_digits(&p, 2, &minute) || !take_char(&p, ':') || !take_digits(&p, 2, &second) ||
			   !take_char(&p, 'Z') || *p != '\0'))
		return false;
	if (year < 2004)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	unix_time = timegm(&tm);
	/* What does not come back as it was does not exist: 30 February, 25 o'clock. */
	if (gmtime_r(&unix_time, &back) == NULL || back.tm_mon != month - 1 || back.tm_mday != day || back.tm_hour != hour ||
	    back.tm_min != minute || back.tm_sec != second)
		return false;
	*time = leap_time64(table, unix_time, 0);
	return true;
}
