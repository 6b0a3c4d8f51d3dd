/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Misbehaviour reports: encrypted to the MA, passed on as they come. The RA reads nothing of them, and neither keeps nor
 * logs who brought one.
 */
#include "components/ra/ra.h"

#include <stdlib.h>

struct relay {
	struct service *service;
	struct http_exchange *exchange;
};

static void on_taken(void *ctx, const struct http_result *result)
{
	struct relay *relay = ctx;

	if (result->status == 200)
		http_answer(relay->exchange, 200, OCTETS, (struct scms_slice){NULL, 0});
	else
		service_refuse(relay->service, relay->exchange, result->status >= 400 && result->status < 500 ? 400 : 503, RA_NO_CODE,
			       "the MA does not take the report");
	free(relay);
}

void ra_handle_report(struct service *service, struct http_exchange *exchange)
{
	struct relay *relay = malloc(sizeof(*relay));

	if (relay != NULL)
		*relay = (struct relay){service, exchange};
	if (relay == NULL || !service_call(service, "ma", "/process-misbehavior-report", http_body(exchange), 1024, on_taken, relay)) {
		service_refuse(service, exchange, 503, RA_NO_CODE, "out of memory");
		free(relay);
	}
}
