/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of a trust store. Their aims stand beside as many plain verifications of OpenSSL's; the row above each is
 * the bare signature checks that the session makes: the very requests, in the same calls to the engine, and nothing
 * else. Electors' keys have their tables, as in a vehicle that has been on the road for a day.
 */
#include "bench.h"

#include "tests/trust/world.h"

#include <stdlib.h>
#include <string.h>

#define GROUP "Trust store"
#define ELECTORS 12
#define CALLS 16
#define REQUESTS 40

/* One call of the engine's verify, to be made again. */
struct call {
	size_t n;
	struct scms_verify_request request[REQUESTS];
	uint8_t digest[REQUESTS][48];
};

/* A session that can be held again and again. */
struct held {
	bool fresh; /* each time on the store as it was at first */
	struct bytes file;
	struct scms_session session;
	void *work;
	size_t work_size;
	unsigned verified;
	enum scms_reason outcome; /* of its ballots */
	struct call call[CALLS];
	unsigned calls;
};

static struct world world;
static struct bytes encoded; /* the store at first */
static struct held *recording;
static struct scms_crypto recorder;
static enum scms_reason outcome;

static void record_verify(void *ctx, const struct scms_verify_request *request, size_t n, uint8_t *verdict)
{
	world.crypto->verify(ctx, request, n, verdict);
	if (recording != NULL && recording->calls < CALLS) {
		struct call *call = &recording->call[recording->calls++];

		bench_require(n <= REQUESTS, "a call has more requests than there is room for");
		call->n = n;
		for (size_t k = 0; k < n; k++) {
			/* r, s and points lie in the files and in the store; digests on the stack. */
			call->request[k] = request[k];
			memcpy(call->digest[k], request[k].digest, 48);
			call->request[k].digest = call->digest[k];
		}
	}
}

static void note_outcome(void *ctx, const struct scms_ballot_report *ballot)
{
	(void)ctx;
	outcome = ballot->outcome;
}

static const struct scms_report report = {.ballot = note_outcome};

static void store_reset(void)
{
	world.store = scms_store_decode(world.store, world.store_size, bytes_view(&encoded), world.crypto);
	bench_require(world.store != NULL, "the store does not decode");
}

static struct scms_session_result hold(const struct held *held)
{
	struct scms_session_result result;

	if (held->fresh)
		store_reset();
	result = scms_store_apply(world.store, &held->session, PEOPLE_NOW, &recorder, &world.objects, held->work,
				  held->work_size, &report);
	bench_require(result.status == SCMS_SESSION_DONE, "a session fails");
	return result;
}

static void run_held(void *arg, unsigned n)
{
	const struct held *held = arg;

	while (n-- > 0)
		bench_require(hold(held).verified == held->verified && outcome == held->outcome,
			      "a session comes out otherwise than before");
}

static void run_calls(void *arg, unsigned n)
{
	const struct held *held = arg;
	uint8_t verdict[REQUESTS];

	while (n-- > 0)
		for (unsigned k = 0; k < held->calls; k++) {
			world.crypto->verify(world.crypto->ctx, held->call[k].request, held->call[k].n, verdict);
			bench_use(verdict);
		}
}

static void run_reset(void *arg, unsigned n)
{
	(void)arg;
	while (n-- > 0)
		store_reset();
}

/* Holds it once, warm, and remembers what it asks. */
static void setup_held(void *arg)
{
	struct held *held = arg;

	if (held->work != NULL)
		return;
	held->work_size = scms_session_work_size(world.store, &held->session);
	held->work = malloc(held->work_size);
	for (unsigned k = 0; k < 20; k++)
		hold(held);
	recording = held;
	held->verified = hold(held).verified;
	recording = NULL;
	held->outcome = outcome;
}

static void world_make(void)
{
	static bool made;
	size_t n;

	if (made)
		return;
	made = true;
	world_start(&world, false, ELECTORS, 10);
	recorder = *world.crypto;
	recorder.verify = record_verify;
	scms_store_encode(world.store, NULL, 0, &encoded.n);
	encoded.p = malloc(encoded.n);
	bench_require(scms_store_encode(world.store, encoded.p, encoded.n, &n), "the store does not encode");
}

/* ---- ballots ---- */

/* A quorum of ten is not reached, so the ballot is judged in full each time and changes nothing. */
static void votes_make(void *arg)
{
	struct held *held = arg;
	struct bytes ballot;
	struct person subject;

	if (held->work != NULL)
		return;
	world_make();
	world_elector(&subject, "subject");
	world_ballot(&world, SCMS_ADD_ELECTOR, &subject, 0, held->verified, PEOPLE_START, &ballot);
	world_gccf(&world, &ballot, 1, NULL, 0, NULL, 0, &held->file);
	held->session.chain = bytes_view(&held->file);
	setup_held(held);
	bench_require(held->outcome == SCMS_QUORUM_NOT_MET, "a ballot is not judged in full");
	bytes_free(&ballot);
	person_free(&subject);
}

static void already_make(void *arg)
{
	struct held *held = arg;
	struct bytes ballot;

	if (held->work != NULL)
		return;
	world_make();
	world_ballot(&world, SCMS_ADD_ELECTOR, &world.elector[3], 0, 3, PEOPLE_START, &ballot);
	world_gccf(&world, &ballot, 1, NULL, 0, NULL, 0, &held->file);
	held->session.chain = bytes_view(&held->file);
	setup_held(held);
	bench_require(held->outcome == SCMS_ALREADY && held->verified == 0, "a known elector's ballot is looked into");
	bytes_free(&ballot);
}

/* ---- a vehicle's chain file: ten electors, two roots, a thousand certificates ---- */

#define LCCF_ELECTORS 10
#define LCCF_ROOTS 2
#define LCCF_CERTIFICATES 1000

static void lccf_make(void *arg)
{
	static struct scms_slice certificates[LCCF_CERTIFICATES];
	struct bytes electors[LCCF_ELECTORS], roots[LCCF_ROOTS];
	struct ToBeSignedCertificate tbs;
	struct held *held = arg;
	struct person person;

	if (held->work != NULL)
		return;
	world_make();
	for (unsigned k = 0; k < LCCF_ELECTORS; k++) {
		world_elector(&person, "another");
		world_ballot(&world, SCMS_ADD_ELECTOR, &person, 0, 10, PEOPLE_START, &electors[k]);
		person_free(&person);
	}
	for (unsigned k = 0; k < LCCF_ROOTS; k++) {
		world_root(&person, "another");
		world_ballot(&world, SCMS_ADD_ROOT, &person, 0, 10, PEOPLE_START, &roots[k]);
		person_free(&person);
	}
	for (unsigned k = 0; k < LCCF_CERTIFICATES; k++) {
		world_tbs(&world, &tbs, "authority");
		person_make(&person, &tbs, SCMS_NIST_P256, &world.pca, false);
		certificates[k] = bytes_view(&person.bytes);
	}
	world_gccf(&world, electors, LCCF_ELECTORS, roots, LCCF_ROOTS, certificates, LCCF_CERTIFICATES, &held->file);
	held->session.chain = bytes_view(&held->file);
	setup_held(held);
	bench_require(!held->fresh || (held->outcome == SCMS_APPLIED && held->verified == 11 * 12),
		      "the chain file's ballots are not all carried out");
}

/* The same once more: everything is there already. */
static void again_make(void *arg)
{
	static struct held first = {.fresh = true};
	struct held *held = arg;

	lccf_make(&first);
	hold(&first);
	held->session = first.session;
	setup_held(held);
	bench_require(held->outcome == SCMS_ALREADY && held->verified == 0, "the same file again is looked into");
}

/* Other rows reset the store in between. */
static void run_again(void *arg, unsigned n)
{
	static struct bytes after;
	const struct held *held = arg;

	if (after.p == NULL) {
		scms_store_encode(world.store, NULL, 0, &after.n);
		after.p = malloc(after.n);
		bench_require(scms_store_encode(world.store, after.p, after.n, &after.n), "the store does not encode");
	}
	world.store = scms_store_decode(world.store, world.store_size, bytes_view(&after), world.crypto);
	bench_require(world.store != NULL, "the store does not decode");
	run_held(arg, n);
	bench_use(held);
	store_reset();
}

/* ---- hostile files ---- */

#define HOSTILE_CERTIFICATES 16384

/* All limits used up: 128 ballots of 64 votes, and certificates to the limit of a file's certificates. */
static void hostile_make(struct held *held, const struct person *voters, unsigned n, bool spoil)
{
	static struct scms_slice certificates[HOSTILE_CERTIFICATES];
	struct bytes ballot[64], one, root_ballot[64];
	struct ElectorBallot decoded;
	struct Ieee1609Dot2Data vote[64];
	struct person kept[WORLD_ELECTORS], subject, root;
	struct key_error err;

	memcpy(kept, world.elector, sizeof(kept));
	memcpy(world.elector, voters, n * sizeof(*voters));
	world_elector(&subject, "subject");
	world_root(&root, "subject");
	for (unsigned list = 0; list < 2; list++) {
		struct oer_iter it;

		world_ballot(&world, list == 0 ? SCMS_ADD_ELECTOR : SCMS_ADD_ROOT, list == 0 ? &subject : &root, 0, n,
			     PEOPLE_START, &one);
		bench_require(oer_decode(&oer_ElectorBallot, bytes_view(&one), OER_DEPTH_DEFAULT, &decoded, NULL) ==
				  OER_OK,
			      "a ballot");
		it = oer_iterate(&decoded.endorsements);
		for (unsigned k = 0; k < 64; k++)
			if (k < n)
				bench_require(oer_next(&it, &vote[k]), "a vote");
			else
				vote[k] = vote[k % n];
		for (unsigned k = 0; k < n && spoil; k++) {
			const struct SignedData *data = &vote[k].content.u.signedData;

			one.p[data->signature.u.ecdsaNistP256Signature.sSig - one.p] ^= 1;
		}
		decoded.endorsements = (struct oer_list){.items = vote, .count = 64, .element = &oer_Ieee1609Dot2Data};
		for (unsigned k = 0; k < 64; k++)
			bench_require(make_bytes(&oer_ElectorBallot, &decoded, list == 0 ? &ballot[k] : &root_ballot[k],
						 &err) == KEY_OK,
				      "a ballot");
	}
	memcpy(world.elector, kept, sizeof(kept));
	for (unsigned k = 0; k < HOSTILE_CERTIFICATES; k++)
		certificates[k] = bytes_view(&root.bytes);
	world_gccf(&world, ballot, 64, root_ballot, 64, certificates, HOSTILE_CERTIFICATES, &held->file);
	held->session.chain = bytes_view(&held->file);
}

static void strangers_make(void *arg)
{
	struct held *held = arg;
	struct person stranger[4];

	if (held->work != NULL)
		return;
	world_make();
	for (unsigned k = 0; k < 4; k++)
		world_elector(&stranger[k], "stranger");
	hostile_make(held, stranger, 4, false);
	setup_held(held);
	bench_require(held->verified == 0 && held->calls == 0, "strangers cost curve operations");
}

/* Votes that name real electors, five and more of each in a ballot, with signatures that are not theirs. */
static void impostors_make(void *arg)
{
	struct held *held = arg;

	if (held->work != NULL)
		return;
	world_make();
	hostile_make(held, world.elector, ELECTORS, true);
	setup_held(held);
	bench_figure(GROUP, "impostors' file: signatures checked", held->verified, "of 8,192 votes",
		     128 * (4 * ELECTORS + 1)); /* rule A5.3 */
}

static struct held votes[3] = {{.verified = 2}, {.verified = 5}, {.verified = 9}};
static struct held already, lccf = {.fresh = true}, again, strangers, impostors;

void bench_trust(void)
{
	static const char *const name[3][2] = {
	    {"2 votes and their subject, bare", "a ballot with 2 votes, judged"},
	    {"5 votes and their subject, bare", "a ballot with 5 votes, judged"},
	    {"9 votes and their subject, bare", "a ballot with 9 votes, judged"},
	};

	for (unsigned k = 0; k < 3; k++) {
		bench_add(&(struct bench_row){.group = GROUP,
					      .name = name[k][0],
					      .setup = votes_make,
					      .run = run_calls,
					      .arg = &votes[k],
					      .per = 1});
		bench_add(&(struct bench_row){.group = GROUP,
					      .name = name[k][1],
					      .setup = votes_make,
					      .run = run_held,
					      .arg = &votes[k],
					      .per = 1,
					      .limit = BENCH_OPENSSL_ROW,
					      .aim = BENCH_COST_MAX,
					      .value = 1.05 * (1 + votes[k].verified)});
	}
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "a ballot that is ALREADY, file and all",
				      .setup = already_make,
				      .run = run_held,
				      .arg = &already,
				      .per = 1,
				      .aim = BENCH_NS_MAX,
				      .value = 5e3});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "strangers' file, all limits used",
				      .setup = strangers_make,
				      .run = run_held,
				      .arg = &strangers,
				      .per = 1,
				      .aim = BENCH_NS_MAX,
				      .value = 10e6});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "impostors' file, all limits used",
				      .setup = impostors_make,
				      .run = run_held,
				      .arg = &impostors,
				      .per = 1});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "12 ballots of 10 votes and their subjects, bare",
				      .setup = lccf_make,
				      .run = run_calls,
				      .arg = &lccf,
				      .per = 1});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "chain file: 12 ballots, 1,000 certificates",
				      .setup = lccf_make,
				      .run = run_held,
				      .arg = &lccf,
				      .per = 1,
				      .limit = BENCH_OPENSSL_ROW,
				      .aim = BENCH_COST_MAX,
				      .value = 1.10 * 12 * 11});
	bench_add(&(struct bench_row){.group = GROUP,
				      .name = "the same chain file again",
				      .setup = again_make,
				      .run = run_again,
				      .arg = &again,
				      .per = 1,
				      .aim = BENCH_NS_MAX,
				      .value = 1e6});
	bench_add(&(struct bench_row){
	    .group = GROUP, .name = "a store, decoded", .setup = lccf_make, .run = run_reset, .arg = &lccf, .per = 1});
}
