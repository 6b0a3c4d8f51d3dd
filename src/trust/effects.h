/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effects.h: what a removal takes with it (trust rules D3, D5, D6, F1, G5.4, G6, G7).
 */
#ifndef TRUST_EFFECTS_H
#define TRUST_EFFECTS_H

#include "trust/store.h"

/* Removes an elector (index k, or -1 for one that the store does not have), buries it, and takes it out of every root's
 * endorser set. */
void elector_bury(struct scms_store *store, const struct cert *subject, int k, scms_time64 time,
		  const struct scms_crypto *crypto);

/* Removes a root likewise; what its PG and CRLG had said is forgotten as far as rules G5.4 and G6 have it. */
void root_bury(struct scms_store *store, const struct cert *subject, int k, scms_time64 time, scms_time64 now,
	       const struct scms_crypto *crypto);

#endif
