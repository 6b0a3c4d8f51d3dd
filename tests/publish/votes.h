/* SPDX-License-Identifier: Apache-2.0 */
/* votes.h: ballots for tests, of either endorsement form. */
#ifndef TESTS_PUBLISH_VOTES_H
#define TESTS_PUBLISH_VOTES_H

#include "components/message.h"

/* A ballot on the subject (motion: an EndorsementType) with the votes of these electors, all at `time`. */
struct bytes votes_ballot(bool is121, int32_t motion, const struct cert *subject, scms_time32 time,
			  const struct party *const *voters, size_t n);

/* A composite CRL of CRLs and removal ballots, in this order; p NULL ends a list. */
struct bytes votes_composite(bool is121, const struct bytes *crls, const struct bytes *roots, const struct bytes *electors);

/* A full hash CRL of the series by this signer, listing these certificates (NULL ends them). */
struct bytes votes_hash_crl(const struct party *signer, const struct cert *craca, uint16_t series, scms_time32 date, uint32_t serial,
			    const struct cert *const *listed);

#endif
