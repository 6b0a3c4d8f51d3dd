/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/sender.h"

#include "components/ra/aggregator.h"

#include <stdlib.h>
#include <string.h>

#define LOADED_MAX 512 /* items read from the database at a time */
#define ANSWER_MAX 8192
#define RETRY_SECONDS 2

/* An item on its way. */
struct parcel {
	struct ra_sender *sender;
	struct parcel *next; /* of those not sent yet */
	uint8_t hpcr[32];
	enum ra_kind kind;
	size_t n;
	uint8_t pdu[];
};

struct ra_sender {
	struct service *service;
	struct parcel *queue, **end;
	unsigned queued, under_way, at_a_time;
	scms_time32 not_before;
	bool stopping;
};

static const char *const paths[] = {
    [RA_PSEUDONYM] = "/pca/pseudonym", [RA_IDENTIFICATION] = "/pca/identification", [RA_APPLICATION] = "/pca/application"};

static bool load_one(void *ctx, const struct db_value *columns, size_t count)
{
	struct ra_sender *sender = ctx;
	struct parcel *parcel;

	(void)count;
	if (columns[0].bytes.n != 32 || columns[1].integer < RA_PSEUDONYM || columns[1].integer > RA_APPLICATION)
		return true;
	parcel = malloc(sizeof(*parcel) + columns[2].bytes.n);
	if (parcel == NULL)
		return false;
	*parcel = (struct parcel){.sender = sender, .kind = (enum ra_kind)columns[1].integer, .n = columns[2].bytes.n};
	memcpy(parcel->hpcr, columns[0].bytes.p, 32);
	memcpy(parcel->pdu, columns[2].bytes.p, parcel->n);
	*sender->end = parcel;
	sender->end = &parcel->next;
	sender->queued++;
	return true;
}

static void settled(struct parcel *parcel, bool ok, bool filed)
{
	struct ra_sender *sender = parcel->sender;
	struct ra_state *state = ra_state_of(sender->service);

	if (!ok)
		log_event(sender->service->name, LOG_LEVEL_ERROR, "answer of the PCA", "s:s", "not kept", db_error(sender->service->db));
	state->sent += ok;
	state->filed += ok && filed;
}

/* Keeps a good answer. False: it is none. */
static bool take_answer(struct parcel *parcel, struct scms_slice body)
{
	struct service *service = parcel->sender->service;
	struct message message;
	struct ScmsPDU content;
	const struct PcaRaCertResponseMsg *answer = &content.content.u.pca_ra.u.pcaRaCertResponse;
	struct bytes response = {NULL, 0};
	struct key_error err;
	enum role role;
	bool filed = false;
	bool ok = message_open(service->party, envelope_find("SecuredPcaRaCertificateRequestReply"), body, clock_now(),
			       trustee_judge(service->trustee), &message) == MESSAGE_OK &&
		  role_of_certificate(&message.signer.cert[0], &role) && role == ROLE_PCA &&
		  oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &content, NULL) == OER_OK &&
		  memcmp(answer->requestHash, parcel->hpcr + 24, 8) == 0 &&
		  answer->reply.u.success.choice == PcaRaCertResponseMsg_reply_success_is_signed_encrypted &&
		  (!answer->has_certificate_id || answer->certificate_id.n == 10) &&
		  make_bytes(&oer_Ieee1609Dot2Data, &answer->reply.u.success.u.signed_encrypted, &response, &err) == KEY_OK;

	if (ok)
		settled(parcel,
			commit_begin(service->commit) && ra_pca_answered(ra_state_of(service), parcel->hpcr, &message.signer.cert[0]) &&
			    aggregator_answer(service->db, parcel->hpcr, bytes_view(&response),
					      answer->has_certificate_id ? answer->certificate_id.p : NULL, &filed),
			filed);
	bytes_free(&response);
	message_free(&message);
	return ok;
}

static void send_next(struct ra_sender *sender);

static void on_answer(void *ctx, const struct http_result *result)
{
	struct parcel *parcel = ctx;
	struct ra_sender *sender = parcel->sender;
	struct service *service = sender->service;
	bool filed = false;

	sender->under_way--;
	if (result->status == 200 && take_answer(parcel, result->body)) {
		/* kept */
	} else if ((result->status == 400 && ra_pca_refused(ra_state_of(service))) || result->status == 410) {
		/* It will never be issued. Which device it was for stays out of the log. */
		log_event(service->name, LOG_LEVEL_WARNING, "PCA refuses", "s:i", "status", result->status);
		settled(parcel, commit_begin(service->commit) && aggregator_refuse(service->db, parcel->hpcr, &filed), filed);
	} else if (!sender->stopping) {
		sender->not_before = role_now() + RETRY_SECONDS;
		if (result->status != 400)
			log_event(service->name, LOG_LEVEL_WARNING, "PCA does not answer", "s:i, s:s", "status", result->status, "why",
				  result->status == 0 ? result->error : "");
	}
	free(parcel);
	send_next(sender);
}

static void send_one(struct ra_sender *sender, struct parcel *parcel)
{
	struct service *service = sender->service;
	struct bytes made = {NULL, 0};
	struct key_error err;

	if (message_make(service->party, envelope_find("SecuredRaPcaCertificateRequest"), (struct scms_slice){parcel->pdu, parcel->n},
			 clock_now(), NULL, &made, &err) != KEY_OK) {
		log_event(service->name, LOG_LEVEL_ERROR, "request to the PCA", "s:s", "failed", err.text);
		sender->not_before = role_now() + RETRY_SECONDS;
		free(parcel);
	} else if (service_call(service, "pca", paths[parcel->kind], bytes_view(&made), ANSWER_MAX, on_answer, parcel)) {
		sender->under_way++;
	} else {
		free(parcel);
	}
	bytes_free(&made);
}

/* What was read and not sent is read again later: it is in the database. */
static void forget_queue(struct ra_sender *sender)
{
	while (sender->queue != NULL) {
		struct parcel *parcel = sender->queue;

		sender->queue = parcel->next;
		free(parcel);
	}
	sender->end = &sender->queue;
	sender->queued = 0;
}

static void send_next(struct ra_sender *sender)
{
	struct service *service = sender->service;

	if (sender->stopping || role_now() < sender->not_before || service_standing(service) != SCMS_VALID ||
	    !ra_pca_usable(ra_state_of(service))) {
		forget_queue(sender);
		return;
	}
	/* Only when all of the last load is settled, and on disk: else an item would be read and sent twice. */
	if (sender->queued == 0 && sender->under_way == 0) {
		commit_flush(service->commit);
		db_each(service->db, "SELECT hpcr, kind, pdu FROM item WHERE state = 1 AND pdu IS NOT NULL ORDER BY ticket LIMIT $1",
			DB_VALUES(db_integer(LOADED_MAX)), load_one, sender);
	}
	while (sender->queue != NULL && sender->under_way < sender->at_a_time) {
		struct parcel *parcel = sender->queue;

		sender->queue = parcel->next;
		if (sender->queue == NULL)
			sender->end = &sender->queue;
		sender->queued--;
		send_one(sender, parcel);
	}
}

void ra_sender_run(struct ra_sender *sender)
{
	struct ra_state *state = ra_state_of(sender->service);
	int64_t released;

	if (!ra_pca_usable(state) || !commit_begin(sender->service->commit))
		return;
	released = aggregator_release(sender->service->db, &state->policy, role_now());
	state->releases += released > 0;
	send_next(sender);
}

struct ra_sender *ra_sender_new(struct service *service, unsigned at_a_time)
{
	struct ra_sender *sender = calloc(1, sizeof(*sender));

	if (sender == NULL)
		return NULL;
	sender->service = service;
	sender->at_a_time = at_a_time;
	sender->end = &sender->queue;
	return sender;
}

void ra_sender_free(struct ra_sender *sender)
{
	if (sender == NULL)
		return;
	forget_queue(sender);
	free(sender);
}
