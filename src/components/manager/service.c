/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/service.h"

#include "components/manager/console.h"
#include "components/manager/overview.h"
#include "components/manager/push.h"
#include "components/session_report.h"
#include "components/store_json.h"
#include "components/update.h"
#include "dot2/validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_MAX ((size_t)1 << 20)
#define PEERS_MAX 64

/* What a component said of itself when it was last asked. */
struct view {
	struct service *service;
	json_t *trust;	  /* NULL: it never answered */
	scms_time64 time; /* when it did */
	int64_t clock;	  /* microseconds that its clock is ahead of ours */
	bool asking, answers;
};

struct state {
	struct pushes *pushes;
	struct console *console; /* NULL: none is asked for */
	struct view views[PEERS_MAX];
	unsigned wait; /* seconds until components are asked again */
};

/* ---- how the components are ---- */

static void looked(void *ctx, const struct http_result *result)
{
	struct view *view = ctx;
	scms_time64 now = clock_now();
	json_t *json = result->status == 200 ? json_loadb((const char *)result->body.p, result->body.n, 0, NULL) : NULL;

	view->asking = false;
	view->answers = json_is_object(json);
	if (!view->answers) {
		json_decref(json);
		return;
	}
	json_decref(view->trust);
	view->trust = json;
	view->time = now;
	view->clock = (int64_t)json_integer_value(json_object_get(json, "time")) - (int64_t)now;
}

static void look(struct service *service)
{
	struct state *state = service->state;
	const char *peer;

	for (unsigned k = 0; k < PEERS_MAX && (peer = service_peer_name(service, k)) != NULL; k++) {
		struct view *view = &state->views[k];

		view->service = service;
		if (!view->asking)
			view->asking = service_call(service, peer, "/trust", (struct scms_slice){NULL, 0}, PICTURE_MAX, looked, view);
	}
}

static json_t *components_json(const struct service *service)
{
	const struct state *state = service->state;
	json_t *list = json_array();
	const char *peer;

	for (unsigned k = 0; k < PEERS_MAX && (peer = service_peer_name(service, k)) != NULL; k++) {
		const struct view *view = &state->views[k];
		json_t *json = json_pack("{s:s, s:b}", "name", peer, "answers", (int)view->answers);

		if (view->trust != NULL) {
			json_object_set_new(json, "seen", json_integer((json_int_t)view->time));
			json_object_set_new(json, "clockAhead", json_integer((json_int_t)view->clock));
			json_object_set(json, "trust", view->trust);
		}
		json_array_append_new(list, json);
	}
	return list;
}

/* ---- the operator's workspace ---- */

static void workspace_json(const struct service *service, scms_time64 now, json_t *json)
{
	const char *path = service_text(service, "workspace");
	struct workspace workspace;
	struct workspace_error err;

	json_object_set_new(json, "motions", json_array());
	if (path == NULL)
		return;
	if (workspace_open(&workspace, path, WORKSPACE_READ, &err) == WORKSPACE_OK) {
		json_object_set_new(json, "system", json_string(workspace.settings.system));
		json_object_set_new(json, "motions", overview_motions(&workspace, trustee_store(service->trustee), trustee_objects(service->trustee),
								      now, service->party->crypto));
		json_object_set_new(json, "history", overview_history(&workspace));
	} else {
		json_object_set_new(json, "workspaceError", json_string(err.text));
	}
	workspace_close(&workspace);
}

/* ---- margins ---- */

/* How many electors may be lost before nothing can be decided, and how many endorsers before a root is suspended. */
static json_t *margins_json(const struct scms_store *store, scms_time64 now, const struct scms_store_status *status)
{
	struct scms_member member;
	json_t *roots = json_array();
	int64_t electors = 0;

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		electors += member.status == SCMS_MEMBER_TRUSTED;
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++)
		json_array_append_new(roots, json_pack("{s:o, s:I, s:I, s:I}", "root", json_hex(member.identity, 32), "endorsers",
						       (json_int_t)member.endorsers, "needed", (json_int_t)member.needed, "margin",
						       (json_int_t)member.endorsers - (json_int_t)member.needed));
	return json_pack("{s:I, s:I, s:I, s:o}", "electors", (json_int_t)electors, "quorum", (json_int_t)status->quorum, "margin",
			 (json_int_t)(electors - status->quorum), "roots", roots);
}

static json_t *state_json(struct service *service)
{
	const struct scms_store *store = trustee_store(service->trustee);
	const struct state *state = service->state;
	scms_time64 now = clock_now();
	struct scms_store_status status;
	json_t *json = json_pack("{s:s, s:I}", "manager", service->name, "time", (json_int_t)now);

	if (store != NULL && scms_store_status(store, now, service->party->crypto, trustee_objects(service->trustee), &status)) {
		json_object_set_new(json, "trust", store_json(store, &status, now));
		json_object_set_new(json, "margins", margins_json(store, now, &status));
		json_object_set_new(json, "members", overview_members(store, now, service->party->crypto));
	}
	json_object_set_new(json, "components", components_json(service));
	json_object_set_new(json, "updates", pushes_json(state->pushes));
	workspace_json(service, now, json);
	return json;
}

static void get_state(struct service *service, struct http_exchange *exchange)
{
	service_answer_json(exchange, 200, state_json(service));
}

/* ---- pushing ---- */

static uint32_t deadline_of(const struct service *service, const struct http_exchange *exchange)
{
	const char *text = http_header(exchange, "SCMS-Deadline");
	unsigned long seconds = text != NULL ? strtoul(text, NULL, 10) : 0;

	return seconds > 0 && seconds <= 86400 ? (uint32_t)seconds : (uint32_t)service_number(service, "deadline_seconds");
}

static void post_push(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	struct scms_slice body = http_body(exchange);
	struct trustee_outcome outcome;
	struct update update;
	struct oer_error err;

	if (update_read(&update, body, &err) != OER_OK) {
		service_answer_json(exchange, 400, json_pack("{s:s, s:s, s:s}", "error", err.path, "expected", err.expected, "found",
							     err.found));
		return;
	}
	/* A file that the manager's own store cannot read is a slip, and goes to nobody. */
	outcome = service_apply(service, &update.session);
	if (outcome.status != TRUSTEE_DONE)
		service_answer_json(exchange, outcome.status == TRUSTEE_FAILED ? 500 : 503, json_pack("{s:s}", "error", outcome.text));
	else if (outcome.refused)
		service_answer_json(exchange, 422, json_incref(outcome.report));
	else
		push_begin(state->pushes, exchange, body, deadline_of(service, exchange));
	json_decref(outcome.report);
}

static void get_push(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	json_t *json = push_json(state->pushes, (int64_t)strtoull(http_rest(exchange), NULL, 10));

	if (json != NULL)
		service_answer_json(exchange, 200, json);
	else
		service_refuse(service, exchange, 404, 0, "there is no such update");
}

/* ---- life ---- */

static void tick(struct service *service, scms_time64 now)
{
	struct state *state = service->state;

	(void)now;
	pushes_tick(state->pushes);
	if (state->wait > 0 && --state->wait > 0)
		return;
	state->wait = (unsigned)service_number(service, "look_seconds");
	look(service);
}

static const char *settings_check(const struct service *service, struct service_error *err)
{
	const char *listen = service_text(service, "console"), *path = service_text(service, "workspace");
	struct workspace workspace;
	struct workspace_error why;

	if (listen != NULL && !console_may_listen(listen)) {
		snprintf(err->text, sizeof(err->text),
			 "expected an address of this machine alone, as \"127.0.0.1:8901\" or \"[::1]:8901\", found \"%.60s\": to look from "
			 "elsewhere, use a tunnel (ssh -L)",
			 listen);
		return "console";
	}
	if (path == NULL)
		return NULL;
	if (workspace_open(&workspace, path, WORKSPACE_READ, &why) != WORKSPACE_OK) {
		snprintf(err->text, sizeof(err->text), "%.500s; give its absolute path, here and in paths", why.text);
		return "workspace";
	}
	workspace_close(&workspace);
	return NULL;
}

static bool start(struct service *service, struct service_error *err)
{
	struct state *state = calloc(1, sizeof(*state));
	const char *listen = service_text(service, "console");

	service->state = state;
	if (state == NULL) {
		snprintf(err->text, sizeof(err->text), "%s: out of memory", service->name);
		return false;
	}
	state->pushes = pushes_open(service, err);
	if (state->pushes != NULL && listen != NULL)
		state->console = console_open(service, listen, state_json, err);
	if (state->pushes != NULL && (listen == NULL || state->console != NULL))
		return true;
	if (state->pushes != NULL)
		pushes_close(state->pushes);
	free(state);
	return false;
}

static void stop(struct service *service)
{
	struct state *state = service->state;

	console_close(state->console);
	pushes_close(state->pushes);
	for (unsigned k = 0; k < PEERS_MAX; k++)
		json_decref(state->views[k].trust);
	free(state);
}

static void metrics(struct service *service, struct metrics *to)
{
	const struct state *state = service->state;
	const char *peer;

	pushes_metrics(state->pushes, to);
	for (unsigned k = 0; k < PEERS_MAX && (peer = service_peer_name(service, k)) != NULL; k++) {
		char label[160];

		snprintf(label, sizeof(label), "peer=\"%.120s\"", peer);
		metrics_gauge(to, "scms_manager_component_answers", "1: the component answered when it was last asked.", label,
			      state->views[k].answers);
		metrics_gauge(to, "scms_manager_clock_ahead_seconds", "How far the component's clock is ahead of the manager's.", label,
			      (double)state->views[k].clock / 1e6);
	}
}

static const struct service_route routes[] = {
    {HTTP_POST, "/push", "manager", UPDATE_BYTES_MAX, 0, post_push},
    {HTTP_GET, "/push/", "manager", 0, 0, get_push},
    {HTTP_GET, "/state", "manager", 0, 0, get_state},
    {0},
};

static const struct role_setting settings[] = {
    {"workspace", SETTING_TEXT, 0, 0, 0, NULL, "the operator's workspace, for the motions under way; name it in paths too"},
    {"console", SETTING_TEXT, 0, 0, 0, NULL, "where operators look, on this machine alone: \"127.0.0.1:8901\""},
    {"deadline_seconds", SETTING_NUMBER, 1, 86400, 60, NULL, "an update ought to be everywhere after so many seconds"},
    {"look_seconds", SETTING_NUMBER, 1, 3600, 10, NULL, "components are asked how they are, once in so many seconds"},
    {0},
};

static const char *const steps[] = {PUSH_TABLES};
static const struct db_schema schema = {"manager", steps, sizeof(steps) / sizeof(steps[0])};

static const struct role_peer peers[] = {{"", PEER_ANY}, {NULL, PEER_NEEDED}};

const struct role_service manager_service = {
    .name = "manager",
    .schema = &schema,
    .routes = routes,
    .settings = settings,
    .peers = peers,
    .check = settings_check,
    .start = start,
    .stop = stop,
    .tick = tick,
    .metrics = metrics,
};
