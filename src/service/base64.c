/* SPDX-License-Identifier: Apache-2.0 */
#include "service/base64.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

bool base64_read(const char *text, size_t max, uint8_t *out, size_t *n)
{
	size_t length = strlen(text), padding = 0;

	if (length == 0 || length > max || length % 4 != 0)
		return false;
	while (padding < 2 && text[length - 1 - padding] == '=')
		padding++;
	for (size_t k = 0; k < length - padding; k++)
		if (!isalnum((unsigned char)text[k]) && text[k] != '+' && text[k] != '/')
			return false;
	if (EVP_DecodeBlock(out, (const unsigned char *)text, (int)length) != (int)(length / 4 * 3))
		return false;
	*n = length / 4 * 3 - padding;
	return true;
}
