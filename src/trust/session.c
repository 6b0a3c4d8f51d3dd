/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session: rounds of removals, additions and policy until nothing changes, then chain file, own certificates and CRLs
 * (trust rule E1).
 */
#include "dot2/validity.h"
#include "trust/ballot.h"
#include "trust/chain_file.h"
#include "trust/crl_file.h"
#include "trust/crl_store.h"
#include "trust/own.h"
#include "trust/policy.h"
#include "trust/quorum.h"
#include "trust/tombstone.h"

#include <string.h>

struct crl_entry {
	struct scms_slice bytes;
	uint32_t rank; /* order of judgement (rule E1.3) */
	scms_time32 date;
	bool delta;
};

struct run {
	struct scms_store *store;
	const struct scms_session *session;
	const struct scms_report *report;
	struct trust_env env;
	scms_time64 now;
	struct judge judge;
	struct source source;

	bool has_policy, has_crl, has_chain, has_history, refused;
	bool policy_settled;
	enum scms_reason policy_outcome;
	struct policy_file policy;
	struct crl_file crl;
	struct chain_file chain;
	struct BallotHistory history;

	struct ballot *ballots;
	struct ballot **order;
	uint32_t ballot_count;
	uint8_t *states; /* of votes: those not taken yet */
	size_t states_left;
	struct crl_entry *crl_entries;
};

/* ---- refusing files ---- */

static enum scms_reason refusal_reason(enum oer_status status)
{
	if (status == OER_NOT_CANONICAL)
		return SCMS_NOT_CANONICAL;
	return status == OER_DEPTH ? SCMS_LIMIT_DEPTH : SCMS_MALFORMED;
}

static void refuse(struct run *run, enum scms_file file, uint32_t index, enum scms_reason reason, const struct oer_error *err)
{
	struct scms_refusal refusal = {
	    .file = file,
	    .index = index,
	    .reason = reason,
	    .offset = err != NULL ? err->offset : 0,
	    .path = err != NULL ? err->path : "",
	    .expected = err != NULL ? err->expected : "",
	    .found = err != NULL ? err->found : "",
	};

	run->refused = true;
	if (run->report->refused != NULL)
		run->report->refused(run->report->ctx, &refusal);
}

static bool within(struct run *run, enum scms_file file, size_t n, size_t limit, enum scms_reason reason)
{
	if (n <= limit)
		return true;
	refuse(run, file, 0, reason, NULL);
	return false;
}

/* ---- reading files ---- */

static void read_policy(struct run *run)
{
	struct oer_error err;
	enum oer_status status;

	if (run->session->policy.p == NULL ||
	    !within(run, SCMS_FILE_POLICY, run->session->policy.n, run->store->limits.policy_bytes, SCMS_LIMIT_BYTES))
		return;
	status = policy_file_read(&run->policy, run->session->policy, run->env.crypto, &err);
	if (status != OER_OK)
		refuse(run, SCMS_FILE_POLICY, 0, refusal_reason(status), &err);
	run->has_policy = status == OER_OK;
}

static void read_crl(struct run *run)
{
	const struct scms_limits *limits = &run->store->limits;
	struct oer_error err;
	enum oer_status status;

	if (run->session->crl.p == NULL ||
	    !within(run, SCMS_FILE_CRL, run->session->crl.n, limits->crl_bytes, SCMS_LIMIT_BYTES))
		return;
	status = crl_file_read(&run->crl, run->session->crl, &err);
	if (status != OER_OK) {
		refuse(run, SCMS_FILE_CRL, 0, refusal_reason(status), &err);
		return;
	}
	run->has_crl = within(run, SCMS_FILE_CRL, run->crl.root_ballots.count, limits->ballots, SCMS_LIMIT_BALLOTS) &&
		       within(run, SCMS_FILE_CRL, run->crl.elector_ballots.count, limits->ballots, SCMS_LIMIT_BALLOTS) &&
		       within(run, SCMS_FILE_CRL, run->crl.crls.count, CRL_FILE_CRLS_MAX, SCMS_LIMIT_BALLOTS);
}

static void read_chain(struct run *run)
{
	const struct scms_limits *limits = &run->store->limits;
	struct oer_error err;
	enum oer_status status;

	if (run->session->chain.p == NULL ||
	    !within(run, SCMS_FILE_CHAIN, run->session->chain.n, limits->chain_bytes, SCMS_LIMIT_BYTES))
		return;
	status = chain_file_read(&run->chain, run->session->chain, &err);
	if (status != OER_OK) {
		refuse(run, SCMS_FILE_CHAIN, 0, refusal_reason(status), &err);
		return;
	}
	run->has_chain =
	    within(run, SCMS_FILE_CHAIN, run->chain.root_ballots.count, limits->ballots, SCMS_LIMIT_BALLOTS) &&
	    within(run, SCMS_FILE_CHAIN, run->chain.elector_ballots.count, limits->ballots, SCMS_LIMIT_BALLOTS) &&
	    within(run, SCMS_FILE_CHAIN, (size_t)run->chain.certs.count + run->chain.optional.count, limits->certificates,
		   SCMS_LIMIT_CERTIFICATES);
}

static void read_history(struct run *run)
{
	const struct scms_limits *limits = &run->store->limits;
	struct oer_error err;
	enum oer_status status;

	if (run->session->history.p == NULL ||
	    !within(run, SCMS_FILE_HISTORY, run->session->history.n, limits->history_bytes, SCMS_LIMIT_BYTES))
		return;
	status = oer_decode(&oer_BallotHistory, run->session->history, OER_DEPTH_DEFAULT, &run->history, &err);
	if (status != OER_OK) {
		refuse(run, SCMS_FILE_HISTORY, 0, refusal_reason(status), &err);
		return;
	}
	run->has_history =
	    within(run, SCMS_FILE_HISTORY, run->history.entries.count, limits->history_entries, SCMS_LIMIT_BALLOTS);
}

/* ---- work memory ---- */

struct work {
	uint8_t *at;
	size_t left;
};

static void *work_take(struct work *work, size_t bytes)
{
	void *taken = work->at;

	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes > work->left)
		return NULL;
	work->at += bytes;
	work->left -= bytes;
	return taken;
}

/*
 * A vote that can count takes as many bytes at least: 41 of its endorsement, a signature, and what is around them. So the
 * size of a file bounds the votes in it that are looked into.
 */
#define VOTE_BYTES_MIN 64

/* What the files of a session have at most. */
struct amounts {
	size_t ballots, votes;
	bool crls;
};

static void amounts_add(struct amounts *amounts, size_t ballots, size_t bytes, const struct scms_limits *limits)
{
	size_t votes = bytes / VOTE_BYTES_MIN;

	amounts->ballots += ballots;
	amounts->votes += votes < ballots * limits->votes ? votes : ballots * limits->votes;
}

static struct amounts amounts_found(const struct run *run)
{
	const struct scms_limits *limits = &run->store->limits;
	const struct scms_session *session = run->session;
	struct amounts amounts = {.crls = run->has_crl};

	if (run->has_crl)
		amounts_add(&amounts, (size_t)run->crl.root_ballots.count + run->crl.elector_ballots.count, session->crl.n, limits);
	if (run->has_chain)
		amounts_add(&amounts, (size_t)run->chain.root_ballots.count + run->chain.elector_ballots.count, session->chain.n,
			    limits);
	if (run->has_history)
		amounts_add(&amounts, run->history.entries.count, session->history.n, limits);
	return amounts;
}

/* The CRLs are sorted when all ballots have been judged, in the same memory. */
static size_t work_needed(const struct amounts *amounts, const struct scms_limits *limits)
{
	size_t ballots = amounts->ballots * (sizeof(struct ballot) + sizeof(struct ballot *)) + amounts->votes +
			 limits->votes * sizeof(struct scms_vote_report);
	size_t crls = amounts->crls ? CRL_FILE_CRLS_MAX * sizeof(struct crl_entry) : 0;

	return (ballots > crls ? ballots : crls) + 64;
}

size_t scms_session_work_size(const struct scms_store *store, const struct scms_session *session)
{
	const struct scms_limits *limits = &store->limits;
	struct amounts amounts = {.crls = session->crl.p != NULL};

	if (session->crl.p != NULL)
		amounts_add(&amounts, 2 * (size_t)limits->ballots, session->crl.n, limits);
	if (session->chain.p != NULL)
		amounts_add(&amounts, 2 * (size_t)limits->ballots, session->chain.n, limits);
	if (session->history.p != NULL)
		amounts_add(&amounts, limits->history_entries, session->history.n, limits);
	return work_needed(&amounts, limits);
}

/* ---- collecting ballots ---- */

static void add_ballot(struct run *run, const struct ballot *ballot)
{
	struct ballot *to = &run->ballots[run->ballot_count];

	*to = *ballot;
	ballot_read(to, &run->store->limits, run->env.crypto);
	run->order[run->ballot_count++] = to;
	if (to->fixed != SCMS_APPLIED)
		return; /* its votes are never looked into */
	if (to->vote_count > run->states_left) {
		to->fixed = SCMS_LIMIT_VOTES; /* VOTE_BYTES_MIN says that there is room */
		return;
	}
	to->vote_states = run->states;
	memset(to->vote_states, 0, to->vote_count);
	run->states += to->vote_count;
	run->states_left -= to->vote_count;
}

static void add_list(struct run *run, const struct oer_list *list, enum ballot_form form, enum scms_carrier carrier,
		     enum scms_motion motion)
{
	struct ballot ballot = {.form = form, .carrier = carrier, .motion = motion};
	struct oer_iter it = oer_iterate(list);

	while (oer_next_raw(&it, &ballot.bytes)) {
		add_ballot(run, &ballot);
		ballot.index++;
	}
}

static void add_history(struct run *run)
{
	struct ballot ballot = {.carrier = SCMS_HISTORY};
	struct oer_iter it = oer_iterate(&run->history.entries);
	struct BallotHistoryEntry entry;

	for (; oer_next(&it, &entry); ballot.index++) {
		ballot.motion = (enum scms_motion)entry.type;
		if (entry.ballot.choice == BallotHistoryEntry_ballot_is_camp124) {
			ballot.form = FORM_124;
			ballot.bytes = entry.ballot.u.camp124.raw;
		} else if (entry.ballot.choice == BallotHistoryEntry_ballot_is_camp121) {
			ballot.form = FORM_121;
			ballot.bytes = entry.ballot.u.camp121.raw;
		} else {
			continue; /* a form of tomorrow */
		}
		if (entry.type < 0 || entry.type > SCMS_REMOVE_ELECTOR)
			continue; /* a motion of tomorrow */
		add_ballot(run, &ballot);
	}
}

static void collect_ballots(struct run *run)
{
	if (run->has_crl) {
		add_list(run, &run->crl.elector_ballots, run->crl.form, SCMS_REVOKED_ELECTORS, SCMS_REMOVE_ELECTOR);
		add_list(run, &run->crl.root_ballots, run->crl.form, SCMS_REVOKED_ROOT_CAS, SCMS_REMOVE_ROOT);
	}
	if (run->has_chain) {
		add_list(run, &run->chain.elector_ballots, run->chain.form, SCMS_ELECTOR_ENDORSEMENTS, SCMS_ADD_ELECTOR);
		add_list(run, &run->chain.root_ballots, run->chain.form, SCMS_ROOT_CA_ENDORSEMENTS, SCMS_ADD_ROOT);
	}
	if (run->has_history)
		add_history(run);
}

/* Heap sort: in place, bounded stack, no allocation. */
static void sift_down(struct ballot **order, size_t at, size_t n, const struct scms_crypto *crypto)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct ballot *swap;

		if (child >= n)
			return;
		if (child + 1 < n && ballot_compare(order[child], order[child + 1], crypto) < 0)
			child++;
		if (ballot_compare(order[at], order[child], crypto) >= 0)
			return;
		swap = order[at];
		order[at] = order[child];
		order[child] = swap;
		at = child;
	}
}

static void sort_ballots(struct ballot **order, size_t n, const struct scms_crypto *crypto)
{
	for (size_t k = n / 2; k-- > 0;)
		sift_down(order, k, n, crypto);
	for (size_t k = n; k > 1; k--) {
		struct ballot *swap = order[0];

		order[0] = order[k - 1];
		order[k - 1] = swap;
		sift_down(order, 0, k - 1, crypto);
	}
}

/* ---- rounds ---- */

/* One round; true when something was carried out. */
static bool judge_round(struct run *run, uint32_t round)
{
	bool changed = false;

	for (uint32_t k = 0; k < run->ballot_count && !run->judge.failed; k++) {
		struct ballot *ballot = run->order[k];
		const bool settled = ballot->settled;
		struct scms_ballot_report report;

		/* A root's ballot may hold votes of electors that came in since (rules A3, D2). */
		if (settled && ballot->motion != SCMS_ADD_ROOT)
			continue;
		ballot_judge(ballot, &run->judge, &report);
		if (run->judge.failed)
			return false;
		if (settled && report.outcome != SCMS_APPLIED) {
			ballot->settled = true;
			continue;
		}
		report.round = round;
		changed |= report.outcome == SCMS_APPLIED;
		if (run->report->ballot != NULL)
			run->report->ballot(run->report->ctx, &report);
	}
	if (run->has_policy && !run->policy_settled && !run->judge.failed) {
		run->source.quorum = quorum_in_force(run->store, run->now, NULL);
		run->policy_outcome =
		    policy_file_judge(run->store, &run->policy, &run->source, run->now, &run->judge.verified);
		run->judge.failed = run->policy_outcome == SCMS_REASON_FAILED;
		run->policy_settled = run->policy_outcome == SCMS_ACCEPTED || run->policy_outcome == SCMS_UNCHANGED;
		changed |= run->policy_outcome == SCMS_ACCEPTED;
	}
	return changed;
}

static void judge_rounds(struct run *run)
{
	uint32_t most = run->ballot_count + 2;

	for (uint32_t round = 1; round <= most; round++)
		if (!judge_round(run, round))
			break;
	if (run->has_policy && run->report->policy != NULL)
		run->report->policy(run->report->ctx, run->policy_outcome);
}

/* ---- after the rounds ---- */

static void apply_chain(struct run *run)
{
	enum scms_reason outcome;

	if (!run->has_chain)
		return;
	outcome = chain_file_apply(run->store, &run->chain, run->session->chain, run->now, run->env);
	if (outcome == SCMS_REASON_FAILED)
		run->judge.failed = true;
	else if (run->report->chain != NULL)
		run->report->chain(run->report->ctx, outcome, run->chain.version);
}

static bool crl_entry_before(const struct crl_entry *a, const struct crl_entry *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->date != b->date)
		return a->date < b->date;
	return !a->delta && b->delta;
}

/* CRLs in the order of rule E1.3; those that cannot be read last. */
static uint32_t sort_crls(struct run *run, struct crl_entry *entries)
{
	struct oer_iter it = oer_iterate(&run->crl.crls);
	struct crl_entry entry;
	uint32_t n = 0;

	while (oer_next_raw(&it, &entry.bytes)) {
		struct crl crl;
		uint32_t at = n++;

		entry.rank = UINT32_MAX;
		entry.date = 0;
		entry.delta = false;
		if (crl_read(&crl, entry.bytes, NULL) == OER_OK) {
			/* Series 256 lists those who sign the others. */
			entry.rank = crl.contents.crlSeries == 256 ? 0 : 1u + crl.contents.crlSeries;
			entry.date = crl.contents.issueDate;
			entry.delta = crl_is_delta(&crl);
		}
		for (; at > 0 && crl_entry_before(&entry, &entries[at - 1]); at--)
			entries[at] = entries[at - 1];
		entries[at] = entry;
	}
	return n;
}

static void apply_crls(struct run *run)
{
	struct crl_entry *entries = run->crl_entries;
	static const uint8_t nobody[8];
	uint32_t n;

	if (!run->has_crl)
		return;
	run->source.quorum = quorum_in_force(run->store, run->now, NULL);
	n = sort_crls(run, entries);
	for (uint32_t k = 0; k < n && !run->judge.failed; k++) {
		enum scms_reason outcome = SCMS_MALFORMED;
		bool readable;
		struct crl crl;

		readable = crl_read(&crl, entries[k].bytes, NULL) == OER_OK;
		if (readable)
			outcome = crl_judge(run->store, &crl, &run->source, run->now, &run->judge.verified);
		if (outcome == SCMS_REASON_FAILED)
			run->judge.failed = true;
		else if (run->report->crl != NULL)
			run->report->crl(run->report->ctx, readable ? crl.contents.cracaId : nobody,
					 readable ? crl.contents.crlSeries : 0, outcome);
	}
}

static bool source_prepare(struct run *run)
{
	if (!source_open(&run->source, run->store, run->env, run->now))
		return false;
	run->source.certificates = run->session->certificates;
	run->source.certificate_count = run->session->certificate_count;
	/* They are at hand in the next session, so they are in this one (rule A3). */
	run->source.own = run->session->own;
	run->source.own_count = run->session->own_count;
	/* Whatever becomes of the file's version, its certificates are candidates (rule B8). */
	if (run->has_chain)
		source_add_chain_file(&run->source, &run->chain);
	return true;
}

static void run_session(struct run *run)
{
	if (!source_prepare(run)) {
		run->judge.failed = true;
		return;
	}
	collect_ballots(run);
	sort_ballots(run->order, run->ballot_count, run->env.crypto);
	judge_rounds(run);
	if (!run->judge.failed)
		apply_chain(run);
	if (!run->judge.failed)
		run->judge.failed = !own_apply(run->store, run->session, &run->source, run->now, run->report, &run->refused);
	if (!run->judge.failed)
		apply_crls(run);
	if (!run->judge.failed)
		tombstones_expire(run->store, run->now);
}

static bool lay_out_work(struct run *run, void *memory, size_t size)
{
	const struct scms_limits *limits = &run->store->limits;
	struct work work = {memory, size};
	struct amounts amounts = amounts_found(run);

	if (size < work_needed(&amounts, limits))
		return false;
	run->ballots = work_take(&work, amounts.ballots * sizeof(struct ballot));
	run->order = work_take(&work, amounts.ballots * sizeof(struct ballot *));
	run->judge.votes = work_take(&work, limits->votes * sizeof(struct scms_vote_report));
	run->states = work_take(&work, amounts.votes);
	run->states_left = amounts.votes;
	run->crl_entries = memory;
	return run->ballots != NULL && run->order != NULL && run->judge.votes != NULL && run->states != NULL;
}

struct scms_session_result scms_store_apply(struct scms_store *store, const struct scms_session *session, scms_time64 now,
					    const struct scms_crypto *crypto, const struct scms_objects *objects, void *work,
					    size_t work_size, const struct scms_report *report)
{
	struct trust_env env = {crypto, objects};
	struct run run = {
	    .store = store, .session = session, .report = report, .env = env, .now = now,
	    .judge = {.store = store, .now = now, .env = env},
	};
	struct scms_session_result result = {.status = SCMS_SESSION_DONE};
	uint64_t generation = store->generation;

	if (now + store->skew < store_signed_time(store)) {
		result.status = SCMS_SESSION_CLOCK_BACK; /* G6 */
		return result;
	}
	read_policy(&run);
	read_crl(&run);
	read_chain(&run);
	read_history(&run);
	if (!lay_out_work(&run, work, work_size)) {
		result.status = SCMS_SESSION_NO_ROOM;
		return result;
	}
	run_session(&run);
	if (run.judge.failed)
		result.status = SCMS_SESSION_FAILED;
	result.changed = store->generation != generation;
	result.refused = run.refused;
	result.quorum = quorum_in_force(store, now, NULL);
	result.verified = run.judge.verified;
	return result;
}
