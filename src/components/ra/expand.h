/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expand.h: the registration authority's part in butterfly keys: from the two caterpillar keys of a device's request, the
 * cocoon keys of each certificate, as one request each to the PCA (CAMP pca-ra).
 */
#ifndef COMPONENTS_RA_EXPAND_H
#define COMPONENTS_RA_EXPAND_H

#include "crypto/butterfly.h"
#include "dot2/make.h"

/* What a device asked for, with its points read. */
struct caterpillars {
	struct curve_point sign, respond;
	uint8_t sign_expansion[AES_128_KEY], respond_expansion[AES_128_KEY];
};

/* KEY_POINT where a point of the request is none. */
SCMS_CHECKED enum key_status caterpillars_read(const struct EeRaPseudonymCertProvisioningRequest *request,
					       struct caterpillars *out, struct key_error *err);

/* The cocoon keys of certificate j in period i. */
struct cocoons {
	struct curve_point sign, respond;
};

SCMS_CHECKED enum key_status caterpillars_expand(const struct caterpillars *caterpillars, uint16_t i, uint8_t j,
						 struct cocoons *out, struct key_error *err);

#endif
