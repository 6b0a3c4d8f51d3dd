/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ma/service.h"

#include "components/ma/walk.h"
#include "components/role_service.h"
#include "dot2/validity.h"

#include <stdlib.h>
#include <string.h>

#define REPORT_MAX 65536
#define RETRY_SECONDS 10
#define RETRY_SECONDS_MAX 3600
#define SERIES_END_ENTITY 3
/* The RA names certificates, not their ends: an entry stays for as long as the longest of them holds (721 hours). */
#define ENTRY_SECONDS (722u * 3600u)
#define DAY 86400u
/* No report of a certificate comes after its end: what has led to nothing in so long never will. */
#define REPORT_DAYS 31

enum case_state {
	CASE_OPEN = 0,	  /* reported, by too few */
	CASE_DECIDED = 1, /* to be walked */
	CASE_REVOKED = 2, /* with the CRLG */
};

static const char *const steps[] = {
    /*
     * Who reports several things in a row does so with one pseudonym after another: that they follow each other is nobody's
     * business. So there are no row ids, and days instead of times.
     */
    "CREATE TABLE reports (hash BLOB NOT NULL, reporter BLOB NOT NULL, suspect BLOB NOT NULL, day INTEGER NOT NULL, "
    "PRIMARY KEY (hash, reporter)) WITHOUT ROWID",
    /* id goes when the case is closed; suspect, a hash of it, stays, so that it is not opened again. */
    "CREATE TABLE suspects (suspect BLOB PRIMARY KEY NOT NULL, id BLOB, kind INTEGER NOT NULL, craca BLOB NOT NULL, "
    "state INTEGER NOT NULL, tries INTEGER NOT NULL, due BIGINT NOT NULL, trouble TEXT NOT NULL) WITHOUT ROWID",
};
static const struct db_schema schema = {"ma", steps, 2};

struct state {
	void *checker_memory;
	struct scms_checker *checker;
	bool walking;
	uint8_t suspect[32]; /* whom the walk is about */
	uint8_t craca[8];
	struct bytes order; /* for the CRLG, on its way */
	uint32_t swept; /* day of the last sweep */
	uint64_t reports, refused, revoked, troubles;
};

static void suspect_of(const struct service *service, enum evidence_kind kind, const uint8_t id[9], uint8_t suspect[32])
{
	const uint8_t tag = (uint8_t)kind;
	const struct scms_slice parts[2] = {{&tag, 1}, {id, 9}};

	service->party->crypto->sha256(service->party->crypto->ctx, parts, 2, suspect);
}

/* ---- reports ---- */

static bool report_keep(struct service *service, const struct evidence *evidence)
{
	struct db *db = service->db;
	uint8_t suspect[32];

	suspect_of(service, evidence->kind, evidence->id, suspect);
	db_run(db,
	       "INSERT INTO suspects (suspect, id, kind, craca, state, tries, due, trouble) VALUES ($1, $2, $3, $4, 0, 0, 0, '') "
	       "ON CONFLICT (suspect) DO NOTHING",
	       DB_VALUES(db_bytes(suspect, 32), db_bytes(evidence->id, 9), db_integer(evidence->kind), db_bytes(evidence->craca, 8)));
	db_run(db, "INSERT INTO reports (hash, reporter, suspect, day) VALUES ($1, $2, $3, $4) ON CONFLICT (hash, reporter) DO NOTHING",
	       DB_VALUES(db_bytes(evidence->hash, 32), db_bytes(evidence->reporter, 10), db_bytes(suspect, 32),
			 db_integer(role_now() / DAY)));
	if (db_number(db, "SELECT COUNT(DISTINCT reporter) FROM reports WHERE suspect = $1", DB_VALUES(db_bytes(suspect, 32)), 0) <
	    service_number(service, "reports"))
		return true;
	return db_run(db, "UPDATE suspects SET state = 1 WHERE suspect = $1 AND state = 0", DB_VALUES(db_bytes(suspect, 32))) >= 0;
}

static void handle_report(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	struct evidence_error err;
	struct evidence evidence;

	if (!evidence_read(service->party, service->trustee, state->checker, http_body(exchange), clock_now(), &evidence, &err)) {
		state->refused++;
		service_refuse(service, exchange, 400, 0, "%s", err.text);
		return;
	}
	if (!commit_begin(service->commit) || !report_keep(service, &evidence)) {
		service_refuse(service, exchange, 503, 0, "the database refused: %s", db_error(service->db));
		return;
	}
	state->reports++;
	commit_answer(service->commit, exchange, 200, OCTETS, (struct scms_slice){NULL, 0});
}

static void handle_state(struct service *service, struct http_exchange *exchange)
{
	struct db *db = service->db;
	int64_t reports = db_number(db, "SELECT COUNT(*) FROM reports", NULL, 0, -1);
	int64_t open = db_number(db, "SELECT COUNT(*) FROM suspects WHERE state = 0", NULL, 0, -1);
	int64_t decided = db_number(db, "SELECT COUNT(*) FROM suspects WHERE state = 1", NULL, 0, -1);
	int64_t revoked = db_number(db, "SELECT COUNT(*) FROM suspects WHERE state = 2", NULL, 0, -1);

	if (reports < 0 || open < 0 || decided < 0 || revoked < 0)
		service_refuse(service, exchange, 503, 0, "the database refused: %s", db_error(db));
	else
		service_answer_json(exchange, 200,
				    json_pack("{s:I, s:I, s:I, s:I}", "reports", (json_int_t)reports, "open", (json_int_t)open, "decided",
					      (json_int_t)decided, "revoked", (json_int_t)revoked));
}

/* ---- the walk, and what it ends in ---- */

/* The walk was of no avail: it is begun again later. */
static void case_trouble(struct service *service, const char *text)
{
	struct state *state = service->state;
	int64_t tries, pause = RETRY_SECONDS;

	state->walking = false;
	state->troubles++;
	bytes_free(&state->order);
	log_event(service->name, LOG_LEVEL_WARNING, "walk", "s:s", "text", text);
	if (!commit_begin(service->commit))
		return;
	tries = db_number(service->db, "SELECT tries FROM suspects WHERE suspect = $1", DB_VALUES(db_bytes(state->suspect, 32)), 0);
	for (int64_t k = 0; k < tries && pause < RETRY_SECONDS_MAX; k++)
		pause *= 2;
	(void)db_run(service->db, "UPDATE suspects SET tries = tries + 1, due = $2, trouble = $3 WHERE suspect = $1",
		     DB_VALUES(db_bytes(state->suspect, 32), db_integer((int64_t)(clock_now() + (scms_time64)pause * TIME64_SECOND)),
			       db_text(text)));
}

static void case_ordered(void *ctx, const struct http_result *result)
{
	struct service *service = ctx;
	struct state *state = service->state;

	if (result->status != 200) {
		case_trouble(service, result->status == 0 ? result->error : "crlg: refused");
		return;
	}
	state->walking = false;
	bytes_free(&state->order);
	if (!commit_begin(service->commit))
		return; /* the case stays decided, and is walked again: the CRLG takes the same order twice */
	db_run(service->db, "UPDATE suspects SET state = 2, id = NULL, trouble = '' WHERE suspect = $1",
	       DB_VALUES(db_bytes(state->suspect, 32)));
	db_run(service->db, "DELETE FROM reports WHERE suspect = $1", DB_VALUES(db_bytes(state->suspect, 32)));
	state->revoked++;
	log_event(service->name, LOG_LEVEL_INFO, "revoked", "s:i", "devices", 1);
}

static enum key_status order_make(const struct service *service, const struct walk_result *result, const uint8_t craca[8],
				  struct bytes *out, struct key_error *err)
{
	struct RevokedCertificate *certificates = calloc(result->hash_count + 1, sizeof(*certificates));
	const uint8_t la[2][2] = {{(uint8_t)(result->la[0] >> 8), (uint8_t)result->la[0]},
				  {(uint8_t)(result->la[1] >> 8), (uint8_t)result->la[1]}};
	const struct RevokedDevice device = {.i = result->i,
					     .iMax = result->i_max,
					     .jMax = (uint8_t)service_number(service, "certificates"),
					     .la1Id = la[0],
					     .la2Id = la[1],
					     .seed1 = result->seed[0],
					     .seed2 = result->seed[1]};
	struct RevocationOrder order = {.version = 1, .cracaId = craca};
	scms_time32 expiry = role_now() + ENTRY_SECONDS;
	enum key_status status;

	if (certificates == NULL)
		return key_fail(err, KEY_FAILED, "out of memory");
	for (size_t k = 0; k < result->hash_count; k++)
		certificates[k] =
		    (struct RevokedCertificate){.series = SERIES_END_ENTITY, .id = result->hash[k], .expiry = expiry};
	order.devices = (struct oer_list){
	    .items = &device, .count = result->kind == EVIDENCE_PSEUDONYM ? 1 : 0, .element = &oer_RevokedDevice};
	order.certificates =
	    (struct oer_list){.items = certificates, .count = (uint32_t)result->hash_count, .element = &oer_RevokedCertificate};
	status = make_bytes(&oer_RevocationOrder, &order, out, err);
	free(certificates);
	return status;
}

static void walked(void *ctx, const struct walk_result *result, const char *text)
{
	struct service *service = ctx;
	struct state *state = service->state;
	struct key_error err = {.text = "out of memory"};

	if (result == NULL) {
		case_trouble(service, text);
		return;
	}
	if (order_make(service, result, state->craca, &state->order, &err) != KEY_OK ||
	    !service_call(service, "crlg", "/crlg/revocations", bytes_view(&state->order), 4096, case_ordered, service))
		case_trouble(service, err.text);
}

struct due {
	uint8_t suspect[32], id[9], craca[8];
	int64_t kind;
	bool found;
};

static bool take_due(void *ctx, const struct db_value *columns, size_t count)
{
	struct due *due = ctx;

	(void)count;
	if (columns[0].bytes.n != 32 || columns[1].bytes.n != 9 || columns[3].bytes.n != 8)
		return true;
	memcpy(due->suspect, columns[0].bytes.p, 32);
	memcpy(due->id, columns[1].bytes.p, 9);
	due->kind = columns[2].integer;
	memcpy(due->craca, columns[3].bytes.p, 8);
	due->found = true;
	return false;
}

/* Once a day: what has led to nothing is forgotten, and what was deleted leaves the files. */
static void sweep(struct service *service)
{
	struct state *state = service->state;
	uint32_t day = role_now() / DAY;

	if (day == state->swept || !commit_begin(service->commit))
		return;
	state->swept = day;
	db_run(service->db, "DELETE FROM reports WHERE day < $1", DB_VALUES(db_integer((int64_t)day - REPORT_DAYS)));
	db_run(service->db,
	       "DELETE FROM suspects WHERE state = 0 AND NOT EXISTS (SELECT 1 FROM reports WHERE reports.suspect = suspects.suspect)", NULL, 0);
	commit_flush(service->commit);
	if (!db_tidy(service->db))
		log_event(service->name, LOG_LEVEL_ERROR, "database", "s:s", "not tidied", db_error(service->db));
}

static void tick(struct service *service, scms_time64 now)
{
	struct state *state = service->state;
	struct due due = {.found = false};

	sweep(service);
	if (state->walking || service_standing(service) != SCMS_VALID)
		return;
	(void)db_each(service->db, "SELECT suspect, id, kind, craca FROM suspects WHERE state = 1 AND due <= $1 ORDER BY due LIMIT 1",
		      DB_VALUES(db_integer((int64_t)now)), take_due, &due);
	if (!due.found)
		return;
	state->walking = true;
	memcpy(state->suspect, due.suspect, sizeof(state->suspect));
	memcpy(state->craca, due.craca, sizeof(state->craca));
	walk_begin(service, (enum evidence_kind)due.kind, due.id, walked, service);
}

/* ---- the role ---- */

static bool start(struct service *service, struct service_error *err)
{
	struct state *state = calloc(1, sizeof(*state));
	size_t size = scms_checker_size(NULL);

	if (state != NULL)
		state->checker_memory = malloc(size);
	if (state != NULL && state->checker_memory != NULL)
		state->checker = scms_checker_init(state->checker_memory, size, NULL);
	if (state == NULL || state->checker == NULL) {
		if (state != NULL)
			free(state->checker_memory);
		free(state);
		snprintf(err->text, sizeof(err->text), "%s: out of memory", service->name);
		return false;
	}
	service->state = state;
	return true;
}

static void stop(struct service *service)
{
	struct state *state = service->state;

	bytes_free(&state->order);
	free(state->checker_memory);
	free(state);
}

static void metrics(struct service *service, struct metrics *to)
{
	const struct state *state = service->state;

	metrics_counter(to, "scms_ma_reports", "Misbehaviour reports taken", NULL, state->reports);
	metrics_counter(to, "scms_ma_refused", "Misbehaviour reports that prove nothing", NULL, state->refused);
	metrics_counter(to, "scms_ma_revoked", "Devices revoked", NULL, state->revoked);
	metrics_counter(to, "scms_ma_troubles", "Revocations that could not be ended and will be tried again", NULL, state->troubles);
}

static const struct service_route routes[] = {
    {HTTP_POST, "/process-misbehavior-report", "ra", REPORT_MAX, 0, handle_report},
    {HTTP_GET, "/reports", "manager", 0, 0, handle_state},
    ROLE_CERTIFICATE_ROUTE,
    {.path = NULL},
};

static const struct role_setting settings[] = {
    {"reports", SETTING_NUMBER, 1, 1000, 3, NULL, "different certificates that must report a device before it is revoked"},
    {"certificates", SETTING_NUMBER, 1, 255, 20, NULL, "pseudonym certificates of an i-period, as policy says"},
    {.name = NULL},
};

static const struct role_peer peers[] = {{"pca", PEER_SEVERAL}, {"ra", PEER_SEVERAL}, {"la1", PEER_SEVERAL}, {"la2", PEER_SEVERAL}, {"crlg", PEER_NEEDED}, {NULL, PEER_NEEDED}};

const struct role_service ma_service = {
    .name = "ma",
    .schema = &schema,
    .routes = routes,
    .settings = settings,
    .peers = peers,
    .start = start,
    .stop = stop,
    .tick = tick,
    .metrics = metrics,
};
