/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Misbehaviour, reported to the MA through the RA, which cannot read it.
 */
#include "client_task.h"
#include "dot2/encrypt.h"
#include "dot2/sign.h"

#define PSID_MISBEHAVIOUR 0x26u

static void reported(struct client_task *task, const struct http_result *result)
{
	if (result->status == 200)
		task_end(task, CLIENT_DONE, "reported");
	else
		task_refused(task, "the RA", result);
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
