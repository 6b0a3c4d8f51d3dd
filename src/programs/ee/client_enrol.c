/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment and re-enrolment, through the DCM: first what the device must know of the present roots (rule H9): who was removed,
 * from the CRL store, and who is there, from the DCM, in one session; then the request. A request without an answer is sent again
 * as it was, so that nobody is certified twice.
 */
#include "client_task.h"
#include "components/authority/profile.h"

#include <openssl/crypto.h>
#include <string.h>

#define BEGUN_SECONDS 600u
#define PROFILE_RANGES_MAX 4 /* that a vehicle's profile asks for */

static void order_send(struct client_task *task);

/* What a wish points into. */
struct wish_room {
	struct profile_subject subject;
	struct profile_room profile;
	struct PsidSspRange range[DEVICE_SERVICES_MAX + PROFILE_RANGES_MAX];
	struct PsidGroupPermissions group;
	struct oer_list groups;
};

/* The vehicle's services are asked for beside what the profile has every vehicle ask for. */
static void wish_services(const struct device *own, struct wish_room *room)
{
	const struct PsidGroupPermissions *profile = profile_row(PROFILE_OBE_ENROLMENT)->request.items;
	const struct oer_list *ranges = &profile->subjectPermissions.u.explicit;
	uint32_t n = ranges->count < PROFILE_RANGES_MAX ? ranges->count : PROFILE_RANGES_MAX;

	room->group = *profile;
	memcpy(room->range, ranges->items, n * sizeof(room->range[0]));
	for (unsigned k = 0; k < own->services; k++)
		room->range[n++] = (struct PsidSspRange){.psid = own->service[k]};
	room->group.subjectPermissions.u.explicit =
	    (struct oer_list){.items = room->range, .count = n, .element = &oer_PsidSspRange};
	room->groups = (struct oer_list){.items = &room->group, .count = 1, .element = &oer_PsidGroupPermissions};
	room->subject.request = &room->groups;
}

/* What the device wants to be certified. The wish points into room. */
static enum key_status wish_make(const struct client_device *device, struct wish_room *room, struct ToBeSignedCertificate *wish,
				 struct key_error *err)
{
	struct profile_subject *subject = &room->subject;
	const struct device *own = &device->device;
	scms_time64 now = client_now(device);
	struct cert ra;

	if (!device_ra(own, now, &ra))
		return key_fail(err, KEY_NOT_FOUND, "no certificate of the RA that is valid now is at hand: under which root?");
	/* Begun for everybody, also where this device's clock is ahead of the others'. */
	*subject = (struct profile_subject){.start = (scms_time32)(now / 1000000) - BEGUN_SECONDS};
	memcpy(subject->craca_id, ra.c.toBeSigned.cracaId, sizeof(subject->craca_id));
	if (own->services > 0)
		wish_services(own, room);
	return profile_fill(own->kind == DEVICE_OBE ? PROFILE_OBE_ENROLMENT : PROFILE_RSE_ENROLMENT, LEVEL_POC, subject, &room->profile,
			    wish, err);
}

/* A new request; kept before it is sent. */
static enum key_status request_make(struct client_device *device, struct key_error *err)
{
	struct device *own = &device->device;
	struct ToBeSignedCertificate wish;
	struct wish_room room;
	struct bytes request = {NULL, 0};
	struct private_key *key = NULL;
	struct device_error why;
	uint8_t hash[8], scalar[CURVE_BYTES_MAX];
	enum key_status status = wish_make(device, &room, &wish, err);

	if (status == KEY_OK)
		status = private_key_random(SCMS_NIST_P256, &key, err);
	if (status == KEY_OK)
		status = ee_enrolment_request(&wish, key, own->crypto, (scms_time32)(client_now(device) / 1000000), &request, hash, err);
	if (status == KEY_OK)
		status = private_key_scalar(key, scalar, err);
	if (status == KEY_OK) {
		ee_state_pend(&own->state, &request, scalar);
		if (!device_save(own, &why))
			status = key_fail(err, KEY_IO, "%s", why.text);
	}
	OPENSSL_cleanse(scalar, sizeof(scalar));
	private_key_free(key);
	bytes_free(&request);
	return status;
}

static enum key_status answer_take(struct device *device, struct scms_slice answer, scms_time64 now, struct ee_enrolment *enrolment,
				   struct key_error *err)
{
	struct scms_slice request = bytes_view(&device->state.pending_request);
	struct private_key *key = NULL;
	uint8_t digest[32];
	enum key_status status = private_key_from_scalar(SCMS_NIST_P256, device->state.pending_key, &key, err);

	device->crypto->sha256(device->crypto->ctx, &request, 1, digest);
	if (status == KEY_OK)
		status = ee_enrolment_take(answer, digest + 24, key, device->crypto, now, trustee_judge(device->trustee), enrolment, err);
	private_key_free(key);
	return status;
}

static void answered(struct client_task *task, const struct http_result *result)
{
	struct device *device = &task->device->device;
	scms_time64 now = client_now(task->device);
	struct ee_enrolment enrolment;
	struct device_error why;
	struct key_error err;

	if (result->status != 0 && result->status != 200 && task->repeated) {
		/* The old request is of no use, perhaps for its age; now a new one. */
		task->repeated = false;
		ee_state_unpend(&device->state);
		order_send(task);
	} else if (result->status != 200) {
		task_refused(task, "the DCM", result);
	} else if (answer_take(device, result->body, now, &enrolment, &err) != KEY_OK) {
		task_end(task, CLIENT_REFUSED, "the answer: %s", err.text);
	} else if (!device_enrolled(device, &enrolment, now, &why)) {
		task_end(task, CLIENT_FAILED, "%s", why.text);
	} else {
		task_end(task, CLIENT_DONE, "enrolled");
	}
}

static void order_send(struct client_task *task)
{
	struct client_device *device = task->device;
	struct device *own = &device->device;
	struct EnrolmentOrder value = {.version = 1, .device = {(const uint8_t *)own->serial, strlen(own->serial)}};
	struct http_call call = {.post = true, .answer_max = ANSWER_MAX, .seconds = 60};
	struct bytes order = {NULL, 0};
	struct key_error err = {.text = ""};
	struct cert previous;
	char url[512];

	task->repeated = own->state.is_pending;
	if (!own->state.is_pending && request_make(device, &err) != KEY_OK) {
		task_end(task, CLIENT_FAILED, "%s", err.text);
		return;
	}
	value.request = bytes_view(&own->state.pending_request);
	if (own->state.enrolments > 0 &&
	    cert_read(&previous, bytes_view(&own->state.enrolment[0].certificate), own->crypto, NULL) == OER_OK) {
		value.has_previous = true;
		value.previous = cert_id8(&previous);
	}
	if (make_bytes(&oer_EnrolmentOrder, &value, &order, &err) != KEY_OK) {
		task_end(task, CLIENT_FAILED, "%s", err.text);
		return;
	}
	snprintf(url, sizeof(url), "%s/enrol", device->client->dcm_url);
	call.url = url;
	call.body = bytes_view(&order);
	task_call(task, device->client->factory, &call, answered);
	bytes_free(&order);
}

static void update_came(struct client_task *task, const struct http_result *result)
{
	struct device_error why;

	if (result->status != 200) {
		task_refused(task, "the DCM", result);
	} else if (!device_update(&task->device->device, result->body, bytes_view(&task->crl), client_now(task->device), &why)) {
		task_end(task, CLIENT_FAILED, "%s", why.text);
	} else {
		task_crl_applied(task);
		order_send(task);
	}
}

static void crl_came(struct client_task *task, const struct http_result *result)
{
	struct http_call call = {.answer_max = CHAIN_MAX_BYTES, .seconds = 60};
	char url[512];

	/* Who slept through the loss of its root would ask for a certificate under it. In a factory there may be no CRL store. */
	if (!task_keep_crl(task, result)) {
		task_end(task, CLIENT_FAILED, "out of memory");
		return;
	}
	snprintf(url, sizeof(url), "%s/update", task->device->client->dcm_url);
	call.url = url;
	task_call(task, task->device->client->factory, &call, update_came);
}

void client_enrol(struct client_device *device, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);

	if (task == NULL)
		return;
	if (device->client->factory == NULL)
		task_end(task, CLIENT_FAILED, "only a factory or an authorised operator enrols: no TLS identity for that is given");
	else
		task_crl(task, 0, crl_came);
}
