/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: asked for once, fetched period by period, and misbehaviour reported.
 */
#include "client_task.h"
#include "components/period.h"
#include "dot2/encrypt.h"
#include "dot2/sign.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define PSID_MISBEHAVIOUR 0x26u

/* ---- asking ---- */

static void acknowledged(struct client_task *task, const struct http_result *result)
{
	struct client_device *device = task->device;
	scms_time64 now = client_now(device);
	const struct party me = {.crypto = device->device.crypto};
	struct ee_request request = {.kind = EE_PSEUDONYM, .time = (scms_time32)(now / 1000000), .keys = task->keys};
	struct device_error why;
	struct message message;
	struct ScmsPDU pdu;

	if (result->status != 200) {
		task_end(task, result->status == 0 ? CLIENT_OFFLINE : CLIENT_REFUSED, "the RA: %s",
			 result->status == 0 ? result->error : "refused");
		return;
	}
	if (message_open(&me, envelope_find("SignedPseudonymCertProvisioningAck"), result->body, now,
			 trustee_judge(device->device.trustee), &message) != MESSAGE_OK ||
	    oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &pdu, NULL) != OER_OK ||
	    memcmp(pdu.content.u.ee_ra.u.raEePseudonymCertProvisioningAck.requestHash, task->hash, 8) != 0) {
		message_free(&message);
		task_end(task, CLIENT_REFUSED, "the RA's acknowledgement is not one of this request");
		return;
	}
	message_free(&message);
	memcpy(request.hash, task->hash, sizeof(request.hash));
	request.next_period = period_of(request.time);
	(void)ee_state_requested(&device->device.state, &request);
	OPENSSL_cleanse(&request, sizeof(request));
	if (device_save(&device->device, &why))
		task_end(task, CLIENT_DONE, "asked");
	else
		task_end(task, CLIENT_FAILED, "%s", why.text);
}

void client_request(struct client_device *device, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);
	scms_time64 now = client_now(device);
	struct bytes pdu = {NULL, 0}, signed_request = {NULL, 0}, secured = {NULL, 0};
	const struct scms_crypto *crypto = device->device.crypto;
	struct recipient ra;
	struct task_party party;
	struct key_error err;
	enum key_status status;

	if (task == NULL || !task_party(task, &party))
		return;
	status = ee_caterpillars_random(&task->keys, &err);
	if (status == KEY_OK)
		status = ee_pseudonym_request(&task->keys, (scms_time32)(now / 1000000), &pdu, &err);
	/* In two steps: what the RA calls requestHash is the hash of what is inside. */
	if (status == KEY_OK)
		status = message_make(&party.party, envelope_find("SignedPseudonymCertProvisioningRequest"), bytes_view(&pdu), now, NULL,
				      &signed_request, &err);
	if (status == KEY_OK)
		status = recipient_of_cert(&party.ra, &ra, &err);
	if (status == KEY_OK)
		status = encrypted_data_make(&ra, 1, bytes_view(&signed_request), &secured, &err);
	private_key_free(party.party.sign);
	if (status == KEY_OK) {
		struct scms_slice whole = bytes_view(&signed_request);
		uint8_t digest[32];

		crypto->sha256(crypto->ctx, &whole, 1, digest);
		memcpy(task->hash, digest + 24, sizeof(task->hash));
		task_post(task, "/provision-pseudonym-certificate-batch", bytes_view(&secured), acknowledged);
	} else {
		task_end(task, CLIENT_FAILED, "%s", err.text);
	}
	bytes_free(&pdu);
	bytes_free(&signed_request);
	bytes_free(&secured);
}

/* ---- fetching ---- */

static void fetch_next(struct client_task *task);

/* Every certificate of a batch must be there for the asking: one that does not open is seen today, not next week. */
static bool batch_good(const struct client_task *task, const struct ee_request *request, struct scms_slice bytes,
		       struct key_error *err)
{
	struct archive archive;
	size_t good = 0;

	if (archive_read(bytes, DEVICE_BATCH_CERTIFICATES, DEVICE_BATCH_BYTES, &archive, err) != KEY_OK)
		return false;
	while (good < archive.n && ee_batch_member_check(&task->device->device, request, task->i, &archive.member[good],
							 client_now(task->device), err) == KEY_OK)
		good++;
	if (archive.n == 0)
		key_error_set(err, KEY_MALFORMED, "an empty batch");
	good = good == archive.n && archive.n > 0;
	archive_free(&archive);
	return good;
}

static void batch_came(struct client_task *task, const struct http_result *result)
{
	struct device *device = &task->device->device;
	struct ee_request *request = ee_state_newest(&device->state, EE_PSEUDONYM);
	struct device_error why;
	struct key_error err;

	if (result->status == 0) {
		task_end(task, task->fetched > 0 ? CLIENT_DONE : CLIENT_OFFLINE, "%u periods: %s", task->fetched, result->error);
	} else if (result->status != 200) {
		task_end(task, task->fetched > 0 ? CLIENT_DONE : CLIENT_NOTHING, "%u periods; period %x is not ready", task->fetched, task->i);
	} else if (!batch_good(task, request, result->body, &err)) {
		task_end(task, CLIENT_REFUSED, "period %x: %s", task->i, err.text);
	} else if (!device_batch_put(device, request, task->i, result->body, &why)) {
		task_end(task, CLIENT_FAILED, "%s", why.text);
	} else {
		task->fetched++;
		task->i++;
		request->next_period = task->i;
		if (device_save(device, &why))
			fetch_next(task);
		else
			task_end(task, CLIENT_FAILED, "%s", why.text);
	}
}

static void fetch_next(struct client_task *task)
{
	const struct ee_request *request = ee_state_newest(&task->device->device.state, EE_PSEUDONYM);
	char name[64];

	if (task->i > task->last) {
		task_end(task, task->fetched > 0 ? CLIENT_DONE : CLIENT_NOTHING, "%u periods", task->fetched);
		return;
	}
	for (unsigned k = 0; k < 8; k++)
		snprintf(name + 2 * k, 3, "%02x", request->hash[k]);
	snprintf(name + 16, sizeof(name) - 16, "_%x.zip", task->i);
	task_download(task, "/download/batch", name, NULL, DEVICE_BATCH_BYTES, batch_came);
}

void client_fetch(struct client_device *device, unsigned periods, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);
	const struct ee_request *request = ee_state_newest(&device->device.state, EE_PSEUDONYM);
	uint16_t i = period_of((scms_time32)(client_now(device) / 1000000));

	if (task == NULL)
		return;
	if (request == NULL || periods == 0) {
		task_end(task, CLIENT_NOTHING, "no certificates were asked for");
		return;
	}
	device_batches_expire(&device->device, i);
	task->i = request->next_period > i ? request->next_period : i;
	task->last = (uint16_t)(i + periods - 1);
	fetch_next(task);
}

/* ---- reporting ---- */

static void reported(struct client_task *task, const struct http_result *result)
{
	if (result->status == 200)
		task_end(task, CLIENT_DONE, "reported");
	else
		task_end(task, result->status == 0 ? CLIENT_OFFLINE : CLIENT_REFUSED, "the RA: %s",
			 result->status == 0 ? result->error : "refused");
}

static enum key_status report_make(struct client_device *device, struct scms_slice seen, struct bytes *out, struct key_error *err)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ma}};
	struct MisbehaviorReportContents *contents = &message.content.u.ee_ma.u.misbehaviorReport;
	struct ee_message wrapped = {.psid = PSID_MISBEHAVIOUR, .attach = true, .has_location = true};
	scms_time64 now = client_now(device);
	struct bytes pdu = {NULL, 0}, by_us = {NULL, 0};
	struct recipient to;
	struct cert ma;
	enum key_status status;

	if (!device_ma(&device->device, now, &ma))
		return key_fail(err, KEY_NOT_FOUND, "the MA's certificate is not at hand");
	message.content.u.ee_ma.choice = EndEntityMaInterfacePDU_is_misbehaviorReport;
	*contents = (struct MisbehaviorReportContents){
	    .version = 1, .misbehavingDeviceInfo = seen, .has_misbehavingDeviceBSMs = true, .misbehavingDeviceBSMs = seen};
	status = make_bytes(&oer_ScmsPDU, &message, &pdu, err);
	wrapped.payload = bytes_view(&pdu);
	if (status == KEY_OK)
		status = ee_sender_sign(&device->sender, &device->device, now, &wrapped, &by_us, err);
	if (status == KEY_OK)
		status = recipient_of_cert(&ma, &to, err);
	if (status == KEY_OK)
		status = encrypted_data_make(&to, 1, bytes_view(&by_us), out, err);
	bytes_free(&pdu);
	bytes_free(&by_us);
	return status;
}

void client_report(struct client_device *device, struct scms_slice message, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);
	struct bytes report = {NULL, 0};
	struct key_error err;

	if (task == NULL)
		return;
	if (report_make(device, message, &report, &err) == KEY_OK)
		task_post(task, "/process-misbehavior-report", bytes_view(&report), reported);
	else
		task_end(task, err.status == KEY_REFUSED ? CLIENT_CEASED : CLIENT_FAILED, "%s", err.text);
	bytes_free(&report);
}
