/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.h: what a role is to the daemon (scmsd), and what the daemon is to a role.
 *
 * A component is a role with a home (service/home.h): name, identity, trust store, database. scmsd runs one or more of
 * them in one process, on one event base and in one thread. For each it
 *
 *   - loads the identity, opens trust store and database, makes the TLS server and client, and then calls start;
 *   - serves, beside the role's routes, GET /health, GET /metrics, GET /trust, POST /trust and POST /activate
 *     (service_common.c);
 *   - checks before each route that the caller has a TLS role that the route asks for, and that the component may act
 *     (rule D6.2); a caller that is refused is told so;
 *   - calls tick once a second, and changed whenever the trust store or the identity has changed.
 *
 * A role is a `const struct role_service` in a file of its own, and a row in the table of src/programs/scmsd/roles.c.
 */
#ifndef SERVICE_DAEMON_H
#define SERVICE_DAEMON_H

#include "base/clock.h"
#include "components/message.h"
#include "components/trustee.h"
#include "service/commit.h"
#include "service/db.h"
#include "service/http_client.h"
#include "service/http_server.h"
#include "service/log.h"
#include "service/metrics.h"

struct home;
struct service;

struct service_error {
	char text[640]; /* for people: names the file, what is wrong, and the mend */
};

/* ---- what a role brings ---- */

enum service_route_flags {
	SERVICE_ISSUES = 1, /* not served while the component may not act (rule D6.2) */
	SERVICE_PUBLIC = 2, /* for end entities: refusals are a bare 500 in production (service_refuse) */
};

/* A path, or the head of one where it ends with '/'. */
struct service_route {
	unsigned methods; /* enum http_method, joined */
	const char *path;
	const char *roles; /* the caller shows a TLS certificate of one of these: "ra", "ma manager"; NULL: anybody */
	size_t body_max;   /* bytes */
	unsigned flags;
	void (*handle)(struct service *service, struct http_exchange *exchange);
};

enum setting_kind { SETTING_NUMBER, SETTING_TEXT, SETTING_FLAG };

/* A setting of a component in scmsd.conf. What is not in the table is refused by scmsd --check, with file and line. */
struct role_setting {
	const char *name; /* "shuffle_threshold" */
	enum setting_kind kind;
	int64_t least, most;  /* of a number */
	int64_t number;	      /* unless it is set; of a flag 0 or 1 */
	const char *text;     /* unless it is set; NULL: none */
	const char *meaning; /* one line, with the unit */
};

/* A peer that a role calls: "pca", "la1". */
struct role_peer {
	const char *name;
	enum role_peer_kind {
		PEER_NEEDED,
		PEER_OPTIONAL,
		PEER_SEVERAL, /* needed, and there may be more: of "la1" and "la2" also la3, la4, ... */
		PEER_ANY,     /* whatever else there is, by any name */
	} kind;
};

struct role_service {
	const char *name;		       /* as in components/authority/role.h: "ra" */
	const struct db_schema *schema;	       /* NULL: it keeps no database */
	const struct service_route *routes;    /* ends with a row whose path is NULL */
	const struct role_setting *settings;   /* ends with a row whose name is NULL; may be NULL */
	const struct role_peer *peers;	       /* likewise; NULL: it calls nobody */
	/*
	 * Are the settings of use? Asked by scmsd --check, and before start; nothing is open then. The name of one that is not, and in err
	 * what was expected and found; NULL: they are. May be NULL.
	 */
	const char *(*check)(const struct service *service, struct service_error *err);
	/* Sets service->state. False: err says why; stop is not called. */
	bool (*start)(struct service *service, struct service_error *err);
	/*
	 * The last call: frees service->state. By now requests are answered, calls to peers have ended (those under way with
	 * status 0) and the turn is committed; the database is still open.
	 */
	void (*stop)(struct service *service);
	/* No more requests come: those that are held back are to be answered now. May be NULL. */
	void (*stopping)(struct service *service);
	void (*tick)(struct service *service, scms_time64 now);	       /* once a second; may be NULL */
	void (*changed)(struct service *service);		       /* trust store or identity; may be NULL */
	void (*metrics)(struct service *service, struct metrics *to);  /* may be NULL */
};

/* ---- what a role gets ---- */

struct service {
	const struct role_service *role;
	const char *name; /* of the component: "la1" */
	const char *host; /* its host name */
	const char *path; /* of its home */
	struct event_base *base;
	struct home *home;
	/* Who it is now; cert NULL where the role has none. The members change with an activation, the pointer does not. */
	const struct party *party;
	struct trustee *trustee;
	struct db *db;	       /* NULL where the role keeps none */
	struct commit *commit; /* likewise */
	struct http_client *client;
	bool test_mode; /* answers say what is wrong */
	void *state;	/* the role's own */
};

/* The component's settings, by the role's table. A name that is not in it is a mistake in the program. */
int64_t service_number(const struct service *service, const char *name);
const char *service_text(const struct service *service, const char *name); /* NULL: not set */
bool service_flag(const struct service *service, const char *name);

/* "https://host:port" of a peer; NULL: there is none of that name. */
const char *service_peer(const struct service *service, const char *name);

/* The k-th peer's name in scmsd.conf, k from 0; NULL past the last. */
const char *service_peer_name(const struct service *service, unsigned k);

/*
 * Calls a peer: POST of body (p NULL: GET) to its path. done is called once, later, also where there is no answer
 * (status 0). False without memory, or where scmsd.conf names no such peer: done is not called.
 */
SCMS_CHECKED bool service_call(struct service *service, const char *peer, const char *path, struct scms_slice body,
			       size_t answer_max, void (*done)(void *ctx, const struct http_result *result), void *ctx);

/* May the component act now? SCMS_VALID, or why not (rule D6.2). Asked for by SERVICE_ISSUES; before own acts in tick. */
enum scms_reason service_standing(const struct service *service);

/*
 * Answers with a refusal. Production: on public routes a bare 500, on others `status` without a body. Test mode: `status`
 * with the published headers SCMS-POC-Error (code, e.g. 5067; 0: left out) and SCMS-POC-Error-Message (text).
 */
void service_refuse(struct service *service, struct http_exchange *exchange, int status, unsigned code, const char *format,
		    ...) __attribute__((format(printf, 5, 6)));

/* Answers with a message that could not be opened (message_open): the same, with code. */
void service_refuse_message(struct service *service, struct http_exchange *exchange, unsigned code,
			    enum message_status status, const struct message *message);

/* Answers with JSON, indented, and lets go of it. */
void service_answer_json(struct http_exchange *exchange, int status, json_t *json);

/*
 * One session for this component, as if it had come by POST /trust: for roles that make or fetch files themselves. All
 * that depends on the store is told (changed).
 */
struct trustee_outcome service_apply(struct service *service, const struct scms_session *session);

#endif
