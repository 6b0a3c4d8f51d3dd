/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privacy.h: who could learn what: with the true map of vehicles and certificates in hand, tries to join in each database
 * and in the log what no component may join.
 */
#ifndef TESTS_PROVISION_PRIVACY_H
#define TESTS_PROVISION_PRIVACY_H

#include "tests/provision/vehicle.h"

/* Of all tries, the best: how much more often than by chance two certificates that it puts together are of one vehicle. */
struct privacy {
	double advantage; /* 0: as chance; 1: always right */
	double noise;	  /* what chance alone may well reach */
	char by[64];	  /* "order of rowid", "equal day" */
	unsigned tries;
};

/* Tries to tell from the PCA's database which certificates belong together: by equal values, order of rows, of columns. */
struct privacy privacy_pca(const struct world *world, const struct vehicle *vehicles, unsigned n);

/*
 * Counts what stands where it may not, naming each: linkage values and hashes of certificates in the RA's and the LAs'
 * databases, enrolments and requests of devices in the PCA's and the LAs', either in the log.
 */
unsigned privacy_traces(const struct world *world, const struct vehicle *vehicles, unsigned n);

#endif
