/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_inside.h: what the files of the daemon share.
 */
#ifndef SERVICE_DAEMON_INSIDE_H
#define SERVICE_DAEMON_INSIDE_H

#include "service/daemon_config.h"
#include "service/peer.h"

#include <sys/queue.h>
#include <sys/types.h>

struct runner;

/* A route of a component, as the HTTP server calls it. */
struct route_binding {
	struct runner *runner;
	const struct service_route *route;
};

/* By what a file is known to be the one that it was; all zero: there is none. */
struct file_mark {
	ino_t inode;
	off_t size;
	time_t seconds;
	long nanoseconds;
};

/* Its TLS identity (service_tls.h). */
struct runner_tls {
	char *path[3]; /* certificate, key, roots */
	struct tls_identity identity;
	SSL_CTX *context;
	time_t until; /* Unix time */
	struct file_mark taken[3], seen[3];
	bool refused;  /* what lies there cannot be used */
	time_t warned; /* 0: it was not */
};

/* A component that runs. */
struct runner {
	struct service service; /* first: a role's service is its runner */
	STAILQ_ENTRY(runner) link;
	const struct component_config *config;
	const struct scms_crypto *crypto;
	struct runner_tls tls;
	struct http_server *server;
	struct http_route *routes;
	struct route_binding *bindings;
	size_t route_count;
	struct party party;
	char *peer_line; /* by which it says who it is to those that it calls; made when it is first wanted (peer.h) */
	struct peers peers;
	enum scms_reason standing; /* as it was last told */
	bool started, stopped;
	/* for metrics */
	uint64_t sessions, refused_role, refused_standing, peers_refused, refused;
	/* why a peer was refused, as it was last said in the log, and in which second */
	scms_time64 peer_said_at;
	char peer_said[PEER_WHY_BYTES];
};

static inline struct runner *runner_of(const struct service *service)
{
	return (struct runner *)(uintptr_t)service;
}

/* Opens all that a component needs and starts its role; it serves from then on. NULL: err says why. */
struct runner *runner_open(struct event_base *base, const struct component_config *config, bool test_mode,
			   const struct scms_crypto *crypto, struct service_error *err);

/* Opens its trust store. */
SCMS_CHECKED bool runner_store_open(struct runner *runner, struct service_error *err);

/* Against what the store knows to have been signed. */
SCMS_CHECKED bool runner_clock_is_right(const struct runner *runner, struct service_error *err);

/* Accepts no more; done is called when the last request is answered. */
void runner_stop(struct runner *runner, void (*done)(void *ctx), void *ctx);

/* Ends what is under way, stops the role and frees everything. NULL is allowed. */
void runner_close(struct runner *runner);

/* Once a second. */
void runner_tick(struct runner *runner, scms_time64 now);

/* Takes the files of its TLS identity as they are now. */
void runner_reload(struct runner *runner);

/* The standing is judged anew and logged where it has changed; changed: store or identity have, and the role is told. */
void runner_look(struct runner *runner, bool changed);

/*
 * What a caller is shown of a status (http_server_shows): production tells end entities 500 and nothing else, whatever was wrong, and
 * wherever it was seen.
 */
int routes_shown(void *ctx, const struct http_exchange *exchange, int status);

/* Makes the routes that the HTTP server gets: the role's, and those of every component. */
SCMS_CHECKED bool routes_make(struct runner *runner);
void routes_free(struct runner *runner);

/* The routes of every component (service_common.c). */
extern const struct service_route common_routes[];

/* What `text` says is wrong goes to err, after the component's name. Always false. */
bool runner_refuse(const struct component_config *config, struct service_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
