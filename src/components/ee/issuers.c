/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/issuers.h"

#include "base/file.h"
#include "components/ee/batch.h"
#include "components/ee/device_make.h"
#include "dot2/validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ISSUERS_BYTES_MAX (16u << 10)

struct list {
	uint8_t bytes[ISSUERS_BYTES_MAX];
	size_t n;
};

/* The next certificate of a run. False: there is none. */
static bool next(struct scms_slice *run, struct scms_slice *one)
{
	one->p = run->p;
	if (run->n == 0 || oer_decode_prefix(&oer_Certificate, run, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
		return false;
	one->n = (size_t)(run->p - one->p);
	return true;
}

/* Adds it behind the others, unless it is there or there is no room: then those that came first stay. */
static void list_add(struct list *list, struct scms_slice one)
{
	struct scms_slice run = {list->bytes, list->n}, other;

	while (next(&run, &other))
		if (other.n == one.n && memcmp(other.p, one.p, one.n) == 0)
			return;
	if (one.n > sizeof(list->bytes) - list->n)
		return;
	memcpy(list->bytes + list->n, one.p, one.n);
	list->n += one.n;
}

/* The PCA of a certificate, and those above it, the root not among them. */
static void list_add_chain(struct list *list, const struct device *device, struct scms_slice file, scms_time64 now)
{
	const struct message_judge *judge = trustee_judge(device->trustee);
	struct chain chain;
	struct key_error err;

	if (ee_batch_pca(device, file, now, &chain.cert[0], &err) != KEY_OK ||
	    judge->judge(judge->ctx, &chain, (struct scms_slice){NULL, 0}, now) != SCMS_VALID)
		return;
	for (size_t k = 0; k + 1 < chain.n; k++)
		list_add(list, chain.cert[k].c.raw);
}

bool ee_issuers_open(struct device *device, struct device_error *err)
{
	char path[DEVICE_PATH_BYTES];
	struct scms_slice bytes;
	bool good;

	if (!device_path(device, DEVICE_ISSUERS, path, err))
		return false;
	/* A device that has downloaded nothing yet. */
	if (access(path, F_OK) != 0)
		return true;
	if (!device_file_read(device, DEVICE_ISSUERS, ISSUERS_BYTES_MAX, &bytes, err))
		return false;
	good = trustee_know(device->trustee, bytes);
	free((void *)(uintptr_t)bytes.p);
	if (!good)
		snprintf(err->text, sizeof(err->text), "%s: out of memory", device->path);
	return good;
}

bool ee_issuers_keep(const struct device *device, const struct ee_request *request, struct scms_slice batch, scms_time64 now,
		     struct device_error *err)
{
	struct scms_slice kept = trustee_known(device->trustee), run = kept, one;
	struct list list = {.n = 0};
	struct file_error file_err;
	struct archive archive;
	struct key_error why;
	char path[DEVICE_PATH_BYTES];

	if (ee_batch_read(request, batch, &archive, &why) != KEY_OK) {
		snprintf(err->text, sizeof(err->text), "%.300s: %.150s", device->path, why.text);
		return false;
	}
	for (size_t k = 0; k < archive.n; k++)
		list_add_chain(&list, device, bytes_view(&archive.member[k].content), now);
	archive_free(&archive);
	while (next(&run, &one)) {
		struct cert cert;

		if (cert_read(&cert, one, device->crypto, NULL) == OER_OK && validity_end(&cert.c.toBeSigned.validityPeriod) > now)
			list_add(&list, one);
	}
	if (list.n == kept.n && (list.n == 0 || memcmp(list.bytes, kept.p, list.n) == 0))
		return true;
	if (!device_path(device, DEVICE_ISSUERS, path, err))
		return false;
	if (file_write(path, 0600, (struct scms_slice){list.bytes, list.n}, &file_err) != FILE_OK) {
		snprintf(err->text, sizeof(err->text), "%.300s: %s", path, file_err.text);
		return false;
	}
	if (trustee_know(device->trustee, (struct scms_slice){list.bytes, list.n}))
		return true;
	snprintf(err->text, sizeof(err->text), "%s: out of memory", device->path);
	return false;
}
