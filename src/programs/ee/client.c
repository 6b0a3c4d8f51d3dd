/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include "client_task.h"
#include "base/file.h"
#include "components/ee/device_make.h"
#include "components/period.h"
#include "components/update.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTEN_SECONDS 50 /* a CRL store lets wait so long, unless told otherwise */

const char *client_result_name(enum client_result result)
{
	static const char *const names[] = {
	    [CLIENT_DONE] = "done",	  [CLIENT_NOTHING] = "nothing", [CLIENT_REFUSED] = "refused",
	    [CLIENT_CEASED] = "ceased",	  [CLIENT_OFFLINE] = "offline", [CLIENT_FAILED] = "failed",
	};

	return names[result];
}

scms_time64 client_now(const struct client_device *device)
{
	return clock_now() + (scms_time64)device->clock_offset;
}

/* ---- tasks ---- */

struct client_task *task_begin(struct client_device *device, client_done *done, void *ctx)
{
	struct client_task *task = device->task == NULL ? calloc(1, sizeof(*task)) : NULL;

	if (task == NULL) {
		done(ctx, device, CLIENT_FAILED, device->task != NULL ? "something else is under way" : "out of memory");
		return NULL;
	}
	task->device = device;
	task->done = done;
	task->ctx = ctx;
	device->task = task;
	return task;
}

static void task_free(struct client_task *task)
{
	bytes_free(&task->policy);
	bytes_free(&task->chain);
	bytes_free(&task->crl);
	OPENSSL_cleanse(task, sizeof(*task));
	free(task);
}

void task_end(struct client_task *task, enum client_result result, const char *format, ...)
{
	struct client_device *device = task->device;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	device->task = NULL;
	task->done(task->ctx, device, result, text);
	task_free(task);
}

void task_refused(struct client_task *task, const char *who, const struct http_result *result)
{
	if (result->status == 0)
		task_end(task, CLIENT_OFFLINE, "%s: %s", who, result->error);
	else
		task_end(task, CLIENT_REFUSED, "%s refuses: status %d%s%s", who, result->status, result->why[0] != '\0' ? ": " : "", result->why);
}

void client_abort(struct client_device *device)
{
	struct client_task *task = device->task;

	if (task == NULL)
		return;
	/* Its request is still under way; whoever gets the answer finds nobody. */
	device->task = NULL;
	task->device = NULL;
	task->done(task->ctx, device, CLIENT_FAILED, "given up");
}

static void answered(void *ctx, const struct http_result *result)
{
	struct client_task *task = ctx;

	if (task->device == NULL) {
		task_free(task);
		return;
	}
	task->device->bytes_in += result->body.n;
	task->next(task, result);
}

void task_call(struct client_task *task, struct http_client *http, const struct http_call *call, client_step *next)
{
	task->next = next;
	task->device->bytes_out += call->body.n;
	if (!http_client_send(http, call, answered, task))
		task_end(task, CLIENT_FAILED, "out of memory");
}

void task_post(struct client_task *task, const char *path, struct scms_slice body, client_step *next)
{
	struct http_call call = {.post = true, .body = body, .answer_max = ANSWER_MAX};
	char url[512];

	snprintf(url, sizeof(url), "%s%s", task->device->device.ra_url, path);
	call.url = url;
	task_call(task, task->device->client->http, &call, next);
}

bool task_party(struct client_task *task, struct task_party *to)
{
	struct device *device = &task->device->device;
	const struct ee_enrolment *enrolment;
	enum scms_reason reason;
	struct key_error err;

	*to = (struct task_party){.party = {.crypto = device->crypto}};
	enrolment = device_enrolment(device, client_now(task->device), &reason);
	if (enrolment == NULL) {
		task_end(task, CLIENT_CEASED, "%s", scms_reason_text(reason));
		return false;
	}
	if (!device_ra(device, client_now(task->device), &to->ra)) {
		task_end(task, CLIENT_NOTHING, "the RA's certificate is not valid now, and no other is at hand");
		return false;
	}
	if (cert_read(&to->cert, bytes_view(&enrolment->certificate), device->crypto, NULL) != OER_OK ||
	    private_key_from_scalar(SCMS_NIST_P256, enrolment->key, &to->party.sign, &err) != KEY_OK) {
		task_end(task, CLIENT_FAILED, "the enrolment cannot be used");
		return false;
	}
	to->party.cert = &to->cert;
	return true;
}

/* ---- authenticated downloads ---- */

/* The value of the Download-Req header. To be freed. */
static char *download_request(struct client_task *task, const struct task_party *party, const char *filename)
{
	scms_time64 now = client_now(task->device);
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct bytes pdu = {NULL, 0}, secured = {NULL, 0};
	char *header = NULL;
	struct key_error err;

	message.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaAuthenticatedDownloadRequest;
	message.content.u.ee_ra.u.eeRaAuthenticatedDownloadRequest = (struct AuthenticatedDownloadRequest){
	    .timestamp = (scms_time32)(now / 1000000), .filename = {(const uint8_t *)filename, strlen(filename)}};
	if (make_bytes(&oer_ScmsPDU, &message, &pdu, &err) == KEY_OK &&
	    message_make(&party->party, envelope_find("SecuredAuthenticatedDownloadRequest"), bytes_view(&pdu), now, &party->ra, &secured,
			 &err) == KEY_OK) {
		static const char name[] = "Download-Req: ";
		size_t n = strlen(name) + 4 * ((secured.n + 2) / 3) + 1;

		header = malloc(n);
		if (header != NULL) {
			memcpy(header, name, strlen(name));
			EVP_EncodeBlock((uint8_t *)header + strlen(name), secured.p, (int)secured.n);
		}
	}
	bytes_free(&pdu);
	bytes_free(&secured);
	return header;
}

void task_download(struct client_task *task, const char *path, const char *filename, const char *tag, size_t most,
		   client_step *next)
{
	struct http_call call = {.answer_max = most};
	const char *headers[3] = {NULL};
	char url[512], match[128];
	struct task_party party;
	char *request;

	if (!task_party(task, &party))
		return;
	request = download_request(task, &party, filename);
	private_key_free(party.party.sign);
	if (request == NULL) {
		task_end(task, CLIENT_FAILED, "out of memory");
		return;
	}
	headers[0] = request;
	if (tag != NULL && tag[0] != '\0') {
		snprintf(match, sizeof(match), "If-None-Match: %s", tag);
		headers[1] = match;
	}
	snprintf(url, sizeof(url), "%s%s", task->device->device.ra_url, path);
	call.url = url;
	call.headers = headers;
	task->device->bytes_out += strlen(request);
	task_call(task, task->device->client->http, &call, next);
	free(request);
}

/* ---- entity tags ---- */

#define TAGS_FILE "tags.json"
#define TAGS_MAX 1024

static void tag_take(const json_t *tags, const char *name, char tag[CLIENT_TAG_BYTES])
{
	const char *text = json_string_value(json_object_get(tags, name));

	/* A tag becomes a header. */
	snprintf(tag, CLIENT_TAG_BYTES, "%s", text != NULL && text[strcspn(text, "\r\n")] == '\0' ? text : "");
}

void client_tags_read(struct client_device *device)
{
	struct device_error err;
	struct scms_slice bytes;
	json_t *tags;

	if (!device_file_read(&device->device, TAGS_FILE, TAGS_MAX, &bytes, &err))
		return;
	tags = json_loadb((const char *)bytes.p, bytes.n, 0, NULL);
	tag_take(tags, "policy", device->policy_tag);
	tag_take(tags, "chain", device->chain_tag);
	tag_take(tags, "crl", device->crl_tag);
	json_decref(tags);
	free((void *)(uintptr_t)bytes.p);
}

/* After what they are of is on disk. Where they are lost, it is fetched once more. */
static void tags_write(const struct client_device *device)
{
	json_t *tags = json_pack("{s:s, s:s, s:s}", "policy", device->policy_tag, "chain", device->chain_tag, "crl", device->crl_tag);
	char *text = tags != NULL ? json_dumps(tags, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
	char path[DEVICE_PATH_BYTES];
	struct device_error why;
	struct file_error err;

	if (text != NULL && device_path(&device->device, TAGS_FILE, path, &why) &&
	    file_write(path, 0600, (struct scms_slice){(const uint8_t *)text, strlen(text)}, &err) != FILE_OK)
		unlink(path);
	free(text);
	json_decref(tags);
}

/* ---- update ---- */

static bool keep(struct client_task *task, const struct http_result *result, struct bytes *to, char tag[CLIENT_TAG_BYTES])
{
	to->p = OPENSSL_memdup(result->body.p, result->body.n);
	to->n = result->body.n;
	snprintf(tag, CLIENT_TAG_BYTES, "%s", result->tag);
	if (to->p == NULL && to->n > 0)
		task->failed = true;
	return !task->failed;
}

static struct scms_slice whole_or_none(const struct bytes *bytes)
{
	return bytes->n > 0 ? bytes_view(bytes) : (struct scms_slice){NULL, 0};
}

static void update_apply(struct client_task *task)
{
	struct client_device *device = task->device;
	struct scms_session session = {.policy = whole_or_none(&task->policy),
				       .crl = whole_or_none(&task->crl),
				       .chain = whole_or_none(&task->chain)};
	struct trustee_outcome outcome;

	if (session.policy.p == NULL && session.crl.p == NULL && session.chain.p == NULL) {
		task_end(task, task->offline ? CLIENT_OFFLINE : CLIENT_NOTHING, "%s%s", task->offline ? "nobody answers" : "nothing new",
			 task->missed);
		return;
	}
	outcome = trustee_apply(device->device.trustee, &session, client_now(device));
	if (outcome.status == TRUSTEE_DONE) {
		/* Only what was applied is not asked for again. */
		if (session.policy.p != NULL) {
			memcpy(device->policy_tag, task->policy_tag, sizeof(device->policy_tag));
			/* A chain file that came before the policy that names it is remembered only when it is seen again (rule G4.3). */
			device->chain_tag[0] = '\0';
		}
		if (session.chain.p != NULL)
			memcpy(device->chain_tag, task->chain_tag, sizeof(device->chain_tag));
		if (session.crl.p != NULL)
			memcpy(device->crl_tag, task->crl_tag, sizeof(device->crl_tag));
		tags_write(device);
		json_decref(device->report);
		device->report = json_incref(outcome.report);
		task_end(task, outcome.changed ? CLIENT_DONE : CLIENT_NOTHING, "%s%s",
			 outcome.refused ? "a file was refused" : outcome.changed ? "applied" : "nothing new", task->missed);
	} else {
		task_end(task, CLIENT_FAILED, "%s", outcome.text);
	}
	json_decref(outcome.report);
}

void task_crl(struct client_task *task, unsigned wait, client_step *next)
{
	const struct client_device *device = task->device;
	struct http_call call = {.url = device->device.crl_url, .answer_max = CRL_MAX, .seconds = wait > 0 ? wait + 10 : 0};
	const char *headers[3] = {NULL};
	char match[CLIENT_TAG_BYTES + 32], prefer[32];
	unsigned n = 0;

	if (device->crl_tag[0] != '\0') {
		snprintf(match, sizeof(match), "If-None-Match: %s", device->crl_tag);
		headers[n++] = match;
	}
	if (wait > 0) {
		snprintf(prefer, sizeof(prefer), "Prefer: wait=%u", wait);
		headers[n++] = prefer;
	}
	call.headers = headers;
	task_call(task, device->client->http, &call, next);
}

bool task_keep_crl(struct client_task *task, const struct http_result *result)
{
	return result->status != 200 || keep(task, result, &task->crl, task->crl_tag);
}

void task_crl_applied(struct client_task *task)
{
	if (task->crl.n == 0)
		return;
	memcpy(task->device->crl_tag, task->crl_tag, sizeof(task->device->crl_tag));
	tags_write(task->device);
}

/* The update goes on without it, and says so. */
static void update_missed(struct client_task *task, const char *what, const struct http_result *result)
{
	if (result->status != 200 && result->status != 304 && task->missed[0] == '\0')
		snprintf(task->missed, sizeof(task->missed), "; no %s: %.60s%s%.100s", what, result->status == 0 ? result->error : "the RA refuses",
			 result->why[0] != '\0' ? ": " : "", result->why);
}

static void update_crl_came(struct client_task *task, const struct http_result *result)
{
	task->offline = task->offline || result->status == 0;
	if (!task_keep_crl(task, result))
		task_end(task, CLIENT_FAILED, "out of memory");
	else
		update_apply(task);
}

static void update_crl(struct client_task *task)
{
	task_crl(task, 0, update_crl_came);
}

void client_listen(struct client_device *device, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);

	if (task != NULL)
		task_crl(task, LISTEN_SECONDS, update_crl_came);
}

static void update_chain_came(struct client_task *task, const struct http_result *result)
{
	if (result->status == 200)
		(void)keep(task, result, &task->chain, task->chain_tag);
	update_missed(task, "chain file", result);
	update_crl(task);
}

static void update_policy_came(struct client_task *task, const struct http_result *result)
{
	if (result->status == 200)
		(void)keep(task, result, &task->policy, task->policy_tag);
	update_missed(task, "policy", result);
	/* Whether the RA answers or refuses, the CRL is had from elsewhere. */
	if (result->status == 0)
		update_crl(task);
	else
		task_download(task, "/download/local-certificate-chain", "", task->device->chain_tag, CHAIN_MAX_BYTES, update_chain_came);
}

void client_update(struct client_device *device, client_done *done, void *ctx)
{
	struct client_task *task = task_begin(device, done, ctx);
	enum scms_reason reason;
	struct cert ra;

	if (task == NULL)
		return;
	if (device_enrolment(&device->device, client_now(device), &reason) != NULL && device_ra(&device->device, client_now(device), &ra))
		task_download(task, "/download/policy/local", "", device->policy_tag, POLICY_MAX, update_policy_came);
	else
		update_crl(task);
}
