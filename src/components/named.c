/* SPDX-License-Identifier: Apache-2.0 */
#include "components/named.h"

#include <string.h>

struct scms_slice certificate_host(const struct cert *cert)
{
	const struct CertificateId *id = &cert->c.toBeSigned.id;

	return id->choice == CertificateId_is_name ? id->u.name : (struct scms_slice){NULL, 0};
}

bool certificate_named(struct scms_slice run, enum role role, struct scms_slice host, unsigned k,
		       const struct scms_crypto *crypto, struct scms_slice *out)
{
	while (run.n > 0) {
		struct scms_slice one = {run.p, 0}, name;
		struct cert cert;
		enum role found;

		if (oer_decode_prefix(&oer_Certificate, &run, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK)
			return false;
		one.n = (size_t)(run.p - one.p);
		if (cert_read(&cert, one, crypto, NULL) != OER_OK || !role_of_certificate(&cert, &found) || found != role)
			continue;
		name = certificate_host(&cert);
		if (host.n > 0 && (name.n != host.n || memcmp(name.p, host.p, host.n) != 0))
			continue;
		if (k-- == 0) {
			*out = one;
			return true;
		}
	}
	return false;
}
