/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device does with the SCMS, one thing a command.
 */
#include "base/file.h"
#include "command.h"

#include <stdlib.h>

#define MESSAGE_MAX (64u << 10)
#define FETCH_PAUSE_SECONDS 1u

int cmd_enrol(int argc, char **argv)
{
	static const struct argp_option rows[] = {ROWS_FACTORY, ROWS_CLOCK, ROW_JSON, {0}};
	static const char doc[] =
	    "Enrol the device through the DCM, in the factory or at an authorised operator's. A device that is enrolled already "
	    "is enrolled anew, as after the loss of its root; a request that got no answer is repeated as it was.\v"
	    "Example:\n  scms-ee enrol car --dcm https://localhost:8891 --factory tls/factory\n\n"
	    "Exit code: 0 enrolled, 1 refused, 2 usage, 3 no answer, or the device's own trouble.";
	struct options options;
	struct command command;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (options.dcm == NULL || options.factory == NULL) {
		fputs("scms-ee enrol: --dcm URL and --factory DIR are wanted\n", stderr);
		return EE_EXIT_USAGE;
	}
	if (command_open(&command, &options, DEVICE_CHANGE)) {
		client_enrol(&command.device, command_done, &command);
		code = command_wait(&command, &options);
	}
	command_close(&command);
	return code;
}

int cmd_update(int argc, char **argv)
{
	static const struct argp_option rows[] = {ROWS_CLOCK, ROW_JSON, {0}};
	static const char doc[] =
	    "Fetch local policy, local chain file and composite CRL, where there are newer ones, and apply them as one session: "
	    "votes are counted by the device itself.\v"
	    "Example:\n  scms-ee update car\n\n"
	    "Exit code: 0 applied or nothing new, 1 refused, 2 usage, 3 no answer, or the device's own trouble.";
	struct options options;
	struct command command;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (command_open(&command, &options, DEVICE_CHANGE)) {
		client_update(&command.device, command_done, &command);
		code = command_wait(&command, &options);
	}
	command_close(&command);
	return code;
}

int cmd_request(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"identification", OPTION_IDENTIFICATION, NULL, 0, "A vehicle: identification certificates, for its services", 0},
	    ROWS_CLOCK,
	    ROW_JSON,
	    {0}};
	static const char doc[] = "Ask the RA for certificates. A vehicle asks for pseudonym certificates, from this i-period on and "
				  "without end, or for identification certificates likewise; a roadside unit for one application "
				  "certificate.\v"
				  "Example:\n  scms-ee request car\n\n"
				  "Exit code: 0 asked, 1 refused, 2 usage, 3 no answer, or the device's own trouble.";
	struct options options;
	struct command command;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (command_open(&command, &options, DEVICE_CHANGE)) {
		client_request(&command.device,
			       options.identification		      ? EE_IDENTIFICATION
			       : command.device.device.kind == DEVICE_RSE ? EE_APPLICATION
									      : EE_PSEUDONYM,
			       command_done, &command);
		code = command_wait(&command, &options);
	}
	command_close(&command);
	return code;
}

/* Once, or until nothing is missing any more. */
static int fetch(struct command *command, const struct options *options)
{
	const struct timeval pause = {.tv_sec = FETCH_PAUSE_SECONDS};
	const time_t end = seconds_now() + (time_t)options->wait;
	struct client_device *device = &command->device;
	int code;

	while (true) {
		client_fetch(device, options->periods, command_done, command);
		if (device->task != NULL)
			event_base_dispatch(command->base);
		/* Who is away may come back; who refuses has said so. */
		if ((command->result != CLIENT_DONE && command->result != CLIENT_NOTHING && command->result != CLIENT_OFFLINE) ||
		    device->missing == 0 || seconds_now() >= end)
			break;
		event_base_loopexit(command->base, &pause);
		event_base_loop(command->base, EVLOOP_NO_EXIT_ON_EMPTY);
	}
	code = command_say(command, options);
	return code == EE_EXIT_DONE && options->wait > 0 && device->missing > 0 ? EE_EXIT_REFUSED : code;
}

int cmd_fetch(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"periods", OPTION_PERIODS, "N", 0, "Weeks for which to have certificates, this one among them; default 3", 0},
	    {"wait", OPTION_WAIT, "SECONDS", 0, "Ask again, so long at most, until all of them are at hand", 0},
	    ROWS_CLOCK,
	    ROW_JSON,
	    {0}};
	static const char doc[] = "Fetch the certificates that the RA has ready, of all kinds that were asked for. Each is opened, its key "
				  "rebuilt and held against it.\v"
				  "Example:\n  scms-ee fetch car --periods 3 --wait 60\n\n"
				  "Exit code: 0 done (with --wait: nothing is missing), 1 refused (with --wait: or some are not ready), 2 usage, 3 no answer, or "
				  "the device's own trouble.";
	struct options options;
	struct command command;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (command_open(&command, &options, DEVICE_CHANGE)) {
		code = fetch(&command, &options);
	}
	command_close(&command);
	return code;
}

int cmd_report(int argc, char **argv)
{
	static const struct argp_option rows[] = {ROWS_CLOCK, ROW_JSON, {0}};
	static const char doc[] = "Report a received message to the misbehaviour authority, through the RA, which cannot read it.\v"
				  "Example:\n  scms-ee report car received.bsm\n\n"
				  "Exit code: 0 reported, 1 refused, 2 usage, 3 no answer, or the device's own trouble.";
	struct options options;
	struct command command;
	struct scms_slice message;
	struct file_error err;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR MESSAGE", doc, 1, &options);
	if (options.rest_count != 1) {
		fputs("scms-ee report: the message to be reported is missing\n", stderr);
		return EE_EXIT_USAGE;
	}
	if (file_read(options.rest[0], MESSAGE_MAX, &message, &err) != FILE_OK) {
		fprintf(stderr, "scms-ee report: %s: %s\n", options.rest[0], err.text);
		return EE_EXIT_ENVIRONMENT;
	}
	if (command_open(&command, &options, DEVICE_READ)) {
		client_report(&command.device, message, command_done, &command);
		code = command_wait(&command, &options);
	}
	command_close(&command);
	free((void *)(uintptr_t)message.p);
	return code;
}
