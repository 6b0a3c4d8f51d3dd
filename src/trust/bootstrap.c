/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a new store from what is trusted out of band (conformance: init).
 */
#include "dot2/profile.h"
#include "trust/members.h"
#include "trust/own.h"
#include "trust/quorum.h"

#include <string.h>

#define FLOOR_DEFAULT 2
#define SKEW_DEFAULT 300
#define TOLERANCE_DEFAULT 1209600
#define SECOND UINT64_C(1000000)

static bool refuse(struct scms_bootstrap_error *err, const char *list, size_t index, enum scms_reason reason,
		   const struct oer_error *oer)
{
	*err = (struct scms_bootstrap_error){.list = list, .index = index, .reason = reason};
	if (oer != NULL) {
		err->offset = oer->offset;
		memcpy(err->path, oer->path, sizeof(err->path));
		memcpy(err->expected, oer->expected, sizeof(err->expected));
		memcpy(err->found, oer->found, sizeof(err->found));
	}
	return false;
}

static bool self_signature_good(const struct cert *cert, const struct scms_crypto *crypto, enum scms_reason *reason)
{
	struct scms_verify_request request;
	uint8_t digest[48], verdict = SCMS_BAD;

	if (cert_signature_request(cert, NULL, crypto, digest, &request))
		crypto->verify(crypto->ctx, &request, 1, &verdict);
	*reason = verdict == SCMS_FAILED ? SCMS_REASON_FAILED : SCMS_SUBJECT_SIGNATURE;
	return verdict == SCMS_GOOD;
}

/* One elector or root: it must decode, fit its profile, be unlike the others, and verify. */
static bool add_member(struct scms_store *store, bool elector, struct scms_slice bytes, size_t index,
		       const struct scms_crypto *crypto, struct scms_bootstrap_error *err)
{
	const char *list = elector ? "electors" : "roots";
	enum scms_reason reason;
	enum oer_status status;
	struct oer_error oer;
	struct cert cert;

	status = cert_read(&cert, bytes, crypto, &oer);
	if (status != OER_OK)
		return refuse(err, list, index, status == OER_NOT_CANONICAL ? SCMS_NOT_CANONICAL : SCMS_MALFORMED, &oer);
	if (elector ? !cert_fits_elector(&cert) : !cert_fits_root(&cert))
		return refuse(err, list, index, SCMS_SUBJECT_PROFILE, NULL);
	if (bytes.n > (elector ? ELECTOR_CERT_MAX : ROOT_CERT_MAX))
		return refuse(err, list, index, SCMS_SUBJECT_PROFILE, NULL);
	if (member_duplicates(store, &cert))
		return refuse(err, list, index, SCMS_SUBJECT_DUPLICATE, NULL);
	if (elector ? store->elector_count == store->limits.electors : store->root_count == store->limits.roots)
		return refuse(err, list, index, SCMS_STORE_FULL, NULL);
	if (store->elector_count + store->root_count + 1 >= store->limits.tombstones)
		return refuse(err, list, index, SCMS_STORE_FULL, NULL);
	if (!self_signature_good(&cert, crypto, &reason))
		return refuse(err, list, index, reason, NULL);
	if (elector)
		elector_add(store, &cert, bytes, store->provisioned);
	else
		root_add(store, &cert, bytes, quorum_in_force(store, store->provisioned, NULL), 0, true); /* F3 */
	return true;
}

static bool set_quorum(struct scms_store *store, const struct scms_bootstrap *from, struct scms_bootstrap_error *err)
{
	size_t ceiling = from->elector_count > 0 ? from->elector_count - 1 : 0;

	store->floor = from->quorum_floor != 0 ? from->quorum_floor : FLOOR_DEFAULT;
	store->ceiling = from->quorum_ceiling;
	if (store->ceiling == 0)
		store->ceiling = (uint8_t)(ceiling > store->floor ? ceiling : store->floor); /* G3 */
	store->quorum.initial = from->quorum;
	if (from->quorum == 0 || store->ceiling < store->floor)
		return refuse(err, "quorum", 0, SCMS_MALFORMED, NULL);
	return true;
}

/* Certificates that must chain to the roots; kept as one object. */
static bool add_certificates(struct scms_store *store, const char *list, const struct scms_slice *certificates, size_t n,
			     struct source *source, uint8_t digest[32], struct scms_bootstrap_error *err)
{
	const struct scms_crypto *crypto = source->env.crypto;
	struct chain chain;

	for (size_t k = 0; k < n; k++) {
		enum scms_reason reason;
		enum oer_status status;
		struct oer_error oer;

		status = cert_read(&chain.cert[0], certificates[k], crypto, &oer);
		if (status != OER_OK)
			return refuse(err, list, k, status == OER_NOT_CANONICAL ? SCMS_NOT_CANONICAL : SCMS_MALFORMED, &oer);
		reason = source_judge(source, &chain, store->provisioned);
		if (reason != SCMS_VALID)
			return refuse(err, list, k, reason, NULL);
	}
	if (n > 0)
		crypto->sha256(crypto->ctx, certificates, n, digest);
	return true;
}

static bool fill(struct scms_store *store, const struct scms_bootstrap *from, struct trust_env env,
		 struct scms_bootstrap_error *err)
{
	const struct scms_objects *objects = env.objects;
	struct source source;

	store->provisioned = from->now;
	store->skew = SECOND * (from->skew_seconds != 0 ? from->skew_seconds : SKEW_DEFAULT);
	store->tolerance = SECOND * (from->crl_tolerance_seconds != 0 ? from->crl_tolerance_seconds : TOLERANCE_DEFAULT);
	if (!set_quorum(store, from, err))
		return false;
	for (size_t k = 0; k < from->elector_count; k++)
		if (!add_member(store, true, from->electors[k], k, env.crypto, err))
			return false;
	for (size_t k = 0; k < from->root_count; k++)
		if (!add_member(store, false, from->roots[k], k, env.crypto, err))
			return false;
	if (!source_open(&source, store, env, from->now))
		return refuse(err, "certificates", 0, SCMS_REASON_FAILED, NULL);
	source.certificates = from->certificates;
	source.certificate_count = from->certificate_count;
	if (!add_certificates(store, "certificates", from->certificates, from->certificate_count, &source,
			      store->certificates, err) ||
	    !add_certificates(store, "own", from->own, from->own_count, &source, store->own, err))
		return false;
	if ((from->certificate_count > 0 &&
	     !objects->put(objects->ctx, store->certificates, from->certificates, from->certificate_count)) ||
	    (from->own_count > 0 && !objects->put(objects->ctx, store->own, from->own, from->own_count)))
		return refuse(err, "own", 0, SCMS_REASON_FAILED, NULL);
	return true;
}

struct scms_store *scms_store_init(void *memory, size_t size, const struct scms_bootstrap *bootstrap,
				   const struct scms_crypto *crypto, const struct scms_objects *objects,
				   struct scms_bootstrap_error *err)
{
	struct scms_store *store = store_lay_out(memory, size, &bootstrap->limits);

	if (store == NULL) {
		refuse(err, "limits", 0, SCMS_STORE_FULL, NULL);
		return NULL;
	}
	return fill(store, bootstrap, (struct trust_env){crypto, objects}, err) ? store : NULL;
}
