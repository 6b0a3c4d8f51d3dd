/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/ra.h"

#include <stdio.h>
#include <string.h>

static const char enrolment_table[] =
    "CREATE TABLE enrolment (id INTEGER PRIMARY KEY, rif BLOB NOT NULL UNIQUE, craca BLOB NOT NULL, certificate BLOB, chain INTEGER NOT NULL, "
    "blacklisted INTEGER NOT NULL)";
static const char request_table[] =
    "CREATE TABLE request (id INTEGER PRIMARY KEY, enrolment INTEGER NOT NULL, kind INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, "
    "content BLOB NOT NULL, i_next INTEGER NOT NULL, stopped INTEGER NOT NULL)";
static const char item_table[] =
    "CREATE TABLE item (hpcr BLOB PRIMARY KEY, request INTEGER NOT NULL, kind INTEGER NOT NULL, i INTEGER NOT NULL, j INTEGER NOT NULL, "
    "state INTEGER NOT NULL, ticket INTEGER NOT NULL, since INTEGER NOT NULL, pdu BLOB, answer BLOB, id10 BLOB, "
    "expires INTEGER NOT NULL)";

static const char *const steps[] = {
    "CREATE TABLE chain (id INTEGER PRIMARY KEY, lci1 BLOB, lci2 BLOB, la1 TEXT, la2 TEXT, i_max INTEGER NOT NULL)",
    enrolment_table,
    /* A new enrolment whose device has not come yet. */
    "CREATE TABLE succession (new_rif BLOB PRIMARY KEY, old_rif BLOB NOT NULL)",
    request_table,
    "CREATE INDEX request_due ON request (kind, stopped, i_next)",
    "CREATE INDEX request_enrolment ON request (enrolment)",
    item_table,
    "CREATE UNIQUE INDEX item_place ON item (request, i, j)",
    "CREATE INDEX item_state ON item (state, ticket)",
    "CREATE TABLE file (name TEXT PRIMARY KEY, enrolment INTEGER NOT NULL, bytes BLOB NOT NULL, expires INTEGER NOT NULL)",
    "CREATE TABLE publication (name TEXT PRIMARY KEY, title TEXT NOT NULL, bytes BLOB NOT NULL)",
    "CREATE TABLE eca (id INTEGER PRIMARY KEY, id8 BLOB NOT NULL UNIQUE, certificate BLOB NOT NULL, served INTEGER NOT NULL)",
    "ALTER TABLE enrolment ADD COLUMN eca INTEGER",
    "CREATE INDEX enrolment_eca ON enrolment (eca)",
    /* PCAs that the RA has had, and which of them was to issue the certificates of which period. */
    "CREATE TABLE pca (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, certificate BLOB NOT NULL)",
    "CREATE TABLE batch (request INTEGER NOT NULL, i INTEGER NOT NULL, pca INTEGER NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (request, i))",
    "CREATE INDEX batch_pca ON batch (pca, request)",
    "CREATE INDEX enrolment_chain ON enrolment (chain)",
    /* Of certificates whose PCA was revoked, what the MA may ask: whose they were. */
    "CREATE TABLE past (hpcr BLOB PRIMARY KEY, request INTEGER NOT NULL, expires INTEGER NOT NULL)",
};
const struct db_schema ra_schema = {"ra", steps, sizeof(steps) / sizeof(steps[0])};

void ra_hex8(const uint8_t id[8], char text[17])
{
	for (unsigned k = 0; k < 8; k++)
		snprintf(text + 2 * k, 3, "%02x", id[k]);
}

void ra_file_name(const char *hash, enum ra_kind kind, uint32_t i, char name[64])
{
	if (kind == RA_APPLICATION)
		snprintf(name, 64, "%.16s", hash);
	else
		snprintf(name, 64, "%.16s_%x.zip", hash, (unsigned)i);
}

static bool take_enrolment(void *ctx, const struct db_value *columns, size_t count)
{
	struct ra_enrolment *out = ctx;

	(void)count;
	*out = (struct ra_enrolment){columns[0].integer, columns[1].integer, columns[2].integer != 0};
	return false;
}

struct ra_enrolment ra_enrolment_find(struct db *db, const uint8_t rif[8])
{
	struct ra_enrolment found = {0, 0, false};

	db_each(db, "SELECT id, chain, blacklisted FROM enrolment WHERE rif = $1", DB_VALUES(db_bytes(rif, 8)), take_enrolment, &found);
	return found;
}

/* The chain that a new enrolment continues; 0: none. */
static int64_t inherited_chain(struct db *db, const uint8_t rif[8])
{
	return db_number(db, "SELECT enrolment.chain FROM succession JOIN enrolment ON enrolment.rif = succession.old_rif "
			     "WHERE succession.new_rif = $1",
			 DB_VALUES(db_bytes(rif, 8)), 0);
}

bool ra_enrolment_enter(struct db *db, const struct cert *cert, struct ra_enrolment *out)
{
	const uint8_t *rif = cert_id8(cert);
	struct bytes bytes = {NULL, 0};
	struct key_error err;

	*out = ra_enrolment_find(db, rif);
	if (out->id != 0)
		return true;
	out->chain = inherited_chain(db, rif);
	if (out->chain == 0)
		out->chain = db_number(db, "INSERT INTO chain (i_max) VALUES (0) RETURNING id", NULL, 0, 0);
	if (out->chain == 0 || make_bytes(&oer_Certificate, &cert->c, &bytes, &err) != KEY_OK)
		return false;
	out->id = db_number(db, "INSERT INTO enrolment (rif, certificate, chain, blacklisted, craca) VALUES ($1, $2, $3, 0, $4) RETURNING id",
			    DB_VALUES(db_bytes(rif, 8), db_bytes(bytes.p, bytes.n), db_integer(out->chain),
				      db_bytes(cert->c.toBeSigned.cracaId, 3)),
			    0);
	bytes_free(&bytes);
	return out->id != 0;
}

int64_t ra_request_find(struct db *db, int64_t enrolment, const uint8_t hash[8])
{
	return db_number(db, "SELECT id FROM request WHERE hash = $1 AND enrolment = $2",
			 DB_VALUES(db_bytes(hash, 8), db_integer(enrolment)), 0);
}
