/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RA, PCA and both LAs, each a process, killed at random while vehicles are provisioned: what was acknowledged is not lost,
 * nothing is issued twice, and all ends well.
 *
 *   crash SCMSD VEHICLES PERIODS CERTIFICATES KILLS SEED
 */
#include "base/clock.h"
#include "components/period.h"
#include "tests/check.h"
#include "tests/provision/run.h"
#include "tests/provision/vehicle.h"

#include <curl/curl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

static struct world world;
static pid_t pids[WORLD_COMPONENTS];
static const char *const names[WORLD_COMPONENTS] = {"ra", "pca", "la1", "la2"};
static const char *scmsd;
static uint64_t state;

static unsigned chance(unsigned below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((state >> 33) % below);
}

static void start(unsigned which)
{
	const char *only[2] = {names[which], NULL};

	pids[which] = run_start(&world, scmsd, only);
}

static int64_t number(const char *component, const char *sql)
{
	char path[600];
	sqlite3 *db;
	sqlite3_stmt *query = NULL;
	int64_t value = -1;

	snprintf(path, sizeof(path), "%s/%s/db.sqlite", world.folder, component);
	world_must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		       sqlite3_prepare_v2(db, sql, -1, &query, NULL) == SQLITE_OK,
		   sql, sqlite3_errmsg(db));
	if (sqlite3_step(query) == SQLITE_ROW)
		value = sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	sqlite3_close(db);
	return value;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/scms-crash-XXXXXX", settings[256], command[128];
	unsigned count, periods, each, kills, killed = 0, accepted = 0, collected = 0, rounds = 0;
	struct vehicle *vehicles;
	bool *have;
	uint16_t first;

	if (argc != 7 || mkdtemp(folder) == NULL)
		return 2;
	scmsd = argv[1];
	count = (unsigned)atoi(argv[2]);
	periods = (unsigned)atoi(argv[3]);
	each = (unsigned)atoi(argv[4]);
	kills = (unsigned)atoi(argv[5]);
	state = (uint64_t)atoi(argv[6]);
	vehicles = calloc(count, sizeof(*vehicles));
	have = calloc((size_t)count * periods, sizeof(*have));
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(settings, sizeof(settings),
		 "shuffle_threshold = %u; max_request_age = 2; supply = %u; certificates_per_period = %u; download_tolerance = 60;", 4 * each,
		 periods * PERIOD_SECONDS, each);
	world_make(&world, folder, settings);
	first = period_of((scms_time32)(clock_now() / 1000000u));
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		start(k);
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		run_await(&world, (enum world_component)k);
	while ((killed < kills || collected < count * periods) && rounds++ < 200 * (kills + 20)) {
		if (killed < kills && chance(3) == 0) {
			unsigned which = chance(WORLD_COMPONENTS);

			run_kill(pids[which]);
			start(which);
			killed++;
		}
		/* New vehicles come in as fast as kills do, so that there is load until the end. */
		if (accepted < count && (kills == 0 || (uint64_t)accepted * kills <= (uint64_t)(killed + 1) * count)) {
			if (vehicles[accepted].sent.n == 0)
				vehicle_begin(&world, &vehicles[accepted]);
			accepted += vehicle_send(&world, &vehicles[accepted]);
		}
		for (unsigned k = 0; k < 4 && accepted > 0; k++) {
			unsigned v = chance(accepted), p = chance(periods);
			unsigned n = have[v * periods + p] ? 0 : vehicle_collect(&world, &vehicles[v], (uint16_t)(first + p));

			if (n == 0)
				continue;
			CHECK(n == each, "vehicle %u: %u certificates", v, n);
			have[v * periods + p] = true;
			collected++;
		}
		usleep((useconds_t)chance(120000));
	}
	printf("%u kills, %u vehicles acknowledged, %u of %u archives\n", killed, accepted, collected, count * periods);
	CHECK(killed == kills && accepted == count && collected == count * periods, "all ended well");
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		run_kill(pids[k]);
	CHECK(number("pca", "SELECT count(*) FROM issued") == (int64_t)count * periods * each, "issued: %lld",
	      (long long)number("pca", "SELECT count(*) FROM issued"));
	CHECK(number("pca", "SELECT count(DISTINCT lv) FROM issued") == (int64_t)count * periods * each, "linkage values");
	CHECK(number("ra", "SELECT count(*) FROM item WHERE state = 4") == (int64_t)count * periods * each, "filed");
	CHECK(number("ra", "SELECT count(*) FROM item") == (int64_t)count * periods * each, "items");
	for (unsigned v = 0; v < count; v++)
		vehicle_free(&vehicles[v]);
	free(vehicles);
	free(have);
	world_free(&world);
	if (check_failures > 0) {
		fprintf(stderr, "kept for inspection: %s\n", folder);
		return 1;
	}
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || check_done();
}
