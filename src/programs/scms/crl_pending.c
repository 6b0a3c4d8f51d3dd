/* SPDX-License-Identifier: Apache-2.0 */
#include "crl_pending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool crl_pending_add_hash(struct crl_pending *pending, const struct crl_pending_hash *hash)
{
	struct crl_pending_hash *longer = realloc(pending->hashes, (pending->hash_count + 1) * sizeof(*longer));

	if (longer == NULL)
		return false;
	pending->hashes = longer;
	pending->hashes[pending->hash_count++] = *hash;
	return true;
}

static bool add_device(struct crl_pending *pending, const struct crl_pending_device *device)
{
	struct crl_pending_device *longer = realloc(pending->devices, (pending->device_count + 1) * sizeof(*longer));

	if (longer == NULL)
		return false;
	pending->devices = longer;
	pending->devices[pending->device_count++] = *device;
	return true;
}

void crl_pending_free(struct crl_pending *pending)
{
	free(pending->hashes);
	free(pending->devices);
	*pending = (struct crl_pending){.hash_count = 0};
}

/* ---- reading ---- */

/* Where an entry is, for messages, and whether all of it was as it should be so far. */
struct entry {
	const json_t *json;
	size_t index;
	const char *list;
	struct key_error *err;
	bool good;
};

static void wrong(struct entry *e, const char *member, const char *expected)
{
	if (e->good)
		key_error_set(e->err, KEY_VALUE, "%s[%zu].%s: expected %s", e->list, e->index, member, expected);
	e->good = false;
}

static uint32_t number(struct entry *e, const char *member, uint32_t least, uint32_t most)
{
	const json_t *json = json_object_get(e->json, member);
	json_int_t n = json_is_integer(json) ? json_integer_value(json) : -1;
	char expected[64];

	if (n >= (json_int_t)least && n <= (json_int_t)most)
		return (uint32_t)n;
	snprintf(expected, sizeof(expected), "a number from %u to %u", least, most);
	wrong(e, member, expected);
	return least;
}

static void hex(struct entry *e, const char *member, uint8_t *to, size_t n)
{
	const char *text = json_string_value(json_object_get(e->json, member));
	bool good = text != NULL && strlen(text) == 2 * n && strspn(text, "0123456789abcdefABCDEF") == 2 * n;
	char expected[64];

	for (size_t k = 0; good && k < n; k++) {
		unsigned byte = 0;

		good = sscanf(text + 2 * k, "%2x", &byte) == 1;
		to[k] = (uint8_t)byte;
	}
	if (good)
		return;
	snprintf(expected, sizeof(expected), "%zu hex digits", 2 * n);
	wrong(e, member, expected);
}

static enum key_status read_hash(struct crl_pending *pending, struct entry *e, const char *id)
{
	struct crl_pending_hash hash = {.series = (uint16_t)number(e, "series", 1, UINT16_MAX)};

	hex(e, "craca", hash.craca, 8);
	hex(e, id, hash.entry.id, 10);
	hash.entry.expiry = number(e, "expiry", 0, UINT32_MAX);
	if (!e->good)
		return KEY_VALUE;
	return crl_pending_add_hash(pending, &hash) ? KEY_OK : key_fail(e->err, KEY_FAILED, "no memory");
}

static enum key_status read_hashes(struct crl_pending *pending, const json_t *list, struct key_error *err)
{
	enum key_status status = KEY_OK;

	for (size_t k = 0; status == KEY_OK && k < json_array_size(list); k++) {
		struct entry e = {json_array_get(list, k), k, "certificates", err, true};

		status = read_hash(pending, &e, "id");
	}
	return status;
}

static enum key_status read_devices(struct crl_pending *pending, const json_t *list, const uint8_t *craca, struct key_error *err)
{
	if (!json_is_array(list))
		return key_fail(err, KEY_VALUE, "expected a list of devices, found something else");
	for (size_t k = 0; k < json_array_size(list); k++) {
		struct entry e = {json_array_get(list, k), k, "devices", err, true};
		struct crl_pending_device device = {.series = CRL_SERIES_PSEUDONYM};

		if (json_object_get(e.json, "series") != NULL || craca == NULL)
			device.series = (uint16_t)number(&e, "series", 1, UINT16_MAX);
		if (json_object_get(e.json, "craca") != NULL || craca == NULL)
			hex(&e, "craca", device.craca, 8);
		else
			memcpy(device.craca, craca, 8);
		device.i = (uint16_t)number(&e, "i", 0, UINT16_MAX);
		device.entry.i_max = (uint16_t)number(&e, "iMax", device.i, UINT16_MAX);
		device.entry.j_max = (uint8_t)number(&e, "jMax", 1, UINT8_MAX);
		device.entry.la1 = (uint16_t)number(&e, "la1", 0, UINT16_MAX);
		device.entry.la2 = (uint16_t)number(&e, "la2", 0, UINT16_MAX);
		hex(&e, "seed1", device.entry.seed1, LINKAGE_SEED);
		hex(&e, "seed2", device.entry.seed2, LINKAGE_SEED);
		if (!e.good)
			return KEY_VALUE;
		if (!add_device(pending, &device))
			return key_fail(err, KEY_FAILED, "no memory");
	}
	return KEY_OK;
}

static json_t *load(struct scms_slice text, struct key_error *err)
{
	json_error_t json;
	json_t *root = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &json);

	if (root == NULL)
		key_error_set(err, KEY_VALUE, "line %d, column %d: %.160s", json.line, json.column, json.text);
	return root;
}

enum key_status crl_pending_read(struct crl_pending *pending, struct scms_slice text, struct key_error *err)
{
	json_t *root;
	enum key_status status;

	*pending = (struct crl_pending){.hash_count = 0};
	if (text.n == 0)
		return KEY_OK;
	root = load(text, err);
	if (root == NULL)
		return KEY_VALUE;
	status = read_hashes(pending, json_object_get(root, "certificates"), err);
	if (status == KEY_OK)
		status = read_devices(pending, json_object_get(root, "devices"), NULL, err);
	json_decref(root);
	if (status != KEY_OK)
		crl_pending_free(pending);
	return status;
}

enum key_status crl_pending_read_seeds(struct crl_pending *pending, struct scms_slice text, const uint8_t craca[8], struct key_error *err)
{
	json_t *root = load(text, err);
	enum key_status status = KEY_VALUE;

	if (root != NULL)
		status = read_devices(pending, root, craca, err);
	json_decref(root);
	return status;
}

enum key_status crl_pending_read_revoked(struct crl_pending *pending, struct scms_slice text, struct key_error *err)
{
	json_t *root = load(text, err);
	struct entry e = {root, 0, "revocation", err, true};
	enum key_status status = root != NULL ? read_hash(pending, &e, "hashedId10") : KEY_VALUE;

	json_decref(root);
	return status;
}

/* ---- writing, and carrying out ---- */

static json_t *hex_json(const uint8_t *bytes, size_t n)
{
	char text[2 * 32 + 1] = "";

	for (size_t k = 0; k < n; k++)
		snprintf(text + 2 * k, 3, "%02x", bytes[k]);
	return json_string(text);
}

json_t *crl_pending_json(const struct crl_pending *pending)
{
	json_t *hashes = json_array(), *devices = json_array();

	for (size_t k = 0; k < pending->hash_count; k++) {
		const struct crl_pending_hash *from = &pending->hashes[k];

		json_array_append_new(hashes, json_pack("{s:o,s:i,s:o,s:I}", "craca", hex_json(from->craca, 8), "series", from->series, "id",
							hex_json(from->entry.id, 10), "expiry", (json_int_t)from->entry.expiry));
	}
	for (size_t k = 0; k < pending->device_count; k++) {
		const struct crl_pending_device *from = &pending->devices[k];

		json_array_append_new(devices, json_pack("{s:o,s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:o}", "craca", hex_json(from->craca, 8), "series",
							 from->series, "i", from->i, "iMax", from->entry.i_max, "jMax", from->entry.j_max,
							 "la1", from->entry.la1, "la2", from->entry.la2, "seed1",
							 hex_json(from->entry.seed1, LINKAGE_SEED), "seed2",
							 hex_json(from->entry.seed2, LINKAGE_SEED)));
	}
	return json_pack("{s:o,s:o}", "certificates", hashes, "devices", devices);
}

enum key_status crl_pending_apply(const struct crl_pending *pending, struct revocations *state, struct key_error *err)
{
	enum key_status status = KEY_OK;
	struct crl_list *list;

	for (size_t k = 0; status == KEY_OK && k < pending->hash_count; k++) {
		const struct crl_pending_hash *from = &pending->hashes[k];

		status = crl_list_open(state, from->craca, from->series, false, &list, err);
		if (status == KEY_OK)
			status = crl_list_add_hash(list, &from->entry, err);
	}
	for (size_t k = 0; status == KEY_OK && k < pending->device_count; k++) {
		const struct crl_pending_device *from = &pending->devices[k];

		status = crl_list_open(state, from->craca, from->series, true, &list, err);
		if (status == KEY_OK)
			status = crl_list_add_device(list, &from->entry, from->i, err);
	}
	return status;
}
