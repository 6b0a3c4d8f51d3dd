/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/chain_cache.h"

#include "dot2/validity.h"
#include "trust/members.h"

#include <string.h>

/* ---- what entries rest on ---- */

static bool ground_holds(const struct cache_ground *ground, const struct cache_question *question)
{
	int root;

	if (question->now < ground->from || question->now >= ground->until)
		return false;
	root = root_find(question->store, ground->root);
	return root >= 0 && !root_is_suspended(&question->store->roots[root], question->quorum);
}

static void ground_narrow(struct cache_ground *ground, const struct cert *cert)
{
	const struct ValidityPeriod *validity = &cert->c.toBeSigned.validityPeriod;

	if (validity_start(validity) > ground->from)
		ground->from = validity_start(validity);
	if (validity_end(validity) < ground->until)
		ground->until = validity_end(validity);
}

/* The ground of a certificate under n issuers; with none it is the root itself. */
static struct cache_ground ground_of(const struct cert *cert, const struct cert *issuer, size_t n)
{
	struct cache_ground ground = {.from = 0, .until = UINT64_MAX};

	ground_narrow(&ground, cert);
	for (size_t k = 0; k < n; k++)
		ground_narrow(&ground, &issuer[k]);
	memcpy(ground.root, n > 0 ? issuer[n - 1].hash256 : cert->hash256, 32);
	return ground;
}

static void issuer_drop(struct cache_issuer *issuer, const struct scms_crypto *crypto)
{
	struct scms_point key = cert_point(&issuer->cert[0]);

	crypto->key_drop(crypto->ctx, &key);
	issuer->used = false;
}

void cache_refresh(struct chain_cache *cache, const struct cache_question *question)
{
	const struct scms_store *store = question->store;
	bool same = cache->crl_count == store->crl_count;

	for (uint32_t k = 0; k < store->crl_count && same; k++)
		same = crl_mark_is(&cache->crl[k], &store->crls[k]);
	for (uint32_t k = 0; k < cache->issuers; k++)
		if (cache->issuer[k].used && !(same && ground_holds(&cache->issuer[k].ground, question)))
			issuer_drop(&cache->issuer[k], question->crypto);
	if (same)
		return;
	for (uint32_t k = 0; k < cache->sets * CACHE_WAYS; k++)
		cache->cert[k].used = false;
	cache->crl_count = store->crl_count;
	for (uint32_t k = 0; k < store->crl_count; k++)
		cache->crl[k] = crl_mark_of(&store->crls[k]);
}

/* ---- certificates ---- */

static struct cache_cert *cert_set(const struct chain_cache *cache, const uint8_t id8[8])
{
	uint32_t key;

	memcpy(&key, id8, sizeof(key));
	return &cache->cert[CACHE_WAYS * ((uint64_t)key * cache->sets >> 32)];
}

static struct cache_cert *cert_use(struct chain_cache *cache, const struct cache_question *question,
				   struct cache_cert *cert)
{
	if (!ground_holds(&cert->ground, question)) {
		cert->used = false;
		return NULL;
	}
	cert->last_use = ++cache->clock;
	return cert;
}

struct cache_cert *cache_cert_find(struct chain_cache *cache, const struct cache_question *question,
				   const struct cert *cert)
{
	struct cache_cert *set = cert_set(cache, cert_id8(cert));

	for (unsigned k = 0; k < CACHE_WAYS; k++)
		if (set[k].used && memcmp(set[k].identity, cert->hash256, 32) == 0)
			return cert_use(cache, question, &set[k]);
	return NULL;
}

struct cache_cert *cache_cert_find_id8(struct chain_cache *cache, const struct cache_question *question,
				       const uint8_t id8[8])
{
	struct cache_cert *set = cert_set(cache, id8);

	for (unsigned k = 0; k < CACHE_WAYS; k++)
		if (set[k].used && memcmp(set[k].id8, id8, 8) == 0)
			return cert_use(cache, question, &set[k]);
	return NULL;
}

/* What the key of an implicit certificate is made with. */
static void cert_keep_issuer(struct cache_cert *to, const struct cert *cert, const struct cert *issuer,
			     const struct scms_crypto *crypto)
{
	size_t width;

	to->issuer = cert_point(issuer);
	width = scms_curve_bytes(to->issuer.curve);
	memcpy(to->issuer_xy, to->issuer.x, width);
	to->issuer.x = to->issuer_xy;
	if (to->issuer.form == SCMS_POINT_UNCOMPRESSED) {
		memcpy(to->issuer_xy + width, to->issuer.y, width);
		to->issuer.y = to->issuer_xy + width;
	}
	cert_digest(cert, issuer, to->issuer.curve, crypto, to->e);
}

void cache_cert_add(struct chain_cache *cache, const struct cache_question *question, const struct cert *cert,
		    const struct cert *issuer, size_t n)
{
	struct cache_cert *set = cert_set(cache, cert_id8(cert)), *to = &set[0];
	const struct scms_slice bytes = cert->c.raw;

	if (bytes.n > CACHE_CERT_BYTES || cache_cert_find(cache, question, cert) != NULL)
		return;
	for (unsigned k = 0; k < CACHE_WAYS && to->used; k++)
		if (!set[k].used || set[k].last_use < to->last_use)
			to = &set[k];
	to->used = true;
	to->last_use = ++cache->clock;
	to->ground = ground_of(cert, issuer, n);
	memcpy(to->identity, cert->hash256, 32);
	memcpy(to->id8, cert_id8(cert), 8);
	to->n = bytes.n;
	memcpy(to->bytes, bytes.p, bytes.n);
	if (cert_is_implicit(cert) && n > 0)
		cert_keep_issuer(to, cert, &issuer[0], question->crypto);
}

/* ---- issuers ---- */

struct cache_issuer *cache_issuer_find(struct chain_cache *cache, const uint8_t id8[8])
{
	for (uint32_t k = 0; k < cache->issuers; k++) {
		struct cache_issuer *issuer = &cache->issuer[k];

		if (issuer->used && memcmp(cert_id8(&issuer->cert[0]), id8, 8) == 0) {
			issuer->last_use = ++cache->clock;
			return issuer;
		}
	}
	return NULL;
}

void cache_issuer_add(struct chain_cache *cache, const struct cache_question *question, const struct cert *issuer,
		      size_t n)
{
	struct cache_issuer *to = &cache->issuer[0];
	size_t at = 0, bytes = 0;

	for (size_t k = 0; k < n; k++)
		bytes += issuer[k].c.raw.n;
	if (n == 0 || n > CHAIN_MAX - 1 || bytes > CACHE_CHAIN_BYTES ||
	    cache_issuer_find(cache, cert_id8(&issuer[0])) != NULL)
		return;
	for (uint32_t k = 0; k < cache->issuers && to->used; k++)
		if (!cache->issuer[k].used || cache->issuer[k].last_use < to->last_use)
			to = &cache->issuer[k];
	if (to->used)
		issuer_drop(to, question->crypto);
	for (size_t k = 0; k < n; k++) {
		struct scms_slice copy = {to->bytes + at, issuer[k].c.raw.n};

		memcpy(to->bytes + at, issuer[k].c.raw.p, copy.n);
		at += copy.n;
		if (cert_read(&to->cert[k], copy, question->crypto, NULL) != OER_OK)
			return;
	}
	to->n = n;
	to->ground = ground_of(&issuer[0], issuer + 1, n - 1);
	to->last_use = ++cache->clock;
	to->used = true;
}
