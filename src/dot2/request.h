/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h: SignedCertificateRequest as CAMP has it: a ScmsPDU, signed by the
 * key that is to be certified (self) or by a certificate that may ask for others.
 *
 *   e = H(H(ScmsPDU) || H(signer's certificate or ""))
 */
#ifndef DOT2_REQUEST_H
#define DOT2_REQUEST_H

#include "dot2/sign.h"

/*
 * Makes an Ieee1609Dot2Data of content signedCertificateRequest. pdu is the encoding of a ScmsPDU: KEY_VALUE if it is
 * none. Other statuses as signed_data_make().
 */
SCMS_CHECKED enum key_status certificate_request_make(const struct signer *signer, struct scms_slice pdu,
						      struct bytes *out, struct key_error *err);

/* Decodes an Ieee1609Dot2Data of content signedCertificateRequest; request points into bytes. */
SCMS_CHECKED enum oer_status certificate_request_read(struct SignedCertificateRequest *request, struct scms_slice bytes,
						      struct oer_error *err);

/*
 * Fills the question whether the key signed the request; signer is the explicit certificate of that key, NULL for self.
 * digest has room for 48 bytes and must outlive the question. False where it cannot be: another curve, hashId not of
 * the key's curve, r is `fill`.
 */
SCMS_CHECKED bool certificate_request_question(const struct SignedCertificateRequest *request,
					       const struct cert *signer, const struct scms_point *key,
					       const struct scms_crypto *crypto, uint8_t digest[48],
					       struct scms_verify_request *question);

#endif
