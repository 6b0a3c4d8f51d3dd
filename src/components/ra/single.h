/* SPDX-License-Identifier: Apache-2.0 */
/*
 * single.h: identification and application certificates: one for a period, or for a request, without linkage values.
 *
 * Items for them are made when a PCA is known, which may be after the request was acknowledged.
 */
#ifndef COMPONENTS_RA_SINGLE_H
#define COMPONENTS_RA_SINGLE_H

#include "components/ra/ra.h"

/* Makes items of what is due. KEY_FAILED: not now. */
SCMS_CHECKED enum key_status ra_single_run(struct service *service, struct key_error *err);

/*
 * The request to the PCA for the application certificate that this device asked for. KEY_POINT, KEY_VALUE: it cannot be had.
 * pdu is to be freed.
 */
SCMS_CHECKED enum key_status ra_application_item(struct service *service, const struct cert *enrolment,
						 const struct EeRaAppCertProvisioningRequest *request, struct bytes *pdu,
						 struct key_error *err);

#endif
