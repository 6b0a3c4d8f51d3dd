/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms conformance: runs the conformance suite against a client. The suite is a program of its own (conformance/run.py), so
 * that a laboratory can use it without the rest; this finds and starts it.
 */
#include "commands.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beside a build folder, and where it is installed; relative to the folder of this program. */
static const char *const places[] = {"../../conformance/run.py", "../share/scms/conformance/run.py"};

static bool find_suite(char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return false;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++)
		if (snprintf(path, PATH_MAX, "%s/%s", self, places[k]) < PATH_MAX && access(path, R_OK) == 0)
			return true;
	return false;
}

int cmd_conformance(int argc, char **argv)
{
	char **arguments = calloc((size_t)argc + 3, sizeof(*arguments));
	char suite[PATH_MAX];

	if (arguments == NULL || !find_suite(suite)) {
		fprintf(stderr, "scms conformance: the suite (conformance/run.py) is neither beside the build folder nor installed\n");
		free(arguments);
		return 1;
	}
	arguments[0] = (char *)(uintptr_t) "python3";
	arguments[1] = suite;
	for (int k = 1; k < argc; k++)
		arguments[k + 1] = argv[k];
	execvp(arguments[0], arguments);
	fprintf(stderr, "scms conformance: python3: %s; install it to run the suite\n", strerror(errno));
	free(arguments);
	return 1;
}
