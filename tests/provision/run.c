/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/run.h"

#include "tests/provision/vehicle.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t run_start(const struct world *world, const char *scmsd, const char *const *names)
{
	char config[600], log[600];
	const char *arguments[16] = {scmsd, "--config", config};
	unsigned n = 3;
	pid_t pid;

	snprintf(config, sizeof(config), "%s/scmsd.conf", world->folder);
	snprintf(log, sizeof(log), "%s/log", world->folder);
	for (unsigned k = 0; names != NULL && names[k] != NULL && n < 15; k++)
		arguments[n++] = names[k];
	pid = fork();
	world_must(pid >= 0, "fork", "failed");
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		/* A test that dies leaves nothing running. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The search for leaks would trace the process, which its sandbox does not let anybody. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execv(scmsd, (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return pid;
}

void run_await(const struct world *world, enum world_component which)
{
	for (unsigned k = 0; k < 600; k++) {
		struct fetched fetched = fetch(world, world->url[which], "/certificate", (struct scms_slice){NULL, 0}, NULL, NULL, NULL);

		bytes_free(&fetched.body);
		if (fetched.status == 200)
			return;
		usleep(50000);
	}
	world_must(false, world->url[which], "does not answer");
}

void run_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void run_stop(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	world_must(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "scmsd", "did not end well");
}
