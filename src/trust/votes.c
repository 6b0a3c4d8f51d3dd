/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/votes.h"

#include "dot2/validity.h"
#include "trust/members.h"
#include "trust/tombstone.h"

#include <string.h>

/* Reason of a vote whose signature is still to be checked; never leaves this file. */
#define VOTE_OPEN SCMS_REASON_FAILED

/* A vote state: 0 unchecked, else 1 + 2 * endorser place + (1 if good). The place ties it to one elector. */
static uint8_t vote_state(uint8_t place, bool good)
{
	return (uint8_t)(1 + 2 * place + (good ? 1 : 0));
}

static void name_elector(struct scms_vote_report *report, const struct elector *elector)
{
	memcpy(report->elector, elector->identity, 32);
	report->elector_bytes = 32;
}

/* Index of the elector that a vote is from; -1 with the reason in the report. */
static int vote_elector(const struct vote *vote, const struct judge *judge, struct scms_vote_report *report)
{
	const struct scms_store *store = judge->store;
	struct vote_signer signer;
	int elector, buried;

	vote_signer(vote, judge->env.crypto, &signer);
	report->reason = SCMS_VOTER_UNKNOWN;
	if (!signer.named)
		return -1;
	elector = signer.by_certificate ? elector_find(store, signer.identity) : elector_find_id8(store, signer.id8);
	if (elector >= 0) {
		name_elector(report, &store->electors[elector]);
		return elector;
	}
	memcpy(report->elector, signer.id8, 8);
	report->elector_bytes = 8;
	buried = signer.by_certificate ? tombstone_find(store, signer.identity)
				       : tombstone_find_id8(store, signer.id8, SCMS_REMOVE_ELECTOR);
	if (buried >= 0 && store->tombstones[buried].motion == SCMS_REMOVE_ELECTOR)
		report->reason = SCMS_VOTER_REVOKED;
	return -1;
}

/* May this elector vote now, and does the vote's header allow it? */
static enum scms_reason vote_precheck(const struct vote *vote, const struct judge *judge, uint32_t elector,
				      const struct ballot *ballot)
{
	const struct ValidityPeriod *validity;
	struct Certificate cert;

	if (oer_decode(&oer_Certificate, elector_bytes(&judge->store->electors[elector]), OER_DEPTH_DEFAULT, &cert, NULL) !=
	    OER_OK)
		return SCMS_VOTER_UNKNOWN;
	validity = &cert.toBeSigned.validityPeriod;
	/* B2 */
	if (judge->now < validity_start(validity))
		return SCMS_VOTER_NOT_YET_VALID;
	if (judge->now >= validity_end(validity))
		return SCMS_VOTER_EXPIRED;
	/* B6 */
	if (memcmp(judge->store->electors[elector].identity, ballot->subject, 32) == 0)
		return SCMS_VOTER_IS_SUBJECT;
	return vote_header(vote, validity, judge->now, judge->store->skew);
}

void votes_sort_out(const struct ballot *ballot, struct judge *judge, uint64_t known, struct tally *tally)
{
	struct scms_slice bytes;
	uint8_t failed[ENDORSERS_MAX] = {0}; /* checks that an elector's votes have failed in earlier rounds */
	struct oer_iter it = ballot_iterate(ballot);
	struct vote vote;

	*tally = (struct tally){0};
	for (size_t k = 0; oer_next_raw(&it, &bytes); k++) {
		struct scms_vote_report *report = &judge->votes[k];
		uint8_t state = ballot->vote_states[k], place;
		int elector;

		*report = (struct scms_vote_report){.reason = SCMS_VOTER_UNKNOWN};
		tally->votes = k + 1;
		if (!vote_open(&vote, bytes))
			continue;
		elector = vote_elector(&vote, judge, report);
		if (elector < 0)
			continue;
		place = judge->store->electors[elector].endorser;
		if (known >> place & 1) {
			report->reason = tally->counted >> place & 1 ? SCMS_VOTER_DUPLICATE : SCMS_COUNTED;
			tally->counted |= UINT64_C(1) << place;
			continue;
		}
		tally->others = true;
		report->reason = vote_precheck(&vote, judge, (uint32_t)elector, ballot);
		if (report->reason != SCMS_COUNTED)
			continue;
		report->reason = VOTE_OPEN;
		if (state == vote_state(place, false)) {
			report->reason = SCMS_VOTE_SIGNATURE;
			failed[place]++;
		} else if (failed[place] >= VOTE_TRIES_MAX) {
			report->reason = SCMS_VOTER_DUPLICATE;
		}
	}
}

bool votes_may_count(const struct judge *judge, const struct tally *tally)
{
	if (tally->counted != 0)
		return true;
	for (size_t k = 0; k < tally->votes; k++)
		if (judge->votes[k].reason == VOTE_OPEN)
			return true;
	return false;
}

/* Requests of one batch: at most one vote of each elector, and the subject's own signature. */
struct batch {
	struct scms_verify_request request[MEMBERS_MAX + 1];
	uint8_t digest[MEMBERS_MAX + 1][48];
	uint8_t verdict[MEMBERS_MAX + 1];
	size_t vote[MEMBERS_MAX + 1]; /* which vote the request is for */
	scms_time64 time[MEMBERS_MAX + 1];
	uint8_t place[MEMBERS_MAX + 1];
	size_t n;
};

/* Puts a vote into the batch; false where its signature cannot fit the elector's key. */
static bool batch_vote(struct batch *batch, const struct judge *judge, uint32_t elector, size_t k, const struct vote *vote)
{
	const struct scms_crypto *crypto = judge->env.crypto;
	struct scms_verify_request *request = &batch->request[batch->n];
	const struct scms_key *key;
	struct cert cert;

	if (!elector_cert(judge->store, elector, crypto, &cert) ||
	    !signed_data_request(&vote->data, &cert, crypto, batch->digest[batch->n], request))
		return false;
	/* request points into cert's certificate, which lies in the store. */
	key = crypto->key(crypto->ctx, &request->u.point);
	if (key != NULL) {
		request->signer = SCMS_SIGNER_KEY;
		request->u.key = key;
	}
	batch->vote[batch->n] = k;
	batch->time[batch->n] = vote->data.tbsData.headerInfo.generationTime;
	batch->place[batch->n] = judge->store->electors[elector].endorser;
	batch->n++;
	return true;
}

/* Counts a vote, and says of the same elector's later ones that they are not looked at. */
static void vote_count(struct judge *judge, struct tally *tally, size_t k, uint8_t place, scms_time64 time)
{
	struct scms_vote_report *votes = judge->votes;

	votes[k].reason = SCMS_COUNTED;
	tally->counted |= UINT64_C(1) << place;
	if (time > tally->newest)
		tally->newest = time;
	for (size_t later = 0; later < tally->votes; later++) {
		if (votes[later].elector_bytes != 32 || memcmp(votes[later].elector, votes[k].elector, 32) != 0)
			continue;
		if (votes[later].reason == VOTE_OPEN || (later > k && votes[later].reason >= SCMS_VOTE_HEADER))
			votes[later].reason = SCMS_VOTER_DUPLICATE;
	}
}

/* Fills the batch with the first open vote of each elector; votes known good from an earlier round count at once. */
static void batch_fill(struct batch *batch, const struct ballot *ballot, struct judge *judge, struct tally *tally)
{
	struct oer_iter it = ballot_iterate(ballot);
	struct scms_slice bytes;
	uint64_t taken = 0;
	struct vote vote;

	for (size_t k = 0; oer_next_raw(&it, &bytes); k++) {
		struct scms_vote_report *report = &judge->votes[k];
		uint8_t place;
		int elector;

		if (report->reason != VOTE_OPEN || !vote_open(&vote, bytes))
			continue;
		elector = elector_find(judge->store, report->elector);
		if (elector < 0)
			continue;
		place = judge->store->electors[elector].endorser;
		if (taken >> place & 1)
			continue;
		if (ballot->vote_states[k] == vote_state(place, true)) {
			vote_count(judge, tally, k, place, vote.data.tbsData.headerInfo.generationTime);
			taken |= UINT64_C(1) << place;
		} else if (batch_vote(batch, judge, (uint32_t)elector, k, &vote)) {
			taken |= UINT64_C(1) << place;
		} else {
			report->reason = SCMS_VOTE_SIGNATURE;
		}
	}
}

/* Verdict of the subject's own signature, which is the batch's last request where has_subject. */
static bool subject_settle(struct ballot *ballot, const struct batch *batch, bool has_subject)
{
	if (has_subject)
		ballot->subject_state = (uint8_t)(1 + batch->verdict[batch->n - 1]);
	return ballot->subject_state != 1 + SCMS_BAD;
}

static void batch_settle(struct batch *batch, size_t n, struct ballot *ballot, struct judge *judge, struct tally *tally)
{
	for (size_t next = 0; next < n; next++) {
		const size_t k = batch->vote[next];
		const bool good = batch->verdict[next] == SCMS_GOOD;

		ballot->vote_states[k] = vote_state(batch->place[next], good);
		if (good)
			vote_count(judge, tally, k, batch->place[next], batch->time[next]);
		else
			judge->votes[k].reason = SCMS_VOTE_SIGNATURE;
	}
}

bool votes_check(struct ballot *ballot, struct judge *judge, const struct cert *subject, struct tally *tally)
{
	const struct scms_crypto *crypto = judge->env.crypto;

	for (unsigned try = 0; try < VOTE_TRIES_MAX; try++) {
		bool has_subject = false;
		struct batch batch;
		size_t votes;

		batch.n = 0;
		batch_fill(&batch, ballot, judge, tally);
		votes = batch.n;
		if (try == 0 && subject != NULL && ballot->subject_state == 0) {
			if (!cert_signature_request(subject, NULL, crypto, batch.digest[batch.n], &batch.request[batch.n])) {
				ballot->subject_state = 1 + SCMS_BAD;
				return false;
			}
			has_subject = true;
			batch.n++;
		}
		if (batch.n == 0)
			break;
		crypto->verify(crypto->ctx, batch.request, batch.n, batch.verdict);
		judge->verified += (uint32_t)batch.n;
		for (size_t k = 0; k < batch.n; k++)
			if (batch.verdict[k] == SCMS_FAILED)
				judge->failed = true;
		if (judge->failed)
			return true;
		batch_settle(&batch, votes, ballot, judge, tally);
		if (!subject_settle(ballot, &batch, has_subject))
			return false;
	}
	/* Four tries are used up (rule A5.3). */
	for (size_t k = 0; k < tally->votes; k++)
		if (judge->votes[k].reason == VOTE_OPEN)
			judge->votes[k].reason = SCMS_VOTER_DUPLICATE;
	return true;
}
