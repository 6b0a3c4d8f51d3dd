/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /retrieve-ra-certificate: the RA's certificate and the composite CRL to check it against (ScopedRaEeCertResponse), for anybody.
 * The CRL is the CRL store's; it is asked once a minute at most, however many want it.
 */
#include "components/ra/ra.h"

#include "dot2/make.h"

#include <stdlib.h>
#include <sys/queue.h>

#define CRL_MAX ((size_t)64 << 20)
#define FRESH_SECONDS 60

struct waiter {
	STAILQ_ENTRY(waiter) link;
	struct http_exchange *exchange;
};

struct ra_certificate {
	struct service *service;
	struct http_content *content; /* NULL: none was made, or the certificate has changed since */
	scms_time32 made;
	bool asked;
	STAILQ_HEAD(, waiter) waiters;
};

static struct http_content *response_make(const struct service *service, struct scms_slice crl)
{
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct RaEeCertResponseMsg *response = &pdu.content.u.ee_ra.u.raEeCertResponse;
	struct key_error err = {.text = ""};
	struct bytes bytes = {NULL, 0};
	struct oer_error oer;

	pdu.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_raEeCertResponse;
	response->version = 1;
	response->reply.choice = RaEeCertResponseMsg_reply_is_ack;
	response->reply.u.ack.raCertificate = service->party->cert->c;
	if (oer_decode(&oer_CompositeCrl, crl, OER_DEPTH_DEFAULT, &response->reply.u.ack.crl, &oer) == OER_OK &&
	    make_bytes(&oer_ScmsPDU, &pdu, &bytes, &err) == KEY_OK)
		return http_content_new(bytes_view(&bytes), OCTETS);
	log_event(service->name, LOG_LEVEL_WARNING, "certificate and CRL", "s:s", "text",
		  err.text[0] != '\0' ? err.text : "the CRL that is out is not in the form of CAMP 1.2.4, in which this answer is");
	return NULL;
}

static void answer_all(struct ra_certificate *state)
{
	struct waiter *waiter;

	while ((waiter = STAILQ_FIRST(&state->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&state->waiters, link);
		if (state->content != NULL)
			http_answer_content(waiter->exchange, state->content);
		else
			service_refuse(state->service, waiter->exchange, 503, RA_NO_CODE, "the CRL store has no CRL that could be sent");
		free(waiter);
	}
}

static void on_crl(void *ctx, const struct http_result *result)
{
	struct ra_certificate *state = ctx;

	state->asked = false;
	ra_certificate_forget(state);
	if (result->status == 200 && state->service->party->cert != NULL)
		state->content = response_make(state->service, result->body);
	state->made = role_now();
	answer_all(state);
}

void ra_handle_certificate(struct service *service, struct http_exchange *exchange)
{
	struct ra_certificate *state = ra_state_of(service)->certificate;
	scms_time32 now = role_now();
	struct waiter *waiter;

	if (state->content != NULL && now >= state->made && now - state->made < FRESH_SECONDS) {
		http_answer_content(exchange, state->content);
		return;
	}
	if (service_peer(service, "crl-store") == NULL) {
		service_refuse(service, exchange, 404, RA_NO_CODE, "this RA knows no CRL store");
		return;
	}
	waiter = malloc(sizeof(*waiter));
	if (waiter == NULL) {
		service_refuse(service, exchange, 503, RA_NO_CODE, "out of memory");
		return;
	}
	waiter->exchange = exchange;
	STAILQ_INSERT_TAIL(&state->waiters, waiter, link);
	if (!state->asked)
		state->asked = service_call(service, "crl-store", "/download-crl/", (struct scms_slice){NULL, 0}, CRL_MAX, on_crl, state);
	if (!state->asked)
		answer_all(state);
}

void ra_certificate_forget(struct ra_certificate *state)
{
	http_content_free(state->content);
	state->content = NULL;
}

struct ra_certificate *ra_certificate_new(struct service *service)
{
	struct ra_certificate *state = calloc(1, sizeof(*state));

	if (state == NULL)
		return NULL;
	state->service = service;
	STAILQ_INIT(&state->waiters);
	return state;
}

void ra_certificate_free(struct ra_certificate *state)
{
	if (state == NULL)
		return;
	ra_certificate_forget(state);
	free(state);
}
