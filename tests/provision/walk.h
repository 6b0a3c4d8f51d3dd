/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h: what the MA asks the others about a vehicle, and what it learns.
 */
#ifndef TESTS_PROVISION_WALK_H
#define TESTS_PROVISION_WALK_H

#include "tests/provision/vehicle.h"

/* An answer to the MA, opened. */
struct walk_reply {
	struct ScmsPDU content; /* points into the others */
	struct fetched kept;
	struct bytes plain;
};

/* Sends what the MA asks, and opens the answer. request, reply: rows of the envelope table. Anything wrong ends the test. */
void walk_ask(const struct world *world, enum world_component which, const char *path, const char *request, const char *reply,
	      const struct ScmsPDU *pdu, struct walk_reply *out);
void walk_reply_free(struct walk_reply *reply);

/* From linkage values to hashes of requests, linkage chains and seeds: fills in what vehicle.h says of walk.h. */
void walk_vehicle(const struct world *world, struct vehicle *vehicle);

/* The pre-linkage values of a certificate, from the vehicle's seeds, which are those of period first. */
void walk_values(const struct vehicle *vehicle, uint16_t first, const struct vehicle_certificate *certificate,
		 uint8_t plv[2][LINKAGE_VALUE]);

#endif
