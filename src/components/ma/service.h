/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the misbehaviour authority as a running component.
 *
 *   POST /process-misbehavior-report   a SecuredMisbehaviorReport, brought by an RA that cannot read it
 *   GET  /reports                      for the manager: how many, about how many, by state
 *
 * Who is reported by as many different certificates as `reports` says is revoked: the walk (walk.h) is gone step by step, and
 * what it ends in goes to the CRLG. A walk that does not end, because a peer is down, is begun again later; each of its
 * steps may be repeated. Afterwards the MA forgets whom it was about: what is left is the hash of what was asked.
 */
#ifndef COMPONENTS_MA_SERVICE_H
#define COMPONENTS_MA_SERVICE_H

#include "service/daemon.h"

extern const struct role_service ma_service;

#endif
