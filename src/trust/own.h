/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own.h: the holder's own certificates, and whether it may operate (trust rules D6.1, H9).
 */
#ifndef TRUST_OWN_H
#define TRUST_OWN_H

#include "trust/source.h"

/*
 * Takes a session's own certificates: each must be valid now; those that are replace the holder's. Their issuers are kept
 * with them, so that no chain file that lacks one (anybody may have made it) can end the holder's operation. The same
 * certificates again are UNCHANGED. False where crypto or objects failed; *refused is set where a file does not decode.
 */
SCMS_CHECKED bool own_apply(struct scms_store *store, const struct scms_session *session, struct source *source,
			    scms_time64 now, const struct scms_report *report, bool *refused);

/* SCMS_VALID where the holder may operate (also without own certificates); otherwise the reason why it must cease. */
enum scms_reason own_status(const struct scms_store *store, struct trust_env env, scms_time64 now);

#endif
