/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec through its tables, on what travels most: a pseudonym certificate, a signed message that carries it, a
 * chain file, a linkage CRL. And the whole of a certificate, from its bytes to the verdict, beside its signature alone.
 */
#include "bench.h"

#include <scms/verify.h>
#include <stdlib.h>
#include <string.h>

#include "dot2/crl.h"
#include "dot2/crl_make.h"
#include "tests/dot2/people.h"

#define GROUP "Codec"
#define WHOLE "Certificates"
#define ALONE "signature of a certificate alone, issuer known"
#define ALONE_PORTABLE "portable: signature of a certificate alone, issuer known"
#define CHAIN_FILE 1000
#define ENTRIES 10000
#define CERTS 64

/* A value in both forms. */
struct object {
	const struct oer_type *type;
	struct bytes bytes;
	void *value; /* to decode into, and what was decoded */
	uint8_t *out;
};

static struct {
	struct person root, pca, device[CERTS];
	struct object certificate, bsm, gccf, crl;
	struct ScmsFile file;            /* with its certificates as structs */
} b;

static void object_ready(struct object *object)
{
	object->value = malloc(object->type->size);
	object->out = malloc(object->bytes.n);
	bench_require(object->bytes.p != NULL && object->value != NULL && object->out != NULL, "no memory for a value");
	bench_require(oer_decode(object->type, bytes_view(&object->bytes), OER_DEPTH_DEFAULT, object->value, NULL) ==
			  OER_OK,
		      "a value does not decode");
}

static void run_decode(void *arg, unsigned n)
{
	const struct object *object = arg;

	while (n-- > 0) {
		bench_require(oer_decode(object->type, bytes_view(&object->bytes), OER_DEPTH_DEFAULT, object->value,
					 NULL) == OER_OK,
			      "a value does not decode");
		bench_use(object->value);
	}
}

static void encode(const struct object *object, const void *value, unsigned n)
{
	size_t length = 0;

	while (n-- > 0) {
		bench_require(oer_encode(object->type, value, object->out, object->bytes.n, &length) == OER_OK &&
				  length == object->bytes.n,
			      "a value does not encode");
		bench_use(object->out);
	}
	bench_require(memcmp(object->out, object->bytes.p, length) == 0, "a value encodes to other bytes");
}

static void run_encode(void *arg, unsigned n)
{
	const struct object *object = arg;

	encode(object, object->value, n);
}

static void run_gccf_encode(void *arg, unsigned n)
{
	encode(arg, &b.file, n);
}

/* Not only checked: every certificate as a struct. */
static void run_gccf_read(void *arg, unsigned n)
{
	const struct object *object = arg;

	while (n-- > 0) {
		struct Certificate certificate;
		struct ScmsFile file;
		unsigned count = 0;
		struct oer_iter it;

		bench_require(oer_decode(object->type, bytes_view(&object->bytes), OER_DEPTH_DEFAULT, &file, NULL) ==
				  OER_OK,
			      "a chain file does not decode");
		it = oer_iterate(&file.content.u.cert_chain.u.globalCertificateChainFile.certStore.certs);
		for (; oer_next(&it, &certificate); count++)
			bench_use(&certificate);
		bench_require(count == CHAIN_FILE, "a chain file lost certificates");
	}
}

static void run_crl_read(void *arg, unsigned n)
{
	const struct object *object = arg;

	while (n-- > 0) {
		struct IndividualRevocation entry;
		struct CrlContents contents;
		struct JMaxGroup j_max;
		struct IMaxGroup i_max;
		struct LAGroup la;
		struct oer_iter it;
		unsigned count = 0;

		bench_require(
		    oer_decode(object->type, bytes_view(&object->bytes), OER_DEPTH_DEFAULT, &contents, NULL) == OER_OK,
		    "a CRL does not decode");
		it = oer_iterate(&contents.typeSpecific.u.fullLinkedCrl.individual);
		bench_require(oer_next(&it, &j_max), "no group");
		it = oer_iterate(&j_max.contents);
		bench_require(oer_next(&it, &la), "no group");
		it = oer_iterate(&la.contents);
		bench_require(oer_next(&it, &i_max), "no group");
		for (it = oer_iterate(&i_max.contents); oer_next(&it, &entry); count++)
			bench_use(&entry);
		bench_require(count == ENTRIES, "a CRL lost entries");
	}
}

/* ---- what the rows work on ---- */

static void people_make(void)
{
	static const uint8_t value[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct ToBeSignedCertificate tbs;

	tbs_root(&tbs, "root");
	person_make(&b.root, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_pca(&tbs, "pca");
	person_make(&b.pca, &tbs, SCMS_NIST_P256, &b.root, false);
	tbs_device(&tbs, "");
	tbs.id = (struct CertificateId){.choice = CertificateId_is_linkageData};
	tbs.id.u.linkageData.iCert = 100;
	tbs.id.u.linkageData.linkage_value = value;
	for (unsigned k = 0; k < CERTS; k++)
		person_make(&b.device[k], &tbs, SCMS_NIST_P256, &b.pca, false);
}

static void bsm_make(void)
{
	const struct signer signer = person_signer(&b.device[0], true);
	const struct HeaderInfo header = {.psid = 0x20, .has_generationTime = true, .generationTime = PEOPLE_NOW};
	uint8_t payload[39];

	bench_random(payload, sizeof(payload));
	b.bsm.type = &oer_Ieee1609Dot2Data;
	bench_require(signed_unsecured_make(&signer, (struct scms_slice){payload, sizeof(payload)}, &header,
					    &b.bsm.bytes, NULL) == KEY_OK,
		      "cannot sign a BSM");
	object_ready(&b.bsm);
}

/* Without ballots: these and no others are decoded. */
static void gccf_make(void)
{
	struct Certificate *certs = calloc(CHAIN_FILE, sizeof(*certs));
	struct CertificateStore *store = &b.file.content.u.cert_chain.u.globalCertificateChainFile.certStore;

	bench_require(certs != NULL, "no memory");
	for (unsigned k = 0; k < CHAIN_FILE; k++)
		certs[k] = b.device[k % CERTS].cert.c;
	b.file = (struct ScmsFile){.version = 1, .content = {.choice = ScmsFile_content_is_cert_chain}};
	b.file.content.u.cert_chain.choice = CertificateChainFiles_is_globalCertificateChainFile;
	b.file.content.u.cert_chain.u.globalCertificateChainFile.version = 1;
	store->rootCAEndorsements = store->electorEndorsements =
	    (struct oer_list){.bytes = {NULL, 0}, .count = 0, .element = &oer_ElectorBallot};
	store->maCertificate = b.pca.cert.c;
	store->certs = (struct oer_list){.items = certs, .count = CHAIN_FILE, .element = &oer_Certificate};
	b.gccf.type = &oer_ScmsFile;
	bench_require(make_bytes(&oer_ScmsFile, &b.file, &b.gccf.bytes, NULL) == KEY_OK, "no chain file");
	object_ready(&b.gccf);
}

static void crl_make(void)
{
	struct crl_linkage_entry *entry = calloc(ENTRIES, sizeof(*entry));
	const struct crl_linkage linkage = {.i_rev = 100, .individual = entry, .individual_count = ENTRIES};
	const struct crl_head head = {.series = 1, .issue_date = PEOPLE_START, .next_crl = PEOPLE_START + 86400};
	const struct signer signer = person_signer(&b.root, false);
	struct scms_slice contents;
	struct bytes secured;
	struct crl crl;

	bench_require(entry != NULL, "no memory");
	for (unsigned k = 0; k < ENTRIES; k++) {
		entry[k] = (struct crl_linkage_entry){.j_max = 20, .la1 = 1, .la2 = 2, .i_max = 200};
		bench_random(entry[k].seed1, LINKAGE_SEED);
		bench_random(entry[k].seed2, LINKAGE_SEED);
	}
	bench_require(crl_make_linkage(&signer, &head, &linkage, &secured, NULL) == KEY_OK &&
			  crl_read(&crl, bytes_view(&secured), NULL) == OER_OK &&
			  signed_data_unsecured(&crl.data, &contents),
		      "no CRL");
	b.crl.type = &oer_CrlContents;
	b.crl.bytes = (struct bytes){(uint8_t *)(uintptr_t)contents.p, contents.n};
	object_ready(&b.crl);
	free(entry);
}

/* ---- the whole of a certificate ---- */

struct asked {
	const struct scms_crypto *crypto;
	struct scms_verify_request request[CERTS];
	uint8_t digest[CERTS][48];
};

static void asked_make(struct asked *asked, bool portable)
{
	const struct scms_verifier_options options = {.portable = portable};
	const struct scms_point point = cert_point(&b.pca.cert);
	size_t size = scms_verifier_size(&options);
	struct scms_verifier *engine = scms_verifier_init(malloc(size), size, &options);
	const struct scms_key *key;

	bench_require(engine != NULL, "no engine");
	asked->crypto = scms_verifier_crypto(engine);
	key = asked->crypto->key(asked->crypto->ctx, &point);
	bench_require(key != NULL, "no handle");
	for (unsigned k = 0; k < CERTS; k++) {
		bench_require(cert_signature_request(&b.device[k].cert, &b.pca.cert, asked->crypto, asked->digest[k],
						     &asked->request[k]),
			      "no question");
		asked->request[k].signer = SCMS_SIGNER_KEY;
		asked->request[k].u.key = key;
	}
}

static void run_alone(void *arg, unsigned n)
{
	const struct asked *asked = arg;

	for (unsigned k = 0; k < n; k++) {
		uint8_t verdict;

		asked->crypto->verify(asked->crypto->ctx, &asked->request[k % CERTS], 1, &verdict);
		bench_require(verdict == SCMS_GOOD, "a signature is refused");
	}
}

static void run_whole(void *arg, unsigned n)
{
	const struct scms_crypto *crypto = ((struct asked *)arg)->crypto;

	for (unsigned k = 0; k < n; k++) {
		struct scms_verify_request request;
		const struct scms_key *key;
		uint8_t digest[48], verdict;
		struct cert cert;

		bench_require(cert_read(&cert, bytes_view(&b.device[k % CERTS].bytes), crypto, NULL) == OER_OK &&
				  cert_signature_request(&cert, &b.pca.cert, crypto, digest, &request),
			      "a certificate is refused");
		key = crypto->key(crypto->ctx, &request.u.point);
		request.signer = SCMS_SIGNER_KEY;
		request.u.key = key;
		crypto->verify(crypto->ctx, &request, 1, &verdict);
		bench_require(verdict == SCMS_GOOD, "a signature is refused");
	}
}

static void add(const char *name, void (*run)(void *, unsigned), const struct object *object, unsigned per, double max)
{
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = name,
				      .run = run,
				      .arg = (void *)(uintptr_t)object,
				      .per = per,
				      .aim = max > 0 ? BENCH_NS_MAX : BENCH_REPORTED,
				      .value = max,
				      .bytes = object->bytes.n / per});
}

void bench_codec(void)
{
	static struct asked fastest, portable;

	people_make();
	bsm_make();
	gccf_make();
	crl_make();
	b.certificate = (struct object){.type = &oer_Certificate, .bytes = b.device[0].bytes};
	object_ready(&b.certificate);
	asked_make(&fastest, false);
	asked_make(&portable, true);
	bench_figure(GROUP, "pseudonym certificate", (double)b.certificate.bytes.n, "bytes", 0);
	bench_figure(GROUP, "signed BSM with its certificate", (double)b.bsm.bytes.n, "bytes", 0);
	add("certificate, decode", run_decode, &b.certificate, 1, 150);
	add("certificate, encode", run_encode, &b.certificate, 1, 0);
	add("signed BSM, decode", run_decode, &b.bsm, 1, 0);
	add("signed BSM, encode", run_encode, &b.bsm, 1, 0);
	add("GCCF of 1000 certificates, decode", run_decode, &b.gccf, 1, 0);
	add("GCCF of 1000 certificates, decode, each to a struct", run_gccf_read, &b.gccf, 1, 0);
	add("GCCF of 1000 certificates, encode from structs", run_gccf_encode, &b.gccf, 1, 0);
	add("linkage CRL, decode, an entry", run_decode, &b.crl, ENTRIES, 5);
	add("linkage CRL, decode, each to a struct, an entry", run_crl_read, &b.crl, ENTRIES, 0);
	bench_add(&(struct bench_row){WHOLE, ALONE, NULL, run_alone, &fastest, 1});
	bench_add(&(struct bench_row){WHOLE, "whole certificate, issuer known", NULL, run_whole, &fastest, 1, ALONE,
				      BENCH_COST_MAX, 1.10});
	bench_add(&(struct bench_row){WHOLE, ALONE_PORTABLE, NULL, run_alone, &portable, 1});
	bench_add(&(struct bench_row){WHOLE, "portable: whole certificate, issuer known", NULL, run_whole, &portable, 1,
				      ALONE_PORTABLE, BENCH_COST_MAX, 1.10});
}
