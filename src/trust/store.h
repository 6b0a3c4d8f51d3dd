/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h: the trust store in memory. See scms/trust.h for what it is, asn1/trust-store.asn for how it is kept.
 *
 * One block of memory, its arrays sized by the limits; nothing in it points outside the block. Every change goes through
 * the functions of members.h, tombstone.h, policy.h, chain_file.h and crl_store.h, which count it in `generation`.
 */
#ifndef TRUST_STORE_H
#define TRUST_STORE_H

#include "dot2/cert.h"

#include <scms/trust.h>

/* Largest certificate of an elector and of a root that fits a store; a larger one does not fit the profile. */
#define ELECTOR_CERT_MAX 320
#define ROOT_CERT_MAX 640
/* Identities of electors, present and past, that roots may refer to. */
#define ENDORSERS_MAX 64
#define MEMBERS_MAX 32 /* of each kind; limits may not exceed it */
#define SERIES_STEPS_MAX 16
#define REMOVED_MAX 64
#define CRLS_MAX 32

struct elector {
	uint16_t cert_len;
	uint8_t endorser; /* its place in store->endorsers */
	uint8_t identity[32];
	uint8_t id8[8];
	uint8_t cert[ELECTOR_CERT_MAX];
};

struct root {
	uint16_t cert_len;
	uint8_t quorum_at_entry;
	bool provisioned;   /* held without a ballot so far (rule F3) */
	uint64_t endorsers; /* set of places in store->endorsers (rule F1) */
	uint8_t identity[32];
	uint8_t id8[8];
	uint8_t cert[ROOT_CERT_MAX];
};

struct tombstone {
	uint8_t identity[32];
	uint8_t id8[8];
	uint8_t key_hash[16];
	uint8_t motion; /* enum scms_motion */
	scms_time64 time;
	scms_time64 expiry;
};

/* An identity that some root's endorser set may name. */
struct endorser {
	uint8_t identity[32];
};

/* A value that changes at given times; in force is that with the greatest start <= now. */
struct series {
	uint64_t initial;
	uint32_t n;
	struct {
		scms_time64 start;
		uint64_t value;
	} step[SERIES_STEPS_MAX];
};

/* Who gave a time that the store remembers (rule G6). */
struct remembered_signer {
	uint8_t identity[32];
	uint8_t id10[10];
	uint8_t twin[10];
	uint8_t root[32]; /* identity of the root that it chained to */
};

struct removed_list {
	uint32_t n;
	uint8_t identity[REMOVED_MAX][32];
};

struct policy {
	scms_time64 generation; /* 0: none */
	scms_time64 active;
	scms_time64 floor; /* the next one must be newer than this too */
	bool is_void;	   /* its PG or root is gone: only what outlives it holds (rule G7) */
	bool has_signer, has_chain_id, has_tolerance, has_quorum, has_removed;
	uint8_t digest[32];
	struct remembered_signer signer;
	struct series chain_id;
	struct series tolerance; /* microseconds */
	struct series quorum;
	struct removed_list removed;
};

struct crl_state {
	uint8_t craca[8];
	uint16_t series;
	bool live;
	scms_time32 issue_date, next_crl;
	uint32_t serial;
	uint32_t full_serial; /* of the full CRL that deltas add to */
	scms_time32 full_date;
	scms_time64 floor;
	uint8_t last[32];
	struct remembered_signer signer;
	uint8_t full[32], deltas[32], kept[32];
};

/* Which CRL bytes something was made from or judged by: equal for a state that lists the same. */
struct crl_mark {
	uint8_t craca[8];
	uint16_t series;
	uint8_t full[32], deltas[32], kept[32];
};

struct crl_mark crl_mark_of(const struct crl_state *state);
bool crl_mark_is(const struct crl_mark *mark, const struct crl_state *state);

struct scms_store {
	struct scms_limits limits;
	uint64_t generation;
	scms_time64 provisioned;
	uint64_t skew; /* microseconds */
	uint64_t tolerance;
	uint8_t floor, ceiling;

	uint32_t elector_count, root_count, tombstone_count, crl_count;
	struct elector *electors;
	struct root *roots;
	struct tombstone *tombstones;
	struct endorser endorsers[ENDORSERS_MAX];

	struct series quorum; /* as policy in force, or provisioning, last named it (rule G7) */
	struct removed_list removed;
	scms_time64 votes_time;
	struct policy policy, pending;

	bool has_gccf_version;
	uint16_t gccf_version;
	uint8_t chain[32];
	uint8_t own[32];
	uint8_t certificates[32];
	struct crl_state crls[CRLS_MAX];
};

/* Notes that the store has changed. */
static inline void store_touch(struct scms_store *store)
{
	store->generation++;
}

/* Lays an empty store of these limits into memory; NULL if that is too small or a limit too large. */
struct scms_store *store_lay_out(void *memory, size_t size, const struct scms_limits *limits);

/* Is the object reference empty? */
bool object_is_none(const uint8_t digest[32]);

/* The newest signed time accepted and not forgotten (rule G6). */
scms_time64 store_signed_time(const struct scms_store *store);

/* What a crypto engine and a place for objects a function needs. */
struct trust_env {
	const struct scms_crypto *crypto;
	const struct scms_objects *objects;
};

#endif
