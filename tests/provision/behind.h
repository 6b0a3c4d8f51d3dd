/* SPDX-License-Identifier: Apache-2.0 */
/*
 * behind.h: components that run behind the socket: the same handlers, databases and trust stores, with calls handed over in
 * memory. For fuzzing and for measuring without TLS.
 *
 * It takes the place of the HTTP server and of the daemon: what links it gets no others.
 */
#ifndef TESTS_PROVISION_BEHIND_H
#define TESTS_PROVISION_BEHIND_H

#include "service/daemon.h"
#include "tests/provision/world.h"

/* Opens all components over the homes of a world, and lets LAs and PCA agree on keys. numbers: settings by name, "x=1 y=2". */
void behind_open(const struct world *world, const struct scms_crypto *crypto, const char *numbers);
/* Other settings from now on, as after a restart. */
void behind_settings(const char *others);
void behind_close(void);

/* Closes a component, after all calls under way, and opens it again: after world_replace() the one that took its place. */
void behind_replace(const struct world *world, enum world_component which);

/* What becomes of calls to a component. */
enum behind_presence {
	BEHIND_ANSWERS,
	BEHIND_DOWN,	/* nobody listens */
	BEHIND_STOPPED, /* 503, as from one that may not issue (rule D6.2) */
	BEHIND_MUTE,	/* they are carried out, and the answer is lost */
};
void behind_presence(enum world_component which, enum behind_presence presence);

/* The code (SCMS-POC-Error) of the last refusal; 0: it had none. */
unsigned behind_code(void);

/* How many lines of this event a component has logged. */
unsigned behind_logged(enum world_component which, const char *event);

/* Gives a component a composite CRL. */
void behind_trust(enum world_component which, struct scms_slice crl);

struct service *behind_service(enum world_component which);

/* The routes of a component, the role's own (table 0) and those that all have (1); each ends with a row whose path is NULL. */
const struct service_route *behind_routes(enum world_component which, unsigned table);

/* One request at a component, through its route or one that all have; header: value of Download-Req or NULL. The HTTP status; body is to be freed. */
int behind_request(enum world_component which, const char *path, struct scms_slice body, const char *header, struct bytes *answer);

/* Many requests in one turn of the event loop, which share its commit; each must be answered with 200. */
void behind_batch(enum world_component which, const char *path, const struct scms_slice *bodies, unsigned n);

/* Once a second's work of all; then calls under way are carried until none is left. */
void behind_turn(void);

#endif
