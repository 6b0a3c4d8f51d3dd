/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push.h: updates on their way to all components: who has them, who has not, and by when they ought to.
 *
 * An update and every acknowledgement are in the database before anybody is told of them, so a manager that was stopped goes
 * on where it was.
 */
#ifndef COMPONENTS_MANAGER_PUSH_H
#define COMPONENTS_MANAGER_PUSH_H

#include "service/daemon.h"

#define PUSH_TABLES                                                                                                    \
	"CREATE TABLE updates (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, deadline INTEGER NOT NULL, bytes BLOB NOT NULL)", \
	    "CREATE TABLE deliveries (update_id INTEGER NOT NULL, component TEXT NOT NULL, time INTEGER NOT NULL, "    \
	    "status INTEGER NOT NULL, tries INTEGER NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (update_id, component))"

struct pushes;

/* Takes up what the database says is not delivered yet. NULL: err says why. */
struct pushes *pushes_open(struct service *service, struct service_error *err);
void pushes_close(struct pushes *pushes);

/*
 * Keeps an update and brings it to all peers; the exchange is answered, with its id, once it is on disk. seconds: until it
 * ought to be everywhere.
 */
void push_begin(struct pushes *pushes, struct http_exchange *exchange, struct scms_slice bytes, uint32_t seconds);

/* Once a second: those who did not answer are asked again. */
void pushes_tick(struct pushes *pushes);

/* One update's deliveries; NULL: there is no such update. */
json_t *push_json(struct pushes *pushes, int64_t id);

/* The newest ones. */
json_t *pushes_json(struct pushes *pushes);

void pushes_metrics(const struct pushes *pushes, struct metrics *to);

#endif
