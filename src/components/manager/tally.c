/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/tally.h"

#include "components/manager/outlook.h"
#include "trust/quorum.h"
#include "trust/tombstone.h"
#include "trust/votes.h"

#include <stdlib.h>
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

/* A ballot whose worth is asked. */
struct asked {
	struct scms_store *store;
	struct trust_env env;
	enum ballot_form form;
	enum scms_motion motion;
	struct scms_slice ballot;
	struct motion_tally tally;
	bool failed;
};

/* Are its votes too few at a time? */
static bool is_short(struct asked *asked, scms_time64 time)
{
	if (!motion_count(asked->store, asked->env, time, asked->form, asked->motion, asked->ballot, &asked->tally))
		asked->failed = true;
	if (asked->tally.fixed != SCMS_APPLIED)
		asked->tally.counted = 0;
	return asked->tally.counted < asked->tally.quorum;
}

static scms_time64 short_from(struct asked *asked, scms_time64 now)
{
	scms_time64 changes[OUTLOOK_CHANGES_MAX], first = 0;
	size_t n = outlook_quorum_changes(asked->store, now, changes);
	struct scms_member member;

	for (size_t k = 0; k < n && first == 0; k++)
		if (is_short(asked, changes[k]))
			first = changes[k];
	for (uint32_t k = 0; scms_store_elector(asked->store, now, k, &member); k++)
		if (member.valid_until > now && (first == 0 || member.valid_until < first) && is_short(asked, member.valid_until))
			first = member.valid_until;
	return first;
}

bool motion_worth(struct scms_store *store, struct trust_env env, scms_time64 now, enum ballot_form form, enum scms_motion motion,
		  struct scms_slice ballot, struct motion_worth *worth)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	struct ballot_parts *parts = calloc(1, sizeof(*parts));
	struct motion_error err;
	struct cert subject;
	bool good = asked != NULL && parts != NULL;

	*worth = (struct motion_worth){.counted = 0};
	if (good) {
		*asked = (struct asked){.store = store, .env = env, .form = form, .motion = motion, .ballot = ballot};
		worth->removed = ballot_parts_read(parts, ballot, &err) &&
				 cert_read(&subject, parts->certificate, env.crypto, NULL) == OER_OK &&
				 tombstone_bars(store, &subject, env.crypto);
		worth->short_from = is_short(asked, now) ? now : 0;
		worth->counted = asked->tally.counted;
		worth->quorum = asked->tally.quorum;
		if (worth->short_from == 0)
			worth->short_from = short_from(asked, now);
		good = !asked->failed;
	}
	free(parts);
	free(asked);
	return good;
}
