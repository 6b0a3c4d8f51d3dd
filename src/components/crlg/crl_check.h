/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl_check.h: what the CRL store does before it gives a composite CRL to the world, and how it makes one itself after a CRL
 * generator's revocation (scms-facts 3.3, trust rules G5, H4).
 *
 * Its own trust store judges, on a copy: what that does not take, no vehicle would.
 */
#ifndef COMPONENTS_CRLG_CRL_CHECK_H
#define COMPONENTS_CRLG_CRL_CHECK_H

#include "components/crlg/revocations.h"

struct crl_checker {
	const struct scms_store *store;
	const struct scms_objects *objects;
	const struct scms_crypto *crypto;
	scms_time64 now;
};

#define CRL_FAULTS_MAX 32

/* What is wrong with a composite CRL, or what was left out of one. */
struct crl_faults {
	unsigned n; /* in all; those beyond the maximum have no text */
	char text[CRL_FAULTS_MAX][256];
};

/*
 * Holds a composite CRL against the trust store and against the one that is out (empty: none). Faults: it cannot be read; a
 * signer, series, date or serial that stores refuse; a removal ballot that stores would not carry out; one that is out and
 * would be gone before the removed certificate's expiry (H4); a list that would be gone or go back; an entry that would be
 * taken back (no un-revocation); a list that is overdue already. Where the root of a list was removed, the list may go
 * (rule H5), but not the devices on it: another root's lists have them. KEY_OK: judged, and faults->n says how it fared.
 */
SCMS_CHECKED enum key_status crl_composite_check(const struct crl_checker *checker, struct scms_slice composite,
						 struct scms_slice before, struct crl_faults *faults, struct key_error *err);

/*
 * Rebuilds the composite CRL after a CRLG was revoked: all removal ballots that have not expired, the new root-signed CRL,
 * other root-signed ones, and those of CRLGs that are still valid under it. KEY_REFUSED where the store does not take the
 * root's CRL. left_out says which lists are gone and why.
 */
SCMS_CHECKED enum key_status crl_rebuild(const struct crl_checker *checker, struct scms_slice before, struct scms_slice root_crl,
					 struct bytes *out, struct crl_faults *left_out, struct key_error *err);

#endif
