/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crl_file.h"

enum oer_status crl_file_read(struct crl_file *file, struct scms_slice bytes, struct oer_error *err)
{
	struct CompositeCrl121 older;
	struct CompositeCrl decoded;
	struct oer_error other;
	enum oer_status status = oer_decode(&oer_CompositeCrl, bytes, OER_DEPTH_DEFAULT, &decoded, err);

	if (status == OER_OK) {
		*file = (struct crl_file){FORM_124, decoded.securedCrlSeries, decoded.revokedRootCAs, decoded.revokedElectors};
		return OER_OK;
	}
	status = oer_decode(&oer_CompositeCrl121, bytes, OER_DEPTH_DEFAULT, &older, &other);
	if (status == OER_OK) {
		*file = (struct crl_file){FORM_121, older.securedCrlSeries, older.revokedRootCAs, older.revokedElectors};
		return OER_OK;
	}
	if (err == NULL)
		return status;
	/* Neither form: what came further is what the file meant to be. */
	if (other.offset > err->offset)
		*err = other;
	return err->status;
}
