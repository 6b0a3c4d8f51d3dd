/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum file_status refuse(struct file_error *err, enum file_status status, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum file_status refuse(struct file_error *err, enum file_status status, int error, const char *format, ...)
{
	va_list args;

	if (!err)
		return status;
	err->status = status;
	err->error = error;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return status;
}

/* Opens a regular file within the limit and tells its length. O_NONBLOCK: a pipe without a writer must not hang us. */
static enum file_status open_regular(const char *path, size_t limit, int *fd, size_t *n, struct file_error *err)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return refuse(err, FILE_OPEN, errno, "cannot be opened: %s", strerror(errno));
	if (fstat(*fd, &st) != 0)
		return refuse(err, FILE_OPEN, errno, "cannot be examined: %s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return refuse(err, FILE_DIRECTORY, 0, "is a directory");
	if (!S_ISREG(st.st_mode))
		return refuse(err, FILE_SPECIAL, 0, "is not a regular file");
	if ((uintmax_t)st.st_size > limit)
		return refuse(err, FILE_TOO_LARGE, 0, "is %jd bytes long; the limit is %zu", (intmax_t)st.st_size,
			      limit);
	*n = (size_t)st.st_size;
	return FILE_OK;
}

/* Reads up to n bytes; fewer only at the end of the file. */
static ssize_t read_all(int fd, uint8_t *buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, buf + got, n - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

enum file_status file_read(const char *path, size_t limit, struct scms_slice *bytes, struct file_error *err)
{
	enum file_status status;
	uint8_t *buf = NULL;
	size_t n = 0;
	ssize_t got;
	int fd = -1;

	*bytes = (struct scms_slice){NULL, 0};
	status = open_regular(path, limit, &fd, &n, err);
	if (status != FILE_OK)
		goto out;
	/* One byte more than the file has: a file that grew meanwhile shows. */
	buf = malloc(n + 1);
	if (!buf) {
		status = refuse(err, FILE_MEMORY, 0, "no memory for its %zu bytes", n);
		goto out;
	}
	got = read_all(fd, buf, n + 1);
	if (got < 0) {
		status = refuse(err, FILE_IO, errno, "cannot be read: %s", strerror(errno));
		goto out;
	}
	if ((size_t)got != n) {
		status = refuse(err, FILE_CHANGED, 0, "changed its length while it was read");
		goto out;
	}
	*bytes = (struct scms_slice){buf, n};
	buf = NULL;
out:
	free(buf);
	if (fd >= 0)
		close(fd);
	return status;
}

static bool write_all(int fd, struct scms_slice bytes)
{
	while (bytes.n > 0) {
		ssize_t w = write(fd, bytes.p, bytes.n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		bytes.p += w;
		bytes.n -= (size_t)w;
	}
	return true;
}

/* Makes a rename last: the directory is written to disk too. */
static bool directory_sync(const char *path, size_t dir_length)
{
	char *dir = dir_length ? strndup(path, dir_length) : strdup(".");
	bool good = false;
	int fd = -1;

	if (!dir)
		return false;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		/* Some file systems cannot sync a directory and say EINVAL; there is nothing more to do then. */
		good = fsync(fd) == 0 || errno == EINVAL;
		close(fd);
	}
	free(dir);
	return good;
}

bool file_rename(const char *from, const char *to)
{
	const char *slash = strrchr(to, '/');

	return rename(from, to) == 0 && directory_sync(to, slash ? (size_t)(slash - to) + 1 : 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)at;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

bool folder_remove(const char *path)
{
	return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
}

bool folder_replace(const char *complete, const char *place)
{
	const char *slash = strrchr(place, '/');

	if (!directory_sync(complete, strlen(complete)))
		return false;
	if (renameat2(AT_FDCWD, complete, AT_FDCWD, place, RENAME_EXCHANGE) != 0 && (errno != ENOENT || rename(complete, place) != 0))
		return false;
	return directory_sync(place, slash ? (size_t)(slash - place) + 1 : 0) && folder_remove(complete);
}

enum file_status file_write(const char *path, mode_t mode, struct scms_slice bytes, struct file_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t dir_length = slash ? (size_t)(slash - path) + 1 : 0;
	enum file_status status = FILE_OK;
	char *temporary = NULL;
	int fd = -1;

	if (asprintf(&temporary, "%.*s.%s.XXXXXX", (int)dir_length, path, path + dir_length) < 0) {
		temporary = NULL;
		return refuse(err, FILE_MEMORY, 0, "no memory for its name");
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		status = refuse(err, FILE_OPEN, errno, "cannot be made: %s", strerror(errno));
		goto out;
	}
	if (!write_all(fd, bytes) || fchmod(fd, mode) != 0 || fsync(fd) != 0) {
		status = refuse(err, FILE_IO, errno, "cannot be written: %s", strerror(errno));
		unlink(temporary);
		goto out;
	}
	if (rename(temporary, path) != 0) {
		status = refuse(err, FILE_IO, errno, "cannot be replaced: %s", strerror(errno));
		unlink(temporary);
		goto out;
	}
	if (!directory_sync(path, dir_length))
		status = refuse(err, FILE_IO, errno, "is written, but its directory is not: %s", strerror(errno));
out:
	if (fd >= 0)
		close(fd);
	free(temporary);
	return status;
}
