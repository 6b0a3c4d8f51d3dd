/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/ballot.h"

#include "dot2/profile.h"
#include "dot2/validity.h"
#include "trust/effects.h"
#include "trust/members.h"
#include "trust/quorum.h"
#include "trust/tombstone.h"
#include "trust/votes.h"

#include <string.h>

/* What a ballot consists of; 1.2.1 ballots have their certificate in the votes. */
bool ballot_votes(const struct ballot *ballot, struct oer_list *votes, struct scms_slice *certificate)
{
	if (ballot->form == FORM_124) {
		struct ElectorBallot decoded;

		if (oer_decode(&oer_ElectorBallot, ballot->bytes, OER_DEPTH_DEFAULT, &decoded, NULL) != OER_OK)
			return false;
		*votes = decoded.endorsements;
		*certificate = decoded.certificate.raw;
	} else {
		struct ElectorBallot121 decoded;

		if (oer_decode(&oer_ElectorBallot121, ballot->bytes, OER_DEPTH_DEFAULT, &decoded, NULL) != OER_OK)
			return false;
		*votes = decoded.endorsements;
		*certificate = (struct scms_slice){NULL, 0};
	}
	return true;
}

struct oer_iter ballot_iterate(const struct ballot *ballot)
{
	return (struct oer_iter){.rest = {ballot->votes, ballot->votes_bytes}, .left = ballot->vote_count,
				 .stride = ballot->vote_stride, .element = &oer_SignedElectorEndorsement};
}

/* EndorsementType that stands for a motion; the two enumerations have the same values. */
static bool type_is(const struct endorsement *endorsement, enum scms_motion motion)
{
	return endorsement->type == (int32_t)motion;
}

/* All votes sign one identical, canonical TBS (rule C1). */
static bool read_endorsement(const struct ballot *ballot, struct endorsement *endorsement)
{
	struct oer_iter it = ballot_iterate(ballot);
	struct scms_slice bytes, first = {NULL, 0};
	struct vote vote;

	while (oer_next_raw(&it, &bytes)) {
		if (!vote_open(&vote, bytes))
			return false;
		if (first.p == NULL) {
			first = vote.payload;
			if (!endorsement_read(endorsement, ballot->form, first))
				return false;
		} else if (vote.payload.n != first.n || memcmp(vote.payload.p, first.p, first.n) != 0) {
			return false;
		}
	}
	return first.p != NULL;
}

static enum scms_reason read_subject(struct ballot *ballot, const struct endorsement *endorsement,
				     const struct scms_crypto *crypto)
{
	const struct scms_slice certificate = ballot->certificate;
	bool elector = motion_of_elector(ballot->motion);
	struct cert subject;

	if (cert_read(&subject, certificate, crypto, NULL) != OER_OK) {
		/* No judge can use it; its name in the report is the hash of what came. */
		crypto->sha256(crypto->ctx, &certificate, 1, ballot->subject);
		ballot->has_subject = true;
		return SCMS_SUBJECT_PROFILE;
	}
	memcpy(ballot->subject, subject.hash256, 32);
	ballot->has_subject = true;
	if (endorsement->certificate_hash != NULL && memcmp(endorsement->certificate_hash, subject.hash256, 32) != 0)
		return SCMS_SUBJECT_HASH; /* C4 */
	if (elector ? !cert_fits_elector(&subject) : !cert_fits_root(&subject))
		return SCMS_SUBJECT_PROFILE; /* C3 */
	if (certificate.n > (elector ? ELECTOR_CERT_MAX : ROOT_CERT_MAX))
		return SCMS_SUBJECT_PROFILE; /* D8: room is bounded */
	return SCMS_APPLIED;
}

void ballot_read(struct ballot *ballot, const struct scms_limits *limits, const struct scms_crypto *crypto)
{
	struct endorsement endorsement = {0};
	struct oer_list votes;

	ballot->fixed = SCMS_TBS_MISMATCH;
	if (!ballot_votes(ballot, &votes, &ballot->certificate) || votes.bytes.n > UINT32_MAX)
		return;
	ballot->votes = votes.bytes.p;
	ballot->votes_bytes = (uint32_t)votes.bytes.n;
	ballot->vote_count = votes.count;
	ballot->vote_stride = votes.stride;
	if (ballot->vote_count > limits->votes)
		ballot->fixed = SCMS_LIMIT_VOTES;
	if (ballot->vote_count > limits->votes || !read_endorsement(ballot, &endorsement)) {
		/* The subject has its name in the report whatever the votes say. */
		if (ballot->certificate.p != NULL)
			(void)read_subject(ballot, &endorsement, crypto);
		return;
	}
	ballot->time = endorsement.time;
	if (ballot->certificate.p == NULL)
		ballot->certificate = endorsement.certificate;
	ballot->fixed = read_subject(ballot, &endorsement, crypto);
	if (!type_is(&endorsement, ballot->motion))
		ballot->fixed = SCMS_TYPE_MISMATCH; /* C2 */
}

static void ballot_hash(struct ballot *ballot, const struct scms_crypto *crypto, uint8_t hash[32])
{
	crypto->sha256(crypto->ctx, &ballot->bytes, 1, hash);
	memcpy(&ballot->hash_head, hash, sizeof(ballot->hash_head));
	ballot->has_hash = true;
}

/* By the SHA-256 of their bytes, of which the head is kept; few ballots ever come to this. */
static int compare_hashes(struct ballot *a, struct ballot *b, const struct scms_crypto *crypto)
{
	uint8_t left[32], right[32];
	int order;

	if (a->bytes.n == b->bytes.n && memcmp(a->bytes.p, b->bytes.p, a->bytes.n) == 0)
		return 0;
	if (!a->has_hash)
		ballot_hash(a, crypto, left);
	if (!b->has_hash)
		ballot_hash(b, crypto, right);
	order = memcmp(&a->hash_head, &b->hash_head, sizeof(a->hash_head));
	if (order != 0)
		return order;
	ballot_hash(a, crypto, left);
	ballot_hash(b, crypto, right);
	return memcmp(left, right, 32);
}

int ballot_compare(struct ballot *a, struct ballot *b, const struct scms_crypto *crypto)
{
	/* E1.2: removeElector, removeRoot, addElector, addRoot. */
	static const uint8_t rank[] = {
	    [SCMS_REMOVE_ELECTOR] = 0, [SCMS_REMOVE_ROOT] = 1, [SCMS_ADD_ELECTOR] = 2, [SCMS_ADD_ROOT] = 3};
	int order;

	if (a->motion != b->motion)
		return rank[a->motion] < rank[b->motion] ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	order = memcmp(a->subject, b->subject, 32);
	return order != 0 ? order : compare_hashes(a, b, crypto);
}

/* Where a subject stands in the store. */
struct standing {
	int elector, root; /* index, or -1 */
};

static scms_time64 subject_end(const struct cert *subject)
{
	return validity_end(&subject->c.toBeSigned.validityPeriod);
}

/* What speaks against an addition before any vote is looked at (rules C5.2, C7, D1, D4, D8). */
static enum scms_reason addition_precheck(const struct judge *judge, const struct ballot *ballot,
					  const struct cert *subject, const struct standing *at)
{
	const struct scms_store *store = judge->store;
	bool known_root = at->root >= 0;

	if (at->elector >= 0)
		return SCMS_ALREADY;
	if (!known_root && tombstone_bars(store, subject, judge->env.crypto))
		return SCMS_SUBJECT_TOMBSTONED;
	if (!known_root && member_duplicates(store, subject))
		return SCMS_SUBJECT_DUPLICATE;
	if (judge->now >= subject_end(subject))
		return SCMS_SUBJECT_EXPIRED;
	if (ballot->time > judge->now + store->skew)
		return SCMS_TBS_TIME_FUTURE;
	if (!known_root && !member_fits(store, motion_of_elector(ballot->motion), judge->now))
		return SCMS_STORE_FULL;
	return SCMS_APPLIED;
}

/* Likewise a removal (rules C7, D3, D8.3). */
static enum scms_reason removal_precheck(const struct judge *judge, const struct ballot *ballot,
					 const struct cert *subject, const struct standing *at)
{
	const struct scms_store *store = judge->store;
	bool member = at->elector >= 0 || at->root >= 0;

	if (tombstone_find(store, ballot->subject) >= 0)
		return SCMS_ALREADY;
	if (!member && judge->now > subject_end(subject) + TIME64_YEAR)
		return SCMS_SUBJECT_EXPIRED;
	if (ballot->time > judge->now + store->skew)
		return SCMS_TBS_TIME_FUTURE;
	if (!tombstone_fits(store, member))
		return SCMS_TOMBSTONE_FULL;
	return SCMS_APPLIED;
}

static enum scms_reason carry_out(struct judge *judge, const struct ballot *ballot, const struct cert *subject,
				  const struct standing *at, const struct tally *tally, uint8_t m)
{
	const struct scms_slice bytes = ballot->certificate;
	struct scms_store *store = judge->store;

	switch (ballot->motion) {
	case SCMS_ADD_ELECTOR:
		elector_add(store, subject, bytes, judge->now);
		return SCMS_APPLIED;
	case SCMS_ADD_ROOT:
		if (at->root < 0) {
			root_add(store, subject, bytes, m, tally->counted, false);
			return SCMS_APPLIED;
		}
		if (!(tally->counted & ~store->roots[at->root].endorsers))
			return SCMS_ALREADY; /* D2: nobody new is among those who count */
		root_endorse(store, (uint32_t)at->root, tally->counted);
		return SCMS_APPLIED;
	case SCMS_REMOVE_ELECTOR:
		elector_bury(store, subject, at->elector, ballot->time, judge->env.crypto);
		return SCMS_APPLIED;
	default:
		root_bury(store, subject, at->root, ballot->time, judge->now, judge->env.crypto);
		return SCMS_APPLIED;
	}
}

/* Counts the votes and carries the motion out if they reach the quorum. */
static enum scms_reason vote_on(struct ballot *ballot, struct judge *judge, const struct cert *subject,
				const struct standing *at, struct scms_ballot_report *report)
{
	struct scms_store *store = judge->store;
	bool member = at->elector >= 0 || at->root >= 0;
	uint64_t known = ballot->motion == SCMS_ADD_ROOT && at->root >= 0 ? store->roots[at->root].endorsers : 0;
	uint8_t m = (uint8_t)report->quorum;
	enum scms_reason outcome;
	struct tally tally;

	if (ballot->subject_state == 1 + SCMS_BAD)
		return SCMS_SUBJECT_SIGNATURE;
	votes_sort_out(ballot, judge, known, &tally);
	if (at->root >= 0 && ballot->motion == SCMS_ADD_ROOT && !tally.others)
		return SCMS_ALREADY; /* D2 */
	/* Ballots of strangers cost no curve operation, not even for their subject. */
	if (votes_may_count(judge, &tally) && !votes_check(ballot, judge, member ? NULL : subject, &tally))
		return SCMS_SUBJECT_SIGNATURE; /* C5.1; a member's was verified when it came in */
	if (judge->failed)
		return SCMS_QUORUM_NOT_MET;
	report->votes = judge->votes;
	report->vote_count = tally.votes;
	report->counted = (uint32_t)__builtin_popcountll(tally.counted);
	if (report->counted < m) {
		report->alarm = report->counted > 0; /* C6: a minority moves nothing, not even the signed time */
		return SCMS_QUORUM_NOT_MET;
	}
	outcome = carry_out(judge, ballot, subject, at, &tally, m);
	if (outcome == SCMS_APPLIED && tally.newest > store->votes_time) {
		store->votes_time = tally.newest; /* G6 */
		store_touch(store);
	}
	return outcome;
}

void ballot_judge(struct ballot *ballot, struct judge *judge, struct scms_ballot_report *report)
{
	const struct scms_store *store = judge->store;
	struct standing at = {-1, -1};
	struct cert subject;

	*report = (struct scms_ballot_report){
	    .carrier = ballot->carrier,
	    .index = ballot->index,
	    .motion = ballot->motion,
	    .has_subject = ballot->has_subject,
	    .outcome = ballot->fixed,
	    .quorum = quorum_in_force(store, judge->now, NULL),
	};
	memcpy(report->subject, ballot->subject, 32);
	if (ballot->fixed != SCMS_APPLIED)
		return;
	if (motion_of_elector(ballot->motion))
		at.elector = elector_find(store, ballot->subject);
	else
		at.root = root_find(store, ballot->subject);
	/* A ballot met again costs a look at the store, no more (rules D1, D3). */
	if ((ballot->motion == SCMS_ADD_ELECTOR && at.elector >= 0) ||
	    (motion_removes(ballot->motion) && tombstone_find(store, ballot->subject) >= 0)) {
		report->outcome = SCMS_ALREADY;
	} else if (cert_read(&subject, ballot->certificate, judge->env.crypto, NULL) != OER_OK) {
		report->outcome = SCMS_SUBJECT_PROFILE;
	} else {
		report->outcome = motion_removes(ballot->motion) ? removal_precheck(judge, ballot, &subject, &at)
								 : addition_precheck(judge, ballot, &subject, &at);
		if (report->outcome == SCMS_APPLIED)
			report->outcome = vote_on(ballot, judge, &subject, &at, report);
	}
	ballot->settled = report->outcome == SCMS_APPLIED || report->outcome == SCMS_ALREADY;
}
