/* SPDX-License-Identifier: Apache-2.0 */
#include "service_tls.h"

#include "daemon_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY (24L * 60 * 60)
#define WARN_SECONDS (30 * DAY)

/* ---- files ---- */

/* By what a file that was replaced or written anew is known. */
static void marks_read(const struct runner_tls *tls, struct file_mark marks[3])
{
	struct stat st;

	memset(marks, 0, 3 * sizeof(*marks));
	for (unsigned k = 0; k < 3; k++)
		if (stat(tls->path[k], &st) == 0)
			marks[k] = (struct file_mark){st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
}

static bool paths_make(struct runner *runner)
{
	static const char *const names[3] = {"certificate.pem", "key.pem", "roots.pem"};
	struct runner_tls *tls = &runner->tls;

	for (unsigned k = 0; k < 3; k++)
		if (asprintf(&tls->path[k], "%s/tls/%s", runner->config->home, names[k]) < 0) {
			tls->path[k] = NULL;
			return false;
		}
	tls->identity = (struct tls_identity){tls->path[0], tls->path[1], tls->path[2]};
	return true;
}

static void paths_free(struct runner *runner)
{
	for (unsigned k = 0; k < 3; k++)
		free(runner->tls.path[k]);
}

/* A context of the files as they are. TLS is judged by the system's clock, whatever a drill adds to it. */
static SSL_CTX *context_make(struct runner *runner, time_t *until, struct tls_error *err)
{
	const struct runner_tls *tls = &runner->tls;

	if (access(tls->path[0], F_OK) != 0) {
		snprintf(err->text, sizeof(err->text),
			 "%.120s: there is no TLS identity: install the one that was asked for (scms component install), or make one (scms "
			 "component tls)",
			 tls->path[0]);
		return NULL;
	}
	if (!tls_certificate_check(tls->path[0], runner->config->host, runner->config->role->name, time(NULL), until, err))
		return NULL;
	return tls_server(&tls->identity, err);
}

bool service_tls_check(struct service *service, struct tls_error *err)
{
	struct runner *runner = runner_of(service);
	SSL_CTX *context = NULL;
	time_t until;

	if (paths_make(runner))
		context = context_make(runner, &until, err);
	else
		snprintf(err->text, sizeof(err->text), "out of memory");
	SSL_CTX_free(context);
	paths_free(runner);
	return context != NULL;
}

bool service_tls_open(struct service *service, struct service_error *err)
{
	struct runner *runner = runner_of(service);
	struct runner_tls *tls = &runner->tls;
	struct tls_error why;

	if (!paths_make(runner))
		return runner_refuse(runner->config, err, "out of memory");
	marks_read(tls, tls->taken);
	memcpy(tls->seen, tls->taken, sizeof(tls->seen));
	tls->context = context_make(runner, &tls->until, &why);
	if (tls->context != NULL)
		service->client = http_client_new(service->base, &tls->identity, &why);
	if (service->client == NULL)
		return runner_refuse(runner->config, err, "%s", why.text);
	return true;
}

/* ---- taking new ones ---- */

void service_tls_take(struct service *service)
{
	struct runner *runner = runner_of(service);
	struct runner_tls *tls = &runner->tls;
	struct tls_error err;
	SSL_CTX *context;
	time_t until;

	/* Files that change while they are read differ from these, and are looked at again. */
	marks_read(tls, tls->taken);
	memcpy(tls->seen, tls->taken, sizeof(tls->seen));
	context = context_make(runner, &until, &err);
	if (context == NULL || !http_client_renew(service->client, &tls->identity, &err)) {
		SSL_CTX_free(context);
		tls->refused = true;
		log_event(service->name, LOG_LEVEL_ERROR, "TLS identity refused", "s:s, s:I", "text", err.text, "seconds_left",
			  (json_int_t)(tls->until - time(NULL)));
		return;
	}
	http_server_renew(runner->server, context);
	/* Open connections hold the one before. */
	SSL_CTX_free(tls->context);
	tls->context = context;
	tls->until = until;
	tls->refused = false;
	tls->warned = 0;
	/* It says that it has the old key. */
	free(runner->peer_line);
	runner->peer_line = NULL;
	log_event(service->name, LOG_LEVEL_INFO, "TLS identity", "s:s, s:I", "file", tls->path[0], "seconds_left",
		  (json_int_t)(until - time(NULL)));
}

static void warn(struct service *service)
{
	struct runner_tls *tls = &runner_of(service)->tls;
	time_t now = time(NULL), left = tls->until - now;

	if (left > WARN_SECONDS || (tls->warned != 0 && now >= tls->warned && now < tls->warned + DAY))
		return;
	tls->warned = now;
	log_event(service->name, left > DAY ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, left > 0 ? "TLS identity expires" : "TLS identity has expired",
		  "s:s, s:I, s:s", "file", tls->path[0], "seconds_left", (json_int_t)left, "mend",
		  "put a new one in its place: scms component tls");
}

void service_tls_tick(struct service *service)
{
	struct runner_tls *tls = &runner_of(service)->tls;
	struct file_mark marks[3];

	marks_read(tls, marks);
	if (memcmp(marks, tls->taken, sizeof(marks)) != 0 && memcmp(marks, tls->seen, sizeof(marks)) == 0)
		service_tls_take(service);
	memcpy(tls->seen, marks, sizeof(marks));
	warn(service);
}

void service_tls_close(struct service *service)
{
	struct runner_tls *tls = &runner_of(service)->tls;

	SSL_CTX_free(tls->context);
	paths_free(runner_of(service));
}
