/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vehicle.h: what a device asked for, read again from the database when certificates are made for it; and the batches that
 * were made: which PCA was to issue the certificates of which period.
 */
#ifndef COMPONENTS_RA_VEHICLE_H
#define COMPONENTS_RA_VEHICLE_H

#include "components/ra/item.h"
#include "components/ra/ra.h"

struct ra_vehicle {
	struct ScmsPDU content; /* of its request */
	struct cert enrolment;
	struct bytes asked, certificate; /* what both point into */
	bool stopped; /* it gets nothing more: blacklisted, succeeded by another enrolment, or not enrolled validly any more */
	int64_t i_next;
	bool found;
};

/*
 * Reads a request of the database with its enrolment. Whose enrolment certificate was revoked or has expired gets nothing
 * more: its request is stopped, within the turn's transaction. KEY_FAILED only. To be freed whatever came of it.
 */
SCMS_CHECKED enum key_status ra_vehicle_load(struct service *service, int64_t request, struct ra_vehicle *vehicle,
					     struct key_error *err);
void ra_vehicle_free(struct ra_vehicle *vehicle);

/* Is there a batch of this request and period? */
bool ra_batch_has(struct db *db, int64_t request, uint32_t i);

/* Notes that the PCA in use is to issue it. expires: end of the certificates' validity. */
SCMS_CHECKED bool ra_batch_add(const struct ra_state *state, int64_t request, uint32_t i, scms_time32 expires);

#endif
