/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h: an input that is a time and several files, so that a whole chain stands in one input.
 *
 *   now     4  Time32
 *   items      each: length 2, bytes; a length beyond the end stands for all that is left
 *
 * The first item is the only root that is trusted, the last is what is judged, those between are candidate issuers.
 * Three engines judge it, which share no arithmetic: all must say the same.
 */
#ifndef FUZZ_PACK_H
#define FUZZ_PACK_H

#include "fuzz.h"

#include <string.h>

#include "dot2/chain.h"
#include "tests/dot2/judge.h"
#include "tests/verify/engines.h"

#define PACK_ITEMS 8
#define PACK_ENGINES (ENGINES + 1)

struct pack {
	scms_time64 now;
	struct scms_slice item[PACK_ITEMS];
	unsigned n;
	bool readable[PACK_ITEMS]; /* as a certificate */
	uint8_t id8[PACK_ITEMS][8];
};

/* The engine's table, the last being the plainest. */
static inline const struct scms_crypto *pack_engine(unsigned k)
{
	if (engine[0] == NULL)
		engines_start();
	return k < ENGINES ? scms_verifier_crypto(engine[k]) : &judge;
}

static inline bool pack_root(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes,
			     enum root_state *state)
{
	const struct pack *pack = ctx;

	*bytes = pack->item[0];
	*state = ROOT_IS_TRUSTED;
	return k == 0 && pack->readable[0] && memcmp(pack->id8[0], id8, 8) == 0;
}

static inline bool pack_candidate(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	const struct pack *pack = ctx;

	for (unsigned m = 1; m + 1 < pack->n; m++) {
		*bytes = pack->item[m];
		if (pack->readable[m] && memcmp(pack->id8[m], id8, 8) == 0 && k-- == 0)
			return true;
	}
	return false;
}

static inline bool pack_revoked(void *ctx, const struct cert *cert, const struct cert *root)
{
	(void)ctx, (void)cert, (void)root;
	return false;
}

/* False where it is no pack. */
static inline bool pack_read(struct pack *pack, const uint8_t *data, size_t size)
{
	*pack = (struct pack){0};
	if (size < 4)
		return false;
	for (unsigned k = 0; k < 4; k++)
		pack->now = pack->now << 8 | *data++;
	pack->now *= 1000000;
	size -= 4;
	while (size > 2 && pack->n < PACK_ITEMS) {
		size_t length = (size_t)data[0] << 8 | data[1];
		struct cert cert;

		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		pack->item[pack->n] = (struct scms_slice){data, length};
		if (cert_read(&cert, pack->item[pack->n], &judge, NULL) == OER_OK) {
			pack->readable[pack->n] = true;
			memcpy(pack->id8[pack->n], cert_id8(&cert), 8);
		}
		pack->n++;
		data += length;
		size -= length;
	}
	return pack->n > 1;
}

/* Judges the chain of this certificate by engine k. */
static inline enum scms_reason pack_judge(struct pack *pack, struct scms_slice leaf, unsigned k, struct chain *chain)
{
	const struct chain_source source = {pack, pack_root, pack_candidate, pack_revoked};
	enum scms_reason reason;

	if (cert_read(&chain->cert[0], leaf, pack_engine(k), NULL) != OER_OK)
		return SCMS_MALFORMED;
	reason = chain_judge(chain, pack->now, &source, pack_engine(k));
	ALWAYS(reason != SCMS_REASON_FAILED, "engine %u failed", k);
	return reason;
}

#endif
