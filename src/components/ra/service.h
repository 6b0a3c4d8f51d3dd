/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the registration authority as a running component.
 *
 * For end entities, as published (CAMP ee-ra):
 *   POST /provision-pseudonym-certificate-batch, /provision-identity-certificate, /provision-application-certificate
 *   GET  /download/batch, /download/identity-certificate, /download/application-certificate, /download/info,
 *        /download/policy/local, /download/local-certificate-chain      (header Download-Req)
 *   POST /process-misbehavior-report      passed on to the MA
 * For components:
 *   POST /enrolment-succession      an EnrolmentSuccession, from the DCM
 *   POST /ra/blacklist, /ra/linkage-chains, /ra/rif-blacklist, /ra/certificates     from the MA, as published (CAMP ma-ra)
 *   GET  /certificate               its certificate
 *
 * Files: <16 hex digits of the request's hash>_<i in hex>.zip, in it <i>_<j> for each certificate; <hash>.info, one Time32;
 * an application certificate by the hash alone, the SignedEncryptedCertificateResponse itself.
 */
#ifndef COMPONENTS_RA_SERVICE_H
#define COMPONENTS_RA_SERVICE_H

#include "service/daemon.h"

extern const struct role_service ra_service;

#endif
