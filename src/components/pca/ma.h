/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ma.h: what the PCA tells the MA about certificates that it issued (CAMP ma-pca): the sealed pre-linkage values with
 * the LAs that gave them, two entries for each linkage value; and the hash of the request (HPCR) with the RA it came from.
 */
#ifndef COMPONENTS_PCA_MA_H
#define COMPONENTS_PCA_MA_H

#include "components/role_service.h"

#define PCA_MA_REQUEST_MAX 65536
#define PCA_MA_VALUES_MAX 1000 /* linkage values in one request */

/* POST /pca/pre-linkage-values: SecuredMaPcaPreLinkageValueRequest. */
void pca_ma_values(struct service *service, struct http_exchange *exchange);

/* POST /pca/request-hashes: SecuredMaPcaHPCRRequest. */
void pca_ma_hashes(struct service *service, struct http_exchange *exchange);

#endif
