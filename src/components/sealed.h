/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed.h: EncryptedData under a symmetric key that two share, or that one keeps for itself.
 *
 * So travel pre-linkage values (from an LA to the PCA, through the RA, which cannot read them) and linkage chain
 * identifiers (from an LA to itself). One symmRecipInfo; the plain text is what CAMP puts there, not an Ieee1609Dot2Data.
 */
#ifndef COMPONENTS_SEALED_H
#define COMPONENTS_SEALED_H

#include "crypto/aes.h"
#include "dot2/make.h"

/* out is the encoding of an EncryptedData. */
SCMS_CHECKED enum key_status sealed_make(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
					 struct scms_slice plain, struct bytes *out, struct key_error *err);

/* KEY_NOT_FOR_US where it is under another key or was changed on the way. plain is to be freed. */
SCMS_CHECKED enum key_status sealed_open(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
					 const struct EncryptedData *sealed, struct bytes *plain, struct key_error *err);

#endif
