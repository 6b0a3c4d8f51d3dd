/* SPDX-License-Identifier: Apache-2.0 */
/* Points, the keys that an engine keeps, and their tables. */
#include "crypto/verify_engine.h"

#include <string.h>

/*
 * Requests after which a table pays. With AVX-512 one takes 0.2 ms to make and saves 8 us a signature in a batch and
 * far more alone; OpenSSL's takes 22 ms and saves 48 us.
 */
#define IFMA_USES 16
#define PORTABLE_USES 512
/* Many times more where another key loses its table, so that keys that take turns do not spend their time on tables. */
#define REPLACE 16

EC_POINT *engine_point(struct scms_verifier *v, const struct scms_point *point)
{
	const EC_GROUP *group = v->group[point->curve];
	size_t width = scms_curve_bytes(point->curve), n = 1 + width;
	uint8_t octets[1 + 2 * 48];
	EC_POINT *parsed;

	switch (point->form) {
	case SCMS_POINT_COMPRESSED_Y0:
	case SCMS_POINT_COMPRESSED_Y1:
		octets[0] = point->form == SCMS_POINT_COMPRESSED_Y0 ? POINT_CONVERSION_COMPRESSED
								    : POINT_CONVERSION_COMPRESSED | 1;
		break;
	case SCMS_POINT_UNCOMPRESSED:
		octets[0] = POINT_CONVERSION_UNCOMPRESSED;
		memcpy(octets + 1 + width, point->y, width);
		n += width;
		break;
	default:
		return NULL;
	}
	memcpy(octets + 1, point->x, width);
	parsed = EC_POINT_new(group);
	if (parsed != NULL && EC_POINT_oct2point(group, parsed, octets, n, v->bn) != 1) {
		EC_POINT_free(parsed);
		parsed = NULL;
	}
	return parsed;
}

static bool form_is_key(enum scms_point_form form)
{
	return form == SCMS_POINT_COMPRESSED_Y0 || form == SCMS_POINT_COMPRESSED_Y1 || form == SCMS_POINT_UNCOMPRESSED;
}

static struct scms_key *key_find(struct scms_verifier *v, const struct scms_point *point)
{
	size_t width = scms_curve_bytes(point->curve);

	for (unsigned k = 0; k < ENGINE_KEYS; k++) {
		struct scms_key *key = &v->key[k];
		uint8_t odd;

		if (key->ec == NULL || key->curve != point->curve || memcmp(key->point + 1, point->x, width) != 0)
			continue;
		odd = key->point[2 * width] & 1;
		if (point->form == SCMS_POINT_UNCOMPRESSED ? memcmp(key->point + 1 + width, point->y, width) == 0
							   : odd == (point->form == SCMS_POINT_COMPRESSED_Y1))
			return key;
	}
	return NULL;
}

/* Fills a free place. */
static bool key_set(struct scms_verifier *v, struct scms_key *key, enum scms_curve curve, const EC_POINT *point)
{
	*key = (struct scms_key){.curve = curve, .ec = EC_KEY_new()};
	if (key->ec != NULL && EC_KEY_set_group(key->ec, v->group[curve]) == 1 &&
	    EC_KEY_set_public_key(key->ec, point) == 1 &&
	    EC_POINT_point2oct(v->group[curve], point, POINT_CONVERSION_UNCOMPRESSED, key->point, sizeof(key->point),
			       v->bn) != 0)
		return true;
	engine_key_free(key);
	return false;
}

const struct scms_key *engine_key(void *ctx, const struct scms_point *point)
{
	struct scms_verifier *v = ctx;
	struct scms_key *key, *found = NULL;
	EC_POINT *parsed;
	bool good;

	if (!form_is_key(point->form))
		return NULL;
	key = key_find(v, point);
	if (key != NULL)
		return key;
	for (unsigned k = 0; k < ENGINE_KEYS && found == NULL; k++)
		if (v->key[k].ec == NULL)
			found = &v->key[k];
	parsed = found != NULL ? engine_point(v, point) : NULL;
	if (parsed == NULL)
		return NULL;
	good = key_set(v, found, point->curve, parsed);
	EC_POINT_free(parsed);
	return good ? found : NULL;
}

static void table_free(struct scms_key *key)
{
	EC_GROUP_free(key->comb_group);
	key->comb_group = NULL;
	key->comb = NULL;
	key->uses = 0;
}

void engine_key_free(struct scms_key *key)
{
	table_free(key);
	EC_KEY_free(key->ec);
	key->ec = NULL;
}

void engine_key_drop(void *ctx, const struct scms_point *point)
{
	struct scms_verifier *v = ctx;
	struct scms_key *key = form_is_key(point->form) ? key_find(v, point) : NULL;

	if (key != NULL)
		engine_key_free(key);
}

static bool has_table(const struct scms_key *key)
{
	return key->comb != NULL || key->comb_group != NULL;
}

/* The least recently used key with a table, if all places are taken. */
static struct scms_key *table_oldest(struct scms_verifier *v)
{
	struct scms_key *oldest = NULL;
	unsigned n = 0;

	for (unsigned k = 0; k < ENGINE_KEYS; k++) {
		struct scms_key *key = &v->key[k];

		if (!has_table(key))
			continue;
		n++;
		if (oldest == NULL || key->last_use < oldest->last_use)
			oldest = key;
	}
	return n >= v->tables ? oldest : NULL;
}

#ifdef HAVE_P256_IFMA
static struct p256_comb *comb_free_place(struct scms_verifier *v)
{
	for (unsigned t = 0; t < v->tables; t++) {
		bool taken = false;

		for (unsigned k = 0; k < ENGINE_KEYS; k++)
			taken |= v->key[k].comb == &v->comb[t];
		if (!taken)
			return &v->comb[t];
	}
	return NULL;
}
#endif

static void table_make(struct scms_verifier *v, struct scms_key *key)
{
#ifdef HAVE_P256_IFMA
	if (v->ifma != NULL) {
		struct p256_comb *comb = comb_free_place(v);

		p256_ifma_comb(v->ifma, key->point + 1, comb);
		key->comb = comb;
		return;
	}
#endif
	key->comb_group = portable_comb(v, EC_KEY_get0_public_key(key->ec));
	key->uses = 0; /* tried again after as many uses if OpenSSL could not */
}

void engine_key_used(struct scms_verifier *v, const struct scms_key *used)
{
	struct scms_key *key = &v->key[used - v->key], *oldest;
	unsigned needed = v->ifma != NULL ? IFMA_USES : PORTABLE_USES;

	key->last_use = ++v->clock;
	if (has_table(key) || ++key->uses < needed)
		return;
	oldest = table_oldest(v);
	if (oldest != NULL && key->uses < REPLACE * needed)
		return;
	if (oldest != NULL)
		table_free(oldest);
	table_make(v, key);
}
