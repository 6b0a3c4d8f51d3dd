/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed.h: EncryptedData by itself: under a symmetric key that two share, or that one keeps for itself; and for the
 * holder of a key pair.
 *
 * So travel pre-linkage values (from an LA to the PCA, through the RA, which cannot read them), linkage chain identifiers
 * (from an LA to itself), and the contributions to the key that PCA and LA agree on. The plain text is what CAMP puts
 * there, not an Ieee1609Dot2Data.
 */
#ifndef COMPONENTS_SEALED_H
#define COMPONENTS_SEALED_H

#include "crypto/aes.h"
#include "dot2/encrypt.h"

/* out is the encoding of an EncryptedData with one symmRecipInfo. */
SCMS_CHECKED enum key_status sealed_make(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
					 struct scms_slice plain, struct bytes *out, struct key_error *err);

/* KEY_NOT_FOR_US where it is under another key or was changed on the way. plain is to be freed. */
SCMS_CHECKED enum key_status sealed_open(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto,
					 const struct EncryptedData *sealed, struct bytes *plain, struct key_error *err);

/* For this recipient. out is the encoding of an EncryptedData; it is opened by encrypted_open(). */
SCMS_CHECKED enum key_status sealed_make_for(const struct recipient *to, struct scms_slice plain, struct bytes *out,
					     struct key_error *err);

/* The name that a symmetric key has in what is sealed under it (recipientId). */
SCMS_CHECKED enum key_status sealed_key_id(const uint8_t key[AES_128_KEY], const struct scms_crypto *crypto, uint8_t id[8],
					   struct key_error *err);

/* That name, of the key that this is sealed under; NULL where it is under none. */
const uint8_t *sealed_id(const struct EncryptedData *sealed);

#endif
