/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/push.h"

#include "dot2/validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define ANSWER_MAX ((size_t)4 << 20)
#define RETRY_SECONDS_MAX 30
#define SHOWN_MAX 20

/* An update's bytes, as long as somebody lacks them. */
struct load {
	unsigned references;
	int64_t id;
	scms_time64 deadline;
	size_t n;
	uint8_t bytes[];
};

/* One update for one component. */
struct delivery {
	LIST_ENTRY(delivery) link;
	struct pushes *pushes;
	struct load *load;
	const char *peer;
	unsigned pause, wait; /* seconds */
	bool asking, late;    /* late: said already */
};

struct pushes {
	struct service *service;
	LIST_HEAD(, delivery) open;
	bool closing;
	uint64_t begun, delivered, refused, tries;
};

static void load_free(struct load *load)
{
	if (--load->references == 0)
		free(load);
}

static struct load *load_new(int64_t id, scms_time64 deadline, struct scms_slice bytes)
{
	struct load *load = malloc(sizeof(*load) + bytes.n);

	if (load != NULL) {
		*load = (struct load){.references = 1, .id = id, .deadline = deadline, .n = bytes.n};
		memcpy(load->bytes, bytes.p, bytes.n);
	}
	return load;
}

static void delivery_end(struct delivery *delivery)
{
	LIST_REMOVE(delivery, link);
	load_free(delivery->load);
	free(delivery);
}

/* ---- one delivery ---- */

/* What a component said is kept whole if it is short: it names the store's counter, and what was refused. */
static void note(struct delivery *delivery, int status, struct scms_slice answer)
{
	struct service *service = delivery->pushes->service;
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", answer.n < sizeof(text) ? (int)answer.n : 0, answer.n > 0 ? (const char *)answer.p : "");
	if (!commit_begin(service->commit))
		return;
	db_run(service->db, "UPDATE deliveries SET time = $1, status = $2, tries = tries + 1, answer = $3 WHERE update_id = $4 AND component = $5",
	       DB_VALUES(db_integer((int64_t)clock_now()), db_integer(status), db_text(text), db_integer(delivery->load->id),
			 db_text(delivery->peer)));
}

static void answered(void *ctx, const struct http_result *result)
{
	struct delivery *delivery = ctx;
	struct pushes *pushes = delivery->pushes;
	bool final = result->status == 200 || result->status == 400 || result->status == 413;

	delivery->asking = false;
	if (pushes->closing)
		return;
	pushes->tries++;
	note(delivery, result->status,
	     result->status == 0 ? (struct scms_slice){(const uint8_t *)result->error, strlen(result->error)} : result->body);
	if (final) {
		pushes->delivered += result->status == 200;
		pushes->refused += result->status != 200;
		log_event(pushes->service->name, result->status == 200 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "update acknowledged",
			  "s:I, s:s, s:i", "update", (json_int_t)delivery->load->id, "by", delivery->peer, "status", result->status);
		delivery_end(delivery);
		return;
	}
	delivery->pause = delivery->pause == 0 ? 1 : delivery->pause * 2;
	if (delivery->pause > RETRY_SECONDS_MAX)
		delivery->pause = RETRY_SECONDS_MAX;
	delivery->wait = delivery->pause;
}

static void deliver(struct delivery *delivery)
{
	if (delivery->asking || delivery->pushes->closing)
		return;
	delivery->asking = service_call(delivery->pushes->service, delivery->peer, "/trust",
					(struct scms_slice){delivery->load->bytes, delivery->load->n}, ANSWER_MAX, answered, delivery);
	if (!delivery->asking)
		delivery->wait = 1;
}

static struct delivery *delivery_new(struct pushes *pushes, struct load *load, const char *peer)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));

	if (delivery == NULL)
		return NULL;
	delivery->pushes = pushes;
	delivery->load = load;
	delivery->peer = peer;
	load->references++;
	LIST_INSERT_HEAD(&pushes->open, delivery, link);
	return delivery;
}

void pushes_tick(struct pushes *pushes)
{
	scms_time64 now = clock_now();
	struct delivery *delivery;

	LIST_FOREACH(delivery, &pushes->open, link) {
		if (!delivery->late && now > delivery->load->deadline) {
			delivery->late = true;
			log_event(pushes->service->name, LOG_LEVEL_ERROR, "update late", "s:I, s:s", "update",
				  (json_int_t)delivery->load->id, "component", delivery->peer);
		}
		if (!delivery->asking && (delivery->wait == 0 || --delivery->wait == 0))
			deliver(delivery);
	}
}

/* ---- an update ---- */

struct beginning {
	struct pushes *pushes;
	struct http_exchange *exchange;
	struct load *load;
};

static void on_disk(void *ctx, bool durable)
{
	struct beginning *beginning = ctx;
	struct pushes *pushes = beginning->pushes;
	struct delivery *delivery;
	const char *peer;

	if (!durable) {
		http_answer(beginning->exchange, 503, NULL, (struct scms_slice){NULL, 0});
	} else {
		pushes->begun++;
		for (unsigned k = 0; (peer = service_peer_name(pushes->service, k)) != NULL; k++)
			if ((delivery = delivery_new(pushes, beginning->load, peer)) != NULL)
				deliver(delivery);
		service_answer_json(beginning->exchange, 202, push_json(pushes, beginning->load->id));
	}
	load_free(beginning->load);
	free(beginning);
}

void push_begin(struct pushes *pushes, struct http_exchange *exchange, struct scms_slice bytes, uint32_t seconds)
{
	struct service *service = pushes->service;
	scms_time64 now = clock_now(), deadline = now + seconds * TIME64_SECOND;
	struct beginning *beginning = calloc(1, sizeof(*beginning));
	const char *peer;
	int64_t id;

	if (beginning == NULL || !commit_begin(service->commit)) {
		free(beginning);
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
		return;
	}
	id = db_number(service->db, "SELECT coalesce(max(id), 0) + 1 FROM updates", NULL, 0, 1);
	*beginning = (struct beginning){pushes, exchange, load_new(id, deadline, bytes)};
	if (beginning->load == NULL) {
		free(beginning);
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
		return;
	}
	db_run(service->db, "INSERT INTO updates VALUES ($1, $2, $3, $4)",
	       DB_VALUES(db_integer(id), db_integer((int64_t)now), db_integer((int64_t)deadline), db_bytes(bytes.p, bytes.n)));
	for (unsigned k = 0; (peer = service_peer_name(service, k)) != NULL; k++)
		db_run(service->db, "INSERT INTO deliveries VALUES ($1, $2, $3, 0, 0, '')",
		       DB_VALUES(db_integer(id), db_text(peer), db_integer((int64_t)now)));
	commit_then(service->commit, on_disk, beginning);
}

/* ---- what there is ---- */

struct listing {
	struct pushes *pushes;
	json_t *list;
	unsigned missing;
	scms_time64 deadline;
};

static bool delivery_row(void *ctx, const struct db_value *columns, size_t count)
{
	struct listing *listing = ctx;
	int64_t status = columns[1].integer;

	(void)count;
	json_array_append_new(listing->list,
			      json_pack("{s:s%, s:b, s:I, s:I, s:I, s:b, s:s%}", "component", columns[0].bytes.p, columns[0].bytes.n, "has",
					status == 200, "status", (json_int_t)status, "time", (json_int_t)columns[2].integer, "tries",
					(json_int_t)columns[3].integer, "late",
					status == 200 ? (scms_time64)columns[2].integer > listing->deadline : clock_now() > listing->deadline,
					"answer", columns[4].bytes.n > 0 ? (const char *)columns[4].bytes.p : "", columns[4].bytes.n));
	listing->missing += status != 200;
	return true;
}

static bool update_row(void *ctx, const struct db_value *columns, size_t count)
{
	struct listing *updates = ctx;
	struct listing listing = {updates->pushes, json_array(), 0, (scms_time64)columns[2].integer};

	(void)count;
	db_each(updates->pushes->service->db,
		"SELECT component, status, time, tries, answer FROM deliveries WHERE update_id = $1 ORDER BY component",
		DB_VALUES(columns[0]), delivery_row, &listing);
	json_array_append_new(updates->list, json_pack("{s:I, s:I, s:I, s:I, s:o}", "id", (json_int_t)columns[0].integer, "time",
						       (json_int_t)columns[1].integer, "deadline", (json_int_t)columns[2].integer,
						       "missing", (json_int_t)listing.missing, "components", listing.list));
	return true;
}

json_t *push_json(struct pushes *pushes, int64_t id)
{
	struct listing listing = {pushes, json_array(), 0, 0};
	json_t *one;

	db_each(pushes->service->db, "SELECT id, time, deadline FROM updates WHERE id = $1", DB_VALUES(db_integer(id)), update_row,
		&listing);
	one = json_incref(json_array_get(listing.list, 0));
	json_decref(listing.list);
	return one;
}

json_t *pushes_json(struct pushes *pushes)
{
	struct listing listing = {pushes, json_array(), 0, 0};

	db_each(pushes->service->db, "SELECT id, time, deadline FROM updates ORDER BY id DESC LIMIT $1", DB_VALUES(db_integer(SHOWN_MAX)),
		update_row, &listing);
	return listing.list;
}

void pushes_metrics(const struct pushes *pushes, struct metrics *to)
{
	const struct delivery *delivery;
	unsigned open = 0, late = 0;

	LIST_FOREACH(delivery, &pushes->open, link) {
		open++;
		late += delivery->late;
	}
	metrics_counter(to, "scms_manager_updates", "Updates pushed.", NULL, pushes->begun);
	metrics_counter(to, "scms_manager_deliveries", "Components that answered an update.", "outcome=\"taken\"", pushes->delivered);
	metrics_counter(to, "scms_manager_deliveries", "Components that answered an update.", "outcome=\"refused\"", pushes->refused);
	metrics_gauge(to, "scms_manager_deliveries_open", "Components that have not answered an update.", NULL, open);
	metrics_gauge(to, "scms_manager_deliveries_late", "Those of them past the deadline.", NULL, late);
}

/* ---- life ---- */

static bool open_row(void *ctx, const struct db_value *columns, size_t count)
{
	struct pushes *pushes = ctx;
	struct load *load = load_new(columns[0].integer, (scms_time64)columns[1].integer, columns[2].bytes);
	const char *peer;

	(void)count;
	for (unsigned k = 0; load != NULL && (peer = service_peer_name(pushes->service, k)) != NULL; k++)
		if (db_number(pushes->service->db,
			      "SELECT count(*) FROM deliveries WHERE update_id = $1 AND component = $2 AND status NOT IN (200, 400, 413)",
			      DB_VALUES(columns[0], db_text(peer)), 0) > 0)
			(void)delivery_new(pushes, load, peer);
	if (load != NULL)
		load_free(load);
	return load != NULL;
}

struct pushes *pushes_open(struct service *service, struct service_error *err)
{
	struct pushes *pushes = calloc(1, sizeof(*pushes));

	if (pushes == NULL) {
		snprintf(err->text, sizeof(err->text), "%s: out of memory", service->name);
		return NULL;
	}
	pushes->service = service;
	LIST_INIT(&pushes->open);
	if (db_each(service->db,
		    "SELECT id, deadline, bytes FROM updates WHERE id IN (SELECT update_id FROM deliveries WHERE status NOT IN (200, 400, 413))",
		    NULL, 0, open_row, pushes) >= 0)
		return pushes;
	snprintf(err->text, sizeof(err->text), "%s: the updates cannot be read: %s", service->name, db_error(service->db));
	pushes_close(pushes);
	return NULL;
}

void pushes_close(struct pushes *pushes)
{
	struct delivery *delivery;

	if (pushes == NULL)
		return;
	pushes->closing = true;
	delivery = LIST_FIRST(&pushes->open);
	for (struct delivery *next; delivery != NULL; delivery = next) {
		next = LIST_NEXT(delivery, link);
		load_free(delivery->load);
		free(delivery);
	}
	free(pushes);
}
