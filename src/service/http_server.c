/* SPDX-License-Identifier: Apache-2.0 */
#include "http_exchange.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define DESCRIPTORS_KEPT 64 /* for files, databases and clients of the process's own */
#define BYTES_PER_SECOND_MIN 1024 /* a client that takes an answer more slowly is cut off */
#define STOP_SECONDS 5 /* for a request that is on its way when the server is told to stop */
#define RECORD_BYTES 16384 /* of a TLS record */
#define CROWD 256 /* connections whose memory is worth giving back */

/* One TLS connection. It hangs on the SSL object, with which it begins and ends. */
struct connection {
	TAILQ_ENTRY(connection) link;
	struct http_server *server;
	struct bufferevent *bev;
	struct event *deadline, *more;
	size_t received; /* bytes since the last request */
	bool busy; /* a request is with its handler, or its answer on its way */
	bool cut;
};

struct http_server {
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener;
	SSL_CTX *tls;
	const struct http_route *routes;
	size_t route_count;
	struct http_limits limits;
	size_t open_max; /* bytes of a request by who shows no certificate */
	struct http_counts counts;
	TAILQ_HEAD(, connection) connections; /* whoever has been silent for longest first */
	unsigned crowd; /* the most connections since memory was last given back */
	bool full, stopping;
	struct event *stopped;
	void (*done)(void *ctx);
	void *done_ctx;
	int (*shown)(void *ctx, const struct http_exchange *exchange, int status);
	void *shown_ctx;
};

struct http_exchange {
	struct http_server *server;
	struct evhttp_request *request;
	const struct http_route *route;
	const char *path;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int connection_index;

/* ---- connections ---- */

/*
 * When a crowd has gone, so should its memory: what is left in between would pin the heap at the height of the worst moment,
 * and a second crowd finds it in pieces.
 */
static void give_back(struct http_server *server)
{
	if (server->crowd < CROWD || server->counts.open > server->crowd / 2)
		return;
	malloc_trim(0);
	server->crowd = server->counts.open;
}

static void connection_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	struct connection *connection = ptr;
	struct http_server *server;

	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	if (connection == NULL)
		return;
	server = connection->server;
	TAILQ_REMOVE(&server->connections, connection, link);
	event_free(connection->deadline);
	event_free(connection->more);
	free(connection);
	server->counts.open--;
	give_back(server);
	if (server->full && !server->stopping) {
		server->full = false;
		evconnlistener_enable(server->listener);
	}
	if (server->stopping && server->counts.open == 0 && server->stopped != NULL)
		event_active(server->stopped, EV_TIMEOUT, 0);
}

static void make_index(void)
{
	connection_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, connection_free);
}

/* libevent sees the end of the stream, and frees what belongs to it. */
static void connection_cut(struct connection *connection)
{
	evutil_socket_t fd = bufferevent_getfd(connection->bev);

	connection->cut = true;
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	connection_cut(arg);
}

static void set_deadline(struct connection *connection, size_t seconds)
{
	struct timeval tv = {(time_t)seconds, 0};

	evtimer_add(connection->deadline, &tv);
}

/*
 * TLS reads ahead: it may have more than it gave out, of which the socket does not tell. Where libevent is ready to take it,
 * it does.
 */
static void on_more(evutil_socket_t fd, short what, void *arg)
{
	const struct connection *connection = arg;

	(void)fd, (void)what;
	if (!connection->cut)
		event_base_active_by_fd(connection->server->base, bufferevent_getfd(connection->bev), EV_READ);
}

static void look_for_more(struct connection *connection)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(connection->bev);

	if (ssl != NULL && SSL_has_pending(ssl))
		event_active(connection->more, EV_READ, 0);
}

/* A request may have come with the end of the handshake. */
static void on_handshake(const SSL *ssl, int where, int result)
{
	struct connection *connection = SSL_get_ex_data(ssl, connection_index);

	(void)result;
	if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && connection != NULL)
		look_for_more(connection);
}

/*
 * libevent takes in a whole body before anybody sees the path, and knows one limit for all. Large ones are for known peers
 * only, so that strangers cannot fill the memory, however many they are.
 */
static void on_bytes(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct connection *connection = arg;
	struct http_server *server = connection->server;
	const SSL *ssl = bufferevent_openssl_get_ssl(connection->bev);

	(void)input;
	connection->received += info->n_added;
	if (connection->received > server->open_max && (ssl == NULL || SSL_get0_peer_certificate(ssl) == NULL))
		connection_cut(connection);
	else
		look_for_more(connection);
}

/*
 * There is no more room: nobody is accepted until somebody has gone. Those give way who have been silent for longest, so that a
 * crowd that opens connections and says nothing drives out itself; whoever waits for an answer stays.
 */
static void make_room(struct http_server *server, const struct connection *newest)
{
	unsigned left = 1 + server->limits.connections / 64;
	struct connection *connection;

	server->full = true;
	evconnlistener_disable(server->listener);
	TAILQ_FOREACH(connection, &server->connections, link) {
		if (left == 0)
			break;
		if (connection->busy || connection->cut || connection == newest)
			continue;
		connection_cut(connection);
		left--;
	}
}

static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct http_server *server = arg;
	struct connection *connection = calloc(1, sizeof(*connection));
	SSL *ssl = SSL_new(server->tls);

	/* Without memory the handshake would fail in any case; libevent takes no NULL here for an answer. */
	if (connection == NULL || ssl == NULL)
		abort();
	connection->server = server;
	connection->deadline = evtimer_new(base, on_deadline, connection);
	connection->more = event_new(base, -1, 0, on_more, connection);
	connection->bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (connection->deadline == NULL || connection->more == NULL || connection->bev == NULL)
		abort();
	bufferevent_openssl_set_allow_dirty_shutdown(connection->bev, 1);
	if (evbuffer_add_cb(bufferevent_get_input(connection->bev), on_bytes, connection) == NULL)
		abort();
	SSL_set_ex_data(ssl, connection_index, connection);
	SSL_set_info_callback(ssl, on_handshake);
	TAILQ_INSERT_TAIL(&server->connections, connection, link);
	set_deadline(connection, server->limits.request_seconds);
	server->counts.connections++;
	if (++server->counts.open > server->crowd)
		server->crowd = server->counts.open;
	if (server->counts.open >= server->limits.connections)
		make_room(server, connection);
	return connection->bev;
}

/* NULL: the connection is gone already. */
static struct connection *connection_of(struct evhttp_request *request)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(request);
	SSL *ssl;

	if (evcon == NULL)
		return NULL;
	ssl = bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(evcon));
	return ssl != NULL ? SSL_get_ex_data(ssl, connection_index) : NULL;
}

/* ---- requests ---- */

static void on_sent(struct evhttp_request *request, void *arg)
{
	struct connection *connection = connection_of(request);

	(void)arg;
	if (connection == NULL)
		return;
	connection->busy = false;
	TAILQ_REMOVE(&connection->server->connections, connection, link);
	TAILQ_INSERT_TAIL(&connection->server->connections, connection, link);
	set_deadline(connection, connection->server->limits.idle_seconds);
	look_for_more(connection);
}

/*
 * Head and body go out in one record, as far as they fit, and at once: the socket nearly always takes them, and where it does
 * not, libevent waits.
 */
static void write_now(struct connection *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection->bev);
	size_t n = evbuffer_get_length(output);

	evbuffer_pullup(output, n < RECORD_BYTES ? (ev_ssize_t)n : RECORD_BYTES);
	event_base_active_by_fd(connection->server->base, bufferevent_getfd(connection->bev), EV_WRITE);
}

/* All answers go out here. */
void exchange_send(struct http_exchange *exchange, int status, struct evbuffer *body)
{
	struct http_server *server = exchange->server;
	struct connection *connection = connection_of(exchange->request);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);
	size_t n = body != NULL ? evbuffer_get_length(body) : 0;
	char length[24];

	if (server->shown != NULL)
		status = server->shown(server->shown_ctx, exchange, status);
	if (status >= 100 && status < 600)
		server->counts.answered[status / 100]++;
	if (connection != NULL) {
		set_deadline(connection, server->limits.idle_seconds + n / BYTES_PER_SECOND_MIN);
		evhttp_request_set_on_complete_cb(exchange->request, on_sent, NULL);
	}
	if (server->stopping)
		evhttp_add_header(headers, "Connection", "close");
	if (evhttp_request_get_command(exchange->request) == EVHTTP_REQ_HEAD) {
		snprintf(length, sizeof(length), "%zu", n);
		evhttp_add_header(headers, "Content-Length", length);
		body = NULL;
	}
	evhttp_send_reply(exchange->request, status, NULL, body);
	if (connection != NULL)
		write_now(connection);
	free(exchange);
}

static enum http_method method_of(const struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
		return HTTP_GET;
	case EVHTTP_REQ_HEAD:
		return HTTP_HEAD;
	default:
		return HTTP_POST;
	}
}

/* Published paths and file names need no more than this; a path that cannot be misread needs no care further in. */
static bool path_is_plain(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";

	return path != NULL && path[0] == '/' && path[strspn(path, plain)] == '\0' && strstr(path, "..") == NULL &&
	       strstr(path, "//") == NULL && strstr(path, "/.") == NULL;
}

/* Of rows with the same path, that of the method; any of them where none has it. */
static const struct http_route *route_of(const struct http_server *server, const char *path, enum http_method method)
{
	const struct http_route *best = NULL;
	size_t best_length = 0;

	for (size_t k = 0; k < server->route_count; k++) {
		const struct http_route *route = &server->routes[k];
		size_t n = strlen(route->path);

		if (best != NULL && (n < best_length || (n == best_length && (best->methods & method) != 0)))
			continue;
		if (strncmp(path, route->path, n) == 0 && (path[n] == '\0' || route->path[n - 1] == '/')) {
			best = route;
			best_length = n;
		}
	}
	return best;
}

static bool peer_is_known(const struct http_exchange *exchange)
{
	struct connection *connection = connection_of(exchange->request);
	const SSL *ssl = connection != NULL ? bufferevent_openssl_get_ssl(connection->bev) : NULL;

	return ssl != NULL && SSL_get0_peer_certificate(ssl) != NULL && SSL_get_verify_result(ssl) == X509_V_OK;
}

static int refusal(const struct http_exchange *exchange, const struct evhttp_uri *uri)
{
	const struct http_route *route = exchange->route;

	if (route == NULL)
		return 404;
	if (evhttp_uri_get_query(uri) != NULL || evhttp_uri_get_fragment(uri) != NULL)
		return 400;
	if ((route->methods & method_of(exchange->request)) == 0)
		return 405;
	if (evbuffer_get_length(evhttp_request_get_input_buffer(exchange->request)) > route->body_max)
		return 413;
	if ((route->role != NULL && !http_peer_has_role(exchange, route->role)) ||
	    (route->known_peer && !peer_is_known(exchange)))
		return 403;
	return 0;
}

static void on_request(struct evhttp_request *request, void *arg)
{
	struct http_server *server = arg;
	struct connection *connection = connection_of(request);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	struct http_exchange *exchange = calloc(1, sizeof(*exchange));
	int status;

	server->counts.requests++;
	if (exchange == NULL) {
		evhttp_send_error(request, 503, NULL);
		return;
	}
	if (connection != NULL) {
		connection->busy = true;
		connection->received = 0;
		evtimer_del(connection->deadline);
	}
	exchange->server = server;
	exchange->request = request;
	exchange->path = evhttp_uri_get_path(uri);
	if (path_is_plain(exchange->path))
		exchange->route = route_of(server, exchange->path, method_of(request));
	status = refusal(exchange, uri);
	if (status != 0)
		exchange_send(exchange, status, NULL);
	else
		exchange->route->handle(exchange->route->ctx, exchange);
}

enum http_method http_method(const struct http_exchange *exchange)
{
	return method_of(exchange->request);
}

const char *http_path(const struct http_exchange *exchange)
{
	return exchange->path;
}

const struct http_route *http_route(const struct http_exchange *exchange)
{
	return exchange->route;
}

const char *http_rest(const struct http_exchange *exchange)
{
	return exchange->path + strlen(exchange->route->path);
}

const char *http_header(const struct http_exchange *exchange, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(exchange->request), name);
}

struct scms_slice http_body(struct http_exchange *exchange)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(exchange->request);
	size_t n = evbuffer_get_length(body);

	return (struct scms_slice){n > 0 ? evbuffer_pullup(body, -1) : NULL, n};
}

bool http_peer_has_role(const struct http_exchange *exchange, const char *role)
{
	struct connection *connection = connection_of(exchange->request);

	return connection != NULL && tls_peer_has_role(bufferevent_openssl_get_ssl(connection->bev), role);
}

bool http_peer_host(const struct http_exchange *exchange, char *host, size_t size)
{
	struct connection *connection = connection_of(exchange->request);

	return connection != NULL && tls_peer_host(bufferevent_openssl_get_ssl(connection->bev), host, size);
}

bool http_peer_key(const struct http_exchange *exchange, uint8_t hash[32])
{
	struct connection *connection = connection_of(exchange->request);

	return connection != NULL && tls_key_hash(SSL_get0_peer_certificate(bufferevent_openssl_get_ssl(connection->bev)), hash);
}

void http_answer_header(struct http_exchange *exchange, const char *name, const char *value)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);

	evhttp_remove_header(headers, name);
	evhttp_add_header(headers, name, value);
}

void http_answer(struct http_exchange *exchange, int status, const char *type, struct scms_slice body)
{
	struct evbuffer *buffer = evbuffer_new();

	if (buffer == NULL || (body.n > 0 && evbuffer_add(buffer, body.p, body.n) != 0))
		status = 503;
	if (type != NULL)
		http_answer_header(exchange, "Content-Type", type);
	exchange_send(exchange, status, buffer);
	if (buffer != NULL)
		evbuffer_free(buffer);
}

/* ---- the server ---- */

static struct http_limits limits_complete(const struct http_limits *given)
{
	struct http_limits limits = given != NULL ? *given : (struct http_limits){0};
	struct rlimit files;

	if (limits.connections == 0)
		limits.connections = 4096;
	if (limits.header_bytes == 0)
		limits.header_bytes = 16384;
	if (limits.request_seconds == 0)
		limits.request_seconds = 20;
	if (limits.idle_seconds == 0)
		limits.idle_seconds = 60;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		if (files.rlim_cur < (rlim_t)limits.connections + DESCRIPTORS_KEPT)
			limits.connections =
			    files.rlim_cur > DESCRIPTORS_KEPT + 1 ? (unsigned)files.rlim_cur - DESCRIPTORS_KEPT : 1;
	}
	return limits;
}

static bool listen_on(struct http_server *server, const char *address, uint16_t port, struct http_error *err)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char service[8];
	int status;

	snprintf(service, sizeof(service), "%u", port);
	status = getaddrinfo(address, service, &hints, &found);
	if (status != 0) {
		snprintf(err->text, sizeof(err->text), "address '%s': %s", address, gai_strerror(status));
		return false;
	}
	server->listener = evconnlistener_new_bind(server->base, NULL, NULL,
						   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 1024,
						   found->ai_addr, (int)found->ai_addrlen);
	freeaddrinfo(found);
	if (server->listener == NULL) {
		snprintf(err->text, sizeof(err->text), "address '%s' port %u: cannot listen: %s", address, port,
			 evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
		return false;
	}
	/*
	 * Head and body of an answer go out one after the other: the body must not wait until the head is acknowledged, which clients
	 * put off for 40 ms. What is accepted has it from the listener.
	 */
	if (setsockopt(evconnlistener_get_fd(server->listener), IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) != 0) {
		snprintf(err->text, sizeof(err->text), "address '%s' port %u: TCP_NODELAY: %s", address, port,
			 evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
		evconnlistener_free(server->listener);
		server->listener = NULL;
		return false;
	}
	if (evhttp_bind_listener(server->http, server->listener) == NULL) {
		evconnlistener_free(server->listener);
		server->listener = NULL;
		snprintf(err->text, sizeof(err->text), "out of memory");
		return false;
	}
	return true;
}

static void on_stopped(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd, (void)what;
	server->done(server->done_ctx);
}

struct event_base *http_base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct http_server *http_server_new(struct event_base *base, const char *address, uint16_t port, SSL_CTX *tls,
				    const struct http_route *routes, size_t route_count,
				    const struct http_limits *limits, struct http_error *err)
{
	struct http_server *server = calloc(1, sizeof(*server));
	size_t body_max = 0, open_max = 0;

	pthread_once(&once, make_index);
	signal(SIGPIPE, SIG_IGN); /* clients leave as they like */
	if (server == NULL || (server->http = evhttp_new(base)) == NULL) {
		free(server);
		snprintf(err->text, sizeof(err->text), "out of memory");
		return NULL;
	}
	server->base = base;
	server->tls = tls;
	server->routes = routes;
	server->route_count = route_count;
	server->limits = limits_complete(limits);
	TAILQ_INIT(&server->connections);
	for (size_t k = 0; k < route_count; k++) {
		if (routes[k].body_max > body_max)
			body_max = routes[k].body_max;
		if (routes[k].body_max > open_max && routes[k].role == NULL && !routes[k].known_peer)
			open_max = routes[k].body_max;
	}
	server->open_max = open_max + 2 * server->limits.header_bytes; /* the headers of this request and the next */
	evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(server->http, (ev_ssize_t)server->limits.header_bytes);
	evhttp_set_max_body_size(server->http, (ev_ssize_t)body_max);
	evhttp_set_timeout(server->http, (int)(server->limits.idle_seconds + 1));
	evhttp_set_default_content_type(server->http, NULL);
	evhttp_set_bevcb(server->http, on_accept, server);
	evhttp_set_gencb(server->http, on_request, server);
	if (!listen_on(server, address, port, err)) {
		http_server_free(server);
		return NULL;
	}
	return server;
}

void http_server_shows(struct http_server *server, int (*shown)(void *ctx, const struct http_exchange *exchange, int status), void *ctx)
{
	server->shown = shown;
	server->shown_ctx = ctx;
}

void http_server_renew(struct http_server *server, SSL_CTX *tls)
{
	server->tls = tls;
}

uint16_t http_server_port(const struct http_server *server)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {0};
	socklen_t n = sizeof(address);

	if (getsockname(evconnlistener_get_fd(server->listener), &address.any, &n) != 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* Has nothing come on it that is not answered? What lies in the socket was sent before anybody knew of the end. */
static bool connection_is_silent(const struct connection *connection)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(connection->bev);
	int unread = 0;

	return ssl != NULL && SSL_is_init_finished(ssl) && connection->received == 0 && !SSL_has_pending(ssl) &&
	       ioctl(bufferevent_getfd(connection->bev), FIONREAD, &unread) == 0 && unread == 0;
}

void http_server_stop(struct http_server *server, void (*done)(void *ctx), void *ctx)
{
	struct connection *connection;

	server->stopping = true;
	server->done = done;
	server->done_ctx = ctx;
	evconnlistener_disable(server->listener);
	server->stopped = event_new(server->base, -1, 0, on_stopped, server);
	TAILQ_FOREACH(connection, &server->connections, link)
		if (!connection->busy && connection_is_silent(connection))
			connection_cut(connection);
		else if (!connection->busy)
			set_deadline(connection, STOP_SECONDS);
	if (server->counts.open == 0 && server->stopped != NULL)
		event_active(server->stopped, EV_TIMEOUT, 0);
}

void http_server_free(struct http_server *server)
{
	if (server == NULL)
		return;
	server->stopping = true;
	if (server->stopped != NULL)
		event_free(server->stopped);
	server->stopped = NULL;
	evhttp_free(server->http);
	free(server);
}

struct http_counts http_server_counts(const struct http_server *server)
{
	return server->counts;
}
