/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checker: the verdicts of scms_cert_check, in batches and from memory; and nothing remembered a moment too long.
 */
#include "tests/check.h"
#include "tests/trust/world.h"

#include "dot2/signed_data.h"

#include <scms/check.h>
#include <scms/revocation.h>
#include <stdlib.h>

static struct world world;
static struct scms_checker *checker;
static struct scms_crypto counting;
static unsigned verified, calls;

static void count_verify(void *ctx, const struct scms_verify_request *request, size_t n, uint8_t *verdict)
{
	verified += (unsigned)n;
	calls++;
	world.crypto->verify(ctx, request, n, verdict);
}

static void checker_make(uint32_t certificates, uint32_t issuers)
{
	const struct scms_checker_options options = {.certificates = certificates, .issuers = issuers};
	size_t size = scms_checker_size(&options);

	free(checker);
	checker = malloc(size);
	CHECK(scms_checker_init(checker, size - 1, &options) == NULL, "too little memory");
	checker = scms_checker_init(checker, size, &options);
	CHECK(checker != NULL, "a checker");
}

static struct scms_check question(scms_time64 now)
{
	return (struct scms_check){.store = world.store,
				   .now = now,
				   .crypto = &counting,
				   .objects = &world.objects,
				   .certificates = world.issuers,
				   .certificate_count = 2};
}

static enum scms_reason one(const struct person *person, scms_time64 now)
{
	const struct scms_check check = question(now);
	const struct scms_slice bytes = bytes_view(&person->bytes);
	enum scms_reason verdict = SCMS_REASON_FAILED;

	scms_certs_check(checker, &check, &bytes, 1, &verdict);
	return verdict;
}

/* The verdict must be right, by the checker as by the plain function. */
static void expect(const char *what, const struct person *person, scms_time64 now, enum scms_reason right)
{
	enum scms_reason plain = world_check(&world, person, now), verdict = one(person, now);

	CHECK(plain == right, "%s: scms_cert_check says %s", what, scms_reason_name(plain));
	CHECK(verdict == right, "%s: the checker says %s", what, scms_reason_name(verdict));
}

/* ... and cost so many signature checks. */
static void expect_cost(const char *what, const struct person *person, scms_time64 now, enum scms_reason right,
			unsigned cost)
{
	verified = 0;
	expect(what, person, now, right);
	CHECK(verified == cost, "%s: %u signatures checked", what, verified);
}

/* ---- certificates of all kinds ---- */

enum kind {
	GOOD,
	IMPLICIT,
	SIGNATURE,
	NOT_YET,
	EXPIRED,
	PERMISSION,
	REGION,
	STRANGER,
	OTHER_CURVE,
	LONG,
	MALFORMED,
	KINDS
};

static const enum scms_reason right_of[KINDS] = {
    [GOOD] = SCMS_VALID,
    [IMPLICIT] = SCMS_VALID,
    [SIGNATURE] = SCMS_CERT_SIGNATURE,
    [NOT_YET] = SCMS_CERT_NOT_YET_VALID,
    [EXPIRED] = SCMS_CERT_EXPIRED,
    [PERMISSION] = SCMS_CERT_PERMISSIONS,
    [REGION] = SCMS_CERT_REGION,
    [STRANGER] = SCMS_CHAIN_INCOMPLETE,
    [OTHER_CURVE] = SCMS_VALID,
    [LONG] = SCMS_VALID,
    [MALFORMED] = SCMS_MALFORMED,
};

static struct person people[KINDS], stranger_pca;

static void people_make(void)
{
	static const struct PsidSsp not_theirs[] = {{.psid = 0x21}};
	static const struct IdentifiedRegion canada[] = {
	    {.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 124}};
	static uint8_t ssp[500];
	struct PsidSsp large[] = {
	    {.psid = 0x20, .has_ssp = true, .ssp = {.choice = 0, .u.opaque = {ssp, sizeof(ssp)}}}};
	struct ToBeSignedCertificate tbs;

	for (unsigned k = 0; k < KINDS; k++) {
		world_tbs(&world, &tbs, "device");
		switch (k) {
		case NOT_YET:
			tbs.validityPeriod.start += 2 * 86400;
			break;
		case EXPIRED:
			tbs.validityPeriod.duration = (struct Duration){.choice = Duration_is_hours, .u.hours = 24};
			break;
		case PERMISSION:
			tbs.appPermissions =
			    (struct oer_list){.items = not_theirs, .count = 1, .element = &oer_PsidSsp};
			break;
		case LONG:
			tbs.appPermissions = (struct oer_list){.items = large, .count = 1, .element = &oer_PsidSsp};
			break;
		case REGION:
			tbs.region.u.identifiedRegion =
			    (struct oer_list){.items = canada, .count = 1, .element = &oer_IdentifiedRegion};
			break;
		default:
			break;
		}
		if (k == IMPLICIT)
			person_make_implicit(&people[k], &tbs, &world.pca);
		else
			person_make(&people[k], &tbs, k == OTHER_CURVE ? SCMS_NIST_P384 : SCMS_NIST_P256,
				    k == STRANGER ? &stranger_pca : &world.pca, false);
	}
	people[SIGNATURE].bytes.p[people[SIGNATURE].bytes.n - 5] ^= 1;
	people[MALFORMED].bytes.n--;
}

static void test_verdicts(void)
{
	checker_make(0, 0);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned k = 0; k < KINDS; k++) {
			char what[40];

			snprintf(what, sizeof(what), "kind %u, round %u", k, round);
			expect(what, &people[k], PEOPLE_NOW, right_of[k]);
		}
	for (unsigned k = 0; k < KINDS; k++) {
		checker_make(1, 1);
		expect("cold", &people[k], PEOPLE_NOW, right_of[k]);
	}
	expect("the root", &world.root, PEOPLE_NOW, SCMS_VALID);
	expect("the ICA", &world.ica, PEOPLE_NOW, SCMS_VALID);
	expect("the PCA", &world.pca, PEOPLE_NOW, SCMS_VALID);
	expect("the PCA again", &world.pca, PEOPLE_NOW, SCMS_VALID);
	expect("another PCA", &stranger_pca, PEOPLE_NOW, SCMS_CHAIN_INCOMPLETE);
}

static void test_batches(void)
{
	static struct scms_slice bytes[300];
	static enum scms_reason verdict[300];
	const struct scms_check check = question(PEOPLE_NOW);

	for (unsigned size = 1; size <= 300; size += size < 5 ? 1 : 59)
		for (unsigned cold = 0; cold < 2; cold++) {
			if (cold == 0)
				checker_make(4, 1);
			for (unsigned k = 0; k < size; k++)
				bytes[k] = bytes_view(&people[(k * 7 + size) % KINDS].bytes);
			memset(verdict, 0xee, sizeof(verdict));
			scms_certs_check(checker, &check, bytes, size, verdict);
			for (unsigned k = 0; k < size; k++)
				CHECK(verdict[k] == right_of[(k * 7 + size) % KINDS], "batch of %u, %u: %s", size, k,
				      scms_reason_name(verdict[k]));
		}
}

/* ---- what is remembered ---- */

static void test_memory(void)
{
	checker_make(0, 0);
	/* Leaf, PCA and ICA; once more by scms_cert_check, which remembers nothing. */
	verified = 0;
	CHECK(one(&people[GOOD], PEOPLE_NOW) == SCMS_VALID && verified == 3, "cold: %u signatures checked", verified);
	expect_cost("remembered", &people[GOOD], PEOPLE_NOW, SCMS_VALID, 0);
	expect_cost("issuer remembered, another curve", &people[OTHER_CURVE], PEOPLE_NOW, SCMS_VALID, 1);
	expect_cost("then remembered too", &people[OTHER_CURVE], PEOPLE_NOW, SCMS_VALID, 0);
	expect_cost("too long to be remembered", &people[LONG], PEOPLE_NOW, SCMS_VALID, 1);
	expect_cost("too long to be remembered", &people[LONG], PEOPLE_NOW, SCMS_VALID, 1);
	expect_cost("bad ones are not remembered", &people[SIGNATURE], PEOPLE_NOW, SCMS_CERT_SIGNATURE, 1);
	expect_cost("bad ones are not remembered", &people[SIGNATURE], PEOPLE_NOW, SCMS_CERT_SIGNATURE, 1);
	expect_cost("no signature for what is not permitted", &people[PERMISSION], PEOPLE_NOW, SCMS_CERT_PERMISSIONS,
		    0);
}

static void test_time(void)
{
	const scms_time64 start = (scms_time64)PEOPLE_START * 1000000, end = start + 169 * 3600 * UINT64_C(1000000);

	checker_make(0, 0);
	expect("now", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	expect("its first instant", &people[GOOD], start, SCMS_VALID);
	expect("before it", &people[GOOD], start - 1, SCMS_CERT_NOT_YET_VALID);
	expect("its last instant", &people[GOOD], end - 1, SCMS_VALID);
	expect("after it", &people[GOOD], end, SCMS_CERT_EXPIRED);
	expect("now again", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	/* The PCA's last year is over, the device's is not judged any more. */
	expect("the PCA has expired", &people[GOOD], start + 5 * UINT64_C(31556952) * 1000000, SCMS_CERT_EXPIRED);
}

/* ---- revocation ---- */

static void hash_crl(uint16_t series, const struct person *listed)
{
	struct crl_hash_entry entry = {.expiry = PEOPLE_START + 604800};
	struct bytes crl;

	if (listed != NULL)
		memcpy(entry.id, cert_id10(&listed->cert), 10);
	world_hash_crl(&world, series, false, &entry, listed != NULL, &crl);
	world_apply(&world, PEOPLE_NOW, &crl, 1);
}

static void test_revocation(void)
{
	checker_make(0, 0);
	expect("before", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	expect("before", &people[IMPLICIT], PEOPLE_NOW, SCMS_VALID);
	hash_crl(WORLD_SERIES, &people[GOOD]);
	expect("listed", &people[GOOD], PEOPLE_NOW, SCMS_CERT_REVOKED);
	expect("another is", &people[IMPLICIT], PEOPLE_NOW, SCMS_VALID);
	hash_crl(WORLD_SERIES, &people[IMPLICIT]);
	expect("no longer listed", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	expect("listed now", &people[IMPLICIT], PEOPLE_NOW, SCMS_CERT_REVOKED);
	hash_crl(WORLD_SERIES_CAS, &world.pca);
	expect("its issuer is listed", &people[GOOD], PEOPLE_NOW, SCMS_CERT_REVOKED);
	expect("the issuer", &world.pca, PEOPLE_NOW, SCMS_CERT_REVOKED);
	expect("the issuer's issuer", &world.ica, PEOPLE_NOW, SCMS_VALID);
	hash_crl(WORLD_SERIES_CAS, &world.ica);
	expect("its issuer's issuer is listed", &people[GOOD], PEOPLE_NOW, SCMS_CERT_REVOKED);
	hash_crl(WORLD_SERIES_CAS, NULL);
	expect("none is", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	/* CRLs that cannot be read are no "not listed"; what was judged by them before still holds. */
	world.lost = true;
	CHECK(one(&people[GOOD], PEOPLE_NOW) == SCMS_VALID, "remembered without objects");
	CHECK(one(&people[OTHER_CURVE], PEOPLE_NOW) == SCMS_REASON_FAILED, "lost objects");
	world.lost = false;
	CHECK(one(&people[OTHER_CURVE], PEOPLE_NOW) == SCMS_VALID, "found again");
	hash_crl(WORLD_SERIES, NULL);
}

/* ---- roots ---- */

/* Another store, as large, of another root. */
static void test_other_store(void)
{
	struct scms_store *mine = world.store, *other;
	struct scms_bootstrap bootstrap = {.now = PEOPLE_NOW, .quorum = 2, .root_count = 1};
	struct scms_bootstrap_error err;
	struct person root;
	struct scms_slice bytes;

	world_root(&root, "another");
	bytes = bytes_view(&root.bytes);
	bootstrap.roots = &bytes;
	other = malloc(scms_store_size(&bootstrap.limits));
	CHECK(scms_store_init(other, scms_store_size(&bootstrap.limits), &bootstrap, world.crypto, &world.objects,
			      &err) == other,
	      "a store");
	checker_make(0, 0);
	expect("mine", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	world.store = other;
	expect("another store", &people[GOOD], PEOPLE_NOW, SCMS_CHAIN_INCOMPLETE);
	world.store = mine;
	expect("mine again", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	free(other);
	person_free(&root);
}

/* A removal ballot is carried out, and the engine has forgotten the keys. */
static void test_removal(void)
{
	struct bytes ballot, composite;
	struct scms_session session = {{0}};
	const struct scms_report report = {.ctx = NULL};
	struct scms_session_result result;

	checker_make(0, 0);
	expect("before", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	world_ballot(&world, SCMS_REMOVE_ROOT, &world.root, 1, 1, PEOPLE_START, &ballot);
	world_composite(NULL, 0, &ballot, 1, &composite);
	session.crl = bytes_view(&composite);
	world_session(&world, PEOPLE_NOW, &session, &report);
	expect("one vote removes nobody", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	bytes_free(&ballot);
	bytes_free(&composite);
	world_ballot(&world, SCMS_REMOVE_ROOT, &world.root, 1, 2, PEOPLE_START, &ballot);
	world_composite(NULL, 0, &ballot, 1, &composite);
	session.crl = bytes_view(&composite);
	result = world_session(&world, PEOPLE_NOW, &session, &report);
	CHECK(result.changed, "a removal");
	expect_cost("the root is removed", &people[GOOD], PEOPLE_NOW, SCMS_ROOT_REVOKED, 0);
	expect_cost("the root is removed", &people[OTHER_CURVE], PEOPLE_NOW, SCMS_ROOT_REVOKED, 0);
	expect("the root itself", &world.root, PEOPLE_NOW, SCMS_ROOT_REVOKED);
	bytes_free(&ballot);
	bytes_free(&composite);
}

/* A root held by three voters is suspended while only one of them is left. */
static void test_suspension(void)
{
	struct bytes ballot, file, composite;
	struct scms_session session = {{0}};
	const struct scms_report report = {.ctx = NULL};
	struct ToBeSignedCertificate tbs;
	struct person root, device, pca;
	struct scms_slice issuer;
	struct scms_check check;
	struct scms_slice bytes;
	enum scms_reason verdict;

	world_root(&root, "second");
	tbs_pca(&tbs, "pca");
	tbs.cracaId = cert_id8(&root.cert) + 5;
	tbs.has_region = false;
	person_make(&pca, &tbs, SCMS_NIST_P256, &root, false);
	world_tbs(&world, &tbs, "device");
	tbs.cracaId = cert_id8(&root.cert) + 5;
	tbs.validityPeriod.start = PEOPLE_START;
	/* The root issues PSID 0x20 at distance 3 only; with the PCA right under it, the device has nothing but 0x23.
	 */
	tbs.has_appPermissions = false;
	tbs.has_certRequestPermissions = false;
	person_make(&device, &tbs, SCMS_NIST_P256, &pca, false);
	issuer = bytes_view(&pca.bytes);
	bytes = bytes_view(&device.bytes);
	check = question(PEOPLE_NOW);
	check.certificates = &issuer;
	check.certificate_count = 1;
	world_ballot(&world, SCMS_ADD_ROOT, &root, 0, 2, PEOPLE_START, &ballot);
	world_gccf(&world, NULL, 0, &ballot, 1, NULL, 0, &file);
	session.chain = bytes_view(&file);
	checker_make(0, 0);
	scms_certs_check(checker, &check, &bytes, 1, &verdict);
	CHECK(verdict == SCMS_CHAIN_INCOMPLETE, "nobody knows the root: %s", scms_reason_name(verdict));
	world_session(&world, PEOPLE_NOW, &session, &report);
	scms_certs_check(checker, &check, &bytes, 1, &verdict);
	CHECK(verdict == SCMS_VALID, "a root by votes: %s", scms_reason_name(verdict));
	bytes_free(&ballot);
	/* One of its two electors is removed by the others. */
	world_ballot(&world, SCMS_REMOVE_ELECTOR, &world.elector[0], 1, 2, PEOPLE_START, &ballot);
	{
		struct ElectorBallot decoded;
		struct CompositeCrl out = {
		    .securedCrlSeries = {.element = &oer_Ieee1609Dot2Data},
		    .revokedRootCAs = {.element = &oer_ElectorBallot},
		    .revokedElectors = {.items = &decoded, .count = 1, .element = &oer_ElectorBallot},
		};
		struct key_error err;

		CHECK(oer_decode(&oer_ElectorBallot, bytes_view(&ballot), OER_DEPTH_DEFAULT, &decoded, NULL) ==
			      OER_OK &&
			  make_bytes(&oer_CompositeCrl, &out, &composite, &err) == KEY_OK,
		      "a composite CRL");
	}
	session.chain.p = NULL;
	session.crl = bytes_view(&composite);
	CHECK(world_session(&world, PEOPLE_NOW, &session, &report).changed, "an elector is removed");
	verified = 0;
	scms_certs_check(checker, &check, &bytes, 1, &verdict);
	CHECK(verdict == SCMS_ROOT_SUSPENDED && verified == 0, "suspended: %s", scms_reason_name(verdict));
	bytes_free(&ballot);
	/* Another elector's vote brings it back. */
	world_ballot(&world, SCMS_ADD_ROOT, &root, 1, 2, PEOPLE_START, &ballot);
	bytes_free(&file);
	world_gccf(&world, NULL, 0, &ballot, 1, NULL, 0, &file);
	session.crl.p = NULL;
	session.chain = bytes_view(&file);
	world_session(&world, PEOPLE_NOW, &session, &report);
	scms_certs_check(checker, &check, &bytes, 1, &verdict);
	CHECK(verdict == SCMS_VALID, "endorsed again: %s", scms_reason_name(verdict));
	bytes_free(&ballot);
	bytes_free(&file);
	bytes_free(&composite);
	person_free(&root);
	person_free(&pca);
	person_free(&device);
}

/* ---- messages ---- */

#define MESSAGES 150

struct sent {
	struct bytes bytes;
	enum scms_message_verdict right;
	enum scms_reason reason;
};

static void send(struct sent *sent, const struct person *by, bool attach, uint64_t psid, scms_time64 time)
{
	const struct HeaderInfo header = {.psid = psid, .has_generationTime = true, .generationTime = time};
	const struct signer signer = person_signer(by, attach);
	struct key_error err;

	CHECK(signed_unsecured_make(&signer, (struct scms_slice){(const uint8_t *)"here I am", 9}, &header,
				    &sent->bytes, &err) == KEY_OK,
	      "%s", err.text);
	sent->right = SCMS_MESSAGE_VALID;
	sent->reason = SCMS_VALID;
}

static void messages_check(const char *what, const struct scms_check *check, const struct sent *sent, unsigned n)
{
	static struct scms_message message[MESSAGES];

	for (unsigned k = 0; k < n; k++)
		message[k].bytes = bytes_view(&sent[k].bytes);
	scms_messages_check(checker, check, message, n);
	for (unsigned k = 0; k < n; k++) {
		CHECK(message[k].verdict == sent[k].right && message[k].reason == sent[k].reason,
		      "%s, message %u: %d, %s", what, k, message[k].verdict, scms_reason_name(message[k].reason));
		CHECK(message[k].verdict != SCMS_MESSAGE_VALID ||
			  (message[k].psid == 0x20 && message[k].has_time && message[k].payload.n > 9),
		      "%s, message %u: what it says", what, k);
	}
}

static void test_messages(void)
{
	const scms_time64 now = PEOPLE_NOW;
	struct scms_check check = question(now);
	struct sent sent[16], many[MESSAGES];
	struct scms_slice all[3] = {world.issuers[0], world.issuers[1], bytes_view(&people[GOOD].bytes)};
	unsigned n = 0;

	send(&sent[n++], &people[GOOD], true, 0x20, now);
	send(&sent[n++], &people[IMPLICIT], true, 0x20, now);
	send(&sent[n++], &people[GOOD], false, 0x20, now);
	send(&sent[n++], &people[IMPLICIT], false, 0x20, now);
	send(&sent[n++], &people[OTHER_CURVE], true, 0x20, now);
	send(&sent[n], &people[EXPIRED], true, 0x20, now);
	sent[n].right = SCMS_MESSAGE_SIGNER;
	sent[n++].reason = SCMS_CERT_EXPIRED;
	send(&sent[n], &people[STRANGER], true, 0x20, now);
	sent[n].right = SCMS_MESSAGE_SIGNER;
	sent[n++].reason = SCMS_CHAIN_INCOMPLETE;
	send(&sent[n], &people[STRANGER], false, 0x20, now);
	sent[n].right = SCMS_MESSAGE_SIGNER;
	sent[n++].reason = SCMS_CHAIN_INCOMPLETE;
	send(&sent[n], &people[GOOD], true, 0x21, now);
	sent[n++].right = SCMS_MESSAGE_PERMISSION;
	send(&sent[n], &people[GOOD], true, 0x20, now + UINT64_C(86400000000) * 30);
	sent[n++].right = SCMS_MESSAGE_TIME;
	send(&sent[n], &people[GOOD], true, 0x20, (scms_time64)PEOPLE_START * 1000000 - 1);
	sent[n++].right = SCMS_MESSAGE_TIME;
	send(&sent[n], &people[GOOD], true, 0x20, now);
	sent[n].bytes.p[sent[n].bytes.n - 1] ^= 1;
	sent[n++].right = SCMS_MESSAGE_SIGNATURE;
	send(&sent[n], &people[IMPLICIT], true, 0x20, now);
	sent[n].bytes.p[sent[n].bytes.n - 1] ^= 1;
	sent[n++].right = SCMS_MESSAGE_SIGNATURE;
	send(&sent[n], &people[GOOD], true, 0x20, now);
	sent[n].bytes.n--;
	sent[n++].right = SCMS_MESSAGE_MALFORMED;
	{
		/* The certificate's own signature is bad; the message's is good under its key. */
		struct person changed = people[GOOD];

		changed.bytes.p = malloc(changed.bytes.n);
		memcpy(changed.bytes.p, people[GOOD].bytes.p, changed.bytes.n);
		changed.bytes.p[changed.bytes.n - 1] ^= 1;
		CHECK(cert_read(&changed.cert, bytes_view(&changed.bytes), world.crypto, NULL) == OER_OK, "changed");
		send(&sent[n], &changed, true, 0x20, now);
		sent[n].right = SCMS_MESSAGE_SIGNER;
		sent[n++].reason = SCMS_CERT_SIGNATURE;
		free(changed.bytes.p);
	}
	for (unsigned k = 0; k < MESSAGES; k++)
		many[k] = sent[k * 11 % n];
	checker_make(0, 0);
	messages_check("cold", &check, sent, n);
	verified = calls = 0;
	messages_check("warm", &check, sent, 4);
	CHECK(verified == 4 && calls == 1, "warm: %u signatures in %u calls", verified, calls);
	messages_check("warm", &check, sent, n);
	messages_check("many", &check, many, MESSAGES);
	checker_make(4, 1);
	messages_check("cold, little memory", &check, sent, n);
	/* A digest alone, nobody remembered: a candidate may be meant. */
	checker_make(0, 0);
	sent[2].right = SCMS_MESSAGE_SIGNER;
	sent[2].reason = SCMS_CHAIN_INCOMPLETE;
	messages_check("a digest of nobody", &check, &sent[2], 1);
	check.certificates = all;
	check.certificate_count = 3;
	sent[2].right = SCMS_MESSAGE_VALID;
	sent[2].reason = SCMS_VALID;
	messages_check("a digest among the candidates", &check, &sent[2], 1);
	check.certificate_count = 2;
	messages_check("a digest that is remembered", &check, &sent[2], 1);
	/* Revoked between two messages. */
	hash_crl(WORLD_SERIES, &people[GOOD]);
	sent[0].right = SCMS_MESSAGE_SIGNER;
	sent[0].reason = SCMS_CERT_REVOKED;
	messages_check("revoked", &check, sent, 1);
	sent[2].right = SCMS_MESSAGE_SIGNER;
	sent[2].reason = SCMS_CHAIN_INCOMPLETE;
	messages_check("revoked, by digest", &check, &sent[2], 1);
	hash_crl(WORLD_SERIES, NULL);
	for (unsigned k = 0; k < n; k++)
		bytes_free(&sent[k].bytes);
}

/* With a table of revocations; deltas too. */
static void test_with_table(void)
{
	const struct scms_revocation_options options = {.i = 20};
	const struct world_seeds seeds = {{1}, {2}};
	struct crl_linkage_entry entry = world_entry(&seeds, 19, 20, 60);
	struct crl_linkage linkage = {.i_rev = 19, .individual = &entry, .individual_count = 1};
	struct scms_revocation *table;
	uint8_t value[LINKAGE_VALUE];
	struct person device;
	struct bytes crl;
	size_t size;

	world_linkage_value(&seeds, 20, 3, value);
	world_linkage_device(&world, &device, 20, value, NULL, NULL);
	linkage.individual_count = 0;
	world_linkage_crl(&world, WORLD_SERIES, false, &linkage, &crl);
	world_apply(&world, PEOPLE_NOW, &crl, 1);
	size = scms_revocation_size(world.store, &world.objects, &options) + 100000;
	table = scms_revocation_init(malloc(size), size, &options, world.crypto);
	CHECK(scms_revocation_update(table, world.store, &world.objects) == SCMS_REVOCATION_READY, "a table");
	world.objects.revocation = table;
	checker_make(0, 0);
	expect("not listed", &device, PEOPLE_NOW, SCMS_VALID);
	linkage.individual_count = 1;
	world_linkage_crl(&world, WORLD_SERIES, true, &linkage, &crl);
	world_apply(&world, PEOPLE_NOW, &crl, 1);
	expect("a delta, the table behind", &device, PEOPLE_NOW, SCMS_CERT_REVOKED);
	CHECK(scms_revocation_update(table, world.store, &world.objects) == SCMS_REVOCATION_READY, "a table");
	expect("a delta, the table up to date", &device, PEOPLE_NOW, SCMS_CERT_REVOKED);
	expect("another is", &people[GOOD], PEOPLE_NOW, SCMS_VALID);
	world.objects.revocation = NULL;
	free(table);
	person_free(&device);
}

static void run(bool portable)
{
	struct ToBeSignedCertificate tbs;

	world_start(&world, portable, 3, 2);
	counting = *world.crypto;
	counting.verify = count_verify;
	{
		struct person ica;

		tbs_ica(&tbs, "stranger");
		person_make(&ica, &tbs, SCMS_NIST_P256, &world.root, false);
		tbs_pca(&tbs, "stranger");
		person_make(&stranger_pca, &tbs, SCMS_NIST_P256, &ica, false);
		person_free(&ica);
	}
	people_make();
	test_verdicts();
	test_batches();
	test_memory();
	test_time();
	test_revocation();
	test_messages();
	test_with_table();
	test_other_store();
	test_suspension();
	test_removal();
	for (unsigned k = 0; k < KINDS; k++)
		person_free(&people[k]);
	person_free(&stranger_pca);
	world_end(&world);
	free(checker);
	checker = NULL;
}

int main(void)
{
	run(false);
	run(true);
	return check_done();
}
