/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures on P-256: every back end, and OpenSSL's plain verification, must give the same verdict.
 *
 * The input is a list of records of RECORD bytes, which are asked about in one call: flags, five numbers of 32 bytes,
 * where a byte is changed, and how. Raw, the numbers are digest, r, s, x and y as they stand. Else they make a valid
 * signature (see tests/verify/edges.c): u1, u2, the key's scalar and, for an implicit signer, e and the scalar of its
 * reconstruction point.
 */
#include "fuzz.h"

#include "tests/verify/engines.h"

#define RECORD 163
#define RECORDS 6

#define RAW 1
#define KEEP 2 /* under a handle */
#define IMPLICIT 4
#define COMPRESSED 8
#define OFTEN 16 /* so often that a handle has its table */
#define OFTEN_TIMES 20

struct item {
	uint8_t digest[32], r[32], s[32], x[32], y[32], e[32], issuer_x[32], issuer_y[32];
	enum scms_verdict right;
	uint8_t flags;
};

static EC_GROUP *group;
static BN_CTX *bn;

static void xy_write(const EC_POINT *q, uint8_t x[32], uint8_t y[32])
{
	uint8_t octets[65] = {0};

	EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets), bn);
	memcpy(x, octets + 1, 32);
	memcpy(y, octets + 33, 32);
}

/* The point of the coordinates, or NULL. */
static EC_POINT *xy_read(const uint8_t x[32], const uint8_t y[32])
{
	uint8_t octets[65] = {POINT_CONVERSION_UNCOMPRESSED};
	EC_POINT *q = EC_POINT_new(group);

	memcpy(octets + 1, x, 32);
	memcpy(octets + 33, y, 32);
	if (EC_POINT_oct2point(group, q, octets, 65, bn) != 1) {
		EC_POINT_free(q);
		return NULL;
	}
	return q;
}

/* False: these numbers make no signature. */
static bool item_construct(struct item *item, const uint8_t *in)
{
	const BIGNUM *n = EC_GROUP_get0_order(group);
	BIGNUM *number[5];
	EC_POINT *key = EC_POINT_new(group), *signer, *sum = EC_POINT_new(group);
	BIGNUM *r = BN_new(), *s = BN_new();
	bool good;

	for (unsigned k = 0; k < 5; k++)
		number[k] = BN_bin2bn(in + 32 * k, 32, NULL);
	EC_POINT_mul(group, key, number[2], NULL, NULL, bn);
	signer = EC_POINT_dup(key, group);
	good = !EC_POINT_is_at_infinity(group, key);
	if (item->flags & IMPLICIT) {
		EC_POINT *recon = EC_POINT_new(group);

		EC_POINT_mul(group, recon, number[4], NULL, NULL, bn);
		good = good && !EC_POINT_is_at_infinity(group, recon);
		xy_write(recon, item->x, item->y);
		xy_write(key, item->issuer_x, item->issuer_y);
		memcpy(item->e, in + 96, 32);
		EC_POINT_mul(group, signer, NULL, recon, number[3], bn);
		EC_POINT_add(group, signer, signer, key, bn);
		EC_POINT_free(recon);
	} else {
		xy_write(key, item->x, item->y);
	}
	BN_nnmod(number[1], number[1], n, bn);
	EC_POINT_mul(group, sum, number[0], signer, number[1], bn);
	good = good && !BN_is_zero(number[1]) && !EC_POINT_is_at_infinity(group, sum);
	if (good) {
		EC_POINT_get_affine_coordinates(group, sum, r, NULL, bn);
		BN_nnmod(r, r, n, bn);
		BN_mod_inverse(s, number[1], n, bn);
		BN_mod_mul(s, s, r, n, bn);
		BN_mod_mul(number[0], number[0], s, n, bn);
		BN_bn2binpad(number[0], item->digest, 32);
		BN_bn2binpad(r, item->r, 32);
		BN_bn2binpad(s, item->s, 32);
	}
	for (unsigned k = 0; k < 5; k++)
		BN_free(number[k]);
	BN_free(r);
	BN_free(s);
	EC_POINT_free(key);
	EC_POINT_free(signer);
	EC_POINT_free(sum);
	return good;
}

/* What OpenSSL says of the item's bytes. */
static enum scms_verdict item_plain(const struct item *item)
{
	EC_POINT *q = xy_read(item->x, item->y), *issuer;
	enum scms_verdict right;

	if (q != NULL && item->flags & IMPLICIT) {
		BIGNUM *e = BN_bin2bn(item->e, 32, NULL);

		issuer = xy_read(item->issuer_x, item->issuer_y);
		EC_POINT_mul(group, q, NULL, q, e, bn);
		EC_POINT_add(group, q, q, issuer, bn);
		EC_POINT_free(issuer);
		BN_free(e);
	}
	right = plain_verdict(group, q, item->digest, item->r, item->s);
	EC_POINT_free(q);
	return right;
}

static bool item_read(struct item *item, const uint8_t *in)
{
	uint8_t *part[] = {item->digest, item->r, item->s, item->y, item->e};

	memset(item, 0, sizeof(*item));
	item->flags = in[0];
	if (item->flags & RAW) {
		item->flags &= (uint8_t)~IMPLICIT;
		memcpy(item->digest, in + 1, 32);
		memcpy(item->r, in + 33, 32);
		memcpy(item->s, in + 65, 32);
		memcpy(item->x, in + 97, 32);
		memcpy(item->y, in + 129, 32);
	} else if (!item_construct(item, in + 1)) {
		return false;
	}
	if (in[162] != 0)
		part[in[161] / 32 % 5][in[161] % 32] ^= in[162];
	if (in[162] != 0 && in[161] / 32 % 5 == 3)
		item->flags &= (uint8_t)~COMPRESSED;
	item->right = item_plain(item);
	return true;
}

static struct scms_point point_of(const uint8_t *x, const uint8_t *y, bool compressed)
{
	if (!compressed)
		return (struct scms_point){SCMS_NIST_P256, SCMS_POINT_UNCOMPRESSED, x, y};
	return (struct scms_point){SCMS_NIST_P256, y[31] & 1 ? SCMS_POINT_COMPRESSED_Y1 : SCMS_POINT_COMPRESSED_Y0, x,
				   NULL};
}

/* A raw item's x and y may be no point, and its x may be one with another y. */
static bool compressed_ok(const struct item *item)
{
	EC_POINT *q;

	if (!(item->flags & COMPRESSED))
		return false;
	q = xy_read(item->x, item->y);
	EC_POINT_free(q);
	return q != NULL;
}

static void engine_check(unsigned k, const struct item *items, unsigned n)
{
	const struct scms_crypto *crypto = scms_verifier_crypto(engine[k]);
	struct scms_verify_request request[RECORDS * OFTEN_TIMES];
	uint8_t verdict[RECORDS * OFTEN_TIMES];
	unsigned of[RECORDS * OFTEN_TIMES], requests = 0;
	struct scms_point kept[RECORDS];

	for (unsigned m = 0; m < n; m++) {
		const struct item *item = &items[m];
		struct scms_verify_request one = {.digest = item->digest, .r = item->r, .s = item->s};
		struct scms_point point = point_of(item->x, item->y, compressed_ok(item));
		const struct scms_key *key;

		kept[m] = item->flags & IMPLICIT ? point_of(item->issuer_x, item->issuer_y, false) : point;
		key = item->flags & KEEP ? crypto->key(crypto->ctx, &kept[m]) : NULL;
		if (item->flags & IMPLICIT) {
			one.signer = SCMS_SIGNER_IMPLICIT;
			one.u.implicit.recon = point;
			one.u.implicit.e = item->e;
			one.u.implicit.issuer_key = key;
			one.u.implicit.issuer = kept[m];
		} else if (key != NULL) {
			one.signer = SCMS_SIGNER_KEY;
			one.u.key = key;
		} else {
			one.signer = SCMS_SIGNER_POINT;
			one.u.point = point;
		}
		for (unsigned times = item->flags & OFTEN ? OFTEN_TIMES : 1; times > 0; times--) {
			of[requests] = m;
			request[requests++] = one;
		}
	}
	engine_ask(k, request, requests, verdict);
	for (unsigned m = 0; m < requests; m++)
		ALWAYS(verdict[m] == items[of[m]].right, "%s: record %u: %u, OpenSSL %u", engine_name[k], of[m],
		       verdict[m], items[of[m]].right);
	for (unsigned m = 0; m < n; m++)
		if (items[m].flags & KEEP)
			crypto->key_drop(crypto->ctx, &kept[m]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct item item[RECORDS];
	unsigned n = 0;

	if (group == NULL) {
		group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
		bn = BN_CTX_new();
		engines_start();
	}
	for (; size >= RECORD && n < RECORDS; data += RECORD, size -= RECORD)
		n += item_read(&item[n], data);
	for (unsigned k = 0; k < ENGINES && n > 0; k++)
		engine_check(k, item, n);
	return 0;
}
