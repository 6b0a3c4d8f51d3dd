/* SPDX-License-Identifier: Apache-2.0 */
#include "components/archive.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

/* A time that every archive's members have: what is in them has its own. 2015-01-06T00:00:00Z */
#define MEMBER_TIME 1420502400

static enum key_status fail(zip_error_t *error, const char *doing, struct key_error *err)
{
	enum key_status status = key_fail(err, KEY_FAILED, "%s: %s", doing, zip_error_strerror(error));

	zip_error_fini(error);
	return status;
}

static bool add(zip_t *zip, const struct archive_member *member)
{
	zip_source_t *source = zip_source_buffer(zip, member->content.p, member->content.n, 0);
	zip_int64_t index;

	if (source == NULL)
		return false;
	index = zip_file_add(zip, member->name, source, ZIP_FL_ENC_UTF_8);
	if (index < 0) {
		zip_source_free(source);
		return false;
	}
	/* Certificates are as good as random: to compress them costs and gives nothing. */
	return zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
	       zip_file_set_mtime(zip, (zip_uint64_t)index, MEMBER_TIME, 0) == 0;
}

/* The bytes of a source that was written. */
static enum key_status source_bytes(zip_source_t *source, struct bytes *out, struct key_error *err)
{
	zip_stat_t stat;

	if (zip_source_stat(source, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) || zip_source_open(source) != 0)
		return key_fail(err, KEY_FAILED, "the archive could not be made");
	out->n = (size_t)stat.size;
	out->p = OPENSSL_malloc(out->n > 0 ? out->n : 1);
	if (out->p == NULL || zip_source_read(source, out->p, out->n) != (zip_int64_t)out->n) {
		zip_source_close(source);
		bytes_free(out);
		return key_fail(err, KEY_FAILED, "the archive could not be made");
	}
	zip_source_close(source);
	return KEY_OK;
}

enum key_status archive_make(const struct archive_member *members, size_t n, struct bytes *out, struct key_error *err)
{
	enum key_status status;
	zip_source_t *source;
	zip_error_t error;
	zip_t *zip;

	*out = (struct bytes){NULL, 0};
	if (n == 0)
		return key_fail(err, KEY_VALUE, "an archive of nothing");
	zip_error_init(&error);
	source = zip_source_buffer_create(NULL, 0, 0, &error);
	if (source == NULL)
		return fail(&error, "making an archive", err);
	zip_source_keep(source);
	zip = zip_open_from_source(source, ZIP_TRUNCATE, &error);
	if (zip == NULL) {
		zip_source_free(source);
		zip_source_free(source);
		return fail(&error, "making an archive", err);
	}
	for (size_t k = 0; k < n; k++)
		if (!add(zip, &members[k])) {
			status = key_fail(err, KEY_FAILED, "%s: %s", members[k].name, zip_strerror(zip));
			zip_discard(zip);
			zip_source_free(source);
			return status;
		}
	if (zip_close(zip) != 0) {
		status = key_fail(err, KEY_FAILED, "making an archive: %s", zip_strerror(zip));
		zip_discard(zip);
	} else {
		status = source_bytes(source, out, err);
	}
	zip_source_free(source);
	return status;
}

static bool name_good(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= ARCHIVE_NAME_MAX && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

/* Reads member k of size bytes: neither more nor less than the directory says. */
static enum key_status take(zip_t *zip, zip_uint64_t k, size_t size, struct archive_member *member, struct key_error *err)
{
	zip_file_t *file = zip_fopen_index(zip, k, 0);
	zip_int64_t got = -1;
	uint8_t beyond;

	if (file == NULL)
		return key_fail(err, KEY_MALFORMED, "%s: %s", member->name, zip_strerror(zip));
	member->content.p = OPENSSL_malloc(size > 0 ? size : 1);
	if (member->content.p != NULL) {
		member->content.n = size;
		got = size > 0 ? zip_fread(file, member->content.p, size) : 0;
		if (got == (zip_int64_t)size && zip_fread(file, &beyond, 1) != 0)
			got = -1;
	}
	zip_fclose(file);
	if (member->content.p == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	return got == (zip_int64_t)size ? KEY_OK : key_fail(err, KEY_MALFORMED, "%s: is not as the archive says", member->name);
}

static enum key_status take_all(zip_t *zip, size_t bytes_max, struct archive *archive, struct key_error *err)
{
	size_t count = archive->n, left = bytes_max;
	enum key_status status = KEY_OK;

	archive->n = 0;
	for (size_t k = 0; k < count && status == KEY_OK; k++) {
		struct archive_member *member = &archive->member[k];
		zip_stat_t stat;

		if (zip_stat_index(zip, k, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_NAME) || !(stat.valid & ZIP_STAT_SIZE) ||
		    !name_good(stat.name))
			return key_fail(err, KEY_MALFORMED, "member %zu: expected a plain file name", k);
		if (stat.size > left)
			return key_fail(err, KEY_MALFORMED, "%s: expected at most %zu bytes in all", stat.name, bytes_max);
		for (size_t j = 0; j < k; j++)
			if (strcmp(archive->member[j].name, stat.name) == 0)
				return key_fail(err, KEY_MALFORMED, "%s: is there twice", stat.name);
		memcpy(member->name, stat.name, strlen(stat.name) + 1);
		left -= (size_t)stat.size;
		archive->n++;
		status = take(zip, k, (size_t)stat.size, member, err);
	}
	return status;
}

enum key_status archive_read(struct scms_slice bytes, size_t members_max, size_t bytes_max, struct archive *archive,
			     struct key_error *err)
{
	enum key_status status = KEY_OK;
	zip_source_t *source;
	zip_error_t error;
	zip_int64_t count;
	zip_t *zip;

	*archive = (struct archive){.member = NULL};
	if (bytes.n == 0) /* libzip takes it for an archive of nothing */
		return key_fail(err, KEY_MALFORMED, "is empty");
	zip_error_init(&error);
	source = zip_source_buffer_create(bytes.p, bytes.n, 0, &error);
	if (source == NULL)
		return fail(&error, "reading an archive", err);
	zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
	if (zip == NULL) {
		zip_source_free(source);
		fail(&error, "is no archive", err);
		if (err != NULL)
			err->status = KEY_MALFORMED;
		return KEY_MALFORMED;
	}
	count = zip_get_num_entries(zip, 0);
	if (count < 0 || (zip_uint64_t)count > members_max) {
		status = key_fail(err, KEY_MALFORMED, "%lld members; at most %zu", (long long)count, members_max);
	} else {
		archive->n = (size_t)count;
		archive->member = calloc(archive->n + 1, sizeof(*archive->member));
		if (archive->member == NULL) {
			archive->n = 0;
			status = key_fail(err, KEY_FAILED, "out of memory");
		} else {
			status = take_all(zip, bytes_max, archive, err);
		}
	}
	zip_discard(zip);
	if (status != KEY_OK)
		archive_free(archive);
	return status;
}

struct scms_slice archive_find(const struct archive *archive, const char *name)
{
	for (size_t k = 0; k < archive->n; k++)
		if (strcmp(archive->member[k].name, name) == 0)
			return bytes_view(&archive->member[k].content);
	return (struct scms_slice){NULL, 0};
}

void archive_free(struct archive *archive)
{
	for (size_t k = 0; k < archive->n; k++)
		bytes_free(&archive->member[k].content);
	free(archive->member);
	*archive = (struct archive){.member = NULL};
}
