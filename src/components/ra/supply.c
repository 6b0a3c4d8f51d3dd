/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/supply.h"

#include "components/la/chain.h"
#include "components/ra/aggregator.h"
#include "components/ra/single.h"
#include "components/ra/vehicle.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX 2		/* at a time */
#define JOB_VEHICLES 64		/* in one message to the LAs */
#define JOB_VALUES 1024		/* values in its answer */
#define LA_ANSWER_MAX (1u << 20)
#define RETRY_SECONDS 2

/* One vehicle of a job. */
struct seat {
	int64_t request, chain, i_next;
	struct bytes lci[2]; /* of a chain that goes on; empty: a new one */
};

/* A question to both LAs. */
struct job {
	struct ra_supply *supply;
	struct seat seat[JOB_VEHICLES];
	uint32_t seats;
	int64_t pca; /* its number: for whom the values are encrypted */
	bool fresh[2]; /* at which LA the chains begin */
	uint16_t i_min, i_max;
	uint8_t j_max;
	uint8_t hash[2][32]; /* of each question */
	struct bytes answer[2];
	unsigned open;	      /* answers still to come */
	bool failed;
};

struct half {
	struct job *job;
	unsigned la; /* 0, 1 */
};

struct ra_supply {
	struct service *service;
	struct job *job[JOBS_MAX];
	struct half half[JOBS_MAX][2];
	scms_time32 not_before;
	uint32_t single; /* so many jobs are of one vehicle each: one of them has a chain that its LA does not know */
};

uint16_t ra_supply_last(const struct ra_policy *policy, scms_time32 now)
{
	uint32_t periods = policy->supply / PERIOD_SECONDS;
	uint32_t last = period_of(now) + (periods > 0 ? periods - 1 : 0);

	return last > 6526 ? 6526 : (uint16_t)last;
}

static void job_free(struct job *job)
{
	if (job == NULL)
		return;
	for (uint32_t k = 0; k < job->seats; k++)
		for (unsigned la = 0; la < 2; la++)
			bytes_free(&job->seat[k].lci[la]);
	bytes_free(&job->answer[0]);
	bytes_free(&job->answer[1]);
	free(job);
}

static void job_end(struct job *job, const char *why)
{
	struct ra_supply *supply = job->supply;

	if (why != NULL) {
		supply->not_before = role_now() + RETRY_SECONDS;
		log_event(supply->service->name, LOG_LEVEL_WARNING, "pre-linkage values", "s:s", "failed", why);
	}
	for (unsigned k = 0; k < JOBS_MAX; k++)
		if (supply->job[k] == job)
			supply->job[k] = NULL;
	job_free(job);
}

/* ---- answers become items ---- */

static bool copy(struct bytes *to, struct scms_slice from)
{
	to->p = OPENSSL_memdup(from.p, from.n);
	to->n = to->p != NULL ? from.n : 0;
	return to->p != NULL;
}

/* An LA's answer, opened. */
struct answer {
	struct ScmsPDU content;
	const struct LaRaPreLinkageValueResponseMsg *message;
	struct oer_iter chains;
};

static bool answer_read(const struct job *job, unsigned la, struct answer *answer)
{
	const struct LaRaPreLinkageValueResponseMsg *message = &answer->content.content.u.la_ra.u.laRaPreLinkageValueResponse;

	answer->message = message;
	if (oer_decode(&oer_ScmsPDU, bytes_view(&job->answer[la]), OER_DEPTH_DEFAULT, &answer->content, NULL) != OER_OK ||
	    message->reply.choice != LaRaPreLinkageValueResponseMsg_reply_is_success ||
	    memcmp(message->requestHash, job->hash[la] + 24, 8) != 0 || message->reply.u.success.iMin != job->i_min ||
	    message->reply.u.success.iMax != job->i_max || message->reply.u.success.individual.count != job->seats)
		return false;
	answer->chains = oer_iterate(&message->reply.u.success.individual);
	return true;
}

/* Are there as many values as were asked for? */
static bool chain_ok(const struct job *job, const struct IndividualPlvResponseLinkageChain *chain)
{
	struct oer_iter it = oer_iterate(&chain->values);
	struct oer_list period;

	if (chain->jMax != job->j_max || chain->values.count != (uint32_t)job->i_max - job->i_min + 1)
		return false;
	while (oer_next(&it, &period))
		if (period.count != job->j_max)
			return false;
	return true;
}

static enum key_status add_items(struct service *service, const struct job *job, const struct seat *seat,
				 const struct item_subject *subject, const struct caterpillars *keys, const struct item_hosts *hosts,
				 const struct IndividualPlvResponseLinkageChain chain[2], struct key_error *err)
{
	struct oer_iter periods[2] = {oer_iterate(&chain[0].values), oer_iterate(&chain[1].values)};
	struct ra_state *state = ra_state_of(service);
	scms_time32 now = role_now();
	struct oer_list period[2];
	enum key_status status = KEY_OK;

	for (uint32_t i = job->i_min; status == KEY_OK && oer_next(&periods[0], &period[0]) && oer_next(&periods[1], &period[1]); i++) {
		struct oer_iter values[2] = {oer_iterate(&period[0]), oer_iterate(&period[1])};
		struct EncryptedIndividualPLV value[2];
		scms_time32 expires = period_start((uint16_t)i) + PERIOD_SECONDS + 3600u;

		/* After a PCA's replacement some periods are there and others are made anew. */
		if (ra_batch_has(service->db, seat->request, i))
			continue;
		if (!ra_batch_add(state, seat->request, i, expires))
			return key_fail(err, KEY_FAILED, "a batch could not be added: %s", db_error(service->db));
		for (uint8_t j = 0; status == KEY_OK && oer_next(&values[0], &value[0]) && oer_next(&values[1], &value[1]); j++) {
			struct aggregator_item item = {.request = seat->request, .kind = RA_PSEUDONYM, .i = i, .j = j, .expires = expires};
			struct bytes pdu = {NULL, 0};
			struct cocoons cocoons;

			status = caterpillars_expand(keys, (uint16_t)i, j, &cocoons, err);
			if (status == KEY_OK)
				status = item_pseudonym(subject, hosts, (uint16_t)i, &cocoons, &value[0], &value[1], &pdu, err);
			item.pdu = bytes_view(&pdu);
			if (status == KEY_OK && !aggregator_add(service->db, service->party->crypto, &item, now))
				status = key_fail(err, KEY_FAILED, "an item could not be added: %s", db_error(service->db));
			bytes_free(&pdu);
			state->expanded += status == KEY_OK;
		}
	}
	return status;
}

/* Remembers the chain and how far it has come. */
static bool keep_chain(struct service *service, const struct job *job, const struct seat *seat, const struct answer answers[2],
		       const struct IndividualPlvResponseLinkageChain chain[2])
{
	struct bytes lci[2] = {{NULL, 0}, {NULL, 0}};
	struct key_error err;
	char la[2][256] = {"", ""};
	bool ok = true;

	for (unsigned k = 0; k < 2; k++) {
		struct scms_slice host = answers[k].message->laId;

		ok = ok && host.n < sizeof(la[k]) &&
		     make_bytes(&oer_EncryptedData, &chain[k].linkageChainId, &lci[k], &err) == KEY_OK;
		if (ok)
			memcpy(la[k], host.p, host.n);
	}
	ok = ok && db_run(service->db, "UPDATE chain SET lci1 = $2, lci2 = $3, la1 = $4, la2 = $5, i_max = CASE WHEN i_max < $6 THEN $6 ELSE i_max END WHERE id = $1",
			  DB_VALUES(db_integer(seat->chain), db_bytes(lci[0].p, lci[0].n), db_bytes(lci[1].p, lci[1].n), db_text(la[0]),
				    db_text(la[1]), db_integer(job->i_max))) == 1 &&
	     db_run(service->db, "UPDATE request SET i_next = $2 WHERE id = $1",
		    DB_VALUES(db_integer(seat->request), db_integer((int64_t)job->i_max + 1))) == 1;
	bytes_free(&lci[0]);
	bytes_free(&lci[1]);
	return ok;
}

static enum key_status fill_seat(struct service *service, const struct job *job, const struct seat *seat,
				 struct answer answers[2], struct key_error *err)
{
	struct IndividualPlvResponseLinkageChain chain[2];
	struct item_hosts hosts = {.ra = role_host(service), .la1 = answers[0].message->laId, .la2 = answers[1].message->laId};
	struct ra_state *state = ra_state_of(service);
	struct ra_vehicle vehicle;
	struct item_subject subject;
	struct caterpillars keys;
	enum key_status status;

	hosts.pca = (struct scms_slice){(const uint8_t *)state->pca_host, strlen(state->pca_host)};
	if (!oer_next(&answers[0].chains, &chain[0]) || !oer_next(&answers[1].chains, &chain[1]) || !chain_ok(job, &chain[0]) ||
	    !chain_ok(job, &chain[1]))
		return key_fail(err, KEY_MISMATCH, "an answer without the values that were asked for");
	status = ra_vehicle_load(service, seat->request, &vehicle, err);
	/* Where it went back to an earlier period meanwhile, it is asked for again from there. */
	if (status == KEY_OK && !vehicle.stopped && vehicle.i_next == seat->i_next) {
		status = caterpillars_read(&vehicle.content.content.u.ee_ra.u.eeRaPseudonymCertProvisioningRequest, &keys, err);
		if (status == KEY_OK)
			status = item_subject_of(&vehicle.enrolment, RA_PSEUDONYM, &subject, err);
		if (status == KEY_OK)
			status = add_items(service, job, seat, &subject, &keys, &hosts, chain, err);
		if (status == KEY_OK && !keep_chain(service, job, seat, answers, chain))
			status = key_fail(err, KEY_FAILED, "a linkage chain could not be kept: %s", db_error(service->db));
	}
	ra_vehicle_free(&vehicle);
	return status;
}

/* Does the LA say that a chain is none of its own? Then another was in its place when the chain began. */
static bool is_refused_chain(const struct job *job, unsigned la, struct answer *answer)
{
	const struct LaRaPreLinkageValueResponseMsg *message = &answer->content.content.u.la_ra.u.laRaPreLinkageValueResponse;
	const struct ScmsError *error = &message->reply.u.failure;

	answer->message = message;
	return !job->fresh[la] && oer_decode(&oer_ScmsPDU, bytes_view(&job->answer[la]), OER_DEPTH_DEFAULT, &answer->content, NULL) == OER_OK &&
	       message->reply.choice == LaRaPreLinkageValueResponseMsg_reply_is_failure &&
	       memcmp(message->requestHash, job->hash[la] + 24, 8) == 0 && error->choice == ScmsError_is_la_ra &&
	       error->u.la_ra.choice == LaRaError_is_la_ra && error->u.la_ra.u.la_ra == LaRaErrorCode_invalidLinkagechainId;
}

/*
 * Chains of this job end at an LA that does not know them, and begin anew there with the next question: those that were of another
 * host. Where all are of this one, it has lost what it sealed them with: of several, the next jobs find out which. False: the database
 * failed.
 */
static bool end_chains(struct job *job, unsigned la, struct scms_slice host)
{
	static const char *const others[2] = {"UPDATE chain SET lci1 = NULL WHERE id = $1 AND la1 <> $2",
					      "UPDATE chain SET lci2 = NULL WHERE id = $1 AND la2 <> $2"};
	static const char *const any[2] = {"UPDATE chain SET lci1 = NULL WHERE id = $1", "UPDATE chain SET lci2 = NULL WHERE id = $1"};
	static const char *const names[2] = {"la1", "la2"};
	struct service *service = job->supply->service;
	struct db_value text = {DB_TEXT, 0, host};
	int64_t ended = 0, n = 0;

	if (!commit_begin(service->commit))
		return false;
	for (uint32_t k = 0; k < job->seats && n >= 0; k++, ended += n)
		n = db_run(service->db, others[la], DB_VALUES(db_integer(job->seat[k].chain), text));
	if (n >= 0 && ended == 0 && job->seats > 1)
		job->supply->single = job->seats;
	else if (n >= 0 && ended == 0)
		n = ended = db_run(service->db, any[la], DB_VALUES(db_integer(job->seat[0].chain)));
	if (n >= 0 && ended > 0)
		log_event(service->name, LOG_LEVEL_WARNING, "linkage chains begin anew", "s:s, s:I", "at", names[la], "chains", (json_int_t)ended);
	return n >= 0;
}

static void job_finish(struct job *job)
{
	struct service *service = job->supply->service;
	struct ra_supply *supply = job->supply;
	struct answer answers[2];
	struct key_error err = {.text = ""};
	enum key_status status = KEY_OK;

	if (job->failed) {
		job_end(job, "no answer, or none that can be used");
		return;
	}
	for (unsigned la = 0; la < 2; la++)
		if (is_refused_chain(job, la, &answers[la])) {
			job_end(job, end_chains(job, la, answers[la].message->laId) ? NULL : "the database does not answer");
			return;
		}
	if (!answer_read(job, 0, &answers[0]) || !answer_read(job, 1, &answers[1]))
		status = key_fail(&err, KEY_MISMATCH, "an LA refused, or answered something else");
	if (status == KEY_OK && answers[0].message->laId.n == answers[1].message->laId.n &&
	    memcmp(answers[0].message->laId.p, answers[1].message->laId.p, answers[0].message->laId.n) == 0)
		status = key_fail(&err, KEY_MISMATCH, "la1 and la2 are one and the same LA");
	if (status == KEY_OK && (!ra_pca_usable(ra_state_of(service)) || job->pca != ra_state_of(service)->pca_number))
		status = key_fail(&err, KEY_MISMATCH, "the PCA has changed meanwhile");
	/* All of it or nothing, and nobody else's work with it: a turn of its own. */
	commit_flush(service->commit);
	if (status == KEY_OK && !commit_begin(service->commit))
		status = key_fail(&err, KEY_FAILED, "the database does not answer");
	for (uint32_t k = 0; status == KEY_OK && k < job->seats; k++)
		status = fill_seat(service, job, &job->seat[k], answers, &err);
	if (status != KEY_OK)
		db_rollback(service->db);
	commit_flush(service->commit);
	job_end(job, status != KEY_OK ? err.text : NULL);
	ra_supply_run(supply);
}

/* ---- questions ---- */

/* Takes the ScmsPDU out of an LA's answer, where an LA has signed it. */
static bool take_answer(struct service *service, struct scms_slice body, struct bytes *out)
{
	struct message message;
	enum role role;
	bool ok = message_open(service->party, envelope_find("SignedLaRaPreLinkageValueResponse"), body, clock_now(),
			       trustee_judge(service->trustee), &message) == MESSAGE_OK &&
		  role_of_certificate(&message.signer.cert[0], &role) && role == ROLE_LA && copy(out, message.content);

	message_free(&message);
	return ok;
}

static void on_answer(void *ctx, const struct http_result *result)
{
	struct half *half = ctx;
	struct job *job = half->job;

	if (result->status != 200 || !take_answer(job->supply->service, result->body, &job->answer[half->la]))
		job->failed = true;
	if (--job->open == 0)
		job_finish(job);
}

static enum key_status question(const struct job *job, struct bytes *out, unsigned la, struct key_error *err)
{
	struct service *service = job->supply->service;
	const char *pca = ra_state_of(service)->pca_host;
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_la_ra}};
	struct RaLaIndividualPreLinkageValueRequestMsg *request = &message.content.u.la_ra.u.raLaIndividualPreLinkageValueRequest;
	struct EncryptedData lci[JOB_VEHICLES];
	struct bytes pdu = {NULL, 0};
	enum key_status status = KEY_OK;

	message.content.u.la_ra.choice = LaRaInterfacePDU_is_raLaIndividualPreLinkageValueRequest;
	*request = (struct RaLaIndividualPreLinkageValueRequestMsg){
	    .header = {.version = 1,
		       .raId = role_host(service),
		       .pcaId = {(const uint8_t *)pca, strlen(pca)},
		       .iMin = job->i_min,
		       .iMax = job->i_max},
	    .jMax = job->j_max,
	    .has_numberOfFreshInd = job->fresh[la],
	    .numberOfFreshInd = job->seats,
	    .has_continuationsInd = !job->fresh[la],
	};
	for (uint32_t k = 0; !job->fresh[la] && k < job->seats; k++)
		if (oer_decode(&oer_EncryptedData, bytes_view(&job->seat[k].lci[la]), OER_DEPTH_DEFAULT, &lci[k], NULL) != OER_OK)
			return key_fail(err, KEY_FAILED, "a linkage chain identifier of the database cannot be read");
	if (!job->fresh[la])
		request->continuationsInd =
		    (struct oer_list){.items = lci, .count = job->seats, .element = &oer_EncryptedData};
	status = make_bytes(&oer_ScmsPDU, &message, &pdu, err);
	if (status == KEY_OK)
		status = message_make(service->party, envelope_find("SignedRaLaIndividualPreLinkageValueRequest"), bytes_view(&pdu),
				      clock_now(), NULL, out, err);
	bytes_free(&pdu);
	return status;
}

/* Asks both LAs. The answers name the question by its hash, which is another for each where chains go on. */
static void job_send(struct job *job, struct half half[2])
{
	static const char *const peers[2] = {"la1", "la2"};
	struct service *service = job->supply->service;
	const struct scms_crypto *crypto = service->party->crypto;
	struct bytes made[2] = {{NULL, 0}, {NULL, 0}};
	struct key_error err;

	job->open = 2;
	for (unsigned la = 0; la < 2; la++) {
		struct scms_slice view;

		half[la] = (struct half){job, la};
		if (question(job, &made[la], la, &err) != KEY_OK) {
			log_event(service->name, LOG_LEVEL_ERROR, "pre-linkage values", "s:s", "failed", err.text);
			job->failed = true;
			continue;
		}
		view = bytes_view(&made[la]);
		crypto->sha256(crypto->ctx, &view, 1, job->hash[la]);
	}
	for (unsigned la = 0; la < 2; la++) {
		if (job->failed || !service_call(service, peers[la], "/la/pre-linkage-values", bytes_view(&made[la]), LA_ANSWER_MAX,
						 on_answer, &half[la])) {
			job->failed = true;
			job->open--;
		}
		bytes_free(&made[la]);
	}
	if (job->open == 0)
		job_end(job, "no question could be asked");
}

/* ---- what is due ---- */

struct choosing {
	struct ra_supply *supply;
	struct job *job;
	uint32_t seats_max;
};

static bool under_way(const struct ra_supply *supply, int64_t request)
{
	for (unsigned k = 0; k < JOBS_MAX; k++)
		for (uint32_t s = 0; supply->job[k] != NULL && s < supply->job[k]->seats; s++)
			if (supply->job[k]->seat[s].request == request)
				return true;
	return false;
}

/* Columns: request, first period, chain, lci1, lci2, i_next. The first row decides which period and kind of chain the job is for. */
static bool take_seat(void *ctx, const struct db_value *columns, size_t count)
{
	struct choosing *choosing = ctx;
	struct job *job = choosing->job;
	const bool fresh[2] = {columns[3].kind == DB_NULL, columns[4].kind == DB_NULL};
	struct seat *seat = &job->seat[job->seats];

	(void)count;
	if (under_way(choosing->supply, columns[0].integer))
		return true;
	if (job->seats == 0) {
		const struct ra_policy *policy = &ra_state_of(choosing->supply->service)->policy;
		uint32_t last = ra_supply_last(policy, role_now()), periods;

		job->pca = ra_state_of(choosing->supply->service)->pca_number;
		memcpy(job->fresh, fresh, sizeof(fresh));
		job->i_min = (uint16_t)columns[1].integer;
		job->j_max = (uint8_t)policy->per_period;
		periods = JOB_VALUES / policy->per_period;
		if (periods > last - job->i_min + 1)
			periods = last - job->i_min + 1;
		job->i_max = (uint16_t)(job->i_min + (periods > 0 ? periods : 1) - 1);
		choosing->seats_max = JOB_VALUES / (policy->per_period * ((uint32_t)job->i_max - job->i_min + 1));
		if (choosing->seats_max > JOB_VEHICLES)
			choosing->seats_max = JOB_VEHICLES;
		if (choosing->seats_max == 0 || choosing->supply->single > 0)
			choosing->seats_max = 1;
	}
	if (columns[1].integer != job->i_min || memcmp(fresh, job->fresh, sizeof(fresh)) != 0)
		return true;
	*seat = (struct seat){.request = columns[0].integer, .chain = columns[2].integer, .i_next = columns[5].integer};
	for (unsigned la = 0; la < 2; la++)
		if (!fresh[la] && !copy(&seat->lci[la], columns[3 + la].bytes))
			return false;
	return ++job->seats < choosing->seats_max;
}

/* A job for what is most urgent; false: nothing is due. */
static bool job_begin(struct ra_supply *supply, unsigned place)
{
	struct service *service = supply->service;
	struct ra_state *state = ra_state_of(service);
	struct choosing choosing = {.supply = supply, .job = calloc(1, sizeof(struct job))};
	scms_time32 now = role_now();

	if (choosing.job == NULL)
		return false;
	choosing.job->supply = supply;
	db_each(service->db,
		"SELECT request.id, CASE WHEN request.i_next < $2 THEN $2 ELSE request.i_next END AS i_from, chain.id, chain.lci1, chain.lci2, "
		"request.i_next "
		"FROM request JOIN enrolment ON enrolment.id = request.enrolment JOIN chain ON chain.id = enrolment.chain "
		"WHERE request.kind = 1 AND request.stopped = 0 AND request.i_next <= $1 ORDER BY i_from, request.id LIMIT 512",
		DB_VALUES(db_integer(ra_supply_last(&state->policy, now)), db_integer(period_of(now))), take_seat, &choosing);
	if (choosing.job->seats == 0) {
		job_free(choosing.job);
		return false;
	}
	supply->single -= supply->single > 0;
	supply->job[place] = choosing.job;
	job_send(choosing.job, supply->half[place]);
	return true;
}

void ra_supply_run(struct ra_supply *supply)
{
	struct ra_state *state = ra_state_of(supply->service);
	struct key_error err;

	if (role_now() < supply->not_before || !ra_pca_usable(state) || service_standing(supply->service) != SCMS_VALID)
		return;
	for (unsigned k = 0; k < JOBS_MAX; k++)
		if (supply->job[k] == NULL && !job_begin(supply, k))
			break;
	if (ra_single_run(supply->service, &err) == KEY_FAILED)
		supply->not_before = role_now() + RETRY_SECONDS;
}

struct ra_supply *ra_supply_new(struct service *service)
{
	struct ra_supply *supply = calloc(1, sizeof(*supply));

	if (supply != NULL)
		supply->service = service;
	return supply;
}

void ra_supply_free(struct ra_supply *supply)
{
	if (supply == NULL)
		return;
	for (unsigned k = 0; k < JOBS_MAX; k++)
		job_free(supply->job[k]);
	free(supply);
}
