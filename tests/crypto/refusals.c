/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the arithmetic and the ciphers must refuse.
 */
#include "crypto/butterfly.h"
#include "crypto/ecies.h"
#include "crypto/ecqv.h"
#include "tests/check.h"

static const enum scms_curve curves[] = {SCMS_NIST_P256, SCMS_BRAINPOOL_P256R1, SCMS_BRAINPOOL_P384R1, SCMS_NIST_P384};

static struct private_key *key_make(enum scms_curve curve)
{
	struct private_key *key = NULL;

	CHECK(private_key_random(curve, &key, NULL) == KEY_OK, "%s", curve_name(curve));
	return key;
}

static void points(enum scms_curve curve)
{
	struct private_key *key = key_make(curve);
	struct curve_point point = *private_key_public(key), out;
	struct scms_point message = curve_point_compressed(&point);
	size_t bytes = scms_curve_bytes(curve), n;
	uint8_t sec1[1 + 2 * CURVE_BYTES_MAX + 1] = {0};

	CHECK(curve_point_read(&message, &out) && curve_point_equal(&out, &point), "compressed");
	message.form = SCMS_POINT_UNCOMPRESSED;
	CHECK(curve_point_read(&message, &out) && curve_point_equal(&out, &point), "uncompressed");
	message.form = SCMS_POINT_X_ONLY;
	CHECK(!curve_point_read(&message, &out), "x only does not name a point");
	message.form = SCMS_POINT_FILL;
	CHECK(!curve_point_read(&message, &out), "fill is no point");

	n = curve_point_write_sec1(&point, sec1);
	CHECK(n == 1 + 2 * bytes && curve_point_read_sec1(curve, (struct scms_slice){sec1, n}, &out), "SEC 1");
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, n - 1}, &out), "one byte short");
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, n + 1}, &out), "one byte long");
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, 0}, &out), "empty");
	sec1[0] = 6; /* hybrid form, which OpenSSL would take */
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, n}, &out), "hybrid form, even");
	sec1[0] = 7;
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, n}, &out), "hybrid form, odd");
	sec1[0] = 0;
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, 1}, &out), "infinity");
	sec1[0] = 4;
	sec1[n - 1] ^= 1;
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, n}, &out), "off the curve");
	memset(sec1 + 1, 0xff, bytes);
	CHECK(!curve_point_read_sec1(curve, (struct scms_slice){sec1, n}, &out), "coordinate above p");

	/* P + (-P) is infinity and no result. */
	sec1[0] = point.y[bytes - 1] & 1 ? 2 : 3;
	memcpy(sec1 + 1, point.x, bytes);
	CHECK(curve_point_read_sec1(curve, (struct scms_slice){sec1, 1 + bytes}, &out), "the negative");
	CHECK(!curve_add(&point, &out, &out), "infinity as a sum");
	private_key_free(key);
}

static void agreement(enum scms_curve curve)
{
	struct private_key *a = key_make(curve), *b = key_make(curve);
	struct curve_point point = *private_key_public(b);
	uint8_t one[CURVE_BYTES_MAX], two[CURVE_BYTES_MAX];
	struct key_error err;

	CHECK(private_key_agree(a, &point, one, &err) == KEY_OK, "a with b");
	CHECK(private_key_agree(b, private_key_public(a), two, &err) == KEY_OK, "b with a");
	CHECK(memcmp(one, two, scms_curve_bytes(curve)) == 0, "both have the same secret");
	point.y[0] ^= 0x40;
	CHECK(private_key_agree(a, &point, one, &err) == KEY_POINT, "off the curve");
	CHECK(strstr(err.text, curve_name(curve)), "%s", err.text);
	point = *private_key_public(b);
	point.curve = curve == SCMS_NIST_P256 ? SCMS_BRAINPOOL_P256R1 : SCMS_NIST_P256;
	CHECK(private_key_agree(a, &point, one, &err) == KEY_POINT, "another curve");
	private_key_free(a);
	private_key_free(b);
}

static void ecqv(enum scms_curve curve)
{
	struct private_key *ca = key_make(curve), *holder = key_make(curve), *other = key_make(curve);
	struct curve_point negative, base, sum;
	struct ecqv_issue issue;
	uint8_t e[32], k_u[32], k_other[32], d_ca[32], r[32], d[32], zero[32] = {0};

	memset(e, 0xff, sizeof(e)); /* above n: it must be reduced, not cut */
	CHECK(private_key_scalar(holder, k_u, NULL) == KEY_OK && private_key_scalar(ca, d_ca, NULL) == KEY_OK &&
		  private_key_scalar(other, k_other, NULL) == KEY_OK,
	      "scalars");
	CHECK(ecqv_begin(private_key_public(holder), &issue), "begin");
	CHECK(ecqv_finish(&issue, e, d_ca, r), "finish");
	CHECK(memcmp(issue.k, zero, 32) == 0, "k is wiped");
	CHECK(ecqv_accept(&issue.reconstruction, e, private_key_public(ca), k_u, r, d), "accept");

	CHECK(!ecqv_accept(&issue.reconstruction, e, private_key_public(ca), k_other, r, d), "another request key");
	CHECK(memcmp(d, zero, 32) == 0, "d is wiped");
	CHECK(!ecqv_accept(&issue.reconstruction, e, private_key_public(other), k_u, r, d), "another CA");
	e[31] ^= 1;
	CHECK(!ecqv_accept(&issue.reconstruction, e, private_key_public(ca), k_u, r, d), "another certificate");
	e[31] ^= 1;
	r[31] ^= 1;
	CHECK(!ecqv_accept(&issue.reconstruction, e, private_key_public(ca), k_u, r, d), "another r");
	CHECK(!ecqv_begin_with(private_key_public(holder), zero, &issue), "k = 0");
	CHECK(!ecqv_begin_with(private_key_public(holder), curve_order(curve), &issue), "k = n");

	/* A request key -k*G would make P_U infinity. */
	for (unsigned b = 0; b < 32; b++)
		d[b] = curve_order(curve)[b];
	for (unsigned b = 32, borrow = 0; b-- > 0;) {
		unsigned value = (unsigned)d[b] - k_u[b] - borrow;

		d[b] = (uint8_t)value;
		borrow = value >> 31;
	}
	CHECK(curve_mul_base(curve, d, &negative), "-k*G");
	CHECK(!ecqv_begin_with(&negative, k_u, &issue), "P_U is infinity");

	/* e = 1 and Q_CA = -P_U: Q_U is infinity. */
	memcpy(e, zero, 32);
	e[31] = 1;
	CHECK(curve_mul_base(curve, k_u, &base), "k*G");
	CHECK(!ecqv_public(&base, e, &negative, &sum), "Q_U is infinity");
	private_key_free(ca);
	private_key_free(holder);
	private_key_free(other);
}

static void ecies(enum scms_curve curve)
{
	struct private_key *recipient = key_make(curve), *other = key_make(curve);
	uint8_t context[32] = "context", key[16] = "0123456789abcde", out[16], zero[16] = {0};
	struct scms_slice p1 = {context, sizeof(context)};
	struct ecies_wrapped wrapped, bad;
	struct key_error err;

	CHECK(ecies_wrap(private_key_public(recipient), p1, key, &wrapped), "wrap");
	CHECK(ecies_unwrap(recipient, p1, &wrapped, out, &err) == KEY_OK && memcmp(out, key, 16) == 0, "unwrap");
	CHECK(ecies_unwrap(other, p1, &wrapped, out, &err) == KEY_NOT_FOR_US, "another recipient");
	CHECK(memcmp(out, zero, 16) == 0, "nothing came out");
	bad = wrapped;
	bad.c[0] ^= 1;
	CHECK(ecies_unwrap(recipient, p1, &bad, out, &err) == KEY_NOT_FOR_US, "changed ciphertext");
	bad = wrapped;
	bad.t[15] ^= 1;
	CHECK(ecies_unwrap(recipient, p1, &bad, out, &err) == KEY_NOT_FOR_US, "changed tag");
	bad = wrapped;
	bad.v.x[31] ^= 1;
	CHECK(ecies_unwrap(recipient, p1, &bad, out, &err) != KEY_OK, "changed point");
	bad = wrapped;
	bad.v = *private_key_public(other);
	CHECK(ecies_unwrap(recipient, p1, &bad, out, &err) == KEY_NOT_FOR_US, "another point");
	context[0] ^= 1;
	CHECK(ecies_unwrap(recipient, p1, &wrapped, out, &err) == KEY_NOT_FOR_US, "another context");
	private_key_free(recipient);
	private_key_free(other);
}

/* Curves of 384 bits have no ECQV, no ECIES and no butterfly keys here. */
static void long_curves(void)
{
	struct private_key *key = key_make(SCMS_NIST_P384);
	struct curve_point out;
	struct ecqv_issue issue;
	struct ecies_wrapped wrapped;
	struct butterfly_index index = {.kind = BUTTERFLY_SIGNING};
	uint8_t bytes[48] = {1};

	CHECK(!ecqv_begin(private_key_public(key), &issue), "ECQV");
	CHECK(!ecqv_public(private_key_public(key), bytes, private_key_public(key), &out), "ECQV key");
	CHECK(!ecies_wrap(private_key_public(key), (struct scms_slice){bytes, 32}, bytes, &wrapped), "ECIES");
	wrapped.v = *private_key_public(key);
	CHECK(ecies_unwrap(key, (struct scms_slice){bytes, 32}, &wrapped, bytes, NULL) == KEY_CURVE, "ECIES");
	CHECK(!butterfly_public(private_key_public(key), bytes, &index, &out), "butterfly public");
	CHECK(!butterfly_private(SCMS_NIST_P384, bytes, bytes, &index, bytes), "butterfly private");
	private_key_free(key);
}

static void ccm(void)
{
	static uint8_t long_text[65536], long_out[65536 + CCM_TAG];
	uint8_t key[16] = {1}, nonce[13] = {2}, text[300] = {3}, out[400], back[400], zero[300] = {0};
	struct ccm c = ccm_1609(key, nonce);

	CHECK(ccm_encrypt(&c, (struct scms_slice){text, sizeof(text)}, out), "encrypt");
	for (size_t n = 0; n < CCM_TAG; n++)
		CHECK(!ccm_decrypt(&c, (struct scms_slice){out, n}, back), "shorter than its tag: %zu", n);
	for (size_t k = 0; k < sizeof(text) + CCM_TAG; k += 7) {
		out[k] ^= 0x10;
		memset(back, 0xa5, sizeof(back));
		CHECK(!ccm_decrypt(&c, (struct scms_slice){out, sizeof(text) + CCM_TAG}, back), "byte %zu changed", k);
		CHECK(memcmp(back, zero, sizeof(zero)) == 0, "plaintext came out");
		out[k] ^= 0x10;
	}
	c.tag = 15;
	CHECK(!ccm_encrypt(&c, (struct scms_slice){text, 1}, out), "odd tag");
	c.tag = 18;
	CHECK(!ccm_encrypt(&c, (struct scms_slice){text, 1}, out), "long tag");
	c = ccm_1609(key, nonce);
	c.key.n = 15;
	CHECK(!ccm_encrypt(&c, (struct scms_slice){text, 1}, out), "short key");
	c = ccm_1609(key, nonce);
	c.nonce.n = 14;
	CHECK(!ccm_encrypt(&c, (struct scms_slice){text, 1}, out), "long nonce");
	c.nonce.n = 13; /* two bytes of length are left */
	CHECK(!ccm_encrypt(&c, (struct scms_slice){long_text, sizeof(long_text)}, long_out),
	      "text too long for the nonce");
}

int main(void)
{
	for (unsigned k = 0; k < 4; k++) {
		points(curves[k]);
		agreement(curves[k]);
	}
	for (unsigned k = 0; k < 2; k++) {
		ecqv(curves[k]);
		ecies(curves[k]);
	}
	long_curves();
	ccm();
	return check_done();
}
