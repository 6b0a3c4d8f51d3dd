/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.h: what the cases of that test share: a world that runs behind the socket.
 */
#ifndef TESTS_PROVISION_KINDS_H
#define TESTS_PROVISION_KINDS_H

#include "tests/provision/behind.h"

extern struct world world;

/* What a component's database says; -1: nothing. */
int64_t number(enum world_component which, const char *sql);

/*
 * Another PCA takes the place of the RA's (replaced.c). It comes last: the world is another one afterwards. How many
 * checks failed.
 */
unsigned another_pca(void);

#endif
