/* SPDX-License-Identifier: Apache-2.0 */
#include "roles.h"

#include "components/crl_store/service.h"
#include "components/crlg/service.h"
#include "components/dcm/service.h"
#include "components/eca/service.h"
#include "components/la/service.h"
#include "components/ma/service.h"
#include "components/manager/service.h"
#include "components/pca/service.h"
#include "components/pg/service.h"
#include "components/ra/service.h"

const struct role_service *const role_services[] = {
    &crl_store_service, &crlg_service, &dcm_service, &eca_service, &la_service, &ma_service,
    &manager_service,	&pca_service,  &pg_service,  &ra_service,  NULL,
};
