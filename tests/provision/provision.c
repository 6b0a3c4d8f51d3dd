/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provisioning end to end: RA, two LAs and PCA as scmsd runs them, over HTTPS with databases; vehicles by the end entity's
 * code. What is refused, by name. What the MA is told.
 *
 *   provision FOLDER SCMSD VEHICLES PERIODS CERTIFICATES
 *
 * FOLDER, which is there and empty, then holds what a thief would find, and the truth (truth.h): privacy.py attacks it.
 */
#include "base/clock.h"
#include "components/message.h"
#include "components/period.h"
#include "components/update.h"
#include "service/home.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/provision/run.h"
#include "tests/provision/truth.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/stat.h>
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
	expect("no such path", fetch(&world, world.url[WORLD_RA], "/nothing", (struct scms_slice){NULL, 0}, NULL, NULL, NULL), 404, 5072);
	expect("no CRL store", fetch(&world, world.url[WORLD_RA], "/retrieve-ra-certificate", (struct scms_slice){NULL, 0}, NULL, NULL, NULL), 404, 0);
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

/* The seeds give every linkage value from now on, and of this vehicle only. */
static void ma_walks(struct vehicle *vehicle)
{
	walk_vehicle(&world, vehicle);
	for (unsigned c = 0; c < vehicle->n; c++) {
		const struct vehicle_certificate *certificate = &vehicle->certificates[c];
		uint8_t plv[2][LINKAGE_VALUE], value[LINKAGE_VALUE];

		walk_values(vehicle, first, certificate, plv);
		linkage_value(plv[0], plv[1], value);
		CHECK(memcmp(value, certificate->lv, LINKAGE_VALUE) == 0, "period %u, certificate %u", certificate->i, certificate->j);
	}
}

/* Asks for nothing any more. */
static void ma_blacklists(struct vehicle *bad)
{
	const struct scms_slice ma_host = {(const uint8_t *)"ma.localhost", 12};
	struct bytes body;
	char file[64];

	/* Twice: said so. */
	for (unsigned k = 0; k < 2; k++) {
		const uint8_t *hashes[2] = {bad->certificates[0].hpcr, bad->enrolment.cert.hash256};
		struct ScmsPDU ask = {.version = 1, .content = {.choice = ScmsPDU_content_is_ma_ra}};
		struct BlacklistingStatus status;
		struct walk_reply reply;
		struct oer_iter it;

		ask.content.u.ma_ra.choice = MaRaInterfacePDU_is_maRaBlacklistRequest;
		ask.content.u.ma_ra.u.maRaBlacklistRequest = (struct MaRaBlacklistRequestMsg){
		    .version = 1,
		    .tbs = {.maId = ma_host, .hpcr = {.items = hashes, .count = 2, .element = &oer_HPCR}},
		    .signatures = {.element = &oer_Countersignature}};
		walk_ask(&world, WORLD_RA, "/ra/blacklist", "SecuredBlacklistRequest", "SecuredBlacklistResponse", &ask, &reply);
		it = oer_iterate(&reply.content.content.u.ma_ra.u.raMaBlacklistResponse.status);
		world_must(oer_next(&it, &status), "blacklist", "no answer");
		CHECK((status.reply.choice == BlacklistingStatus_reply_is_success) == (k == 0), "blacklisted, time %u", k);
		world_must(oer_next(&it, &status), "blacklist", "one answer");
		CHECK(status.reply.choice == BlacklistingStatus_reply_is_failure, "a hash that is of no request");
		walk_reply_free(&reply);
	}
	body = asked_at(bad, 0);
	expect("asks after it was blacklisted", post(BATCH, &body), 403, 5055);
	bytes_free(&body);
	body = asked_at(bad, -4000);
	expect("blacklist comes before time", post(BATCH, &body), 403, 5055);
	bytes_free(&body);
	snprintf(file, sizeof(file), "%s_%x.zip", bad->name, first);
	expect("downloads after it was blacklisted", download(&bad->enrolment, "/download/batch", file, 0), 403, 5055);
}

/* ---- who is revoked while its connections are open ---- */

/* A test client with the identity of a component. */
struct caller {
	const char *name, *certificate, *key;
	char *line;
};

/* The line of a component that runs. */
static char *line_of(enum world_component which)
{
	struct home_error err;
	struct party party = {.crypto = &judge};
	char path[600], *line;
	struct home *home;

	snprintf(path, sizeof(path), "%s/%s", world.folder, world.name[which]);
	home = home_open(path, NULL, &judge, &err);
	world_must(home != NULL && home_party(home, &party, &err) == HOME_OK, path, err.text);
	snprintf(path, sizeof(path), "%s/%s/tls/certificate.pem", world.folder, world.name[which]);
	line = world_says(&party, path);
	home_close(home);
	return line;
}

/* The CRL comes to a component from the manager. */
static void revoke_at(enum world_component which, const struct bytes *crl)
{
	const struct scms_session session = {.crl = bytes_view(crl)};
	struct scms_slice body;
	struct fetched fetched;

	world_must(update_make(&session, &body), "update", "memory");
	fetched = fetch(&world, world.url[which], "/trust", body, NULL, world.manager_certificate, world.manager_key);
	CHECK(fetched.status == 200, "/trust at %s: %d: %.*s", world.name[which], fetched.status, (int)fetched.body.n, (const char *)fetched.body.p);
	bytes_free(&fetched.body);
	free((void *)(uintptr_t)body.p);
}

/* MA, RA, PCA and DCM, at all that is for them alone: heard until they are revoked, and not with the next request on the same connection. */
static void revoked_while_connected(void)
{
	enum { MA, RA, PCA, DCM, CALLERS };
	static const struct {
		unsigned caller;
		enum world_component which;
		const char *path;
	} places[] = {
	    {MA, WORLD_RA, "/ra/blacklist"},		{MA, WORLD_RA, "/ra/linkage-chains"},	     {MA, WORLD_RA, "/ra/rif-blacklist"},
	    {MA, WORLD_RA, "/ra/certificates"},		{MA, WORLD_PCA, "/pca/pre-linkage-values"},  {MA, WORLD_PCA, "/pca/request-hashes"},
	    {MA, WORLD_LA1, "/la/linkage-seed"},	{RA, WORLD_PCA, "/pca/pseudonym"},	     {RA, WORLD_PCA, "/pca/identification"},
	    {RA, WORLD_PCA, "/pca/application"},	{RA, WORLD_LA1, "/la/pre-linkage-values"},  {PCA, WORLD_LA1, "/la/key-agreement"},
	    {DCM, WORLD_RA, "/enrolment-succession"},
	};
	const struct scms_slice body = {(const uint8_t *)"\x03\x80\x00", 3};
	const struct cert *const certs[] = {&world.ma.cert, &world.cert[WORLD_RA], &world.cert[WORLD_PCA], &world.dcm.cert};
	struct party dcm = world_party(&world.dcm);
	char pca_certificate[600], pca_key[600];
	struct caller callers[CALLERS] = {[MA] = {"MA", world.ma_certificate, world.ma_key, world.ma_line},
					  [RA] = {"RA", world.ra_certificate, world.ra_key, line_of(WORLD_RA)},
					  [PCA] = {"PCA", pca_certificate, pca_key, line_of(WORLD_PCA)},
					  [DCM] = {"DCM", world.dcm_certificate, world.dcm_key, world_says(&dcm, world.dcm_certificate)}};
	struct bytes crl = world_revoke(&world, certs, CALLERS);

	snprintf(pca_certificate, sizeof(pca_certificate), "%s/pca/tls/certificate.pem", world.folder);
	snprintf(pca_key, sizeof(pca_key), "%s/pca/tls/key.pem", world.folder);
	for (unsigned revoked = 0; revoked < 2; revoked++) {
		for (unsigned k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
			const struct caller *caller = &callers[places[k].caller];
			struct fetched fetched = fetch(&world, world.url[places[k].which], places[k].path, body, caller->line,
						       caller->certificate, caller->key);

			/* What it asks is no message: so far comes who is believed. */
			CHECK(revoked ? fetched.status == 403 && fetched.kept && strstr(fetched.text, "CERT_REVOKED") != NULL
				      : fetched.status == 400,
			      "%s at %s, %s: %d%s: %s", caller->name, places[k].path, revoked ? "revoked" : "valid", fetched.status,
			      fetched.kept ? "" : ", anew", fetched.text);
			bytes_free(&fetched.body);
		}
		for (unsigned which = 0; which < WORLD_LA2 && !revoked; which++)
			revoke_at((enum world_component)which, &crl);
	}
	for (unsigned k = RA; k < CALLERS; k++)
		free(callers[k].line);
	bytes_free(&crl);
}

int main(int argc, char **argv)
{
	char folder[400], settings[256];
	pid_t pid;

	if (argc != 6)
		return 2;
	snprintf(folder, sizeof(folder), "%s/world", argv[1]);
	world_must(mkdir(folder, 0700) == 0, folder, "cannot be made");
	vehicle_count = (unsigned)atoi(argv[3]);
	periods = (unsigned)atoi(argv[4]);
	each = (unsigned)atoi(argv[5]);
	vehicles = calloc(vehicle_count, sizeof(*vehicles));
	curl_global_init(CURL_GLOBAL_DEFAULT);
	/* All that is asked for is one shuffle. */
	snprintf(settings, sizeof(settings),
		 "shuffle_threshold = %u; max_request_age = 3600; supply = %u; certificates_per_period = %u; download_delay = 1; "
		 "download_tolerance = 50;",
		 vehicle_count * periods * each, periods * PERIOD_SECONDS, each);
	world_make(&world, folder, settings);
	first = period_of(now32());
	pid = run_start(&world, argv[2], NULL);
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		run_await(&world, (enum world_component)k);
	for (unsigned v = 0; v < vehicle_count; v++) {
		vehicle_begin(&world, &vehicles[v]);
		CHECK(vehicle_send(&world, &vehicles[v]), "vehicle %u", v);
	}
	collect_all();
	values_differ();
	request_refusals();
	download_refusals();
	peer_refusals();
	for (unsigned v = 0; v < vehicle_count; v++)
		ma_walks(&vehicles[v]);
	truth_keep(&world, vehicles, vehicle_count, first, argv[1]);
	ma_blacklists(&vehicles[vehicle_count - 1]);
	revoked_while_connected();
	run_stop(pid);
	for (unsigned v = 0; v < vehicle_count; v++)
		vehicle_free(&vehicles[v]);
	free(vehicles);
	world_free(&world);
	return check_done();
}
