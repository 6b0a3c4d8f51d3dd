/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/checker.h"

#include "dot2/validity.h"
#include "trust/quorum.h"

#include <string.h>

#define CERTIFICATES_DEFAULT 256
#define ISSUERS_DEFAULT 16

/* ---- memory ---- */

static uint32_t options_sets(const struct scms_checker_options *options)
{
	uint32_t n = options != NULL && options->certificates != 0 ? options->certificates : CERTIFICATES_DEFAULT;

	return (n + CACHE_WAYS - 1) / CACHE_WAYS;
}

static uint32_t options_issuers(const struct scms_checker_options *options)
{
	return options != NULL && options->issuers != 0 ? options->issuers : ISSUERS_DEFAULT;
}

static size_t aligned(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

size_t scms_checker_size(const struct scms_checker_options *options)
{
	return aligned(sizeof(struct scms_checker)) +
	       (size_t)options_sets(options) * CACHE_WAYS * aligned(sizeof(struct cache_cert)) +
	       options_issuers(options) * aligned(sizeof(struct cache_issuer));
}

struct scms_checker *scms_checker_init(void *memory, size_t size, const struct scms_checker_options *options)
{
	struct scms_checker *checker = memory;
	uint8_t *at = memory;

	if (memory == NULL || size < scms_checker_size(options))
		return NULL;
	memset(memory, 0, scms_checker_size(options));
	at += aligned(sizeof(*checker));
	checker->cache.sets = options_sets(options);
	checker->cache.issuers = options_issuers(options);
	checker->cache.cert = (struct cache_cert *)(void *)at;
	at += (size_t)checker->cache.sets * CACHE_WAYS * aligned(sizeof(struct cache_cert));
	checker->cache.issuer = (struct cache_issuer *)(void *)at;
	return checker;
}

/* ---- one certificate ---- */

void asking_begin(struct asking *asking, struct scms_checker *checker, const struct scms_check *check)
{
	asking->checker = checker;
	asking->check = check;
	asking->question = (struct cache_question){
	    .store = check->store,
	    .now = check->now,
	    .quorum = quorum_in_force(check->store, check->now, NULL),
	    .crypto = check->crypto,
	};
	asking->source_is_open = false;
	checker->open_n = 0;
	checker->request_n = 0;
	cache_refresh(&checker->cache, &asking->question);
}

/* The store's own candidates are looked at only where the cache does not do. */
static bool asking_source(struct asking *asking)
{
	const struct scms_check *check = asking->check;

	if (!asking->source_is_open) {
		asking->source_is_open = source_open(&asking->source, check->store,
						     (struct trust_env){check->crypto, check->objects}, check->now);
		asking->source.certificates = check->certificates;
		asking->source.certificate_count = check->certificate_count;
	}
	return asking->source_is_open;
}

/* All but cert. */
static void found_cached(const struct cache_cert *cached, struct found *found)
{
	found->by = NULL;
	found->issuer = cached->issuer;
	memcpy(found->e, cached->e, sizeof(found->e));
}

/* Judges what is judged of a leaf whose issuer's chain is valid, in the order of chain_judge. */
static enum scms_reason leaf_judge(struct asking *asking, const struct cert *leaf, const struct cache_issuer *issuer)
{
	const struct ValidityPeriod *validity = &leaf->c.toBeSigned.validityPeriod;
	const struct scms_check *check = asking->check;
	/* A source for its CRLs alone: without candidates, it needs no objects to be opened. */
	struct source source = {.store = check->store, .env = {check->crypto, check->objects}};

	if (check->now < validity_start(validity))
		return SCMS_CERT_NOT_YET_VALID;
	if (check->now >= validity_end(validity))
		return SCMS_CERT_EXPIRED;
	if (source_revokes(&source, leaf, &issuer->cert[issuer->n - 1]))
		return source.failed ? SCMS_REASON_FAILED : SCMS_CERT_REVOKED;
	return chain_permits(leaf, issuer->cert, issuer->n);
}

/* The key of an implicit certificate is e * recon + issuer: is there one? */
static bool implicit_begin(struct asking *asking, struct found *found, const struct cert *issuer)
{
	found->issuer = cert_point(issuer);
	if (cert_is_implicit(issuer) || scms_curve_bytes(found->issuer.curve) != 32)
		return false;
	cert_digest(&found->cert, issuer, found->issuer.curve, asking->check->crypto, found->e);
	return true;
}

/* Judges the whole chain, and remembers it. */
static enum scms_reason certificate_judge(struct asking *asking, struct scms_slice carried, struct found *found)
{
	struct chain_cache *cache = &asking->checker->cache;
	enum scms_reason reason;
	struct chain chain;
	size_t runs;

	/* What is remembered may change places below, and open questions point to it. */
	asking->flush(asking);
	if (!asking_source(asking))
		return SCMS_REASON_FAILED;
	runs = asking->source.runs;
	source_add_run(&asking->source, carried);
	chain.cert[0] = found->cert;
	reason = source_judge(&asking->source, &chain, asking->check->now);
	asking->source.runs = runs;
	asking->source.failed = false;
	if (reason != SCMS_VALID)
		return reason;
	cache_issuer_add(cache, &asking->question, &chain.cert[1], chain.n - 1);
	cache_cert_add(cache, &asking->question, &chain.cert[0], &chain.cert[1], chain.n - 1);
	found->by = NULL;
	if (cert_is_implicit(&found->cert) && (chain.n < 2 || !implicit_begin(asking, found, &chain.cert[1])))
		return SCMS_CERT_SIGNATURE;
	return SCMS_VALID;
}

enum scms_reason certificate_find(struct asking *asking, struct scms_slice bytes, struct scms_slice carried,
				  struct found *found)
{
	const struct scms_crypto *crypto = asking->check->crypto;
	struct chain_cache *cache = &asking->checker->cache;
	const struct cache_cert *cached;
	const uint8_t *issuer_id8;
	enum scms_reason reason;

	if (cert_read(&found->cert, bytes, crypto, NULL) != OER_OK)
		return SCMS_MALFORMED;
	cached = cache_cert_find(cache, &asking->question, &found->cert);
	if (cached != NULL) {
		found_cached(cached, found);
		return SCMS_VALID;
	}
	issuer_id8 = cert_issuer_id8(&found->cert);
	found->by = issuer_id8 != NULL ? cache_issuer_find(cache, issuer_id8) : NULL;
	/* A self-issued certificate may be a root, and a chain of eight has no room for one more. */
	if (found->by == NULL || found->by->n >= CHAIN_MAX - 1)
		return certificate_judge(asking, carried, found);
	reason = leaf_judge(asking, &found->cert, found->by);
	if (reason == SCMS_VALID && cert_is_implicit(&found->cert) &&
	    !implicit_begin(asking, found, &found->by->cert[0]))
		return SCMS_CERT_SIGNATURE;
	return reason;
}

enum scms_reason digest_find(struct asking *asking, const struct SignerIdentifier *signer, struct found *found)
{
	static const struct scms_slice nothing = {NULL, 0};
	struct chain_cache *cache = &asking->checker->cache;
	enum scms_reason reason = SCMS_CHAIN_INCOMPLETE;
	const struct cache_cert *cached = cache_cert_find_id8(cache, &asking->question, signer->u.digest);
	struct scms_slice bytes;

	if (cached == NULL && asking->checker->open_n > 0) {
		/* It may be one whose signature is still open. */
		asking->flush(asking);
		cached = cache_cert_find_id8(cache, &asking->question, signer->u.digest);
	}
	if (cached != NULL && cert_read(&found->cert, (struct scms_slice){cached->bytes, cached->n},
					asking->check->crypto, NULL) == OER_OK) {
		found_cached(cached, found);
		return SCMS_VALID;
	}
	if (!asking_source(asking))
		return SCMS_REASON_FAILED;
	for (unsigned k = 0; k < CHAIN_MATCHES_MAX && source_named(&asking->source, signer, k, &bytes); k++) {
		reason = certificate_find(asking, bytes, nothing, found);
		if (reason == SCMS_VALID || reason == SCMS_REASON_FAILED)
			break;
	}
	return reason;
}

bool certificate_request(struct asking *asking, struct open_question *open)
{
	const struct scms_crypto *crypto = asking->check->crypto;
	struct scms_checker *checker = asking->checker;
	struct scms_verify_request *request = &checker->request[checker->request_n];
	const struct scms_key *key;

	open->cert_request = -1;
	if (open->found.by == NULL || cert_is_implicit(&open->found.cert))
		return true;
	if (!cert_signature_request(&open->found.cert, &open->found.by->cert[0], crypto, open->digest[0], request))
		return false;
	key = crypto->key(crypto->ctx, &request->u.point);
	if (key != NULL) {
		request->signer = SCMS_SIGNER_KEY;
		request->u.key = key;
	}
	open->cert_request = (int)checker->request_n++;
	return true;
}

void certificate_keep(struct asking *asking, const struct found *found)
{
	if (found->by != NULL)
		cache_cert_add(&asking->checker->cache, &asking->question, &found->cert, found->by->cert, found->by->n);
}

/* ---- many certificates ---- */

static void certificates_flush(struct asking *asking)
{
	struct scms_checker *checker = asking->checker;
	const struct scms_crypto *crypto = asking->check->crypto;
	enum scms_reason *verdict = asking->results;

	if (checker->request_n > 0)
		crypto->verify(crypto->ctx, checker->request, checker->request_n, checker->verdict);
	for (size_t k = 0; k < checker->open_n; k++) {
		const struct open_question *open = &checker->open[k];
		uint8_t answer = checker->verdict[open->cert_request];

		verdict[open->which] = answer == SCMS_GOOD  ? SCMS_VALID
				       : answer == SCMS_BAD ? SCMS_CERT_SIGNATURE
							    : SCMS_REASON_FAILED;
		if (answer == SCMS_GOOD)
			certificate_keep(asking, &open->found);
	}
	checker->open_n = 0;
	checker->request_n = 0;
}

/* An implicit certificate has no signature: that it has a key is all that can be seen of it. */
static enum scms_reason implicit_check(struct asking *asking, const struct found *found)
{
	const struct scms_crypto *crypto = asking->check->crypto;
	struct scms_point recon = cert_point(&found->cert);
	uint8_t q[64];

	if (found->by == NULL)
		return SCMS_VALID;
	recon.curve = found->issuer.curve;
	switch (crypto->reconstruct(crypto->ctx, &recon, found->e, &found->issuer, q)) {
	case SCMS_GOOD:
		certificate_keep(asking, found);
		return SCMS_VALID;
	case SCMS_BAD:
		return SCMS_CERT_SIGNATURE;
	default:
		return SCMS_REASON_FAILED;
	}
}

static void certificate_ask(struct asking *asking, struct scms_slice bytes, size_t which, enum scms_reason *verdict)
{
	static const struct scms_slice nothing = {NULL, 0};
	struct scms_checker *checker = asking->checker;
	struct open_question *open;
	struct found found;

	/* Judging may flush, so the question takes its place only afterwards. */
	*verdict = certificate_find(asking, bytes, nothing, &found);
	if (*verdict != SCMS_VALID || found.by == NULL)
		return;
	if (cert_is_implicit(&found.cert)) {
		*verdict = implicit_check(asking, &found);
		return;
	}
	open = &checker->open[checker->open_n];
	open->which = which;
	open->found = found;
	if (!certificate_request(asking, open)) {
		*verdict = SCMS_CERT_SIGNATURE;
		return;
	}
	if (++checker->open_n == CHECKER_OPEN)
		asking->flush(asking);
}

void scms_certs_check(struct scms_checker *checker, const struct scms_check *check,
		      const struct scms_slice *certificate, size_t n, enum scms_reason *verdict)
{
	struct asking asking = {.flush = certificates_flush, .results = verdict};

	asking_begin(&asking, checker, check);
	for (size_t k = 0; k < n; k++)
		certificate_ask(&asking, certificate[k], k, &verdict[k]);
	asking.flush(&asking);
}
