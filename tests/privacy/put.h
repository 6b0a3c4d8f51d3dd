/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put.h: what the truth about vehicles is written with (truth.py reads it).
 */
#ifndef TESTS_PRIVACY_PUT_H
#define TESTS_PRIVACY_PUT_H

#include "components/ee/pseudonym.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static inline void put_hex(json_t *object, const char *name, const uint8_t *p, size_t n)
{
	char *text = malloc(2 * n + 1);

	if (text == NULL)
		exit(1);
	for (size_t k = 0; k < n; k++)
		snprintf(text + 2 * k, 3, "%02x", p[k]);
	json_object_set_new(object, name, json_stringn(text, 2 * n));
	free(text);
}

/* A cocoon public key's x, of which the compressed point is made. */
static inline void put_cocoon(json_t *object, const char *name, const uint8_t *caterpillar, const uint8_t *expansion,
			      enum butterfly_kind kind, uint16_t i, uint8_t j)
{
	const struct butterfly_index index = {kind, i, j};
	struct private_key *key;
	struct key_error err;

	if (ee_cocoon(caterpillar, expansion, &index, &key, &err) != KEY_OK)
		exit(1);
	put_hex(object, name, private_key_public(key)->x, 32);
	private_key_free(key);
}

/* A certificate of period i and number j: its bytes, hash, linkage value, and the vehicle's keys for it. */
static inline json_t *put_certificate(const struct ee_caterpillars *keys, uint16_t i, uint8_t j, struct scms_slice bytes,
				      const uint8_t hash[32], const uint8_t linkage_value[9])
{
	json_t *one = json_pack("{s:i, s:i}", "i", (int)i, "j", (int)j);

	put_hex(one, "certificate", bytes.p, bytes.n);
	put_hex(one, "hash", hash, 32);
	put_hex(one, "lv", linkage_value, 9);
	put_cocoon(one, "cocoonB", keys->sign, keys->sign_expansion, BUTTERFLY_SIGNING, i, j);
	put_cocoon(one, "cocoonH", keys->respond, keys->respond_expansion, BUTTERFLY_ENCRYPTION, i, j);
	return one;
}

#endif
