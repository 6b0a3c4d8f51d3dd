/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_policy.h: what this RA makes of the global policy (trust rule H3, CAMP Local Policy File).
 *
 * Settings of scmsd.conf change the parameters that an RA may change, within the range that the global policy leaves it
 * (components/pg/policy_content.h); a setting outside of it does not hold, and is told in the log. In test mode it holds for
 * this RA's own work, and is not in its policy file. `drop` names parameters of no use to the RA's devices: they are left
 * out of the file. The PG signs such a copy only where nothing critical is gone.
 */
#ifndef COMPONENTS_RA_LOCAL_POLICY_H
#define COMPONENTS_RA_LOCAL_POLICY_H

#include "components/pg/policy_custom.h"
#include "components/ra/ra.h"

/* The parameters in force. global NULL: none was published yet, the defaults hold. */
void ra_policy_read(const struct service *service, const struct policy_content *global, struct ra_policy *policy);

/* The RA's copy of the global policy, to be signed by the PG. Points into global. */
void ra_policy_custom(const struct service *service, const struct policy_content *global, struct policy_content *custom);

/* The RA's local part; points into it and the service. */
void ra_policy_local(const struct service *service, const struct policy_content *custom, struct policy_content *local);

/* For role_service.check: are the names of `drop` those of parameters, and are there some in `ecas`? */
const char *ra_settings_check(const struct service *service, struct service_error *err);

#endif
