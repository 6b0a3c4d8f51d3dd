/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates asked for: once for each enrolment and kind, application certificates again before the old one ends.
 *
 * A request is kept before it is sent, so that the RA never has one whose keys are lost. Where the acknowledgement did not
 * come, the device asks the RA whether it has the request; if not, another takes its place.
 */
#include "client_task.h"
#include "components/ee/authorization.h"
#include "components/ee/batch.h"
#include "dot2/encrypt.h"
#include "dot2/sign.h"
#include "dot2/validity.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

/* An application certificate begins so long ago, for those whose clocks are behind. */
#define BEGUN_SECONDS 30u
/* The next one is asked for so long before the last one ends, and again where none came within a day. */
#define RENEW_SECONDS (48 * 3600u)
#define PATIENCE_SECONDS (24 * 3600u)
/* Bytes of a .info file. */
#define INFO_BYTES 4

static const struct {
	const char *request, *acknowledgement, *path;
} asking[EE_KINDS] = {
    [EE_PSEUDONYM] = {"SignedPseudonymCertProvisioningRequest", "SignedPseudonymCertProvisioningAck",
		      "/provision-pseudonym-certificate-batch"},
    [EE_IDENTIFICATION] = {"SignedIdCertProvisioningRequest", "SignedIdCertProvisioningAck", "/provision-identity-certificate"},
    [EE_APPLICATION] = {"SignedAppCertProvisioningRequest", "SignedAppCertProvisioningAck", "/provision-application-certificate"},
};

/* The request that is under way, where it is still known. */
static struct ee_request *request_of(const struct client_task *task)
{
	struct ee_state *state = &task->device->device.state;

	for (unsigned k = 0; k < state->requests; k++)
		if (memcmp(state->request[k].hash, task->hash, sizeof(task->hash)) == 0)
			return &state->request[k];
	return NULL;
}

static void asked(struct client_task *task)
{
	struct ee_request *request = request_of(task);
	struct device_error why;

	if (request != NULL)
		request->acknowledged = true;
	if (request == NULL)
		task_end(task, CLIENT_FAILED, "the request is not known any more");
	else if (device_save(&task->device->device, &why))
		task_end(task, CLIENT_DONE, "asked for %s certificates", ee_kind_name(task->kind));
	else
		task_end(task, CLIENT_FAILED, "%s", why.text);
}

static void acknowledged(struct client_task *task, const struct http_result *result)
{
	struct client_device *device = task->device;
	const struct party me = {.crypto = device->device.crypto};
	const struct RaEePseudonymCertProvisioningAck *ack;
	struct message message;
	struct ScmsPDU pdu;
	bool good;

	if (result->status != 200) {
		task_refused(task, "the RA", result);
		return;
	}
	/* The three acknowledgements are one type, and their alternatives one member. */
	ack = &pdu.content.u.ee_ra.u.raEePseudonymCertProvisioningAck;
	good = message_open(&me, envelope_find(asking[task->kind].acknowledgement), result->body, client_now(device),
			    trustee_judge(device->device.trustee), &message) == MESSAGE_OK &&
	       oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &pdu, NULL) == OER_OK &&
	       memcmp(ack->requestHash, task->hash, 8) == 0;
	if (good)
		device->ready = ack->reply.u.ack.certDLTime;
	message_free(&message);
	if (good)
		asked(task);
	else
		task_end(task, CLIENT_REFUSED, "the RA's acknowledgement is not one of this request");
}

/* ---- a new request ---- */

static enum key_status content_make(const struct client_task *task, const struct ee_caterpillars *keys, const struct cert *enrolment,
				    struct bytes *pdu, struct key_error *err)
{
	const struct ToBeSignedCertificate *tbs = &enrolment->c.toBeSigned;
	scms_time32 now = (scms_time32)(client_now(task->device) / TIME64_SECOND);

	if (task->kind == EE_PSEUDONYM)
		return ee_pseudonym_request(keys, now, pdu, err);
	if (!tbs->has_region)
		return key_fail(err, KEY_VALUE, "the enrolment certificate has no region");
	return task->kind == EE_IDENTIFICATION ? ee_identification_request(keys, &tbs->region, now, pdu, err)
					       : ee_application_request(keys, &tbs->region, now, now - BEGUN_SECONDS, pdu, err);
}

/* Signs and encrypts, in two steps: what the RA calls requestHash is the hash of what is inside. */
static enum key_status wrap(const struct client_task *task, const struct task_party *party, struct scms_slice pdu, uint8_t hash[8],
			    struct bytes *secured, struct key_error *err)
{
	struct bytes signed_request = {NULL, 0};
	struct scms_slice whole;
	struct recipient ra;
	uint8_t digest[32];
	enum key_status status = message_make(&party->party, envelope_find(asking[task->kind].request), pdu, client_now(task->device),
					      NULL, &signed_request, err);

	whole = bytes_view(&signed_request);
	if (status == KEY_OK)
		status = recipient_of_cert(&party->ra, &ra, err);
	if (status == KEY_OK)
		status = encrypted_data_make(&ra, 1, whole, secured, err);
	if (status == KEY_OK) {
		party->party.crypto->sha256(party->party.crypto->ctx, &whole, 1, digest);
		memcpy(hash, digest + 24, 8);
	}
	bytes_free(&signed_request);
	return status;
}

static void request_send(struct client_task *task)
{
	struct client_device *device = task->device;
	struct ee_request request = {.kind = task->kind, .time = (scms_time32)(client_now(device) / TIME64_SECOND)};
	struct bytes pdu = {NULL, 0}, secured = {NULL, 0};
	struct task_party party;
	struct device_error why;
	struct key_error err;
	enum key_status status;

	if (!task_party(task, &party))
		return;
	memcpy(request.enrolment, cert_id8(&party.cert), sizeof(request.enrolment));
	status = ee_caterpillars_random(&request.keys, &err);
	if (status == KEY_OK)
		status = content_make(task, &request.keys, &party.cert, &pdu, &err);
	if (status == KEY_OK)
		status = wrap(task, &party, bytes_view(&pdu), request.hash, &secured, &err);
	private_key_free(party.party.sign);
	if (status == KEY_OK) {
		memcpy(task->hash, request.hash, sizeof(task->hash));
		(void)ee_state_requested(&device->device.state, &request);
		if (!device_save(&device->device, &why))
			status = key_fail(&err, KEY_IO, "%s", why.text);
	}
	OPENSSL_cleanse(&request, sizeof(request));
	if (status == KEY_OK)
		task_post(task, asking[task->kind].path, bytes_view(&secured), acknowledged);
	else
		task_end(task, CLIENT_FAILED, "%s", err.text);
	bytes_free(&pdu);
	bytes_free(&secured);
}

/* ---- a request without an acknowledgement ---- */

static void info_came(struct client_task *task, const struct http_result *result)
{
	struct ee_request *request = request_of(task);

	if (result->status == 0) {
		task_end(task, CLIENT_OFFLINE, "the RA: %s", result->error);
	} else if (result->status == 200 && result->body.n == INFO_BYTES) {
		asked(task);
	} else {
		if (request != NULL)
			ee_state_drop(&task->device->device.state, request);
		request_send(task);
	}
}

void client_request(struct client_device *device, enum ee_request_kind kind, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);
	const struct ee_request *request = ee_state_next(&device->device.state, kind, NULL);
	char name[32] = "";

	if (task == NULL)
		return;
	task->kind = kind;
	if (request == NULL || request->acknowledged || !device_asked_validly(&device->device, request, client_now(device))) {
		request_send(task);
		return;
	}
	memcpy(task->hash, request->hash, sizeof(task->hash));
	for (unsigned k = 0; k < 8; k++)
		snprintf(name + 2 * k, 3, "%02x", request->hash[k]);
	memcpy(name + 16, ".info", sizeof(".info"));
	task_download(task, "/download/info", name, NULL, INFO_BYTES, info_came);
}

/* ---- what is due ---- */

/* When the application certificate of this request ends; 0: it cannot be used. */
static scms_time64 application_end(const struct client_device *device, const struct ee_request *request)
{
	struct ee_certified certified = {.certificate = {NULL, 0}};
	struct archive archive;
	struct key_error err;
	struct cert cert;
	scms_time64 end = 0;

	if (ee_batch_get(&device->device, request, 0, &archive, &err) != KEY_OK)
		return 0;
	if (ee_batch_take(&device->device, request, 0, archive.member, client_now(device), &certified, &err) == KEY_OK &&
	    cert_read(&cert, bytes_view(&certified.certificate), device->device.crypto, NULL) == OER_OK)
		end = validity_end(&cert.c.toBeSigned.validityPeriod);
	ee_certified_free(&certified);
	archive_free(&archive);
	return end;
}

static bool kind_due(const struct client_device *device, enum ee_request_kind kind, const uint8_t enrolment[8])
{
	const struct ee_request *request = ee_state_next(&device->device.state, kind, NULL);
	scms_time64 now = client_now(device);

	/* Identification certificates are not every vehicle's: once asked for, they are kept up. */
	if (request == NULL)
		return kind != EE_IDENTIFICATION;
	if (!request->acknowledged || memcmp(request->enrolment, enrolment, 8) != 0)
		return true;
	if (kind != EE_APPLICATION)
		return false;
	if (!ee_batch_useful(&device->device, request, 0, now))
		return time64_of(request->time) + PATIENCE_SECONDS * TIME64_SECOND < now;
	return application_end(device, request) < now + RENEW_SECONDS * TIME64_SECOND;
}

bool client_request_due(const struct client_device *device, enum ee_request_kind *kind)
{
	const struct ee_enrolment *enrolment;
	enum scms_reason reason;
	uint8_t id8[8];

	enrolment = device_enrolment(&device->device, client_now(device), &reason);
	if (enrolment == NULL || !device_enrolment_id(&device->device, enrolment, id8))
		return false;
	for (unsigned k = 0; k < EE_KINDS; k++) {
		*kind = (enum ee_request_kind)k;
		if ((*kind == EE_APPLICATION) == (device->device.kind == DEVICE_RSE) && kind_due(device, *kind, id8))
			return true;
	}
	return false;
}
