/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pca/pseudonym.h"

#include "components/authority/profile.h"
#include "components/la/chain.h"
#include "components/pca/response.h"
#include "components/period.h"

#include <openssl/crypto.h>
#include <string.h>

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

enum key_status pca_issue_pseudonym(const struct pca *pca, const struct PseudonymCertRequestInfo *request,
				    struct pseudonym_issued *issued, struct bytes *out, struct key_error *err)
{
	struct ToBeSignedCertificate tbs;
	struct profile_subject subject;
	struct profile_room room;
	struct pca_keys keys;
	enum key_status status = join_values(pca, request, issued, err);

	if (status == KEY_OK)
		status = point_from_256(&request->sig_butterfly_key_B, "sig-butterfly-key-B", &keys.sign, err);
	if (status == KEY_OK)
		status = point_from_256(&request->enc_butterfly_key_H, "enc-butterfly-key-H", &keys.respond, err);
	if (status == KEY_OK)
		status = what_is_certified(pca, request, issued->linkage_value, &subject, &room, &tbs, err);
	if (status == KEY_OK)
		status = pca_certify(pca, &tbs, &keys, PlaintextCertificateResponse_is_implicit_butterfly, NULL, out, err);
	return status;
}
