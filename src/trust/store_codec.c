/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store as bytes and back: ASN.1 type TrustStore (asn1/trust-store.asn).
 *
 * TrustStore has neither optional components nor an extension marker, so its encoding is that of its components one after
 * another; lists are written element by element, and no second copy of the store is needed.
 */
#include "trust/members.h"
#include "trust/store.h"

#include <string.h>

static const uint8_t store_magic[4] = {'S', 'E', 'T', 'L'};

struct out {
	uint8_t *p;
	size_t cap;
	size_t len;
	bool failed;
};

static void put(struct out *out, const struct oer_type *type, const void *value)
{
	size_t room = out->p != NULL && out->cap > out->len ? out->cap - out->len : 0, n = 0;
	enum oer_status status = oer_encode(type, value, room > 0 ? out->p + out->len : NULL, room, &n);

	if (status != OER_OK && status != OER_SPACE)
		out->failed = true;
	if (status == OER_SPACE && out->p != NULL)
		out->failed = true;
	out->len += n;
}

/* The count before a SEQUENCE OF: length and minimal unsigned integer. */
static void put_count(struct out *out, uint32_t count)
{
	uint8_t bytes[5];
	unsigned n = count > 0xffffff ? 4 : count > 0xffff ? 3 : count > 0xff ? 2 : 1;

	bytes[0] = (uint8_t)n;
	for (unsigned k = 0; k < n; k++)
		bytes[1 + k] = (uint8_t)(count >> 8 * (n - 1 - k));
	if (out->p != NULL) {
		if (out->cap - out->len < n + 1)
			out->failed = true;
		else
			memcpy(out->p + out->len, bytes, n + 1);
	}
	out->len += n + 1;
}

static void put_bytes(struct out *out, const uint8_t *bytes, size_t n)
{
	if (out->p != NULL) {
		if (out->cap - out->len < n)
			out->failed = true;
		else
			memcpy(out->p + out->len, bytes, n);
	}
	out->len += n;
}

/* ---- to bytes ---- */

static struct StoreProvisioning provisioning_of(const struct scms_store *store)
{
	const struct scms_limits *limits = &store->limits;

	return (struct StoreProvisioning){
	    .time = store->provisioned,
	    .skewSeconds = (uint32_t)(store->skew / 1000000),
	    .crlToleranceSeconds = (uint32_t)(store->tolerance / 1000000),
	    .quorumFloor = store->floor,
	    .quorumCeiling = store->ceiling,
	    .limits =
		{
		    .electors = limits->electors,
		    .roots = limits->roots,
		    .tombstones = limits->tombstones,
		    .policyBytes = limits->policy_bytes,
		    .chainBytes = limits->chain_bytes,
		    .historyBytes = limits->history_bytes,
		    .historyEntries = limits->history_entries,
		    .crlBytes = limits->crl_bytes,
		    .ballots = limits->ballots,
		    .votes = limits->votes,
		    .certificates = limits->certificates,
		    .depth = limits->depth,
		},
	};
}

static void put_root(struct out *out, const struct scms_store *store, const struct root *root)
{
	const uint8_t *endorsers[ENDORSERS_MAX];
	struct StoredRoot stored = {.quorumAtEntry = root->quorum_at_entry, .provisioned = root->provisioned};
	uint32_t n = 0;

	if (oer_decode(&oer_Certificate, root_bytes(root), OER_DEPTH_DEFAULT, &stored.certificate, NULL) != OER_OK)
		out->failed = true;
	/* By identity: places are given anew at each decoding, and one store has one encoding. */
	for (unsigned place = 0; place < ENDORSERS_MAX; place++) {
		uint32_t at = n;

		if (!(root->endorsers >> place & 1))
			continue;
		for (; at > 0 && memcmp(store->endorsers[place].identity, endorsers[at - 1], 32) < 0; at--)
			endorsers[at] = endorsers[at - 1];
		endorsers[at] = store->endorsers[place].identity;
		n++;
	}
	stored.endorsers = (struct oer_list){.count = n, .items = endorsers};
	put(out, &oer_StoredRoot, &stored);
}

static void put_tombstone(struct out *out, const struct tombstone *tombstone)
{
	struct Tombstone stored = {
	    .identity = tombstone->identity,
	    .id8 = tombstone->id8,
	    .keyHash = tombstone->key_hash,
	    .motion = tombstone->motion,
	    .time = tombstone->time,
	    .expiry = tombstone->expiry,
	};

	put(out, &oer_Tombstone, &stored);
}

typedef struct StoredSeries_intervals_item series_item;

static struct StoredSeries series_to(const struct series *series, series_item items[SERIES_STEPS_MAX])
{
	for (uint32_t k = 0; k < series->n; k++)
		items[k] = (series_item){.startTime = series->step[k].start, .value = series->step[k].value};
	return (struct StoredSeries){.initial = series->initial, .intervals = {.count = series->n, .items = items}};
}

static struct oer_list removed_to(const struct removed_list *removed, const uint8_t *items[REMOVED_MAX])
{
	for (uint32_t k = 0; k < removed->n; k++)
		items[k] = removed->identity[k];
	return (struct oer_list){.count = removed->n, .items = items};
}

static struct StoredSigner signer_to(const struct remembered_signer *signer)
{
	return (struct StoredSigner){
	    .identity = signer->identity, .id10 = signer->id10, .twin = signer->twin, .root = signer->root};
}

static void put_policy(struct out *out, const struct policy *policy)
{
	series_item items[3][SERIES_STEPS_MAX];
	const uint8_t *removed[REMOVED_MAX];
	struct StoredPolicy stored = {
	    .generationTime = policy->generation,
	    .activeTime = policy->active,
	    .floorTime = policy->floor,
	    .digest = policy->digest,
	    .lapsed = policy->is_void,
	    .has_signer = policy->has_signer,
	    .signer = signer_to(&policy->signer),
	    .has_chainFileId = policy->has_chain_id,
	    .chainFileId = series_to(&policy->chain_id, items[0]),
	    .has_crlTolerance = policy->has_tolerance,
	    .crlTolerance = series_to(&policy->tolerance, items[1]),
	    .has_quorum = policy->has_quorum,
	    .quorum = series_to(&policy->quorum, items[2]),
	    .has_removed = policy->has_removed,
	    .removed = removed_to(&policy->removed, removed),
	};

	put(out, &oer_StoredPolicy, &stored);
}

static void put_crl(struct out *out, const struct crl_state *crl)
{
	struct StoredCrl stored = {
	    .craca = crl->craca,
	    .series = crl->series,
	    .live = crl->live,
	    .issueDate = crl->issue_date,
	    .nextCrl = crl->next_crl,
	    .crlSerial = crl->serial,
	    .fullSerial = crl->full_serial,
	    .fullDate = crl->full_date,
	    .floorTime = crl->floor,
	    .last = crl->last,
	    .signer = signer_to(&crl->signer),
	    .full = crl->full,
	    .deltas = crl->deltas,
	    .kept = crl->kept,
	};

	put(out, &oer_StoredCrl, &stored);
}

static void put_members(struct out *out, const struct scms_store *store)
{
	put_count(out, store->elector_count);
	for (uint32_t k = 0; k < store->elector_count; k++)
		put_bytes(out, store->electors[k].cert, store->electors[k].cert_len);
	put_count(out, store->root_count);
	for (uint32_t k = 0; k < store->root_count; k++)
		put_root(out, store, &store->roots[k]);
	put_count(out, store->tombstone_count);
	for (uint32_t k = 0; k < store->tombstone_count; k++)
		put_tombstone(out, &store->tombstones[k]);
}

bool scms_store_encode(const struct scms_store *store, uint8_t *bytes, size_t cap, size_t *len)
{
	struct out out = {.p = bytes, .cap = cap};
	struct StoreProvisioning provisioning = provisioning_of(store);
	series_item items[SERIES_STEPS_MAX];
	struct StoredSeries quorum = series_to(&store->quorum, items);
	struct StoredChain chain = {
	    .has_version = store->has_gccf_version, .version = store->gccf_version, .file = store->chain};
	uint8_t version = 1;

	put_bytes(&out, store_magic, sizeof(store_magic));
	put_bytes(&out, &version, 1);
	put(&out, &oer_StoreProvisioning, &provisioning);
	put_members(&out, store);
	put(&out, &oer_StoredSeries, &quorum);
	put_count(&out, store->removed.n);
	put_bytes(&out, store->removed.identity[0], 32u * store->removed.n);
	put(&out, &oer_Time64, &store->votes_time);
	put_policy(&out, &store->policy);
	put_policy(&out, &store->pending);
	put(&out, &oer_StoredChain, &chain);
	put_bytes(&out, store->own, 32);
	put_bytes(&out, store->certificates, 32);
	put_count(&out, store->crl_count);
	for (uint32_t k = 0; k < store->crl_count; k++)
		put_crl(&out, &store->crls[k]);
	*len = out.len;
	return !out.failed;
}

/* ---- from bytes ---- */

static struct scms_limits limits_from(const struct StoreLimits *from)
{
	return (struct scms_limits){
	    .electors = from->electors,
	    .roots = from->roots,
	    .tombstones = from->tombstones,
	    .policy_bytes = from->policyBytes,
	    .chain_bytes = from->chainBytes,
	    .history_bytes = from->historyBytes,
	    .history_entries = from->historyEntries,
	    .crl_bytes = from->crlBytes,
	    .ballots = from->ballots,
	    .votes = from->votes,
	    .certificates = from->certificates,
	    .depth = from->depth,
	};
}

static bool read_store(struct scms_slice encoded, struct TrustStore *store)
{
	return oer_decode(&oer_TrustStore, encoded, OER_DEPTH_DEFAULT, store, NULL) == OER_OK &&
	       memcmp(store->magic, store_magic, sizeof(store_magic)) == 0;
}

bool scms_store_encoded_limits(struct scms_slice encoded, struct scms_limits *limits)
{
	struct TrustStore decoded;

	if (!read_store(encoded, &decoded))
		return false;
	*limits = limits_from(&decoded.provisioning.limits);
	return true;
}

static bool series_from(const struct StoredSeries *from, struct series *to)
{
	struct oer_iter it = oer_iterate(&from->intervals);
	series_item item;

	*to = (struct series){.initial = from->initial};
	while (oer_next(&it, &item)) {
		if (to->n == SERIES_STEPS_MAX)
			return false;
		to->step[to->n].start = item.startTime;
		to->step[to->n++].value = item.value;
	}
	return true;
}

static bool removed_from(const struct oer_list *from, struct removed_list *to)
{
	struct oer_iter it = oer_iterate(from);
	const uint8_t *identity;

	to->n = 0;
	while (oer_next(&it, &identity)) {
		if (to->n == REMOVED_MAX)
			return false;
		memcpy(to->identity[to->n++], identity, 32);
	}
	return true;
}

static void signer_from(const struct StoredSigner *from, struct remembered_signer *to)
{
	memcpy(to->identity, from->identity, 32);
	memcpy(to->id10, from->id10, 10);
	memcpy(to->twin, from->twin, 10);
	memcpy(to->root, from->root, 32);
}

static bool policy_from(const struct StoredPolicy *from, struct policy *to)
{
	*to = (struct policy){
	    .generation = from->generationTime,
	    .active = from->activeTime,
	    .floor = from->floorTime,
	    .is_void = from->lapsed,
	    .has_signer = from->has_signer,
	    .has_chain_id = from->has_chainFileId,
	    .has_tolerance = from->has_crlTolerance,
	    .has_quorum = from->has_quorum,
	    .has_removed = from->has_removed,
	};
	memcpy(to->digest, from->digest, 32);
	if (from->has_signer)
		signer_from(&from->signer, &to->signer);
	return (!from->has_chainFileId || series_from(&from->chainFileId, &to->chain_id)) &&
	       (!from->has_crlTolerance || series_from(&from->crlTolerance, &to->tolerance)) &&
	       (!from->has_quorum || series_from(&from->quorum, &to->quorum)) &&
	       (!from->has_removed || removed_from(&from->removed, &to->removed));
}

static bool electors_from(struct scms_store *store, const struct oer_list *list, const struct scms_crypto *crypto)
{
	struct oer_iter it = oer_iterate(list);
	struct scms_slice bytes;
	struct cert cert;

	while (oer_next_raw(&it, &bytes)) {
		if (store->elector_count == store->limits.electors || bytes.n > ELECTOR_CERT_MAX ||
		    cert_read(&cert, bytes, crypto, NULL) != OER_OK)
			return false;
		elector_add(store, &cert, bytes, 0);
	}
	return true;
}

static bool roots_from(struct scms_store *store, const struct oer_list *list, const struct scms_crypto *crypto)
{
	struct oer_iter it = oer_iterate(list);
	struct StoredRoot stored;
	struct cert cert;

	while (oer_next(&it, &stored)) {
		struct oer_iter endorsers = oer_iterate(&stored.endorsers);
		const uint8_t *identity;
		uint64_t set = 0;
		uint8_t place;

		if (store->root_count == store->limits.roots || stored.certificate.raw.n > ROOT_CERT_MAX ||
		    cert_read(&cert, stored.certificate.raw, crypto, NULL) != OER_OK)
			return false;
		root_add(store, &cert, stored.certificate.raw, stored.quorumAtEntry, 0, stored.provisioned);
		while (oer_next(&endorsers, &identity)) {
			if (!endorser_take(store, identity, &place))
				return false;
			set |= UINT64_C(1) << place;
			store->roots[store->root_count - 1].endorsers = set;
		}
	}
	return true;
}

static bool tombstones_from(struct scms_store *store, const struct oer_list *list)
{
	struct oer_iter it = oer_iterate(list);
	struct Tombstone stored;

	while (oer_next(&it, &stored)) {
		struct tombstone *to = &store->tombstones[store->tombstone_count];

		if (store->tombstone_count == store->limits.tombstones || stored.motion < 0 || stored.motion > SCMS_REMOVE_ELECTOR)
			return false;
		memcpy(to->identity, stored.identity, 32);
		memcpy(to->id8, stored.id8, 8);
		memcpy(to->key_hash, stored.keyHash, 16);
		to->motion = (uint8_t)stored.motion;
		to->time = stored.time;
		to->expiry = stored.expiry;
		store->tombstone_count++;
	}
	return true;
}

static bool crls_from(struct scms_store *store, const struct oer_list *list)
{
	struct oer_iter it = oer_iterate(list);
	struct StoredCrl stored;

	while (oer_next(&it, &stored)) {
		struct crl_state *to = &store->crls[store->crl_count];

		if (store->crl_count == CRLS_MAX)
			return false;
		*to = (struct crl_state){
		    .series = stored.series,
		    .live = stored.live,
		    .issue_date = stored.issueDate,
		    .next_crl = stored.nextCrl,
		    .serial = stored.crlSerial,
		    .full_serial = stored.fullSerial,
		    .full_date = stored.fullDate,
		    .floor = stored.floorTime,
		};
		memcpy(to->craca, stored.craca, 8);
		memcpy(to->last, stored.last, 32);
		signer_from(&stored.signer, &to->signer);
		memcpy(to->full, stored.full, 32);
		memcpy(to->deltas, stored.deltas, 32);
		memcpy(to->kept, stored.kept, 32);
		store->crl_count++;
	}
	return true;
}

struct scms_store *scms_store_decode(void *memory, size_t size, struct scms_slice encoded, const struct scms_crypto *crypto)
{
	struct scms_limits limits;
	struct scms_store *store;
	struct TrustStore from;

	if (!read_store(encoded, &from))
		return NULL;
	limits = limits_from(&from.provisioning.limits);
	store = store_lay_out(memory, size, &limits);
	if (store == NULL)
		return NULL;
	store->provisioned = from.provisioning.time;
	store->skew = from.provisioning.skewSeconds * UINT64_C(1000000);
	store->tolerance = from.provisioning.crlToleranceSeconds * UINT64_C(1000000);
	store->floor = from.provisioning.quorumFloor;
	store->ceiling = from.provisioning.quorumCeiling;
	store->votes_time = from.votesTime;
	store->has_gccf_version = from.chain.has_version;
	store->gccf_version = from.chain.has_version ? from.chain.version : 0;
	memcpy(store->chain, from.chain.file, 32);
	memcpy(store->own, from.own, 32);
	memcpy(store->certificates, from.certificates, 32);
	if (!electors_from(store, &from.electors, crypto) || !roots_from(store, &from.roots, crypto) ||
	    !tombstones_from(store, &from.tombstones) || !series_from(&from.quorum, &store->quorum) ||
	    !removed_from(&from.removed, &store->removed) || !policy_from(&from.policy, &store->policy) ||
	    !policy_from(&from.pending, &store->pending) || !crls_from(store, &from.crls))
		return NULL;
	return store;
}
