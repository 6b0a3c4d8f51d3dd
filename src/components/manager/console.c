/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/console.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_BYTES_MAX 8192
#define TIMEOUT_SECONDS 20

struct console {
	struct service *service;
	struct evhttp *http;
	json_t *(*state)(struct service *service);
	uint16_t port;
};

/* ---- answers ---- */

static void answer(struct evhttp_request *request, int status, const char *type, struct scms_slice body)
{
	static const char *const headers[][2] = {
	    {"Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	    {"Cross-Origin-Resource-Policy", "same-origin"},
	    {"X-Content-Type-Options", "nosniff"},
	    {"Referrer-Policy", "no-referrer"},
	    {"Cache-Control", "no-store"},
	};
	struct evkeyvalq *to = evhttp_request_get_output_headers(request);
	struct evbuffer *buffer = evbuffer_new();

	for (size_t k = 0; k < sizeof(headers) / sizeof(headers[0]); k++)
		evhttp_add_header(to, headers[k][0], headers[k][1]);
	evhttp_add_header(to, "Content-Type", type);
	if (buffer == NULL || evbuffer_add(buffer, body.p, body.n) != 0)
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
	else
		evhttp_send_reply(request, status, NULL, buffer);
	if (buffer != NULL)
		evbuffer_free(buffer);
}

static void refuse(struct evhttp_request *request, int status, const char *text)
{
	answer(request, status, "text/plain; charset=utf-8", (struct scms_slice){(const uint8_t *)text, strlen(text)});
}

static void answer_state(struct console *console, struct evhttp_request *request)
{
	json_t *json = console->state(console->service);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	if (text != NULL)
		answer(request, HTTP_OK, "application/json", (struct scms_slice){(const uint8_t *)text, strlen(text)});
	else
		refuse(request, HTTP_SERVUNAVAIL, "out of memory\n");
	free(text);
	json_decref(json);
}

/* A name that some site lets lead to this machine (DNS rebinding) is not the console's. */
static bool host_is_ours(const struct console *console, const struct evhttp_request *request)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
	const char *host = evhttp_find_header(evhttp_request_get_input_headers((struct evhttp_request *)(uintptr_t)request), "Host");
	char ours[32];

	for (size_t k = 0; host != NULL && k < sizeof(names) / sizeof(names[0]); k++) {
		snprintf(ours, sizeof(ours), "%s:%u", names[k], console->port);
		if (strcmp(host, ours) == 0)
			return true;
	}
	return false;
}

static void on_request(struct evhttp_request *request, void *arg)
{
	struct console *console = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	if (!host_is_ours(console, request)) {
		refuse(request, 403, "the console is at http://127.0.0.1 and http://localhost only\n");
		return;
	}
	if (path != NULL && strcmp(path, "/state") == 0) {
		answer_state(console, request);
		return;
	}
	for (const struct console_page *page = console_pages; page->path != NULL; page++)
		if (path != NULL && strcmp(path, page->path) == 0) {
			answer(request, HTTP_OK, page->type, page->bytes);
			return;
		}
	refuse(request, HTTP_NOTFOUND, "there is no such page\n");
}

/* ---- life ---- */

/* Takes "127.0.0.1:8901" or "[::1]:8901" apart; others are refused. */
static bool listen_parse(const char *text, const char **address, uint16_t *port)
{
	static const char *const known[][2] = {{"127.0.0.1:", "127.0.0.1"}, {"[::1]:", "::1"}};
	unsigned long number;
	char *end;

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		size_t n = strlen(known[k][0]);

		if (strncmp(text, known[k][0], n) != 0 || text[n] < '0' || text[n] > '9')
			continue;
		number = strtoul(text + n, &end, 10);
		*address = known[k][1];
		*port = (uint16_t)number;
		return *end == '\0' && number <= UINT16_MAX;
	}
	return false;
}

bool console_may_listen(const char *listen)
{
	const char *address;
	uint16_t port;

	return listen_parse(listen, &address, &port);
}

static bool bind_to(struct console *console, const char *address, uint16_t port)
{
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(console->http, address, port);
	struct sockaddr_in6 name = {.sin6_port = 0}; /* the longer of the two */
	socklen_t n = sizeof(name);

	if (bound == NULL || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&name, &n) != 0)
		return false;
	/* The port lies at the same place in both families' addresses. */
	console->port = ntohs(name.sin6_port);
	return true;
}

struct console *console_open(struct service *service, const char *listen, json_t *(*state)(struct service *service),
			     struct service_error *err)
{
	struct console *console = calloc(1, sizeof(*console));
	const char *address = NULL;
	uint16_t port = 0;
	char url[64];

	if (console == NULL || (console->http = evhttp_new(service->base)) == NULL) {
		snprintf(err->text, sizeof(err->text), "%s: out of memory", service->name);
	} else if (!listen_parse(listen, &address, &port) || !bind_to(console, address, port)) {
		snprintf(err->text, sizeof(err->text), "%s: console: %s: %s", service->name, listen, strerror(errno));
	} else {
		console->service = service;
		console->state = state;
		evhttp_set_allowed_methods(console->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
		evhttp_set_max_headers_size(console->http, HEADER_BYTES_MAX);
		evhttp_set_max_body_size(console->http, 0);
		evhttp_set_timeout(console->http, TIMEOUT_SECONDS);
		evhttp_set_gencb(console->http, on_request, console);
		snprintf(url, sizeof(url), "http://%s:%u/", strcmp(address, "::1") == 0 ? "[::1]" : address, console->port);
		log_event(service->name, LOG_LEVEL_INFO, "console", "s:s", "url", url);
		return console;
	}
	console_close(console);
	return NULL;
}

void console_close(struct console *console)
{
	if (console == NULL)
		return;
	if (console->http != NULL)
		evhttp_free(console->http);
	free(console);
}
