/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h: a component's database.
 *
 * Statements are written once, in SQL that SQLite and PostgreSQL both understand, with $1, $2, ... for values. Schemas too, but for
 * four words of SQLite's that another database is to be given in its own: BLOB, INTEGER (of 64 bits), INTEGER PRIMARY KEY (a number
 * that the database gives to a row that comes without one), WITHOUT ROWID (rows are kept in the order of their key alone). What
 * is SQLite's besides is in db_sqlite.c. A statement is prepared at its first use and kept. SQLite runs in WAL mode with synchronous=FULL: what db_commit() said is
 * committed outlives a crash and a loss of power.
 *
 * A failing statement marks the transaction: db_commit() then rolls back and says no. So a chain of statements needs one
 * check, at its end; what failed is in db_error().
 *
 * One thread at a time.
 */
#ifndef SERVICE_DB_H
#define SERVICE_DB_H

#include <scms/base.h>

struct db;

/* The versions of a schema: step k leads from version k to k + 1. */
struct db_schema {
	const char *name; /* of the component; a database of another one is refused */
	const char *const *steps;
	unsigned step_count;
};

struct db_fault {
	char text[384]; /* names the file */
};

/*
 * Opens or makes the database and brings it to the newest version, in one transaction. Refused and untouched: a database
 * of a newer version, of another component, one that is corrupt, one that cannot be written.
 */
struct db *db_open(const char *path, const struct db_schema *schema, struct db_fault *err);
void db_close(struct db *db);

/* The same for the database of a component, which is in its home. */
struct db *db_open_in(const char *home, const struct db_schema *schema, struct db_fault *err);

/* Has the component that has this home had a database yet? */
bool db_is_there(const char *home);

const char *db_error(const struct db *db);

/* A value for a statement, or of a row. */
enum db_kind { DB_NULL, DB_INTEGER, DB_BYTES, DB_TEXT };

struct db_value {
	enum db_kind kind;
	int64_t integer;
	struct scms_slice bytes; /* also the text */
};

static inline struct db_value db_integer(int64_t integer)
{
	return (struct db_value){DB_INTEGER, integer, {NULL, 0}};
}

static inline struct db_value db_bytes(const void *p, size_t n)
{
	return (struct db_value){DB_BYTES, 0, {p, n}};
}

struct db_value db_text(const char *text);

/* The values of one call, as an array: DB_VALUES(db_integer(i), db_bytes(p, n)) */
#define DB_VALUES(...) (const struct db_value[]){__VA_ARGS__}, sizeof((struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* Runs a statement that gives no rows. Returns the number of rows that it changed; -1: it failed. */
int64_t db_run(struct db *db, const char *sql, const struct db_value *values, size_t n);

/*
 * Runs a statement and calls back for each row, until that returns false. A row's bytes are valid during the call. The
 * callback may run other statements, not this one. Returns the number of rows given; -1: it failed.
 */
int64_t db_each(struct db *db, const char *sql, const struct db_value *values, size_t n,
		bool (*row)(void *ctx, const struct db_value *columns, size_t count), void *ctx);

/* The first column of the first row as an integer, or `otherwise` where there is no row. An INSERT may say RETURNING. */
int64_t db_number(struct db *db, const char *sql, const struct db_value *values, size_t n, int64_t otherwise);

/* Begins a transaction, unless one is open. */
bool db_begin(struct db *db);
bool db_commit(struct db *db);
void db_rollback(struct db *db);

/*
 * Writes all anew, in the order of the keys: nothing of what was deleted is left in the files, and of tables without row ids
 * no trace of the order in which rows came. Takes as long as reading and writing it all. False: it failed, or a transaction is
 * open; nothing is lost.
 */
bool db_tidy(struct db *db);

#endif
