/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs of the four kinds that we make, asked by the verifying side about certificates that they revoke and others.
 */
#include "dot2/crl_make.h"

#include "dot2/crl.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

#define LA1 0x8e09
#define LA2 0x59ce
#define DEVICES 7
#define I_REV 20

static struct person root, pca;

static bool signed_by_root(const struct crl *crl)
{
	struct scms_verify_request request;
	uint8_t digest[48], verdict = SCMS_BAD;

	if (!signed_data_request(&crl->data, &root.cert, &judge, digest, &request))
		return false;
	judge.verify(judge.ctx, &request, 1, &verdict);
	return verdict == SCMS_GOOD;
}

static bool lists(const struct crl *crl, const struct cert *cert)
{
	struct crl_subject subject;

	crl_subject_of(cert, &subject);
	return crl_lists(crl, &subject, &judge) == SCMS_GOOD;
}

static struct crl_head head_of(uint16_t series, bool delta)
{
	struct crl_head head = {
	    .series = series,
	    .issue_date = PEOPLE_START,
	    .next_crl = PEOPLE_START + 86400,
	    .delta = delta,
	    .has_priority = delta,
	    .priority = 7,
	};

	memcpy(head.craca_id, cert_id8(&root.cert), 8);
	return head;
}

/* Reads what was made, checks what all kinds have in common. */
static void read_back(struct crl *crl, const struct bytes *bytes, const struct crl_head *head, uint8_t choice)
{
	uint8_t buffer[8192];
	size_t n = 0;

	CHECK(crl_read(crl, bytes_view(bytes), NULL) == OER_OK, "read");
	CHECK(signed_by_root(crl), "signature");
	CHECK(crl->data.tbsData.headerInfo.psid == PSID_CRL && header_fields(&crl->data.tbsData.headerInfo) == 0,
	      "header");
	CHECK(crl->contents.crlSeries == head->series && memcmp(crl->contents.cracaId, head->craca_id, 8) == 0 &&
		  crl->contents.issueDate == head->issue_date && crl->contents.nextCrl == head->next_crl &&
		  crl->contents.priorityInfo.has_priority == head->has_priority &&
		  (!head->has_priority || crl->contents.priorityInfo.priority == head->priority),
	      "head");
	CHECK(crl->contents.typeSpecific.choice == choice, "kind %d", crl->contents.typeSpecific.choice);
	CHECK(crl_is_delta(crl) == head->delta, "delta");
	if (!head->crl_2022)
		CHECK(oer_encode(&oer_CrlContents, &crl->contents, buffer, sizeof(buffer), &n) == OER_OK, "re-encoding");
}

/* The bytes of a list of n entries are of one edition only; cut, they are of none, and the refusal says where. */
static void other_edition(const struct crl *crl, unsigned n)
{
	const bool is_2022 = crl->contents.typeSpecific.u.fullHashCrl.entries.element == &oer_HashBasedRevocationInfo2022;
	const unsigned each = is_2022 ? 15 : 14;
	const unsigned count_at = 19 + (crl->contents.priorityInfo.has_priority ? 2 : 1) + 1 + 1 + 4 + 1;
	struct scms_slice opaque;
	struct oer_error err;
	uint8_t mangled[8192];
	struct crl other;

	CHECK(signed_data_unsecured(&crl->data, &opaque), "payload");
	CHECK(opaque.n == count_at + 1 + n * each, "%zu bytes", opaque.n);
	CHECK((oer_decode(&oer_CrlContents, opaque, OER_DEPTH_DEFAULT, NULL, NULL) == OER_OK) != is_2022, "2017");
	CHECK((oer_decode(&oer_CrlContents2022, opaque, OER_DEPTH_DEFAULT, NULL, NULL) == OER_OK) == is_2022, "2022");

	/* One entry less than announced. */
	memcpy(mangled, crl->bytes.p, crl->bytes.n);
	mangled[opaque.p - crl->bytes.p + count_at] = (uint8_t)(n + 1);
	CHECK(crl_read(&other, (struct scms_slice){mangled, crl->bytes.n}, &err) != OER_OK, "read");
	CHECK(err.offset >= (size_t)(opaque.p - crl->bytes.p) && strncmp(err.path, "CrlContents", 11) == 0, "%zu: %s",
	      err.offset, err.path);
}

static void hashes(bool delta, bool crl_2022)
{
	struct ToBeSignedCertificate tbs;
	struct person good, bad[3];
	struct crl_hash_entry entries[3], doubled[2];
	struct crl_head head = head_of(1, delta);
	struct signer by = person_signer(&root, false);
	struct bytes out, again, empty;
	struct HashBasedRevocationInfo entry;
	struct oer_iter it;
	struct key_error err;
	struct crl crl;

	head.crl_2022 = crl_2022;
	tbs_device(&tbs, "device");
	person_make_implicit(&good, &tbs, &pca);
	for (unsigned k = 0; k < 3; k++) {
		if (k == 2)
			person_make(&bad[k], &tbs, SCMS_NIST_P256, &pca, false);
		else
			person_make_implicit(&bad[k], &tbs, &pca);
		memcpy(entries[k].id, cert_id10(&bad[k].cert), 10);
		entries[k].expiry = PEOPLE_START + 604800 + k;
	}
	CHECK(crl_make_hash(&by, &head, 42, entries, 3, &out, &err) == KEY_OK, "%s", err.text);
	read_back(&crl, &out, &head,
		  delta ? CrlContents_typeSpecific_is_deltaHashCrl : CrlContents_typeSpecific_is_fullHashCrl);
	CHECK(crl_is_hash(&crl) && crl.contents.typeSpecific.u.fullHashCrl.crlSerial == 42 &&
		  crl.contents.typeSpecific.u.fullHashCrl.entries.count == 3,
	      "entries");
	for (unsigned k = 0; k < 3; k++)
		CHECK(crl_has_id10(&crl, entries[k].id), "entry %u", k);
	it = oer_iterate(&crl.contents.typeSpecific.u.fullHashCrl.entries);
	for (unsigned k = 0; crl_hash_next(&it, &entry); k++)
		for (unsigned m = 0; m < 3; m++)
			CHECK(memcmp(entry.id, entries[m].id, 10) != 0 || entry.expiry == entries[m].expiry, "expiry of %u", k);
	other_edition(&crl, 3);
	CHECK(!crl_has_id10(&crl, cert_id10(&good.cert)), "not revoked");

	/* The order in which entries are given does not show. */
	doubled[0] = entries[0];
	entries[0] = entries[2];
	entries[2] = doubled[0];
	CHECK(crl_make_hash(&by, &head, 42, entries, 3, &again, &err) == KEY_OK, "%s", err.text);
	CHECK(again.n == out.n && memcmp(again.p, out.p, out.n - 64) == 0, "another order, another list");
	doubled[1] = doubled[0];
	doubled[1].expiry++;
	CHECK(crl_make_hash(&by, &head, 42, doubled, 2, &empty, &err) == KEY_VALUE && !empty.p, "doubled: %s",
	      err.text);
	CHECK(crl_make_hash(&by, &head, 0, NULL, 0, &empty, &err) == KEY_OK, "nothing revoked: %s", err.text);
	read_back(&crl, &empty, &head,
		  delta ? CrlContents_typeSpecific_is_deltaHashCrl : CrlContents_typeSpecific_is_fullHashCrl);
	CHECK(!crl_has_id10(&crl, entries[0].id), "empty list");
	bytes_free(&out);
	bytes_free(&again);
	bytes_free(&empty);
	person_free(&good);
	for (unsigned k = 0; k < 3; k++)
		person_free(&bad[k]);
}

/* A device with its seeds at period 0; which[0] and [1] are of LA1 and LA2. */
struct device {
	uint16_t la1, la2, i_max;
	uint8_t j_max;
	uint8_t seed[2][LINKAGE_SEED];
};

/* Seven devices whose groups are: two with all the same, then a different i_max, la1, la2, j_max, all different. */
static void devices_make(struct device *device)
{
	for (unsigned k = 0; k < DEVICES; k++) {
		device[k] = (struct device){
		    .la1 = k == 3 || k == 6 ? LA1 + 1 : LA1,
		    .la2 = k == 4 || k == 6 ? LA2 + 1 : LA2,
		    .i_max = k == 2 || k == 6 ? 60 : 52,
		    .j_max = k == 5 || k == 6 ? 40 : 20,
		};
		memset(device[k].seed, (int)(0x10 + k), sizeof(device[k].seed));
		device[k].seed[1][0] ^= 0xff;
	}
}

/* The certificate of period i, number j. */
static void device_cert(const struct device *device, uint16_t i, uint32_t j, struct person *person)
{
	struct ToBeSignedCertificate tbs;
	uint8_t one[LINKAGE_SEED], two[LINKAGE_SEED], plv[2][LINKAGE_VALUE], lv[LINKAGE_VALUE];

	memcpy(one, device->seed[0], LINKAGE_SEED);
	memcpy(two, device->seed[1], LINKAGE_SEED);
	CHECK(linkage_seed_advance(device->la1, i, one) && linkage_seed_advance(device->la2, i, two) &&
		  linkage_pre_values(device->la1, one, j, 1, &plv[0]) &&
		  linkage_pre_values(device->la2, two, j, 1, &plv[1]),
	      "linkage value");
	linkage_value(plv[0], plv[1], lv);
	tbs_device(&tbs, "");
	tbs.id = (struct CertificateId){.choice = CertificateId_is_linkageData};
	tbs.id.u.linkageData.iCert = i;
	tbs.id.u.linkageData.linkage_value = lv;
	person_make_implicit(person, &tbs, &pca);
}

static void asked(const struct crl *crl, const struct device *device, uint16_t i, uint32_t j, bool want,
		  const char *why)
{
	struct person person;

	device_cert(device, i, j, &person);
	CHECK(lists(crl, &person.cert) == want, "%s: i = %u, j = %u", why, i, j);
	person_free(&person);
}

static void linkage(bool delta)
{
	struct device device[DEVICES], innocent;
	struct crl_linkage_entry entries[DEVICES];
	struct crl_linkage content = {
	    .i_rev = I_REV, .index_within_i = 3, .individual = entries, .individual_count = DEVICES};
	struct crl_head head = head_of(1, delta);
	struct signer by = person_signer(&root, false);
	struct bytes out, none;
	struct key_error err;
	struct crl crl;

	devices_make(device);
	for (unsigned k = 0; k < DEVICES; k++) {
		entries[k] = (struct crl_linkage_entry){
		    .j_max = device[k].j_max, .la1 = device[k].la1, .la2 = device[k].la2, .i_max = device[k].i_max};
		memcpy(entries[k].seed1, device[k].seed[0], LINKAGE_SEED);
		memcpy(entries[k].seed2, device[k].seed[1], LINKAGE_SEED);
		CHECK(linkage_seed_advance(device[k].la1, I_REV, entries[k].seed1) &&
			  linkage_seed_advance(device[k].la2, I_REV, entries[k].seed2),
		      "seeds of i_rev");
	}
	CHECK(crl_make_linkage(&by, &head, &content, &out, &err) == KEY_OK, "%s", err.text);
	read_back(&crl, &out, &head,
		  delta ? CrlContents_typeSpecific_is_deltaLinkedCrl : CrlContents_typeSpecific_is_fullLinkedCrl);
	CHECK(crl.contents.typeSpecific.u.fullLinkedCrl.individual.count == 2, "groups of j_max");
	CHECK(!crl.contents.typeSpecific.u.fullLinkedCrl.has_groups, "groups");
	for (unsigned k = 0; k < DEVICES; k++) {
		asked(&crl, &device[k], I_REV, 0, true, "first");
		asked(&crl, &device[k], I_REV + 3, device[k].j_max - 1u, true, "later");
		asked(&crl, &device[k], device[k].i_max, 5, true, "last");
		asked(&crl, &device[k], I_REV - 1, 0, false, "before the revocation");
	}
	innocent = device[0];
	innocent.seed[0][5] ^= 1;
	asked(&crl, &innocent, I_REV, 0, false, "another device");
	bytes_free(&out);

	entries[1] = entries[0];
	CHECK(crl_make_linkage(&by, &head, &content, &none, &err) == KEY_VALUE && !none.p, "doubled: %s", err.text);
	content.individual_count = 0;
	CHECK(crl_make_linkage(&by, &head, &content, &none, &err) == KEY_OK, "nothing revoked: %s", err.text);
	read_back(&crl, &none, &head,
		  delta ? CrlContents_typeSpecific_is_deltaLinkedCrl : CrlContents_typeSpecific_is_fullLinkedCrl);
	asked(&crl, &device[0], I_REV, 0, false, "empty list");
	bytes_free(&none);
}

static void groups(void)
{
	static const uint8_t j_value[4] = {0x48, 0x40, 0xed, 0x22}, zero[LINKAGE_VALUE];
	struct crl_group_entry entry = {.i_max = 50, .la1 = LA1, .la2 = LA2};
	struct crl_linkage content = {.i_rev = I_REV, .groups = &entry, .group_count = 1};
	struct crl_head head = head_of(1, false);
	struct signer by = person_signer(&root, false);
	uint8_t plv[2][LINKAGE_VALUE], value[LINKAGE_VALUE];
	struct ToBeSignedCertificate tbs;
	struct person member;
	struct bytes out;
	struct key_error err;
	struct crl crl;

	memset(entry.seed1, 1, LINKAGE_SEED);
	memset(entry.seed2, 2, LINKAGE_SEED);
	CHECK(crl_make_linkage(&by, &head, &content, &out, &err) == KEY_OK, "%s", err.text);
	read_back(&crl, &out, &head, CrlContents_typeSpecific_is_fullLinkedCrl);

	CHECK(linkage_pre_values(LA1, entry.seed1, 0x4840ed22, 1, &plv[0]) &&
		  linkage_pre_values(LA2, entry.seed2, 0x4840ed22, 1, &plv[1]),
	      "group value");
	linkage_value(plv[0], plv[1], value);
	tbs_device(&tbs, "");
	tbs.id = (struct CertificateId){.choice = CertificateId_is_linkageData};
	tbs.id.u.linkageData.iCert = I_REV;
	tbs.id.u.linkageData.linkage_value = zero;
	tbs.id.u.linkageData.has_group_linkage_value = true;
	tbs.id.u.linkageData.group_linkage_value.jValue = j_value;
	tbs.id.u.linkageData.group_linkage_value.value = value;
	person_make_implicit(&member, &tbs, &pca);
	CHECK(lists(&crl, &member.cert), "member of the group");
	person_free(&member);
	value[0] ^= 1;
	person_make_implicit(&member, &tbs, &pca);
	CHECK(!lists(&crl, &member.cert), "not a member");
	person_free(&member);
	bytes_free(&out);
}

int main(void)
{
	struct ToBeSignedCertificate tbs;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_pca(&tbs, "pca");
	person_make(&pca, &tbs, SCMS_NIST_P256, &root, false);
	hashes(false, false);
	hashes(true, false);
	hashes(false, true);
	hashes(true, true);
	linkage(false);
	linkage(true);
	groups();
	person_free(&root);
	person_free(&pca);
	return check_done();
}
