/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/chain_votes.h"

#include "components/pile.h"
#include "dot2/profile.h"
#include "dot2/validity.h"
#include "trust/members.h"
#include "trust/tombstone.h"
#include "trust/votes.h"

#include <string.h>

bool ballot_certificate(enum ballot_form form, struct scms_slice bytes, struct scms_slice *certificate)
{
	const struct ballot ballot = {.bytes = bytes, .form = form};
	struct endorsement endorsement;
	struct scms_slice first;
	struct oer_list votes;
	struct oer_iter it;
	struct vote vote;

	if (!ballot_votes(&ballot, &votes, certificate))
		return false;
	if (certificate->p != NULL)
		return true;
	it = oer_iterate(&votes);
	if (!oer_next_raw(&it, &first) || !vote_open(&vote, first) || !endorsement_read(&endorsement, form, vote.payload))
		return false;
	*certificate = endorsement.certificate;
	return true;
}

/* Who a vote names, if the store or the list of former electors knows him. */
struct voter {
	struct cert cert;
	bool found;
	bool of_store;
	bool removed;
};

static bool names(const struct vote_signer *signer, const struct cert *cert)
{
	return signer->by_certificate ? memcmp(signer->identity, cert->hash256, 32) == 0
				      : memcmp(signer->id8, cert_id8(cert), 8) == 0;
}

static void voter_find(const struct worth_env *env, const struct vote_signer *signer, struct voter *voter)
{
	*voter = (struct voter){.found = false};
	if (!signer->named)
		return;
	voter->removed = signer->by_certificate ? tombstone_find(env->store, signer->identity) >= 0
						: tombstone_find_id8(env->store, signer->id8, SCMS_REMOVE_ELECTOR) >= 0;
	for (uint32_t k = 0; k < env->store->elector_count; k++)
		if (elector_cert(env->store, k, env->crypto, &voter->cert) && names(signer, &voter->cert)) {
			voter->found = voter->of_store = true;
			return;
		}
	for (size_t k = 0; k < env->former_count; k++)
		if (cert_read(&voter->cert, env->former[k], env->crypto, NULL) == OER_OK && cert_fits_elector(&voter->cert) &&
		    names(signer, &voter->cert)) {
			voter->found = true;
			return;
		}
}

static enum scms_verdict vote_verifies(const struct worth_env *env, const struct vote *vote, const struct voter *voter)
{
	struct scms_verify_request request;
	uint8_t digest[48], verdict;

	if (!signed_data_request(&vote->data, &voter->cert, env->crypto, digest, &request))
		return SCMS_BAD;
	env->crypto->verify(env->crypto->ctx, &request, 1, &verdict);
	return (enum scms_verdict)verdict;
}

static bool voted_before(const struct ballot_worth *worth, uint32_t k, const struct vote_signer *signer)
{
	for (uint32_t j = 0; j < k; j++)
		if (worth->worth[j] != VOTE_OTHER && memcmp(worth->elector[j], signer->id8, 8) == 0)
			return true;
	return false;
}

static bool vote_judge(const struct worth_env *env, struct scms_slice bytes, uint32_t k, struct ballot_worth *worth)
{
	enum scms_verdict verdict = SCMS_BAD;
	struct vote_signer signer;
	struct voter voter;
	struct vote vote;

	worth->worth[k] = VOTE_OTHER;
	if (!vote_open(&vote, bytes))
		return true;
	vote_signer(&vote, env->crypto, &signer);
	memcpy(worth->elector[k], signer.id8, 8);
	voter_find(env, &signer, &voter);
	if (voter.removed && !voter.of_store) {
		/* Its key may be in the wrong hands: the vote goes whatever it is worth. */
		if (!voted_before(worth, k, &signer))
			worth->removed++;
		worth->worth[k] = VOTE_REMOVED;
		return true;
	}
	if (!voter.found || memcmp(voter.cert.hash256, worth->subject, 32) == 0 || voted_before(worth, k, &signer) ||
	    vote_header(&vote, &voter.cert.c.toBeSigned.validityPeriod, env->now, env->store->skew) != SCMS_COUNTED ||
	    env->now < validity_start(&voter.cert.c.toBeSigned.validityPeriod))
		return true;
	verdict = vote_verifies(env, &vote, &voter);
	if (verdict == SCMS_FAILED)
		return false;
	if (verdict != SCMS_GOOD)
		return true;
	if (env->now >= validity_end(&voter.cert.c.toBeSigned.validityPeriod)) {
		worth->worth[k] = VOTE_EXPIRED;
		worth->expired++;
	} else if (voter.of_store) {
		worth->worth[k] = VOTE_VALID;
		memcpy(worth->voted[worth->valid++], voter.cert.hash256, 32);
	}
	return true;
}

enum scms_reason ballot_worth(const struct worth_env *env, enum ballot_form form, enum scms_motion motion,
			      struct scms_slice bytes, struct ballot_worth *worth)
{
	const struct scms_limits limits = scms_limits_complete((struct scms_limits){.votes = CHAIN_VOTES_MAX});
	uint8_t states[CHAIN_VOTES_MAX] = {0};
	struct ballot ballot = {.bytes = bytes, .form = form, .motion = motion, .vote_states = states};
	struct scms_slice certificate, vote;
	struct oer_list votes;
	struct oer_iter it;
	struct cert subject;

	*worth = (struct ballot_worth){.votes = 0};
	ballot_read(&ballot, &limits, env->crypto);
	if (ballot.has_subject)
		memcpy(worth->subject, ballot.subject, 32);
	if (ballot.fixed != SCMS_APPLIED)
		return ballot.fixed;
	if (!ballot_votes(&ballot, &votes, &certificate) || !ballot_certificate(form, bytes, &certificate) ||
	    cert_read(&subject, certificate, env->crypto, NULL) != OER_OK)
		return SCMS_SUBJECT_PROFILE;
	worth->subject_end = validity_end(&subject.c.toBeSigned.validityPeriod);
	worth->subject_removed = tombstone_bars(env->store, &subject, env->crypto);
	worth->votes = votes.count;
	it = oer_iterate(&votes);
	for (uint32_t k = 0; oer_next_raw(&it, &vote); k++)
		if (!vote_judge(env, vote, k, worth))
			return SCMS_REASON_FAILED;
	return SCMS_APPLIED;
}

enum key_status ballot_keep(enum ballot_form form, struct scms_slice bytes, const bool keep[CHAIN_VOTES_MAX], struct bytes *out,
			    struct key_error *err)
{
	const struct ballot ballot = {.bytes = bytes, .form = form};
	struct scms_slice certificate, vote;
	struct pile pile = {.count = 0};
	enum key_status status = KEY_OK;
	struct oer_list votes;
	struct oer_iter it;

	*out = (struct bytes){NULL, 0};
	if (!ballot_votes(&ballot, &votes, &certificate))
		return key_fail(err, KEY_VALUE, "ballot: cannot be decoded");
	it = oer_iterate(&votes);
	for (uint32_t k = 0; status == KEY_OK && oer_next_raw(&it, &vote) && k < CHAIN_VOTES_MAX; k++)
		if (keep[k] && !pile_add(&pile, vote))
			status = key_fail(err, KEY_FAILED, "no memory for a ballot");
	if (status == KEY_OK && pile.count == 0)
		status = key_fail(err, KEY_VALUE, "ballot: no vote would be left");
	if (status == KEY_OK && form == FORM_124) {
		struct ElectorBallot made;

		status = KEY_FAILED;
		if (oer_decode(&oer_ElectorBallot, bytes, OER_DEPTH_DEFAULT, &made, NULL) == OER_OK) {
			made.endorsements = pile_list(&pile, &oer_Ieee1609Dot2Data);
			status = make_bytes(&oer_ElectorBallot, &made, out, err);
		}
	} else if (status == KEY_OK) {
		struct ElectorBallot121 made = {.endorsements = pile_list(&pile, &oer_Ieee1609Dot2Data)};

		status = make_bytes(&oer_ElectorBallot121, &made, out, err);
	}
	bytes_free(&pile.bytes);
	return status;
}
