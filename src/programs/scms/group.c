/* SPDX-License-Identifier: Apache-2.0 */
#include "group.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

static void usage(const struct group *group, FILE *to)
{
	fprintf(to, "Usage: %s COMMAND [OPTION...]\n\n%s\n\n", group->name, group->text);
	for (size_t k = 0; k < group->count; k++)
		fprintf(to, "  %-12s %s\n", group->commands[k].name, group->commands[k].text);
	fprintf(to, "\nExample:\n%s\n'%s COMMAND --help' says more of each.\n", group->example, group->name);
}

int group_run(const struct group *group, int argc, char **argv)
{
	bool help = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);

	for (size_t k = 0; argc >= 2 && k < group->count; k++)
		if (strcmp(argv[1], group->commands[k].name) == 0)
			return group->commands[k].run(argc - 1, argv + 1);
	if (argc >= 2 && !help)
		fprintf(stderr, "%s: no command '%s'\n", group->name, argv[1]);
	usage(group, help ? stdout : stderr);
	return help ? 0 : EXIT_USAGE;
}
