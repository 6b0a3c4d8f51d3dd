/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind the socket: devices ask while there is no PCA to ask. Their requests are acknowledged and kept; what they come for is not
 * there yet (5065), and the .info says to come again; the log says once what is missing. When the PCA is back all is made, each
 * certificate once.
 */
#include "components/ra/codes.h"
#include "components/role_service.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/provision/kinds.h"
#include "tests/provision/vehicle.h"

#include <stdlib.h>

#define EACH_VEHICLE (KINDS_PERIODS * KINDS_EACH)

/* What the RA has of pseudonym certificates that are in force, and what the PCA has issued. */
struct counts {
	int64_t filed, issued;
};

static struct counts count(void)
{
	return (struct counts){number(WORLD_RA, "SELECT count(*) FROM item WHERE kind = 1 AND state = 4"),
			       number(WORLD_PCA, "SELECT count(*) FROM issued")};
}

/* The .info of its request: when to come again, in seconds from now; -1: none is given. */
static int64_t told(const struct vehicle *vehicle)
{
	char name[32], *header;
	struct bytes body = {NULL, 0};
	int64_t time = -1;

	snprintf(name, sizeof(name), "%s.info", vehicle->name);
	header = vehicle_download(&world, &vehicle->enrolment, name, role_now());
	if (behind_request(WORLD_RA, "/download/info", (struct scms_slice){NULL, 0}, header + strlen("Download-Req: "), &body) == 200 && body.n == 4)
		time = (int64_t)((uint32_t)body.p[0] << 24 | (uint32_t)body.p[1] << 16 | (uint32_t)body.p[2] << 8 | body.p[3]) - role_now();
	free(header);
	bytes_free(&body);
	return time;
}

/* Asks, and comes for what is not there. */
static void in_vain(struct vehicle *vehicle, const char *why)
{
	CHECK(kinds_ask(vehicle) == 200, "%s: acknowledged", why);
	kinds_turns(6);
	CHECK(kinds_download(vehicle) == 404 && behind_code() == RA_NO_CERT_FILE, "%s: not yet: %u", why, behind_code());
	CHECK(told(vehicle) == 60, "%s: it is told to come again: %lld", why, (long long)told(vehicle));
	CHECK(behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&vehicle->sent), NULL, NULL) == 409 &&
		  behind_code() == RA_DUPLICATE_REQUEST,
	      "%s: its request is there", why);
}

/* The PCA is back: all is made, and nothing twice. */
static void in_the_end(struct vehicle *vehicle, const struct counts *before, unsigned vehicles, const char *why)
{
	struct kinds_values values;
	struct counts after;

	kinds_turns(8);
	kinds_all_at_hand(vehicle, &values, why);
	after = count();
	CHECK(after.filed == before->filed + vehicles * EACH_VEHICLE && after.issued == before->issued + vehicles * EACH_VEHICLE, "%s: each once: %lld, %lld",
	      why, (long long)(after.filed - before->filed), (long long)(after.issued - before->issued));
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state <> 4") == 0, "%s: nothing is left, nothing was refused", why);
	CHECK(number(WORLD_PCA, "SELECT count(*) FROM (SELECT 1 FROM issued GROUP BY lv, issuer HAVING count(*) > 1)") == 0, "%s: no value twice", why);
}

/* The RA has just started, and nobody has told it who the PCA is. */
static void unknown(void)
{
	struct counts before = count();
	unsigned lines = behind_logged(WORLD_RA, "PCA");
	struct vehicle vehicle;

	behind_presence(WORLD_PCA, BEHIND_DOWN);
	behind_replace(&world, WORLD_RA);
	in_vain(&vehicle, "unknown");
	CHECK(behind_logged(WORLD_RA, "PCA") == lines + 1, "unknown: the log says so, once: %u", behind_logged(WORLD_RA, "PCA") - lines);
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state < 4") == 0, "unknown: nothing is expanded for nobody");
	behind_replace(&world, WORLD_RA); /* kept over a restart */
	behind_presence(WORLD_PCA, BEHIND_ANSWERS);
	in_the_end(&vehicle, &before, 1, "unknown");
	CHECK(behind_logged(WORLD_RA, "PCA") == lines + 2, "known again: %u", behind_logged(WORLD_RA, "PCA") - lines);
	vehicle_free(&vehicle);
}

/* It is known, and is gone; then it runs and may not issue; then it does what it is asked for and its answers are lost. */
static void gone(enum behind_presence presence, const char *why)
{
	struct counts before = count(), meanwhile;
	unsigned lines = behind_logged(WORLD_RA, "PCA does not answer");
	struct vehicle vehicle;

	behind_presence(WORLD_PCA, presence);
	in_vain(&vehicle, why);
	meanwhile = count();
	CHECK(behind_logged(WORLD_RA, "PCA does not answer") > lines, "%s: the log says so", why);
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE state = 1") == EACH_VEHICLE, "%s: kept", why);
	CHECK(meanwhile.issued == before.issued + (presence == BEHIND_MUTE ? EACH_VEHICLE : 0), "%s: issued meanwhile: %lld", why,
	      (long long)(meanwhile.issued - before.issued));
	behind_replace(&world, WORLD_RA);
	behind_replace(&world, WORLD_PCA);
	behind_presence(WORLD_PCA, BEHIND_ANSWERS);
	in_the_end(&vehicle, &before, 1, why);
	vehicle_free(&vehicle);
}

/* It is revoked, and still answers; the next comes later. What was there is made anew, too. */
static void dead(void)
{
	struct vehicle vehicle;
	struct bytes certificate, crl;
	int64_t filed = count().filed;
	unsigned lines = behind_logged(WORLD_RA, "PCA");

	crl = kinds_revocation(&world.certificate[WORLD_PCA]);
	behind_trust(WORLD_RA, bytes_view(&crl));
	in_vain(&vehicle, "revoked");
	CHECK(behind_logged(WORLD_RA, "PCA") == lines + 1, "revoked: the log says so, once: %u", behind_logged(WORLD_RA, "PCA") - lines);
	CHECK(count().filed == 0, "revoked: nothing of it is in force");
	kinds_next_pca("pca4", &certificate);
	in_the_end(&vehicle, &(struct counts){0, 0}, (unsigned)(filed / EACH_VEHICLE) + 1, "revoked");
	bytes_free(&crl);
	bytes_free(&certificate);
	vehicle_free(&vehicle);
}

unsigned without_pca(void)
{
	unknown();
	gone(BEHIND_DOWN, "down");
	gone(BEHIND_STOPPED, "stopped");
	gone(BEHIND_MUTE, "mute");
	dead();
	return check_failures;
}
