/* SPDX-License-Identifier: Apache-2.0 */
/* A component, from opening what it needs to closing it. */
#include "daemon_inside.h"

#include "base/file.h"
#include "base/leap.h"
#include "dot2/validity.h"
#include "service/service_identity.h"
#include "service/service_tls.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool runner_refuse(const struct component_config *config, struct service_error *err, const char *format, ...)
{
	va_list args;
	int n = snprintf(err->text, sizeof(err->text), "%s: ", config->name);

	va_start(args, format);
	if (n > 0 && (size_t)n < sizeof(err->text))
		vsnprintf(err->text + n, sizeof(err->text) - (size_t)n, format, args);
	va_end(args);
	return false;
}

/* ---- time ---- */

/*
 * A clock that is wrong makes a component issue what nobody accepts, or accept what nobody should. What it can be held
 * against is what was signed: a time that the trust store accepted or began with lies in the past.
 */
bool runner_clock_is_right(const struct runner *runner, struct service_error *err)
{
	const struct trustee *trustee = runner->service.trustee;
	scms_time64 now = clock_now(), newest;
	struct scms_store_status status;
	struct leap_table leaps;
	char stands[TIME_TEXT_BYTES], known[TIME_TEXT_BYTES];

	if (!scms_store_status(trustee_store(trustee), now, runner->crypto, trustee_objects(trustee), &status))
		return runner_refuse(runner->config, err, "%s/store: an object is missing or damaged; restore it from a backup",
				     runner->config->home);
	newest = status.signed_time > status.provisioned ? status.signed_time : status.provisioned;
	if (now + status.skew_seconds * TIME64_SECOND >= newest)
		return true;
	leap_load(&leaps, LEAP_FILE);
	return runner_refuse(runner->config, err,
			     "the clock stands at %s, %" PRIu64 " seconds behind %s, a time that was signed and accepted before (%s/store; "
			     "allowed: %u seconds): set the clock right",
			     time_text(&leaps, now, stands), (uint64_t)((newest - now) / TIME64_SECOND),
			     time_text(&leaps, newest, known), runner->config->home, status.skew_seconds);
}

/* ---- opening ---- */

static bool settings_are_good(const struct runner *runner, struct service_error *err)
{
	const struct role_service *role = runner->config->role;
	struct service_error why;
	const char *setting = role->check != NULL ? role->check(&runner->service, &why) : NULL;

	return setting == NULL || runner_refuse(runner->config, err, "%s: %s", setting, why.text);
}

bool runner_store_open(struct runner *runner, struct service_error *err)
{
	struct store_dir_error why;
	char *path;

	if (asprintf(&path, "%s/store", runner->config->home) < 0)
		return runner_refuse(runner->config, err, "out of memory");
	if (access(path, F_OK) != 0) {
		runner_refuse(runner->config, err, "%s: there is no trust store yet: make it from the bootstrap bundle (scms component provision %s)",
			      path, runner->config->name);
		free(path);
		return false;
	}
	runner->service.trustee = trustee_open(path, runner->crypto, &why);
	free(path);
	if (runner->service.trustee == NULL)
		return runner_refuse(runner->config, err, "%s", why.text);
	return true;
}

static bool database_open(struct runner *runner, struct service_error *err)
{
	struct service *service = &runner->service;
	struct db_fault why;

	if (service->role->schema == NULL)
		return true;
	service->db = db_open_in(runner->config->home, service->role->schema, &why);
	if (service->db == NULL)
		return runner_refuse(runner->config, err, "%s", why.text);
	service->commit = commit_new(service->base, service->db);
	if (service->commit == NULL)
		return runner_refuse(runner->config, err, "out of memory");
	return true;
}

/* For whoever started a component on any port that was free. */
static bool port_write(const struct runner *runner, struct service_error *err)
{
	char text[8], *path;
	struct file_error why = {.text = "out of memory"};
	bool good;

	snprintf(text, sizeof(text), "%u\n", http_server_port(runner->server));
	if (asprintf(&path, "%s/port", runner->config->home) < 0)
		return runner_refuse(runner->config, err, "out of memory");
	good = file_write(path, 0644, (struct scms_slice){(const uint8_t *)text, strlen(text)}, &why) == FILE_OK;
	if (!good)
		runner_refuse(runner->config, err, "%s: %s", path, why.text);
	free(path);
	return good;
}

static bool serve_open(struct runner *runner, struct service_error *err)
{
	const struct component_config *config = runner->config;
	struct http_error why;

	if (!routes_make(runner))
		return runner_refuse(config, err, "out of memory");
	runner->server = http_server_new(runner->service.base, config->address, config->port, runner->tls.context, runner->routes,
					 runner->route_count, &config->limits, &why);
	if (runner->server == NULL)
		return runner_refuse(config, err, "%s", why.text);
	http_server_shows(runner->server, routes_shown, runner);
	return port_write(runner, err);
}

struct runner *runner_open(struct event_base *base, const struct component_config *config, bool test_mode,
			   const struct scms_crypto *crypto, struct service_error *err)
{
	struct runner *runner = calloc(1, sizeof(*runner));

	if (runner == NULL) {
		runner_refuse(config, err, "out of memory");
		return NULL;
	}
	runner->config = config;
	runner->crypto = crypto;
	runner->standing = SCMS_VALID;
	runner->service = (struct service){
	    .role = config->role,
	    .name = config->name,
	    .host = config->host,
	    .path = config->home,
	    .base = base,
	    .test_mode = test_mode,
	};
	if (!settings_are_good(runner, err) || !runner_store_open(runner, err) || !runner_clock_is_right(runner, err) ||
	    !identity_open(&runner->service, err) || !service_tls_open(&runner->service, err) || !database_open(runner, err))
		goto refused;
	identity_tick(&runner->service, clock_now());
	runner->started = config->role->start == NULL || config->role->start(&runner->service, err);
	if (!runner->started || !serve_open(runner, err))
		goto refused;
	runner_look(runner, false);
	log_event(config->name, LOG_LEVEL_INFO, "serving", "s:s, s:s, s:i", "role", config->role->name, "address",
		  config->address, "port", (int)http_server_port(runner->server));
	return runner;
refused:
	runner_close(runner);
	return NULL;
}

/* ---- running ---- */

void runner_look(struct runner *runner, bool changed)
{
	struct service *service = &runner->service;
	enum scms_reason standing = service_standing(service);

	if (standing != runner->standing) {
		bool good = standing == SCMS_VALID;

		log_event(service->name, good ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, good ? "resumed" : "ceased", "s:s, s:s, s:s",
			  "reason", scms_reason_name(standing), "rule", scms_reason_rule(standing), "text",
			  scms_reason_text(standing));
		runner->standing = standing;
		changed = true;
	}
	if (changed && runner->started && service->role->changed != NULL)
		service->role->changed(service);
}

void runner_tick(struct runner *runner, scms_time64 now)
{
	if (runner->stopped)
		return;
	identity_tick(&runner->service, now);
	service_tls_tick(&runner->service);
	runner_look(runner, false);
	if (runner->service.role->tick != NULL)
		runner->service.role->tick(&runner->service, now);
}

void runner_reload(struct runner *runner)
{
	if (!runner->stopped)
		service_tls_take(&runner->service);
}

/* ---- closing ---- */

void runner_stop(struct runner *runner, void (*done)(void *ctx), void *ctx)
{
	runner->stopped = true;
	if (runner->service.role->stopping != NULL)
		runner->service.role->stopping(&runner->service);
	http_server_stop(runner->server, done, ctx);
}

void runner_close(struct runner *runner)
{
	struct service *service;

	if (runner == NULL)
		return;
	service = &runner->service;
	runner->stopped = true;
	/* Calls under way end here, and answer their requests; so does the turn. */
	http_client_free(service->client);
	commit_free(service->commit);
	service->commit = NULL;
	if (runner->started && service->role->stop != NULL)
		service->role->stop(service);
	http_server_free(runner->server);
	db_close(service->db);
	identity_close(service);
	trustee_close(service->trustee);
	service_tls_close(service);
	peers_free(&runner->peers);
	free(runner->peer_line);
	routes_free(runner);
	free(runner);
}
