/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provisioning end to end: RA, two LAs and PCA as scmsd runs them, over HTTPS with databases; vehicles by the end entity's
 * code. What is refused, by name. What the MA is told. And whether anybody could learn what is not for him.
 *
 *   provision SCMSD VEHICLES PERIODS CERTIFICATES [leaky]
 *
 * With "leaky", SCMSD is the build that does not shuffle, and the test passes only if it notices.
 */
#include "base/clock.h"
#include "components/message.h"
#include "components/period.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/provision/privacy.h"
#include "tests/provision/run.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>

static struct world world;
static struct vehicle *vehicles;
static unsigned vehicle_count, periods, each;
static uint16_t first;

static scms_time32 now32(void)
{
	return (scms_time32)(clock_now() / 1000000u);
}

/* ---- everything goes right ---- */

static void collect_all(void)
{
	unsigned missing = vehicle_count * periods;
	bool *have = calloc(missing, sizeof(*have));

	world_must(have != NULL, "memory", "none");
	for (unsigned round = 0; round < 1200 && missing > 0; round++) {
		for (unsigned v = 0; v < vehicle_count; v++)
			for (unsigned p = 0; p < periods; p++) {
				unsigned n;

				if (have[v * periods + p])
					continue;
				n = vehicle_collect(&world, &vehicles[v], (uint16_t)(first + p));
				if (n == 0)
					break; /* the later periods will not be there either */
				have[v * periods + p] = true;
				missing--;
				CHECK(n == each, "vehicle %u, period %u: %u certificates", v, p, n);
			}
		if (missing > 0)
			usleep(100000);
	}
	CHECK(missing == 0, "%u archives never came", missing);
	free(have);
}

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, LINKAGE_VALUE);
}

/* No linkage value twice, all of them those of the vehicle's own chains. */
static void values_differ(void)
{
	unsigned n = 0;
	uint8_t(*all)[LINKAGE_VALUE];

	for (unsigned v = 0; v < vehicle_count; v++)
		n += vehicles[v].n;
	all = calloc(n + 1, LINKAGE_VALUE);
	world_must(all != NULL, "memory", "none");
	n = 0;
	for (unsigned v = 0; v < vehicle_count; v++)
		for (unsigned c = 0; c < vehicles[v].n; c++)
			memcpy(all[n++], vehicles[v].certificates[c].lv, LINKAGE_VALUE);
	qsort(all, n, LINKAGE_VALUE, by_value);
	for (unsigned k = 1; k < n; k++)
		CHECK(memcmp(all[k - 1], all[k], LINKAGE_VALUE) != 0, "a linkage value twice");
	CHECK(n == vehicle_count * periods * each, "%u certificates", n);
	free(all);
}

/* ---- refusals ---- */

static struct fetched post(const char *path, const struct bytes *body)
{
	return fetch(&world, world.url[WORLD_RA], path, bytes_view(body), NULL, NULL, NULL);
}

static void expect(const char *name, struct fetched fetched, int status, int code)
{
	CHECK(fetched.status == status && fetched.code == code, "%s: status %d, code %d (%s); expected %d, %d", name, fetched.status,
	      fetched.code, fetched.text, status, code);
	bytes_free(&fetched.body);
}

#define BATCH "/provision-pseudonym-certificate-batch"


static struct bytes asked_at(struct vehicle *vehicle, int64_t away)
{
	struct bytes out = {NULL, 0};

	vehicle_ask(&world, vehicle, (scms_time32)((int64_t)now32() + away), &out);
	return out;
}

static void request_refusals(void)
{
	struct vehicle vehicle, stranger, again = vehicles[0];
	struct bytes body, junk = {(uint8_t *)(uintptr_t) "\x03\x80\x01\x00", 4};
	struct person foreign;
	struct ToBeSignedCertificate tbs;

	vehicle_begin(&world, &vehicle);
	expect("replayed", post(BATCH, &vehicles[0].sent), 409, 5057);
	body = asked_at(&again, 0);
	expect("another request of one who has asked", post(BATCH, &body), 409, 5056);
	bytes_free(&body);
	body = asked_at(&vehicle, -400);
	expect("too old", post(BATCH, &body), 403, 5067);
	bytes_free(&body);
	body = asked_at(&vehicle, 400);
	expect("from the future", post(BATCH, &body), 403, 5067);
	bytes_free(&body);
	expect("not encrypted", post(BATCH, &junk), 400, 5059);
	body = asked_at(&vehicle, 0);
	body.p[body.n - 1] ^= 1;
	expect("changed on the way", post(BATCH, &body), 400, 5067);
	expect("at another path", post("/provision-identity-certificate", &vehicles[0].sent), 400, 5070);
	body.n /= 2;
	expect("cut", post(BATCH, &body), 400, 5070);
	bytes_free(&body);

	/* Enrolled by somebody whom nobody knows. */
	memset(&stranger, 0, sizeof(stranger));
	tbs_root(&tbs, "foreign");
	person_make(&foreign, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_device(&tbs, "stranger");
	person_make_implicit(&stranger.enrolment, &tbs, &foreign);
	stranger.keys = vehicle.keys;
	body = asked_at(&stranger, 0);
	expect("not enrolled here", post(BATCH, &body), 403, 5067);
	bytes_free(&body);

	/* The right certificate, another key. */
	private_key_free(stranger.enrolment.key);
	stranger.enrolment.key = NULL;
	person_free(&stranger.enrolment);
	world_enrol(&world, &stranger.enrolment, false);
	private_key_free(stranger.enrolment.key);
	{
		struct key_error err;

		world_must(private_key_random(SCMS_NIST_P256, &stranger.enrolment.key, &err) == KEY_OK, "key", err.text);
	}
	body = asked_at(&stranger, 0);
	expect("signed with another key", post(BATCH, &body), 403, 5058);
	bytes_free(&body);
	body = asked_at(&stranger, -400);
	expect("too old, and signed with another key: its time is said first", post(BATCH, &body), 403, 5067);
	bytes_free(&body);
	vehicle_free(&stranger);

	/* A roadside unit has no pseudonyms. */
	memset(&stranger, 0, sizeof(stranger));
	world_enrol(&world, &stranger.enrolment, true);
	stranger.keys = vehicle.keys;
	body = asked_at(&stranger, 0);
	expect("a roadside unit's", post(BATCH, &body), 403, 5070);
	bytes_free(&body);
	vehicle_free(&stranger);
	person_free(&foreign);
	vehicle_free(&vehicle);
}

static struct fetched download(const struct person *who, const char *path, const char *file, int64_t away)
{
	char *header = vehicle_download(&world, who, file, (scms_time32)((int64_t)now32() + away));
	struct fetched fetched = fetch(&world, world.url[WORLD_RA], path, (struct scms_slice){NULL, 0}, header, NULL, NULL);

	free(header);
	return fetched;
}

static void download_refusals(void)
{
	const struct person *who = &vehicles[0].enrolment;
	struct fetched fetched;
	char file[64];

	snprintf(file, sizeof(file), "%s_%x.zip", vehicles[0].name, first);
	fetched = download(who, "/download/batch", file, 0);
	expect("one's own archive", fetched, 200, 0);
	expect("another's archive", download(&vehicles[1].enrolment, "/download/batch", file, 0), 404, 5065);
	expect("an old request", download(who, "/download/batch", file, -60), 403, 5067);
	snprintf(file, sizeof(file), "%s_%x.zip", vehicles[0].name, first + 500);
	expect("a period that is not there", download(who, "/download/batch", file, 0), 404, 5065);
	expect("a path", download(who, "/download/batch", "../../etc/passwd", 0), 400, 5072);
	expect("no name", download(who, "/download/batch", "", 0), 400, 5072);
	snprintf(file, sizeof(file), "%s.info", vehicles[0].name);
	expect("when the next batch comes", download(who, "/download/info", file, 0), 200, 0);
	expect("another's .info", download(&vehicles[1].enrolment, "/download/info", file, 0), 404, 5069);
	expect(".info among the archives", download(who, "/download/batch", file, 0), 400, 5072);
	expect("policy before there is one", download(who, "/download/policy/local", "", 0), 404, 5065);
	expect("chain file before there is one", download(who, "/download/local-certificate-chain", "", 0), 404, 5068);
	expect("without Download-Req", fetch(&world, world.url[WORLD_RA], "/download/batch", (struct scms_slice){NULL, 0}, NULL, NULL, NULL),
	       401, 5067);
	expect("Download-Req that is none",
	       fetch(&world, world.url[WORLD_RA], "/download/batch", (struct scms_slice){NULL, 0}, "Download-Req: a b c", NULL, NULL), 400,
	       5070);
	expect("Download-Req of junk",
	       fetch(&world, world.url[WORLD_RA], "/download/batch", (struct scms_slice){NULL, 0}, "Download-Req: AAAA", NULL, NULL), 400,
	       5070);
}

/* Components show a TLS certificate of the right role, or are not heard. */
static void peer_refusals(void)
{
	static const struct {
		enum world_component which;
		const char *path;
	} places[] = {{WORLD_LA1, "/la/pre-linkage-values"}, {WORLD_LA1, "/la/key-agreement"}, {WORLD_LA1, "/la/linkage-seed"},
		      {WORLD_PCA, "/pca/pseudonym"},	     {WORLD_PCA, "/pca/application"},  {WORLD_PCA, "/pca/request-hashes"},
		      {WORLD_RA, "/ra/blacklist"},	     {WORLD_RA, "/ra/linkage-chains"}, {WORLD_RA, "/enrolment-succession"}};
	const struct scms_slice body = {(const uint8_t *)"\x03\x80\x00", 3};

	for (unsigned k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
		struct fetched fetched = fetch(&world, world.url[places[k].which], places[k].path, body, NULL, NULL, NULL);

		CHECK(fetched.status == 403, "%s without a certificate: %d", places[k].path, fetched.status);
		bytes_free(&fetched.body);
		/* Of the wrong role: the RA's for what is the MA's, the PCA's or the DCM's; the MA's for what is the RA's. */
		if (strstr(places[k].path, "pre-linkage") != NULL || strstr(places[k].path, "/pca/p") != NULL ||
		    strstr(places[k].path, "application") != NULL)
			fetched = fetch(&world, world.url[places[k].which], places[k].path, body, NULL, world.ma_certificate, world.ma_key);
		else
			fetched = fetch(&world, world.url[places[k].which], places[k].path, body, NULL, world.ra_certificate, world.ra_key);
		CHECK(fetched.status == 403, "%s with another role's certificate: %d", places[k].path, fetched.status);
		bytes_free(&fetched.body);
	}
	/* The right TLS role, a body that is no message. */
	for (unsigned k = 0; k < 2; k++) {
		const char *url = world.url[k == 0 ? WORLD_PCA : WORLD_LA1], *path = k == 0 ? "/pca/request-hashes" : "/la/linkage-seed";
		struct fetched fetched = fetch(&world, url, path, body, world.ma_line, world.ma_certificate, world.ma_key);

		CHECK(fetched.status == 400, "junk: %d", fetched.status);
		bytes_free(&fetched.body);
		fetched = fetch(&world, url, path, body, NULL, world.ma_certificate, world.ma_key);
		CHECK(fetched.status == 403, "the MA's TLS certificate alone: %d", fetched.status);
		bytes_free(&fetched.body);
	}
}

/* ---- the MA's walk ---- */

/* Sends what the MA asks, opens what it is answered. */
static void ma_asks(enum world_component which, const char *path, const char *request, const char *reply, const struct ScmsPDU *pdu,
		    struct message *out, struct ScmsPDU *content, struct fetched *kept)
{
	struct party ma = world_party(&world.ma);
	struct bytes encoded = {NULL, 0}, made = {NULL, 0};
	struct key_error err = {.text = ""};
	struct recipient me;
	struct Ieee1609Dot2Data data;
	struct scms_slice inner;

	world_must(make_bytes(&oer_ScmsPDU, pdu, &encoded, &err) == KEY_OK &&
		       message_make(&ma, envelope_find(request), bytes_view(&encoded), clock_now(), &world.cert[which], &made, &err) == KEY_OK,
		   request, err.text);
	*kept = fetch(&world, world.url[which], path, bytes_view(&made), world.ma_line, world.ma_certificate, world.ma_key);
	CHECK(kept->status == 200, "%s: %d %s", path, kept->status, kept->text);
	world_must(kept->status == 200 && oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&kept->body), 8, &data, NULL) == OER_OK &&
		       message_recipient(&world.ma.cert, &judge, &me, &err) == KEY_OK &&
		       encrypted_open(&data.content.u.encryptedData, &me, world.ma.decryption, &out->plain, &err) == KEY_OK,
		   reply, err.text);
	world_must(envelope_check(envelope_find(envelope_find(reply)->holds), bytes_view(&out->plain), 8, &inner, NULL) == OER_OK &&
		       oer_decode(&oer_ScmsPDU, inner, 8, content, NULL) == OER_OK,
		   reply, "not what it should be");
	bytes_free(&encoded);
	bytes_free(&made);
}

static void ma_walks(struct vehicle *bad)
{
	const uint8_t *lv = bad->certificates[0].lv;
	const struct scms_slice ma_host = {(const uint8_t *)"ma.localhost", 12};
	struct ScmsPDU ask, answer;
	struct message opened[4] = {{.has_signer = false}, {.has_signer = false}, {.has_signer = false}, {.has_signer = false}};
	struct fetched kept[4];
	uint8_t hpcr[32], seeds[2][LINKAGE_SEED], la_id[2][2];
	struct Lv2HPCR row = {.lv = NULL};
	struct HPCR2LCI chains;
	struct oer_iter it;

	/* linkage value -> hash of the request */
	ask = (struct ScmsPDU){.version = 1, .content = {.choice = ScmsPDU_content_is_ma_pca}};
	ask.content.u.ma_pca.choice = MaPcaInterfacePDU_is_maPcaHPCRRequest;
	ask.content.u.ma_pca.u.maPcaHPCRRequest = (struct MaPcaHPCRRequestMsg){
	    .version = 1,
	    .tbs = {.maId = ma_host, .linkage_values = {.items = &lv, .count = 1, .element = &oer_LinkageValue}},
	    .signatures = {.element = &oer_Countersignature}};
	ma_asks(WORLD_PCA, "/pca/request-hashes", "SecuredMaPcaHPCRRequest", "SecuredPcaMaHPCRResponse", &ask, &opened[0], &answer, &kept[0]);
	it = oer_iterate(&answer.content.u.ma_pca.u.pcaMaHPCRResponse.hpcrinfo);
	world_must(oer_next(&it, &row) && row.reply.choice == Lv2HPCR_reply_is_success, "HPCR", "unknown");
	memcpy(hpcr, row.reply.u.success.hpcr, 32);
	CHECK(row.reply.u.success.hostname.n == strlen("ra.localhost"), "the RA's host name");

	/* hash of the request -> linkage chains */
	{
		const uint8_t *hashes[1] = {hpcr};

		ask = (struct ScmsPDU){.version = 1, .content = {.choice = ScmsPDU_content_is_ma_ra}};
		ask.content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaLCIRequest;
		ask.content.u.ma_ra.u.maRaLCIRequest = (struct MaRaLCIRequestMsg){
		    .version = 1,
		    .tbs = {.maId = ma_host, .hpcr = {.items = hashes, .count = 1, .element = &oer_HPCR}},
		    .signatures = {.element = &oer_Countersignature}};
		ma_asks(WORLD_RA, "/ra/linkage-chains", "SecuredLCIRequest", "SecuredLCIResponse", &ask, &opened[1], &answer, &kept[1]);
		it = oer_iterate(&answer.content.u.ma_ra.u.raMaLCIResponse.lciInfo);
		world_must(oer_next(&it, &chains) && chains.reply.choice == HPCR2LCI_reply_is_success, "LCI", "unknown");
	}

	/* chain -> seed, from each LA */
	for (unsigned k = 0; k < 2; k++) {
		const struct EncryptedData *lci = k == 0 ? &chains.reply.u.success.info.la1_lci : &chains.reply.u.success.info.la2_lci;
		struct LCI2LS seed;

		ask = (struct ScmsPDU){.version = 1, .content = {.choice = ScmsPDU_content_is_la_ma}};
		ask.content.u.la_ma.choice = LaMaInterfacePDU_is_maLaLinkageSeedRequest;
		ask.content.u.la_ma.u.maLaLinkageSeedRequest = (struct MaLaLinkageSeedRequestMsg){
		    .version = 1,
		    .tbs = {.maId = ma_host, .lci = {.items = lci, .count = 1, .element = &oer_EncryptedData}},
		    .signatures = {.element = &oer_Countersignature}};
		ma_asks(k == 0 ? WORLD_LA1 : WORLD_LA2, "/la/linkage-seed", "SecuredLSRequest", "SecuredLSReply", &ask, &opened[2 + k], &answer,
			&kept[2 + k]);
		it = oer_iterate(&answer.content.u.la_ma.u.laMaLinkageSeedResponse.lsInfo);
		world_must(oer_next(&it, &seed) && seed.reply.choice == LCI2LS_reply_is_success, "seed", "refused");
		memcpy(seeds[k], seed.reply.u.success.linkageSeed, LINKAGE_SEED);
		memcpy(la_id[k], seed.reply.u.success.laId, 2);
	}
	/* The seeds give every linkage value from now on, and of this vehicle only. */
	for (unsigned c = 0; c < bad->n; c++) {
		uint8_t seed[2][LINKAGE_SEED], plv[2][1][LINKAGE_VALUE], value[LINKAGE_VALUE];

		memcpy(seed, seeds, sizeof(seed));
		for (unsigned k = 0; k < 2; k++) {
			uint16_t id = (uint16_t)(la_id[k][0] << 8 | la_id[k][1]);

			CHECK(linkage_seed_advance(id, bad->certificates[c].i - first, seed[k]) &&
				  linkage_pre_values(id, seed[k], bad->certificates[c].j, 1, plv[k]),
			      "values");
		}
		linkage_value(plv[0][0], plv[1][0], value);
		CHECK(memcmp(value, bad->certificates[c].lv, LINKAGE_VALUE) == 0, "period %u, certificate %u", bad->certificates[c].i,
		      bad->certificates[c].j);
	}

	/* Blacklisted: asks for nothing any more. Twice: said so. */
	for (unsigned k = 0; k < 2; k++) {
		const uint8_t *hashes[2] = {hpcr, bad->enrolment.cert.hash256};
		struct message message = {.has_signer = false};
		struct BlacklistingStatus status;
		struct fetched got;

		ask = (struct ScmsPDU){.version = 1, .content = {.choice = ScmsPDU_content_is_ma_ra}};
		ask.content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaBlacklistRequest;
		ask.content.u.ma_ra.u.maRaBlacklistRequest = (struct MaRaBlacklistRequestMsg){
		    .version = 1,
		    .tbs = {.maId = ma_host, .hpcr = {.items = hashes, .count = 2, .element = &oer_HPCR}},
		    .signatures = {.element = &oer_Countersignature}};
		ma_asks(WORLD_RA, "/ra/blacklist", "SecuredBlacklistRequest", "SecuredBlacklistResponse", &ask, &message, &answer, &got);
		it = oer_iterate(&answer.content.u.ma_ra.u.raMaBlacklistResponse.status);
		world_must(oer_next(&it, &status), "blacklist", "no answer");
		CHECK((status.reply.choice == BlacklistingStatus_reply_is_success) == (k == 0), "blacklisted, time %u", k);
		world_must(oer_next(&it, &status), "blacklist", "one answer");
		CHECK(status.reply.choice == BlacklistingStatus_reply_is_failure, "a hash that is of no request");
		bytes_free(&got.body);
		message_free(&message);
	}
	{
		struct bytes body = asked_at(bad, 0);
		char file[64];

		expect("asks after it was blacklisted", post(BATCH, &body), 403, 5055);
		bytes_free(&body);
		body = asked_at(bad, -4000);
		expect("blacklist comes before time", post(BATCH, &body), 403, 5055);
		bytes_free(&body);
		snprintf(file, sizeof(file), "%s_%x.zip", bad->name, first);
		expect("downloads after it was blacklisted", download(&bad->enrolment, "/download/batch", file, 0), 403, 5055);
	}
	for (unsigned k = 0; k < 4; k++) {
		message_free(&opened[k]);
		bytes_free(&kept[k].body);
	}
}

static void nobody_can_join(bool leaky)
{
	struct privacy privacy = privacy_pca(&world, vehicles, vehicle_count);

	CHECK(privacy.tries >= 5, "%u tries", privacy.tries);
	printf("privacy: best of %u tries: %s, advantage %.3f, chance allows %.3f\n", privacy.tries, privacy.by, privacy.advantage,
	       privacy.noise);
	if (leaky) {
		CHECK(privacy.advantage > privacy.noise, "the leak is not noticed");
		return;
	}
	CHECK(privacy.advantage <= privacy.noise, "%s tells certificates of one vehicle", privacy.by);
	CHECK(privacy_traces(&world, vehicles, vehicle_count) == 0, "traces");
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/scms-provision-XXXXXX", command[128], settings[256];
	bool leaky = argc == 6 && strcmp(argv[5], "leaky") == 0;
	pid_t pid;

	if (argc < 5 || mkdtemp(folder) == NULL)
		return 2;
	vehicle_count = (unsigned)atoi(argv[2]);
	periods = (unsigned)atoi(argv[3]);
	each = (unsigned)atoi(argv[4]);
	vehicles = calloc(vehicle_count, sizeof(*vehicles));
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(settings, sizeof(settings),
		 "shuffle_threshold = %u; max_request_age = 15; supply = %u; certificates_per_period = %u; download_delay = 1;",
		 leaky ? 1 : vehicle_count * periods * each / 2, periods * PERIOD_SECONDS, each);
	world_make(&world, folder, settings);
	first = period_of(now32());
	pid = run_start(&world, argv[1], NULL);
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		run_await(&world, (enum world_component)k);
	for (unsigned v = 0; v < vehicle_count; v++) {
		vehicle_begin(&world, &vehicles[v]);
		CHECK(vehicle_send(&world, &vehicles[v]), "vehicle %u", v);
	}
	collect_all();
	values_differ();
	if (!leaky) {
		request_refusals();
		download_refusals();
		peer_refusals();
	}
	nobody_can_join(leaky);
	if (!leaky)
		ma_walks(&vehicles[vehicle_count - 1]);
	run_stop(pid);
	for (unsigned v = 0; v < vehicle_count; v++)
		vehicle_free(&vehicles[v]);
	free(vehicles);
	world_free(&world);
	if (check_failures > 0) {
		fprintf(stderr, "kept for inspection: %s\n", folder);
		return 1;
	}
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || check_done();
}
