/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl_pending.h: what the next composite CRL is to revoke, noted as JSON (outgoing/revocations.json).
 *
 *   {"certificates": [{"craca": "<16 hex>", "series": 2, "id": "<20 hex>", "expiry": <Time32>}],
 *    "devices": [{"craca": "<16 hex>", "series": 1, "i": 620, "iMax": 700, "jMax": 20, "la1": 1, "la2": 2,
 *                 "seed1": "<32 hex>", "seed2": "<32 hex>"}]}
 */
#ifndef PROGRAMS_CRL_PENDING_H
#define PROGRAMS_CRL_PENDING_H

#include "components/crlg/revocations.h"

#include <jansson.h>

struct crl_pending_hash {
	uint8_t craca[8];
	uint16_t series;
	struct crl_hash_entry entry;
};

struct crl_pending_device {
	uint8_t craca[8];
	uint16_t series, i;
	struct crl_linkage_entry entry;
};

struct crl_pending {
	struct crl_pending_hash *hashes;
	struct crl_pending_device *devices;
	size_t hash_count, device_count;
};

/* Reads what was noted; an empty slice: nothing. KEY_VALUE: err says what is wrong. */
SCMS_CHECKED enum key_status crl_pending_read(struct crl_pending *pending, struct scms_slice text, struct key_error *err);

/* Adds devices from a list as the MA has it; series 1 and craca where an entry does not name its own. */
SCMS_CHECKED enum key_status crl_pending_read_seeds(struct crl_pending *pending, struct scms_slice text, const uint8_t craca[8],
						    struct key_error *err);

/* Adds what `scms component revoke` wrote (revocations/NAME-ID.json): members hashedId10, series, craca, expiry. */
SCMS_CHECKED enum key_status crl_pending_read_revoked(struct crl_pending *pending, struct scms_slice text, struct key_error *err);

SCMS_CHECKED bool crl_pending_add_hash(struct crl_pending *pending, const struct crl_pending_hash *hash);

json_t *crl_pending_json(const struct crl_pending *pending);

/* Puts all of it into the lists. */
SCMS_CHECKED enum key_status crl_pending_apply(const struct crl_pending *pending, struct revocations *state, struct key_error *err);

void crl_pending_free(struct crl_pending *pending);

#endif
