/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_exchange.h: what the files of the HTTP server share.
 */
#ifndef SERVICE_HTTP_EXCHANGE_H
#define SERVICE_HTTP_EXCHANGE_H

#include "service/http_server.h"

struct evbuffer;

/* Sends the answer with this body (NULL: none), of which it takes the contents, and ends the exchange. */
void exchange_send(struct http_exchange *exchange, int status, struct evbuffer *body);

#endif
