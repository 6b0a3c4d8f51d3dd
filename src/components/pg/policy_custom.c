/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/policy_custom.h"

#include "components/pg/policy_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct faults {
	struct policy_fault *list;
	unsigned n;
};

__attribute__((format(printf, 3, 4))) static void fault(struct faults *faults, const char *parameter, const char *format, ...)
{
	va_list args;

	if (faults->n == POLICY_FAULTS_MAX)
		return;
	faults->list[faults->n].parameter = parameter;
	va_start(args, format);
	vsnprintf(faults->list[faults->n].text, sizeof(faults->list[faults->n].text), format, args);
	va_end(args);
	faults->n++;
}

bool policy_permits(enum policy_item item, const struct policy_value *theirs, const struct policy_value *mine)
{
	uint64_t bound = policy_value_size(item, theirs), value = policy_value_size(item, mine);

	switch (policy_parameter(item)->freedom) {
	case POLICY_NOT_BELOW:
	case POLICY_MAY_RAISE:
		return value >= bound;
	case POLICY_MAY_LOWER:
		return value <= bound && value > 0;
	default:
		return value == bound;
	}
}

static const char *permission_words(enum policy_item item)
{
	switch (policy_parameter(item)->freedom) {
	case POLICY_NOT_BELOW:
	case POLICY_MAY_RAISE:
		return "at least";
	case POLICY_MAY_LOWER:
		return "at most";
	default:
		return "exactly";
	}
}

/* Compares two series at one moment. */
static void compare_at(enum policy_item item, const struct policy_series *theirs, const struct policy_series *mine,
		       scms_time64 at, struct faults *faults)
{
	const struct policy_value *bound = policy_series_at(theirs, at), *value = policy_series_at(mine, at);
	char expected[POLICY_VALUE_TEXT], found[POLICY_VALUE_TEXT], when[32] = "from the beginning";

	if (policy_permits(item, bound, value))
		return;
	if (at > 0)
		snprintf(when, sizeof(when), "from %llu", (unsigned long long)at);
	fault(faults, policy_parameter(item)->name, "expected %s %s, found %s %s", permission_words(item),
	      policy_value_text(item, bound, expected), policy_value_text(item, value, found), when);
}

/* Two step functions differ somewhere exactly if they differ at the beginning or at a step of either. */
static void compare_series(enum policy_item item, const struct policy_series *theirs, const struct policy_series *mine,
			   struct faults *faults)
{
	unsigned before = faults->n;

	compare_at(item, theirs, mine, 0, faults);
	for (uint32_t k = 0; faults->n == before && k < theirs->n; k++)
		compare_at(item, theirs, mine, theirs->step[k].start, faults);
	for (uint32_t k = 0; faults->n == before && k < mine->n; k++)
		compare_at(item, theirs, mine, mine->step[k].start, faults);
}

static bool droppable(enum policy_item item)
{
	enum policy_freedom freedom = policy_parameter(item)->freedom;

	return freedom != POLICY_FIXED && freedom != POLICY_NOT_BELOW;
}

static bool same_removed(const struct policy_content *a, const struct policy_content *b)
{
	return a->has_removed == b->has_removed && a->removed.n == b->removed.n &&
	       memcmp(a->removed.identity, b->removed.identity, (size_t)a->removed.n * 32) == 0;
}

static bool same_slice(struct scms_slice a, struct scms_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void check_frame(const struct policy_content *global, const struct policy_content *custom, struct scms_slice ra_host,
			scms_time64 now, struct faults *faults)
{
	if (custom->host.p != NULL && !same_slice(custom->host, ra_host))
		fault(faults, "requestingRaHostname", "expected %.*s, found %.*s", (int)ra_host.n, (const char *)ra_host.p,
		      (int)custom->host.n, (const char *)custom->host.p);
	if (!same_slice(global->id, custom->id))
		fault(faults, "policyID", "is not that of the global policy");
	if (custom->generation < global->generation)
		fault(faults, "generationTime", "is before that of the global policy");
	if (custom->generation > now)
		fault(faults, "generationTime", "is in the future");
	if (custom->active != global->active)
		fault(faults, "activeTime", "is not that of the global policy");
	if (!same_removed(global, custom))
		fault(faults, "removed", "is not the list of the global policy");
	if (!same_slice(global->foreign, custom->foreign))
		fault(faults, "extensions", "are not those of the global policy");
}

unsigned policy_custom_check(const struct policy_content *global, const struct policy_content *custom,
			     struct scms_slice ra_host, scms_time64 now, struct policy_fault list[POLICY_FAULTS_MAX])
{
	struct faults faults = {list, 0};

	if (custom->part != POLICY_PART_CUSTOM) {
		fault(&faults, "policy", "expected a custom policy, found another");
		return faults.n;
	}
	check_frame(global, custom, ra_host, now, &faults);
	for (unsigned k = 0; k < POLICY_GLOBAL_ITEMS; k++) {
		enum policy_item item = (enum policy_item)k;
		const struct policy_series *theirs = &global->item[k], *mine = &custom->item[k];

		if (theirs->has && !mine->has && !droppable(item))
			fault(&faults, policy_parameter(item)->name, "was left out, and may not be");
		else if (!theirs->has && mine->has)
			fault(&faults, policy_parameter(item)->name, "is not in the global policy");
		else if (theirs->has && mine->has)
			compare_series(item, theirs, mine, &faults);
	}
	return faults.n;
}

/* A local value is not below the custom one at any time. */
static void local_not_below(enum policy_item item, const struct policy_series *theirs, const struct policy_series *mine,
			    struct faults *faults)
{
	char expected[POLICY_VALUE_TEXT], found[POLICY_VALUE_TEXT];
	scms_time64 at = 0;

	if (!theirs->has || !mine->has)
		return;
	for (uint32_t k = 0; k <= theirs->n + mine->n; k++) {
		const struct policy_value *bound, *value;

		if (k > 0)
			at = k <= theirs->n ? theirs->step[k - 1].start : mine->step[k - 1 - theirs->n].start;
		bound = policy_series_at(theirs, at);
		value = policy_series_at(mine, at);
		if (value->n >= bound->n)
			continue;
		fault(faults, policy_parameter(item)->name, "expected at least %s, found %s",
		      policy_value_text(item, bound, expected), policy_value_text(item, value, found));
		return;
	}
}

unsigned policy_local_check(const struct policy_content *custom, const struct policy_content *local,
			    struct policy_fault list[POLICY_FAULTS_MAX])
{
	struct faults faults = {list, 0};

	if (local->part != POLICY_PART_LOCAL)
		fault(&faults, "policy", "expected a local policy, found another");
	local_not_below(POLICY_LOCAL_SHUFFLE_THRESHOLD, &custom->item[POLICY_SHUFFLE_THRESHOLD],
			&local->item[POLICY_LOCAL_SHUFFLE_THRESHOLD], &faults);
	local_not_below(POLICY_LOCAL_CERTS, &custom->item[POLICY_MIN_CERTS], &local->item[POLICY_LOCAL_CERTS], &faults);
	return faults.n;
}

void policy_custom_copy(const struct policy_content *global, struct scms_slice host, scms_time64 now,
			struct policy_content *custom)
{
	*custom = *global;
	custom->part = POLICY_PART_CUSTOM;
	custom->host = host;
	custom->generation = now;
}

enum key_status policy_request_make(const struct policy_content *custom, struct bytes *out, struct key_error *err)
{
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ra_pg}};
	struct RaPgPolicySignatureRequestMsg *request = &pdu.content.u.ra_pg.u.raPgPolicySignatureRequest;
	struct bytes tbs = {NULL, 0};
	enum key_status status = policy_content_make(custom, &tbs, err);

	*out = (struct bytes){NULL, 0};
	pdu.content.u.ra_pg.choice = RaPgInterfacePDU_is_raPgPolicySignatureRequest;
	request->version = 1;
	if (status == KEY_OK && oer_decode(&oer_ToBeSignedPolicyData, bytes_view(&tbs), OER_DEPTH_DEFAULT, &request->tbs, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "custom policy: cannot be encoded");
	if (status == KEY_OK)
		status = make_bytes(&oer_ScmsPDU, &pdu, out, err);
	bytes_free(&tbs);
	return status;
}

static bool read_request(struct scms_slice bytes, struct ScmsPDU *pdu, struct scms_slice *tbs)
{
	if (oer_decode(&oer_ScmsPDU, bytes, OER_DEPTH_DEFAULT, pdu, NULL) != OER_OK ||
	    pdu->content.choice != ScmsPDU_content_is_ra_pg ||
	    pdu->content.u.ra_pg.choice != RaPgInterfacePDU_is_raPgPolicySignatureRequest)
		return false;
	*tbs = pdu->content.u.ra_pg.u.raPgPolicySignatureRequest.tbs.raw;
	return true;
}

static enum key_status reply(const struct RaPgPolicySignatureRequestReplyMsg *answer, struct bytes *out, struct key_error *err)
{
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ra_pg}};

	pdu.content.u.ra_pg.choice = RaPgInterfacePDU_is_raPgPolicySignatureRequestReply;
	pdu.content.u.ra_pg.u.raPgPolicySignatureRequestReply = *answer;
	return make_bytes(&oer_ScmsPDU, &pdu, out, err);
}

static enum key_status reply_failure(int32_t error, struct bytes *out, struct key_error *err)
{
	struct RaPgPolicySignatureRequestReplyMsg answer = {.version = 1};

	answer.signedFile.choice = RaPgPolicySignatureRequestReplyMsg_signedFile_is_failure;
	answer.signedFile.u.failure = error;
	return reply(&answer, out, err);
}

enum key_status policy_request_answer(const struct party *pg, const struct policy_content *global, struct scms_slice ra_host,
				      struct scms_slice request, scms_time64 now, struct bytes *out,
				      struct policy_fault list[POLICY_FAULTS_MAX], unsigned *count, struct key_error *err)
{
	struct RaPgPolicySignatureRequestReplyMsg answer = {.version = 1};
	struct faults faults = {list, 0};
	struct policy_content custom;
	struct bytes part = {NULL, 0};
	struct oer_error oer;
	struct scms_slice tbs;
	struct ScmsPDU pdu;
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	*count = 1;
	if (!read_request(request, &pdu, &tbs)) {
		fault(&faults, "request", "is no RaPgPolicySignatureRequestMsg");
		return reply_failure(RaPgError_raPgMalformedRequest, out, err);
	}
	if (policy_content_read(&custom, tbs, &oer) != OER_OK) {
		fault(&faults, "request", "%.60s: expected %.40s, found %.40s", oer.path, oer.expected, oer.found);
		return reply_failure(RaPgError_raPgMalformedRequest, out, err);
	}
	*count = policy_custom_check(global, &custom, ra_host, now, list);
	if (*count > 0)
		return reply_failure(RaPgError_raPgPolicyError, out, err);
	status = policy_part_sign(pg, tbs, now, &part, err);
	if (status != KEY_OK) {
		*count = 1;
		fault(&faults, "signature", "%.140s", err != NULL ? err->text : "failed");
		return reply_failure(RaPgError_raPgSignatureFailed, out, err);
	}
	answer.signedFile.choice = RaPgPolicySignatureRequestReplyMsg_signedFile_is_success;
	if (oer_decode(&oer_BasePolicyFile, bytes_view(&part), OER_DEPTH_DEFAULT, &answer.signedFile.u.success, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "custom policy: cannot be encoded");
	if (status == KEY_OK)
		status = reply(&answer, out, err);
	bytes_free(&part);
	return status;
}

static const char *error_name(int32_t error)
{
	switch (error) {
	case RaPgError_raPgMalformedRequest:
		return "raPgMalformedRequest";
	case RaPgError_raPgSignatureFailed:
		return "raPgSignatureFailed";
	case RaPgError_raPgPolicyError:
		return "raPgPolicyError";
	default:
		return "an error unknown here";
	}
}

enum key_status policy_reply_open(struct scms_slice bytes, struct scms_slice request, struct bytes *custom, struct key_error *err)
{
	const struct RaPgPolicySignatureRequestReplyMsg *answer;
	struct scms_slice asked;
	struct ScmsPDU pdu, sent;

	*custom = (struct bytes){NULL, 0};
	if (oer_decode(&oer_ScmsPDU, bytes, OER_DEPTH_DEFAULT, &pdu, NULL) != OER_OK ||
	    pdu.content.choice != ScmsPDU_content_is_ra_pg ||
	    pdu.content.u.ra_pg.choice != RaPgInterfacePDU_is_raPgPolicySignatureRequestReply)
		return key_fail(err, KEY_VALUE, "reply: expected RaPgPolicySignatureRequestReplyMsg, found something else");
	answer = &pdu.content.u.ra_pg.u.raPgPolicySignatureRequestReply;
	if (answer->signedFile.choice != RaPgPolicySignatureRequestReplyMsg_signedFile_is_success)
		return key_fail(err, KEY_REFUSED, "the policy generator refused: %s", error_name(answer->signedFile.u.failure));
	if (!read_request(request, &sent, &asked) || !same_slice(asked, answer->signedFile.u.success.tbsData.raw))
		return key_fail(err, KEY_MISMATCH, "reply: the signed custom policy is not the one that was asked for");
	return make_bytes(&oer_BasePolicyFile, &answer->signedFile.u.success, custom, err);
}
