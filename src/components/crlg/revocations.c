/* SPDX-License-Identifier: Apache-2.0 */
#include "components/crlg/revocations.h"

#include "components/period.h"
#include "components/pile.h"
#include "dot2/crl.h"
#include "dot2/validity.h"
#include "trust/ballot.h"
#include "trust/votes.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element of an array. */
static bool room_for(void **array, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t wanted = *room ? 2 * *room : 64;
	void *p;

	if (count < *room)
		return true;
	if (count >= CRL_ENTRIES_MAX)
		return false;
	p = realloc(*array, wanted * size);
	if (p == NULL)
		return false;
	*array = p;
	*room = wanted;
	return true;
}

static enum key_status full_up(const struct crl_list *list, struct key_error *err)
{
	return key_fail(err, KEY_FAILED, "series %u: no room for another entry (at most %u)", list->series, CRL_ENTRIES_MAX);
}

static void list_free(struct crl_list *list)
{
	bytes_free(&list->full);
	bytes_free(&list->delta);
	free(list->hashes);
	free(list->devices);
	free(list->groups);
}

void revocations_free(struct revocations *state)
{
	for (size_t k = 0; k < state->list_count; k++)
		list_free(&state->lists[k]);
	for (size_t k = 0; k < state->ballot_count; k++)
		bytes_free(&state->ballots[k].bytes);
	free(state->lists);
	free(state->ballots);
	*state = (struct revocations){.form = FORM_124};
}

/* ---- lists ---- */

struct crl_list *crl_list_find(const struct revocations *state, const uint8_t craca[8], uint16_t series)
{
	for (size_t k = 0; k < state->list_count; k++)
		if (state->lists[k].series == series && memcmp(state->lists[k].craca, craca, 8) == 0)
			return &state->lists[k];
	return NULL;
}

enum key_status crl_list_open(struct revocations *state, const uint8_t craca[8], uint16_t series, bool linkage,
			      struct crl_list **list, struct key_error *err)
{
	struct crl_list *p = crl_list_find(state, craca, series);

	*list = p;
	if (p != NULL && p->linkage != linkage)
		return key_fail(err, KEY_MISMATCH, "series %u: is a list of %s, not of %s", series,
				p->linkage ? "linkage seeds" : "hashes", linkage ? "linkage seeds" : "hashes");
	if (p != NULL)
		return KEY_OK;
	if (state->list_count == CRL_FILE_CRLS_MAX / 2)
		return key_fail(err, KEY_VALUE, "series %u: no room for another list", series);
	p = realloc(state->lists, (state->list_count + 1) * sizeof(*p));
	if (p == NULL)
		return key_fail(err, KEY_FAILED, "no memory for a list");
	state->lists = p;
	*list = &p[state->list_count++];
	**list = (struct crl_list){.series = series, .linkage = linkage, .changed = true};
	memcpy((*list)->craca, craca, 8);
	return KEY_OK;
}

/*
 * Where an entry is, or `count`. Lists are searched from the end: what is added twice is as a rule added soon again. Bulk
 * reading does not search (see read_crl); what is there twice after all is put together when the list is signed.
 */
static uint32_t hash_at(const struct crl_list *list, const uint8_t id[10])
{
	for (uint32_t k = list->hash_count; k-- > 0;)
		if (memcmp(list->hashes[k].id, id, 10) == 0)
			return k;
	return list->hash_count;
}

static enum key_status append_hash(struct crl_list *list, const struct crl_hash_entry *entry, struct key_error *err)
{
	if (!room_for((void **)&list->hashes, list->hash_count, &list->hash_room, sizeof(*list->hashes)))
		return full_up(list, err);
	list->hashes[list->hash_count++] = *entry;
	list->changed = true;
	return KEY_OK;
}

enum key_status crl_list_add_hash(struct crl_list *list, const struct crl_hash_entry *entry, struct key_error *err)
{
	uint32_t k = hash_at(list, entry->id);

	if (list->linkage)
		return key_fail(err, KEY_MISMATCH, "series %u: revokes by linkage seeds, not by hash", list->series);
	/* A later expiry is said anew: so a delta has it too. The earlier one goes when the list is signed. */
	if (k == list->hash_count || entry->expiry > list->hashes[k].expiry)
		return append_hash(list, entry, err);
	return KEY_OK;
}

static bool same_device(const struct crl_linkage_entry *a, const struct crl_linkage_entry *b)
{
	return a->la1 == b->la1 && a->la2 == b->la2 && memcmp(a->seed1, b->seed1, LINKAGE_SEED) == 0 &&
	       memcmp(a->seed2, b->seed2, LINKAGE_SEED) == 0;
}

static enum key_status append_device(struct crl_list *list, const struct crl_linkage_entry *entry, uint16_t i, struct key_error *err)
{
	if (!room_for((void **)&list->devices, list->device_count, &list->device_room, sizeof(*list->devices)))
		return full_up(list, err);
	list->devices[list->device_count++] = (struct crl_device){*entry, i};
	list->changed = true;
	return KEY_OK;
}

enum key_status crl_list_add_device(struct crl_list *list, const struct crl_linkage_entry *entry, uint16_t i, struct key_error *err)
{
	if (!list->linkage)
		return key_fail(err, KEY_MISMATCH, "series %u: revokes by hash, not by linkage seeds", list->series);
	if (entry->i_max < i)
		return key_fail(err, KEY_VALUE, "device: its last period %u is before that of its seeds, %u", entry->i_max, i);
	if (entry->j_max == 0)
		return key_fail(err, KEY_VALUE, "device: no certificates in a period");
	for (uint32_t k = list->device_count; k-- > 0;)
		if (list->devices[k].i == i && same_device(&list->devices[k].entry, entry))
			return KEY_OK;
	return append_device(list, entry, i, err);
}

static enum key_status append_group(struct crl_list *list, const struct crl_group_entry *entry, uint16_t i, struct key_error *err)
{
	if (!room_for((void **)&list->groups, list->group_count, &list->group_room, sizeof(*list->groups)))
		return full_up(list, err);
	list->groups[list->group_count++] = (struct crl_group){*entry, i};
	list->changed = true;
	return KEY_OK;
}

enum key_status crl_list_add_group(struct crl_list *list, const struct crl_group_entry *entry, uint16_t i, struct key_error *err)
{
	if (!list->linkage)
		return key_fail(err, KEY_MISMATCH, "series %u: revokes by hash, not by linkage seeds", list->series);
	if (entry->i_max < i)
		return key_fail(err, KEY_VALUE, "group: its last period %u is before that of its seeds, %u", entry->i_max, i);
	for (uint32_t k = list->group_count; k-- > 0;)
		if (list->groups[k].i == i && memcmp(list->groups[k].entry.seed1, entry->seed1, LINKAGE_SEED) == 0 &&
		    memcmp(list->groups[k].entry.seed2, entry->seed2, LINKAGE_SEED) == 0)
			return KEY_OK;
	return append_group(list, entry, i, err);
}

/* ---- reading ---- */

static uint16_t la_of(const uint8_t id[2])
{
	return (uint16_t)(id[0] << 8 | id[1]);
}

static enum key_status read_hashes(struct crl_list *list, const struct crl *crl, struct key_error *err)
{
	const struct ToBeSignedHashIdCrl *from = &crl->contents.typeSpecific.u.fullHashCrl; /* same place in both kinds */
	struct oer_iter it = oer_iterate(&from->entries);
	struct HashBasedRevocationInfo info;
	enum key_status status = KEY_OK;

	list->serial = from->crlSerial;
	list->edition_2022 = it.element != &oer_HashBasedRevocationInfo;
	while (status == KEY_OK && crl_hash_next(&it, &info)) {
		struct crl_hash_entry entry = {.expiry = info.expiry};

		memcpy(entry.id, info.id, 10);
		status = append_hash(list, &entry, err);
	}
	return status;
}

static enum key_status read_la_group(struct crl_list *list, const struct LAGroup *la, uint8_t j_max, uint16_t i, struct key_error *err)
{
	struct oer_iter by_i = oer_iterate(&la->contents);
	enum key_status status = KEY_OK;
	struct IMaxGroup group;

	while (status == KEY_OK && oer_next(&by_i, &group)) {
		struct oer_iter it = oer_iterate(&group.contents);
		struct IndividualRevocation one;

		while (status == KEY_OK && oer_next(&it, &one)) {
			struct crl_linkage_entry entry = {
			    .j_max = j_max, .la1 = la_of(la->la1Id), .la2 = la_of(la->la2Id), .i_max = group.iMax};

			memcpy(entry.seed1, one.linkage_seed1, LINKAGE_SEED);
			memcpy(entry.seed2, one.linkage_seed2, LINKAGE_SEED);
			status = append_device(list, &entry, i, err);
		}
	}
	return status;
}

static enum key_status read_groups(struct crl_list *list, const struct ToBeSignedLinkageValueCrl *from, struct key_error *err)
{
	struct oer_iter it = oer_iterate(&from->groups);
	enum key_status status = KEY_OK;
	struct GroupCrlEntry one;

	while (status == KEY_OK && oer_next(&it, &one)) {
		struct crl_group_entry entry = {.i_max = one.iMax, .la1 = la_of(one.la1Id), .la2 = la_of(one.la2Id)};

		memcpy(entry.seed1, one.linkageSeed1, LINKAGE_SEED);
		memcpy(entry.seed2, one.linkageSeed2, LINKAGE_SEED);
		status = append_group(list, &entry, from->iRev, err);
	}
	return status;
}

static enum key_status read_linkage(struct crl_list *list, const struct crl *crl, struct key_error *err)
{
	const struct ToBeSignedLinkageValueCrl *from = &crl->contents.typeSpecific.u.fullLinkedCrl; /* same place in both kinds */
	struct oer_iter by_j = oer_iterate(&from->individual);
	enum key_status status = KEY_OK;
	struct JMaxGroup j;

	list->i_rev = from->iRev;
	list->index_within_i = from->indexWithinI;
	while (status == KEY_OK && from->has_individual && oer_next(&by_j, &j)) {
		struct oer_iter by_la = oer_iterate(&j.contents);
		struct LAGroup la;

		while (status == KEY_OK && oer_next(&by_la, &la))
			status = read_la_group(list, &la, j.jmax, from->iRev, err);
	}
	if (status == KEY_OK && from->has_groups)
		status = read_groups(list, from, err);
	return status;
}

/* One CRL of the composite into its list: a full one first, then its delta. */
static enum key_status read_crl(struct revocations *state, const struct crl *crl, struct key_error *err)
{
	const struct CrlContents *contents = &crl->contents;
	bool delta = crl_is_delta(crl);
	struct pile copy = {.count = 0};
	struct crl_list *list;
	enum key_status status = crl_list_open(state, contents->cracaId, contents->crlSeries, !crl_is_hash(crl), &list, err);

	if (status != KEY_OK)
		return status;
	if (delta ? list->full.p == NULL || list->delta.p != NULL : list->full.p != NULL)
		return key_fail(err, KEY_VALUE, "composite CRL: series %u: expected one full CRL and at most one delta behind it", contents->crlSeries);
	status = crl_is_hash(crl) ? read_hashes(list, crl, err) : read_linkage(list, crl, err);
	if (status != KEY_OK)
		return status;
	if (!pile_add(&copy, crl->bytes))
		return full_up(list, err);
	list->issue_date = contents->issueDate;
	list->next_crl = contents->nextCrl;
	list->changed = false;
	if (delta) {
		list->delta = copy.bytes;
		return KEY_OK;
	}
	list->full = copy.bytes;
	list->hash_settled = list->hash_count;
	list->device_settled = list->device_count;
	list->group_settled = list->group_count;
	return KEY_OK;
}

enum key_status revocations_take_crl(struct revocations *state, struct scms_slice bytes, struct key_error *err)
{
	struct crl_list *list;
	struct oer_error oer;
	struct crl crl;

	if (crl_read(&crl, bytes, &oer) != OER_OK)
		return key_fail(err, KEY_VALUE, "CRL: offset %zu: %s: expected %s, found %s", oer.offset, oer.path, oer.expected, oer.found);
	if (crl_is_delta(&crl) || crl.contents.typeSpecific.choice > CrlContents_typeSpecific_is_deltaLinkedCrl)
		return key_fail(err, KEY_VALUE, "CRL: expected a full one, found another kind");
	list = crl_list_find(state, crl.contents.cracaId, crl.contents.crlSeries);
	if (list != NULL && crl.contents.issueDate < list->issue_date)
		return key_fail(err, KEY_VALUE, "CRL: series %u: is older than the one that is there", list->series);
	if (list != NULL) {
		list_free(list);
		*list = (struct crl_list){.series = crl.contents.crlSeries, .linkage = !crl_is_hash(&crl)};
		memcpy(list->craca, crl.contents.cracaId, 8);
	}
	return read_crl(state, &crl, err);
}

static enum key_status read_ballots(struct revocations *state, const struct oer_list *from, enum scms_motion motion,
				    const struct scms_crypto *crypto, struct key_error *err)
{
	struct oer_iter it = oer_iterate(from);
	enum key_status status = KEY_OK;
	struct scms_slice bytes;

	while (status == KEY_OK && oer_next_raw(&it, &bytes)) {
		status = revocations_add_ballot(state, state->form, motion, bytes, crypto, err);
		if (status == KEY_EXISTS)
			status = KEY_OK;
	}
	return status;
}

enum key_status revocations_read(struct revocations *state, struct scms_slice composite, const struct scms_crypto *crypto,
			       struct key_error *err)
{
	enum key_status status = KEY_OK;
	struct scms_slice bytes;
	struct oer_error oer;
	struct crl_file file;
	struct oer_iter it;
	struct crl crl;

	*state = (struct revocations){.form = FORM_124};
	if (composite.n == 0)
		return KEY_OK;
	if (crl_file_read(&file, composite, &oer) != OER_OK)
		return key_fail(err, KEY_VALUE, "composite CRL: offset %zu: %s: expected %s, found %s", oer.offset, oer.path, oer.expected,
				oer.found);
	state->form = file.form;
	it = oer_iterate(&file.crls);
	for (unsigned k = 0; status == KEY_OK && oer_next_raw(&it, &bytes); k++) {
		if (crl_read(&crl, bytes, &oer) != OER_OK ||
		    crl.contents.typeSpecific.choice > CrlContents_typeSpecific_is_deltaLinkedCrl)
			status = key_fail(err, KEY_VALUE, "composite CRL: CRL %u: cannot be read", k);
		else
			status = read_crl(state, &crl, err);
	}
	if (status == KEY_OK)
		status = read_ballots(state, &file.root_ballots, SCMS_REMOVE_ROOT, crypto, err);
	if (status == KEY_OK)
		status = read_ballots(state, &file.elector_ballots, SCMS_REMOVE_ELECTOR, crypto, err);
	if (status != KEY_OK)
		revocations_free(state);
	return status;
}

/* ---- ballots ---- */

/* The expiry of the certificate that a ballot, found good by ballot_read, is about. */
static bool ballot_expiry(enum ballot_form form, struct scms_slice bytes, scms_time64 *expiry)
{
	const struct ballot ballot = {.bytes = bytes, .form = form};
	struct endorsement endorsement;
	struct scms_slice certificate, first;
	struct oer_list votes;
	struct Certificate c;
	struct oer_iter it;
	struct vote vote;

	if (!ballot_votes(&ballot, &votes, &certificate))
		return false;
	it = oer_iterate(&votes);
	if (certificate.p == NULL) {
		if (!oer_next_raw(&it, &first) || !vote_open(&vote, first) || !endorsement_read(&endorsement, form, vote.payload))
			return false;
		certificate = endorsement.certificate;
	}
	if (oer_decode(&oer_Certificate, certificate, OER_DEPTH_DEFAULT, &c, NULL) != OER_OK)
		return false;
	*expiry = validity_end(&c.toBeSigned.validityPeriod);
	return true;
}

static const char *motion_words(enum scms_motion motion)
{
	return motion == SCMS_REMOVE_ROOT ? "removeRoot" : "removeElector";
}

enum key_status revocations_add_ballot(struct revocations *state, enum ballot_form form, enum scms_motion motion, struct scms_slice bytes,
				     const struct scms_crypto *crypto, struct key_error *err)
{
	const struct scms_limits limits = scms_limits_complete((struct scms_limits){.votes = 0});
	uint8_t states[64] = {0};
	struct ballot ballot = {.bytes = bytes, .form = form, .motion = motion, .vote_states = states};
	struct crl_ballot *p, new = {.motion = motion};
	struct pile copy = {.count = 0};
	size_t of_kind = 0;

	if (!motion_removes(motion))
		return key_fail(err, KEY_VALUE, "ballot: adds something; additions belong into the chain file (rule C2)");
	if (state->ballot_count > 0 && state->form != form)
		return key_fail(err, KEY_VALUE, "ballot: is in the form of CAMP %s, those that are there in that of %s (rule C8)",
				form == FORM_124 ? "1.2.4" : "1.2.1", state->form == FORM_124 ? "1.2.4" : "1.2.1");
	ballot_read(&ballot, &limits, crypto);
	if (ballot.fixed != SCMS_APPLIED || !ballot_expiry(form, bytes, &new.expiry))
		return key_fail(err, KEY_VALUE, "ballot: no trust store could carry this %s out: %s (rule %s): %s", motion_words(motion),
				scms_reason_name(ballot.fixed), scms_reason_rule(ballot.fixed), scms_reason_text(ballot.fixed));
	for (size_t k = 0; k < state->ballot_count; k++) {
		const struct crl_ballot *known = &state->ballots[k];

		of_kind += known->motion == motion;
		if (known->motion == motion && known->bytes.n == bytes.n && memcmp(known->bytes.p, bytes.p, bytes.n) == 0)
			return key_fail(err, KEY_EXISTS, "ballot: this very %s is there already", motion_words(motion));
	}
	if (of_kind == CRL_BALLOTS_MAX)
		return key_fail(err, KEY_VALUE, "ballot: trust stores take %d of a kind, and so many are there (rule A5.1)", CRL_BALLOTS_MAX);
	memcpy(new.subject, ballot.subject, 32);
	p = realloc(state->ballots, (state->ballot_count + 1) * sizeof(*p));
	if (p == NULL)
		return key_fail(err, KEY_FAILED, "no memory for a ballot");
	state->ballots = p;
	if (!pile_add(&copy, bytes))
		return key_fail(err, KEY_FAILED, "no memory for a ballot");
	new.bytes = copy.bytes;
	state->form = form;
	state->ballots[state->ballot_count++] = new;
	return KEY_OK;
}

/* ---- what goes ---- */

/* Takes elements out of an array for which `gone` holds, and counts how many of the settled ones stay. */
#define SIFT(list, array, what, gone)                                                                                  \
	do {                                                                                                           \
		uint32_t to = 0, settled = 0;                                                                          \
                                                                                                                       \
		for (uint32_t k = 0; k < (list)->what##_count; k++) {                                                  \
			if (gone)                                                                                      \
				continue;                                                                              \
			settled += k < (list)->what##_settled;                                                         \
			(list)->array[to++] = (list)->array[k];                                                        \
		}                                                                                                      \
		(list)->changed = (list)->changed || to < (list)->what##_count;                                        \
		(list)->what##_count = to;                                                                             \
		(list)->what##_settled = settled;                                                                      \
	} while (0)

static void list_expire(struct crl_list *list, scms_time64 now, struct crl_expired *expired)
{
	uint16_t i = period_of((scms_time32)(now / TIME64_SECOND));
	uint32_t hashes = list->hash_count, devices = list->device_count, groups = list->group_count;

	SIFT(list, hashes, hash, time64_of(list->hashes[k].expiry) <= now);
	SIFT(list, devices, device, list->devices[k].entry.i_max < i);
	SIFT(list, groups, group, list->groups[k].entry.i_max < i);
	expired->hashes += hashes - list->hash_count;
	expired->devices += devices - list->device_count;
	expired->groups += groups - list->group_count;
}

struct crl_expired revocations_expire(struct revocations *state, scms_time64 now)
{
	struct crl_expired expired = {0};
	size_t to = 0;

	for (size_t k = 0; k < state->list_count; k++)
		list_expire(&state->lists[k], now, &expired);
	for (size_t k = 0; k < state->ballot_count; k++) {
		if (state->ballots[k].expiry <= now) {
			bytes_free(&state->ballots[k].bytes);
			expired.ballots++;
		} else {
			state->ballots[to++] = state->ballots[k];
		}
	}
	state->ballot_count = to;
	return expired;
}

/* A second list of the same CRACA and series becomes part of the one at k. */
static enum key_status merge_twins(struct revocations *state, size_t k, struct key_error *err)
{
	struct crl_list *list = &state->lists[k];
	enum key_status status = KEY_OK;
	size_t to = k + 1;

	for (size_t m = k + 1; m < state->list_count; m++) {
		struct crl_list *other = &state->lists[m];

		if (other->series != list->series || memcmp(other->craca, list->craca, 8) != 0) {
			state->lists[to++] = *other;
			continue;
		}
		/* The one that is not signed yet is the long one. */
		if (other->issue_date == 0) {
			struct crl_list swapped = *list;

			*list = *other;
			*other = swapped;
		}
		status = status == KEY_OK ? crl_list_merge(list, other, err) : status;
		list_free(other);
	}
	state->list_count = to;
	return status;
}

enum key_status revocations_reset(struct revocations *state, const uint8_t old_craca[8], const uint8_t new_craca[8], bool keep_linkage,
				struct crl_expired *gone, struct key_error *err)
{
	enum key_status status = KEY_OK;
	size_t to = 0;

	*gone = (struct crl_expired){0};
	for (size_t k = 0; k < state->list_count; k++) {
		struct crl_list *list = &state->lists[k];

		if (memcmp(list->craca, old_craca, 8) != 0) {
			state->lists[to++] = *list;
			continue;
		}
		if (!list->linkage || !keep_linkage) {
			gone->hashes += list->hash_count;
			gone->devices += list->device_count;
			gone->groups += list->group_count;
			list_free(list);
			continue;
		}
		/* Begins afresh under the new root: nothing of it has been signed yet. */
		bytes_free(&list->full);
		bytes_free(&list->delta);
		memcpy(list->craca, new_craca, 8);
		list->issue_date = list->next_crl = 0;
		list->device_settled = list->group_settled = 0;
		list->changed = true;
		state->lists[to++] = *list;
	}
	state->list_count = to;
	/* What the new root's CRLG was told to revoke since it began is in a list that lacks these: of two, one is made. */
	for (size_t k = 0; status == KEY_OK && k < state->list_count; k++)
		status = merge_twins(state, k, err);
	return status;
}

/* ---- putting together ---- */

/* Series 256 comes first, then by series. */
static int list_order(const void *a, const void *b)
{
	const struct crl_list *x = *(const struct crl_list *const *)a, *y = *(const struct crl_list *const *)b;
	bool special = x->series == CRL_SERIES_SPECIAL;

	if (special != (y->series == CRL_SERIES_SPECIAL))
		return special ? -1 : 1;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return memcmp(x->craca, y->craca, 8);
}

static enum key_status gather_crls(const struct revocations *state, struct pile *pile, struct key_error *err)
{
	const struct crl_list **sorted = calloc(state->list_count + 1, sizeof(struct crl_list *));
	enum key_status status = sorted != NULL ? KEY_OK : key_fail(err, KEY_FAILED, "no memory for a composite CRL");

	for (size_t k = 0; status == KEY_OK && k < state->list_count; k++)
		sorted[k] = &state->lists[k];
	if (status == KEY_OK)
		qsort(sorted, state->list_count, sizeof(struct crl_list *), list_order);
	for (size_t k = 0; status == KEY_OK && k < state->list_count; k++) {
		const struct crl_list *list = sorted[k];

		if (list->full.p == NULL || list->changed)
			status = key_fail(err, KEY_VALUE, "series %u: was changed and is not signed yet", list->series);
		else if (!pile_add(pile, bytes_view(&list->full)) ||
			 (list->delta.p != NULL && !pile_add(pile, bytes_view(&list->delta))))
			status = key_fail(err, KEY_FAILED, "no memory for a composite CRL");
	}
	free(sorted);
	return status;
}

enum key_status revocations_compose(const struct revocations *state, struct bytes *out, struct key_error *err)
{
	struct pile crls = {.count = 0}, roots = {.count = 0}, electors = {.count = 0};
	enum key_status status = gather_crls(state, &crls, err);

	*out = (struct bytes){NULL, 0};
	for (size_t k = 0; status == KEY_OK && k < state->ballot_count; k++)
		if (!pile_add(state->ballots[k].motion == SCMS_REMOVE_ROOT ? &roots : &electors, bytes_view(&state->ballots[k].bytes)))
			status = key_fail(err, KEY_FAILED, "no memory for a composite CRL");
	if (status == KEY_OK && state->form == FORM_124) {
		const struct CompositeCrl composite = {.securedCrlSeries = pile_list(&crls, &oer_Ieee1609Dot2Data),
						       .revokedRootCAs = pile_list(&roots, &oer_ElectorBallot),
						       .revokedElectors = pile_list(&electors, &oer_ElectorBallot)};

		status = make_bytes(&oer_CompositeCrl, &composite, out, err);
	} else if (status == KEY_OK) {
		const struct CompositeCrl121 composite = {.securedCrlSeries = pile_list(&crls, &oer_Ieee1609Dot2Data),
							  .revokedRootCAs = pile_list(&roots, &oer_ElectorBallot121),
							  .revokedElectors = pile_list(&electors, &oer_ElectorBallot121)};

		status = make_bytes(&oer_CompositeCrl121, &composite, out, err);
	}
	bytes_free(&crls.bytes);
	bytes_free(&roots.bytes);
	bytes_free(&electors.bytes);
	return status;
}
