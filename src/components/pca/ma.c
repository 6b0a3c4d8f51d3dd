/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pca/ma.h"

#include "crypto/linkage.h"

#include <stdlib.h>
#include <string.h>

/* Text and bytes that an answer points into. */
struct kept {
	struct kept *next;
	size_t n;
	uint8_t p[];
};

struct answering {
	const uint8_t *lv;
	struct Lv2Plv *plv;    /* one of these */
	struct Lv2HPCR *hpcr;
	uint32_t n, max;
	struct kept *kept;
	bool failed;
};

static struct scms_slice keep(struct answering *answering, struct scms_slice bytes)
{
	struct kept *kept = malloc(sizeof(*kept) + bytes.n);

	if (kept == NULL) {
		answering->failed = true;
		return (struct scms_slice){NULL, 0};
	}
	kept->next = answering->kept;
	kept->n = bytes.n;
	if (bytes.n > 0)
		memcpy(kept->p, bytes.p, bytes.n);
	answering->kept = kept;
	return (struct scms_slice){kept->p, kept->n};
}

static void answering_free(struct answering *answering)
{
	while (answering->kept != NULL) {
		struct kept *kept = answering->kept;

		answering->kept = kept->next;
		free(kept);
	}
	free(answering->plv);
	free(answering->hpcr);
}

static struct ScmsError refusal(int32_t code)
{
	struct ScmsError error = {.choice = ScmsError_is_ma_pca};

	error.u.ma_pca.choice = MaPcaError_is_ma_pca;
	error.u.ma_pca.u.ma_pca = code;
	return error;
}

/* Columns: plv1, la1, plv2, la2. */
static bool add_values(void *ctx, const struct db_value *columns, size_t count)
{
	struct answering *answering = ctx;

	(void)count;
	for (unsigned k = 0; k < 2 && answering->n < answering->max; k++) {
		struct Lv2Plv *row = &answering->plv[answering->n++];
		struct scms_slice sealed = keep(answering, columns[2 * k].bytes);

		*row = (struct Lv2Plv){.lv = answering->lv, .reply.choice = Lv2Plv_reply_is_success};
		row->reply.u.success.hostname = keep(answering, columns[2 * k + 1].bytes);
		if (answering->failed || oer_decode(&oer_EncryptedIndividualPLV, sealed, OER_DEPTH_DEFAULT,
						    &row->reply.u.success.encryptedPLV, NULL) != OER_OK)
			answering->failed = true;
	}
	return !answering->failed && answering->n < answering->max;
}

/* Columns: hpcr, ra. */
static bool add_hash(void *ctx, const struct db_value *columns, size_t count)
{
	struct answering *answering = ctx;
	struct Lv2HPCR *row = &answering->hpcr[answering->n++];

	(void)count;
	*row = (struct Lv2HPCR){.lv = answering->lv, .reply.choice = Lv2HPCR_reply_is_success};
	row->reply.u.success.hpcr = keep(answering, columns[0].bytes).p;
	row->reply.u.success.hostname = keep(answering, columns[1].bytes);
	return !answering->failed && answering->n < answering->max;
}

static void look_up_values(struct service *service, struct answering *answering)
{
	uint32_t before = answering->n;

	db_each(service->db, "SELECT plv1, la1, plv2, la2 FROM issued WHERE lv = $1", DB_VALUES(db_bytes(answering->lv, LINKAGE_VALUE)),
		add_values, answering);
	if (answering->n > before || answering->n == answering->max)
		return;
	answering->plv[answering->n++] = (struct Lv2Plv){
	    .lv = answering->lv,
	    .reply = {.choice = Lv2Plv_reply_is_failure, .u.failure = refusal(MaPcaErrorCode_linkageValueUnknown)}};
}

static void look_up_hash(struct service *service, struct answering *answering)
{
	uint32_t before = answering->n;

	db_each(service->db, "SELECT hpcr, ra FROM issued WHERE lv = $1", DB_VALUES(db_bytes(answering->lv, LINKAGE_VALUE)), add_hash,
		answering);
	if (answering->n > before || answering->n == answering->max)
		return;
	answering->hpcr[answering->n++] = (struct Lv2HPCR){
	    .lv = answering->lv,
	    .reply = {.choice = Lv2HPCR_reply_is_failure, .u.failure = refusal(MaPcaErrorCode_linkageValueUnknown)}};
}

/* Looks up each linkage value of the list. False: there are too many, or memory ran out. */
static bool look_up_all(struct service *service, const struct oer_list *values,
			void (*look_up)(struct service *service, struct answering *answering), struct answering *answering)
{
	struct oer_iter it = oer_iterate(values);

	while (!answering->failed && oer_next(&it, &answering->lv))
		look_up(service, answering);
	return !answering->failed;
}

static void send_answer(struct service *service, struct http_exchange *exchange, const char *row, const struct ScmsPDU *message,
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

/* Opens the MA's request. False: it is answered. */
static bool ask(struct service *service, struct http_exchange *exchange, const char *row, struct message *message,
		struct ScmsPDU *content)
{
	if (!role_open(service, exchange, row, ROLE_MA, 0, message))
		return false;
	if (oer_decode(&oer_ScmsPDU, message->content, OER_DEPTH_DEFAULT, content, NULL) == OER_OK)
		return true;
	service_refuse(service, exchange, 400, 0, "not the request that belongs here");
	return false;
}

static bool count_ok(struct service *service, struct http_exchange *exchange, uint32_t count)
{
	if (count <= PCA_MA_VALUES_MAX)
		return true;
	service_refuse(service, exchange, 400, 0, "%u linkage values; at most %d at a time", count, PCA_MA_VALUES_MAX);
	return false;
}

void pca_ma_values(struct service *service, struct http_exchange *exchange)
{
	struct answering answering = {.max = 2 * PCA_MA_VALUES_MAX, .plv = calloc(2 * PCA_MA_VALUES_MAX, sizeof(struct Lv2Plv))};
	struct ScmsPDU content, message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ma_pca}};
	struct PcaMaPreLinkageValueResponseMsg *answer = &message.content.u.ma_pca.u.pcaMaPreLinkageValueResponse;
	const struct oer_list *values;
	struct message request;

	if (ask(service, exchange, "SecuredMaPcaPreLinkageValueRequest", &request, &content)) {
		values = &content.content.u.ma_pca.u.maPcaPreLinkageValueRequest.tbs.linkageValues;
		if (!count_ok(service, exchange, values->count)) {
			/* answered */
		} else if (answering.plv == NULL || !look_up_all(service, values, look_up_values, &answering)) {
			service_refuse(service, exchange, 503, 0, "out of memory");
		} else {
			message.content.u.ma_pca.choice = MaPcaInterfacePDU_is_pcaMaPreLinkageValueResponse;
			*answer = (struct PcaMaPreLinkageValueResponseMsg){
			    .version = 1,
			    .requestHash = request.hash + 24,
			    .pcaId = role_host(service),
			    .plvInfo = {.items = answering.plv, .count = answering.n, .element = &oer_Lv2Plv}};
			send_answer(service, exchange, "SecuredPcaMaPreLinkageValueResponse", &message, &request.signer.cert[0]);
		}
	}
	message_free(&request);
	answering_free(&answering);
}

void pca_ma_hashes(struct service *service, struct http_exchange *exchange)
{
	struct answering answering = {.max = PCA_MA_VALUES_MAX, .hpcr = calloc(PCA_MA_VALUES_MAX, sizeof(struct Lv2HPCR))};
	struct ScmsPDU content, message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ma_pca}};
	struct PcaMaHPCRResponseMsg *answer = &message.content.u.ma_pca.u.pcaMaHPCRResponse;
	const struct oer_list *values;
	struct message request;

	if (ask(service, exchange, "SecuredMaPcaHPCRRequest", &request, &content)) {
		values = &content.content.u.ma_pca.u.maPcaHPCRRequest.tbs.linkage_values;
		if (!count_ok(service, exchange, values->count)) {
			/* answered */
		} else if (answering.hpcr == NULL || !look_up_all(service, values, look_up_hash, &answering)) {
			service_refuse(service, exchange, 503, 0, "out of memory");
		} else {
			message.content.u.ma_pca.choice = MaPcaInterfacePDU_is_pcaMaHPCRResponse;
			*answer = (struct PcaMaHPCRResponseMsg){
			    .version = 1,
			    .requestHash = request.hash + 24,
			    .pcaId = role_host(service),
			    .hpcrinfo = {.items = answering.hpcr, .count = answering.n, .element = &oer_Lv2HPCR}};
			send_answer(service, exchange, "SecuredPcaMaHPCRResponse", &message, &request.signer.cert[0]);
		}
	}
	message_free(&request);
	answering_free(&answering);
}
