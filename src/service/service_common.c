/* SPDX-License-Identifier: Apache-2.0 */
/* What every component serves: how it is, what it counts, whom it trusts, and what changes that. */
#include "daemon_inside.h"

#include "components/session_report.h"
#include "components/store_json.h"
#include "components/update.h"
#include "dot2/validity.h"
#include "service/service_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTIVATE_BYTES_MAX 256

/* ---- GET /health ---- */

static void get_health(struct service *service, struct http_exchange *exchange)
{
	enum scms_reason standing = service_standing(service);
	json_t *json = json_pack("{s:s, s:s, s:s, s:I}", "component", service->name, "role", service->role->name, "status",
				 standing == SCMS_VALID ? "serving" : "ceased", "time", (json_int_t)clock_now());

	if (standing != SCMS_VALID) {
		json_object_set_new(json, "reason", json_string(scms_reason_name(standing)));
		json_object_set_new(json, "text", json_string(scms_reason_text(standing)));
	}
	service_answer_json(exchange, standing == SCMS_VALID ? 200 : 503, json);
}

/* ---- GET /metrics ---- */

static void answered_metrics(struct metrics *to, const struct http_counts *counts)
{
	for (unsigned k = 2; k < 6; k++) {
		char label[16];

		snprintf(label, sizeof(label), "class=\"%uxx\"", k);
		metrics_counter(to, "scms_http_answers", "Answers by class of status.", label, counts->answered[k]);
	}
}

static void store_metrics(struct runner *runner, struct metrics *to)
{
	const struct scms_store *store = trustee_store(runner->service.trustee);
	scms_time64 now = clock_now();
	struct scms_store_status status;

	if (store == NULL || !scms_store_status(store, now, runner->crypto, trustee_objects(runner->service.trustee), &status))
		return;
	metrics_gauge(to, "scms_store_changes", "Counter of the trust store.", NULL,
		      (double)trustee_counter(runner->service.trustee));
	metrics_gauge(to, "scms_store_quorum", "Quorum in force.", NULL, status.quorum);
	metrics_gauge(to, "scms_store_stale", "1: a CRL is overdue.", NULL, status.stale);
	if (status.has_gccf_version)
		metrics_gauge(to, "scms_store_gccf_version", "Version of the chain file.", NULL, status.gccf_version);
}

static void get_metrics(struct service *service, struct http_exchange *exchange)
{
	struct runner *runner = runner_of(service);
	struct http_counts counts = http_server_counts(runner->server);
	struct metrics *to = metrics_new();
	char *text = NULL;
	size_t n = 0;

	if (to != NULL) {
		metrics_component(to, service->name);
		metrics_gauge(to, "scms_serving", "1: the component may act; 0: it has stopped (rule D6.2).", NULL,
			      service_standing(service) == SCMS_VALID);
		metrics_gauge(to, "scms_clock_offset_seconds", "Seconds added to the system's clock.", NULL,
			      (double)clock_offset());
		metrics_gauge(to, "scms_http_open_connections", "Connections that are open.", NULL, counts.open);
		metrics_counter(to, "scms_http_connections", "Connections accepted.", NULL, counts.connections);
		metrics_counter(to, "scms_http_requests", "Requests read.", NULL, counts.requests);
		answered_metrics(to, &counts);
		metrics_counter(to, "scms_refused", "Requests that a component refused.", "why=\"any\"", runner->refused);
		metrics_counter(to, "scms_refused", "Requests that a component refused.", "why=\"role\"", runner->refused_role);
		metrics_counter(to, "scms_refused", "Requests that a component refused.", "why=\"peer\"", runner->peers_refused);
		metrics_counter(to, "scms_refused", "Requests that a component refused.", "why=\"standing\"",
				runner->refused_standing);
		metrics_counter(to, "scms_store_sessions", "Sessions applied to the trust store.", NULL, runner->sessions);
		store_metrics(runner, to);
		identity_metrics(service, to);
		metrics_gauge(to, "scms_tls_seconds_left", "Until the TLS certificate in use expires.", NULL, (double)(runner->tls.until - time(NULL)));
		metrics_gauge(to, "scms_tls_refused", "1: the files of the TLS identity cannot be used; those before are in use.", NULL,
			      runner->tls.refused);
		if (service->role->metrics != NULL)
			service->role->metrics(service, to);
		text = metrics_text(to, &n);
	}
	if (text == NULL)
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
	else
		http_answer(exchange, 200, METRICS_TYPE, (struct scms_slice){(const uint8_t *)text, n});
	free(text);
	metrics_free(to);
}

/* ---- GET /trust ---- */

static json_t *crls_json(const struct scms_store *store)
{
	json_t *list = json_array();
	struct scms_crl_status crl;

	for (uint32_t k = 0; scms_store_crl(store, k, &crl); k++)
		json_array_append_new(list, json_pack("{s:o, s:i, s:I, s:I, s:b}", "craca", json_hex(crl.craca, 8), "series",
						      (int)crl.series, "issued", (json_int_t)crl.issued, "next",
						      (json_int_t)crl.next, "live", (int)crl.live));
	return list;
}

static void get_trust(struct service *service, struct http_exchange *exchange)
{
	const struct scms_store *store = trustee_store(service->trustee);
	enum scms_reason standing = service_standing(service);
	scms_time64 now = clock_now();
	struct scms_store_status status;
	json_t *json = json_pack("{s:s, s:s, s:I, s:s}", "component", service->name, "role", service->role->name, "time",
				 (json_int_t)now, "standing", scms_reason_name(standing));

	json_object_set_new(json, "identity", identity_json(service));
	if (store != NULL &&
	    scms_store_status(store, now, runner_of(service)->crypto, trustee_objects(service->trustee), &status)) {
		json_object_set_new(json, "counter", json_integer((json_int_t)trustee_counter(service->trustee)));
		json_object_set_new(json, "store", store_json(store, &status, now));
		json_object_set_new(json, "crls", crls_json(store));
	}
	service_answer_json(exchange, 200, json);
}

/* ---- POST /trust ---- */

static int outcome_status(const struct trustee_outcome *outcome)
{
	switch (outcome->status) {
	case TRUSTEE_DONE:
		return 200;
	case TRUSTEE_CLOCK_BACK:
		return 409;
	case TRUSTEE_BUSY:
		return 503;
	default:
		return 500;
	}
}

struct trustee_outcome service_apply(struct service *service, const struct scms_session *session)
{
	struct runner *runner = runner_of(service);
	struct trustee_outcome outcome = trustee_apply(service->trustee, session, clock_now());

	runner->sessions++;
	if (outcome.status == TRUSTEE_DONE)
		log_event(service->name, LOG_LEVEL_INFO, "session", "s:b, s:b, s:I, s:O", "changed", (int)outcome.changed,
			  "refused", (int)outcome.refused, "counter", (json_int_t)trustee_counter(service->trustee), "report",
			  outcome.report);
	else
		log_event(service->name, LOG_LEVEL_ERROR, "session", "s:s", "text", outcome.text);
	runner_look(runner, outcome.changed);
	return outcome;
}

static void post_trust(struct service *service, struct http_exchange *exchange)
{
	struct trustee_outcome outcome;
	struct oer_error err;
	struct update update;
	json_t *json;

	if (update_read(&update, http_body(exchange), &err) != OER_OK) {
		/* Between components, whatever the mode: the sender has to mend it. */
		service_answer_json(exchange, 400, json_pack("{s:s, s:I, s:s, s:s, s:s}", "error", oer_status_text(err.status),
							     "offset", (json_int_t)err.offset, "path", err.path, "expected",
							     err.expected, "found", err.found));
		return;
	}
	outcome = service_apply(service, &update.session);
	json = outcome.report != NULL ? outcome.report : json_pack("{s:s}", "error", outcome.text);
	json_object_set_new(json, "component", json_string(service->name));
	json_object_set_new(json, "counter", json_integer((json_int_t)trustee_counter(service->trustee)));
	json_object_set_new(json, "standing", json_string(scms_reason_name(service_standing(service))));
	service_answer_json(exchange, outcome_status(&outcome), json);
}

/* ---- POST /activate ---- */

/* {"time": Time64}: from when on the staged identity is the active one; a time that has passed means at once. */
static void post_activate(struct service *service, struct http_exchange *exchange)
{
	struct scms_slice body = http_body(exchange);
	struct service_error err;
	json_error_t why;
	json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &why);
	json_t *time = json_object_get(json, "time");

	if (!json_is_integer(time) || json_integer_value(time) < 0) {
		json_decref(json);
		service_answer_json(exchange, 400, json_pack("{s:s}", "error", "expected {\"time\": Time64 in microseconds}"));
		return;
	}
	if (identity_schedule(service, (scms_time64)json_integer_value(time), &err)) {
		identity_tick(service, clock_now());
		service_answer_json(exchange, 200, json_pack("{s:s, s:o}", "component", service->name, "identity",
							     identity_json(service)));
	} else {
		service_answer_json(exchange, 409, json_pack("{s:s}", "error", err.text));
	}
	json_decref(json);
}

const struct service_route common_routes[] = {
    {HTTP_GET | HTTP_HEAD, "/health", NULL, 0, 0, get_health},
    {HTTP_GET | HTTP_HEAD, "/metrics", NULL, 0, 0, get_metrics},
    {HTTP_GET, "/trust", "manager", 0, 0, get_trust},
    {HTTP_POST, "/trust", "manager pg crlg crl-store", UPDATE_BYTES_MAX, 0, post_trust},
    {HTTP_POST, "/activate", "manager", ACTIVATE_BYTES_MAX, 0, post_activate},
    {0},
};
