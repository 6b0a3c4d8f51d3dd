/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.h: what each kind of component does as a server (service/daemon.h). One file a role.
 */
#ifndef ROLES_ROLES_H
#define ROLES_ROLES_H

#include "service/daemon.h"

extern const struct role_service role_crl_store;

#endif
