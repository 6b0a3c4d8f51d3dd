/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/policy.h"

#include "dot2/profile.h"
#include "dot2/validity.h"

#include <string.h>

/* CRL series of the special components (PG, CRLG, MA). */
#define SERIES_SPECIAL 256
/* Countersignatures that are looked at in one file. */
#define COUNTERSIGNATURES_MAX 8

static const uint8_t extension_magic[4] = {'S', 'C', 'M', 'S'};

static enum oer_status refuse(struct oer_error *err, const char *path, const char *expected, const char *found)
{
	if (err != NULL) {
		*err = (struct oer_error){.status = OER_RANGE};
		strncpy(err->path, path, sizeof(err->path) - 1);
		strncpy(err->expected, expected, sizeof(err->expected) - 1);
		strncpy(err->found, found, sizeof(err->found) - 1);
	}
	return OER_RANGE;
}

/* One step of a series; false when the store has no room for it. */
static bool series_step(struct series *series, scms_time64 start, uint64_t value)
{
	if (series->n == SERIES_STEPS_MAX)
		return false;
	series->step[series->n].start = start;
	series->step[series->n].value = value;
	series->n++;
	return true;
}

static bool read_chain_id(const struct GlobalPolicyData_temporalSeriesOfCertChainFileID *from, struct series *to)
{
	struct GlobalPolicyData_temporalSeriesOfCertChainFileID_intervals_item item;
	struct oer_iter it = oer_iterate(&from->intervals);

	*to = (struct series){.initial = from->initialGlobalCertChainFileID};
	while (oer_next(&it, &item))
		if (!series_step(to, item.startTime, item.globalCertChainFileID))
			return false;
	return true;
}

static bool read_tolerance(const struct GlobalPolicyData_temporalSeriesOfOverdueCrlTolerance *from, struct series *to)
{
	struct GlobalPolicyData_temporalSeriesOfOverdueCrlTolerance_intervals_item item;
	struct oer_iter it = oer_iterate(&from->intervals);

	*to = (struct series){.initial = duration_micros(&from->initialOverdueCrlTolerance)};
	while (oer_next(&it, &item))
		if (!series_step(to, item.startTime, duration_micros(&item.overdueCrlTolerance)))
			return false;
	return true;
}

static bool read_quorum(const struct ScmsPolicyExtension_quorum *from, struct series *to)
{
	struct ScmsPolicyExtension_quorum_intervals_item item;
	struct oer_iter it = oer_iterate(&from->intervals);

	*to = (struct series){.initial = from->initialQuorum};
	while (oer_next(&it, &item))
		if (!series_step(to, item.startTime, item.quorum))
			return false;
	return true;
}

static bool read_removed(const struct oer_list *from, struct removed_list *to)
{
	struct oer_iter it = oer_iterate(from);
	const uint8_t *identity;

	to->n = 0;
	while (oer_next(&it, &identity)) {
		if (to->n == REMOVED_MAX)
			return false;
		memcpy(to->identity[to->n++], identity, 32);
	}
	return true;
}

/*
 * The first extension addition, where it is there. The decoder has checked the layout: length, unused bits, bitmap, then
 * an open type for each bit.
 */
static bool first_addition(struct scms_slice extensions, struct scms_slice *addition)
{
	size_t bitmap, at, length;
	unsigned wide;

	if (extensions.n < 4 || extensions.p[0] >= 0x80)
		return false;
	bitmap = extensions.p[0];
	if (bitmap < 2 || 1 + bitmap >= extensions.n || !(extensions.p[2] & 0x80))
		return false;
	at = 1 + bitmap;
	length = extensions.p[at++];
	if (length >= 0x80) {
		wide = (unsigned)length & 0x7f;
		for (length = 0; wide > 0 && at < extensions.n; wide--)
			length = length << 8 | extensions.p[at++];
	}
	if (length > extensions.n - at)
		return false;
	*addition = (struct scms_slice){extensions.p + at, length};
	return true;
}

bool policy_extension_read(struct scms_slice extensions, struct ScmsPolicyExtension *extension)
{
	struct scms_slice bytes;

	return first_addition(extensions, &bytes) &&
	       oer_decode(&oer_ScmsPolicyExtension, bytes, OER_DEPTH_DEFAULT, extension, NULL) == OER_OK &&
	       memcmp(extension->magic, extension_magic, sizeof(extension_magic)) == 0;
}

/* Our extension (rule G2). A foreign addition, or one of another version, says nothing to us. */
static bool read_extension(struct scms_slice extensions, struct policy *policy)
{
	struct ScmsPolicyExtension extension;

	if (!policy_extension_read(extensions, &extension))
		return true;
	policy->has_quorum = extension.has_quorum;
	if (extension.has_quorum && !read_quorum(&extension.quorum, &policy->quorum))
		return false;
	policy->has_removed = true;
	return read_removed(&extension.removed, &policy->removed);
}

static bool read_parameters(const struct GlobalPolicyData *data, struct policy *policy)
{
	policy->has_chain_id = data->has_temporalSeriesOfCertChainFileID;
	if (policy->has_chain_id && !read_chain_id(&data->temporalSeriesOfCertChainFileID, &policy->chain_id))
		return false;
	policy->has_tolerance = data->has_temporalSeriesOfOverdueCrlTolerance;
	if (policy->has_tolerance && !read_tolerance(&data->temporalSeriesOfOverdueCrlTolerance, &policy->tolerance))
		return false;
	return read_extension(data->extensions, policy);
}

enum oer_status policy_file_read(struct policy_file *file, struct scms_slice bytes, const struct scms_crypto *crypto,
				 struct oer_error *err)
{
	enum oer_status status = signed_data_read(&file->outer, bytes, OER_DEPTH_DEFAULT, err);
	const struct GlobalPolicyData *data;
	struct scms_slice opaque;
	struct ScmsFile decoded;

	if (status != OER_OK)
		return status;
	if (!signed_data_unsecured(&file->outer, &opaque))
		return refuse(err, "content.signedData.tbsData.payload", "unsecuredData holding ScmsFile", "another payload");
	status = oer_decode(&oer_ScmsFile, opaque, OER_DEPTH_DEFAULT, &decoded, err);
	if (status != OER_OK) {
		if (err != NULL)
			err->offset += (size_t)(opaque.p - bytes.p);
		return status;
	}
	if (decoded.content.choice != ScmsFile_content_is_policy)
		return refuse(err, "ScmsFile.content", "policy", "another content");
	if (decoded.content.u.policy.choice == PolicyFiles_is_globalPolicyFile) {
		const struct BasePolicyFile *global = &decoded.content.u.policy.u.globalPolicyFile;

		file->local = false;
		file->tbs = global->tbsData;
		file->signatures = global->signatures;
		if (file->tbs.policy.choice != Policy_is_global)
			return refuse(err, "GlobalPolicyFile.tbsData.policy", "global", "another policy");
		data = &file->tbs.policy.u.global;
	} else if (decoded.content.u.policy.choice == PolicyFiles_is_localPolicyFile) {
		const struct LocalPolicyFile *local = &decoded.content.u.policy.u.localPolicyFile;

		file->local = true;
		file->tbs = local->globalParameters.tbsData;
		file->signatures = local->globalParameters.signatures;
		file->local_tbs = local->localParamters.tbsData;
		file->local_signatures = local->localParamters.signatures;
		if (file->tbs.policy.choice != Policy_is_custom)
			return refuse(err, "LocalPolicyFile.globalParameters.tbsData.policy", "custom", "another policy");
		if (file->local_tbs.policy.choice != Policy_is_local)
			return refuse(err, "LocalPolicyFile.localParamters.tbsData.policy", "local", "another policy");
		data = &file->tbs.policy.u.custom.globalPolicy;
	} else {
		return refuse(err, "PolicyFiles", "globalPolicyFile or localPolicyFile", "another file");
	}
	file->policy = (struct policy){.generation = file->tbs.generationTime, .active = file->tbs.activeTime};
	crypto->sha256(crypto->ctx, &file->tbs.raw, 1, file->policy.digest);
	if (!read_parameters(data, &file->policy))
		return refuse(err, "GlobalPolicyData", "at most 16 intervals a series, 64 removed", "more than a store holds");
	return OER_OK;
}

static bool fits_pg(void *ctx, const struct chain *chain)
{
	(void)ctx;
	return cert_scms_role(&chain->cert[0]) == ScmsSsp_is_pg &&
	       chain->cert[0].c.toBeSigned.crlSeries == SERIES_SPECIAL;
}

static bool fits_ra(void *ctx, const struct chain *chain)
{
	(void)ctx;
	return cert_scms_role(&chain->cert[0]) == ScmsSsp_is_ra;
}

static bool fits_pg_or_ra(void *ctx, const struct chain *chain)
{
	return fits_pg(ctx, chain) || fits_ra(ctx, chain);
}

/* A countersignature signs a hash of what lies outside it: is it the hash of tbs? */
static bool signs_externally(const struct SignedData *data, struct scms_slice tbs, const struct scms_crypto *crypto)
{
	const struct SignedDataPayload *payload = &data->tbsData.payload;
	const struct HeaderInfo *header = &data->tbsData.headerInfo;
	uint8_t hash[32];

	if (payload->has_data || !payload->has_extDataHash ||
	    payload->extDataHash.choice != HashedData_is_sha256HashedData || payload->extensions.n > 0)
		return false;
	if (header->psid != PSID_SECURITY_MANAGEMENT || header_fields(header) != HEADER_GENERATION_TIME)
		return false;
	crypto->sha256(crypto->ctx, &tbs, 1, hash);
	return memcmp(payload->extDataHash.u.sha256HashedData, hash, 32) == 0;
}

/* Is there a good countersignature over tbs by somebody who fits? The best of what the signatures give. */
static enum signed_verdict countersigned(struct source *source, const struct oer_list *signatures, struct scms_slice tbs,
				    scms_time64 now, bool (*fits)(void *ctx, const struct chain *chain),
				    struct chain *chain, uint32_t *verified)
{
	struct oer_iter it = oer_iterate(signatures);
	enum signed_verdict best = SIGNED_BY_NOBODY;
	struct scms_slice bytes;

	for (unsigned k = 0; k < COUNTERSIGNATURES_MAX && oer_next_raw(&it, &bytes); k++) {
		enum signed_verdict this;
		struct SignedData data;

		if (signed_data_read(&data, bytes, OER_DEPTH_DEFAULT, NULL) != OER_OK)
			continue;
		this = source_signed(source, &data, now, fits, NULL, chain, verified);
		if (this == SIGNED_WELL && !signs_externally(&data, tbs, source->env.crypto))
			this = SIGNED_BADLY;
		if (this == SIGNED_WELL || this == SIGNED_UNKNOWN)
			return this;
		if (this > best)
			best = this;
	}
	return best;
}

static enum scms_reason policy_reason(enum signed_verdict signed_by)
{
	switch (signed_by) {
	case SIGNED_WELL:
		return SCMS_ACCEPTED;
	case SIGNED_BADLY:
		return SCMS_POLICY_SIGNATURE;
	case SIGNED_UNKNOWN:
		return SCMS_REASON_FAILED;
	default:
		return SCMS_POLICY_SIGNER;
	}
}

/* Makes a policy the one in force; what outlives policies (rule G7) is taken from it into the store. */
static void policy_enforce(struct scms_store *store, const struct policy *policy)
{
	store->policy = *policy;
	if (policy->has_quorum)
		store->quorum = policy->quorum;
	if (policy->has_removed)
		store->removed = policy->removed;
}

void policy_promote(struct scms_store *store, scms_time64 now)
{
	scms_time64 floor = store->policy.floor;

	if (store->pending.generation == 0 || store->pending.active > now)
		return;
	policy_enforce(store, &store->pending);
	store->policy.floor = floor;
	store->pending = (struct policy){0};
}

void policy_end(struct scms_store *store, bool in_force, bool waiting, scms_time64 time)
{
	store->policy.is_void |= in_force;
	/* A policy whose time has not come was the word of a PG that nobody believes any more. */
	if (waiting)
		store->pending = (struct policy){0};
	/* In whatever order the ends are heard of. */
	if ((in_force || waiting) && store->policy.floor < time)
		store->policy.floor = time;
}

static void policy_take(struct scms_store *store, const struct policy *policy, scms_time64 now)
{
	scms_time64 floor = store->policy.floor;

	policy_promote(store, now);
	/* A policy that waited is overtaken by a newer one, whenever that takes effect. */
	store->pending = (struct policy){0};
	if (policy->active > now) {
		store->pending = *policy; /* G1.5 */
	} else {
		policy_enforce(store, policy);
		store->policy.floor = floor;
	}
	store_touch(store);
}

static bool same_policy(const struct policy *known, const struct policy *policy)
{
	return known->generation != 0 && !known->is_void && memcmp(known->digest, policy->digest, 32) == 0;
}

enum scms_reason policy_file_judge(struct scms_store *store, const struct policy_file *file, struct source *source,
				   scms_time64 now, uint32_t *verified)
{
	scms_time64 last = store->policy.is_void ? 0 : store->policy.generation;
	struct chain chain;
	struct policy policy;
	enum scms_reason reason;
	enum signed_verdict outer;

	if (same_policy(&store->policy, &file->policy) || same_policy(&store->pending, &file->policy))
		return SCMS_UNCHANGED;
	if (store->pending.generation > last)
		last = store->pending.generation;
	if (file->policy.generation <= last || file->policy.generation <= store->policy.floor)
		return SCMS_ROLLBACK; /* G1.4, G6 */
	if (file->policy.generation > now + store->skew)
		return SCMS_TIME_FUTURE;
	outer = source_signed(source, &file->outer, now, file->local ? fits_pg_or_ra : fits_pg, NULL, &chain, verified);
	if (outer != SIGNED_WELL)
		return outer == SIGNED_UNKNOWN ? SCMS_REASON_FAILED : SCMS_POLICY_SIGNER; /* G1.2 */
	if (file->local) {
		/* G1.3 */
		reason = policy_reason(countersigned(source, &file->local_signatures, file->local_tbs.raw, now, fits_ra,
						     &chain, verified));
		if (reason != SCMS_ACCEPTED)
			return reason;
	}
	reason = policy_reason(countersigned(source, &file->signatures, file->tbs.raw, now, fits_pg, &chain, verified));
	if (reason != SCMS_ACCEPTED)
		return reason; /* G1.1 */
	policy = file->policy;
	policy.has_signer = true;
	signer_of(&chain, source->env.crypto, &policy.signer);
	policy_take(store, &policy, now);
	return SCMS_ACCEPTED;
}
