/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_identity.h: a running component's identity: the one in use, the one that is staged, and the switch between them.
 */
#ifndef SERVICE_IDENTITY_H
#define SERVICE_IDENTITY_H

#include "service/daemon.h"

/* Opens the home and the keys of the active identity; tells the trustee. Roles without a certificate have TLS alone. */
SCMS_CHECKED bool identity_open(struct service *service, struct service_error *err);
void identity_close(struct service *service);

/* Says when the staged identity becomes the active one. */
SCMS_CHECKED bool identity_schedule(struct service *service, scms_time64 at, struct service_error *err);

/* Switches if the moment has come, and says so in the log. To be called once a second, and at the moment itself. */
void identity_tick(struct service *service, scms_time64 now);

/* {"active": {"id": "...", "from": ..., "until": ...}, "staged": {..., "activate": ...}}; null for one that there is not. */
json_t *identity_json(const struct service *service);

void identity_metrics(const struct service *service, struct metrics *to);

#endif
