/* SPDX-License-Identifier: Apache-2.0 */
#include "roles.h"

#include "roles/roles.h"

const struct role_service *const role_services[] = {
    &role_crl_store,
    NULL,
};
