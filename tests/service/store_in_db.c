/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component that keeps its trust store in its database, for store_in_db.py.
 *
 *   init DB CONFIG-DIR       electors A, B, C and root 1 of the folder
 *   apply DB (--chain|--crl) FILE    one session; a row of the component's own counts the changes in the same transaction
 *   dump DB                  counter of the store, the component's own count, SHA-256 of the encoded store, lines of the log
 *   damage DB                spoils the store's bytes
 *
 * Exit codes as scms store's: 0, 1 refused, 2 usage, 3 the store cannot be read or written.
 */
#include "service/engine.h"
#include "service/store_db.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW UINT64_C(600000000000000)

static const char *const steps[] = {STORE_DB_STEPS, "CREATE TABLE changes (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)",
				    "INSERT INTO changes VALUES (1, 0)"};
static const struct db_schema schema = {"store-test", steps, sizeof(steps) / sizeof(steps[0])};

static int say(const char *text)
{
	fprintf(stderr, "store-in-db: %s\n", text);
	return 3;
}

static struct scms_slice load(const char *folder, const char *name)
{
	struct scms_slice bytes;
	struct file_error err;
	char path[1024];

	snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);
	if (file_read(path, FILE_LIMIT_DEFAULT, &bytes, &err) != FILE_OK) {
		fprintf(stderr, "store-in-db: %s: %s\n", path, err.text);
		exit(2);
	}
	return bytes;
}

static int save(struct db *db, struct store_db *kept, const char *line)
{
	struct store_db_error err;

	if (store_db_save(kept, line, &err) != STORE_DB_OK || db_run(db, "UPDATE changes SET n = n + 1 WHERE id = 1", NULL, 0) != 1)
		return say(err.text[0] != '\0' ? err.text : db_error(db));
	return db_commit(db) ? 0 : say(db_error(db));
}

static int command_init(struct db *db, const char *folder)
{
	struct scms_slice electors[] = {load(folder, "cert-elector-A.coer"), load(folder, "cert-elector-B.coer"),
					load(folder, "cert-elector-C.coer")};
	struct scms_slice root = load(folder, "cert-root-1.coer"), crlg = load(folder, "cert-crlg.coer");
	struct scms_bootstrap from = {.now = NOW, .electors = electors, .elector_count = 3, .roots = &root, .root_count = 1,
				      .certificates = &crlg, .certificate_count = 1, .quorum = 2};
	struct scms_bootstrap_error why;
	struct store_db_error err;
	struct store_db *kept = store_db_new(db, engine_crypto(), &err);
	struct scms_store *store;
	size_t size;
	void *memory;
	int code;

	if (kept == NULL || !db_begin(db))
		return say(kept == NULL ? err.text : db_error(db));
	memory = store_db_memory(kept, &from.limits, &size);
	store = memory != NULL ? scms_store_init(memory, size, &from, engine_crypto(), store_db_objects(kept), &why) : NULL;
	if (store == NULL) {
		store_db_close(kept);
		return say("no store");
	}
	store_db_take(kept, store);
	code = save(db, kept, "{\"init\":true}");
	store_db_close(kept);
	for (unsigned k = 0; k < 3; k++)
		free((void *)(uintptr_t)electors[k].p);
	free((void *)(uintptr_t)root.p);
	free((void *)(uintptr_t)crlg.p);
	return code;
}

static int command_apply(struct db *db, const char *option, const char *path)
{
	const struct scms_report silent = {0};
	struct scms_session session = {0};
	struct scms_session_result result;
	struct store_db_error err;
	struct store_db *kept = store_db_open(db, engine_crypto(), &err);
	size_t size;
	void *work;
	int code = 0;

	if (kept == NULL)
		return say(err.text);
	*(strcmp(option, "--crl") == 0 ? &session.crl : &session.chain) = load("", path);
	size = scms_session_work_size(store_db_store(kept), &session);
	work = malloc(size);
	if (work == NULL || !db_begin(db))
		return say(db_error(db));
	result = scms_store_apply(store_db_store(kept), &session, NOW, engine_crypto(), store_db_objects(kept), work, size, &silent);
	if (result.status != SCMS_SESSION_DONE)
		code = say("the session failed");
	else if (result.changed)
		code = save(db, kept, "{\"applied\":true}");
	else
		db_rollback(db);
	free(work);
	free((void *)(uintptr_t)(session.crl.p != NULL ? session.crl.p : session.chain.p));
	store_db_close(kept);
	return code;
}

static bool line_print(void *ctx, const struct db_value *columns, size_t count)
{
	(void)ctx, (void)count;
	printf("%.*s\n", (int)columns[0].bytes.n, (const char *)columns[0].bytes.p);
	return true;
}

static int command_dump(struct db *db)
{
	struct scms_store_status status;
	struct store_db_error err;
	struct store_db *kept = store_db_open(db, engine_crypto(), &err);
	uint8_t *bytes, hash[32];
	struct scms_slice whole;
	size_t n = 0;

	if (kept == NULL)
		return say(err.text);
	scms_store_encode(store_db_store(kept), NULL, 0, &n);
	bytes = malloc(n);
	if (bytes == NULL || !scms_store_encode(store_db_store(kept), bytes, n, &n) ||
	    !scms_store_status(store_db_store(kept), NOW, engine_crypto(), store_db_objects(kept), &status))
		return say("the store cannot be told");
	whole = (struct scms_slice){bytes, n};
	engine_crypto()->sha256(engine_crypto()->ctx, &whole, 1, hash);
	printf("%llu %lld ", (unsigned long long)store_db_counter(kept),
	       (long long)db_number(db, "SELECT n FROM changes WHERE id = 1", NULL, 0, -1));
	for (unsigned k = 0; k < 32; k++)
		printf("%02x", hash[k]);
	printf(" %lld objects\n", (long long)db_number(db, "SELECT COUNT(*) FROM trust_object", NULL, 0, -1));
	db_each(db, "SELECT line FROM trust_log ORDER BY counter", NULL, 0, line_print, NULL);
	free(bytes);
	store_db_close(kept);
	return 0;
}

int main(int argc, char **argv)
{
	struct db_fault fault;
	struct db *db;
	int code = 2;

	if (argc < 3)
		return 2;
	db = db_open(argv[2], &schema, &fault);
	if (db == NULL)
		return say(fault.text);
	if (strcmp(argv[1], "init") == 0 && argc == 4)
		code = command_init(db, argv[3]);
	else if (strcmp(argv[1], "apply") == 0 && argc == 5)
		code = command_apply(db, argv[3], argv[4]);
	else if (strcmp(argv[1], "dump") == 0)
		code = command_dump(db);
	else if (strcmp(argv[1], "damage") == 0)
		code = db_run(db, "UPDATE trust_store SET store = $1 WHERE id = 1", DB_VALUES(db_bytes("spoilt", 6))) == 1 ? 0 : 3;
	db_close(db);
	return code;
}
