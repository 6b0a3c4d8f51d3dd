/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/privacy.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the PCA's rows, each with its vehicle ---- */

static int vehicle_of(const struct vehicle *vehicles, unsigned n, const uint8_t *lv)
{
	for (unsigned v = 0; v < n; v++)
		for (unsigned c = 0; c < vehicles[v].n; c++)
			if (memcmp(vehicles[v].certificates[c].lv, lv, LINKAGE_VALUE) == 0)
				return (int)v;
	return -1;
}

static sqlite3 *open_database(const struct world *world, const char *component)
{
	char path[600];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/%s/db.sqlite", world->folder, component);
	world_must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, path, "cannot be opened");
	return db;
}

/* What one try says of neighbours: pairs put together, and how many are of one vehicle. */
static void judge_pairs(struct privacy *privacy, const char *by, unsigned pairs, unsigned same, double base)
{
	double advantage, noise;

	if (pairs < 30)
		return;
	privacy->tries++;
	advantage = ((double)same / pairs - base) / (1 - base);
	/* Five standard deviations of what chance gives. */
	noise = 5 * sqrt(base * (1 - base) / pairs) / (1 - base);
	if (advantage - noise > privacy->advantage - privacy->noise || privacy->tries == 1) {
		privacy->advantage = advantage;
		privacy->noise = noise;
		snprintf(privacy->by, sizeof(privacy->by), "%.63s", by);
	}
}

/* Puts rows together that follow each other in this order, or that have the same key; the key is the query's second column. */
static void try_query(struct privacy *privacy, sqlite3 *db, const char *by, const char *sql, bool equal, const struct vehicle *vehicles,
		      unsigned n, double base)
{
	sqlite3_stmt *query;
	uint8_t before_key[4096];
	int before = -1, before_n = -1;
	unsigned pairs = 0, same = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) != SQLITE_OK)
		return; /* the table has no rowid, say */
	while (sqlite3_step(query) == SQLITE_ROW) {
		const void *lv = sqlite3_column_blob(query, 0);
		int now = lv != NULL && sqlite3_column_bytes(query, 0) == LINKAGE_VALUE ? vehicle_of(vehicles, n, lv) : -1;
		int key_n = sqlite3_column_bytes(query, 1);
		const void *key = sqlite3_column_blob(query, 1);

		if (key_n > (int)sizeof(before_key))
			key_n = (int)sizeof(before_key);
		if (now >= 0 && before >= 0 &&
		    (!equal || (key_n > 0 && key_n == before_n && memcmp(key, before_key, (size_t)key_n) == 0))) {
			pairs++;
			same += now == before;
		}
		before = now;
		before_n = key_n;
		if (key_n > 0)
			memcpy(before_key, key, (size_t)key_n);
	}
	sqlite3_finalize(query);
	judge_pairs(privacy, by, pairs, same, base);
}

/* How often two certificates drawn by chance are of one vehicle. */
static double chance(const struct vehicle *vehicles, unsigned n)
{
	double all = 0, squares = 0;

	for (unsigned v = 0; v < n; v++) {
		all += vehicles[v].n;
		squares += (double)vehicles[v].n * (vehicles[v].n - 1);
	}
	return all > 1 ? squares / (all * (all - 1)) : 0;
}

struct privacy privacy_pca(const struct world *world, const struct vehicle *vehicles, unsigned n)
{
	struct privacy privacy = {.advantage = 0};
	sqlite3 *db = open_database(world, "pca");
	double base = chance(vehicles, n);
	sqlite3_stmt *columns;

	try_query(&privacy, db, "order of rowid", "SELECT lv, 0 FROM issued ORDER BY rowid", false, vehicles, n, base);
	try_query(&privacy, db, "order of rowid within a period", "SELECT lv, 0 FROM issued ORDER BY i, rowid", false, vehicles, n, base);
	try_query(&privacy, db, "order of rows", "SELECT lv, 0 FROM issued NOT INDEXED", false, vehicles, n, base);
	world_must(sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info('issued')", -1, &columns, NULL) == SQLITE_OK, "columns",
		   sqlite3_errmsg(db));
	while (sqlite3_step(columns) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(columns, 0);
		char sql[256], by[128];

		snprintf(sql, sizeof(sql), "SELECT lv, %s FROM issued ORDER BY %s", name, name);
		snprintf(by, sizeof(by), "order of %s", name);
		try_query(&privacy, db, by, sql, false, vehicles, n, base);
		snprintf(by, sizeof(by), "equal %s", name);
		try_query(&privacy, db, by, sql, true, vehicles, n, base);
	}
	sqlite3_finalize(columns);
	sqlite3_close(db);
	return privacy;
}

/* ---- traces ---- */

static struct bytes read_file(const char *path)
{
	struct bytes bytes = {NULL, 0};
	FILE *file = fopen(path, "rb");
	size_t got;

	if (file == NULL)
		return bytes;
	do {
		bytes.p = realloc(bytes.p, bytes.n + (1 << 20));
		world_must(bytes.p != NULL, path, "memory");
		got = fread(bytes.p + bytes.n, 1, 1 << 20, file);
		bytes.n += got;
	} while (got > 0);
	fclose(file);
	return bytes;
}

static bool stands_in(const struct bytes *file, const void *needle, size_t n)
{
	return file->n > 0 && memmem(file->p, file->n, needle, n) != NULL;
}

/* As bytes, and in hex as a log would have it. */
static unsigned look_for(const struct bytes *file, const char *where, const char *what, const uint8_t *needle, size_t n)
{
	char hex[65];

	for (size_t k = 0; k < n && k < 32; k++)
		snprintf(hex + 2 * k, 3, "%02x", needle[k]);
	if (!stands_in(file, needle, n) && !stands_in(file, hex, 2 * n))
		return 0;
	fprintf(stderr, "privacy: %s of a vehicle stands in %s\n", what, where);
	return 1;
}

enum private_things { CERTIFICATES = 1, DEVICES = 2 };

static unsigned traces_in(const char *path, unsigned secrets, const struct vehicle *vehicles, unsigned n)
{
	struct bytes file = read_file(path);
	unsigned found = 0;

	for (unsigned v = 0; v < n && found < 10; v++) {
		if ((secrets & DEVICES) != 0) {
			found += look_for(&file, path, "the enrolment", cert_id8(&vehicles[v].enrolment.cert), 8);
			found += look_for(&file, path, "the request's hash", vehicles[v].hash, 8);
		}
		for (unsigned c = 0; (secrets & CERTIFICATES) != 0 && c < vehicles[v].n && found < 10; c++) {
			found += look_for(&file, path, "a linkage value", vehicles[v].certificates[c].lv, LINKAGE_VALUE);
			found += look_for(&file, path, "a certificate's hash", vehicles[v].certificates[c].id10, 10);
		}
	}
	bytes_free(&file);
	return found;
}

unsigned privacy_traces(const struct world *world, const struct vehicle *vehicles, unsigned n)
{
	static const struct {
		const char *file;
		unsigned secrets;
	} places[] = {
	    {"ra/db.sqlite", CERTIFICATES},	      {"ra/db.sqlite-wal", CERTIFICATES},
	    {"pca/db.sqlite", DEVICES},		      {"pca/db.sqlite-wal", DEVICES},
	    {"la1/db.sqlite", CERTIFICATES | DEVICES}, {"la1/db.sqlite-wal", CERTIFICATES | DEVICES},
	    {"la2/db.sqlite", CERTIFICATES | DEVICES}, {"la2/db.sqlite-wal", CERTIFICATES | DEVICES},
	    {"log", CERTIFICATES | DEVICES},
	};
	unsigned found = 0;

	for (unsigned k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", world->folder, places[k].file);
		found += traces_in(path, places[k].secrets, vehicles, n);
	}
	return found;
}
