/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/vote_make.h"

#include <stdlib.h>
#include <string.h>

bool vote_is_by(struct scms_slice bytes, const struct cert *elector, struct scms_slice payload, const struct scms_crypto *crypto)
{
	struct scms_verify_request request;
	struct vote vote;
	uint8_t e[48], verdict;

	if (!vote_open(&vote, bytes) || vote.payload.n != payload.n || memcmp(vote.payload.p, payload.p, payload.n) != 0 ||
	    !signed_data_request(&vote.data, elector, crypto, e, &request))
		return false;
	crypto->verify(crypto->ctx, &request, 1, &verdict);
	return verdict == SCMS_GOOD;
}

enum key_status vote_make(const struct signer *signer, struct scms_slice payload, scms_time64 now, struct bytes *out,
			  struct key_error *err)
{
	struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT, .has_generationTime = true, .generationTime = now};
	enum key_status status = signed_unsecured_make(signer, payload, &header, out, err);

	if (status != KEY_OK)
		return status;
	/* A token may be broken, or not hold the key that it says: its word is not taken. */
	if (vote_is_by(bytes_view(out), signer->cert, payload, signer->crypto))
		return KEY_OK;
	bytes_free(out);
	return key_fail(err, KEY_FAILED, "the signature that the key made does not verify: nothing was written; the token or its key is "
					 "damaged, or is not that of the certificate");
}

/* Reads as this form; false where it is not one. */
static bool read_as(struct ballot_parts *parts, enum ballot_form form, struct scms_slice bytes, struct oer_list *votes,
		    struct oer_error *err)
{
	parts->form = form;
	parts->certificate = (struct scms_slice){NULL, 0};
	if (form == FORM_124) {
		struct ElectorBallot ballot;

		if (oer_decode(&oer_ElectorBallot, bytes, OER_DEPTH_DEFAULT, &ballot, err) != OER_OK)
			return false;
		parts->certificate = ballot.certificate.raw;
		*votes = ballot.endorsements;
	} else {
		struct ElectorBallot121 ballot;

		if (oer_decode(&oer_ElectorBallot121, bytes, OER_DEPTH_DEFAULT, &ballot, NULL) != OER_OK)
			return false;
		*votes = ballot.endorsements;
	}
	return true;
}

bool ballot_parts_read(struct ballot_parts *parts, struct scms_slice bytes, struct motion_error *err)
{
	struct endorsement endorsement;
	struct oer_list votes;
	struct oer_error oer = {0};
	struct oer_iter it;
	struct vote vote;

	*parts = (struct ballot_parts){0};
	if (!read_as(parts, FORM_124, bytes, &votes, &oer) && !read_as(parts, FORM_121, bytes, &votes, NULL))
		return motion_refuse(err, "not a ballot of CAMP 1.2.4 or 1.2.1: as 1.2.4: offset %zu, %s: expected %s, found %s", oer.offset,
				     oer.path, oer.expected, oer.found);
	if (votes.count > BALLOT_VOTES_MAX)
		return motion_refuse(err, "rule A5.2: a ballot of %u votes; expected at most %d", votes.count, BALLOT_VOTES_MAX);
	it = oer_iterate(&votes);
	while (oer_next_raw(&it, &parts->votes[parts->vote_count])) {
		if (!vote_open(&vote, parts->votes[parts->vote_count]))
			return motion_refuse(err, "vote %zu is not signed data with a payload", parts->vote_count + 1);
		if (parts->payload.p == NULL)
			parts->payload = vote.payload;
		else if (parts->payload.n != vote.payload.n || memcmp(parts->payload.p, vote.payload.p, vote.payload.n) != 0)
			return motion_refuse(err, "rule C1: vote %zu is for another endorsement than the votes before it",
					     parts->vote_count + 1);
		parts->vote_count++;
	}
	if (!endorsement_read(&endorsement, parts->form, parts->payload) || endorsement.type < 0 ||
	    endorsement.type > SCMS_REMOVE_ELECTOR)
		return motion_refuse(err, "rule C1: its votes do not sign a TbsElectorEndorsement of CAMP %s that is known",
				     ballot_form_name(parts->form));
	parts->motion = (enum scms_motion)endorsement.type;
	parts->time = endorsement.time;
	if (parts->certificate.p == NULL)
		parts->certificate = endorsement.certificate;
	return true;
}

bool ballot_make(enum ballot_form form, struct scms_slice certificate, const struct scms_slice *votes, size_t n, struct bytes *out,
		 struct motion_error *err)
{
	struct oer_list list = {.count = (uint32_t)n};
	struct ballot_parts check;
	enum key_status status;
	struct key_error key_err = {.text = "it has no votes"};
	uint8_t *joined;
	size_t size = 1;

	*out = (struct bytes){NULL, 0};
	for (size_t k = 0; k < n; k++)
		size += votes[k].n;
	joined = malloc(size);
	if (joined == NULL)
		return motion_refuse(err, "out of memory");
	list.bytes.p = joined;
	for (size_t k = 0; k < n; k++) {
		memcpy(joined + list.bytes.n, votes[k].p, votes[k].n);
		list.bytes.n += votes[k].n;
	}
	if (form == FORM_124) {
		struct ElectorBallot ballot = {.endorsements = list};

		list.element = oer_ElectorBallot_endorsements.u.element;
		status = oer_decode(&oer_ExplicitCertificate, certificate, OER_DEPTH_DEFAULT, &ballot.certificate, NULL) == OER_OK && n > 0
			     ? make_bytes(&oer_ElectorBallot, &ballot, out, &key_err)
			     : KEY_VALUE;
	} else {
		struct ElectorBallot121 ballot = {.endorsements = list};

		status = n > 0 ? make_bytes(&oer_ElectorBallot121, &ballot, out, &key_err) : KEY_VALUE;
	}
	free(joined);
	if (status != KEY_OK)
		return motion_refuse(err, "the ballot cannot be made: %s", key_err.text);
	/* Votes of another motion, or of the other form, do not get past this. */
	if (ballot_parts_read(&check, bytes_view(out), err) && check.form == form)
		return true;
	bytes_free(out);
	return false;
}

bool history_append(struct scms_slice history, enum scms_motion motion, enum ballot_form form, struct scms_slice ballot,
		    struct bytes *out, struct motion_error *err)
{
	struct BallotHistoryEntry entry = {.type = (int32_t)motion};
	struct BallotHistory whole = {.version = 1};
	struct bytes last = {NULL, 0};
	struct scms_slice raw = {NULL, 0};
	struct key_error key_err;
	struct oer_error oer;
	struct oer_iter it;
	uint8_t *joined;
	enum oer_status status;

	*out = (struct bytes){NULL, 0};
	if (history.n > 0 && oer_decode(&oer_BallotHistory, history, OER_DEPTH_DEFAULT, &whole, &oer) != OER_OK)
		return motion_refuse(err, "not a ballot history: offset %zu, %s: expected %s, found %s", oer.offset, oer.path,
				     oer.expected, oer.found);
	if (form == FORM_124) {
		entry.ballot.choice = BallotHistoryEntry_ballot_is_camp124;
		status = oer_decode(&oer_ElectorBallot, ballot, OER_DEPTH_DEFAULT, &entry.ballot.u.camp124, &oer);
	} else {
		entry.ballot.choice = BallotHistoryEntry_ballot_is_camp121;
		status = oer_decode(&oer_ElectorBallot121, ballot, OER_DEPTH_DEFAULT, &entry.ballot.u.camp121, &oer);
	}
	if (status != OER_OK)
		return motion_refuse(err, "not a ballot: offset %zu, %s", oer.offset, oer.path);
	if (make_bytes(&oer_BallotHistoryEntry, &entry, &last, &key_err) != KEY_OK)
		return motion_refuse(err, "%s", key_err.text);
	it = oer_iterate(&whole.entries);
	while (oer_next_raw(&it, &raw))
		;
	joined = malloc(whole.entries.bytes.n + last.n);
	if (joined == NULL) {
		bytes_free(&last);
		return motion_refuse(err, "out of memory");
	}
	if (whole.entries.bytes.n > 0)
		memcpy(joined, whole.entries.bytes.p, whole.entries.bytes.n);
	if (raw.n != last.n || memcmp(raw.p, last.p, last.n) != 0) {
		memcpy(joined + whole.entries.bytes.n, last.p, last.n);
		whole.entries.bytes.n += last.n;
		whole.entries.count++;
	}
	whole.entries.bytes.p = joined;
	whole.entries.items = NULL;
	bytes_free(&last);
	if (make_bytes(&oer_BallotHistory, &whole, out, &key_err) != KEY_OK) {
		free(joined);
		return motion_refuse(err, "%s", key_err.text);
	}
	free(joined);
	return true;
}

bool history_continues(struct scms_slice out, struct scms_slice history, struct motion_error *err)
{
	struct BallotHistory old, new;
	struct scms_slice was, is;
	struct oer_iter before, after;

	if (out.n == 0)
		return true;
	if (oer_decode(&oer_BallotHistory, out, OER_DEPTH_DEFAULT, &old, NULL) != OER_OK)
		return motion_refuse(err, "the ballot history that is out cannot be read");
	if (oer_decode(&oer_BallotHistory, history, OER_DEPTH_DEFAULT, &new, NULL) != OER_OK)
		return motion_refuse(err, "is no ballot history");
	before = oer_iterate(&old.entries);
	after = oer_iterate(&new.entries);
	for (uint32_t k = 1; oer_next_raw(&before, &was); k++)
		if (!oer_next_raw(&after, &is) || was.n != is.n || memcmp(was.p, is.p, was.n) != 0)
			return motion_refuse(err, "entry %u of the %u that are out is missing or another: a history only grows (rule H8)", k,
					     old.entries.count);
	return true;
}
