/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms motion status, list: how far motions have come.
 */
#include "motion_command.h"

#include "service/engine.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option rows[] = {{0}};

static const char status_doc[] =
    "How far a motion has come: who signed, who is missing, how many votes more are needed, and why a vote does not count.\v"
    "Example:\n  scms motion status add-elector-94ca39f9\n\n"
    "Exit code: 0, 1 there is no such motion, 2 usage, 3 workspace or trust store cannot be used.";

static const char list_doc[] = "All motions of the workspace, with their states and votes.\v"
			       "Example:\n  scms motion list\n\n"
			       "Exit code: 0, 2 usage, 3 workspace or trust store cannot be used.";

/* Electors who may vote on the motion and have not. */
static json_t *missing(const struct motion_work *work, const struct motion_dir *motion, const struct motion_tally *tally)
{
	json_t *list = json_array();
	struct scms_member member;
	char hex[65];

	for (uint32_t k = 0; scms_store_elector(motion_store(work), work->now, k, &member); k++)
		if (elector_may_vote(motion_store(work), k, work->now) && !motion_has_vote(tally, member.identity) &&
		    memcmp(member.identity, motion->proposal.subject.hash256, 32) != 0)
			json_array_append_new(list, json_string(motion_hex(member.identity, 32, hex)));
	return list;
}

static json_t *votes_json(const struct motion_tally *tally)
{
	json_t *list = json_array();
	char hex[65];

	for (size_t k = 0; k < tally->vote_count; k++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "elector",
						      motion_hex(tally->votes[k].elector, tally->votes[k].elector_bytes, hex), "reason",
						      scms_reason_name(tally->votes[k].reason), "rule", scms_reason_rule(tally->votes[k].reason)));
	return list;
}

static void status_words(const struct motion_work *work, const struct motion_dir *motion, const struct motion_tally *tally,
			 const json_t *absent)
{
	const json_t *entry;
	char hex[65];
	size_t k;

	proposal_words(stdout, &motion->proposal, &work->leaps);
	printf("State: %s%s%s\n", motion_state_name(motion->state), motion->note[0] != '\0' ? ": " : "", motion->note);
	for (k = 0; k < tally->vote_count; k++) {
		const struct scms_vote_report *vote = &tally->votes[k];

		if (vote->reason == SCMS_COUNTED)
			printf("  elector %.16s... voted\n", motion_hex(vote->elector, vote->elector_bytes, hex));
		else
			printf("  elector %.16s: its vote does not count: %s: %s (rule %s)\n", motion_hex(vote->elector, vote->elector_bytes, hex),
			       scms_reason_name(vote->reason), scms_reason_text(vote->reason), scms_reason_rule(vote->reason));
	}
	json_array_foreach(absent, k, entry)
		printf("  elector %.16s... has not voted\n", json_string_value(entry));
	if (tally->fixed != SCMS_APPLIED)
		printf("The ballot can never be carried out: %s: %s\n", scms_reason_name(tally->fixed), scms_reason_text(tally->fixed));
	printf("%u votes count, %u are needed", tally->counted, tally->quorum);
	if (tally->counted < tally->quorum)
		printf(": %u more\n", tally->quorum - tally->counted);
	else
		printf(": scms motion assemble %s\n", motion->id);
}

int motion_status(int argc, char **argv)
{
	struct motion_dir *motion = calloc(1, sizeof(*motion));
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	struct motion_options options;
	struct motion_work work;
	struct motion_error err;
	json_t *absent;
	int code;

	motion_parse(argc, argv, "motion status", rows, "MOTION", status_doc, 1, 1, &options);
	code = motion_begin(&work, &options, WORKSPACE_READ);
	if (motion == NULL || tally == NULL) {
		operator_fail(&options.common, 0, "out of memory");
		code = OPERATOR_ENVIRONMENT;
	}
	if (code == OPERATOR_DONE && !motion_dir_read(motion, &work.workspace, options.args.arg[0], engine_crypto(), &err))
		code = motion_fail(&work, &err);
	else if (code == OPERATOR_DONE && !motion_tally(&work, motion, tally))
		code = OPERATOR_ENVIRONMENT;
	if (code == OPERATOR_DONE) {
		absent = missing(&work, motion, tally);
		if (options.common.json)
			operator_json(&options.common,
				      json_pack("{s:o, s:s, s:s, s:i, s:i, s:s, s:o, s:O}", "proposal", proposal_json(&motion->proposal), "state",
						motion_state_name(motion->state), "note", motion->note, "counted", (int)tally->counted, "quorum",
						(int)tally->quorum, "ballot", scms_reason_name(tally->fixed), "votes", votes_json(tally), "missing",
						absent));
		else
			status_words(&work, motion, tally, absent);
		json_decref(absent);
	}
	if (motion != NULL)
		motion_dir_free(motion);
	free(motion);
	free(tally);
	motion_end(&work);
	return code;
}

struct listing {
	const struct motion_work *work;
	json_t *list;
};

static bool list_one(void *ctx, const struct motion_dir *motion)
{
	struct listing *listing = ctx;
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	char name[SUBJECT_NAME_BYTES];

	if (tally != NULL && motion_tally(listing->work, motion, tally)) {
		json_array_append_new(listing->list,
				      json_pack("{s:s, s:s, s:i, s:i}", "motion", motion->id, "state", motion_state_name(motion->state), "counted",
						(int)tally->counted, "quorum", (int)tally->quorum));
		if (!listing->work->options->common.json)
			printf("%-40s %-10s %u of %u votes  %s\n", motion->id, motion_state_name(motion->state), tally->counted, tally->quorum,
			       subject_name(&motion->proposal.subject, name));
	}
	free(tally);
	return true;
}

int motion_list(int argc, char **argv)
{
	struct motion_options options;
	struct motion_work work;
	struct listing listing = {&work, json_array()};
	int code;

	motion_parse(argc, argv, "motion list", rows, "", list_doc, 0, 0, &options);
	code = motion_begin(&work, &options, WORKSPACE_READ);
	if (code == OPERATOR_DONE) {
		motion_each(&work, list_one, &listing);
		operator_json(&options.common, json_pack("{s:O}", "motions", listing.list));
		if (!options.common.json && json_array_size(listing.list) == 0)
			puts("no motions yet");
	}
	json_decref(listing.list);
	motion_end(&work);
	return code;
}
