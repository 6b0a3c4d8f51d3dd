/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curve.h: points and scalars of the four curves, for code that holds private keys.
 *
 * Verification does not come here: it has its own engine (scms/crypto.h).
 *
 * Constant time: curve_mul_base() and curve_mul() take secret scalars. On NIST
 * P-256 OpenSSL runs its fixed-window code with masked table look-ups, on the
 * other curves a Montgomery ladder over a scalar padded to a fixed length;
 * both are reached because each call asks for exactly one product, and
 * neither branches or indexes by the scalar's bits. What remains is that
 * OpenSSL's BN_bin2bn() skips leading zero bytes, as it does for every key that
 * OpenSSL loads. curve_scalar_ok() and the point readers look at
 * their input by arithmetic only or see public data.
 */
#ifndef CRYPTO_CURVE_H
#define CRYPTO_CURVE_H

#include <openssl/ec.h>
#include <scms/crypto.h>

#define CURVE_BYTES_MAX 48

/* A point of a curve, never infinity; scms_curve_bytes(curve) big-endian bytes of x and of y are used. */
struct curve_point {
	enum scms_curve curve;
	uint8_t x[CURVE_BYTES_MAX];
	uint8_t y[CURVE_BYTES_MAX];
};

/* The curve's parameters, one shared copy for the whole process; NULL if the library does not have the curve. */
const EC_GROUP *curve_group(enum scms_curve curve);

/* The curve's order as scms_curve_bytes(curve) big-endian bytes; NULL as curve_group. */
const uint8_t *curve_order(enum scms_curve curve);

/* "NIST P-256", for messages. */
const char *curve_name(enum scms_curve curve);

/* The DER OBJECT IDENTIFIER of the curve (PKCS#11 CKA_EC_PARAMS). */
struct scms_slice curve_oid(enum scms_curve curve);

/* Finds the curve of an OpenSSL NID; false if it is none of the four. */
bool curve_find_nid(int nid, enum scms_curve *curve);

/* Finds the curve of a DER OBJECT IDENTIFIER; false if it is none of the four. */
bool curve_find_oid(struct scms_slice oid, enum scms_curve *curve);

/*
 * Reads a point as it stands in a message: compressed or uncompressed. False when it is not on the curve, or when the
 * form does not say which point it is (x-only, fill).
 */
bool curve_point_read(const struct scms_point *in, struct curve_point *out);

/* Reads the SEC 1 encoding (02, 03 or 04 and coordinates; the length must fit the curve). False if it is no point. */
bool curve_point_read_sec1(enum scms_curve curve, struct scms_slice in, struct curve_point *out);

/* Writes 04 || x || y and returns its length, 1 + 2 * scms_curve_bytes(curve). */
size_t curve_point_write_sec1(const struct curve_point *point, uint8_t out[1 + 2 * CURVE_BYTES_MAX]);

/* The same point as a message has it, compressed; points into `point`. */
struct scms_point curve_point_compressed(const struct curve_point *point);

/* Are they the same point of the same curve? Public data: the time depends on it. */
bool curve_point_equal(const struct curve_point *a, const struct curve_point *b);

/* Is 0 < d < n? d has scms_curve_bytes(curve) bytes. Constant time but for the answer. */
bool curve_scalar_ok(enum scms_curve curve, const uint8_t *d);

/* A uniformly random scalar, 0 < d < n. False when the library has no randomness to give. */
bool curve_scalar_random(enum scms_curve curve, uint8_t *d);

/* out = d * G. False if d is not in 1..n-1 or the library fails. Constant time. */
bool curve_mul_base(enum scms_curve curve, const uint8_t *d, struct curve_point *out);

/* out = d * point. As curve_mul_base; false too if point is not on its curve. Constant time in d. */
bool curve_mul(const struct curve_point *point, const uint8_t *d, struct curve_point *out);

/* out = a + b. False if the sum is infinity, or a point or the pair of curves is unusable. Points are public. */
bool curve_add(const struct curve_point *a, const struct curve_point *b, struct curve_point *out);

/* out = e * p + q, with e any 32 bytes, all public: the time depends on them. False as curve_add. */
bool curve_mul_add_public(const uint8_t e[32], const struct curve_point *p, const struct curve_point *q,
			  struct curve_point *out);

#endif
