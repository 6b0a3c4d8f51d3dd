/* SPDX-License-Identifier: Apache-2.0 */
#include "elector.h"

#include "components/manager/tally.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option rows[] = {ROW_HOME, ROW_NOW, ROW_JSON, {0}};

static const char doc[] =
    "Do these votes for a proposal, or the votes of a ballot, count under the elector's own trust store?\v"
    "Examples:\n  scms-elector verify --home elector-a add-elector.proposal a.vote b.vote\n"
    "  scms-elector verify --home elector-a ballot.oer\n\n"
    "Exit code: 0 every vote counts, 1 one does not (see why), 2 usage, 3 the trust store cannot be read.";

static void tell(const struct options *options, const struct motion_tally *tally, size_t file_first, bool *all)
{
	json_t *list = json_array();

	*all = tally->fixed == SCMS_APPLIED;
	for (size_t k = 0; k < tally->vote_count; k++) {
		const struct scms_vote_report *vote = &tally->votes[k];
		const char *file = file_first + k < options->file_count ? options->files[file_first + k] : options->files[0];
		char elector[65];

		motion_hex(vote->elector, vote->elector_bytes, elector);
		*all = *all && vote->reason == SCMS_COUNTED;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "file", file, "elector", elector, "reason", scms_reason_name(vote->reason)));
		if (!options->json)
			printf("%s: elector %.16s: %s: %s\n", file, elector, scms_reason_name(vote->reason), scms_reason_text(vote->reason));
	}
	if (options->json) {
		elector_print(json_pack("{s:s, s:i, s:i, s:o}", "ballot", scms_reason_name(tally->fixed), "counted", (int)tally->counted, "quorum",
					(int)tally->quorum, "votes", list));
		return;
	}
	json_decref(list);
	if (tally->fixed != SCMS_APPLIED)
		printf("%s: %s\n", scms_reason_name(tally->fixed), scms_reason_text(tally->fixed));
	printf("%u votes count, %u are needed\n", tally->counted, tally->quorum);
}

static int count(const struct elector_home *elector, enum ballot_form form, enum scms_motion motion, struct scms_slice ballot,
		 size_t file_first)
{
	const struct options *options = elector->options;
	struct elector_path path = elector_file(options, "store");
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	struct store_dir_error err;
	struct store_dir *dir = store_dir_open(path.text, STORE_DIR_READ, engine_crypto(), &err);
	struct trust_env env = {engine_crypto(), NULL};
	int code = EXIT_ENVIRONMENT;
	bool all;

	if (dir == NULL) {
		elector_say(options, 0, "%s", err.text);
	} else if (tally != NULL && motion_count(store_dir_store(dir), env, options->now, form, motion, ballot, tally)) {
		tell(options, tally, file_first, &all);
		code = all ? EXIT_DONE : EXIT_REFUSED;
	} else {
		elector_say(options, 0, "the crypto engine failed");
	}
	store_dir_close(dir);
	free(tally);
	return code;
}

/* Votes for a proposal: as a ballot of them. */
static int count_votes(const struct elector_home *elector, const struct proposal *proposal)
{
	const struct options *options = elector->options;
	struct scms_slice votes[FILES_MAX] = {0};
	struct bytes ballot = {NULL, 0};
	struct motion_error err;
	size_t n = 0;
	int code = EXIT_REFUSED;

	for (; n + 1 < options->file_count; n++)
		if (!elector_read(options, options->files[n + 1], VOTE_BYTES_MAX, &votes[n]))
			break;
	if (n + 1 == options->file_count) {
		if (n == 0)
			code = elector_say(options, EXIT_USAGE, "expected votes after the proposal");
		else if (ballot_make(proposal->form, proposal->certificate, votes, n, &ballot, &err))
			code = count(elector, proposal->form, proposal->motion, bytes_view(&ballot), 1);
		else
			elector_say(options, 0, "%s", err.text);
	}
	bytes_free(&ballot);
	for (size_t k = 0; k < n; k++)
		free((void *)(uintptr_t)votes[k].p);
	return code;
}

int elector_verify(int argc, char **argv)
{
	struct ballot_parts *parts = calloc(1, sizeof(*parts));
	struct scms_slice bytes = {NULL, 0};
	struct motion_error err, ballot_err;
	struct proposal proposal;
	struct elector_home elector = {0};
	struct options options;
	int code = EXIT_ENVIRONMENT;

	elector_parse(argc, argv, "verify", rows, "PROPOSAL VOTE... | BALLOT", doc, 1, FILES_MAX, &options);
	if (parts != NULL && elector_open(&elector, &options, &code)) {
		code = EXIT_REFUSED;
		if (!elector_read(&options, options.files[0], BALLOT_BYTES_MAX, &bytes))
			code = EXIT_REFUSED;
		else if (proposal_read(&proposal, bytes, engine_crypto(), &err))
			code = count_votes(&elector, &proposal);
		else if (ballot_parts_read(parts, bytes, &ballot_err))
			code = count(&elector, parts->form, parts->motion, bytes, 0);
		else
			elector_say(&options, 0, "%s: neither proposal nor ballot: %s; %s", options.files[0], err.text, ballot_err.text);
	}
	free((void *)(uintptr_t)bytes.p);
	free(parts);
	elector_close(&elector);
	return code;
}
