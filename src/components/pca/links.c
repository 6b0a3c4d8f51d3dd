/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pca/links.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define LINKS 2
#define CERTIFICATE_MAX 4096
#define ANSWER_MAX 8192
#define RETRY_SECONDS 2
#define EARLY 300u /* seconds: a new key holds from so long ago, for the clocks of both sides */

enum step { STEP_IDLE, STEP_CERTIFICATE, STEP_REQUEST, STEP_ACK };

/* The PCA's side of what it has with one LA. */
struct link {
	struct pca_links *links;
	const char *peer;
	enum step under_way;
	scms_time32 not_before; /* of the next try */
	struct bytes certificate;
	struct cert cert;
	struct plv_key key; /* being agreed on, or to be acknowledged */
	uint8_t answer[8];
	struct bytes ack; /* n > 0: the LA has not confirmed yet */
	char host[256];	  /* of the LA, once its certificate is known */
};

struct pca_links {
	struct service *service;
	struct plv_keys *keys;
	uint8_t own[AES_128_KEY];
	uint32_t seconds;
	struct link link[LINKS];
};

static void failed(struct link *link, const char *what, const char *why)
{
	struct service *service = link->links->service;

	link->under_way = STEP_IDLE;
	link->not_before = role_now() + RETRY_SECONDS;
	log_event(service->name, LOG_LEVEL_WARNING, "key agreement", "s:s, s:s, s:s", "with", link->peer, "what", what, "why", why);
}

/* The answer's body, where there is a good one. */
static bool answered(struct link *link, const char *what, const struct http_result *result)
{
	char text[64];

	if (result->status == 200)
		return true;
	snprintf(text, sizeof(text), "answered %d", result->status);
	failed(link, what, result->status == 0 ? result->error : text);
	return false;
}

static void call(struct link *link, enum step step, const char *path, struct scms_slice body,
		 void (*done)(void *ctx, const struct http_result *result))
{
	link->under_way = step;
	if (!service_call(link->links->service, link->peer, path, body, step == STEP_CERTIFICATE ? CERTIFICATE_MAX : ANSWER_MAX, done,
			  link))
		failed(link, path, "out of memory");
}

/* ---- the LA's certificate ---- */

static bool take_certificate(struct link *link, struct scms_slice bytes, const char **why)
{
	struct service *service = link->links->service;
	const struct CertificateId *id = &link->cert.c.toBeSigned.id;
	enum scms_reason reason;
	enum role role;

	bytes_free(&link->certificate);
	link->certificate.p = OPENSSL_memdup(bytes.p, bytes.n);
	link->certificate.n = link->certificate.p != NULL ? bytes.n : 0;
	*why = "is no certificate of a linkage authority";
	if (link->certificate.n == 0 ||
	    cert_read(&link->cert, bytes_view(&link->certificate), service->party->crypto, NULL) != OER_OK ||
	    !role_of_certificate(&link->cert, &role) || role != ROLE_LA || id->choice != CertificateId_is_name || id->u.name.n == 0 ||
	    id->u.name.n >= sizeof(link->host))
		return false;
	reason = trustee_check(service->trustee, bytes_view(&link->certificate), clock_now());
	*why = scms_reason_name(reason);
	memset(link->host, 0, sizeof(link->host));
	memcpy(link->host, id->u.name.p, id->u.name.n);
	return reason == SCMS_VALID;
}

static void on_certificate(void *ctx, const struct http_result *result)
{
	struct link *link = ctx;
	const char *why;

	if (!answered(link, "certificate", result))
		return;
	link->under_way = STEP_IDLE;
	if (!take_certificate(link, result->body, &why)) {
		bytes_free(&link->certificate);
		failed(link, "certificate", why);
	}
}

/* ---- agreement ---- */

static void on_ack(void *ctx, const struct http_result *result)
{
	struct link *link = ctx;
	struct service *service = link->links->service;

	if (!answered(link, "acknowledgement", result)) {
		/* The LA knows nothing of it any more: from the beginning. */
		if (result->status >= 400 && result->status < 500)
			bytes_free(&link->ack);
		return;
	}
	link->under_way = STEP_IDLE;
	bytes_free(&link->ack);
	link->key.confirmed = true;
	if (!shared_key_save(service, link->links->own, &link->key, link->answer) || !plv_keys_add(link->links->keys, &link->key))
		failed(link, "acknowledgement", "the key could not be kept");
	else
		log_event(service->name, LOG_LEVEL_INFO, "key agreed", "s:s, s:I", "with", link->host, "until",
			  (json_int_t)link->key.end);
}

static void send_ack(struct link *link)
{
	call(link, STEP_ACK, "/la/key-agreement", bytes_view(&link->ack), on_ack);
}

/* The key is on disk: the LA may begin to use it. */
static void on_kept(void *ctx, bool durable)
{
	struct link *link = ctx;

	if (durable)
		send_ack(link);
	else
		failed(link, "key", "it could not be kept");
}

static enum key_status take_answer(struct link *link, struct scms_slice body, struct key_error *err)
{
	struct service *service = link->links->service;
	const struct agreement_party me = {service->party, role_host(service)};
	struct message message;
	struct bytes pdu = {NULL, 0};
	struct ScmsPDU content;
	enum key_status status = KEY_OK;

	if (message_open(service->party, envelope_find("SignedLaPcaKeyAgreementResponse"), body, clock_now(),
			 trustee_judge(service->trustee), &message) != MESSAGE_OK ||
	    memcmp(message.signer.cert[0].hash256, link->cert.hash256, 32) != 0 ||
	    oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &content, NULL) != OER_OK)
		status = key_fail(err, KEY_MISMATCH, "the answer is not signed by the LA");
	if (status == KEY_OK)
		status = agreement_take(&me, &content.content.u.la_pca.u.laPcaKeyAgreementResponse, message.hash, &link->key.agreement,
					&pdu, err);
	memcpy(link->answer, message.hash + 24, 8);
	if (status == KEY_OK)
		status = sealed_key_id(link->key.agreement.key, service->party->crypto, link->key.id, err);
	if (status == KEY_OK)
		status = message_make(service->party, envelope_find("SignedPcaLaKeyAgreementAck"), bytes_view(&pdu), clock_now(), NULL,
				      &link->ack, err);
	message_free(&message);
	bytes_free(&pdu);
	return status;
}

static void on_answer(void *ctx, const struct http_result *result)
{
	struct link *link = ctx;
	struct key_error err;

	if (!answered(link, "request", result))
		return;
	if (take_answer(link, result->body, &err) != KEY_OK) {
		failed(link, "answer", err.text);
		return;
	}
	link->key.confirmed = false;
	if (!plv_keys_add(link->links->keys, &link->key) ||
	    !shared_key_save(link->links->service, link->links->own, &link->key, link->answer)) {
		bytes_free(&link->ack);
		failed(link, "key", "it could not be kept");
		return;
	}
	commit_then(link->links->service->commit, on_kept, link);
}

static void send_request(struct link *link)
{
	struct service *service = link->links->service;
	const struct agreement_party me = {service->party, role_host(service)};
	scms_time32 now = role_now();
	struct bytes pdu = {NULL, 0}, made = {NULL, 0};
	struct key_error err;
	enum key_status status;

	memset(&link->key, 0, sizeof(link->key));
	memcpy(link->key.host, link->host, sizeof(link->key.host));
	link->key.start = now - EARLY;
	link->key.end = now + link->links->seconds;
	status = agreement_request(&me, &link->cert, link->key.start, link->key.end, &link->key.agreement, &pdu, &err);
	if (status == KEY_OK)
		status = message_make(service->party, envelope_find("SignedPcaLaKeyAgreementRequest"), bytes_view(&pdu), clock_now(),
				      NULL, &made, &err);
	if (status == KEY_OK)
		call(link, STEP_REQUEST, "/la/key-agreement", bytes_view(&made), on_answer);
	else
		failed(link, "request", err.text);
	bytes_free(&pdu);
	bytes_free(&made);
}

static const struct plv_key *key_of(const struct link *link)
{
	struct scms_slice host = {(const uint8_t *)link->host, strlen(link->host)};

	return plv_keys_current(link->links->keys, host, role_now());
}

static void link_tick(struct link *link)
{
	const struct plv_key *key = key_of(link);
	scms_time32 now = role_now();

	if (link->under_way != STEP_IDLE || now < link->not_before)
		return;
	if (link->certificate.n == 0)
		call(link, STEP_CERTIFICATE, "/certificate", (struct scms_slice){NULL, 0}, on_certificate);
	else if (link->ack.n > 0)
		send_ack(link);
	else if (key == NULL || key->end - now < link->links->seconds / 4) {
		/* The LA may have another certificate by now. */
		const char *why;
		struct scms_slice bytes = bytes_view(&link->certificate);

		if (trustee_check(link->links->service->trustee, bytes, clock_now()) == SCMS_VALID)
			send_request(link);
		else if (!take_certificate(link, bytes, &why))
			bytes_free(&link->certificate);
	}
}

void pca_links_tick(struct pca_links *links)
{
	for (unsigned k = 0; k < LINKS; k++)
		link_tick(&links->link[k]);
}

unsigned pca_links_ready(const struct pca_links *links)
{
	unsigned ready = 0;

	for (unsigned k = 0; k < LINKS; k++)
		ready += key_of(&links->link[k]) != NULL;
	return ready;
}

struct pca_links *pca_links_new(struct service *service, struct plv_keys *keys, uint32_t days, struct service_error *err)
{
	static const char *const peers[LINKS] = {"la1", "la2"};
	struct pca_links *links = OPENSSL_zalloc(sizeof(*links));

	if (links == NULL) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return NULL;
	}
	links->service = service;
	links->keys = keys;
	links->seconds = days * 86400u;
	for (unsigned k = 0; k < LINKS; k++) {
		links->link[k].links = links;
		links->link[k].peer = peers[k];
	}
	if (role_own_key(service, links->own, err) && shared_keys_load(service, links->own, keys, err))
		return links;
	pca_links_free(links);
	return NULL;
}

void pca_links_free(struct pca_links *links)
{
	if (links == NULL)
		return;
	for (unsigned k = 0; k < LINKS; k++) {
		bytes_free(&links->link[k].certificate);
		bytes_free(&links->link[k].ack);
	}
	OPENSSL_clear_free(links, sizeof(*links));
}
