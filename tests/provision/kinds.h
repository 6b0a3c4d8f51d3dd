/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.h: what the cases of that test share: a world that runs behind the socket.
 */
#ifndef TESTS_PROVISION_KINDS_H
#define TESTS_PROVISION_KINDS_H

#include "tests/provision/behind.h"
#include "tests/provision/vehicle.h"

#define KINDS_EACH 3 /* pseudonym certificates in a period */
#define KINDS_PERIODS 2
#define KINDS_SETTINGS "shuffle_threshold=1 supply=1209600 certificates_per_period=3 max_request_age=10"
#define KINDS_ALONE "SELECT count(*) FROM item WHERE kind > 1 AND state = 4"

extern struct world world;

/* What a component's database says; -1: nothing. */
int64_t number(enum world_component which, const char *sql);

/* Turns of three seconds each, by the clock that the test turns forward: after two, what failed is tried again. */
void kinds_turns(unsigned n);

/* A vehicle that enrols and asks for pseudonym certificates: the status of the answer. */
int kinds_ask(struct vehicle *vehicle);

/* What its certificates of the present period and the next have for linkage values. */
struct kinds_values {
	uint8_t lv[KINDS_PERIODS][KINDS_EACH][LINKAGE_VALUE];
};

/* Fetches, opens and checks them: all must be there, by the PCA that the world has now. */
void kinds_all_at_hand(struct vehicle *vehicle, struct kinds_values *values, const char *when);

/* The status of a download of its file of the present period. */
int kinds_download(const struct vehicle *vehicle);

/* A CRL by which this certificate is revoked. To be freed. */
struct bytes kinds_revocation(const struct bytes *certificate);

/* The world's next PCA, running; the certificate of the one before, to be freed. */
void kinds_next_pca(const char *name, struct bytes *before);

/*
 * Another PCA takes the place of the RA's (replaced.c). It comes last: the world is another one afterwards. How many
 * checks failed.
 */
unsigned another_pca(void);

/* Another LA takes the place of one that is revoked (replaced.c). Weeks have gone by then. */
unsigned another_la(void);

/* Devices ask while the PCA is not known, not there, mute, or revoked (away.c). */
unsigned without_pca(void);

/* The same, killed at each of the RA's commits (killed.c). */
unsigned killed_at_each_commit(void);

#endif
