/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms-elector: an elector's signer. It reads files, shows what they ask for, and signs votes; it speaks to nobody.
 */
#include "confine.h"
#include "elector.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *text;
} commands[] = {
    {"create", elector_create, "found an elector: key and self-signed certificate"},
    {"init", elector_init, "give it its own trust store, from a bootstrap bundle"},
    {"apply", elector_apply, "bring its trust store up to date with files"},
    {"inspect", elector_inspect, "what does this proposal ask for, and what would it mean?"},
    {"sign", elector_sign, "vote for an inspected proposal"},
    {"verify", elector_verify, "do these votes, or this ballot, count here?"},
    {"log", elector_log, "all that was done here, checked"},
};

static void usage(FILE *to)
{
	fputs("Usage: scms-elector COMMAND [OPTION...]\n\n", to);
	for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++)
		fprintf(to, "  %-8s %s\n", commands[k].name, commands[k].text);
	fputs("\nExample: scms-elector inspect --home elector-a add-elector.proposal\n"
	      "         scms-elector sign --home elector-a add-elector.proposal\n"
	      "'scms-elector COMMAND --help' says more of each. No command opens a socket: the kernel would end it.\n",
	      to);
}

int main(int argc, char **argv)
{
	/* Before anything is read or loaded. */
	if (!confine()) {
		fprintf(stderr, "scms-elector: this kernel does not take the filter that keeps it off the network: %s\n", strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return EXIT_DONE;
	}
	for (size_t k = 0; argc >= 2 && k < sizeof(commands) / sizeof(commands[0]); k++)
		if (strcmp(argv[1], commands[k].name) == 0)
			return commands[k].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "scms-elector: no command '%s'\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
