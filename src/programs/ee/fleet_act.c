/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fleet does with the SCMS: devices made and enrolled, updates, certificates, reports; many at a time.
 */
#include "base/clock.h"
#include "fleet.h"
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUNDLE_MAX (16u << 20)
#define AT_A_TIME 32 /* unless the order says otherwise */

/* ---- progress ---- */

/* On a terminal: how many of the devices have done it. */
static void progress(const char *what, size_t done, size_t of)
{
	static time_t last;
	time_t now = time(NULL);

	if (of < 2 || isatty(STDERR_FILENO) != 1 || (now == last && done < of))
		return;
	last = now;
	fprintf(stderr, "\r%s: %zu of %zu%s", what, done, of, done == of ? "\n" : "");
}

/* ---- devices ---- */

/* A fleet's devices hear less than one on a road does. */
static const struct ee_receiver_options fleet_receiver = {.certificates = 256, .messages = 2048};

struct bundle {
	struct fleet *fleet;
	struct bytes bytes;
	char text[256];
};

static void bundle_came(void *ctx, const struct http_result *result)
{
	struct bundle *bundle = ctx;

	if (result->status == 200) {
		bundle->bytes = (struct bytes){malloc(result->body.n), result->body.n};
		if (bundle->bytes.p != NULL)
			memcpy(bundle->bytes.p, result->body.p, result->body.n);
	} else {
		snprintf(bundle->text, sizeof(bundle->text), "the DCM gives no bundle: %s",
			 result->status == 0 ? result->error : "refused");
	}
	event_base_loopbreak(bundle->fleet->command->base);
}

static bool bundle_fetch(struct bundle *bundle)
{
	struct http_call call = {.answer_max = BUNDLE_MAX};
	char url[512];

	snprintf(url, sizeof(url), "%s/bundle", bundle->fleet->options->dcm);
	call.url = url;
	if (!http_client_send(bundle->fleet->command->client.factory, &call, bundle_came, bundle)) {
		snprintf(bundle->text, sizeof(bundle->text), "out of memory");
		return false;
	}
	event_base_dispatch(bundle->fleet->command->base);
	return bundle->bytes.p != NULL;
}

static bool device_add(struct fleet *fleet, struct scms_slice bundle, const struct device_identity *identity, const char *group,
		       struct device_error *err)
{
	struct fleet_device *device = calloc(1, sizeof(*device));
	char path[4096];
	bool good = false;

	err->text[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", fleet->options->directory, identity->serial);
	if (device == NULL) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return false;
	}
	device->client.client = &fleet->command->client;
	device->receiver = ee_receiver_new(&fleet_receiver);
	counted_init(&device->crypto, engine_crypto());
	snprintf(device->group, sizeof(device->group), "%s", group);
	if (device->receiver != NULL && fleet->n < FLEET_MAX &&
	    device_create(path, bundle, identity, clock_now(), engine_crypto(), err))
		good = device_open(&device->client.device, path, DEVICE_CHANGE, &device->crypto.crypto, err);
	if (good) {
		fleet->device[fleet->n++] = device;
		return true;
	}
	if (device->client.device.path != NULL)
		device_close(&device->client.device);
	ee_receiver_free(device->receiver);
	free(device);
	return false;
}

json_t *fleet_create(struct fleet *fleet, const json_t *order)
{
	json_int_t count = json_integer_value(json_object_get(order, "count"));
	const json_t *room = json_object_get(order, "room");
	const char *prefix = json_string_value(json_object_get(order, "prefix"));
	const char *group = json_string_value(json_object_get(order, "group"));
	const char *kind = json_string_value(json_object_get(order, "kind"));
	struct bundle bundle = {.fleet = fleet, .text = ""};
	struct device_error err = {.text = ""};
	json_t *made;

	if (count < 1 || count > FLEET_MAX || prefix == NULL || strlen(prefix) > 32 || strchr(prefix, '/') != NULL)
		return fleet_error("expected \"count\" from 1 to %d and \"prefix\", a name", FLEET_MAX);
	if (!bundle_fetch(&bundle))
		return fleet_error("%s", bundle.text);
	(void)mkdir(fleet->options->directory, 0700); /* what is wrong with it, the first device finds */
	made = json_array();
	for (json_int_t k = 0; k < count && err.text[0] == '\0'; k++) {
		struct device_identity identity = {.kind = kind != NULL && strcmp(kind, "rse") == 0 ? DEVICE_RSE : DEVICE_OBE,
						   .electors = (uint32_t)json_integer_value(json_object_get(room, "electors")),
						   .roots = (uint32_t)json_integer_value(json_object_get(room, "roots")),
						   .tombstones = (uint32_t)json_integer_value(json_object_get(room, "tombstones"))};
		char serial[64];

		snprintf(serial, sizeof(serial), "%s-%lld", prefix, (long long)k + 1);
		identity.serial = serial;
		if (device_add(fleet, bytes_view(&bundle.bytes), &identity, group != NULL ? group : "all", &err))
			json_array_append_new(made, json_string(serial));
		progress("create", (size_t)k + 1, (size_t)count);
	}
	bytes_free(&bundle.bytes);
	if (err.text[0] == '\0')
		return json_pack("{s:o}", "devices", made);
	json_decref(made);
	return fleet_error("%s", err.text);
}

/* ---- one thing, by many ---- */

struct acting {
	struct fleet *fleet;
	const char *what;
	unsigned periods;
	size_t next;
	unsigned under_way, most;
	size_t done, of; /* devices, for people who wait */
	json_t *results, *texts;
};

static void go_on(struct acting *acting);

static void acted(void *ctx, struct client_device *device, enum client_result result, const char *text)
{
	struct acting *acting = ctx;

	(void)device;
	json_count(acting->results, client_result_name(result));
	if (result != CLIENT_DONE)
		json_count(acting->texts, text);
	acting->under_way--;
	progress(acting->what, ++acting->done, acting->of);
}

/* What is due; a device that must not ask is told so. */
static void ask(struct acting *acting, struct client_device *device)
{
	enum ee_request_kind kind = device->device.kind == DEVICE_RSE ? EE_APPLICATION : EE_PSEUDONYM;
	enum scms_reason reason;

	if (client_request_due(device, &kind) || device_enrolment(&device->device, client_now(device), &reason) == NULL)
		client_request(device, kind, acted, acting);
	else
		acted(acting, device, CLIENT_NOTHING, "nothing is due");
}

static void begin(struct acting *acting, struct client_device *device)
{
	acting->under_way++;
	if (strcmp(acting->what, "enrol") == 0)
		client_enrol(device, acted, acting);
	else if (strcmp(acting->what, "update") == 0)
		client_update(device, acted, acting);
	else if (strcmp(acting->what, "request") == 0)
		ask(acting, device);
	else
		client_fetch(device, acting->periods, acted, acting);
}

static void go_on(struct acting *acting)
{
	struct fleet_device *device;

	while (acting->under_way < acting->most && (device = fleet_next(acting->fleet, &acting->next)) != NULL)
		begin(acting, &device->client);
}

json_t *fleet_act(struct fleet *fleet, const json_t *order)
{
	struct acting acting = {.fleet = fleet, .what = json_string_value(json_object_get(order, "do")), .periods = 3, .most = AT_A_TIME};
	const json_t *periods = json_object_get(order, "periods"), *most = json_object_get(order, "atATime");

	if (strcmp(acting.what, "enrol") != 0 && strcmp(acting.what, "update") != 0 && strcmp(acting.what, "request") != 0 &&
	    strcmp(acting.what, "fetch") != 0)
		return fleet_error("no order '%s'", acting.what);
	if (json_integer_value(periods) > 0)
		acting.periods = (unsigned)json_integer_value(periods);
	if (json_integer_value(most) > 0)
		acting.most = (unsigned)json_integer_value(most);
	for (size_t k = 0; k < fleet->n; k++)
		acting.of += fleet->device[k]->selected;
	acting.results = json_object();
	acting.texts = json_object();
	for (go_on(&acting); acting.under_way > 0; go_on(&acting))
		event_base_loop(fleet->command->base, EVLOOP_ONCE);
	return json_pack("{s:o, s:o}", "results", acting.results, "texts", acting.texts);
}

/* ---- reports ---- */

static struct fleet_device *fleet_find(struct fleet *fleet, const json_t *name)
{
	for (size_t k = 0; k < fleet->n; k++)
		if (json_is_string(name) && strcmp(fleet->device[k]->client.device.serial, json_string_value(name)) == 0)
			return fleet->device[k];
	return NULL;
}

json_t *fleet_report(struct fleet *fleet, const json_t *order)
{
	static const uint8_t wild[] = "a position that cannot be";
	struct fleet_device *from = fleet_find(fleet, json_object_get(order, "from"));
	struct fleet_device *about = fleet_find(fleet, json_object_get(order, "about"));
	struct ee_message message = {.payload = {wild, sizeof(wild)}, .attach = true};
	struct acting acting = {.fleet = fleet, .under_way = 1};
	struct bytes seen = {NULL, 0};
	struct key_error err;

	if (from == NULL || about == NULL)
		return fleet_error("expected \"from\" and \"about\", two devices");
	if (json_is_true(json_object_get(order, "change"))) {
		ee_sender_change(&from->client.sender);
		ee_sender_change(&about->client.sender);
	}
	message.psid = fleet_psid(about);
	if (ee_sender_sign(&about->client.sender, &about->client.device, client_now(&about->client), &message, &seen, &err) != KEY_OK)
		return fleet_error("%s", err.text);
	acting.results = json_object();
	acting.texts = json_object();
	client_report(&from->client, bytes_view(&seen), acted, &acting);
	while (acting.under_way > 0)
		event_base_loop(fleet->command->base, EVLOOP_ONCE);
	bytes_free(&seen);
	return json_pack("{s:o, s:o}", "results", acting.results, "texts", acting.texts);
}
