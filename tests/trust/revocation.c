/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of what CRLs list: the same answers as the CRLs themselves, whatever happened to either since. Each question
 * is asked with the table and without; where the table must have answered, no CRL may have been read.
 */
#include "tests/check.h"
#include "tests/trust/world.h"

#include <scms/revocation.h>
#include <stdlib.h>

#define I 20 /* period in use */
#define DEVICES 6

static struct world world;
static struct scms_revocation *table;
static void *table_memory;

/* By the table alone, or with CRLs read as well? */
enum asked { BY_TABLE, BY_CRL };

static void check(const char *what, const struct person *person, enum scms_reason right, enum asked asked)
{
	enum scms_reason with, without;
	unsigned gets;

	world.objects.revocation = NULL;
	without = world_check(&world, person, PEOPLE_NOW);
	world.objects.revocation = table;
	world.gets = 0;
	with = world_check(&world, person, PEOPLE_NOW);
	gets = world.gets;
	CHECK(without == right, "%s, by the CRLs: %s", what, scms_reason_name(without));
	CHECK(with == right, "%s, by the table: %s", what, scms_reason_name(with));
	CHECK((gets > 0) == (asked == BY_CRL), "%s: %u objects were read", what, gets);
}

static void table_make(uint32_t spare, bool portable)
{
	const struct scms_revocation_options options = {.i = I, .spare = spare, .portable = portable};
	size_t size = scms_revocation_size(world.store, &world.objects, &options);

	free(table_memory);
	table_memory = malloc(size);
	table = scms_revocation_init(table_memory, size, &options, world.crypto);
	CHECK(table != NULL && scms_revocation_period(table) == I, "a table");
	CHECK(scms_revocation_update(table, world.store, &world.objects) == SCMS_REVOCATION_READY, "ready");
}

static enum scms_revocation_status update(void)
{
	return scms_revocation_update(table, world.store, &world.objects);
}

/* ---- linkage ---- */

static struct world_seeds seeds[DEVICES];
static struct person now_[DEVICES], next[DEVICES], before[DEVICES];
static uint8_t values[3][DEVICES][LINKAGE_VALUE];

static void devices_make(void)
{
	for (unsigned k = 0; k < DEVICES; k++) {
		memset(&seeds[k], (int)(17 * k + 1), sizeof(seeds[k]));
		world_linkage_value(&seeds[k], I, k, values[0][k]);
		world_linkage_value(&seeds[k], I + 1, k, values[1][k]);
		world_linkage_value(&seeds[k], I - 1, k, values[2][k]);
		world_linkage_device(&world, &now_[k], I, values[0][k], NULL, NULL);
		world_linkage_device(&world, &next[k], I + 1, values[1][k], NULL, NULL);
		world_linkage_device(&world, &before[k], I - 1, values[2][k], NULL, NULL);
	}
}

static void devices_free(void)
{
	for (unsigned k = 0; k < DEVICES; k++) {
		person_free(&now_[k]);
		person_free(&next[k]);
		person_free(&before[k]);
	}
}

static void linkage_crl(bool delta, uint16_t i_rev, unsigned first, unsigned n, uint16_t i_max)
{
	struct crl_linkage_entry entry[DEVICES];
	struct crl_linkage linkage = {.i_rev = i_rev, .individual = entry, .individual_count = n};
	struct bytes crl;

	for (unsigned k = 0; k < n; k++)
		entry[k] = world_entry(&seeds[first + k], i_rev, 20, i_max);
	world_linkage_crl(&world, WORLD_SERIES, delta, &linkage, &crl);
	world_apply(&world, PEOPLE_NOW, &crl, 1);
}

static void test_linkage(bool portable)
{
	bool done;

	table_make(100, portable);
	check("no CRL", &now_[0], SCMS_VALID, BY_TABLE);
	linkage_crl(false, I - 1, 0, 2, 60);
	check("a table that is behind: revoked", &now_[0], SCMS_CERT_REVOKED, BY_CRL);
	check("a table that is behind: not revoked", &now_[2], SCMS_VALID, BY_CRL);
	/* The table was made for no CRL at all; there is no room for one. */
	CHECK(update() == SCMS_REVOCATION_NO_ROOM, "room out of nothing");
	check("no room: revoked", &now_[0], SCMS_CERT_REVOKED, BY_CRL);
	table_make(100, portable);
	CHECK(scms_revocation_entries(table) == 2, "%zu entries", scms_revocation_entries(table));
	check("revoked", &now_[0], SCMS_CERT_REVOKED, BY_TABLE);
	check("revoked too", &now_[1], SCMS_CERT_REVOKED, BY_TABLE);
	check("not revoked", &now_[2], SCMS_VALID, BY_TABLE);
	{
		uint8_t value[LINKAGE_VALUE];
		struct person other;

		/* The filter does not look at the ninth byte; the answer must. */
		memcpy(value, values[0][0], sizeof(value));
		value[8] ^= 1;
		world_linkage_device(&world, &other, I, value, NULL, NULL);
		check("what the filter takes for one that is listed", &other, SCMS_VALID, BY_TABLE);
		person_free(&other);
	}
	check("the period before", &before[0], SCMS_CERT_REVOKED, BY_CRL);
	check("the next period", &next[0], SCMS_CERT_REVOKED, BY_CRL);
	check("the next period, not revoked", &next[2], SCMS_VALID, BY_CRL);

	/* A delta in place, while the next period is half made. */
	CHECK(scms_revocation_prepare(table, 1, &done) == SCMS_REVOCATION_READY, "a slice");
	linkage_crl(true, I, 2, 1, 60);
	check("a delta that the table does not have", &now_[2], SCMS_CERT_REVOKED, BY_CRL);
	CHECK(update() == SCMS_REVOCATION_READY && scms_revocation_entries(table) == 3, "the delta");
	check("a delta's", &now_[2], SCMS_CERT_REVOKED, BY_TABLE);
	check("not a delta's", &now_[3], SCMS_VALID, BY_TABLE);
	check("still revoked", &now_[1], SCMS_CERT_REVOKED, BY_TABLE);
	/* Of the next period: the table for this one leaves it out, and says so. */
	linkage_crl(true, I + 1, 3, 1, 60);
	CHECK(update() == SCMS_REVOCATION_READY && scms_revocation_entries(table) == 3, "of the next period");
	check("revoked from the next period on", &now_[3], SCMS_VALID, BY_TABLE);
	check("revoked from the next period on, then", &next[3], SCMS_CERT_REVOKED, BY_CRL);
	/* Exhausted entries. */
	linkage_crl(true, I - 2, 4, 1, I);
	CHECK(update() == SCMS_REVOCATION_READY && scms_revocation_entries(table) == 4, "the last period");
	check("its last period", &now_[4], SCMS_CERT_REVOKED, BY_TABLE);
	check("after its last period", &next[4], SCMS_VALID, BY_CRL);

	do {
		CHECK(scms_revocation_prepare(table, 16, &done) == SCMS_REVOCATION_READY, "slices");
	} while (!done);
	check("while the next is ready", &now_[2], SCMS_CERT_REVOKED, BY_TABLE);
	CHECK(scms_revocation_advance(table) == SCMS_REVOCATION_READY && scms_revocation_period(table) == I + 1,
	      "next");
	check("before what begins later is in", &next[3], SCMS_CERT_REVOKED, BY_CRL);
	CHECK(update() == SCMS_REVOCATION_READY && scms_revocation_entries(table) == 4, "%zu entries",
	      scms_revocation_entries(table));
	for (unsigned k = 0; k < DEVICES; k++)
		check("next period", &next[k], k < 4 ? SCMS_CERT_REVOKED : SCMS_VALID, BY_TABLE);
	check("the period before the table's", &now_[2], SCMS_CERT_REVOKED, BY_CRL);
	/* A new full CRL without the first: it is what counts. */
	linkage_crl(false, I, 1, 2, 60);
	check("a full CRL that the table does not have", &next[0], SCMS_VALID, BY_CRL);
	CHECK(update() == SCMS_REVOCATION_READY && scms_revocation_entries(table) == 2, "another full CRL");
	check("no longer listed", &next[0], SCMS_VALID, BY_TABLE);
	check("listed", &next[2], SCMS_CERT_REVOKED, BY_TABLE);

	/* Another series, another CRACA: the value is listed, but not for this certificate. */
	{
		struct ToBeSignedCertificate tbs;
		struct person other;

		world_tbs(&world, &tbs, "");
		tbs.id.choice = CertificateId_is_linkageData;
		tbs.id.u.linkageData = (struct LinkageData){.iCert = I + 1, .linkage_value = values[1][2]};
		tbs.crlSeries = WORLD_SERIES + 5;
		person_make_implicit(&other, &tbs, &world.pca);
		check("another series", &other, SCMS_VALID, BY_TABLE);
		person_free(&other);
		tbs.crlSeries = WORLD_SERIES;
		tbs.cracaId = (const uint8_t *)"\1\2\3";
		person_make_implicit(&other, &tbs, &world.pca);
		check("another CRACA", &other, SCMS_VALID, BY_TABLE);
		person_free(&other);
	}
}

/* Deltas beyond the room that was left for them. */
static void test_full(void)
{
	linkage_crl(false, I, 0, 1, 60);
	table_make(1, false);
	linkage_crl(true, I, 1, 1, 60);
	CHECK(update() == SCMS_REVOCATION_READY, "one more fits");
	check("one more", &now_[1], SCMS_CERT_REVOKED, BY_TABLE);
	linkage_crl(true, I, 2, 2, 60);
	CHECK(update() == SCMS_REVOCATION_NO_ROOM, "no room");
	check("no room", &now_[3], SCMS_CERT_REVOKED, BY_CRL);
	check("no room, what was there", &now_[0], SCMS_CERT_REVOKED, BY_CRL);
	check("no room, not revoked", &now_[4], SCMS_VALID, BY_CRL);
	table_make(1, false);
	check("a larger table", &now_[3], SCMS_CERT_REVOKED, BY_TABLE);
	/* Objects that cannot be had. */
	linkage_crl(true, I, 4, 1, 60);
	world.lost = true;
	CHECK(update() == SCMS_REVOCATION_FAILED, "lost objects");
	CHECK(scms_revocation_size(world.store, &world.objects, &(struct scms_revocation_options){.i = I}) == 0,
	      "the size of what cannot be had");
	CHECK(world_check(&world, &now_[5], PEOPLE_NOW) == SCMS_REASON_FAILED, "lost objects are no answer");
	world.lost = false;
	CHECK(update() == SCMS_REVOCATION_READY, "found again");
	check("found again", &now_[4], SCMS_CERT_REVOKED, BY_TABLE);
	CHECK(scms_revocation_init(table_memory, 64, &(struct scms_revocation_options){0}, world.crypto) == NULL,
	      "too small");
}

/* ---- groups ---- */

static void group_entry(struct crl_group_entry *entry, const struct world_seeds *group, uint16_t i_rev, uint16_t i_max)
{
	const struct crl_linkage_entry like = world_entry(group, i_rev, 1, i_max);

	*entry = (struct crl_group_entry){.la1 = WORLD_LA1, .la2 = WORLD_LA2, .i_max = i_max};
	memcpy(entry->seed1, like.seed1, LINKAGE_SEED);
	memcpy(entry->seed2, like.seed2, LINKAGE_SEED);
}

static void test_groups(void)
{
	static const uint8_t j_value[4] = {0, 1, 2, 3};
	const struct world_seeds group = {{7}, {9}};
	struct person member[2], other;
	struct crl_group_entry entry[2];
	struct crl_linkage linkage = {.i_rev = I - 3, .groups = entry, .group_count = 1};
	uint8_t value[2][LINKAGE_VALUE], wrong[LINKAGE_VALUE];
	struct bytes crl;

	for (uint16_t k = 0; k < 2; k++) {
		world_linkage_value(&group, (uint16_t)(I + k), 0x00010203, value[k]);
		world_linkage_device(&world, &member[k], (uint16_t)(I + k), values[0][5], j_value, value[k]);
	}
	memcpy(wrong, value[0], sizeof(wrong));
	wrong[8] ^= 1;
	world_linkage_device(&world, &other, I, values[0][5], j_value, wrong);
	group_entry(&entry[0], &group, I - 3, I);
	world_linkage_crl(&world, WORLD_SERIES, false, &linkage, &crl);
	world_apply(&world, PEOPLE_NOW, &crl, 1);
	table_make(0, false);
	check("a member of the group", &member[0], SCMS_CERT_REVOKED, BY_TABLE);
	check("another group", &other, SCMS_VALID, BY_TABLE);
	check("no group", &now_[5], SCMS_VALID, BY_TABLE);
	check("a member, later", &member[1], SCMS_VALID, BY_CRL);
	/* A second entry, with the same seeds and a later end. */
	group_entry(&entry[0], &group, I - 1, 60);
	linkage.i_rev = I - 1;
	world_linkage_crl(&world, WORLD_SERIES, true, &linkage, &crl);
	world_apply(&world, PEOPLE_NOW, &crl, 1);
	CHECK(update() == SCMS_REVOCATION_READY && scms_revocation_entries(table) == 2, "a delta");
	CHECK(scms_revocation_advance(table) == SCMS_REVOCATION_READY, "advance");
	check("a member, later, in the table", &member[1], SCMS_CERT_REVOKED, BY_TABLE);
	person_free(&member[0]);
	person_free(&member[1]);
	person_free(&other);
}

/* ---- hashes ---- */

static struct crl_hash_entry hash_entry(const struct person *person)
{
	struct crl_hash_entry entry = {.expiry = PEOPLE_START + 604800};

	memcpy(entry.id, cert_id10(&person->cert), 10);
	return entry;
}

/* The same certificate with n - s in place of s, which anybody can make. */
static void twin_make(struct person *twin, const struct person *of)
{
	twin->key = NULL;
	twin->decryption = NULL;
	twin->bytes.n = of->bytes.n;
	twin->bytes.p = malloc(of->bytes.n);
	memcpy(twin->bytes.p, of->bytes.p, of->bytes.n);
	{
		static const uint8_t n[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
					      0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
					      0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
		uint8_t *s = twin->bytes.p + twin->bytes.n - 32;
		int borrow = 0;

		for (int k = 31; k >= 0; k--) {
			int d = n[k] - s[k] - borrow;

			borrow = d < 0;
			s[k] = (uint8_t)(d + (borrow ? 256 : 0));
		}
	}
	CHECK(cert_read(&twin->cert, bytes_view(&twin->bytes), world.crypto, NULL) == OER_OK, "a twin");
}

static void test_hashes(void)
{
	struct crl_hash_entry entries[3];
	struct ToBeSignedCertificate tbs;
	struct person device[4], twin, implicit;
	struct bytes crl[2];

	world_tbs(&world, &tbs, "device");
	for (unsigned k = 0; k < 4; k++)
		person_make(&device[k], &tbs, SCMS_NIST_P256, &world.pca, false);
	person_make_implicit(&implicit, &tbs, &world.pca);
	twin_make(&twin, &device[0]);
	entries[0] = hash_entry(&device[0]);
	entries[1] = hash_entry(&device[1]);
	entries[2] = (struct crl_hash_entry){.expiry = PEOPLE_START + 604800}; /* an id of all zeros */
	world_hash_crl(&world, WORLD_SERIES, false, entries, 3, &crl[0]);
	world_apply(&world, PEOPLE_NOW, crl, 1);
	check("behind", &device[0], SCMS_CERT_REVOKED, BY_CRL);
	table_make(2, false);
	check("listed", &device[0], SCMS_CERT_REVOKED, BY_TABLE);
	check("listed as well", &device[1], SCMS_CERT_REVOKED, BY_TABLE);
	check("renamed by n - s", &twin, SCMS_CERT_REVOKED, BY_TABLE);
	check("not listed", &device[2], SCMS_VALID, BY_TABLE);
	check("implicit, not listed", &implicit, SCMS_VALID, BY_TABLE);
	check("linkage data, and a CRL of hashes only", &next[0], SCMS_VALID, BY_TABLE);
	/* A delta that lists the twin's name: the certificate itself is meant all the same. */
	person_free(&twin);
	twin_make(&twin, &device[2]);
	entries[0] = hash_entry(&twin);
	entries[1] = hash_entry(&implicit);
	world_hash_crl(&world, WORLD_SERIES, true, entries, 2, &crl[0]);
	world_apply(&world, PEOPLE_NOW, crl, 1);
	check("behind by a delta", &device[2], SCMS_CERT_REVOKED, BY_CRL);
	CHECK(update() == SCMS_REVOCATION_READY && scms_revocation_entries(table) == 5, "%zu entries",
	      scms_revocation_entries(table));
	check("listed by its twin", &device[2], SCMS_CERT_REVOKED, BY_TABLE);
	check("implicit, listed", &implicit, SCMS_CERT_REVOKED, BY_TABLE);
	check("still listed", &device[1], SCMS_CERT_REVOKED, BY_TABLE);
	check("still not listed", &device[3], SCMS_VALID, BY_TABLE);
	/* An issuer, on another series: two CRLs of one session. */
	entries[0] = hash_entry(&world.pca);
	world_hash_crl(&world, WORLD_SERIES_CAS, false, entries, 1, &crl[0]);
	entries[0] = hash_entry(&device[3]);
	world_hash_crl(&world, WORLD_SERIES, true, entries, 1, &crl[1]);
	world_apply(&world, PEOPLE_NOW, crl, 2);
	check("its issuer is revoked", &next[0], SCMS_CERT_REVOKED, BY_CRL);
	table_make(0, false);
	check("its issuer is revoked, by the table", &next[0], SCMS_CERT_REVOKED, BY_TABLE);
	/* No longer. */
	world_hash_crl(&world, WORLD_SERIES_CAS, false, NULL, 0, &crl[0]);
	world_apply(&world, PEOPLE_NOW, crl, 1);
	CHECK(update() == SCMS_REVOCATION_READY, "an empty CRL");
	check("its issuer is not revoked", &next[0], SCMS_VALID, BY_TABLE);
	check("the last delta", &device[3], SCMS_CERT_REVOKED, BY_TABLE);
	for (unsigned k = 0; k < 4; k++)
		person_free(&device[k]);
	person_free(&twin);
	person_free(&implicit);
}

static void run(bool portable)
{
	world_start(&world, portable, 0, 2);
	devices_make();
	test_linkage(portable);
	test_full();
	test_groups();
	test_hashes();
	devices_free();
	free(table_memory);
	table_memory = NULL;
	world_end(&world);
}

int main(void)
{
	run(false);
	run(true);
	return check_done();
}
