/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pca/response.h"

#include "dot2/issue.h"
#include "dot2/validity.h"

#include <openssl/crypto.h>
#include <string.h>

static enum key_status encrypt_certificate(const struct pca *pca, const struct PlaintextCertificateResponse *plain,
					   const struct curve_point *to, struct bytes *out, struct key_error *err)
{
	struct recipient recipient;
	struct bytes inner = {NULL, 0}, wrapped = {NULL, 0};
	enum key_status status = make_bytes(&oer_PlaintextCertificateResponse, plain, &inner, err);

	if (status == KEY_OK)
		status = unsecured_make(bytes_view(&inner), &wrapped, err);
	if (status == KEY_OK)
		status = recipient_of_response_key(to, pca->party.crypto, &recipient, err);
	if (status == KEY_OK)
		status = encrypted_data_make(&recipient, 1, bytes_view(&wrapped), out, err);
	bytes_free(&inner);
	bytes_free(&wrapped);
	return status;
}

/* Signs what is encrypted, with what the RA and the device must know without opening it. */
static enum key_status sign_response(const struct pca *pca, const struct ToBeSignedCertificate *tbs,
				     const struct bytes *encrypted, struct bytes *out, struct key_error *err)
{
	const struct signer signer = {
	    .key = pca->party.sign, .cert = pca->party.cert, .crypto = pca->party.crypto, .attach = false};
	const struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT};
	struct ToBeSignedEncryptedCertificateResponse response = {
	    .psidSsp = tbs->appPermissions,
	    .expiration = tbs->validityPeriod.start +
			  (scms_time32)(duration_micros(&tbs->validityPeriod.duration) / TIME64_SECOND),
	    .lifetime = tbs->validityPeriod.duration,
	};
	struct bytes plain = {NULL, 0};
	enum key_status status;

	if (oer_decode(&oer_Ieee1609Dot2Data, bytes_view(encrypted), OER_DEPTH_DEFAULT, &response.encrypted_cert, NULL) != OER_OK)
		return key_fail(err, KEY_FAILED, "the certificate could not be encrypted");
	status = make_bytes(&oer_ToBeSignedEncryptedCertificateResponse, &response, &plain, err);
	if (status == KEY_OK)
		status = signed_unsecured_make(&signer, bytes_view(&plain), &header, out, err);
	bytes_free(&plain);
	return status;
}

enum key_status pca_certify(const struct pca *pca, const struct ToBeSignedCertificate *tbs, const struct pca_keys *keys,
			    uint8_t form, uint8_t id10[10], struct bytes *out, struct key_error *err)
{
	const struct signer signer = {.key = pca->party.sign, .cert = pca->party.cert, .crypto = pca->party.crypto};
	/* Both forms of implicit response have the same member. */
	struct PlaintextCertificateResponse plain = {.choice = form};
	struct bytes certificate = {NULL, 0}, encrypted = {NULL, 0};
	uint8_t r[SCALAR_BYTES], hash[32];
	struct scms_slice view;
	enum key_status status = cert_issue_implicit(tbs, &keys->sign, &signer, &certificate, r, err);

	view = bytes_view(&certificate);
	if (status == KEY_OK && oer_decode(&oer_Certificate, view, OER_DEPTH_DEFAULT, &plain.u.implicit.certificate, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "the certificate could not be made");
	plain.u.implicit.priv_key_reconstruction_s = r;
	if (status == KEY_OK && id10 != NULL) {
		/* It is in canonical form and has no signature: its hash is that of its bytes. */
		pca->party.crypto->sha256(pca->party.crypto->ctx, &view, 1, hash);
		memcpy(id10, hash + 22, 10);
	}
	if (status == KEY_OK)
		status = encrypt_certificate(pca, &plain, &keys->respond, &encrypted, err);
	if (status == KEY_OK)
		status = sign_response(pca, tbs, &encrypted, out, err);
	OPENSSL_cleanse(r, sizeof(r));
	bytes_free(&certificate);
	bytes_free(&encrypted);
	return status;
}
