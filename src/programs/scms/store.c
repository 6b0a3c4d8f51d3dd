/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms store: the trust store of a device or component.
 */
#include "commands.h"
#include "store_command.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *text;
} commands[] = {
    {"init", store_init, "make a new store from what is trusted out of band"},
    {"apply", store_apply, "one session: judge files and change the store by what they prove"},
    {"check", store_check, "is this certificate valid now?"},
    {"dump", store_dump, "what the store holds, as JSON"},
    {"show", store_show, "the store in words, with margins"},
    {"explain", store_explain, "what would these files do? vote by vote, without doing it"},
    {"log", store_log, "every session: when, which files, what it changed"},
    {"forecast", store_forecast, "the next dates that need action"},
};

static void usage(FILE *to)
{
	fputs("Usage: scms store COMMAND --state DIR [OPTION...]\n\n", to);
	for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++)
		fprintf(to, "  %-9s %s\n", commands[k].name, commands[k].text);
	fputs("\nExample: scms store apply --state /var/lib/scms/store --chain lccf.oer --crl crl.oer\n"
	      "'scms store COMMAND --help' says more of each.\n",
	      to);
}

int cmd_store(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return STORE_EXIT_DONE;
	}
	for (size_t k = 0; argc >= 2 && k < sizeof(commands) / sizeof(commands[0]); k++)
		if (strcmp(argv[1], commands[k].name) == 0)
			return commands[k].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "scms store: no command '%s'\n", argv[1]);
	usage(stderr);
	return STORE_EXIT_USAGE;
}
