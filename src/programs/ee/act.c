/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device does with the SCMS, one thing a command.
 */
#include "base/file.h"
#include "command.h"

#include <stdlib.h>

#define MESSAGE_MAX (64u << 10)

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
	if (command_open(&command, &options)) {
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
	if (command_open(&command, &options)) {
		client_update(&command.device, command_done, &command);
		code = command_wait(&command, &options);
	}
	command_close(&command);
	return code;
}

int cmd_request(int argc, char **argv)
{
	static const struct argp_option rows[] = {ROWS_CLOCK, ROW_JSON, {0}};
	static const char doc[] = "Ask the RA for pseudonym certificates, from this i-period on and without end.\v"
				  "Example:\n  scms-ee request car\n\n"
				  "Exit code: 0 asked, 1 refused, 2 usage, 3 no answer, or the device's own trouble.";
	struct options options;
	struct command command;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (command_open(&command, &options)) {
		client_request(&command.device, command_done, &command);
		code = command_wait(&command, &options);
	}
	command_close(&command);
	return code;
}

int cmd_fetch(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"periods", OPTION_PERIODS, "N", 0, "i-periods to have in stock, this one among them; default 3", 0}, ROWS_CLOCK, ROW_JSON, {0}};
	static const char doc[] = "Fetch the certificates that the RA has ready. Each is opened, its key rebuilt and held against it.\v"
				  "Example:\n  scms-ee fetch car --periods 3\n\n"
				  "Exit code: 0 fetched or nothing ready, 1 refused, 2 usage, 3 no answer, or the device's own trouble.";
	struct options options;
	struct command command;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (command_open(&command, &options)) {
		client_fetch(&command.device, options.periods, command_done, &command);
		code = command_wait(&command, &options);
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
	if (command_open(&command, &options)) {
		client_report(&command.device, message, command_done, &command);
		code = command_wait(&command, &options);
	}
	command_close(&command);
	free((void *)(uintptr_t)message.p);
	return code;
}
