/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/tally.h"

#include "trust/quorum.h"
#include "trust/votes.h"

#include <string.h>

bool motion_count(struct scms_store *store, struct trust_env env, scms_time64 now, enum ballot_form form, enum scms_motion motion,
		  struct scms_slice bytes, struct motion_tally *out)
{
	uint8_t states[BALLOT_VOTES_MAX] = {0};
	struct ballot ballot = {.form = form, .motion = motion, .carrier = SCMS_HISTORY, .bytes = bytes, .vote_states = states};
	struct judge judge = {.store = store, .now = now, .env = env, .votes = out->votes};
	struct ballot_parts parts;
	struct motion_error err;
	struct tally tally;
	struct cert subject;

	*out = (struct motion_tally){.quorum = quorum_in_force(store, now, NULL)};
	if (store->limits.votes > BALLOT_VOTES_MAX)
		return false;
	ballot_read(&ballot, &store->limits, env.crypto);
	out->fixed = ballot.fixed;
	if (ballot.fixed != SCMS_APPLIED)
		return true;
	if (!ballot_parts_read(&parts, bytes, &err) || cert_read(&subject, parts.certificate, env.crypto, NULL) != OER_OK) {
		out->fixed = SCMS_SUBJECT_PROFILE;
		return true;
	}
	votes_sort_out(&ballot, &judge, 0, &tally);
	if (!votes_check(&ballot, &judge, &subject, &tally))
		out->fixed = SCMS_SUBJECT_SIGNATURE;
	out->vote_count = tally.votes;
	out->counted = (uint32_t)__builtin_popcountll(tally.counted);
	return !judge.failed;
}
