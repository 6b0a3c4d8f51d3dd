/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms drill: rehearses a disaster with the whole system running; the director is a Python program (drills/).
 */
#include "commands.h"
#include "script.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cmd_drill(int argc, char **argv)
{
	const char *given[] = {"--programs", NULL, NULL};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0) {
		fputs("scms drill: it cannot be found where this program is\n", stderr);
		return 3;
	}
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	given[1] = self;
	return script_run("drill", "drills/drill.py", given, argc, argv);
}
