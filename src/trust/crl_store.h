/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl_store.h: which CRLs a store believes (trust rule G5).
 *
 * The store keeps, for each (CRACA, series), how far it has come; the CRLs themselves are objects: the full one, the deltas
 * since, and what signers that were revoked had listed, which stays listed.
 */
#ifndef TRUST_CRL_STORE_H
#define TRUST_CRL_STORE_H

#include "dot2/crl.h"
#include "trust/source.h"

/* Judges one CRL and takes it over if it is accepted. */
enum scms_reason crl_judge(struct scms_store *store, const struct crl *crl, struct source *source, scms_time64 now,
			   uint32_t *verified);

/* Is the store stale: a CRL overdue beyond the tolerance, or none since provisioning? (rule G5.5) */
bool store_is_stale(const struct scms_store *store, scms_time64 now);

#endif
