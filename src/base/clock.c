/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include "file.h"
#include "leap.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define OFFSET_MAX ((int64_t)100 * 365 * 86400) /* seconds: a century */
#define FILE_BYTES_MAX 64

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct leap_table leaps;
static int64_t offset;
static const char *file;
static struct stat seen; /* the state of the file that offset was read from, or that could not be read */

static void load(void)
{
	const char *path = getenv(CLOCK_ENVIRONMENT);
	struct clock_error err;

	leap_load(&leaps, LEAP_FILE);
	if (path == NULL || path[0] == '\0' || file != NULL || offset != 0)
		return;
	if (!clock_set_file(path, &err)) {
		/* Whoever says that the clock is not the system's would be served wrongly by the system's. */
		fprintf(stderr, "clock: " CLOCK_ENVIRONMENT ": %s\n", err.text);
		exit(3);
	}
	fprintf(stderr, "clock: %s: the clock runs %+lld seconds beside the system's (" CLOCK_ENVIRONMENT ")\n", path,
		(long long)clock_offset());
}

static bool offset_parse(const char *text, int64_t *value)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || (*end != '\0' && *end != '\n') || errno != 0 || n < -OFFSET_MAX || n > OFFSET_MAX)
		return false;
	*value = n;
	return true;
}

static bool file_take(const char *path, struct clock_error *err)
{
	struct scms_slice bytes;
	char text[FILE_BYTES_MAX + 1];
	struct file_error why;
	int64_t value;

	if (file_read(path, FILE_BYTES_MAX, &bytes, &why) != FILE_OK) {
		snprintf(err->text, sizeof(err->text), "%s: %s", path, why.text);
		return false;
	}
	memcpy(text, bytes.p, bytes.n);
	text[bytes.n] = '\0';
	free((void *)(uintptr_t)bytes.p);
	if (!offset_parse(text, &value)) {
		snprintf(err->text, sizeof(err->text), "%s: expected a number of seconds to add to the clock, found '%.20s'",
			 path, text);
		return false;
	}
	offset = value;
	return true;
}

static bool has_changed(const struct stat *now)
{
	return now->st_ino != seen.st_ino || now->st_dev != seen.st_dev || now->st_size != seen.st_size ||
	       now->st_mtim.tv_sec != seen.st_mtim.tv_sec || now->st_mtim.tv_nsec != seen.st_mtim.tv_nsec;
}

static void file_follow(void)
{
	struct clock_error err;
	struct stat now;

	if (stat(file, &now) != 0)
		memset(&now, 0, sizeof(now));
	if (!has_changed(&now))
		return;
	seen = now;
	if (file_take(file, &err))
		fprintf(stderr, "clock: %s: the clock now runs %+lld seconds beside the system's\n", file, (long long)offset);
	else
		fprintf(stderr, "clock: %s; the offset stays %+lld seconds\n", err.text, (long long)offset);
}

int64_t clock_offset(void)
{
	int64_t value;

	pthread_mutex_lock(&lock);
	if (file != NULL)
		file_follow();
	value = offset;
	pthread_mutex_unlock(&lock);
	return value;
}

int64_t clock_unix(void)
{
	return (int64_t)time(NULL);
}

scms_time64 clock_now(void)
{
	struct timespec now;

	pthread_once(&once, load);
	clock_gettime(CLOCK_REALTIME, &now);
	return leap_time64(&leaps, now.tv_sec + clock_offset(), (uint32_t)(now.tv_nsec / 1000));
}

void clock_set_offset(int64_t seconds)
{
	pthread_mutex_lock(&lock);
	file = NULL;
	offset = seconds;
	pthread_mutex_unlock(&lock);
}

bool clock_set_file(const char *path, struct clock_error *err)
{
	bool good;

	pthread_mutex_lock(&lock);
	good = file_take(path, err);
	if (good) {
		file = path;
		if (stat(path, &seen) != 0)
			memset(&seen, 0, sizeof(seen));
	}
	pthread_mutex_unlock(&lock);
	return good;
}
