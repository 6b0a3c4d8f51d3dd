/* SPDX-License-Identifier: Apache-2.0 */
#include "components/pg/policy_file.h"

#include "components/authority/role.h"
#include "dot2/sign.h"

static struct signer signer_of_party(const struct party *party)
{
	return (struct signer){.key = party->sign, .cert = party->cert, .crypto = party->crypto, .attach = true};
}

/* Others could not believe what another role signs; so nobody else signs it. */
static enum key_status check_role(const struct party *party, enum role wanted, const char *what, struct key_error *err)
{
	enum role role;

	if (party->cert == NULL || !role_of_certificate(party->cert, &role))
		return key_fail(err, KEY_VALUE, "%s: signed by a %s only, and this signer is no component", what, role_title(wanted));
	if (role != wanted)
		return key_fail(err, KEY_VALUE, "%s: signed by a %s only, and this signer is a %s", what, role_title(wanted),
				role_title(role));
	return KEY_OK;
}

enum key_status policy_part_sign(const struct party *party, struct scms_slice tbs, scms_time64 now, struct bytes *out,
				 struct key_error *err)
{
	const struct signer signer = signer_of_party(party);
	struct BasePolicyFile file = {.version = 1};
	struct bytes signature = {NULL, 0};
	enum key_status status;

	*out = (struct bytes){NULL, 0};
	if (private_key_public(party->sign)->curve == SCMS_NIST_P384 || private_key_public(party->sign)->curve == SCMS_BRAINPOOL_P384R1)
		return key_fail(err, KEY_CURVE, "policy: countersigned by a key of 256 bits only");
	if (oer_decode(&oer_ToBeSignedPolicyData, tbs, OER_DEPTH_DEFAULT, &file.tbsData, NULL) != OER_OK)
		return key_fail(err, KEY_VALUE, "policy: what is to be signed is no ToBeSignedPolicyData");
	status = countersignature_make(&signer, tbs, now, &signature, err);
	if (status != KEY_OK)
		return status;
	file.signatures = (struct oer_list){.bytes = bytes_view(&signature), .count = 1, .element = &oer_Countersignature};
	status = make_bytes(&oer_BasePolicyFile, &file, out, err);
	bytes_free(&signature);
	return status;
}

/* Wraps a policy file and signs it from outside. */
static enum key_status sign_file(const struct party *party, const struct PolicyFiles *files, struct bytes *out,
				 struct key_error *err)
{
	const struct ScmsFile file = {
	    .version = 1, .content = {.choice = ScmsFile_content_is_policy, .u.policy = *files}};
	const struct signer signer = signer_of_party(party);
	const struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT};
	struct bytes encoded = {NULL, 0};
	enum key_status status = make_bytes(&oer_ScmsFile, &file, &encoded, err);

	if (status == KEY_OK)
		status = signed_unsecured_make(&signer, bytes_view(&encoded), &header, out, err);
	bytes_free(&encoded);
	return status;
}

static void set_times(struct policy_content *content, scms_time64 now)
{
	content->generation = now;
	if (content->active == 0)
		content->active = now;
}

enum key_status gpf_make(const struct party *pg, struct policy_content *content, scms_time64 now, struct bytes *out,
			 struct key_error *err)
{
	struct PolicyFiles files = {.choice = PolicyFiles_is_globalPolicyFile};
	struct bytes tbs = {NULL, 0}, part = {NULL, 0};
	enum key_status status = check_role(pg, ROLE_PG, "global policy", err);

	*out = (struct bytes){NULL, 0};
	if (status != KEY_OK)
		return status;
	if (content->part != POLICY_PART_GLOBAL)
		return key_fail(err, KEY_VALUE, "global policy: the content is of another part");
	set_times(content, now);
	status = policy_content_make(content, &tbs, err);
	if (status == KEY_OK)
		status = policy_part_sign(pg, bytes_view(&tbs), now, &part, err);
	if (status == KEY_OK && oer_decode(&oer_BasePolicyFile, bytes_view(&part), OER_DEPTH_DEFAULT,
					   &files.u.globalPolicyFile, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "global policy: cannot be encoded");
	if (status == KEY_OK)
		status = sign_file(pg, &files, out, err);
	bytes_free(&tbs);
	bytes_free(&part);
	return status;
}

enum key_status lpf_make(const struct party *ra, struct scms_slice custom, struct policy_content *local, scms_time64 now,
			 struct bytes *out, struct key_error *err)
{
	struct PolicyFiles files = {.choice = PolicyFiles_is_localPolicyFile};
	struct LocalPolicyFile *lpf = &files.u.localPolicyFile;
	struct bytes tbs = {NULL, 0}, part = {NULL, 0};
	enum key_status status = check_role(ra, ROLE_RA, "local policy", err);

	*out = (struct bytes){NULL, 0};
	if (status != KEY_OK)
		return status;
	if (local->part != POLICY_PART_LOCAL)
		return key_fail(err, KEY_VALUE, "local policy: the content is of another part");
	if (oer_decode(&oer_BasePolicyFile, custom, OER_DEPTH_DEFAULT, &lpf->globalParameters, NULL) != OER_OK ||
	    lpf->globalParameters.tbsData.policy.choice != Policy_is_custom)
		return key_fail(err, KEY_VALUE, "local policy: the signed custom part is none");
	set_times(local, now);
	status = policy_content_make(local, &tbs, err);
	if (status == KEY_OK)
		status = policy_part_sign(ra, bytes_view(&tbs), now, &part, err);
	if (status == KEY_OK &&
	    oer_decode(&oer_BasePolicyFile, bytes_view(&part), OER_DEPTH_DEFAULT, &lpf->localParamters, NULL) != OER_OK)
		status = key_fail(err, KEY_FAILED, "local policy: cannot be encoded");
	if (status == KEY_OK)
		status = sign_file(ra, &files, out, err);
	bytes_free(&tbs);
	bytes_free(&part);
	return status;
}
