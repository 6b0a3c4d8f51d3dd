/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of tests cost little: their pass phrases are known, and scrypt as it is for others takes 0.2 s for each key that is made or
 * opened. Takes OpenSSL's place where production code asks it how a new key file is to be encrypted (what opens it reads that there),
 * and for the key of a secret file, which so can be opened by tests only that have this.
 */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define CHEAP_N 16
#define CHEAP_P 1

X509_ALGOR *PKCS5_pbe2_set_scrypt(const EVP_CIPHER *cipher, const unsigned char *salt, int salt_n, unsigned char *iv, uint64_t n,
				  uint64_t r, uint64_t p)
{
	X509_ALGOR *(*real)(const EVP_CIPHER *, const unsigned char *, int, unsigned char *, uint64_t, uint64_t, uint64_t);

	(void)n, (void)p;
	*(void **)&real = dlsym(RTLD_NEXT, "PKCS5_pbe2_set_scrypt");
	return real != NULL ? real(cipher, salt, salt_n, iv, CHEAP_N, r, CHEAP_P) : NULL;
}

int EVP_PBE_scrypt(const char *phrase, size_t phrase_n, const unsigned char *salt, size_t salt_n, uint64_t n, uint64_t r, uint64_t p,
		   uint64_t memory, unsigned char *key, size_t key_n)
{
	int (*real)(const char *, size_t, const unsigned char *, size_t, uint64_t, uint64_t, uint64_t, uint64_t, unsigned char *, size_t);

	(void)n, (void)p;
	*(void **)&real = dlsym(RTLD_NEXT, "EVP_PBE_scrypt");
	return real != NULL && real(phrase, phrase_n, salt, salt_n, CHEAP_N, r, CHEAP_P, memory, key, key_n);
}
