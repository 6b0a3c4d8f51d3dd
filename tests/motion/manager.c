/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposals, votes, ballots and histories: against files that independent code made, against everything that is wrong, and
 * in a vehicle that slept through two replacements of electors.
 *
 * usage: manager FOLDER        with the electors' test data
 */
#include "components/manager/carried.h"
#include "components/manager/fingerprint.h"
#include "components/manager/outlook.h"
#include "components/manager/tally.h"

#include "base/file.h"
#include "components/authority/issue.h"
#include "dot2/issue.h"
#include "dot2/validity.h"
#include "service/engine.h"
#include "tests/check.h"
#include "trust/members.h"

#include <stdlib.h>

#define START 644112005u /* 2024-06-01 */
#define NOW ((scms_time64)(START + 86400 * 40) * TIME64_SECOND)
#define DAYS(n) ((scms_time64)(n) * 86400 * TIME64_SECOND)
#define SIGNATURE 64

static const char *folder;

static struct scms_slice data(const char *name)
{
	struct scms_slice bytes;
	struct file_error err;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.coer", folder, name);
	if (file_read(path, 1 << 20, &bytes, &err) != FILE_OK) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		exit(1);
	}
	return bytes;
}

static void drop(struct scms_slice bytes)
{
	free((void *)(uintptr_t)bytes.p);
}

static bool same(struct scms_slice a, struct scms_slice b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* ---- people ---- */

struct member {
	struct private_key *key;
	struct bytes bytes;
	struct cert cert;
};

static void member_make(struct member *member, enum profile profile, const char *name, scms_time32 start, bool lints)
{
	struct profile_subject subject = {.name = {(const uint8_t *)name, strlen(name)}, .start = start};
	struct component_issuer issuer = {.level = LEVEL_POC, .crypto = engine_crypto()};
	static const struct Duration odd = {.choice = Duration_is_years, .u.years = 11};
	struct key_error err = {.text = ""};
	struct lint lint;

	CHECK(private_key_random(SCMS_NIST_P256, &member->key, &err) == KEY_OK, "%s", err.text);
	issuer.key = member->key;
	subject.verify = private_key_public(member->key);
	if (lints) {
		CHECK(component_issue(&issuer, profile, &subject, &member->bytes, &lint, &err) == KEY_OK, "%s", err.text);
	} else {
		struct signer signer = {.key = member->key, .crypto = engine_crypto()};
		struct ToBeSignedCertificate tbs;
		struct profile_room room;

		CHECK(profile_fill(profile, LEVEL_POC, &subject, &room, &tbs, &err) == KEY_OK, "%s", err.text);
		tbs.validityPeriod.duration = odd;
		CHECK(cert_issue(&tbs, &signer, &member->bytes, &err) == KEY_OK, "%s", err.text);
	}
	CHECK(cert_read(&member->cert, bytes_view(&member->bytes), engine_crypto(), NULL) == OER_OK, "%s", name);
}

static void member_free(struct member *member)
{
	private_key_free(member->key);
	bytes_free(&member->bytes);
}

static struct bytes proposal_of(enum scms_motion motion, enum ballot_form form, struct scms_slice certificate, scms_time64 time)
{
	struct proposal_question question = {.form = form,
					     .motion = motion,
					     .certificate = certificate,
					     .time = (scms_time32)(time / TIME64_SECOND),
					     .created = time,
					     .proposer = "Ann",
					     .reason = "because"};
	struct motion_error err = {""};
	struct bytes out;

	CHECK(proposal_make(&question, engine_crypto(), &out, &err), "%s", err.text);
	return out;
}

static struct bytes vote_of(const struct member *member, struct scms_slice payload, scms_time64 now)
{
	struct signer signer = {.key = member->key, .cert = &member->cert, .crypto = engine_crypto()};
	struct key_error err = {.text = ""};
	struct bytes out;

	CHECK(vote_make(&signer, payload, now, &out, &err) == KEY_OK, "%s", err.text);
	return out;
}

/* A ballot with the votes of n members. */
static struct bytes ballot_of(enum scms_motion motion, enum ballot_form form, const struct member *subject, scms_time64 time,
			      const struct member *const *voters, size_t n)
{
	struct bytes proposal_bytes = proposal_of(motion, form, bytes_view(&subject->bytes), time), votes[8], out;
	struct scms_slice views[8];
	struct motion_error err = {""};
	struct proposal proposal;

	CHECK(proposal_read(&proposal, bytes_view(&proposal_bytes), engine_crypto(), &err), "%s", err.text);
	for (size_t k = 0; k < n; k++) {
		votes[k] = vote_of(voters[k], proposal.payload, time);
		views[k] = bytes_view(&votes[k]);
	}
	CHECK(ballot_make(form, proposal.certificate, views, n, &out, &err), "%s", err.text);
	for (size_t k = 0; k < n; k++)
		bytes_free(&votes[k]);
	bytes_free(&proposal_bytes);
	return out;
}

static struct simulation *store_of(const struct member *electors, size_t n, const struct member *root)
{
	struct scms_slice list[8], roots[1] = {root != NULL ? bytes_view(&root->bytes) : (struct scms_slice){NULL, 0}};
	struct scms_bootstrap bootstrap = {.now = NOW, .electors = list, .elector_count = n, .roots = roots,
					   .root_count = root != NULL, .quorum = 2};
	struct scms_bootstrap_error err;
	struct simulation *simulation;

	for (size_t k = 0; k < n; k++)
		list[k] = bytes_view(&electors[k].bytes);
	simulation = simulation_bootstrap(&bootstrap, engine_crypto(), &err);
	CHECK(simulation != NULL, "%s[%zu]", err.list, err.index);
	return simulation;
}

/* ---- against the test data ---- */

static void words(void)
{
	/* The example of the PGP word list's description. */
	static const uint8_t bytes[] = {0xe5, 0x82, 0x94, 0xf2, 0xe9, 0xa2, 0x27, 0x48, 0x6e, 0x8b,
					0x06, 0x1b, 0x31, 0xcc, 0x52, 0x8f, 0xd7, 0xfa, 0x3f, 0x19};
	static const char want[] = "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa afflict bravado "
				   "chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless";
	char text[FINGERPRINT_WORDS_BYTES(20)];

	CHECK(strcmp(fingerprint_words(bytes, 20, text), want) == 0, "%s", text);
	CHECK(fingerprint_words_match(bytes, 3, "TOPMOST  istanbul-pluto\n"), "case and spaces do not matter");
	CHECK(!fingerprint_words_match(bytes, 3, "topmost Istanbul"), "a word is missing");
	CHECK(!fingerprint_words_match(bytes, 3, "topmost Istanbul Pluto vagabond"), "a word too many");
	CHECK(!fingerprint_words_match(bytes, 3, "Istanbul topmost Pluto"), "swapped");
	CHECK(!fingerprint_words_match(bytes, 3, ""), "nothing");
}

/* A ballot of the test data, taken apart and made again; its proposal, made anew, has the same payload. */
static void as_others_make_it(enum ballot_form form, const char *ballot_name, const char *certificate_name)
{
	struct scms_slice ballot = data(ballot_name), certificate = data(certificate_name);
	struct ballot_parts *parts = calloc(1, sizeof(*parts));
	struct bytes again = {NULL, 0}, proposal_bytes;
	struct motion_error err = {""};
	struct proposal proposal;

	CHECK(ballot_parts_read(parts, ballot, &err) && parts->form == form && parts->motion == SCMS_ADD_ROOT && parts->vote_count == 3,
	      "%s: %s", ballot_name, err.text);
	CHECK(same(parts->certificate, certificate), "%s: its subject", ballot_name);
	CHECK(ballot_make(form, parts->certificate, parts->votes, parts->vote_count, &again, &err) && same(bytes_view(&again), ballot),
	      "%s: %s", ballot_name, err.text);
	bytes_free(&again);
	if (parts->time != 0) {
		proposal_bytes = proposal_of(SCMS_ADD_ROOT, form, certificate, parts->time);
		CHECK(proposal_read(&proposal, bytes_view(&proposal_bytes), engine_crypto(), &err), "%s", err.text);
		CHECK(same(proposal.payload, parts->payload), "%s: another payload", ballot_name);
		bytes_free(&proposal_bytes);
	}
	/* Whoever joins signs what is there, also without a time. */
	CHECK(proposal_join(form, certificate, parts->payload, NOW, "Ann", "joins", engine_crypto(), &again, &err) &&
		  proposal_read(&proposal, bytes_view(&again), engine_crypto(), &err) && same(proposal.payload, parts->payload) &&
		  proposal.time == parts->time,
	      "%s: %s", ballot_name, err.text);
	bytes_free(&again);
	free(parts);
	drop(ballot);
	drop(certificate);
}

/* ---- proposals that are wrong ---- */

static void refused(struct scms_slice bytes, const char *why)
{
	struct motion_error err = {""};
	struct proposal proposal;

	CHECK(!proposal_read(&proposal, bytes, engine_crypto(), &err) && strstr(err.text, why) != NULL, "\"%s\" not in \"%s\"", why, err.text);
}

static void not_proposed(enum scms_motion motion, struct scms_slice certificate, const char *proposer, const char *reason, const char *why)
{
	struct proposal_question question = {FORM_124, motion, certificate, START, NOW, proposer, reason};
	struct motion_error err = {""};
	struct bytes out;

	CHECK(!proposal_make(&question, engine_crypto(), &out, &err) && strstr(err.text, why) != NULL, "\"%s\" not in \"%s\"", why, err.text);
	CHECK(out.p == NULL, "something came out");
}

static void wrong_proposals(const struct member *elector, const struct member *root)
{
	struct bytes bytes = proposal_of(SCMS_ADD_ELECTOR, FORM_124, bytes_view(&elector->bytes), NOW), other;
	struct scms_slice pca = data("cert-pca"), ballot = data("v124-ballot-addRoot1-by-ABC");
	struct motion_error err = {""};
	struct proposal proposal;
	char *longer;

	/* a stick pulled in the middle: no part of it is a proposal */
	for (size_t n = 0; n < bytes.n; n++) {
		CHECK(!proposal_read(&proposal, (struct scms_slice){bytes.p, n}, engine_crypto(), &err), "%zu of %zu bytes were taken", n, bytes.n);
	}
	refused(ballot, "not a proposal");
	refused(pca, "not a proposal");
	/* the endorsement is of one certificate, the proposal shows another */
	CHECK(proposal_read(&proposal, bytes_view(&bytes), engine_crypto(), &err), "%s", err.text);
	CHECK(!proposal_join(FORM_124, bytes_view(&root->bytes), proposal.payload, NOW, "Ann", "swap", engine_crypto(), &other, &err) &&
		  strstr(err.text, "C4") != NULL,
	      "%s", err.text);
	CHECK(!proposal_join(FORM_121, bytes_view(&elector->bytes), proposal.payload, NOW, "Ann", "form", engine_crypto(), &other, &err) &&
		  strstr(err.text, "C1") != NULL,
	      "a payload of the other form: %s", err.text);
	CHECK(!proposal_join(FORM_124, bytes_view(&elector->bytes), (struct scms_slice){(const uint8_t *)"x", 1}, NOW, "Ann", "x",
			     engine_crypto(), &other, &err) &&
		  strstr(err.text, "C1") != NULL,
	      "%s", err.text);
	/* wrong roles */
	not_proposed(SCMS_ADD_ELECTOR, bytes_view(&root->bytes), "Ann", "x", "C3");
	not_proposed(SCMS_ADD_ROOT, bytes_view(&elector->bytes), "Ann", "x", "C3");
	not_proposed(SCMS_REMOVE_ROOT, pca, "Ann", "x", "C3");
	not_proposed(SCMS_ADD_ROOT, ballot, "Ann", "x", "not a certificate");
	/* nobody asks, or without a reason; text that is none */
	not_proposed(SCMS_ADD_ELECTOR, bytes_view(&elector->bytes), "", "x", "not empty");
	not_proposed(SCMS_ADD_ELECTOR, bytes_view(&elector->bytes), "Ann", "", "not empty");
	not_proposed(SCMS_ADD_ELECTOR, bytes_view(&elector->bytes), "Ann", "\xff", "UTF-8");
	longer = calloc(1, 2000);
	memset(longer, 'x', 1999);
	not_proposed(SCMS_ADD_ELECTOR, bytes_view(&elector->bytes), "Ann", longer, "1,023");
	free(longer);
	bytes_free(&bytes);
	drop(pca);
	drop(ballot);
}

/* ---- votes that do not count ---- */

/* Why the only vote of a ballot does not count. */
static void counts(struct simulation *store, const struct member *subject, enum scms_motion motion, const struct bytes *vote,
		   scms_time64 now, enum scms_reason want, const char *what)
{
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	struct scms_slice view = bytes_view(vote);
	struct motion_error err = {""};
	struct bytes ballot;

	CHECK(ballot_make(FORM_124, bytes_view(&subject->bytes), &view, 1, &ballot, &err), "%s: %s", what, err.text);
	CHECK(motion_count(simulation_store(store), simulation_env(store), now, FORM_124, motion, bytes_view(&ballot), tally), "%s", what);
	CHECK(tally->vote_count == 1 && tally->votes[0].reason == want, "%s: %s, not %s", what, scms_reason_name(tally->votes[0].reason),
	      scms_reason_name(want));
	CHECK(tally->counted == (want == SCMS_COUNTED), "%s", what);
	bytes_free(&ballot);
	free(tally);
}

static void votes(struct member *e, const struct member *young)
{
	struct simulation *store = store_of(e, 3, NULL);
	struct bytes proposal_bytes = proposal_of(SCMS_ADD_ELECTOR, FORM_124, bytes_view(&e[3].bytes), NOW);
	struct bytes own_bytes = proposal_of(SCMS_REMOVE_ELECTOR, FORM_124, bytes_view(&e[0].bytes), NOW), vote, again;
	struct member wrong = {.key = e[1].key, .cert = e[0].cert};
	struct proposal proposal, own;
	struct signer signer = {.key = wrong.key, .cert = &wrong.cert, .crypto = engine_crypto()};
	struct motion_error err = {""};
	struct key_error key_err;

	CHECK(proposal_read(&proposal, bytes_view(&proposal_bytes), engine_crypto(), &err) &&
		  proposal_read(&own, bytes_view(&own_bytes), engine_crypto(), &err),
	      "%s", err.text);
	vote = vote_of(&e[0], proposal.payload, NOW);
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW, SCMS_COUNTED, "a good vote");
	CHECK(vote_is_by(bytes_view(&vote), &e[0].cert, proposal.payload, engine_crypto()), "it is A's");
	CHECK(!vote_is_by(bytes_view(&vote), &e[1].cert, proposal.payload, engine_crypto()), "it is not B's");
	CHECK(!vote_is_by(bytes_view(&vote), &e[0].cert, own.payload, engine_crypto()), "it is for something else");
	vote.p[vote.n - 1] ^= 1;
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW, SCMS_VOTE_SIGNATURE, "s changed");
	bytes_free(&vote);
	vote = vote_of(&e[4], proposal.payload, NOW);
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW, SCMS_VOTER_UNKNOWN, "a stranger's");
	bytes_free(&vote);
	vote = vote_of(&e[0], proposal.payload, NOW + DAYS(1));
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW, SCMS_VOTE_TIME_FUTURE, "a clock a day ahead");
	bytes_free(&vote);
	vote = vote_of(&e[0], proposal.payload, (scms_time64)(START - 86400) * TIME64_SECOND);
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW, SCMS_VOTE_TIME_OUTSIDE_VALIDITY, "before its certificate began");
	bytes_free(&vote);
	vote = vote_of(&e[0], own.payload, NOW);
	counts(store, &e[0], SCMS_REMOVE_ELECTOR, &vote, NOW, SCMS_VOTER_IS_SUBJECT, "on itself");
	bytes_free(&vote);
	vote = vote_of(&e[0], proposal.payload, NOW);
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW + 13 * TIME64_YEAR, SCMS_VOTER_EXPIRED, "an expired elector's");
	bytes_free(&vote);
	/* a key that is not the certificate's signs nothing */
	CHECK(vote_make(&signer, proposal.payload, NOW, &vote, &key_err) == KEY_MISMATCH && vote.p == NULL, "%s", key_err.text);
	/* after A's removal its votes count nowhere */
	CHECK(simulation_carry_out(store, simulation_store(store), SCMS_REMOVE_ELECTOR, bytes_view(&e[0].bytes), NOW, NOW) == SCMS_APPLIED, "A goes");
	vote = vote_of(&e[0], proposal.payload, NOW);
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW, SCMS_VOTER_REVOKED, "a removed elector's");
	bytes_free(&vote);
	simulation_free(store);
	/* an elector whose certificate begins tomorrow */
	store = store_of(young, 3, NULL);
	vote = vote_of(&young[2], proposal.payload, NOW + DAYS(2));
	counts(store, &e[3], SCMS_ADD_ELECTOR, &vote, NOW, SCMS_VOTER_NOT_YET_VALID, "not valid yet");
	bytes_free(&vote);
	simulation_free(store);

	/* ballots of votes that do not belong together */
	vote = vote_of(&e[0], proposal.payload, NOW);
	again = vote_of(&e[1], own.payload, NOW);
	{
		struct scms_slice both[2] = {bytes_view(&vote), bytes_view(&again)};
		struct bytes ballot;

		CHECK(!ballot_make(FORM_124, bytes_view(&e[3].bytes), both, 2, &ballot, &err) && strstr(err.text, "C1"), "for another motion: %s",
		      err.text);
		CHECK(!ballot_make(FORM_121, bytes_view(&e[3].bytes), both, 1, &ballot, &err), "a vote of the other form");
		CHECK(!ballot_make(FORM_124, bytes_view(&e[3].bytes), both, 0, &ballot, &err) && strstr(err.text, "no votes"), "%s", err.text);
	}
	bytes_free(&vote);
	bytes_free(&again);
	bytes_free(&proposal_bytes);
	bytes_free(&own_bytes);
}

/* ---- outlook ---- */

static bool has(const struct findings *findings, const char *code, enum gravity gravity)
{
	for (size_t k = 0; k < findings->n; k++)
		if (strcmp(findings->list[k].code, code) == 0 && findings->list[k].gravity == gravity)
			return true;
	return false;
}

/* What is found about a motion under a store. */
static struct findings found(struct simulation *store, enum scms_motion motion, const struct member *subject, scms_time64 time,
			     scms_time64 now)
{
	struct bytes bytes = proposal_of(motion, FORM_124, bytes_view(&subject->bytes), time);
	struct simulation *after = simulation_new(simulation_store(store), simulation_env(store).objects, engine_crypto());
	struct findings findings = {0};
	struct motion_error err = {""};
	struct proposal proposal;
	enum scms_reason outcome;

	CHECK(after != NULL && proposal_read(&proposal, bytes_view(&bytes), engine_crypto(), &err), "%s", err.text);
	outcome = simulation_carry_out(after, simulation_store(store), motion, proposal.certificate, proposal.time, now);
	outlook_motion(&proposal, LEVEL_POC, simulation_store(store), now, outcome, engine_crypto(), &findings);
	outlook_compare(simulation_store(store), simulation_store(after), now, &findings);
	simulation_free(after);
	bytes_free(&bytes);
	return findings;
}

static void outlooks(struct member *e, const struct member *root, const struct member *odd)
{
	struct simulation *three = store_of(e, 3, root), *two = store_of(e, 2, root);
	struct findings f;

	f = found(three, SCMS_ADD_ELECTOR, &e[3], NOW, NOW);
	CHECK(findings_worst(&f) == FINDING_WARNING && has(&f, "EVEN", FINDING_WARNING) && has(&f, "ELECTOR_NEW", FINDING_NOTE), "four electors");
	f = found(three, SCMS_REMOVE_ELECTOR, &e[0], NOW, NOW);
	CHECK(has(&f, "NO_SPARE", FINDING_WARNING) && findings_worst(&f) == FINDING_WARNING, "two of three left");
	f = found(two, SCMS_REMOVE_ELECTOR, &e[0], NOW, NOW);
	CHECK(has(&f, "QUORUM_NOT_MET", FINDING_WARNING), "nobody is left to vote for it");
	f = found(three, SCMS_ADD_ELECTOR, odd, NOW, NOW);
	CHECK(has(&f, "LINT", FINDING_REFUSED), "a candidate that breaks its profile");
	f = found(three, SCMS_ADD_ELECTOR, &e[0], NOW, NOW);
	CHECK(has(&f, "ALREADY", FINDING_WARNING), "a known elector");
	f = found(three, SCMS_REMOVE_ELECTOR, &e[4], NOW, NOW);
	CHECK(has(&f, "SUBJECT_UNKNOWN", FINDING_WARNING), "removal of a stranger");
	f = found(three, SCMS_ADD_ELECTOR, &e[3], NOW + DAYS(1), NOW);
	CHECK(has(&f, "TBS_TIME_FUTURE", FINDING_REFUSED) && has(&f, "CREATED_FUTURE", FINDING_REFUSED), "a clock a day off");
	f = found(three, SCMS_ADD_ELECTOR, &e[3], NOW - DAYS(100), NOW);
	CHECK(has(&f, "TBS_TIME_OLD", FINDING_WARNING), "an old proposal");
	f = found(three, SCMS_ADD_ELECTOR, &e[3], NOW, NOW + 13 * TIME64_YEAR);
	CHECK(has(&f, "SUBJECT_EXPIRED", FINDING_REFUSED), "an expired candidate");
	f = found(three, SCMS_REMOVE_ROOT, root, NOW, NOW);
	CHECK(has(&f, "NO_ROOT", FINDING_GRAVE), "the only root");
	CHECK(simulation_carry_out(three, simulation_store(three), SCMS_REMOVE_ELECTOR, bytes_view(&e[0].bytes), NOW, NOW) == SCMS_APPLIED, "A goes");
	f = found(three, SCMS_ADD_ELECTOR, &e[0], NOW, NOW);
	CHECK(has(&f, "SUBJECT_TOMBSTONED", FINDING_REFUSED), "no un-revoke");
	simulation_free(three);
	simulation_free(two);
}

/* ---- history ---- */

static void add_entry(struct bytes *history, enum scms_motion motion, enum ballot_form form, const struct bytes *ballot)
{
	struct motion_error err = {""};
	struct bytes longer, again;

	CHECK(history_append(bytes_view(history), motion, form, bytes_view(ballot), &longer, &err), "%s", err.text);
	CHECK(history_append(bytes_view(&longer), motion, form, bytes_view(ballot), &again, &err) && same(bytes_view(&again), bytes_view(&longer)),
	      "twice does no harm: %s", err.text);
	bytes_free(&again);
	bytes_free(history);
	*history = longer;
}

static bool knows(struct simulation *vehicle, const struct member *elector)
{
	return elector_find(simulation_store(vehicle), elector->cert.hash256) >= 0;
}

/*
 * A, B, C. A is removed and D takes its place, by votes of B and C; B is removed after E has come, by votes of C and D; then a
 * new root, endorsed by D and E, whom the vehicle has never heard of.
 */
static void slept_long(struct member *e, const struct member *root, const struct member *new_root)
{
	const struct member *bc[] = {&e[1], &e[2]}, *cd[] = {&e[2], &e[3]}, *de[] = {&e[3], &e[4]};
	struct bytes ballots[5] = {
	    ballot_of(SCMS_REMOVE_ELECTOR, FORM_121, &e[0], NOW + DAYS(1), bc, 2), /* forms may mix in a history */
	    ballot_of(SCMS_ADD_ELECTOR, FORM_124, &e[3], NOW + DAYS(2), bc, 2),
	    ballot_of(SCMS_ADD_ELECTOR, FORM_124, &e[4], NOW + DAYS(3), cd, 2),
	    ballot_of(SCMS_REMOVE_ELECTOR, FORM_124, &e[1], NOW + DAYS(4), cd, 2),
	    ballot_of(SCMS_ADD_ROOT, FORM_124, new_root, NOW + DAYS(5), de, 2),
	};
	static const enum scms_motion motions[] = {SCMS_REMOVE_ELECTOR, SCMS_ADD_ELECTOR, SCMS_ADD_ELECTOR, SCMS_REMOVE_ELECTOR, SCMS_ADD_ROOT};
	struct simulation *vehicle = store_of(e, 3, root);
	struct bytes history = {NULL, 0};
	struct scms_session session = {0};
	struct scms_session_result result;
	struct carried *carried = calloc(1, sizeof(*carried));
	struct motion_error err = {""};

	/* The last ballot alone says nothing to it. */
	CHECK(carried_add(carried, bytes_view(&ballots[4]), engine_crypto(), &err) != NULL, "%s", err.text);
	result = simulation_apply(vehicle, &carried->session, NOW + DAYS(400), NULL);
	CHECK(result.status == SCMS_SESSION_DONE && !result.changed, "two strangers' votes");
	carried_free(carried);
	free(carried);
	for (size_t k = 0; k < 5; k++)
		add_entry(&history, motions[k], k == 0 ? FORM_121 : FORM_124, &ballots[k]);
	session.history = bytes_view(&history);
	result = simulation_apply(vehicle, &session, NOW + DAYS(400), NULL);
	CHECK(result.status == SCMS_SESSION_DONE && result.changed && !result.refused, "the history");
	CHECK(!knows(vehicle, &e[0]) && !knows(vehicle, &e[1]) && knows(vehicle, &e[2]), "A and B are gone, C stays");
	CHECK(knows(vehicle, &e[3]) && knows(vehicle, &e[4]), "D and E came");
	CHECK(root_find(simulation_store(vehicle), new_root->cert.hash256) >= 0, "the new root, by votes of D and E");
	result = simulation_apply(vehicle, &session, NOW + DAYS(400), NULL);
	CHECK(result.status == SCMS_SESSION_DONE && !result.changed, "again: nothing");
	simulation_free(vehicle);
	bytes_free(&history);
	for (size_t k = 0; k < 5; k++)
		bytes_free(&ballots[k]);
}

static void not_history(struct member *e)
{
	const struct member *ab[] = {&e[0], &e[1]};
	struct bytes ballot = ballot_of(SCMS_ADD_ELECTOR, FORM_124, &e[3], NOW, ab, 2), out;
	struct scms_slice crl = data("v124-composite-crl");
	struct motion_error err = {""};

	CHECK(!history_append(crl, SCMS_ADD_ELECTOR, FORM_124, bytes_view(&ballot), &out, &err) && strstr(err.text, "not a ballot history"), "%s",
	      err.text);
	CHECK(!history_append((struct scms_slice){NULL, 0}, SCMS_ADD_ELECTOR, FORM_124, crl, &out, &err) && strstr(err.text, "not a ballot"), "%s",
	      err.text);
	bytes_free(&ballot);
	drop(crl);
}

/* ---- what is carried ---- */

static void carried(void)
{
	static const struct {
		const char *name, *what;
	} files[] = {{"v124-gccf", "chain file"},
		     {"v124-composite-crl", "composite CRL"},
		     {"v121-ballot-addRoot1-by-ABC", "ballot"},
		     {"v124-ballot-addElectorD-by-BC", "ballot"},
		     {"cert-pca", "certificate"}};
	struct carried *carried = calloc(1, sizeof(*carried));
	struct scms_slice bytes[5], junk = {(const uint8_t *)"something else", 14};
	struct motion_error err = {""};

	for (size_t k = 0; k < 5; k++) {
		const char *what;

		bytes[k] = data(files[k].name);
		what = carried_add(carried, bytes[k], engine_crypto(), &err);
		CHECK(what != NULL && strcmp(what, files[k].what) == 0, "%s: %s: %s", files[k].name, what != NULL ? what : "nothing", err.text);
	}
	CHECK(carried_add(carried, bytes[0], engine_crypto(), &err) == NULL && strstr(err.text, "second"), "%s", err.text);
	CHECK(carried_add(carried, junk, engine_crypto(), &err) == NULL && strstr(err.text, "foreign"), "%s", err.text);
	CHECK(carried_add(carried, (struct scms_slice){bytes[0].p, bytes[0].n / 2}, engine_crypto(), &err) == NULL, "half a chain file");
	carried_free(carried);
	free(carried);
	for (size_t k = 0; k < 5; k++)
		drop(bytes[k]);
}

int main(int argc, char **argv)
{
	struct member e[5] = {0}, young[3] = {0}, root = {0}, new_root = {0}, odd = {0};
	static const char *const names[] = {"A", "B", "C", "D", "E"};

	folder = argc == 2 ? argv[1] : "";
	for (size_t k = 0; k < 5; k++)
		member_make(&e[k], PROFILE_ELECTOR, names[k], START, true);
	for (size_t k = 0; k < 3; k++)
		member_make(&young[k], PROFILE_ELECTOR, names[k], k == 2 ? START + 86400 * 41 : START, true);
	member_make(&root, PROFILE_ROOT, "root.test", START, true);
	member_make(&new_root, PROFILE_ROOT, "root2.test", START, true);
	member_make(&odd, PROFILE_ELECTOR, "X", START, false);
	words();
	as_others_make_it(FORM_124, "v124-ballot-addRoot1-by-ABC", "cert-root-1");
	as_others_make_it(FORM_121, "v121-ballot-addRoot1-by-ABC", "cert-root-1");
	as_others_make_it(FORM_121, "v121-ballot-addRoot1-by-ABC-efftime", "cert-root-1");
	wrong_proposals(&e[0], &root);
	votes(e, young);
	outlooks(e, &root, &odd);
	slept_long(e, &root, &new_root);
	not_history(e);
	carried();
	for (size_t k = 0; k < 5; k++)
		member_free(&e[k]);
	for (size_t k = 0; k < 3; k++)
		member_free(&young[k]);
	member_free(&root);
	member_free(&new_root);
	member_free(&odd);
	return check_done();
}
