/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf2.h"

#include <openssl/crypto.h>
#include <string.h>

#include "crypto/digest.h"

bool kdf2_sha256(struct scms_slice secret, struct scms_slice p1, uint8_t *out, size_t n)
{
	uint8_t counter[4] = {0}, block[32];
	struct scms_slice parts[] = {secret, {counter, sizeof(counter)}, p1};
	bool ok = true;

	for (size_t done = 0, k = 1; ok && done < n; done += sizeof(block), k++) {
		size_t left = n - done < sizeof(block) ? n - done : sizeof(block);

		for (unsigned b = 0; b < 4; b++)
			counter[b] = (uint8_t)(k >> (24 - 8 * b));
		ok = digest_sha256(parts, 3, block);
		memcpy(out + done, block, left);
	}
	OPENSSL_cleanse(block, sizeof(block));
	if (!ok)
		OPENSSL_cleanse(out, n);
	return ok;
}
