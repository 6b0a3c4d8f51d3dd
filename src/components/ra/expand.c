/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/expand.h"

#include <string.h>

enum key_status caterpillars_read(const struct EeRaPseudonymCertProvisioningRequest *request, struct caterpillars *out,
				  struct key_error *err)
{
	enum key_status status = point_from_256(&request->verify_key_info.seed_key, "verify-key-info.seed-key", &out->sign, err);

	if (status == KEY_OK)
		status = point_from_256(&request->resp_enc_key_info.seed_key, "resp-enc-key-info.seed-key", &out->respond, err);
	memcpy(out->sign_expansion, request->verify_key_info.expansion, AES_128_KEY);
	memcpy(out->respond_expansion, request->resp_enc_key_info.expansion, AES_128_KEY);
	return status;
}

enum key_status caterpillars_expand(const struct caterpillars *caterpillars, uint16_t i, uint8_t j, struct cocoons *out,
				    struct key_error *err)
{
	const struct butterfly_index sign = {BUTTERFLY_SIGNING, i, j}, respond = {BUTTERFLY_ENCRYPTION, i, j};

	if (!butterfly_public(&caterpillars->sign, caterpillars->sign_expansion, &sign, &out->sign) ||
	    !butterfly_public(&caterpillars->respond, caterpillars->respond_expansion, &respond, &out->respond))
		return key_fail(err, KEY_FAILED, "no cocoon key could be computed");
	return KEY_OK;
}
