/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/members.h"

#include "dot2/validity.h"

#include <string.h>

int elector_find(const struct scms_store *store, const uint8_t identity[32])
{
	for (uint32_t k = 0; k < store->elector_count; k++)
		if (memcmp(store->electors[k].identity, identity, 32) == 0)
			return (int)k;
	return -1;
}

int elector_find_id8(const struct scms_store *store, const uint8_t id8[8])
{
	for (uint32_t k = 0; k < store->elector_count; k++)
		if (memcmp(store->electors[k].id8, id8, 8) == 0)
			return (int)k;
	return -1;
}

int root_find(const struct scms_store *store, const uint8_t identity[32])
{
	for (uint32_t k = 0; k < store->root_count; k++)
		if (memcmp(store->roots[k].identity, identity, 32) == 0)
			return (int)k;
	return -1;
}

bool elector_cert(const struct scms_store *store, uint32_t k, const struct scms_crypto *crypto, struct cert *cert)
{
	return cert_read(cert, elector_bytes(&store->electors[k]), crypto, NULL) == OER_OK;
}

bool root_cert(const struct scms_store *store, uint32_t k, const struct scms_crypto *crypto, struct cert *cert)
{
	return cert_read(cert, root_bytes(&store->roots[k]), crypto, NULL) == OER_OK;
}

/* Decodes a member's certificate without its hashes. */
static bool member_decode(struct scms_slice bytes, struct cert *cert)
{
	return oer_decode(&oer_Certificate, bytes, OER_DEPTH_DEFAULT, &cert->c, NULL) == OER_OK;
}

/* Has the member this HashedId8 or key? One that does not decode any more may have any. */
static bool member_like(const uint8_t id8[8], struct scms_slice bytes, const struct cert *subject)
{
	struct scms_point key = cert_point(subject), other;
	struct cert member;

	if (memcmp(id8, cert_id8(subject), 8) == 0 || !member_decode(bytes, &member))
		return true;
	other = cert_point(&member);
	return point_same_x(&key, &other);
}

bool member_duplicates(const struct scms_store *store, const struct cert *subject)
{
	for (uint32_t k = 0; k < store->elector_count; k++)
		if (member_like(store->electors[k].id8, elector_bytes(&store->electors[k]), subject))
			return true;
	for (uint32_t k = 0; k < store->root_count; k++)
		if (member_like(store->roots[k].id8, root_bytes(&store->roots[k]), subject))
			return true;
	return false;
}

static scms_time64 elector_end(const struct scms_store *store, uint32_t k)
{
	struct cert cert;

	/* A certificate that does not decode any more is as good as expired. */
	return member_decode(elector_bytes(&store->electors[k]), &cert) ? validity_end(&cert.c.toBeSigned.validityPeriod) : 0;
}

/* The elector that expired first, of several at once the one with the smallest identity (so that no order matters); or -1. */
static int elector_first_expired(const struct scms_store *store, scms_time64 now)
{
	scms_time64 first = 0;
	int found = -1;

	for (uint32_t k = 0; k < store->elector_count; k++) {
		scms_time64 end = elector_end(store, k);

		if (end > now)
			continue;
		if (found < 0 || end < first ||
		    (end == first && memcmp(store->electors[k].identity, store->electors[found].identity, 32) < 0)) {
			first = end;
			found = (int)k;
		}
	}
	return found;
}

/* Places in store->endorsers that nobody refers to. */
static uint64_t endorsers_unused(const struct scms_store *store)
{
	uint64_t used = 0;

	for (uint32_t k = 0; k < store->elector_count; k++)
		used |= UINT64_C(1) << store->electors[k].endorser;
	for (uint32_t k = 0; k < store->root_count; k++)
		used |= store->roots[k].endorsers;
	return ~used;
}

bool member_fits(const struct scms_store *store, bool elector, scms_time64 now)
{
	uint32_t members = store->elector_count + store->root_count + 1;

	if (elector && store->elector_count == store->limits.electors) {
		if (elector_first_expired(store, now) < 0)
			return false;
		members--; /* one makes way */
	}
	if (!elector && store->root_count == store->limits.roots)
		return false;
	if (elector && endorsers_unused(store) == 0)
		return false;
	return store->tombstone_count + members + 1 <= store->limits.tombstones;
}

bool endorser_take(struct scms_store *store, const uint8_t identity[32], uint8_t *place)
{
	uint64_t unused = endorsers_unused(store);

	for (uint8_t k = 0; k < ENDORSERS_MAX; k++)
		if (!(unused >> k & 1) && memcmp(store->endorsers[k].identity, identity, 32) == 0) {
			*place = k;
			return true;
		}
	if (unused == 0)
		return false;
	*place = (uint8_t)__builtin_ctzll(unused);
	memcpy(store->endorsers[*place].identity, identity, 32);
	return true;
}

void elector_add(struct scms_store *store, const struct cert *subject, struct scms_slice bytes, scms_time64 now)
{
	struct elector *elector;

	if (store->elector_count == store->limits.electors) {
		int old = elector_first_expired(store, now);

		if (old >= 0)
			elector_remove(store, (uint32_t)old);
	}
	elector = &store->electors[store->elector_count];
	elector->cert_len = (uint16_t)bytes.n;
	memcpy(elector->cert, bytes.p, bytes.n);
	memcpy(elector->identity, subject->hash256, 32);
	memcpy(elector->id8, cert_id8(subject), 8);
	/* member_fits has seen to it that a place is free. */
	if (!endorser_take(store, subject->hash256, &elector->endorser))
		elector->endorser = 0;
	store->elector_count++;
	store_touch(store);
}

void root_add(struct scms_store *store, const struct cert *subject, struct scms_slice bytes, uint8_t quorum,
	      uint64_t endorsers, bool provisioned)
{
	struct root *root = &store->roots[store->root_count];

	root->cert_len = (uint16_t)bytes.n;
	memcpy(root->cert, bytes.p, bytes.n);
	memcpy(root->identity, subject->hash256, 32);
	memcpy(root->id8, cert_id8(subject), 8);
	root->quorum_at_entry = quorum;
	root->endorsers = endorsers;
	root->provisioned = provisioned;
	store->root_count++;
	store_touch(store);
}

void root_endorse(struct scms_store *store, uint32_t k, uint64_t endorsers)
{
	struct root *root = &store->roots[k];

	if ((root->endorsers | endorsers) == root->endorsers && !root->provisioned)
		return;
	root->endorsers |= endorsers;
	root->provisioned = false;
	store_touch(store);
}

void elector_remove(struct scms_store *store, uint32_t k)
{
	store->elector_count--;
	memmove(&store->electors[k], &store->electors[k + 1], (store->elector_count - k) * sizeof(store->electors[0]));
	store_touch(store);
}

void root_remove(struct scms_store *store, uint32_t k)
{
	store->root_count--;
	memmove(&store->roots[k], &store->roots[k + 1], (store->root_count - k) * sizeof(store->roots[0]));
	store_touch(store);
}

uint32_t root_needed(const struct root *root, uint8_t m)
{
	if (root->provisioned)
		return 0;
	return root->quorum_at_entry < m ? root->quorum_at_entry : m;
}

bool root_is_suspended(const struct root *root, uint8_t m)
{
	return (uint32_t)__builtin_popcountll(root->endorsers) < root_needed(root, m);
}
