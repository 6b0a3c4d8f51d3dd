/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supply.h: items ahead of need.
 *
 * Whoever asked once gets certificates for every period up to the policy's supply, from then on without asking again.
 * Pre-linkage values are asked for from both LAs at once, for several vehicles and periods in one message, so that neither
 * the size nor the moment of a message says whom it is for.
 */
#ifndef COMPONENTS_RA_SUPPLY_H
#define COMPONENTS_RA_SUPPLY_H

#include "components/ra/ra.h"

struct ra_supply *ra_supply_new(struct service *service);
void ra_supply_free(struct ra_supply *supply);

/* Begins what is due. Called once a second and whenever something was finished. */
void ra_supply_run(struct ra_supply *supply);

/* The last i-period that certificates are to be there for now. */
uint16_t ra_supply_last(const struct ra_policy *policy, scms_time32 now);

#endif
