/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms drill: rehearses a disaster with the whole system running; the director is a Python program (drills/).
 */
#include "commands.h"
#include "script.h"

#include <stdio.h>

int cmd_drill(int argc, char **argv)
{
	const char *given[] = {"--programs", NULL, NULL};
	char self[PATH_MAX];

	if (!script_own_folder(self)) {
		fputs("scms drill: it cannot be found where this program is\n", stderr);
		return 3;
	}
	given[1] = self;
	return script_run("drill", "drills/drill.py", given, argc, argv);
}
