/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program under a filter of system calls, as systemd would: filtered COMMAND [ARGUMENT...]. The names of those that are allowed
 * are read from standard input, separated by white space; any other ends the program with SIGSYS.
 */
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	char name[64];

	if (argc < 2 || filter == NULL)
		return 2;
	while (scanf("%63s", name) == 1) {
		int number = seccomp_syscall_resolve_name(name);

		/* Names of other architectures, and of newer kernels. */
		if (number >= 0 && seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) != 0)
			return 2;
	}
	if (seccomp_load(filter) != 0)
		return 2;
	seccomp_release(filter);
	execv(argv[1], argv + 1);
	perror(argv[1]);
	return 2;
}
