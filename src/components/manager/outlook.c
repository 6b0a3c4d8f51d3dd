/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/outlook.h"

#include "components/authority/lint.h"
#include "dot2/validity.h"
#include "trust/members.h"
#include "trust/quorum.h"
#include "trust/tombstone.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DAY (UINT64_C(86400) * TIME64_SECOND)

struct outlook outlook_of(const struct scms_store *store, scms_time64 now)
{
	struct outlook outlook = {.quorum = quorum_in_force(store, now, NULL)};
	struct scms_member member;

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++) {
		outlook.electors++;
		outlook.able += elector_may_vote(store, k, now);
	}
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++) {
		outlook.roots++;
		outlook.trusted_roots += member.status == SCMS_MEMBER_TRUSTED;
	}
	return outlook;
}

/* Steps of a series in [from, until), in order, at which the quorum in force is another. */
static size_t changes_of(const struct scms_store *store, const struct series *series, scms_time64 from, scms_time64 until,
			 scms_time64 *times)
{
	size_t n = 0;

	for (uint32_t k = 0; k < series->n; k++) {
		scms_time64 at = series->step[k].start;
		size_t place = n;

		if (at < from || at >= until || quorum_in_force(store, at, NULL) == quorum_in_force(store, at - 1, NULL))
			continue;
		for (; place > 0 && times[place - 1] > at; place--)
			times[place] = times[place - 1];
		times[place] = at;
		n++;
	}
	return n;
}

size_t outlook_quorum_changes(const struct scms_store *store, scms_time64 now, scms_time64 times[OUTLOOK_CHANGES_MAX])
{
	const bool pending = store->pending.generation != 0 && store->pending.active > now;
	const scms_time64 active = pending ? store->pending.active : UINT64_MAX;
	size_t n = changes_of(store, policy_in_force(store, now).quorum, now + 1, active, times);

	if (!pending)
		return n;
	if (quorum_in_force(store, active, NULL) != quorum_in_force(store, active - 1, NULL))
		times[n++] = active;
	return n + changes_of(store, policy_in_force(store, active).quorum, active + 1, UINT64_MAX, times + n);
}

void finding_add(struct findings *findings, enum gravity gravity, const char *code, const char *format, ...)
{
	struct finding *finding = &findings->list[findings->n];
	va_list args;

	if (findings->n == FINDINGS_MAX) {
		/* The gravest stay: the least grave makes way, if it is less grave than this. */
		finding = &findings->list[0];
		for (size_t k = 1; k < findings->n; k++)
			if (findings->list[k].gravity < finding->gravity)
				finding = &findings->list[k];
		if (finding->gravity >= gravity)
			return;
	} else {
		findings->n++;
	}
	finding->gravity = gravity;
	finding->code = code;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

enum gravity findings_worst(const struct findings *findings)
{
	enum gravity worst = FINDING_NOTE;

	for (size_t k = 0; k < findings->n; k++)
		if (findings->list[k].gravity > worst)
			worst = findings->list[k].gravity;
	return worst;
}

/* ---- comparing two stores ---- */

static void name_member(struct scms_slice certificate, const uint8_t identity[32], char *text, size_t size)
{
	char hex[17], name[SUBJECT_NAME_BYTES] = "";
	struct cert cert;

	if (oer_decode(&oer_Certificate, certificate, OER_DEPTH_DEFAULT, &cert.c, NULL) == OER_OK)
		subject_name(&cert, name);
	snprintf(text, size, "%s%s%s...", name, name[0] != '\0' ? " " : "", motion_hex(identity, 8, hex));
}

static bool find_root(const struct scms_store *store, scms_time64 now, const uint8_t identity[32], struct scms_member *member)
{
	for (uint32_t k = 0; scms_store_root(store, now, k, member); k++)
		if (memcmp(member->identity, identity, 32) == 0)
			return true;
	return false;
}

static void compare_electors(const struct scms_store *before, const struct scms_store *after, scms_time64 now,
			     struct findings *findings)
{
	struct outlook was = outlook_of(before, now), is = outlook_of(after, now);
	struct scms_member member;
	char name[120];

	for (uint32_t k = 0; scms_store_elector(before, now, k, &member); k++)
		if (elector_find(after, member.identity) < 0) {
			name_member(member.certificate, member.identity, name, sizeof(name));
			finding_add(findings, FINDING_NOTE, "ELECTOR_GONE", "elector %s is gone", name);
		}
	for (uint32_t k = 0; scms_store_elector(after, now, k, &member); k++)
		if (elector_find(before, member.identity) < 0) {
			name_member(member.certificate, member.identity, name, sizeof(name));
			finding_add(findings, FINDING_NOTE, "ELECTOR_NEW", "elector %s is new", name);
		}
	if (is.able < is.quorum)
		finding_add(findings, FINDING_GRAVE, "LOCK_OUT",
			    "LOCK-OUT: %u electors can vote, %u votes are needed: nothing can ever be decided again%s", is.able, is.quorum,
			    was.able < was.quorum ? " (as it was before)" : "");
	else if (is.able == is.quorum && (was.able != is.able || was.quorum != is.quorum))
		finding_add(findings, FINDING_WARNING, "NO_SPARE",
			    "%u electors can vote and %u votes are needed: none may be lost, and no elector can be removed any more, as none "
			    "votes on itself",
			    is.able, is.quorum);
	if (is.quorum < was.quorum)
		finding_add(findings, FINDING_WARNING, "QUORUM_LOWER", "%u votes decide, where %u did: fewer stolen keys are enough%s", is.quorum,
			    was.quorum, 2 * is.quorum <= is.able ? "; two groups of electors that do not agree could both decide" : "");
	if (is.able >= is.quorum && is.able % 2 == 0 && was.able != is.able)
		finding_add(findings, FINDING_WARNING, "EVEN",
			    "%u electors can vote: an even number tolerates no more losses than one elector fewer; it should be 2n + 1", is.able);
}

static void compare_roots(const struct scms_store *before, const struct scms_store *after, scms_time64 now,
			  struct findings *findings)
{
	struct outlook was = outlook_of(before, now), is = outlook_of(after, now);
	struct scms_member member, other;
	char name[120];

	for (uint32_t k = 0; scms_store_root(before, now, k, &member); k++) {
		name_member(member.certificate, member.identity, name, sizeof(name));
		if (!find_root(after, now, member.identity, &other))
			finding_add(findings, FINDING_NOTE, "ROOT_GONE", "root CA %s is gone, and with it all certificates under it", name);
	}
	for (uint32_t k = 0; scms_store_root(after, now, k, &member); k++) {
		bool known = find_root(before, now, member.identity, &other);

		name_member(member.certificate, member.identity, name, sizeof(name));
		if (!known)
			finding_add(findings, FINDING_NOTE, "ROOT_NEW", "root CA %s is new", name);
		if (member.status == SCMS_MEMBER_SUSPENDED && !(known && other.status == SCMS_MEMBER_SUSPENDED))
			finding_add(findings, FINDING_GRAVE, "ROOT_SUSPENDED",
				    "root CA %s is SUSPENDED: %u of the %u votes that hold it are left (rule F2); a further elector's vote for it "
				    "must come first, or with it",
				    name, member.endorsers, member.needed);
		else if (member.status == SCMS_MEMBER_TRUSTED && member.needed > 0 && member.endorsers == member.needed &&
			 (!known || other.endorsers != member.endorsers || other.needed != member.needed))
			finding_add(findings, FINDING_WARNING, "ROOT_NO_SPARE",
				    "root CA %s is held by %u votes and needs as many: the removal of any of these electors suspends it", name,
				    member.endorsers);
		if (known && other.status == SCMS_MEMBER_SUSPENDED && member.status == SCMS_MEMBER_TRUSTED)
			finding_add(findings, FINDING_NOTE, "ROOT_BACK", "root CA %s is trusted again", name);
	}
	if (is.trusted_roots == 0 && was.trusted_roots > 0)
		finding_add(findings, FINDING_GRAVE, "NO_ROOT", "no root CA is trusted any more: no certificate at all is valid");
}

void outlook_compare(const struct scms_store *before, const struct scms_store *after, scms_time64 now, struct findings *findings)
{
	compare_electors(before, after, now, findings);
	compare_roots(before, after, now, findings);
}

/* ---- one motion ---- */

static void lint_subject(const struct proposal *proposal, enum profile_level level, const struct scms_crypto *crypto,
			 struct findings *findings)
{
	struct lint_question question = {
	    .cert = &proposal->subject,
	    .profile = motion_of_elector(proposal->motion) ? PROFILE_ELECTOR : PROFILE_ROOT,
	    .level = level,
	    .crypto = crypto,
	};
	struct lint *lint = calloc(1, sizeof(*lint));

	if (lint == NULL) {
		finding_add(findings, FINDING_REFUSED, "LINT", "out of memory");
		return;
	}
	(void)lint_certificate(&question, lint);
	for (size_t k = 0; k < lint->count; k++) {
		char text[360];

		lint_text(&lint->finding[k], text, sizeof(text));
		finding_add(findings, FINDING_REFUSED, "LINT", "the candidate breaks its profile (%s): %s", profile_level_name(level), text);
	}
	free(lint);
}

static void judge_times(const struct proposal *proposal, const struct scms_store *store, scms_time64 now,
			struct findings *findings)
{
	const struct ValidityPeriod *validity = &proposal->subject.c.toBeSigned.validityPeriod;
	bool removes = motion_removes(proposal->motion);

	if (proposal->time > now + store->skew)
		finding_add(findings, FINDING_REFUSED, "TBS_TIME_FUTURE",
			    "the agreed time lies %llu seconds after this machine's clock (rule C7): one of the two clocks is wrong; votes would "
			    "count nowhere until then",
			    (unsigned long long)((proposal->time - now) / TIME64_SECOND));
	else if (proposal->time != 0 && now - proposal->time > 90 * DAY)
		finding_add(findings, FINDING_WARNING, "TBS_TIME_OLD", "the agreed time is %llu days past: an old proposal, or a ballot to join",
			    (unsigned long long)((now - proposal->time) / DAY));
	if (proposal->created > now + store->skew)
		finding_add(findings, FINDING_REFUSED, "CREATED_FUTURE",
			    "the proposal says to have been made %llu seconds from now: one of the two clocks is wrong",
			    (unsigned long long)((proposal->created - now) / TIME64_SECOND));
	if (now >= validity_end(validity))
		finding_add(findings, removes ? FINDING_WARNING : FINDING_REFUSED, "SUBJECT_EXPIRED", "the certificate has expired%s",
			    removes ? "; its removal still keeps it from coming back" : " (rule C5.2)");
	else if (now < validity_start(validity) && !removes)
		finding_add(findings, FINDING_NOTE, "SUBJECT_NOT_YET_VALID", "the certificate is not valid yet; it may be added before it is");
}

/* What the carrying out would meet. */
static void judge_outcome(const struct proposal *proposal, const struct scms_store *store, enum scms_reason outcome,
			  struct findings *findings)
{
	bool removes = motion_removes(proposal->motion);
	bool member = motion_of_elector(proposal->motion) ? elector_find(store, proposal->subject.hash256) >= 0
							  : root_find(store, proposal->subject.hash256) >= 0;

	if (outcome == SCMS_ALREADY)
		finding_add(findings, FINDING_WARNING, "ALREADY", "the trust store here has this carried out already; a further vote may still join");
	else if (outcome == SCMS_QUORUM_NOT_MET)
		finding_add(findings, FINDING_WARNING, "QUORUM_NOT_MET",
			    "even with the votes of all electors who may vote now the quorum is not met");
	else if (outcome != SCMS_APPLIED && outcome != SCMS_TBS_TIME_FUTURE && outcome != SCMS_SUBJECT_EXPIRED)
		finding_add(findings, FINDING_REFUSED, scms_reason_name(outcome), "%s (rule %s)", scms_reason_text(outcome),
			    scms_reason_rule(outcome));
	if (removes && !member && outcome != SCMS_ALREADY)
		finding_add(findings, FINDING_WARNING, "SUBJECT_UNKNOWN",
			    "the trust store here does not have this certificate: it was never added, or this store is not up to date");
	if (!removes && member && outcome == SCMS_APPLIED)
		finding_add(findings, FINDING_NOTE, "JOIN", "the root CA is trusted already: this vote joins those that hold it (rule C9)");
}

void outlook_motion(const struct proposal *proposal, enum profile_level level, const struct scms_store *store, scms_time64 now,
		    enum scms_reason outcome, const struct scms_crypto *crypto, struct findings *findings)
{
	struct scms_verify_request request;
	uint8_t e[48], verdict;

	if (!motion_removes(proposal->motion))
		lint_subject(proposal, level, crypto, findings);
	if (!cert_signature_request(&proposal->subject, NULL, crypto, e, &request)) {
		verdict = SCMS_BAD;
	} else {
		crypto->verify(crypto->ctx, &request, 1, &verdict);
	}
	if (verdict != SCMS_GOOD)
		finding_add(findings, FINDING_REFUSED, "SUBJECT_SIGNATURE", "the certificate's own signature does not verify (rule C5.1)");
	judge_times(proposal, store, now, findings);
	judge_outcome(proposal, store, outcome, findings);
}
