/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth.h: the true map of vehicles and certificates, and copies of what the components keep: for an attack (privacy.py).
 */
#ifndef TESTS_PROVISION_TRUTH_H
#define TESTS_PROVISION_TRUTH_H

#include "tests/provision/walk.h"

/*
 * Writes FOLDER/truth.json, and copies the components' homes, with the databases as they are at work, and the log to
 * FOLDER/found. The walk was taken for each vehicle. first: the present period.
 */
void truth_keep(const struct world *world, const struct vehicle *vehicles, unsigned n, uint16_t first, const char *folder);

#endif
