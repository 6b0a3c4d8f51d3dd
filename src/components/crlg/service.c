/* SPDX-License-Identifier: Apache-2.0 */
#include "components/crlg/service.h"

#include "base/file.h"
#include "components/crlg/crl_check.h"
#include "components/crlg/crl_sign.h"
#include "components/crlg/revocations.h"
#include "dot2/validity.h"
#include "service/home.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OCTETS "application/octet-stream"
#define ORDER_MAX ((size_t)1 << 20)
#define BALLOTS_BYTES_MAX ((size_t)4 << 20)
#define ROOT_CRL_MAX ((size_t)16 << 20)
#define COMPOSITE_MAX ((size_t)64 << 20)
#define RETRY_SECONDS_MAX 60

struct state {
	struct bytes composite; /* as it is on disk */
	bool uploaded, uploading;
	unsigned pause, wait; /* seconds until it is brought to the CRL store again */
	uint8_t craca[8];
	uint64_t orders, ballots, signatures, uploads, failures;
};

static const char *const steps[] = {
    "CREATE TABLE composite (one INTEGER PRIMARY KEY, time INTEGER NOT NULL, uploaded INTEGER NOT NULL, bytes BLOB NOT NULL)",
};
static const struct db_schema schema = {"crlg", steps, 1};

/* ---- to the CRL store ---- */

static void upload(struct service *service);

static void uploaded(void *ctx, const struct http_result *result)
{
	struct service *service = ctx;
	struct state *state = service->state;

	state->uploading = false;
	if (result->status == 200) {
		state->uploads++;
		state->pause = 0;
		/* Where it changed on the way, the newer one has not been brought yet. */
		if (state->uploaded)
			(void)db_run(service->db, "UPDATE composite SET uploaded = 1", NULL, 0);
		else
			upload(service);
		return;
	}
	state->failures++;
	state->uploaded = false;
	state->pause = state->pause == 0 ? 1 : state->pause * 2 > RETRY_SECONDS_MAX ? RETRY_SECONDS_MAX : state->pause * 2;
	state->wait = state->pause;
	log_event(service->name, LOG_LEVEL_WARNING, "CRL store did not take the CRL", "s:i, s:s", "status", result->status, "text",
		  result->error);
}

static void upload(struct service *service)
{
	struct state *state = service->state;

	if (state->uploading || state->composite.n == 0)
		return;
	state->uploading = service_call(service, "crl-store", "/crl", bytes_view(&state->composite), (size_t)1 << 20, uploaded, service);
	state->uploaded = state->uploading;
}

/* ---- the next composite CRL ---- */

/* What is to come of a request once its transaction is on disk. */
struct pending {
	struct service *service;
	struct http_exchange *exchange; /* NULL: nobody asked */
	struct bytes composite;
	json_t *answer;
};

static void on_disk(void *ctx, bool durable)
{
	struct pending *pending = ctx;
	struct state *state = pending->service->state;

	if (durable) {
		bytes_free(&state->composite);
		state->composite = pending->composite;
		state->uploaded = false;
		upload(pending->service);
	} else {
		bytes_free(&pending->composite);
	}
	if (pending->exchange != NULL && durable) {
		service_answer_json(pending->exchange, 200, pending->answer);
	} else {
		json_decref(pending->answer);
		if (pending->exchange != NULL)
			http_answer(pending->exchange, 503, NULL, (struct scms_slice){NULL, 0});
	}
	free(pending);
}

/* The newest that was made, on disk or about to be: turns build on each other. */
static bool newest_row(void *ctx, const struct db_value *columns, size_t count)
{
	struct bytes *bytes = ctx;

	(void)count;
	bytes->p = malloc(columns[0].bytes.n + 1);
	if (bytes->p == NULL)
		return false;
	memcpy(bytes->p, columns[0].bytes.p, columns[0].bytes.n);
	bytes->n = columns[0].bytes.n;
	return false;
}

/* Series 256 is the root's, and another CRACA's lists are another CRLG's. */
static bool list_is_own(const struct service *service, const struct crl_list *list)
{
	const struct state *state = service->state;

	return list->series != CRL_SERIES_SPECIAL && memcmp(list->craca, state->craca, 8) == 0;
}

/*
 * Is it to be signed anew, changed or not? It is as old as the interval says, or a quarter is left of the time that it was
 * signed for: what was made by hand may have less of it than the interval.
 */
static bool list_is_due(const struct service *service, const struct crl_list *list)
{
	uint64_t now = clock_now() / TIME64_SECOND;
	uint64_t span = list->next_crl > list->issue_date ? list->next_crl - list->issue_date : 0;

	return list->issue_date + (uint64_t)service_number(service, "interval_seconds") <= now || list->next_crl <= now + span / 4;
}

static enum key_status lists_sign(struct service *service, struct revocations *revocations, struct key_error *err)
{
	struct state *state = service->state;
	const struct crl_signing signing = {.party = service->party,
					    .now = clock_now(),
					    .next_seconds = (uint32_t)service_number(service, "next_seconds"),
					    .after = crl_special_date(revocations, state->craca)};
	enum key_status status = KEY_OK;

	for (size_t k = 0; status == KEY_OK && k < revocations->list_count; k++) {
		struct crl_list *list = &revocations->lists[k];

		if (!list_is_own(service, list) || (!list->changed && !list_is_due(service, list)))
			continue;
		status = crl_list_sign(list, &signing, err);
		state->signatures += status == KEY_OK;
	}
	return status;
}

typedef enum key_status change(struct service *service, struct revocations *revocations, const void *order, struct key_error *err);

static struct crl_checker checker_of(const struct service *service)
{
	return (struct crl_checker){.store = trustee_store(service->trustee),
				    .objects = trustee_objects(service->trustee),
				    .crypto = service->party->crypto,
				    .now = clock_now()};
}

/* Where the next composite CRL comes from, and so how it is looked at before it takes the present one's place. */
enum origin {
	ORIGIN_OWN,	/* the CRLG's own lists alone have changed */
	ORIGIN_FOREIGN, /* with something that others have signed */
	ORIGIN_WHOLE,	/* it was made elsewhere */
};

/*
 * Holds what others have signed against what the CRL store, and every vehicle, will say to it: a ballot or a root's CRL that is
 * refused there would have all CRLs refused from now on. What was wrong with the CRL before is not this change's fault, unless it
 * takes that one's place as a whole.
 */
static enum key_status foreign_check(struct service *service, struct scms_slice composite, struct scms_slice before, enum origin origin,
				     struct key_error *err)
{
	const struct crl_checker checker = checker_of(service);
	struct crl_faults *faults = calloc(2, sizeof(*faults));
	enum key_status status = KEY_OK;

	if (faults == NULL || checker.store == NULL)
		status = key_fail(err, KEY_FAILED, "out of memory, or no trust store");
	if (status == KEY_OK && before.n > 0 && origin == ORIGIN_FOREIGN)
		status = crl_composite_check(&checker, before, (struct scms_slice){NULL, 0}, &faults[0], err);
	if (status == KEY_OK)
		status = crl_composite_check(&checker, composite, before, &faults[1], err);
	if (status == KEY_OK && faults[1].n > faults[0].n)
		status = key_fail(err, KEY_VALUE, "%s", faults[1].text[faults[1].n <= CRL_FAULTS_MAX ? faults[1].n - 1 : 0]);
	free(faults);
	return status;
}

/*
 * Makes the next composite CRL: `apply` changes what is revoked, lists that changed or are due are signed, and the
 * exchange is answered when it is on disk.
 */
static void next_make(struct service *service, struct http_exchange *exchange, change *apply, const void *order, enum origin origin)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	struct revocations revocations = {.list_count = 0};
	struct key_error err = {.text = "out of memory"};
	struct bytes before = {NULL, 0};
	enum key_status status = KEY_FAILED;

	if (pending == NULL || !commit_begin(service->commit) ||
	    db_each(service->db, "SELECT bytes FROM composite", NULL, 0, newest_row, &before) < 0)
		goto out;
	status = revocations_read(&revocations, bytes_view(&before), service->party->crypto, &err);
	if (status == KEY_OK && apply != NULL)
		status = apply(service, &revocations, order, &err);
	if (status == KEY_OK) {
		struct crl_expired expired = revocations_expire(&revocations, clock_now());

		(void)expired;
		status = lists_sign(service, &revocations, &err);
	}
	if (status == KEY_OK)
		status = revocations_compose(&revocations, &pending->composite, &err);
	revocations_free(&revocations);
	if (status == KEY_OK && origin != ORIGIN_OWN)
		status = foreign_check(service, bytes_view(&pending->composite), bytes_view(&before), origin, &err);
	if (status != KEY_OK) {
		bytes_free(&pending->composite);
		goto out;
	}
	pending->service = service;
	pending->exchange = exchange;
	pending->answer = json_pack("{s:s, s:I}", "status", "done", "bytes", (json_int_t)pending->composite.n);
	db_run(service->db, "DELETE FROM composite", NULL, 0);
	db_run(service->db, "INSERT INTO composite VALUES (1, $1, 0, $2)",
	       DB_VALUES(db_integer((int64_t)clock_now()), db_bytes(pending->composite.p, pending->composite.n)));
	commit_then(service->commit, on_disk, pending);
	pending = NULL;
out:
	if (pending != NULL) {
		log_event(service->name, LOG_LEVEL_WARNING, "no new CRL", "s:s", "text", err.text);
		if (exchange != NULL)
			service_answer_json(exchange, status == KEY_FAILED || status == KEY_IO ? 503 : 422,
					    json_pack("{s:s}", "error", err.text));
		free(pending);
	} else if (status != KEY_OK && exchange != NULL) {
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
	}
	bytes_free(&before);
}

/* ---- orders ---- */

static void refuse_oer(struct http_exchange *exchange, const struct oer_error *err)
{
	service_answer_json(exchange, 400,
			    json_pack("{s:s, s:s, s:s}", "error", err->path, "expected", err->expected, "found", err->found));
}

static uint16_t la_id(const uint8_t id[2])
{
	return (uint16_t)(id[0] << 8 | id[1]);
}

static enum key_status order_apply(struct service *service, struct revocations *revocations, const void *from, struct key_error *err)
{
	const struct RevocationOrder *order = from;
	struct RevokedCertificate certificate;
	struct RevokedDevice device;
	enum key_status status = KEY_OK;
	struct oer_iter it = oer_iterate(&order->devices);
	struct crl_list *list;

	(void)service;
	while (status == KEY_OK && oer_next(&it, &device)) {
		struct crl_linkage_entry entry = {.j_max = device.jMax,
						  .la1 = la_id(device.la1Id),
						  .la2 = la_id(device.la2Id),
						  .i_max = device.iMax};

		memcpy(entry.seed1, device.seed1, LINKAGE_SEED);
		memcpy(entry.seed2, device.seed2, LINKAGE_SEED);
		status = crl_list_open(revocations, order->cracaId, CRL_SERIES_PSEUDONYM, true, &list, err);
		if (status == KEY_OK)
			status = crl_list_add_device(list, &entry, device.i, err);
	}
	it = oer_iterate(&order->certificates);
	while (status == KEY_OK && oer_next(&it, &certificate)) {
		struct crl_hash_entry entry = {.expiry = certificate.expiry};

		memcpy(entry.id, certificate.id, sizeof(entry.id));
		status = crl_list_open(revocations, order->cracaId, certificate.series, false, &list, err);
		if (status == KEY_OK)
			status = crl_list_add_hash(list, &entry, err);
	}
	return status;
}

static void post_revocations(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	struct RevocationOrder order;
	struct oer_error err;

	if (oer_decode(&oer_RevocationOrder, http_body(exchange), OER_DEPTH_DEFAULT, &order, &err) != OER_OK) {
		refuse_oer(exchange, &err);
	} else if (memcmp(order.cracaId, state->craca, 8) != 0) {
		service_answer_json(exchange, 422, json_pack("{s:s}", "error", "the CRACA of the order is not this CRLG's"));
	} else {
		state->orders++;
		next_make(service, exchange, order_apply, &order, ORIGIN_OWN);
	}
}

static enum key_status ballot_apply(struct service *service, struct revocations *revocations,
				    const struct BallotHistoryEntry *entry, struct key_error *err)
{
	bool new_form = entry->ballot.choice == BallotHistoryEntry_ballot_is_camp124;
	const struct oer_type *type = new_form ? &oer_ElectorBallot : &oer_ElectorBallot121;
	const void *value = new_form ? (const void *)&entry->ballot.u.camp124 : (const void *)&entry->ballot.u.camp121;
	enum key_status status = KEY_FAILED;
	size_t n = 0;
	uint8_t *p;

	if (entry->ballot.choice == OER_UNKNOWN)
		return key_fail(err, KEY_VALUE, "a ballot of a form that is not known");
	if (oer_encode(type, value, NULL, 0, &n) != OER_SPACE || (p = malloc(n)) == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	if (oer_encode(type, value, p, n, &n) == OER_OK)
		status = revocations_add_ballot(revocations, new_form ? FORM_124 : FORM_121, (enum scms_motion)entry->type,
						(struct scms_slice){p, n}, service->party->crypto, err);
	free(p);
	return status == KEY_EXISTS ? KEY_OK : status;
}

static enum key_status ballots_apply(struct service *service, struct revocations *revocations, const void *from,
				     struct key_error *err)
{
	const struct BallotHistory *history = from;
	struct oer_iter it = oer_iterate(&history->entries);
	struct BallotHistoryEntry entry;
	enum key_status status = KEY_OK;

	while (status == KEY_OK && oer_next(&it, &entry))
		status = ballot_apply(service, revocations, &entry, err);
	return status;
}

static void post_ballots(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	struct BallotHistory history;
	struct oer_error err;

	if (oer_decode(&oer_BallotHistory, http_body(exchange), OER_DEPTH_DEFAULT, &history, &err) != OER_OK) {
		refuse_oer(exchange, &err);
		return;
	}
	state->ballots++;
	next_make(service, exchange, ballots_apply, &history, ORIGIN_FOREIGN);
}

static enum key_status root_crl_apply(struct service *service, struct revocations *revocations, const void *from,
				      struct key_error *err)
{
	const struct scms_slice *crl = from;

	(void)service;
	return revocations_take_crl(revocations, *crl, err);
}

static void post_root_crl(struct service *service, struct http_exchange *exchange)
{
	struct scms_slice body = http_body(exchange);

	next_make(service, exchange, root_crl_apply, &body, ORIGIN_FOREIGN);
}

/* What this CRLG has listed since goes into what was made by hand without knowing of it. */
static enum key_status own_lists_merge(const struct service *service, const struct revocations *own, struct revocations *made, struct key_error *err)
{
	enum key_status status = KEY_OK;
	struct crl_list *list;

	for (size_t k = 0; status == KEY_OK && k < own->list_count; k++) {
		if (!list_is_own(service, &own->lists[k]))
			continue;
		status = crl_list_open(made, own->lists[k].craca, own->lists[k].series, own->lists[k].linkage, &list, err);
		if (status == KEY_OK)
			status = crl_list_merge(list, &own->lists[k], err);
	}
	return status;
}

/* The composite CRL that was made by hand, in the operator's workspace, takes the place of the present one; no order of the MA is lost. */
static enum key_status composite_apply(struct service *service, struct revocations *revocations, const void *from,
				       struct key_error *err)
{
	const struct scms_slice *composite = from;
	const struct crl_checker checker = checker_of(service);
	struct crl_faults *faults = calloc(1, sizeof(*faults));
	struct revocations made = {.list_count = 0};
	enum key_status status = KEY_FAILED;

	if (faults == NULL || checker.store == NULL)
		status = key_fail(err, KEY_FAILED, "out of memory, or no trust store");
	else
		status = crl_composite_check(&checker, *composite, (struct scms_slice){NULL, 0}, faults, err);
	if (status == KEY_OK && faults->n > 0)
		status = key_fail(err, KEY_VALUE, "%s", faults->text[0]);
	if (status == KEY_OK)
		status = revocations_read(&made, *composite, service->party->crypto, err);
	if (status == KEY_OK)
		status = own_lists_merge(service, revocations, &made, err);
	if (status == KEY_OK) {
		revocations_free(revocations);
		*revocations = made;
	} else {
		revocations_free(&made);
	}
	free(faults);
	return status;
}

static void post_composite(struct service *service, struct http_exchange *exchange)
{
	struct scms_slice body = http_body(exchange);

	next_make(service, exchange, composite_apply, &body, ORIGIN_WHOLE);
}

static void get_composite(struct service *service, struct http_exchange *exchange)
{
	const struct state *state = service->state;

	if (state->composite.n == 0)
		service_refuse(service, exchange, 404, 0, "no CRL was made yet");
	else
		http_answer(exchange, 200, OCTETS, bytes_view(&state->composite));
}

/* ---- time ---- */

/* The lists that a CRLG keeps: each is there from the beginning, so that nobody takes silence for a clean slate. */
static enum key_status lists_apply(struct service *service, struct revocations *revocations, const void *order, struct key_error *err)
{
	static const uint16_t series[] = {CRL_SERIES_PSEUDONYM, CRL_SERIES_COMPONENT, CRL_SERIES_END_ENTITY, CRL_SERIES_ENROLMENT};
	const struct state *state = service->state;
	enum key_status status = KEY_OK;
	struct crl_list *list;

	(void)order;
	for (size_t k = 0; status == KEY_OK && k < sizeof(series) / sizeof(series[0]); k++)
		status = crl_list_open(revocations, state->craca, series[k], series[k] == CRL_SERIES_PSEUDONYM, &list, err);
	return status;
}

/*
 * Under a new root there is no list of its own at first. What is made by hand on that day (scms crl reset) carries over the seeds
 * that stay revoked, and dates before it would be refused: so it is waited for, until what is out is due itself.
 */
static bool is_due(const struct service *service)
{
	const struct state *state = service->state;
	struct revocations revocations;
	struct key_error err;
	unsigned own = 0, others = 0;
	bool due = false, others_due = false;

	if (revocations_read(&revocations, bytes_view(&state->composite), service->party->crypto, &err) != KEY_OK)
		return false;
	for (size_t k = 0; k < revocations.list_count; k++) {
		bool list_due = list_is_due(service, &revocations.lists[k]);

		if (list_is_own(service, &revocations.lists[k])) {
			own++;
			due |= list_due;
		} else if (revocations.lists[k].series != CRL_SERIES_SPECIAL) {
			others++;
			others_due |= list_due;
		}
	}
	revocations_free(&revocations);
	return own == 0 && others > 0 ? others_due : due || own < 4;
}

static void tick(struct service *service, scms_time64 now)
{
	struct state *state = service->state;
	uint64_t seconds = now / TIME64_SECOND;

	if (!state->uploaded && !state->uploading && (state->wait == 0 || --state->wait == 0))
		upload(service);
	/* Reading megabytes each second would be much for little: every tenth will do. */
	if (seconds % 10 != 0 && state->composite.n > 0)
		return;
	if (service_standing(service) == SCMS_VALID && is_due(service))
		next_make(service, NULL, lists_apply, NULL, ORIGIN_OWN);
}

/* ---- life ---- */

/* The CRACA is the root that the CRLG's own certificate chains to. */
static bool take_identity(struct service *service)
{
	const struct home_identity *active = home_identity(service->home, HOME_ACTIVE);
	struct state *state = service->state;

	if (active == NULL || active->issuer_count == 0)
		return false;
	memcpy(state->craca, cert_id8(&active->issuer[active->issuer_count - 1]), 8);
	return true;
}

static void changed(struct service *service)
{
	(void)take_identity(service);
}

/* A new CRLG goes on from what is out: numbers and dates of lists never go back (rule G5.2). */
static bool begin_from(struct service *service, const char *path, struct service_error *err)
{
	struct state *state = service->state;
	struct revocations revocations;
	struct file_error file_err;
	struct scms_slice bytes;
	struct key_error why;

	if (file_read(path, COMPOSITE_MAX, &bytes, &file_err) != FILE_OK) {
		snprintf(err->text, sizeof(err->text), "%s: begin: %s: %s", service->name, path, file_err.text);
		return false;
	}
	if (revocations_read(&revocations, bytes, service->party->crypto, &why) != KEY_OK) {
		snprintf(err->text, sizeof(err->text), "%s: begin: %s: %s", service->name, path, why.text);
	} else if (!db_begin(service->db) ||
		   db_run(service->db, "INSERT INTO composite VALUES (1, $1, 0, $2)",
			  DB_VALUES(db_integer((int64_t)clock_now()), db_bytes(bytes.p, bytes.n))) != 1 ||
		   !db_commit(service->db)) {
		snprintf(err->text, sizeof(err->text), "%s: the CRL cannot be kept: %s", service->name, db_error(service->db));
		revocations_free(&revocations);
	} else {
		revocations_free(&revocations);
		state->composite = (struct bytes){(uint8_t *)(uintptr_t)bytes.p, bytes.n};
		return true;
	}
	free((void *)(uintptr_t)bytes.p);
	return false;
}

static const char *settings_check(const struct service *service, struct service_error *err)
{
	int64_t interval = service_number(service, "interval_seconds"), next = service_number(service, "next_seconds");
	const char *begin = service_text(service, "begin");

	if (next <= interval) {
		snprintf(err->text, sizeof(err->text),
			 "expected more than interval_seconds, which is %" PRId64 ", found %" PRId64 ": each CRL would be overdue before the next is there",
			 interval, next);
		return "next_seconds";
	}
	/* It is wanted once. */
	if (begin == NULL || db_is_there(service->path) || access(begin, R_OK) == 0)
		return NULL;
	snprintf(err->text, sizeof(err->text), "%.400s: %s; expected the absolute path of a composite CRL", begin, strerror(errno));
	return "begin";
}

static bool start(struct service *service, struct service_error *err)
{
	struct state *state = calloc(1, sizeof(*state));
	const char *begin;

	service->state = state;
	if (state == NULL || db_each(service->db, "SELECT bytes FROM composite", NULL, 0, newest_row, &state->composite) < 0) {
		snprintf(err->text, sizeof(err->text), "%s: the CRL cannot be read: %s", service->name,
			 state != NULL ? db_error(service->db) : "out of memory");
		free(state);
		return false;
	}
	begin = service_text(service, "begin");
	if (state->composite.n == 0 && begin != NULL && !begin_from(service, begin, err)) {
		free(state);
		return false;
	}
	state->uploaded = db_number(service->db, "SELECT uploaded FROM composite", NULL, 0, 0) != 0;
	if (take_identity(service))
		return true;
	snprintf(err->text, sizeof(err->text), "%s: %s/active: issuers.coer is missing: it says which root the CRLs are for",
		 service->name, service->path);
	bytes_free(&state->composite);
	free(state);
	return false;
}

static void stop(struct service *service)
{
	struct state *state = service->state;

	bytes_free(&state->composite);
	free(state);
}

static void metrics(struct service *service, struct metrics *to)
{
	const struct state *state = service->state;

	metrics_counter(to, "scms_crlg_orders", "Revocations ordered.", "from=\"ma\"", state->orders);
	metrics_counter(to, "scms_crlg_orders", "Revocations ordered.", "from=\"manager\"", state->ballots);
	metrics_counter(to, "scms_crlg_crls_signed", "Lists signed.", NULL, state->signatures);
	metrics_counter(to, "scms_crlg_uploads", "Composite CRLs brought to the CRL store.", "outcome=\"taken\"", state->uploads);
	metrics_counter(to, "scms_crlg_uploads", "Composite CRLs brought to the CRL store.", "outcome=\"failed\"", state->failures);
	metrics_gauge(to, "scms_crlg_composite_bytes", "Length of the composite CRL.", NULL, (double)state->composite.n);
}

static const struct service_route routes[] = {
    {HTTP_POST, "/crlg/revocations", "ma", ORDER_MAX, SERVICE_ISSUES, post_revocations},
    {HTTP_POST, "/crlg/ballots", "manager", BALLOTS_BYTES_MAX, SERVICE_ISSUES, post_ballots},
    {HTTP_POST, "/crlg/root-crl", "manager", ROOT_CRL_MAX, SERVICE_ISSUES, post_root_crl},
    {HTTP_GET, "/crlg/composite", "manager crl-store", 0, 0, get_composite},
    {HTTP_POST, "/crlg/composite", "manager", COMPOSITE_MAX, SERVICE_ISSUES, post_composite},
    {0},
};

static const struct role_setting settings[] = {
    {"interval_seconds", SETTING_NUMBER, 10, 30 * 86400, 86400, NULL, "lists are signed anew this long after the last time"},
    {"begin", SETTING_TEXT, 0, 0, 0, NULL, "composite CRL to go on from, where there is none yet; an absolute path"},
    {"next_seconds", SETTING_NUMBER, 20, 60 * 86400, 3 * 86400, NULL, "a CRL says that the next one is due this long after it"},
    {0},
};

static const struct role_peer peers[] = {{"crl-store", PEER_NEEDED}, {NULL, PEER_NEEDED}};

const struct role_service crlg_service = {
    .name = "crlg",
    .schema = &schema,
    .routes = routes,
    .settings = settings,
    .peers = peers,
    .check = settings_check,
    .start = start,
    .stop = stop,
    .tick = tick,
    .changed = changed,
    .metrics = metrics,
};
