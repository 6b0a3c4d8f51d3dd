/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h: scmsd in processes of their own, for tests: started, awaited, killed.
 */
#ifndef TESTS_PROVISION_RUN_H
#define TESTS_PROVISION_RUN_H

#include "tests/provision/world.h"

#include <sys/types.h>

/* Starts scmsd for the named components (NULL after the last; none: all); its log goes to FOLDER/log. */
pid_t run_start(const struct world *world, const char *scmsd, const char *const *names);

/* Waits until the component answers. Fails the test after a while. */
void run_await(const struct world *world, enum world_component which);

/* SIGKILL, and waits for its end. */
void run_kill(pid_t pid);

/* SIGTERM, and waits; fails the test unless it ends well. */
void run_stop(pid_t pid);

#endif
