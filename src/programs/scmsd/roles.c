/* SPDX-License-Identifier: Apache-2.0 */
#include "roles.h"

#include "components/crl_store/service.h"
#include "components/dcm/service.h"
#include "components/eca/service.h"
#include "components/la/service.h"
#include "components/ma/service.h"
#include "components/pca/service.h"
#include "components/ra/service.h"

const struct role_service *const role_services[] = {
    &crl_store_service, &dcm_service, &eca_service, &la_service, &ma_service, &pca_service, &ra_service, NULL,
};
