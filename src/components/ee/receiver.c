/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/receiver.h"

#include "dot2/signed_data.h"
#include "dot2/validity.h"

#include <math.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define LEARNED_MAX 16
#define LEARNED_BYTES 1024
#define CERTIFICATES_DEFAULT 1024
#define MESSAGES_DEFAULT 16384
#define BUCKET 8 /* messages of one place in the table */
#define WANTED_SECONDS 1 /* after which what is wanted gives its place to what else is */
#define ISSUERS_MAX 4    /* above a message's signer */
#define EARTH_METRES_PER_DEGREE 111320.0
#define RADIANS(degrees) ((degrees) * 0.017453292519943295)

struct learned {
	size_t n; /* 0: none */
	bool good; /* under the store, with the others */
	uint8_t id8[8];
	uint8_t bytes[LEARNED_BYTES];
};

struct wanted {
	uint8_t id8[8];
	scms_time64 since;
};

/* A message that was accepted. */
struct seen {
	uint64_t hash;
	scms_time64 time; /* generationTime; 0: none */
};

struct ee_receiver {
	struct ee_receiver_options options;
	void *checker_memory;
	struct scms_checker *checker;
	struct wanted wanted[EE_WANTED_MAX];
	unsigned wanted_n;
	uint8_t asked[3];
	bool is_asked;
	struct learned learned[LEARNED_MAX];
	unsigned learned_next;
	uint8_t salt[16]; /* so that nobody chooses which place a message takes */
	struct seen *seen; /* buckets of BUCKET */
	uint32_t buckets;
	scms_time64 forgotten; /* messages as old as this may have been seen */
};

const char *ee_verdict_name(enum ee_verdict verdict)
{
	static const char *const names[] = {
	    [EE_ACCEPTED] = "accepted", [EE_NOT_VALID] = "not valid", [EE_STALE] = "stale",   [EE_NO_TIME] = "no time",
	    [EE_OLD] = "old",		[EE_FUTURE] = "future",	      [EE_REPLAY] = "replay", [EE_FAR] = "far",
	};

	return names[verdict];
}

const char *ee_message_text(enum scms_message_verdict verdict)
{
	static const char *const texts[] = {
	    [SCMS_MESSAGE_VALID] = "valid",
	    [SCMS_MESSAGE_MALFORMED] = "no signed message",
	    [SCMS_MESSAGE_SIGNER] = "no signer that is valid now",
	    [SCMS_MESSAGE_PERMISSION] = "the signer may not send messages of this kind",
	    [SCMS_MESSAGE_TIME] = "its time is outside the signer's validity, or past",
	    [SCMS_MESSAGE_SIGNATURE] = "the signature is not the signer's",
	    [SCMS_MESSAGE_FAILED] = "the store or the engine failed",
	};

	return texts[verdict];
}

struct ee_receiver *ee_receiver_new(const struct ee_receiver_options *options)
{
	struct ee_receiver *receiver = calloc(1, sizeof(*receiver));
	struct scms_checker_options checker = {.certificates = 0};
	size_t size;

	if (receiver == NULL)
		return NULL;
	if (options != NULL)
		receiver->options = *options;
	if (receiver->options.fresh_seconds == 0)
		receiver->options.fresh_seconds = 5;
	if (receiver->options.future_seconds == 0)
		receiver->options.future_seconds = 2;
	if (receiver->options.messages == 0)
		receiver->options.messages = MESSAGES_DEFAULT;
	receiver->buckets = (receiver->options.messages + BUCKET - 1) / BUCKET;
	receiver->seen = calloc(receiver->buckets, BUCKET * sizeof(*receiver->seen));
	checker.certificates = receiver->options.certificates > 0 ? receiver->options.certificates : CERTIFICATES_DEFAULT;
	size = scms_checker_size(&checker);
	receiver->checker_memory = malloc(size);
	if (receiver->checker_memory != NULL)
		receiver->checker = scms_checker_init(receiver->checker_memory, size, &checker);
	if (receiver->checker == NULL || receiver->seen == NULL || RAND_bytes(receiver->salt, sizeof(receiver->salt)) != 1) {
		ee_receiver_free(receiver);
		return NULL;
	}
	return receiver;
}

void ee_receiver_free(struct ee_receiver *receiver)
{
	if (receiver == NULL)
		return;
	free(receiver->checker_memory);
	free(receiver->seen);
	free(receiver);
}

/* ---- learning from peers ---- */

/* Whoever makes up issuers must not keep the places: each has its second, and then the next. */
static void want(struct ee_receiver *receiver, const uint8_t id8[8], scms_time64 now)
{
	struct wanted *place = &receiver->wanted[0];

	for (unsigned k = 0; k < receiver->wanted_n; k++) {
		if (memcmp(receiver->wanted[k].id8, id8, 8) == 0)
			return;
		if (receiver->wanted[k].since < place->since)
			place = &receiver->wanted[k];
	}
	if (receiver->wanted_n < EE_WANTED_MAX)
		place = &receiver->wanted[receiver->wanted_n++];
	else if (place->since + WANTED_SECONDS * TIME64_SECOND > now)
		return;
	memcpy(place->id8, id8, 8);
	place->since = now;
}

/* The issuer of a certificate that is at hand. False: it is not at hand, or has none. */
static bool issuer_above(const struct ee_receiver *receiver, const struct device *device, uint8_t id8[8])
{
	struct scms_slice bytes = {NULL, 0};
	struct cert cert;

	for (unsigned k = 0; k < LEARNED_MAX && bytes.p == NULL; k++)
		if (receiver->learned[k].n > 0 && memcmp(receiver->learned[k].id8, id8, 8) == 0)
			bytes = (struct scms_slice){receiver->learned[k].bytes, receiver->learned[k].n};
	if ((bytes.p == NULL && !trustee_find(device->trustee, id8, 0, &bytes)) ||
	    cert_read(&cert, bytes, device->crypto, NULL) != OER_OK || cert_issuer_id8(&cert) == NULL)
		return false;
	memcpy(id8, cert_issuer_id8(&cert), 8);
	return true;
}

/* Which certificate was missing? The signer's own, its issuer's, or one above. */
static void note_missing(struct ee_receiver *receiver, const struct device *device, const struct SignedData *data, scms_time64 now)
{
	struct scms_slice first;
	struct oer_iter it;
	struct cert cert;
	uint8_t id8[8];

	if (data->signer.choice == SignerIdentifier_is_digest) {
		memcpy(id8, data->signer.u.digest, 8);
	} else if (data->signer.choice == SignerIdentifier_is_certificate) {
		it = oer_iterate(&data->signer.u.certificate);
		if (!oer_next_raw(&it, &first) || cert_read(&cert, first, device->crypto, NULL) != OER_OK || cert_issuer_id8(&cert) == NULL)
			return;
		memcpy(id8, cert_issuer_id8(&cert), 8);
	} else {
		return;
	}
	for (unsigned k = 0; k < ISSUERS_MAX && issuer_above(receiver, device, id8); k++)
		;
	want(receiver, id8, now);
}

static size_t learned_list(const struct ee_receiver *receiver, struct scms_slice list[LEARNED_MAX])
{
	size_t n = 0;

	for (unsigned k = 0; k < LEARNED_MAX; k++)
		if (receiver->learned[k].n > 0)
			list[n++] = (struct scms_slice){receiver->learned[k].bytes, receiver->learned[k].n};
	return n;
}

static struct scms_check check_of(const struct ee_receiver *receiver, const struct device *device, scms_time64 now,
				  struct scms_slice learned[LEARNED_MAX])
{
	return (struct scms_check){.store = trustee_store(device->trustee),
				   .now = now,
				   .crypto = device->crypto,
				   .objects = trustee_objects(device->trustee),
				   .certificates = learned,
				   .certificate_count = learned_list(receiver, learned)};
}

/* Is it good? If so, others that wait for it may be, too. */
static void judge_learned(struct ee_receiver *receiver, const struct device *device, scms_time64 now)
{
	struct scms_slice learned[LEARNED_MAX];
	const struct scms_check check = check_of(receiver, device, now, learned);
	bool found = check.store != NULL;

	while (found) {
		found = false;
		for (unsigned k = 0; k < LEARNED_MAX; k++) {
			struct learned *one = &receiver->learned[k];
			struct scms_slice bytes = {one->bytes, one->n};
			enum scms_reason reason;

			if (one->n == 0 || one->good)
				continue;
			scms_certs_check(receiver->checker, &check, &bytes, 1, &reason);
			one->good = reason == SCMS_VALID;
			found = found || one->good;
		}
	}
}

/* A place that is empty, or of one that is not good, or else the next. */
static struct learned *learned_place(struct ee_receiver *receiver)
{
	struct learned *worse = NULL;

	for (unsigned k = 0; k < LEARNED_MAX; k++) {
		struct learned *one = &receiver->learned[(receiver->learned_next + k) % LEARNED_MAX];

		if (one->n == 0)
			return one;
		if (!one->good && worse == NULL)
			worse = one;
	}
	return worse != NULL ? worse : &receiver->learned[receiver->learned_next];
}

static void learn(struct ee_receiver *receiver, const struct device *device, struct scms_slice certificate, scms_time64 now)
{
	struct learned *to;
	struct cert cert;

	if (receiver->wanted_n == 0 || certificate.n > LEARNED_BYTES || cert_read(&cert, certificate, device->crypto, NULL) != OER_OK)
		return;
	for (unsigned k = 0; k < receiver->wanted_n; k++) {
		/* Asked by three bytes, taken by eight: to be found by the three is easy. */
		if (memcmp(receiver->wanted[k].id8, cert_id8(&cert), 8) != 0)
			continue;
		receiver->wanted[k] = receiver->wanted[--receiver->wanted_n];
		to = learned_place(receiver);
		*to = (struct learned){.n = certificate.n};
		memcpy(to->bytes, certificate.p, certificate.n);
		memcpy(to->id8, cert_id8(&cert), 8);
		receiver->learned_next = (unsigned)(to - receiver->learned + 1) % LEARNED_MAX;
		judge_learned(receiver, device, now);
		return;
	}
}

static void note_asked(struct ee_receiver *receiver, const struct HeaderInfo *header)
{
	struct oer_list list;
	struct oer_iter it;
	const uint8_t *id3;

	if (!header->has_inlineP2pcdRequest ||
	    oer_decode(&oer_SequenceOfHashedId3, header->inlineP2pcdRequest, OER_DEPTH_DEFAULT, &list, NULL) != OER_OK)
		return;
	it = oer_iterate(&list);
	if (oer_next(&it, &id3)) {
		memcpy(receiver->asked, id3, 3);
		receiver->is_asked = true;
	}
}

unsigned ee_receiver_wanted(const struct ee_receiver *receiver, uint8_t id3[EE_WANTED_MAX][3])
{
	for (unsigned k = 0; k < receiver->wanted_n; k++)
		memcpy(id3[k], receiver->wanted[k].id8 + 5, 3);
	return receiver->wanted_n;
}

struct scms_slice ee_receiver_asked(struct ee_receiver *receiver, const struct device *device)
{
	struct scms_slice found = {NULL, 0};

	if (receiver->is_asked)
		(void)device_issuer(device, receiver->asked, &found);
	receiver->is_asked = false;
	return found;
}

/* ---- judging ---- */

/* Was it accepted before? If not, it is remembered, if need be in the place of the oldest. */
static enum ee_verdict judge_new(struct ee_receiver *receiver, const struct device *device, const struct scms_message *message,
				 scms_time64 now)
{
	const struct scms_slice parts[2] = {{receiver->salt, sizeof(receiver->salt)}, message->bytes};
	struct seen *bucket, *place = NULL;
	uint8_t digest[32];
	uint64_t hash;

	device->crypto->sha256(device->crypto->ctx, parts, 2, digest);
	memcpy(&hash, digest, sizeof(hash));
	bucket = receiver->seen + BUCKET * (size_t)(hash % receiver->buckets);
	for (unsigned k = 0; k < BUCKET; k++) {
		if (bucket[k].time == message->time && bucket[k].hash == hash)
			return EE_REPLAY;
		if (place == NULL || bucket[k].time < place->time)
			place = &bucket[k];
	}
	if (message->time <= receiver->forgotten)
		return EE_OLD;
	/* What is forgotten while it is fresh takes all with it that is as old. */
	if (place->time > message->time) {
		receiver->forgotten = message->time;
		return EE_ACCEPTED;
	}
	if (place->time + receiver->options.fresh_seconds * TIME64_SECOND >= now && place->time > receiver->forgotten)
		receiver->forgotten = place->time;
	*place = (struct seen){hash, message->time};
	return EE_ACCEPTED;
}

static bool too_far(const struct ee_receiver *receiver, const struct HeaderInfo *header)
{
	const struct ee_receiver_options *options = &receiver->options;
	double north, east;

	if (options->distance_metres == 0 || !header->has_generationLocation)
		return false;
	north = (header->generationLocation.latitude - options->latitude) * 1e-7 * EARTH_METRES_PER_DEGREE;
	east = (header->generationLocation.longitude - options->longitude) * 1e-7 * EARTH_METRES_PER_DEGREE *
	       cos(RADIANS(options->latitude * 1e-7));
	return hypot(north, east) > options->distance_metres;
}

/* What only the receiver can know of a message that is valid. */
static enum ee_verdict judge_own(struct ee_receiver *receiver, const struct device *device, const struct scms_message *message,
				 const struct HeaderInfo *header, scms_time64 now)
{
	const struct ee_receiver_options *options = &receiver->options;

	if (!message->has_time)
		return EE_NO_TIME;
	if (message->time + options->fresh_seconds * TIME64_SECOND < now)
		return EE_OLD;
	if (message->time > now + options->future_seconds * TIME64_SECOND)
		return EE_FUTURE;
	if (too_far(receiver, header))
		return EE_FAR;
	return judge_new(receiver, device, message, now);
}

static void judge_one(struct ee_receiver *receiver, struct device *device, scms_time64 now, bool stale, struct ee_receipt *receipt)
{
	const struct scms_message *message = &receipt->message;
	struct SignedData data;

	receipt->verdict = EE_NOT_VALID;
	if (signed_data_read(&data, message->bytes, OER_DEPTH_DEFAULT, NULL) != OER_OK)
		return;
	if (message->verdict == SCMS_MESSAGE_SIGNER && message->reason == SCMS_CHAIN_INCOMPLETE)
		note_missing(receiver, device, &data, now);
	/* A certificate authenticates itself: it is taken from whatever message brings it. */
	if (data.tbsData.headerInfo.has_requestedCertificate)
		learn(receiver, device, data.tbsData.headerInfo.requestedCertificate, now);
	if (message->verdict != SCMS_MESSAGE_VALID)
		return;
	note_asked(receiver, &data.tbsData.headerInfo);
	receipt->verdict = stale ? EE_STALE : judge_own(receiver, device, message, &data.tbsData.headerInfo, now);
}

void ee_receive(struct ee_receiver *receiver, struct device *device, scms_time64 now, struct ee_receipt *receipt, size_t n)
{
	struct scms_slice learned[LEARNED_MAX];
	const struct scms_check check = check_of(receiver, device, now, learned);
	struct scms_message batch[64];
	struct scms_store_status status;
	bool stale;

	/* A store that cannot be read trusts nobody. */
	stale = check.store == NULL || !scms_store_status(check.store, now, check.crypto, check.objects, &status) || status.stale;
	for (size_t from = 0; from < n; from += sizeof(batch) / sizeof(batch[0])) {
		size_t count = n - from < sizeof(batch) / sizeof(batch[0]) ? n - from : sizeof(batch) / sizeof(batch[0]);

		for (size_t k = 0; k < count; k++)
			batch[k] = (struct scms_message){.bytes = receipt[from + k].message.bytes, .verdict = SCMS_MESSAGE_FAILED};
		if (check.store != NULL)
			scms_messages_check(receiver->checker, &check, batch, count);
		for (size_t k = 0; k < count; k++) {
			receipt[from + k].message = batch[k];
			judge_one(receiver, device, now, stale, &receipt[from + k]);
		}
	}
}
