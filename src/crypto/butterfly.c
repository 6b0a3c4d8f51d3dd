/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/butterfly.h"

#include <openssl/crypto.h>
#include <string.h>

static void big_endian_32(uint32_t value, uint8_t out[4])
{
	for (unsigned b = 0; b < 4; b++)
		out[b] = (uint8_t)(value >> (24 - 8 * b));
}

bool butterfly_scalar(enum scms_curve curve, const uint8_t expansion_key[AES_128_KEY],
		      const struct butterfly_index *index, uint8_t f[SCALAR_BYTES])
{
	uint8_t in[3 * AES_BLOCK] = {0}, out[3 * AES_BLOCK];
	bool ok;

	if (curve != SCMS_NIST_P256 && curve != SCMS_BRAINPOOL_P256R1)
		return false;
	for (unsigned t = 0; t < 3; t++) {
		uint8_t *x = in + t * AES_BLOCK;

		memset(x, index->kind == BUTTERFLY_ENCRYPTION ? 0xff : 0, 4);
		big_endian_32(index->i, x + 4);
		big_endian_32(index->j, x + 8);
		x[AES_BLOCK - 1] = (uint8_t)(t + 1); /* x + 1, 2, 3: the last 32 bits of x are zero */
	}
	ok = aes128_blocks(expansion_key, in, 3, out);
	for (unsigned k = 0; k < sizeof(out); k++)
		out[k] ^= in[k];
	if (ok)
		scalar_reduce_384(curve, out, f);
	OPENSSL_cleanse(out, sizeof(out));
	return ok;
}

bool butterfly_public(const struct curve_point *caterpillar, const uint8_t expansion_key[AES_128_KEY],
		      const struct butterfly_index *index, struct curve_point *cocoon)
{
	uint8_t f[SCALAR_BYTES];
	struct curve_point shift;
	bool ok = butterfly_scalar(caterpillar->curve, expansion_key, index, f) &&
		  curve_mul_base(caterpillar->curve, f, &shift) && curve_add(caterpillar, &shift, cocoon);

	OPENSSL_cleanse(f, sizeof(f));
	OPENSSL_cleanse(&shift, sizeof(shift));
	return ok;
}

bool butterfly_private(enum scms_curve curve, const uint8_t caterpillar[SCALAR_BYTES],
		       const uint8_t expansion_key[AES_128_KEY], const struct butterfly_index *index,
		       uint8_t cocoon[SCALAR_BYTES])
{
	uint8_t f[SCALAR_BYTES];
	bool ok = curve_scalar_ok(curve, caterpillar) && butterfly_scalar(curve, expansion_key, index, f);

	if (ok)
		scalar_add(curve, caterpillar, f, cocoon);
	OPENSSL_cleanse(f, sizeof(f));
	return ok;
}
