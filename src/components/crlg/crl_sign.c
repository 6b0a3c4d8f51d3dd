/* SPDX-License-Identifier: Apache-2.0 */
#include "components/crlg/crl_sign.h"

#include "components/authority/role.h"
#include "components/period.h"
#include "dot2/profile.h"
#include "dot2/validity.h"

#include <stdlib.h>
#include <string.h>

/* A trust store would refuse what this certificate signs; so it does not sign. */
static enum key_status check_signer(const struct crl_list *list, const struct crl_signing *signing, struct key_error *err)
{
	const struct cert *cert = signing->party->cert;
	const struct ValidityPeriod *validity;
	const uint8_t *craca;
	struct CrlSsp ssp;

	if (cert == NULL || !cert_crl_ssp(cert, &ssp))
		return key_fail(err, KEY_MISMATCH, "series %u: the signer's certificate may sign no CRL (PSID 0x100)", list->series);
	validity = &cert->c.toBeSigned.validityPeriod;
	if (!crl_ssp_lists(&ssp, list->series) || (list->series == CRL_SERIES_SPECIAL && !cert_is_self_issued(cert)))
		return key_fail(err, KEY_MISMATCH, "series %u: the signer may not sign this series (rule G5.1)%s", list->series,
				list->series == CRL_SERIES_SPECIAL ? "; the root does" : "");
	craca = ssp.associatedCraca == CracaType_isCraca ? cert_id8(cert) : cert_issuer_id8(cert);
	if (craca == NULL || memcmp(craca, list->craca, 8) != 0)
		return key_fail(err, KEY_MISMATCH, "series %u: the signer belongs to another root (rule G5.1)", list->series);
	if (signing->now < validity_start(validity) || signing->now >= validity_end(validity))
		return key_fail(err, KEY_VALUE, "series %u: the signer's certificate is not valid now", list->series);
	return KEY_OK;
}

scms_time32 crl_special_date(const struct revocations *revocations, const uint8_t craca[8])
{
	const struct crl_list *list = crl_list_find(revocations, craca, CRL_SERIES_SPECIAL);

	return list != NULL ? list->issue_date : 0;
}

/* CRLs that follow each other within a second are dated into the next ones: by so much a date may be ahead of the clock. */
#define AHEAD_MAX 60u

/* The date of the new CRL: now, but after the one that is out, and after the root's own. */
static enum key_status issue_date(const struct crl_list *list, const struct crl_signing *signing, scms_time32 *date,
				  struct key_error *err)
{
	scms_time32 now = (scms_time32)(signing->now / TIME64_SECOND), last = list->issue_date;
	bool root = list->series != CRL_SERIES_SPECIAL && signing->after > last;

	if (root)
		last = signing->after;
	if (last > AHEAD_MAX && now < last - AHEAD_MAX)
		return key_fail(err, KEY_VALUE, "series %u: the clock is %u s before the %s; set it right", list->series, last - now,
				root ? "root's own CRL" : "CRL that is out");
	if (signing->next_seconds == 0)
		return key_fail(err, KEY_VALUE, "series %u: the next CRL must be due some time after this one", list->series);
	*date = now > last ? now : last + 1;
	return KEY_OK;
}

/* ---- hashes ---- */

static int hash_order(const void *a, const void *b)
{
	const struct crl_hash_entry *x = a, *y = b;
	int order = memcmp(x->id, y->id, 10);

	/* The later expiry first: it is the one that stays. */
	return order != 0 ? order : x->expiry > y->expiry ? -1 : x->expiry < y->expiry;
}

static enum key_status sign_hashes(const struct crl_list *list, const struct crl_head *head, const struct signer *signer,
				   struct bytes *out, struct key_error *err)
{
	uint32_t from = head->delta ? list->hash_settled : 0, n = list->hash_count - from, to = 0;
	struct crl_hash_entry *sorted = calloc((size_t)n + 1, sizeof(*sorted));
	enum key_status status;

	if (sorted == NULL)
		return key_fail(err, KEY_FAILED, "no memory for a CRL of %u entries", n);
	if (list->serial == UINT32_MAX) {
		free(sorted);
		return key_fail(err, KEY_VALUE, "series %u: its serial numbers are used up", list->series);
	}
	if (n > 0)
		memcpy(sorted, list->hashes + from, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), hash_order);
	for (uint32_t k = 0; k < n; k++)
		if (k == 0 || memcmp(sorted[k].id, sorted[k - 1].id, 10) != 0)
			sorted[to++] = sorted[k];
	status = crl_make_hash(signer, head, list->serial + 1, sorted, to, out, err);
	free(sorted);
	return status;
}

/* ---- linkage ---- */

/* Seeds of one moment: the present period. */
struct seeds {
	struct crl_linkage_entry *devices;
	struct crl_group_entry *groups;
	uint32_t device_count, group_count;
};

static bool advance(uint16_t la1, uint16_t la2, uint32_t steps, uint8_t seed1[LINKAGE_SEED], uint8_t seed2[LINKAGE_SEED])
{
	return steps == 0 || (linkage_seed_advance(la1, steps, seed1) && linkage_seed_advance(la2, steps, seed2));
}

static enum key_status to_come(const struct crl_list *list, uint16_t seeds, uint16_t i, struct key_error *err)
{
	return key_fail(err, KEY_VALUE, "series %u: seeds of period %u cannot be published in period %u: they would show nothing before",
			list->series, seeds, i);
}

static enum key_status advance_all(const struct crl_list *list, bool delta, uint16_t i, struct seeds *seeds, struct key_error *err)
{
	for (uint32_t k = delta ? list->device_settled : 0; k < list->device_count; k++) {
		struct crl_linkage_entry *to = &seeds->devices[seeds->device_count++];

		*to = list->devices[k].entry;
		if (list->devices[k].i > i)
			return to_come(list, list->devices[k].i, i, err);
		if (!advance(to->la1, to->la2, (uint32_t)(i - list->devices[k].i), to->seed1, to->seed2))
			return key_fail(err, KEY_FAILED, "series %u: seeds cannot be advanced", list->series);
	}
	for (uint32_t k = delta ? list->group_settled : 0; k < list->group_count; k++) {
		struct crl_group_entry *to = &seeds->groups[seeds->group_count++];

		*to = list->groups[k].entry;
		if (list->groups[k].i > i)
			return to_come(list, list->groups[k].i, i, err);
		if (!advance(to->la1, to->la2, (uint32_t)(i - list->groups[k].i), to->seed1, to->seed2))
			return key_fail(err, KEY_FAILED, "series %u: seeds cannot be advanced", list->series);
	}
	return KEY_OK;
}

static bool same_seeds(const struct crl_linkage_entry *a, const struct crl_linkage_entry *b)
{
	return memcmp(a->seed1, b->seed1, LINKAGE_SEED) == 0 && memcmp(a->seed2, b->seed2, LINKAGE_SEED) == 0 && a->la1 == b->la1 &&
	       a->la2 == b->la2;
}

/*
 * The same device from two reports, at different periods even, is one: the longer and the wider of them. Seeds are as good as
 * random, so their first bytes spread them over a table as they are. False without memory.
 */
static bool unite(struct seeds *seeds)
{
	uint32_t room = 64, to = 0;
	uint32_t *table;

	while (room < 2 * (uint64_t)seeds->device_count)
		room *= 2;
	table = calloc(room, sizeof(*table));
	if (table == NULL)
		return false;
	for (uint32_t k = 0; k < seeds->device_count; k++) {
		const struct crl_linkage_entry *x = &seeds->devices[k];
		struct crl_linkage_entry *known = NULL;
		uint32_t at;

		memcpy(&at, x->seed1, sizeof(at));
		for (at &= room - 1; table[at] != 0; at = (at + 1) & (room - 1)) {
			known = &seeds->devices[table[at] - 1];
			if (same_seeds(x, known))
				break;
			known = NULL;
		}
		if (known != NULL) {
			known->i_max = x->i_max > known->i_max ? x->i_max : known->i_max;
			known->j_max = x->j_max > known->j_max ? x->j_max : known->j_max;
			continue;
		}
		seeds->devices[to++] = *x;
		table[at] = to;
	}
	free(table);
	seeds->device_count = to;
	return true;
}

static enum key_status sign_linkage(const struct crl_list *list, const struct crl_head *head, uint16_t i, uint8_t index,
				    const struct signer *signer, struct bytes *out, struct key_error *err)
{
	struct seeds seeds = {.devices = calloc((size_t)list->device_count + 1, sizeof(*seeds.devices)),
			      .groups = calloc((size_t)list->group_count + 1, sizeof(*seeds.groups))};
	enum key_status status = KEY_OK;

	if (seeds.devices == NULL || seeds.groups == NULL)
		status = key_fail(err, KEY_FAILED, "no memory for a CRL of %u devices", list->device_count);
	if (status == KEY_OK)
		status = advance_all(list, head->delta, i, &seeds, err);
	if (status == KEY_OK && !unite(&seeds))
		status = key_fail(err, KEY_FAILED, "no memory for a CRL of %u devices", list->device_count);
	if (status == KEY_OK) {
		struct crl_linkage linkage = {.i_rev = i, .index_within_i = index};

		linkage.individual = seeds.devices;
		linkage.individual_count = seeds.device_count;
		linkage.groups = seeds.groups;
		linkage.group_count = seeds.group_count;
		status = crl_make_linkage(signer, head, &linkage, out, err);
	}
	free(seeds.devices);
	free(seeds.groups);
	return status;
}

/* ---- one list ---- */

/* A delta adds; what has expired since the full CRL it cannot take back, and need not. */
static enum key_status check_delta(const struct crl_list *list, struct key_error *err)
{
	if (list->full.p == NULL)
		return key_fail(err, KEY_VALUE, "series %u: a delta CRL needs a full one before it (rule G5.3)", list->series);
	return KEY_OK;
}

enum key_status crl_list_sign(struct crl_list *list, const struct crl_signing *signing, struct key_error *err)
{
	const struct signer signer = {.key = signing->party->sign,
				      .cert = signing->party->cert,
				      .crypto = signing->party->crypto,
				      .attach = true};
	struct crl_head head = {.series = list->series, .delta = signing->delta, .crl_2022 = list->edition_2022};
	uint16_t i = period_of((scms_time32)(signing->now / TIME64_SECOND));
	uint8_t index = i == list->i_rev && list->issue_date != 0 && list->index_within_i < UINT8_MAX ? (uint8_t)(list->index_within_i + 1) : 0;
	struct bytes out = {NULL, 0};
	enum key_status status = check_signer(list, signing, err);

	if (status == KEY_OK)
		status = issue_date(list, signing, &head.issue_date, err);
	if (status == KEY_OK && signing->delta)
		status = check_delta(list, err);
	if (status != KEY_OK)
		return status;
	memcpy(head.craca_id, list->craca, 8);
	head.next_crl = signing->next_seconds > UINT32_MAX - head.issue_date ? UINT32_MAX : head.issue_date + signing->next_seconds;
	status = list->linkage ? sign_linkage(list, &head, i, index, &signer, &out, err) : sign_hashes(list, &head, &signer, &out, err);
	if (status != KEY_OK)
		return status;
	bytes_free(&list->delta);
	if (signing->delta) {
		list->delta = out;
	} else {
		bytes_free(&list->full);
		list->full = out;
		list->hash_settled = list->hash_count;
		list->device_settled = list->device_count;
		list->group_settled = list->group_count;
	}
	list->issue_date = head.issue_date;
	list->next_crl = head.next_crl;
	list->serial += !list->linkage;
	list->i_rev = list->linkage ? i : 0;
	list->index_within_i = list->linkage ? index : 0;
	list->changed = false;
	return KEY_OK;
}
