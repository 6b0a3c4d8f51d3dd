/* SPDX-License-Identifier: Apache-2.0 */
#include "elector.h"

#include "base/file.h"
#include "components/manager/fingerprint.h"
#include "components/manager/vote_make.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Words of the subject's fingerprint that are typed to say yes. */
#define CONSENT_WORDS 3

static const struct argp_option rows[] = {
    ROW_HOME,
    {"yes-i-read-it", OPTION_CONSENT, NULL, 0, "Consent given beforehand, for scripts: nothing is asked", 0},
    {"override", OPTION_OVERRIDE, "REASON", 0, "Sign although the vote conflicts with an earlier one, or has grave consequences", 0},
    ROW_OUT,
    ROW_SECRET,
    ROW_NOW,
    ROW_JSON,
    {0}};

static const char doc[] =
    "Vote for a proposal that was inspected: show it once more, ask for consent, sign, verify the signature, and write the vote.\v"
    "Consent is given by typing the first words of the subject's fingerprint. Refused: a motion on this elector itself, a "
    "candidate that breaks its profile, an own certificate that is not valid, a proposal that is not the one inspected, a second "
    "vote that conflicts with an earlier one or grave consequences (without --override), a clock that went back.\n\n"
    "Examples:\n  scms-elector sign --home elector-a add-elector.proposal\n"
    "  scms-elector sign --home elector-a --yes-i-read-it --out a.vote add.proposal\n\n"
    "Exit code: 0 voted, 1 refused, 2 usage, 3 key, home or trust store cannot be used.";

static const char *text_of(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(entry, "details"), key));

	return text != NULL ? text : "";
}

static bool is_act(const json_t *entry, const char *what)
{
	const char *text = json_string_value(json_object_get(entry, "what"));

	return text != NULL && strcmp(text, what) == 0;
}

/* SHA-256 of the first file that an entry names. */
static const char *file_of(const json_t *entry)
{
	const char *text = json_string_value(json_object_get(json_array_get(json_object_get(entry, "files"), 0), "sha256"));

	return text != NULL ? text : "";
}

/* Is this the very proposal that was inspected last under its name? */
static bool was_inspected(const struct judgement *judgement, const struct elector_home *elector)
{
	char topic[65], id[PROPOSAL_ID_BYTES];
	const char *inspected = NULL;
	const json_t *entry;
	size_t k;

	motion_hex(judgement->proposal.topic, 32, topic);
	json_array_foreach(elector->acts, k, entry)
		if (is_act(entry, "inspect") && strcmp(text_of(entry, "topic"), topic) == 0)
			inspected = file_of(entry);
	if (inspected == NULL) {
		elector_say(elector->options, 0, "%s: was not inspected: scms-elector inspect %s", proposal_id(&judgement->proposal, id),
			    elector->options->files[0]);
		return false;
	}
	if (strcmp(inspected, judgement->digest) == 0)
		return true;
	elector_say(elector->options, 0,
		    "%s: the proposal changed since it was inspected: expected SHA-256 %s, found %s; inspect it anew and see why",
		    proposal_id(&judgement->proposal, id), inspected, judgement->digest);
	return false;
}

/*
 * An earlier vote on the same motion about the same subject, with another time: two ballots would split the votes. An
 * addition of what this elector voted to remove can count nowhere (rule D4.1), and is one too.
 */
static void find_conflicts(struct judgement *judgement, const struct elector_home *elector)
{
	const struct proposal *proposal = &judgement->proposal;
	char topic[65], subject[65];
	const json_t *entry;
	size_t k;

	motion_hex(proposal->topic, 32, topic);
	motion_hex(proposal->subject.hash256, 32, subject);
	json_array_foreach(elector->acts, k, entry) {
		const char *type = text_of(entry, "type");

		if (!is_act(entry, "vote") || strcmp(text_of(entry, "subject"), subject) != 0)
			continue;
		if (strcmp(text_of(entry, "topic"), topic) == 0)
			finding_add(&judgement->findings, FINDING_NOTE, "VOTED", "this elector voted for this very motion before (journal, line %zu)", k + 1);
		else if (strcmp(type, motion_type_name(proposal->motion)) == 0)
			finding_add(&judgement->findings, FINDING_GRAVE, "CONFLICT",
				    "this elector voted for the same motion with another agreed time before, as %s (journal, line %zu): the votes would "
				    "be split between two ballots",
				    text_of(entry, "motion"), k + 1);
		else if (strncmp(type, "remove", 6) == 0 && !motion_removes(proposal->motion))
			finding_add(&judgement->findings, FINDING_GRAVE, "CONFLICT",
				    "this elector voted to remove the very certificate before, as %s (journal, line %zu): what was removed never comes "
				    "back (rule D4.1)",
				    text_of(entry, "motion"), k + 1);
	}
}

/* Asks for the words; true if they were typed. */
static bool consents(const struct judgement *judgement, const struct elector_home *elector)
{
	const struct options *options = elector->options;
	char line[256], want[FINGERPRINT_WORDS_BYTES(CONSENT_WORDS)];

	if (options->consent)
		return true;
	if (!isatty(STDIN_FILENO)) {
		elector_say(options, 0, "consent is typed at a terminal; scripts say --yes-i-read-it");
		return false;
	}
	fprintf(stderr, "\nTo vote to %s this certificate, type the first %d words of its fingerprint; anything else to leave it: ",
		motion_removes(judgement->proposal.motion) ? "REMOVE" : "ADD", CONSENT_WORDS);
	if (fgets(line, sizeof(line), stdin) != NULL && fingerprint_words_match(judgement->proposal.subject.hash256, CONSENT_WORDS, line))
		return true;
	elector_say(options, 0, "not signed: the words were not \"%s\"",
		    fingerprint_words(judgement->proposal.subject.hash256, CONSENT_WORDS, want));
	return false;
}

/* Nothing that was found stands in the way. */
static bool may_sign(const struct judgement *judgement, const struct elector_home *elector)
{
	const struct options *options = elector->options;
	enum gravity worst = findings_worst(&judgement->findings);

	for (size_t k = 0; k < judgement->findings.n; k++)
		if (judgement->findings.list[k].gravity >= FINDING_GRAVE && (worst == FINDING_REFUSED || options->override == NULL))
			elector_say(options, 0, "%s: %s", judgement->findings.list[k].code, judgement->findings.list[k].text);
	if (worst == FINDING_REFUSED)
		return false;
	if (worst == FINDING_GRAVE && options->override == NULL) {
		elector_say(options, 0, "not signed; who means it says --override REASON");
		return false;
	}
	return true;
}

/* Signs; the journal knows of the vote before the vote is written. */
static int vote(const struct judgement *judgement, const struct elector_home *elector, const char *out)
{
	const struct options *options = elector->options;
	struct signer signer = {.cert = &elector->identity->cert, .crypto = engine_crypto()};
	struct journal_file files[2] = {{options->files[0], judgement->bytes}, {out, {NULL, 0}}};
	struct bytes bytes = {NULL, 0};
	struct home_error home_err;
	struct key_error key_err;
	struct file_error err;
	struct party party;
	int code = EXIT_ENVIRONMENT;

	if (home_party(elector->home, &party, &home_err) != HOME_OK)
		return elector_say(options, EXIT_ENVIRONMENT, "%s", home_err.text);
	signer.key = party.sign;
	if (vote_make(&signer, judgement->proposal.payload, options->now, &bytes, &key_err) != KEY_OK)
		return elector_say(options, EXIT_ENVIRONMENT, "%s", key_err.text);
	files[1].bytes = bytes_view(&bytes);
	if (elector_journal(elector, "vote", options->override, files, 2, judgement_details(judgement), party.sign)) {
		if (file_write(out, 0644, bytes_view(&bytes), &err) == FILE_OK)
			code = EXIT_DONE;
		else
			elector_say(options, 0, "%s: %s; the journal has the vote: sign again when the file can be written", out, err.text);
	}
	bytes_free(&bytes);
	return code;
}

int elector_sign(int argc, char **argv)
{
	struct judgement judgement = {0};
	char name[PROPOSAL_ID_BYTES + 32], id[PROPOSAL_ID_BYTES], own[17];
	struct elector_home elector;
	struct options options;
	const char *out;
	int code;

	elector_parse(argc, argv, "sign", rows, "PROPOSAL", doc, 1, 1, &options);
	if (elector_open(&elector, &options, &code) && judgement_make(&judgement, &elector, options.files[0], &code)) {
		code = EXIT_REFUSED;
		find_conflicts(&judgement, &elector);
		snprintf(name, sizeof(name), "%s-%s.vote", proposal_id(&judgement.proposal, id),
			 motion_hex(elector.identity->cert.hash256, 4, own));
		out = options.out != NULL ? options.out : name;
		if (!options.json)
			judgement_words(&judgement, &elector, stderr);
		if (was_inspected(&judgement, &elector) && may_sign(&judgement, &elector) && consents(&judgement, &elector))
			code = vote(&judgement, &elector, out);
		if (code == EXIT_DONE && options.json)
			elector_print(json_pack("{s:s, s:s}", "vote", out, "motion", id));
		else if (code == EXIT_DONE)
			printf("Voted: %s\nCarry it to the SCMS Manager: scms motion collect %s\n", out, out);
	}
	judgement_free(&judgement);
	elector_close(&elector);
	return code;
}
