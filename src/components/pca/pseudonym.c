/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pca/pseudonym.h"

#include "components/authority/profile.h"
#include "components/la/chain.h"
#include "components/period.h"
#include "dot2/encrypt.h"
#include "dot2/issue.h"

#include <openssl/crypto.h>
#include <string.h>

#define VALIDITY_HOURS (PERIOD_SECONDS / 3600 + PERIOD_OVERLAP_HOURS)

/* Opens one of the two values; *la becomes the host that gave it. */
static enum key_status open_value(const struct pca *pca, const struct EncryptedIndividualPLV *value, uint16_t i,
				  uint8_t plv[LINKAGE_VALUE], const char **la, struct key_error *err)
{
	const uint8_t *id = sealed_id(&value->enc_plv);
	const struct plv_key *key = id != NULL ? plv_keys_find(pca->keys, id) : NULL;

	if (key == NULL)
		return key_fail(err, KEY_NOT_FOR_US, "a pre-linkage value under a key that is shared with no LA");
	*la = key->host;
	return plv_open(key->agreement.key, pca->party.crypto, value, i, plv, err);
}

static enum key_status join_values(const struct pca *pca, const struct PseudonymCertRequestInfo *request,
				   struct pseudonym_issued *issued, struct key_error *err)
{
	uint8_t plv[2][LINKAGE_VALUE];
	enum key_status status = open_value(pca, &request->enc_plv1, request->iValue, plv[0], &issued->la[0], err);

	if (status == KEY_OK)
		status = open_value(pca, &request->enc_plv2, request->iValue, plv[1], &issued->la[1], err);
	if (status == KEY_OK && strcmp(issued->la[0], issued->la[1]) == 0)
		status = key_fail(err, KEY_VALUE, "both pre-linkage values are of %s", issued->la[0]);
	if (status == KEY_OK)
		linkage_value(plv[0], plv[1], issued->linkage_value);
	OPENSSL_cleanse(plv, sizeof(plv));
	return status;
}

static enum key_status what_is_certified(const struct pca *pca, const struct PseudonymCertRequestInfo *request,
					 const uint8_t linkage[LINKAGE_VALUE], struct profile_subject *subject,
					 struct profile_room *room, struct ToBeSignedCertificate *tbs, struct key_error *err)
{
	enum key_status status;

	*subject = (struct profile_subject){
	    .linkage = {.iCert = request->iValue, .linkage_value = linkage},
	    .start = period_start(request->iValue),
	    .app = &request->psidSsp,
	    .region = request->has_region ? &request->region : NULL,
	};
	memcpy(subject->craca_id, pca->craca_id, sizeof(subject->craca_id));
	status = profile_fill(PROFILE_OBE_PSEUDONYM, LEVEL_POC, subject, room, tbs, err);
	tbs->has_assuranceLevel = request->has_performanceAssuranceLevel;
	tbs->assuranceLevel = request->performanceAssuranceLevel;
	return status;
}

/* The certificate and r, encrypted to the cocoon key. */
static enum key_status encrypt_certificate(const struct pca *pca, const struct ImplicitCertResponse *response,
					   const struct curve_point *to, struct bytes *out, struct key_error *err)
{
	const struct PlaintextCertificateResponse plain = {.choice = PlaintextCertificateResponse_is_implicit_butterfly,
							   .u.implicit_butterfly = *response};
	struct recipient recipient;
	struct bytes inner = {NULL, 0}, wrapped = {NULL, 0};
	enum key_status status = make_bytes(&oer_PlaintextCertificateResponse, &plain, &inner, err);

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
static enum key_status sign_response(const struct pca *pca, const struct PseudonymCertRequestInfo *request,
				     const struct bytes *encrypted, struct bytes *out, struct key_error *err)
{
	const struct signer signer = {
	    .key = pca->party.sign, .cert = pca->party.cert, .crypto = pca->party.crypto, .attach = false};
	const struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT};
	struct ToBeSignedEncryptedCertificateResponse response = {
	    .psidSsp = request->psidSsp,
	    .expiration = period_start(request->iValue) + VALIDITY_HOURS * 3600,
	    .lifetime = {.choice = Duration_is_hours, .u.hours = VALIDITY_HOURS},
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

enum key_status pca_issue_pseudonym(const struct pca *pca, const struct PseudonymCertRequestInfo *request,
				    struct pseudonym_issued *issued, struct bytes *out, struct key_error *err)
{
	const struct signer signer = {.key = pca->party.sign, .cert = pca->party.cert, .crypto = pca->party.crypto};
	struct ImplicitCertResponse response = {.certificate = {0}};
	struct ToBeSignedCertificate tbs;
	struct profile_subject subject;
	struct profile_room room;
	struct curve_point sign, respond;
	struct bytes certificate = {NULL, 0}, encrypted = {NULL, 0};
	uint8_t r[SCALAR_BYTES];
	enum key_status status = join_values(pca, request, issued, err);

	if (status == KEY_OK)
		status = point_from_256(&request->sig_butterfly_key_B, "sig-butterfly-key-B", &sign, err);
	if (status == KEY_OK)
		status = point_from_256(&request->enc_butterfly_key_H, "enc-butterfly-key-H", &respond, err);
	if (status == KEY_OK)
		status = what_is_certified(pca, request, issued->linkage_value, &subject, &room, &tbs, err);
	if (status != KEY_OK)
		return status;
	status = cert_issue_implicit(&tbs, &sign, &signer, &certificate, r, err);
	if (status == KEY_OK &&
	    oer_decode(&oer_Certificate, bytes_view(&certificate), OER_DEPTH_DEFAULT, &response.certificate, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "the certificate could not be made");
	response.priv_key_reconstruction_s = r;
	if (status == KEY_OK)
		status = encrypt_certificate(pca, &response, &respond, &encrypted, err);
	if (status == KEY_OK)
		status = sign_response(pca, request, &encrypted, out, err);
	OPENSSL_cleanse(r, sizeof(r));
	bytes_free(&certificate);
	bytes_free(&encrypted);
	return status;
}
