/* SPDX-License-Identifier: Apache-2.0 */
/* How requests come to a role, and how a role answers and asks. */
#include "daemon_inside.h"

#include "dot2/validity.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING ((struct scms_slice){NULL, 0})

/* ---- requests ---- */

/* What is wrong with a caller comes with each of its requests; it is said once a second. */
static void say_refused(struct runner *runner, struct http_exchange *exchange, const char *role, const char *why)
{
	scms_time64 second = clock_now() / TIME64_SECOND;
	char host[256] = "";

	runner->peers_refused++;
	if (second == runner->peer_said_at && strcmp(why, runner->peer_said) == 0)
		return;
	runner->peer_said_at = second;
	snprintf(runner->peer_said, sizeof(runner->peer_said), "%s", why);
	(void)http_peer_host(exchange, host, sizeof(host));
	log_event(runner->service.name, LOG_LEVEL_WARNING, "peer refused", "s:s, s:s, s:s, s:s", "host", host, "role", role, "path",
		  http_path(exchange), "why", why);
}

/* May the caller ask what is for "ra ma"? False: it is answered. */
static bool peer_may(struct runner *runner, struct http_exchange *exchange, const struct service_route *route)
{
	const char *roles = route->roles;
	char role[32], why[PEER_WHY_BYTES] = "";

	while (*roles != '\0') {
		size_t n = strcspn(roles, " ");

		if (n < sizeof(role)) {
			memcpy(role, roles, n);
			role[n] = '\0';
			if (http_peer_has_role(exchange, role)) {
				if (peer_is_believed(&runner->service, &runner->peers, exchange, role, why))
					return true;
				say_refused(runner, exchange, role, why);
			}
		}
		roles += n + strspn(roles + n, " ");
	}
	if (why[0] == '\0') {
		runner->refused_role++;
		service_refuse(&runner->service, exchange, 403, 0, "%s needs a TLS certificate of one of these roles: %s", route->path,
			       route->roles);
	} else {
		service_refuse(&runner->service, exchange, 403, 0, "%s", why);
	}
	return false;
}

static void serve(void *ctx, struct http_exchange *exchange)
{
	const struct route_binding *binding = ctx;
	const struct service_route *route = binding->route;
	struct runner *runner = binding->runner;
	struct service *service = &runner->service;
	enum scms_reason standing;

	if (route->roles != NULL && !peer_may(runner, exchange, route))
		return;
	if ((route->flags & SERVICE_ISSUES) != 0) {
		standing = service_standing(service);
		if (standing != SCMS_VALID) {
			runner->refused_standing++;
			/* Rule D6.2: callers are told, in words that their log can keep. */
			http_answer_header(exchange, "SCMS-Reason", scms_reason_name(standing));
			service_refuse(service, exchange, 503, 0, "%s has stopped: %s: %s (rule %s)", service->name,
				       scms_reason_name(standing), scms_reason_text(standing), scms_reason_rule(standing));
			return;
		}
	}
	route->handle(service, exchange);
}

static size_t count(const struct service_route *routes)
{
	size_t n = 0;

	while (routes != NULL && routes[n].path != NULL)
		n++;
	return n;
}

static void bind_all(struct runner *runner, const struct service_route *routes, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct route_binding *binding = &runner->bindings[runner->route_count];

		*binding = (struct route_binding){runner, &routes[k]};
		runner->routes[runner->route_count++] = (struct http_route){
		    .methods = routes[k].methods,
		    .path = routes[k].path,
		    .known_peer = routes[k].roles != NULL,
		    .body_max = routes[k].body_max,
		    .handle = serve,
		    .ctx = binding,
		};
	}
}

bool routes_make(struct runner *runner)
{
	size_t own = count(runner->service.role->routes), common = count(common_routes);

	/* One more than there are: an allocation is never empty. */
	runner->routes = calloc(own + common + 1, sizeof(*runner->routes));
	runner->bindings = calloc(own + common + 1, sizeof(*runner->bindings));
	if (runner->routes == NULL || runner->bindings == NULL)
		return false;
	bind_all(runner, common_routes, common);
	bind_all(runner, runner->service.role->routes, own);
	return true;
}

void routes_free(struct runner *runner)
{
	free(runner->routes);
	free(runner->bindings);
}

/* ---- answers ---- */

/* Is it for end entities? Where there is no such path, it is that of whoever serves them. */
static bool is_public(const struct runner *runner, const struct http_exchange *exchange)
{
	const struct http_route *taken = http_route(exchange);

	if (taken != NULL)
		return (((const struct route_binding *)taken->ctx)->route->flags & SERVICE_PUBLIC) != 0;
	for (const struct service_route *route = runner->service.role->routes; route->path != NULL; route++)
		if ((route->flags & SERVICE_PUBLIC) != 0)
			return true;
	return false;
}

int routes_shown(void *ctx, const struct http_exchange *exchange, int status)
{
	const struct runner *runner = ctx;

	/* A range that is none is between HTTP and its caches. */
	return !runner->service.test_mode && status >= 400 && status != 416 && is_public(runner, exchange) ? 500 : status;
}

void service_refuse(struct service *service, struct http_exchange *exchange, int status, unsigned code, const char *format, ...)
{
	char text[256], number[16];
	va_list args;

	runner_of(service)->refused++;
	if (!service->test_mode) {
		http_answer(exchange, status, NULL, NOTHING);
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Somebody else's bytes do not end a header line. */
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
	if (code != 0) {
		snprintf(number, sizeof(number), "%u", code);
		http_answer_header(exchange, "SCMS-POC-Error", number);
	}
	http_answer_header(exchange, "SCMS-POC-Error-Message", text);
	http_answer(exchange, status, NULL, NOTHING);
}

void service_refuse_message(struct service *service, struct http_exchange *exchange, unsigned code,
			    enum message_status status, const struct message *message)
{
	int http = status == MESSAGE_FAILED ? 500 : status == MESSAGE_SIGNER || status == MESSAGE_SIGNATURE ? 403 : 400;

	if (status == MESSAGE_FAILED)
		log_event(service->name, LOG_LEVEL_ERROR, "message", "s:s", "text", message_status_text(status));
	if (status == MESSAGE_SIGNER)
		service_refuse(service, exchange, http, code, "%s: %s", message_status_text(status),
			       scms_reason_name(message->reason));
	else if (status == MESSAGE_MALFORMED)
		service_refuse(service, exchange, http, code, "%s: offset %zu: %s: expected %s, found %s",
			       message_status_text(status), message->oer.offset, message->oer.path, message->oer.expected,
			       message->oer.found);
	else
		service_refuse(service, exchange, http, code, "%s", message_status_text(status));
}

void service_answer_json(struct http_exchange *exchange, int status, json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(1) | JSON_PRESERVE_ORDER);

	json_decref(json);
	if (text == NULL)
		http_answer(exchange, 503, NULL, NOTHING);
	else
		http_answer(exchange, status, "application/json", (struct scms_slice){(const uint8_t *)text, strlen(text)});
	free(text);
}

/* ---- settings and peers ---- */

static const struct config_value *value_of(const struct service *service, const char *name, enum setting_kind kind)
{
	const struct role_setting *row = service->role->settings;

	for (size_t k = 0; row != NULL && row[k].name != NULL; k++)
		if (strcmp(row[k].name, name) == 0 && row[k].kind == kind)
			return &runner_of(service)->config->values[k];
	log_event(service->name, LOG_LEVEL_ERROR, "no such setting", "s:s", "name", name);
	abort();
}

int64_t service_number(const struct service *service, const char *name)
{
	return value_of(service, name, SETTING_NUMBER)->number;
}

const char *service_text(const struct service *service, const char *name)
{
	return value_of(service, name, SETTING_TEXT)->text;
}

bool service_flag(const struct service *service, const char *name)
{
	return value_of(service, name, SETTING_FLAG)->number != 0;
}

const char *service_peer(const struct service *service, const char *name)
{
	const struct component_config *config = runner_of(service)->config;

	for (size_t k = 0; k < config->peer_count; k++)
		if (strcmp(config->peers[k].name, name) == 0)
			return config->peers[k].url;
	return NULL;
}

const char *service_peer_name(const struct service *service, unsigned k)
{
	const struct component_config *config = runner_of(service)->config;

	return k < config->peer_count ? config->peers[k].name : NULL;
}

/* How it says who it is; NULL where it has no certificate, or cannot say. */
static const char *peer_line(struct runner *runner)
{
	uint8_t tls_key[32];
	struct key_error err = {.text = "the key of its TLS certificate cannot be read"};

	if (runner->peer_line == NULL && runner->party.cert != NULL &&
	    (!tls_key_hash(SSL_CTX_get0_certificate(runner->tls.context), tls_key) ||
	     peer_line_make(&runner->party, tls_key, &runner->peer_line, &err) != KEY_OK))
		log_event(runner->service.name, LOG_LEVEL_ERROR, "peers", "s:s", "text", err.text);
	return runner->peer_line;
}

bool service_call(struct service *service, const char *peer, const char *path, struct scms_slice body, size_t answer_max,
		  void (*done)(void *ctx, const struct http_result *result), void *ctx)
{
	const char *base = service_peer(service, peer), *headers[3] = {NULL};
	unsigned count = 0;
	char *url;
	bool sent;

	if (base == NULL) {
		log_event(service->name, LOG_LEVEL_ERROR, "no such peer", "s:s", "peer", peer);
		return false;
	}
	if (asprintf(&url, "%s%s", base, path) < 0)
		return false;
	headers[count] = peer_line(runner_of(service));
	count += headers[count] != NULL;
	if (body.p != NULL)
		headers[count++] = "Content-Type: application/octet-stream";
	sent = http_client_send(service->client,
				&(struct http_call){.url = url,
						    .headers = headers,
						    .post = body.p != NULL,
						    .body = body,
						    .answer_max = answer_max},
				done, ctx);
	free(url);
	return sent;
}

enum scms_reason service_standing(const struct service *service)
{
	return trustee_standing(service->trustee, clock_now());
}
