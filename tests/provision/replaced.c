/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind the socket: another PCA takes the place of the RA's. Where the first was revoked, what it issued is made anew, for
 * vehicles that ask for nothing; where it is valid, what it has not issued yet.
 */
#include "components/archive.h"
#include "components/period.h"
#include "components/role_service.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/provision/kinds.h"
#include "tests/provision/vehicle.h"

#include <stdlib.h>

static struct key_error err;
static uint16_t first;
static int64_t offset; /* seconds that the test has turned the clock forward */

void kinds_turns(unsigned n)
{
	while (n-- > 0) {
		clock_set_offset(offset += 3);
		behind_turn();
	}
}

int kinds_ask(struct vehicle *vehicle)
{
	vehicle_begin(&world, vehicle);
	return behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&vehicle->sent), NULL, NULL);
}

static int download(const struct vehicle *vehicle, uint16_t i, struct bytes *body)
{
	char name[64], *header;
	int status;

	snprintf(name, sizeof(name), "%s_%x.zip", vehicle->name, i);
	header = vehicle_download(&world, &vehicle->enrolment, name, role_now());
	status = behind_request(WORLD_RA, "/download/batch", (struct scms_slice){NULL, 0}, header + strlen("Download-Req: "), body);
	free(header);
	return status;
}

int kinds_download(const struct vehicle *vehicle)
{
	struct bytes body = {NULL, 0};
	int status = download(vehicle, first, &body);

	bytes_free(&body);
	return status;
}

/* A period's certificates, each by the PCA that the world has now; their linkage values. */
static unsigned fetch_period(struct vehicle *vehicle, uint16_t i, uint8_t values[KINDS_EACH][LINKAGE_VALUE])
{
	struct bytes body = {NULL, 0};
	struct archive archive = {.member = NULL};
	unsigned n = 0;

	if (download(vehicle, i, &body) == 200 && archive_read(bytes_view(&body), KINDS_EACH, 1 << 20, &archive, &err) == KEY_OK)
		for (size_t k = 0; k < archive.n; k++) {
			struct ee_certified got = {.certificate = {NULL, 0}};
			struct cert cert;
			unsigned in, j;

			if (sscanf(archive.member[k].name, "%x_%x", &in, &j) == 2 && in == i && j < KINDS_EACH &&
			    ee_pseudonym_take(&vehicle->keys, i, (uint8_t)j, bytes_view(&archive.member[k].content), &world.cert[WORLD_PCA],
					      &judge, &got, &err) == KEY_OK &&
			    cert_read(&cert, bytes_view(&got.certificate), &judge, NULL) == OER_OK) {
				memcpy(values[j], cert.c.toBeSigned.id.u.linkageData.linkage_value, LINKAGE_VALUE);
				n++;
			}
			ee_certified_free(&got);
		}
	archive_free(&archive);
	bytes_free(&body);
	return n;
}

void kinds_all_at_hand(struct vehicle *vehicle, struct kinds_values *values, const char *when)
{
	for (unsigned p = 0; p < KINDS_PERIODS; p++) {
		unsigned n = fetch_period(vehicle, (uint16_t)(first + p), values->lv[p]);

		CHECK(n == KINDS_EACH, "%s, period %u: %u certificates of the PCA in use: %s", when, p, n, err.text);
	}
}

void kinds_next_pca(const char *name, struct bytes *before)
{
	*before = world.certificate[WORLD_PCA];
	world.certificate[WORLD_PCA] = (struct bytes){NULL, 0};
	world_replace(&world, WORLD_PCA, name);
	behind_replace(&world, WORLD_PCA);
}

struct bytes kinds_revocation(const struct bytes *certificate)
{
	struct cert cert;

	world_must(cert_read(&cert, bytes_view(certificate), &judge, NULL) == OER_OK, "PCA", "cannot be read");
	return world_revoke(&world, &(const struct cert *){&cert}, 1);
}

static void revoke_pca(struct bytes *certificate)
{
	struct bytes crl = kinds_revocation(certificate);

	behind_trust(WORLD_RA, bytes_view(&crl));
	bytes_free(&crl);
	bytes_free(certificate);
}

/* Revoked first, replaced then: meanwhile nothing is to be had, and nothing is asked of the dead one. */
static void revoked(void)
{
	struct kinds_values old, new;
	struct vehicle vehicle;
	struct bytes certificate, none = {NULL, 0};
	int64_t alone, past = number(WORLD_RA, "SELECT count(*) FROM item WHERE state = 4");

	CHECK(kinds_ask(&vehicle) == 200, "asks");
	kinds_turns(6);
	kinds_all_at_hand(&vehicle, &old, "before");
	alone = number(WORLD_RA, KINDS_ALONE);
	certificate = world.certificate[WORLD_PCA];
	world.certificate[WORLD_PCA] = (struct bytes){NULL, 0};
	revoke_pca(&certificate);
	kinds_turns(3);
	CHECK(download(&vehicle, first, &none) == 404, "what is worthless is not given any more");
	bytes_free(&none);
	CHECK(number(WORLD_RA, "SELECT count(*) FROM past") == past + KINDS_PERIODS * KINDS_EACH, "the MA may still ask whose they were");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item") == 0 && number(WORLD_RA, "SELECT count(*) FROM file") == 0, "nothing else");
	bytes_free(&certificate);
	kinds_next_pca("pca2", &certificate);
	kinds_turns(8);
	kinds_all_at_hand(&vehicle, &new, "after");
	CHECK(memcmp(&old, &new, sizeof(old)) == 0, "the linkage chains go on: the seeds revoke the new ones, too");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM request WHERE stopped = 0 AND NOT EXISTS (SELECT 1 FROM batch WHERE request = request.id)") == 0,
	      "whoever asked has certificates again");
	CHECK(number(WORLD_RA, KINDS_ALONE) == alone && number(WORLD_PCA, "SELECT count(*) FROM authorized") == alone && alone > 1,
	      "identification and application certificates, too");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state <> 4") == 0, "nothing was refused");
	bytes_free(&certificate);
	vehicle_free(&vehicle);
}

/*
 * Replaced first, revoked then, and the RA is stopped in between: what a valid PCA issued stays, what it has not issued yet
 * is made anew, since its pre-linkage values are of no use to another. Then what it issued, too.
 */
static void replaced(void)
{
	struct kinds_values values;
	struct vehicle has, waits;
	struct bytes certificate = {NULL, 0};
	int64_t issued;

	CHECK(kinds_ask(&has) == 200, "asks");
	kinds_turns(6);
	kinds_all_at_hand(&has, &values, "before");
	CHECK(kinds_ask(&waits) == 200, "asks");
	for (unsigned k = 0; k < 10 && number(WORLD_RA, "SELECT count(*) FROM item WHERE state < 2") <= 0; k++)
		kinds_turns(1);
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state < 2") == KINDS_PERIODS * KINDS_EACH, "items on their way");
	kinds_next_pca("pca3", &certificate);
	behind_replace(&world, WORLD_RA);
	kinds_turns(8);
	issued = number(WORLD_PCA, "SELECT count(*) FROM issued");
	CHECK(issued == KINDS_PERIODS * KINDS_EACH, "what was on its way is made by the next, what was issued stays: %lld", (long long)issued);
	kinds_all_at_hand(&waits, &values, "on its way");
	CHECK(fetch_period(&has, first, values.lv[0]) == 0, "of the PCA before");
	revoke_pca(&certificate);
	kinds_turns(8);
	kinds_all_at_hand(&has, &values, "after");
	kinds_all_at_hand(&waits, &values, "as before");
	CHECK(number(WORLD_PCA, "SELECT count(*) - count(DISTINCT lv) FROM issued") == 0, "no value twice");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state <> 4") == 0, "nothing was refused");
	vehicle_free(&has);
	vehicle_free(&waits);
}

/*
 * Another certificate for the same PCA, in the same home and database, and the RA is not told. What either issued is known as its
 * own. When the first is revoked, the second issues what the first had: the same values again, and answers to requests that it
 * knows already.
 */
static void renewed(void)
{
	struct kinds_values old, new, later;
	struct vehicle has, asks;
	struct bytes before, kept = {NULL, 0}, still = {NULL, 0}, crl;
	int64_t alone, filed;

	CHECK(kinds_ask(&has) == 200, "asks");
	kinds_turns(6);
	kinds_all_at_hand(&has, &old, "before");
	alone = number(WORLD_RA, KINDS_ALONE);
	before = world.certificate[WORLD_PCA];
	world.certificate[WORLD_PCA] = (struct bytes){NULL, 0};
	world_renew(&world, WORLD_PCA);
	behind_replace(&world, WORLD_PCA);
	CHECK(kinds_ask(&asks) == 200, "asks");
	kinds_turns(8);
	kinds_all_at_hand(&asks, &later, "by the second");
	CHECK(download(&asks, first, &kept) == 200, "is there");
	CHECK(db_number(behind_service(WORLD_RA)->db, "SELECT count(*) FROM batch JOIN pca ON pca.number = batch.pca WHERE pca.id = $1",
			DB_VALUES(db_bytes(cert_id8(&world.cert[WORLD_PCA]), 8)), 0) == KINDS_PERIODS,
	      "the RA knows which are the second's");
	filed = number(WORLD_RA, "SELECT count(*) FROM item WHERE state = 4");
	crl = kinds_revocation(&before);
	behind_trust(WORLD_RA, bytes_view(&crl));
	behind_trust(WORLD_PCA, bytes_view(&crl));
	kinds_turns(8);
	kinds_all_at_hand(&has, &new, "after");
	CHECK(memcmp(&old, &new, sizeof(old)) == 0, "the linkage chains go on");
	CHECK(download(&asks, first, &still) == 200 && still.n == kept.n && memcmp(still.p, kept.p, kept.n) == 0, "nothing is made twice");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state <> 4") == 0, "nothing was refused");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state = 4") == filed && number(WORLD_RA, KINDS_ALONE) == alone, "as many as before");
	CHECK(number(WORLD_PCA, "SELECT count(*) FROM (SELECT 1 FROM issued GROUP BY lv, issuer HAVING count(*) > 1)") == 0, "no value twice");
	bytes_free(&kept);
	bytes_free(&still);
	bytes_free(&before);
	bytes_free(&crl);
	vehicle_free(&has);
	vehicle_free(&asks);
}

unsigned another_pca(void)
{
	first = period_of(role_now());
	revoked();
	replaced();
	renewed();
	return check_failures;
}

static int64_t made_for(const struct vehicle *vehicle)
{
	return db_number(behind_service(WORLD_RA)->db,
			 "SELECT count(*) FROM item JOIN request ON request.id = item.request WHERE request.hash = $1 AND item.state = 4",
			 DB_VALUES(db_bytes(vehicle->hash, 8)), -1);
}

/*
 * An LA is revoked: what it answers is used no more. Another takes its place, which cannot continue chains that it did not begin: they
 * begin anew there, and go on at the other LA. A week later there is one chain among others that it does not know: the same, for that one.
 */
unsigned another_la(void)
{
	struct kinds_values values;
	struct vehicle has, asks;
	struct bytes crl = world_revoke(&world, &(const struct cert *){&world.cert[WORLD_LA1]}, 1);
	int64_t others, requests, own = 0;

	CHECK(kinds_ask(&has) == 200, "asks");
	kinds_turns(6);
	CHECK(made_for(&has) == KINDS_PERIODS * KINDS_EACH, "it has a chain");
	behind_trust(WORLD_RA, bytes_view(&crl));
	behind_trust(WORLD_PCA, bytes_view(&crl));
	CHECK(kinds_ask(&asks) == 200, "asks");
	kinds_turns(4);
	CHECK(made_for(&asks) == 0 && kinds_download(&asks) == 404, "nothing is made of what a revoked LA says");
	world_replace(&world, WORLD_LA1, "la3");
	behind_replace(&world, WORLD_LA1);
	behind_replace(&world, WORLD_PCA);
	behind_replace(&world, WORLD_RA);
	kinds_turns(8);
	kinds_all_at_hand(&asks, &values, "by the next LA");
	others = number(WORLD_RA, "SELECT count(DISTINCT lci2) FROM chain");
	requests = number(WORLD_RA, "SELECT count(*) FROM request WHERE kind = 1 AND stopped = 0");
	CHECK(requests > 2, "chains: %lld", (long long)requests);
	for (unsigned week = 1; week <= 2; week++) {
		if (week == 2) {
			own = number(WORLD_RA, "SELECT count(DISTINCT lci1) FROM chain");
			CHECK(db_run(behind_service(WORLD_RA)->db,
				     "UPDATE chain SET lci1 = lci2 WHERE id = (SELECT enrolment.chain FROM enrolment JOIN request ON "
				     "request.enrolment = enrolment.id WHERE request.hash = $1)",
				     DB_VALUES(db_bytes(has.hash, 8))) == 1,
			      "a chain that is the other LA's");
			CHECK(number(WORLD_RA, "CREATE TEMP TABLE known AS SELECT lci1 FROM chain WHERE lci1 <> lci2") == -1, "noted");
		}
		offset += PERIOD_SECONDS;
		kinds_turns(16 + 4 * (unsigned)requests);
		CHECK(made_for(&has) == (KINDS_PERIODS + week) * KINDS_EACH, "week %u: %lld", week, (long long)made_for(&has));
		CHECK(made_for(&asks) == (KINDS_PERIODS + week) * KINDS_EACH, "week %u: %lld", week, (long long)made_for(&asks));
		CHECK(number(WORLD_RA, "SELECT count(*) FROM request WHERE kind = 1 AND stopped = 0 AND i_next <> (SELECT max(i_next) FROM request)") == 0,
		      "week %u: nobody is left behind", week);
	}
	CHECK(number(WORLD_RA, "SELECT count(*) FROM chain JOIN known USING (lci1)") == own - 1, "all chains but one go on");
	CHECK(number(WORLD_RA, "SELECT count(DISTINCT lci2) FROM chain") == others, "at the other LA all go on");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state <> 4") == 0, "nothing was refused");
	CHECK(number(WORLD_PCA, "SELECT count(*) FROM (SELECT 1 FROM issued GROUP BY lv, issuer HAVING count(*) > 1)") == 0, "no value twice");
	bytes_free(&crl);
	vehicle_free(&has);
	vehicle_free(&asks);
	return check_failures;
}
