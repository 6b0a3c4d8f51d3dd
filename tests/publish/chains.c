/* SPDX-License-Identifier: Apache-2.0 */
/* Chain files: each drop condition of rule H1, each refusal of H2, certificates that go; LCCF and the comparison of H3. */
#include "components/pg/chain_local.h"
#include "components/pg/chain_make.h"

#include "tests/check.h"
#include "tests/publish/world.h"

#include <stdlib.h>

#define NOW32 ((scms_time32)(WORLD_NOW / 1000000u))
#define YEAR ((scms_time64)31556952 * 1000000u)

static struct world world;

/* A publisher's store, what it has gathered, and the file that it makes of it. */
struct pg {
	struct memory_store store;
	struct bytes ballot[8];
	struct chain_ballot ballots[8];
	size_t ballot_count;
	struct scms_slice certificates[24];
	size_t certificate_count;
	scms_time64 now;
	bool is121, forced;
	uint16_t version;
	struct chain_made made;
};

static void add_certificate(struct pg *pg, const struct actor *actor)
{
	pg->certificates[pg->certificate_count++] = bytes_view(&actor->bytes);
}

static void begin(struct pg *pg)
{
	const struct actor *const all[] = {&world.ica, &world.eca, &world.pca,  &world.pca2, &world.ra,
					   &world.la,  &world.ma,  &world.crlg, &world.pg,   &world.dcm};

	*pg = (struct pg){.now = WORLD_NOW, .version = 7};
	store_make(&pg->store, &world, WORLD_NOW);
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		add_certificate(pg, all[k]);
}

/* Adds a ballot with the votes of the electors named, "ABC". */
static void add_ballot(struct pg *pg, enum scms_motion motion, const struct actor *subject, const char *voters)
{
	const struct party *parties[ELECTORS];
	size_t n = 0;

	for (; voters[n] != '\0'; n++)
		parties[n] = &world.elector[voters[n] - 'A'].party;
	pg->ballot[pg->ballot_count] = votes_ballot(pg->is121, (int32_t)motion, &subject->cert, NOW32 - 100, parties, n);
	pg->ballots[pg->ballot_count] = (struct chain_ballot){
	    pg->is121 ? FORM_121 : FORM_124, motion, bytes_view(&pg->ballot[pg->ballot_count])};
	pg->ballot_count++;
}

/* With the root by the votes of A, B and C, and elector D by those of A and B. */
static void begin_usual(struct pg *pg)
{
	begin(pg);
	add_ballot(pg, SCMS_ADD_ROOT, &world.root, "ABC");
	add_ballot(pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "AB");
}

/* Makes the publisher's store know a removal. */
static void remove_from_store(struct pg *pg, enum scms_motion motion, const struct actor *subject, const char *voters)
{
	const struct party *parties[ELECTORS];
	struct bytes list[2] = {{NULL, 0}, {NULL, 0}}, composite;
	struct seen seen;
	size_t n = 0;

	for (; voters[n] != '\0'; n++)
		parties[n] = &world.elector[voters[n] - 'A'].party;
	list[0] = votes_ballot(false, (int32_t)motion, &subject->cert, (scms_time32)(pg->now / 1000000u), parties, n);
	composite = votes_composite(false, NULL, motion == SCMS_REMOVE_ROOT ? list : NULL, motion == SCMS_REMOVE_ELECTOR ? list : NULL);
	store_session(&pg->store, &(struct scms_session){.crl = bytes_view(&composite)}, pg->now, &seen);
	CHECK(seen_ballot(&seen, motion, subject) == SCMS_APPLIED, "%s", scms_reason_name(seen_ballot(&seen, motion, subject)));
	bytes_free(&list[0]);
	bytes_free(&composite);
}

/* Makes the publisher's store know an addition, as a chain file of its own would. */
static void apply_file(struct pg *pg)
{
	struct seen seen;

	store_session(&pg->store, &(struct scms_session){.chain = bytes_view(&pg->made.file)}, pg->now, &seen);
	CHECK(seen.status == SCMS_SESSION_DONE && !seen.refused, "session");
}

static enum chain_status make(struct pg *pg)
{
	const struct chain_input input = {.store = pg->store.store,
					  .objects = &pg->store.objects,
					  .crypto = &judge,
					  .now = pg->now,
					  .form = pg->is121 ? FORM_121 : FORM_124,
					  .version = pg->version,
					  .ballots = pg->ballots,
					  .ballot_count = pg->ballot_count,
					  .certificates = pg->certificates,
					  .certificate_count = pg->certificate_count,
					  .forced = pg->forced};

	chain_made_free(&pg->made);
	return chain_make(&input, &pg->made);
}

static void end(struct pg *pg)
{
	chain_made_free(&pg->made);
	for (size_t k = 0; k < pg->ballot_count; k++)
		bytes_free(&pg->ballot[k]);
	store_free(&pg->store);
}

/* The note of this kind and rule about the subject (NULL: any); NULL if there is none. */
static const struct chain_note *noted(const struct pg *pg, enum chain_note_kind kind, const char *rule, const struct actor *subject)
{
	for (size_t k = 0; k < pg->made.note_count; k++) {
		const struct chain_note *n = &pg->made.notes[k];

		if (n->kind == kind && strcmp(n->rule, rule) == 0 &&
		    (subject == NULL || memcmp(n->subject, subject->cert.hash256, 32) == 0))
			return n;
	}
	return NULL;
}

static bool names(const struct chain_note *note, const struct actor *elector)
{
	char text[17];

	for (unsigned k = 0; k < 8; k++)
		snprintf(text + 2 * k, 3, "%02x", cert_id8(&elector->cert)[k]);
	return note != NULL && strstr(note->text, text) != NULL;
}

#define EXPECT(pg, status)                                                                                             \
	do {                                                                                                           \
		enum chain_status status_ = make(pg);                                                                  \
		CHECK(status_ == (status), "%d, %s", status_, (pg)->made.note_count ? (pg)->made.notes[0].text : "no notes");  \
	} while (0)
#define NOTED(pg, kind, rule, subject) CHECK(noted(pg, kind, rule, subject) != NULL, "no such note")

/* All is well: nothing is dropped, and a vehicle's store takes everything. */
static void test_whole(bool is121)
{
	struct memory_store vehicle;
	struct seen seen;
	struct pg pg;

	begin(&pg);
	pg.is121 = is121;
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "ABC");
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "AB");
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root2, "BC");
	EXPECT(&pg, CHAIN_OK);
	CHECK(pg.made.note_count == 0, "%s", pg.made.notes[0].text);
	CHECK(pg.made.root_ballots == 2 && pg.made.elector_ballots == 1 && pg.made.certificates == 9, "%u", pg.made.certificates);
	store_make(&vehicle, &world, WORLD_NOW);
	store_session(&vehicle, &(struct scms_session){.chain = bytes_view(&pg.made.file)}, WORLD_NOW, &seen);
	CHECK(seen.chain == SCMS_ACCEPTED && seen.version == 7, "%s", scms_reason_name(seen.chain));
	CHECK(seen_ballot(&seen, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D]) == SCMS_APPLIED, "elector");
	CHECK(seen_ballot(&seen, SCMS_ADD_ROOT, &world.root) == SCMS_APPLIED, "root");
	CHECK(seen_ballot(&seen, SCMS_ADD_ROOT, &world.root2) == SCMS_APPLIED, "root 2");
	store_free(&vehicle);
	end(&pg);
}

/* H1.1, and retired roots that stay until then. */
static void test_subject_expired(void)
{
	struct pg pg;

	begin_usual(&pg);
	pg.now = WORLD_NOW + 12 * YEAR; /* electors hold for 12 years, roots for 17, an MA for 4 */
	pg.certificate_count = 0;
	actor_free(&world.ma2);
	actor_make(&world.ma2, PROFILE_MA, "ma2.example.org", &world.root, &world.root, (scms_time32)(pg.now / 1000000u) - 100, 0);
	add_certificate(&pg, &world.ma2);
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.1", &world.elector[ELECTOR_D]);
	/* Its endorsers have expired, nobody removed them: the root stays in the file. */
	NOTED(&pg, CHAIN_WARNING, "H1.2", &world.root);
	CHECK(pg.made.root_ballots == 1 && pg.made.elector_ballots == 0, "ballots");
	pg.now = WORLD_NOW + 18 * YEAR;
	CHECK(make(&pg) == CHAIN_NOT_MADE, "no MA any more");
	NOTED(&pg, CHAIN_DROPPED, "H1.1", &world.root);
	end(&pg);
	actor_free(&world.ma2);
	actor_make(&world.ma2, PROFILE_MA, "ma2.example.org", &world.root2, &world.root2, WORLD_START, 0);
}

/* H1.2: electors that expire sooner than the one they voted for. */
static void test_endorsers_expired(void)
{
	struct actor old, young;
	struct pg pg;

	begin(&pg);
	actor_make(&old, PROFILE_ELECTOR, "O", NULL, NULL, WORLD_START, 24 * 30);
	actor_make(&young, PROFILE_ELECTOR, "Y", NULL, NULL, WORLD_START, 0);
	add_ballot(&pg, SCMS_ADD_ELECTOR, &old, "AB");
	{
		const struct party *voters[] = {&world.elector[ELECTOR_A].party, &old.party};

		pg.ballot[1] = votes_ballot(false, SCMS_ADD_ELECTOR, &young.cert, NOW32 - 100, voters, 2);
		pg.ballots[1] = (struct chain_ballot){FORM_124, SCMS_ADD_ELECTOR, bytes_view(&pg.ballot[1])};
		pg.ballot_count = 2;
	}
	EXPECT(&pg, CHAIN_OK);
	/* Before the store knows the old one, its vote counts for nothing. */
	CHECK(pg.made.elector_ballots == 1, "%u", pg.made.elector_ballots);
	NOTED(&pg, CHAIN_DROPPED, "H1.3", &young);
	apply_file(&pg);
	EXPECT(&pg, CHAIN_OK);
	CHECK(pg.made.elector_ballots == 2, "%u", pg.made.elector_ballots);
	pg.now = WORLD_NOW + 60 * WORLD_DAY;
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.1", &old);
	NOTED(&pg, CHAIN_DROPPED, "H1.2", &young);
	CHECK(pg.made.elector_ballots == 0, "%u", pg.made.elector_ballots);
	end(&pg);
	actor_free(&old);
	actor_free(&young);
}

static void raise_quorum(struct pg *pg, uint8_t m)
{
	/* What a policy would do. */
	pg->store.store->quorum.initial = m;
}

/* H1.3 */
static void test_quorum_raised(void)
{
	struct pg pg;

	begin_usual(&pg);
	raise_quorum(&pg, 3);
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.3", &world.elector[ELECTOR_D]);
	CHECK(pg.made.root_ballots == 1, "root stays");
	/* A root's ballot below the new quorum is a lock-out, not a clean-up. */
	raise_quorum(&pg, 4);
	EXPECT(&pg, CHAIN_NOT_MADE);
	CHECK(names(noted(&pg, CHAIN_REFUSED, "H2", &world.root), &world.elector[ELECTOR_A]) == false, "A has voted already");
	CHECK(strstr(noted(&pg, CHAIN_REFUSED, "H2", &world.root)->text, "new elector") != NULL, "%s", pg.made.notes[0].text);
	pg.forced = true;
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.3", &world.root);
	CHECK(pg.made.root_ballots == 0, "root");
	end(&pg);
}

/* H1.4: the subject itself was removed. */
static void test_subject_removed(void)
{
	struct pg pg;

	begin_usual(&pg);
	EXPECT(&pg, CHAIN_OK);
	apply_file(&pg);
	remove_from_store(&pg, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_D], "AB");
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.4", &world.elector[ELECTOR_D]);
	remove_from_store(&pg, SCMS_REMOVE_ROOT, &world.root, "BC");
	CHECK(make(&pg) == CHAIN_NOT_MADE, "everything below is gone, the MA too");
	NOTED(&pg, CHAIN_DROPPED, "H1.4", &world.root);
	NOTED(&pg, CHAIN_DROPPED, "D6", &world.pca);
	NOTED(&pg, CHAIN_REFUSED, "H1", NULL);
	end(&pg);
}

/* H1.4: enough endorsers were removed; H2: stripping, refusal, mending, force. */
static void test_endorser_removed(bool is121)
{
	const struct chain_note *refused;
	struct memory_store vehicle;
	struct seen seen;
	struct pg pg;

	begin(&pg);
	pg.is121 = is121;
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "AB");
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "ABC");
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_E], "AC");
	EXPECT(&pg, CHAIN_OK);
	apply_file(&pg);
	remove_from_store(&pg, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_A], "BC");
	EXPECT(&pg, CHAIN_NOT_MADE);
	NOTED(&pg, CHAIN_DROPPED, "H1.4", &world.elector[ELECTOR_E]);
	refused = noted(&pg, CHAIN_REFUSED, "H2", &world.root);
	CHECK(names(refused, &world.elector[ELECTOR_C]) && names(refused, &world.elector[ELECTOR_D]) &&
		  names(refused, &world.elector[ELECTOR_E]),
	      "%s", refused ? refused->text : "");
	CHECK(!names(refused, &world.elector[ELECTOR_A]) && !names(refused, &world.elector[ELECTOR_B]), "%s", refused->text);
	CHECK(strstr(refused->text, "1 more vote is wanted") != NULL, "%s", refused->text);
	CHECK(pg.made.file.p == NULL, "no file");
	pg.forced = true;
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.4", &world.root);
	NOTED(&pg, CHAIN_STRIPPED, "H2", &world.elector[ELECTOR_D]);
	CHECK(pg.made.root_ballots == 0 && pg.made.elector_ballots == 1, "ballots");
	/* Mended: C and D vote for the root that exists (rule C9). */
	pg.forced = false;
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "ABCD");
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_STRIPPED, "H2", &world.root);
	CHECK(noted(&pg, CHAIN_STRIPPED, "H2", &world.root) != NULL && names(noted(&pg, CHAIN_STRIPPED, "H2", &world.root), &world.elector[ELECTOR_A]), "A");
	CHECK(pg.made.root_ballots == 1 && pg.made.elector_ballots == 1, "%u %u", pg.made.root_ballots, pg.made.elector_ballots);
	/* A vehicle that was up to date takes it and trusts the root by three votes. */
	store_make(&vehicle, &world, WORLD_NOW);
	store_session(&vehicle, &(struct scms_session){.chain = bytes_view(&pg.made.file)}, WORLD_NOW, &seen);
	CHECK(seen.chain == SCMS_ACCEPTED && seen_ballot(&seen, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D]) == SCMS_APPLIED &&
		  seen_ballot(&seen, SCMS_ADD_ROOT, &world.root) == SCMS_APPLIED,
	      "vehicle");
	store_free(&vehicle);
	end(&pg);
}

/* Certificates that are revoked go, and everything below them. */
static void test_revoked(void)
{
	const struct cert *listed[] = {&world.ica.cert, NULL}, *one[] = {&world.pca2.cert, NULL}, *ma[] = {&world.ma.cert, NULL};
	struct bytes crls[2] = {{NULL, 0}, {NULL, 0}}, composite;
	const struct chain_note *note;
	struct seen seen;
	struct pg pg;

	begin(&pg);
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "ABC");
	add_certificate(&pg, &world.pca); /* twice is once */
	crls[0] = votes_hash_crl(&world.crlg.party, &world.root.cert, 2, NOW32, 1, one);
	composite = votes_composite(false, crls, NULL, NULL);
	store_session(&pg.store, &(struct scms_session){.crl = bytes_view(&composite)}, WORLD_NOW, &seen);
	CHECK(seen_crl(&seen, 2) == SCMS_ACCEPTED, "%s", scms_reason_name(seen_crl(&seen, 2)));
	EXPECT(&pg, CHAIN_OK);
	note = noted(&pg, CHAIN_DROPPED, "G5", &world.pca2);
	CHECK(note != NULL && note->certificate && note->reason == SCMS_CERT_REVOKED, "revoked");
	CHECK(pg.made.certificates == 8 && pg.made.note_count == 1, "%u %zu", pg.made.certificates, pg.made.note_count);
	bytes_free(&crls[0]);
	bytes_free(&composite);
	crls[0] = votes_hash_crl(&world.crlg.party, &world.root.cert, 2, NOW32, 2, listed);
	composite = votes_composite(false, crls, NULL, NULL);
	store_session(&pg.store, &(struct scms_session){.crl = bytes_view(&composite)}, WORLD_NOW, &seen);
	CHECK(seen_crl(&seen, 2) == SCMS_ACCEPTED, "%s", scms_reason_name(seen_crl(&seen, 2)));
	EXPECT(&pg, CHAIN_OK);
	CHECK(pg.made.certificates == 2, "CRLG and PG are left: %u", pg.made.certificates);
	NOTED(&pg, CHAIN_DROPPED, "G5", &world.ra);
	bytes_free(&crls[0]);
	bytes_free(&composite);
	/* The MA is of series 256: revoked by the root. Without one there is no file. */
	crls[0] = votes_hash_crl(&world.root.party, &world.root.cert, 256, NOW32, 1, ma);
	composite = votes_composite(false, crls, NULL, NULL);
	store_session(&pg.store, &(struct scms_session){.crl = bytes_view(&composite)}, WORLD_NOW, &seen);
	CHECK(seen_crl(&seen, 256) == SCMS_ACCEPTED, "%s", scms_reason_name(seen_crl(&seen, 256)));
	EXPECT(&pg, CHAIN_NOT_MADE);
	CHECK(noted(&pg, CHAIN_REFUSED, "H1", NULL) && strstr(noted(&pg, CHAIN_REFUSED, "H1", NULL)->text, "misbehaviour"), "MA");
	bytes_free(&crls[0]);
	bytes_free(&composite);
	end(&pg);
}

/* Day 3: certificates under a new root, not valid yet, are distributed ahead. */
static void test_staged(void)
{
	struct actor later, ma;
	struct pg pg;

	begin(&pg);
	actor_make(&later, PROFILE_PCA, "pca4.example.org", &world.ica, &world.root, WORLD_START + 30 * 86400, 0);
	actor_make(&ma, PROFILE_MA, "ma3.example.org", &world.root, &world.root, WORLD_START + 30 * 86400, 0);
	add_certificate(&pg, &later);
	add_certificate(&pg, &ma);
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "ABC");
	EXPECT(&pg, CHAIN_OK);
	CHECK(pg.made.certificates == 11 && pg.made.note_count == 0, "%u", pg.made.certificates);
	{
		struct chain_file file;

		CHECK(chain_file_read(&file, bytes_view(&pg.made.file), NULL) == OER_OK &&
			  file.ma_certificate.n == world.ma.bytes.n &&
			  memcmp(file.ma_certificate.p, world.ma.bytes.p, world.ma.bytes.n) == 0,
		      "the MA that is valid now");
	}
	/* Under a root that the publisher does not trust: nothing is published. */
	add_certificate(&pg, &world.pca3);
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "B8", &world.pca3);
	end(&pg);
	actor_free(&later);
	actor_free(&ma);
}

/* Things that have no business in a chain file. */
static void test_bad_input(void)
{
	static const uint8_t junk[] = {0x80, 0x03, 0x00};
	struct pg pg;

	begin(&pg);
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "ABC");
	add_ballot(&pg, SCMS_REMOVE_ELECTOR, &world.elector[ELECTOR_A], "BC");
	EXPECT(&pg, CHAIN_NOT_MADE);
	NOTED(&pg, CHAIN_REFUSED, "C2", NULL);
	/* The same bytes under a wrong motion. */
	pg.ballots[1].motion = SCMS_ADD_ELECTOR;
	EXPECT(&pg, CHAIN_NOT_MADE);
	CHECK(noted(&pg, CHAIN_REFUSED, "C2", NULL) && strstr(noted(&pg, CHAIN_REFUSED, "C2", NULL)->text, "TYPE_MISMATCH"), "type");
	pg.ballots[1].bytes.n--;
	EXPECT(&pg, CHAIN_NOT_MADE);
	NOTED(&pg, CHAIN_REFUSED, "C1", NULL);
	bytes_free(&pg.ballot[1]);
	pg.ballot_count = 1;
	/* Mixed forms. */
	pg.is121 = true;
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "AB");
	pg.is121 = false;
	EXPECT(&pg, CHAIN_NOT_MADE);
	NOTED(&pg, CHAIN_REFUSED, "C8", NULL);
	bytes_free(&pg.ballot[1]);
	pg.ballot_count = 1;
	/* A root as elector. */
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.root2, "AB");
	EXPECT(&pg, CHAIN_NOT_MADE);
	NOTED(&pg, CHAIN_REFUSED, "C3", NULL);
	bytes_free(&pg.ballot[1]);
	pg.ballot_count = 1;
	/* Certificates. */
	add_certificate(&pg, &world.elector[ELECTOR_A]);
	EXPECT(&pg, CHAIN_NOT_MADE);
	NOTED(&pg, CHAIN_REFUSED, "H1", NULL);
	pg.certificates[pg.certificate_count - 1] = (struct scms_slice){junk, sizeof(junk)};
	EXPECT(&pg, CHAIN_NOT_MADE);
	NOTED(&pg, CHAIN_REFUSED, "H1", NULL);
	pg.certificate_count--;
	/* A vote with a flipped signature counts for nothing: one good vote of two. */
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "AB");
	pg.ballot[1].p[pg.ballot[1].n - 1] ^= 1;
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.3", &world.elector[ELECTOR_D]);
	/* The same elector twice is one. */
	bytes_free(&pg.ballot[1]);
	pg.ballot_count = 1;
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "AA");
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.3", &world.elector[ELECTOR_D]);
	/* The subject does not vote on itself. */
	bytes_free(&pg.ballot[1]);
	pg.ballot_count = 1;
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "AD");
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_DROPPED, "H1.3", &world.elector[ELECTOR_D]);
	/* No ballot for a root that is trusted: said. */
	pg.ballot_count = 0;
	bytes_free(&pg.ballot[0]);
	bytes_free(&pg.ballot[1]);
	EXPECT(&pg, CHAIN_OK);
	NOTED(&pg, CHAIN_WARNING, "F3", &world.root);
	{
		json_t *json = chain_notes_json(&pg.made);

		CHECK(json_array_size(json) == pg.made.note_count && pg.made.note_count > 0, "json");
		json_decref(json);
	}
	end(&pg);
}

/* The version goes round, and a vehicle follows (rule G4). */
static void test_wrap(void)
{
	struct memory_store vehicle;
	char name[CHAIN_FILE_NAME];
	struct seen seen;
	struct pg pg;

	begin(&pg);
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "ABC");
	pg.version = 65535;
	EXPECT(&pg, CHAIN_OK);
	CHECK(chain_file_name(bytes_view(&pg.made.file), name) && strcmp(name, "global_certificate_chains_65535.oer") == 0, "%s", name);
	store_make(&vehicle, &world, WORLD_NOW);
	vehicle.store->has_gccf_version = true;
	vehicle.store->gccf_version = 65535;
	store_session(&vehicle, &(struct scms_session){.chain = bytes_view(&pg.made.file)}, WORLD_NOW, &seen);
	CHECK(seen.chain == SCMS_ACCEPTED, "%s", scms_reason_name(seen.chain));
	pg.version = chain_next_version(pg.version);
	CHECK(pg.version == 0, "%u", pg.version);
	EXPECT(&pg, CHAIN_OK);
	CHECK(chain_file_name(bytes_view(&pg.made.file), name) && strcmp(name, "global_certificate_chains_00.oer") == 0, "%s", name);
	store_session(&vehicle, &(struct scms_session){.chain = bytes_view(&pg.made.file)}, WORLD_NOW, &seen);
	CHECK(seen.chain == SCMS_ACCEPTED && seen.version == 0, "%s", scms_reason_name(seen.chain));
	store_free(&vehicle);
	end(&pg);
}

static bool says(const struct chain_comparison *c, bool missing, const char *text)
{
	for (size_t k = 0; k < c->n; k++)
		if (c->list[k].missing == missing && strstr(c->list[k].text, text) != NULL)
			return true;
	return false;
}

static void test_local(bool is121)
{
	const struct scms_slice host = {(const uint8_t *)"ra.example.org", 14};
	struct lccf_input input = {.crypto = &judge, .version = 3, .ra_host = host};
	struct chain_comparison c;
	struct memory_store vehicle;
	char name[CHAIN_FILE_NAME];
	struct key_error err = {.text = ""};
	struct bytes lccf, other;
	uint8_t pcas[1][32];
	struct chain_file file;
	struct seen seen;
	struct pg pg;

	begin(&pg);
	pg.is121 = is121;
	add_ballot(&pg, SCMS_ADD_ROOT, &world.root, "ABC");
	add_ballot(&pg, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D], "AB");
	EXPECT(&pg, CHAIN_OK);
	input.gccf = bytes_view(&pg.made.file);
	CHECK(lccf_make(&input, &lccf, &err) == KEY_OK, "%s", err.text);
	CHECK(chain_file_name(bytes_view(&lccf), name) && strcmp(name, "local_certificate_chains_07_03.oer") == 0, "%s", name);
	CHECK(chain_compare(input.gccf, bytes_view(&lccf), &judge, &c, &err) == KEY_OK && c.n == 0, "%s", c.n ? c.list[0].text : err.text);
	chain_comparison_free(&c);
	store_make(&vehicle, &world, WORLD_NOW);
	store_session(&vehicle, &(struct scms_session){.chain = bytes_view(&lccf)}, WORLD_NOW, &seen);
	CHECK(seen.chain == SCMS_ACCEPTED && seen_ballot(&seen, SCMS_ADD_ELECTOR, &world.elector[ELECTOR_D]) == SCMS_APPLIED, "vehicle");
	store_free(&vehicle);
	bytes_free(&lccf);
	/* Only the chains of one PCA are required. */
	memcpy(pcas[0], world.pca.cert.hash256, 32);
	input.pcas = pcas;
	input.pca_count = 1;
	CHECK(lccf_make(&input, &lccf, &err) == KEY_OK, "%s", err.text);
	CHECK(chain_file_read(&file, bytes_view(&lccf), NULL) == OER_OK && file.certs.count == 5 && file.optional.count == 4,
	      "%u %u", file.certs.count, file.optional.count); /* ICA, PCA, RA, CRLG, PG */
	CHECK(chain_compare(input.gccf, bytes_view(&lccf), &judge, &c, &err) == KEY_OK && c.n == 0, "%s", c.n ? c.list[0].text : err.text);
	chain_comparison_free(&c);
	/* Refusals. */
	pcas[0][0] ^= 1;
	CHECK(lccf_make(&input, &other, &err) == KEY_NOT_FOUND && strstr(err.text, "pseudonym"), "%s", err.text);
	input.pca_count = 0;
	input.ra_host.n--;
	CHECK(lccf_make(&input, &other, &err) == KEY_NOT_FOUND && strstr(err.text, "ra.example.or"), "%s", err.text);
	input.gccf = bytes_view(&lccf);
	CHECK(lccf_make(&input, &other, &err) == KEY_VALUE && strstr(err.text, "local"), "%s", err.text);
	input.gccf = (struct scms_slice){lccf.p, lccf.n - 1};
	CHECK(lccf_make(&input, &other, &err) == KEY_VALUE && strstr(err.text, "offset"), "%s", err.text);
	input.gccf = bytes_view(&pg.made.file);
	CHECK(chain_compare(bytes_view(&lccf), input.gccf, &judge, &c, &err) == KEY_VALUE, "%s", err.text);
	CHECK(chain_compare(input.gccf, input.gccf, &judge, &c, &err) == KEY_VALUE && strstr(err.text, "LCCF"), "%s", err.text);
	CHECK(chain_compare(input.gccf, (struct scms_slice){lccf.p, 5}, &judge, &c, &err) == KEY_VALUE, "%s", err.text);
	/* H3: an LCCF of the GCCF before, which had an elector less and other votes for the root, and a PCA more. */
	{
		struct pg before;
		struct lccf_input old = {.crypto = &judge, .version = 1, .ra_host = host};

		begin(&before);
		before.is121 = is121;
		before.version = 6;
		add_ballot(&before, SCMS_ADD_ROOT, &world.root, "AB");
		add_ballot(&before, SCMS_ADD_ROOT, &world.root2, "AB");
		before.certificate_count--; /* no DCM */
		EXPECT(&before, CHAIN_OK);
		old.gccf = bytes_view(&before.made.file);
		CHECK(lccf_make(&old, &other, &err) == KEY_OK, "%s", err.text);
		CHECK(chain_compare(input.gccf, bytes_view(&other), &judge, &c, &err) == KEY_OK, "%s", err.text);
		CHECK(says(&c, true, "version 6 of the GCCF, not 7"), "version");
		CHECK(says(&c, true, "addElector of"), "elector");
		CHECK(says(&c, true, "there with other votes"), "votes");
		CHECK(says(&c, false, "is not from the GCCF"), "root 2");
		CHECK(says(&c, false, "is left out"), "DCM");
		CHECK(c.missing == 3, "%zu", c.missing);
		chain_comparison_free(&c);
		/* In the other form. */
		end(&before);
		begin(&before);
		before.is121 = !is121;
		add_ballot(&before, SCMS_ADD_ROOT, &world.root, "ABC");
		EXPECT(&before, CHAIN_OK);
		bytes_free(&other);
		old.gccf = bytes_view(&before.made.file);
		CHECK(lccf_make(&old, &other, &err) == KEY_OK, "%s", err.text);
		CHECK(chain_compare(input.gccf, bytes_view(&other), &judge, &c, &err) == KEY_OK && says(&c, true, "another form"), "form");
		chain_comparison_free(&c);
		bytes_free(&other);
		end(&before);
	}
	bytes_free(&lccf);
	end(&pg);
}

int main(void)
{
	world_make(&world);
	for (unsigned k = 0; k < 2; k++) {
		test_whole(k == 1);
		test_endorser_removed(k == 1);
		test_local(k == 1);
	}
	test_subject_expired();
	test_endorsers_expired();
	test_quorum_raised();
	test_subject_removed();
	test_revoked();
	test_staged();
	test_bad_input();
	test_wrap();
	world_free(&world);
	return check_done();
}
