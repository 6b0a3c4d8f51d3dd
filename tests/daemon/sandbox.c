/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a confined server can still read and write: its folder, the files that it was given, and nothing beside them.
 * Skipped (77) where the kernel has no Landlock.
 */
#include "programs/sandbox.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/scms-sandbox-XXXXXX";

static const char *in(const char *name)
{
	static char path[2][128];
	static unsigned turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void put(const char *name)
{
	FILE *file = fopen(in(name), "w");

	CHECK(file != NULL && fputs("something\n", file) >= 0 && fclose(file) == 0, "%s", name);
}

/* 0, or errno. */
static int open_it(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int confined(void)
{
	const char *folders[] = {strdup(in("home")), NULL}, *files[] = {strdup(in("secret")), strdup(in("missing")), NULL};
	static const struct {
		const char *name;
		int flags, expected;
	} rows[] = {
	    {"secret", O_RDONLY, 0},	       {"secret", O_WRONLY, EACCES},	 {"other", O_RDONLY, EACCES},
	    {"other", O_WRONLY, EACCES},       {"", O_RDONLY | O_DIRECTORY, EACCES}, {"new", O_WRONLY | O_CREAT, EACCES},
	    {"home/file", O_RDONLY, 0},	 {"home/file", O_WRONLY, 0},
	    {"home/new", O_WRONLY | O_CREAT, 0},
	};
	struct sandbox_error err = {.text = ""};
	bool landlocked;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !sandbox_files(folders, files, &landlocked, &err)) {
		CHECK(false, "%s", err.text);
		return 1;
	}
	if (!landlocked)
		return 77;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		int found = open_it(in(rows[k].name), rows[k].flags);

		CHECK(found == rows[k].expected, "'%s', flags %o: %s", rows[k].name, (unsigned)rows[k].flags, strerror(found));
	}
	CHECK(open_it("/etc/passwd", O_RDONLY) == 0, "what name look-ups need");
	CHECK(open_it("/proc/1/environ", O_RDONLY) == EACCES, "another process");
	CHECK(rename(in("home/file"), in("stolen")) != 0, "nothing is moved out");
	return check_done();
}

int main(void)
{
	char command[128];
	int status = 0;
	pid_t child;

	if (mkdtemp(folder) == NULL || mkdir(in("home"), 0700) != 0)
		return 2;
	put("secret");
	put("other");
	put("home/file");
	child = fork();
	if (child == 0) {
		int code = confined();

		fflush(NULL);
		_exit(code);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 2;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 ? 2 : WEXITSTATUS(status);
}
