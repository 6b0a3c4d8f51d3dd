/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/crypto.h: the cryptography that deciding what to believe needs.
 *
 * Only public data passes through here: hashes and signature verification. It
 * is one table of functions (struct scms_crypto), so that a device maker can
 * put an HSM or another library in the place of OpenSSL's. Whatever stands
 * behind it must give the same verdicts; scms decides nothing by how fast an
 * answer comes.
 *
 * Nothing behind this table may keep a pointer into the caller's bytes after
 * the call returns.
 */
#ifndef SCMS_CRYPTO_H
#define SCMS_CRYPTO_H

#include <scms/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The four curves that IEEE 1609.2 signatures use here. */
enum scms_curve {
	SCMS_NIST_P256 = 0,
	SCMS_BRAINPOOL_P256R1 = 1,
	SCMS_BRAINPOOL_P384R1 = 2,
	SCMS_NIST_P384 = 3,
};

/* How a point is written; the values are the tags of EccP256CurvePoint. */
enum scms_point_form {
	SCMS_POINT_X_ONLY = 0,
	SCMS_POINT_FILL = 1,
	SCMS_POINT_COMPRESSED_Y0 = 2, /* y even, SEC 1 02 */
	SCMS_POINT_COMPRESSED_Y1 = 3, /* y odd, SEC 1 03 */
	SCMS_POINT_UNCOMPRESSED = 4,
};

/* Bytes of a coordinate or scalar: 32 on the 256-bit curves, 48 on the others. */
static inline size_t scms_curve_bytes(enum scms_curve curve)
{
	return curve == SCMS_NIST_P256 || curve == SCMS_BRAINPOOL_P256R1 ? 32 : 48;
}

/*
 * A point as it stands in a message. x and y are big-endian, each of
 * scms_curve_bytes(curve) bytes; y is read only when form is uncompressed.
 */
struct scms_point {
	enum scms_curve curve;
	enum scms_point_form form;
	const uint8_t *x;
	const uint8_t *y;
};

/* A public key that the engine has parsed and keeps; see scms_crypto.key. */
struct scms_key;

/* Whose signature a request asks about. */
enum scms_signer_kind {
	SCMS_SIGNER_KEY,      /* a key that the engine keeps: u.key */
	SCMS_SIGNER_POINT,    /* a public key as a point: u.point */
	SCMS_SIGNER_IMPLICIT, /* the key of an implicit certificate: u.implicit */
};

/*
 * One question: is (r, s) a signature over digest by this signer?
 *
 * digest is the message representative itself, used as it is: 32 bytes
 * (SHA-256) for the 256-bit curves, 48 (SHA-384) for the 384-bit ones. r and s
 * are big-endian, of scms_curve_bytes(curve) bytes each.
 *
 * An implicit signer's key is Q = e * recon + issuer, with e the 32-byte hash
 * taken as a full 256-bit integer and reduced mod n (IEEE 1609.2, not the
 * shifted form of SEC 4). Implicit certificates exist on P-256 and Brainpool
 * P-256r1; recon and issuer are on the same curve. Give issuer_key where the
 * engine keeps the issuer's key, else issuer.
 */
struct scms_verify_request {
	const uint8_t *digest;
	const uint8_t *r;
	const uint8_t *s;
	enum scms_signer_kind signer;
	union {
		const struct scms_key *key;
		struct scms_point point;
		struct {
			struct scms_point recon;
			const uint8_t *e;
			const struct scms_key *issuer_key; /* or NULL */
			struct scms_point issuer;	   /* read if issuer_key is NULL */
		} implicit;
	} u;
};

/* The answer to one request. */
enum scms_verdict {
	SCMS_BAD = 0,	 /* not a signature by that signer, or not a usable key */
	SCMS_GOOD = 1,	 /* a valid signature */
	SCMS_FAILED = 2, /* the engine could not decide (out of memory, HSM gone) */
};

/* The table of functions. ctx is passed back unchanged. */
struct scms_crypto {
	void *ctx;

	/* Hash of the parts, one after another. out is 32 and 48 bytes. */
	void (*sha256)(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[32]);
	void (*sha384)(void *ctx, const struct scms_slice *parts, size_t n, uint8_t out[48]);

	/*
	 * AES-128 of n blocks of 16 bytes, one by one (ECB), for linkage values: the keys are linkage seeds that a CRL has
	 * made public. False: the engine could not.
	 */
	bool (*aes128)(void *ctx, const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out);

	/*
	 * Answers n requests; verdict[k] (an enum scms_verdict) is for req[k]. A
	 * bad signature fails alone. One call with many requests may be many
	 * times faster than many calls.
	 */
	void (*verify)(void *ctx, const struct scms_verify_request *req, size_t n,
		       uint8_t *verdict);

	/*
	 * A handle for a long-lived public key (an elector's, a root's, a CA's),
	 * so that work for it is done once. The engine owns the handle; the same
	 * key gives the same handle. It stays valid until key_drop for that key or
	 * until the engine ends. NULL when the point is no valid public key, or
	 * when the engine has no room: use SCMS_SIGNER_POINT then.
	 */
	const struct scms_key *(*key)(void *ctx, const struct scms_point *point);

	/* Forgets a key and all computed for it (trust rule D7). */
	void (*key_drop)(void *ctx, const struct scms_point *point);

	/*
	 * The public key of an implicit certificate, to be kept by a caller who
	 * will see it again: Q = e * recon + issuer, uncompressed, x at q, y at
	 * q + 32. SCMS_BAD when a point is unusable or Q is infinity.
	 */
	enum scms_verdict (*reconstruct)(void *ctx, const struct scms_point *recon,
					 const uint8_t e[32], const struct scms_point *issuer,
					 uint8_t q[64]);
};

#ifdef __cplusplus
}
#endif

#endif
