/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/sender.h"

#include "components/authority/profile.h"
#include "components/ee/batch.h"
#include "dot2/sign.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define WANTED_MAX 8

static void unload(struct ee_credentials *these)
{
	for (size_t k = 0; k < these->n; k++) {
		bytes_free(&these->credential[k].bytes);
		private_key_free(these->credential[k].key);
	}
	free(these->credential);
	*these = (struct ee_credentials){.credential = NULL};
}

void ee_sender_unload(struct ee_sender *sender)
{
	for (unsigned kind = 0; kind < EE_KINDS; kind++)
		unload(&sender->of[kind]);
}

enum ee_request_kind ee_sender_kind(enum device_kind device, uint64_t psid)
{
	const struct oer_list *app = &profile_row(PROFILE_OBE_PSEUDONYM)->app;
	const struct PsidSsp *permission = app->items;

	if (device == DEVICE_RSE)
		return EE_APPLICATION;
	for (uint32_t k = 0; k < app->count; k++)
		if (permission[k].psid == psid)
			return EE_PSEUDONYM;
	return EE_IDENTIFICATION;
}

static enum key_status credential_take(struct ee_credential *credential, const struct device *device,
				       const struct ee_request *request, uint16_t period, const struct archive_member *member,
				       scms_time64 now, struct key_error *err)
{
	struct ee_certified certified;
	enum key_status status = ee_batch_take(device, request, period, member, now, &certified, err);
	enum scms_reason reason;

	if (status == KEY_OK && (reason = trustee_check(device->trustee, bytes_view(&certified.certificate), now)) != SCMS_VALID)
		status = key_fail(err, KEY_REFUSED, "the certificate is not valid now: %s", scms_reason_text(reason));
	if (status == KEY_OK)
		status = private_key_from_scalar(SCMS_NIST_P256, certified.key, &credential->key, err);
	if (status == KEY_OK && cert_read(&credential->cert, bytes_view(&certified.certificate), device->crypto, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "the certificate cannot be read again");
	if (status == KEY_OK) {
		/* The certificate was read from these bytes, which do not move. */
		credential->bytes = certified.certificate;
		certified.certificate = (struct bytes){NULL, 0};
	} else {
		private_key_free(credential->key);
		*credential = (struct ee_credential){.key = NULL};
	}
	ee_certified_free(&certified);
	return status;
}

/* Which certificate comes first, and which next, is nobody's business. */
static bool shuffle(struct ee_credentials *these)
{
	for (size_t k = these->n; k > 1; k--) {
		struct ee_credential moved;
		uint32_t random;
		size_t with;

		if (RAND_bytes((uint8_t *)&random, sizeof(random)) != 1)
			return false;
		with = random % k;
		moved = these->credential[k - 1];
		these->credential[k - 1] = these->credential[with];
		these->credential[with] = moved;
	}
	return true;
}

static enum key_status load(struct ee_credentials *these, const struct device *device, const struct ee_request *request, uint16_t period,
			    scms_time64 now, struct key_error *err)
{
	struct archive archive;
	enum key_status status = ee_batch_get(device, request, period, &archive, err);

	if (status != KEY_OK)
		return status;
	these->credential = calloc(archive.n, sizeof(*these->credential));
	for (size_t k = 0; these->credential != NULL && k < archive.n; k++)
		if (credential_take(&these->credential[these->n], device, request, period, &archive.member[k], now, err) == KEY_OK)
			these->n++;
	archive_free(&archive);
	if (these->credential == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	if (these->n == 0)
		return KEY_NOT_FOUND; /* err has the last one's reason */
	if (!shuffle(these))
		return key_fail(err, KEY_FAILED, "no randomness");
	these->period = period;
	memcpy(these->request, request->hash, sizeof(these->request));
	return KEY_OK;
}

/* The certificate in use is taken up again, or the change that was asked for is made. */
static void go_on(struct ee_sender *sender)
{
	struct ee_credentials *these = &sender->of[EE_PSEUDONYM];

	for (size_t k = 0; sender->has_last && k < these->n; k++)
		if (memcmp(cert_id8(&these->credential[k].cert), sender->last, sizeof(sender->last)) == 0) {
			these->current = (k + sender->change) % these->n;
			break;
		}
	sender->change = false;
}

/* What is loaded of this request and period is still good: what the store has learnt meanwhile may have ended it. */
static bool still_good(const struct ee_credentials *these, const struct device *device, const struct ee_request *request,
		       uint16_t period, scms_time64 now)
{
	return these->n > 0 && these->period == period && memcmp(these->request, request->hash, sizeof(these->request)) == 0 &&
	       trustee_check(device->trustee, bytes_view(&these->credential[these->current].bytes), now) == SCMS_VALID;
}

enum key_status ee_sender_load(struct ee_sender *sender, struct device *device, enum ee_request_kind kind, scms_time64 now,
			       struct key_error *err)
{
	struct ee_credentials *these = &sender->of[kind];
	const struct ee_request *request = NULL;
	uint16_t period = ee_batch_period(kind, now);
	enum scms_reason reason;

	if (device_enrolment(device, now, &reason) == NULL) {
		ee_sender_unload(sender);
		return key_fail(err, KEY_REFUSED, "must not operate: %s", scms_reason_text(reason));
	}
	(void)key_fail(err, KEY_NOT_FOUND, ee_state_next(&device->state, kind, NULL) == NULL ? "no %s certificates were asked for"
											     : "no %s certificates for now are at hand",
		       ee_kind_name(kind));
	/* The newest that has any; where an enrolment has followed another, older ones go on until theirs are over. */
	while ((request = ee_state_next(&device->state, kind, request)) != NULL) {
		enum key_status status;

		if (!ee_batch_has(device, request, period))
			continue;
		if (still_good(these, device, request, period, now))
			return KEY_OK;
		unload(these);
		status = load(these, device, request, period, now, err);
		if (status == KEY_OK && kind == EE_PSEUDONYM)
			go_on(sender);
		if (status == KEY_OK)
			return KEY_OK;
		unload(these);
		if (status == KEY_FAILED)
			return status;
	}
	unload(these);
	return KEY_NOT_FOUND;
}

void ee_sender_change(struct ee_sender *sender)
{
	struct ee_credentials *these = &sender->of[EE_PSEUDONYM];

	if (these->n > 0)
		these->current = (these->current + 1) % these->n;
	else
		sender->change = true;
}

const struct ee_credential *ee_sender_current(const struct ee_sender *sender, enum ee_request_kind kind)
{
	const struct ee_credentials *these = &sender->of[kind];

	return these->n > 0 ? &these->credential[these->current] : NULL;
}

/* A SequenceOfHashedId3: its length, which is one byte, its elements. */
static struct scms_slice wanted_list(const struct ee_message *message, uint8_t room[2 + 3 * WANTED_MAX])
{
	room[0] = 1;
	room[1] = (uint8_t)message->wanted_n;
	memcpy(room + 2, message->wanted, 3 * (size_t)message->wanted_n);
	return (struct scms_slice){room, 2 + 3 * (size_t)message->wanted_n};
}

enum key_status ee_sender_sign(struct ee_sender *sender, struct device *device, scms_time64 now, const struct ee_message *message,
			       struct bytes *out, struct key_error *err)
{
	struct HeaderInfo header = {.psid = message->psid,
				    .has_generationTime = true,
				    .generationTime = now,
				    .has_generationLocation = message->has_location};
	const struct ee_credential *credential;
	struct signer signer = {.crypto = device->crypto, .attach = message->attach};
	uint8_t wanted[2 + 3 * WANTED_MAX];
	enum ee_request_kind kind = ee_sender_kind(device->kind, message->psid);
	enum key_status status = ee_sender_load(sender, device, kind, now, err);

	*out = (struct bytes){NULL, 0};
	if (status != KEY_OK)
		return status;
	if (message->wanted_n > 0 && message->wanted_n <= WANTED_MAX) {
		header.has_inlineP2pcdRequest = true;
		header.inlineP2pcdRequest = wanted_list(message, wanted);
	}
	if (message->asked.n > 0) {
		header.has_requestedCertificate = true;
		header.requestedCertificate = message->asked;
	}
	credential = ee_sender_current(sender, kind);
	if (kind == EE_PSEUDONYM) {
		memcpy(sender->last, cert_id8(&credential->cert), sizeof(sender->last));
		sender->has_last = true;
	}
	signer.key = credential->key;
	signer.cert = &credential->cert;
	header.generationLocation.latitude = message->latitude;
	header.generationLocation.longitude = message->longitude;
	header.generationLocation.elevation = message->elevation;
	return signed_unsecured_make(&signer, message->payload, &header, out, err);
}
