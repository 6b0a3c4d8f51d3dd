/* SPDX-License-Identifier: Apache-2.0 */
/* linkage_expand.h: seeds and linkage values in blocks of 16 entries, by the back ends of linkage_lookup.h. */
#ifndef CRYPTO_LINKAGE_EXPAND_H
#define CRYPTO_LINKAGE_EXPAND_H

#include <scms/crypto.h>

#define LINKAGE_BLOCK 16
#define LINKAGE_CHUNK 20 /* values of an entry made in one go; a multiple of 4 */

/* A blocked Bloom filter: a key has one bit in each of the sixteen words of one block, which is one cache line. */
struct filter_block {
	uint32_t word[16];
} __attribute__((aligned(64)));

/*
 * seed[k] becomes the next period's, and values: out[j][k] is value j0 + j of entry k, 9 bytes of 16, for the
 * n_j <= LINKAGE_CHUNK from j0 on, and perhaps some more. Always LINKAGE_BLOCK entries.
 */
struct linkage_expander {
	bool (*step)(const struct scms_crypto *crypto, uint16_t la, uint8_t seed[LINKAGE_BLOCK][16]);
	bool (*values)(const struct scms_crypto *crypto, uint16_t la1, uint16_t la2, uint32_t j0, unsigned n_j,
		       const uint8_t seed1[LINKAGE_BLOCK][16], const uint8_t seed2[LINKAGE_BLOCK][16],
		       uint8_t out[LINKAGE_CHUNK][LINKAGE_BLOCK][16]);
	/* Puts keys into a filter of so many blocks; asks for one. */
	void (*filter_add)(struct filter_block *filter, uint64_t blocks, const uint64_t *key, size_t n);
	bool (*filter_has)(const struct filter_block *filter, uint64_t blocks, uint64_t key);
	const char *name;
};

/* The block of a key: its upper half, scaled. Blocks are at most 2^32. */
static inline uint64_t filter_at(uint64_t blocks, uint64_t key)
{
	return (key >> 32) * blocks >> 32;
}

/* The bit of a key in word k of its block: the upper five bits of its lower half times an odd number. */
extern const uint32_t linkage_salt[16];

extern const struct linkage_expander linkage_portable, linkage_vaes;

bool linkage_vaes_usable(void);

#endif
