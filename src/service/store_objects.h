/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_objects.h: the objects beside a store, files named by the SHA-256 of what they hold.
 *
 * An object never changes. One is believed only after its bytes have been hashed, once in a process. New ones are written
 * at once and synced before the store that names them; what is named no more is deleted after.
 */
#ifndef SERVICE_STORE_OBJECTS_H
#define SERVICE_STORE_OBJECTS_H

#include <scms/trust.h>

struct store_objects;

/* Objects below the directory `dir`, in its sub-directory "objects". NULL: no memory. */
struct store_objects *store_objects_open(int dir, const struct scms_crypto *crypto);

const struct scms_objects *store_objects_table(struct store_objects *objects);

/* Why an object could not be had or kept; empty if all went well. */
const char *store_objects_error(const struct store_objects *objects);

/* Remembers the objects that a state of the store needs, so that they outlive the next collection. */
void store_objects_keep(struct store_objects *objects, const struct scms_store *store);

/* Makes new objects durable. False: errno says why. */
SCMS_CHECKED bool store_objects_sync(struct store_objects *objects);

/* Deletes what neither the kept state nor this one needs. */
void store_objects_collect(struct store_objects *objects, const struct scms_store *store);

/* Deletes all objects: the store was never committed. */
void store_objects_discard(struct store_objects *objects);

void store_objects_close(struct store_objects *objects);

#endif
