/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h: linkage chains, the linkage authority's part (CAMP la-ra, la-ma).
 *
 * For each device an LA has one chain of seeds ls(0), ls(1), ... It keeps none of them: ls(0) goes out to the RA as linkage
 * chain identifier (LCI), sealed under a key that the LA alone has, and comes back when more values are wanted, or when
 * the device is revoked. What it makes of a chain are pre-linkage values, sealed for the PCA; the RA can read neither.
 */
#ifndef COMPONENTS_LA_CHAIN_H
#define COMPONENTS_LA_CHAIN_H

#include "components/sealed.h"
#include "crypto/linkage.h"

/* Values that one request may ask for: 20 a week for 30 years. */
#define LA_VALUES_MAX 32768

struct la {
	const struct scms_crypto *crypto;
	uint16_t id;			/* LaId */
	uint8_t own_key[AES_128_KEY];	/* seals LCIs; secret */
};

/* Begins a chain: its identifier, an encoded EncryptedData. The seed is wiped. */
SCMS_CHECKED enum key_status la_chain_begin(const struct la *la, struct bytes *lci, struct key_error *err);

/* Which values: all j < j_max of every i in i_min..i_max. */
struct la_range {
	uint16_t i_min, i_max;
	uint8_t j_max;
};

/*
 * The values of a chain as an IndividualPlvResponseLinkageChain, sealed under the key that LA and PCA share. KEY_VALUE for
 * an empty range or one of more than LA_VALUES_MAX, KEY_NOT_FOR_US where lci is no identifier of this LA.
 */
SCMS_CHECKED enum key_status la_chain_values(const struct la *la, const struct EncryptedData *lci, const struct la_range *range,
					     const uint8_t pca_key[AES_128_KEY], struct bytes *out,
					     struct key_error *err);

/* The seed ls(i) of a chain: what the MA gets, and the CRL publishes. Earlier seeds do not follow from it. */
SCMS_CHECKED enum key_status la_chain_seed(const struct la *la, const struct EncryptedData *lci, uint16_t i,
					   uint8_t seed[LINKAGE_SEED], struct key_error *err);

/* A value that an LA sealed for this PCA: its i-period must be the one expected (KEY_VALUE). */
SCMS_CHECKED enum key_status plv_open(const uint8_t pca_key[AES_128_KEY], const struct scms_crypto *crypto,
				      const struct EncryptedIndividualPLV *sealed, uint16_t i,
				      uint8_t plv[LINKAGE_VALUE], struct key_error *err);

#endif
