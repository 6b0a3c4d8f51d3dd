/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truth about devices, from their own folders: enrolments, requests, and every pseudonym certificate of some periods that is
 * at hand, opened with the device's keys. JSON on standard output, for truth.py.
 *
 *   devices PERIODS FOLDER...
 */
#include "base/clock.h"
#include "components/ee/batch.h"
#include "service/engine.h"
#include "tests/privacy/put.h"

#include <string.h>

static void must(bool good, const char *folder, const char *why)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", folder, why);
	exit(1);
}

static void add_certificates(json_t *list, const struct device *device, const struct ee_request *request, uint16_t period)
{
	struct archive archive;
	struct key_error err = {.text = "?"};

	must(ee_batch_get(device, request, period, &archive, &err) == KEY_OK, device->path, err.text);
	for (size_t k = 0; k < archive.n; k++) {
		struct ee_certified got;
		struct cert cert;
		unsigned i = 0, j = 0;

		must(ee_batch_take(device, request, period, &archive.member[k], clock_now(), &got, &err) == KEY_OK &&
			 sscanf(archive.member[k].name, "%x_%x", &i, &j) == 2 &&
			 cert_read(&cert, bytes_view(&got.certificate), device->crypto, NULL) == OER_OK,
		     archive.member[k].name, err.text);
		json_array_append_new(list, put_certificate(&request->keys, (uint16_t)i, (uint8_t)j, bytes_view(&got.certificate), cert.hash256,
							    cert.c.toBeSigned.id.u.linkageData.linkage_value));
		ee_certified_free(&got);
	}
	archive_free(&archive);
}

static json_t *truth_of(const struct device *device, uint16_t periods)
{
	const struct ee_request *request = ee_state_next(&device->state, EE_PSEUDONYM, NULL);
	json_t *one = json_pack("{s:s, s:[]}", "device", device->serial, "certificates");
	uint16_t first = ee_batch_period(EE_PSEUDONYM, clock_now());
	struct cert enrolment;

	must(request != NULL && device->state.enrolments == 1 &&
		 cert_read(&enrolment, bytes_view(&device->state.enrolment[0].certificate), device->crypto, NULL) == OER_OK,
	     device->path, "is not enrolled once, with a request for pseudonym certificates");
	put_hex(one, "enrolment", device->state.enrolment[0].certificate.p, device->state.enrolment[0].certificate.n);
	put_hex(one, "enrolmentHash", enrolment.hash256, 32);
	put_hex(one, "request", request->hash, 8);
	for (uint16_t k = 0; k < periods; k++)
		if (ee_batch_has(device, request, (uint16_t)(first + k)))
			add_certificates(json_object_get(one, "certificates"), device, request, (uint16_t)(first + k));
	return one;
}

int main(int argc, char **argv)
{
	json_t *truth = json_pack("{s:[]}", "vehicles");

	if (argc < 3)
		return 2;
	for (int k = 2; k < argc; k++) {
		struct device device;
		struct device_error err;

		must(device_open(&device, argv[k], DEVICE_READ, engine_crypto(), &err), argv[k], err.text);
		json_array_append_new(json_object_get(truth, "vehicles"), truth_of(&device, (uint16_t)atoi(argv[1])));
		device_close(&device);
	}
	must(json_dumpf(truth, stdout, JSON_INDENT(1)) == 0, "standard output", "cannot be written");
	json_decref(truth);
	return 0;
}
