/* SPDX-License-Identifier: Apache-2.0 */
#include "components/eca/service.h"

#include "components/eca/enrol.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 4096
#define ANSWER_TYPE "application/octet-stream"

static const char *const steps[] = {
    "CREATE TABLE issued (request BLOB PRIMARY KEY NOT NULL, id10 BLOB NOT NULL, expiry BIGINT NOT NULL, answer BLOB NOT NULL)",
};
static const struct db_schema schema = {"eca", steps, 1};

struct state {
	struct eca eca;
	uint64_t enrolled, refused, repeated;
};

/* Who the CA is, after each change of identity. */
static void identify(struct service *service)
{
	struct state *state = service->state;
	const struct cert *cert = service->party->cert;

	state->eca.party = *service->party;
	state->eca.judge = trustee_judge(service->trustee);
	if (cert != NULL)
		memcpy(state->eca.craca_id, cert->c.toBeSigned.cracaId, sizeof(state->eca.craca_id));
}

struct found {
	struct http_exchange *exchange;
	struct commit *commit;
	bool answered;
};

static bool answer_again(void *ctx, const struct db_value *columns, size_t count)
{
	struct found *found = ctx;

	(void)count;
	/* After the turn's transaction, like the first answer: it may be in the same turn. */
	commit_answer(found->commit, found->exchange, 200, ANSWER_TYPE, columns[0].bytes);
	found->answered = true;
	return false;
}

static void keep_and_answer(struct service *service, struct http_exchange *exchange, const uint8_t hash[32],
			    const struct eca_enrolled *enrolled)
{
	if (db_run(service->db, "INSERT INTO issued (request, id10, expiry, answer) VALUES ($1, $2, $3, $4)",
		   DB_VALUES(db_bytes(hash, 32), db_bytes(enrolled->certificate_id10, 10), db_integer(enrolled->expiry),
			     db_bytes(enrolled->answer.p, enrolled->answer.n))) != 1) {
		service_refuse(service, exchange, 503, 0, "the database refused: %s", db_error(service->db));
		return;
	}
	commit_answer(service->commit, exchange, 200, ANSWER_TYPE, bytes_view(&enrolled->answer));
}

static void provision(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	struct scms_slice request = http_body(exchange);
	struct found found = {exchange, service->commit, false};
	struct eca_enrolled enrolled;
	struct eca_refusal refusal;
	struct key_error err;
	uint8_t hash[32];

	if (!commit_begin(service->commit)) {
		service_refuse(service, exchange, 503, 0, "no transaction: %s", db_error(service->db));
		return;
	}
	service->party->crypto->sha256(service->party->crypto->ctx, &request, 1, hash);
	if (db_each(service->db, "SELECT answer FROM issued WHERE request = $1", DB_VALUES(db_bytes(hash, 32)), answer_again, &found) < 0) {
		service_refuse(service, exchange, 503, 0, "the database refused: %s", db_error(service->db));
		return;
	}
	if (found.answered) {
		state->repeated++;
		return;
	}
	switch (eca_enrol(&state->eca, request, clock_now(), &enrolled, &refusal, &err)) {
	case KEY_OK:
		state->enrolled++;
		keep_and_answer(service, exchange, hash, &enrolled);
		break;
	case KEY_REFUSED:
		state->refused++;
		/* The published table has no codes of the ECA; its error's number is told as it is. */
		service_refuse(service, exchange, 400, (unsigned)refusal.error, "%s", refusal.text);
		break;
	default:
		service_refuse(service, exchange, 500, (unsigned)EcaEndEntityError_ecaInternalServerError, "%s", err.text);
	}
	bytes_free(&enrolled.answer);
}

static bool start(struct service *service, struct service_error *err)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state == NULL) {
		snprintf(err->text, sizeof(err->text), "%s: out of memory", service->name);
		return false;
	}
	state->eca.tolerance_seconds = (uint32_t)service_number(service, "tolerance_seconds");
	state->eca.validity_hours_max = (uint32_t)service_number(service, "validity_hours_max");
	service->state = state;
	identify(service);
	return true;
}

static void stop(struct service *service)
{
	free(service->state);
}

static void metrics(struct service *service, struct metrics *to)
{
	const struct state *state = service->state;

	metrics_counter(to, "scms_eca_enrolments", "Enrolment certificates issued", NULL, state->enrolled);
	metrics_counter(to, "scms_eca_repeated", "Requests that came again and got the same answer", NULL, state->repeated);
	metrics_counter(to, "scms_eca_refused", "Requests refused", NULL, state->refused);
}

static const struct service_route routes[] = {
    {HTTP_POST, "/provision-enrollment-certificate", "dcm", REQUEST_MAX, SERVICE_ISSUES, provision},
    {0},
};

static const struct role_setting settings[] = {
    {"tolerance_seconds", SETTING_NUMBER, 1, 86400, 300, NULL, "seconds that a request's time may be off"},
    {"validity_hours_max", SETTING_NUMBER, 1, 30 * 8766, 6 * 8766, NULL, "hours that an enrolment certificate may hold"},
    {0},
};

const struct role_service eca_service = {
    .name = "eca",
    .schema = &schema,
    .routes = routes,
    .settings = settings,
    .start = start,
    .stop = stop,
    .changed = identify,
    .metrics = metrics,
};
