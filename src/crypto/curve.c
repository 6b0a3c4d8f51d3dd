/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/curve.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#define CURVES 4

static const struct {
	int nid;
	const char *name;
	uint8_t oid_length;
	uint8_t oid[11];
} curves[CURVES] = {
    [SCMS_NIST_P256] = {NID_X9_62_prime256v1, "NIST P-256", 10, {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}},
    [SCMS_BRAINPOOL_P256R1] = {NID_brainpoolP256r1, "Brainpool P-256r1", 11, {6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7}},
    [SCMS_BRAINPOOL_P384R1] = {NID_brainpoolP384r1, "Brainpool P-384r1", 11, {6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11}},
    [SCMS_NIST_P384] = {NID_secp384r1, "NIST P-384", 7, {6, 5, 0x2b, 0x81, 4, 0, 0x22}},
};

static struct {
	EC_GROUP *group;
	uint8_t order[CURVE_BYTES_MAX];
} shared[CURVES];

static void shared_fill(void)
{
	for (unsigned k = 0; k < CURVES; k++) {
		EC_GROUP *group = EC_GROUP_new_by_curve_name(curves[k].nid);
		int bytes = (int)scms_curve_bytes((enum scms_curve)k);

		if (group && BN_bn2binpad(EC_GROUP_get0_order(group), shared[k].order, bytes) == bytes)
			shared[k].group = group;
		else
			EC_GROUP_free(group);
	}
}

const EC_GROUP *curve_group(enum scms_curve curve)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, shared_fill);
	return (unsigned)curve < CURVES ? shared[curve].group : NULL;
}

const uint8_t *curve_order(enum scms_curve curve)
{
	return curve_group(curve) ? shared[curve].order : NULL;
}

const char *curve_name(enum scms_curve curve)
{
	return curves[curve].name;
}

struct scms_slice curve_oid(enum scms_curve curve)
{
	return (struct scms_slice){curves[curve].oid, curves[curve].oid_length};
}

bool curve_find_nid(int nid, enum scms_curve *curve)
{
	for (unsigned k = 0; k < CURVES; k++) {
		if (curves[k].nid == nid) {
			*curve = (enum scms_curve)k;
			return true;
		}
	}
	return false;
}

bool curve_find_oid(struct scms_slice oid, enum scms_curve *curve)
{
	for (unsigned k = 0; k < CURVES; k++) {
		if (oid.n == curves[k].oid_length && memcmp(oid.p, curves[k].oid, oid.n) == 0) {
			*curve = (enum scms_curve)k;
			return true;
		}
	}
	return false;
}

/* The point for the library; NULL when it is not on its curve. */
static EC_POINT *point_open(const struct curve_point *point)
{
	const EC_GROUP *group = curve_group(point->curve);
	uint8_t sec1[1 + 2 * CURVE_BYTES_MAX];
	size_t n = curve_point_write_sec1(point, sec1);
	EC_POINT *opened = group ? EC_POINT_new(group) : NULL;

	if (opened && EC_POINT_oct2point(group, opened, sec1, n, NULL) == 1)
		return opened;
	EC_POINT_free(opened);
	return NULL;
}

/* Back from the library; false for infinity. */
static bool point_close(enum scms_curve curve, const EC_POINT *point, struct curve_point *out)
{
	size_t bytes = scms_curve_bytes(curve), n = 1 + 2 * bytes;
	uint8_t sec1[1 + 2 * CURVE_BYTES_MAX];

	if (EC_POINT_point2oct(curve_group(curve), point, POINT_CONVERSION_UNCOMPRESSED, sec1, n, NULL) != n)
		return false;
	memset(out, 0, sizeof(*out));
	out->curve = curve;
	memcpy(out->x, sec1 + 1, bytes);
	memcpy(out->y, sec1 + 1 + bytes, bytes);
	OPENSSL_cleanse(sec1, sizeof(sec1));
	return true;
}

bool curve_point_read_sec1(enum scms_curve curve, struct scms_slice in, struct curve_point *out)
{
	const EC_GROUP *group = curve_group(curve);
	size_t bytes = scms_curve_bytes(curve);
	EC_POINT *point;
	bool ok;

	if (!group || in.n == 0)
		return false;
	if (in.p[0] == 4 ? in.n != 1 + 2 * bytes : (in.p[0] != 2 && in.p[0] != 3) || in.n != 1 + bytes)
		return false;
	point = EC_POINT_new(group);
	ok = point && EC_POINT_oct2point(group, point, in.p, in.n, NULL) == 1 && point_close(curve, point, out);
	EC_POINT_free(point);
	return ok;
}

bool curve_point_read(const struct scms_point *in, struct curve_point *out)
{
	size_t bytes = scms_curve_bytes(in->curve);
	uint8_t sec1[1 + 2 * CURVE_BYTES_MAX];

	if (in->form != SCMS_POINT_COMPRESSED_Y0 && in->form != SCMS_POINT_COMPRESSED_Y1 &&
	    in->form != SCMS_POINT_UNCOMPRESSED)
		return false;
	sec1[0] = (uint8_t)in->form; /* the values are those of SEC 1 */
	memcpy(sec1 + 1, in->x, bytes);
	if (in->form != SCMS_POINT_UNCOMPRESSED)
		return curve_point_read_sec1(in->curve, (struct scms_slice){sec1, 1 + bytes}, out);
	memcpy(sec1 + 1 + bytes, in->y, bytes);
	return curve_point_read_sec1(in->curve, (struct scms_slice){sec1, 1 + 2 * bytes}, out);
}

size_t curve_point_write_sec1(const struct curve_point *point, uint8_t out[1 + 2 * CURVE_BYTES_MAX])
{
	size_t bytes = scms_curve_bytes(point->curve);

	out[0] = 4;
	memcpy(out + 1, point->x, bytes);
	memcpy(out + 1 + bytes, point->y, bytes);
	return 1 + 2 * bytes;
}

struct scms_point curve_point_compressed(const struct curve_point *point)
{
	bool odd = point->y[scms_curve_bytes(point->curve) - 1] & 1;

	return (struct scms_point){
	    .curve = point->curve,
	    .form = odd ? SCMS_POINT_COMPRESSED_Y1 : SCMS_POINT_COMPRESSED_Y0,
	    .x = point->x,
	    .y = point->y,
	};
}

bool curve_point_equal(const struct curve_point *a, const struct curve_point *b)
{
	size_t bytes = scms_curve_bytes(a->curve);

	return a->curve == b->curve && memcmp(a->x, b->x, bytes) == 0 && memcmp(a->y, b->y, bytes) == 0;
}

bool curve_scalar_ok(enum scms_curve curve, const uint8_t *d)
{
	const uint8_t *order = curve_order(curve);
	unsigned borrow = 0, any = 0;

	if (!order)
		return false;
	for (size_t k = scms_curve_bytes(curve); k-- > 0;) {
		borrow = ((unsigned)d[k] - order[k] - borrow) >> 31;
		any |= d[k];
	}
	/* d < n leaves a borrow */
	return (borrow & (0u - any) >> 31) != 0;
}

bool curve_scalar_random(enum scms_curve curve, uint8_t *d)
{
	size_t bytes = scms_curve_bytes(curve);

	/* The smallest order has its top bits 1010..., so a try succeeds with probability above 0.66. */
	for (unsigned tries = 0; tries < 256; tries++) {
		if (RAND_priv_bytes(d, (int)bytes) != 1)
			return false;
		if (curve_scalar_ok(curve, d))
			return true;
	}
	return false;
}

/* A secret number for the library; to be freed with BN_clear_free. */
static BIGNUM *secret_number(enum scms_curve curve, const uint8_t *d)
{
	BIGNUM *number;

	if (!curve_scalar_ok(curve, d))
		return NULL;
	number = BN_new();
	if (!number)
		return NULL;
	BN_set_flags(number, BN_FLG_CONSTTIME);
	if (BN_bin2bn(d, (int)scms_curve_bytes(curve), number))
		return number;
	BN_clear_free(number);
	return NULL;
}

bool curve_mul_base(enum scms_curve curve, const uint8_t *d, struct curve_point *out)
{
	const EC_GROUP *group = curve_group(curve);
	EC_POINT *product = group ? EC_POINT_new(group) : NULL;
	BIGNUM *scalar = secret_number(curve, d);
	bool ok = product && scalar && EC_POINT_mul(group, product, scalar, NULL, NULL, NULL) == 1 &&
		  point_close(curve, product, out);

	BN_clear_free(scalar);
	EC_POINT_clear_free(product);
	return ok;
}

bool curve_mul(const struct curve_point *point, const uint8_t *d, struct curve_point *out)
{
	const EC_GROUP *group = curve_group(point->curve);
	EC_POINT *product = group ? EC_POINT_new(group) : NULL;
	EC_POINT *factor = point_open(point);
	BIGNUM *scalar = secret_number(point->curve, d);
	bool ok = product && factor && scalar && EC_POINT_mul(group, product, NULL, factor, scalar, NULL) == 1 &&
		  point_close(point->curve, product, out);

	BN_clear_free(scalar);
	EC_POINT_clear_free(product);
	EC_POINT_free(factor);
	return ok;
}

bool curve_add(const struct curve_point *a, const struct curve_point *b, struct curve_point *out)
{
	EC_POINT *sum = point_open(a);
	EC_POINT *term = point_open(b);
	bool ok = sum && term && a->curve == b->curve &&
		  EC_POINT_add(curve_group(a->curve), sum, sum, term, NULL) == 1 && point_close(a->curve, sum, out);

	EC_POINT_free(sum);
	EC_POINT_free(term);
	return ok;
}

bool curve_mul_add_public(const uint8_t e[32], const struct curve_point *p, const struct curve_point *q,
			  struct curve_point *out)
{
	const EC_GROUP *group = curve_group(p->curve);
	EC_POINT *sum = point_open(p);
	EC_POINT *term = point_open(q);
	BIGNUM *scalar = BN_bin2bn(e, 32, NULL);
	BN_CTX *ctx = BN_CTX_new();
	bool ok = sum && term && scalar && ctx && p->curve == q->curve &&
		  BN_nnmod(scalar, scalar, EC_GROUP_get0_order(group), ctx) == 1 &&
		  EC_POINT_mul(group, sum, NULL, sum, scalar, ctx) == 1 &&
		  EC_POINT_add(group, sum, sum, term, ctx) == 1 && point_close(p->curve, sum, out);

	BN_CTX_free(ctx);
	BN_free(scalar);
	EC_POINT_free(sum);
	EC_POINT_free(term);
	return ok;
}
