/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/carried.h"

#include "trust/crl_file.h"
#include "trust/policy.h"

#include <string.h>

static const char *take(struct scms_slice *to, struct scms_slice bytes, const char *what, struct motion_error *err)
{
	if (to->p != NULL) {
		motion_refuse(err, "a second %s; one session has one of each kind", what);
		return NULL;
	}
	*to = bytes;
	return what;
}

/* Puts another history, or ballot, behind what is there. */
static bool join_history(struct carried *carried, enum scms_motion motion, enum ballot_form form, struct scms_slice ballot,
			 struct motion_error *err)
{
	struct bytes longer;

	if (!history_append(carried->session.history, motion, form, ballot, &longer, err))
		return false;
	bytes_free(&carried->history);
	carried->history = longer;
	carried->session.history = bytes_view(&carried->history);
	return true;
}

static const char *take_history(struct carried *carried, struct scms_slice bytes, struct motion_error *err)
{
	struct BallotHistoryEntry entry;
	struct BallotHistory history;
	struct oer_iter it;

	if (carried->session.history.p == NULL) {
		carried->session.history = bytes;
		return "ballot history";
	}
	if (oer_decode(&oer_BallotHistory, bytes, OER_DEPTH_DEFAULT, &history, NULL) != OER_OK)
		return NULL;
	it = oer_iterate(&history.entries);
	while (oer_next(&it, &entry)) {
		bool is_124 = entry.ballot.choice == BallotHistoryEntry_ballot_is_camp124;

		if (!is_124 && entry.ballot.choice != BallotHistoryEntry_ballot_is_camp121)
			continue;
		if (!join_history(carried, (enum scms_motion)entry.type, is_124 ? FORM_124 : FORM_121,
				  is_124 ? entry.ballot.u.camp124.raw : entry.ballot.u.camp121.raw, err))
			return NULL;
	}
	return "ballot history";
}

static const char *take_update(struct carried *carried, const struct update *update, struct motion_error *err)
{
	static const char what[] = "trust update";
	const struct scms_session *from = &update->session;
	struct scms_session *to = &carried->session;

	if ((from->policy.p != NULL && take(&to->policy, from->policy, "policy file", err) == NULL) ||
	    (from->crl.p != NULL && take(&to->crl, from->crl, "composite CRL", err) == NULL) ||
	    (from->chain.p != NULL && take(&to->chain, from->chain, "chain file", err) == NULL) ||
	    (from->history.p != NULL && take_history(carried, from->history, err) == NULL))
		return NULL;
	for (size_t k = 0; k < from->certificate_count; k++) {
		if (to->certificate_count == UPDATE_CERTIFICATES_MAX) {
			motion_refuse(err, "more than %d certificates", UPDATE_CERTIFICATES_MAX);
			return NULL;
		}
		carried->certificates[to->certificate_count++] = from->certificates[k];
	}
	to->certificates = carried->certificates;
	return what;
}

static const char *take_certificate(struct carried *carried, struct scms_slice bytes, struct motion_error *err)
{
	struct scms_session *to = &carried->session;

	if (to->certificate_count == UPDATE_CERTIFICATES_MAX) {
		motion_refuse(err, "more than %d certificates", UPDATE_CERTIFICATES_MAX);
		return NULL;
	}
	carried->certificates[to->certificate_count++] = bytes;
	to->certificates = carried->certificates;
	return "certificate";
}

const char *carried_add(struct carried *carried, struct scms_slice bytes, const struct scms_crypto *crypto,
			struct motion_error *err)
{
	struct BallotHistory history;
	struct ballot_parts ballot;
	struct policy_file policy;
	struct chain_file chain;
	struct motion_error why;
	struct update update;
	struct crl_file crl;
	struct cert cert;

	motion_refuse(err, "no trust update, policy file, composite CRL, chain file, ballot history, ballot or certificate: "
			   "a foreign file, or a copy that was cut off");
	if (update_read(&update, bytes, NULL) == OER_OK)
		return take_update(carried, &update, err);
	if (policy_file_read(&policy, bytes, crypto, NULL) == OER_OK)
		return take(&carried->session.policy, bytes, "policy file", err);
	if (chain_file_read(&chain, bytes, NULL) == OER_OK)
		return take(&carried->session.chain, bytes, "chain file", err);
	if (ballot_parts_read(&ballot, bytes, &why))
		return join_history(carried, ballot.motion, ballot.form, bytes, err) ? "ballot" : NULL;
	if (crl_file_read(&crl, bytes, NULL) == OER_OK)
		return take(&carried->session.crl, bytes, "composite CRL", err);
	if (oer_decode(&oer_BallotHistory, bytes, OER_DEPTH_DEFAULT, &history, NULL) == OER_OK)
		return take_history(carried, bytes, err);
	if (cert_read(&cert, bytes, crypto, NULL) == OER_OK)
		return take_certificate(carried, bytes, err);
	return NULL;
}

void carried_free(struct carried *carried)
{
	bytes_free(&carried->history);
}
