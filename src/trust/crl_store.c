/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crl_store.h"

#include "dot2/profile.h"
#include "dot2/validity.h"
#include "trust/members.h"
#include "trust/policy.h"
#include "trust/quorum.h"

#include <string.h>

#define SERIES_SPECIAL 256

/* Where to keep new data: an object of these parts; its name goes to digest. */
static bool object_put(struct trust_env env, const struct scms_slice *parts, size_t n, uint8_t digest[32])
{
	env.crypto->sha256(env.crypto->ctx, parts, n, digest);
	return env.objects->put(env.objects->ctx, digest, parts, n);
}

/* The bytes of an object, none for no object; false where it cannot be had. */
static bool object_get(struct trust_env env, const uint8_t digest[32], struct scms_slice *bytes)
{
	*bytes = (struct scms_slice){NULL, 0};
	return object_is_none(digest) || env.objects->get(env.objects->ctx, digest, bytes);
}

static struct crl_state *crl_find(struct scms_store *store, const struct crl *crl)
{
	for (uint32_t k = 0; k < store->crl_count; k++)
		if (store->crls[k].series == crl->contents.crlSeries && memcmp(store->crls[k].craca, crl->contents.cracaId, 8) == 0)
			return &store->crls[k];
	return NULL;
}

static bool known_kind(const struct crl *crl)
{
	return crl->contents.typeSpecific.choice <= CrlContents_typeSpecific_is_deltaLinkedCrl;
}

static uint32_t crl_serial(const struct crl *crl)
{
	return crl_is_hash(crl) ? crl->contents.typeSpecific.u.fullHashCrl.crlSerial : 0;
}

/* Is this very CRL in force already? */
static bool crl_known(const struct crl_state *state, const uint8_t digest[32], const struct crl *crl, struct trust_env env)
{
	struct scms_slice rest;

	if (memcmp(state->last, digest, 32) == 0 || memcmp(state->full, digest, 32) == 0)
		return true;
	if (!crl_is_delta(crl) || !object_get(env, state->deltas, &rest))
		return false;
	while (rest.n > 0) {
		const uint8_t *start = rest.p;

		if (oer_decode_prefix(&oer_Ieee1609Dot2Data, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			return false;
		if ((size_t)(rest.p - start) == crl->bytes.n && memcmp(start, crl->bytes.p, crl->bytes.n) == 0)
			return true;
	}
	return false;
}

/* Dates and serials never run backwards (rule G5.2), and a new signer's are after the old one's revocation (G5.4). */
static bool crl_is_older(const struct crl_state *state, const struct crl *crl)
{
	const struct CrlContents *contents = &crl->contents;

	if (time64_of(contents->issueDate) <= state->floor)
		return true;
	if (!state->live)
		return false;
	if (contents->issueDate < state->issue_date)
		return true;
	return crl_is_hash(crl) && crl_serial(crl) <= state->serial;
}

struct wanted {
	const struct crl *crl;
	bool wrong_series; /* a CRL signer is there, but not for this series or CRACA */
};

/* May the leaf of this chain sign this CRL? (rule G5.1) */
static bool fits_crl(void *ctx, const struct chain *chain)
{
	struct wanted *wanted = ctx;
	const struct CrlContents *contents = &wanted->crl->contents;
	const struct cert *craca;
	struct CrlSsp ssp;
	bool by_root = chain->n == 1;

	if (!cert_crl_ssp(&chain->cert[0], &ssp))
		return false;
	craca = ssp.associatedCraca == CracaType_isCraca ? &chain->cert[0] : by_root ? NULL : &chain->cert[1];
	if (craca != NULL && crl_ssp_lists(&ssp, contents->crlSeries) &&
	    memcmp(cert_id8(craca), contents->cracaId, 8) == 0 && (contents->crlSeries != SERIES_SPECIAL || by_root))
		return true;
	wanted->wrong_series = true;
	return false;
}

/* The signer of a state's CRLs is gone: what they listed stays listed, and another must start afresh (rule G5.4). */
static bool crl_retire(struct crl_state *state, scms_time64 time, struct trust_env env)
{
	struct scms_slice parts[3];

	if (!object_get(env, state->kept, &parts[0]) || !object_get(env, state->full, &parts[1]) ||
	    !object_get(env, state->deltas, &parts[2]) || !object_put(env, parts, 3, state->kept))
		return false;
	memset(state->full, 0, 32);
	memset(state->deltas, 0, 32);
	state->live = false;
	state->floor = time;
	state->serial = 0;
	return true;
}

/* Is this signer, of the hierarchy of the CRL's CRACA, listed? */
static bool lists_signer(const struct scms_store *store, const struct crl *crl, const struct remembered_signer *signer)
{
	int root = root_find(store, signer->root);

	return root >= 0 && memcmp(store->roots[root].id8, crl->contents.cracaId, 8) == 0 &&
	       (crl_has_id10(crl, signer->id10) || crl_has_id10(crl, signer->twin));
}

/* What a new CRL of the special series takes with it: PG and CRLG that it lists (rules G5.4, G6, G7). */
static bool special_effects(struct scms_store *store, const struct crl *crl, scms_time64 now, struct trust_env env)
{
	scms_time64 time = time64_of(crl->contents.issueDate);

	for (uint32_t k = 0; k < store->crl_count; k++)
		if (store->crls[k].live && lists_signer(store, crl, &store->crls[k].signer) &&
		    !crl_retire(&store->crls[k], time, env))
			return false;
	policy_promote(store, now); /* what is in force outlives its PG (rule G7) */
	policy_end(store, store->policy.has_signer && !store->policy.is_void && lists_signer(store, crl, &store->policy.signer),
		   store->pending.has_signer && lists_signer(store, crl, &store->pending.signer), time);
	return true;
}

/* Keeps the CRL's bytes: a full one takes the place of what was, a delta joins the others. */
static bool crl_keep(struct crl_state *state, const struct crl *crl, const uint8_t digest[32], struct trust_env env)
{
	struct scms_slice parts[2];

	if (crl_is_delta(crl)) {
		parts[1] = crl->bytes;
		return object_get(env, state->deltas, &parts[0]) && object_put(env, parts, 2, state->deltas);
	}
	if (!env.objects->put(env.objects->ctx, digest, &crl->bytes, 1))
		return false;
	memcpy(state->full, digest, 32);
	memset(state->deltas, 0, 32);
	state->full_serial = crl_serial(crl);
	state->full_date = crl->contents.issueDate;
	return true;
}

static enum scms_reason crl_take(struct scms_store *store, struct crl_state *state, const struct crl *crl,
				 const uint8_t digest[32], const struct chain *chain, scms_time64 now, struct trust_env env)
{
	if (state == NULL) {
		state = &store->crls[store->crl_count];
		*state = (struct crl_state){.series = crl->contents.crlSeries};
		memcpy(state->craca, crl->contents.cracaId, 8);
	}
	if (!crl_keep(state, crl, digest, env))
		return SCMS_REASON_FAILED;
	if (state == &store->crls[store->crl_count])
		store->crl_count++;
	state->live = true;
	state->issue_date = crl->contents.issueDate;
	state->next_crl = crl->contents.nextCrl;
	state->serial = crl_serial(crl);
	memcpy(state->last, digest, 32);
	signer_of(chain, env.crypto, &state->signer);
	store_touch(store);
	if (crl->contents.crlSeries == SERIES_SPECIAL && !special_effects(store, crl, now, env))
		return SCMS_REASON_FAILED;
	return SCMS_ACCEPTED;
}

enum scms_reason crl_judge(struct scms_store *store, const struct crl *crl, struct source *source, scms_time64 now,
			   uint32_t *verified)
{
	struct crl_state *state = crl_find(store, crl);
	struct wanted wanted = {.crl = crl};
	struct trust_env env = source->env;
	enum signed_verdict signed_by;
	struct chain chain;
	uint8_t digest[32];

	if (crl->data.tbsData.headerInfo.psid != PSID_CRL || header_fields(&crl->data.tbsData.headerInfo) != 0 || !known_kind(crl))
		return SCMS_MALFORMED;
	env.crypto->sha256(env.crypto->ctx, &crl->bytes, 1, digest);
	if (state != NULL && state->live && crl_known(state, digest, crl, env))
		return SCMS_UNCHANGED;
	if (state != NULL && crl_is_older(state, crl))
		return SCMS_ROLLBACK;
	if (time64_of(crl->contents.issueDate) > now + store->skew)
		return SCMS_TIME_FUTURE;
	signed_by = source_signed(source, &crl->data, now, fits_crl, &wanted, &chain, verified);
	if (signed_by == SIGNED_UNKNOWN)
		return SCMS_REASON_FAILED;
	if (signed_by == SIGNED_BY_NOBODY)
		return wanted.wrong_series ? SCMS_CRL_SERIES : SCMS_CRL_SIGNER;
	if (state == NULL && store->crl_count == CRLS_MAX)
		return SCMS_CRL_SERIES;
	if (crl_is_delta(crl) && (state == NULL || object_is_none(state->full)))
		return SCMS_CRL_BASE_MISSING;
	if (signed_by != SIGNED_WELL)
		return SCMS_CRL_SIGNATURE;
	return crl_take(store, state, crl, digest, &chain, now, env);
}

bool store_is_stale(const struct scms_store *store, scms_time64 now)
{
	uint64_t tolerance = tolerance_in_force(store, now);

	if (store->crl_count == 0)
		return now > store->provisioned + tolerance;
	for (uint32_t k = 0; k < store->crl_count; k++)
		if (now > time64_of(store->crls[k].next_crl) + tolerance)
			return true;
	return false;
}
