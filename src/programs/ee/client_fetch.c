/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates fetched, kind by kind and period by period, as far as they are not at hand.
 */
#include "client_task.h"
#include "components/ee/batch.h"
#include "components/ee/issuers.h"
#include "components/period.h"
#include "dot2/validity.h"

#include <stdio.h>
#include <string.h>

static const char *const paths[EE_KINDS] = {
    [EE_PSEUDONYM] = "/download/batch",
    [EE_IDENTIFICATION] = "/download/identity-certificate",
    [EE_APPLICATION] = "/download/application-certificate",
};

static void fetch_next(struct client_task *task);

/* The newest request of a kind that the RA has by the enrolment in use: what others asked for, it does not give to this one. */
static const struct ee_request *request_of(const struct client_task *task)
{
	const struct device *device = &task->device->device;
	const struct ee_request *request = NULL;
	const struct ee_enrolment *enrolment;
	enum scms_reason reason;
	uint8_t id8[8];

	enrolment = device_enrolment(device, client_now(task->device), &reason);
	if (enrolment == NULL || !device_enrolment_id(device, enrolment, id8))
		return NULL;
	while ((request = ee_state_next(&device->state, task->kind, request)) != NULL)
		if (request->acknowledged && memcmp(request->enrolment, id8, sizeof(id8)) == 0)
			return request;
	return NULL;
}

/* Certificates of this period that are of use, perhaps of an earlier request that still holds. */
static bool at_hand(const struct client_task *task, const struct ee_request *newest)
{
	const struct device *device = &task->device->device;

	if (task->kind == EE_APPLICATION)
		return ee_batch_useful(device, newest, 0, client_now(task->device));
	for (const struct ee_request *request = newest; request != NULL; request = ee_state_next(&device->state, task->kind, request))
		if (device_asked_validly(device, request, client_now(task->device)) &&
		    ee_batch_useful(device, request, task->period, client_now(task->device)))
			return true;
	return false;
}

/* The last period that is to be had. */
static uint16_t last_period(const struct client_task *task)
{
	scms_time64 ahead = (task->periods - 1) * (PERIOD_SECONDS * TIME64_SECOND);

	return ee_batch_period(task->kind, client_now(task->device) + ahead);
}

/* Every certificate of a batch must be there for the asking: one that does not open is seen today, not next week. */
static bool batch_good(const struct client_task *task, const struct ee_request *request, struct scms_slice bytes,
		       struct key_error *err)
{
	enum key_status status;
	struct archive archive;

	status = ee_batch_read(request, bytes, &archive, err);
	for (size_t k = 0; status == KEY_OK && k < archive.n; k++) {
		struct ee_certified certified;

		status = ee_batch_take(&task->device->device, request, task->period, &archive.member[k], client_now(task->device), &certified,
				       err);
		ee_certified_free(&certified);
	}
	archive_free(&archive);
	return status == KEY_OK;
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* This one is not to be had now. The first that is missing is said. */
static void batch_missed(struct client_task *task, const char *why)
{
	char period[32] = "";

	if (task->kind != EE_APPLICATION)
		snprintf(period, sizeof(period), " of period %u", task->period);
	if (task->missed[0] == '\0')
		snprintf(task->missed, sizeof(task->missed), "; %s certificates%s are not ready%s%.100s", ee_kind_name(task->kind), period,
			 why[0] != '\0' ? ": " : "", why);
	task->period++;
	fetch_next(task);
}

static void batch_came(struct client_task *task, const struct http_result *result)
{
	struct device *device = &task->device->device;
	const struct ee_request *request = request_of(task);
	struct device_error why;
	struct key_error err;

	if (result->status == 0) {
		task_end(task, task->fetched > 0 ? CLIENT_DONE : CLIENT_OFFLINE, "%u period%s: %s", task->fetched, plural(task->fetched),
			 result->error);
	} else if (request == NULL) {
		task_end(task, CLIENT_CEASED, "the enrolment is not valid any more");
	} else if (result->status != 200) {
		batch_missed(task, result->status == 403 ? result->why : "");
	} else if (!batch_good(task, request, result->body, &err)) {
		/* Of a PCA that was revoked: the RA has not had them made anew yet. */
		if (err.status == KEY_REFUSED)
			batch_missed(task, err.text);
		else
			task_end(task, CLIENT_REFUSED, "%s certificates of period %u: %s", ee_kind_name(task->kind), task->period, err.text);
	} else if (!ee_issuers_keep(device, request, result->body, client_now(task->device), &why) ||
		   !ee_batch_put(device, request, task->period, result->body, &why)) {
		task_end(task, CLIENT_FAILED, "%s", why.text);
	} else {
		task->device->missing--;
		task->fetched++;
		task->period++;
		fetch_next(task);
	}
}

/* Goes on to the next that is not at hand. NULL: nothing more. */
static const struct ee_request *find_next(struct client_task *task)
{
	while (true) {
		const struct ee_request *request = request_of(task);

		while (request != NULL && task->period <= last_period(task)) {
			if (!at_hand(task, request))
				return request;
			task->period++;
		}
		task->asked = task->asked || request != NULL;
		if (task->kind == EE_APPLICATION)
			return NULL;
		task->kind++;
		task->period = ee_batch_period(task->kind, client_now(task->device));
	}
}

static void fetch_next(struct client_task *task)
{
	const struct ee_request *request = find_next(task);
	char name[BATCH_NAME_BYTES];

	if (request == NULL) {
		if (!task->asked && task->fetched == 0 && task->device->missing == 0)
			task_end(task, CLIENT_NOTHING, "no certificates were asked for");
		else if (task->fetched == 0 && task->device->missing == 0)
			task_end(task, CLIENT_NOTHING, "all is at hand");
		else
			task_end(task, task->fetched > 0 ? CLIENT_DONE : CLIENT_NOTHING, "%u period%s%s", task->fetched, plural(task->fetched),
				 task->missed);
		return;
	}
	/* Until it is here: whatever comes in between, no answer or one that is of no use, it is missing. */
	task->device->missing++;
	ee_batch_name(request, task->period, name);
	task_download(task, paths[task->kind], name, NULL, BATCH_BYTES, batch_came);
}

void client_fetch(struct client_device *device, unsigned periods, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);
	enum scms_reason reason;

	if (task == NULL)
		return;
	device->missing = 0;
	if (device_enrolment(&device->device, client_now(device), &reason) == NULL) {
		task_end(task, CLIENT_CEASED, "%s", scms_reason_text(reason));
		return;
	}
	ee_batches_expire(&device->device, client_now(device));
	task->periods = periods > 0 ? periods : 1;
	task->kind = EE_PSEUDONYM;
	task->period = ee_batch_period(EE_PSEUDONYM, client_now(device));
	fetch_next(task);
}
