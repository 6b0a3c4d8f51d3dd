/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proposal, judged against the elector's own trust store.
 */
#include "elector.h"

#include "crypto/digest.h"
#include "dot2/validity.h"
#include "service/engine.h"
#include "trust/members.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What speaks against this elector's voting at all. */
static void judge_voter(struct judgement *judgement, const struct elector_home *elector)
{
	const struct scms_store *store = store_dir_store(judgement->dir);
	const struct cert *own = &elector->identity->cert;
	const struct ValidityPeriod *validity = &own->c.toBeSigned.validityPeriod;
	struct findings *findings = &judgement->findings;
	scms_time64 now = elector->options->now;
	char text[TIME_TEXT_BYTES];

	if (now >= validity_end(validity))
		finding_add(findings, FINDING_REFUSED, "VOTER_EXPIRED", "this elector's own certificate expired on %s (rule B2)",
			    time_text(&elector->options->leaps, validity_end(validity), text));
	if (now < validity_start(validity))
		finding_add(findings, FINDING_REFUSED, "VOTER_NOT_YET_VALID", "this elector's own certificate is not valid before %s (rule B2)",
			    time_text(&elector->options->leaps, validity_start(validity), text));
	if (memcmp(own->hash256, judgement->proposal.subject.hash256, 32) == 0)
		finding_add(findings, FINDING_REFUSED, "VOTER_IS_SUBJECT", "the motion is about this elector itself, and none votes on itself (rule B6)");
	if (elector_find(store, own->hash256) < 0)
		finding_add(findings, FINDING_WARNING, "VOTER_UNKNOWN",
			    "this elector is not in its own trust store: its vote counts only where it is known (rule B1)");
}

/* Clock behind what was signed and accepted (rule G6). */
static bool clock_is_good(const struct elector_home *elector, const struct scms_store_status *status)
{
	const struct options *options = elector->options;
	char now[TIME_TEXT_BYTES], newest[TIME_TEXT_BYTES];

	if (status->signed_time <= options->now + (scms_time64)status->skew_seconds * TIME64_SECOND)
		return true;
	elector_say(options, 0, "CLOCK_BACK (rule G6): the clock says %s, and the trust store has accepted what was signed on %s: set the clock right",
		    time_text(&options->leaps, options->now, now), time_text(&options->leaps, status->signed_time, newest));
	return false;
}

static bool open_store(struct judgement *judgement, const struct elector_home *elector, int *code)
{
	const struct options *options = elector->options;
	struct elector_path path = elector_file(options, "store");
	struct scms_store_status status;
	struct store_dir_error err;

	*code = EXIT_ENVIRONMENT;
	judgement->dir = store_dir_open(path.text, STORE_DIR_READ, engine_crypto(), &err);
	if (judgement->dir == NULL) {
		elector_say(options, 0, "%s (without a trust store of its own an elector judges nothing: scms-elector init)", err.text);
		return false;
	}
	if (!scms_store_status(store_dir_store(judgement->dir), options->now, engine_crypto(), store_dir_objects(judgement->dir), &status)) {
		elector_say(options, 0, "%s: STORE_UNREADABLE: %s; restore the directory from a backup", path.text,
			    store_dir_object_error(judgement->dir));
		return false;
	}
	*code = EXIT_REFUSED;
	return clock_is_good(elector, &status);
}

bool judgement_make(struct judgement *judgement, const struct elector_home *elector, const char *path, int *code)
{
	const struct options *options = elector->options;
	const struct proposal *proposal = &judgement->proposal;
	struct motion_error err;
	uint8_t digest[32];

	*judgement = (struct judgement){.outcome = SCMS_REASON_FAILED};
	*code = EXIT_REFUSED;
	if (!elector_read(options, path, PROPOSAL_BYTES_MAX, &judgement->bytes))
		return false;
	if (!proposal_read(&judgement->proposal, judgement->bytes, engine_crypto(), &err)) {
		elector_say(options, 0, "%s: %s", path, err.text);
		return false;
	}
	if (!digest_sha256(&judgement->bytes, 1, digest)) {
		*code = EXIT_ENVIRONMENT;
		elector_say(options, 0, "SHA-256 failed");
		return false;
	}
	motion_hex(digest, 32, judgement->digest);
	if (!open_store(judgement, elector, code))
		return false;
	judgement->after = simulation_new(store_dir_store(judgement->dir), store_dir_objects(judgement->dir), engine_crypto());
	if (judgement->after == NULL) {
		*code = EXIT_ENVIRONMENT;
		elector_say(options, 0, "out of memory");
		return false;
	}
	judgement->outcome = simulation_carry_out(judgement->after, store_dir_store(judgement->dir), proposal->motion, proposal->certificate,
						  proposal->time, options->now);
	judge_voter(judgement, elector);
	outlook_motion(proposal, elector->level, store_dir_store(judgement->dir), options->now, judgement->outcome, engine_crypto(),
		       &judgement->findings);
	outlook_compare(store_dir_store(judgement->dir), simulation_store(judgement->after), options->now, &judgement->findings);
	return true;
}

void judgement_free(struct judgement *judgement)
{
	simulation_free(judgement->after);
	store_dir_close(judgement->dir);
	free((void *)(uintptr_t)judgement->bytes.p);
}

void judgement_words(const struct judgement *judgement, const struct elector_home *elector, FILE *to)
{
	const struct leap_table *leaps = &elector->options->leaps;
	scms_time64 now = elector->options->now;

	proposal_words(to, &judgement->proposal, leaps);
	fputs("Electors and root CAs after it, as this elector's own trust store has it:\n", to);
	outlook_words(to, simulation_store(judgement->after), now, leaps, engine_crypto());
	fputs(judgement->findings.n > 0 ? "What is to be said of it:\n" : "Nothing speaks against it.\n", to);
	findings_words(to, &judgement->findings);
	fprintf(to, "SHA-256 of the proposal %s\n", judgement->digest);
}

json_t *judgement_json(const struct judgement *judgement, const struct elector_home *elector)
{
	scms_time64 now = elector->options->now;

	return json_pack("{s:o, s:s, s:o, s:o, s:o}", "proposal", proposal_json(&judgement->proposal), "sha256", judgement->digest, "before",
			 outlook_json(store_dir_store(judgement->dir), now), "after",
			 outlook_json(simulation_store(judgement->after), now), "findings", findings_json(&judgement->findings));
}

json_t *judgement_details(const struct judgement *judgement)
{
	const struct proposal *proposal = &judgement->proposal;
	char id[PROPOSAL_ID_BYTES], subject[65], topic[65];

	return json_pack("{s:s, s:s, s:s, s:s, s:I}", "motion", proposal_id(proposal, id), "type", motion_type_name(proposal->motion),
			 "subject", motion_hex(proposal->subject.hash256, 32, subject), "topic", motion_hex(proposal->topic, 32, topic),
			 "tbsTime", (json_int_t)proposal->time);
}
