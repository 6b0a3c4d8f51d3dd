/* SPDX-License-Identifier: Apache-2.0 */
#include "components/la/answer.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_MAX 1024

/* Encoded chains, one after another. */
struct chains {
	uint8_t *p;
	size_t n, cap;
	uint32_t count;
};

static enum key_status chains_add(struct chains *chains, const struct bytes *one, struct key_error *err)
{
	if (chains->n + one->n > chains->cap) {
		size_t cap = 2 * chains->cap + one->n;
		uint8_t *p = realloc(chains->p, cap);

		if (p == NULL)
			return key_fail(err, KEY_FAILED, "out of memory");
		chains->p = p;
		chains->cap = cap;
	}
	if (one->n > 0)
		memcpy(chains->p + chains->n, one->p, one->n);
	chains->n += one->n;
	chains->count++;
	return KEY_OK;
}

static enum key_status add_chain(const struct la *la, const struct EncryptedData *lci, const struct la_range *range,
				 const struct plv_key *key, struct chains *chains, struct key_error *err)
{
	struct bytes one = {NULL, 0};
	enum key_status status = la_chain_values(la, lci, range, key->agreement.key, &one, err);

	if (status == KEY_OK)
		status = chains_add(chains, &one, err);
	bytes_free(&one);
	return status;
}

static enum key_status add_fresh(const struct la *la, const struct la_range *range, const struct plv_key *key,
				 struct chains *chains, struct key_error *err)
{
	struct bytes lci = {NULL, 0};
	struct EncryptedData decoded;
	enum key_status status = la_chain_begin(la, &lci, err);

	if (status == KEY_OK && oer_decode(&oer_EncryptedData, bytes_view(&lci), OER_DEPTH_DEFAULT, &decoded, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "a linkage chain could not be begun");
	if (status == KEY_OK)
		status = add_chain(la, &decoded, range, key, chains, err);
	bytes_free(&lci);
	return status;
}

/* What is wrong with the request as a whole; -1: nothing. */
static int32_t judge_request(const struct RaLaIndividualPreLinkageValueRequestMsg *request, const struct plv_key *key)
{
	const struct RaLaPreLinkageValueRequestMsgHeader *header = &request->header;
	uint64_t chains = (uint64_t)(request->has_numberOfFreshInd ? request->numberOfFreshInd : 0) +
			  (request->has_continuationsInd ? request->continuationsInd.count : 0);

	if (key == NULL)
		return LaRaErrorCode_invalidPcaKey;
	if (header->iMax < header->iMin)
		return LaRaErrorCode_invalidIMax;
	if (request->jMax == 0)
		return LaRaErrorCode_invalidJMax;
	if (chains == 0 || chains * ((uint64_t)header->iMax - header->iMin + 1) * request->jMax > LA_VALUES_MAX)
		return LaRaErrorCode_invalidIMax;
	return -1;
}

static enum key_status fill(const struct la *la, const struct RaLaIndividualPreLinkageValueRequestMsg *request,
			    const struct plv_key *key, struct chains *chains, int32_t *refusal, struct key_error *err)
{
	const struct la_range range = {request->header.iMin, request->header.iMax, request->jMax};
	uint32_t fresh = request->has_numberOfFreshInd ? request->numberOfFreshInd : 0;
	enum key_status status = KEY_OK;
	struct EncryptedData lci;
	struct oer_iter it;

	while (status == KEY_OK && fresh-- > 0)
		status = add_fresh(la, &range, key, chains, err);
	if (!request->has_continuationsInd)
		return status;
	it = oer_iterate(&request->continuationsInd);
	while (status == KEY_OK && oer_next(&it, &lci))
		status = add_chain(la, &lci, &range, key, chains, err);
	if (status == KEY_NOT_FOR_US) {
		*refusal = LaRaErrorCode_invalidLinkagechainId;
		status = KEY_OK;
	}
	return status;
}

enum key_status la_answer_values(const struct la *la, struct scms_slice host, const struct plv_keys *keys,
				 const struct RaLaIndividualPreLinkageValueRequestMsg *request, const uint8_t hash[32],
				 scms_time32 now, bool *refused, struct bytes *pdu, struct key_error *err)
{
	const struct plv_key *key = plv_keys_current(keys, request->header.pcaId, now);
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_la_ra}};
	struct LaRaPreLinkageValueResponseMsg *answer = &message.content.u.la_ra.u.laRaPreLinkageValueResponse;
	struct chains chains = {NULL, 0, 0, 0};
	int32_t refusal = judge_request(request, key);
	enum key_status status = KEY_OK;

	message.content.u.la_ra.choice = LaRaInterfacePDU_is_laRaPreLinkageValueResponse;
	*answer = (struct LaRaPreLinkageValueResponseMsg){.version = 1, .requestHash = hash + 24, .laId = host};
	if (refusal < 0)
		status = fill(la, request, key, &chains, &refusal, err);
	*refused = refusal >= 0;
	if (*refused) {
		answer->reply.choice = LaRaPreLinkageValueResponseMsg_reply_is_failure;
		answer->reply.u.failure.choice = ScmsError_is_la_ra;
		answer->reply.u.failure.u.la_ra.choice = LaRaError_is_la_ra;
		answer->reply.u.failure.u.la_ra.u.la_ra = refusal;
	} else {
		answer->reply.choice = LaRaPreLinkageValueResponseMsg_reply_is_success;
		answer->reply.u.success = (struct PreLinkageValueRequestResponse){
		    .iMin = request->header.iMin,
		    .iMax = request->header.iMax,
		    .individual = {.bytes = {chains.p, chains.n},
				   .count = chains.count,
				   .element = &oer_IndividualPlvResponseLinkageChain}};
	}
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &message, pdu, err);
	free(chains.p);
	return status;
}

/* One seed, or why not. */
static void seed_of(const struct la *la, const struct EncryptedData *lci, uint16_t i, const uint8_t la_id[2],
		    uint8_t seed[LINKAGE_SEED], struct LCI2LS *out)
{
	struct key_error err;

	*out = (struct LCI2LS){.lci = *lci};
	if (la_chain_seed(la, lci, i, seed, &err) == KEY_OK) {
		out->reply.choice = LCI2LS_reply_is_success;
		out->reply.u.success = (struct LinkageSeedAndLaId){.linkageSeed = seed, .laId = la_id};
		return;
	}
	out->reply.choice = LCI2LS_reply_is_failure;
	out->reply.u.failure.choice = ScmsError_is_la_ma;
	out->reply.u.failure.u.la_ma.choice = LaMaError_is_la_ma_linkage_seed_error;
	out->reply.u.failure.u.la_ma.u.la_ma_linkage_seed_error = LaMaLinkageSeedErrorCode_linkageChainIdentifierUnknown;
}

enum key_status la_answer_seeds(const struct la *la, struct scms_slice host, const struct MaLaLinkageSeedRequestMsg *request,
				const uint8_t hash[32], uint16_t i, struct bytes *pdu, struct key_error *err)
{
	const uint8_t la_id[2] = {(uint8_t)(la->id >> 8), (uint8_t)la->id};
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_la_ma}};
	struct LaMaLinkageSeedResponseMsg *answer = &message.content.u.la_ma.u.laMaLinkageSeedResponse;
	struct oer_iter it = oer_iterate(&request->tbs.lci);
	uint32_t count = request->tbs.lci.count;
	struct LCI2LS *rows;
	uint8_t(*seeds)[LINKAGE_SEED];
	struct EncryptedData lci;
	enum key_status status = KEY_OK;

	if (count > SEEDS_MAX)
		return key_fail(err, KEY_VALUE, "%u linkage chains; at most %d at a time", count, SEEDS_MAX);
	rows = calloc(count + 1, sizeof(*rows));
	seeds = calloc(count + 1, sizeof(*seeds));
	if (rows == NULL || seeds == NULL)
		status = key_fail(err, KEY_FAILED, "out of memory");
	for (uint32_t k = 0; status == KEY_OK && oer_next(&it, &lci); k++)
		seed_of(la, &lci, i, la_id, seeds[k], &rows[k]);
	message.content.u.la_ma.choice = LaMaInterfacePDU_is_laMaLinkageSeedResponse;
	*answer = (struct LaMaLinkageSeedResponseMsg){
	    .version = 1,
	    .requestHash = hash + 24,
	    .laId = host,
	    .lsInfo = {.items = rows, .count = count, .element = &oer_LCI2LS}};
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &message, pdu, err);
	if (seeds != NULL)
		OPENSSL_cleanse(seeds, (count + 1) * sizeof(*seeds));
	free(seeds);
	free(rows);
	return status;
}
