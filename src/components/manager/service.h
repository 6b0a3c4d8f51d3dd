/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the SCMS Manager's technical component: fast distribution, and the picture of the whole.
 *
 *   POST /push      a TrustUpdate: brought to every component of scmsd.conf (its peers) at once, and again until each has it;
 *                   header SCMS-Deadline: seconds by which all ought to have it
 *   GET  /push/ID   who has it, who has not
 *   GET  /state     components with their trust stores and clocks, updates under way, motions, margins
 *
 * All of them for the TLS role manager; operators at the machine itself have a page (console.h). The manager decides nothing: each component judges for itself.
 */
#ifndef COMPONENTS_MANAGER_SERVICE_H
#define COMPONENTS_MANAGER_SERVICE_H

#include "service/daemon.h"

extern const struct role_service manager_service;

#endif
