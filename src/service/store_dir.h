/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_dir.h: a trust store kept in a directory (trust rule A2).
 *
 *   slot-0, slot-1   the store, by turns: a header (magic, counter, SHA-256) and its encoding
 *   objects/HEX      what the store names by SHA-256: chain file, CRLs, certificates
 *   log              one JSON line for each session
 *   lock             held while a process uses the directory
 *
 * A new state is written to a temporary file, synced, renamed over the older slot, and the directory synced. A crash at any
 * instant leaves the old state or the new one. When the newer slot is damaged (a disk that does not keep its word about
 * order), the older one is used and `damaged` says so; when no slot can be read, nothing is trusted and nothing changed.
 */
#ifndef SERVICE_STORE_DIR_H
#define SERVICE_STORE_DIR_H

#include <scms/trust.h>

struct store_dir;

enum store_dir_status {
	STORE_DIR_OK = 0,
	STORE_DIR_EXISTS,     /* create: there is something of that name already */
	STORE_DIR_UNREADABLE, /* no slot can be read, or an object is missing or damaged */
	STORE_DIR_IO,	      /* the system refused: see the message */
	STORE_DIR_BUSY,	      /* another process changes it */
};

struct store_dir_error {
	enum store_dir_status status;
	char text[256]; /* for people: what and why, with the way to mend it */
};

enum store_dir_use { STORE_DIR_READ, STORE_DIR_CHANGE };

/*
 * Opens a directory. Readers may be many at once; one who changes it is alone, and waits for others up to ten seconds.
 * NULL where it cannot be used.
 */
struct store_dir *store_dir_open(const char *path, enum store_dir_use use, const struct scms_crypto *crypto,
				 struct store_dir_error *err);

/*
 * Begins a new directory under a temporary name beside path; store_dir_commit gives it its name. Its store is made by the
 * caller, in memory of store_dir_memory, with scms_store_init.
 */
struct store_dir *store_dir_begin(const char *path, const struct scms_crypto *crypto, struct store_dir_error *err);

/* Memory for a store of these limits, owned by the directory. NULL: none. */
void *store_dir_memory(struct store_dir *dir, const struct scms_limits *limits, size_t *size);

/* The store, and its objects. Slices of objects stay valid until store_dir_close. */
struct scms_store *store_dir_store(struct store_dir *dir);
const struct scms_objects *store_dir_objects(struct store_dir *dir);

/* Sets the store of a directory that was begun. */
void store_dir_take(struct store_dir *dir, struct scms_store *store);

/* Counter of the state that was read; it rises by one with each commit. */
uint64_t store_dir_counter(const struct store_dir *dir);

/*
 * For one who only reads: reads all that the store names and lets go of the lock. From then on others may change the directory, and what
 * was read stays as it was. False: an object cannot be had, and the lock is still held.
 */
SCMS_CHECKED bool store_dir_release(struct store_dir *dir);

/* Was the newer slot damaged, and this is the older state? */
bool store_dir_damaged(const struct store_dir *dir);

/* Why an object could not be had, where scms_store_apply or the like failed; empty otherwise. */
const char *store_dir_object_error(const struct store_dir *dir);

/*
 * Makes the store's present state durable, then adds `log_line` (JSON, without newline; NULL: none) to the log and deletes
 * objects that neither this state nor the one before needs. On failure the directory holds the old state.
 */
enum store_dir_status store_dir_commit(struct store_dir *dir, const char *log_line, struct store_dir_error *err);

/* Adds a line to the log of a session that changed nothing. */
enum store_dir_status store_dir_log(struct store_dir *dir, const char *log_line, struct store_dir_error *err);

/* Closes; of a directory that was begun and not committed nothing is left. NULL is allowed. */
void store_dir_close(struct store_dir *dir);

#endif
