/* SPDX-License-Identifier: Apache-2.0 */
#include "components/crlg/crl_check.h"

#include "components/manager/simulation.h"
#include "components/period.h"
#include "dot2/crl.h"
#include "dot2/validity.h"
#include "trust/tombstone.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void fault(struct crl_faults *faults, const char *format, ...)
{
	va_list args;

	if (faults->n < CRL_FAULTS_MAX) {
		va_start(args, format);
		vsnprintf(faults->text[faults->n], sizeof(faults->text[0]), format, args);
		va_end(args);
	}
	faults->n++;
}

/* ---- the store's own word ---- */

struct heard {
	struct crl_faults *faults;
	bool quiet; /* only the last outcome is wanted */
	enum scms_reason crl;
};

static void hear_crl(void *ctx, const uint8_t craca[8], uint16_t series, enum scms_reason outcome)
{
	struct heard *heard = ctx;

	(void)craca;
	heard->crl = outcome;
	if (!heard->quiet && outcome != SCMS_ACCEPTED && outcome != SCMS_UNCHANGED)
		fault(heard->faults, "series %u: %s (rule %s): %s", series, scms_reason_name(outcome), scms_reason_rule(outcome),
		      scms_reason_text(outcome));
}

/* A ballot is reported in every round until it is settled: the last one is kept by its place in the list. */
struct ballots_heard {
	struct heard heard;
	enum scms_reason outcome[2][CRL_BALLOTS_MAX];
	uint8_t subject[2][CRL_BALLOTS_MAX][32];
	uint32_t n[2];
};

static void hear_ballot(void *ctx, const struct scms_ballot_report *ballot)
{
	struct ballots_heard *all = ctx;
	unsigned kind = ballot->motion == SCMS_REMOVE_ROOT;

	if (ballot->index >= CRL_BALLOTS_MAX)
		return;
	all->outcome[kind][ballot->index] = ballot->outcome;
	memcpy(all->subject[kind][ballot->index], ballot->subject, 32);
	if (ballot->index >= all->n[kind])
		all->n[kind] = ballot->index + 1;
}

static void hear_refusal(void *ctx, const struct scms_refusal *refusal)
{
	struct heard *heard = ctx;

	fault(heard->faults, "%s: offset %zu: %s: expected %s, found %s", scms_reason_name(refusal->reason), refusal->offset, refusal->path,
	      refusal->expected, refusal->found);
}

static void say_ballots(const struct ballots_heard *all, struct crl_faults *faults)
{
	for (unsigned kind = 0; kind < 2; kind++)
		for (uint32_t k = 0; k < all->n[kind]; k++) {
			enum scms_reason outcome = all->outcome[kind][k];
			char text[17];

			/* One that has outlived its subject does no harm: the next CRL is without it. */
			if (outcome == SCMS_APPLIED || outcome == SCMS_ALREADY || outcome == SCMS_SUBJECT_EXPIRED)
				continue;
			for (unsigned j = 0; j < 8; j++)
				snprintf(text + 2 * j, 3, "%02x", all->subject[kind][k][24 + j]);
			fault(faults, "%s of %s: %s (rule %s): %s", kind ? "removeRoot" : "removeElector", text, scms_reason_name(outcome),
			      scms_reason_rule(outcome), scms_reason_text(outcome));
		}
}

static enum key_status try_session(const struct crl_checker *checker, struct simulation *simulation, struct scms_slice composite,
				   const struct scms_report *report, struct key_error *err)
{
	const struct scms_session session = {.crl = composite};
	struct scms_session_result result = simulation_apply(simulation, &session, checker->now, report);

	switch (result.status) {
	case SCMS_SESSION_DONE:
		return KEY_OK;
	case SCMS_SESSION_CLOCK_BACK:
		return key_fail(err, KEY_VALUE, "the clock is before a time that the trust store has accepted (rule G6); set it right");
	default:
		return key_fail(err, KEY_FAILED, "the trust store could not judge");
	}
}

/* ---- against what is out ---- */

static int hash_order(const void *a, const void *b)
{
	return memcmp(((const struct crl_hash_entry *)a)->id, ((const struct crl_hash_entry *)b)->id, 10);
}

/* Entries of the old list that have not expired, and that the new one lacks. */
static uint32_t hashes_lost(struct crl_list *old, struct crl_list *new, scms_time64 now)
{
	uint32_t lost = 0;

	if (new->hash_count > 0)
		qsort(new->hashes, new->hash_count, sizeof(*new->hashes), hash_order);
	for (uint32_t k = 0; k < old->hash_count; k++)
		lost += time64_of(old->hashes[k].expiry) > now &&
			(new->hash_count == 0 ||
			 bsearch(&old->hashes[k], new->hashes, new->hash_count, sizeof(*new->hashes), hash_order) == NULL);
	return lost;
}

static int device_order(const void *a, const void *b)
{
	const struct crl_device *x = a, *y = b;
	int order = memcmp(x->entry.seed1, y->entry.seed1, LINKAGE_SEED);

	return order ? order : memcmp(x->entry.seed2, y->entry.seed2, LINKAGE_SEED);
}

/* All seeds of a list as they are in period i. False: the library failed. */
static bool devices_at(struct crl_list *list, uint16_t i)
{
	for (uint32_t k = 0; k < list->device_count; k++) {
		struct crl_device *d = &list->devices[k];

		if (d->i >= i)
			continue;
		if (!linkage_seed_advance(d->entry.la1, (uint32_t)(i - d->i), d->entry.seed1) ||
		    !linkage_seed_advance(d->entry.la2, (uint32_t)(i - d->i), d->entry.seed2))
			return false;
		d->i = i;
	}
	if (list->device_count > 0)
		qsort(list->devices, list->device_count, sizeof(*list->devices), device_order);
	return true;
}

static bool has_device(const struct crl_list *list, const struct crl_device *device)
{
	return list->device_count > 0 &&
	       bsearch(device, list->devices, list->device_count, sizeof(*list->devices), device_order) != NULL;
}

/* Devices of the old list with periods to come that no list of the new ones has under this CRACA (NULL: under any). */
static bool devices_lost(struct crl_list *old, const struct revocations *new, const uint8_t *craca, scms_time64 now, uint32_t *lost)
{
	uint16_t i = period_of((scms_time32)(now / TIME64_SECOND));

	*lost = 0;
	if (!devices_at(old, i))
		return false;
	for (size_t k = 0; k < new->list_count; k++)
		if (!devices_at(&new->lists[k], i))
			return false;
	for (uint32_t d = 0; d < old->device_count; d++) {
		bool there = old->devices[d].entry.i_max < i;

		for (size_t k = 0; !there && k < new->list_count; k++)
			there = (craca == NULL || memcmp(new->lists[k].craca, craca, 8) == 0) && new->lists[k].series == old->series &&
				has_device(&new->lists[k], &old->devices[d]);
		*lost += !there;
	}
	return true;
}

/* Was the root above this list removed? Then a CRL under another root takes its place (rule H5). */
static bool root_is_gone(const struct scms_store *store, const struct crl_list *list)
{
	return tombstone_find_id8(store, list->craca, SCMS_REMOVE_ROOT) >= 0;
}

/* Was its signer revoked? Then another begins afresh, and it may be missing meanwhile. */
static bool signer_is_gone(const struct scms_store *store, const struct crl_list *list)
{
	for (uint32_t k = 0; k < store->crl_count; k++)
		if (store->crls[k].series == list->series && memcmp(store->crls[k].craca, list->craca, 8) == 0)
			return !store->crls[k].live;
	return false;
}

static void say_lost(const struct crl_list *old, uint32_t lost, struct crl_faults *faults)
{
	if (lost > 0)
		fault(faults, "series %u: %u unexpired revocation%s would be taken back; there is no un-revocation", old->series, lost,
		      lost == 1 ? "" : "s");
}

static bool compare_list(const struct crl_checker *checker, const struct scms_store *judged, struct crl_list *old,
			 const struct revocations *proposed, struct crl_faults *faults)
{
	struct crl_list *new = crl_list_find(proposed, old->craca, old->series);
	uint32_t lost = 0;

	/* Certificates below a root went with it; devices stay revoked, under whichever root. */
	if (root_is_gone(judged, old)) {
		if (old->linkage && !devices_lost(old, proposed, NULL, checker->now, &lost))
			return false;
		say_lost(old, lost, faults);
		return true;
	}
	if (new == NULL) {
		if (!signer_is_gone(judged, old))
			fault(faults, "series %u: the list that is out would be gone", old->series);
		return true;
	}
	if (new->linkage != old->linkage) {
		fault(faults, "series %u: would change from %s", old->series, old->linkage ? "seeds to hashes" : "hashes to seeds");
		return true;
	}
	if (new->issue_date < old->issue_date)
		fault(faults, "series %u: is older than the list that is out (rule G5.2)", old->series);
	if (!old->linkage)
		lost = hashes_lost(old, new, checker->now);
	else if (!devices_lost(old, proposed, old->craca, checker->now, &lost))
		return false;
	say_lost(old, lost, faults);
	return true;
}

static void compare_ballots(const struct crl_checker *checker, const struct revocations *old, const struct revocations *new,
			    struct crl_faults *faults)
{
	for (size_t k = 0; k < old->ballot_count; k++) {
		const struct crl_ballot *ballot = &old->ballots[k];
		bool there = ballot->expiry <= checker->now;
		char text[17];

		for (size_t j = 0; !there && j < new->ballot_count; j++)
			there = new->ballots[j].motion == ballot->motion && memcmp(new->ballots[j].subject, ballot->subject, 32) == 0;
		for (unsigned j = 0; j < 8; j++)
			snprintf(text + 2 * j, 3, "%02x", ballot->subject[24 + j]);
		if (!there)
			fault(faults, "%s of %s: is out and would be gone before the certificate's expiry (rule H4)",
			      ballot->motion == SCMS_REMOVE_ROOT ? "removeRoot" : "removeElector", text);
	}
}

static enum key_status compare(const struct crl_checker *checker, const struct scms_store *judged, struct revocations *new,
			       struct revocations *old, struct crl_faults *faults, struct key_error *err)
{
	for (size_t k = 0; k < new->list_count; k++)
		if (time64_of(new->lists[k].next_crl) <= checker->now)
			fault(faults, "series %u: is overdue already: its nextCrl has passed", new->lists[k].series);
	compare_ballots(checker, old, new, faults);
	for (size_t k = 0; k < old->list_count; k++)
		if (!compare_list(checker, judged, &old->lists[k], new, faults))
			return key_fail(err, KEY_FAILED, "seeds cannot be advanced");
	return KEY_OK;
}

enum key_status crl_composite_check(const struct crl_checker *checker, struct scms_slice composite, struct scms_slice before,
				    struct crl_faults *faults, struct key_error *err)
{
	struct ballots_heard heard = {.heard = {.faults = faults}};
	const struct scms_report report = {.ctx = &heard, .ballot = hear_ballot, .crl = hear_crl, .refused = hear_refusal};
	struct simulation *simulation = simulation_new(checker->store, checker->objects, checker->crypto);
	struct revocations new = {.form = FORM_124}, old = {.form = FORM_124};
	struct key_error why = {.text = ""};
	enum key_status status = KEY_OK;

	*faults = (struct crl_faults){.n = 0};
	if (simulation == NULL)
		return key_fail(err, KEY_FAILED, "no memory for a copy of the trust store");
	if (revocations_read(&new, composite, checker->crypto, &why) != KEY_OK) {
		fault(faults, "%.250s", why.text);
		goto out;
	}
	status = revocations_read(&old, before, checker->crypto, err);
	if (status == KEY_OK)
		status = try_session(checker, simulation, composite, &report, err);
	if (status == KEY_OK) {
		say_ballots(&heard, faults);
		status = compare(checker, simulation_store(simulation), &new, &old, faults, err);
	}
out:
	revocations_free(&new);
	revocations_free(&old);
	simulation_free(simulation);
	return status;
}

/* ---- rebuilding ---- */

/* A composite CRL of one CRL. */
static enum key_status wrap_crl(struct scms_slice crl, struct bytes *out, struct key_error *err)
{
	const struct CompositeCrl composite = {
	    .securedCrlSeries = {.bytes = crl, .count = 1, .element = &oer_Ieee1609Dot2Data},
	    .revokedRootCAs = {.element = &oer_ElectorBallot},
	    .revokedElectors = {.element = &oer_ElectorBallot}};

	return make_bytes(&oer_CompositeCrl, &composite, out, err);
}

static enum key_status judge_crl(const struct crl_checker *checker, struct simulation *simulation, struct scms_slice crl,
				 enum scms_reason *outcome, struct key_error *err)
{
	struct crl_faults ignored = {.n = 0};
	struct heard heard = {.faults = &ignored, .quiet = true, .crl = SCMS_MALFORMED};
	const struct scms_report report = {.ctx = &heard, .crl = hear_crl};
	struct bytes composite = {NULL, 0};
	enum key_status status = wrap_crl(crl, &composite, err);

	if (status == KEY_OK)
		status = try_session(checker, simulation, bytes_view(&composite), &report, err);
	bytes_free(&composite);
	*outcome = heard.crl;
	return status;
}

/* A CRL that was accepted once stays accepted in a store; here its signer must be valid still. */
static enum scms_reason signer_stands(const struct crl_checker *checker, struct simulation *simulation, struct scms_slice bytes)
{
	struct trust_env env = simulation_env(simulation);
	struct scms_slice certificate;
	struct oer_iter it;
	struct crl crl;

	if (crl_read(&crl, bytes, NULL) != OER_OK)
		return SCMS_MALFORMED;
	if (crl.data.signer.choice != SignerIdentifier_is_certificate)
		return SCMS_VALID; /* named by its digest: the store has judged it */
	it = oer_iterate(&crl.data.signer.u.certificate);
	if (!oer_next_raw(&it, &certificate))
		return SCMS_MALFORMED;
	return scms_cert_check(simulation_store(simulation), checker->now, certificate, NULL, 0, checker->crypto, env.objects);
}

/* Keeps a list that is still worth something: its full CRL, and its delta. */
static enum key_status keep_list(const struct crl_checker *checker, struct simulation *simulation, struct crl_list *list, bool *keep,
				 struct crl_faults *left_out, struct key_error *err)
{
	enum scms_reason reason;
	enum key_status status = judge_crl(checker, simulation, bytes_view(&list->full), &reason, err);

	*keep = false;
	if (status != KEY_OK)
		return status;
	if (reason == SCMS_ACCEPTED || reason == SCMS_UNCHANGED)
		reason = signer_stands(checker, simulation, bytes_view(&list->full));
	if (reason != SCMS_VALID) {
		fault(left_out, "series %u: %s (rule %s): %s", list->series, scms_reason_name(reason), scms_reason_rule(reason),
		      scms_reason_text(reason));
		return KEY_OK;
	}
	*keep = true;
	if (list->delta.p == NULL)
		return KEY_OK;
	status = judge_crl(checker, simulation, bytes_view(&list->delta), &reason, err);
	if (status == KEY_OK && reason != SCMS_ACCEPTED && reason != SCMS_UNCHANGED) {
		fault(left_out, "series %u: its delta: %s (rule %s): %s", list->series, scms_reason_name(reason), scms_reason_rule(reason),
		      scms_reason_text(reason));
		bytes_free(&list->delta);
	}
	return status;
}

/* Lists of the composite that was out, without those that count no more. */
static enum key_status sift_lists(const struct crl_checker *checker, struct simulation *simulation, const struct crl_list *new,
				  struct revocations *state, struct revocations *dropped, struct crl_faults *left_out,
				  struct key_error *err)
{
	enum key_status status = KEY_OK;
	size_t to = 0;

	dropped->lists = calloc(state->list_count + 1, sizeof(*dropped->lists));
	if (dropped->lists == NULL)
		return key_fail(err, KEY_FAILED, "no memory for a composite CRL");
	for (size_t k = 0; k < state->list_count; k++) {
		struct crl_list *list = &state->lists[k];
		bool keep = false;

		if (status == KEY_OK && (list->series != new->series || memcmp(list->craca, new->craca, 8) != 0))
			status = keep_list(checker, simulation, list, &keep, left_out, err);
		if (keep)
			state->lists[to++] = *list;
		else
			dropped->lists[dropped->list_count++] = *list;
	}
	state->list_count = to;
	return status;
}

enum key_status crl_rebuild(const struct crl_checker *checker, struct scms_slice before, struct scms_slice root_crl, struct bytes *out,
			    struct crl_faults *left_out, struct key_error *err)
{
	struct simulation *simulation = simulation_new(checker->store, checker->objects, checker->crypto);
	struct revocations state = {.form = FORM_124}, added = {.form = FORM_124}, dropped = {.form = FORM_124};
	enum scms_reason reason = SCMS_MALFORMED;
	struct bytes wrapped = {NULL, 0};
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	*left_out = (struct crl_faults){.n = 0};
	if (simulation == NULL)
		return key_fail(err, KEY_FAILED, "no memory for a copy of the trust store");
	status = wrap_crl(root_crl, &wrapped, err);
	if (status == KEY_OK)
		status = revocations_read(&added, bytes_view(&wrapped), checker->crypto, err);
	if (status == KEY_OK && (added.list_count != 1 || added.lists[0].series != CRL_SERIES_SPECIAL))
		status = key_fail(err, KEY_REFUSED, "root's CRL: expected series 256, found another");
	if (status == KEY_OK)
		status = judge_crl(checker, simulation, root_crl, &reason, err);
	if (status == KEY_OK && reason != SCMS_ACCEPTED && reason != SCMS_UNCHANGED)
		status = key_fail(err, KEY_REFUSED, "root's CRL: %s (rule %s): %s", scms_reason_name(reason), scms_reason_rule(reason),
				  scms_reason_text(reason));
	if (status == KEY_OK)
		status = revocations_read(&state, before, checker->crypto, err);
	if (status == KEY_OK)
		status = sift_lists(checker, simulation, &added.lists[0], &state, &dropped, left_out, err);
	if (status == KEY_OK) {
		struct crl_list *list;

		/* Ballots go with their certificates; lists stay as they were signed, whatever in them has expired. */
		for (size_t k = 0; k < state.ballot_count;)
			if (state.ballots[k].expiry <= checker->now) {
				bytes_free(&state.ballots[k].bytes);
				state.ballots[k] = state.ballots[--state.ballot_count];
			} else {
				k++;
			}
		status = crl_list_open(&state, added.lists[0].craca, CRL_SERIES_SPECIAL, false, &list, err);
		if (status == KEY_OK) {
			*list = added.lists[0];
			added.list_count = 0;
			status = revocations_compose(&state, out, err);
		}
	}
	bytes_free(&wrapped);
	revocations_free(&state);
	revocations_free(&added);
	revocations_free(&dropped);
	simulation_free(simulation);
	return status;
}
