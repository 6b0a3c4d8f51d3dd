/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named.h: certificates of components by role and host name, among those of a chain file.
 */
#ifndef COMPONENTS_NAMED_H
#define COMPONENTS_NAMED_H

#include "components/authority/role.h"

/*
 * The k-th certificate, k from 0, of this role and host name in a run (encodings one after another). host.n 0: of any name.
 * False past the last. Whether it is to be believed is the store's to say.
 */
bool certificate_named(struct scms_slice run, enum role role, struct scms_slice host, unsigned k,
		       const struct scms_crypto *crypto, struct scms_slice *out);

/* The host name in a certificate; empty where it has another kind of id. */
struct scms_slice certificate_host(const struct cert *cert);

#endif
