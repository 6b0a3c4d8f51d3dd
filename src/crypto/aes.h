/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aes.h: AES blocks and AES-CCM.
 *
 * The AES of OpenSSL is constant time: processor instructions where there are
 * any, else bit-sliced code. Nothing here keeps a key after it returns.
 */
#ifndef CRYPTO_AES_H
#define CRYPTO_AES_H

#include <scms/base.h>

#define AES_BLOCK 16
#define AES_128_KEY 16

/* What IEEE 1609.2 uses (section 5.3.8 and 6.3.22): AES-128, a 12-byte nonce, a 16-byte tag, no associated data. */
#define CCM_NONCE 12
#define CCM_TAG 16

/* Encrypts n blocks, each by itself. out may be in. False only when the library fails. */
SCMS_CHECKED bool aes128_blocks(const uint8_t key[AES_128_KEY], const uint8_t *in, size_t n, uint8_t *out);

/* What AES-CCM works on: a key of 16, 24 or 32 bytes, a nonce of 7 to 13, a tag of 4 to 16 bytes (even). */
struct ccm {
	struct scms_slice key;
	struct scms_slice nonce;
	struct scms_slice associated; /* authenticated, not encrypted */
	size_t tag;                   /* bytes of the tag, which follows the ciphertext */
};

/* How 1609.2 uses it. */
static inline struct ccm ccm_1609(const uint8_t key[AES_128_KEY], const uint8_t nonce[CCM_NONCE])
{
	return (struct ccm){{key, AES_128_KEY}, {nonce, CCM_NONCE}, {NULL, 0}, CCM_TAG};
}

/*
 * Encrypts plain to out[0 .. plain.n + tag). A key and a nonce must not meet twice. False when sizes are not as above,
 * when plain is longer than the nonce's size allows, or when the library fails; out is then zeroed.
 */
SCMS_CHECKED bool ccm_encrypt(const struct ccm *ccm, struct scms_slice plain, uint8_t *out);

/*
 * Decrypts cipher, the tag at its end, to out[0 .. cipher.n - tag). False when it was not made with this key, nonce and
 * associated data, or as ccm_encrypt; out is then zeroed, and the caller must not say which of them it was.
 */
SCMS_CHECKED bool ccm_decrypt(const struct ccm *ccm, struct scms_slice cipher, uint8_t *out);

#endif
