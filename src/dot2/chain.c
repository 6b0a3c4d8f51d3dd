/* SPDX-License-Identifier: Apache-2.0 */
#include "dot2/chain.h"

#include "dot2/permissions.h"
#include "dot2/region.h"
#include "dot2/validity.h"

#include <string.h>

struct search {
	struct chain *chain;
	scms_time64 now;
	const struct chain_source *source;
	const struct scms_crypto *crypto;
	unsigned tries;
	enum scms_reason best; /* of the chains judged so far */
};

static const struct ValidityPeriod *cert_validity(const struct cert *cert)
{
	return &cert->c.toBeSigned.validityPeriod;
}

/* Does the issuer live at least as long as the subject, on both sides? (IEEE 1609.2: validity within the issuer's) */
static bool validity_allows(const struct cert *issuer, const struct cert *subject)
{
	return validity_start(cert_validity(issuer)) <= validity_start(cert_validity(subject)) &&
	       validity_end(cert_validity(subject)) <= validity_end(cert_validity(issuer));
}

/* Signatures of the whole chain in one batch. The root's own was verified when it entered the store. */
static enum scms_reason chain_signatures(struct search *search)
{
	const struct scms_crypto *crypto = search->crypto;
	struct scms_verify_request request[CHAIN_MAX];
	uint8_t digest[CHAIN_MAX][48], verdict[CHAIN_MAX];
	struct chain *chain = search->chain;
	size_t first = 0, n = 0;

	if (cert_is_implicit(&chain->cert[0]) && chain->n > 1) {
		struct scms_point recon = cert_point(&chain->cert[0]), issuer = cert_point(&chain->cert[1]);
		uint8_t q[64];
		enum scms_verdict usable;

		if (cert_is_implicit(&chain->cert[1]) || scms_curve_bytes(issuer.curve) != 32)
			return SCMS_CERT_SIGNATURE;
		recon.curve = issuer.curve; /* a reconstruction value does not say its curve: it is the issuer's */
		cert_digest(&chain->cert[0], &chain->cert[1], recon.curve, crypto, digest[0]);
		usable = crypto->reconstruct(crypto->ctx, &recon, digest[0], &issuer, q);
		if (usable != SCMS_GOOD)
			return usable == SCMS_FAILED ? SCMS_REASON_FAILED : SCMS_CERT_SIGNATURE;
		first = 1;
	}
	for (size_t k = first; k + 1 < chain->n; k++, n++) {
		const struct scms_key *key;

		if (!cert_signature_request(&chain->cert[k], &chain->cert[k + 1], crypto, digest[k], &request[n]))
			return SCMS_CERT_SIGNATURE;
		/* Of the issuers only the root is known to be one: keys that strangers make up take no places. */
		key = k + 2 == chain->n ? crypto->key(crypto->ctx, &request[n].u.point) : NULL;
		if (key != NULL) {
			request[n].signer = SCMS_SIGNER_KEY;
			request[n].u.key = key;
		}
	}
	if (n > 0)
		crypto->verify(crypto->ctx, request, n, verdict);
	for (size_t k = 0; k < n; k++)
		if (verdict[k] != SCMS_GOOD)
			return verdict[k] == SCMS_FAILED ? SCMS_REASON_FAILED : SCMS_CERT_SIGNATURE;
	return SCMS_VALID;
}

/* Do all issuers above the subject, its own first, allow what it claims, and its own its validity? (rule G9) */
static bool subject_permitted(const struct cert *subject, const struct cert *issuer, size_t n)
{
	if (n > 0 && !validity_allows(&issuer[0], subject))
		return false;
	for (size_t k = 0; k < n; k++)
		if (!permissions_allow(&issuer[k], subject, (unsigned)k + 1))
			return false;
	return true;
}

static bool subject_in_regions(const struct cert *subject, const struct cert *issuer, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (!region_allows(&issuer[k], subject))
			return false;
	return true;
}

enum scms_reason chain_permits(const struct cert *subject, const struct cert *issuer, size_t n)
{
	if (!subject_permitted(subject, issuer, n))
		return SCMS_CERT_PERMISSIONS;
	return subject_in_regions(subject, issuer, n) ? SCMS_VALID : SCMS_CERT_REGION;
}

static enum scms_reason chain_permissions(const struct chain *chain)
{
	for (size_t k = 0; k + 1 < chain->n; k++)
		if (!subject_permitted(&chain->cert[k], &chain->cert[k + 1], chain->n - k - 1))
			return SCMS_CERT_PERMISSIONS;
	for (size_t k = 0; k + 1 < chain->n; k++)
		if (!subject_in_regions(&chain->cert[k], &chain->cert[k + 1], chain->n - k - 1))
			return SCMS_CERT_REGION;
	return SCMS_VALID;
}

/* Judges the certificates found, given how the search ended: SCMS_VALID at a trusted root, otherwise why not. */
static enum scms_reason chain_evaluate(struct search *search, enum scms_reason end)
{
	const struct chain *chain = search->chain;
	size_t below_root = chain->anchored && chain->n > 1 ? chain->n - 1 : chain->n;
	enum scms_reason reason;

	for (size_t k = 0; k < chain->n; k++)
		if (search->now < validity_start(cert_validity(&chain->cert[k])))
			return SCMS_CERT_NOT_YET_VALID;
	for (size_t k = 0; k < below_root; k++)
		if (search->now >= validity_end(cert_validity(&chain->cert[k])))
			return SCMS_CERT_EXPIRED;
	for (size_t k = 0; k < below_root; k++)
		if (search->source->revoked(search->source->ctx, &chain->cert[k],
					    chain->anchored ? &chain->cert[chain->n - 1] : NULL))
			return SCMS_CERT_REVOKED;
	if (end != SCMS_VALID)
		return end;
	if (search->now >= validity_end(cert_validity(&chain->cert[chain->n - 1])))
		return SCMS_ROOT_EXPIRED;
	reason = chain_permissions(chain);
	if (reason != SCMS_VALID)
		return reason;
	return chain_signatures(search);
}

/* Takes the verdict of one chain; true when the search is over. */
static bool search_settle(struct search *search, enum scms_reason end)
{
	enum scms_reason reason = chain_evaluate(search, end);

	search->tries++;
	if (reason == SCMS_VALID || reason == SCMS_REASON_FAILED) {
		search->best = reason;
		return true;
	}
	/* Of several chains, the one that came furthest says most. */
	if (search->best == SCMS_VALID || reason > search->best)
		search->best = reason;
	return search->tries >= CHAIN_TRIES_MAX;
}

static enum scms_reason root_verdict(enum root_state state)
{
	switch (state) {
	case ROOT_IS_TRUSTED:
		return SCMS_VALID;
	case ROOT_IS_SUSPENDED:
		return SCMS_ROOT_SUSPENDED;
	default:
		return SCMS_ROOT_REVOKED;
	}
}

/* The chain's last certificate is self-issued: is it one of the roots? */
static bool search_self_issued(struct search *search)
{
	struct chain *chain = search->chain;
	const struct cert *last = &chain->cert[chain->n - 1];
	enum scms_reason end = SCMS_ROOT_UNKNOWN;
	enum root_state state;
	struct scms_slice bytes;

	for (unsigned k = 0; k < CHAIN_MATCHES_MAX; k++) {
		struct cert root;

		if (!search->source->root(search->source->ctx, cert_id8(last), k, &bytes, &state))
			break;
		if (bytes.n == 0) {
			end = SCMS_ROOT_REVOKED;
		} else if (cert_read(&root, bytes, search->crypto, NULL) == OER_OK &&
			   memcmp(root.hash256, last->hash256, 32) == 0) {
			end = root_verdict(state);
			chain->anchored = true;
			break;
		}
	}
	return search_settle(search, end);
}

static bool search_up(struct search *search);

/* Goes on with one issuer; true when the search is over. */
static bool search_with(struct search *search, struct scms_slice bytes, bool is_root, enum root_state state)
{
	struct chain *chain = search->chain;
	bool over;

	if (cert_read(&chain->cert[chain->n], bytes, search->crypto, NULL) != OER_OK)
		return false;
	chain->n++;
	chain->anchored = is_root;
	over = is_root ? search_settle(search, root_verdict(state)) : search_up(search);
	if (!over) {
		chain->n--;
		chain->anchored = false;
	}
	return over;
}

static bool search_up(struct search *search)
{
	struct chain *chain = search->chain;
	const uint8_t *issuer = cert_issuer_id8(&chain->cert[chain->n - 1]);
	const struct chain_source *source = search->source;
	bool found = false;
	struct scms_slice bytes;
	enum root_state state;

	if (cert_is_self_issued(&chain->cert[chain->n - 1]))
		return search_self_issued(search);
	if (issuer == NULL)
		return search_settle(search, SCMS_CHAIN_INCOMPLETE);
	if (chain->n == CHAIN_MAX)
		return search_settle(search, SCMS_CHAIN_TOO_LONG);
	for (unsigned k = 0; k < CHAIN_MATCHES_MAX && source->root(source->ctx, issuer, k, &bytes, &state); k++) {
		found = true;
		if (bytes.n == 0 ? search_settle(search, SCMS_ROOT_REVOKED) : search_with(search, bytes, true, state))
			return true;
	}
	for (unsigned k = 0; k < CHAIN_MATCHES_MAX && source->candidate(source->ctx, issuer, k, &bytes); k++) {
		found = true;
		if (search_with(search, bytes, false, ROOT_IS_TRUSTED))
			return true;
	}
	return found ? false : search_settle(search, SCMS_CHAIN_INCOMPLETE);
}

enum scms_reason chain_judge(struct chain *chain, scms_time64 now, const struct chain_source *source,
			     const struct scms_crypto *crypto)
{
	struct search search = {
	    .chain = chain, .now = now, .source = source, .crypto = crypto, .best = SCMS_VALID};

	chain->n = 1;
	chain->anchored = false;
	search_up(&search);
	/* No chain was judged only where every issuer that was found could not be read. */
	if (search.tries == 0)
		return SCMS_CHAIN_INCOMPLETE;
	return search.best;
}

void chain_signer_request(const struct chain *chain, const struct scms_crypto *crypto, uint8_t e[48],
			  struct scms_verify_request *request)
{
	const struct cert *leaf = &chain->cert[0];
	struct scms_point point = cert_point(leaf);

	if (!cert_is_implicit(leaf)) {
		const struct scms_key *key = crypto->key(crypto->ctx, &point);

		request->signer = key != NULL ? SCMS_SIGNER_KEY : SCMS_SIGNER_POINT;
		if (key != NULL)
			request->u.key = key;
		else
			request->u.point = point;
		return;
	}
	request->u.implicit.issuer = cert_point(&chain->cert[1]);
	point.curve = request->u.implicit.issuer.curve;
	cert_digest(leaf, &chain->cert[1], point.curve, crypto, e);
	request->signer = SCMS_SIGNER_IMPLICIT;
	request->u.implicit.recon = point;
	request->u.implicit.e = e;
	request->u.implicit.issuer_key = crypto->key(crypto->ctx, &request->u.implicit.issuer);
}
