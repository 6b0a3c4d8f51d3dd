/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the CRL store as a server.
 */
#ifndef COMPONENTS_CRL_STORE_SERVICE_H
#define COMPONENTS_CRL_STORE_SERVICE_H

#include "service/daemon.h"

extern const struct role_service crl_store_service;

#endif
