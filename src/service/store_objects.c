/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store_objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 80 /* "objects/" and 64 hexadecimal digits */
#define KEPT_MAX 512  /* objects that two states of a store can name */

/* An object that was read and found to be what its name says. */
struct mapped {
	uint8_t digest[32];
	void *map; /* NULL for an empty object */
	size_t n;
	struct mapped *next;
};

struct store_objects {
	int dir;
	const struct scms_crypto *crypto;
	struct scms_objects table;
	struct mapped *mapped;
	bool written; /* something new waits for its directory to be synced */
	size_t kept;
	uint8_t keep[KEPT_MAX][32];
	char error[160];
};

static void object_name(char name[NAME_BYTES], const uint8_t digest[32])
{
	memcpy(name, "objects/", 8);
	for (unsigned k = 0; k < 32; k++)
		snprintf(name + 8 + 2 * k, 3, "%02x", digest[k]);
}

static bool get_failed(struct store_objects *objects, const char *name, const char *why)
{
	snprintf(objects->error, sizeof(objects->error), "%s: %s", name, why);
	return false;
}

/* Maps a file; false with errno. */
static bool map_file(int dir, const char *name, struct mapped *mapped)
{
	int error, fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		error = S_ISREG(st.st_mode) ? errno : EINVAL;
		close(fd);
		errno = error;
		return false;
	}
	mapped->n = (size_t)st.st_size;
	mapped->map = NULL;
	if (mapped->n > 0) {
		mapped->map = mmap(NULL, mapped->n, PROT_READ, MAP_PRIVATE, fd, 0);
		if (mapped->map == MAP_FAILED)
			mapped->map = NULL;
	}
	error = errno;
	close(fd);
	errno = error;
	return mapped->n == 0 || mapped->map != NULL;
}

static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	struct store_objects *objects = ctx;
	const struct scms_crypto *crypto = objects->crypto;
	struct mapped *mapped;
	char name[NAME_BYTES];
	uint8_t hash[32];

	for (mapped = objects->mapped; mapped != NULL; mapped = mapped->next)
		if (memcmp(mapped->digest, digest, 32) == 0) {
			*bytes = (struct scms_slice){mapped->map, mapped->n};
			return true;
		}
	object_name(name, digest);
	mapped = calloc(1, sizeof(*mapped));
	if (mapped == NULL)
		return get_failed(objects, name, "out of memory");
	if (!map_file(objects->dir, name, mapped)) {
		free(mapped);
		return get_failed(objects, name, strerror(errno));
	}
	*bytes = (struct scms_slice){mapped->map, mapped->n};
	crypto->sha256(crypto->ctx, bytes, 1, hash);
	memcpy(mapped->digest, digest, 32);
	mapped->next = objects->mapped;
	objects->mapped = mapped;
	if (memcmp(hash, digest, 32) != 0) {
		memset(mapped->digest, 0, 32);
		return get_failed(objects, name, "damaged: its SHA-256 is not its name");
	}
	return true;
}

static bool write_parts(int fd, const struct scms_slice *parts, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const uint8_t *at = parts[k].p;
		size_t left = parts[k].n;

		while (left > 0) {
			ssize_t done = write(fd, at, left);

			if (done < 0 && errno == EINTR)
				continue;
			if (done <= 0)
				return false;
			at += done;
			left -= (size_t)done;
		}
	}
	return fsync(fd) == 0;
}

static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct store_objects *objects = ctx;
	const char *temporary = "objects/new";
	char name[NAME_BYTES];
	struct scms_slice known;
	bool good;
	int fd;

	object_name(name, digest);
	if (faccessat(objects->dir, name, F_OK, 0) == 0 && object_get(ctx, digest, &known))
		return true;
	objects->error[0] = '\0';
	fd = openat(objects->dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return get_failed(objects, name, strerror(errno));
	good = write_parts(fd, parts, n);
	if (!good)
		get_failed(objects, name, strerror(errno));
	if (close(fd) != 0 && good)
		good = get_failed(objects, name, strerror(errno));
	if (good && renameat(objects->dir, temporary, objects->dir, name) != 0)
		good = get_failed(objects, name, strerror(errno));
	if (!good)
		unlinkat(objects->dir, temporary, 0);
	objects->written |= good;
	return good;
}

struct store_objects *store_objects_open(int dir, const struct scms_crypto *crypto)
{
	struct store_objects *objects = calloc(1, sizeof(*objects));

	if (objects != NULL) {
		objects->dir = dir;
		objects->crypto = crypto;
		objects->table = (struct scms_objects){.ctx = objects, .get = object_get, .put = object_put};
	}
	return objects;
}

const struct scms_objects *store_objects_table(struct store_objects *objects)
{
	return &objects->table;
}

const char *store_objects_error(const struct store_objects *objects)
{
	return objects->error;
}

static void keep_one(void *ctx, const uint8_t digest[32])
{
	struct store_objects *objects = ctx;

	if (objects->kept < KEPT_MAX)
		memcpy(objects->keep[objects->kept++], digest, 32);
}

void store_objects_keep(struct store_objects *objects, const struct scms_store *store)
{
	scms_store_objects(store, keep_one, objects);
}

bool store_objects_sync(struct store_objects *objects)
{
	int fd, error;
	bool good;

	if (!objects->written)
		return true;
	fd = openat(objects->dir, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = fsync(fd) == 0;
	error = errno;
	close(fd);
	errno = error;
	objects->written = objects->written && !good;
	return good;
}

static bool is_kept(const struct store_objects *objects, const char *name)
{
	char kept[NAME_BYTES];

	for (size_t k = 0; k < objects->kept; k++) {
		object_name(kept, objects->keep[k]);
		if (strcmp(kept + 8, name) == 0)
			return true;
	}
	return false;
}

static void delete_unkept(struct store_objects *objects)
{
	int fd = openat(objects->dir, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (list == NULL) {
		if (fd >= 0)
			close(fd);
		return; /* what is left over does no harm and is found again next time */
	}
	while ((entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.' && !is_kept(objects, entry->d_name))
			unlinkat(fd, entry->d_name, 0);
	closedir(list);
}

void store_objects_collect(struct store_objects *objects, const struct scms_store *store)
{
	size_t before = objects->kept;

	scms_store_objects(store, keep_one, objects);
	/* A list that overflowed would delete what is needed. */
	if (objects->kept < KEPT_MAX)
		delete_unkept(objects);
	memmove(objects->keep[0], objects->keep[before], (objects->kept - before) * 32);
	objects->kept -= before;
}

void store_objects_discard(struct store_objects *objects)
{
	objects->kept = 0;
	delete_unkept(objects);
}

void store_objects_close(struct store_objects *objects)
{
	if (objects == NULL)
		return;
	while (objects->mapped != NULL) {
		struct mapped *mapped = objects->mapped;

		objects->mapped = mapped->next;
		if (mapped->map != NULL)
			munmap(mapped->map, mapped->n);
		free(mapped);
	}
	free(objects);
}
