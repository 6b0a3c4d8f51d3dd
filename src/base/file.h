/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h: whole files, read within a limit and replaced at a stroke.
 *
 * The limit is checked before memory is taken. Only regular files are read:
 * what blocks, never ends or answers differently each time (pipes, devices,
 * directories) is refused without reading it.
 *
 * A file is written beside its place and renamed into it after it has reached
 * the disk, so that a crash at any instant leaves the old file or the new one.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <scms/base.h>
#include <sys/types.h>

/* Where a program sets no other limit: 64 MiB, the largest file that the trust rules know (A5.1). */
#define FILE_LIMIT_DEFAULT ((size_t)64 << 20)

enum file_status {
	FILE_OK = 0,
	FILE_OPEN,	/* cannot be opened or examined: see error */
	FILE_DIRECTORY, /* is a directory */
	FILE_SPECIAL,	/* is a pipe, device or socket */
	FILE_TOO_LARGE, /* longer than the limit; nothing was read */
	FILE_CHANGED,	/* its length changed while it was read */
	FILE_MEMORY,	/* no memory for it */
	FILE_IO,	/* reading or writing failed: see error */
};

/* Why a file could not be read or written. */
struct file_error {
	enum file_status status;
	int error;	/* errno where the system refused, else 0 */
	char text[128]; /* for people, to follow the file's name and ": " */
};

/*
 * Reads all of the file. bytes->p is to be freed by the caller (with free);
 * an empty file gives a valid pointer and n == 0. On refusal *bytes is empty
 * and err, unless NULL, says why.
 */
SCMS_CHECKED enum file_status file_read(const char *path, size_t limit, struct scms_slice *bytes,
					struct file_error *err);

/*
 * Replaces the file, or makes it, with the access rights of `mode`. On refusal
 * what was there is unchanged and nothing new is left behind. A symbolic link
 * is replaced, not followed.
 */
SCMS_CHECKED enum file_status file_write(const char *path, mode_t mode, struct scms_slice bytes,
					 struct file_error *err);

/* Renames a file or folder, and makes that last. False: errno says why; where only the last failed, it is renamed. */
SCMS_CHECKED bool file_rename(const char *from, const char *to);

/* Deletes a folder with all that is in it; links are deleted, not followed. One that is not there is no error. False: errno. */
bool folder_remove(const char *path);

/*
 * A folder that is complete takes the place of another, beside it, at a stroke; what was there is deleted. False: errno says why, and
 * the one or the other is in place.
 */
SCMS_CHECKED bool folder_replace(const char *complete, const char *place);

#endif
