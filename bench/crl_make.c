/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a CRL: 100,000 devices, put in order, encoded and signed, beside what cannot be left out: their bytes written once and
 * hashed once, and one signature.
 */
#include "bench.h"

#include "components/crlg/crl_sign.h"
#include "components/period.h"
#include "dot2/issue.h"

#include <scms/verify.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "CRL of 100,000 devices"
#define MINIMUM_ROW "bytes written and hashed, one signature"
#define DEVICES 100000u
#define NOW ((scms_time64)722736005u * 1000000u)

static struct {
	const struct scms_crypto *crypto;
	struct private_key *root_key, *key;
	struct bytes root_bytes, bytes;
	struct cert root, cert;
	struct party party;
	struct revocations state;
	struct crl_list *list;
	scms_time64 now;
	uint8_t *from, *to; /* of the minimum */
	size_t size;
} b;

/* A CRLG below a root: of their certificates only what signing looks at. */
static void make_signer(void)
{
	static const uint8_t zero[3];
	static const uint8_t ssp[] = {0x00, 0x01, 0x01, 0x01, 0x01, 0x00, 0x01};
	static const struct PsidSsp permissions[] = {
	    {.psid = 0x100, .has_ssp = true, .ssp = {.choice = ServiceSpecificPermissions_is_opaque, .u.opaque = {ssp, sizeof(ssp)}}}};
	struct ToBeSignedCertificate tbs = {
	    .id = {.choice = CertificateId_is_none},
	    .cracaId = zero,
	    .validityPeriod = {.start = 722000000u, .duration = {.choice = Duration_is_years, .u.years = 4}},
	    .has_appPermissions = true,
	    .appPermissions = {.items = permissions, .count = 1, .element = &oer_PsidSsp}};
	struct signer by = {.crypto = b.crypto};

	tbs.verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	bench_require(private_key_random(SCMS_NIST_P256, &b.root_key, NULL) == KEY_OK &&
			  private_key_random(SCMS_NIST_P256, &b.key, NULL) == KEY_OK,
		      "no key");
	by.key = b.root_key;
	point_to_verification_key(private_key_public(b.root_key), &tbs.verifyKeyIndicator.u.verificationKey);
	bench_require(cert_issue(&tbs, &by, &b.root_bytes, NULL) == KEY_OK &&
			  cert_read(&b.root, bytes_view(&b.root_bytes), b.crypto, NULL) == OER_OK,
		      "no root");
	by.cert = &b.root;
	point_to_verification_key(private_key_public(b.key), &tbs.verifyKeyIndicator.u.verificationKey);
	bench_require(cert_issue(&tbs, &by, &b.bytes, NULL) == KEY_OK && cert_read(&b.cert, bytes_view(&b.bytes), b.crypto, NULL) == OER_OK,
		      "no CRLG");
	b.party = (struct party){.crypto = b.crypto, .cert = &b.cert, .sign = b.key};
}

static void setup(void *arg)
{
	uint16_t i = period_of((scms_time32)(NOW / 1000000u));
	struct crl_linkage_entry *entries;

	(void)arg;
	if (b.list != NULL)
		return;
	make_signer();
	b.now = NOW;
	entries = calloc(DEVICES, sizeof(*entries));
	bench_require(entries != NULL && crl_list_open(&b.state, cert_id8(&b.root), 1, true, &b.list, NULL) == KEY_OK, "no list");
	/* As many reports as devices, in the order in which they came: filled in here at once. */
	b.list->devices = calloc(DEVICES, sizeof(*b.list->devices));
	bench_require(b.list->devices != NULL, "no memory");
	b.list->device_count = b.list->device_room = DEVICES;
	for (uint32_t k = 0; k < DEVICES; k++) {
		struct crl_device *d = &b.list->devices[k];

		*d = (struct crl_device){.entry = {.j_max = 20, .la1 = 1, .la2 = 2, .i_max = (uint16_t)(i + 100 + k % 50)}, .i = i};
		bench_random(d->entry.seed1, LINKAGE_SEED);
		bench_random(d->entry.seed2, LINKAGE_SEED);
	}
	free(entries);
	b.size = DEVICES * 33u;
	b.from = malloc(b.size);
	b.to = malloc(b.size);
	bench_require(b.from != NULL && b.to != NULL, "no memory");
	bench_random(b.from, b.size);
}

static void run_make(void *arg, unsigned n)
{
	(void)arg;
	while (n-- > 0) {
		struct crl_signing signing = {.party = &b.party, .now = b.now += 1000000u, .next_seconds = 86400};

		b.list->changed = true;
		/* Always of the same period: a minute of seconds is far from its end. */
		if (b.now > NOW + 3600u * 1000000u) {
			b.now = NOW;
			b.list->issue_date = 0;
		}
		bench_require(crl_list_sign(b.list, &signing, NULL) == KEY_OK && b.list->full.n > b.size, "no CRL");
	}
}

static void run_minimum(void *arg, unsigned n)
{
	const struct scms_slice crl = {b.to, b.size};
	uint8_t digest[32], r[32], s[32];

	(void)arg;
	while (n-- > 0) {
		memcpy(b.to, b.from, b.size);
		b.crypto->sha256(b.crypto->ctx, &crl, 1, digest);
		bench_require(private_key_sign(b.key, digest, r, s, NULL) == KEY_OK, "no signature");
	}
}

void bench_crl_make(void)
{
	size_t bytes = scms_verifier_size(NULL);
	struct scms_verifier *engine = scms_verifier_init(malloc(bytes), bytes, NULL);

	bench_require(engine != NULL, "no engine");
	b.crypto = scms_verifier_crypto(engine);
	bench_add(&(struct bench_row){
	    .group = GROUP, .name = MINIMUM_ROW, .setup = setup, .run = run_minimum, .per = DEVICES, .aim = BENCH_REPORTED});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "in the order of the reports, built and signed",
				      .setup = setup,
				      .run = run_make,
				      .per = DEVICES,
				      .limit = MINIMUM_ROW,
				      .aim = BENCH_COST_MAX,
				      .value = 14});
}
