/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregator.h: requests wait here until enough of them, of more than one vehicle, can leave together in an order that
 * says nothing of where they came from.
 *
 * Each item draws a random ticket when it comes in. All that wait are released at once, and sent by ticket, when there
 * are as many as the policy's shuffle threshold, or when the oldest has waited for its maximum age. To the threshold no
 * vehicle counts for more than half of it: one that asks for years ahead does not release itself alone.
 */
#ifndef COMPONENTS_RA_AGGREGATOR_H
#define COMPONENTS_RA_AGGREGATOR_H

#include "components/ra/ra.h"

struct aggregator_item {
	int64_t request;
	enum ra_kind kind;
	uint32_t i, j;
	struct scms_slice pdu; /* the request's ScmsPDU */
	scms_time32 expires;   /* end of the certificate's validity */
};

/* Puts an item in, within the turn's transaction; what is no pseudonym certificate needs no company and is released. */
SCMS_CHECKED bool aggregator_add(struct db *db, const struct scms_crypto *crypto, const struct aggregator_item *item,
				 scms_time32 now);

/* Releases what may leave now. Returns how many were; -1: the database failed. */
int64_t aggregator_release(struct db *db, const struct ra_policy *policy, scms_time32 now);

/*
 * Keeps the PCA's answer to an item. When no other item of its request and period is on its way any more, all of them are
 * put into an archive for the device; *filed then says so. id10: of the certificate, or NULL.
 */
SCMS_CHECKED bool aggregator_answer(struct db *db, const uint8_t hpcr[32], struct scms_slice answer, const uint8_t *id10,
				    bool *filed);

/* The PCA will not issue this. As aggregator_answer. */
SCMS_CHECKED bool aggregator_refuse(struct db *db, const uint8_t hpcr[32], bool *filed);

#endif
