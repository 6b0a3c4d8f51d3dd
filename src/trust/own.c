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

/* Keeps candidates beside those that the store has, as far as there is room. */
static bool keep_candidates(struct scms_store *store, const struct scms_session *session, struct trust_env env)
{
	struct scms_slice parts[1 + OWN_MAX] = {{NULL, 0}};
	size_t bytes, n = 1;

	if (!object_is_none(store->certificates) &&
	    !env.objects->get(env.objects->ctx, store->certificates, &parts[0]))
		return false;
	bytes = parts[0].n;
	for (size_t k = 0; k < session->certificate_count && n <= OWN_MAX; k++) {
		struct scms_slice one = session->certificates[k];
		struct cert cert;

		if (cert_read(&cert, one, env.crypto, NULL) != OER_OK || run_has(parts[0], one) ||
		    bytes + one.n > CERTIFICATES_BYTES_MAX)
			continue;
		bytes += one.n;
		parts[n++] = one;
	}
	return n == 1 || object_replace(store, env, store->certificates, parts, n);
}

bool own_apply(struct scms_store *store, const struct scms_session *session, struct source *source, scms_time64 now,
	       const struct scms_report *report, bool *refused)
{
	const struct scms_crypto *crypto = source->env.crypto;
	struct scms_slice accepted[OWN_MAX];
	struct chain chain;
	size_t n = 0;

	if (refuse_undecodable(report, crypto, SCMS_FILE_OWN, session->own, session->own_count))
		*refused = true;
	if (refuse_undecodable(report, crypto, SCMS_FILE_CERT, session->certificates, session->certificate_count))
		*refused = true;
	for (size_t k = 0; k < session->own_count; k++) {
		enum scms_reason reason;

		if (cert_read(&chain.cert[0], session->own[k], crypto, NULL) != OER_OK)
			continue;
		reason = source_judge(source, &chain, now);
		if (reason == SCMS_REASON_FAILED)
			return false;
		if (reason == SCMS_VALID && n < OWN_MAX) {
			accepted[n++] = session->own[k];
			reason = SCMS_ACCEPTED;
		}
		if (report->own != NULL)
			report->own(report->ctx, chain.cert[0].hash256, reason);
	}
	return n == 0 || (object_replace(store, source->env, store->own, accepted, n) &&
			  keep_candidates(store, session, source->env));
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
