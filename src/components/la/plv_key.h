/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plv_key.h: the keys that a PCA shares with LAs, and an LA with PCAs, each found by its name.
 *
 * Values are sealed under the newest key that is confirmed and in force. They are opened under any: a value may wait in
 * the RA's aggregator for days, and the MA asks for years.
 */
#ifndef COMPONENTS_LA_PLV_KEY_H
#define COMPONENTS_LA_PLV_KEY_H

#include "components/la/agreement.h"

struct plv_key {
	uint8_t id[8]; /* sealed_key_id() */
	struct agreement agreement;
	char host[256]; /* of the other side */
	scms_time32 start, end;
	bool confirmed; /* both sides are known to have it */
};

/* Grows as needed; zero is empty. */
struct plv_keys {
	struct plv_key *keys;
	size_t n;
};

/* Adds a copy, or replaces the one of that id. False without memory. */
SCMS_CHECKED bool plv_keys_add(struct plv_keys *keys, const struct plv_key *key);
struct plv_key *plv_keys_find(const struct plv_keys *keys, const uint8_t id[8]);
/* The confirmed key with this host that is in force and ends last; NULL: none. */
const struct plv_key *plv_keys_current(const struct plv_keys *keys, struct scms_slice host, scms_time32 now);
/* Wipes and frees all. */
void plv_keys_free(struct plv_keys *keys);

#endif
