/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the pseudonym CA as a running component (CAMP pca-ra, la-pca, ma-pca).
 *
 *   POST /pca/pseudonym           a SecuredRaPcaCertificateRequest, from an RA; answered with a
 *                                 SecuredPcaRaCertificateRequestReply
 *   POST /pca/identification, /pca/application   the same, with an auth-cert-req
 *   POST /pca/pre-linkage-values  a SecuredMaPcaPreLinkageValueRequest, from the MA (ma.h)
 *   POST /pca/request-hashes      a SecuredMaPcaHPCRRequest, from the MA (ma.h)
 *   GET /certificate              its certificate
 *
 * One request, one certificate, whoever it is for. What it keeps of a certificate lies in tables that are ordered by the
 * hash of the request (HPCR: SHA-256 of the ScmsPDU, the same however often it is signed): neither row numbers nor times
 * say in which order requests came, and nothing in a row is the same for two certificates of one vehicle. A request that
 * comes again gets the answer that it got: nothing is issued twice.
 */
#ifndef COMPONENTS_PCA_SERVICE_H
#define COMPONENTS_PCA_SERVICE_H

#include "service/daemon.h"

extern const struct role_service pca_service;

#endif
