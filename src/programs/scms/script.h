/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h: commands that are Python programs beside the build folder, or installed with this one.
 */
#ifndef PROGRAMS_SCRIPT_H
#define PROGRAMS_SCRIPT_H

#include <limits.h>
#include <stdbool.h>

/* The folder that this program is in. */
bool script_own_folder(char path[PATH_MAX]);

/*
 * Becomes the script `name` ("conformance/run.py") with the command's arguments; `extra` of them, NULL-ended, come first. Returns
 * only on failure: the exit code, after it was said on standard error.
 */
int script_run(const char *command, const char *name, const char *const *extra, int argc, char **argv);

#endif
