/* SPDX-License-Identifier: Apache-2.0 */
/* Linkage values by the table of functions. */
#include "crypto/linkage_expand.h"

#include <string.h>

static bool portable_step(const struct scms_crypto *crypto, uint16_t la, uint8_t seed[LINKAGE_BLOCK][16])
{
	for (unsigned k = 0; k < LINKAGE_BLOCK; k++) {
		uint8_t in[32] = {(uint8_t)(la >> 8), (uint8_t)la}, out[32];
		const struct scms_slice part = {in, sizeof(in)};

		memcpy(in + 2, seed[k], 16);
		crypto->sha256(crypto->ctx, &part, 1, out);
		memcpy(seed[k], out, 16);
	}
	return true;
}

static void inputs(uint16_t la, uint32_t j0, uint8_t in[LINKAGE_CHUNK][16])
{
	memset(in, 0, sizeof(uint8_t[LINKAGE_CHUNK][16]));
	for (uint32_t j = 0; j < LINKAGE_CHUNK; j++) {
		in[j][0] = (uint8_t)(la >> 8);
		in[j][1] = (uint8_t)la;
		for (unsigned k = 0; k < 4; k++)
			in[j][2 + k] = (uint8_t)((j0 + j) >> (24 - 8 * k));
	}
}

static bool portable_values(const struct scms_crypto *crypto, uint16_t la1, uint16_t la2, uint32_t j0, unsigned n_j,
			    const uint8_t seed1[LINKAGE_BLOCK][16], const uint8_t seed2[LINKAGE_BLOCK][16],
			    uint8_t out[LINKAGE_CHUNK][LINKAGE_BLOCK][16])
{
	uint8_t in1[LINKAGE_CHUNK][16], in2[LINKAGE_CHUNK][16], one[LINKAGE_CHUNK][16], two[LINKAGE_CHUNK][16];

	inputs(la1, j0, in1);
	inputs(la2, j0, in2);
	for (unsigned k = 0; k < LINKAGE_BLOCK; k++) {
		if (!crypto->aes128(crypto->ctx, seed1[k], in1[0], n_j, one[0]) ||
		    !crypto->aes128(crypto->ctx, seed2[k], in2[0], n_j, two[0]))
			return false;
		for (unsigned j = 0; j < n_j; j++)
			for (unsigned b = 0; b < 16; b++)
				out[j][k][b] = one[j][b] ^ two[j][b] ^ in1[j][b] ^ in2[j][b];
	}
	return true;
}

const uint32_t linkage_salt[16] = {0xf881cf93, 0xe3e64e3d, 0x6f7b8a83, 0xb16f7aab, 0x3fe3467b, 0x17783939,
				   0x2cf541b7, 0xe0267d57, 0x8a4b0c49, 0xb9924e87, 0xcb9a3fbb, 0x7df02fbf,
				   0x9892d125, 0x8293cd19, 0xeddddc39, 0x3374749b};

static void portable_filter_add(struct filter_block *filter, uint64_t blocks, const uint64_t *key, size_t n)
{
	for (size_t m = 0; m < n; m++) {
		struct filter_block *block = &filter[filter_at(blocks, key[m])];

		for (unsigned k = 0; k < 16; k++)
			block->word[k] |= 1U << ((uint32_t)key[m] * linkage_salt[k] >> 27);
	}
}

static bool portable_filter_has(const struct filter_block *filter, uint64_t blocks, uint64_t key)
{
	const struct filter_block *block = &filter[filter_at(blocks, key)];

	for (unsigned k = 0; k < 16; k++)
		if (!(block->word[k] & 1U << ((uint32_t)key * linkage_salt[k] >> 27)))
			return false;
	return true;
}

const struct linkage_expander linkage_portable = {portable_step, portable_values, portable_filter_add,
						  portable_filter_has, "portable"};
