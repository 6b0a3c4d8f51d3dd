/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h: electors and roots of a store, how they enter and leave (trust rules D1 to D8, F1 to F4).
 */
#ifndef TRUST_MEMBERS_H
#define TRUST_MEMBERS_H

#include "trust/store.h"

/* Index of the elector or root with this identity, or HashedId8; -1: none. */
int elector_find(const struct scms_store *store, const uint8_t identity[32]);
int elector_find_id8(const struct scms_store *store, const uint8_t id8[8]);
int root_find(const struct scms_store *store, const uint8_t identity[32]);

/* The certificate of an elector or root, decoded. It decoded when it entered: failure means a damaged store. */
SCMS_CHECKED bool elector_cert(const struct scms_store *store, uint32_t k, const struct scms_crypto *crypto, struct cert *cert);
SCMS_CHECKED bool root_cert(const struct scms_store *store, uint32_t k, const struct scms_crypto *crypto, struct cert *cert);

/* Does another member have this key (either of its two points), or this HashedId8? (rule B5) */
bool member_duplicates(const struct scms_store *store, const struct cert *subject);

/* May this subject be added without endangering that every member can be removed? (rule D8.1, D8.2) */
bool member_fits(const struct scms_store *store, bool elector, scms_time64 now);

/*
 * Adds an elector (rule D1). When all slots are taken, the elector that expired first makes way (D8.2); call only after
 * member_fits.
 */
void elector_add(struct scms_store *store, const struct cert *subject, struct scms_slice bytes, scms_time64 now);

/* A place among the endorsers for an identity: the one that it has, else a free one. False: none is free. */
SCMS_CHECKED bool endorser_take(struct scms_store *store, const uint8_t identity[32], uint8_t *place);

/* Adds a root endorsed by a set of electors (empty and provisioned: rule F3); call only after member_fits. */
void root_add(struct scms_store *store, const struct cert *subject, struct scms_slice bytes, uint8_t quorum,
	      uint64_t endorsers, bool provisioned);

/* Unites further voters into a root's endorser set (rules D2, F1). */
void root_endorse(struct scms_store *store, uint32_t k, uint64_t endorsers);

/* Takes members out. Their tombstones are another matter: tombstone.h. */
void elector_remove(struct scms_store *store, uint32_t k);
void root_remove(struct scms_store *store, uint32_t k);

/* Is the root suspended under quorum m? (rule F2) */
bool root_is_suspended(const struct root *root, uint8_t m);

/* Endorsers below which a root is suspended; 0: none, it is held by provisioning. */
uint32_t root_needed(const struct root *root, uint8_t m);

static inline struct scms_slice elector_bytes(const struct elector *elector)
{
	return (struct scms_slice){elector->cert, elector->cert_len};
}

static inline struct scms_slice root_bytes(const struct root *root)
{
	return (struct scms_slice){root->cert, root->cert_len};
}

#endif
