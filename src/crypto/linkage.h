/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linkage.h: linkage seeds and values, the linkage authority's and the PCA's side (CAMP SCMS PoC).
 *
 *   ls(i)    = first 16 bytes of SHA-256(la_id || ls(i-1) || 0^14)
 *   plv(i,j) = first 9 bytes of AES_{ls(i)}(x) XOR x,  x = la_id || j || 0^10
 *   lv(i,j)  = plv_1(i,j) XOR plv_2(i,j)
 *
 * Group values are made by the same formulas from a group seed, with the
 * group's jValue as j.
 */
#ifndef CRYPTO_LINKAGE_H
#define CRYPTO_LINKAGE_H

#include "crypto/aes.h"

#define LINKAGE_SEED 16
#define LINKAGE_VALUE 9

/* A random first seed ls(0). False only when the library fails, as all of these. */
SCMS_CHECKED bool linkage_seed_random(uint8_t seed[LINKAGE_SEED]);

/* Advances a seed by `steps` i-periods. There is no way back: that is what keeps the past unlinkable. */
SCMS_CHECKED bool linkage_seed_advance(uint16_t la_id, uint32_t steps, uint8_t seed[LINKAGE_SEED]);

/* Pre-linkage values for n consecutive j, starting at j. */
SCMS_CHECKED bool linkage_pre_values(uint16_t la_id, const uint8_t seed[LINKAGE_SEED], uint32_t j, size_t n,
				     uint8_t (*out)[LINKAGE_VALUE]);

/* The linkage value of two pre-linkage values. */
void linkage_value(const uint8_t one[LINKAGE_VALUE], const uint8_t two[LINKAGE_VALUE], uint8_t out[LINKAGE_VALUE]);

/* Encrypted index of a group chain: AES_ik(x) XOR x, x = j || k || 0^8. */
SCMS_CHECKED bool linkage_encrypted_index(const uint8_t key[AES_128_KEY], uint32_t j, uint32_t k,
					  uint8_t out[AES_BLOCK]);

#endif
