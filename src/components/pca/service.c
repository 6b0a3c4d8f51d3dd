/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pca/service.h"

#include "components/pca/authorization.h"
#include "components/pca/links.h"
#include "components/pca/ma.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 8192
#define ANSWERS_KEPT_DAYS 7 /* an RA asks again within hours */
#define DAY 86400u

struct pca_state {
	struct pca pca;
	struct plv_keys keys;
	struct pca_links *links;
	uint32_t swept; /* day of the last sweep */
	uint64_t issued, again, refused;
};

/* Without row ids: they would keep the order of arrival. */
static const char issued_table[] =
    "CREATE TABLE issued (hpcr BLOB PRIMARY KEY, i INTEGER NOT NULL, lv BLOB NOT NULL, plv1 BLOB NOT NULL, plv2 BLOB NOT NULL, "
    "la1 TEXT NOT NULL, la2 TEXT NOT NULL, ra TEXT NOT NULL, answer BLOB, day INTEGER NOT NULL, craca BLOB NOT NULL) WITHOUT ROWID";

static const char shared_key_table[] = SHARED_KEY_TABLE;

static const char *const steps[] = {
    shared_key_table,
    issued_table,
    /* Under another root the same value is issued anew: chains go on over a re-enrolment, and the old certificates are dead. */
    "CREATE UNIQUE INDEX issued_value ON issued (lv, i, craca)",
    "CREATE TABLE authorized (hpcr BLOB PRIMARY KEY, answer BLOB, day INTEGER NOT NULL) WITHOUT ROWID",
    /* Certificates that the PCA has had. What one issued that was revoked is dead, and may be issued anew; of rows without an issuer nobody knows. */
    "CREATE TABLE own (id BLOB PRIMARY KEY, certificate BLOB NOT NULL)",
    "ALTER TABLE issued ADD COLUMN issuer BLOB",
    "ALTER TABLE authorized ADD COLUMN issuer BLOB",
    "DROP INDEX issued_value",
    "CREATE UNIQUE INDEX issued_value ON issued (lv, i, craca, issuer)",
};
static const struct db_schema schema = {"pca", steps, sizeof(steps) / sizeof(steps[0])};

/* Remembers the certificate in use; until that is on disk, what it issues is of an issuer that nobody knows. */
static void keep_own(struct service *service)
{
	const struct cert *cert = service->party->cert;
	struct bytes bytes = {NULL, 0};
	struct key_error err;

	if (db_number(service->db, "SELECT count(*) FROM own WHERE id = $1", DB_VALUES(db_bytes(cert_id8(cert), 8)), 0) > 0)
		return;
	if (make_bytes(&oer_Certificate, &cert->c, &bytes, &err) != KEY_OK || !commit_begin(service->commit) ||
	    db_run(service->db, "INSERT INTO own (id, certificate) VALUES ($1, $2)",
		   DB_VALUES(db_bytes(cert_id8(cert), 8), db_bytes(bytes.p, bytes.n))) != 1)
		log_event(service->name, LOG_LEVEL_ERROR, "certificate in use", "s:s", "not kept", db_error(service->db));
	bytes_free(&bytes);
}

static void take_identity(struct service *service)
{
	struct pca_state *state = service->state;

	state->pca.party = *service->party;
	/* Every component's certificate names the root as its CRACA. */
	memcpy(state->pca.craca_id, service->party->cert->c.toBeSigned.cracaId, sizeof(state->pca.craca_id));
	keep_own(service);
}

static void pca_stop(struct service *service)
{
	struct pca_state *state = service->state;

	pca_links_free(state->links);
	plv_keys_free(&state->keys);
	OPENSSL_clear_free(state, sizeof(*state));
}

static bool pca_start(struct service *service, struct service_error *err)
{
	struct pca_state *state = OPENSSL_zalloc(sizeof(*state));

	if (state == NULL) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		return false;
	}
	service->state = state;
	take_identity(service);
	state->pca.keys = &state->keys;
	state->links = pca_links_new(service, &state->keys, (uint32_t)service_number(service, "shared_key_days"), err);
	if (state->links != NULL)
		return true;
	pca_stop(service);
	return false;
}

/* Answers that no RA can ask for again are forgotten; that they were issued is not. */
static void pca_tick(struct service *service, scms_time64 now)
{
	struct pca_state *state = service->state;
	uint32_t day = (uint32_t)(now / 1000000u) / DAY;

	if (service_standing(service) == SCMS_VALID)
		pca_links_tick(state->links);
	if (day == state->swept || !commit_begin(service->commit))
		return;
	state->swept = day;
	db_run(service->db, "UPDATE issued SET answer = NULL WHERE answer IS NOT NULL AND day < $1",
	       DB_VALUES(db_integer((int64_t)day - ANSWERS_KEPT_DAYS)));
	db_run(service->db, "UPDATE authorized SET answer = NULL WHERE answer IS NOT NULL AND day < $1",
	       DB_VALUES(db_integer((int64_t)day - ANSWERS_KEPT_DAYS)));
}

/* ---- requests ---- */

/* A request that was opened. */
struct asked {
	struct service *service;
	struct http_exchange *exchange;
	struct message message;
	struct ScmsPDU content;
	const struct RaPcaCertRequestMsg *request;
	uint8_t hpcr[32]; /* SHA-256 of the ScmsPDU: the same however often it is signed */
	bool answered;
};

static const struct pca *pca_of(const struct asked *asked)
{
	const struct pca_state *state = asked->service->state;

	return &state->pca;
}

/* Columns: answer, the certificate that it is of. */
static bool send_again(void *ctx, const struct db_value *columns, size_t count)
{
	struct asked *asked = ctx;
	struct pca_state *state = asked->service->state;

	(void)count;
	if (columns[1].kind != DB_NULL && role_is_revoked(asked->service, columns[1].bytes))
		return false;
	asked->answered = true;
	state->again++;
	if (columns[0].kind == DB_NULL)
		service_refuse(asked->service, asked->exchange, 410, 0, "the certificate was issued, and its answer is kept no more");
	else
		commit_answer(asked->service->commit, asked->exchange, 200, OCTETS, columns[0].bytes);
	return false;
}

/* Opens the request. False: it is answered. */
static bool ask(struct asked *asked, uint8_t choice, const char *again)
{
	struct service *service = asked->service;
	const struct scms_crypto *crypto = service->party->crypto;
	struct pca_state *state = service->state;

	if (!role_open(service, asked->exchange, "SecuredRaPcaCertificateRequest", ROLE_RA, 0, &asked->message)) {
		state->refused++;
		return false;
	}
	asked->request = &asked->content.content.u.pca_ra.u.raPcaCertRequest;
	if (oer_decode(&oer_ScmsPDU, asked->message.content, OER_DEPTH_DEFAULT, &asked->content, NULL) != OER_OK ||
	    asked->request->cert_request_info.choice != choice) {
		state->refused++;
		service_refuse(service, asked->exchange, 400, 0, "not the kind of request that belongs here (%s)",
			       "invalidCertificateRequestType");
		return false;
	}
	crypto->sha256(crypto->ctx, &asked->message.content, 1, asked->hpcr);
	if (!commit_begin(service->commit)) {
		service_refuse(service, asked->exchange, 503, 0, "the database does not answer");
		return false;
	}
	db_each(service->db, again, DB_VALUES(db_bytes(asked->hpcr, 32)), send_again, asked);
	return !asked->answered;
}

/* The answer around a certificate response: id10 NULL for pseudonym certificates. */
static enum key_status wrap(const struct asked *asked, const struct bytes *response, const uint8_t *id10, struct bytes *out,
			    struct key_error *err)
{
	struct service *service = asked->service;
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_pca_ra}};
	struct PcaRaCertResponseMsg *answer = &message.content.u.pca_ra.u.pcaRaCertResponse;
	struct bytes pdu = {NULL, 0};
	enum key_status status;

	message.content.u.pca_ra.choice = PcaRaInterfacePDU_is_pcaRaCertResponse;
	*answer = (struct PcaRaCertResponseMsg){.version = 1,
						.requestHash = asked->hpcr + 24,
						.pca_id = role_host(service),
						.has_certificate_id = id10 != NULL,
						.certificate_id = {id10, 10}};
	if (oer_decode(&oer_Ieee1609Dot2Data, bytes_view(response), OER_DEPTH_DEFAULT, &answer->reply.u.success.u.signed_encrypted,
		       NULL) != OER_OK)
		return key_fail(err, KEY_FAILED, "the certificate response cannot be read again");
	status = make_bytes(&oer_ScmsPDU, &message, &pdu, err);
	if (status == KEY_OK)
		status = message_make(service->party, envelope_find("SecuredPcaRaCertificateRequestReply"), bytes_view(&pdu), clock_now(),
				      NULL, out, err);
	bytes_free(&pdu);
	return status;
}

/* Refuses what cannot be issued; code: PcaRaRequestErrorCode in words. */
static void refuse(struct asked *asked, enum key_status status, const struct key_error *err)
{
	struct pca_state *state = asked->service->state;

	state->refused++;
	if (status == KEY_FAILED || status == KEY_IN_TOKEN || status == KEY_IO)
		role_failed(asked->service, asked->exchange, "issuing", err);
	else
		service_refuse(asked->service, asked->exchange, 400, 0, "%s", err->text);
}

/* Remembers a pseudonym certificate: what the MA will want, and that this value is taken. */
static enum key_status keep_pseudonym(struct asked *asked, const struct PseudonymCertRequestInfo *info,
				      const struct pseudonym_issued *issued, const struct bytes *answer, struct key_error *err)
{
	struct db *db = asked->service->db;
	struct bytes plv[2] = {{NULL, 0}, {NULL, 0}};
	char ra[256] = "";
	enum key_status status = make_bytes(&oer_EncryptedIndividualPLV, &info->enc_plv1, &plv[0], err);

	if (status == KEY_OK)
		status = make_bytes(&oer_EncryptedIndividualPLV, &info->enc_plv2, &plv[1], err);
	if (asked->request->raId.n < sizeof(ra))
		memcpy(ra, asked->request->raId.p, asked->request->raId.n);
	if (status == KEY_OK &&
	    db_run(db,
		   "INSERT INTO issued (hpcr, i, lv, plv1, plv2, la1, la2, ra, answer, day, craca, issuer) VALUES ($1, $2, $3, $4, $5, $6, "
		   "$7, $8, $9, $10, $11, $12) ON CONFLICT (hpcr) DO UPDATE SET answer = $9, day = $10, issuer = $12",
		   DB_VALUES(db_bytes(asked->hpcr, 32), db_integer(info->iValue), db_bytes(issued->linkage_value, LINKAGE_VALUE),
			     db_bytes(plv[0].p, plv[0].n), db_bytes(plv[1].p, plv[1].n), db_text(issued->la[0]), db_text(issued->la[1]),
			     db_text(ra), db_bytes(answer->p, answer->n), db_integer(role_now() / DAY),
			     db_bytes(pca_of(asked)->craca_id, 3), db_bytes(cert_id8(pca_of(asked)->party.cert), 8))) != 1)
		status = key_fail(err, KEY_FAILED, "%s", db_error(db));
	bytes_free(&plv[0]);
	bytes_free(&plv[1]);
	return status;
}

struct taken {
	struct service *service;
	bool is;
};

static bool take_issuer(void *ctx, const struct db_value *columns, size_t count)
{
	struct taken *taken = ctx;

	(void)count;
	taken->is = columns[0].kind == DB_NULL || !role_is_revoked(taken->service, columns[0].bytes);
	return !taken->is;
}

/* Was a certificate with this value issued under this root, for another request, that is not dead with its issuer? */
static bool value_is_taken(const struct asked *asked, const struct pseudonym_issued *issued, uint16_t i)
{
	struct taken taken = {asked->service, false};

	return db_each(asked->service->db,
		       "SELECT own.certificate FROM issued LEFT JOIN own ON own.id = issued.issuer WHERE lv = $1 AND i = $2 AND craca = $3",
		       DB_VALUES(db_bytes(issued->linkage_value, LINKAGE_VALUE), db_integer(i), db_bytes(pca_of(asked)->craca_id, 3)),
		       take_issuer, &taken) < 0 ||
	       taken.is;
}

static void handle_pseudonym(struct service *service, struct http_exchange *exchange)
{
	struct pca_state *state = service->state;
	struct asked asked = {.service = service, .exchange = exchange};
	const struct PseudonymCertRequestInfo *info;
	struct pseudonym_issued issued;
	struct bytes response = {NULL, 0}, answer = {NULL, 0};
	struct key_error err;
	enum key_status status;

	if (ask(&asked, RaPcaCertRequestMsg_cert_request_info_is_pseudonym_cert_req, "SELECT answer, certificate FROM issued LEFT JOIN own ON own.id = issuer WHERE hpcr = $1")) {
		info = &asked.request->cert_request_info.u.pseudonym_cert_req;
		status = pseudonym_check(&state->pca, info, role_now(), &err);
		if (status == KEY_OK)
			status = pca_issue_pseudonym(&state->pca, info, &issued, &response, &err);
		if (status == KEY_OK && value_is_taken(&asked, &issued, info->iValue))
			status = key_fail(&err, KEY_VALUE, "pre-linkage values for which a certificate was issued already");
		if (status == KEY_OK)
			status = wrap(&asked, &response, NULL, &answer, &err);
		if (status == KEY_OK)
			status = keep_pseudonym(&asked, info, &issued, &answer, &err);
		if (status == KEY_OK) {
			state->issued++;
			commit_answer(service->commit, exchange, 200, OCTETS, bytes_view(&answer));
		} else {
			refuse(&asked, status, &err);
		}
	}
	bytes_free(&response);
	bytes_free(&answer);
	message_free(&asked.message);
}

static void handle_authorization(struct service *service, struct http_exchange *exchange)
{
	struct pca_state *state = service->state;
	struct asked asked = {.service = service, .exchange = exchange};
	const struct IdCertRequestInfo *info;
	struct bytes response = {NULL, 0}, answer = {NULL, 0};
	struct key_error err;
	uint8_t id10[10];
	enum key_status status;

	if (ask(&asked, RaPcaCertRequestMsg_cert_request_info_is_auth_cert_req, "SELECT answer, certificate FROM authorized LEFT JOIN own ON own.id = issuer WHERE hpcr = $1")) {
		info = &asked.request->cert_request_info.u.auth_cert_req;
		status = authorization_check(&state->pca, info, role_now(), &err);
		if (status == KEY_OK)
			status = pca_issue_authorization(&state->pca, info, id10, &response, &err);
		if (status == KEY_OK)
			status = wrap(&asked, &response, id10, &answer, &err);
		if (status == KEY_OK &&
		    db_run(service->db,
			   "INSERT INTO authorized (hpcr, answer, day, issuer) VALUES ($1, $2, $3, $4) ON CONFLICT (hpcr) DO UPDATE SET "
			   "answer = $2, day = $3, issuer = $4",
			   DB_VALUES(db_bytes(asked.hpcr, 32), db_bytes(answer.p, answer.n), db_integer(role_now() / DAY),
				     db_bytes(cert_id8(state->pca.party.cert), 8))) != 1)
			status = key_fail(&err, KEY_FAILED, "%s", db_error(service->db));
		if (status == KEY_OK) {
			state->issued++;
			commit_answer(service->commit, exchange, 200, OCTETS, bytes_view(&answer));
		} else {
			refuse(&asked, status, &err);
		}
	}
	bytes_free(&response);
	bytes_free(&answer);
	message_free(&asked.message);
}

static void pca_metrics(struct service *service, struct metrics *to)
{
	const struct pca_state *state = service->state;

	metrics_counter(to, "scms_pca_certificates", "Certificates issued", NULL, state->issued);
	metrics_counter(to, "scms_pca_repeated", "Requests that had been answered before", NULL, state->again);
	metrics_counter(to, "scms_pca_refused", "Requests that were refused", NULL, state->refused);
	metrics_gauge(to, "scms_pca_la_keys", "Linkage authorities with which a key is in force", NULL, pca_links_ready(state->links));
}

static const struct service_route routes[] = {
    {HTTP_POST, "/pca/pseudonym", "ra", REQUEST_MAX, SERVICE_ISSUES, handle_pseudonym},
    {HTTP_POST, "/pca/identification", "ra", REQUEST_MAX, SERVICE_ISSUES, handle_authorization},
    {HTTP_POST, "/pca/application", "ra", REQUEST_MAX, SERVICE_ISSUES, handle_authorization},
    {HTTP_POST, "/pca/pre-linkage-values", "ma", PCA_MA_REQUEST_MAX, 0, pca_ma_values},
    {HTTP_POST, "/pca/request-hashes", "ma", PCA_MA_REQUEST_MAX, 0, pca_ma_hashes},
    ROLE_CERTIFICATE_ROUTE,
    {.path = NULL},
};

static const struct role_setting settings[] = {
    {.name = "shared_key_days", .kind = SETTING_NUMBER, .least = 1, .most = 366, .number = 30,
     .meaning = "days after which a new key is agreed on with each LA"},
    {.name = NULL},
};

static const struct role_peer peers[] = {{"la1", PEER_NEEDED}, {"la2", PEER_NEEDED}, {NULL, PEER_NEEDED}};

const struct role_service pca_service = {
    .name = "pca",
    .schema = &schema,
    .routes = routes,
    .settings = settings,
    .peers = peers,
    .start = pca_start,
    .stop = pca_stop,
    .tick = pca_tick,
    .changed = take_identity,
    .metrics = pca_metrics,
};
