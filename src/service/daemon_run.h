/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_run.h: the components of a configuration, running.
 */
#ifndef SERVICE_DAEMON_RUN_H
#define SERVICE_DAEMON_RUN_H

#include "service/daemon_config.h"

struct daemon;

/*
 * Opens all components, in the order of the file; from then on they serve. config and crypto must outlive the daemon. NULL:
 * err says which component cannot run and why; those opened before are closed again.
 */
struct daemon *daemon_open(const struct daemon_config *config, const struct scms_crypto *crypto, struct service_error *err);

/*
 * SIGHUP has each component take the files of its TLS identity anew. Runs until SIGTERM or SIGINT: then requests that are under way are answered, at most ten seconds long (a second signal:
 * at once), and everything is closed. False: a component gave up (the log says why).
 */
bool daemon_run(struct daemon *daemon);

void daemon_close(struct daemon *daemon);

#endif
