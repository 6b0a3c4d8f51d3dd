/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/policy_content.h"

#include "dot2/validity.h"
#include "trust/policy.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(POLICY_STEPS_MAX == SERIES_STEPS_MAX && POLICY_REMOVED_MAX == REMOVED_MAX, "what a store has room for");

/*
 * The parameters as the schema names them: our item, the type they stand in, series, initial value, member of a step, and
 * how a value is copied.
 */
/* clang-format off */
#define GLOBAL_SERIES(X) \
	X(POLICY_SCMS_VERSION, GlobalPolicyData, ScmsVersion, ScmsVersion, scmsVersion, number) \
	X(POLICY_CHAIN_FILE, GlobalPolicyData, CertChainFileID, GlobalCertChainFileID, globalCertChainFileID, number) \
	X(POLICY_OVERDUE_CRL_TOLERANCE, GlobalPolicyData, OverdueCrlTolerance, OverdueCrlTolerance, overdueCrlTolerance, duration) \
	X(POLICY_I_PERIOD, GlobalPolicyData, IPeriod, IPeriod, iPeriod, duration) \
	X(POLICY_MIN_CERTS, GlobalPolicyData, MinCertsPerIPeriod, MinCertsPerIPeriod, minCertsPerIPeriod, number) \
	X(POLICY_VALIDITY_MODEL, GlobalPolicyData, CertValidityModel, CertValidityModel, certValidityModel, number) \
	X(POLICY_MAX_SUPPLY, GlobalPolicyData, MaxAvailableCertSupply, MaxAvailableCertSupply, maxAvailableCertSupply, duration) \
	X(POLICY_MAX_REQUEST_AGE, GlobalPolicyData, MaxCertRequestAge, MaxCertRequestAge, maxCertRequestAge, duration) \
	X(POLICY_SHUFFLE_THRESHOLD, GlobalPolicyData, ShuffleThreshold, ShuffleThreshold, shuffleThreshold, number) \
	X(POLICY_REQUEST_HASH_SIZE, GlobalPolicyData, HashOfRequestSize, HashOfRequestSize, hashOfRequestSize, number) \
	X(POLICY_MAX_RETRIEVAL_INTERVAL, GlobalPolicyData, MaxGpfGccfRetrievalInterval, MaxGpfGccfRetrievalInterval, \
	  maxGpfGccfRetrievalInterval, duration) \
	X(POLICY_RSE_VALIDITY, GlobalPolicyData, RseApplicationCertValidity, RseApplicationCertValidity, \
	  rseApplicationCertValidity, duration) \
	X(POLICY_RSE_OVERLAP, GlobalPolicyData, RseApplicationCertOVerlap, RseApplicationCertOverlap, \
	  rseApplicationCertOverlap, duration)
#define LOCAL_SERIES(X) \
	X(POLICY_LOCAL_SHUFFLE_THRESHOLD, LocalPolicyData, ShuffleThreshold, ShuffleThreshold, shuffleThreshold, number) \
	X(POLICY_LOCAL_CERTS, LocalPolicyData, CertsPerIPeriod, CertsPerIPeriod, certsPerIPeriod, number) \
	X(POLICY_LA1_HOST, LocalPolicyData, LaOneHost, LaOneHost, laOneHost, text) \
	X(POLICY_LA2_HOST, LocalPolicyData, LaTwoHost, LaTwoHost, laTwoHost, text) \
	X(POLICY_PCA_HOST, LocalPolicyData, PcaHost, PcaHost, pcaHost, text) \
	X(POLICY_RA_X509, LocalPolicyData, RaX509TlsCert, RaX509TlsCert, raX509TlsCert, text) \
	X(POLICY_LA_X509, LocalPolicyData, LaX509TlsCert, LaX509TlsCert, laX509TlsCert, text) \
	X(POLICY_PCA_X509, LocalPolicyData, PcaX509TlsCert, PcaX509TlsCert, pcaX509TlsCert, text) \
	X(POLICY_KEY_UPDATE_INTERVAL, LocalPolicyData, SharedKeyUpdateInterval, SharedKeyUpdateInterval, \
	  sharedKeyUpdateInterval, duration)

static const struct policy_parameter parameters[POLICY_ITEMS] = {
	[POLICY_SCMS_VERSION] = {"scmsVersion", "version of the SCMS", "1", POLICY_NUMBER, POLICY_FIXED, 0, UINT8_MAX},
	[POLICY_CHAIN_FILE] = {"globalCertChainFileID", "version of the global certificate chain file", NULL,
		POLICY_NUMBER, POLICY_FIXED, 0, UINT16_MAX},
	[POLICY_OVERDUE_CRL_TOLERANCE] = {"overdueCrlTolerance", "how long a CRL is relied on after its nextCrl",
		"2 weeks", POLICY_DURATION, POLICY_FIXED, 0, 0},
	[POLICY_I_PERIOD] = {"iPeriod", "length of a period of pseudonym certificates", "10080 minutes",
		POLICY_DURATION, POLICY_FIXED, 0, 0},
	[POLICY_MIN_CERTS] = {"minCertsPerIPeriod", "pseudonym certificates of a device in a period, at least", "20",
		POLICY_NUMBER, POLICY_NOT_BELOW, 1, UINT8_MAX},
	[POLICY_VALIDITY_MODEL] = {"certValidityModel", "whether the certificates of a period are valid all at once",
		"concurrent", POLICY_MODEL, POLICY_FIXED, 1, 2},
	[POLICY_MAX_SUPPLY] = {"maxAvailableCertSupply", "how far ahead certificates are made", "3 years",
		POLICY_DURATION, POLICY_MAY_LOWER, 0, 0},
	[POLICY_MAX_REQUEST_AGE] = {"maxCertRequestAge", "how long a request may wait for others to be shuffled with",
		"2 days", POLICY_DURATION, POLICY_MAY_LOWER, 0, 0},
	[POLICY_SHUFFLE_THRESHOLD] = {"shuffleThreshold", "requests that are shuffled together, at least", "1000",
		POLICY_NUMBER, POLICY_MAY_RAISE, 1, UINT32_MAX},
	[POLICY_REQUEST_HASH_SIZE] = {"hashOfRequestSize", "bytes of the hash of a request", "32", POLICY_NUMBER,
		POLICY_OPTIONAL, 8, 32},
	[POLICY_MAX_RETRIEVAL_INTERVAL] = {"maxGpfGccfRetrievalInterval", "how often policy and chain file are fetched",
		"1 hour", POLICY_DURATION, POLICY_MAY_LOWER, 0, 0},
	[POLICY_RSE_VALIDITY] = {"rseApplicationCertValidity", "validity of an application certificate", "169 hours",
		POLICY_DURATION, POLICY_MAY_LOWER, 0, 0},
	[POLICY_RSE_OVERLAP] = {"rseApplicationCertOverlap", "overlap of successive application certificates", "1 hour",
		POLICY_DURATION, POLICY_MAY_LOWER, 0, 0},
	[POLICY_QUORUM] = {"quorum", "votes that carry a motion of the electors", "2", POLICY_NUMBER, POLICY_FIXED, 1,
		UINT8_MAX},
	[POLICY_LOCAL_SHUFFLE_THRESHOLD] = {"shuffleThreshold", "requests that this RA shuffles together, at least", NULL,
		POLICY_NUMBER, POLICY_LOCAL, 1, UINT32_MAX},
	[POLICY_LOCAL_CERTS] = {"certsPerIPeriod", "pseudonym certificates of a device in a period", "20", POLICY_NUMBER,
		POLICY_LOCAL, 1, UINT8_MAX},
	[POLICY_LA1_HOST] = {"laOneHost", "host of the first linkage authority", NULL, POLICY_HOST, POLICY_LOCAL, 0, 0},
	[POLICY_LA2_HOST] = {"laTwoHost", "host of the second linkage authority", NULL, POLICY_HOST, POLICY_LOCAL, 0, 0},
	[POLICY_PCA_HOST] = {"pcaHost", "host of the pseudonym CA", NULL, POLICY_HOST, POLICY_LOCAL, 0, 0},
	[POLICY_RA_X509] = {"raX509TlsCert", "TLS certificate of the RA", NULL, POLICY_X509, POLICY_LOCAL, 0, 0},
	[POLICY_LA_X509] = {"laX509TlsCert", "TLS certificate of the linkage authorities", NULL, POLICY_X509, POLICY_LOCAL, 0, 0},
	[POLICY_PCA_X509] = {"pcaX509TlsCert", "TLS certificate of the pseudonym CA", NULL, POLICY_X509, POLICY_LOCAL, 0, 0},
	[POLICY_KEY_UPDATE_INTERVAL] = {"sharedKeyUpdateInterval", "age at which the key of linkage authority and PCA is renewed",
		NULL, POLICY_DURATION, POLICY_LOCAL, 0, 0},
};
/* clang-format on */

const struct policy_parameter *policy_parameter(enum policy_item item)
{
	return &parameters[item];
}

/* Names are looked for among the parameters of the part that asks: two stand in both. */
bool policy_item_find(const char *name, enum policy_part part, enum policy_item *item)
{
	unsigned from = part == POLICY_PART_LOCAL ? POLICY_GLOBAL_ITEMS : 0;
	unsigned to = part == POLICY_PART_LOCAL ? POLICY_ITEMS : POLICY_GLOBAL_ITEMS;

	for (unsigned k = from; k < to; k++)
		if (strcmp(parameters[k].name, name) == 0) {
			*item = (enum policy_item)k;
			return true;
		}
	return false;
}

static struct Duration duration_from(const struct policy_value *value)
{
	return (struct Duration){.choice = value->unit, .u.hours = (uint16_t)value->n};
}

uint64_t policy_value_size(enum policy_item item, const struct policy_value *value)
{
	struct Duration duration = duration_from(value);

	return parameters[item].kind == POLICY_DURATION ? duration_micros(&duration) : value->n;
}

bool policy_value_same(enum policy_item item, const struct policy_value *a, const struct policy_value *b)
{
	enum policy_kind kind = parameters[item].kind;

	if (kind == POLICY_HOST || kind == POLICY_X509)
		return a->text.n == b->text.n && memcmp(a->text.p, b->text.p, a->text.n) == 0;
	return policy_value_size(item, a) == policy_value_size(item, b);
}

const struct policy_value *policy_series_at(const struct policy_series *series, scms_time64 at)
{
	const struct policy_value *value = &series->initial;

	for (uint32_t k = 0; k < series->n && series->step[k].start <= at; k++)
		value = &series->step[k].value;
	return value;
}

/* ---- reading ---- */

/* 64 bits, so that CertValidityModel (an int) and the unsigned ones go in alike; none of them is above 32. */
static struct policy_value of_number(int64_t n)
{
	return (struct policy_value){.n = (uint32_t)n};
}

static struct policy_value of_duration(struct Duration duration)
{
	return (struct policy_value){.n = duration.u.hours, .unit = duration.choice};
}

static struct policy_value of_text(struct scms_slice text)
{
	return (struct policy_value){.text = text};
}

/* Puts a step in its place: files need not have them in order. False: no room. */
static bool take_step(struct policy_series *series, scms_time64 start, struct policy_value value)
{
	uint32_t k = series->n;

	if (series->n == POLICY_STEPS_MAX)
		return false;
	while (k > 0 && series->step[k - 1].start > start) {
		series->step[k] = series->step[k - 1];
		k--;
	}
	series->step[k] = (struct policy_step){start, value};
	series->n++;
	return true;
}

#define READ_SERIES(ITEM, Type, Series, Initial, member, kind)                                                         \
	if (data->has_temporalSeriesOf##Series) {                                                                      \
		const struct Type##_temporalSeriesOf##Series *from = &data->temporalSeriesOf##Series;                  \
		struct Type##_temporalSeriesOf##Series##_intervals_item step;                                          \
		struct oer_iter it = oer_iterate(&from->intervals);                                                    \
                                                                                                                       \
		content->item[ITEM] = (struct policy_series){.has = true, .initial = of_##kind(from->initial##Initial)}; \
		while (oer_next(&it, &step))                                                                           \
			if (!take_step(&content->item[ITEM], step.startTime, of_##kind(step.member)))                  \
				return parameters[ITEM].name;                                                          \
	}

static const char *read_quorum(const struct ScmsPolicyExtension_quorum *quorum, struct policy_series *series)
{
	struct ScmsPolicyExtension_quorum_intervals_item step;
	struct oer_iter it = oer_iterate(&quorum->intervals);

	*series = (struct policy_series){.has = true, .initial = of_number(quorum->initialQuorum)};
	while (oer_next(&it, &step))
		if (!take_step(series, step.startTime, of_number(step.quorum)))
			return "quorum";
	return NULL;
}

static const char *read_extension(const struct ScmsPolicyExtension *extension, struct policy_content *content)
{
	struct oer_iter it = oer_iterate(&extension->removed);
	const uint8_t *identity;

	content->has_removed = true;
	while (oer_next(&it, &identity)) {
		if (content->removed.n == POLICY_REMOVED_MAX)
			return "removed";
		memcpy(content->removed.identity[content->removed.n++], identity, 32);
	}
	return extension->has_quorum ? read_quorum(&extension->quorum, &content->item[POLICY_QUORUM]) : NULL;
}

/* NULL, or the parameter that a store has no room for. */
static const char *read_global(const struct GlobalPolicyData *data, struct policy_content *content)
{
	struct ScmsPolicyExtension extension;

	GLOBAL_SERIES(READ_SERIES)
	if (!policy_extension_read(data->extensions, &extension)) {
		content->foreign = data->extensions;
		return NULL;
	}
	return read_extension(&extension, content);
}

static const char *read_local(const struct LocalPolicyData *data, struct policy_content *content)
{
	LOCAL_SERIES(READ_SERIES)
	return NULL;
}

static enum oer_status refuse(struct oer_error *err, const char *field, const char *expected, const char *found)
{
	if (err != NULL) {
		*err = (struct oer_error){.status = OER_RANGE};
		strncpy(err->path, field, sizeof(err->path) - 1);
		strncpy(err->expected, expected, sizeof(err->expected) - 1);
		strncpy(err->found, found, sizeof(err->found) - 1);
	}
	return OER_RANGE;
}

enum oer_status policy_content_read(struct policy_content *content, struct scms_slice bytes, struct oer_error *err)
{
	struct ToBeSignedPolicyData tbs;
	enum oer_status status = oer_decode(&oer_ToBeSignedPolicyData, bytes, OER_DEPTH_DEFAULT, &tbs, err);
	const char *full = NULL;

	if (status != OER_OK)
		return status;
	*content = (struct policy_content){.id = tbs.policyID, .generation = tbs.generationTime, .active = tbs.activeTime};
	switch (tbs.policy.choice) {
	case Policy_is_global:
		content->part = POLICY_PART_GLOBAL;
		full = read_global(&tbs.policy.u.global, content);
		break;
	case Policy_is_custom:
		content->part = POLICY_PART_CUSTOM;
		if (tbs.policy.u.custom.has_requestingRaHostname)
			content->host = tbs.policy.u.custom.requestingRaHostname;
		full = read_global(&tbs.policy.u.custom.globalPolicy, content);
		break;
	case Policy_is_local:
		content->part = POLICY_PART_LOCAL;
		full = read_local(&tbs.policy.u.local, content);
		break;
	default:
		return refuse(err, "ToBeSignedPolicyData.policy", "global, custom or local", "another policy");
	}
	if (full != NULL)
		return refuse(err, full, "at most 16 steps, 64 removed", "more");
	return OER_OK;
}

/* ---- making ---- */

static uint32_t to_number(const struct policy_value *value)
{
	return value->n;
}

static struct Duration to_duration(const struct policy_value *value)
{
	return duration_from(value);
}

static struct scms_slice to_text(const struct policy_value *value)
{
	return value->text;
}

#define ROOM_SERIES(ITEM, Type, Series, Initial, member, kind)                                                         \
	struct Type##_temporalSeriesOf##Series##_intervals_item Series[POLICY_STEPS_MAX];

struct global_room {
	GLOBAL_SERIES(ROOM_SERIES)
	struct ScmsPolicyExtension_quorum_intervals_item quorum[POLICY_STEPS_MAX];
	const uint8_t *removed[POLICY_REMOVED_MAX];
};

struct local_room {
	LOCAL_SERIES(ROOM_SERIES)
};

/* The cast narrows what the ranges of the table were checked for. */
#define MAKE_SERIES(ITEM, Type, Series, Initial, member, kind)                                                         \
	if (content->item[ITEM].has) {                                                                                 \
		const struct policy_series *from = &content->item[ITEM];                                               \
		struct Type##_temporalSeriesOf##Series *to = &data->temporalSeriesOf##Series;                          \
                                                                                                                       \
		data->has_temporalSeriesOf##Series = true;                                                             \
		to->initial##Initial = (__typeof__(to->initial##Initial))to_##kind(&from->initial);                    \
		for (uint32_t k = 0; k < from->n; k++) {                                                               \
			room->Series[k].startTime = from->step[k].start;                                               \
			room->Series[k].member =                                                                       \
			    (__typeof__(room->Series[k].member))to_##kind(&from->step[k].value);                       \
		}                                                                                                      \
		to->intervals = (struct oer_list){.items = room->Series,                                               \
						  .count = from->n,                                                    \
						  .element = &oer_##Type##_temporalSeriesOf##Series##_intervals_item}; \
	}

static void make_quorum(const struct policy_series *from, struct global_room *room, struct ScmsPolicyExtension *extension)
{
	extension->has_quorum = true;
	extension->quorum.initialQuorum = (uint8_t)from->initial.n;
	for (uint32_t k = 0; k < from->n; k++)
		room->quorum[k] = (struct ScmsPolicyExtension_quorum_intervals_item){
		    .startTime = from->step[k].start, .quorum = (uint8_t)from->step[k].value.n};
	extension->quorum.intervals = (struct oer_list){
	    .items = room->quorum, .count = from->n, .element = &oer_ScmsPolicyExtension_quorum_intervals_item};
}

/* Our extension as the whole extension part: length of the bitmap, unused bits, bitmap, open type. */
static enum key_status make_extension(const struct policy_content *content, struct global_room *room, struct bytes *out,
				      struct key_error *err)
{
	static const uint8_t magic[4] = {'S', 'C', 'M', 'S'};
	struct ScmsPolicyExtension extension = {.magic = magic, .version = 1};
	struct bytes inner = {NULL, 0};
	enum key_status status;
	size_t n = 0;

	if (content->item[POLICY_QUORUM].has)
		make_quorum(&content->item[POLICY_QUORUM], room, &extension);
	for (uint32_t k = 0; k < content->removed.n; k++)
		room->removed[k] = content->removed.identity[k];
	extension.removed =
	    (struct oer_list){.items = room->removed, .count = content->removed.n, .element = &oer_HashedId32};
	status = make_bytes(&oer_ScmsPolicyExtension, &extension, &inner, err);
	if (status != KEY_OK)
		return status;
	/* Of at most 16 steps and 64 identities, so a length of two bytes is enough. */
	out->p = malloc(inner.n + 6);
	if (out->p == NULL) {
		bytes_free(&inner);
		return key_fail(err, KEY_FAILED, "no memory for a policy");
	}
	out->p[n++] = 2;
	out->p[n++] = 7;
	out->p[n++] = 0x80;
	if (inner.n >= 0x100) {
		out->p[n++] = 0x82;
		out->p[n++] = (uint8_t)(inner.n >> 8);
	} else if (inner.n >= 0x80) {
		out->p[n++] = 0x81;
	}
	out->p[n++] = (uint8_t)inner.n;
	memcpy(out->p + n, inner.p, inner.n);
	out->n = n + inner.n;
	bytes_free(&inner);
	return KEY_OK;
}

static enum key_status make_global(const struct policy_content *content, struct GlobalPolicyData *data,
				   struct global_room *room, struct bytes *extension, struct key_error *err)
{
	bool ours = content->has_removed || content->item[POLICY_QUORUM].has;
	enum key_status status = KEY_OK;

	GLOBAL_SERIES(MAKE_SERIES)
	if (!ours) {
		data->extensions = content->foreign;
		return KEY_OK;
	}
	if (content->foreign.n > 0)
		return key_fail(err, KEY_VALUE, "quorum: the policy has an extension of another maker in its place");
	status = make_extension(content, room, extension, err);
	data->extensions = bytes_view(extension);
	return status;
}

static void make_local(const struct policy_content *content, struct LocalPolicyData *data, struct local_room *room)
{
	LOCAL_SERIES(MAKE_SERIES)
}

static bool in_range(enum policy_item item, const struct policy_value *value)
{
	const struct policy_parameter *row = &parameters[item];

	switch (row->kind) {
	case POLICY_DURATION:
		return value->n > 0 && value->n <= UINT16_MAX && value->unit <= Duration_is_years;
	case POLICY_HOST:
	case POLICY_X509:
		return value->text.p != NULL && value->text.n > 0;
	default:
		return value->n >= row->least && value->n <= row->most;
	}
}

static enum key_status check_series(enum policy_item item, const struct policy_series *series, struct key_error *err)
{
	bool good = in_range(item, &series->initial);

	if (series->n > POLICY_STEPS_MAX)
		return key_fail(err, KEY_VALUE, "%s: at most %d steps, found %u", parameters[item].name, POLICY_STEPS_MAX, series->n);
	for (uint32_t k = 0; k < series->n; k++) {
		good = good && in_range(item, &series->step[k].value);
		if (k > 0 && series->step[k].start <= series->step[k - 1].start)
			return key_fail(err, KEY_VALUE, "%s: steps must begin one after another", parameters[item].name);
	}
	if (good)
		return KEY_OK;
	if (parameters[item].most == 0)
		return key_fail(err, KEY_VALUE, "%s: a value is empty or too large", parameters[item].name);
	return key_fail(err, KEY_VALUE, "%s: a value is not between %u and %u", parameters[item].name, parameters[item].least,
			parameters[item].most);
}

static enum key_status check_content(const struct policy_content *content, struct key_error *err)
{
	bool local = content->part == POLICY_PART_LOCAL;
	enum key_status status = KEY_OK;

	for (unsigned k = 0; status == KEY_OK && k < POLICY_ITEMS; k++) {
		if (!content->item[k].has)
			continue;
		if (local != (k >= POLICY_GLOBAL_ITEMS))
			return key_fail(err, KEY_VALUE, "%s: does not belong into a %s policy", parameters[k].name,
					local ? "local" : "global");
		status = check_series((enum policy_item)k, &content->item[k], err);
	}
	return status;
}

enum key_status policy_content_make(const struct policy_content *content, struct bytes *out, struct key_error *err)
{
	struct ToBeSignedPolicyData tbs = {
	    .policyID = content->id, .generationTime = content->generation, .activeTime = content->active};
	struct global_room *global = calloc(1, sizeof(*global));
	struct local_room *local = calloc(1, sizeof(*local));
	struct bytes extension = {NULL, 0};
	enum key_status status = check_content(content, err);

	*out = (struct bytes){NULL, 0};
	if (status == KEY_OK && (global == NULL || local == NULL))
		status = key_fail(err, KEY_FAILED, "no memory for a policy");
	if (status != KEY_OK)
		goto out;
	if (content->part == POLICY_PART_GLOBAL) {
		tbs.policy.choice = Policy_is_global;
		status = make_global(content, &tbs.policy.u.global, global, &extension, err);
	} else if (content->part == POLICY_PART_CUSTOM) {
		tbs.policy.choice = Policy_is_custom;
		tbs.policy.u.custom.has_requestingRaHostname = content->host.p != NULL;
		tbs.policy.u.custom.requestingRaHostname = content->host;
		status = make_global(content, &tbs.policy.u.custom.globalPolicy, global, &extension, err);
	} else {
		tbs.policy.choice = Policy_is_local;
		make_local(content, &tbs.policy.u.local, local);
	}
	if (status == KEY_OK)
		status = make_bytes(&oer_ToBeSignedPolicyData, &tbs, out, err);
out:
	bytes_free(&extension);
	free(global);
	free(local);
	return status;
}

enum oer_status policy_said_read(struct policy_said *said, struct scms_slice file, const struct scms_crypto *crypto,
				 struct oer_error *err)
{
	struct policy_file decoded;
	enum oer_status status = policy_file_read(&decoded, file, crypto, err);

	said->has_local = false;
	if (status != OER_OK)
		return status;
	said->part = decoded.tbs.raw;
	status = policy_content_read(&said->content, decoded.tbs.raw, err);
	if (status != OER_OK || !decoded.local)
		return status;
	said->has_local = true;
	return policy_content_read(&said->local, decoded.local_tbs.raw, err);
}
