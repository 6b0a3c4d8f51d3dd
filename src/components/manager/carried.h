/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carried.h: files that somebody brings (on a stick, by mail), told apart by what they are, as one session.
 *
 * An update (update.h), policy file, composite CRL, chain file, ballot history, certificate, or a single ballot, which is
 * taken for a history of one.
 */
#ifndef COMPONENTS_MANAGER_CARRIED_H
#define COMPONENTS_MANAGER_CARRIED_H

#include "components/manager/vote_make.h"
#include "components/update.h"

#include <scms/trust.h>

#define CARRIED_BYTES_MAX UPDATE_BYTES_MAX

/* Zero to begin with. It points into the bytes that were added: they must outlive it. Not to be copied. */
struct carried {
	struct scms_session session;
	struct scms_slice certificates[UPDATE_CERTIFICATES_MAX];
	struct bytes history; /* that ballots were put into */
};

/* What a file is: "chain file"; NULL: err says why it can be nothing that is known, or that there is one already. */
const char *carried_add(struct carried *carried, struct scms_slice bytes, const struct scms_crypto *crypto,
			struct motion_error *err);

void carried_free(struct carried *carried);

#endif
