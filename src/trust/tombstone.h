/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tombstone.h: what was removed stays removed (trust rules D3, D4, D8).
 */
#ifndef TRUST_TOMBSTONE_H
#define TRUST_TOMBSTONE_H

#include "trust/store.h"

/* Index of the tombstone of this identity, or of an elector (root) with this HashedId8; -1: none. */
int tombstone_find(const struct scms_store *store, const uint8_t identity[32]);
int tombstone_find_id8(const struct scms_store *store, const uint8_t id8[8], enum scms_motion motion);

/* Is the certificate, or its key in whatever certificate, buried? (rules D4.1, D4.2) */
bool tombstone_bars(const struct scms_store *store, const struct cert *subject, const struct scms_crypto *crypto);

/*
 * Room for one more? A member always has it; a subject that never was one uses only what is beyond the reserve of
 * members + 1 (rule D8.3).
 */
bool tombstone_fits(const struct scms_store *store, bool member);

/* Buries a subject; call only after tombstone_fits. */
void tombstone_add(struct scms_store *store, const struct cert *subject, enum scms_motion motion, scms_time64 time,
		   const struct scms_crypto *crypto);

/* Signed time until which a tombstone stays: its certificate's expiry and a year (rule D4). */
scms_time64 tombstone_end(const struct tombstone *tombstone);

/* Drops tombstones whose time is past, by signed time and by now. */
void tombstones_expire(struct scms_store *store, scms_time64 now);

#endif
