/* SPDX-License-Identifier: Apache-2.0 */
/* Composite CRLs: made by the CRLG and the root, taken by trust stores, checked and rebuilt by the CRL store. */
#include "components/crlg/crl_check.h"
#include "components/crlg/crl_sign.h"

#include "components/period.h"
#include "dot2/crl.h"
#include "tests/check.h"
#include "tests/publish/world.h"

#include <stdlib.h>

#define NOW32 ((scms_time32)(WORLD_NOW / 1000000u))
#define WEEK (7 * 86400u)
#define YEAR ((scms_time64)31556952 * 1000000u)

static struct world world;

static const uint8_t *craca(const struct actor *root)
{
	return cert_id8(&root->cert);
}

static struct crl_list *list_of(struct revocations *r, const struct actor *root, uint16_t series, bool linkage)
{
	struct key_error err = {.text = ""};
	struct crl_list *list;

	CHECK(crl_list_open(r, craca(root), series, linkage, &list, &err) == KEY_OK, "%s", err.text);
	return list;
}

static void revoke(struct revocations *r, const struct actor *root, uint16_t series, const struct actor *whom, scms_time32 expiry)
{
	struct crl_hash_entry entry = {.expiry = expiry};
	struct key_error err = {.text = ""};

	memcpy(entry.id, cert_id10(&whom->cert), 10);
	CHECK(crl_list_add_hash(list_of(r, root, series, false), &entry, &err) == KEY_OK, "%s", err.text);
}

static enum key_status sign(struct revocations *r, const struct actor *root, uint16_t series, const struct actor *by, scms_time64 now,
			    bool delta, struct key_error *err)
{
	const struct crl_signing signing = {.party = &by->party, .now = now, .next_seconds = WEEK, .delta = delta};

	*err = (struct key_error){.text = ""};
	return crl_list_sign(crl_list_find(r, craca(root), series), &signing, err);
}

static struct bytes compose(const struct revocations *r)
{
	struct key_error err = {.text = ""};
	struct bytes out;

	CHECK(revocations_compose(r, &out, &err) == KEY_OK, "%s", err.text);
	return out;
}

static void session(struct memory_store *store, const struct bytes *composite, scms_time64 now, struct seen *seen)
{
	store_session(store, &(struct scms_session){.crl = bytes_view(composite)}, now, seen);
	CHECK(seen->status == SCMS_SESSION_DONE, "session");
}

static enum scms_reason standing(const struct memory_store *store, const struct actor *actor, scms_time64 now)
{
	const struct scms_slice issuers[] = {bytes_view(&world.ica.bytes)};

	return scms_cert_check(store->store, now, bytes_view(&actor->bytes), issuers, 1, &judge, &store->objects);
}

static struct bytes removal(bool is121, enum scms_motion motion, const struct actor *subject, const char *voters, scms_time32 time)
{
	const struct party *parties[ELECTORS];
	size_t n = 0;

	for (; voters[n] != '\0'; n++)
		parties[n] = &world.elector[voters[n] - 'A'].party;
	return votes_ballot(is121, (int32_t)motion, &subject->cert, time, parties, n);
}

static enum key_status add_ballot(struct revocations *r, bool is121, enum scms_motion motion, const struct bytes *ballot,
				  struct key_error *err)
{
	*err = (struct key_error){.text = ""};
	return revocations_add_ballot(r, is121 ? FORM_121 : FORM_124, motion, bytes_view(ballot), &judge, err);
}

/* Hashes: full, another full, a delta on it; and a store that sees only the end of it. */
static void test_hashes(void)
{
	struct revocations r = {.form = FORM_124}, back;
	struct memory_store vehicle, late;
	struct key_error err;
	struct bytes one, two, three;
	struct seen seen;

	revoke(&r, &world.root, CRL_SERIES_COMPONENT, &world.pca2, NOW32 + WEEK);
	CHECK(revocations_compose(&r, &one, &err) == KEY_VALUE && strstr(err.text, "not signed"), "%s", err.text);
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, true, &err) == KEY_VALUE && strstr(err.text, "G5.3"), "%s", err.text);
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	one = compose(&r);
	store_make(&vehicle, &world, WORLD_NOW);
	CHECK(standing(&vehicle, &world.pca2, WORLD_NOW) == SCMS_VALID, "before");
	session(&vehicle, &one, WORLD_NOW, &seen);
	CHECK(seen.crls == 1 && seen_crl(&seen, 2) == SCMS_ACCEPTED, "%s", scms_reason_name(seen_crl(&seen, 2)));
	CHECK(standing(&vehicle, &world.pca2, WORLD_NOW) == SCMS_CERT_REVOKED, "revoked");
	CHECK(standing(&vehicle, &world.ra, WORLD_NOW) == SCMS_VALID, "not revoked");
	/* A delta, in the same second even, on what was published and read back. */
	CHECK(revocations_read(&back, bytes_view(&one), &judge, &err) == KEY_OK && back.list_count == 1, "%s", err.text);
	revocations_free(&r);
	revoke(&back, &world.root, 2, &world.ra, NOW32 + WEEK);
	revoke(&back, &world.root, 2, &world.pca2, NOW32 + WEEK); /* again: nothing new */
	CHECK(sign(&back, &world.root, 2, &world.crlg, WORLD_NOW, true, &err) == KEY_OK, "%s", err.text);
	CHECK(back.lists[0].serial == 2 && back.lists[0].issue_date == NOW32 + 1 && back.lists[0].hash_count == 2, "%u", back.lists[0].hash_count);
	two = compose(&back);
	session(&vehicle, &two, WORLD_NOW, &seen);
	CHECK(seen.crls == 2 && seen.crl[0].outcome == SCMS_UNCHANGED && seen.crl[1].outcome == SCMS_ACCEPTED, "%s %s",
	      scms_reason_name(seen.crl[0].outcome), scms_reason_name(seen.crl[1].outcome));
	CHECK(standing(&vehicle, &world.ra, WORLD_NOW) == SCMS_CERT_REVOKED && standing(&vehicle, &world.pca2, WORLD_NOW) == SCMS_CERT_REVOKED, "both");
	store_make(&late, &world, WORLD_NOW);
	session(&late, &two, WORLD_NOW, &seen);
	CHECK(seen.crls == 2 && seen.crl[0].outcome == SCMS_ACCEPTED && seen.crl[1].outcome == SCMS_ACCEPTED, "late");
	CHECK(standing(&late, &world.ra, WORLD_NOW) == SCMS_CERT_REVOKED, "late");
	/* A full one again; both entries are in it, and a delta before it is gone. */
	CHECK(sign(&back, &world.root, 2, &world.crlg, WORLD_NOW + WORLD_DAY, false, &err) == KEY_OK, "%s", err.text);
	three = compose(&back);
	session(&vehicle, &three, WORLD_NOW + WORLD_DAY, &seen);
	CHECK(seen.crls == 1 && seen_crl(&seen, 2) == SCMS_ACCEPTED, "%zu", seen.crls);
	CHECK(standing(&vehicle, &world.ra, WORLD_NOW) == SCMS_CERT_REVOKED, "still");
	/* An older one is refused by who has the newer. */
	session(&vehicle, &one, WORLD_NOW + WORLD_DAY, &seen);
	CHECK(seen_crl(&seen, 2) == SCMS_ROLLBACK, "%s", scms_reason_name(seen_crl(&seen, 2)));
	revocations_free(&back);
	bytes_free(&one);
	bytes_free(&two);
	bytes_free(&three);
	store_free(&vehicle);
	store_free(&late);
}

static struct crl_linkage_entry device(uint8_t tag, uint16_t i_max)
{
	struct crl_linkage_entry entry = {.j_max = 20, .la1 = 1, .la2 = 2, .i_max = i_max};

	memset(entry.seed1, tag, LINKAGE_SEED);
	memset(entry.seed2, (uint8_t)(tag + 1), LINKAGE_SEED);
	return entry;
}

/* Seeds: advanced to the present, expired by their last period, united, counted within a period. */
static void test_linkage(void)
{
	uint16_t i = period_of(NOW32);
	struct crl_linkage_entry a = device(1, (uint16_t)(i + 50)), b = device(3, (uint16_t)(i + 1)), again;
	struct crl_group_entry group = {.i_max = (uint16_t)(i + 50), .la1 = 1, .la2 = 2, .seed1 = {7}, .seed2 = {8}};
	struct revocations r = {.form = FORM_124}, back;
	struct crl_list *list = list_of(&r, &world.root, CRL_SERIES_PSEUDONYM, true);
	uint8_t seed[LINKAGE_SEED];
	struct memory_store vehicle;
	struct crl_expired expired;
	struct key_error err;
	struct bytes one;
	struct seen seen;

	CHECK(crl_list_add_device(list, &a, (uint16_t)(i - 2), &err) == KEY_OK, "%s", err.text);
	CHECK(crl_list_add_device(list, &a, (uint16_t)(i - 2), &err) == KEY_OK && list->device_count == 1, "once");
	CHECK(crl_list_add_device(list, &b, i, &err) == KEY_OK, "%s", err.text);
	CHECK(crl_list_add_group(list, &group, i, &err) == KEY_OK && crl_list_add_group(list, &group, i, &err) == KEY_OK && list->group_count == 1,
	      "group");
	/* The same device, reported a week later by its later seeds. */
	again = a;
	CHECK(linkage_seed_advance(1, 1, again.seed1) && linkage_seed_advance(2, 1, again.seed2), "advance");
	again.j_max = 30;
	CHECK(crl_list_add_device(list, &again, (uint16_t)(i - 1), &err) == KEY_OK && list->device_count == 3, "again");
	CHECK(sign(&r, &world.root, 1, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	one = compose(&r);
	CHECK(revocations_read(&back, bytes_view(&one), &judge, &err) == KEY_OK, "%s", err.text);
	CHECK(back.lists[0].linkage && back.lists[0].device_count == 2 && back.lists[0].i_rev == i && back.lists[0].index_within_i == 0 &&
		  back.lists[0].group_count == 1,
	      "%u", back.lists[0].device_count);
	memcpy(seed, a.seed1, LINKAGE_SEED);
	CHECK(linkage_seed_advance(1, 2, seed), "advance");
	CHECK(memcmp(back.lists[0].devices[0].entry.seed1, seed, LINKAGE_SEED) == 0 ||
		  memcmp(back.lists[0].devices[1].entry.seed1, seed, LINKAGE_SEED) == 0,
	      "the seed of the present period");
	CHECK(back.lists[0].devices[0].entry.j_max == 30 || back.lists[0].devices[1].entry.j_max == 30, "the wider");
	store_make(&vehicle, &world, WORLD_NOW);
	session(&vehicle, &one, WORLD_NOW, &seen);
	CHECK(seen_crl(&seen, 1) == SCMS_ACCEPTED, "%s", scms_reason_name(seen_crl(&seen, 1)));
	revocations_free(&r);
	bytes_free(&one);
	/* The next of the same period counts on; a delta holds only what is new. */
	again = device(9, (uint16_t)(i + 9));
	CHECK(crl_list_add_device(&back.lists[0], &again, i, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&back, &world.root, 1, &world.crlg, WORLD_NOW + 1000000, true, &err) == KEY_OK && back.lists[0].index_within_i == 1, "%s", err.text);
	{
		struct crl crl;

		CHECK(crl_read(&crl, bytes_view(&back.lists[0].delta), NULL) == OER_OK && crl_is_delta(&crl) &&
			  crl.contents.typeSpecific.u.deltaLinkedCrl.has_individual && !crl.contents.typeSpecific.u.deltaLinkedCrl.has_groups,
		      "delta");
	}
	one = compose(&back);
	session(&vehicle, &one, WORLD_NOW + 1000000, &seen);
	CHECK(seen.crls == 2 && seen.crl[1].outcome == SCMS_ACCEPTED, "delta");
	bytes_free(&one);
	/* b's last period passes. */
	expired = revocations_expire(&back, WORLD_NOW + 14 * WORLD_DAY);
	CHECK(expired.devices == 1 && expired.groups == 0 && back.lists[0].device_count == 2 && back.lists[0].device_settled == 1, "%u",
	      expired.devices);
	CHECK(back.lists[0].changed, "changed");
	CHECK(sign(&back, &world.root, 1, &world.crlg, WORLD_NOW + 14 * WORLD_DAY, false, &err) == KEY_OK && back.lists[0].index_within_i == 0, "%s",
	      err.text);
	/* What cannot be. */
	CHECK(crl_list_add_device(&back.lists[0], &b, (uint16_t)(i + 2), &err) == KEY_VALUE && strstr(err.text, "last period"), "%s", err.text);
	a.j_max = 0;
	CHECK(crl_list_add_device(&back.lists[0], &a, i, &err) == KEY_VALUE && strstr(err.text, "no certificates"), "%s", err.text);
	CHECK(crl_list_add_hash(&back.lists[0], &(struct crl_hash_entry){.expiry = 1}, &err) == KEY_MISMATCH, "%s", err.text);
	group.i_max = 1;
	CHECK(crl_list_add_group(&back.lists[0], &group, i, &err) == KEY_VALUE, "%s", err.text);
	again = device(11, (uint16_t)(i + 90));
	CHECK(crl_list_add_device(&back.lists[0], &again, (uint16_t)(i + 5), &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&back, &world.root, 1, &world.crlg, WORLD_NOW + 15 * WORLD_DAY, false, &err) == KEY_VALUE && strstr(err.text, "cannot be published"),
	      "%s", err.text);
	CHECK(back.lists[0].full.p != NULL && back.lists[0].changed, "the list is as it was");
	revocations_free(&back);
	store_free(&vehicle);
}

/* Who may not sign, and when. */
static void test_signers(void)
{
	struct actor brief, stranger;
	const struct {
		const char *name;
		uint16_t series;
		const struct actor *by;
		scms_time64 now;
		enum key_status status;
		const char *says;
	} cases[] = {
	    {"the PG", 2, &world.pg, WORLD_NOW, KEY_MISMATCH, "no CRL"},
	    {"an RA", 2, &world.ra, WORLD_NOW, KEY_MISMATCH, "no CRL"},
	    {"an elector", 2, &world.elector[0], WORLD_NOW, KEY_MISMATCH, "no CRL"},
	    {"the root, a series of the CRLG's", 2, &world.root, WORLD_NOW, KEY_MISMATCH, "this series"},
	    {"the CRLG, the root's series", 256, &world.crlg, WORLD_NOW, KEY_MISMATCH, "the root does"},
	    {"another root", 256, &world.root2, WORLD_NOW, KEY_MISMATCH, "another root"},
	    {"another root's CRLG", 2, &stranger, WORLD_NOW, KEY_MISMATCH, "another root"},
	    {"a CRLG that has expired", 2, &brief, WORLD_NOW + 10 * WORLD_DAY, KEY_VALUE, "not valid now"},
	    {"a CRLG before its time", 2, &world.crlg, WORLD_NOW - 10 * WORLD_DAY, KEY_VALUE, "not valid now"},
	};
	struct revocations r = {.form = FORM_124};
	struct key_error err;

	actor_make(&brief, PROFILE_CRLG, "crlg2.example.org", &world.root, &world.root, WORLD_START, 24);
	actor_make(&stranger, PROFILE_CRLG, "crlg3.example.org", &world.root2, &world.root2, WORLD_START, 0);
	revoke(&r, &world.root, 2, &world.pca2, NOW32 + WEEK);
	revoke(&r, &world.root, 256, &world.ma, NOW32 + WEEK);
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		enum key_status status = sign(&r, &world.root, cases[k].series, cases[k].by, cases[k].now, false, &err);

		CHECK(status == cases[k].status && strstr(err.text, cases[k].says), "%s: %d %s", cases[k].name, status, err.text);
	}
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	/* A clock that was set back. */
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW - 3600000000u, false, &err) == KEY_VALUE && strstr(err.text, "3600 s before"), "%s",
	      err.text);
	{
		const struct crl_signing never = {.party = &world.crlg.party, .now = WORLD_NOW};

		CHECK(crl_list_sign(crl_list_find(&r, craca(&world.root), 2), &never, &err) == KEY_VALUE && strstr(err.text, "due"), "%s", err.text);
	}
	r.lists[0].serial = UINT32_MAX;
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_VALUE && strstr(err.text, "used up"), "%s", err.text);
	revocations_free(&r);
	actor_free(&brief);
	actor_free(&stranger);
}

/* Removal ballots: carried whoever signs, until the certificate's expiry (H4); in either form. */
static void test_ballots(bool is121)
{
	struct bytes ballot = removal(is121, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_A], "BC", NOW32);
	struct bytes addition = votes_ballot(is121, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D].cert, NOW32,
					     (const struct party *const[]){&world.elector[0].party, &world.elector[1].party}, 2);
	struct bytes other = removal(!is121, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_B], "AC", NOW32);
	struct bytes root = removal(is121, SCMS_REMOVE_ROOT, &world.root, "BC", NOW32);
	struct revocations r = {.form = FORM_124}, back;
	struct memory_store vehicle;
	struct crl_expired expired;
	struct key_error err;
	struct bytes composite;
	struct seen seen;

	CHECK(add_ballot(&r, is121, SCMS_REMOVE_ELECTOR, &ballot, &err) == KEY_OK, "%s", err.text);
	CHECK(add_ballot(&r, is121, SCMS_REMOVE_ELECTOR, &ballot, &err) == KEY_EXISTS, "%s", err.text);
	CHECK(add_ballot(&r, is121, SCMS_ADD_ELECTOR, &addition, &err) == KEY_VALUE && strstr(err.text, "chain file"), "%s", err.text);
	CHECK(add_ballot(&r, is121, SCMS_REMOVE_ELECTOR, &addition, &err) == KEY_VALUE && strstr(err.text, "TYPE_MISMATCH"), "%s", err.text);
	CHECK(add_ballot(&r, is121, SCMS_REMOVE_ROOT, &ballot, &err) == KEY_VALUE, "%s", err.text);
	CHECK(add_ballot(&r, !is121, SCMS_REMOVE_ELECTOR, &other, &err) == KEY_VALUE && strstr(err.text, "C8"), "%s", err.text);
	ballot.n--;
	CHECK(add_ballot(&r, is121, SCMS_REMOVE_ELECTOR, &ballot, &err) == KEY_VALUE, "%s", err.text);
	ballot.n++;
	CHECK(add_ballot(&r, is121, SCMS_REMOVE_ROOT, &root, &err) == KEY_OK && r.ballot_count == 2, "%s", err.text);
	composite = compose(&r);
	store_make(&vehicle, &world, WORLD_NOW);
	session(&vehicle, &composite, WORLD_NOW, &seen);
	CHECK(seen_ballot(&seen, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_A]) == SCMS_APPLIED, "elector");
	CHECK(seen_ballot(&seen, SCMS_REMOVE_ROOT, &world.root) == SCMS_APPLIED, "root");
	CHECK(revocations_read(&back, bytes_view(&composite), &judge, &err) == KEY_OK && back.ballot_count == 2 &&
		  back.form == (is121 ? FORM_121 : FORM_124),
	      "%s", err.text);
	expired = revocations_expire(&back, WORLD_NOW + 11 * YEAR);
	CHECK(expired.ballots == 0, "not yet");
	expired = revocations_expire(&back, WORLD_NOW + 12 * YEAR);
	CHECK(expired.ballots == 1 && back.ballot_count == 1 && back.ballots[0].motion == SCMS_REMOVE_ROOT, "the elector's certificate has expired");
	/* More than stores take. */
	for (unsigned k = 0; k < CRL_BALLOTS_MAX && r.ballot_count < 1 + CRL_BALLOTS_MAX; k++) {
		struct bytes one = removal(is121, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_A], "BC", NOW32 + 1 + k);

		if (k < CRL_BALLOTS_MAX - 1)
			CHECK(add_ballot(&r, is121, SCMS_REMOVE_ELECTOR, &one, &err) == KEY_OK, "%s", err.text);
		else
			CHECK(add_ballot(&r, is121, SCMS_REMOVE_ELECTOR, &one, &err) == KEY_VALUE && strstr(err.text, "A5.1"), "%s", err.text);
		bytes_free(&one);
	}
	CHECK(r.ballot_count == 1 + CRL_BALLOTS_MAX, "%zu", r.ballot_count);
	revocations_free(&back);
	revocations_free(&r);
	bytes_free(&ballot);
	bytes_free(&addition);
	bytes_free(&other);
	bytes_free(&root);
	bytes_free(&composite);
	store_free(&vehicle);
}

/* Entries whose time is over go; a later expiry for the same certificate counts. */
static void test_expiry(void)
{
	struct revocations r = {.form = FORM_124};
	struct crl_expired expired;
	struct key_error err;

	revoke(&r, &world.root, 2, &world.pca2, NOW32 + WEEK);
	revoke(&r, &world.root, 2, &world.ra, NOW32 + 2 * WEEK);
	revoke(&r, &world.root, 2, &world.pca2, NOW32 + 3 * WEEK);
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	expired = revocations_expire(&r, WORLD_NOW + 6 * WORLD_DAY);
	CHECK(expired.hashes == 0 && !r.lists[0].changed, "nothing yet");
	expired = revocations_expire(&r, WORLD_NOW + 14 * WORLD_DAY);
	CHECK(expired.hashes == 2 && r.lists[0].changed && r.lists[0].hash_count == 1, "%u", expired.hashes);
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW + 14 * WORLD_DAY, false, &err) == KEY_OK, "%s", err.text);
	revocations_free(&r);
}

/* H5 */
static void test_reset(void)
{
	uint16_t i = period_of(NOW32);
	struct crl_linkage_entry entry = device(1, (uint16_t)(i + 50));
	struct revocations r = {.form = FORM_124};
	struct crl_linkage_entry other;
	scms_time32 issued;
	struct crl_expired gone;
	struct actor crlg2;
	struct key_error err;
	struct bytes out;

	actor_make(&crlg2, PROFILE_CRLG, "crlg2.example.org", &world.root2, &world.root2, WORLD_START, 0);
	revoke(&r, &world.root, 2, &world.pca2, NOW32 + WEEK);
	revoke(&r, &world.root, 256, &world.ma, NOW32 + WEEK);
	CHECK(crl_list_add_device(list_of(&r, &world.root, 1, true), &entry, i, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&r, &world.root, 1, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	CHECK(revocations_reset(&r, craca(&world.root), craca(&world.root2), true, &gone, &err) == KEY_OK, "%s", err.text);
	CHECK(gone.hashes == 2 && gone.devices == 0 && r.list_count == 1, "%u", gone.hashes);
	CHECK(r.lists[0].device_count == 1 && r.lists[0].changed && memcmp(r.lists[0].craca, craca(&world.root2), 8) == 0, "seeds");
	CHECK(sign(&r, &world.root2, 1, &world.crlg, WORLD_NOW, false, &err) == KEY_MISMATCH, "the old CRLG signs no more");
	CHECK(sign(&r, &world.root2, 1, &crlg2, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	out = compose(&r);
	bytes_free(&out);
	/* The new root's CRLG has listed something already: both are in its list, which goes on from what was out. */
	issued = r.lists[0].issue_date;
	other = entry;
	other.seed1[0] ^= 1;
	CHECK(crl_list_add_device(list_of(&r, &world.root, 1, true), &other, i, &err) == KEY_OK, "%s", err.text);
	CHECK(revocations_reset(&r, craca(&world.root), craca(&world.root2), true, &gone, &err) == KEY_OK && gone.devices == 0 && r.list_count == 1, "%s",
	      err.text);
	CHECK(r.lists[0].device_count == 2 && r.lists[0].changed && r.lists[0].issue_date == issued, "%u devices", r.lists[0].device_count);
	CHECK(sign(&r, &world.root2, 1, &crlg2, WORLD_NOW, false, &err) == KEY_OK && r.lists[0].issue_date > issued, "%s", err.text);
	/* Chains that do not go on. */
	CHECK(crl_list_add_device(list_of(&r, &world.root, 1, true), &entry, i, &err) == KEY_OK, "%s", err.text);
	CHECK(revocations_reset(&r, craca(&world.root), craca(&world.root2), false, &gone, &err) == KEY_OK && gone.devices == 1 && r.list_count == 1,
	      "%s", err.text);
	revocations_free(&r);
	actor_free(&crlg2);
}

/* Two lists that were made apart. */
static void test_merging(void)
{
	const uint16_t i = period_of(NOW32);
	struct crl_linkage_entry entry = {.seed1 = {1}, .seed2 = {2}, .la1 = 1, .la2 = 2, .i_max = (uint16_t)(i + 5), .j_max = 20}, other = entry;
	struct revocations hand = {.form = FORM_124}, own = {.form = FORM_124};
	struct crl_list *into, *from;
	struct bytes same, out;
	struct key_error err;

	other.seed1[0] = 9;
	revoke(&hand, &world.root, 2, &world.pca2, NOW32 + WEEK);
	CHECK(sign(&hand, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	out = compose(&hand);
	CHECK(revocations_read(&own, bytes_view(&out), &judge, &err) == KEY_OK, "%s", err.text);
	bytes_free(&out);
	/* The very same; then each has something that the other lacks, and the CRLG's is the newer. */
	into = list_of(&hand, &world.root, 2, false);
	from = list_of(&own, &world.root, 2, false);
	CHECK(crl_list_merge(into, from, &err) == KEY_OK && !into->changed && into->hash_count == 1, "%s", err.text);
	revoke(&own, &world.root, 2, &world.ra, NOW32 + WEEK);
	CHECK(sign(&own, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	revoke(&own, &world.root, 2, &world.ra, NOW32 + 2 * WEEK);
	revoke(&hand, &world.root, 2, &world.eca, NOW32 + WEEK);
	CHECK(sign(&hand, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	from = list_of(&own, &world.root, 2, false);
	CHECK(crl_list_merge(into, from, &err) == KEY_OK && into->changed && into->serial == from->serial && into->issue_date == from->issue_date, "%s",
	      err.text);
	CHECK(sign(&hand, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK && into->serial == from->serial + 1 &&
		  into->issue_date > from->issue_date,
	      "%s", err.text);
	out = compose(&hand);
	revocations_free(&own);
	CHECK(revocations_read(&own, bytes_view(&out), &judge, &err) == KEY_OK && own.lists[0].hash_count == 3, "%u", own.lists[0].hash_count);
	for (uint32_t k = 0; k < own.lists[0].hash_count; k++)
		CHECK(own.lists[0].hashes[k].expiry == NOW32 + (memcmp(own.lists[0].hashes[k].id, cert_id10(&world.ra.cert), 10) == 0 ? 2 : 1) * WEEK, "%u", k);
	bytes_free(&out);
	/* What is newer already, and has it all, stays as it was signed. */
	same = into->full;
	from = list_of(&own, &world.root, 2, false);
	from->issue_date--, from->serial--;
	from->full.p[0] ^= 1;
	CHECK(crl_list_merge(into, from, &err) == KEY_OK && !into->changed && into->full.p == same.p, "%s", err.text);
	/* Seeds; and what cannot be one list. */
	into = list_of(&hand, &world.root, 1, true);
	CHECK(crl_list_add_device(into, &entry, i, &err) == KEY_OK, "%s", err.text);
	from = list_of(&own, &world.root, 1, true);
	CHECK(crl_list_add_device(from, &entry, i, &err) == KEY_OK && crl_list_add_device(from, &other, i, &err) == KEY_OK, "%s", err.text);
	CHECK(crl_list_merge(into, from, &err) == KEY_OK && into->device_count == 2 && into->changed, "%s", err.text);
	CHECK(crl_list_merge(into, list_of(&own, &world.root, 2, false), &err) == KEY_MISMATCH, "two kinds");
	revocations_free(&hand);
	revocations_free(&own);
}

/* Files that are no composite CRL, or one that could not be. */
static void test_reading(void)
{
	const struct cert *none[] = {NULL}, *one[] = {&world.ra.cert, NULL};
	struct bytes crls[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}}, composite;
	struct revocations r;
	struct key_error err;

	CHECK(revocations_read(&r, (struct scms_slice){NULL, 0}, &judge, &err) == KEY_OK && r.list_count == 0, "empty");
	CHECK(revocations_read(&r, (struct scms_slice){(const uint8_t *)"junk", 4}, &judge, &err) == KEY_VALUE && strstr(err.text, "offset"), "%s", err.text);
	CHECK(revocations_read(&r, bytes_view(&world.ra.bytes), &judge, &err) == KEY_VALUE, "%s", err.text);
	crls[0] = votes_hash_crl(&world.crlg.party, &world.root.cert, 2, NOW32, 1, none);
	crls[1] = votes_hash_crl(&world.crlg.party, &world.root.cert, 2, NOW32 + 1, 2, one);
	composite = votes_composite(false, crls, NULL, NULL);
	CHECK(revocations_read(&r, bytes_view(&composite), &judge, &err) == KEY_VALUE && strstr(err.text, "one full CRL"), "%s", err.text);
	composite.n--;
	CHECK(revocations_read(&r, bytes_view(&composite), &judge, &err) == KEY_VALUE, "%s", err.text);
	bytes_free(&crls[0]);
	bytes_free(&crls[1]);
	bytes_free(&composite);
}

static bool says(const struct crl_faults *faults, const char *text)
{
	for (unsigned k = 0; k < faults->n && k < CRL_FAULTS_MAX; k++)
		if (strstr(faults->text[k], text) != NULL)
			return true;
	return false;
}

/* What the CRL store does not let out. */
static void test_check(void)
{
	uint16_t i = period_of(NOW32);
	struct crl_linkage_entry a = device(1, (uint16_t)(i + 50)), b = device(5, (uint16_t)(i + 50));
	struct revocations r = {.form = FORM_124}, smaller = {.form = FORM_124};
	struct bytes before, after, other, weak, ballot = removal(false, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_A], "BC", NOW32);
	struct crl_checker checker = {.crypto = &judge, .now = WORLD_NOW};
	struct memory_store store;
	struct crl_faults faults;
	struct key_error err = {.text = ""};

	store_make(&store, &world, WORLD_NOW);
	checker.store = store.store;
	checker.objects = &store.objects;
	revoke(&r, &world.root, 2, &world.pca2, NOW32 + WEEK);
	CHECK(crl_list_add_device(list_of(&r, &world.root, 1, true), &a, i, &err) == KEY_OK, "%s", err.text);
	CHECK(crl_list_add_device(list_of(&r, &world.root, 1, true), &b, i, &err) == KEY_OK, "%s", err.text);
	CHECK(add_ballot(&r, false, SCMS_REMOVE_ELECTOR, &ballot, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK && sign(&r, &world.root, 1, &world.crlg, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	before = compose(&r);
	CHECK(crl_composite_check(&checker, bytes_view(&before), (struct scms_slice){NULL, 0}, &faults, &err) == KEY_OK && faults.n == 0, "%s",
	      faults.n ? faults.text[0] : err.text);
	CHECK(crl_composite_check(&checker, bytes_view(&before), bytes_view(&before), &faults, &err) == KEY_OK && faults.n == 0, "%s",
	      faults.n ? faults.text[0] : err.text);
	CHECK(store.store->tombstone_count == 0, "the store itself is as it was");
	/* A week later, seeds of which are others: still the same devices. */
	checker.now += 6 * WORLD_DAY;
	CHECK(sign(&r, &world.root, 2, &world.crlg, checker.now, false, &err) == KEY_OK && sign(&r, &world.root, 1, &world.crlg, checker.now, false, &err) == KEY_OK, "%s", err.text);
	after = compose(&r);
	CHECK(crl_composite_check(&checker, bytes_view(&after), bytes_view(&before), &faults, &err) == KEY_OK && faults.n == 0, "%s",
	      faults.n ? faults.text[0] : err.text);
	/* Back again. */
	CHECK(crl_composite_check(&checker, bytes_view(&before), bytes_view(&after), &faults, &err) == KEY_OK && says(&faults, "G5.2"), "%s", faults.text[0]);
	/* Overdue. */
	checker.now = WORLD_NOW + 8 * WORLD_DAY;
	CHECK(crl_composite_check(&checker, bytes_view(&before), (struct scms_slice){NULL, 0}, &faults, &err) == KEY_OK && says(&faults, "overdue"), "%s", faults.text[0]);
	checker.now = WORLD_NOW + 6 * WORLD_DAY;
	/* Less than is out: a list, a device, a certificate, a ballot. */
	CHECK(crl_list_add_device(list_of(&smaller, &world.root, 1, true), &a, i, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&smaller, &world.root, 1, &world.crlg, checker.now, false, &err) == KEY_OK, "%s", err.text);
	other = compose(&smaller);
	CHECK(crl_composite_check(&checker, bytes_view(&other), bytes_view(&before), &faults, &err) == KEY_OK, "%s", err.text);
	CHECK(says(&faults, "series 2: the list that is out would be gone"), "list");
	CHECK(says(&faults, "series 1: 1 unexpired revocation"), "device");
	CHECK(says(&faults, "H4") && faults.n == 3, "%u", faults.n);
	bytes_free(&other);
	(void)list_of(&smaller, &world.root, 2, false);
	CHECK(sign(&smaller, &world.root, 2, &world.crlg, checker.now, false, &err) == KEY_OK, "%s", err.text);
	other = compose(&smaller);
	CHECK(crl_composite_check(&checker, bytes_view(&other), bytes_view(&before), &faults, &err) == KEY_OK && says(&faults, "series 2: 1 unexpired revocation"), "%s", faults.text[0]);
	bytes_free(&other);
	/* A ballot that stores would not carry out. */
	weak = removal(false, SCMS_REMOVE_ROOT, &world.root, "B", NOW32);
	CHECK(add_ballot(&smaller, false, SCMS_REMOVE_ROOT, &weak, &err) == KEY_OK, "%s", err.text);
	other = compose(&smaller);
	CHECK(crl_composite_check(&checker, bytes_view(&other), (struct scms_slice){NULL, 0}, &faults, &err) == KEY_OK && says(&faults, "QUORUM_NOT_MET"), "%s", faults.text[0]);
	/* A changed signature, and no composite at all. */
	other.p[200] ^= 1;
	CHECK(crl_composite_check(&checker, bytes_view(&other), (struct scms_slice){NULL, 0}, &faults, &err) == KEY_OK && faults.n >= 1, "changed");
	CHECK(crl_composite_check(&checker, bytes_view(&world.ra.bytes), (struct scms_slice){NULL, 0}, &faults, &err) == KEY_OK && says(&faults, "composite CRL: offset"), "%s",
	      faults.text[0]);
	bytes_free(&other);
	{
		/* Signed by one who may not. */
		const struct cert *listed[] = {&world.pca2.cert, NULL};
		struct bytes crls[2] = {votes_hash_crl(&world.pg.party, &world.root.cert, 2, NOW32, 1, listed), {NULL, 0}};

		other = votes_composite(false, crls, NULL, NULL);
		CHECK(crl_composite_check(&checker, bytes_view(&other), (struct scms_slice){NULL, 0}, &faults, &err) == KEY_OK && says(&faults, "CRL_S"), "%s", faults.text[0]);
		bytes_free(&crls[0]);
		bytes_free(&other);
	}
	revocations_free(&r);
	revocations_free(&smaller);
	bytes_free(&before);
	bytes_free(&after);
	bytes_free(&weak);
	bytes_free(&ballot);
	store_free(&store);
}

/* After a root's removal: its lists go, the devices on them stay revoked under the other root, and ballots stay. */
static void test_succession(void)
{
	uint16_t i = period_of(NOW32);
	struct crl_linkage_entry a = device(1, (uint16_t)(i + 50)), b = device(5, (uint16_t)(i + 50));
	struct bytes before, whole, less, no_ballot, ballot = removal(false, SCMS_REMOVE_ROOT, &world.root, "ABC", NOW32);
	struct revocations r = {.form = FORM_124}, smaller = {.form = FORM_124}, bare = {.form = FORM_124};
	struct crl_checker checker = {.crypto = &judge, .now = WORLD_NOW};
	struct crl_faults faults;
	struct crl_expired gone;
	struct key_error err = {.text = ""};
	struct memory_store store;
	struct actor crlg2;

	store_make_roots(&store, &world, WORLD_NOW, 2);
	checker.store = store.store;
	checker.objects = &store.objects;
	actor_make(&crlg2, PROFILE_CRLG, "crlg2.example.org", &world.root2, &world.root2, WORLD_START, 0);
	revoke(&r, &world.root, 2, &world.pca2, NOW32 + WEEK);
	CHECK(crl_list_add_device(list_of(&r, &world.root, 1, true), &a, i, &err) == KEY_OK &&
		  crl_list_add_device(list_of(&r, &world.root, 1, true), &b, i, &err) == KEY_OK,
	      "%s", err.text);
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK &&
		  sign(&r, &world.root, 1, &world.crlg, WORLD_NOW, false, &err) == KEY_OK,
	      "%s", err.text);
	before = compose(&r);
	CHECK(revocations_reset(&r, craca(&world.root), craca(&world.root2), true, &gone, &err) == KEY_OK, "%s", err.text);
	CHECK(add_ballot(&r, false, SCMS_REMOVE_ROOT, &ballot, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&r, &world.root2, 1, &crlg2, WORLD_NOW, false, &err) == KEY_OK, "%s", err.text);
	whole = compose(&r);
	CHECK(crl_composite_check(&checker, bytes_view(&whole), bytes_view(&before), &faults, &err) == KEY_OK && faults.n == 0, "%s",
	      faults.n ? faults.text[0] : err.text);
	/* One device less. */
	CHECK(crl_list_add_device(list_of(&smaller, &world.root2, 1, true), &a, i, &err) == KEY_OK &&
		  add_ballot(&smaller, false, SCMS_REMOVE_ROOT, &ballot, &err) == KEY_OK &&
		  sign(&smaller, &world.root2, 1, &crlg2, WORLD_NOW, false, &err) == KEY_OK,
	      "%s", err.text);
	less = compose(&smaller);
	CHECK(crl_composite_check(&checker, bytes_view(&less), bytes_view(&before), &faults, &err) == KEY_OK && faults.n == 1 &&
		  says(&faults, "series 1: 1 unexpired revocation"),
	      "%u %s", faults.n, faults.n ? faults.text[0] : err.text);
	/* Later on: the ballot stays, although its root is long gone (rule H4). */
	CHECK(crl_list_add_device(list_of(&bare, &world.root2, 1, true), &a, i, &err) == KEY_OK &&
		  crl_list_add_device(list_of(&bare, &world.root2, 1, true), &b, i, &err) == KEY_OK &&
		  sign(&bare, &world.root2, 1, &crlg2, WORLD_NOW, false, &err) == KEY_OK,
	      "%s", err.text);
	no_ballot = compose(&bare);
	CHECK(crl_composite_check(&checker, bytes_view(&no_ballot), bytes_view(&whole), &faults, &err) == KEY_OK && says(&faults, "H4"), "%s",
	      faults.n ? faults.text[0] : err.text);
	bytes_free(&before);
	bytes_free(&whole);
	bytes_free(&less);
	bytes_free(&no_ballot);
	bytes_free(&ballot);
	revocations_free(&r);
	revocations_free(&smaller);
	revocations_free(&bare);
	actor_free(&crlg2);
	store_free(&store);
}

/* After the CRLG's revocation: what the CRL store makes by itself. */
static void test_rebuild(void)
{
	const struct cert *nobody[] = {&world.ma2.cert, NULL}, *listed[] = {&world.crlg.cert, NULL};
	struct revocations r = {.form = FORM_124}, back;
	struct bytes before, after, root_crl, wrong, ballot = removal(false, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_A], "BC", NOW32);
	struct crl_checker checker = {.crypto = &judge, .now = WORLD_NOW + WORLD_DAY};
	struct memory_store store;
	struct crl_faults left_out, faults;
	struct actor second;
	struct key_error err = {.text = ""};
	struct seen seen;

	/* Two CRLGs: one signs components, the other enrolments. */
	actor_make(&second, PROFILE_CRLG, "crlg2.example.org", &world.root, &world.root, WORLD_START, 0);
	revoke(&r, &world.root, 2, &world.pca2, NOW32 + WEEK);
	revoke(&r, &world.root, 4, &world.eca, NOW32 + WEEK);
	revoke(&r, &world.root, 256, &world.ma2, NOW32 + WEEK);
	CHECK(add_ballot(&r, false, SCMS_REMOVE_ELECTOR, &ballot, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&r, &world.root, 2, &world.crlg, WORLD_NOW, false, &err) == KEY_OK && sign(&r, &world.root, 4, &second, WORLD_NOW, false, &err) == KEY_OK &&
		  sign(&r, &world.root, 256, &world.root, WORLD_NOW, false, &err) == KEY_OK,
	      "%s", err.text);
	before = compose(&r);
	store_make(&store, &world, WORLD_NOW);
	session(&store, &before, WORLD_NOW, &seen);
	CHECK(seen_crl(&seen, 2) == SCMS_ACCEPTED && seen_crl(&seen, 4) == SCMS_ACCEPTED && seen_crl(&seen, 256) == SCMS_ACCEPTED, "before");
	checker.store = store.store;
	checker.objects = &store.objects;
	(void)nobody;
	root_crl = votes_hash_crl(&world.root.party, &world.root.cert, 256, NOW32 + 86400, 9, listed);
	CHECK(crl_rebuild(&checker, bytes_view(&before), bytes_view(&root_crl), &after, &left_out, &err) == KEY_OK, "%s", err.text);
	CHECK(left_out.n == 1 && says(&left_out, "series 2"), "%u %s", left_out.n, left_out.n ? left_out.text[0] : "");
	CHECK(revocations_read(&back, bytes_view(&after), &judge, &err) == KEY_OK && back.list_count == 2 && back.ballot_count == 1, "%s", err.text);
	CHECK(crl_list_find(&back, craca(&world.root), 2) == NULL && crl_list_find(&back, craca(&world.root), 4) != NULL, "lists");
	CHECK(crl_list_find(&back, craca(&world.root), 256)->serial == 9, "the root's new one");
	/* It passes its own check: the list that is gone is void. */
	CHECK(crl_composite_check(&checker, bytes_view(&after), bytes_view(&before), &faults, &err) == KEY_OK, "%s", err.text);
	CHECK(faults.n == 1 && says(&faults, "series 256: 1 unexpired revocation"), "%u %s", faults.n, faults.n ? faults.text[0] : "");
	/* A vehicle takes it, and no longer believes the CRLG. */
	session(&store, &after, checker.now, &seen);
	CHECK(seen_crl(&seen, 256) == SCMS_ACCEPTED && standing(&store, &world.crlg, checker.now) == SCMS_CERT_REVOKED, "vehicle");
	CHECK(standing(&store, &world.pca2, checker.now) == SCMS_CERT_REVOKED, "what it listed stays listed");
	/* Not the root's; not of series 256; not a CRL. */
	wrong = votes_hash_crl(&world.root2.party, &world.root2.cert, 256, NOW32 + 2 * 86400, 9, listed);
	bytes_free(&after);
	CHECK(crl_rebuild(&checker, bytes_view(&before), bytes_view(&wrong), &after, &left_out, &err) == KEY_REFUSED && after.p == NULL, "%s", err.text);
	bytes_free(&wrong);
	wrong = votes_hash_crl(&second.party, &world.root.cert, 4, NOW32 + 2 * 86400, 9, listed);
	CHECK(crl_rebuild(&checker, bytes_view(&before), bytes_view(&wrong), &after, &left_out, &err) == KEY_REFUSED && strstr(err.text, "series 256"), "%s", err.text);
	CHECK(crl_rebuild(&checker, bytes_view(&before), bytes_view(&world.ra.bytes), &after, &left_out, &err) != KEY_OK, "%s", err.text);
	bytes_free(&wrong);
	bytes_free(&root_crl);
	bytes_free(&before);
	bytes_free(&ballot);
	revocations_free(&r);
	revocations_free(&back);
	actor_free(&second);
	store_free(&store);
}

int main(void)
{
	world_make(&world);
	test_hashes();
	test_linkage();
	test_signers();
	test_ballots(false);
	test_ballots(true);
	test_expiry();
	test_reset();
	test_succession();
	test_merging();
	test_reading();
	test_check();
	test_rebuild();
	world_free(&world);
	return check_done();
}
