/* SPDX-License-Identifier: Apache-2.0 */
#include "elector.h"

#include <stdlib.h>

static const struct argp_option rows[] = {ROW_HOME, ROW_NOW, ROW_JSON, {0}};

static const char doc[] =
    "Show what a proposal asks for: motion, subject with its fingerprint in hex and in words, who proposes it and why, and what "
    "electors and root CAs would look like after it, judged against the elector's own trust store.\v"
    "The inspection is noted in the journal by the SHA-256 of the proposal; only what was inspected can be signed. Compare the "
    "fingerprint over a second channel with whoever holds the certificate.\n\n"
    "Example:\n  scms-elector inspect --home elector-a add-elector.proposal\n\n"
    "Exit code: 0 it could be signed, 1 it could not (see what is said), 2 usage, 3 home or trust store cannot be read.";

int elector_inspect(int argc, char **argv)
{
	struct judgement judgement = {0};
	struct elector_home elector;
	struct options options;
	int code;

	elector_parse(argc, argv, "inspect", rows, "PROPOSAL", doc, 1, 1, &options);
	if (elector_open(&elector, &options, &code) && judgement_make(&judgement, &elector, options.files[0], &code)) {
		struct journal_file file = {options.files[0], judgement.bytes};

		code = findings_worst(&judgement.findings) == FINDING_REFUSED ? EXIT_REFUSED : EXIT_DONE;
		if (!elector_journal(&elector, "inspect", NULL, &file, 1, judgement_details(&judgement), NULL))
			code = EXIT_ENVIRONMENT;
		if (options.json)
			elector_print(judgement_json(&judgement, &elector));
		else
			judgement_words(&judgement, &elector, stdout);
	}
	judgement_free(&judgement);
	elector_close(&elector);
	return code;
}
