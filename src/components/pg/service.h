/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the policy generator as a running component.
 *
 *   GET  /download/policy/global, /download/global-certificate-chain, /download/ballot-history
 *   POST /sign-policy   an RA's ScopedRaPgPolicySignatureRequest; answered with the reply, countersigned or with the reason
 *   POST /publish       a TrustUpdate from the manager: what is out from now on
 *
 * What it would not believe itself it does not publish: a file is served once the PG's own trust store has taken it.
 */
#ifndef COMPONENTS_PG_SERVICE_H
#define COMPONENTS_PG_SERVICE_H

#include "service/daemon.h"

extern const struct role_service pg_service;

#endif
