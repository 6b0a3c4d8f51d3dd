/* SPDX-License-Identifier: Apache-2.0 */
/* What the RA does and answers for the MA (CAMP ma-ra): blacklist, linkage chains, certificates of a device. */
#include "components/ra/ra.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 1000

/* The enrolment behind the hash of a request to the PCA. */
static int64_t enrolment_of(struct db *db, const uint8_t hpcr[32])
{
	return db_number(db,
			 "SELECT enrolment FROM request WHERE id = coalesce((SELECT request FROM item WHERE hpcr = $1), "
			 "(SELECT request FROM past WHERE hpcr = $1))",
			 DB_VALUES(db_bytes(hpcr, 32)), 0);
}

static struct ScmsError base_error(int32_t code)
{
	struct ScmsError error = {.choice = ScmsError_is_ma_ra};

	error.u.ma_ra.choice = MaRaError_is_ma_ra_base_error;
	error.u.ma_ra.u.ma_ra_base_error = code;
	return error;
}

static struct ScmsError already_blacklisted(void)
{
	struct ScmsError error = {.choice = ScmsError_is_ma_ra};

	error.u.ma_ra.choice = MaRaError_is_ma_ra_blacklist_error;
	error.u.ma_ra.u.ma_ra_blacklist_error = MaRaBlacklistErrorCode_alreadyBlacklisted;
	return error;
}

/* Puts an enrolment, and those that succeed it, on the blacklist. False: it is there. */
static bool blacklist(struct service *service, int64_t enrolment)
{
	struct db *db = service->db;

	if (db_number(db, "SELECT blacklisted FROM enrolment WHERE id = $1", DB_VALUES(db_integer(enrolment)), 0) != 0)
		return false;
	/* All that share its linkage chain are the same device. */
	db_run(db, "UPDATE enrolment SET blacklisted = 1 WHERE chain = (SELECT chain FROM enrolment WHERE id = $1)",
	       DB_VALUES(db_integer(enrolment)));
	db_run(db,
	       "UPDATE request SET stopped = 1 WHERE enrolment IN (SELECT id FROM enrolment WHERE blacklisted = 1 AND chain = "
	       "(SELECT chain FROM enrolment WHERE id = $1))",
	       DB_VALUES(db_integer(enrolment)));
	db_run(db,
	       "DELETE FROM item WHERE state < 2 AND request IN (SELECT request.id FROM request JOIN enrolment ON "
	       "enrolment.id = request.enrolment WHERE enrolment.blacklisted = 1 AND enrolment.chain = "
	       "(SELECT chain FROM enrolment WHERE id = $1))",
	       DB_VALUES(db_integer(enrolment)));
	return true;
}

/* Opens the MA's request and begins the turn. False: it is answered. */
static bool ask(struct service *service, struct http_exchange *exchange, const char *row, struct message *message,
		struct ScmsPDU *content)
{
	if (!role_open(service, exchange, row, ROLE_MA, 0, message))
		return false;
	if (oer_decode(&oer_ScmsPDU, message->content, OER_DEPTH_DEFAULT, content, NULL) != OER_OK) {
		service_refuse(service, exchange, 400, 0, "not the request that belongs here");
		return false;
	}
	if (commit_begin(service->commit))
		return true;
	service_refuse(service, exchange, 503, 0, "the database does not answer");
	return false;
}

static bool count_ok(struct service *service, struct http_exchange *exchange, uint32_t count)
{
	if (count <= ENTRIES_MAX)
		return true;
	service_refuse(service, exchange, 400, 0, "%u entries; at most %d at a time", count, ENTRIES_MAX);
	return false;
}

static void answer(struct service *service, struct http_exchange *exchange, const char *row, const struct ScmsPDU *message,
		   const struct cert *to)
{
	struct bytes pdu = {NULL, 0};
	struct key_error err;

	if (make_bytes(&oer_ScmsPDU, message, &pdu, &err) != KEY_OK)
		role_failed(service, exchange, row, &err);
	else
		role_answer(service, exchange, row, bytes_view(&pdu), to);
	bytes_free(&pdu);
}

static struct ScmsPDU message_of(uint8_t choice)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ma_ra}};

	message.content.u.ma_ra.choice = choice;
	return message;
}

void ra_handle_blacklist(struct service *service, struct http_exchange *exchange)
{
	struct ScmsPDU content, reply = message_of(MaRaInterfacePDU_is_raMaBlacklistResponse);
	struct BlacklistingStatus *rows = calloc(ENTRIES_MAX, sizeof(*rows));
	struct message message = {.has_signer = false};
	const uint8_t *hpcr;
	uint32_t n = 0;

	if (rows == NULL) {
		service_refuse(service, exchange, 503, 0, "out of memory");
	} else if (ask(service, exchange, "SecuredBlacklistRequest", &message, &content)) {
		const struct oer_list *asked = &content.content.u.ma_ra.u.maRaBlacklistRequest.tbs.hpcr;
		struct oer_iter it = oer_iterate(asked);

		if (count_ok(service, exchange, asked->count)) {
			for (; oer_next(&it, &hpcr); n++) {
				int64_t enrolment = enrolment_of(service->db, hpcr);

				rows[n] = (struct BlacklistingStatus){.hpcr = hpcr, .reply.choice = BlacklistingStatus_reply_is_success};
				if (enrolment != 0 && blacklist(service, enrolment))
					continue;
				rows[n].reply.choice = BlacklistingStatus_reply_is_failure;
				rows[n].reply.u.failure =
				    enrolment == 0 ? base_error(MaRaBaseErrorCode_hpcrIsUnknownToRA) : already_blacklisted();
			}
			reply.content.u.ma_ra.u.raMaBlacklistResponse = (struct RaMaBlacklistResponseMsg){
			    .version = 1,
			    .requestHash = message.hash + 24,
			    .raId = role_host(service),
			    .status = {.items = rows, .count = n, .element = &oer_BlacklistingStatus}};
			answer(service, exchange, "SecuredBlacklistResponse", &reply, &message.signer.cert[0]);
		}
	}
	message_free(&message);
	free(rows);
}

/* The two chains of a device, decoded; bytes are what they point into. */
struct chains {
	struct bytes lci[2];
	char la[2][256];
	uint8_t i_max[4];
	bool found;
};

static bool take_chains(void *ctx, const struct db_value *columns, size_t count)
{
	struct chains *chains = ctx;
	uint32_t i_max = (uint32_t)columns[4].integer;

	(void)count;
	for (unsigned k = 0; k < 2; k++) {
		if (columns[k].kind != DB_BYTES || columns[k].bytes.n == 0 || columns[2 + k].bytes.n >= sizeof(chains->la[k]))
			return false;
		chains->lci[k].p = malloc(columns[k].bytes.n);
		if (chains->lci[k].p == NULL)
			return false;
		chains->lci[k].n = columns[k].bytes.n;
		memcpy(chains->lci[k].p, columns[k].bytes.p, columns[k].bytes.n);
		memcpy(chains->la[k], columns[2 + k].bytes.p, columns[2 + k].bytes.n);
	}
	for (unsigned k = 0; k < 4; k++)
		chains->i_max[k] = (uint8_t)(i_max >> (24 - 8 * k));
	chains->found = true;
	return false;
}

static void lci_of(struct service *service, const uint8_t *hpcr, struct chains *chains, struct HPCR2LCI *row)
{
	static const uint8_t no_group[4];
	struct LCIAndHostInfo *info = &row->reply.u.success.info;
	int64_t enrolment = enrolment_of(service->db, hpcr);

	*row = (struct HPCR2LCI){.hpcr = hpcr, .reply.choice = HPCR2LCI_reply_is_success};
	if (enrolment != 0)
		db_each(service->db,
			"SELECT lci1, lci2, la1, la2, i_max FROM chain WHERE id = (SELECT chain FROM enrolment WHERE id = $1)",
			DB_VALUES(db_integer(enrolment)), take_chains, chains);
	if (chains->found &&
	    oer_decode(&oer_EncryptedData, bytes_view(&chains->lci[0]), OER_DEPTH_DEFAULT, &info->la1_lci, NULL) == OER_OK &&
	    oer_decode(&oer_EncryptedData, bytes_view(&chains->lci[1]), OER_DEPTH_DEFAULT, &info->la2_lci, NULL) == OER_OK) {
		row->reply.u.success.groupIdentifier = no_group;
		info->iMax = chains->i_max;
		info->la1_id = (struct scms_slice){(const uint8_t *)chains->la[0], strlen(chains->la[0])};
		info->la2_id = (struct scms_slice){(const uint8_t *)chains->la[1], strlen(chains->la[1])};
		return;
	}
	row->reply.choice = HPCR2LCI_reply_is_failure;
	row->reply.u.failure = base_error(MaRaBaseErrorCode_hpcrIsUnknownToRA);
	if (enrolment != 0) {
		row->reply.u.failure.u.ma_ra.choice = MaRaError_is_ma_ra_lci_error;
		row->reply.u.failure.u.ma_ra.u.ma_ra_lci_error = MaRaLCIErrorCode_noLinkageChainIdentifiersKnownForHPCR;
	}
}

void ra_handle_lci(struct service *service, struct http_exchange *exchange)
{
	struct ScmsPDU content, reply = message_of(MaRaInterfacePDU_is_raMaLCIResponse);
	struct HPCR2LCI *rows = calloc(ENTRIES_MAX, sizeof(*rows));
	struct chains *chains = calloc(ENTRIES_MAX, sizeof(*chains));
	struct message message = {.has_signer = false};
	const uint8_t *hpcr;
	uint32_t n = 0;

	if (rows == NULL || chains == NULL) {
		service_refuse(service, exchange, 503, 0, "out of memory");
	} else if (ask(service, exchange, "SecuredLCIRequest", &message, &content)) {
		const struct oer_list *asked = &content.content.u.ma_ra.u.maRaLCIRequest.tbs.hpcr;
		struct oer_iter it = oer_iterate(asked);

		if (count_ok(service, exchange, asked->count)) {
			for (; oer_next(&it, &hpcr); n++)
				lci_of(service, hpcr, &chains[n], &rows[n]);
			reply.content.u.ma_ra.u.raMaLCIResponse = (struct RaMaLCIResponseMsg){
			    .version = 1,
			    .requestHash = message.hash + 24,
			    .raId = role_host(service),
			    .lciInfo = {.items = rows, .count = n, .element = &oer_HPCR2LCI}};
			answer(service, exchange, "SecuredLCIResponse", &reply, &message.signer.cert[0]);
		}
	}
	for (uint32_t k = 0; chains != NULL && k < n; k++) {
		bytes_free(&chains[k].lci[0]);
		bytes_free(&chains[k].lci[1]);
	}
	message_free(&message);
	free(chains);
	free(rows);
}

void ra_handle_rif_blacklist(struct service *service, struct http_exchange *exchange)
{
	struct ScmsPDU content, reply = message_of(MaRaInterfacePDU_is_raMaRseObeIdBlacklistResponse);
	struct RseObeIdBlacklistingStatus *rows = calloc(ENTRIES_MAX, sizeof(*rows));
	struct message message = {.has_signer = false};
	const uint8_t *rif;
	uint32_t n = 0;

	if (rows == NULL) {
		service_refuse(service, exchange, 503, 0, "out of memory");
	} else if (ask(service, exchange, "SecuredRseObeIdBlacklistRequest", &message, &content)) {
		const struct oer_list *asked = &content.content.u.ma_ra.u.maRaRseObeIdBlacklistRequest.tbs.rif;
		struct oer_iter it = oer_iterate(asked);

		if (count_ok(service, exchange, asked->count)) {
			for (; oer_next(&it, &rif); n++) {
				int64_t enrolment = ra_enrolment_find(service->db, rif).id;

				rows[n] = (struct RseObeIdBlacklistingStatus){
				    .rif = rif, .reply.choice = RseObeIdBlacklistingStatus_reply_is_success};
				if (enrolment != 0 && blacklist(service, enrolment))
					continue;
				rows[n].reply.choice = RseObeIdBlacklistingStatus_reply_is_failure;
				rows[n].reply.u.failure =
				    enrolment == 0 ? base_error(MaRaBaseErrorCode_raInvalidRIFValue) : already_blacklisted();
			}
			reply.content.u.ma_ra.u.raMaRseObeIdBlacklistResponse = (struct RaMaRseObeIdBlacklistResponseMsg){
			    .version = 1,
			    .requestHash = message.hash + 24,
			    .raId = role_host(service),
			    .status = {.items = rows, .count = n, .element = &oer_RseObeIdBlacklistingStatus}};
			answer(service, exchange, "SecuredRseObeIdBlacklistAnswer", &reply, &message.signer.cert[0]);
		}
	}
	message_free(&message);
	free(rows);
}

/* HashedId10s of certificates, one after another. */
struct ids {
	uint8_t *p;
	uint32_t n;
	bool failed;
};

static bool take_id(void *ctx, const struct db_value *columns, size_t count)
{
	struct ids *ids = ctx;
	uint8_t *more;

	(void)count;
	if (columns[0].bytes.n != 10)
		return true;
	more = realloc(ids->p, ((size_t)ids->n + 1) * 10);
	if (more == NULL) {
		ids->failed = true;
		return false;
	}
	ids->p = more;
	memcpy(ids->p + (size_t)ids->n++ * 10, columns[0].bytes.p, 10);
	return true;
}

static void cdv_of(struct service *service, const uint8_t *rif, struct ids *ids, struct CdvInfo *row)
{
	db_each(service->db,
		"SELECT item.id10 FROM item JOIN request ON request.id = item.request JOIN enrolment ON enrolment.id = request.enrolment "
		"WHERE enrolment.rif = $1 AND item.kind > 1 AND item.id10 IS NOT NULL AND item.expires > $2",
		DB_VALUES(db_bytes(rif, 8), db_integer(role_now())), take_id, ids);
	*row = (struct CdvInfo){.rif = rif, .reply.choice = CdvInfo_reply_is_success};
	row->reply.u.success = (struct oer_list){
	    .bytes = {ids->p, (size_t)ids->n * 10}, .count = ids->n, .stride = 10, .element = &oer_HashedId10};
	if (ids->n > 0)
		return;
	row->reply.choice = CdvInfo_reply_is_failure;
	row->reply.u.failure = base_error(0);
	row->reply.u.failure.u.ma_ra.choice = MaRaError_is_ma_ra_cdv_error;
	row->reply.u.failure.u.ma_ra.u.ma_ra_cdv_error = MaRaCDVErrorCode_noCertificateDigestValuesKnownForRIF;
}

void ra_handle_cdv(struct service *service, struct http_exchange *exchange)
{
	struct ScmsPDU content, reply = message_of(MaRaInterfacePDU_is_raMaCDVResponse);
	struct CdvInfo *rows = calloc(ENTRIES_MAX, sizeof(*rows));
	struct ids *ids = calloc(ENTRIES_MAX, sizeof(*ids));
	struct message message = {.has_signer = false};
	const uint8_t *rif;
	uint32_t n = 0;

	if (rows == NULL || ids == NULL) {
		service_refuse(service, exchange, 503, 0, "out of memory");
	} else if (ask(service, exchange, "SecuredCDVRequest", &message, &content)) {
		const struct oer_list *asked = &content.content.u.ma_ra.u.maRaCDVRequest.tbs.rifValues;
		struct oer_iter it = oer_iterate(asked);

		if (count_ok(service, exchange, asked->count)) {
			for (; oer_next(&it, &rif); n++)
				cdv_of(service, rif, &ids[n], &rows[n]);
			reply.content.u.ma_ra.u.raMaCDVResponse = (struct RaMaCDVResponseMsg){
			    .version = 1,
			    .requestHash = message.hash + 24,
			    .raId = role_host(service),
			    .cdvInfo = {.items = rows, .count = n, .element = &oer_CdvInfo}};
			answer(service, exchange, "SecuredCDVResponse", &reply, &message.signer.cert[0]);
		}
	}
	for (uint32_t k = 0; ids != NULL && k < n; k++)
		free(ids[k].p);
	message_free(&message);
	free(ids);
	free(rows);
}
