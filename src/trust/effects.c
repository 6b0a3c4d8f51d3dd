/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/effects.h"

#include "trust/members.h"
#include "trust/policy.h"
#include "trust/tombstone.h"

#include <string.h>

static void forget_key(const struct cert *subject, const struct scms_crypto *crypto)
{
	struct scms_point key = cert_point(subject);

	crypto->key_drop(crypto->ctx, &key); /* D7 */
}

void elector_bury(struct scms_store *store, const struct cert *subject, int k, scms_time64 time,
		  const struct scms_crypto *crypto)
{
	/* F1: endorser sets shrink by the removed elector, whether or not it still had a slot. */
	for (unsigned place = 0; place < ENDORSERS_MAX; place++)
		if (memcmp(store->endorsers[place].identity, subject->hash256, 32) == 0)
			for (uint32_t r = 0; r < store->root_count; r++)
				store->roots[r].endorsers &= ~(UINT64_C(1) << place);
	if (k >= 0)
		elector_remove(store, (uint32_t)k);
	tombstone_add(store, subject, SCMS_REMOVE_ELECTOR, time, crypto);
	forget_key(subject, crypto);
}

/* The policies of PGs below a root that is gone end. */
static void policy_forget_root(struct scms_store *store, const uint8_t root[32], scms_time64 time)
{
	const struct policy *in_force = &store->policy, *waiting = &store->pending;

	policy_end(store, in_force->has_signer && !in_force->is_void && memcmp(in_force->signer.root, root, 32) == 0,
		   waiting->has_signer && memcmp(waiting->signer.root, root, 32) == 0, time);
}

/* CRLs of a CRACA that is no more are dropped (rule G5.4). */
static void crls_drop_craca(struct scms_store *store, const uint8_t id8[8])
{
	uint32_t kept = 0;

	for (uint32_t k = 0; k < store->crl_count; k++) {
		if (memcmp(store->crls[k].craca, id8, 8) == 0)
			continue;
		if (kept != k)
			store->crls[kept] = store->crls[k];
		kept++;
	}
	store->crl_count = kept;
}

void root_bury(struct scms_store *store, const struct cert *subject, int k, scms_time64 time, scms_time64 now,
	       const struct scms_crypto *crypto)
{
	if (k >= 0)
		root_remove(store, (uint32_t)k);
	tombstone_add(store, subject, SCMS_REMOVE_ROOT, time, crypto);
	policy_promote(store, now); /* what is in force outlives its PG (rule G7) */
	policy_forget_root(store, subject->hash256, time);
	crls_drop_craca(store, cert_id8(subject));
	forget_key(subject, crypto);
}
