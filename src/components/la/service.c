/* SPDX-License-Identifier: Apache-2.0 */
#include "components/la/service.h"

#include "components/la/answer.h"
#include "components/period.h"
#include "components/role_service.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define LA_REQUEST_MAX 262144 /* bytes: a thousand chains that go on */
#define LA_SKEW 300000000u /* microseconds: how far a request's time may be from ours */

struct la_state {
	struct la la;
	struct plv_keys keys;
	uint64_t requests, refused, agreed, seeds;
};

static const char *const steps[] = {SHARED_KEY_TABLE};
static const struct db_schema schema = {"la", steps, sizeof(steps) / sizeof(steps[0])};

/* The id of the authority is in its certificate. */
static bool read_id(const struct cert *cert, uint16_t *id)
{
	struct oer_iter it = oer_iterate(&cert->c.toBeSigned.appPermissions);
	struct PsidSsp permission;
	struct ScmsSsp ssp;

	while (oer_next(&it, &permission)) {
		if (permission.psid != PSID_SECURITY_MANAGEMENT || !permission.has_ssp ||
		    permission.ssp.choice != ServiceSpecificPermissions_is_opaque ||
		    oer_decode(&oer_ScmsSsp, permission.ssp.u.opaque, OER_DEPTH_DEFAULT, &ssp, NULL) != OER_OK ||
		    ssp.choice != ScmsSsp_is_la)
			continue;
		*id = ssp.u.la.laId;
		return true;
	}
	return false;
}

static void la_changed(struct service *service)
{
	struct la_state *state = service->state;
	uint16_t id;

	if (read_id(service->party->cert, &id))
		state->la.id = id;
}

static void la_stop(struct service *service)
{
	struct la_state *state = service->state;

	plv_keys_free(&state->keys);
	OPENSSL_clear_free(state, sizeof(*state));
}

static bool la_start(struct service *service, struct service_error *err)
{
	struct la_state *state = OPENSSL_zalloc(sizeof(*state));

	if (state == NULL) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return false;
	}
	service->state = state;
	state->la.crypto = service->party->crypto;
	if (!read_id(service->party->cert, &state->la.id))
		snprintf(err->text, sizeof(err->text), "%.100s: its certificate has no SSP of a linkage authority with its laId",
			 service->name);
	else if (role_own_key(service, state->la.own_key, err) &&
		 shared_keys_load(service, state->la.own_key, &state->keys, err))
		return true;
	la_stop(service);
	return false;
}

/* ---- pre-linkage values ---- */

static void handle_values(struct service *service, struct http_exchange *exchange)
{
	struct la_state *state = service->state;
	struct message message;
	struct bytes pdu = {NULL, 0};
	struct key_error err;
	struct ScmsPDU content;
	const struct RaLaIndividualPreLinkageValueRequestMsg *request = &content.content.u.la_ra.u.raLaIndividualPreLinkageValueRequest;
	scms_time64 now = clock_now();
	bool refused;

	state->requests++;
	if (!role_open(service, exchange, "SignedRaLaIndividualPreLinkageValueRequest", ROLE_RA, 0, &message))
		state->refused++;
	else if (oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &content, NULL) != OER_OK)
		service_refuse(service, exchange, 400, 0, "not a request for pre-linkage values");
	else if (message.time > now + LA_SKEW || message.time + LA_SKEW < now)
		service_refuse(service, exchange, 403, 0, "the request's generationTime is more than %u s away", LA_SKEW / 1000000u);
	else if (la_answer_values(&state->la, role_host(service), &state->keys, request, message.hash, role_now(), &refused, &pdu,
				  &err) != KEY_OK)
		role_failed(service, exchange, "pre-linkage values", &err);
	else {
		if (refused)
			state->refused++;
		role_answer(service, exchange, "SignedLaRaPreLinkageValueResponse", bytes_view(&pdu), NULL);
	}
	bytes_free(&pdu);
	message_free(&message);
}

/* ---- key agreement ---- */

static void refuse_agreement(struct service *service, struct http_exchange *exchange, const struct message *message, int32_t code)
{
	const struct agreement_party me = {service->party, role_host(service)};
	struct bytes pdu = {NULL, 0};
	struct key_error err;

	if (agreement_refuse(&me, message->hash, code, &pdu, &err) != KEY_OK)
		role_failed(service, exchange, "key agreement", &err);
	else
		role_answer(service, exchange, "SignedLaPcaKeyAgreementResponse", bytes_view(&pdu), NULL);
	bytes_free(&pdu);
}

/* Keeps what was agreed until the PCA shows that it has it too, and answers. */
static void answer_agreement(struct service *service, struct http_exchange *exchange, const struct message *message,
			     const struct PcaLaKeyAgreementRequestMsg *request, struct plv_key *key)
{
	const struct agreement_party me = {service->party, role_host(service)};
	struct la_state *state = service->state;
	const struct scms_crypto *crypto = service->party->crypto;
	struct bytes pdu = {NULL, 0}, made = {NULL, 0};
	struct scms_slice view;
	struct key_error err;
	uint8_t hash[32];
	enum key_status status;

	status = agreement_answer(&me, request, message->hash, &message->signer.cert[0], &key->agreement, &pdu, &err);
	if (status == KEY_NOT_FOR_US || status == KEY_VALUE || status == KEY_POINT) {
		refuse_agreement(service, exchange, message, LaPcaErrorCode_invalidAlgorithm);
		bytes_free(&pdu);
		return;
	}
	if (status == KEY_OK)
		status = sealed_key_id(key->agreement.key, crypto, key->id, &err);
	if (status == KEY_OK)
		status = message_make(service->party, envelope_find("SignedLaPcaKeyAgreementResponse"), bytes_view(&pdu), clock_now(),
				      NULL, &made, &err);
	view = bytes_view(&made);
	if (status == KEY_OK) {
		crypto->sha256(crypto->ctx, &view, 1, hash);
		if (!shared_key_save(service, state->la.own_key, key, hash + 24) || !plv_keys_add(&state->keys, key))
			status = key_fail(&err, KEY_FAILED, "the key could not be kept");
	}
	if (status == KEY_OK)
		commit_answer(service->commit, exchange, 200, OCTETS, view);
	else
		role_failed(service, exchange, "key agreement", &err);
	bytes_free(&pdu);
	bytes_free(&made);
}

static void handle_agreement_request(struct service *service, struct http_exchange *exchange, struct message *message)
{
	struct ScmsPDU content;
	const struct PcaLaKeyAgreementRequestMsg *request = &content.content.u.la_pca.u.pcaLaKeyAgreementRequest;
	struct plv_key key = {.confirmed = false};
	scms_time32 now = role_now();

	if (oer_decode(&oer_ScmsPDU, message->content, OER_DEPTH_DEFAULT, &content, NULL) != OER_OK || request->pcaId.n == 0 ||
	    request->pcaId.n >= sizeof(key.host))
		service_refuse(service, exchange, 400, 0, "not a request to agree on a key");
	else if (request->startDate >= request->endDate)
		refuse_agreement(service, exchange, message, LaPcaErrorCode_invalidStartTime);
	else if (request->endDate <= now)
		refuse_agreement(service, exchange, message, LaPcaErrorCode_invalidEndTime);
	else {
		memcpy(key.host, request->pcaId.p, request->pcaId.n);
		key.start = request->startDate;
		key.end = request->endDate;
		answer_agreement(service, exchange, message, request, &key);
	}
	OPENSSL_cleanse(&key, sizeof(key));
}

static void handle_agreement_ack(struct service *service, struct http_exchange *exchange, struct message *message)
{
	struct la_state *state = service->state;
	struct ScmsPDU content;
	const struct PcaLaKeyAgreementAckMsg *ack = &content.content.u.la_pca.u.pcaLaKeyAgreementAck;
	struct plv_key *key = NULL;
	struct key_error err;
	uint8_t id[8];

	if (oer_decode(&oer_ScmsPDU, message->content, OER_DEPTH_DEFAULT, &content, NULL) == OER_OK &&
	    shared_key_find(service, ack->requestHash, id))
		key = plv_keys_find(&state->keys, id);
	if (key == NULL || strlen(key->host) != ack->pcaId.n || memcmp(key->host, ack->pcaId.p, ack->pcaId.n) != 0) {
		service_refuse(service, exchange, 404, 0, "no key was agreed on by that answer");
		return;
	}
	if (agreement_confirm(&key->agreement, ack, &err) != KEY_OK) {
		service_refuse(service, exchange, 403, 0, "%s", err.text);
		return;
	}
	if (!key->confirmed)
		state->agreed++;
	key->confirmed = true;
	if (!commit_begin(service->commit) ||
	    db_run(service->db, "UPDATE shared_key SET confirmed = 1 WHERE id = $1", DB_VALUES(db_bytes(id, 8))) != 1)
		service_refuse(service, exchange, 503, 0, "the key could not be kept");
	else
		commit_answer(service->commit, exchange, 200, OCTETS, (struct scms_slice){NULL, 0});
}

/* One path for both steps: what a message is, it says itself. */
static void handle_agreement(struct service *service, struct http_exchange *exchange)
{
	const struct envelope *ack = envelope_find("SignedPcaLaKeyAgreementAck");
	bool is_ack = envelope_check(ack, http_body(exchange), OER_DEPTH_DEFAULT, NULL, NULL) == OER_OK;
	struct message message;

	if (role_open(service, exchange, is_ack ? ack->name : "SignedPcaLaKeyAgreementRequest", ROLE_PCA, 0, &message)) {
		if (is_ack)
			handle_agreement_ack(service, exchange, &message);
		else
			handle_agreement_request(service, exchange, &message);
	}
	message_free(&message);
}

/* ---- for the MA ---- */

static void handle_seeds(struct service *service, struct http_exchange *exchange)
{
	struct la_state *state = service->state;
	struct message message;
	struct bytes pdu = {NULL, 0};
	struct key_error err;
	struct ScmsPDU content;
	const struct MaLaLinkageSeedRequestMsg *request = &content.content.u.la_ma.u.maLaLinkageSeedRequest;

	if (!role_open(service, exchange, "SecuredLSRequest", ROLE_MA, 0, &message)) {
		/* answered */
	} else if (oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &content, NULL) != OER_OK) {
		service_refuse(service, exchange, 400, 0, "not a request for linkage seeds");
	} else if (la_answer_seeds(&state->la, role_host(service), request, message.hash, period_of(role_now()), &pdu, &err) != KEY_OK) {
		service_refuse(service, exchange, 400, 0, "%s", err.text);
	} else {
		state->seeds += request->tbs.lci.count;
		role_answer(service, exchange, "SecuredLSReply", bytes_view(&pdu), &message.signer.cert[0]);
	}
	bytes_free(&pdu);
	message_free(&message);
}

static void la_metrics(struct service *service, struct metrics *to)
{
	const struct la_state *state = service->state;

	metrics_counter(to, "scms_la_requests", "Requests for pre-linkage values", NULL, state->requests);
	metrics_counter(to, "scms_la_refused", "Requests for pre-linkage values that were refused", NULL, state->refused);
	metrics_counter(to, "scms_la_keys_agreed", "Keys agreed on with PCAs", NULL, state->agreed);
	metrics_counter(to, "scms_la_seeds", "Linkage chains that the MA asked about", NULL, state->seeds);
}

static const struct service_route routes[] = {
    {HTTP_POST, "/la/pre-linkage-values", "ra", LA_REQUEST_MAX, SERVICE_ISSUES, handle_values},
    {HTTP_POST, "/la/key-agreement", "pca", 8192, SERVICE_ISSUES, handle_agreement},
    {HTTP_POST, "/la/linkage-seed", "ma", LA_REQUEST_MAX, 0, handle_seeds},
    ROLE_CERTIFICATE_ROUTE,
    {.path = NULL},
};

const struct role_service la_service = {
    .name = "la",
    .schema = &schema,
    .routes = routes,
    .start = la_start,
    .stop = la_stop,
    .changed = la_changed,
    .metrics = la_metrics,
};
