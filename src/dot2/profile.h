/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h: what kind of SCMS certificate is this?
 *
 * The role stands in the SSP of PSID 0x23 (ScmsSsp). Trust rests on two profiles only, the elector's (rule B4) and the
 * root CA's (rule C3), and on the roles that sign files: PG and CRLG.
 */
#ifndef DOT2_PROFILE_H
#define DOT2_PROFILE_H

#include "dot2/cert.h"

/* The ScmsSsp alternative (ScmsSsp_is_elector, ...) that the certificate's PSID 0x23 has; -1 for none. */
int cert_scms_role(const struct cert *cert);

/* CrlSsp of PSID 0x100; false where there is none, or more than one. */
SCMS_CHECKED bool cert_crl_ssp(const struct cert *cert, struct CrlSsp *ssp);

/* Does the CrlSsp list this series? */
bool crl_ssp_lists(const struct CrlSsp *ssp, uint16_t series);

/*
 * The elector profile (rule B4): explicit, self-issued with the hash of its key's curve, exactly one appPermission (PSID
 * 0x23, SSP elector), no issue or request permissions, no encryption key, cracaId zero, series 0.
 */
bool cert_fits_elector(const struct cert *cert);

/*
 * The root profile (rule C3): explicit, self-issued, PSID 0x23 with SSP root and PSID 0x100 with a CrlSsp, issue
 * permissions, no encryption key.
 */
bool cert_fits_root(const struct cert *cert);

#endif
