/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/receiver.h"

#include "dot2/signed_data.h"
#include "dot2/validity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEARNED_MAX 16
#define LEARNED_BYTES 1024
#define SEEN_MAX 4096 /* messages remembered against replay: 200 neighbours, 10 a second, two seconds and more */
#define EARTH_METRES_PER_DEGREE 111320.0
#define RADIANS(degrees) ((degrees) * 0.017453292519943295)

struct learned {
	size_t n;
	uint8_t bytes[LEARNED_BYTES];
};

struct ee_receiver {
	struct ee_receiver_options options;
	void *checker_memory;
	struct scms_checker *checker;
	uint8_t wanted[EE_WANTED_MAX][3];
	unsigned wanted_n;
	uint8_t asked[3];
	bool is_asked;
	struct learned learned[LEARNED_MAX];
	unsigned learned_next;
	uint64_t seen[SEEN_MAX]; /* of hashes; 0: none */
	scms_time64 seen_time[SEEN_MAX];
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
	checker.certificates = receiver->options.certificates;
	size = scms_checker_size(&checker);
	receiver->checker_memory = malloc(size);
	if (receiver->checker_memory != NULL)
		receiver->checker = scms_checker_init(receiver->checker_memory, size, &checker);
	if (receiver->checker == NULL) {
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
	free(receiver);
}

/* ---- learning from peers ---- */

static void want(struct ee_receiver *receiver, const uint8_t id8[8])
{
	for (unsigned k = 0; k < receiver->wanted_n; k++)
		if (memcmp(receiver->wanted[k], id8 + 5, 3) == 0)
			return;
	if (receiver->wanted_n < EE_WANTED_MAX)
		memcpy(receiver->wanted[receiver->wanted_n++], id8 + 5, 3);
}

/* Which certificate was missing? The signer's own, or its issuer's. */
static void note_missing(struct ee_receiver *receiver, const struct device *device, const struct SignedData *data)
{
	struct scms_slice first;
	struct oer_iter it;
	struct cert cert;

	if (data->signer.choice == SignerIdentifier_is_digest) {
		want(receiver, data->signer.u.digest);
	} else if (data->signer.choice == SignerIdentifier_is_certificate) {
		it = oer_iterate(&data->signer.u.certificate);
		if (oer_next_raw(&it, &first) && cert_read(&cert, first, device->crypto, NULL) == OER_OK && cert_issuer_id8(&cert) != NULL)
			want(receiver, cert_issuer_id8(&cert));
	}
}

static void learn(struct ee_receiver *receiver, const struct device *device, struct scms_slice certificate)
{
	struct learned *to = &receiver->learned[receiver->learned_next];
	struct cert cert;

	if (certificate.n > LEARNED_BYTES || cert_read(&cert, certificate, device->crypto, NULL) != OER_OK)
		return;
	for (unsigned k = 0; k < receiver->wanted_n; k++) {
		if (memcmp(receiver->wanted[k], cert_id8(&cert) + 5, 3) != 0)
			continue;
		/* Only what was asked for is taken, so nobody fills the room with what nobody wants. */
		memcpy(receiver->wanted[k], receiver->wanted[--receiver->wanted_n], 3);
		memcpy(to->bytes, certificate.p, certificate.n);
		to->n = certificate.n;
		receiver->learned_next = (receiver->learned_next + 1) % LEARNED_MAX;
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
	memcpy(id3, receiver->wanted, sizeof(receiver->wanted));
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

static size_t learned_list(const struct ee_receiver *receiver, struct scms_slice list[LEARNED_MAX])
{
	size_t n = 0;

	for (unsigned k = 0; k < LEARNED_MAX; k++)
		if (receiver->learned[k].n > 0)
			list[n++] = (struct scms_slice){receiver->learned[k].bytes, receiver->learned[k].n};
	return n;
}

/* ---- judging ---- */

/* Was this message received before? If not, it is remembered in the place of an older one. */
static bool seen_before(struct ee_receiver *receiver, const struct device *device, struct scms_slice bytes, scms_time64 time)
{
	uint8_t hash[32];
	uint64_t key;
	size_t place;

	device->crypto->sha256(device->crypto->ctx, &bytes, 1, hash);
	memcpy(&key, hash, sizeof(key));
	place = key % SEEN_MAX;
	if (receiver->seen[place] == key && receiver->seen_time[place] == time)
		return true;
	receiver->seen[place] = key;
	receiver->seen_time[place] = time;
	return false;
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
	return seen_before(receiver, device, message->bytes, message->time) ? EE_REPLAY : EE_ACCEPTED;
}

static void judge_one(struct ee_receiver *receiver, struct device *device, scms_time64 now, bool stale, struct ee_receipt *receipt)
{
	const struct scms_message *message = &receipt->message;
	struct SignedData data;

	receipt->verdict = EE_NOT_VALID;
	if (signed_data_read(&data, message->bytes, OER_DEPTH_DEFAULT, NULL) != OER_OK)
		return;
	if (message->verdict == SCMS_MESSAGE_SIGNER && message->reason == SCMS_CHAIN_INCOMPLETE)
		note_missing(receiver, device, &data);
	/* A certificate authenticates itself: it is taken from whatever message brings it. */
	if (data.tbsData.headerInfo.has_requestedCertificate)
		learn(receiver, device, data.tbsData.headerInfo.requestedCertificate);
	if (message->verdict != SCMS_MESSAGE_VALID)
		return;
	note_asked(receiver, &data.tbsData.headerInfo);
	receipt->verdict = stale ? EE_STALE : judge_own(receiver, device, message, &data.tbsData.headerInfo, now);
}

void ee_receive(struct ee_receiver *receiver, struct device *device, scms_time64 now, struct ee_receipt *receipt, size_t n)
{
	struct scms_slice learned[LEARNED_MAX];
	const struct scms_check check = {.store = trustee_store(device->trustee),
					 .now = now,
					 .crypto = device->crypto,
					 .objects = trustee_objects(device->trustee),
					 .certificates = learned,
					 .certificate_count = learned_list(receiver, learned)};
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
