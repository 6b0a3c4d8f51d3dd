/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon_run.h"

#include "daemon_inside.h"

#include <signal.h>
#include <stdlib.h>

#define STOP_SECONDS 10

struct daemon {
	struct event_base *base;
	struct event *tick, *terminate, *interrupt, *reload, *deadline;
	STAILQ_HEAD(, runner) runners;
	unsigned open;
	bool stopping;
};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;
	scms_time64 now = clock_now();
	struct runner *runner;

	(void)fd, (void)what;
	STAILQ_FOREACH(runner, &daemon->runners, link)
		runner_tick(runner, now);
}

static void on_stopped(void *arg)
{
	struct daemon *daemon = arg;

	if (--daemon->open == 0)
		event_base_loopbreak(daemon->base);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd, (void)what;
	log_event(NULL, LOG_LEVEL_WARNING, "requests cut off", "s:i", "seconds", STOP_SECONDS);
	event_base_loopbreak(daemon->base);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval limit = {STOP_SECONDS, 0};
	struct daemon *daemon = arg;
	struct runner *runner;

	(void)fd, (void)what;
	if (daemon->stopping) {
		event_base_loopbreak(daemon->base);
		return;
	}
	daemon->stopping = true;
	log_event(NULL, LOG_LEVEL_INFO, "stopping", "");
	evtimer_add(daemon->deadline, &limit);
	STAILQ_FOREACH(runner, &daemon->runners, link)
		runner_stop(runner, on_stopped, daemon);
}

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;
	struct runner *runner;

	(void)fd, (void)what;
	STAILQ_FOREACH(runner, &daemon->runners, link)
		runner_reload(runner);
}

static bool events_make(struct daemon *daemon)
{
	const struct timeval second = {1, 0};

	daemon->base = http_base_new();
	if (daemon->base == NULL)
		return false;
	daemon->tick = event_new(daemon->base, -1, EV_PERSIST, on_tick, daemon);
	daemon->terminate = evsignal_new(daemon->base, SIGTERM, on_signal, daemon);
	daemon->interrupt = evsignal_new(daemon->base, SIGINT, on_signal, daemon);
	daemon->reload = evsignal_new(daemon->base, SIGHUP, on_reload, daemon);
	daemon->deadline = evtimer_new(daemon->base, on_deadline, daemon);
	return daemon->tick != NULL && daemon->terminate != NULL && daemon->interrupt != NULL && daemon->reload != NULL &&
	       daemon->deadline != NULL && event_add(daemon->tick, &second) == 0 && evsignal_add(daemon->terminate, NULL) == 0 &&
	       evsignal_add(daemon->interrupt, NULL) == 0 && evsignal_add(daemon->reload, NULL) == 0;
}

struct daemon *daemon_open(const struct daemon_config *config, const struct scms_crypto *crypto, struct service_error *err)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));

	if (daemon != NULL)
		STAILQ_INIT(&daemon->runners);
	if (daemon == NULL || !events_make(daemon)) {
		*err = (struct service_error){"out of memory"};
		daemon_close(daemon);
		return NULL;
	}
	for (size_t k = 0; k < config->component_count; k++) {
		struct runner *runner = runner_open(daemon->base, &config->components[k], config->test_mode, crypto, err);

		if (runner == NULL) {
			daemon_close(daemon);
			return NULL;
		}
		STAILQ_INSERT_TAIL(&daemon->runners, runner, link);
		daemon->open++;
	}
	return daemon;
}

bool daemon_run(struct daemon *daemon)
{
	event_base_dispatch(daemon->base);
	if (daemon->stopping)
		log_event(NULL, LOG_LEVEL_INFO, "stopped", "");
	return daemon->stopping;
}

void daemon_close(struct daemon *daemon)
{
	struct runner *runner;

	if (daemon == NULL)
		return;
	while ((runner = STAILQ_FIRST(&daemon->runners)) != NULL) {
		STAILQ_REMOVE_HEAD(&daemon->runners, link);
		runner_close(runner);
	}
	if (daemon->tick != NULL)
		event_free(daemon->tick);
	if (daemon->terminate != NULL)
		event_free(daemon->terminate);
	if (daemon->interrupt != NULL)
		event_free(daemon->interrupt);
	if (daemon->reload != NULL)
		event_free(daemon->reload);
	if (daemon->deadline != NULL)
		event_free(daemon->deadline);
	if (daemon->base != NULL)
		event_base_free(daemon->base);
	free(daemon);
}
