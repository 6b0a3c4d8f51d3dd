/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that looks after itself: it updates, asks and fetches when it is due, gives up for a while after failures, and
 * shows a status page.
 */
#include "base/clock.h"
#include "command.h"
#include "dot2/validity.h"
#include "programs/sandbox.h"
#include "status.h"

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UPDATE_SECONDS 3600 /* between rounds that went well */
#define AWAIT_SECONDS 2	    /* until certificates that were asked for are looked for again, doubled each time */
#define AWAIT_TIMES 8	    /* so often, then with the next round */
#define RETRY_SECONDS 15    /* after a failure, doubled each time */
#define RETRY_SECONDS_MAX 3600
#define PAGE_SECONDS 1
#define LISTEN_AGAIN_SECONDS 60 /* after a CRL store that does not let wait */
#define HERD_SECONDS 30	       /* after a removal not all devices go to the RA at once */

enum doing { DOING_UPDATE, DOING_REQUEST, DOING_FETCH, DOING_LISTEN };

struct running {
	struct command *command;
	const struct options *options;
	struct event *timer, *page, *stop[2];
	enum doing doing;
	enum ee_request_kind kind; /* what is asked for */
	unsigned failures, awaited;
	bool ending;
	time_t next_round, listening_since; /* on the monotonic clock */
	bool terminal;
	char last[600]; /* what happened last */
};

/* Seconds until the RA said that certificates would be ready. */
static unsigned until_ready(const struct client_device *device)
{
	scms_time32 now = (scms_time32)(client_now(device) / TIME64_SECOND);

	if (device->ready <= now)
		return 1;
	return device->ready - now < RETRY_SECONDS_MAX ? device->ready - now : RETRY_SECONDS_MAX;
}

/* Begins something after a pause. */
static void then(struct running *running, enum doing doing, unsigned pause)
{
	const struct timeval wait = {.tv_sec = pause};

	running->doing = doing;
	event_add(running->timer, &wait);
}

static void failed(struct running *running)
{
	unsigned pause = RETRY_SECONDS;

	for (unsigned k = 0; k < running->failures && pause < RETRY_SECONDS_MAX; k++)
		pause *= 2;
	running->failures++;
	then(running, DOING_UPDATE, pause < RETRY_SECONDS_MAX ? pause : RETRY_SECONDS_MAX);
}

/* Certificates for now were asked for, and are not there. */
static bool awaits(const struct client_device *device)
{
	enum ee_request_kind kind = device->device.kind == DEVICE_RSE ? EE_APPLICATION : EE_PSEUDONYM;

	return ee_state_next(&device->device.state, kind, NULL) != NULL &&
	       status_periods(&device->device, kind, client_now(device)) == 0;
}

/* All is done that can be: until the next round the device listens for removals. */
static void rest(struct running *running)
{
	running->awaited = 0;
	running->next_round = seconds_now() + UPDATE_SECONDS;
	then(running, DOING_LISTEN, 0);
}

static void listened(struct running *running, enum client_result result)
{
	if (result == CLIENT_DONE)
		then(running, DOING_UPDATE, arc4random_uniform(HERD_SECONDS + 1));
	else if (seconds_now() >= running->next_round)
		then(running, DOING_UPDATE, 0);
	else
		then(running, DOING_LISTEN, seconds_now() > running->listening_since + 1 ? 0 : LISTEN_AGAIN_SECONDS);
}

static void did(void *ctx, struct client_device *device, enum client_result result, const char *text)
{
	static const char *const names[] = {
	    [DOING_UPDATE] = "update", [DOING_REQUEST] = "request", [DOING_FETCH] = "fetch", [DOING_LISTEN] = "listen"};
	struct running *running = ctx;

	if (running->ending)
		return;
	if (running->doing != DOING_LISTEN || result != CLIENT_NOTHING) {
		snprintf(running->last, sizeof(running->last), "%s: %s: %s", names[running->doing], client_result_name(result), text);
		if (!running->terminal)
			puts(running->last);
	}
	if (result == CLIENT_OFFLINE || result == CLIENT_REFUSED || result == CLIENT_FAILED) {
		failed(running);
		return;
	}
	running->failures = 0;
	if (running->doing == DOING_LISTEN)
		listened(running, result);
	else if (running->doing == DOING_FETCH && result != CLIENT_CEASED && awaits(device) && running->awaited < AWAIT_TIMES)
		then(running, DOING_FETCH, (unsigned)AWAIT_SECONDS << running->awaited++);
	/* Policy and chain file come before any request (CAMP, step 3.1), certificates after. */
	else if (result == CLIENT_CEASED || running->doing == DOING_FETCH || (running->doing == DOING_REQUEST && result != CLIENT_DONE))
		rest(running);
	else if (client_request_due(device, &running->kind))
		then(running, DOING_REQUEST, 0);
	else
		then(running, DOING_FETCH, running->doing == DOING_REQUEST ? until_ready(device) : 0);
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
	else if (running->doing == DOING_LISTEN)
		running->listening_since = seconds_now(), client_listen(device, did, running);
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
	then(running, DOING_UPDATE, 0);
	return true;
}

/* What comes from RA, CRL store and manager is parsed with the device's keys in this memory: all that is not needed for it is given up. */
static bool confine(const struct options *options)
{
	const char *folders[3] = {options->directory}, *const none[] = {NULL};
	struct sandbox_error err;
	char clock_folder[PATH_MAX];
	bool landlocked;

	/* The clock's file is renamed into place: another file each time. */
	if (options->clock_file != NULL) {
		snprintf(clock_folder, sizeof(clock_folder), "%s", options->clock_file);
		folders[1] = dirname(clock_folder);
	}
	if (!sandbox_privileges(&err) || !sandbox_files(folders, none, &landlocked, &err) || !sandbox_calls(&err)) {
		fprintf(stderr, "scms-ee run: %s\n", err.text);
		return false;
	}
	if (!landlocked)
		fputs("scms-ee run: this kernel has no Landlock: the process is not confined to its folder\n", stderr);
	return true;
}

int cmd_run(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"periods", OPTION_PERIODS, "N", 0, "Weeks for which to have certificates, this one among them; default 3", 0}, ROWS_CLOCK, {0}};
	static const char doc[] = "Let the device look after itself: policy, chain file and CRL once an hour, removals at once, certificates "
				  "before they are needed. On a terminal it shows a status page, elsewhere a line for each thing that it did.\v"
				  "Example:\n  scms-ee run car\n\n"
				  "Exit code: 0 ended by a signal, 2 usage, 3 the device cannot be opened.";
	struct options options;
	struct command command;
	struct running running = {.command = &command, .options = &options, .terminal = isatty(STDOUT_FILENO) == 1, .last = "-"};
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (command_open(&command, &options, DEVICE_CHANGE) && prepare(&running) && confine(&options)) {
		event_base_dispatch(command.base);
		code = EE_EXIT_DONE;
	}
	running.ending = true;
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
