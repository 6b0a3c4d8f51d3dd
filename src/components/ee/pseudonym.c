/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ee/pseudonym.h"

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

enum key_status ee_caterpillars_public(const struct ee_caterpillars *caterpillars, struct ee_public_caterpillars *keys,
				       struct UnsignedButterflyParams *sign, struct UnsignedButterflyParams *respond,
				       struct key_error *err)
{
	if (!curve_mul_base(SCMS_NIST_P256, caterpillars->sign, &keys->sign) ||
	    !curve_mul_base(SCMS_NIST_P256, caterpillars->respond, &keys->respond))
		return key_fail(err, KEY_FAILED, "no public key could be computed");
	point_to_256(&keys->sign, &sign->seed_key);
	point_to_256(&keys->respond, &respond->seed_key);
	sign->expansion = caterpillars->sign_expansion;
	respond->expansion = caterpillars->respond_expansion;
	return KEY_OK;
}

enum key_status ee_pseudonym_request(const struct ee_caterpillars *caterpillars, scms_time32 now, struct bytes *pdu,
				     struct key_error *err)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct EeRaPseudonymCertProvisioningRequest *request =
	    &message.content.u.ee_ra.u.eeRaPseudonymCertProvisioningRequest;
	struct ee_public_caterpillars keys;
	enum key_status status;

	message.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaPseudonymCertProvisioningRequest;
	*request = (struct EeRaPseudonymCertProvisioningRequest){.version = 1, .current_time = now};
	status = ee_caterpillars_public(caterpillars, &keys, &request->verify_key_info, &request->resp_enc_key_info, err);
	return status == KEY_OK ? make_bytes(&oer_ScmsPDU, &message, pdu, err) : status;
}

enum key_status ee_cocoon(const uint8_t caterpillar[SCALAR_BYTES], const uint8_t expansion[AES_128_KEY],
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

enum key_status ee_pseudonym_take(const struct ee_caterpillars *caterpillars, uint16_t i, uint8_t j, struct scms_slice file,
				  const struct cert *pca, const struct scms_crypto *crypto, struct ee_certified *out,
				  struct key_error *err)
{
	const struct butterfly_index signs = {BUTTERFLY_SIGNING, i, j}, decrypts = {BUTTERFLY_ENCRYPTION, i, j};
	struct private_key *respond = NULL, *request = NULL;
	struct ee_answer answer = {.plain = {NULL, 0}};
	const struct CertificateId *id = &answer.cert.c.toBeSigned.id;
	enum key_status status = ee_cocoon(caterpillars->respond, caterpillars->respond_expansion, &decrypts, &respond, err);

	if (status == KEY_OK)
		status = ee_answer_open(file, pca, respond, PlaintextCertificateResponse_is_implicit_butterfly, crypto, &answer, err);
	if (status == KEY_OK && (id->choice != CertificateId_is_linkageData || id->u.linkageData.iCert != i))
		status = key_fail(err, KEY_VALUE, "holds no certificate of i-period %u", i);
	if (status == KEY_OK)
		status = ee_cocoon(caterpillars->sign, caterpillars->sign_expansion, &signs, &request, err);
	if (status == KEY_OK)
		status = ee_answer_accept(&answer, pca, request, crypto, out, err);
	private_key_free(respond);
	private_key_free(request);
	ee_answer_free(&answer);
	return status;
}
