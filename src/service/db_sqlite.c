/* SPDX-License-Identifier: Apache-2.0 */
#include "db.h"

#include "service/log.h"

#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATEMENTS_MAX 128 /* prepared ones: as many as a component's source has */
#define COLUMNS_MAX 32
#define BUSY_MS 10000

struct statement {
	const char *sql; /* by address: a literal of the caller's */
	sqlite3_stmt *prepared;
};

struct db {
	sqlite3 *sqlite;
	struct statement statements[STATEMENTS_MAX];
	unsigned statement_count;
	bool open, failed; /* a transaction */
	bool up; /* it was opened; until then whoever opens it says what is wrong */
	char error[512];
};

/* Is it the file that failed, and not what was asked of it? */
static bool is_file_trouble(int status)
{
	switch (status & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return true;
	default:
		return false;
	}
}

static void fail(struct db *db, const char *sql)
{
	int status = sqlite3_errcode(db->sqlite);
	const char *file = sqlite3_db_filename(db->sqlite, "main");

	db->failed = true;
	if (!is_file_trouble(status) || file == NULL) {
		snprintf(db->error, sizeof(db->error), "%s (in: %.80s)", sqlite3_errmsg(db->sqlite), sql);
		return;
	}
	snprintf(db->error, sizeof(db->error), "%.200s: %s (in: %.80s)%s", file, sqlite3_errmsg(db->sqlite), sql,
		 (status & 0xff) == SQLITE_CORRUPT ? ": stop, and restore it from a backup" : "");
	/* Whoever asked may have no more to say of it than that he was not served. */
	if (db->up)
		log_event(NULL, LOG_LEVEL_ERROR, "database", "s:s", "text", db->error);
}

const char *db_error(const struct db *db)
{
	return db->error;
}

struct db_value db_text(const char *text)
{
	return (struct db_value){DB_TEXT, 0, {(const uint8_t *)text, strlen(text)}};
}

static sqlite3_stmt *prepare(struct db *db, const char *sql)
{
	struct statement *statement;

	for (unsigned k = 0; k < db->statement_count; k++)
		if (db->statements[k].sql == sql)
			return db->statements[k].prepared;
	if (db->statement_count == STATEMENTS_MAX) {
		db->failed = true;
		snprintf(db->error, sizeof(db->error), "more than %d statements", STATEMENTS_MAX);
		return NULL;
	}
	statement = &db->statements[db->statement_count];
	if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->prepared, NULL) != SQLITE_OK) {
		fail(db, sql);
		return NULL;
	}
	statement->sql = sql;
	db->statement_count++;
	return statement->prepared;
}

/* $1 is a name to SQLite, and its place where it first stands in the statement; here it is the first value, as elsewhere. */
static int place(sqlite3_stmt *prepared, size_t value)
{
	char name[24];

	snprintf(name, sizeof(name), "$%zu", value + 1);
	return sqlite3_bind_parameter_index(prepared, name);
}

static int bind(sqlite3_stmt *prepared, int at, const struct db_value *value)
{
	switch (value->kind) {
	case DB_INTEGER:
		return sqlite3_bind_int64(prepared, at, value->integer);
	case DB_BYTES:
		/* An empty slice may have no address, which SQLite would take for NULL. */
		return sqlite3_bind_blob64(prepared, at, value->bytes.n > 0 ? (const void *)value->bytes.p : "",
					   value->bytes.n, SQLITE_STATIC);
	case DB_TEXT:
		return sqlite3_bind_text64(prepared, at, (const char *)value->bytes.p, value->bytes.n, SQLITE_STATIC,
					   SQLITE_UTF8);
	case DB_NULL:
		break;
	}
	return sqlite3_bind_null(prepared, at);
}

static struct db_value column(sqlite3_stmt *prepared, int at)
{
	switch (sqlite3_column_type(prepared, at)) {
	case SQLITE_INTEGER:
		return db_integer(sqlite3_column_int64(prepared, at));
	case SQLITE_BLOB:
		return db_bytes(sqlite3_column_blob(prepared, at), (size_t)sqlite3_column_bytes(prepared, at));
	case SQLITE_TEXT:
		return (struct db_value){
		    DB_TEXT, 0, {sqlite3_column_text(prepared, at), (size_t)sqlite3_column_bytes(prepared, at)}};
	default:
		return (struct db_value){DB_NULL, 0, {NULL, 0}};
	}
}

int64_t db_each(struct db *db, const char *sql, const struct db_value *values, size_t n,
		bool (*row)(void *ctx, const struct db_value *columns, size_t count), void *ctx)
{
	sqlite3_stmt *prepared = prepare(db, sql);
	struct db_value columns[COLUMNS_MAX];
	int64_t rows = 0;
	int count, status = SQLITE_OK;

	if (prepared == NULL)
		return -1;
	for (size_t k = 0; k < n && status == SQLITE_OK; k++)
		status = bind(prepared, place(prepared, k), &values[k]);
	if (status == SQLITE_OK)
		status = sqlite3_step(prepared);
	while (status == SQLITE_ROW && row != NULL) {
		count = sqlite3_column_count(prepared);
		for (int k = 0; k < count && k < COLUMNS_MAX; k++)
			columns[k] = column(prepared, k);
		rows++;
		if (!row(ctx, columns, (size_t)count)) {
			status = SQLITE_DONE;
			break;
		}
		status = sqlite3_step(prepared);
	}
	if (status != SQLITE_DONE && status != SQLITE_ROW) {
		fail(db, sql);
		rows = -1;
	}
	sqlite3_reset(prepared);
	sqlite3_clear_bindings(prepared);
	return rows;
}

int64_t db_run(struct db *db, const char *sql, const struct db_value *values, size_t n)
{
	if (db_each(db, sql, values, n, NULL, NULL) < 0)
		return -1;
	return sqlite3_changes64(db->sqlite);
}

static bool take_number(void *ctx, const struct db_value *columns, size_t count)
{
	if (count > 0 && columns[0].kind == DB_INTEGER)
		*(int64_t *)ctx = columns[0].integer;
	return false;
}

int64_t db_number(struct db *db, const char *sql, const struct db_value *values, size_t n, int64_t otherwise)
{
	int64_t number = otherwise;

	return db_each(db, sql, values, n, take_number, &number) < 0 ? otherwise : number;
}

/* ---- transactions ---- */

static bool plain(struct db *db, const char *sql)
{
	if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	fail(db, sql);
	return false;
}

bool db_begin(struct db *db)
{
	if (db->open)
		return !db->failed;
	db->failed = false;
	db->open = plain(db, "BEGIN IMMEDIATE");
	return db->open;
}

void db_rollback(struct db *db)
{
	if (db->open && sqlite3_get_autocommit(db->sqlite) == 0)
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	db->open = false;
	db->failed = false;
}

bool db_commit(struct db *db)
{
	if (!db->open)
		return true;
	if (db->failed || !plain(db, "COMMIT")) {
		db_rollback(db);
		return false;
	}
	db->open = false;
	return true;
}

bool db_tidy(struct db *db)
{
	return !db->open && plain(db, "VACUUM") && plain(db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/* ---- opening ---- */

struct expect {
	const char *name;
	bool right;
};

static bool check_name(void *ctx, const struct db_value *columns, size_t count)
{
	struct expect *expect = ctx;

	expect->right = count == 1 && columns[0].kind == DB_TEXT && columns[0].bytes.n == strlen(expect->name) &&
			memcmp(columns[0].bytes.p, expect->name, columns[0].bytes.n) == 0;
	return false;
}

/* The component's name and the schema's version are in a table of their own. */
static bool migrate(struct db *db, const struct db_schema *schema, const char *path, struct db_fault *err)
{
	struct expect expect = {schema->name, true};
	char step[64];
	int64_t version;

	if (db_number(db, "SELECT count(*) FROM sqlite_schema WHERE name <> 'scms_schema'", NULL, 0, 0) > 0 &&
	    db_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'scms_schema'", NULL, 0, 0) == 0) {
		snprintf(err->text, sizeof(err->text), "%s: is a database of something else", path);
		return false;
	}
	if (!plain(db, "CREATE TABLE IF NOT EXISTS scms_schema (component TEXT NOT NULL, version INTEGER NOT NULL)"))
		return false;
	db_each(db, "SELECT component FROM scms_schema", NULL, 0, check_name, &expect);
	version = db_number(db, "SELECT version FROM scms_schema", NULL, 0, -1);
	if (!expect.right) {
		snprintf(err->text, sizeof(err->text), "%s: is the database of another component, not of '%s'", path, schema->name);
		return false;
	}
	if (version > (int64_t)schema->step_count) {
		snprintf(err->text, sizeof(err->text),
			 "%s: has version %" PRId64 "; this program knows versions up to %u: use the newer program", path,
			 version, schema->step_count);
		return false;
	}
	if (version < 0) {
		db_run(db, "INSERT INTO scms_schema VALUES ($1, 0)", DB_VALUES(db_text(schema->name)));
		version = 0;
	}
	for (unsigned k = (unsigned)version; k < schema->step_count && !db->failed; k++)
		plain(db, schema->steps[k]);
	snprintf(step, sizeof(step), "UPDATE scms_schema SET version = %u", schema->step_count);
	return plain(db, step) && !db->failed;
}

static bool bring_up(struct db *db, const struct db_schema *schema, const char *path, struct db_fault *err)
{
	err->text[0] = '\0';
	sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	sqlite3_extended_result_codes(db->sqlite, 1);
	/* Journals of large statements stay in memory: a sandboxed process has no folder for temporary files. */
	if (plain(db, "PRAGMA foreign_keys = ON") && plain(db, "PRAGMA trusted_schema = OFF") &&
	    plain(db, "PRAGMA temp_store = MEMORY") && plain(db, "PRAGMA secure_delete = ON") && plain(db, "PRAGMA synchronous = FULL") && db_begin(db)) {
		if (migrate(db, schema, path, err) && db_commit(db) && plain(db, "PRAGMA journal_mode = WAL"))
			return true;
		db_rollback(db);
	}
	if (err->text[0] == '\0' && strncmp(db->error, path, strlen(path)) == 0)
		snprintf(err->text, sizeof(err->text), "%.380s", db->error);
	else if (err->text[0] == '\0')
		snprintf(err->text, sizeof(err->text), "%s: %.200s", path, db->error);
	return false;
}

struct db *db_open(const char *path, const struct db_schema *schema, struct db_fault *err)
{
	struct db *db = calloc(1, sizeof(*db));
	int status;

	if (db == NULL) {
		snprintf(err->text, sizeof(err->text), "%s: out of memory", path);
		return NULL;
	}
	status = sqlite3_open_v2(path, &db->sqlite,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (status != SQLITE_OK) {
		snprintf(err->text, sizeof(err->text), "%s: %s", path,
			 db->sqlite != NULL ? sqlite3_errmsg(db->sqlite) : sqlite3_errstr(status));
		db_close(db);
		return NULL;
	}
	if (!bring_up(db, schema, path, err)) {
		db_close(db);
		return NULL;
	}
	db->up = true;
	return db;
}

static bool path_in(const char *home, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/db.sqlite", home) < PATH_MAX;
}

struct db *db_open_in(const char *home, const struct db_schema *schema, struct db_fault *err)
{
	char path[PATH_MAX];

	if (path_in(home, path))
		return db_open(path, schema, err);
	snprintf(err->text, sizeof(err->text), "%.300s: the path is too long", home);
	return NULL;
}

bool db_is_there(const char *home)
{
	char path[PATH_MAX];

	return path_in(home, path) && access(path, F_OK) == 0;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_rollback(db);
	for (unsigned k = 0; k < db->statement_count; k++)
		sqlite3_finalize(db->statements[k].prepared);
	sqlite3_close(db->sqlite);
	free(db);
}
