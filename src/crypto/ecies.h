/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecies.h: ECIES as IEEE 1609.2-2016 section 5.3.5 has it: it wraps one 16-byte AES key for one recipient.
 *
 *   ss = x of (ephemeral private * recipient),  K1 || K2 = KDF2(ss, P1)
 *   C = key XOR K1 (16),  T = first 16 bytes of HMAC-SHA-256(K2 (32), C)
 *
 * P1 binds the wrapping to its context: the hash of the recipient's
 * certificate, of the signed data that brought the key, or of nothing.
 * Curves: P-256 and Brainpool P-256r1. Constant time in the private keys (curve.h); the tag is compared in constant
 * time.
 */
#ifndef CRYPTO_ECIES_H
#define CRYPTO_ECIES_H

#include "crypto/aes.h"
#include "crypto/curve.h"
#include "crypto/key.h"
#include "crypto/scalar.h"

#define ECIES_TAG 16

/* A wrapped key: what an EciesP256EncryptedKey carries. */
struct ecies_wrapped {
	struct curve_point v; /* the ephemeral public key */
	uint8_t c[AES_128_KEY];
	uint8_t t[ECIES_TAG];
};

/* Wraps key for recipient. False when recipient is no key of a 256-bit curve or the library fails. */
SCMS_CHECKED bool ecies_wrap(const struct curve_point *recipient, struct scms_slice p1, const uint8_t key[AES_128_KEY],
			     struct ecies_wrapped *out);

/* As ecies_wrap, with the ephemeral private key that is given: for known answers. */
SCMS_CHECKED bool ecies_wrap_with(const uint8_t ephemeral[SCALAR_BYTES], const struct curve_point *recipient,
				  struct scms_slice p1, const uint8_t key[AES_128_KEY], struct ecies_wrapped *out);

/*
 * Unwraps with the recipient's key, which may be in a token. KEY_NOT_FOR_US when it was not wrapped for this key and
 * P1, or was changed on the way; other failures are those of private_key_agree(). key is wiped then.
 */
SCMS_CHECKED enum key_status ecies_unwrap(struct private_key *recipient, struct scms_slice p1,
					  const struct ecies_wrapped *wrapped, uint8_t key[AES_128_KEY],
					  struct key_error *err);

#endif
