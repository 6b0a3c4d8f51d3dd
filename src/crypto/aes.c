/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

static struct {
	EVP_CIPHER *ecb_128;
	EVP_CIPHER *ccm_128;
	EVP_CIPHER *ccm_192;
	EVP_CIPHER *ccm_256;
} fetched;

static void fetch(void)
{
	fetched.ecb_128 = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	fetched.ccm_128 = EVP_CIPHER_fetch(NULL, "AES-128-CCM", NULL);
	fetched.ccm_192 = EVP_CIPHER_fetch(NULL, "AES-192-CCM", NULL);
	fetched.ccm_256 = EVP_CIPHER_fetch(NULL, "AES-256-CCM", NULL);
}

static void fetch_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch);
}

bool aes128_blocks(const uint8_t key[AES_128_KEY], const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int length = 0;
	bool ok;

	fetch_once();
	ok = n <= INT32_MAX / AES_BLOCK && ctx && fetched.ecb_128 &&
	     EVP_EncryptInit_ex2(ctx, fetched.ecb_128, key, NULL, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	     EVP_EncryptUpdate(ctx, out, &length, in, (int)(n * AES_BLOCK)) == 1 && (size_t)length == n * AES_BLOCK;
	EVP_CIPHER_CTX_free(ctx); /* wipes the key schedule */
	return ok;
}

static const EVP_CIPHER *ccm_cipher(size_t key_bytes)
{
	fetch_once();
	switch (key_bytes) {
	case 16:
		return fetched.ccm_128;
	case 24:
		return fetched.ccm_192;
	case 32:
		return fetched.ccm_256;
	default:
		return NULL;
	}
}

/* Sizes that CCM (NIST SP 800-38C) does not have, and texts whose length does not fit beside the nonce. */
static bool ccm_sizes_ok(const struct ccm *ccm, size_t text)
{
	size_t length_bytes;

	if (ccm->nonce.n < 7 || ccm->nonce.n > 13 || ccm->tag < 4 || ccm->tag > 16 || ccm->tag % 2)
		return false;
	length_bytes = 15 - ccm->nonce.n;
	return text <= INT32_MAX && (length_bytes >= 4 || text >> 8 * length_bytes == 0) &&
	       ccm->associated.n <= INT32_MAX;
}

/* Key, nonce, sizes and associated data; tag is the expected one to decrypt, NULL to encrypt. */
static bool ccm_begin(EVP_CIPHER_CTX *ctx, const struct ccm *ccm, const uint8_t *tag, size_t text)
{
	const EVP_CIPHER *cipher = ccm_cipher(ccm->key.n);
	int encrypt = tag == NULL, length;

	/* The library reads the tag and does not write it, whatever its prototype says. */
	return ctx && cipher && EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, encrypt) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)ccm->nonce.n, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)ccm->tag, (void *)(uintptr_t)tag) == 1 &&
	       EVP_CipherInit_ex(ctx, NULL, NULL, ccm->key.p, ccm->nonce.p, encrypt) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &length, NULL, (int)text) == 1 &&
	       (ccm->associated.n == 0 ||
		EVP_CipherUpdate(ctx, NULL, &length, ccm->associated.p, (int)ccm->associated.n) == 1);
}

/* The library takes no empty text through a null pointer, and wants room to put it. */
static const uint8_t nothing[1];

bool ccm_encrypt(const struct ccm *ccm, struct scms_slice plain, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int length = 0;
	bool ok = ccm_sizes_ok(ccm, plain.n) && ccm_begin(ctx, ccm, NULL, plain.n) &&
		  EVP_EncryptUpdate(ctx, out, &length, plain.n ? plain.p : nothing, (int)plain.n) == 1 &&
		  (size_t)length == plain.n &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)ccm->tag, out + plain.n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		OPENSSL_cleanse(out, plain.n + ccm->tag);
	return ok;
}

bool ccm_decrypt(const struct ccm *ccm, struct scms_slice cipher, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t unused[1];
	size_t text;
	int length = 0;
	bool ok;

	if (cipher.n < ccm->tag)
		return false;
	text = cipher.n - ccm->tag;
	ctx = EVP_CIPHER_CTX_new();
	ok = ccm_sizes_ok(ccm, text) && ccm_begin(ctx, ccm, cipher.p + text, text) &&
	     EVP_DecryptUpdate(ctx, text ? out : unused, &length, text ? cipher.p : nothing, (int)text) == 1 &&
	     (size_t)length == text;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok && text)
		OPENSSL_cleanse(out, text);
	return ok;
}
