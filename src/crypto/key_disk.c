/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum key_status key_disk_read(const char *path, char text[KEY_DISK_MAX], size_t *length, struct key_error *err)
{
	struct stat st;
	ssize_t got;
	enum key_status status = KEY_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	*length = 0;
	if (fd < 0)
		return key_fail(err, errno == ENOENT ? KEY_NOT_FOUND : KEY_IO, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0)
		status = key_fail(err, KEY_IO, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		status = key_fail(err, KEY_MALFORMED, "%s: not a file", path);
	else if (st.st_size > KEY_DISK_MAX)
		status = key_fail(err, KEY_MALFORMED, "%s: too long for a key file", path);
	while (status == KEY_OK && *length < KEY_DISK_MAX &&
	       (got = read(fd, text + *length, KEY_DISK_MAX - *length)) != 0) {
		if (got > 0)
			*length += (size_t)got;
		else if (errno != EINTR)
			status = key_fail(err, KEY_IO, "%s: %s", path, strerror(errno));
	}
	close(fd);
	return status;
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return true;
}

/* Makes a directory entry last: without this a crash may take the new name back. */
static bool directory_sync(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) + 1 : 1;
	int fd;
	bool ok;

	memcpy(directory, slash ? path : ".", n);
	directory[n] = 0;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* link() does not replace what is there. */
enum key_status key_disk_create(const char *path, const char *p, size_t n, struct key_error *err)
{
	char temporary[PATH_MAX];
	int fd;
	bool made;
	enum key_status status = KEY_OK;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return key_fail(err, KEY_NAME, "the name of the key file is too long");
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return key_fail(err, KEY_IO, "%s: %s", path, strerror(errno));
	made = write_all(fd, p, n) && fsync(fd) == 0;
	if (close(fd) != 0)
		made = false;
	if (!made)
		status = key_fail(err, KEY_IO, "%s: %s", path, strerror(errno));
	else if (link(temporary, path) != 0)
		status = errno == EEXIST ? key_fail(err, KEY_EXISTS, "%s: exists, and is not replaced", path)
					 : key_fail(err, KEY_IO, "%s: %s", path, strerror(errno));
	unlink(temporary);
	if (status == KEY_OK && !directory_sync(path)) {
		status = key_fail(err, KEY_IO, "%s: %s", path, strerror(errno));
		unlink(path);
	}
	return status;
}
