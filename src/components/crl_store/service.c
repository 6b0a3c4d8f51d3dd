/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRL store: serves the composite CRL to everybody, after checking what the CRLG brought.
 *
 * It judges as a vehicle does: what it would not accept for its own trust store it does not serve. Whoever has the present
 * CRL may wait for the next one (Prefer: wait=SECONDS, RFC 7240), so that a removal is with all who listen at once.
 */
#include "components/crl_store/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define CRL_BYTES_MAX ((size_t)64 << 20)
#define OCTETS "application/octet-stream"

/* Somebody who waits for the next CRL. */
struct waiter {
	STAILQ_ENTRY(waiter) link;
	struct http_exchange *exchange;
	unsigned seconds; /* left */
};

struct state {
	struct http_content *content; /* NULL: none came yet */
	STAILQ_HEAD(, waiter) waiters;
	unsigned waiting;
	uint64_t accepted, refused;
};

static const char *const schema_steps[] = {
    "CREATE TABLE composite_crl (one INTEGER PRIMARY KEY, time INTEGER NOT NULL, bytes BLOB NOT NULL)",
};
static const struct db_schema schema = {"crl-store", schema_steps, 1};

/* ---- serving ---- */

static void answer(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;

	if (state->content == NULL)
		service_refuse(service, exchange, 404, 0, "there is no CRL yet");
	else
		http_answer_content(exchange, state->content);
}

static void wake_all(struct service *service)
{
	struct state *state = service->state;
	struct waiter *waiter;

	while ((waiter = STAILQ_FIRST(&state->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&state->waiters, link);
		state->waiting--;
		answer(service, waiter->exchange);
		free(waiter);
	}
}

/* "wait=30", perhaps with other preferences. */
static unsigned wait_of(const struct http_exchange *exchange)
{
	const char *prefer = http_header(exchange, "Prefer"), *at = prefer != NULL ? strstr(prefer, "wait=") : NULL;

	return at != NULL && at[5] >= '0' && at[5] <= '9' ? (unsigned)strtoul(at + 5, NULL, 10) : 0;
}

static bool wait_for_next(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	unsigned seconds = wait_of(exchange), most = (unsigned)service_number(service, "wait_seconds");
	const char *has = http_header(exchange, "If-None-Match");
	struct waiter *waiter;

	if (seconds == 0 || has == NULL || state->content == NULL ||
	    strstr(has, http_content_tag(state->content)) == NULL ||
	    state->waiting >= (unsigned)service_number(service, "waiters"))
		return false;
	waiter = malloc(sizeof(*waiter));
	if (waiter == NULL)
		return false;
	*waiter = (struct waiter){.exchange = exchange, .seconds = seconds < most ? seconds : most};
	STAILQ_INSERT_TAIL(&state->waiters, waiter, link);
	state->waiting++;
	return true;
}

static void get_crl(struct service *service, struct http_exchange *exchange)
{
	if (http_rest(exchange)[0] != '\0')
		service_refuse(service, exchange, 404, 0, "no such file");
	else if (!wait_for_next(service, exchange))
		answer(service, exchange);
}

static void tick(struct service *service, scms_time64 now)
{
	struct state *state = service->state;
	struct waiter *waiter, *next;

	(void)now;
	for (waiter = STAILQ_FIRST(&state->waiters); waiter != NULL; waiter = next) {
		next = STAILQ_NEXT(waiter, link);
		if (waiter->seconds-- > 0)
			continue;
		STAILQ_REMOVE(&state->waiters, waiter, waiter, link);
		state->waiting--;
		answer(service, waiter->exchange); /* 304 */
		free(waiter);
	}
}

/* ---- taking ---- */

static bool take(struct state *state, struct scms_slice bytes)
{
	uint8_t *copy = malloc(bytes.n > 0 ? bytes.n : 1);
	struct http_content *content;

	if (copy == NULL)
		return false;
	memcpy(copy, bytes.p, bytes.n);
	content = http_content_new((struct scms_slice){copy, bytes.n}, OCTETS);
	if (content == NULL)
		return false;
	http_content_free(state->content);
	state->content = content;
	return true;
}

static bool is_one_of(const json_t *object, const char *const *good)
{
	const char *outcome = json_string_value(json_object_get(object, "outcome"));

	for (; *good != NULL; good++)
		if (strcmp(outcome, *good) == 0)
			return true;
	return false;
}

/*
 * All of it is what a vehicle takes: each series newer than before, or what it has; each ballot carried out now or earlier. A
 * ballot whose voters have been removed since is known already here, where every CRL came by.
 */
static bool all_good(const json_t *report)
{
	static const char *const of_crls[] = {"ACCEPTED", "UNCHANGED", NULL};
	static const char *const of_ballots[] = {"APPLIED", "ALREADY", "SUBJECT_EXPIRED", NULL};
	const json_t *item;
	bool good = json_array_size(json_object_get(report, "refused")) == 0;
	size_t k;

	json_array_foreach(json_object_get(report, "crls"), k, item)
		good = good && is_one_of(item, of_crls);
	json_array_foreach(json_object_get(report, "ballots"), k, item)
		good = good && is_one_of(item, of_ballots);
	return good;
}

/* A CRL whose answer waits for its transaction. */
struct taken {
	struct service *service;
	struct http_exchange *exchange;
	json_t *report;
	size_t n;
	uint8_t bytes[];
};

static void on_disk(void *ctx, bool durable)
{
	struct taken *taken = ctx;
	struct state *state = taken->service->state;

	if (durable && take(state, (struct scms_slice){taken->bytes, taken->n})) {
		state->accepted++;
		wake_all(taken->service);
		service_answer_json(taken->exchange, 200, taken->report);
	} else {
		json_decref(taken->report);
		http_answer(taken->exchange, 503, NULL, (struct scms_slice){NULL, 0});
	}
	free(taken);
}

static void keep(struct service *service, struct http_exchange *exchange, struct scms_slice bytes, json_t *report)
{
	struct taken *taken = malloc(sizeof(*taken) + bytes.n);

	if (taken == NULL) {
		json_decref(report);
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
		return;
	}
	*taken = (struct taken){service, exchange, report, bytes.n};
	memcpy(taken->bytes, bytes.p, bytes.n);
	commit_begin(service->commit);
	db_run(service->db, "DELETE FROM composite_crl", NULL, 0);
	db_run(service->db, "INSERT INTO composite_crl VALUES (1, $1, $2)",
	       DB_VALUES(db_integer((int64_t)clock_now()), db_bytes(bytes.p, bytes.n)));
	commit_then(service->commit, on_disk, taken);
}

static void post_crl(struct service *service, struct http_exchange *exchange)
{
	struct scms_slice body = http_body(exchange);
	struct state *state = service->state;
	struct trustee_outcome outcome;

	if (body.n == 0) {
		service_answer_json(exchange, 400, json_pack("{s:s}", "error", "expected a CompositeCrl, found nothing"));
		return;
	}
	outcome = service_apply(service, &(struct scms_session){.crl = body});
	if (outcome.status != TRUSTEE_DONE) {
		service_answer_json(exchange, outcome.status == TRUSTEE_FAILED ? 500 : 503,
				    json_pack("{s:s}", "error", outcome.text));
	} else if (!all_good(outcome.report)) {
		state->refused++;
		log_event(service->name, LOG_LEVEL_WARNING, "CRL refused", "s:O", "report", outcome.report);
		service_answer_json(exchange, 422, outcome.report);
	} else {
		keep(service, exchange, body, outcome.report);
	}
}

/* ---- life ---- */

static bool load_row(void *ctx, const struct db_value *columns, size_t count)
{
	(void)count;
	take(ctx, columns[0].bytes);
	return false;
}

static bool start(struct service *service, struct service_error *err)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state == NULL) {
		snprintf(err->text, sizeof(err->text), "%s: out of memory", service->name);
		return false;
	}
	STAILQ_INIT(&state->waiters);
	service->state = state;
	if (db_each(service->db, "SELECT bytes FROM composite_crl", NULL, 0, load_row, state) >= 0)
		return true;
	snprintf(err->text, sizeof(err->text), "%s: the CRL cannot be read: %s", service->name, db_error(service->db));
	free(state);
	return false;
}

static void stop(struct service *service)
{
	struct state *state = service->state;

	wake_all(service);
	http_content_free(state->content);
	free(state);
}

static void metrics(struct service *service, struct metrics *to)
{
	const struct state *state = service->state;

	metrics_counter(to, "scms_crl_store_uploads", "CRLs that the CRLG brought.", "outcome=\"accepted\"", state->accepted);
	metrics_counter(to, "scms_crl_store_uploads", "CRLs that the CRLG brought.", "outcome=\"refused\"", state->refused);
	metrics_gauge(to, "scms_crl_store_waiting", "Requests that wait for the next CRL.", NULL, state->waiting);
	if (state->content != NULL)
		metrics_gauge(to, "scms_crl_store_bytes", "Length of the CRL that is served.", NULL,
			      (double)http_content_bytes(state->content).n);
}

static const struct service_route routes[] = {
    {HTTP_GET | HTTP_HEAD, "/download-crl/", NULL, 0, SERVICE_PUBLIC, get_crl},
    {HTTP_POST, "/crl", "crlg", CRL_BYTES_MAX, 0, post_crl},
    {0},
};

static const struct role_setting settings[] = {
    {"wait_seconds", SETTING_NUMBER, 1, 55, 50, NULL, "how long a request may wait for the next CRL, at most"},
    {"waiters", SETTING_NUMBER, 0, 100000, 2048, NULL, "requests that may wait at a time; further ones are answered at once"},
    {0},
};

const struct role_service crl_store_service = {
    .name = "crl-store",
    .schema = &schema,
    .routes = routes,
    .settings = settings,
    .start = start,
    .stop = stop,
    .stopping = wake_all,
    .tick = tick,
    .metrics = metrics,
};
