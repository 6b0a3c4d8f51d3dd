/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store_dir.h"

#include "service/store_objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLOT_MAGIC "SCMSTORE"
#define SLOT_HEADER 48		      /* magic 8, counter 8, SHA-256 32 */
#define SLOT_BYTES_MAX (64u << 20)    /* far above what any limits give */
#define LOCK_WAIT_MILLISECONDS 10000

struct store_dir {
	int fd;
	int lock;
	const struct scms_crypto *crypto;
	struct store_objects *objects;
	struct scms_store *store;
	void *memory;
	uint64_t counter;
	bool damaged;
	bool begun;	/* a new directory that has no name yet */
	char *path;	/* the name that it is to have */
	char *temporary;
};

static enum store_dir_status fail(struct store_dir_error *err, enum store_dir_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum store_dir_status fail(struct store_dir_error *err, enum store_dir_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->status = status;
	return status;
}

/* ---- slots ---- */

static uint64_t get_u64(const uint8_t *p)
{
	uint64_t value = 0;

	for (unsigned k = 0; k < 8; k++)
		value = value << 8 | p[k];
	return value;
}

static void put_u64(uint8_t *p, uint64_t value)
{
	for (unsigned k = 0; k < 8; k++)
		p[k] = (uint8_t)(value >> (56 - 8 * k));
}

enum slot_state { SLOT_ABSENT, SLOT_GOOD, SLOT_BAD, SLOT_IO };

struct slot {
	enum slot_state state;
	int error;
	uint64_t counter;
	uint8_t *bytes; /* header and store */
	size_t n;
};

/* Reads a whole small file below the directory. */
static enum slot_state slot_load(int dir, const char *name, struct slot *slot)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t got = 0;

	if (fd < 0) {
		slot->error = errno;
		return errno == ENOENT ? SLOT_ABSENT : SLOT_IO;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < SLOT_HEADER || st.st_size > SLOT_BYTES_MAX) {
		close(fd);
		return SLOT_BAD;
	}
	slot->bytes = malloc((size_t)st.st_size);
	while (slot->bytes != NULL && slot->n < (size_t)st.st_size) {
		got = read(fd, slot->bytes + slot->n, (size_t)st.st_size - slot->n);
		if (got <= 0)
			break;
		slot->n += (size_t)got;
	}
	slot->error = got < 0 ? errno : 0;
	close(fd);
	if (slot->bytes == NULL || got < 0)
		return SLOT_IO;
	return slot->n == (size_t)st.st_size ? SLOT_GOOD : SLOT_BAD;
}

static void slot_read(int dir, unsigned which, const struct scms_crypto *crypto, struct slot *slot)
{
	const char *name = which == 0 ? "slot-0" : "slot-1";
	struct scms_slice covered[2];
	uint8_t hash[32];

	*slot = (struct slot){.state = SLOT_ABSENT};
	slot->state = slot_load(dir, name, slot);
	if (slot->state != SLOT_GOOD)
		return;
	covered[0] = (struct scms_slice){slot->bytes, 16};
	covered[1] = (struct scms_slice){slot->bytes + SLOT_HEADER, slot->n - SLOT_HEADER};
	crypto->sha256(crypto->ctx, covered, 2, hash);
	slot->counter = get_u64(slot->bytes + 8);
	if (memcmp(slot->bytes, SLOT_MAGIC, 8) != 0 || memcmp(slot->bytes + 16, hash, 32) != 0 ||
	    (slot->counter & 1) != which)
		slot->state = SLOT_BAD;
}

/* Puts the store of a slot into memory. */
static bool slot_decode(struct store_dir *dir, const struct slot *slot)
{
	struct scms_slice encoded = {slot->bytes + SLOT_HEADER, slot->n - SLOT_HEADER};
	struct scms_limits limits;
	void *memory;
	size_t size;

	if (!scms_store_encoded_limits(encoded, &limits))
		return false;
	memory = store_dir_memory(dir, &limits, &size);
	if (memory == NULL)
		return false;
	dir->store = scms_store_decode(memory, size, encoded, dir->crypto);
	dir->counter = slot->counter;
	return dir->store != NULL;
}

static enum store_dir_status slots_read(struct store_dir *dir, const char *path, struct store_dir_error *err)
{
	enum store_dir_status status = STORE_DIR_OK;
	struct slot slot[2];
	unsigned newer;

	slot_read(dir->fd, 0, dir->crypto, &slot[0]);
	slot_read(dir->fd, 1, dir->crypto, &slot[1]);
	newer = slot[1].state == SLOT_GOOD && (slot[0].state != SLOT_GOOD || slot[1].counter > slot[0].counter) ? 1 : 0;
	if (slot[0].state == SLOT_IO || slot[1].state == SLOT_IO) {
		status = fail(err, STORE_DIR_IO, "%s: a slot cannot be read: %s", path,
			      strerror(slot[slot[0].state == SLOT_IO ? 0 : 1].error));
	} else if (slot[newer].state != SLOT_GOOD) {
		status = fail(err, STORE_DIR_UNREADABLE,
			      "%s: %s; restore it from a backup, or provision it anew in a secure environment", path,
			      slot[0].state == SLOT_ABSENT && slot[1].state == SLOT_ABSENT
				  ? "not a trust store (no slot-0, no slot-1)"
				  : "the trust store is damaged (no slot has the content that its header vouches for)");
	} else if (!slot_decode(dir, &slot[newer])) {
		status = fail(err, STORE_DIR_UNREADABLE,
			      "%s: slot-%u is intact but not a store that this version reads; use the version that wrote it",
			      path, newer);
	} else {
		dir->damaged = slot[!newer].state == SLOT_BAD;
	}
	free(slot[0].bytes);
	free(slot[1].bytes);
	return status;
}

/* ---- opening ---- */

static enum store_dir_status lock_take(struct store_dir *dir, enum store_dir_use use, const char *path,
				       struct store_dir_error *err)
{
	int how = use == STORE_DIR_CHANGE ? LOCK_EX : LOCK_SH;

	dir->lock = openat(dir->fd, "lock", O_RDONLY | O_CLOEXEC | O_CREAT, 0600);
	if (dir->lock < 0 && use == STORE_DIR_READ) {
		/* Somebody else's store may be looked at where it cannot be locked: slots are replaced as a whole. */
		return STORE_DIR_OK;
	}
	if (dir->lock < 0)
		return fail(err, STORE_DIR_IO, "%s/lock: %s", path, strerror(errno));
	for (unsigned waited = 0; flock(dir->lock, how | LOCK_NB) != 0; waited += 20) {
		struct timespec pause = {0, 20 * 1000 * 1000};

		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(err, STORE_DIR_IO, "%s/lock: %s", path, strerror(errno));
		if (waited >= LOCK_WAIT_MILLISECONDS)
			return fail(err, STORE_DIR_BUSY, "%s: another process is changing this store, or has it, as a component that runs: bring it updates by scms push", path);
		nanosleep(&pause, NULL);
	}
	return STORE_DIR_OK;
}

static struct store_dir *dir_new(const struct scms_crypto *crypto)
{
	struct store_dir *dir = calloc(1, sizeof(*dir));

	if (dir != NULL) {
		dir->fd = -1;
		dir->lock = -1;
		dir->crypto = crypto;
	}
	return dir;
}

/* Does a slot, good or damaged, stand in the directory? A file of that name that begins otherwise is somebody else's. */
static bool slot_is_ours(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char magic[sizeof(SLOT_MAGIC) - 1];
	bool ours;

	if (fd < 0)
		return errno != ENOENT;
	ours = read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) && memcmp(magic, SLOT_MAGIC, sizeof(magic)) == 0;
	close(fd);
	return ours;
}

struct store_dir *store_dir_open(const char *path, enum store_dir_use use, const struct scms_crypto *crypto,
				 struct store_dir_error *err)
{
	struct store_dir *dir = dir_new(crypto);

	*err = (struct store_dir_error){STORE_DIR_OK, ""};
	if (dir == NULL) {
		fail(err, STORE_DIR_IO, "%s: out of memory", path);
		return NULL;
	}
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0) {
		fail(err, errno == ENOENT || errno == ENOTDIR ? STORE_DIR_UNREADABLE : STORE_DIR_IO, "%s: not a trust store: %s", path,
		     strerror(errno));
		goto out;
	}
	/* Nothing is made in a directory that is no store. */
	if (!slot_is_ours(dir->fd, "slot-0") && !slot_is_ours(dir->fd, "slot-1")) {
		slots_read(dir, path, err);
		goto out;
	}
	if (lock_take(dir, use, path, err) != STORE_DIR_OK)
		goto out;
	dir->objects = store_objects_open(dir->fd, crypto);
	if (dir->objects == NULL) {
		fail(err, STORE_DIR_IO, "%s: out of memory", path);
		goto out;
	}
	if (slots_read(dir, path, err) != STORE_DIR_OK)
		goto out;
	store_objects_keep(dir->objects, dir->store);
	return dir;
out:
	store_dir_close(dir);
	return NULL;
}

struct store_dir *store_dir_begin(const char *path, const struct scms_crypto *crypto, struct store_dir_error *err)
{
	struct store_dir *dir = dir_new(crypto);
	struct stat st;
	size_t len = strlen(path);

	*err = (struct store_dir_error){STORE_DIR_OK, ""};
	if (dir == NULL)
		goto memory;
	while (len > 1 && path[len - 1] == '/')
		len--;
	dir->path = strndup(path, len);
	if (dir->path == NULL || asprintf(&dir->temporary, "%s.new-XXXXXX", dir->path) < 0) {
		dir->temporary = NULL;
		goto memory;
	}
	if (lstat(dir->path, &st) == 0) {
		fail(err, STORE_DIR_EXISTS, "%s: exists already; a store is never made anew over another", path);
		free(dir->temporary);
		dir->temporary = NULL;
		goto out;
	}
	if (mkdtemp(dir->temporary) == NULL) {
		fail(err, STORE_DIR_IO, "%s: %s", dir->temporary, strerror(errno));
		free(dir->temporary);
		dir->temporary = NULL;
		goto out;
	}
	dir->begun = true;
	dir->fd = open(dir->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0 || mkdirat(dir->fd, "objects", 0700) != 0) {
		fail(err, STORE_DIR_IO, "%s: %s", dir->temporary, strerror(errno));
		goto out;
	}
	dir->objects = store_objects_open(dir->fd, crypto);
	if (dir->objects == NULL)
		goto memory;
	return dir;
memory:
	fail(err, STORE_DIR_IO, "%s: out of memory", path);
out:
	store_dir_close(dir);
	return NULL;
}

void *store_dir_memory(struct store_dir *dir, const struct scms_limits *limits, size_t *size)
{
	*size = scms_store_size(limits);
	if (*size > SLOT_BYTES_MAX)
		return NULL;
	free(dir->memory);
	dir->memory = malloc(*size);
	return dir->memory;
}

struct scms_store *store_dir_store(struct store_dir *dir)
{
	return dir->store;
}

const struct scms_objects *store_dir_objects(struct store_dir *dir)
{
	return store_objects_table(dir->objects);
}

void store_dir_take(struct store_dir *dir, struct scms_store *store)
{
	dir->store = store;
}

uint64_t store_dir_counter(const struct store_dir *dir)
{
	return dir->counter;
}

bool store_dir_damaged(const struct store_dir *dir)
{
	return dir->damaged;
}

struct reading {
	const struct scms_objects *objects;
	bool good;
};

static void read_one(void *ctx, const uint8_t digest[32])
{
	struct reading *reading = ctx;
	struct scms_slice bytes;

	reading->good = reading->good && reading->objects->get(reading->objects->ctx, digest, &bytes);
}

bool store_dir_release(struct store_dir *dir)
{
	struct reading reading = {store_objects_table(dir->objects), true};

	/* What is mapped outlives its name. */
	scms_store_objects(dir->store, read_one, &reading);
	if (!reading.good)
		return false;
	if (dir->lock >= 0)
		close(dir->lock);
	dir->lock = -1;
	return true;
}

const char *store_dir_object_error(const struct store_dir *dir)
{
	return store_objects_error(dir->objects);
}

/* ---- committing ---- */

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

/* Writes the slot file; on failure nothing of it is left. */
static bool slot_write(struct store_dir *dir, const uint8_t *bytes, size_t n, uint64_t counter)
{
	const char *name = counter & 1 ? "slot-1" : "slot-0";
	const char *temporary = counter & 1 ? "slot-1.new" : "slot-0.new";
	int error, fd = openat(dir->fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return false;
	if (!write_all(fd, bytes, n) || fsync(fd) != 0) {
		error = errno;
		close(fd);
		goto undo;
	}
	if (close(fd) != 0 || renameat(dir->fd, temporary, dir->fd, name) != 0) {
		error = errno;
		goto undo;
	}
	if (fsync(dir->fd) == 0)
		return true;
	/* The name may or may not last: without the file the state before is what a reader finds, now and after a crash. */
	error = errno;
	temporary = name;
undo:
	unlinkat(dir->fd, temporary, 0);
	errno = error;
	return false;
}

static uint8_t *slot_make(struct store_dir *dir, uint64_t counter, size_t *n)
{
	struct scms_slice covered[2];
	uint8_t *bytes;
	size_t len = 0;

	if (!scms_store_encode(dir->store, NULL, 0, &len))
		return NULL;
	bytes = malloc(SLOT_HEADER + len);
	if (bytes == NULL || !scms_store_encode(dir->store, bytes + SLOT_HEADER, len, &len)) {
		free(bytes);
		return NULL;
	}
	memcpy(bytes, SLOT_MAGIC, 8);
	put_u64(bytes + 8, counter);
	covered[0] = (struct scms_slice){bytes, 16};
	covered[1] = (struct scms_slice){bytes + SLOT_HEADER, len};
	dir->crypto->sha256(dir->crypto->ctx, covered, 2, bytes + 16);
	*n = SLOT_HEADER + len;
	return bytes;
}

static bool log_append(struct store_dir *dir, const char *line)
{
	int fd = openat(dir->fd, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	char *text = NULL;
	int len;
	bool good;

	if (fd < 0)
		return false;
	len = asprintf(&text, "%s\n", line);
	good = len > 0 && write_all(fd, (const uint8_t *)text, (size_t)len) && fsync(fd) == 0;
	if (len > 0)
		free(text);
	return close(fd) == 0 && good;
}

/* Gives a new directory its name, and makes the name durable. */
static bool dir_name(struct store_dir *dir)
{
	char *slash = strrchr(dir->path, '/');
	char *parent = slash == NULL ? strdup(".") : strndup(dir->path, (size_t)(slash - dir->path) + 1);
	bool good = false;
	int fd = -1;

	if (parent == NULL)
		goto out;
	/* No replacement: what came up under this name meanwhile stays. */
	if (renameat2(AT_FDCWD, dir->temporary, AT_FDCWD, dir->path, RENAME_NOREPLACE) != 0)
		goto out;
	dir->begun = false;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
out:
	free(parent);
	return good;
}

enum store_dir_status store_dir_commit(struct store_dir *dir, const char *log_line, struct store_dir_error *err)
{
	uint64_t counter = dir->counter + 1;
	size_t n = 0;
	uint8_t *bytes = slot_make(dir, counter, &n);

	if (bytes == NULL)
		return fail(err, STORE_DIR_IO, "out of memory");
	if (!store_objects_sync(dir->objects) || !slot_write(dir, bytes, n, counter)) {
		free(bytes);
		return fail(err, STORE_DIR_IO, "the store cannot be written: %s; it is as it was before", strerror(errno));
	}
	free(bytes);
	dir->counter = counter;
	if (log_line != NULL && !log_append(dir, log_line))
		return fail(err, STORE_DIR_IO, "the store is written, its log is not: %s", strerror(errno));
	if (dir->begun && !dir_name(dir))
		return fail(err, errno == EEXIST ? STORE_DIR_EXISTS : STORE_DIR_IO, "%s: %s", dir->path, strerror(errno));
	store_objects_collect(dir->objects, dir->store);
	return STORE_DIR_OK;
}

enum store_dir_status store_dir_log(struct store_dir *dir, const char *log_line, struct store_dir_error *err)
{
	if (!log_append(dir, log_line))
		return fail(err, STORE_DIR_IO, "the log cannot be written: %s", strerror(errno));
	return STORE_DIR_OK;
}

/* Removes a begun directory with what is in it: a flat directory and objects/. */
static void discard(struct store_dir *dir)
{
	static const char *const names[] = {"slot-0", "slot-1", "slot-0.new", "slot-1.new", "log", "lock"};

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		unlinkat(dir->fd, names[k], 0);
	if (dir->objects != NULL)
		store_objects_discard(dir->objects);
	unlinkat(dir->fd, "objects", AT_REMOVEDIR);
	rmdir(dir->temporary);
}

void store_dir_close(struct store_dir *dir)
{
	if (dir == NULL)
		return;
	if (dir->begun && dir->fd >= 0)
		discard(dir);
	store_objects_close(dir->objects);
	if (dir->lock >= 0)
		close(dir->lock);
	if (dir->fd >= 0)
		close(dir->fd);
	free(dir->memory);
	free(dir->path);
	free(dir->temporary);
	free(dir);
}
