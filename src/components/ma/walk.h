/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h: from a linkage value to a revocation (CAMP ma-pca, ma-ra, la-ma): one device, step by step.
 *
 *   PCA   which request did the certificate come from?        the hash of it, HPCR
 *   RA    serve that device no more; which are its chains?     both linkage chain identifiers
 *   LAs   what is the seed of the present period?              one from each
 *
 * Of identification and application certificates the RA knows all by the enrolment that they name (RIF): it is told to serve
 * that device no more, and lists what it was given.
 *
 * No one else sees the ends of this walk together. The MA keeps nothing of it but that it was done.
 */
#ifndef COMPONENTS_MA_WALK_H
#define COMPONENTS_MA_WALK_H

#include "components/ma/evidence.h"
#include "crypto/linkage.h"
#include "service/daemon.h"

/* Certificates of one device, at most. */
#define WALK_HASHES_MAX 4096

/* What goes to the CRLG. */
struct walk_result {
	enum evidence_kind kind;
	uint16_t i, i_max;
	uint16_t la[2];
	uint8_t seed[2][LINKAGE_SEED];
	uint8_t (*hash)[10]; /* of a RIF: HashedId10 of each certificate */
	size_t hash_count;
};

/*
 * Begins a walk. Where there are several PCAs (peers pca, pca2, ...) each is asked in turn who issued the certificate; it names
 * the RA, and the RA the LAs, which are asked at the peers of those host names (ra2, la3, ...). A RIF is asked of each RA in turn.
 *
 * done is called once, later: result NULL, and text, where it could not be ended; it may be tried again from the
 * start. result is valid during the call.
 */
void walk_begin(struct service *service, enum evidence_kind kind, const uint8_t id[9],
		void (*done)(void *ctx, const struct walk_result *result, const char *text), void *ctx);

#endif
