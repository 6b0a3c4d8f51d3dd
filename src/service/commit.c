/* SPDX-License-Identifier: Apache-2.0 */
#include "commit.h"

#include "service/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct waiting {
	STAILQ_ENTRY(waiting) link;
	void (*then)(void *ctx, bool durable);
	void *ctx;
	/* an answer */
	struct http_exchange *exchange;
	int status;
	const char *type;
	size_t n;
	uint8_t body[];
};

struct commit {
	struct db *db;
	struct event *turn;
	STAILQ_HEAD(queue, waiting) waiting;
};

static void settle(struct waiting *waiting, bool durable)
{
	if (waiting->exchange == NULL)
		waiting->then(waiting->ctx, durable);
	else if (durable)
		http_answer(waiting->exchange, waiting->status, waiting->type,
			    (struct scms_slice){waiting->body, waiting->n});
	else
		http_answer(waiting->exchange, 503, NULL, (struct scms_slice){NULL, 0});
	free(waiting);
}

void commit_flush(struct commit *commit)
{
	struct queue ready = STAILQ_HEAD_INITIALIZER(ready);
	struct waiting *waiting;
	bool durable = db_commit(commit->db);

	if (!durable)
		log_event(NULL, LOG_LEVEL_ERROR, "not committed", "s:s", "text", db_error(commit->db));
	/* What is called back may begin the next turn. */
	STAILQ_CONCAT(&ready, &commit->waiting);
	while ((waiting = STAILQ_FIRST(&ready)) != NULL) {
		STAILQ_REMOVE_HEAD(&ready, link);
		settle(waiting, durable);
	}
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	commit_flush(arg);
}

struct commit *commit_new(struct event_base *base, struct db *db)
{
	struct commit *commit = calloc(1, sizeof(*commit));

	if (commit == NULL)
		return NULL;
	commit->db = db;
	STAILQ_INIT(&commit->waiting);
	commit->turn = event_new(base, -1, 0, on_turn, commit);
	if (commit->turn == NULL) {
		commit_free(commit);
		return NULL;
	}
	return commit;
}

void commit_free(struct commit *commit)
{
	if (commit == NULL)
		return;
	commit_flush(commit);
	if (commit->turn != NULL)
		event_free(commit->turn);
	free(commit);
}

bool commit_begin(struct commit *commit)
{
	event_active(commit->turn, EV_TIMEOUT, 0);
	return db_begin(commit->db);
}

static void enqueue(struct commit *commit, struct waiting *waiting)
{
	STAILQ_INSERT_TAIL(&commit->waiting, waiting, link);
	event_active(commit->turn, EV_TIMEOUT, 0);
}

void commit_answer(struct commit *commit, struct http_exchange *exchange, int status, const char *type,
		   struct scms_slice body)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting) + body.n);

	if (waiting == NULL) {
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
		return;
	}
	waiting->exchange = exchange;
	waiting->status = status;
	waiting->type = type;
	waiting->n = body.n;
	if (body.n > 0)
		memcpy(waiting->body, body.p, body.n);
	enqueue(commit, waiting);
}

void commit_then(struct commit *commit, void (*then)(void *ctx, bool durable), void *ctx)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting == NULL) {
		/* Saying no here would be a lie if the turn is committed: it is not. */
		db_rollback(commit->db);
		then(ctx, false);
		return;
	}
	waiting->then = then;
	waiting->ctx = ctx;
	enqueue(commit, waiting);
}
