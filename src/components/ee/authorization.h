/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorization.h: the end entity's part in certificates that name their holder (RIF): identification certificates of
 * vehicles, of butterfly keys, period by period; application certificates of roadside units, one a request (CAMP ee-ra,
 * pca-ra).
 */
#ifndef COMPONENTS_EE_AUTHORIZATION_H
#define COMPONENTS_EE_AUTHORIZATION_H

#include "components/ee/pseudonym.h"

/* The request for identification certificates, from now on and without end, as the encoding of its ScmsPDU. */
SCMS_CHECKED enum key_status ee_identification_request(const struct ee_caterpillars *caterpillars,
						       const struct GeographicRegion *region, scms_time32 now,
						       struct bytes *pdu, struct key_error *err);

/* The request for one application certificate that begins at start: keys->sign and keys->respond are the two keys themselves. */
SCMS_CHECKED enum key_status ee_application_request(const struct ee_caterpillars *keys, const struct GeographicRegion *region,
						    scms_time32 now, scms_time32 start, struct bytes *pdu,
						    struct key_error *err);

/*
 * Takes the answer: of period (period.h), and for the holder of the enrolment certificate with this HashedId8. Errors are
 * those of ee_pseudonym_take; KEY_VALUE: another holder's, or not of that period.
 */
SCMS_CHECKED enum key_status ee_identification_take(const struct ee_caterpillars *caterpillars, uint16_t period,
						    const uint8_t rif[8], struct scms_slice file, const struct cert *pca,
						    const struct scms_crypto *crypto, struct ee_certified *out,
						    struct key_error *err);
SCMS_CHECKED enum key_status ee_application_take(const struct ee_caterpillars *keys, const uint8_t rif[8],
						 struct scms_slice file, const struct cert *pca,
						 const struct scms_crypto *crypto, struct ee_certified *out,
						 struct key_error *err);

#endif
