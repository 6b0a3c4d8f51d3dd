/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/device.h over the end entity's own code.
 */
#include "base/clock.h"
#include "components/ee/device_make.h"
#include "components/ee/issuers.h"
#include "components/ee/receiver.h"
#include "components/ee/sender.h"
#include "dot2/signed_data.h"
#include "service/engine.h"

#include <scms/device.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define LOOK_SECONDS 1 /* after which it is looked again whether the folder has changed */

/* What scms-ee changes while a program has the folder open. Each is replaced as a whole. */
static const char *const watched[] = {DEVICE_STORE "/slot-0", DEVICE_STORE "/slot-1", DEVICE_STATE, DEVICE_ISSUERS};
#define WATCHED (sizeof(watched) / sizeof(watched[0]))

struct scms_device {
	char *path;
	struct scms_verifier *engine;
	bool open;
	struct device device;
	struct ee_sender sender;
	struct ee_receiver *receiver;
	struct stat seen[WATCHED]; /* when it was opened; all zero: not there */
	time_t looked;
};

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void look(const struct scms_device *device, struct stat seen[WATCHED])
{
	char path[DEVICE_PATH_BYTES];

	memset(seen, 0, WATCHED * sizeof(*seen));
	for (size_t k = 0; k < WATCHED; k++)
		if (snprintf(path, sizeof(path), "%s/%s", device->path, watched[k]) >= (int)sizeof(path) || stat(path, &seen[k]) != 0)
			memset(&seen[k], 0, sizeof(seen[k]));
}

static bool has_changed(const struct scms_device *device)
{
	struct stat now[WATCHED];

	look(device, now);
	for (size_t k = 0; k < WATCHED; k++)
		if (now[k].st_ino != device->seen[k].st_ino || now[k].st_size != device->seen[k].st_size ||
		    now[k].st_mtim.tv_sec != device->seen[k].st_mtim.tv_sec || now[k].st_mtim.tv_nsec != device->seen[k].st_mtim.tv_nsec)
			return true;
	return false;
}

static bool device_take(struct scms_device *device, struct scms_device_error *error)
{
	struct device_error err;

	/* Looked at first: what changes while it is read is read again. */
	look(device, device->seen);
	device->looked = seconds_now();
	device->open = device_open(&device->device, device->path, DEVICE_READ, scms_verifier_crypto(device->engine), &err);
	if (!device->open) {
		snprintf(error->text, sizeof(error->text), "%s", err.text);
		device_close(&device->device);
	}
	return device->open;
}

struct scms_device *scms_device_open(const char *path, struct scms_device_error *error)
{
	struct scms_device *device = calloc(1, sizeof(*device));

	if (device != NULL) {
		device->path = strdup(path);
		device->receiver = ee_receiver_new(NULL);
		device->engine = engine_new();
	}
	if (device == NULL || device->path == NULL || device->receiver == NULL || device->engine == NULL) {
		snprintf(error->text, sizeof(error->text), "libcrypto failed, or out of memory");
		scms_device_close(device);
		return NULL;
	}
	if (!device_take(device, error)) {
		scms_device_close(device);
		return NULL;
	}
	return device;
}

static void device_let_go(struct scms_device *device)
{
	ee_sender_unload(&device->sender);
	if (device->open)
		device_close(&device->device);
	device->open = false;
}

void scms_device_close(struct scms_device *device)
{
	if (device == NULL)
		return;
	device_let_go(device);
	ee_receiver_free(device->receiver);
	engine_free(device->engine);
	free(device->path);
	free(device);
}

bool scms_device_refresh(struct scms_device *device, struct scms_device_error *error)
{
	device_let_go(device);
	return device_take(device, error);
}

/* Once in a while what others have changed is taken up. */
static bool is_open(struct scms_device *device, struct scms_device_error *error)
{
	if (device->open && seconds_now() < device->looked + LOOK_SECONDS)
		return true;
	device->looked = seconds_now();
	return (device->open && !has_changed(device)) || scms_device_refresh(device, error);
}

size_t scms_device_sign(struct scms_device *device, uint64_t psid, struct scms_slice payload, enum scms_device_signer signer,
			uint8_t *out, size_t cap, struct scms_device_error *error)
{
	uint8_t wanted[EE_WANTED_MAX][3];
	struct ee_message message = {.psid = psid, .payload = payload, .attach = signer == SCMS_ATTACH};
	struct bytes bytes = {NULL, 0};
	enum key_status status;
	struct key_error err;
	size_t n = 0;

	if (!is_open(device, error))
		return 0;
	message.wanted_n = ee_receiver_wanted(device->receiver, wanted);
	message.wanted = wanted;
	message.asked = ee_receiver_asked(device->receiver, &device->device);
	status = ee_sender_sign(&device->sender, &device->device, clock_now(), &message, &bytes, &err);
	if (status == KEY_OK && bytes.n > cap && message.asked.n > 0) {
		/* Nobody keeps a device from sending by asking it for a certificate. */
		bytes_free(&bytes);
		message.asked.n = 0;
		status = ee_sender_sign(&device->sender, &device->device, clock_now(), &message, &bytes, &err);
	}
	if (status != KEY_OK) {
		snprintf(error->text, sizeof(error->text), "%s", err.text);
	} else if (bytes.n > cap) {
		snprintf(error->text, sizeof(error->text), "the message has %zu bytes, there is room for %zu", bytes.n, cap);
	} else {
		memcpy(out, bytes.p, bytes.n);
		n = bytes.n;
	}
	bytes_free(&bytes);
	return n;
}

void scms_device_change(struct scms_device *device)
{
	ee_sender_change(&device->sender);
}

/* What lies in the unsecuredData within. */
static struct scms_slice payload_of(struct scms_slice inner)
{
	struct Ieee1609Dot2Data data;

	if (oer_decode(&oer_Ieee1609Dot2Data, inner, OER_DEPTH_DEFAULT, &data, NULL) == OER_OK &&
	    data.content.choice == Ieee1609Dot2Content_is_unsecuredData)
		return data.content.u.unsecuredData;
	return inner;
}

enum scms_device_verdict scms_device_verify(struct scms_device *device, struct scms_slice bytes, struct scms_received *received,
					    struct scms_device_error *error)
{
	struct ee_receipt receipt = {.verdict = EE_NOT_VALID, .message = {.bytes = bytes}};
	const struct scms_message *message = &receipt.message;

	*received = (struct scms_received){.psid = 0};
	error->text[0] = '\0';
	if (!is_open(device, error))
		return SCMS_DEVICE_REFUSED;
	ee_receive(device->receiver, &device->device, clock_now(), &receipt, 1);
	received->psid = message->psid;
	received->time = message->time;
	switch (receipt.verdict) {
	case EE_ACCEPTED:
		received->payload = payload_of(message->payload);
		return SCMS_DEVICE_ACCEPTED;
	case EE_NOT_VALID:
		snprintf(error->text, sizeof(error->text), "%s",
			 message->verdict == SCMS_MESSAGE_SIGNER ? scms_reason_text(message->reason) : ee_message_text(message->verdict));
		return SCMS_DEVICE_REFUSED;
	case EE_STALE:
		snprintf(error->text, sizeof(error->text), "this device's CRLs are overdue: it trusts nobody until it has newer ones (rule G5.5)");
		return SCMS_DEVICE_STALE;
	case EE_REPLAY:
		snprintf(error->text, sizeof(error->text), "received before");
		return SCMS_DEVICE_REPLAY;
	case EE_NO_TIME:
		snprintf(error->text, sizeof(error->text), "it does not say when it was made");
		return SCMS_DEVICE_OLD;
	default:
		snprintf(error->text, sizeof(error->text), receipt.verdict == EE_FUTURE ? "made in the future, by this device's clock"
											: "made too long ago, by this device's clock");
		return SCMS_DEVICE_OLD;
	}
}
