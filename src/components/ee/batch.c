/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/batch.h"

#include "base/file.h"
#include "components/authority/role.h"
#include "components/ee/authorization.h"
#include "components/ee/device_make.h"
#include "components/period.h"
#include "dot2/signed_data.h"
#include "dot2/validity.h"

#include <dirent.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_DIGITS 16

/* ---- names and periods ---- */

static void hash_name(const uint8_t hash[8], char name[HASH_DIGITS + 1])
{
	for (unsigned k = 0; k < 8; k++)
		snprintf(name + 2 * k, 3, "%02x", hash[k]);
}

void ee_batch_name(const struct ee_request *request, uint16_t period, char name[BATCH_NAME_BYTES])
{
	hash_name(request->hash, name);
	if (request->kind != EE_APPLICATION)
		snprintf(name + HASH_DIGITS, BATCH_NAME_BYTES - HASH_DIGITS, "_%x.zip", period);
}

uint16_t ee_batch_period(enum ee_request_kind kind, scms_time64 now)
{
	scms_time32 time = (scms_time32)(now / TIME64_SECOND);

	return kind == EE_PSEUDONYM ? period_of(time) : kind == EE_IDENTIFICATION ? id_period_of(time) : 0;
}

/* ---- files ---- */

enum key_status ee_batch_read(const struct ee_request *request, struct scms_slice bytes, struct archive *archive, struct key_error *err)
{
	enum key_status status;

	*archive = (struct archive){.member = NULL};
	if (request->kind != EE_APPLICATION) {
		status = archive_read(bytes, BATCH_CERTIFICATES, BATCH_BYTES, archive, err);
		if (status == KEY_OK && archive->n == 0)
			status = key_fail(err, KEY_MALFORMED, "an empty batch");
		return status;
	}
	archive->member = calloc(1, sizeof(*archive->member));
	if (archive->member != NULL)
		archive->member->content = (struct bytes){OPENSSL_memdup(bytes.p, bytes.n), bytes.n};
	if (archive->member == NULL || archive->member->content.p == NULL) {
		archive_free(archive);
		return key_fail(err, KEY_FAILED, "out of memory");
	}
	archive->n = 1;
	return KEY_OK;
}

bool ee_batch_put(const struct device *device, const struct ee_request *request, uint16_t period, struct scms_slice bytes,
		  struct device_error *err)
{
	struct file_error file_err;
	char path[DEVICE_PATH_BYTES], name[BATCH_NAME_BYTES];

	ee_batch_name(request, period, name);
	if (!device_path(device, name, path, err))
		return false;
	if (file_write(path, 0600, bytes, &file_err) == FILE_OK)
		return true;
	snprintf(err->text, sizeof(err->text), "%.300s: %s", path, file_err.text);
	return false;
}

bool ee_batch_has(const struct device *device, const struct ee_request *request, uint16_t period)
{
	struct device_error err;
	char path[DEVICE_PATH_BYTES], name[BATCH_NAME_BYTES];

	ee_batch_name(request, period, name);
	return device_path(device, name, path, &err) && access(path, R_OK) == 0;
}

enum key_status ee_batch_get(const struct device *device, const struct ee_request *request, uint16_t period, struct archive *archive,
			     struct key_error *err)
{
	struct device_error why;
	struct scms_slice bytes;
	char name[BATCH_NAME_BYTES];
	enum key_status status;

	*archive = (struct archive){.member = NULL};
	ee_batch_name(request, period, name);
	if (!device_file_read(device, name, BATCH_BYTES, &bytes, &why))
		return key_fail(err, KEY_NOT_FOUND, "%s", why.text);
	status = ee_batch_read(request, bytes, archive, err);
	free((void *)(uintptr_t)bytes.p);
	return status;
}

/* Is the file with this name of a certificate that may still be needed? */
static bool still_needed(const struct device *device, const char *name, scms_time64 now)
{
	char hash[HASH_DIGITS + 1];

	for (unsigned k = 0; k < device->state.requests; k++) {
		const struct ee_request *request = &device->state.request[k];

		hash_name(request->hash, hash);
		if (strncmp(name, hash, HASH_DIGITS) != 0)
			continue;
		if (request->kind == EE_APPLICATION)
			/* No profile has one that holds longer. */
			return time64_of(request->time) + 2 * ID_PERIOD_SECONDS * TIME64_SECOND > now;
		return strtoul(name + HASH_DIGITS + 1, NULL, 16) >= ee_batch_period(request->kind, now);
	}
	return false;
}

void ee_batches_expire(const struct device *device, scms_time64 now)
{
	DIR *dir = opendir(device->path);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name, *end = name + strspn(name, "0123456789abcdef");

		if (end - name == HASH_DIGITS && (*end == '\0' || *end == '_') && !still_needed(device, name, now))
			(void)unlinkat(dirfd(dir), name, 0); /* what stays is deleted the next time */
	}
	closedir(dir);
}

/* ---- certificates ---- */

enum key_status ee_batch_pca(const struct device *device, struct scms_slice file, scms_time64 now, struct cert *pca, struct key_error *err)
{
	struct SignedData data;
	struct scms_slice bytes;
	enum role role;

	if (signed_data_read(&data, file, OER_DEPTH_DEFAULT, NULL) != OER_OK || data.signer.choice != SignerIdentifier_is_digest)
		return key_fail(err, KEY_MALFORMED, "is not what a PCA signs");
	for (unsigned k = 0; trustee_find(device->trustee, data.signer.u.digest, k, &bytes); k++)
		if (cert_read(pca, bytes, device->crypto, NULL) == OER_OK && role_of_certificate(pca, &role) && role == ROLE_PCA &&
		    trustee_check(device->trustee, bytes, now) == SCMS_VALID)
			return KEY_OK;
	return key_fail(err, KEY_REFUSED, "is signed by no PCA that is valid now");
}

bool ee_batch_useful(const struct device *device, const struct ee_request *request, uint16_t period, scms_time64 now)
{
	struct archive archive;
	struct key_error err;
	struct cert pca;
	enum key_status status = ee_batch_get(device, request, period, &archive, &err);

	for (size_t k = 0; status == KEY_OK && k < archive.n; k++)
		status = ee_batch_pca(device, bytes_view(&archive.member[k].content), now, &pca, &err);
	archive_free(&archive);
	return status == KEY_OK;
}

/* The number j that a member's name ends in: "1f4_a" is certificate 10 of period 500. */
static bool member_number(const char *name, uint16_t period, uint8_t *j)
{
	char *end;
	unsigned long of = strtoul(name, &end, 16), number;

	if (end == name || *end != '_' || of != period)
		return false;
	name = end + 1;
	number = strtoul(name, &end, 16);
	if (end == name || *end != '\0' || number >= BATCH_CERTIFICATES)
		return false;
	*j = (uint8_t)number;
	return true;
}

enum key_status ee_batch_take(const struct device *device, const struct ee_request *request, uint16_t period,
			      const struct archive_member *member, scms_time64 now, struct ee_certified *out, struct key_error *err)
{
	struct scms_slice file = bytes_view(&member->content);
	struct cert pca;
	uint8_t j = 0;
	enum key_status status;

	*out = (struct ee_certified){.certificate = {NULL, 0}};
	if (request->kind != EE_APPLICATION &&
	    (!member_number(member->name, period, &j) || (request->kind == EE_IDENTIFICATION && j != 0)))
		return key_fail(err, KEY_MALFORMED, "%s: is no certificate of period %x", member->name, period);
	status = ee_batch_pca(device, file, now, &pca, err);
	if (status != KEY_OK)
		return status;
	switch (request->kind) {
	case EE_PSEUDONYM:
		return ee_pseudonym_take(&request->keys, period, j, file, &pca, device->crypto, out, err);
	case EE_IDENTIFICATION:
		return ee_identification_take(&request->keys, period, request->enrolment, file, &pca, device->crypto, out, err);
	default:
		return ee_application_take(&request->keys, request->enrolment, file, &pca, device->crypto, out, err);
	}
}
