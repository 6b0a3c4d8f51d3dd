/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_db.h: a component's trust store kept in its database (trust rule A2).
 *
 * What store_dir.h does with slots, renames and a log, a component has from its database: the store, the objects beside it
 * and the log are rows, and a session is one transaction, in which rows of the component's own may change with its trust:
 *
 *	db_begin(db);
 *	result = scms_store_apply(store_db_store(kept), &session, now, crypto, store_db_objects(kept), work, size, &report);
 *	if (result.status != SCMS_SESSION_DONE || (result.changed && store_db_save(kept, line, &err) != STORE_DB_OK) ||
 *	    !db_commit(db))
 *		... db_rollback(db), and the store in memory is to be closed and opened again.
 *
 * The tables are a step of the component's own schema (STORE_DB_STEPS, beside db_schema's others).
 */
#ifndef SERVICE_STORE_DB_H
#define SERVICE_STORE_DB_H

#include "service/db.h"

#include <scms/trust.h>

/* Statements that make the tables, for struct db_schema: one step each. */
#define STORE_DB_STEPS                                                                                                 \
	"CREATE TABLE trust_store (id INTEGER PRIMARY KEY, counter INTEGER NOT NULL, sha256 BLOB NOT NULL, store BLOB NOT NULL)", \
	    "CREATE TABLE trust_object (sha256 BLOB PRIMARY KEY, bytes BLOB NOT NULL)",                                 \
	    "CREATE TABLE trust_log (counter INTEGER NOT NULL, line TEXT NOT NULL)"

struct store_db;

enum store_db_status {
	STORE_DB_OK = 0,
	STORE_DB_NONE,	     /* there is no store yet */
	STORE_DB_UNREADABLE, /* the store or an object is damaged, or of another version: nothing is trusted */
	STORE_DB_FAILED,     /* the database refused */
	STORE_DB_STALE,	     /* another process has changed it: open it again */
};

struct store_db_error {
	enum store_db_status status;
	char text[512]; /* for people */
};

/* Opens the store in a database. NULL where there is none that can be read; nothing is changed. db stays the caller's. */
struct store_db *store_db_open(struct db *db, const struct scms_crypto *crypto, struct store_db_error *err);

/* For a new store: the caller makes it in store_db_memory (scms_store_init), hands it over and saves it. */
struct store_db *store_db_new(struct db *db, const struct scms_crypto *crypto, struct store_db_error *err);
void *store_db_memory(struct store_db *kept, const struct scms_limits *limits, size_t *size);
void store_db_take(struct store_db *kept, struct scms_store *store);

/* The store, and its objects. Slices of objects stay valid until store_db_close. */
struct scms_store *store_db_store(struct store_db *kept);
const struct scms_objects *store_db_objects(struct store_db *kept);

/* Counter of the state; it rises by one with each save. */
uint64_t store_db_counter(const struct store_db *kept);

/*
 * Writes the store and a line for the log (NULL: none) and deletes objects that it does not name, in the transaction that is
 * open; it lasts when that is committed. Refused where another process has changed the store since it was opened.
 */
enum store_db_status store_db_save(struct store_db *kept, const char *log_line, struct store_db_error *err);

/* Closes. The transaction is the caller's to end. NULL is allowed. */
void store_db_close(struct store_db *kept);

#endif
