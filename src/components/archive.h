/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.h: zip files in memory (libzip): an end entity's batches of certificates, and bundles.
 *
 * What is read comes from anywhere: number and size of members are bounded before memory is taken, whatever the archive
 * says of itself, and names are plain file names.
 */
#ifndef COMPONENTS_ARCHIVE_H
#define COMPONENTS_ARCHIVE_H

#include "dot2/make.h"

#define ARCHIVE_NAME_MAX 63

struct archive_member {
	char name[ARCHIVE_NAME_MAX + 1]; /* letters, digits, '_', '-', '.'; does not begin with '.' */
	struct bytes content;
};

struct archive {
	struct archive_member *member;
	size_t n;
};

/* Puts members into an archive, in their order; the same members give the same bytes. out is to be freed. KEY_VALUE for none. */
SCMS_CHECKED enum key_status archive_make(const struct archive_member *members, size_t n, struct bytes *out,
					  struct key_error *err);

/*
 * Takes all members out. KEY_MALFORMED, saying what is wrong, for what is no archive, holds more than members_max members or
 * more than bytes_max bytes in all, or has a name that is no plain file name, or the same twice. To be freed.
 */
SCMS_CHECKED enum key_status archive_read(struct scms_slice bytes, size_t members_max, size_t bytes_max,
					  struct archive *archive, struct key_error *err);

/* The member of that name; empty if there is none. */
struct scms_slice archive_find(const struct archive *archive, const char *name);

void archive_free(struct archive *archive);

#endif
