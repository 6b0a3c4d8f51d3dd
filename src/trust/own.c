/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/own.h"

#include <string.h>

/* Own certificates in one session, and bytes of issuers kept at hand. */
#define OWN_MAX 16
#define CERTIFICATES_BYTES_MAX (64u * 1024)

static bool refuse_undecodable(const struct scms_report *report, const struct scms_crypto *crypto, enum scms_file file,
			       const struct scms_slice *list, size_t n)
{
	bool refused = false;

	for (size_t k = 0; k < n; k++) {
		struct scms_refusal refusal = {.file = file, .index = (uint32_t)k, .reason = SCMS_MALFORMED};
		enum oer_status status;
		struct oer_error err;
		struct cert cert;

		status = cert_read(&cert, list[k], crypto, &err);
		if (status == OER_OK)
			continue;
		if (status == OER_NOT_CANONICAL)
			refusal.reason = SCMS_NOT_CANONICAL;
		refusal.offset = err.offset;
		refusal.path = err.path;
		refusal.expected = err.expected;
		refusal.found = err.found;
		refused = true;
		if (report->refused != NULL)
			report->refused(report->ctx, &refusal);
	}
	return refused;
}

/* Is the certificate among those that lie one after another in bytes? */
static bool run_has(struct scms_slice rest, struct scms_slice certificate)
{
	while (rest.n > 0) {
		const uint8_t *start = rest.p;

		if (oer_decode_prefix(&oer_Certificate, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			return false;
		if ((size_t)(rest.p - start) == certificate.n && memcmp(start, certificate.p, certificate.n) == 0)
			return true;
	}
	return false;
}

/* Makes `digest` name an object of these parts; touches the store if that is another than before. */
static bool object_replace(struct scms_store *store, struct trust_env env, uint8_t digest[32],
			   const struct scms_slice *parts, size_t n)
{
	uint8_t hash[32];

	env.crypto->sha256(env.crypto->ctx, parts, n, hash);
	if (memcmp(hash, digest, 32) == 0)
		return true;
	if (!env.objects->put(env.objects->ctx, hash, parts, n))
		return false;
	memcpy(digest, hash, 32);
	store_touch(store);
	return true;
}

/* The issuers below the root in the chains of the certificates that were taken. */
struct issuers {
	struct scms_slice part[1 + OWN_MAX * CHAIN_MAX]; /* the first is what the store has already */
	size_t n, bytes;
};

static void issuers_add(struct issuers *issuers, const struct chain *chain)
{
	for (size_t k = 1; k + 1 < chain->n; k++) {
		struct scms_slice one = chain->cert[k].c.raw;
		bool known = run_has(issuers->part[0], one);

		for (size_t p = 1; p < issuers->n && !known; p++)
			known = issuers->part[p].n == one.n && memcmp(issuers->part[p].p, one.p, one.n) == 0;
		if (known || issuers->bytes + one.n > CERTIFICATES_BYTES_MAX)
			continue;
		issuers->bytes += one.n;
		issuers->part[issuers->n++] = one;
	}
}

/* What becomes of each own certificate of a session; more than OWN_MAX are not judged. */
struct outcomes {
	struct {
		uint8_t subject[32];
		enum scms_reason reason;
	} own[OWN_MAX];
	size_t n;
};

static void outcomes_report(const struct outcomes *outcomes, enum scms_reason taken, const struct scms_report *report)
{
	for (size_t k = 0; report->own != NULL && k < outcomes->n; k++)
		report->own(report->ctx, outcomes->own[k].subject,
			    outcomes->own[k].reason == SCMS_VALID ? taken : outcomes->own[k].reason);
}

bool own_apply(struct scms_store *store, const struct scms_session *session, struct source *source, scms_time64 now,
	       const struct scms_report *report, bool *refused)
{
	struct trust_env env = source->env;
	struct scms_slice accepted[OWN_MAX];
	struct outcomes outcomes = {.n = 0};
	struct issuers issuers = {.n = 1};
	uint64_t before = store->generation;
	struct chain chain;
	size_t n = 0;

	if (refuse_undecodable(report, env.crypto, SCMS_FILE_OWN, session->own, session->own_count))
		*refused = true;
	if (refuse_undecodable(report, env.crypto, SCMS_FILE_CERT, session->certificates, session->certificate_count))
		*refused = true;
	if (!object_is_none(store->certificates) &&
	    !env.objects->get(env.objects->ctx, store->certificates, &issuers.part[0]))
		return false;
	issuers.bytes = issuers.part[0].n;
	for (size_t k = 0; k < session->own_count; k++) {
		enum scms_reason reason = SCMS_LIMIT_CERTIFICATES;

		if (cert_read(&chain.cert[0], session->own[k], env.crypto, NULL) != OER_OK)
			continue;
		if (outcomes.n == OWN_MAX) {
			if (report->own != NULL)
				report->own(report->ctx, chain.cert[0].hash256, reason);
			continue;
		}
		reason = source_judge(source, &chain, now);
		if (reason == SCMS_REASON_FAILED)
			return false;
		memcpy(outcomes.own[outcomes.n].subject, chain.cert[0].hash256, 32);
		outcomes.own[outcomes.n++].reason = reason;
		if (reason != SCMS_VALID)
			continue;
		accepted[n++] = session->own[k];
		issuers_add(&issuers, &chain);
	}
	if (n > 0 && (!object_replace(store, env, store->own, accepted, n) ||
		      (issuers.n > 1 && !object_replace(store, env, store->certificates, issuers.part, issuers.n))))
		return false;
	outcomes_report(&outcomes, store->generation == before ? SCMS_UNCHANGED : SCMS_ACCEPTED, report); /* A3 */
	return true;
}

enum scms_reason own_status(const struct scms_store *store, struct trust_env env, scms_time64 now)
{
	struct source source;
	struct scms_slice rest;

	if (object_is_none(store->own))
		return SCMS_VALID;
	if (!env.objects->get(env.objects->ctx, store->own, &rest) || !source_open(&source, store, env, now))
		return SCMS_REASON_FAILED;
	while (rest.n > 0) {
		struct scms_slice one = {rest.p, 0};
		enum scms_reason reason;
		struct chain chain;

		if (oer_decode_prefix(&oer_Certificate, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			return SCMS_REASON_FAILED;
		one.n = (size_t)(rest.p - one.p);
		if (cert_read(&chain.cert[0], one, env.crypto, NULL) != OER_OK)
			return SCMS_REASON_FAILED;
		reason = source_judge(&source, &chain, now);
		if (reason != SCMS_VALID)
			return reason;
	}
	return SCMS_VALID;
}
