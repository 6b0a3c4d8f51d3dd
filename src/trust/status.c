/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about a store that change nothing.
 */
#include "dot2/validity.h"
#include "trust/crl_store.h"
#include "trust/members.h"
#include "trust/own.h"
#include "trust/quorum.h"
#include "trust/tombstone.h"

#include <string.h>

static void member_fill(struct scms_member *member, const uint8_t identity[32], struct scms_slice bytes, scms_time64 now)
{
	struct Certificate c;

	*member = (struct scms_member){.certificate = bytes, .status = SCMS_MEMBER_TRUSTED};
	memcpy(member->identity, identity, 32);
	if (oer_decode(&oer_Certificate, bytes, OER_DEPTH_DEFAULT, &c, NULL) == OER_OK) {
		member->valid_from = validity_start(&c.toBeSigned.validityPeriod);
		member->valid_until = validity_end(&c.toBeSigned.validityPeriod);
	}
	if (now >= member->valid_until)
		member->status = SCMS_MEMBER_EXPIRED;
}

bool scms_store_elector(const struct scms_store *store, scms_time64 now, uint32_t k, struct scms_member *member)
{
	if (k >= store->elector_count)
		return false;
	member_fill(member, store->electors[k].identity, elector_bytes(&store->electors[k]), now);
	return true;
}

bool scms_store_root(const struct scms_store *store, scms_time64 now, uint32_t k, struct scms_member *member)
{
	uint8_t m = quorum_in_force(store, now, NULL);
	const struct root *root;

	if (k >= store->root_count)
		return false;
	root = &store->roots[k];
	member_fill(member, root->identity, root_bytes(root), now);
	if (member->status == SCMS_MEMBER_TRUSTED && root_is_suspended(root, m))
		member->status = SCMS_MEMBER_SUSPENDED;
	member->endorsers = (uint32_t)__builtin_popcountll(root->endorsers);
	member->needed = root_needed(root, m);
	return true;
}

bool scms_store_endorser(const struct scms_store *store, uint32_t k, uint32_t j, uint8_t identity[32])
{
	if (k >= store->root_count)
		return false;
	for (unsigned place = 0; place < ENDORSERS_MAX; place++)
		if (store->roots[k].endorsers >> place & 1 && j-- == 0) {
			memcpy(identity, store->endorsers[place].identity, 32);
			return true;
		}
	return false;
}

bool scms_store_tombstone(const struct scms_store *store, uint32_t k, struct scms_tombstone *tombstone)
{
	const struct tombstone *from;

	if (k >= store->tombstone_count)
		return false;
	from = &store->tombstones[k];
	*tombstone = (struct scms_tombstone){
	    .motion = (enum scms_motion)from->motion, .time = from->time, .kept_until = tombstone_end(from)};
	memcpy(tombstone->identity, from->identity, 32);
	return true;
}

bool scms_store_withheld(const struct scms_store *store, scms_time64 now, uint32_t k, uint8_t identity[32])
{
	const struct removed_list *removed = policy_in_force(store, now).removed;

	for (uint32_t r = 0; r < removed->n; r++)
		if (tombstone_find(store, removed->identity[r]) < 0 && k-- == 0) {
			memcpy(identity, removed->identity[r], 32);
			return true;
		}
	return false;
}

bool scms_store_crl(const struct scms_store *store, uint32_t k, struct scms_crl_status *crl)
{
	const struct crl_state *from;

	if (k >= store->crl_count)
		return false;
	from = &store->crls[k];
	*crl = (struct scms_crl_status){
	    .series = from->series, .issued = time64_of(from->issue_date), .next = time64_of(from->next_crl), .live = from->live};
	memcpy(crl->craca, from->craca, 8);
	return true;
}

bool scms_store_status(const struct scms_store *store, scms_time64 now, const struct scms_crypto *crypto,
		       const struct scms_objects *objects, struct scms_store_status *status)
{
	bool has_policy = store->policy.generation != 0 && !store->policy.is_void;
	bool has_pending = store->pending.generation != 0;

	*status = (struct scms_store_status){
	    .quorum_floor = store->floor,
	    .quorum_ceiling = store->ceiling,
	    .has_gccf_version = store->has_gccf_version,
	    .gccf_version = store->gccf_version,
	    .has_policy = has_policy || has_pending,
	    .policy_generation = has_pending ? store->pending.generation : has_policy ? store->policy.generation : 0,
	    .signed_time = store_signed_time(store),
	    .provisioned = store->provisioned,
	    .stale = store_is_stale(store, now),
	    .limits = store->limits,
	    .skew_seconds = (uint32_t)(store->skew / TIME64_SECOND),
	};
	status->quorum = quorum_in_force(store, now, &status->quorum_clamped);
	status->own = own_status(store, (struct trust_env){crypto, objects}, now);
	status->operational = status->own == SCMS_VALID;
	return status->own != SCMS_REASON_FAILED;
}

enum scms_reason scms_cert_check(const struct scms_store *store, scms_time64 now, struct scms_slice certificate,
				 const struct scms_slice *certificates, size_t certificate_count,
				 const struct scms_crypto *crypto, const struct scms_objects *objects)
{
	struct source source;
	struct chain chain;

	if (cert_read(&chain.cert[0], certificate, crypto, NULL) != OER_OK)
		return SCMS_MALFORMED;
	if (!source_open(&source, store, (struct trust_env){crypto, objects}, now))
		return SCMS_REASON_FAILED;
	source.certificates = certificates;
	source.certificate_count = certificate_count;
	return source_judge(&source, &chain, now);
}
