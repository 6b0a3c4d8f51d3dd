/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h: a page for the operators at the manager's own machine: who trusts whom now, motions under way, margins,
 * versions, health, history.
 *
 * It can only be read. It is plain HTTP and listens on loopback alone: whoever may log in to the machine may look, from
 * elsewhere through a tunnel (ssh -L). Pages of other sites cannot reach it: the Host that a request names must be loopback
 * too, nothing is shared across origins, and the page runs no script but its own.
 */
#ifndef COMPONENTS_MANAGER_CONSOLE_H
#define COMPONENTS_MANAGER_CONSOLE_H

#include "service/daemon.h"

struct console;

/* A file of the page (web/), in the program. */
struct console_page {
	const char *path; /* NULL: the last */
	const char *type;
	struct scms_slice bytes;
};

extern const struct console_page console_pages[];

/* Is this "127.0.0.1:PORT" or "[::1]:PORT"? */
bool console_may_listen(const char *listen);

/*
 * Listens on "127.0.0.1:PORT" or "[::1]:PORT" (0: any that is free) and says so in the log (event "console", with the url).
 * state makes the JSON of GET /state. NULL: err says why.
 */
struct console *console_open(struct service *service, const char *listen, json_t *(*state)(struct service *service),
			     struct service_error *err);
void console_close(struct console *console); /* NULL is fine */

#endif
