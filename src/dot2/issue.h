/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue.h: makes certificates (IEEE 1609.2 section 6.4), explicit and implicit.
 *
 * The caller says what is certified (ToBeSignedCertificate); whether the issuer may
 * certify that is judged by chain.h, not here.
 */
#ifndef DOT2_ISSUE_H
#define DOT2_ISSUE_H

#include "crypto/ecqv.h"
#include "dot2/sign.h"

/*
 * Makes an explicit certificate over tbs, whose verifyKeyIndicator is a verificationKey. issuer->cert NULL makes a
 * self-signed one: tbs must then certify issuer->key. KEY_VALUE if tbs cannot be encoded, or its keys are no points;
 * KEY_MISMATCH if key and certificate of the issuer, or key and self-signed certificate, do not belong together.
 */
SCMS_CHECKED enum key_status cert_issue(const struct ToBeSignedCertificate *tbs, const struct signer *issuer,
					struct bytes *out, struct key_error *err);

/*
 * Makes an implicit certificate for the request key: tbs without its verifyKeyIndicator, which is made here. r goes to
 * the holder, who alone can use it. KEY_IN_TOKEN if the issuer's key is in a token; KEY_CURVE unless both keys are on
 * the same 256-bit curve.
 */
SCMS_CHECKED enum key_status cert_issue_implicit(const struct ToBeSignedCertificate *tbs,
						 const struct curve_point *request, const struct signer *issuer,
						 struct bytes *out, uint8_t r[SCALAR_BYTES], struct key_error *err);

/*
 * The holder's private key for an implicit certificate, from its request key (in process memory) and r, checked against
 * issuer, whose explicit key it is. *key is to be freed. KEY_MISMATCH if they do not belong together.
 */
SCMS_CHECKED enum key_status cert_accept_implicit(const struct cert *cert, const struct cert *issuer,
						  const struct private_key *request, const uint8_t r[SCALAR_BYTES],
						  const struct scms_crypto *crypto, struct private_key **key,
						  struct key_error *err);

#endif
