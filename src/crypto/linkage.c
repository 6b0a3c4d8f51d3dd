/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/linkage.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "crypto/digest.h"

/* Pre-linkage values that go through AES in one call. */
#define BATCH 32

static void big_endian_32(uint32_t value, uint8_t out[4])
{
	for (unsigned b = 0; b < 4; b++)
		out[b] = (uint8_t)(value >> (24 - 8 * b));
}

bool linkage_seed_random(uint8_t seed[LINKAGE_SEED])
{
	return RAND_priv_bytes(seed, LINKAGE_SEED) == 1;
}

bool linkage_seed_advance(uint16_t la_id, uint32_t steps, uint8_t seed[LINKAGE_SEED])
{
	uint8_t in[32] = {(uint8_t)(la_id >> 8), (uint8_t)la_id}, out[DIGEST_SHA256];
	struct scms_slice part = {in, sizeof(in)};
	bool ok = true;

	for (; ok && steps > 0; steps--) {
		memcpy(in + 2, seed, LINKAGE_SEED);
		ok = digest_sha256(&part, 1, out);
		if (ok)
			memcpy(seed, out, LINKAGE_SEED);
	}
	OPENSSL_cleanse(in, sizeof(in));
	OPENSSL_cleanse(out, sizeof(out));
	return ok;
}

bool linkage_pre_values(uint16_t la_id, const uint8_t seed[LINKAGE_SEED], uint32_t j, size_t n,
			uint8_t (*out)[LINKAGE_VALUE])
{
	uint8_t in[BATCH * AES_BLOCK] = {0}, blocks[BATCH * AES_BLOCK];
	bool ok = true;

	while (ok && n > 0) {
		size_t now = n < BATCH ? n : BATCH;

		for (size_t k = 0; k < now; k++) {
			uint8_t *x = in + k * AES_BLOCK;

			x[0] = (uint8_t)(la_id >> 8);
			x[1] = (uint8_t)la_id;
			big_endian_32(j++, x + 2);
		}
		ok = aes128_blocks(seed, in, now, blocks);
		for (size_t k = 0; ok && k < now; k++, out++)
			for (unsigned b = 0; b < LINKAGE_VALUE; b++)
				(*out)[b] = blocks[k * AES_BLOCK + b] ^ in[k * AES_BLOCK + b];
		n -= now;
	}
	OPENSSL_cleanse(blocks, sizeof(blocks));
	return ok;
}

void linkage_value(const uint8_t one[LINKAGE_VALUE], const uint8_t two[LINKAGE_VALUE], uint8_t out[LINKAGE_VALUE])
{
	for (unsigned b = 0; b < LINKAGE_VALUE; b++)
		out[b] = one[b] ^ two[b];
}

bool linkage_encrypted_index(const uint8_t key[AES_128_KEY], uint32_t j, uint32_t k, uint8_t out[AES_BLOCK])
{
	uint8_t in[AES_BLOCK] = {0};
	bool ok;

	big_endian_32(j, in);
	big_endian_32(k, in + 4);
	ok = aes128_blocks(key, in, 1, out);
	for (unsigned b = 0; b < AES_BLOCK; b++)
		out[b] ^= in[b];
	return ok;
}
