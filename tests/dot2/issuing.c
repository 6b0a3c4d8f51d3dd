/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that we make: explicit and implicit, judged by the verifying side.
 */
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

#include "dot2/chain.h"
#include "dot2/profile.h"

static bool signed_by(const struct cert *cert, const struct cert *issuer)
{
	struct scms_verify_request request;
	uint8_t digest[48], verdict = SCMS_BAD;

	if (!cert_signature_request(cert, issuer, &judge, digest, &request))
		return false;
	judge.verify(judge.ctx, &request, 1, &verdict);
	return verdict == SCMS_GOOD;
}

/* What comes out is what the strict decoder takes, and canonical: its own encoding again. */
static void canonical(const struct person *person, const char *what)
{
	uint8_t buffer[1024];
	size_t n;

	CHECK(oer_encode(&oer_Certificate, &person->cert.c, buffer, sizeof(buffer), &n) == OER_OK &&
		  n == person->bytes.n && memcmp(buffer, person->bytes.p, n) == 0,
	      "%s", what);
	CHECK(!person->cert.c.has_signature ||
		  (person->cert.c.signature.choice < 2
		       ? person->cert.c.signature.u.ecdsaNistP256Signature.rSig.choice == EccP256CurvePoint_is_x_only
		       : person->cert.c.signature.u.ecdsaNistP384Signature.rSig.choice == EccP384CurvePoint_is_x_only),
	      "%s: r", what);
}

static void self_signed(enum scms_curve curve)
{
	struct ToBeSignedCertificate tbs;
	struct person root;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, curve, NULL, false);
	canonical(&root, curve_name(curve));
	CHECK(cert_is_self_issued(&root.cert) && signed_by(&root.cert, NULL), "%s", curve_name(curve));
	CHECK(cert_fits_root(&root.cert), "%s: root profile", curve_name(curve));
	root.bytes.p[20] ^= 1; /* in the name */
	CHECK(cert_read(&root.cert, bytes_view(&root.bytes), &judge, NULL) == OER_OK && !signed_by(&root.cert, NULL),
	      "%s: a changed certificate", curve_name(curve));
	person_free(&root);
}

/* An issuer of any curve for a subject of any curve; the hash follows the issuer's key, the id its own signature. */
static void issued(enum scms_curve above, enum scms_curve below)
{
	struct ToBeSignedCertificate tbs;
	struct person root, ica, pca;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, above, NULL, false);
	tbs_ica(&tbs, "ica");
	person_make(&ica, &tbs, below, &root, false);
	tbs_pca(&tbs, "pca");
	person_make(&pca, &tbs, above, &ica, true);
	canonical(&ica, "ica");
	canonical(&pca, "pca");
	CHECK(signed_by(&ica.cert, &root.cert) && signed_by(&pca.cert, &ica.cert), "%s over %s", curve_name(above),
	      curve_name(below));
	CHECK(!signed_by(&ica.cert, &pca.cert) && !signed_by(&pca.cert, &root.cert), "another issuer");
	CHECK(cert_issuer_id8(&ica.cert) && memcmp(cert_issuer_id8(&ica.cert), cert_id8(&root.cert), 8) == 0,
	      "id of root");
	CHECK(cert_issuer_id8(&pca.cert) && memcmp(cert_issuer_id8(&pca.cert), cert_id8(&ica.cert), 8) == 0,
	      "id of ica");
	CHECK((pca.cert.c.issuer.choice == IssuerIdentifier_is_sha384AndDigest) == ica.cert.sig384,
	      "the issuer's id names its hash");
	person_free(&root);
	person_free(&ica);
	person_free(&pca);
}

struct world {
	struct person root, ica, pca, device;
};

static bool world_root(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes, enum root_state *state)
{
	const struct world *world = ctx;

	*bytes = bytes_view(&world->root.bytes);
	*state = ROOT_IS_TRUSTED;
	return k == 0 && memcmp(id8, cert_id8(&world->root.cert), 8) == 0;
}

static bool world_candidate(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	const struct world *world = ctx;
	const struct person *person = memcmp(id8, cert_id8(&world->ica.cert), 8) == 0 ? &world->ica : &world->pca;

	*bytes = bytes_view(&person->bytes);
	return k == 0 && memcmp(id8, cert_id8(&person->cert), 8) == 0;
}

static bool world_revoked(void *ctx, const struct cert *cert, const struct cert *root)
{
	(void)ctx, (void)cert, (void)root;
	return false;
}

/* Root, ICA, PCA and an implicit certificate: the verifying side takes the chain, and the device's key signs under it.
 */
static void chain(void)
{
	struct world world;
	struct ToBeSignedCertificate tbs;
	struct chain_source source = {&world, world_root, world_candidate, world_revoked};
	struct scms_verify_request request;
	struct chain found;
	uint8_t e[48], digest[48] = {1}, r[48], s[48], verdict = SCMS_BAD;
	struct key_error err;
	enum scms_reason reason;

	tbs_root(&tbs, "root");
	person_make(&world.root, &tbs, SCMS_NIST_P384, NULL, false);
	tbs_ica(&tbs, "ica");
	person_make(&world.ica, &tbs, SCMS_NIST_P256, &world.root, false);
	tbs_pca(&tbs, "pca");
	person_make(&world.pca, &tbs, SCMS_NIST_P256, &world.ica, true);
	tbs_device(&tbs, "");
	person_make_implicit(&world.device, &tbs, &world.pca);
	canonical(&world.device, "device");

	CHECK(cert_read(&found.cert[0], bytes_view(&world.device.bytes), &judge, NULL) == OER_OK, "device");
	reason = chain_judge(&found, PEOPLE_NOW, &source, &judge);
	CHECK(reason == SCMS_VALID && found.n == 4, "reason %d, %zu certificates", (int)reason, found.n);
	chain_signer_request(&found, &judge, e, &request);
	CHECK(private_key_sign(world.device.key, digest, r, s, &err) == KEY_OK, "%s", err.text);
	request.digest = digest;
	request.r = r;
	request.s = s;
	judge.verify(judge.ctx, &request, 1, &verdict);
	CHECK(verdict == SCMS_GOOD, "signature of the device");
	person_free(&world.root);
	person_free(&world.ica);
	person_free(&world.pca);
	person_free(&world.device);
}

/* The same certificate with all points uncompressed comes out compressed, with the same hash. */
static void uncompressed(void)
{
	struct ToBeSignedCertificate tbs;
	struct person root;
	struct signer by;
	struct bytes out;
	struct cert cert;
	struct key_error err;
	const struct curve_point *key;
	struct EccP256CurvePoint loose = {.choice = EccP256CurvePoint_is_uncompressedP256};

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	key = private_key_public(root.key);
	loose.u.uncompressedP256.x = key->x;
	loose.u.uncompressedP256.y = key->y;
	tbs.verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	tbs.verifyKeyIndicator.u.verificationKey.choice = PublicVerificationKey_is_ecdsaNistP256;
	tbs.verifyKeyIndicator.u.verificationKey.u.ecdsaNistP256 = loose;
	tbs.has_encryptionKey = true;
	tbs.encryptionKey.publicKey.choice = BasePublicEncryptionKey_is_eciesNistP256;
	tbs.encryptionKey.publicKey.u.eciesNistP256 = loose;
	by = (struct signer){.key = root.key, .crypto = &judge};
	CHECK(cert_issue(&tbs, &by, &out, &err) == KEY_OK, "%s", err.text);
	CHECK(cert_read(&cert, bytes_view(&out), &judge, NULL) == OER_OK && signed_by(&cert, NULL), "read");
	CHECK(cert_point(&cert).form != SCMS_POINT_UNCOMPRESSED, "verification key");
	CHECK(cert.c.toBeSigned.encryptionKey.publicKey.u.eciesNistP256.choice != EccP256CurvePoint_is_uncompressedP256,
	      "encryption key");
	bytes_free(&out);
	person_free(&root);
}

static void refuse(const struct ToBeSignedCertificate *tbs, const struct signer *by, enum key_status want,
		   const char *words)
{
	struct bytes out = {(uint8_t *)(uintptr_t)words, 1};
	struct key_error err = {.status = KEY_OK};
	enum key_status status = cert_issue(tbs, by, &out, &err);

	CHECK(status == want && strstr(err.text, words), "%d, not %d: \"%s\", not \"%s\"", status, want, err.text,
	      words);
	CHECK(out.p == NULL, "%s: a certificate came out", words);
}

static void explicit_refusals(struct person *root, struct person *ica, struct person *device)
{
	struct ToBeSignedCertificate tbs, good;
	struct signer by = person_signer(root, false), other = person_signer(root, false), implicit;
	uint8_t off[32];
	char name[300];

	tbs_ica(&good, "ica");
	good.verifyKeyIndicator.choice = VerificationKeyIndicator_is_verificationKey;
	point_to_verification_key(private_key_public(ica->key), &good.verifyKeyIndicator.u.verificationKey);

	tbs = good;
	tbs.verifyKeyIndicator.choice = VerificationKeyIndicator_is_reconstructionValue;
	refuse(&tbs, &by, KEY_VALUE, "needs a verification key");
	tbs = good;
	memset(off, 0xff, sizeof(off));
	tbs.verifyKeyIndicator.u.verificationKey.u.ecdsaNistP256.u.compressed_y_0 = off;
	refuse(&tbs, &by, KEY_VALUE, "no point");
	tbs.verifyKeyIndicator.u.verificationKey.u.ecdsaNistP256.choice = EccP256CurvePoint_is_x_only;
	refuse(&tbs, &by, KEY_VALUE, "no point");
	tbs.verifyKeyIndicator.u.verificationKey.u.ecdsaNistP256.choice = EccP256CurvePoint_is_fill;
	refuse(&tbs, &by, KEY_VALUE, "no point");
	tbs = good;
	tbs.has_encryptionKey = true;
	CHECK(point_to_encryption_key(private_key_public(ica->key), &tbs.encryptionKey), "encryption key");
	tbs.encryptionKey.publicKey.u.eciesNistP256.u.compressed_y_0 = off;
	refuse(&tbs, &by, KEY_VALUE, "encryption key to be certified");

	tbs = good;
	memset(name, 'n', sizeof(name));
	tbs.id.u.name = (struct scms_slice){(const uint8_t *)name, sizeof(name)};
	refuse(&tbs, &by, KEY_VALUE, "cannot encode ToBeSignedCertificate");
	tbs = good;
	tbs.cracaId = NULL;
	refuse(&tbs, &by, KEY_VALUE, "cannot encode");

	other.key = ica->key;
	refuse(&good, &other, KEY_MISMATCH, "does not belong");
	other.cert = NULL;
	other.key = root->key;
	refuse(&good, &other, KEY_MISMATCH, "self-signed");
	implicit = person_signer(device, false);
	refuse(&good, &implicit, KEY_MISMATCH, "cannot issue explicit");
}

static void refuse_implicit(const struct ToBeSignedCertificate *tbs, const struct curve_point *request,
			    const struct signer *by, enum key_status want, const char *words)
{
	struct bytes out = {(uint8_t *)(uintptr_t)words, 1};
	struct key_error err = {.status = KEY_OK};
	uint8_t r[SCALAR_BYTES];
	enum key_status status = cert_issue_implicit(tbs, request, by, &out, r, &err);

	CHECK(status == want && strstr(err.text, words), "%d, not %d: \"%s\", not \"%s\"", status, want, err.text,
	      words);
	CHECK(out.p == NULL, "%s: a certificate came out", words);
}

static void implicit_refusals(struct person *root, struct person *pca, struct person *device)
{
	struct ToBeSignedCertificate tbs;
	struct signer by = person_signer(pca, false), other = by;
	struct curve_point point = *private_key_public(device->key);
	struct private_key *key = NULL, *request = NULL;
	struct key_error err;
	struct bytes out;
	struct cert cert;
	uint8_t r[SCALAR_BYTES];

	tbs_device(&tbs, "");
	other.cert = NULL;
	refuse_implicit(&tbs, &point, &other, KEY_MISMATCH, "needs an issuer");
	other = person_signer(device, false);
	refuse_implicit(&tbs, &point, &other, KEY_MISMATCH, "needs an issuer");
	other = person_signer(root, false); /* P-384 */
	refuse_implicit(&tbs, &point, &other, KEY_CURVE, "same 256-bit curve");
	other = by;
	other.key = device->key;
	refuse_implicit(&tbs, &point, &other, KEY_MISMATCH, "does not belong");
	point.y[4] ^= 1;
	refuse_implicit(&tbs, &point, &by, KEY_POINT, "no point");
	point.curve = SCMS_BRAINPOOL_P256R1;
	refuse_implicit(&tbs, &point, &by, KEY_CURVE, "same 256-bit curve");
	point = *private_key_public(device->key);
	tbs.cracaId = NULL;
	refuse_implicit(&tbs, &point, &by, KEY_VALUE, "cannot encode");

	/* What the holder must not accept. */
	tbs_device(&tbs, "");
	CHECK(private_key_random(SCMS_NIST_P256, &request, &err) == KEY_OK, "request key");
	CHECK(cert_issue_implicit(&tbs, private_key_public(request), &by, &out, r, &err) == KEY_OK, "%s", err.text);
	CHECK(cert_read(&cert, bytes_view(&out), &judge, NULL) == OER_OK, "read");
	CHECK(cert_accept_implicit(&cert, &pca->cert, device->key, r, &judge, &key, &err) == KEY_MISMATCH && !key,
	      "another request key: %s", err.text);
	CHECK(cert_accept_implicit(&cert, &root->cert, request, r, &judge, &key, &err) == KEY_MISMATCH && !key,
	      "another issuer: %s", err.text);
	CHECK(cert_accept_implicit(&pca->cert, &pca->cert, request, r, &judge, &key, &err) == KEY_MISMATCH && !key,
	      "an explicit certificate: %s", err.text);
	r[7] ^= 1;
	CHECK(cert_accept_implicit(&cert, &pca->cert, request, r, &judge, &key, &err) == KEY_MISMATCH && !key,
	      "another r: %s", err.text);
	r[7] ^= 1;
	CHECK(cert_accept_implicit(&cert, &pca->cert, request, r, &judge, &key, &err) == KEY_OK && key, "%s", err.text);
	private_key_free(key);
	private_key_free(request);
	bytes_free(&out);
}

static void refusals(void)
{
	struct ToBeSignedCertificate tbs;
	struct person long_root, root, pca, device;

	tbs_root(&tbs, "root");
	person_make(&long_root, &tbs, SCMS_NIST_P384, NULL, false);
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_pca(&tbs, "pca");
	person_make(&pca, &tbs, SCMS_NIST_P256, &root, false);
	tbs_device(&tbs, "");
	person_make_implicit(&device, &tbs, &pca);
	explicit_refusals(&root, &pca, &device);
	implicit_refusals(&long_root, &pca, &device);
	person_free(&long_root);
	person_free(&root);
	person_free(&pca);
	person_free(&device);
}

/* ECQV on the other curve that has it. */
static void implicit_brainpool(void)
{
	struct ToBeSignedCertificate tbs;
	struct person root, device;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_BRAINPOOL_P256R1, NULL, false);
	tbs_device(&tbs, "");
	person_make_implicit(&device, &tbs, &root);
	CHECK(private_key_public(device.key)->curve == SCMS_BRAINPOOL_P256R1, "curve");
	person_free(&root);
	person_free(&device);
}

int main(void)
{
	for (unsigned a = 0; a < 4; a++) {
		self_signed((enum scms_curve)a);
		for (unsigned b = 0; b < 4; b++)
			issued((enum scms_curve)a, (enum scms_curve)b);
	}
	chain();
	uncompressed();
	implicit_brainpool();
	refusals();
	return check_done();
}
