/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verification engine on OpenSSL: shared groups, keys parsed once.
 *
 * EC_KEY and its kin are deprecated since OpenSSL 3.0 and used here on purpose: through EVP_PKEY a verification with a
 * fresh key costs half as much again.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <scms/verify.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <string.h>

#define KEYS_MAX 64
#define CURVES 4

struct scms_key {
	enum scms_curve curve;
	uint8_t point[1 + 2 * 48]; /* uncompressed, as in SEC 1 */
	EC_KEY *ec;		   /* NULL: the place is free */
};

struct scms_verifier {
	struct scms_crypto table;
	EC_GROUP *group[CURVES];
	EVP_MD *md256, *md384;
	EVP_MD_CTX *hash;
	EVP_CIPHER *aes;
	EVP_CIPHER_CTX *cipher;
	BN_CTX *bn;
	struct scms_key key[KEYS_MAX];
};

size_t scms_verifier_size(void)
{
	return sizeof(struct scms_verifier);
}

/* ---- hashes and AES ---- */

static void hash_parts(struct scms_verifier *v, const EVP_MD *md, const struct scms_slice *parts, size_t n, uint8_t *out)
{
	/* With a fetched digest and a context of its own, none of these can fail but for lack of memory at the first use,
	 * which scms_verifier_init has made. */
	EVP_DigestInit_ex2(v->hash, md, NULL);
	for (size_t k = 0; k < n; k++)
		EVP_DigestUpdate(v->hash, parts[k].p, parts[k].n);
	EVP_DigestFinal_ex(v->hash, out, NULL);
}

static void hash_sha256(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32])
{
	struct scms_verifier *v = ctx;

	hash_parts(v, v->md256, parts, n, out);
}

static void hash_sha384(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[48])
{
	struct scms_verifier *v = ctx;

	hash_parts(v, v->md384, parts, n, out);
}

static bool aes_blocks(void *ctx, const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out)
{
	struct scms_verifier *v = ctx;
	int len;

	return EVP_EncryptInit_ex2(v->cipher, v->aes, key, NULL, NULL) == 1 && EVP_CIPHER_CTX_set_padding(v->cipher, 0) == 1 &&
	       EVP_EncryptUpdate(v->cipher, out, &len, in, (int)(16 * n)) == 1;
}

/* ---- points and keys ---- */

/* The point, or NULL: not on the curve, or of a form that is no key. */
static EC_POINT *point_parse(struct scms_verifier *v, const struct scms_point *point)
{
	const EC_GROUP *group = v->group[point->curve];
	size_t width = scms_curve_bytes(point->curve), n = 1 + width;
	uint8_t octets[1 + 2 * 48];
	EC_POINT *parsed;

	switch (point->form) {
	case SCMS_POINT_COMPRESSED_Y0:
	case SCMS_POINT_COMPRESSED_Y1:
		octets[0] = point->form == SCMS_POINT_COMPRESSED_Y0 ? POINT_CONVERSION_COMPRESSED : POINT_CONVERSION_COMPRESSED | 1;
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

static EC_KEY *key_from_point(struct scms_verifier *v, enum scms_curve curve, const EC_POINT *point)
{
	EC_KEY *key = EC_KEY_new();

	if (key != NULL && (EC_KEY_set_group(key, v->group[curve]) != 1 || EC_KEY_set_public_key(key, point) != 1)) {
		EC_KEY_free(key);
		key = NULL;
	}
	return key;
}

static struct scms_key *key_find(struct scms_verifier *v, const struct scms_point *point)
{
	size_t width = scms_curve_bytes(point->curve);

	for (unsigned k = 0; k < KEYS_MAX; k++) {
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

static bool form_is_key(enum scms_point_form form)
{
	return form == SCMS_POINT_COMPRESSED_Y0 || form == SCMS_POINT_COMPRESSED_Y1 || form == SCMS_POINT_UNCOMPRESSED;
}

static const struct scms_key *key_get(void *ctx, const struct scms_point *point)
{
	struct scms_verifier *v = ctx;
	struct scms_key *key, *found = NULL;
	EC_POINT *parsed;

	if (!form_is_key(point->form))
		return NULL;
	key = key_find(v, point);
	if (key != NULL)
		return key;
	for (unsigned k = 0; k < KEYS_MAX && found == NULL; k++)
		if (v->key[k].ec == NULL)
			found = &v->key[k];
	parsed = found != NULL ? point_parse(v, point) : NULL;
	if (parsed == NULL)
		return NULL;
	found->curve = point->curve;
	if (EC_POINT_point2oct(v->group[point->curve], parsed, POINT_CONVERSION_UNCOMPRESSED, found->point,
			       sizeof(found->point), v->bn) != 0)
		found->ec = key_from_point(v, point->curve, parsed);
	EC_POINT_free(parsed);
	return found->ec != NULL ? found : NULL;
}

static void key_drop(void *ctx, const struct scms_point *point)
{
	struct scms_verifier *v = ctx;
	struct scms_key *key = form_is_key(point->form) ? key_find(v, point) : NULL;

	if (key != NULL) {
		EC_KEY_free(key->ec);
		key->ec = NULL;
	}
}

/* ---- verification ---- */

static enum scms_verdict verify_with(EC_KEY *key, enum scms_curve curve, const struct scms_verify_request *request)
{
	size_t width = scms_curve_bytes(curve);
	enum scms_verdict verdict = SCMS_FAILED;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(request->r, (int)width, NULL), *s = BN_bin2bn(request->s, (int)width, NULL);

	if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
		int answer;

		r = s = NULL; /* the signature's now */
		answer = ECDSA_do_verify(request->digest, (int)width, signature, key);
		verdict = answer == 1 ? SCMS_GOOD : SCMS_BAD;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return verdict;
}

/* Q = e * recon + issuer; NULL: a point is unusable, or Q is infinity. */
static EC_POINT *implicit_point(struct scms_verifier *v, const struct scms_point *recon, const uint8_t e[32],
				const struct scms_point *issuer)
{
	const EC_GROUP *group = v->group[recon->curve];
	EC_POINT *q = point_parse(v, recon), *issuer_point = point_parse(v, issuer);
	BIGNUM *scalar = BN_bin2bn(e, 32, NULL);
	bool good = q != NULL && issuer_point != NULL && scalar != NULL && recon->curve == issuer->curve &&
		    EC_POINT_mul(group, q, NULL, q, scalar, v->bn) == 1 &&
		    EC_POINT_add(group, q, q, issuer_point, v->bn) == 1 && !EC_POINT_is_at_infinity(group, q);

	BN_free(scalar);
	EC_POINT_free(issuer_point);
	if (!good) {
		EC_POINT_free(q);
		q = NULL;
	}
	return q;
}

static enum scms_verdict verify_one(struct scms_verifier *v, const struct scms_verify_request *request)
{
	struct scms_point issuer;
	enum scms_verdict verdict = SCMS_BAD;
	enum scms_curve curve;
	EC_POINT *point;
	EC_KEY *key;

	if (request->signer == SCMS_SIGNER_KEY)
		return verify_with(request->u.key->ec, request->u.key->curve, request);
	if (request->signer == SCMS_SIGNER_POINT) {
		curve = request->u.point.curve;
		point = point_parse(v, &request->u.point);
	} else {
		const struct scms_key *kept = request->u.implicit.issuer_key;

		curve = request->u.implicit.recon.curve;
		issuer = request->u.implicit.issuer;
		if (kept != NULL)
			issuer = (struct scms_point){kept->curve, SCMS_POINT_UNCOMPRESSED, kept->point + 1,
						     kept->point + 1 + scms_curve_bytes(kept->curve)};
		point = scms_curve_bytes(curve) == 32 && issuer.curve == curve
			    ? implicit_point(v, &request->u.implicit.recon, request->u.implicit.e, &issuer)
			    : NULL;
	}
	if (point == NULL)
		return SCMS_BAD;
	key = key_from_point(v, curve, point);
	verdict = key != NULL ? verify_with(key, curve, request) : SCMS_FAILED;
	EC_KEY_free(key);
	EC_POINT_free(point);
	return verdict;
}

static void verify_all(void *ctx, const struct scms_verify_request *request, size_t n, uint8_t *verdict)
{
	for (size_t k = 0; k < n; k++)
		verdict[k] = (uint8_t)verify_one(ctx, &request[k]);
}

static enum scms_verdict reconstruct(void *ctx, const struct scms_point *recon, const uint8_t e[32],
				     const struct scms_point *issuer, uint8_t q[64])
{
	struct scms_verifier *v = ctx;
	uint8_t octets[65];
	EC_POINT *point;
	size_t n;

	if (scms_curve_bytes(recon->curve) != 32 || recon->curve != issuer->curve)
		return SCMS_BAD;
	point = implicit_point(v, recon, e, issuer);
	if (point == NULL)
		return SCMS_BAD;
	n = EC_POINT_point2oct(v->group[recon->curve], point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets), v->bn);
	EC_POINT_free(point);
	if (n != sizeof(octets))
		return SCMS_FAILED;
	memcpy(q, octets + 1, 64);
	return SCMS_GOOD;
}

/* ---- life ---- */

static bool engine_parts(struct scms_verifier *v)
{
	static const int nid[CURVES] = {
	    [SCMS_NIST_P256] = NID_X9_62_prime256v1,
	    [SCMS_BRAINPOOL_P256R1] = NID_brainpoolP256r1,
	    [SCMS_BRAINPOOL_P384R1] = NID_brainpoolP384r1,
	    [SCMS_NIST_P384] = NID_secp384r1,
	};
	uint8_t out[48];

	for (unsigned k = 0; k < CURVES; k++) {
		v->group[k] = EC_GROUP_new_by_curve_name(nid[k]);
		if (v->group[k] == NULL)
			return false;
	}
	v->md256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	v->md384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
	v->hash = EVP_MD_CTX_new();
	v->aes = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	v->cipher = EVP_CIPHER_CTX_new();
	v->bn = BN_CTX_new();
	if (v->md256 == NULL || v->md384 == NULL || v->hash == NULL || v->aes == NULL || v->cipher == NULL || v->bn == NULL)
		return false;
	/* One hash of each kind, so that whatever they allocate is there. */
	return EVP_DigestInit_ex2(v->hash, v->md384, NULL) == 1 && EVP_DigestFinal_ex(v->hash, out, NULL) == 1 &&
	       EVP_DigestInit_ex2(v->hash, v->md256, NULL) == 1 && EVP_DigestFinal_ex(v->hash, out, NULL) == 1;
}

struct scms_verifier *scms_verifier_init(void *memory, size_t size)
{
	struct scms_verifier *v = memory;

	if (size < sizeof(*v))
		return NULL;
	memset(v, 0, sizeof(*v));
	v->table = (struct scms_crypto){
	    .ctx = v,
	    .sha256 = hash_sha256,
	    .sha384 = hash_sha384,
	    .aes128 = aes_blocks,
	    .verify = verify_all,
	    .key = key_get,
	    .key_drop = key_drop,
	    .reconstruct = reconstruct,
	};
	if (!engine_parts(v)) {
		scms_verifier_end(v);
		return NULL;
	}
	return v;
}

const struct scms_crypto *scms_verifier_crypto(const struct scms_verifier *verifier)
{
	return &verifier->table;
}

void scms_verifier_end(struct scms_verifier *v)
{
	if (v == NULL)
		return;
	for (unsigned k = 0; k < KEYS_MAX; k++)
		EC_KEY_free(v->key[k].ec);
	for (unsigned k = 0; k < CURVES; k++)
		EC_GROUP_free(v->group[k]);
	EVP_MD_free(v->md256);
	EVP_MD_free(v->md384);
	EVP_MD_CTX_free(v->hash);
	EVP_CIPHER_free(v->aes);
	EVP_CIPHER_CTX_free(v->cipher);
	BN_CTX_free(v->bn);
	memset(v, 0, sizeof(*v));
}
