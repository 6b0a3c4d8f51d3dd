/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/behind.h"

#include "components/la/service.h"
#include "components/pca/service.h"
#include "components/ra/service.h"
#include "service/home.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* ---- in place of the HTTP server ---- */

struct http_exchange {
	const char *path, *header;
	struct scms_slice body;
	int status;
	struct bytes answer;
};

struct http_content {
	struct scms_slice bytes;
};

enum http_method http_method(const struct http_exchange *exchange)
{
	return exchange->body.p != NULL ? HTTP_POST : HTTP_GET;
}

const char *http_path(const struct http_exchange *exchange)
{
	return exchange->path;
}

const char *http_rest(const struct http_exchange *exchange)
{
	(void)exchange;
	return "";
}

const char *http_header(const struct http_exchange *exchange, const char *name)
{
	return strcmp(name, "Download-Req") == 0 ? exchange->header : NULL;
}

struct scms_slice http_body(struct http_exchange *exchange)
{
	return exchange->body;
}

bool http_peer_has_role(const struct http_exchange *exchange, const char *role)
{
	(void)exchange, (void)role;
	return true;
}

void http_answer_header(struct http_exchange *exchange, const char *name, const char *value)
{
	(void)exchange, (void)name, (void)value;
}

void http_answer(struct http_exchange *exchange, int status, const char *type, struct scms_slice body)
{
	(void)type;
	world_must(exchange->status == 0, exchange->path, "answered twice");
	exchange->status = status;
	exchange->answer.p = malloc(body.n + 1);
	world_must(exchange->answer.p != NULL, "answer", "memory");
	if (body.n > 0)
		memcpy(exchange->answer.p, body.p, body.n);
	exchange->answer.n = body.n;
}

struct http_content *http_content_new(struct scms_slice bytes, const char *type)
{
	struct http_content *content = malloc(sizeof(*content));

	(void)type;
	world_must(content != NULL, "content", "memory");
	content->bytes = bytes;
	return content;
}

struct scms_slice http_content_bytes(const struct http_content *content)
{
	return content->bytes;
}

const char *http_content_tag(const struct http_content *content)
{
	(void)content;
	return "\"\"";
}

void http_content_free(struct http_content *content)
{
	if (content == NULL)
		return;
	free((void *)(uintptr_t)content->bytes.p);
	free(content);
}

void http_answer_content(struct http_exchange *exchange, struct http_content *content)
{
	http_answer(exchange, 200, NULL, content->bytes);
}

/* ---- in place of the daemon ---- */

static struct component {
	struct service service;
	struct party party;
	const struct role_setting *settings;
} parts[WORLD_COMPONENTS];

static const char *const names[WORLD_COMPONENTS] = {"ra", "pca", "la1", "la2"};
static const struct role_service *const roles[WORLD_COMPONENTS] = {&ra_service, &pca_service, &la_service, &la_service};
static char hosts[WORLD_COMPONENTS][32], paths[WORLD_COMPONENTS][600];
static const char *ra_settings;
static struct event_base *base;

/* A call that was made and not carried out yet. */
struct call {
	STAILQ_ENTRY(call) link;
	enum world_component to;
	char path[64];
	struct bytes body;
	void (*done)(void *ctx, const struct http_result *result);
	void *ctx;
};
static STAILQ_HEAD(, call) calls = STAILQ_HEAD_INITIALIZER(calls);

int64_t service_number(const struct service *service, const char *name)
{
	const struct role_setting *row = service->role->settings;
	const char *set = service->role == &ra_service ? strstr(ra_settings, name) : NULL;

	if (set != NULL)
		return atoll(set + strlen(name) + 1);
	while (strcmp(row->name, name) != 0)
		row++;
	return row->number;
}

const char *service_peer(const struct service *service, const char *name)
{
	(void)service;
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		if (strcmp(names[k], name) == 0)
			return name;
	return NULL;
}

bool service_call(struct service *service, const char *peer, const char *path, struct scms_slice body, size_t answer_max,
		  void (*done)(void *ctx, const struct http_result *result), void *ctx)
{
	struct call *call = calloc(1, sizeof(*call));

	(void)service, (void)answer_max;
	world_must(call != NULL, "call", "memory");
	call->to = WORLD_COMPONENTS;
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		if (strcmp(names[k], peer) == 0)
			call->to = (enum world_component)k;
	snprintf(call->path, sizeof(call->path), "%s", path);
	if (body.p != NULL) {
		call->body.p = malloc(body.n + 1);
		world_must(call->body.p != NULL, "call", "memory");
		memcpy(call->body.p, body.p, body.n);
		call->body.n = body.n;
	}
	call->done = done;
	call->ctx = ctx;
	STAILQ_INSERT_TAIL(&calls, call, link);
	return true;
}

enum scms_reason service_standing(const struct service *service)
{
	(void)service;
	return SCMS_VALID;
}

void service_refuse(struct service *service, struct http_exchange *exchange, int status, unsigned code, const char *format, ...)
{
	(void)service, (void)code, (void)format;
	http_answer(exchange, status, NULL, (struct scms_slice){NULL, 0});
}

void service_refuse_message(struct service *service, struct http_exchange *exchange, unsigned code, enum message_status status,
			    const struct message *message)
{
	(void)message;
	service_refuse(service, exchange, status == MESSAGE_FAILED ? 500 : 400, code, "%s", message_status_text(status));
}

struct trustee_outcome service_apply(struct service *service, const struct scms_session *session)
{
	return trustee_apply(service->trustee, session, clock_now());
}

void log_event(const char *component, enum log_level level, const char *event, const char *format, ...)
{
	(void)component, (void)level, (void)event, (void)format;
}

/* ---- running ---- */

int behind_request(enum world_component which, const char *path, struct scms_slice body, const char *header, struct bytes *answer)
{
	struct service *service = &parts[which].service;
	struct http_exchange exchange = {.path = path, .header = header, .body = body};

	for (const struct service_route *route = service->role->routes; route->path != NULL; route++)
		if (strcmp(route->path, path) == 0 && body.n <= (route->body_max > 0 ? route->body_max : body.n)) {
			route->handle(service, &exchange);
			break;
		}
	/* Until it is on disk, and until those whom it asks have answered. */
	for (unsigned k = 0; k < 100 && exchange.status == 0; k++) {
		commit_flush(service->commit);
		if (exchange.status == 0 && !STAILQ_EMPTY(&calls))
			behind_turn();
	}
	if (answer != NULL)
		*answer = exchange.answer;
	else
		bytes_free(&exchange.answer);
	return exchange.status;
}

static void carry(struct call *call)
{
	struct bytes answer = {NULL, 0};
	struct http_result result = {.status = 0, .error = "nobody there", .tag = ""};

	if (call->to < WORLD_COMPONENTS)
		result.status = behind_request(call->to, call->path, bytes_view(&call->body), NULL, &answer);
	result.body = bytes_view(&answer);
	call->done(call->ctx, &result);
	bytes_free(&answer);
	bytes_free(&call->body);
	free(call);
}

static void carry_all(void)
{
	while (!STAILQ_EMPTY(&calls)) {
		struct call *call = STAILQ_FIRST(&calls);

		STAILQ_REMOVE_HEAD(&calls, link);
		carry(call);
	}
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		commit_flush(parts[k].service.commit);
}

void behind_turn(void)
{
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++)
		if (roles[k]->tick != NULL)
			roles[k]->tick(&parts[k].service, clock_now());
	carry_all();
}

struct service *behind_service(enum world_component which)
{
	return &parts[which].service;
}

void behind_open(const struct world *world, const struct scms_crypto *crypto, const char *ra)
{
	ra_settings = ra;
	base = event_base_new();
	event_base_priority_init(base, 2);
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++) {
		struct service *service = &parts[k].service;
		struct home_error home_err = {.text = ""};
		struct store_dir_error store_err = {.text = ""};
		struct db_fault db_err = {.text = ""};
		struct service_error err = {.text = ""};
		char file[700];

		snprintf(hosts[k], sizeof(hosts[k]), "%s.example", names[k]);
		snprintf(paths[k], sizeof(paths[k]), "%s/%s", world->folder, names[k]);
		*service = (struct service){.role = roles[k], .name = names[k], .host = hosts[k], .path = paths[k], .base = base,
					    .party = &parts[k].party};
		service->home = home_open(paths[k], NULL, crypto, &home_err);
		world_must(service->home != NULL && home_party(service->home, &parts[k].party, &home_err) == HOME_OK, names[k],
			   home_err.text);
		snprintf(file, sizeof(file), "%.600s/store", paths[k]);
		service->trustee = trustee_open(file, crypto, &store_err);
		world_must(service->trustee != NULL && trustee_identify(service->trustee, bytes_view(&world->certificate[k]),
									(struct scms_slice){NULL, 0}),
			   names[k], store_err.text);
		snprintf(file, sizeof(file), "%.600s/db.sqlite", paths[k]);
		service->db = db_open(file, roles[k]->schema, &db_err);
		world_must(service->db != NULL, names[k], db_err.text);
		service->commit = commit_new(base, service->db);
		world_must(service->commit != NULL && roles[k]->start(service, &err), names[k], err.text);
	}
	for (unsigned k = 0; k < 4; k++)
		behind_turn();
}

void behind_close(void)
{
	while (!STAILQ_EMPTY(&calls)) {
		struct call *call = STAILQ_FIRST(&calls);
		struct http_result result = {.status = 0, .error = "closed", .tag = ""};

		STAILQ_REMOVE_HEAD(&calls, link);
		call->done(call->ctx, &result);
		bytes_free(&call->body);
		free(call);
	}
	for (unsigned k = 0; k < WORLD_COMPONENTS; k++) {
		struct service *service = &parts[k].service;

		commit_flush(service->commit);
		roles[k]->stop(service);
		commit_free(service->commit);
		db_close(service->db);
		trustee_close(service->trustee);
		home_close(service->home);
	}
	event_base_free(base);
}

void behind_batch(enum world_component which, const char *path, const struct scms_slice *bodies, unsigned n)
{
	struct service *service = &parts[which].service;
	struct http_exchange *exchanges = calloc(n, sizeof(*exchanges));
	const struct service_route *route = service->role->routes;

	world_must(exchanges != NULL, "batch", "memory");
	while (strcmp(route->path, path) != 0)
		route++;
	for (unsigned k = 0; k < n; k++) {
		exchanges[k] = (struct http_exchange){.path = path, .body = bodies[k]};
		route->handle(service, &exchanges[k]);
	}
	commit_flush(service->commit);
	for (unsigned k = 0; k < n; k++) {
		world_must(exchanges[k].status == 200, path, "a request of a batch was refused");
		bytes_free(&exchanges[k].answer);
	}
	free(exchanges);
}
