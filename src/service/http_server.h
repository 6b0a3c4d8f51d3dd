/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h: an HTTPS server on libevent.
 *
 * One thread, one event base. A request is read whole, within the limits, and handed to the handler of its path; the
 * handler answers at once or later (until a transaction is on disk, say), exactly once. What a client can do is bounded:
 * connections, bytes of headers and body, and the time in which a request must have come in whole, however slowly its
 * bytes drip.
 */
#ifndef SERVICE_HTTP_SERVER_H
#define SERVICE_HTTP_SERVER_H

#include "service/tls.h"

#include <event2/event.h>

struct http_server;
struct http_exchange; /* one request and its answer */

enum http_method { HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4 };

/* A path, or the head of one where it ends with '/'. The longest that matches is taken. */
struct http_route {
	unsigned methods; /* enum http_method, joined */
	const char *path;
	const char *role;	/* the client must show a TLS certificate of this role; NULL: anybody */
	bool known_peer;	/* the client must show a TLS certificate, of any role */
	size_t body_max;	/* bytes; who shows no certificate is cut off at the largest of the routes that need none */
	void (*handle)(void *ctx, struct http_exchange *exchange);
	void *ctx;
};

/* Zero in a member stands for its default. */
struct http_limits {
	unsigned connections;	  /* 4,096; for further ones those close that have been silent for longest */
	size_t header_bytes;	  /* 16 KiB */
	unsigned request_seconds; /* 20: from the first byte, or the last answer, until a request is there whole */
	unsigned idle_seconds;	  /* 60: on a connection between requests */
};

struct http_error {
	char text[256];
};

/*
 * An event base for servers: the kernel is told once a turn what to wait for, and nothing where that did not change. No
 * descriptor in it may be a duplicate of another. NULL without memory.
 */
struct event_base *http_base_new(void);

/*
 * Listens on address ("127.0.0.1", "::", ...) and port (0: any that is free). routes and tls stay the caller's and must
 * outlive the server. From here on the process ignores SIGPIPE. NULL on failure.
 */
struct http_server *http_server_new(struct event_base *base, const char *address, uint16_t port, SSL_CTX *tls,
				    const struct http_route *routes, size_t route_count,
				    const struct http_limits *limits, struct http_error *err);

/* Connections that come from now on get this one; those that are open keep theirs. Of the one before the server wants no more. */
void http_server_renew(struct http_server *server, SSL_CTX *tls);

uint16_t http_server_port(const struct http_server *server);

/*
 * Accepts no more. Requests that have come, or are coming in at this moment, are answered, and the connections closed; those on which
 * nothing is going on at once. done is called when the last is gone.
 */
void http_server_stop(struct http_server *server, void (*done)(void *ctx), void *ctx);

/* Frees it; open connections are cut. */
void http_server_free(struct http_server *server);

/*
 * Lets the owner choose the status of every answer before it goes out, also of those that the server gives itself: exchange has no
 * route (http_route is NULL) where there is no such path.
 */
void http_server_shows(struct http_server *server, int (*shown)(void *ctx, const struct http_exchange *exchange, int status), void *ctx);

/* For metrics. */
struct http_counts {
	uint64_t connections, requests;
	uint64_t answered[6]; /* by the first digit of the status */
	unsigned open;
};

struct http_counts http_server_counts(const struct http_server *server);

/* ---- the request ---- */

enum http_method http_method(const struct http_exchange *exchange);
/* Starts with '/'; has no escapes, no "..", no empty part, no query: what has is refused before any handler. */
const char *http_path(const struct http_exchange *exchange);
/* The route that was taken; NULL, which no handler sees: none. */
const struct http_route *http_route(const struct http_exchange *exchange);
/* What follows the route's path. */
const char *http_rest(const struct http_exchange *exchange);
const char *http_header(const struct http_exchange *exchange, const char *name);
/* Valid until the exchange is answered. */
struct scms_slice http_body(struct http_exchange *exchange);
/* Was a TLS certificate of this role shown? */
bool http_peer_has_role(const struct http_exchange *exchange, const char *role);

/* The host that such a certificate names. */
bool http_peer_host(const struct http_exchange *exchange, char *host, size_t size);

/* The hash of its key (tls_key_hash). */
bool http_peer_key(const struct http_exchange *exchange, uint8_t hash[32]);

/* ---- the answer: one of these, once ---- */

void http_answer_header(struct http_exchange *exchange, const char *name, const char *value);
/* The body is copied; an empty one is fine. */
void http_answer(struct http_exchange *exchange, int status, const char *type, struct scms_slice body);

/* What is served many times: bytes that do not change, and their entity tag. */
struct http_content;

/* Takes over bytes (malloc). NULL without memory; then bytes are freed. */
struct http_content *http_content_new(struct scms_slice bytes, const char *type);
struct scms_slice http_content_bytes(const struct http_content *content);
/* The entity tag: quoted, SHA-256 in base64. */
const char *http_content_tag(const struct http_content *content);
void http_content_free(struct http_content *content); /* answers on their way keep it alive */

/* Answers If-None-Match with 304 and one Range with 206 or 416; nothing is copied. */
void http_answer_content(struct http_exchange *exchange, struct http_content *content);

#endif
