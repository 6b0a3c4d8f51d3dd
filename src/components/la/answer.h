/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h: an LA's answers: pre-linkage values for an RA (CAMP la-ra), linkage seeds for the MA (CAMP la-ma).
 */
#ifndef COMPONENTS_LA_ANSWER_H
#define COMPONENTS_LA_ANSWER_H

#include "components/la/chain.h"
#include "components/la/plv_key.h"

/*
 * Values for all chains that the RA asks for, new ones first, then those that go on. pdu is the ScmsPDU of the answer: a
 * refusal by LaRaErrorCode where the request cannot be met (*refused). hash: message.hash of the request.
 */
SCMS_CHECKED enum key_status la_answer_values(const struct la *la, struct scms_slice host, const struct plv_keys *keys,
					      const struct RaLaIndividualPreLinkageValueRequestMsg *request,
					      const uint8_t hash[32], scms_time32 now, bool *refused, struct bytes *pdu,
					      struct key_error *err);

/* The seeds of the MA's request, from period i on; those of chains that are not ours are refused one by one. */
SCMS_CHECKED enum key_status la_answer_seeds(const struct la *la, struct scms_slice host,
					     const struct MaLaLinkageSeedRequestMsg *request, const uint8_t hash[32],
					     uint16_t i, struct bytes *pdu, struct key_error *err);

#endif
