/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms-ee: an end entity, OBE or RSE. One file per command; this one finds it.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *text;
} commands[] = {
    {"init", cmd_init, "make a device from what the factory's secure environment gives it"},
    {"enrol", cmd_enrol, "enrol, or enrol anew after the root was replaced"},
    {"update", cmd_update, "fetch policy, chain file and CRL, and apply them"},
    {"request", cmd_request, "ask for pseudonym certificates"},
    {"fetch", cmd_fetch, "fetch the certificates that are ready"},
    {"sign", cmd_sign, "sign a message"},
    {"verify", cmd_verify, "verify received messages"},
    {"report", cmd_report, "report a message as misbehaviour"},
    {"status", cmd_status, "what the device has and whom it trusts"},
    {"run", cmd_run, "do all of this by itself, with a status page"},
    {"fleet", cmd_fleet, "thousands of devices in one process, for drills and load"},
};

static void usage(FILE *to)
{
	fputs("Usage: scms-ee COMMAND DIR [OPTION...]\n\n", to);
	for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++)
		fprintf(to, "  %-10s %s\n", commands[k].name, commands[k].text);
	fputs("\nDIR is the device's folder. 'scms-ee COMMAND --help' says more of each.\n", to);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return EE_EXIT_DONE;
	}
	for (size_t k = 0; argc >= 2 && k < sizeof(commands) / sizeof(commands[0]); k++)
		if (strcmp(argv[1], commands[k].name) == 0)
			return commands[k].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "scms-ee: no command '%s'\n", argv[1]);
	usage(stderr);
	return EE_EXIT_USAGE;
}
