/* SPDX-License-Identifier: Apache-2.0 */
#include "components/la/plv_key.h"

#include <openssl/crypto.h>
#include <string.h>

struct plv_key *plv_keys_find(const struct plv_keys *keys, const uint8_t id[8])
{
	for (size_t k = 0; k < keys->n; k++)
		if (memcmp(keys->keys[k].id, id, 8) == 0)
			return &keys->keys[k];
	return NULL;
}

bool plv_keys_add(struct plv_keys *keys, const struct plv_key *key)
{
	struct plv_key *place = plv_keys_find(keys, key->id), *more;

	if (place == NULL) {
		more = OPENSSL_clear_realloc(keys->keys, keys->n * sizeof(*more), (keys->n + 1) * sizeof(*more));
		if (more == NULL)
			return false;
		keys->keys = more;
		place = &more[keys->n++];
	}
	*place = *key;
	return true;
}

const struct plv_key *plv_keys_current(const struct plv_keys *keys, struct scms_slice host, scms_time32 now)
{
	const struct plv_key *best = NULL;

	for (size_t k = 0; k < keys->n; k++) {
		const struct plv_key *key = &keys->keys[k];

		if (key->confirmed && key->start <= now && now < key->end && strlen(key->host) == host.n &&
		    memcmp(key->host, host.p, host.n) == 0 && (best == NULL || key->end > best->end))
			best = key;
	}
	return best;
}

void plv_keys_free(struct plv_keys *keys)
{
	OPENSSL_clear_free(keys->keys, keys->n * sizeof(*keys->keys));
	*keys = (struct plv_keys){NULL, 0};
}
