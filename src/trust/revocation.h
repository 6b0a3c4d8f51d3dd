/* SPDX-License-Identifier: Apache-2.0 */
/* revocation.h: what the trust library asks of a table of scms/revocation.h. */
#ifndef TRUST_REVOCATION_H
#define TRUST_REVOCATION_H

#include "dot2/crl.h"
#include "trust/store.h"

#include <scms/revocation.h>

/*
 * Do the CRLs of this state list the subject? *known false: the table cannot tell, since it was made from other bytes
 * or is of another i-period; the verdict then means nothing.
 */
enum scms_verdict revocation_lists(const struct scms_revocation *table, const struct crl_state *state,
				   struct crl_subject *subject, bool *known);

#endif
