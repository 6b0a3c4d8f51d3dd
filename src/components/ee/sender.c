/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/sender.h"

#include "components/authority/role.h"
#include "components/period.h"
#include "dot2/sign.h"
#include "dot2/signed_data.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define WANTED_MAX 8

void ee_sender_unload(struct ee_sender *sender)
{
	for (size_t k = 0; k < sender->n; k++) {
		bytes_free(&sender->credential[k].bytes);
		private_key_free(sender->credential[k].key);
	}
	free(sender->credential);
	*sender = (struct ee_sender){.credential = NULL};
}

/* The PCA that signed the file: named by digest, valid under the device's store. */
static enum key_status pca_of(const struct device *device, struct scms_slice file, scms_time64 now, struct cert *pca,
			      struct key_error *err)
{
	struct SignedData data;
	struct scms_slice bytes;
	enum role role;

	if (signed_data_read(&data, file, OER_DEPTH_DEFAULT, NULL) != OER_OK || data.signer.choice != SignerIdentifier_is_digest)
		return key_fail(err, KEY_MALFORMED, "is not what a PCA signs");
	for (unsigned k = 0; trustee_find(device->trustee, data.signer.u.digest, k, &bytes); k++)
		if (cert_read(pca, bytes, device->crypto, NULL) == OER_OK && role_of_certificate(pca, &role) && role == ROLE_PCA &&
		    trustee_check(device->trustee, bytes, now) == SCMS_VALID)
			return KEY_OK;
	return key_fail(err, KEY_REFUSED, "is signed by no PCA that is valid now");
}

/* The number j that a member's name ends in: "1f4_a" is certificate 10 of period 500. */
static bool member_number(const char *name, uint16_t i, uint8_t *j)
{
	char *end;
	unsigned long period = strtoul(name, &end, 16), number;

	if (end == name || *end != '_' || period != i)
		return false;
	name = end + 1;
	number = strtoul(name, &end, 16);
	if (end == name || *end != '\0' || number >= DEVICE_BATCH_CERTIFICATES)
		return false;
	*j = (uint8_t)number;
	return true;
}

static enum key_status member_take(const struct device *device, const struct ee_request *request, uint16_t i,
				   const struct archive_member *member, scms_time64 now, struct ee_pseudonym *pseudonym,
				   struct key_error *err)
{
	struct cert pca;
	uint8_t j;
	enum key_status status;

	if (!member_number(member->name, i, &j))
		return key_fail(err, KEY_MALFORMED, "%s: is no certificate of period %x", member->name, i);
	status = pca_of(device, bytes_view(&member->content), now, &pca, err);
	if (status != KEY_OK)
		return status;
	return ee_pseudonym_take(&request->keys, i, j, bytes_view(&member->content), &pca, device->crypto, pseudonym, err);
}

enum key_status ee_batch_member_check(const struct device *device, const struct ee_request *request, uint16_t i,
				      const struct archive_member *member, scms_time64 now, struct key_error *err)
{
	struct ee_pseudonym pseudonym = {.certificate = {NULL, 0}};
	enum key_status status = member_take(device, request, i, member, now, &pseudonym, err);

	ee_pseudonym_free(&pseudonym);
	return status;
}

static enum key_status credential_take(struct ee_credential *credential, const struct device *device,
				       const struct ee_request *request, uint16_t i, const struct archive_member *member,
				       scms_time64 now, struct key_error *err)
{
	struct ee_pseudonym pseudonym = {.certificate = {NULL, 0}};
	enum key_status status = member_take(device, request, i, member, now, &pseudonym, err);

	if (status == KEY_OK && trustee_check(device->trustee, bytes_view(&pseudonym.certificate), now) != SCMS_VALID)
		status = key_fail(err, KEY_REFUSED, "%s: is not valid now", member->name);
	if (status == KEY_OK)
		status = private_key_from_scalar(SCMS_NIST_P256, pseudonym.key, &credential->key, err);
	if (status == KEY_OK) {
		credential->bytes = pseudonym.certificate;
		pseudonym.certificate = (struct bytes){NULL, 0};
		if (cert_read(&credential->cert, bytes_view(&credential->bytes), device->crypto, NULL) != OER_OK)
			status = key_fail(err, KEY_FAILED, "%s: cannot be read again", member->name);
	}
	ee_pseudonym_free(&pseudonym);
	return status;
}

/* Which certificate comes first, and which next, is nobody's business. */
static bool shuffle(struct ee_sender *sender)
{
	for (size_t k = sender->n; k > 1; k--) {
		struct ee_credential moved;
		uint32_t random;
		size_t with;

		if (RAND_bytes((uint8_t *)&random, sizeof(random)) != 1)
			return false;
		with = random % k;
		moved = sender->credential[k - 1];
		sender->credential[k - 1] = sender->credential[with];
		sender->credential[with] = moved;
	}
	/* Certificates point into bytes of their own, which have not moved. */
	return true;
}

static enum key_status load(struct ee_sender *sender, struct device *device, const struct ee_request *request, uint16_t i,
			    scms_time64 now, struct key_error *err)
{
	struct device_error why = {.text = ""};
	struct archive archive;

	if (!device_batch_get(device, request, i, &archive, &why))
		return key_fail(err, KEY_NOT_FOUND, "no certificates for period %x: %s", i, why.text);
	sender->credential = calloc(archive.n, sizeof(*sender->credential));
	for (size_t k = 0; sender->credential != NULL && k < archive.n; k++)
		if (credential_take(&sender->credential[sender->n], device, request, i, &archive.member[k], now, err) == KEY_OK)
			sender->n++;
		else if (sender->credential[sender->n].key != NULL) {
			private_key_free(sender->credential[sender->n].key);
			bytes_free(&sender->credential[sender->n].bytes);
			sender->credential[sender->n] = (struct ee_credential){.key = NULL};
		}
	archive_free(&archive);
	if (sender->credential == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	if (sender->n == 0)
		return KEY_NOT_FOUND; /* err has the last one's reason */
	if (!shuffle(sender))
		return key_fail(err, KEY_FAILED, "no randomness");
	sender->i = i;
	memcpy(sender->request, request->hash, sizeof(sender->request));
	sender->loaded = true;
	return KEY_OK;
}

enum key_status ee_sender_load(struct ee_sender *sender, struct device *device, scms_time64 now, struct key_error *err)
{
	const struct ee_request *request = ee_state_newest(&device->state, EE_PSEUDONYM);
	uint16_t i = period_of((scms_time32)(now / 1000000));
	enum scms_reason reason;
	enum key_status status;

	if (device_enrolment(device, now, &reason) == NULL) {
		ee_sender_unload(sender);
		return key_fail(err, KEY_REFUSED, "must not operate: %s", scms_reason_text(reason));
	}
	if (request == NULL) {
		ee_sender_unload(sender);
		return key_fail(err, KEY_NOT_FOUND, "no certificates were asked for");
	}
	/* What the store has learnt meanwhile may have ended the certificate in use. */
	if (sender->loaded && sender->i == i && memcmp(sender->request, request->hash, sizeof(sender->request)) == 0 &&
	    trustee_check(device->trustee, bytes_view(&sender->credential[sender->current].bytes), now) == SCMS_VALID)
		return KEY_OK;
	ee_sender_unload(sender);
	status = load(sender, device, request, i, now, err);
	if (status != KEY_OK)
		ee_sender_unload(sender);
	return status;
}

void ee_sender_change(struct ee_sender *sender)
{
	if (sender->n > 0)
		sender->current = (sender->current + 1) % sender->n;
}

const struct ee_credential *ee_sender_current(const struct ee_sender *sender)
{
	return sender->n > 0 ? &sender->credential[sender->current] : NULL;
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
	enum key_status status = ee_sender_load(sender, device, now, err);

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
	credential = &sender->credential[sender->current];
	signer.key = credential->key;
	signer.cert = &credential->cert;
	header.generationLocation.latitude = message->latitude;
	header.generationLocation.longitude = message->longitude;
	header.generationLocation.elevation = message->elevation;
	return signed_unsecured_make(&signer, message->payload, &header, out, err);
}
