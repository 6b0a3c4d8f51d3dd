/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.h: the roles that run as servers.
 */
#ifndef PROGRAMS_ROLES_H
#define PROGRAMS_ROLES_H

#include "service/daemon.h"

/* NULL after the last. */
extern const struct role_service *const role_services[];

#endif
