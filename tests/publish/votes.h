/* SPDX-License-Identifier: Apache-2.0 */
/* votes.h: ballots for tests, of either endorsement form. */
#ifndef TESTS_PUBLISH_VOTES_H
#define TESTS_PUBLISH_VOTES_H

#include "components/message.h"

/* A ballot on the subject (motion: an EndorsementType) with the votes of these electors, all at `time`. */
struct bytes votes_ballot(bool is121, int32_t motion, const struct cert *subject, scms_time32 time,
			  const struct party *const *voters, size_t n);

#endif
