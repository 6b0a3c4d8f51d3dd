/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vehicle does with its neighbours' messages, from bytes to verdict: chain, validity, permission, revocation, signature,
 * freshness, replay, under the store in its folder, beside the bare signatures of the same number and kind. Its trust store has a
 * CRL of linkage seeds and one of hashes.
 */
#include "bench.h"

#include "dot2/sign.h"
#include "service/engine.h"
#include "tests/ee/town.h"

#include <stdlib.h>

#define GROUP "End entity"
#define NEIGHBOURS 200
#define HERTZ 10
#define BATCH 64

static struct town town;
static struct town_device car, revoked; /* by the seeds of zeros */
static struct person neighbour[NEIGHBOURS];
static struct ee_receipt second[HERTZ][NEIGHBOURS]; /* of traffic: each attaches its certificate once */
static struct ee_receipt with[BATCH], without[BATCH];
static struct ee_receiver *knows;

static struct scms_slice signed_make(const struct person *by, scms_time64 time, bool attach)
{
	const struct HeaderInfo header = {.psid = 0x20, .has_generationTime = true, .generationTime = time};
	struct signer signer = person_signer(by, attach);
	struct key_error err;
	struct bytes bytes;
	uint8_t text[40];

	bench_random(text, sizeof(text));
	bench_require(signed_unsecured_make(&signer, (struct scms_slice){text, sizeof(text)}, &header, &bytes, &err) == KEY_OK, "a message");
	return bytes_view(&bytes);
}

static void judge_all(struct ee_receiver *receiver, scms_time64 now, struct ee_receipt *receipt, size_t n)
{
	ee_receive(receiver, &car.device, now, receipt, n);
	/* The same message comes again in the next run: that it is a replay is found at the very end. */
	for (size_t k = 0; k < n; k++)
		bench_require(receipt[k].verdict == EE_ACCEPTED || receipt[k].verdict == EE_REPLAY, "a message is refused");
}

static void neighbours_make(void)
{
	struct profile_subject subject = {.start = TOWN_NOW32 - 3600};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;

	memcpy(subject.craca_id, cert_id8(&town.root.cert) + 5, 3);
	for (unsigned k = 0; k < NEIGHBOURS; k++) {
		uint8_t value[LINKAGE_VALUE];

		bench_random(value, sizeof(value));
		profile_terms(PROFILE_OBE_PSEUDONYM, LEVEL_POC, &subject, &room, &tbs);
		tbs.id = (struct CertificateId){.choice = CertificateId_is_linkageData,
						.u.linkageData = {.iCert = ee_batch_period(EE_PSEUDONYM, TOWN_NOW), .linkage_value = value}};
		person_make_implicit(&neighbour[k], &tbs, &town.pca);
		for (unsigned tick = 0; tick < HERTZ; tick++)
			second[tick][k].message.bytes = signed_make(&neighbour[k], TOWN_NOW + tick * 100000u + k, tick == k % HERTZ || tick == 0);
	}
}

static void gone(void)
{
	town_device_close(&car);
	town_close(&town);
}

static void set_up(void *arg)
{
	struct crl_hash_entry *entry = calloc(10000, sizeof(*entry));

	(void)arg;
	if (knows != NULL)
		return;
	town_open(&town, engine_crypto());
	town_device(&town, &car, "bench", DEVICE_OBE);
	atexit(gone);
	for (unsigned k = 0; k < 10000; k++) {
		bench_random(entry[k].id, sizeof(entry[k].id));
		entry[k].expiry = TOWN_NOW32 + 365 * 86400;
	}
	town_hash_crl(&town, &car, 3, entry, 10000, TOWN_NOW, TOWN_NOW32 + 86400);
	town_linkage_crl(&town, &car, &revoked, TOWN_NOW);
	free(entry);
	neighbours_make();
	for (unsigned k = 0; k < BATCH; k++) {
		with[k].message.bytes = second[0][k].message.bytes;
		without[k].message.bytes = signed_make(&neighbour[k], TOWN_NOW + 1000 + k, false);
	}
	knows = ee_receiver_new(NULL);
	bench_require(knows != NULL, "a receiver");
	judge_all(knows, TOWN_NOW, with, BATCH);
}

static void run_new(void *arg, unsigned n)
{
	(void)arg;
	while (n-- > 0) {
		struct ee_receiver *receiver = ee_receiver_new(NULL);

		judge_all(receiver, TOWN_NOW, with, BATCH);
		ee_receiver_free(receiver);
	}
}

static void run_known(void *arg, unsigned n)
{
	(void)arg;
	while (n-- > 0)
		judge_all(knows, TOWN_NOW, without, BATCH);
}

/* All neighbours are new at its beginning. */
static void run_second(void *arg, unsigned n)
{
	(void)arg;
	while (n-- > 0) {
		struct ee_receiver *receiver = ee_receiver_new(NULL);

		for (unsigned tick = 0; tick < HERTZ; tick++)
			judge_all(receiver, TOWN_NOW + tick * 100000u, second[tick], NEIGHBOURS);
		ee_receiver_free(receiver);
	}
}

static void run_sign(void *arg, unsigned n)
{
	static const uint8_t text[40] = {1};
	const struct ee_message message = {.psid = 0x20, .payload = {text, sizeof(text)}};

	(void)arg;
	while (n-- > 0) {
		struct bytes out = town_message(&car, TOWN_NOW, &message);

		bytes_free(&out);
	}
}

static void set_up_sender(void *arg)
{
	static bool done;

	set_up(arg);
	if (!done)
		town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, TOWN_NOW), NULL);
	done = true;
}

static void run_bare_sign(void *arg, unsigned n)
{
	static const uint8_t digest[32] = {2};
	uint8_t r[32], s[32];
	struct key_error err;

	(void)arg;
	while (n-- > 0)
		bench_require(private_key_sign(neighbour[0].key, digest, r, s, &err) == KEY_OK, "a signature");
}

void bench_ee(void)
{
	const bool lanes = bench_has_lanes();

	bench_add(&(struct bench_row){.group = GROUP, .name = "EE: messages, senders new, 64 at a time", .setup = set_up, .run = run_new,
				      .per = BATCH, .limit = lanes ? "implicit, issuer known, batch of 64" : NULL});
	bench_add(&(struct bench_row){.group = GROUP, .name = "EE: messages, senders known, 64 at a time", .setup = set_up, .run = run_known,
				      .per = BATCH, .limit = lanes ? "known key, batch of 64" : NULL});
	bench_add(&(struct bench_row){.group = GROUP, .name = "EE: a second of 200 neighbours at 10 Hz", .setup = set_up, .run = run_second,
				      .per = 1, .aim = lanes ? BENCH_NS_MAX : BENCH_REPORTED, .value = 0.25e9});
	bench_add(&(struct bench_row){.group = GROUP, .name = "EE: bare signature", .setup = set_up_sender, .run = run_bare_sign, .per = 1});
	bench_add(&(struct bench_row){.group = GROUP, .name = "EE: a message signed, from payload to bytes", .setup = set_up_sender,
				      .run = run_sign, .per = 1, .limit = "EE: bare signature"});
}
