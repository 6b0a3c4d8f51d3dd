/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical form: whatever the forms of a certificate's points, its hashes are those of the certificate with compressed
 * keys and an x-only rSig. Every combination of forms, on every curve.
 */
#include "dot2/cert.h"
#include "dot2/order.h"

#include "../check.h"
#include "service/engine.h"

static const uint8_t x[3][48] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
/* An even and an odd y. */
static const uint8_t y[2][48] = {{[0] = 9, [31] = 2, [47] = 4}, {[0] = 9, [31] = 3, [47] = 5}};
static const uint8_t s_value[48] = {[20] = 77, [31] = 1, [47] = 1};

static struct EccP256CurvePoint point_256(unsigned form, unsigned which, unsigned odd)
{
	struct EccP256CurvePoint p = {.choice = (uint8_t)form};

	if (form == EccP256CurvePoint_is_uncompressedP256) {
		p.u.uncompressedP256.x = x[which];
		p.u.uncompressedP256.y = y[odd];
	} else {
		p.u.x_only = x[which];
	}
	return p;
}

static struct EccP384CurvePoint point_384(unsigned form, unsigned which, unsigned odd)
{
	struct EccP384CurvePoint p = {.choice = (uint8_t)form};

	if (form == EccP384CurvePoint_is_uncompressedP384) {
		p.u.uncompressedP384.x = x[which];
		p.u.uncompressedP384.y = y[odd];
	} else {
		p.u.x_only = x[which];
	}
	return p;
}

/* The compressed form of an uncompressed point; others as they are. */
static unsigned compressed(unsigned form, unsigned odd)
{
	return form != EccP256CurvePoint_is_uncompressedP256 ? form
	       : odd                                         ? EccP256CurvePoint_is_compressed_y_1
							     : EccP256CurvePoint_is_compressed_y_0;
}

struct forms {
	enum scms_curve curve;
	unsigned key, r, encryption, odd; /* encryption: 0 for none */
	const uint8_t *s;
};

static size_t encode(const struct forms *f, uint8_t *buf, size_t cap)
{
	struct Certificate c = {.version = 3, .type = CertificateType_explicit};
	struct ToBeSignedCertificate *tbs = &c.toBeSigned;
	struct PublicVerificationKey *key = &tbs->verifyKeyIndicator.u.verificationKey;
	size_t n = 0;

	c.issuer.choice = IssuerIdentifier_is_self;
	tbs->id.choice = CertificateId_is_none;
	tbs->cracaId = x[0];
	tbs->has_encryptionKey = f->encryption != 0;
	tbs->encryptionKey.publicKey.choice = BasePublicEncryptionKey_is_eciesNistP256;
	tbs->encryptionKey.publicKey.u.eciesNistP256 = point_256(f->encryption, 0, f->odd);
	tbs->verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	/* Keys and signatures number the curves as scms_curve does. */
	key->choice = (uint8_t)f->curve;
	c.has_signature = true;
	c.signature.choice = (uint8_t)f->curve;
	if (scms_curve_bytes(f->curve) == 32) {
		key->u.ecdsaNistP256 = point_256(f->key, 1, f->odd);
		c.signature.u.ecdsaNistP256Signature.rSig = point_256(f->r, 2, f->odd);
		c.signature.u.ecdsaNistP256Signature.sSig = f->s;
	} else {
		key->u.ecdsaNistP384 = point_384(f->key, 1, f->odd);
		c.signature.u.ecdsaNistP384Signature.rSig = point_384(f->r, 2, f->odd);
		c.signature.u.ecdsaNistP384Signature.sSig = f->s;
	}
	CHECK(oer_encode(&oer_Certificate, &c, buf, cap, &n) == OER_OK, "encode");
	return n;
}

static void check(const struct forms *f)
{
	const struct scms_crypto *crypto = engine_crypto();
	struct forms canonical = *f;
	uint8_t buf[700], canonical_buf[700], hash256[32], hash384[48], twin_s[48], id10[10];
	struct scms_slice part = {canonical_buf, 0};
	struct cert cert, twin;

	canonical.key = compressed(f->key, f->odd);
	canonical.encryption = compressed(f->encryption, f->odd);
	canonical.r = EccP256CurvePoint_is_x_only;
	part.n = encode(&canonical, canonical_buf, sizeof(canonical_buf));
	crypto->sha256(crypto->ctx, &part, 1, hash256);
	crypto->sha384(crypto->ctx, &part, 1, hash384);

	CHECK(cert_read(&cert, (struct scms_slice){buf, encode(f, buf, sizeof(buf))}, crypto, NULL) == OER_OK, "read");
	CHECK(memcmp(cert.hash256, hash256, 32) == 0, "curve %d, key %u, r %u, encryption %u", f->curve, f->key, f->r,
	      f->encryption);
	CHECK(cert.has384 == (scms_curve_bytes(f->curve) == 48), "curve %d", f->curve);
	CHECK(!cert.has384 || memcmp(cert.hash384, hash384, 48) == 0, "curve %d, key %u, r %u, encryption %u", f->curve,
	      f->key, f->r, f->encryption);

	/* The twin with n - s, told from this certificate, and read itself. */
	CHECK(cert_twin_id10(&cert, crypto, id10), "twin");
	CHECK(order_negate(f->curve, f->s, twin_s), "negate");
	canonical.s = twin_s;
	part.n = encode(&canonical, canonical_buf, sizeof(canonical_buf));
	CHECK(cert_read(&twin, part, crypto, NULL) == OER_OK, "read twin");
	CHECK(memcmp(id10, cert_id10(&twin), 10) == 0, "curve %d, key %u, r %u, encryption %u", f->curve, f->key, f->r,
	      f->encryption);
}

int main(void)
{
	static const unsigned keys[] = {2, 3, 4}, rs[] = {0, 2, 3, 4}, encryptions[] = {0, 2, 3, 4};

	for (unsigned i = 0; i < 4u * 3 * 4 * 4 * 2; i++) {
		struct forms f = {
		    .curve = (enum scms_curve)(i % 4),
		    .key = keys[i / 4 % 3],
		    .r = rs[i / 12 % 4],
		    .encryption = encryptions[i / 48 % 4],
		    .odd = i / 192,
		    .s = s_value,
		};

		check(&f);
	}
	return check_done();
}
