/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.h: what is acknowledged is on disk.
 *
 * Handlers of one turn of the event loop share one transaction. At the end of the turn it is committed, once for all of
 * them, and only then do their answers go out. If it cannot be committed, nothing of it happened and every answer is
 * 503. So a thousand requests a second cost a few dozen fsyncs.
 */
#ifndef SERVICE_COMMIT_H
#define SERVICE_COMMIT_H

#include "service/db.h"
#include "service/http_server.h"

struct commit;

/* A turn ends after all that was ready when it began. */
struct commit *commit_new(struct event_base *base, struct db *db);
void commit_free(struct commit *commit);

/* Opens the turn's transaction, unless it is open. False: it cannot be; the answer is 503. */
bool commit_begin(struct commit *commit);

/* Answers when the turn's transaction is on disk. The body is copied. */
void commit_answer(struct commit *commit, struct http_exchange *exchange, int status, const char *type,
		   struct scms_slice body);

/* Calls back when the turn's transaction is on disk, or has failed. */
void commit_then(struct commit *commit, void (*then)(void *ctx, bool durable), void *ctx);

/* Ends the turn now. */
void commit_flush(struct commit *commit);

#endif
