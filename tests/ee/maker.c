/* SPDX-License-Identifier: Apache-2.0 */
/* A device maker's program (scms/device.h) beside what keeps its folder: removals are felt, certificates stay until they are changed. */
#include "base/clock.h"
#include "dot2/signed_data.h"
#include "tests/check.h"
#include "tests/ee/town.h"

#include <pthread.h>
#include <scms/device.h>
#include <unistd.h>

#define ROUNDS 40

static struct town town;
static struct town_device keeper[2]; /* who keeps the folders, as scms-ee run does */
static const struct scms_slice payload = {(const uint8_t *)"here I am", 9};
static struct scms_device_error error;
static uint8_t room[4096];

static struct scms_device *opened(unsigned k)
{
	struct scms_device *device = scms_device_open(keeper[k].device.path, &error);

	town_must(device != NULL, keeper[k].device.path, error.text);
	return device;
}

static struct scms_slice message_of(struct scms_device *device)
{
	size_t n = scms_device_sign(device, 0x20, payload, SCMS_ATTACH, room, sizeof(room), &error);

	town_must(n > 0, "message", error.text);
	return (struct scms_slice){room, n};
}

/* HashedId8 of the certificate with which it signs. */
static void signer_of(struct scms_device *device, uint8_t id8[8])
{
	struct SignedData data;
	struct scms_slice first;
	struct oer_iter it;
	struct cert cert;

	town_must(signed_data_read(&data, message_of(device), OER_DEPTH_DEFAULT, NULL) == OER_OK, "message", "cannot be read");
	it = oer_iterate(&data.signer.u.certificate);
	town_must(oer_next_raw(&it, &first) && cert_read(&cert, first, &judge, NULL) == OER_OK, "message", "has no certificate");
	memcpy(id8, cert_id8(&cert), 8);
}

static void expect(struct scms_device *device, struct scms_slice message, enum scms_device_verdict verdict, const char *says)
{
	struct scms_received received;
	enum scms_device_verdict found = scms_device_verify(device, message, &received, &error);

	CHECK(found == verdict && strstr(error.text, says) != NULL, "verdict %d, expected %d: '%s', expected '%s'", found, verdict, error.text, says);
	CHECK((found == SCMS_DEVICE_ACCEPTED) == (received.payload.n == payload.n && memcmp(received.payload.p, payload.p, payload.n) == 0),
	      "payload of what is accepted, and of nothing else");
}

static void verdicts(struct scms_device *car, struct scms_device *other, int64_t offset)
{
	struct scms_slice message = message_of(car);

	expect(other, message, SCMS_DEVICE_ACCEPTED, "");
	expect(other, message, SCMS_DEVICE_REPLAY, "before");
	room[message.n - 1] ^= 1;
	expect(other, message, SCMS_DEVICE_REFUSED, "signature");
	expect(other, (struct scms_slice){room, 10}, SCMS_DEVICE_REFUSED, "no signed message");
	message = message_of(car);
	clock_set_offset(offset + 10);
	expect(other, message, SCMS_DEVICE_OLD, "too long ago");
	message = message_of(car);
	clock_set_offset(offset);
	expect(other, message, SCMS_DEVICE_OLD, "in the future");
	CHECK(scms_device_sign(car, 0x20, payload, SCMS_ATTACH, room, 20, &error) == 0 && strstr(error.text, "room for 20") != NULL, "%s", error.text);
	CHECK(scms_device_sign(car, 0x4082, payload, SCMS_ATTACH, room, sizeof(room), &error) == 0 && error.text[0] != '\0', "no such certificate");
	CHECK(scms_device_open("/nowhere", &error) == NULL && strstr(error.text, "/nowhere") != NULL, "%s", error.text);
}

/* The certificate stays whatever is read again, and changes when it is told to. */
static void certificate_stays(struct scms_device *car)
{
	uint8_t before[8], after[8];

	for (unsigned k = 0; k < 2 * TOWN_BATCH; k++) {
		signer_of(car, before);
		CHECK(scms_device_refresh(car, &error), "%s", error.text);
		signer_of(car, after);
		CHECK(memcmp(before, after, 8) == 0, "another certificate after the folder was read again");
		/* Before something is loaded again, too. */
		if (k % 2 == 0)
			CHECK(scms_device_refresh(car, &error), "%s", error.text);
		scms_device_change(car);
		signer_of(car, after);
		CHECK(memcmp(before, after, 8) != 0, "the same certificate after a change");
	}
}

/* A peer asks for an issuer: it is given where there is room, and the message goes out where there is none. */
static void asked(struct scms_device *car, struct scms_device *other)
{
	const struct person *const people[] = {&town.ica, &town.pca};
	const uint8_t(*wanted)[3] = (const uint8_t(*)[3])(cert_id8(&town.pca.cert) + 5);
	const struct ee_message message = {.psid = 0x20, .payload = payload, .attach = true, .wanted = wanted, .wanted_n = 1};
	size_t least = message_of(car).n;

	town_chain(&town, &keeper[0], 1, people, 2, 0);
	CHECK(scms_device_refresh(car, &error), "%s", error.text);
	for (unsigned k = 0; k < 2; k++) {
		struct bytes asks = town_message(&keeper[1], clock_now(), &message);
		size_t n;

		expect(car, bytes_view(&asks), SCMS_DEVICE_ACCEPTED, "");
		n = scms_device_sign(car, 0x20, payload, SCMS_ATTACH, room, k == 0 ? sizeof(room) : least + 10, &error);
		CHECK(k == 0 ? n >= least + town.pca.bytes.n : n > 0 && n <= least + 10, "a message of %zu bytes, without a certificate %zu", n, least);
		expect(other, (struct scms_slice){room, n}, SCMS_DEVICE_ACCEPTED, "");
		bytes_free(&asks);
	}
}

/* While the program has the folder open, a CRL is applied there, and felt without anything being called. */
static void removal(struct scms_device *car, struct scms_device *other)
{
	struct scms_received received;
	enum scms_device_verdict verdict = SCMS_DEVICE_ACCEPTED;

	town_linkage_crl(&town, &keeper[1], &keeper[0], TOWN_NOW);
	for (unsigned k = 0; k < 1000 && verdict == SCMS_DEVICE_ACCEPTED; k++) {
		usleep(10000);
		verdict = scms_device_verify(other, message_of(car), &received, &error);
	}
	CHECK(verdict == SCMS_DEVICE_REFUSED && strstr(error.text, "on a CRL") != NULL, "verdict %d: %s", verdict, error.text);
	CHECK(scms_device_verify(car, message_of(other), &received, &error) == SCMS_DEVICE_ACCEPTED, "the other's store is its own: %s", error.text);
}

/* A device is one thread's, and nobody else is in its way. */
static void *alone(void *arg)
{
	const unsigned k = *(const unsigned *)arg;
	struct scms_device_error why = {.text = ""};
	struct scms_device *device = scms_device_open(keeper[k].device.path, &why);
	struct scms_received received;
	uint8_t message[4096];
	unsigned good = 0;

	for (unsigned round = 0; device != NULL && round < ROUNDS; round++) {
		size_t n = scms_device_sign(device, 0x20, payload, round % 2 == 0 ? SCMS_ATTACH : SCMS_DIGEST, message, sizeof(message), &why);

		good += n > 0 && scms_device_verify(device, (struct scms_slice){message, n}, &received, &why) == SCMS_DEVICE_ACCEPTED;
	}
	scms_device_close(device);
	return good == ROUNDS ? NULL : (void *)(uintptr_t)1;
}

static void threads(void)
{
	static unsigned number[2] = {0, 1};
	pthread_t thread[2];

	for (unsigned k = 0; k < 2; k++)
		town_must(pthread_create(&thread[k], NULL, alone, &number[k]) == 0, "thread", "cannot be made");
	for (unsigned k = 0; k < 2; k++) {
		void *bad = NULL;

		CHECK(pthread_join(thread[k], &bad) == 0 && bad == NULL, "thread %u", k);
	}
}

/* Two who would change a device: the second is told so, and nothing is lost. */
static void two_keepers(void)
{
	struct device second;
	struct device_error why = {.text = ""};

	CHECK(!device_open(&second, keeper[0].device.path, DEVICE_CHANGE, &judge, &why) && strstr(why.text, "another scms-ee") != NULL, "%s", why.text);
	device_close(&second);
	CHECK(device_open(&second, keeper[0].device.path, DEVICE_READ, &judge, &why), "%s", why.text);
	device_close(&second);
}

int main(void)
{
	static const char *const names[] = {"car", "other"};
	struct scms_device *car, *other;
	int64_t offset;

	town_open(&town, &judge);
	offset = (int64_t)(TOWN_NOW / 1000000u) - (int64_t)(clock_now() / 1000000u);
	clock_set_offset(offset);
	for (unsigned k = 0; k < 2; k++) {
		town_device(&town, &keeper[k], names[k], DEVICE_OBE);
		town_issue(&town, &keeper[k], town_ask(&keeper[k], EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, TOWN_NOW), NULL);
	}
	car = opened(0);
	other = opened(1);
	verdicts(car, other, offset);
	certificate_stays(car);
	threads();
	two_keepers();
	asked(car, other);
	removal(car, other);
	scms_device_close(car);
	scms_device_close(other);
	for (unsigned k = 0; k < 2; k++)
		town_device_close(&keeper[k]);
	town_close(&town);
	return check_done();
}
