/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that looks after itself: it updates, asks and fetches when it is due, gives up for a while after failures, and
 * shows a status page.
 */
#include "base/clock.h"
#include "command.h"
#include "dot2/validity.h"
#include "status.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define UPDATE_SECONDS 3600 /* between updates that went well */
#define RETRY_SECONDS 15    /* after a failure, doubled each time */
#define RETRY_SECONDS_MAX 3600
#define PAGE_SECONDS 1

enum doing { DOING_UPDATE, DOING_REQUEST, DOING_FETCH };

struct running {
	struct command *command;
	const struct options *options;
	struct event *timer, *page, *stop[2];
	enum doing doing;
	enum ee_request_kind kind; /* what is asked for */
	unsigned failures;
	bool terminal;
	char last[600]; /* what happened last */
};

static void wait_for(struct running *running, unsigned seconds)
{
	const struct timeval pause = {.tv_sec = seconds};

	event_add(running->timer, &pause);
}

/* Seconds until the RA said that certificates would be ready. */
static unsigned until_ready(const struct client_device *device)
{
	scms_time32 now = (scms_time32)(client_now(device) / TIME64_SECOND);

	if (device->ready <= now)
		return 1;
	return device->ready - now < RETRY_SECONDS_MAX ? device->ready - now : RETRY_SECONDS_MAX;
}

static void did(void *ctx, struct client_device *device, enum client_result result, const char *text)
{
	static const char *const names[] = {[DOING_UPDATE] = "update", [DOING_REQUEST] = "request", [DOING_FETCH] = "fetch"};
	struct running *running = ctx;
	unsigned pause = RETRY_SECONDS;

	snprintf(running->last, sizeof(running->last), "%s: %s: %s", names[running->doing], client_result_name(result), text);
	if (!running->terminal)
		puts(running->last);
	if (result == CLIENT_OFFLINE || result == CLIENT_REFUSED || result == CLIENT_FAILED) {
		for (unsigned k = 0; k < running->failures && pause < RETRY_SECONDS_MAX; k++)
			pause *= 2;
		running->failures++;
		running->doing = DOING_UPDATE;
		wait_for(running, pause < RETRY_SECONDS_MAX ? pause : RETRY_SECONDS_MAX);
		return;
	}
	running->failures = 0;
	/* Policy and chain file come before any request (CAMP, step 3.1), certificates after. */
	if (running->doing == DOING_UPDATE && result != CLIENT_CEASED) {
		running->doing = client_request_due(device, &running->kind) ? DOING_REQUEST : DOING_FETCH;
		wait_for(running, 0);
	} else if (running->doing == DOING_REQUEST && result == CLIENT_DONE) {
		running->doing = client_request_due(device, &running->kind) ? DOING_REQUEST : DOING_FETCH;
		wait_for(running, running->doing == DOING_REQUEST ? 0 : until_ready(device));
	} else {
		bool early = running->doing == DOING_FETCH && result == CLIENT_NOTHING;

		running->doing = DOING_UPDATE;
		wait_for(running, early ? 4 * RETRY_SECONDS : UPDATE_SECONDS);
	}
}

static void due(evutil_socket_t fd, short what, void *ctx)
{
	struct running *running = ctx;
	struct client_device *device = &running->command->device;

	(void)fd, (void)what;
	if (running->doing == DOING_UPDATE)
		client_update(device, did, running);
	else if (running->doing == DOING_REQUEST)
		client_request(device, running->kind, did, running);
	else
		client_fetch(device, running->options->periods, did, running);
}

static void show(evutil_socket_t fd, short what, void *ctx)
{
	struct running *running = ctx;

	(void)fd, (void)what;
	fputs("\033[H\033[2J", stdout);
	status_page(&running->command->device.device, clock_now(), stdout);
	printf("\nlast          %s\n\nCtrl-C ends.\n", running->last);
	fflush(stdout);
}

static void stop(evutil_socket_t fd, short what, void *ctx)
{
	struct running *running = ctx;

	(void)fd, (void)what;
	event_base_loopbreak(running->command->base);
}

static bool prepare(struct running *running)
{
	struct event_base *base = running->command->base;
	const struct timeval second = {.tv_sec = PAGE_SECONDS};

	running->timer = evtimer_new(base, due, running);
	running->page = event_new(base, -1, EV_PERSIST, show, running);
	running->stop[0] = evsignal_new(base, SIGINT, stop, running);
	running->stop[1] = evsignal_new(base, SIGTERM, stop, running);
	if (running->timer == NULL || running->page == NULL || running->stop[0] == NULL || running->stop[1] == NULL)
		return false;
	event_add(running->stop[0], NULL);
	event_add(running->stop[1], NULL);
	if (running->terminal)
		event_add(running->page, &second);
	wait_for(running, 0);
	return true;
}

int cmd_run(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"periods", OPTION_PERIODS, "N", 0, "Weeks for which to have certificates, this one among them; default 3", 0}, ROWS_CLOCK, {0}};
	static const char doc[] = "Let the device look after itself: policy, chain file and CRL once an hour, certificates before they "
				  "are needed. On a terminal it shows a status page, elsewhere a line for each thing that it did.\v"
				  "Example:\n  scms-ee run car\n\n"
				  "Exit code: 0 ended by a signal, 2 usage, 3 the device cannot be opened.";
	struct options options;
	struct command command;
	struct running running = {.command = &command, .options = &options, .terminal = isatty(STDOUT_FILENO) == 1, .last = "-"};
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (command_open(&command, &options) && prepare(&running)) {
		event_base_dispatch(command.base);
		code = EE_EXIT_DONE;
	}
	client_abort(&command.device);
	if (running.timer != NULL)
		event_free(running.timer);
	if (running.page != NULL)
		event_free(running.page);
	for (unsigned k = 0; k < 2; k++)
		if (running.stop[k] != NULL)
			event_free(running.stop[k]);
	command_close(&command);
	return code;
}
