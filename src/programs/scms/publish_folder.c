/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_folder.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_HERE 2048

static bool fail(char error[512], const char *path, const char *why)
{
	snprintf(error, 512, "%.300s: %.200s", path, why);
	return false;
}

static bool sync_folder(const char *path, char error[512])
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (!good)
		fail(error, path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

static bool fill(const char *folder, const struct publish_file *files, size_t n, char error[512])
{
	if (mkdir(folder, 0755) != 0)
		return fail(error, folder, strerror(errno));
	for (size_t k = 0; k < n; k++) {
		char path[PATH_MAX_HERE];
		struct file_error err;

		if (files[k].bytes.p == NULL)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, files[k].name) >= (int)sizeof(path))
			return fail(error, folder, "its name is too long");
		if (file_write(path, 0644, files[k].bytes, &err) != FILE_OK)
			return fail(error, path, err.text);
	}
	return sync_folder(folder, error);
}

bool publish_folder_replace(const char *parent, const char *name, const struct publish_file *files, size_t n, char error[512])
{
	char folder[PATH_MAX_HERE], beside[PATH_MAX_HERE], ignored[512];

	if (snprintf(folder, sizeof(folder), "%s/%s", parent, name) >= (int)sizeof(folder) ||
	    snprintf(beside, sizeof(beside), "%s/.%s.new", parent, name) >= (int)sizeof(beside))
		return fail(error, parent, "its name is too long");
	/* What an interrupted attempt left. */
	if (!folder_remove(beside))
		return fail(error, beside, strerror(errno));
	if (!fill(beside, files, n, error)) {
		(void)folder_remove(beside);
		return false;
	}
	if (renameat2(AT_FDCWD, beside, AT_FDCWD, folder, RENAME_EXCHANGE) != 0) {
		(void)fail(error, folder, strerror(errno));
		(void)folder_remove(beside);
		return false;
	}
	(void)sync_folder(parent, ignored);
	/* The new files stand; what is left of the old ones is cleared away by the next attempt at the latest. */
	(void)folder_remove(beside);
	return true;
}
