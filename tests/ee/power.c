/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device's steps one at a time, for power.py to lose power in:
 *
 *   ee-power make DIR           a town; what the steps need goes into DIR
 *   ee-power step DIR N DEVICE  does step N to the folder DEVICE: 0 made, 1 enrolled, 2 certificates asked for, 3 fetched
 *   ee-power say DEVICE         what it has: "enrolled asked fetched signs", or "none"
 */
#include "base/file.h"
#include "components/ee/issuers.h"
#include "tests/ee/town.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#define STEPS 4

static struct key_error err;
static struct device_error why;
static const struct device_identity identity = {.serial = "car", .kind = DEVICE_OBE};

static struct scms_slice input(const char *dir, const char *name)
{
	struct file_error file_err;
	struct scms_slice bytes;
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	town_must(file_read(path, 1 << 20, &bytes, &file_err) == FILE_OK, path, file_err.text);
	return bytes;
}

static void output(const char *dir, const char *name, struct scms_slice bytes)
{
	struct file_error file_err;
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	town_must(file_write(path, 0600, bytes, &file_err) == FILE_OK, path, file_err.text);
}

static struct bytes owned(struct scms_slice bytes)
{
	return (struct bytes){(uint8_t *)(uintptr_t)bytes.p, bytes.n};
}

static void make(const char *dir)
{
	struct town town;
	struct town_device car;
	struct archive_member member[16];
	struct bytes bundle = {NULL, 0};
	const struct ee_request *request;
	uint16_t week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW);
	struct scms_slice batch;
	char name[BATCH_NAME_BYTES];
	size_t n;

	town_open(&town, &judge);
	n = town_bundle(&town, member);
	town_must(archive_make(member, n, &bundle, &err) == KEY_OK, "bundle", err.text);
	output(dir, "bundle", bytes_view(&bundle));
	town_device(&town, &car, "car", DEVICE_OBE);
	output(dir, "enrolment", bytes_view(&car.device.state.enrolment[0].certificate));
	output(dir, "eca", bytes_view(&car.device.state.enrolment[0].eca));
	output(dir, "key", (struct scms_slice){car.device.state.enrolment[0].key, SCALAR_BYTES});
	request = town_ask(&car, EE_PSEUDONYM);
	output(dir, "request", (struct scms_slice){(const uint8_t *)request, sizeof(*request)});
	town_issue(&town, &car, request, week, NULL);
	ee_batch_name(request, week, name);
	batch = input(car.device.path, name);
	output(dir, "batch", batch);
	free((void *)(uintptr_t)batch.p);
	bytes_free(&bundle);
	town_bundle_free(member, n);
	town_device_close(&car);
	town_close(&town);
}

static bool step(const char *dir, int number, const char *path)
{
	struct scms_slice bundle = number == 0 ? input(dir, "bundle") : (struct scms_slice){NULL, 0};
	struct device device = {.path = NULL};
	struct ee_enrolment enrolment = {.certificate = {NULL, 0}};
	const struct ee_request *request;
	struct scms_slice bytes;
	bool good;

	if (number == 0) {
		good = device_create(path, bundle, &identity, TOWN_NOW, &judge, &why);
		free((void *)(uintptr_t)bundle.p);
		return good;
	}
	good = device_open(&device, path, DEVICE_CHANGE, &judge, &why);
	if (good && number == 1) {
		enrolment.certificate = owned(input(dir, "enrolment"));
		enrolment.eca = owned(input(dir, "eca"));
		bytes = input(dir, "key");
		memcpy(enrolment.key, bytes.p, SCALAR_BYTES);
		free((void *)(uintptr_t)bytes.p);
		good = device_enrolled(&device, &enrolment, TOWN_NOW, &why);
	} else if (good) {
		bytes = input(dir, "request");
		if (number == 2) {
			(void)ee_state_requested(&device.state, (const struct ee_request *)(const void *)bytes.p);
			good = device_save(&device, &why);
		}
		free((void *)(uintptr_t)bytes.p);
	}
	if (good && number == 3) {
		bytes = input(dir, "batch");
		request = ee_state_next(&device.state, EE_PSEUDONYM, NULL);
		good = ee_issuers_keep(&device, request, bytes, TOWN_NOW, &why) &&
		       ee_batch_put(&device, request, ee_batch_period(EE_PSEUDONYM, TOWN_NOW), bytes, &why);
		free((void *)(uintptr_t)bytes.p);
	}
	device_close(&device);
	return good;
}

static int say(const char *path)
{
	const struct ee_message message = {.psid = 0x20, .payload = {(const uint8_t *)"x", 1}, .attach = true};
	struct device device;
	struct ee_sender sender = {.of = {{.credential = NULL}}};
	const struct ee_request *request;
	struct bytes out = {NULL, 0};
	enum scms_reason reason;

	if (access(path, F_OK) != 0) {
		puts("none");
		return 0;
	}
	if (!device_open(&device, path, DEVICE_READ, &judge, &why)) {
		puts(why.text);
		return 1;
	}
	request = ee_state_next(&device.state, EE_PSEUDONYM, NULL);
	printf("made%s%s", device_enrolment(&device, TOWN_NOW, &reason) != NULL ? " enrolled" : "", request != NULL ? " asked" : "");
	if (request != NULL && ee_batch_has(&device, request, ee_batch_period(EE_PSEUDONYM, TOWN_NOW)))
		printf(" fetched%s", ee_sender_sign(&sender, &device, TOWN_NOW, &message, &out, &err) == KEY_OK ? " signs" : "");
	puts("");
	bytes_free(&out);
	ee_sender_unload(&sender);
	device_close(&device);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "make") == 0) {
		make(argv[2]);
		return 0;
	}
	if (argc == 5 && strcmp(argv[1], "step") == 0) {
		if (step(argv[2], atoi(argv[3]), argv[4]))
			return 0;
		puts(why.text);
		return 1;
	}
	return argc == 3 && strcmp(argv[1], "say") == 0 ? say(argv[2]) : 2;
}
