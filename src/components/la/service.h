/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the linkage authority as a running component (CAMP la-ra, la-pca, la-ma).
 *
 *   POST /la/pre-linkage-values   a SignedRaLaIndividualPreLinkageValueRequest, from an RA; answered with a
 *                                 SignedLaRaPreLinkageValueResponse
 *   POST /la/key-agreement        a SignedPcaLaKeyAgreementRequest, from a PCA; answered with a
 *                                 SignedLaPcaKeyAgreementResponse. Or a SignedPcaLaKeyAgreementAck; answered with nothing
 *   POST /la/linkage-seed         a SecuredLSRequest, from the MA; answered with a SecuredLSReply
 *   GET /certificate              its certificate
 *
 * It keeps the keys that it shares with PCAs, and nothing of any chain: the RA brings a chain's identifier when it wants
 * more of it, the MA when the device is revoked.
 */
#ifndef COMPONENTS_LA_SERVICE_H
#define COMPONENTS_LA_SERVICE_H

#include "service/daemon.h"

extern const struct role_service la_service;

#endif
