/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs: length (2) and bytes of a certificate that is asked about, then a SecuredCrl.
 *
 * What a look-up through the whole CRL says must be what a plain search through its entries says, for hashes, and what
 * a receiver's table says, for linkage values. The bytes of a hash CRL are of one edition.
 */
#include "fuzz.h"

#include <string.h>

#include "crypto/linkage_lookup.h"
#include "dot2/crl.h"
#include "tests/dot2/judge.h"

/* More than this is right, but slow: entries of a CRL, and periods to advance. */
#define ENTRIES 64
#define PERIODS 32
#define VALUES (ENTRIES * 255)

static void hashes_check(const struct crl *crl, struct crl_subject *subject)
{
	const struct oer_list *entries = &crl->contents.typeSpecific.u.fullHashCrl.entries;
	struct oer_iter it = oer_iterate(entries);
	struct HashBasedRevocationInfo entry;
	uint8_t twin_id[10];
	bool listed = false, twin = false, has_twin = cert_twin_id10(subject->cert, &judge, twin_id);
	struct scms_slice opaque;
	uint32_t count = 0;

	for (; crl_hash_next(&it, &entry); count++) {
		listed |= memcmp(entry.id, subject->id10, 10) == 0;
		twin |= has_twin && memcmp(entry.id, twin_id, 10) == 0;
		ALWAYS(crl_has_id10(crl, entry.id), "an entry is not found");
	}
	ALWAYS(count == entries->count, "%u of %u entries", count, entries->count);
	ALWAYS((crl_lists(crl, subject, &judge) == SCMS_GOOD) == (listed || twin), "listed: %d, its twin: %d", listed,
	       twin);
	ALWAYS(signed_data_unsecured(&crl->data, &opaque), "payload");
	ALWAYS(count == 0 || oer_decode(&oer_CrlContents, opaque, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK ||
		   oer_decode(&oer_CrlContents2022, opaque, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK,
	       "of both editions");
}

/* Puts the individual entries of a CRL into a table of period i. False where there is more than it takes. */
static bool table_fill(struct linkage_lookup *table, const struct ToBeSignedLinkageValueCrl *crl)
{
	struct oer_iter j_groups = oer_iterate(&crl->individual), la_groups, i_groups;
	struct JMaxGroup j;
	struct LAGroup la;
	struct IMaxGroup i;

	while (oer_next(&j_groups, &j)) {
		la_groups = oer_iterate(&j.contents);
		while (oer_next(&la_groups, &la)) {
			i_groups = oer_iterate(&la.contents);
			while (oer_next(&i_groups, &i)) {
				const struct linkage_group group = {
				    .j_max = j.jmax,
				    .la1 = (uint16_t)(la.la1Id[0] << 8 | la.la1Id[1]),
				    .la2 = (uint16_t)(la.la2Id[0] << 8 | la.la2Id[1]),
				    .i_max = i.iMax,
				};

				/* An entry with an extension has no fixed place in memory: the table's caller takes
				 * those apart. */
				if (i.contents.count > 0 && i.contents.stride != LINKAGE_ENTRY)
					return false;
				if (linkage_lookup_add(table, crl->iRev, &group, i.contents.bytes.p,
						       i.contents.count) != LINKAGE_OK)
					return false;
			}
		}
	}
	return true;
}

static void linkage_check(const struct crl *crl, struct crl_subject *subject)
{
	static uint8_t memory[1 << 20] __attribute__((aligned(64)));
	const struct ToBeSignedLinkageValueCrl *list = &crl->contents.typeSpecific.u.fullLinkedCrl;
	struct crl without_groups = *crl;

	if (crl->bytes.n > ENTRIES * (size_t)LINKAGE_ENTRY || !subject->has_linkage ||
	    subject->i > list->iRev + PERIODS)
		return;
	/* Groups of devices have no table. */
	without_groups.contents.typeSpecific.u.fullLinkedCrl.has_groups = false;
	ALWAYS(crl_lists(crl, subject, &judge) != SCMS_FAILED, "failed");
	if (subject->i < list->iRev || !list->has_individual)
		return;
	ALWAYS(linkage_lookup_size(ENTRIES, VALUES) <= sizeof(memory), "memory");
	for (unsigned portable = 0; portable < 2; portable++) {
		struct linkage_lookup *table =
		    linkage_lookup_init(memory, ENTRIES, VALUES, subject->i, &judge, portable);

		if (!table_fill(table, list))
			return;
		ALWAYS(linkage_lookup_has(table, subject->linkage_value) == crl_lists(&without_groups, subject, &judge),
		       "%s: another answer", linkage_lookup_backend(table));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl_subject subject;
	struct scms_slice certificate, list;
	struct oer_error err = {0};
	struct cert cert;
	struct crl crl;
	size_t length;

	if (size < 2)
		return 0;
	length = (size_t)data[0] << 8 | data[1];
	certificate = (struct scms_slice){data + 2, length < size - 2 ? length : size - 2};
	list = (struct scms_slice){certificate.p + certificate.n, size - 2 - certificate.n};
	if (crl_read(&crl, list, &err) != OER_OK) {
		ALWAYS(err.path[0] && err.expected[0] && err.found[0] && err.offset <= list.n, "refusal");
		return 0;
	}
	if (cert_read(&cert, certificate, &judge, NULL) != OER_OK)
		return 0;
	crl_subject_of(&cert, &subject);
	if (crl_is_hash(&crl))
		hashes_check(&crl, &subject);
	else if (crl.contents.typeSpecific.choice <= CrlContents_typeSpecific_is_deltaLinkedCrl)
		linkage_check(&crl, &subject);
	else
		ALWAYS(crl_lists(&crl, &subject, &judge) == SCMS_BAD, "an unknown kind lists it");
	return 0;
}
