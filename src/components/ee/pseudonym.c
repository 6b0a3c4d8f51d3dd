/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/pseudonym.h"

#include "dot2/encrypt.h"
#include "dot2/issue.h"
#include "dot2/signed_data.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

enum key_status ee_caterpillars_random(struct ee_caterpillars *caterpillars, struct key_error *err)
{
	if (!curve_scalar_random(SCMS_NIST_P256, caterpillars->sign) ||
	    !curve_scalar_random(SCMS_NIST_P256, caterpillars->respond) ||
	    RAND_bytes(caterpillars->sign_expansion, AES_128_KEY) != 1 ||
	    RAND_bytes(caterpillars->respond_expansion, AES_128_KEY) != 1)
		return key_fail(err, KEY_FAILED, "no randomness");
	return KEY_OK;
}

enum key_status ee_pseudonym_request(const struct ee_caterpillars *caterpillars, scms_time32 now, struct bytes *pdu,
				     struct key_error *err)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct EeRaPseudonymCertProvisioningRequest *request =
	    &message.content.u.ee_ra.u.eeRaPseudonymCertProvisioningRequest;
	struct curve_point sign, respond;

	if (!curve_mul_base(SCMS_NIST_P256, caterpillars->sign, &sign) ||
	    !curve_mul_base(SCMS_NIST_P256, caterpillars->respond, &respond))
		return key_fail(err, KEY_FAILED, "no public key could be computed");
	message.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaPseudonymCertProvisioningRequest;
	*request = (struct EeRaPseudonymCertProvisioningRequest){.version = 1, .current_time = now};
	point_to_256(&sign, &request->verify_key_info.seed_key);
	point_to_256(&respond, &request->resp_enc_key_info.seed_key);
	request->verify_key_info.expansion = caterpillars->sign_expansion;
	request->resp_enc_key_info.expansion = caterpillars->respond_expansion;
	return make_bytes(&oer_ScmsPDU, &message, pdu, err);
}

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

/* The cocoon private key of one kind. To be freed. */
static enum key_status cocoon(const uint8_t caterpillar[SCALAR_BYTES], const uint8_t expansion[AES_128_KEY],
			      const struct butterfly_index *index, struct private_key **key, struct key_error *err)
{
	uint8_t d[SCALAR_BYTES];
	enum key_status status;

	*key = NULL;
	if (!butterfly_private(SCMS_NIST_P256, caterpillar, expansion, index, d))
		return key_fail(err, KEY_FAILED, "no cocoon key could be computed");
	status = private_key_from_scalar(SCMS_NIST_P256, d, key, err);
	OPENSSL_cleanse(d, sizeof(d));
	return status;
}

static enum key_status decrypt(const struct ee_caterpillars *caterpillars, uint16_t i, uint8_t j, struct scms_slice message,
			       const struct scms_crypto *crypto, struct bytes *plain, struct key_error *err)
{
	const struct butterfly_index index = {BUTTERFLY_ENCRYPTION, i, j};
	struct private_key *key;
	struct recipient me;
	enum key_status status = cocoon(caterpillars->respond, caterpillars->respond_expansion, &index, &key, err);

	if (status == KEY_OK)
		status = recipient_of_response_key(private_key_public(key), crypto, &me, err);
	if (status == KEY_OK)
		status = encrypted_data_open(message, &me, key, plain, err);
	private_key_free(key);
	return status;
}

static enum key_status read_plain(const struct bytes *plain, uint16_t i, const struct scms_crypto *crypto, struct cert *cert,
				  const uint8_t **r, struct scms_slice *certificate, struct key_error *err)
{
	struct Ieee1609Dot2Data data;
	struct PlaintextCertificateResponse response;
	struct scms_slice rest;

	if (oer_decode(&oer_Ieee1609Dot2Data, bytes_view(plain), OER_DEPTH_DEFAULT, &data, NULL) != OER_OK ||
	    data.content.choice != Ieee1609Dot2Content_is_unsecuredData ||
	    oer_decode(&oer_PlaintextCertificateResponse, data.content.u.unsecuredData, OER_DEPTH_DEFAULT, &response, NULL) != OER_OK ||
	    response.choice != PlaintextCertificateResponse_is_implicit_butterfly)
		return key_fail(err, KEY_MALFORMED, "holds no implicit certificate of a butterfly key");
	/* The certificate begins behind the tag of the alternative. */
	rest = (struct scms_slice){data.content.u.unsecuredData.p + 1, data.content.u.unsecuredData.n - 1};
	certificate->p = rest.p;
	if (oer_decode_prefix(&oer_Certificate, &rest, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
		return key_fail(err, KEY_MALFORMED, "holds no certificate");
	certificate->n = (size_t)(rest.p - certificate->p);
	if (cert_read(cert, *certificate, crypto, NULL) != OER_OK || !cert_is_implicit(cert))
		return key_fail(err, KEY_MALFORMED, "holds no certificate that can be used");
	if (cert->c.toBeSigned.id.choice != CertificateId_is_linkageData || cert->c.toBeSigned.id.u.linkageData.iCert != i)
		return key_fail(err, KEY_VALUE, "holds no certificate of i-period %u", i);
	*r = response.u.implicit_butterfly.priv_key_reconstruction_s;
	return KEY_OK;
}

/* The private key, checked against the certificate. */
static enum key_status rebuild(const struct ee_caterpillars *caterpillars, uint16_t i, uint8_t j, const struct cert *cert,
			       const struct cert *pca, const uint8_t *r, const struct scms_crypto *crypto,
			       uint8_t d[SCALAR_BYTES], struct key_error *err)
{
	const struct butterfly_index index = {BUTTERFLY_SIGNING, i, j};
	struct private_key *request, *key = NULL;
	enum key_status status = cocoon(caterpillars->sign, caterpillars->sign_expansion, &index, &request, err);

	if (status == KEY_OK)
		status = cert_accept_implicit(cert, pca, request, r, crypto, &key, err);
	if (status == KEY_OK)
		status = private_key_scalar(key, d, err);
	private_key_free(request);
	private_key_free(key);
	return status;
}

static enum key_status keep(struct scms_slice certificate, struct bytes *out, struct key_error *err)
{
	out->p = OPENSSL_memdup(certificate.p, certificate.n);
	out->n = certificate.n;
	return out->p != NULL ? KEY_OK : key_fail(err, KEY_FAILED, "out of memory");
}

enum key_status ee_pseudonym_take(const struct ee_caterpillars *caterpillars, uint16_t i, uint8_t j, struct scms_slice file,
				  const struct cert *pca, const struct scms_crypto *crypto, struct ee_pseudonym *out,
				  struct key_error *err)
{
	struct ToBeSignedEncryptedCertificateResponse response;
	struct bytes plain = {NULL, 0}, encrypted = {NULL, 0};
	struct scms_slice certificate = {NULL, 0};
	const uint8_t *r = NULL;
	struct cert cert;
	enum key_status status = open_signed(file, pca, crypto, &response, err);

	if (status == KEY_OK)
		status = make_bytes(&oer_Ieee1609Dot2Data, &response.encrypted_cert, &encrypted, err);
	if (status == KEY_OK)
		status = decrypt(caterpillars, i, j, bytes_view(&encrypted), crypto, &plain, err);
	if (status == KEY_OK)
		status = read_plain(&plain, i, crypto, &cert, &r, &certificate, err);
	if (status == KEY_OK)
		status = rebuild(caterpillars, i, j, &cert, pca, r, crypto, out->key, err);
	if (status == KEY_OK)
		status = keep(certificate, &out->certificate, err);
	bytes_free(&plain);
	bytes_free(&encrypted);
	return status;
}

void ee_pseudonym_free(struct ee_pseudonym *pseudonym)
{
	bytes_free(&pseudonym->certificate);
	OPENSSL_cleanse(pseudonym->key, sizeof(pseudonym->key));
}
