/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fleet sees: whom its devices trust, who can send, who accepts whom.
 */
#include "base/clock.h"
#include "components/store_json.h"
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

/* The counts under a group's name, made where there are none. */
static json_t *of_group(json_t *all, const char *group)
{
	json_t *counts = json_object_get(all, group);

	if (counts == NULL) {
		counts = json_object();
		json_object_set_new(all, group, counts);
	}
	return counts;
}

/* ---- trust ---- */

json_t *device_trust_json(const struct device *device, scms_time64 now)
{
	const struct scms_store *store = trustee_store(device->trustee);
	struct scms_store_status status;

	if (store == NULL || !scms_store_status(store, now, device->crypto, trustee_objects(device->trustee), &status))
		return fleet_error("the trust store cannot be read");
	return store_json(store, &status, now);
}

json_t *fleet_trust(struct fleet *fleet, const json_t *order)
{
	json_t *all = json_object();
	struct fleet_device *device;
	size_t k = 0;

	(void)order;
	while ((device = fleet_next(fleet, &k)) != NULL) {
		json_t *pictures = json_object_get(all, device->group), *picture, *entry, *found = NULL;
		size_t n;

		if (pictures == NULL) {
			pictures = json_array();
			json_object_set_new(all, device->group, pictures);
		}
		picture = device_trust_json(&device->client.device, client_now(&device->client));
		json_array_foreach(pictures, n, entry)
			if (json_equal(json_object_get(entry, "trust"), picture))
				found = entry;
		if (found == NULL) {
			found = json_pack("{s:i, s:O}", "devices", 0, "trust", picture);
			json_array_append_new(pictures, found);
		}
		json_count(found, "devices");
		json_decref(picture);
	}
	return all;
}

/* ---- messages ---- */

/* What vehicles and roadside units send. */
#define PSID_SAFETY 0x20u
#define PSID_TRAVELLER 0x83u

struct sent {
	const struct fleet_device *by;
	struct bytes message;
};

uint64_t fleet_psid(const struct fleet_device *device)
{
	return device->client.device.kind == DEVICE_RSE ? PSID_TRAVELLER : PSID_SAFETY;
}

/* What a device's clock says at a moment. All is sent and heard at one, however long this machine takes over it. */
static scms_time64 device_time(const struct fleet_device *device, scms_time64 moment)
{
	return (scms_time64)((int64_t)moment + device->client.clock_offset);
}

static size_t everybody_sends(struct fleet *fleet, scms_time64 moment, bool change, struct sent *sent, json_t *cannot)
{
	static const uint8_t payload[] = "here I am";
	struct fleet_device *device;
	size_t k = 0, n = 0;

	while ((device = fleet_next(fleet, &k)) != NULL) {
		uint8_t wanted[EE_WANTED_MAX][3];
		struct ee_message message = {.psid = fleet_psid(device), .payload = {payload, sizeof(payload)}, .attach = true};
		struct key_error err = {.text = ""};

		if (change)
			ee_sender_change(&device->client.sender);
		message.wanted_n = ee_receiver_wanted(device->receiver, wanted);
		message.wanted = wanted;
		message.asked = ee_receiver_asked(device->receiver, &device->client.device);
		if (ee_sender_sign(&device->client.sender, &device->client.device, device_time(device, moment), &message,
				   &sent[n].message, &err) == KEY_OK)
			sent[n++].by = device;
		else
			json_count(of_group(cannot, device->group), err.text);
	}
	return n;
}

static const char *verdict_text(const struct ee_receipt *receipt)
{
	if (receipt->verdict != EE_NOT_VALID)
		return ee_verdict_name(receipt->verdict);
	if (receipt->message.verdict == SCMS_MESSAGE_SIGNER)
		return scms_reason_name(receipt->message.reason);
	return ee_message_text(receipt->message.verdict);
}

/* One device judges what the others sent: `most` of them, beginning at its own place, so that all are heard. */
static void judge_others(struct fleet_device *device, scms_time64 moment, const struct sent *sent, size_t n, size_t first, size_t most,
			 json_t *matrix)
{
	struct ee_receipt *receipt = calloc(most > 0 ? most : 1, sizeof(*receipt));
	const struct fleet_device **by = calloc(most > 0 ? most : 1, sizeof(*by));
	size_t count = 0;

	if (receipt != NULL && by != NULL) {
		for (size_t k = 0; k < n && count < most; k++) {
			const struct sent *one = &sent[(first + k) % n];

			if (one->by == device)
				continue;
			receipt[count].message.bytes = bytes_view(&one->message);
			by[count++] = one->by;
		}
		ee_receive(device->receiver, &device->client.device, device_time(device, moment), receipt, count);
		for (size_t k = 0; k < count; k++)
			json_count(of_group(of_group(matrix, by[k]->group), device->group), verdict_text(&receipt[k]));
	}
	free(receipt);
	free(by);
}

/* Brings what was sent into another order, the same one for the same seed (splitmix64, Fisher-Yates). */
static void shuffle(struct sent *sent, size_t n, uint64_t seed)
{
	for (size_t k = n; k > 1; k--) {
		uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
		struct sent other;
		size_t at;

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		at = (size_t)((z ^ (z >> 31)) % k);
		other = sent[k - 1];
		sent[k - 1] = sent[at];
		sent[at] = other;
	}
}

json_t *fleet_exchange(struct fleet *fleet, const json_t *order)
{
	const json_t *seed = json_object_get(order, "seed");
	const json_t *limit = json_object_get(order, "most");
	size_t most = json_is_integer(limit) ? (size_t)json_integer_value(limit) : fleet->n, k = 0, n, place = 0;
	const scms_time64 moment = clock_now();
	struct sent *sent = calloc(fleet->n + 1, sizeof(*sent));
	json_t *matrix, *cannot;
	struct fleet_device *device;

	if (sent == NULL)
		return fleet_error("out of memory");
	if (most > fleet->n)
		most = fleet->n;
	matrix = json_object();
	cannot = json_object();
	n = everybody_sends(fleet, moment, json_is_true(json_object_get(order, "change")), sent, cannot);
	if (json_is_integer(seed))
		shuffle(sent, n, (uint64_t)json_integer_value(seed));
	while ((device = fleet_next(fleet, &k)) != NULL)
		judge_others(device, moment, sent, n, place++, most, matrix);
	for (size_t m = 0; m < n; m++)
		bytes_free(&sent[m].message);
	free(sent);
	return json_pack("{s:o, s:o}", "cannotSend", cannot, "accepts", matrix);
}
