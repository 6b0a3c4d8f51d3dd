/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.h: HTTPS requests through libcurl, on the event base of the process.
 *
 * Connections are kept and shared. An answer is bounded in bytes and in time; redirections are not followed.
 */
#ifndef SERVICE_HTTP_CLIENT_H
#define SERVICE_HTTP_CLIENT_H

#include "service/tls.h"

#include <event2/event.h>

struct http_client;

/* The files of identity are read here, once. NULL on failure. */
struct http_client *http_client_new(struct event_base *base, const struct tls_identity *identity, struct tls_error *err);

/*
 * Reads the files anew, for requests that begin from now on; those under way, and connections that are open, keep what they have. False:
 * these cannot be used, err says why, and the client goes on with those that it has.
 */
SCMS_CHECKED bool http_client_renew(struct http_client *client, const struct tls_identity *identity, struct tls_error *err);

/* Requests under way are given up; their done is called with status 0. */
void http_client_free(struct http_client *client);

struct http_call {
	const char *url;	      /* https://... */
	const char *const *headers;   /* "Name: value", NULL after the last; may be NULL */
	bool post;
	struct scms_slice body; /* of a POST; copied */
	size_t answer_max;	/* bytes */
	unsigned seconds;	/* at most, in all; 0: 30 */
};

struct http_result {
	int status; /* 0: there was no answer */
	struct scms_slice body;
	const char *error; /* in words, where status is 0 */
	const char *tag;   /* ETag, or "" */
	const char *why;   /* SCMS-POC-Error-Message: why it is refused, in test mode; or "" */
};

/* Begins a request. done is called once, later; result is valid during the call. False without memory: done is not called. */
bool http_client_send(struct http_client *client, const struct http_call *call,
		      void (*done)(void *ctx, const struct http_result *result), void *ctx);

#endif
