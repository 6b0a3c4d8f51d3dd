/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to be preloaded: the file system of a machine that fails, or loses power, at a chosen instant.
 *
 *   FAULT_AT=n      the n-th call that changes the disk (write, pwrite, fsync, fdatasync, rename, unlink, mkdir, ftruncate)
 *                   is the one that is hit
 *   FAULT_MODE=     kill     the process ends before the call
 *                   after    the process ends after the call
 *                   torn     a write is done by half, then the process ends
 *                   lost     as kill, and what was written but not synced is gone: such files are cut to half
 *                   unnamed  as kill, and renames whose directory was not synced did not happen
 *                   error    the call fails with EIO, once
 *                   full     the call and all writes after it fail with ENOSPC
 *
 * Exit code of an ended process: 99. FAULT_COUNT=file: writes the number of calls seen there at a normal end.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDED 99
#define FILES_MAX 64

static long calls;
static long fault_at = -1;
static const char *fault_mode = "";

/* Files written and not synced since, and renames not yet made durable; by path. */
static char unsynced[FILES_MAX][PATH_MAX];
static struct {
	char from[PATH_MAX], to[PATH_MAX], saved[PATH_MAX], folder[PATH_MAX];
} renames[FILES_MAX];

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_unlink)(const char *);
static int (*real_renameat)(int, const char *, int, const char *);
static int (*real_renameat2)(int, const char *, int, const char *, unsigned);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_mkdirat)(int, const char *, mode_t);

#define LOAD(name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void load(void)
{
	const char *at = getenv("FAULT_AT"), *mode = getenv("FAULT_MODE");

	LOAD(write);
	LOAD(pwrite64);
	LOAD(fsync);
	LOAD(fdatasync);
	LOAD(ftruncate64);
	LOAD(unlink);
	LOAD(renameat);
	LOAD(renameat2);
	LOAD(unlinkat);
	LOAD(mkdirat);
	if (at != NULL)
		fault_at = atol(at);
	if (mode != NULL)
		fault_mode = mode;
}

__attribute__((destructor)) static void count(void)
{
	const char *path = getenv("FAULT_COUNT");
	FILE *file = path != NULL ? fopen(path, "w") : NULL;

	if (file != NULL) {
		fprintf(file, "%ld\n", calls);
		fclose(file);
	}
}

static int mode_is(const char *mode)
{
	return strcmp(fault_mode, mode) == 0;
}

static void path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

static void path_at(int dir, const char *name, char path[PATH_MAX])
{
	char folder[PATH_MAX];

	if (dir == AT_FDCWD || name[0] == '/') {
		snprintf(path, PATH_MAX, "%s", name);
		return;
	}
	path_of(dir, folder);
	if ((size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		abort();
}

static void power_off(void)
{
	for (int k = FILES_MAX; mode_is("unnamed") && k-- > 0;) {
		if (renames[k].to[0] == '\0')
			continue;
		rename(renames[k].to, renames[k].from);
		if (renames[k].saved[0] != '\0')
			rename(renames[k].saved, renames[k].to);
	}
	for (int k = 0; k < FILES_MAX; k++) {
		struct stat st;

		if (mode_is("lost") && unsynced[k][0] != '\0' && stat(unsynced[k], &st) == 0)
			if (truncate(unsynced[k], st.st_size / 2) != 0)
				abort();
		if (!mode_is("unnamed") && renames[k].saved[0] != '\0')
			real_unlink(renames[k].saved);
	}
	_exit(ENDED);
}

/* Is this the call? Ends the process where the mode has it so before the call; returns errno to fail with, or 0. */
static int fault(void)
{
	calls++;
	if (fault_at < 0 || calls < fault_at)
		return 0;
	if (mode_is("full"))
		return ENOSPC;
	if (calls > fault_at)
		return 0;
	if (mode_is("kill") || mode_is("lost") || mode_is("unnamed"))
		power_off();
	return mode_is("error") ? EIO : 0;
}

static void after(void)
{
	if (calls == fault_at && mode_is("after"))
		power_off();
}

static int is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* A write at an offset, or (at < 0) where the file stands. */
static ssize_t write_to(int fd, const void *bytes, size_t n, off64_t at)
{
	return at < 0 ? real_write(fd, bytes, n) : real_pwrite64(fd, bytes, n, at);
}

static ssize_t write_faulty(int fd, const void *bytes, size_t n, off64_t at)
{
	char path[PATH_MAX];
	int error;
	ssize_t done;

	if (!is_file(fd))
		return write_to(fd, bytes, n, at);
	error = fault();
	if (error != 0) {
		errno = error;
		return -1;
	}
	path_of(fd, path);
	for (int k = 0, placed = 0; k < FILES_MAX && !placed; k++)
		if (unsynced[k][0] == '\0' || strcmp(unsynced[k], path) == 0) {
			strcpy(unsynced[k], path);
			placed = 1;
		}
	if (calls == fault_at && mode_is("torn")) {
		write_to(fd, bytes, n / 2, at);
		power_off();
	}
	done = write_to(fd, bytes, n, at);
	after();
	return done;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	return write_faulty(fd, bytes, n, -1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	return write_faulty(fd, bytes, n, at);
}

static int sync_faulty(int fd, int (*sync)(int))
{
	int error = fault(), done;
	char path[PATH_MAX];

	if (error != 0 && error != ENOSPC) {
		errno = error;
		return -1;
	}
	done = sync(fd);
	path_of(fd, path);
	for (int k = 0; k < FILES_MAX; k++) {
		if (strcmp(unsynced[k], path) == 0)
			unsynced[k][0] = '\0';
		if (renames[k].to[0] != '\0' && strcmp(renames[k].folder, path) == 0) {
			if (renames[k].saved[0] != '\0')
				real_unlink(renames[k].saved);
			renames[k].to[0] = renames[k].saved[0] = '\0';
		}
	}
	after();
	return done;
}

int fsync(int fd)
{
	return sync_faulty(fd, real_fsync);
}

int fdatasync(int fd)
{
	return sync_faulty(fd, real_fdatasync);
}

int ftruncate64(int fd, off64_t n)
{
	int error = fault(), done;

	if (error != 0 && error != ENOSPC) {
		errno = error;
		return -1;
	}
	done = real_ftruncate64(fd, n);
	after();
	return done;
}

int unlink(const char *path)
{
	int error = fault(), done;

	if (error != 0 && error != ENOSPC) {
		errno = error;
		return -1;
	}
	done = real_unlink(path);
	after();
	return done;
}

static void note_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	char path[PATH_MAX], folder[PATH_MAX];
	char *slash;

	for (int k = 0; k < FILES_MAX; k++) {
		if (renames[k].to[0] != '\0')
			continue;
		path_at(from_dir, from, renames[k].from);
		path_at(to_dir, to, renames[k].to);
		snprintf(path, sizeof(path), "%s", renames[k].to);
		slash = strrchr(path, '/');
		if (slash != NULL)
			*slash = '\0';
		if (realpath(slash != NULL ? path : ".", folder) == NULL)
			abort();
		strcpy(renames[k].folder, folder);
		renames[k].saved[0] = '\0';
		if (access(renames[k].to, F_OK) == 0) {
			/* Outside the folder under test, so that nobody sees it. */
			snprintf(renames[k].saved, PATH_MAX, "%.4000s/../.fault-%d-%d", folder, (int)getpid(), k);
			if (link(renames[k].to, renames[k].saved) != 0)
				renames[k].saved[0] = '\0';
		}
		break;
	}
	path_at(from_dir, from, path);
	for (int k = 0; k < FILES_MAX; k++)
		if (strcmp(unsynced[k], path) == 0)
			path_at(to_dir, to, unsynced[k]);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int error = fault(), done;

	if (error != 0) {
		errno = error;
		return -1;
	}
	note_rename(from_dir, from, to_dir, to);
	done = real_renameat(from_dir, from, to_dir, to);
	after();
	return done;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	int error = fault(), done;

	if (error != 0) {
		errno = error;
		return -1;
	}
	note_rename(from_dir, from, to_dir, to);
	done = real_renameat2(from_dir, from, to_dir, to, flags);
	after();
	return done;
}

int unlinkat(int dir, const char *name, int flags)
{
	int error = fault(), done;

	if (error != 0 && error != ENOSPC) {
		errno = error;
		return -1;
	}
	done = real_unlinkat(dir, name, flags);
	after();
	return done;
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	int error = fault(), done;

	if (error != 0) {
		errno = error;
		return -1;
	}
	done = real_mkdirat(dir, name, mode);
	after();
	return done;
}
