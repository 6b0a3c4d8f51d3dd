/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/tombstone.h"

#include "dot2/validity.h"

#include <string.h>

int tombstone_find(const struct scms_store *store, const uint8_t identity[32])
{
	for (uint32_t k = 0; k < store->tombstone_count; k++)
		if (memcmp(store->tombstones[k].identity, identity, 32) == 0)
			return (int)k;
	return -1;
}

int tombstone_find_id8(const struct scms_store *store, const uint8_t id8[8], enum scms_motion motion)
{
	for (uint32_t k = 0; k < store->tombstone_count; k++)
		if (store->tombstones[k].motion == motion && memcmp(store->tombstones[k].id8, id8, 8) == 0)
			return (int)k;
	return -1;
}

/* Of curve and x only: whoever holds the key of a point holds that of its negative. */
static void key_hash(const struct cert *cert, const struct scms_crypto *crypto, uint8_t out[16])
{
	struct scms_point key = cert_point(cert);
	uint8_t curve = (uint8_t)key.curve, hash[32];
	struct scms_slice parts[2] = {{&curve, 1}, {key.x, scms_curve_bytes(key.curve)}};

	crypto->sha256(crypto->ctx, parts, 2, hash);
	memcpy(out, hash, 16);
}

bool tombstone_bars(const struct scms_store *store, const struct cert *subject, const struct scms_crypto *crypto)
{
	uint8_t hash[16];

	if (tombstone_find(store, subject->hash256) >= 0)
		return true;
	key_hash(subject, crypto, hash);
	for (uint32_t k = 0; k < store->tombstone_count; k++)
		if (memcmp(store->tombstones[k].key_hash, hash, 16) == 0)
			return true;
	return false;
}

bool tombstone_fits(const struct scms_store *store, bool member)
{
	uint32_t reserve = member ? 0 : store->elector_count + store->root_count + 1;

	return store->tombstone_count + 1 + reserve <= store->limits.tombstones;
}

void tombstone_add(struct scms_store *store, const struct cert *subject, enum scms_motion motion, scms_time64 time,
		   const struct scms_crypto *crypto)
{
	struct tombstone *tombstone = &store->tombstones[store->tombstone_count++];

	memcpy(tombstone->identity, subject->hash256, 32);
	memcpy(tombstone->id8, cert_id8(subject), 8);
	key_hash(subject, crypto, tombstone->key_hash);
	tombstone->motion = (uint8_t)motion;
	tombstone->time = time;
	tombstone->expiry = validity_end(&subject->c.toBeSigned.validityPeriod);
	store_touch(store);
}

scms_time64 tombstone_end(const struct tombstone *tombstone)
{
	return tombstone->expiry + TIME64_YEAR;
}

void tombstones_expire(struct scms_store *store, scms_time64 now)
{
	scms_time64 time = store_signed_time(store);
	uint32_t kept = 0;

	/* A signed time may run ahead by the skew: the ballot that made a tombstone must not be taken again (rule A3). */
	if (time > now)
		time = now;

	for (uint32_t k = 0; k < store->tombstone_count; k++) {
		if (time > tombstone_end(&store->tombstones[k]))
			continue;
		if (kept != k)
			store->tombstones[kept] = store->tombstones[k];
		kept++;
	}
	if (kept != store->tombstone_count) {
		store->tombstone_count = kept;
		store_touch(store);
	}
}
