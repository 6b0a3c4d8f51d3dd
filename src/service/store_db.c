/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store_db.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object that was asked for. */
struct held {
	uint8_t digest[32];
	struct scms_slice bytes;
	struct held *next;
};

struct store_db {
	struct db *db;
	const struct scms_crypto *crypto;
	struct scms_objects table;
	struct scms_store *store;
	void *memory;
	struct held *held;
	uint64_t counter;
};

static enum store_db_status fail(struct store_db_error *err, enum store_db_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum store_db_status fail(struct store_db_error *err, enum store_db_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->status = status;
	return status;
}

/* ---- objects ---- */

/* Copies a row's bytes: they are valid during the call only. */
static bool copy_bytes(void *ctx, const struct db_value *columns, size_t count)
{
	struct scms_slice *out = ctx;
	uint8_t *copy = malloc(columns[0].bytes.n + 1);

	(void)count;
	if (copy != NULL && columns[0].bytes.n > 0)
		memcpy(copy, columns[0].bytes.p, columns[0].bytes.n);
	*out = (struct scms_slice){copy, columns[0].bytes.n};
	return false;
}

static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	struct store_db *kept = ctx;
	struct held *held;
	uint8_t hash[32];

	for (held = kept->held; held != NULL; held = held->next)
		if (memcmp(held->digest, digest, 32) == 0) {
			*bytes = held->bytes;
			return true;
		}
	held = calloc(1, sizeof(*held));
	if (held == NULL)
		return false;
	if (db_each(kept->db, "SELECT bytes FROM trust_object WHERE sha256 = $1", DB_VALUES(db_bytes(digest, 32)), copy_bytes,
		    &held->bytes) != 1 ||
	    held->bytes.p == NULL) {
		free(held);
		return false;
	}
	kept->crypto->sha256(kept->crypto->ctx, &held->bytes, 1, hash);
	if (memcmp(hash, digest, 32) != 0) {
		free((void *)(uintptr_t)held->bytes.p);
		free(held);
		return false;
	}
	memcpy(held->digest, digest, 32);
	held->next = kept->held;
	kept->held = held;
	*bytes = held->bytes;
	return true;
}

static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct store_db *kept = ctx;
	size_t length = 0, at = 0;
	uint8_t *whole;
	bool good;

	for (size_t k = 0; k < n; k++)
		length += parts[k].n;
	whole = malloc(length + 1);
	if (whole == NULL)
		return false;
	for (size_t k = 0; k < n; k++) {
		if (parts[k].n > 0)
			memcpy(whole + at, parts[k].p, parts[k].n);
		at += parts[k].n;
	}
	good = db_run(kept->db, "INSERT INTO trust_object (sha256, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING",
		      DB_VALUES(db_bytes(digest, 32), db_bytes(whole, length))) >= 0;
	free(whole);
	return good;
}

/* ---- the store ---- */

static struct store_db *kept_new(struct db *db, const struct scms_crypto *crypto, struct store_db_error *err)
{
	struct store_db *kept = calloc(1, sizeof(*kept));

	*err = (struct store_db_error){STORE_DB_OK, ""};
	if (kept == NULL) {
		fail(err, STORE_DB_FAILED, "out of memory");
		return NULL;
	}
	kept->db = db;
	kept->crypto = crypto;
	kept->table = (struct scms_objects){.ctx = kept, .get = object_get, .put = object_put};
	return kept;
}

struct row {
	struct store_db *kept;
	uint8_t sha256[32];
	bool bad;
	struct scms_slice store;
};

static bool row_read(void *ctx, const struct db_value *columns, size_t count)
{
	struct row *row = ctx;

	row->kept->counter = (uint64_t)columns[0].integer;
	row->bad = columns[1].bytes.n != 32;
	if (!row->bad)
		memcpy(row->sha256, columns[1].bytes.p, 32);
	return copy_bytes(&row->store, columns + 2, count - 2);
}

static enum store_db_status store_read(struct store_db *kept, struct store_db_error *err)
{
	struct row row = {.kept = kept};
	int64_t rows = db_each(kept->db, "SELECT counter, sha256, store FROM trust_store WHERE id = 1", NULL, 0, row_read, &row);
	struct scms_limits limits;
	enum store_db_status status = STORE_DB_OK;
	uint8_t hash[32];
	size_t size;

	if (rows < 0)
		return fail(err, STORE_DB_FAILED, "the trust store cannot be read: %s", db_error(kept->db));
	if (rows == 0)
		return fail(err, STORE_DB_NONE, "the database holds no trust store; provision it in a secure environment");
	if (row.store.p == NULL)
		return fail(err, STORE_DB_FAILED, "out of memory");
	kept->crypto->sha256(kept->crypto->ctx, &row.store, 1, hash);
	if (row.bad || memcmp(hash, row.sha256, 32) != 0) {
		status = fail(err, STORE_DB_UNREADABLE,
			      "the trust store is damaged (its SHA-256 is another); restore the database from a backup, or provision it anew");
	} else if (!scms_store_encoded_limits(row.store, &limits)) {
		status = fail(err, STORE_DB_UNREADABLE, "the trust store is not one that this version reads; use the version that wrote it");
	} else if (store_db_memory(kept, &limits, &size) == NULL) {
		status = fail(err, STORE_DB_FAILED, "out of memory");
	} else {
		kept->store = scms_store_decode(kept->memory, size, row.store, kept->crypto);
		if (kept->store == NULL)
			status = fail(err, STORE_DB_UNREADABLE,
				      "the trust store is not one that this version reads; use the version that wrote it");
	}
	free((void *)(uintptr_t)row.store.p);
	return status;
}

struct store_db *store_db_open(struct db *db, const struct scms_crypto *crypto, struct store_db_error *err)
{
	struct store_db *kept = kept_new(db, crypto, err);

	if (kept != NULL && store_read(kept, err) != STORE_DB_OK) {
		store_db_close(kept);
		kept = NULL;
	}
	return kept;
}

struct store_db *store_db_new(struct db *db, const struct scms_crypto *crypto, struct store_db_error *err)
{
	return kept_new(db, crypto, err);
}

void *store_db_memory(struct store_db *kept, const struct scms_limits *limits, size_t *size)
{
	*size = scms_store_size(limits);
	free(kept->memory);
	kept->memory = malloc(*size);
	return kept->memory;
}

void store_db_take(struct store_db *kept, struct scms_store *store)
{
	kept->store = store;
}

struct scms_store *store_db_store(struct store_db *kept)
{
	return kept->store;
}

const struct scms_objects *store_db_objects(struct store_db *kept)
{
	return &kept->table;
}

uint64_t store_db_counter(const struct store_db *kept)
{
	return kept->counter;
}

/* ---- saving ---- */

/* Digests, 32 bytes each. */
struct digests {
	uint8_t *bytes;
	size_t n, room;
	bool failed;
};

static void digests_add(void *ctx, const uint8_t digest[32])
{
	struct digests *list = ctx;

	if (list->n == list->room) {
		uint8_t *more = realloc(list->bytes, 32 * (2 * list->room + 16));

		if (more == NULL) {
			list->failed = true;
			return;
		}
		list->bytes = more;
		list->room = 2 * list->room + 16;
	}
	memcpy(list->bytes + 32 * list->n++, digest, 32);
}

static bool digests_add_row(void *ctx, const struct db_value *columns, size_t count)
{
	if (count == 1 && columns[0].bytes.n == 32)
		digests_add(ctx, columns[0].bytes.p);
	return true;
}

static bool digests_have(const struct digests *list, const uint8_t *digest)
{
	for (size_t k = 0; k < list->n; k++)
		if (memcmp(list->bytes + 32 * k, digest, 32) == 0)
			return true;
	return false;
}

/* Deletes the objects that the store does not name. */
static bool collect(struct store_db *kept)
{
	struct digests named = {0}, there = {0};
	bool good;

	scms_store_objects(kept->store, digests_add, &named);
	good = db_each(kept->db, "SELECT sha256 FROM trust_object", NULL, 0, digests_add_row, &there) >= 0 && !named.failed &&
	       !there.failed;
	for (size_t k = 0; good && k < there.n; k++)
		if (!digests_have(&named, there.bytes + 32 * k))
			good = db_run(kept->db, "DELETE FROM trust_object WHERE sha256 = $1",
				      DB_VALUES(db_bytes(there.bytes + 32 * k, 32))) == 1;
	free(named.bytes);
	free(there.bytes);
	return good;
}

/* True: written; false with status STORE_DB_STALE or STORE_DB_FAILED in err. */
static bool write_store(struct store_db *kept, struct scms_slice encoded, struct store_db_error *err)
{
	int64_t counter = (int64_t)kept->counter, rows;
	uint8_t hash[32];

	kept->crypto->sha256(kept->crypto->ctx, &encoded, 1, hash);
	if (kept->counter == 0)
		rows = db_run(kept->db,
			      "INSERT INTO trust_store (id, counter, sha256, store) VALUES (1, 1, $1, $2) ON CONFLICT DO NOTHING",
			      DB_VALUES(db_bytes(hash, 32), db_bytes(encoded.p, encoded.n)));
	else
		rows = db_run(kept->db,
			      "UPDATE trust_store SET counter = counter + 1, sha256 = $1, store = $2 WHERE id = 1 AND counter = $3",
			      DB_VALUES(db_bytes(hash, 32), db_bytes(encoded.p, encoded.n), db_integer(counter)));
	if (rows < 0)
		fail(err, STORE_DB_FAILED, "the trust store cannot be written: %s", db_error(kept->db));
	else if (rows == 0)
		fail(err, STORE_DB_STALE, "%s", counter == 0 ? "there is a trust store already; one is never made anew over another" :
					  "another process has changed the trust store");
	return rows > 0;
}

enum store_db_status store_db_save(struct store_db *kept, const char *log_line, struct store_db_error *err)
{
	uint8_t *bytes = NULL;
	size_t n = 0;

	*err = (struct store_db_error){STORE_DB_OK, ""};
	if (!db_begin(kept->db))
		return fail(err, STORE_DB_FAILED, "the trust store cannot be written: %s", db_error(kept->db));
	if (scms_store_encode(kept->store, NULL, 0, &n))
		bytes = malloc(n);
	if (bytes == NULL || !scms_store_encode(kept->store, bytes, n, &n)) {
		free(bytes);
		return fail(err, STORE_DB_FAILED, "out of memory");
	}
	if (write_store(kept, (struct scms_slice){bytes, n}, err)) {
		kept->counter++;
		if ((log_line != NULL && db_run(kept->db, "INSERT INTO trust_log (counter, line) VALUES ($1, $2)",
						DB_VALUES(db_integer((int64_t)kept->counter), db_text(log_line))) != 1) ||
		    !collect(kept))
			fail(err, STORE_DB_FAILED, "the trust store cannot be written: %s", db_error(kept->db));
	}
	free(bytes);
	return err->status;
}

void store_db_close(struct store_db *kept)
{
	if (kept == NULL)
		return;
	while (kept->held != NULL) {
		struct held *held = kept->held;

		kept->held = held->next;
		free((void *)(uintptr_t)held->bytes.p);
		free(held);
	}
	free(kept->memory);
	free(kept);
}
