/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl_sign.h: signs a list of a CRL generator's state: by the CRLG, or, series 256, by the root itself (trust rule G5.1).
 */
#ifndef COMPONENTS_CRLG_CRL_SIGN_H
#define COMPONENTS_CRLG_CRL_SIGN_H

#include "components/crlg/revocations.h"
#include "components/message.h"

struct crl_signing {
	const struct party *party; /* CRLG or root */
	scms_time64 now;
	uint32_t next_seconds; /* until the next CRL is due */
	bool delta;	       /* only what was added since the last full CRL */
	scms_time32 after;     /* date of the root's own CRL, which may have revoked a signer before: a later date is wanted (G5.4) */
};

/* The date of the series 256 of a root, for crl_signing.after; 0: none is known. */
scms_time32 crl_special_date(const struct revocations *revocations, const uint8_t craca[8]);

/*
 * Signs the list anew: the full CRL, or a delta that takes the place of the one before. Seeds are advanced to the present
 * period, so that a CRL reveals nothing of the past. What is there twice becomes one.
 *
 * KEY_MISMATCH: the certificate may not sign this series of this CRACA; KEY_VALUE: it is not valid now, the clock stands
 * before the CRL that is out, seeds begin in a period to come, a delta has no full CRL or would take something back.
 * Whatever fails, the list is as it was.
 */
SCMS_CHECKED enum key_status crl_list_sign(struct crl_list *list, const struct crl_signing *signing, struct key_error *err);

#endif
