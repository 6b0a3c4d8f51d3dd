/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRL store: serves the composite CRL to everybody, after checking what the CRLG brought.
 *
 * It judges as a vehicle does: what it would not accept for its own trust store it does not serve. And it remembers what
 * it served: no ballot vanishes, nothing is taken back (crlg/crl_check.h). After a CRL generator's revocation it makes the
 * next composite CRL itself, from what it has and the root's CRL that the manager brings. Whoever has the present CRL may
 * wait for the next one (Prefer: wait=SECONDS, RFC 7240), so that a removal is with all who listen at once.
 */
#include "components/crl_store/service.h"

#include "components/crlg/crl_check.h"
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define CRL_BYTES_MAX ((size_t)64 << 20)
#define ROOT_CRL_MAX ((size_t)16 << 20)
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
	bool stopping; /* nobody waits any more */
	uint64_t accepted, refused, rebuilt;
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

static void stopping(struct service *service)
{
	struct state *state = service->state;

	state->stopping = true;
	wake_all(service);
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

	if (seconds == 0 || state->stopping || has == NULL || state->content == NULL ||
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

/* The newest one, on disk or about to be. */
static bool newest_row(void *ctx, const struct db_value *columns, size_t count)
{
	struct bytes *bytes = ctx;

	(void)count;
	bytes->p = malloc(columns[0].bytes.n + 1);
	if (bytes->p == NULL)
		return false;
	memcpy(bytes->p, columns[0].bytes.p, columns[0].bytes.n);
	bytes->n = columns[0].bytes.n;
	return true;
}

static enum key_status newest(struct service *service, struct bytes *before, struct key_error *err)
{
	int64_t rows = db_each(service->db, "SELECT bytes FROM composite_crl", NULL, 0, newest_row, before);

	if (rows < 0 || (rows > 0 && before->p == NULL))
		return key_fail(err, KEY_FAILED, "%s", rows < 0 ? db_error(service->db) : "out of memory");
	return KEY_OK;
}

static struct crl_checker checker_of(const struct service *service)
{
	return (struct crl_checker){.store = trustee_store(service->trustee),
				    .objects = trustee_objects(service->trustee),
				    .crypto = engine_crypto(),
				    .now = clock_now()};
}

static json_t *words_of(const struct crl_faults *faults)
{
	json_t *words = json_array();

	for (unsigned k = 0; k < faults->n && k < CRL_FAULTS_MAX; k++)
		json_array_append_new(words, json_string(faults->text[k]));
	return words;
}

/* What the check let through is the trust store's too, then on disk, then the world's. more: goes with the report, or NULL. */
static void publish(struct service *service, struct http_exchange *exchange, struct scms_slice bytes, json_t *more)
{
	struct trustee_outcome outcome = service_apply(service, &(struct scms_session){.crl = bytes});

	if (outcome.status == TRUSTEE_DONE) {
		if (more != NULL)
			json_object_update(outcome.report, more);
		keep(service, exchange, bytes, outcome.report);
	} else {
		service_answer_json(exchange, outcome.status == TRUSTEE_FAILED ? 500 : 503, json_pack("{s:s}", "error", outcome.text));
	}
	json_decref(more);
}

static void refuse(struct service *service, struct http_exchange *exchange, enum key_status status, const struct key_error *err,
		   const struct crl_faults *faults)
{
	struct state *state = service->state;
	json_t *words = words_of(faults);

	if (status != KEY_OK)
		json_array_insert_new(words, 0, json_string(err->text));
	state->refused++;
	log_event(service->name, LOG_LEVEL_WARNING, "CRL refused", "s:O", "faults", words);
	service_answer_json(exchange, status == KEY_FAILED || status == KEY_IO ? 503 : 422,
			    json_pack("{s:s, s:o}", "error", "the CRL is not served", "faults", words));
}

static bool has_body(struct http_exchange *exchange, const char *expected)
{
	if (http_body(exchange).n > 0)
		return true;
	service_answer_json(exchange, 400, json_pack("{s:s+}", "error", "expected ", expected));
	return false;
}

static void post_crl(struct service *service, struct http_exchange *exchange)
{
	const struct crl_checker checker = checker_of(service);
	struct scms_slice body = http_body(exchange);
	struct bytes before = {NULL, 0};
	struct crl_faults faults = {.n = 0};
	struct key_error err = {.text = "the trust store cannot be read"};
	enum key_status status = KEY_FAILED;

	if (!has_body(exchange, "a CompositeCrl, found nothing"))
		return;
	if (checker.store != NULL)
		status = newest(service, &before, &err);
	if (status == KEY_OK)
		status = crl_composite_check(&checker, body, bytes_view(&before), &faults, &err);
	if (status == KEY_OK && faults.n == 0)
		publish(service, exchange, body, NULL);
	else
		refuse(service, exchange, status, &err, &faults);
	bytes_free(&before);
}

/* A CRL generator was revoked (CRL store, after "Revoke CRLG"): by its root, in series 256. */
static void post_root_crl(struct service *service, struct http_exchange *exchange)
{
	const struct crl_checker checker = checker_of(service);
	struct bytes before = {NULL, 0}, rebuilt = {NULL, 0};
	struct state *state = service->state;
	struct crl_faults left_out = {.n = 0};
	struct key_error err = {.text = "the trust store cannot be read"};
	enum key_status status = KEY_FAILED;

	if (!has_body(exchange, "a root's CRL, found nothing"))
		return;
	if (checker.store != NULL)
		status = newest(service, &before, &err);
	if (status == KEY_OK)
		status = crl_rebuild(&checker, bytes_view(&before), http_body(exchange), &rebuilt, &left_out, &err);
	if (status == KEY_OK) {
		json_t *more = json_pack("{s:o}", "left_out", words_of(&left_out));

		state->rebuilt++;
		log_event(service->name, LOG_LEVEL_WARNING, "CRL rebuilt", "s:O", "left_out", json_object_get(more, "left_out"));
		publish(service, exchange, bytes_view(&rebuilt), more);
	} else {
		refuse(service, exchange, status, &err, &left_out);
	}
	bytes_free(&before);
	bytes_free(&rebuilt);
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
	metrics_counter(to, "scms_crl_store_rebuilt", "Composite CRLs made after a CRL generator's revocation.", NULL, state->rebuilt);
	metrics_gauge(to, "scms_crl_store_waiting", "Requests that wait for the next CRL.", NULL, state->waiting);
	if (state->content != NULL)
		metrics_gauge(to, "scms_crl_store_bytes", "Length of the CRL that is served.", NULL,
			      (double)http_content_bytes(state->content).n);
}

static const struct service_route routes[] = {
    {HTTP_GET | HTTP_HEAD, "/download-crl/", NULL, 0, SERVICE_PUBLIC, get_crl},
    {HTTP_POST, "/crl", "crlg", CRL_BYTES_MAX, 0, post_crl},
    {HTTP_POST, "/root-crl", "manager", ROOT_CRL_MAX, 0, post_root_crl},
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
    .stopping = stopping,
    .tick = tick,
    .metrics = metrics,
};
