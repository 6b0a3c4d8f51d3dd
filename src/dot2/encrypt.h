/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encrypt.h: IEEE 1609.2 EncryptedData, made and opened.
 *
 * The content is AES-128-CCM under a key that is new for each message and
 * wrapped for each recipient; with a pre-shared key the content is under that key itself, and there is one recipient.
 *
 *   kind of recipient     recipientId = last 8 bytes of SHA-256 of      P1 of ECIES = SHA-256 of
 *   certificate           the certificate (or SHA-384)                  the certificate (or SHA-384)
 *   signed data           the Ieee1609Dot2Data that brought the key     the same
 *   response key          COER(PublicEncryptionKey)                     the empty string
 *   symmetric, pre-shared COER(SymmetricEncryptionKey)                  -
 *
 * All hashes are of canonical forms.
 */
#ifndef DOT2_ENCRYPT_H
#define DOT2_ENCRYPT_H

#include "crypto/ecies.h"
#include "dot2/cert.h"
#include "dot2/make.h"

/* Wrapped keys that a receiver tries at most: an honest sender writes one per recipient. */
#define ENCRYPT_TRIES_MAX 4

/* Someone who is to read a message, or reads it. */
struct recipient {
	uint8_t kind; /* RecipientInfo_is_... */
	uint8_t id[8];
	uint8_t p1[48];            /* of the three kinds with a public key */
	size_t p1_length;          /* 32, or 48 for a certificate that is hashed with SHA-384 */
	struct curve_point public; /* of the same */
	uint8_t key[AES_128_KEY];  /* of the two symmetric kinds; secret */
};

/* The holder of a certificate with an encryption key. KEY_VALUE if there is none that we can use. */
SCMS_CHECKED enum key_status recipient_of_cert(const struct cert *cert, struct recipient *to, struct key_error *err);

/* The sender of a signed message whose header has a public encryption key: message is its Ieee1609Dot2Data. */
SCMS_CHECKED enum key_status recipient_of_signed_data(struct scms_slice message, const struct scms_crypto *crypto,
						      struct recipient *to, struct key_error *err);

/* The holder of a response encryption key, such as a cocoon key. KEY_CURVE if it is of 384 bits. */
SCMS_CHECKED enum key_status recipient_of_response_key(const struct curve_point *public,
						       const struct scms_crypto *crypto, struct recipient *to,
						       struct key_error *err);

/* Whoever has this symmetric key; to wrap the content key (symmetric) or in its place (pre-shared). */
SCMS_CHECKED enum key_status recipient_of_symmetric_key(const uint8_t key[AES_128_KEY], bool pre_shared,
							const struct scms_crypto *crypto, struct recipient *to,
							struct key_error *err);

/*
 * Encrypts plain, by rule of IEEE 1609.2 itself an Ieee1609Dot2Data, for all recipients. A pre-shared key must be the
 * only recipient (KEY_VALUE). out is the Ieee1609Dot2Data.
 */
SCMS_CHECKED enum key_status encrypted_data_make(const struct recipient *recipients, uint32_t n,
						 struct scms_slice plain, struct bytes *out, struct key_error *err);

/*
 * Opens an Ieee1609Dot2Data of encryptedData. key is the private half of me->public, NULL for the symmetric kinds.
 * KEY_NOT_FOR_US when it has nothing for this recipient, or was changed on the way; KEY_MALFORMED when it is not
 * encrypted data. A response key is tried on every entry of its kind: some senders put another id there.
 */
SCMS_CHECKED enum key_status encrypted_data_open(struct scms_slice message, const struct recipient *me,
						 struct private_key *key, struct bytes *plain, struct key_error *err);

/* The same for an EncryptedData that was decoded as part of something else. */
SCMS_CHECKED enum key_status encrypted_open(const struct EncryptedData *data, const struct recipient *me,
					    struct private_key *key, struct bytes *plain, struct key_error *err);

#endif
