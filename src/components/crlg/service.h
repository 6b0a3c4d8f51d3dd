/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the CRL generator as a running component.
 *
 *   POST /crlg/revocations   a RevocationOrder, from the MA; the same order again changes nothing
 *   POST /crlg/ballots       a BallotHistory of removal ballots, from the manager
 *   POST /crlg/root-crl      a CRL of series 256, signed by the root, from the manager
 *   GET  /crlg/composite     the composite CRL as it stands, for the manager
 *   POST /crlg/composite     one that the operator made of it (scms crl take, make or reset), from the manager: refused where it
 *                            would take back what is out
 *
 * The composite CRL is all that it keeps. An order is answered once the next one is signed and on disk; it then goes to the CRL
 * store, again and again until that has it. Lists are signed anew before they are due, also where nothing is revoked.
 */
#ifndef COMPONENTS_CRLG_SERVICE_H
#define COMPONENTS_CRLG_SERVICE_H

#include "service/daemon.h"

extern const struct role_service crlg_service;

#endif
