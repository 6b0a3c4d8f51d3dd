/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/behind.h"

#include "components/crl_store/service.h"
#include "components/crlg/service.h"
#include "components/dcm/service.h"
#include "components/eca/service.h"
#include "components/la/service.h"
#include "components/ma/service.h"
#include "components/manager/service.h"
#include "components/pca/service.h"
#include "components/pg/service.h"
#include "components/ra/service.h"
#include "service/daemon_inside.h"
#include "service/home.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* ---- in place of the HTTP server ---- */

struct http_exchange {
	const char *path, *rest, *header;
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
	return exchange->rest;
}

bool http_peer_host(const struct http_exchange *exchange, char *host, size_t size)
{
	(void)exchange;
	return snprintf(host, size, "ra.localhost") < (int)size;
}

bool http_peer_key(const struct http_exchange *exchange, uint8_t hash[32])
{
	(void)exchange, (void)hash;
	return false;
}

struct http_counts http_server_counts(const struct http_server *server)
{
	(void)server;
	return (struct http_counts){.open = 1};
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

static struct runner parts[WORLD_ALL];
static unsigned count;

static const struct {
	const char *name;
	const struct role_service *role;
} roles[WORLD_ALL] = {
    [WORLD_RA] = {"ra", &ra_service},
    [WORLD_PCA] = {"pca", &pca_service},
    [WORLD_LA1] = {"la1", &la_service},
    [WORLD_LA2] = {"la2", &la_service},
    [WORLD_ECA] = {"eca", &eca_service},
    [WORLD_DCM] = {"dcm", &dcm_service},
    [WORLD_MA] = {"ma", &ma_service},
    [WORLD_PG] = {"pg", &pg_service},
    [WORLD_CRLG] = {"crlg", &crlg_service},
    [WORLD_CRL_STORE] = {"crl-store", &crl_store_service},
    [WORLD_MANAGER] = {"manager", &manager_service},
};
static char hosts[WORLD_ALL][32], paths[WORLD_ALL][600];
static const char *settings;
static struct event_base *base;
static enum behind_presence presence[WORLD_ALL];
static unsigned last_code;

#define EVENTS_MAX 64 /* kinds of them */
static struct {
	char component[16], event[48];
	unsigned n;
} logged[EVENTS_MAX];

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
	size_t n = strlen(name);

	for (const char *set = strstr(settings, name); set != NULL; set = strstr(set + n, name))
		if (set[n] == '=' && (set == settings || set[-1] == ' '))
			return atoll(set + n + 1);
	while (strcmp(row->name, name) != 0)
		row++;
	return row->number;
}

const char *service_peer(const struct service *service, const char *name)
{
	(void)service;
	for (unsigned k = 0; k < count; k++)
		if (strcmp(roles[k].name, name) == 0)
			return name;
	return NULL;
}

const char *service_peer_name(const struct service *service, unsigned k)
{
	(void)service;
	return k < count ? roles[k].name : NULL;
}

const char *service_text(const struct service *service, const char *name)
{
	static char text[64];
	size_t n = strlen(name);

	(void)service;
	for (const char *set = strstr(settings, name); set != NULL; set = strstr(set + n, name))
		if (set[n] == '=' && (set == settings || set[-1] == ' ')) {
			snprintf(text, sizeof(text), "%.*s", (int)strcspn(set + n + 1, " "), set + n + 1);
			return text;
		}
	if (strcmp(name, "ra_host") == 0)
		return "ra.localhost";
	return strcmp(name, "ra_url") == 0 || strcmp(name, "crl_url") == 0 ? "https://ra.localhost:8892" : NULL;
}

bool service_call(struct service *service, const char *peer, const char *path, struct scms_slice body, size_t answer_max,
		  void (*done)(void *ctx, const struct http_result *result), void *ctx)
{
	struct call *call = calloc(1, sizeof(*call));

	(void)service, (void)answer_max;
	world_must(call != NULL, "call", "memory");
	call->to = WORLD_ALL;
	for (unsigned k = 0; k < count; k++)
		if (strcmp(roles[k].name, peer) == 0)
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
	(void)service, (void)format;
	last_code = code;
	http_answer(exchange, status, NULL, (struct scms_slice){NULL, 0});
}

void service_refuse_message(struct service *service, struct http_exchange *exchange, unsigned code, enum message_status status,
			    const struct message *message)
{
	(void)message;
	service_refuse(service, exchange, status == MESSAGE_FAILED ? 500 : 400, code, "%s", message_status_text(status));
}

void service_answer_json(struct http_exchange *exchange, int status, json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2));

	world_must(text != NULL, exchange->path, "JSON that cannot be written");
	http_answer(exchange, status, NULL, (struct scms_slice){(const uint8_t *)text, strlen(text)});
	free(text);
	json_decref(json);
}

void runner_look(struct runner *runner, bool changed)
{
	if (changed && runner->service.role->changed != NULL)
		runner->service.role->changed(&runner->service);
}

bool runner_refuse(const struct component_config *config, struct service_error *err, const char *format, ...)
{
	(void)config;
	snprintf(err->text, sizeof(err->text), "%s", format);
	return false;
}

void log_event(const char *component, enum log_level level, const char *event, const char *format, ...)
{
	unsigned k = 0;

	(void)level, (void)format;
	component = component != NULL ? component : "";
	while (k < EVENTS_MAX - 1 && logged[k].n > 0 && (strcmp(logged[k].component, component) != 0 || strcmp(logged[k].event, event) != 0))
		k++;
	snprintf(logged[k].component, sizeof(logged[k].component), "%s", component);
	snprintf(logged[k].event, sizeof(logged[k].event), "%s", event);
	logged[k].n++;
}

unsigned behind_logged(enum world_component which, const char *event)
{
	for (unsigned k = 0; k < EVENTS_MAX; k++)
		if (strcmp(logged[k].component, roles[which].name) == 0 && strcmp(logged[k].event, event) == 0)
			return logged[k].n;
	return 0;
}

unsigned behind_code(void)
{
	return last_code;
}

void behind_presence(enum world_component which, enum behind_presence is)
{
	presence[which] = is;
}

/* ---- running ---- */

static void flush(struct service *service)
{
	if (service->commit != NULL)
		commit_flush(service->commit);
}

/* Does the route take this path? A route that ends with '/' takes what follows, too. */
static bool route_takes(const struct service_route *route, const struct http_exchange *exchange)
{
	size_t n = strlen(route->path);
	unsigned method = exchange->body.p != NULL ? HTTP_POST : HTTP_GET;

	return (route->methods & method) != 0 && strncmp(route->path, exchange->path, n) == 0 &&
	       (exchange->path[n] == '\0' || route->path[n - 1] == '/') && exchange->body.n <= route->body_max;
}

const struct service_route *behind_routes(enum world_component which, unsigned table)
{
	return table == 0 ? roles[which].role->routes : common_routes;
}

/* The longest that matches, as the HTTP server has it. */
static const struct service_route *route_find(enum world_component which, const struct http_exchange *exchange)
{
	const struct service_route *best = NULL;

	for (unsigned k = 0; k < 2; k++)
		for (const struct service_route *route = behind_routes(which, k); route->path != NULL; route++)
			if (route_takes(route, exchange) && (best == NULL || strlen(route->path) > strlen(best->path)))
				best = route;
	return best;
}

int behind_request(enum world_component which, const char *path, struct scms_slice body, const char *header, struct bytes *answer)
{
	struct service *service = behind_service(which);
	struct http_exchange exchange = {.path = path, .rest = "", .header = header, .body = body};
	const struct service_route *route = route_find(which, &exchange);

	if (route == NULL) {
		http_answer(&exchange, 404, NULL, (struct scms_slice){NULL, 0});
	} else {
		exchange.rest = path + strlen(route->path);
		route->handle(service, &exchange);
	}
	/* Until it is on disk, and until those whom it asks have answered. */
	for (unsigned k = 0; k < 100 && exchange.status == 0; k++) {
		flush(service);
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
	struct http_result result = {.status = 0, .error = "nobody there", .tag = "", .why = ""};

	if (call->to < count && presence[call->to] == BEHIND_STOPPED)
		result.status = 503;
	else if (call->to < count && presence[call->to] != BEHIND_DOWN)
		result.status = behind_request(call->to, call->path, bytes_view(&call->body), NULL, &answer);
	if (call->to < count && presence[call->to] == BEHIND_MUTE) {
		bytes_free(&answer);
		result.status = 0;
	}
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
	for (unsigned k = 0; k < count; k++)
		flush(&parts[k].service);
}

void behind_turn(void)
{
	for (unsigned k = 0; k < count; k++)
		if (roles[k].role->tick != NULL)
			roles[k].role->tick(&parts[k].service, clock_now());
	carry_all();
}

struct service *behind_service(enum world_component which)
{
	return &parts[which].service;
}

static void open_one(const struct world *world, unsigned k, const struct scms_crypto *crypto)
{
	struct runner *runner = &parts[k];
	struct service *service = &runner->service;
	const struct role_service *role = roles[k].role;
	struct scms_slice own = bytes_view(&world->certificate[k]);
	struct home_error home_err = {.text = ""};
	struct store_dir_error store_err = {.text = ""};
	struct db_fault db_err = {.text = ""};
	struct service_error err = {.text = ""};
	char file[700];

	snprintf(hosts[k], sizeof(hosts[k]), "%s.localhost", world->name[k]);
	snprintf(paths[k], sizeof(paths[k]), "%s/%s", world->folder, world->name[k]);
	*runner = (struct runner){.crypto = crypto, .party = {.crypto = crypto}};
	*service = (struct service){
	    .role = role, .name = roles[k].name, .host = hosts[k], .path = paths[k], .base = base, .party = &runner->party, .test_mode = true};
	service->home = home_open(paths[k], NULL, crypto, &home_err);
	world_must(service->home != NULL && (own.n == 0 || home_party(service->home, &runner->party, &home_err) == HOME_OK),
		   roles[k].name, home_err.text);
	snprintf(file, sizeof(file), "%.600s/store", paths[k]);
	service->trustee = trustee_open(file, crypto, &store_err);
	world_must(service->trustee != NULL &&
		       (own.n == 0 || trustee_identify(service->trustee, own, home_identity(service->home, HOME_ACTIVE)->issuers)),
		   roles[k].name, store_err.text);
	if (role->schema != NULL) {
		service->db = db_open_in(paths[k], role->schema, &db_err);
		world_must(service->db != NULL, roles[k].name, db_err.text);
		service->commit = commit_new(base, service->db);
		world_must(service->commit != NULL, roles[k].name, "memory");
	}
	world_must(role->start == NULL || role->start(service, &err), roles[k].name, err.text);
}

void behind_open(const struct world *world, const struct scms_crypto *crypto, const char *numbers)
{
	settings = numbers;
	base = event_base_new();
	for (count = 0; count < world->count; count++)
		open_one(world, count, crypto);
	for (unsigned k = 0; k < 4; k++)
		behind_turn();
}

void behind_settings(const char *others)
{
	settings = others;
	for (unsigned k = 0; k < count; k++)
		if (roles[k].role->changed != NULL)
			roles[k].role->changed(&parts[k].service);
}

static void close_one(unsigned k)
{
	struct service *service = &parts[k].service;

	flush(service);
	if (roles[k].role->stop != NULL)
		roles[k].role->stop(service);
	if (service->commit != NULL)
		commit_free(service->commit);
	db_close(service->db);
	trustee_close(service->trustee);
	home_close(service->home);
}

void behind_replace(const struct world *world, enum world_component which)
{
	const struct scms_crypto *crypto = parts[which].crypto;

	carry_all();
	close_one(which);
	open_one(world, which, crypto);
}

void behind_trust(enum world_component which, struct scms_slice crl)
{
	struct service *service = &parts[which].service;
	const struct scms_session session = {.crl = crl};
	struct trustee_outcome outcome = trustee_apply(service->trustee, &session, clock_now());

	world_must(outcome.status == TRUSTEE_DONE && !outcome.refused, "CRL", outcome.text);
	json_decref(outcome.report);
	runner_look(&parts[which], true);
}

void behind_close(void)
{
	while (!STAILQ_EMPTY(&calls)) {
		struct call *call = STAILQ_FIRST(&calls);
		struct http_result result = {.status = 0, .error = "closed", .tag = "", .why = ""};

		STAILQ_REMOVE_HEAD(&calls, link);
		call->done(call->ctx, &result);
		bytes_free(&call->body);
		free(call);
	}
	for (unsigned k = 0; k < count; k++)
		close_one(k);
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
