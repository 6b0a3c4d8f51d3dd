/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecas.h: whose devices this RA serves (CAMP: Step 11.1.1, Add ECA; Step 11.2.1, Revoke ECA).
 *
 * The setting `ecas` names enrolment CAs by the host name in their certificates; without it every ECA that the trust store
 * believes is served. From the moment that an ECA is not named any more, or is revoked, its devices are refused, and
 * nothing more is made ahead for them: their requests end. Should it be named again, they ask again.
 */
#ifndef COMPONENTS_RA_ECAS_H
#define COMPONENTS_RA_ECAS_H

#include "components/ra/ra.h"

/* Is an ECA of this name one of those served? */
bool ra_eca_named(const struct service *service, const struct cert *eca);

/* Notes, within the turn's transaction, who issued an enrolment certificate. False: the database failed. */
SCMS_CHECKED bool ra_eca_enter(struct service *service, const struct cert *eca, int64_t enrolment);

/* The trust store or the settings may have changed: ends the requests of devices whose ECA is served no more. */
void ra_ecas_review(struct service *service);

#endif
