/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provisioning: PCA, ECA, RA and LA, each beside what its curve and symmetric operations alone allow.
 *
 * The components are the running ones without their sockets: handlers, messages, trust stores, databases. Databases are
 * SQLite in WAL mode with synchronous=FULL; a turn of the event loop is one commit, of 64 requests at the PCA and of 1,000
 * items at the RA. Times are processor time of one core: what waits for the disk is not in them.
 */
#include "bench.h"

#include "components/authority/profile.h"
#include "components/ee/enrol.h"
#include "components/la/chain.h"
#include "components/ra/aggregator.h"
#include "components/ra/expand.h"
#include "crypto/digest.h"
#include "service/engine.h"
#include "tests/provision/behind.h"
#include "tests/provision/vehicle.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP "provisioning"
#define REQUESTS 256 /* certificates' requests that are used again and again */
#define TURN 64	     /* of them in one turn of the event loop */
#define EACH 16
#define ITEMS 1000

static struct world world;
static char folder[] = "/tmp/scms-bench-XXXXXX";
static struct bytes signed_request[REQUESTS], item_pdu[REQUESTS];
static unsigned requests;
static struct vehicle vehicle;

static void gone(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		fprintf(stderr, "bench: %s is left\n", folder);
}

static bool take_pdu(void *ctx, const struct db_value *columns, size_t count)
{
	struct service *ra = ctx;
	struct bytes *pdu = &item_pdu[requests];
	struct key_error err;

	(void)count;
	*pdu = (struct bytes){malloc(columns[0].bytes.n), columns[0].bytes.n};
	bench_require(pdu->p != NULL, "memory");
	memcpy(pdu->p, columns[0].bytes.p, pdu->n);
	bench_require(message_make(ra->party, envelope_find("SecuredRaPcaCertificateRequest"), bytes_view(pdu), clock_now(), NULL,
				   &signed_request[requests], &err) == KEY_OK,
		      "a request could not be made");
	return ++requests < REQUESTS;
}

/* A world with one vehicle whose items wait in the aggregator. */
static void open_world(void *arg)
{
	static bool is_open;

	(void)arg;
	if (is_open)
		return;
	is_open = true;
	bench_require(mkdtemp(folder) != NULL, "no temporary folder");
	atexit(gone);
	world_make(&world, folder, "");
	world_complete(&world);
	behind_open(&world, engine_crypto(), "tolerance_seconds=4294967295 shuffle_threshold=1000000 supply=9676800 certificates_per_period=16 max_request_age=1000000");
	vehicle_begin(&world, &vehicle);
	bench_require(behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&vehicle.sent), NULL, NULL) == 200,
		      "a vehicle could not ask");
	for (unsigned k = 0; k < 6; k++)
		behind_turn();
	db_each(behind_service(WORLD_RA)->db, "SELECT pdu FROM item ORDER BY ticket", NULL, 0, take_pdu, behind_service(WORLD_RA));
	bench_require(requests == REQUESTS, "not as many items as expected");
}

/* ---- PCA ---- */

static void pca_certificates(void *arg, unsigned n)
{
	struct db *db = behind_service(WORLD_PCA)->db;

	(void)arg;
	while (n-- > 0) {
		struct scms_slice bodies[TURN];
		static unsigned next;

		for (unsigned k = 0; k < TURN; k++)
			bodies[k] = bytes_view(&signed_request[next++ % REQUESTS]);
		behind_batch(WORLD_PCA, "/pca/pseudonym", bodies, TURN);
		if (next % REQUESTS == 0)
			bench_require(db_run(db, "DELETE FROM issued", NULL, 0) == REQUESTS, "not all were issued");
	}
}

struct operations {
	struct private_key *key;
	struct curve_point point;
	uint8_t scalar[SCALAR_BYTES], digest[32], r[32], s[32], text[512];
};

static struct operations ops;

static void open_operations(void *arg)
{
	struct key_error err;

	open_world(arg);
	if (ops.key != NULL)
		return;
	bench_require(private_key_random(SCMS_NIST_P256, &ops.key, &err) == KEY_OK && curve_scalar_random(SCMS_NIST_P256, ops.scalar),
		      "keys");
	ops.point = *private_key_public(ops.key);
	bench_random(ops.digest, sizeof(ops.digest));
	bench_require(private_key_sign(ops.key, ops.digest, ops.r, ops.s, &err) == KEY_OK, "sign");
}

/*
 * What one certificate cannot do without: the RA's signature verified, two points read, two values opened (two CCM each),
 * ECQV (k*G and a sum), ECIES (k*G and k*P), the certificate encrypted, two signatures.
 */
static void pca_operations(void *arg, unsigned n)
{
	const struct scms_crypto *crypto = engine_crypto();
	const struct scms_point compressed = curve_point_compressed(&ops.point);
	const uint8_t nonce[CCM_NONCE] = {1};
	struct ccm ccm = ccm_1609(ops.scalar, nonce);
	uint8_t sealed[2][16 + CCM_TAG], out[512];
	struct curve_point point, sum;
	struct key_error err;

	(void)arg;
	bench_require(ccm_encrypt(&ccm, (struct scms_slice){ops.text, 16}, sealed[0]) &&
			  ccm_encrypt(&ccm, (struct scms_slice){ops.text, 11}, sealed[1]),
		      "CCM");
	for (n *= TURN; n > 0; n--) {
		struct scms_verify_request question = {.signer = SCMS_SIGNER_POINT, .u.point = compressed, .digest = ops.digest, .r = ops.r, .s = ops.s};
		uint8_t verdict = SCMS_FAILED, r[32], s[32];
		bool ok = true;

		crypto->verify(crypto->ctx, &question, 1, &verdict);
		ok = ok && verdict == SCMS_GOOD && curve_point_read(&compressed, &point) && curve_point_read(&compressed, &point);
		for (unsigned k = 0; k < 2; k++)
			ok = ok && ccm_decrypt(&ccm, (struct scms_slice){sealed[0], 32}, out) &&
			     ccm_decrypt(&ccm, (struct scms_slice){sealed[1], 27}, out);
		ok = ok && curve_mul_base(SCMS_NIST_P256, ops.scalar, &sum) && curve_mul_base(SCMS_NIST_P256, ops.scalar, &sum) &&
		     curve_mul(&point, ops.scalar, &sum) && ccm_encrypt(&ccm, (struct scms_slice){ops.text, 220}, out) &&
		     private_key_sign(ops.key, ops.digest, r, s, &err) == KEY_OK && private_key_sign(ops.key, ops.digest, r, s, &err) == KEY_OK;
		bench_require(ok, "an operation failed");
	}
}

/* ---- ECA ---- */

static struct bytes enrolment[REQUESTS];

static void open_enrolments(void *arg)
{
	struct profile_subject subject = {.start = (scms_time32)(clock_now() / 1000000)};
	struct ToBeSignedCertificate wish;
	struct profile_room room;
	uint8_t hash[8];
	struct key_error err;

	open_operations(arg);
	memcpy(subject.craca_id, cert_id8(&world.root.cert) + 5, 3);
	bench_require(profile_fill(PROFILE_OBE_ENROLMENT, LEVEL_POC, &subject, &room, &wish, &err) == KEY_OK, "a wish could not be made");
	for (unsigned k = 0; enrolment[REQUESTS - 1].p == NULL && k < REQUESTS; k++) {
		struct private_key *key;

		bench_require(private_key_random(SCMS_NIST_P256, &key, &err) == KEY_OK &&
				  ee_enrolment_request(&wish, key, engine_crypto(), (scms_time32)(clock_now() / 1000000), &enrolment[k], hash,
						       &err) == KEY_OK,
			      "a request could not be made");
		private_key_free(key);
	}
}

static void eca_enrolments(void *arg, unsigned n)
{
	struct db *db = behind_service(WORLD_ECA)->db;

	(void)arg;
	while (n-- > 0) {
		struct scms_slice bodies[TURN];
		static unsigned next;

		for (unsigned k = 0; k < TURN; k++)
			bodies[k] = bytes_view(&enrolment[next++ % REQUESTS]);
		behind_batch(WORLD_ECA, "/provision-enrollment-certificate", bodies, TURN);
		if (next % REQUESTS == 0)
			bench_require(db_run(db, "DELETE FROM issued", NULL, 0) == REQUESTS, "not all were enrolled");
	}
}

/* The request's signature verified, its key read, ECQV (k*G and a sum), the answer signed. */
static void eca_operations(void *arg, unsigned n)
{
	const struct scms_crypto *crypto = engine_crypto();
	const struct scms_point compressed = curve_point_compressed(&ops.point);
	struct curve_point point, sum;
	struct key_error err;

	(void)arg;
	for (n *= TURN; n > 0; n--) {
		struct scms_verify_request question = {.signer = SCMS_SIGNER_POINT, .u.point = compressed, .digest = ops.digest, .r = ops.r, .s = ops.s};
		uint8_t verdict = SCMS_FAILED, r[32], s[32];

		crypto->verify(crypto->ctx, &question, 1, &verdict);
		bench_require(verdict == SCMS_GOOD && curve_point_read(&compressed, &point) && curve_mul_base(SCMS_NIST_P256, ops.scalar, &sum) &&
				  private_key_sign(ops.key, ops.digest, r, s, &err) == KEY_OK,
			      "an operation failed");
	}
}

/* ---- RA ---- */

static struct caterpillars caterpillars;

static void open_caterpillars(void *arg)
{
	open_operations(arg);
	bench_require(curve_mul_base(SCMS_NIST_P256, vehicle.keys.sign, &caterpillars.sign) &&
			  curve_mul_base(SCMS_NIST_P256, vehicle.keys.respond, &caterpillars.respond),
		      "caterpillars");
	memcpy(caterpillars.sign_expansion, vehicle.keys.sign_expansion, AES_128_KEY);
	memcpy(caterpillars.respond_expansion, vehicle.keys.respond_expansion, AES_128_KEY);
}

static void ra_expansions(void *arg, unsigned n)
{
	struct cocoons cocoons;
	struct key_error err;

	(void)arg;
	for (unsigned k = 0; k < n; k++)
		bench_require(caterpillars_expand(&caterpillars, (uint16_t)(k / 20), (uint8_t)(k % 20), &cocoons, &err) == KEY_OK, "expand");
}

static void two_products(void *arg, unsigned n)
{
	struct curve_point point;

	(void)arg;
	while (n-- > 0)
		bench_require(curve_mul_base(SCMS_NIST_P256, ops.scalar, &point) && curve_mul_base(SCMS_NIST_P256, ops.scalar, &point),
			      "k*G");
}

struct released {
	uint8_t hpcr[ITEMS][32];
	unsigned n;
};

static bool take_released(void *ctx, const struct db_value *columns, size_t count)
{
	struct released *released = ctx;

	(void)count;
	memcpy(released->hpcr[released->n++], columns[0].bytes.p, 32);
	return released->n < ITEMS;
}

/* In: 1,000 items of 50 vehicles. Released, read by ticket, answered, filed; all of it in the database. */
static void ra_shuffle(void *arg, unsigned n)
{
	const struct ra_policy policy = {.shuffle_threshold = ITEMS / 2, .max_age = 1000000};
	struct service *ra = behind_service(WORLD_RA);
	static struct released released;
	uint8_t pdu[420] = {0}, answer[420] = {0};

	(void)arg;
	while (n-- > 0) {
		bool filed, ok = db_begin(ra->db);
		unsigned files = 0;

		/* What the other rows need stands in the way here. */
		db_run(ra->db, "DELETE FROM item", NULL, 0);
		db_run(ra->db, "DELETE FROM file", NULL, 0);
		db_run(ra->db, "DELETE FROM request WHERE id >= 1000", NULL, 0);
		for (unsigned v = 0; v < ITEMS / 20; v++) {
			uint8_t hash[8] = {(uint8_t)v, 1, 2, 3};

			ok = ok && db_run(ra->db,
					  "INSERT INTO request (id, enrolment, kind, hash, content, i_next, stopped) VALUES ($1, 1, 1, $2, $2, 0, 1)",
					  DB_VALUES(db_integer(1000 + v), db_bytes(hash, 8))) == 1;
		}
		for (unsigned k = 0; k < ITEMS; k++) {
			struct aggregator_item item = {.request = 1000 + k / 20, .kind = RA_PSEUDONYM, .i = 7, .j = k % 20, .pdu = {pdu, 420}};

			memcpy(pdu, &k, sizeof(k));
			ok = ok && aggregator_add(ra->db, ra->party->crypto, &item, 1);
		}
		ok = ok && aggregator_release(ra->db, &policy, 2) == ITEMS && db_commit(ra->db) && db_begin(ra->db);
		released.n = 0;
		db_each(ra->db, "SELECT hpcr, pdu FROM item WHERE state = 1 ORDER BY ticket", NULL, 0, take_released, &released);
		for (unsigned k = 0; k < released.n; k++) {
			ok = ok && aggregator_answer(ra->db, released.hpcr[k], (struct scms_slice){answer, 420}, NULL, &filed);
			files += filed;
		}
		bench_require(ok && db_commit(ra->db) && files == ITEMS / 20, "items were lost in the shuffle");
	}
}

/* ---- LA ---- */

static struct la la;
static struct bytes lci;
static struct EncryptedData chain;

static void open_la(void *arg)
{
	struct key_error err;

	(void)arg;
	la = (struct la){engine_crypto(), 0x8e09, {1, 2, 3}};
	if (lci.n == 0)
		bench_require(la_chain_begin(&la, &lci, &err) == KEY_OK &&
				  oer_decode(&oer_EncryptedData, bytes_view(&lci), 8, &chain, NULL) == OER_OK,
			      "chain");
}

static void la_values(void *arg, unsigned n)
{
	const struct la_range range = {1, 10, 20};
	static const uint8_t key[AES_128_KEY] = {9};
	struct key_error err;

	(void)arg;
	while (n-- > 0) {
		struct bytes out = {NULL, 0};

		bench_require(la_chain_values(&la, &chain, &range, key, &out, &err) == KEY_OK, "values");
		bytes_free(&out);
	}
}

/* Of 200 values in ten periods: ten SHA-256, ten times 20 blocks of AES; and each value sealed: two keys, eight blocks. */
static void la_operations(void *arg, unsigned n)
{
	uint8_t in[20 * AES_BLOCK] = {0}, out[20 * AES_BLOCK], key[AES_128_KEY] = {1}, hash[32];
	struct scms_slice text = {in, 32};

	(void)arg;
	while (n-- > 0)
		for (unsigned period = 0; period < 10; period++) {
			la.crypto->sha256(la.crypto->ctx, &text, 1, hash);
			bench_require(aes128_blocks(key, in, 20, out), "AES");
			for (unsigned j = 0; j < 20; j++)
				bench_require(aes128_blocks(key, in, 4, out) && aes128_blocks(key, in, 4, out), "AES");
		}
}

void bench_provision(void)
{
	static const struct bench_row rows[] = {
	    {.group = GROUP, .name = "PCA: curve and symmetric operations alone", .setup = open_operations, .run = pca_operations, .per = TURN},
	    {.group = GROUP, .name = "PCA: certificate, from request to answer on disk", .setup = open_operations, .run = pca_certificates,
	     .per = TURN, .limit = "PCA: curve and symmetric operations alone", .aim = BENCH_SPEED_MIN, .value = 0.75},
	    {.group = GROUP, .name = "ECA: curve operations alone", .setup = open_operations, .run = eca_operations, .per = TURN},
	    {.group = GROUP, .name = "ECA: enrolment, from request to answer on disk", .setup = open_enrolments, .run = eca_enrolments,
	     .per = TURN, .limit = "ECA: curve operations alone"},
	    {.group = GROUP, .name = "RA: two products k*G", .setup = open_operations, .run = two_products, .per = 1},
	    {.group = GROUP, .name = "RA: butterfly expansion, both keys", .setup = open_caterpillars, .run = ra_expansions, .per = 1,
	     .limit = "RA: two products k*G"},
	    {.group = GROUP, .name = "RA: request through the shuffle, WAL, synchronous=FULL", .setup = open_caterpillars, .run = ra_shuffle,
	     .per = ITEMS},
	    {.group = GROUP, .name = "LA: AES and SHA-256 alone", .setup = open_la, .run = la_operations, .per = 200},
	    {.group = GROUP, .name = "LA: pre-linkage value, sealed", .setup = open_la, .run = la_values, .per = 200,
	     .limit = "LA: AES and SHA-256 alone"},
	};

	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		bench_add(&rows[k]);
}
