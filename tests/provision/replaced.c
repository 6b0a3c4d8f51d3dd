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

#define EACH 3
#define PERIODS 2
#define ALONE "SELECT count(*) FROM item WHERE kind > 1 AND state = 4"

static struct key_error err;
static uint16_t first;
static int64_t offset; /* seconds that the test has turned the clock forward */

/* Three seconds each: after two, what failed is tried again. */
static void turns(unsigned n)
{
	while (n-- > 0) {
		clock_set_offset(offset += 3);
		behind_turn();
	}
}

static int ask(struct vehicle *vehicle)
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

/* A period's certificates, each by the PCA that the world has now; their linkage values. */
static unsigned fetch_period(struct vehicle *vehicle, uint16_t i, uint8_t values[EACH][LINKAGE_VALUE])
{
	struct bytes body = {NULL, 0};
	struct archive archive = {.member = NULL};
	unsigned n = 0;

	if (download(vehicle, i, &body) == 200 && archive_read(bytes_view(&body), EACH, 1 << 20, &archive, &err) == KEY_OK)
		for (size_t k = 0; k < archive.n; k++) {
			struct ee_certified got = {.certificate = {NULL, 0}};
			struct cert cert;
			unsigned in, j;

			if (sscanf(archive.member[k].name, "%x_%x", &in, &j) == 2 && in == i && j < EACH &&
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

static void all_at_hand(struct vehicle *vehicle, uint8_t values[PERIODS][EACH][LINKAGE_VALUE], const char *when)
{
	for (unsigned p = 0; p < PERIODS; p++) {
		unsigned n = fetch_period(vehicle, (uint16_t)(first + p), values[p]);

		CHECK(n == EACH, "%s, period %u: %u certificates of the PCA in use: %s", when, p, n, err.text);
	}
}

/* The world's next PCA, running; the certificate of the one before. */
static void another(const char *name, struct bytes *before)
{
	*before = world.certificate[WORLD_PCA];
	world.certificate[WORLD_PCA] = (struct bytes){NULL, 0};
	world_replace(&world, WORLD_PCA, name);
	behind_replace(&world, WORLD_PCA);
}

static void revoke_pca(struct bytes *certificate)
{
	struct cert cert;
	struct bytes crl;

	world_must(cert_read(&cert, bytes_view(certificate), &judge, NULL) == OER_OK, "PCA", "cannot be read");
	crl = world_revoke(&world, &cert);
	behind_trust(WORLD_RA, bytes_view(&crl));
	bytes_free(&crl);
	bytes_free(certificate);
}

/* Revoked first, replaced then: meanwhile nothing is to be had, and nothing is asked of the dead one. */
static void revoked(void)
{
	uint8_t old[PERIODS][EACH][LINKAGE_VALUE], new[PERIODS][EACH][LINKAGE_VALUE];
	struct vehicle vehicle;
	struct bytes certificate, none = {NULL, 0};
	int64_t alone, past = number(WORLD_RA, "SELECT count(*) FROM item WHERE state = 4");

	CHECK(ask(&vehicle) == 200, "asks");
	turns(6);
	all_at_hand(&vehicle, old, "before");
	alone = number(WORLD_RA, ALONE);
	certificate = world.certificate[WORLD_PCA];
	world.certificate[WORLD_PCA] = (struct bytes){NULL, 0};
	revoke_pca(&certificate);
	turns(3);
	CHECK(download(&vehicle, first, &none) == 404, "what is worthless is not given any more");
	bytes_free(&none);
	CHECK(number(WORLD_RA, "SELECT count(*) FROM past") == past + PERIODS * EACH, "the MA may still ask whose they were");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item") == 0 && number(WORLD_RA, "SELECT count(*) FROM file") == 0, "nothing else");
	bytes_free(&certificate);
	another("pca2", &certificate);
	turns(8);
	all_at_hand(&vehicle, new, "after");
	CHECK(memcmp(old, new, sizeof(old)) == 0, "the linkage chains go on: the seeds revoke the new ones, too");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM request WHERE stopped = 0 AND NOT EXISTS (SELECT 1 FROM batch WHERE request = request.id)") == 0,
	      "whoever asked has certificates again");
	CHECK(number(WORLD_RA, ALONE) == alone && number(WORLD_PCA, "SELECT count(*) FROM authorized") == alone && alone > 1,
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
	uint8_t values[PERIODS][EACH][LINKAGE_VALUE];
	struct vehicle has, waits;
	struct bytes certificate = {NULL, 0};
	int64_t issued;

	CHECK(ask(&has) == 200, "asks");
	turns(6);
	all_at_hand(&has, values, "before");
	CHECK(ask(&waits) == 200, "asks");
	for (unsigned k = 0; k < 10 && number(WORLD_RA, "SELECT count(*) FROM item WHERE state < 2") <= 0; k++)
		turns(1);
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state < 2") == PERIODS * EACH, "items on their way");
	another("pca3", &certificate);
	behind_replace(&world, WORLD_RA);
	turns(8);
	issued = number(WORLD_PCA, "SELECT count(*) FROM issued");
	CHECK(issued == PERIODS * EACH, "what was on its way is made by the next, what was issued stays: %lld", (long long)issued);
	all_at_hand(&waits, values, "on its way");
	CHECK(fetch_period(&has, first, values[0]) == 0, "of the PCA before");
	revoke_pca(&certificate);
	turns(8);
	all_at_hand(&has, values, "after");
	all_at_hand(&waits, values, "as before");
	CHECK(number(WORLD_PCA, "SELECT count(*) - count(DISTINCT lv) FROM issued") == 0, "no value twice");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state <> 4") == 0, "nothing was refused");
	vehicle_free(&has);
	vehicle_free(&waits);
}

unsigned another_pca(void)
{
	first = period_of(role_now());
	revoked();
	replaced();
	return check_failures;
}
