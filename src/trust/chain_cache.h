/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain_cache.h: certificates that were found valid, and issuers with the chains above them (rule D7).
 *
 * An entry names what its verdict rests on. It is looked at each time before the entry is used: see scms/check.h.
 */
#ifndef TRUST_CHAIN_CACHE_H
#define TRUST_CHAIN_CACHE_H

#include "dot2/chain.h"
#include "trust/store.h"

/* Longer certificates, and longer chains of issuers, are judged each time. */
#define CACHE_CERT_BYTES 512
#define CACHE_CHAIN_BYTES 4096
#define CACHE_WAYS 8

/* What a verdict rests on, beside the CRLs. */
struct cache_ground {
	scms_time64 from, until; /* valid in [from, until), all of the chain */
	uint8_t root[32];        /* identity */
};

/* A certificate found valid, as its canonical form names it: all its encodings have the same verdict. */
struct cache_cert {
	bool used;
	uint64_t last_use;
	struct cache_ground ground;
	uint8_t identity[32], id8[8];
	/* Of an implicit certificate: what its key is made with; issuer points into issuer_xy. */
	struct scms_point issuer;
	uint8_t e[48], issuer_xy[96];
	size_t n;
	uint8_t bytes[CACHE_CERT_BYTES];
};

/* An issuer found valid: cert[0], and those above it up to the root. */
struct cache_issuer {
	bool used;
	uint64_t last_use;
	struct cache_ground ground;
	size_t n;
	struct cert cert[CHAIN_MAX - 1];
	uint8_t bytes[CACHE_CHAIN_BYTES];
};

struct chain_cache {
	uint32_t sets, issuers;
	struct cache_cert *cert; /* sets of CACHE_WAYS */
	struct cache_issuer *issuer;
	uint64_t clock;
	uint32_t crl_count;
	struct crl_mark crl[CRLS_MAX]; /* what everything here was judged by */
};

/* Who asks, and about what. */
struct cache_question {
	const struct scms_store *store;
	scms_time64 now;
	uint8_t quorum; /* in force now */
	const struct scms_crypto *crypto;
};

/*
 * Before anything else is asked with the same question: drops issuers that are not valid under it, and all where the
 * store's CRLs are others than before. Until the next call of it no key of an issuer found is forgotten, save by
 * cache_issuer_add.
 */
void cache_refresh(struct chain_cache *cache, const struct cache_question *question);

/* A certificate that was found valid, and still is; NULL: not here. */
struct cache_cert *cache_cert_find(struct chain_cache *cache, const struct cache_question *question,
				   const struct cert *cert);
struct cache_cert *cache_cert_find_id8(struct chain_cache *cache, const struct cache_question *question,
				       const uint8_t id8[8]);

/* The issuer with this HashedId8. */
struct cache_issuer *cache_issuer_find(struct chain_cache *cache, const uint8_t id8[8]);

/*
 * Takes in a certificate found valid under n issuers, its own first. It and they are copied. May take another's place,
 * and have the engine forget an issuer's key.
 */
void cache_cert_add(struct chain_cache *cache, const struct cache_question *question, const struct cert *cert,
		    const struct cert *issuer, size_t n);
void cache_issuer_add(struct chain_cache *cache, const struct cache_question *question, const struct cert *issuer,
		      size_t n);

#endif
