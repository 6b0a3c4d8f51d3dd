/* SPDX-License-Identifier: Apache-2.0 */
/* The database: values there and back, transactions, versions, and files that are not for us. */
#include "service/db.h"
#include "tests/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const first[] = {"CREATE TABLE things (id INTEGER PRIMARY KEY, a BLOB, t TEXT, i INTEGER)"};
static const char *const second[] = {"CREATE TABLE things (id INTEGER PRIMARY KEY, a BLOB, t TEXT, i INTEGER)",
				     "ALTER TABLE things ADD COLUMN extra INTEGER NOT NULL DEFAULT 7"};
static const char *const broken[] = {"CREATE TABLE things (id INTEGER PRIMARY KEY, a BLOB, t TEXT, i INTEGER)", "nonsense"};
static const struct db_schema v1 = {"thing", first, 1}, v2 = {"thing", second, 2}, bad = {"thing", broken, 2},
			      other = {"other", first, 1};

static char path[512];
static struct db_fault fault;

static bool values_right(void *ctx, const struct db_value *columns, size_t count)
{
	unsigned *rows = ctx;

	(*rows)++;
	CHECK(count == 3, "%zu columns", count);
	CHECK(columns[0].kind == DB_BYTES && columns[0].bytes.n == 3 && memcmp(columns[0].bytes.p, "a\0b", 3) == 0, "bytes");
	CHECK(columns[1].kind == DB_TEXT && columns[1].bytes.n == 4 && memcmp(columns[1].bytes.p, "text", 4) == 0, "text");
	CHECK(columns[2].kind == DB_INTEGER && columns[2].integer == INT64_MIN, "integer");
	return true;
}

static bool empty_right(void *ctx, const struct db_value *columns, size_t count)
{
	(void)ctx, (void)count;
	CHECK(columns[0].kind == DB_BYTES && columns[0].bytes.n == 0, "empty bytes are not NULL");
	CHECK(columns[1].kind == DB_NULL, "NULL");
	return false;
}

static void values(void)
{
	struct db *db = db_open(path, &v1, &fault);
	const struct db_value null = {DB_NULL, 0, {NULL, 0}};
	unsigned rows = 0;

	CHECK(db != NULL, "%s", fault.text);
	CHECK(db_begin(db) && db_begin(db), "begin twice is one transaction");
	CHECK(db_run(db, "INSERT INTO things VALUES ($1, $2, $3, $4)",
		     DB_VALUES(db_integer(1), db_bytes("a\0b", 3), db_text("text"), db_integer(INT64_MIN))) == 1, "insert");
	CHECK(db_commit(db), "commit");
	CHECK(db_run(db, "INSERT INTO things (id, a, t) VALUES ($1, $2, $3)", DB_VALUES(db_integer(2), db_bytes(NULL, 0), null)) == 1,
	      "insert");
	CHECK(db_each(db, "SELECT a, t, i FROM things WHERE id = $1", DB_VALUES(db_integer(1)), values_right, &rows) == 1 && rows == 1,
	      "one row");
	CHECK(db_each(db, "SELECT a, t FROM things WHERE id = 2", NULL, 0, empty_right, NULL) == 1, "row");
	CHECK(db_number(db, "SELECT count(*) FROM things", NULL, 0, -1) == 2, "count");
	CHECK(db_number(db, "SELECT id FROM things WHERE id = 99", NULL, 0, -5) == -5, "otherwise");
	CHECK(db_run(db, "UPDATE things SET i = $2 WHERE id = $1", DB_VALUES(db_integer(1), db_integer(77))) == 1 &&
		  db_number(db, "SELECT i FROM things WHERE id = 1", NULL, 0, -1) == 77,
	      "values by their numbers, not by where they stand");
	CHECK(db_run(db, "UPDATE things SET i = 5", NULL, 0) == 2, "two changed");
	db_close(db);
}

static void transactions(void)
{
	struct db *db = db_open(path, &v1, &fault);

	db_begin(db);
	db_run(db, "INSERT INTO things (id) VALUES (3)", NULL, 0);
	CHECK(db_run(db, "INSERT INTO things (id) VALUES (1)", NULL, 0) == -1, "the same id twice");
	CHECK(strstr(db_error(db), "UNIQUE") != NULL, "%s", db_error(db));
	db_run(db, "INSERT INTO things (id) VALUES (4)", NULL, 0);
	CHECK(!db_commit(db), "a failed statement spoils its transaction");
	CHECK(db_number(db, "SELECT count(*) FROM things", NULL, 0, -1) == 2, "rolled back");
	db_begin(db);
	db_run(db, "INSERT INTO things (id) VALUES (3)", NULL, 0);
	CHECK(db_commit(db), "the next one is clean");
	db_close(db);
}

/* Does it stand in the database's file or in its log? */
static bool stands(const char *word)
{
	char command[1200];

	snprintf(command, sizeof(command), "grep -qa %s %s %s-wal", word, path, path);
	return system(command) == 0;
}

/* What was deleted is in no file any more. */
static void tidied(void)
{
	struct db *db = db_open(path, &v1, &fault);

	CHECK(db_run(db, "INSERT INTO things (id, t) VALUES (6, 'AWordOfItsOwn')", NULL, 0) == 1, "inserted");
	CHECK(stands("AWordOfItsOwn"), "the word is there");
	CHECK(db_run(db, "DELETE FROM things WHERE id = 6", NULL, 0) == 1, "deleted");
	CHECK(db_begin(db) && !db_tidy(db) && db_commit(db), "not within a transaction");
	CHECK(db_tidy(db) && !stands("AWordOfItsOwn"), "the word is gone");
	CHECK(db_number(db, "SELECT count(*) FROM things", NULL, 0, -1) == 3, "all else is there");
	db_close(db);
}

/* A process that ends without a word, in the middle of a transaction and right after a commit. */
static void killed(void)
{
	struct db *db;
	int status;
	pid_t child = fork();

	if (child == 0) {
		db = db_open(path, &v1, &fault);
		db_begin(db);
		db_run(db, "INSERT INTO things (id) VALUES (10)", NULL, 0);
		if (!db_commit(db))
			_exit(1);
		db_begin(db);
		db_run(db, "INSERT INTO things (id) VALUES (11)", NULL, 0);
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	CHECK(WIFSIGNALED(status), "the child was killed");
	db = db_open(path, &v1, &fault);
	CHECK(db_number(db, "SELECT count(*) FROM things WHERE id = 10", NULL, 0, -1) == 1, "what was committed is there");
	CHECK(db_number(db, "SELECT count(*) FROM things WHERE id = 11", NULL, 0, -1) == 0, "what was not is not");
	db_close(db);
}

static void refused(const char *file, const struct db_schema *schema, const char *word)
{
	struct db *db = db_open(file, schema, &fault);

	CHECK(db == NULL, "%s: opened", word);
	CHECK(strstr(fault.text, word) != NULL && strstr(fault.text, file) != NULL, "expected '%s', found '%s'", word, fault.text);
	db_close(db);
}

static void versions(const char *folder)
{
	struct db *db;
	char file[600];
	FILE *to;

	refused(path, &other, "another component");
	refused(path, &bad, "nonsense");
	db = db_open(path, &v2, &fault);
	CHECK(db != NULL, "%s", fault.text);
	CHECK(db_number(db, "SELECT extra FROM things WHERE id = 1", NULL, 0, -1) == 7, "the step was taken");
	db_close(db);
	refused(path, &v1, "newer");
	snprintf(file, sizeof(file), "%s/foreign.db", folder);
	to = fopen(file, "w");
	for (unsigned k = 0; k < 1000; k++)
		fprintf(to, "not a database\n");
	fclose(to);
	refused(file, &v1, "not a database");
	snprintf(file, sizeof(file), "%s/no/such/folder.db", folder);
	refused(file, &v1, "unable to open");
	refused(folder, &v1, "unable to open");
}

int main(void)
{
	char folder[] = "/tmp/scms-db-XXXXXX", command[128];

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/things.db", folder);
	values();
	transactions();
	tidied();
	killed();
	versions(folder);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || check_done();
}
