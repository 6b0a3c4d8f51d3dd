/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/source.h"

#include "dot2/crl.h"
#include "trust/members.h"
#include "trust/quorum.h"
#include "trust/revocation.h"
#include "trust/tombstone.h"

#include <string.h>

void source_add_run(struct source *source, struct scms_slice run)
{
	if (run.n > 0 && source->runs < SOURCE_RUNS_MAX)
		source->run[source->runs++] = run;
}

#define CHAIN_FILE_RUNS 3

static void chain_file_runs(const struct chain_file *file, struct scms_slice run[CHAIN_FILE_RUNS])
{
	run[0] = file->ma_certificate;
	run[1] = file->certs.bytes;
	run[2] = file->optional.bytes;
}

void source_add_chain_file(struct source *source, const struct chain_file *file)
{
	struct scms_slice run[CHAIN_FILE_RUNS];

	chain_file_runs(file, run);
	for (unsigned k = 0; k < CHAIN_FILE_RUNS; k++)
		source_add_run(source, run[k]);
}

/* The bytes of an object of the store, none for no object. */
static bool source_object(const struct source *source, const uint8_t digest[32], struct scms_slice *bytes)
{
	*bytes = (struct scms_slice){NULL, 0};
	return object_is_none(digest) || source->env.objects->get(source->env.objects->ctx, digest, bytes);
}

bool source_open(struct source *source, const struct scms_store *store, struct trust_env env, scms_time64 now)
{
	struct scms_slice certificates, own;

	*source = (struct source){.store = store, .env = env, .quorum = quorum_in_force(store, now, NULL)};
	if (!source_object(source, store->certificates, &certificates) || !source_object(source, store->own, &own) ||
	    !source_object(source, store->chain, &source->stored_chain))
		return false;
	source_add_run(source, certificates);
	source_add_run(source, own);
	source->stored_runs = source->runs;
	source->runs += source->stored_chain.n > 0 ? CHAIN_FILE_RUNS : 0;
	return true;
}

void source_resolve(struct source *source)
{
	struct chain_file file;

	if (source->stored_chain.n == 0)
		return;
	if (chain_file_read(&file, source->stored_chain, NULL) == OER_OK)
		chain_file_runs(&file, &source->run[source->stored_runs]);
	else
		source->failed = true;
	source->stored_chain.n = 0;
}

static bool source_root(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes, enum root_state *state)
{
	const struct source *source = ctx;
	const struct scms_store *store = source->store;

	for (uint32_t r = 0; r < store->root_count; r++) {
		const struct root *root = &store->roots[r];

		if (memcmp(root->id8, id8, 8) != 0 || k-- > 0)
			continue;
		*bytes = root_bytes(root);
		*state = root_is_suspended(root, source->quorum) ? ROOT_IS_SUSPENDED : ROOT_IS_TRUSTED;
		return true;
	}
	if (k == 0 && tombstone_find_id8(store, id8, SCMS_REMOVE_ROOT) >= 0) {
		*bytes = (struct scms_slice){NULL, 0};
		*state = ROOT_IS_REVOKED;
		return true;
	}
	return false;
}

static bool has_id8(const struct source *source, struct scms_slice bytes, const uint8_t id8[8])
{
	struct cert cert;

	return cert_read(&cert, bytes, source->env.crypto, NULL) == OER_OK && memcmp(cert_id8(&cert), id8, 8) == 0;
}

static bool source_candidate(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	struct source *source = ctx;

	source_resolve(source);
	for (size_t c = 0; c < source->certificate_count + source->own_count; c++) {
		*bytes = c < source->certificate_count ? source->certificates[c] : source->own[c - source->certificate_count];
		if (has_id8(source, *bytes, id8) && k-- == 0)
			return true;
	}
	for (unsigned j = 0; source->index != NULL && source->index(source->index_ctx, id8, j, bytes); j++)
		if (k-- == 0)
			return true;
	for (size_t r = 0; r < source->runs; r++) {
		struct scms_slice rest = source->run[r];

		while (rest.n > 0) {
			struct scms_slice one = {rest.p, 0};

			if (oer_decode_prefix(&oer_Certificate, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
				break;
			one.n = (size_t)(rest.p - one.p);
			if (has_id8(source, one, id8) && k-- == 0) {
				*bytes = one;
				return true;
			}
		}
	}
	return false;
}

/* Looks the subject up in each CRL of an object: encodings one after another. */
static enum scms_verdict object_lists(const struct source *source, const uint8_t digest[32],
				      struct crl_subject *subject)
{
	struct scms_slice rest;

	if (object_is_none(digest))
		return SCMS_BAD;
	if (!source->env.objects->get(source->env.objects->ctx, digest, &rest))
		return SCMS_FAILED;
	while (rest.n > 0) {
		struct scms_slice one = {rest.p, 0};
		enum scms_verdict verdict;
		struct crl crl;

		if (oer_decode_prefix(&oer_Ieee1609Dot2Data, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			return SCMS_FAILED;
		one.n = (size_t)(rest.p - one.p);
		if (crl_read(&crl, one, NULL) != OER_OK)
			return SCMS_FAILED;
		verdict = crl_lists(&crl, subject, source->env.crypto);
		if (verdict != SCMS_BAD)
			return verdict;
	}
	return SCMS_BAD;
}

bool source_revokes(struct source *source, const struct cert *cert, const struct cert *root)
{
	const struct scms_revocation *table = source->env.objects->revocation;
	struct crl_subject subject;

	crl_subject_of(cert, &subject);
	for (uint32_t k = 0; k < source->store->crl_count; k++) {
		const struct crl_state *crl = &source->store->crls[k];
		const uint8_t *objects[3] = {crl->full, crl->deltas, crl->kept};
		enum scms_verdict verdict = SCMS_BAD;
		bool known = false;

		if (crl->series != subject.series || memcmp(crl->craca + 5, subject.craca, 3) != 0)
			continue;
		if (root != NULL && memcmp(crl->craca, cert_id8(root), 8) != 0)
			continue;
		if (table != NULL)
			verdict = revocation_lists(table, crl, &subject, &known);
		for (unsigned j = 0; j < 3 && !known && (j == 0 || verdict == SCMS_BAD); j++)
			verdict = object_lists(source, objects[j], &subject);
		if (verdict == SCMS_FAILED)
			source->failed = true;
		if (verdict != SCMS_BAD)
			return true;
	}
	return false;
}

static bool source_revoked(void *ctx, const struct cert *cert, const struct cert *root)
{
	return source_revokes(ctx, cert, root);
}

enum scms_reason source_judge(struct source *source, struct chain *chain, scms_time64 now)
{
	const struct chain_source lookups = {
	    .ctx = source, .root = source_root, .candidate = source_candidate, .revoked = source_revoked};
	enum scms_reason reason = chain_judge(chain, now, &lookups, source->env.crypto);

	return source->failed ? SCMS_REASON_FAILED : reason;
}

bool source_named(struct source *source, const struct SignerIdentifier *signer, unsigned k, struct scms_slice *bytes)
{
	enum root_state state;
	struct oer_iter it;
	unsigned roots = 0;

	if (signer->choice == SignerIdentifier_is_certificate) {
		it = oer_iterate(&signer->u.certificate);
		return k == 0 && oer_next_raw(&it, bytes);
	}
	if (signer->choice != SignerIdentifier_is_digest)
		return false;
	while (source_root(source, signer->u.digest, roots, bytes, &state) && bytes->n > 0) {
		if (roots == k)
			return true;
		roots++;
	}
	return source_candidate(source, signer->u.digest, k - roots, bytes);
}

enum signed_verdict source_signed(struct source *source, const struct SignedData *data, scms_time64 now,
			     bool (*fits)(void *ctx, const struct chain *chain), void *ctx, struct chain *chain,
			     uint32_t *verified)
{
	const struct scms_crypto *crypto = source->env.crypto;
	enum signed_verdict result = SIGNED_BY_NOBODY;
	size_t runs = source->runs;
	struct scms_slice bytes;

	/* A signer may bring its issuers; they are candidates like others, for this signature only. */
	if (data->signer.choice == SignerIdentifier_is_certificate)
		source_add_run(source, data->signer.u.certificate.bytes);
	for (unsigned k = 0; k < CHAIN_MATCHES_MAX && source_named(source, &data->signer, k, &bytes); k++) {
		struct scms_verify_request request;
		uint8_t digest[48], verdict;
		enum scms_reason reason;

		if (cert_read(&chain->cert[0], bytes, crypto, NULL) != OER_OK)
			continue;
		reason = source_judge(source, chain, now);
		if (reason == SCMS_REASON_FAILED) {
			result = SIGNED_UNKNOWN;
			break;
		}
		if (reason != SCMS_VALID || !fits(ctx, chain))
			continue;
		result = SIGNED_BADLY;
		if (!signed_data_request(data, &chain->cert[0], crypto, digest, &request))
			continue;
		crypto->verify(crypto->ctx, &request, 1, &verdict);
		(*verified)++;
		if (verdict == SCMS_BAD)
			continue;
		result = verdict == SCMS_GOOD ? SIGNED_WELL : SIGNED_UNKNOWN;
		break;
	}
	source->runs = runs;
	return result;
}

void signer_of(const struct chain *chain, const struct scms_crypto *crypto, struct remembered_signer *signer)
{
	const struct cert *leaf = &chain->cert[0];

	memcpy(signer->identity, leaf->hash256, 32);
	memcpy(signer->id10, cert_id10(leaf), 10);
	if (!cert_twin_id10(leaf, crypto, signer->twin))
		memcpy(signer->twin, signer->id10, 10);
	memcpy(signer->root, chain->cert[chain->n - 1].hash256, 32);
}
