/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender.h: sends what the aggregator has released to the PCA, one by one, by ticket, and takes the answers.
 *
 * A request stands in the database until its answer does: after a crash it is sent again, and the PCA, to which it is the
 * same request, gives the same answer.
 */
#ifndef COMPONENTS_RA_SENDER_H
#define COMPONENTS_RA_SENDER_H

#include "components/ra/ra.h"

struct ra_sender *ra_sender_new(struct service *service, unsigned at_a_time);
void ra_sender_free(struct ra_sender *sender);

/* Releases what may leave, and sends. Called once a second and whenever something was added. */
void ra_sender_run(struct ra_sender *sender);

#endif
