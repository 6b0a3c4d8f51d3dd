/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and messages as a vehicle and a publisher meet them: through a checker, beside the bare signatures of
 * the same number, kind and batch.
 */
#include "bench.h"

#include "dot2/id10_table.h"
#include "dot2/signed_data.h"
#include "tests/trust/world.h"

#include <scms/check.h>
#include <scms/revocation.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "Certificates and messages"
#define PCAS 4
#define CERTIFICATES 1000
#define NEIGHBOURS 64

static struct world world;
static struct scms_checker *remembers, *forgets;
static struct person pca[PCAS];
static struct scms_slice issuer[1 + PCAS], certificate[CERTIFICATES];
static struct scms_message message[2][NEIGHBOURS]; /* by explicit and by implicit certificates */

static struct scms_check question(void)
{
	return (struct scms_check){.store = world.store,
				   .now = PEOPLE_NOW,
				   .crypto = world.crypto,
				   .objects = &world.objects,
				   .certificates = issuer,
				   .certificate_count = 1 + PCAS};
}

static struct scms_checker *checker_make(uint32_t certificates)
{
	const struct scms_checker_options options = {.certificates = certificates};
	size_t size = scms_checker_size(&options);

	return scms_checker_init(malloc(size), size, &options);
}

static void message_make(struct scms_message *to, const struct person *by)
{
	const struct HeaderInfo header = {.psid = 0x20, .has_generationTime = true, .generationTime = PEOPLE_NOW};
	const struct signer signer = person_signer(by, false);
	struct key_error err;
	struct bytes bytes;
	uint8_t text[40];

	bench_random(text, sizeof(text));
	bench_require(signed_unsecured_make(&signer, (struct scms_slice){text, sizeof(text)}, &header, &bytes, &err) ==
			  KEY_OK,
		      "a message");
	to->bytes = bytes_view(&bytes);
}

/* The store has a CRL of hashes and one of linkage values, and a table of both. */
static void crls_make(void)
{
	static struct crl_hash_entry hash[10000];
	static struct crl_linkage_entry entry[10000];
	const struct scms_revocation_options options = {.i = 20};
	const struct crl_linkage linkage = {.i_rev = 20, .individual = entry, .individual_count = 10000};
	struct scms_revocation *table;
	struct bytes crl[2];
	size_t size;

	for (unsigned k = 0; k < 10000; k++) {
		bench_random(hash[k].id, sizeof(hash[k].id));
		entry[k] = (struct crl_linkage_entry){.j_max = 20, .la1 = WORLD_LA1, .la2 = WORLD_LA2, .i_max = 60};
		bench_random(entry[k].seed1, sizeof(entry[k].seed1));
		bench_random(entry[k].seed2, sizeof(entry[k].seed2));
	}
	world_hash_crl(&world, WORLD_SERIES_CAS, false, hash, 10000, &crl[0]);
	world_linkage_crl(&world, WORLD_SERIES, false, &linkage, &crl[1]);
	world_apply(&world, PEOPLE_NOW, crl, 2);
	size = scms_revocation_size(world.store, &world.objects, &options);
	table = scms_revocation_init(malloc(size), size, &options, world.crypto);
	bench_require(scms_revocation_update(table, world.store, &world.objects) == SCMS_REVOCATION_READY, "a table");
	world.objects.revocation = table;
}

static void check_all(struct scms_checker *checker, const struct scms_slice *bytes, size_t n)
{
	static enum scms_reason verdict[CERTIFICATES];
	const struct scms_check check = question();

	scms_certs_check(checker, &check, bytes, n, verdict);
	for (size_t k = 0; k < n; k++)
		bench_require(verdict[k] == SCMS_VALID, "a certificate is refused");
}

static void people_set_up(void *arg)
{
	struct ToBeSignedCertificate tbs;
	struct person person;
	uint8_t value[9];

	(void)arg;
	if (remembers != NULL)
		return;
	world_start(&world, false, 0, 2);
	issuer[0] = bytes_view(&world.ica.bytes);
	for (unsigned k = 0; k < PCAS; k++) {
		tbs_pca(&tbs, "pca");
		tbs.cracaId = cert_id8(&world.root.cert) + 5;
		person_make(&pca[k], &tbs, SCMS_NIST_P256, &world.ica, false);
		issuer[1 + k] = bytes_view(&pca[k].bytes);
	}
	crls_make();
	for (unsigned k = 0; k < CERTIFICATES; k++) {
		world_tbs(&world, &tbs, "");
		bench_random(value, sizeof(value));
		tbs.id.choice = CertificateId_is_linkageData;
		tbs.id.u.linkageData = (struct LinkageData){.iCert = 20, .linkage_value = value};
		person_make(&person, &tbs, SCMS_NIST_P256, &pca[k % PCAS], false);
		certificate[k] = bytes_view(&person.bytes);
		if (k < NEIGHBOURS) {
			message_make(&message[0][k], &person);
			person_make_implicit(&person, &tbs, &pca[k % PCAS]);
			message_make(&message[1][k], &person);
			/* Its certificate is remembered, as after its first message. */
			if (remembers == NULL)
				remembers = checker_make(1024);
			check_all(remembers, &(struct scms_slice){person.bytes.p, person.bytes.n}, 1);
		}
	}
	check_all(remembers, certificate, NEIGHBOURS);
	forgets = checker_make(4);
	for (unsigned k = 0; k < 3; k++)
		check_all(forgets, certificate, CERTIFICATES);
}

static void run_certificates(void *arg, unsigned n)
{
	(void)arg;
	while (n-- > 0)
		check_all(forgets, certificate, CERTIFICATES);
}

static void run_remembered(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned k = 0; k < n; k++)
		check_all(remembers, &certificate[k % NEIGHBOURS], 1);
}

static void run_plain(void *arg, unsigned n)
{
	(void)arg;
	for (unsigned k = 0; k < n; k++)
		bench_require(scms_cert_check(world.store, PEOPLE_NOW, certificate[k % NEIGHBOURS], issuer, 1 + PCAS,
					      world.crypto, &world.objects) == SCMS_VALID,
			      "a certificate is refused");
}

static void run_messages(void *arg, unsigned n)
{
	const struct scms_check check = question();
	struct scms_message *messages = arg;

	while (n-- > 0) {
		scms_messages_check(remembers, &check, messages, NEIGHBOURS);
		for (unsigned k = 0; k < NEIGHBOURS; k++)
			bench_require(messages[k].verdict == SCMS_MESSAGE_VALID, "a message is refused");
	}
}

/* ---- hash CRLs ---- */

struct ids {
	size_t n;
	uint8_t (*id)[10];
	void *memory;
	struct id10_table table;
};

static struct ids ids[2] = {{.n = 10000}, {.n = 1000000}};
static uint8_t probe[4096][10];

static void ids_fill(struct ids *set)
{
	id10_table_init(&set->table, set->memory, set->n);
	for (size_t k = 0; k < set->n; k++)
		bench_require(id10_table_add(&set->table, set->id[k]), "a set has no room");
}

static void ids_make(void *arg)
{
	struct ids *set = arg;

	if (set->id != NULL)
		return;
	set->id = malloc(10 * set->n);
	set->memory = malloc(id10_table_size(set->n));
	bench_random(set->id, 10 * set->n);
	bench_random(probe, sizeof(probe));
	ids_fill(set);
}

static void run_ids_fill(void *arg, unsigned n)
{
	while (n-- > 0)
		ids_fill(arg);
}

static void run_ids_has(void *arg, unsigned n)
{
	const struct ids *set = arg;
	unsigned listed = 0;

	for (unsigned k = 0; k < n; k++)
		listed += id10_table_has(&set->table, probe[k % 4096]);
	bench_require(listed == 0, "an id that nobody listed is listed");
}

void bench_check(void)
{
	const bool lanes = bench_has_lanes();

	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "certificates of known issuers, 1,000 at a time",
				      .setup = people_set_up,
				      .run = run_certificates,
				      .per = CERTIFICATES,
				      .limit = lanes ? "known key, batch of 64" : NULL,
				      .aim = lanes ? BENCH_PER_S_MIN : BENCH_REPORTED,
				      .value = 250000});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "a certificate that is remembered",
				      .setup = people_set_up,
				      .run = run_remembered,
				      .per = 1,
				      .aim = BENCH_NS_MAX,
				      .value = 1000});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "scms_cert_check, nothing remembered",
				      .setup = people_set_up,
				      .run = run_plain,
				      .per = 1});
	/* What they cost above the signature alone is their decoding, three hashes, and that their signer is
	 * remembered. */
	bench_add(&(struct bench_row){
	    .group = GROUP,
	    .name = "neighbours' messages, 64 at a time",
	    .setup = people_set_up,
	    .run = run_messages,
	    .arg = message[0],
	    .per = NEIGHBOURS,
	    .limit = lanes ? "unknown key, compressed, batch of 64" : NULL,
	});
	bench_add(&(struct bench_row){
	    .group = GROUP,
	    .name = "the same with implicit certificates",
	    .setup = people_set_up,
	    .run = run_messages,
	    .arg = message[1],
	    .per = NEIGHBOURS,
	    .limit = lanes ? "implicit, issuer known, batch of 64" : NULL,
	});
	for (unsigned k = 0; k < 2; k++) {
		bench_add(&(struct bench_row){.group = "Hash CRL",
					      .name = k == 0 ? "10,000 ids made ready, each"
							     : "1,000,000 ids made ready, each",
					      .setup = ids_make,
					      .run = run_ids_fill,
					      .arg = &ids[k],
					      .per = (unsigned)ids[k].n});
		bench_add(&(struct bench_row){.group = "Hash CRL",
					      .name = k == 0 ? "is it listed? of 10,000 ids"
							     : "is it listed? of 1,000,000 ids",
					      .setup = ids_make,
					      .run = run_ids_has,
					      .arg = &ids[k],
					      .per = 1});
	}
	bench_figure("Hash CRL", "memory of a table, an id", (double)id10_table_size(1000000) / 1e6, "bytes", 0);
	bench_figure(GROUP, "memory of a checker of 256 certificates", (double)scms_checker_size(NULL) / 1024, "KiB",
		     0);
}
