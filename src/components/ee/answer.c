/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/answer.h"

#include "dot2/encrypt.h"
#include "dot2/issue.h"
#include "dot2/signed_data.h"

#include <openssl/crypto.h>

/* Checks the PCA's signature; *response is what it signed. */
static enum key_status open_signed(struct scms_slice file, const struct cert *pca, const struct scms_crypto *crypto,
				   struct ToBeSignedEncryptedCertificateResponse *response, struct key_error *err)
{
	struct scms_verify_request request;
	struct SignedData data;
	struct scms_slice opaque;
	uint8_t digest[48], verdict = SCMS_FAILED;

	if (signed_data_read(&data, file, OER_DEPTH_DEFAULT, NULL) != OER_OK || !signed_data_unsecured(&data, &opaque) ||
	    oer_decode(&oer_ToBeSignedEncryptedCertificateResponse, opaque, OER_DEPTH_DEFAULT, response, NULL) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "is no certificate response");
	if (data.tbsData.headerInfo.psid != PSID_SECURITY_MANAGEMENT ||
	    !signed_data_request(&data, pca, crypto, digest, &request))
		return key_fail(err, KEY_MISMATCH, "is not signed by the PCA");
	crypto->verify(crypto->ctx, &request, 1, &verdict);
	if (verdict == SCMS_FAILED)
		return key_fail(err, KEY_FAILED, "the signature could not be checked");
	return verdict == SCMS_GOOD ? KEY_OK : key_fail(err, KEY_MISMATCH, "is not signed by the PCA");
}

static enum key_status decrypt(struct private_key *respond, struct scms_slice message, const struct scms_crypto *crypto,
			       struct bytes *plain, struct key_error *err)
{
	struct recipient me;
	enum key_status status = recipient_of_response_key(private_key_public(respond), crypto, &me, err);

	return status == KEY_OK ? encrypted_data_open(message, &me, respond, plain, err) : status;
}

static enum key_status read_plain(struct ee_answer *answer, uint8_t form, const struct scms_crypto *crypto, struct key_error *err)
{
	struct Ieee1609Dot2Data data;
	struct PlaintextCertificateResponse response;
	struct scms_slice rest;

	if (oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&answer->plain), OER_DEPTH_DEFAULT, &data, NULL) != OER_OK ||
	    data.content.choice != Ieee1609Dot2Content_is_unsecuredData ||
	    oer_decode(&oer_PlaintextCertificateResponse, data.content.u.unsecuredData, OER_DEPTH_DEFAULT, &response, NULL) != OER_OK ||
	    response.choice != form)
		return key_fail(err, KEY_MALFORMED, "holds no implicit certificate of the kind that was asked for");
	/* The certificate begins behind the tag of the alternative. */
	rest = (struct scms_slice){data.content.u.unsecuredData.p + 1, data.content.u.unsecuredData.n - 1};
	answer->certificate.p = rest.p;
	if (oer_decode_prefix(&oer_Certificate, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "holds no certificate");
	answer->certificate.n = (size_t)(rest.p - answer->certificate.p);
	if (cert_read(&answer->cert, answer->certificate, crypto, NULL) != OER_OK || !cert_is_implicit(&answer->cert))
		return key_fail(err, KEY_MALFORMED, "holds no certificate that can be used");
	/* Both forms have the same member. */
	answer->reconstruction = response.u.implicit_butterfly.priv_key_reconstruction_s;
	return KEY_OK;
}

enum key_status ee_answer_open(struct scms_slice file, const struct cert *pca, struct private_key *respond, uint8_t form,
			       const struct scms_crypto *crypto, struct ee_answer *answer, struct key_error *err)
{
	struct ToBeSignedEncryptedCertificateResponse response;
	struct bytes encrypted = {NULL, 0};
	enum key_status status = open_signed(file, pca, crypto, &response, err);

	*answer = (struct ee_answer){.plain = {NULL, 0}};
	if (status == KEY_OK)
		status = make_bytes(&oer_Ieee1609Dot2Data, &response.encrypted_cert, &encrypted, err);
	if (status == KEY_OK)
		status = decrypt(respond, bytes_view(&encrypted), crypto, &answer->plain, err);
	if (status == KEY_OK)
		status = read_plain(answer, form, crypto, err);
	bytes_free(&encrypted);
	return status;
}

enum key_status ee_answer_accept(const struct ee_answer *answer, const struct cert *pca, const struct private_key *request,
				 const struct scms_crypto *crypto, struct ee_certified *out, struct key_error *err)
{
	struct private_key *key = NULL;
	enum key_status status = cert_accept_implicit(&answer->cert, pca, request, answer->reconstruction, crypto, &key, err);

	*out = (struct ee_certified){.certificate = {NULL, 0}};
	if (status == KEY_OK)
		status = private_key_scalar(key, out->key, err);
	private_key_free(key);
	if (status != KEY_OK)
		return status;
	out->certificate = (struct bytes){OPENSSL_memdup(answer->certificate.p, answer->certificate.n), answer->certificate.n};
	return out->certificate.p != NULL ? KEY_OK : key_fail(err, KEY_FAILED, "out of memory");
}

void ee_answer_free(struct ee_answer *answer)
{
	bytes_free(&answer->plain);
}

void ee_certified_free(struct ee_certified *certified)
{
	bytes_free(&certified->certificate);
	OPENSSL_cleanse(certified->key, sizeof(certified->key));
}
