/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the PCA is, and what becomes of the certificates of one that was before it.
 *
 * Certificates of a PCA that was revoked are worthless to whoever has them, so the RA has them made anew by itself, by the
 * PCA that it has now: the device asks for nothing, it fetches again what is of no use to it any more. Linkage chains go on:
 * the new certificate of (i, j) has the linkage value of the dead one, so that one pair of seeds still revokes all that the
 * device ever had.
 *
 * Where the earlier PCA is still valid, what it has issued stays. What it was to issue and has not is made anew: its
 * pre-linkage values are encrypted for it alone.
 *
 * A PCA that is given another certificate tells nobody. The RA sees it by whose answers are, and looks again before it believes
 * that something cannot be issued.
 */
#include "components/ra/vehicle.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_MAX 4096
#define RETRY_SECONDS 1
#define SEEN_SECONDS 60	 /* for so long its certificate is taken to be the one that it has */
#define EARLIER_MAX 16	 /* PCAs that the RA has had, looked at in one turn */
#define REQUESTS_EACH 64 /* looked after in one turn, so that others get theirs */

/* ---- who it is ---- */

static bool host_of(const struct cert *cert, char host[256])
{
	const struct CertificateId *id = &cert->c.toBeSigned.id;

	memset(host, 0, 256);
	if (id->choice != CertificateId_is_name || id->u.name.n == 0 || id->u.name.n >= 256)
		return false;
	memcpy(host, id->u.name.p, id->u.name.n);
	return true;
}

static const char find_number[] = "SELECT number FROM pca WHERE id = $1";

/* The number by which batches name a PCA's certificate, entered where it is new, within the turn's transaction. 0: the database failed. */
static int64_t number_of(struct service *service, const struct cert *cert)
{
	struct db *db = service->db;
	int64_t number = db_number(db, find_number, DB_VALUES(db_bytes(cert_id8(cert), 8)), 0);
	struct bytes bytes = {NULL, 0};
	struct key_error err;

	if (number != 0)
		return number;
	if (commit_begin(service->commit) && make_bytes(&oer_Certificate, &cert->c, &bytes, &err) == KEY_OK &&
	    db_run(db, "INSERT INTO pca (id, certificate) VALUES ($1, $2)",
		   DB_VALUES(db_bytes(cert_id8(cert), 8), db_bytes(bytes.p, bytes.n))) == 1)
		number = db_number(db, find_number, DB_VALUES(db_bytes(cert_id8(cert), 8)), 0);
	bytes_free(&bytes);
	return number;
}

/* The same for the PCA in use, whose number is on disk before anything names it. */
static bool enter(struct ra_state *state, const struct cert *cert)
{
	if (number_of(state->service, cert) == 0)
		return false;
	commit_flush(state->service->commit);
	memcpy(state->pca_id, cert_id8(cert), 8);
	state->pca_number = db_number(state->service->db, find_number, DB_VALUES(db_bytes(cert_id8(cert), 8)), 0);
	return state->pca_number != 0;
}

bool ra_pca_answered(struct ra_state *state, const uint8_t hpcr[32], const struct cert *signer)
{
	int64_t number;

	if (memcmp(state->pca_id, cert_id8(signer), 8) == 0)
		return true;
	state->pca_doubted = true;
	number = number_of(state->service, signer);
	/* Where both have issued of one batch, it stays with the first. */
	return number != 0 && db_run(state->service->db,
				     "UPDATE batch SET pca = $2 WHERE pca <> $2 AND EXISTS (SELECT 1 FROM item WHERE item.hpcr = $1 AND "
				     "item.request = batch.request AND item.i = batch.i) AND NOT EXISTS (SELECT 1 FROM item WHERE "
				     "item.request = batch.request AND item.i = batch.i AND item.state >= 2)",
				     DB_VALUES(db_bytes(hpcr, 32), db_integer(number))) >= 0;
}

static bool take_pca(struct ra_state *state, struct scms_slice bytes)
{
	struct service *service = state->service;
	struct cert cert;
	enum role role;

	ra_pca_forget(state);
	if (cert_read(&cert, bytes, service->party->crypto, NULL) != OER_OK || !role_of_certificate(&cert, &role) || role != ROLE_PCA ||
	    !host_of(&cert, state->pca_host) || trustee_check(service->trustee, bytes, clock_now()) != SCMS_VALID ||
	    !enter(state, &cert))
		return false;
	state->pca_start = cert.c.toBeSigned.validityPeriod.start;
	state->pca_seen = role_now();
	state->pca.p = OPENSSL_memdup(bytes.p, bytes.n);
	state->pca.n = state->pca.p != NULL ? bytes.n : 0;
	return state->pca.n > 0;
}

/* What is known of it is logged when it changes: it is looked for once a second. */
static void say(struct ra_state *state, const char *what)
{
	if (state->pca_said != NULL && strcmp(state->pca_said, what) == 0)
		return;
	log_event(state->service->name, state->pca.n > 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "PCA", "s:s", "certificate", what);
	state->pca_said = what;
}

static void on_pca(void *ctx, const struct http_result *result)
{
	struct ra_state *state = ctx;

	state->pca_asked = false;
	state->pca_not_before = role_now() + RETRY_SECONDS;
	if (result->status != 200)
		say(state, "cannot be had");
	else
		say(state, take_pca(state, result->body) ? "is valid" : "is not one of a valid PCA");
}

void ra_pca_forget(struct ra_state *state)
{
	bytes_free(&state->pca);
	state->pca_number = 0;
	state->pca_not_before = 0;
	state->pca_settled = false;
	state->pca_doubted = false;
}

bool ra_pca_refused(struct ra_state *state)
{
	if (role_now() - state->pca_seen <= SEEN_SECONDS)
		return true;
	state->pca_doubted = true;
	return false;
}

/* ---- what earlier ones leave ---- */

struct earlier {
	int64_t number[EARLIER_MAX];
	bool revoked[EARLIER_MAX], same_host[EARLIER_MAX];
	unsigned n;
	struct ra_state *state;
};

static bool take_earlier(void *ctx, const struct db_value *columns, size_t count)
{
	struct earlier *earlier = ctx;
	struct service *service = earlier->state->service;
	char host[256] = "";
	struct cert cert;

	(void)count;
	earlier->number[earlier->n] = columns[0].integer;
	earlier->revoked[earlier->n] = role_is_revoked(service, columns[1].bytes);
	earlier->same_host[earlier->n] = cert_read(&cert, columns[1].bytes, service->party->crypto, NULL) == OER_OK &&
					 host_of(&cert, host) && strcmp(host, earlier->state->pca_host) == 0;
	return ++earlier->n < EARLIER_MAX;
}

struct request {
	int64_t id, enrolment, kind;
	char hash[17];
};

struct requests {
	struct request request[REQUESTS_EACH];
	unsigned n;
};

static bool take_request(void *ctx, const struct db_value *columns, size_t count)
{
	struct requests *requests = ctx;
	struct request *one = &requests->request[requests->n];

	(void)count;
	if (columns[3].bytes.n != 8)
		return true;
	*one = (struct request){.id = columns[0].integer, .enrolment = columns[1].integer, .kind = columns[2].integer};
	ra_hex8(columns[3].bytes.p, one->hash);
	return ++requests->n < REQUESTS_EACH;
}

/* The chain's requests of this kind go back to period i, where they are past it. */
static bool go_back(struct db *db, const struct request *request, int64_t i)
{
	return db_run(db,
		      "UPDATE request SET i_next = $3 WHERE kind = $2 AND stopped = 0 AND i_next > $3 AND (kind < 3 OR id = $4) AND "
		      "enrolment IN (SELECT id FROM enrolment WHERE chain = (SELECT chain FROM enrolment WHERE id = $1))",
		      DB_VALUES(db_integer(request->enrolment), db_integer(request->kind), db_integer(i), db_integer(request->id))) >= 0;
}

struct deleting {
	struct db *db;
	const struct request *request;
};

static bool delete_file(void *ctx, const struct db_value *columns, size_t count)
{
	const struct deleting *deleting = ctx;
	char name[64];

	(void)count;
	ra_file_name(deleting->request->hash, (enum ra_kind)deleting->request->kind, (uint32_t)columns[0].integer, name);
	return db_run(deleting->db, "DELETE FROM file WHERE name = $1", DB_VALUES(db_text(name))) >= 0;
}

/* All that a revoked PCA made, or was to make, of a request: it is as if it had not been asked for yet. */
static bool undo(struct db *db, const struct request *request, int64_t pca)
{
	scms_time32 now = role_now();
	struct deleting deleting = {db, request};
	int64_t present = request->kind == RA_PSEUDONYM ? period_of(now) : request->kind == RA_IDENTIFICATION ? id_period_of(now) : 0;
	int64_t first = db_number(db, "SELECT min(i) FROM batch WHERE request = $1 AND pca = $2 AND i >= $3",
				  DB_VALUES(db_integer(request->id), db_integer(pca), db_integer(present)), -1);

	/* Whose a certificate was, the MA may still ask. */
	if (db_run(db,
		   "INSERT INTO past (hpcr, request, expires) SELECT hpcr, request, expires FROM item WHERE request = $1 AND state = 4 AND "
		   "i IN (SELECT i FROM batch WHERE request = $1 AND pca = $2) ON CONFLICT (hpcr) DO NOTHING",
		   DB_VALUES(db_integer(request->id), db_integer(pca))) < 0 ||
	    db_run(db, "DELETE FROM item WHERE request = $1 AND i IN (SELECT i FROM batch WHERE request = $1 AND pca = $2)",
		   DB_VALUES(db_integer(request->id), db_integer(pca))) < 0 ||
	    db_each(db, "SELECT i FROM batch WHERE request = $1 AND pca = $2", DB_VALUES(db_integer(request->id), db_integer(pca)),
		    delete_file, &deleting) < 0 ||
	    db_run(db, "DELETE FROM batch WHERE request = $1 AND pca = $2", DB_VALUES(db_integer(request->id), db_integer(pca))) < 0)
		return false;
	if (request->kind == RA_PSEUDONYM &&
	    db_run(db,
		   "UPDATE chain SET i_max = (SELECT coalesce(max(batch.i), 0) FROM batch JOIN request ON request.id = batch.request JOIN "
		   "enrolment ON enrolment.id = request.enrolment WHERE request.kind = 1 AND enrolment.chain = chain.id) WHERE id = "
		   "(SELECT chain FROM enrolment WHERE id = $1)",
		   DB_VALUES(db_integer(request->enrolment))) != 1)
		return false;
	return first < 0 || go_back(db, request, first);
}

/* Undoes what is of a revoked PCA, some requests at a time. True: nothing is left. */
static bool undo_some(struct service *service, int64_t pca)
{
	struct requests requests = {.n = 0};

	db_each(service->db,
		"SELECT request.id, request.enrolment, request.kind, request.hash FROM request WHERE id IN "
		"(SELECT DISTINCT request FROM batch WHERE pca = $1 LIMIT 64)",
		DB_VALUES(db_integer(pca)), take_request, &requests);
	if (requests.n == 0)
		return true;
	if (!commit_begin(service->commit))
		return false;
	for (unsigned k = 0; k < requests.n; k++)
		if (!undo(service->db, &requests.request[k], pca)) {
			log_event(service->name, LOG_LEVEL_ERROR, "certificates of a revoked PCA", "s:s", "not replaced",
				  db_error(service->db));
			return false;
		}
	return false;
}

struct period {
	int64_t request, i;
};

struct pending {
	struct period period[REQUESTS_EACH];
	unsigned n;
};

static bool take_period(void *ctx, const struct db_value *columns, size_t count)
{
	struct pending *pending = ctx;

	(void)count;
	pending->period[pending->n++] = (struct period){columns[0].integer, columns[1].integer};
	return pending->n < REQUESTS_EACH;
}

/* Takes back the periods of these kinds that an earlier PCA, which is valid, has not completed. True: nothing is left. */
static bool take_back_some(struct service *service, int64_t pca, enum ra_kind least)
{
	struct db *db = service->db;
	struct pending pending = {.n = 0};

	db_each(db,
		"SELECT DISTINCT item.request, item.i FROM item JOIN batch ON batch.request = item.request AND batch.i = item.i WHERE "
		"item.state < 2 AND batch.pca = $1 AND item.kind >= $2 LIMIT 64",
		DB_VALUES(db_integer(pca), db_integer(least)), take_period, &pending);
	if (pending.n == 0)
		return true;
	if (!commit_begin(service->commit))
		return false;
	for (unsigned k = 0; k < pending.n; k++) {
		const struct period *one = &pending.period[k];

		if (db_run(db, "DELETE FROM item WHERE request = $1 AND i = $2", DB_VALUES(db_integer(one->request), db_integer(one->i))) < 0 ||
		    db_run(db, "DELETE FROM batch WHERE request = $1 AND i = $2", DB_VALUES(db_integer(one->request), db_integer(one->i))) < 0 ||
		    db_run(db, "UPDATE request SET i_next = $2 WHERE id = $1 AND i_next > $2",
			   DB_VALUES(db_integer(one->request), db_integer(one->i))) < 0)
			return false;
	}
	return false;
}

/*
 * The PCA has another certificate, and the database and keys that it had: what it has not answered, it answers by that. What is made
 * for the validity of its certificate is made anew. True: nothing is left.
 */
static bool take_over(struct ra_state *state, int64_t pca)
{
	struct db *db = state->service->db;

	return take_back_some(state->service, pca, RA_IDENTIFICATION) && commit_begin(state->service->commit) &&
	       db_run(db,
		      "UPDATE batch SET pca = $2 WHERE pca = $1 AND NOT EXISTS (SELECT 1 FROM item WHERE item.request = batch.request AND "
		      "item.i = batch.i AND item.state >= 2)",
		      DB_VALUES(db_integer(pca), db_integer(state->pca_number))) >= 0;
}

/* True: nothing is left that one before is to issue. */
static bool settle(struct ra_state *state)
{
	struct service *service = state->service;
	struct earlier earlier = {.state = state};
	bool settled = true;

	if (db_each(service->db, "SELECT number, certificate FROM pca WHERE number <> $1 AND EXISTS (SELECT 1 FROM batch WHERE pca = number) ORDER BY number DESC",
		    DB_VALUES(db_integer(state->pca_number)), take_earlier, &earlier) < 0)
		return false;
	for (unsigned k = 0; k < earlier.n; k++) {
		if (earlier.revoked[k])
			settled = undo_some(service, earlier.number[k]) && settled;
		else if (state->pca.n > 0 && earlier.same_host[k])
			settled = take_over(state, earlier.number[k]) && settled;
		else if (state->pca.n > 0)
			settled = take_back_some(service, earlier.number[k], RA_PSEUDONYM) && settled;
	}
	return settled;
}

bool ra_pca_ready(struct ra_state *state)
{
	if (!state->pca_settled)
		state->pca_settled = settle(state);
	if ((state->pca.n == 0 || state->pca_doubted) && !state->pca_asked && role_now() >= state->pca_not_before)
		state->pca_asked = service_call(state->service, "pca", "/certificate", (struct scms_slice){NULL, 0}, CERTIFICATE_MAX, on_pca,
						state);
	return ra_pca_usable(state);
}
