/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edge values on P-256. For any points and scalars, R = u1 * G + u2 * Q gives a valid signature under Q: r = x(R),
 * s = r / u2, digest = u1 * s. So every exceptional case of the sums that the back ends form can be had as a valid
 * signature, and as an invalid one. What is right is what OpenSSL says of the same bytes and, for an implicit signer,
 * of the key that OpenSSL reconstructs.
 */
#include "engines.h"

static EC_GROUP *group;
static BN_CTX *bn;
static BIGNUM *n, *p;

struct signature {
	uint8_t digest[32], r[32], s[32];
};

static void number_write(const BIGNUM *x, uint8_t out[32])
{
	CHECK(BN_bn2binpad(x, out, 32) == 32, "a number of more than 32 bytes");
}

static EC_POINT *point_mul(const BIGNUM *u1, const EC_POINT *q, const BIGNUM *u2)
{
	EC_POINT *sum = EC_POINT_new(group);

	EC_POINT_mul(group, sum, u1, q, u2, bn);
	return sum;
}

/* The valid signature with these u1 and u2; false where there is none, since r or s would be 0. */
static bool signature_make(const EC_POINT *q, const BIGNUM *u1, const BIGNUM *u2, struct signature *out)
{
	EC_POINT *sum = point_mul(u1, q, u2);
	BIGNUM *r = BN_new(), *s = BN_new(), *e = BN_new();
	bool good = !EC_POINT_is_at_infinity(group, sum) && !BN_is_zero(u2);

	if (good) {
		EC_POINT_get_affine_coordinates(group, sum, r, NULL, bn);
		BN_nnmod(r, r, n, bn);
		BN_mod_inverse(s, u2, n, bn);
		BN_mod_mul(s, s, r, n, bn);
		BN_mod_mul(e, u1, s, n, bn);
		number_write(r, out->r);
		number_write(s, out->s);
		number_write(e, out->digest);
		good = !BN_is_zero(r);
	}
	BN_free(r);
	BN_free(s);
	BN_free(e);
	EC_POINT_free(sum);
	return good;
}

struct octets {
	uint8_t x[32], y[32];
};

static struct octets point_write(const EC_POINT *q)
{
	struct octets out;
	uint8_t octets[65];

	EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets), bn);
	memcpy(out.x, octets + 1, 32);
	memcpy(out.y, octets + 33, 32);
	return out;
}

static struct scms_point point_form(const struct octets *q, bool compressed)
{
	if (!compressed)
		return (struct scms_point){SCMS_NIST_P256, SCMS_POINT_UNCOMPRESSED, q->x, q->y};
	return (struct scms_point){SCMS_NIST_P256, q->y[31] & 1 ? SCMS_POINT_COMPRESSED_Y1 : SCMS_POINT_COMPRESSED_Y0,
				   q->x, NULL};
}

#define FORMS 24 /* two points, then a handle so often that it has a table within the call */

static void signer_ask(const char *label, const EC_POINT *q, const struct signature *sig)
{
	enum scms_verdict right = plain_verdict(group, q, sig->digest, sig->r, sig->s);
	struct octets octets = point_write(q);
	struct scms_point point = point_form(&octets, false);

	for (unsigned k = 0; k < ENGINES; k++) {
		const struct scms_crypto *crypto = scms_verifier_crypto(engine[k]);
		const struct scms_key *key = crypto->key(crypto->ctx, &point);
		struct scms_verify_request all[FORMS];
		uint8_t verdict[FORMS];

		CHECK(key != NULL, "%s: no handle", label);
		for (unsigned m = 0; m < FORMS; m++) {
			all[m] = (struct scms_verify_request){.digest = sig->digest, .r = sig->r, .s = sig->s};
			all[m].signer = m < 4 ? SCMS_SIGNER_POINT : SCMS_SIGNER_KEY;
			if (m < 4)
				all[m].u.point = point_form(&octets, m % 2);
			else
				all[m].u.key = key;
		}
		engine_ask(k, all, FORMS, verdict);
		for (unsigned m = 0; m < FORMS; m++)
			CHECK(verdict[m] == right, "%s, %s, form %u: %u, OpenSSL %u", label, engine_name[k], m,
			      verdict[m], right);
		crypto->key_drop(crypto->ctx, &point);
	}
}

/* The same for an implicit signer e * P + Q. */
static void implicit_ask(const char *label, const EC_POINT *recon, const BIGNUM *e, const EC_POINT *issuer,
			 const struct signature *sig)
{
	EC_POINT *q = point_mul(NULL, recon, e);
	struct octets octets = point_write(recon), issuer_octets = point_write(issuer);
	struct scms_point point = point_form(&octets, true), issuer_point = point_form(&issuer_octets, false);
	enum scms_verdict right;
	uint8_t e_bytes[32];

	number_write(e, e_bytes);
	EC_POINT_add(group, q, q, issuer, bn);
	right = plain_verdict(group, q, sig->digest, sig->r, sig->s);
	for (unsigned k = 0; k < ENGINES; k++) {
		const struct scms_crypto *crypto = scms_verifier_crypto(engine[k]);
		const struct scms_key *key = crypto->key(crypto->ctx, &issuer_point);
		struct scms_verify_request all[FORMS];
		uint8_t verdict[FORMS];

		for (unsigned m = 0; m < FORMS; m++) {
			all[m] = (struct scms_verify_request){.digest = sig->digest, .r = sig->r, .s = sig->s};
			all[m].signer = SCMS_SIGNER_IMPLICIT;
			all[m].u.implicit.recon = point;
			all[m].u.implicit.e = e_bytes;
			all[m].u.implicit.issuer_key = m < 2 ? NULL : key;
			all[m].u.implicit.issuer = issuer_point;
		}
		engine_ask(k, &all[2], 1, verdict);
		CHECK(verdict[0] == right, "%s, %s, alone: %u, OpenSSL %u", label, engine_name[k], verdict[0], right);
		engine_ask(k, all, FORMS, verdict);
		for (unsigned m = 0; m < FORMS; m++)
			CHECK(verdict[m] == right, "%s, %s, form %u: %u, OpenSSL %u", label, engine_name[k], m,
			      verdict[m], right);
		crypto->key_drop(crypto->ctx, &issuer_point);
	}
	EC_POINT_free(q);
}

/* ---- the values ---- */

#define SCALARS 24
#define POINTS 16

static BIGNUM *scalar[SCALARS];
static EC_POINT *point[POINTS];

static BIGNUM *near(const BIGNUM *base, int offset)
{
	BIGNUM *x = BN_dup(base);

	if (offset < 0)
		BN_sub_word(x, (BN_ULONG)-offset);
	else
		BN_add_word(x, (BN_ULONG)offset);
	return x;
}

static void scalars_make(void)
{
	static const unsigned small[] = {0, 1, 2, 3, 16, 17, 63, 64, 65, 127, 128, 129};
	static const int bit[] = {52, 64, 127, 128, 224, 252, 255};
	unsigned at = 0;

	for (unsigned k = 0; k < sizeof(small) / sizeof(small[0]); k++) {
		scalar[at] = BN_new();
		BN_set_word(scalar[at++], small[k]);
	}
	for (unsigned k = 0; k < sizeof(bit) / sizeof(bit[0]); k++) {
		scalar[at] = BN_new();
		BN_set_bit(scalar[at++], bit[k]);
	}
	scalar[at++] = near(n, -1);
	scalar[at++] = near(n, -2);
	scalar[at] = near(n, 1);
	BN_rshift1(scalar[at], scalar[at]);
	scalar[at + 1] = near(scalar[at], -1);
	at += 2;
	/* Every digit at its limit: 64 in all windows of 7 bits. */
	scalar[at] = BN_new();
	for (int k = 6; k < 255; k += 7)
		BN_set_bit(scalar[at], k);
	at++;
	CHECK(at == SCALARS, "%u scalars", at);
}

/* Points with the smallest x, both y; x = 5 is where the lanes begin. Multiples of G; points with x above n. */
static void points_make(void)
{
	static const int multiple[] = {1, 2, 64, 128, -1};
	unsigned at = 0;
	BIGNUM *x = BN_new();

	for (unsigned word = 0; at < 6; word++) {
		EC_POINT *q = EC_POINT_new(group);

		BN_set_word(x, word);
		if (EC_POINT_set_compressed_coordinates(group, q, x, (int)(word % 2), bn) == 1)
			point[at++] = q;
		else
			EC_POINT_free(q);
	}
	BN_set_word(x, 5);
	for (int odd = 0; odd < 2; odd++) {
		point[at] = EC_POINT_new(group);
		CHECK(EC_POINT_set_compressed_coordinates(group, point[at++], x, odd, bn) == 1, "x = 5 is no point");
	}
	for (unsigned k = 0; k < sizeof(multiple) / sizeof(multiple[0]); k++) {
		BIGNUM *m = multiple[k] < 0 ? near(n, multiple[k]) : BN_new();

		if (multiple[k] > 0)
			BN_set_word(m, (BN_ULONG)multiple[k]);
		point[at++] = point_mul(m, NULL, NULL);
		BN_free(m);
	}
	BN_copy(x, n);
	while (at < POINTS) {
		EC_POINT *q = EC_POINT_new(group);

		BN_add_word(x, 1);
		if (EC_POINT_set_compressed_coordinates(group, q, x, 1, bn) == 1)
			point[at++] = q;
		else
			EC_POINT_free(q);
	}
	BN_free(x);
}

static void tamper(struct signature *sig)
{
	uint8_t *part[] = {sig->digest, sig->r, sig->s};
	uint8_t choice[3];

	random_bytes(choice, sizeof(choice));
	part[choice[0] % 3][choice[1] % 32] ^= (uint8_t)(1 << choice[2] % 8);
}

static void test_sums(void)
{
	for (unsigned q = 0; q < POINTS; q++)
		for (unsigned a = 0; a < SCALARS; a++)
			for (unsigned b = 0; b < SCALARS; b++) {
				struct signature sig;
				char label[80];

				/* Every point meets every u2, and every u1, over the pairs that are left. */
				if ((a + b + q) % 13 != 0 || !signature_make(point[q], scalar[a], scalar[b], &sig))
					continue;
				snprintf(label, sizeof(label), "point %u, u1 %u, u2 %u", q, a, b);
				signer_ask(label, point[q], &sig);
				tamper(&sig);
				signer_ask(label, point[q], &sig);
			}
}

/* R with x(R) >= n, so that r + n < p is the x to compare with: Q = (R - u1 * G) / u2. */
static void test_wrapped(void)
{
	for (unsigned k = 13; k < POINTS; k++)
		for (unsigned b = 1; b < SCALARS; b += 3) {
			EC_POINT *q = point_mul(scalar[(b + k) % SCALARS], NULL, NULL);
			BIGNUM *inverse = BN_new();
			struct signature sig;

			EC_POINT_invert(group, q, bn);
			EC_POINT_add(group, q, q, point[k], bn);
			BN_mod_inverse(inverse, scalar[b], n, bn);
			EC_POINT_mul(group, q, NULL, q, inverse, bn);
			if (!EC_POINT_is_at_infinity(group, q) &&
			    signature_make(q, scalar[(b + k) % SCALARS], scalar[b], &sig)) {
				CHECK(sig.r[0] == 0 && sig.r[15] == 0, "r is not small");
				CHECK(plain_verdict(group, q, sig.digest, sig.r, sig.s) == SCMS_GOOD,
				      "OpenSSL refuses");
				signer_ask("x above n", q, &sig);
				sig.r[31] ^= 1;
				signer_ask("x above n, r changed", q, &sig);
			}
			BN_free(inverse);
			EC_POINT_free(q);
		}
}

/* r and s as they must not be, or at their limits, under a signature that was valid. */
static void test_ranges(void)
{
	BIGNUM *difference = BN_new(), *zero = BN_new();
	const BIGNUM *base[] = {zero, n, p, difference};
	struct signature sig, changed;

	BN_sub(difference, p, n);
	CHECK(signature_make(point[0], scalar[5], scalar[9], &sig), "no signature");
	for (unsigned k = 0; k < 4; k++)
		for (int offset = k == 0 ? 0 : -2; offset <= 2; offset++)
			for (unsigned part = 0; part < 3; part++) {
				BIGNUM *x = near(base[k], offset);
				char label[80];

				changed = sig;
				number_write(x, part == 0 ? changed.r : part == 1 ? changed.s : changed.digest);
				snprintf(label, sizeof(label), "part %u is base %u with %d", part, k, offset);
				signer_ask(label, point[0], &changed);
				BN_free(x);
			}
	changed = sig;
	memset(changed.r, 0xff, 32);
	signer_ask("r of all ones", point[0], &changed);
	changed = sig;
	memset(changed.s, 0xff, 32);
	signer_ask("s of all ones", point[0], &changed);
	changed = sig;
	memset(changed.digest, 0xff, 32);
	signer_ask("digest of all ones", point[0], &changed);
	BN_free(difference);
	BN_free(zero);
}

static void test_implicit(void)
{
	for (unsigned a = 0; a < POINTS; a++)
		for (unsigned b = 0; b < POINTS; b++)
			for (unsigned c = (a + b) % 12; c < SCALARS; c += 12) {
				EC_POINT *q = point_mul(NULL, point[a], scalar[c]);
				struct signature sig;
				char label[80];

				EC_POINT_add(group, q, q, point[b], bn);
				snprintf(label, sizeof(label), "implicit %u, issuer %u, e %u", a, b, c);
				/* Where the signer's key is infinity, what would verify under it: r = x(u1 * G). */
				if (signature_make(q, scalar[(a + c) % SCALARS], scalar[1 + (b + c) % (SCALARS - 1)],
						   &sig)) {
					implicit_ask(label, point[a], scalar[c], point[b], &sig);
					tamper(&sig);
					implicit_ask(label, point[a], scalar[c], point[b], &sig);
				}
				EC_POINT_free(q);
			}
}

/* e * P = -Q for every issuer: e = n - 1 and P = Q, and e = 1 and P = -Q. */
static void test_infinity(void)
{
	BIGNUM *minus = near(n, -1), *one = near(scalar[0], 1);
	struct signature sig;

	for (unsigned b = 0; b < POINTS; b++) {
		EC_POINT *opposite = EC_POINT_dup(point[b], group), *q = EC_POINT_new(group);

		EC_POINT_invert(group, opposite, bn);
		EC_POINT_set_to_infinity(group, q);
		CHECK(signature_make(q, scalar[7], scalar[11], &sig), "no signature");
		implicit_ask("infinity by n - 1", point[b], minus, point[b], &sig);
		implicit_ask("infinity by opposites", opposite, one, point[b], &sig);
		EC_POINT_free(opposite);
		EC_POINT_free(q);
	}
	BN_free(minus);
	BN_free(one);
}

/* ---- points that are none ---- */

static void bad_point(const char *label, struct scms_point bad)
{
	struct scms_point good;
	struct signature sig;
	struct octets octets = point_write(point[0]);

	good = point_form(&octets, false);
	CHECK(signature_make(point[0], scalar[5], scalar[9], &sig), "no signature");
	for (unsigned k = 0; k < ENGINES; k++) {
		const struct scms_crypto *crypto = scms_verifier_crypto(engine[k]);
		struct scms_verify_request all[FORMS];
		uint8_t verdict[FORMS], e[32] = {1}, q[64];

		CHECK(crypto->key(crypto->ctx, &bad) == NULL, "%s, %s: has a handle", label, engine_name[k]);
		CHECK(crypto->reconstruct(crypto->ctx, &bad, e, &good, q) == SCMS_BAD, "%s: reconstructed", label);
		CHECK(crypto->reconstruct(crypto->ctx, &good, e, &bad, q) == SCMS_BAD, "%s: is an issuer", label);
		for (unsigned m = 0; m < FORMS; m++) {
			all[m] = (struct scms_verify_request){.digest = sig.digest, .r = sig.r, .s = sig.s};
			all[m].signer = m % 2 ? SCMS_SIGNER_POINT : SCMS_SIGNER_IMPLICIT;
			if (m % 2) {
				all[m].u.point = bad;
			} else {
				all[m].u.implicit.recon = m % 4 ? bad : good;
				all[m].u.implicit.e = e;
				all[m].u.implicit.issuer_key = m % 8 == 2 ? crypto->key(crypto->ctx, &good) : NULL;
				all[m].u.implicit.issuer = m % 4 ? good : bad;
			}
		}
		/* One that is good among them is not touched. */
		all[5].signer = SCMS_SIGNER_POINT;
		all[5].u.point = good;
		engine_ask(k, all, FORMS, verdict);
		for (unsigned m = 0; m < FORMS; m++)
			CHECK(verdict[m] == (m == 5 ? SCMS_GOOD : SCMS_BAD), "%s, %s, %u: %u", label, engine_name[k], m,
			      verdict[m]);
		crypto->key_drop(crypto->ctx, &good);
	}
}

static void test_bad_points(void)
{
	struct octets off = point_write(point[0]), above, twist = {0};
	struct scms_point forms;
	BIGNUM *x = BN_new();

	off.y[17] ^= 0x20;
	bad_point("y changed", point_form(&off, false));
	off = point_write(point[0]);
	memcpy(off.y, off.x, 32);
	bad_point("y is x", point_form(&off, false));
	memset(&off, 0, sizeof(off));
	bad_point("all zero", point_form(&off, false));
	/* x + p and y + p are the same numbers, and another encoding of a point with small ones. */
	for (unsigned k = 0; k < 3; k++) {
		struct octets octets = point_write(point[k]);

		above = octets;
		BN_bin2bn(octets.x, 32, x);
		BN_add(x, x, p);
		number_write(x, above.x);
		bad_point("x is not below p", point_form(&above, k % 2));
	}
	above = point_write(point[0]);
	number_write(p, above.x);
	bad_point("x is p", point_form(&above, true));
	memset(above.x, 0xff, 32);
	bad_point("x of all ones", point_form(&above, true));
	/* x of the twist: x^3 - 3 x + b is no square. */
	for (uint8_t word = 0, found = 0; found < 4; word++) {
		EC_POINT *q = EC_POINT_new(group);

		BN_set_word(x, word);
		twist.x[31] = word;
		if (EC_POINT_set_compressed_coordinates(group, q, x, 0, bn) != 1) {
			bad_point("x of the twist", point_form(&twist, true));
			twist.y[31] = 1;
			bad_point("x of the twist", point_form(&twist, true));
			bad_point("x of the twist", point_form(&twist, false));
			twist.y[31] = 0;
			found++;
		}
		EC_POINT_free(q);
	}
	off = point_write(point[0]);
	forms = point_form(&off, false);
	forms.form = SCMS_POINT_X_ONLY;
	bad_point("x only", forms);
	forms.form = SCMS_POINT_FILL;
	bad_point("fill", forms);
	forms = point_form(&off, false);
	forms.curve = SCMS_BRAINPOOL_P256R1;
	bad_point("another curve", forms);
	BN_free(x);
}

int main(void)
{
	group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	bn = BN_CTX_new();
	n = BN_dup(EC_GROUP_get0_order(group));
	p = BN_new();
	EC_GROUP_get_curve(group, p, NULL, NULL, bn);
	engines_start();
	scalars_make();
	points_make();
	test_sums();
	test_wrapped();
	test_ranges();
	test_implicit();
	test_infinity();
	test_bad_points();
	engines_end();
	for (unsigned k = 0; k < SCALARS; k++)
		BN_free(scalar[k]);
	for (unsigned k = 0; k < POINTS; k++)
		EC_POINT_free(point[k]);
	BN_free(n);
	BN_free(p);
	BN_CTX_free(bn);
	EC_GROUP_free(group);
	return check_done();
}
