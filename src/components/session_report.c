/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's report, collected, as JSON and in words.
 */
#include "session_report.h"

#include <stdlib.h>
#include <string.h>

struct ballot_entry {
	struct scms_ballot_report ballot;
	struct scms_vote_report *votes;
};

struct session_report {
	struct scms_report table;
	const struct scms_store *store;
	scms_time64 now;
	struct ballot_entry *ballots;
	size_t ballot_count;
	bool has_policy, has_chain;
	enum scms_reason policy, chain;
	uint16_t chain_version;
	json_t *crls, *own, *refused;
	bool failed; /* no memory for all of it */
};

static const char *const carrier_names[] = {
    [SCMS_REVOKED_ELECTORS] = "revokedElectors",
    [SCMS_REVOKED_ROOT_CAS] = "revokedRootCAs",
    [SCMS_ELECTOR_ENDORSEMENTS] = "electorEndorsements",
    [SCMS_ROOT_CA_ENDORSEMENTS] = "rootCAEndorsements",
    [SCMS_HISTORY] = "history",
};

static const char *const motion_names[] = {
    [SCMS_ADD_ROOT] = "addRoot",
    [SCMS_ADD_ELECTOR] = "addElector",
    [SCMS_REMOVE_ROOT] = "removeRoot",
    [SCMS_REMOVE_ELECTOR] = "removeElector",
};

static const char *const file_names[] = {
    [SCMS_FILE_POLICY] = "policy",   [SCMS_FILE_CRL] = "crl", [SCMS_FILE_CHAIN] = "chain",
    [SCMS_FILE_HISTORY] = "history", [SCMS_FILE_OWN] = "own", [SCMS_FILE_CERT] = "cert",
};

json_t *json_hex(const uint8_t *bytes, size_t n)
{
	char text[2 * 64 + 1] = "";

	for (size_t k = 0; k < n && k < 64; k++)
		snprintf(text + 2 * k, 3, "%02x", bytes[k]);
	return json_string(text);
}

static struct ballot_entry *entry_of(struct session_report *report, const struct scms_ballot_report *ballot)
{
	struct ballot_entry *grown;

	for (size_t k = report->ballot_count; k-- > 0;)
		if (report->ballots[k].ballot.carrier == ballot->carrier && report->ballots[k].ballot.index == ballot->index)
			return &report->ballots[k];
	grown = realloc(report->ballots, (report->ballot_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	report->ballots = grown;
	grown[report->ballot_count] = (struct ballot_entry){0};
	return &grown[report->ballot_count++];
}

static void on_ballot(void *ctx, const struct scms_ballot_report *ballot)
{
	struct session_report *report = ctx;
	struct ballot_entry *entry = entry_of(report, ballot);

	if (entry == NULL) {
		report->failed = true;
		return;
	}
	free(entry->votes);
	entry->ballot = *ballot;
	entry->votes = NULL;
	if (ballot->vote_count > 0) {
		entry->votes = calloc(ballot->vote_count, sizeof(*entry->votes));
		if (entry->votes == NULL) {
			entry->ballot.vote_count = 0;
			report->failed = true;
			return;
		}
		memcpy(entry->votes, ballot->votes, ballot->vote_count * sizeof(*entry->votes));
	}
	entry->ballot.votes = entry->votes;
}

static void on_policy(void *ctx, enum scms_reason outcome)
{
	struct session_report *report = ctx;

	report->has_policy = true;
	report->policy = outcome;
}

static void on_chain(void *ctx, enum scms_reason outcome, uint16_t version)
{
	struct session_report *report = ctx;

	report->has_chain = true;
	report->chain = outcome;
	report->chain_version = version;
}

static void on_crl(void *ctx, const uint8_t craca[8], uint16_t series, enum scms_reason outcome)
{
	struct session_report *report = ctx;

	json_array_append_new(report->crls, json_pack("{s:o, s:i, s:s}", "craca", json_hex(craca, 8), "series", (int)series,
						      "outcome", scms_reason_name(outcome)));
}

static void on_own(void *ctx, const uint8_t subject[32], enum scms_reason outcome)
{
	struct session_report *report = ctx;

	json_array_append_new(report->own,
			      json_pack("{s:o, s:s}", "subject", json_hex(subject, 32), "outcome", scms_reason_name(outcome)));
}

static void on_refused(void *ctx, const struct scms_refusal *refusal)
{
	struct session_report *report = ctx;

	json_array_append_new(report->refused,
			      json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "file", file_names[refusal->file], "reason",
					scms_reason_name(refusal->reason), "offset", (json_int_t)refusal->offset, "path",
					refusal->path, "expected", refusal->expected, "found", refusal->found));
}

struct session_report *session_report_new(const struct scms_store *store, scms_time64 now)
{
	struct session_report *report = calloc(1, sizeof(*report));

	if (report == NULL)
		return NULL;
	report->table = (struct scms_report){
	    .ctx = report,
	    .ballot = on_ballot,
	    .policy = on_policy,
	    .chain = on_chain,
	    .crl = on_crl,
	    .own = on_own,
	    .refused = on_refused,
	};
	report->store = store;
	report->now = now;
	report->crls = json_array();
	report->own = json_array();
	report->refused = json_array();
	return report;
}

const struct scms_report *session_report_table(struct session_report *report)
{
	return &report->table;
}

void session_report_free(struct session_report *report)
{
	if (report == NULL)
		return;
	for (size_t k = 0; k < report->ballot_count; k++)
		free(report->ballots[k].votes);
	free(report->ballots);
	json_decref(report->crls);
	json_decref(report->own);
	json_decref(report->refused);
	free(report);
}

static int compare_entries(const void *left, const void *right)
{
	const struct ballot_entry *a = left, *b = right;

	if (a->ballot.carrier != b->ballot.carrier)
		return a->ballot.carrier < b->ballot.carrier ? -1 : 1;
	return a->ballot.index < b->ballot.index ? -1 : a->ballot.index > b->ballot.index;
}

static json_t *vote_json(const struct scms_vote_report *vote)
{
	json_t *json = json_object();

	json_object_set_new(json, "elector", json_hex(vote->elector, vote->elector_bytes));
	json_object_set_new(json, "counted", json_boolean(vote->reason == SCMS_COUNTED));
	if (vote->reason != SCMS_COUNTED)
		json_object_set_new(json, "reason", json_string(scms_reason_name(vote->reason)));
	return json;
}

static json_t *ballot_json(const struct scms_ballot_report *ballot)
{
	json_t *votes = json_array();

	for (size_t k = 0; k < ballot->vote_count; k++)
		json_array_append_new(votes, vote_json(&ballot->votes[k]));
	return json_pack("{s:s, s:I, s:s, s:o, s:s, s:I, s:I, s:I, s:b, s:o}", "carrier", carrier_names[ballot->carrier],
			 "index", (json_int_t)ballot->index, "motion", motion_names[ballot->motion], "subject",
			 ballot->has_subject ? json_hex(ballot->subject, 32) : json_null(), "outcome",
			 scms_reason_name(ballot->outcome), "round", (json_int_t)ballot->round, "counted",
			 (json_int_t)ballot->counted, "quorum", (json_int_t)ballot->quorum, "alarm", (int)ballot->alarm,
			 "votes", votes);
}

json_t *session_report_json(const struct session_report *report, const struct scms_session_result *result)
{
	json_t *json = json_object(), *ballots = json_array();

	json_object_set_new(json, "changed", json_boolean(result->changed));
	json_object_set_new(json, "quorum", json_integer(result->quorum));
	if (report->ballot_count > 0)
		qsort(report->ballots, report->ballot_count, sizeof(report->ballots[0]), compare_entries);
	for (size_t k = 0; k < report->ballot_count; k++)
		json_array_append_new(ballots, ballot_json(&report->ballots[k].ballot));
	json_object_set_new(json, "ballots", ballots);
	if (report->has_policy)
		json_object_set_new(json, "policy", json_pack("{s:s}", "outcome", scms_reason_name(report->policy)));
	if (report->has_chain)
		json_object_set_new(json, "chain", json_pack("{s:s, s:i}", "outcome", scms_reason_name(report->chain), "version",
							     (int)report->chain_version));
	if (json_array_size(report->crls) > 0)
		json_object_set(json, "crls", report->crls);
	if (json_array_size(report->own) > 0)
		json_object_set(json, "own", report->own);
	json_object_set(json, "refused", report->refused);
	return json;
}

/* ---- words ---- */

static void print_id(FILE *to, const uint8_t *bytes, size_t n)
{
	for (size_t k = 0; k < n && k < 8; k++)
		fprintf(to, "%02x", bytes[k]);
	if (n > 8)
		fputs("...", to);
}

/* "3 days", "5 hours", "20 seconds". */
static void print_span(FILE *to, uint64_t microseconds)
{
	uint64_t seconds = microseconds / 1000000;
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = {{31556952, "year"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};

	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++)
		if (seconds >= units[k].seconds || units[k].seconds == 1) {
			uint64_t n = seconds / units[k].seconds;

			fprintf(to, "%llu %s%s", (unsigned long long)n, units[k].unit, n == 1 ? "" : "s");
			return;
		}
}

/* By how much, where a time is the reason. */
static void print_why(const struct session_report *report, const struct scms_vote_report *vote, FILE *to)
{
	struct scms_member member;

	fputs(scms_reason_text(vote->reason), to);
	for (uint32_t k = 0; scms_store_elector(report->store, report->now, k, &member); k++) {
		if (vote->elector_bytes != 32 || memcmp(member.identity, vote->elector, 32) != 0)
			continue;
		if (vote->reason == SCMS_VOTER_EXPIRED) {
			fputs(", ", to);
			print_span(to, report->now - member.valid_until);
			fputs(" ago", to);
		} else if (vote->reason == SCMS_VOTER_NOT_YET_VALID) {
			fputs("; it will be in ", to);
			print_span(to, member.valid_from - report->now);
		}
	}
}

static void ballot_words(const struct session_report *report, const struct scms_ballot_report *ballot, FILE *to)
{
	fprintf(to, "%s[%u]: %s ", carrier_names[ballot->carrier], ballot->index, motion_names[ballot->motion]);
	print_id(to, ballot->subject, ballot->has_subject ? 32 : 0);
	fprintf(to, ": %s: %s", scms_reason_name(ballot->outcome), scms_reason_text(ballot->outcome));
	if (ballot->vote_count > 0)
		fprintf(to, " (%u of %u votes needed count)", ballot->counted, ballot->quorum);
	fputs(ballot->alarm ? " - ALARM: a minority of electors voted for this\n" : "\n", to);
	for (size_t k = 0; k < ballot->vote_count; k++) {
		const struct scms_vote_report *vote = &ballot->votes[k];

		fputs("  elector ", to);
		print_id(to, vote->elector, vote->elector_bytes);
		if (vote->reason == SCMS_COUNTED) {
			fputs(": vote counted\n", to);
		} else {
			fputs(": vote not counted: ", to);
			print_why(report, vote, to);
			fputc('\n', to);
		}
	}
}

static void outcome_words(FILE *to, const char *what, enum scms_reason outcome)
{
	fprintf(to, "%s: %s: %s\n", what, scms_reason_name(outcome), scms_reason_text(outcome));
}

void session_report_words(const struct session_report *report, const struct scms_session_result *result, FILE *to)
{
	const json_t *entry;
	size_t k;

	json_array_foreach(report->refused, k, entry)
		fprintf(to, "%s: refused: %s at offset %lld, %s: expected %s, found %s\n",
			json_string_value(json_object_get(entry, "file")), json_string_value(json_object_get(entry, "reason")),
			(long long)json_integer_value(json_object_get(entry, "offset")),
			json_string_value(json_object_get(entry, "path")), json_string_value(json_object_get(entry, "expected")),
			json_string_value(json_object_get(entry, "found")));
	for (k = 0; k < report->ballot_count; k++)
		ballot_words(report, &report->ballots[k].ballot, to);
	if (report->has_policy)
		outcome_words(to, "policy", report->policy);
	if (report->has_chain)
		outcome_words(to, "chain file", report->chain);
	json_array_foreach(report->own, k, entry)
		fprintf(to, "own certificate %.16s...: %s\n", json_string_value(json_object_get(entry, "subject")),
			json_string_value(json_object_get(entry, "outcome")));
	json_array_foreach(report->crls, k, entry)
		fprintf(to, "CRL series %lld of %s: %s\n", (long long)json_integer_value(json_object_get(entry, "series")),
			json_string_value(json_object_get(entry, "craca")), json_string_value(json_object_get(entry, "outcome")));
	fprintf(to, "%s; quorum %u\n", result->changed ? "This changes the store" : "This changes nothing", result->quorum);
}

/* ---- log ---- */

static void log_file(json_t *files, const char *name, struct scms_slice bytes, size_t limit, const struct scms_crypto *crypto)
{
	uint8_t hash[32];

	if (bytes.p == NULL)
		return;
	if (bytes.n > limit) {
		/* It was refused by its length, and never read. */
		json_array_append_new(files, json_pack("{s:s, s:s}", "file", name, "sha256", "not read: above the limit"));
		return;
	}
	crypto->sha256(crypto->ctx, &bytes, 1, hash);
	json_array_append_new(files, json_pack("{s:s, s:o}", "file", name, "sha256", json_hex(hash, 32)));
}

char *session_log_line(const struct scms_session *session, const struct scms_limits *limits, scms_time64 now, uint64_t counter,
		       const struct session_report *report, const struct scms_session_result *result,
		       const struct scms_crypto *crypto)
{
	json_t *list = json_array(), *json = json_object();
	char *line;

	log_file(list, "policy", session->policy, limits->policy_bytes, crypto);
	log_file(list, "crl", session->crl, limits->crl_bytes, crypto);
	log_file(list, "chain", session->chain, limits->chain_bytes, crypto);
	log_file(list, "history", session->history, limits->history_bytes, crypto);
	for (size_t k = 0; k < session->own_count; k++)
		log_file(list, "own", session->own[k], SIZE_MAX, crypto);
	for (size_t k = 0; k < session->certificate_count; k++)
		log_file(list, "cert", session->certificates[k], SIZE_MAX, crypto);
	json_object_set_new(json, "counter", json_integer((json_int_t)counter));
	json_object_set_new(json, "now", json_integer((json_int_t)now));
	json_object_set_new(json, "files", list);
	json_object_set_new(json, "report", session_report_json(report, result));
	line = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json);
	return line;
}
