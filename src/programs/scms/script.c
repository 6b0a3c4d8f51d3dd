/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_ENVIRONMENT 3

/* Beside a build folder, and where it is installed; relative to the folder of this program. */
static const char *const places[] = {"../..", "../share/scms"};

bool script_own_folder(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static bool find(const char *name, char path[PATH_MAX])
{
	char self[PATH_MAX];

	if (!script_own_folder(self))
		return false;
	for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++)
		if (snprintf(path, PATH_MAX, "%s/%s/%s", self, places[k], name) < PATH_MAX && access(path, R_OK) == 0)
			return true;
	return false;
}

int script_run(const char *command, const char *name, const char *const *extra, int argc, char **argv)
{
	size_t before = 0, n = 0;
	char script[PATH_MAX];
	char **arguments;

	while (extra != NULL && extra[before] != NULL)
		before++;
	arguments = calloc((size_t)argc + before + 3, sizeof(*arguments));
	if (arguments == NULL || !find(name, script)) {
		fprintf(stderr, "scms %s: %s is neither beside the build folder nor installed\n", command, name);
		free(arguments);
		return EXIT_ENVIRONMENT;
	}
	arguments[n++] = (char *)(uintptr_t) "python3";
	arguments[n++] = script;
	for (size_t k = 0; k < before; k++)
		arguments[n++] = (char *)(uintptr_t)extra[k];
	for (int k = 1; k < argc; k++)
		arguments[n++] = argv[k];
	execvp(arguments[0], arguments);
	fprintf(stderr, "scms %s: python3: %s; install it\n", command, strerror(errno));
	free(arguments);
	return EXIT_ENVIRONMENT;
}
