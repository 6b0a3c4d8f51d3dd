/* SPDX-License-Identifier: Apache-2.0 */
/* Linkage values with VAES, four keys in a register, and SHA-256 of sixteen seeds at a time. */
#include "crypto/linkage_expand.h"

#include <cpuid.h>
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 64")
#endif

bool linkage_vaes_usable(void)
{
	unsigned a, b, c = 0, d;

	/* clang 14 does not know the name "vaes": leaf 7, bit 9 of ECX. */
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c >> 9 & 1) != 0;
}

/* ---- SHA-256 of la || seed || 0^14, one block ---- */

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

INLINE __m512i set(uint32_t x)
{
	return _mm512_set1_epi32((int)x);
}

INLINE __m512i add(__m512i a, __m512i b)
{
	return _mm512_add_epi32(a, b);
}

INLINE __m512i xor3(__m512i a, __m512i b, __m512i c)
{
	return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

/* The next word of the schedule, in the place of the one sixteen before it. */
INLINE void schedule(__m512i w[16], int i)
{
	const __m512i a = w[(i + 1) & 15], b = w[(i + 14) & 15];
	const __m512i s0 = xor3(_mm512_ror_epi32(a, 7), _mm512_ror_epi32(a, 18), _mm512_srli_epi32(a, 3));
	const __m512i s1 = xor3(_mm512_ror_epi32(b, 17), _mm512_ror_epi32(b, 19), _mm512_srli_epi32(b, 10));

	w[i & 15] = add(add(w[i & 15], w[(i + 9) & 15]), add(s0, s1));
}

INLINE void compress(__m512i w[16], __m512i s[8])
{
	for (int i = 0; i < 8; i++)
		s[i] = set(initial[i]);
	UNROLLED
	for (int i = 0; i < 64; i++) {
		__m512i *a = &s[(64 - i) & 7], *b = &s[(65 - i) & 7], *c = &s[(66 - i) & 7], *d = &s[(67 - i) & 7];
		__m512i *e = &s[(68 - i) & 7], *f = &s[(69 - i) & 7], *g = &s[(70 - i) & 7], *h = &s[(71 - i) & 7];
		__m512i t;

		if (i >= 16)
			schedule(w, i);
		t = add(add(*h, w[i & 15]), set(round_constant[i]));
		t = add(t, xor3(_mm512_ror_epi32(*e, 6), _mm512_ror_epi32(*e, 11), _mm512_ror_epi32(*e, 25)));
		t = add(t, _mm512_ternarylogic_epi32(*e, *f, *g, 0xca));
		*d = add(*d, t);
		t = add(t, xor3(_mm512_ror_epi32(*a, 2), _mm512_ror_epi32(*a, 13), _mm512_ror_epi32(*a, 22)));
		*h = add(t, _mm512_ternarylogic_epi32(*a, *b, *c, 0xe8));
	}
	for (int i = 0; i < 8; i++)
		s[i] = add(s[i], set(initial[i]));
}

static bool vaes_step(const struct scms_crypto *crypto, uint16_t la, uint8_t seed[LINKAGE_BLOCK][16])
{
	const __m512i swap = _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
	const __m512i lane = _mm512_set_epi32(60, 56, 52, 48, 44, 40, 36, 32, 28, 24, 20, 16, 12, 8, 4, 0);
	__m512i w[16], s[8], m[4];

	(void)crypto;
	for (int i = 0; i < 4; i++)
		m[i] = _mm512_shuffle_epi8(_mm512_i32gather_epi32(lane, (const int *)seed + i, 4), swap);
	/* The seed begins in the middle of a word, behind la. */
	w[0] = _mm512_or_si512(set((uint32_t)la << 16), _mm512_srli_epi32(m[0], 16));
	for (int i = 1; i < 4; i++)
		w[i] = _mm512_or_si512(_mm512_slli_epi32(m[i - 1], 16), _mm512_srli_epi32(m[i], 16));
	w[4] = _mm512_slli_epi32(m[3], 16);
	for (int i = 5; i < 16; i++)
		w[i] = _mm512_setzero_si512();
	w[8] = set(0x80000000);
	w[15] = set(256);
	compress(w, s);
	for (int i = 0; i < 4; i++)
		_mm512_i32scatter_epi32((int *)seed + i, lane, _mm512_shuffle_epi8(s[i], swap), 4);
	return true;
}

/* ---- AES-128 under four keys ---- */

INLINE void key_schedule(__m512i k, __m512i round_key[11])
{
	static const uint8_t constant[10] = {1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36};
	/* The last word rotated, in all four words: aesenclast then only substitutes, as its shift moves equal columns.
	 */
	const __m512i rotate =
	    _mm512_broadcast_i32x4(_mm_set_epi8(12, 15, 14, 13, 12, 15, 14, 13, 12, 15, 14, 13, 12, 15, 14, 13));

	round_key[0] = k;
	UNROLLED
	for (int i = 0; i < 10; i++) {
		const __m512i t = _mm512_aesenclast_epi128(_mm512_shuffle_epi8(k, rotate), set(constant[i]));

		k = _mm512_xor_si512(k, _mm512_bslli_epi128(k, 4));
		k = xor3(k, _mm512_bslli_epi128(k, 8), t);
		round_key[i + 1] = k;
	}
}

/* la || j || 0^10 */
INLINE __m512i input(uint16_t la, uint32_t j)
{
	const uint64_t low = (uint64_t)__builtin_bswap16(la) | (uint64_t)__builtin_bswap32(j) << 16;

	return _mm512_broadcast_i32x4(_mm_set_epi64x(0, (long long)low));
}

/* Values j to j + 3 of the four entries of these keys. */
INLINE void four_values(uint16_t la1, uint16_t la2, uint32_t j0, const __m512i key1[11], const __m512i key2[11],
			__m512i inputs, uint8_t (*out)[LINKAGE_BLOCK][16], int at)
{
	__m512i x[4], y[4];

	UNROLLED
	for (int j = 0; j < 4; j++) {
		x[j] = _mm512_xor_si512(input(la1, j0 + (uint32_t)j), key1[0]);
		y[j] = _mm512_xor_si512(input(la2, j0 + (uint32_t)j), key2[0]);
	}
	UNROLLED
	for (int r = 1; r < 10; r++) {
		UNROLLED
		for (int j = 0; j < 4; j++) {
			x[j] = _mm512_aesenc_epi128(x[j], key1[r]);
			y[j] = _mm512_aesenc_epi128(y[j], key2[r]);
		}
	}
	UNROLLED
	for (int j = 0; j < 4; j++)
		_mm512_storeu_si512(out[j][at], xor3(_mm512_aesenclast_epi128(x[j], key1[10]),
						     _mm512_aesenclast_epi128(y[j], key2[10]), inputs));
}

static bool vaes_values(const struct scms_crypto *crypto, uint16_t la1, uint16_t la2, uint32_t j0, unsigned n_j,
			const uint8_t seed1[LINKAGE_BLOCK][16], const uint8_t seed2[LINKAGE_BLOCK][16],
			uint8_t out[LINKAGE_CHUNK][LINKAGE_BLOCK][16])
{
	/* The inputs are added to the outputs; j is the same in both and goes away. */
	const __m512i inputs = _mm512_xor_si512(input(la1, 0), input(la2, 0));

	(void)crypto;
	for (int at = 0; at < LINKAGE_BLOCK; at += 4) {
		__m512i key1[11], key2[11];

		key_schedule(_mm512_loadu_si512(seed1[at]), key1);
		key_schedule(_mm512_loadu_si512(seed2[at]), key2);
		for (unsigned j = 0; j < n_j; j += 4)
			four_values(la1, la2, j0 + j, key1, key2, inputs, &out[j], at);
	}
	return true;
}

/* ---- the filter ---- */

INLINE __m512i filter_bits(uint64_t key)
{
	const __m512i product = _mm512_mullo_epi32(set((uint32_t)key), _mm512_loadu_si512(linkage_salt));

	return _mm512_sllv_epi32(set(1), _mm512_srli_epi32(product, 27));
}

static void vaes_filter_add(struct filter_block *filter, uint64_t blocks, const uint64_t *key, size_t n)
{
	for (size_t m = 0; m < n; m++) {
		struct filter_block *block = &filter[filter_at(blocks, key[m])];

		_mm512_store_si512(block, _mm512_or_si512(_mm512_load_si512(block), filter_bits(key[m])));
	}
}

static bool vaes_filter_has(const struct filter_block *filter, uint64_t blocks, uint64_t key)
{
	const __m512i block = _mm512_load_si512(&filter[filter_at(blocks, key)]);

	return _mm512_test_epi32_mask(block, filter_bits(key)) == 0xffff;
}

const struct linkage_expander linkage_vaes = {vaes_step, vaes_values, vaes_filter_add, vaes_filter_has, "vaes"};
