/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/service.h"

#include "components/manager/vote_make.h"
#include "components/pg/policy_custom.h"
#include "components/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS "application/octet-stream"
#define REQUEST_MAX ((size_t)64 << 10)

enum file { FILE_POLICY, FILE_CHAIN, FILE_HISTORY };
#define FILES 3

struct state {
	struct http_content *content[FILES]; /* NULL: not published yet */
	uint64_t published, refused, countersigned, not_countersigned;
};

static const char *const steps[] = {
    "CREATE TABLE published (file INTEGER PRIMARY KEY, time INTEGER NOT NULL, bytes BLOB NOT NULL)",
};
static const struct db_schema schema = {"pg", steps, 1};

/* ---- serving ---- */

static void get(struct service *service, struct http_exchange *exchange, enum file file)
{
	const struct state *state = service->state;

	if (state->content[file] == NULL)
		service_refuse(service, exchange, 404, 0, "nothing is published yet");
	else
		http_answer_content(exchange, state->content[file]);
}

static void get_policy(struct service *service, struct http_exchange *exchange)
{
	get(service, exchange, FILE_POLICY);
}

static void get_chain(struct service *service, struct http_exchange *exchange)
{
	get(service, exchange, FILE_CHAIN);
}

static void get_history(struct service *service, struct http_exchange *exchange)
{
	get(service, exchange, FILE_HISTORY);
}

/* ---- publishing ---- */

static bool take(struct state *state, enum file file, struct scms_slice bytes)
{
	uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);
	struct http_content *content;

	if (copy == NULL)
		return false;
	memcpy(copy, bytes.p, bytes.n);
	content = http_content_new((struct scms_slice){copy, bytes.n}, OCTETS);
	if (content == NULL)
		return false;
	http_content_free(state->content[file]);
	state->content[file] = content;
	return true;
}

/* Files whose answer waits for their transaction. */
struct publication {
	struct service *service;
	struct http_exchange *exchange;
	json_t *report;
	struct scms_slice file[FILES]; /* p NULL: stays as it is */
	uint8_t bytes[];
};

static void on_disk(void *ctx, bool durable)
{
	struct publication *publication = ctx;
	struct state *state = publication->service->state;

	for (unsigned k = 0; durable && k < FILES; k++)
		if (publication->file[k].p != NULL)
			durable = take(state, k, publication->file[k]);
	if (durable) {
		state->published++;
		service_answer_json(publication->exchange, 200, publication->report);
	} else {
		json_decref(publication->report);
		http_answer(publication->exchange, 503, NULL, (struct scms_slice){NULL, 0});
	}
	free(publication);
}

static void keep(struct service *service, struct http_exchange *exchange, const struct scms_session *session, json_t *report)
{
	const struct scms_slice files[FILES] = {session->policy, session->chain, session->history};
	struct publication *publication = malloc(sizeof(*publication) + files[0].n + files[1].n + files[2].n);
	uint8_t *to;

	if (publication == NULL) {
		json_decref(report);
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
		return;
	}
	*publication = (struct publication){.service = service, .exchange = exchange, .report = report};
	to = publication->bytes;
	commit_begin(service->commit);
	for (unsigned k = 0; k < FILES; k++) {
		if (files[k].p == NULL)
			continue;
		memcpy(to, files[k].p, files[k].n);
		publication->file[k] = (struct scms_slice){to, files[k].n};
		to += files[k].n;
		db_run(service->db, "DELETE FROM published WHERE file = $1", DB_VALUES(db_integer(k)));
		db_run(service->db, "INSERT INTO published VALUES ($1, $2, $3)",
		       DB_VALUES(db_integer(k), db_integer((int64_t)clock_now()), db_bytes(files[k].p, files[k].n)));
	}
	commit_then(service->commit, on_disk, publication);
}

/* Was the file taken, or is it the one that is out? */
static bool is_good(const json_t *report, const char *file)
{
	const char *outcome = json_string_value(json_object_get(json_object_get(report, file), "outcome"));

	/* A chain file that the policy does not name yet goes out ahead of that policy (rule G4.2). */
	return outcome != NULL &&
	       (strcmp(outcome, "ACCEPTED") == 0 || strcmp(outcome, "UNCHANGED") == 0 || strcmp(outcome, "VERSION_MISMATCH") == 0);
}

static void post_publish(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	struct scms_slice out = {NULL, 0};
	struct trustee_outcome outcome;
	struct motion_error motion;
	struct update update;
	struct oer_error err;

	if (state->content[FILE_HISTORY] != NULL)
		out = http_content_bytes(state->content[FILE_HISTORY]);
	if (update_read(&update, http_body(exchange), &err) != OER_OK) {
		service_answer_json(exchange, 400, json_pack("{s:s, s:s, s:s}", "error", err.path, "expected", err.expected, "found",
							     err.found));
		return;
	}
	if (update.session.history.p != NULL && !history_continues(out, update.session.history, &motion)) {
		state->refused++;
		log_event(service->name, LOG_LEVEL_WARNING, "not published", "s:s", "history", motion.text);
		service_refuse(service, exchange, 422, 0, "ballot history: %s", motion.text);
		return;
	}
	outcome = service_apply(service, &update.session);
	if (outcome.status != TRUSTEE_DONE) {
		service_answer_json(exchange, outcome.status == TRUSTEE_FAILED ? 500 : 503, json_pack("{s:s}", "error", outcome.text));
	} else if (outcome.refused || (update.session.policy.p != NULL && !is_good(outcome.report, "policy")) ||
		   (update.session.chain.p != NULL && !is_good(outcome.report, "chain"))) {
		state->refused++;
		log_event(service->name, LOG_LEVEL_WARNING, "not published", "s:O", "report", outcome.report);
		service_answer_json(exchange, 422, outcome.report);
	} else {
		keep(service, exchange, &update.session, outcome.report);
	}
}

/* ---- countersigning ---- */

static void sign(struct service *service, struct http_exchange *exchange, const struct policy_content *global)
{
	struct policy_fault faults[POLICY_FAULTS_MAX];
	struct state *state = service->state;
	struct bytes reply = {NULL, 0};
	struct key_error err;
	char host[256];
	unsigned n = 0;

	if (!http_peer_host(exchange, host, sizeof(host))) {
		service_refuse(service, exchange, 403, 0, "the caller's TLS certificate names no host");
		return;
	}
	if (policy_request_answer(service->party, global, (struct scms_slice){(const uint8_t *)host, strlen(host)},
				  http_body(exchange), clock_now(), &reply, faults, &n, &err) != KEY_OK) {
		log_event(service->name, LOG_LEVEL_ERROR, "countersignature", "s:s", "text", err.text);
		service_refuse(service, exchange, 500, 0, "%s", err.text);
		return;
	}
	for (unsigned k = 0; k < n && k < POLICY_FAULTS_MAX; k++)
		log_event(service->name, LOG_LEVEL_WARNING, "custom policy not signed", "s:s, s:s, s:s", "ra", host, "parameter",
			  faults[k].parameter, "text", faults[k].text);
	if (n == 0)
		state->countersigned++;
	else
		state->not_countersigned++;
	http_answer(exchange, 200, OCTETS, bytes_view(&reply));
	bytes_free(&reply);
}

static void post_sign(struct service *service, struct http_exchange *exchange)
{
	const struct state *state = service->state;
	struct policy_said *said = calloc(1, sizeof(*said));
	struct oer_error err;

	if (said == NULL)
		service_refuse(service, exchange, 503, 0, "out of memory");
	else if (state->content[FILE_POLICY] == NULL)
		service_refuse(service, exchange, 503, 0, "no global policy is published yet");
	else if (policy_said_read(said, http_content_bytes(state->content[FILE_POLICY]), service->party->crypto, &err) != OER_OK)
		service_refuse(service, exchange, 500, 0, "the global policy: %s: expected %s, found %s", err.path, err.expected,
			       err.found);
	else
		sign(service, exchange, &said->content);
	free(said);
}

/* ---- life ---- */

static bool load_row(void *ctx, const struct db_value *columns, size_t count)
{
	(void)count;
	return columns[0].integer < 0 || columns[0].integer >= FILES ||
	       take(ctx, (enum file)columns[0].integer, columns[1].bytes);
}

static bool start(struct service *service, struct service_error *err)
{
	struct state *state = calloc(1, sizeof(*state));

	service->state = state;
	if (state != NULL && db_each(service->db, "SELECT file, bytes FROM published", NULL, 0, load_row, state) >= 0)
		return true;
	snprintf(err->text, sizeof(err->text), "%s: what is published cannot be read: %s", service->name,
		 state != NULL ? db_error(service->db) : "out of memory");
	free(state);
	return false;
}

static void stop(struct service *service)
{
	struct state *state = service->state;

	for (unsigned k = 0; k < FILES; k++)
		http_content_free(state->content[k]);
	free(state);
}

static void metrics(struct service *service, struct metrics *to)
{
	const struct state *state = service->state;

	metrics_counter(to, "scms_pg_publications", "Updates from the manager.", "outcome=\"published\"", state->published);
	metrics_counter(to, "scms_pg_publications", "Updates from the manager.", "outcome=\"refused\"", state->refused);
	metrics_counter(to, "scms_pg_custom_policies", "Custom policies of RAs.", "outcome=\"signed\"", state->countersigned);
	metrics_counter(to, "scms_pg_custom_policies", "Custom policies of RAs.", "outcome=\"refused\"", state->not_countersigned);
}

static const struct service_route routes[] = {
    {HTTP_GET | HTTP_HEAD, "/download/policy/global", NULL, 0, SERVICE_PUBLIC, get_policy},
    {HTTP_GET | HTTP_HEAD, "/download/global-certificate-chain", NULL, 0, SERVICE_PUBLIC, get_chain},
    {HTTP_GET | HTTP_HEAD, "/download/ballot-history", NULL, 0, SERVICE_PUBLIC, get_history},
    {HTTP_POST, "/sign-policy", "ra", REQUEST_MAX, SERVICE_ISSUES, post_sign},
    {HTTP_POST, "/publish", "manager", UPDATE_BYTES_MAX, 0, post_publish},
    {0},
};

const struct role_service pg_service = {
    .name = "pg",
    .schema = &schema,
    .routes = routes,
    .start = start,
    .stop = stop,
    .metrics = metrics,
};
