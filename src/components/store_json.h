/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_json.h: what a trust store holds, as the JSON of `dump` (conformance/README.md).
 */
#ifndef COMPONENTS_STORE_JSON_H
#define COMPONENTS_STORE_JSON_H

#include <scms/trust.h>

#include <jansson.h>

/* status: of scms_store_status at now. */
json_t *store_json(const struct scms_store *store, const struct scms_store_status *status, scms_time64 now);

#endif
