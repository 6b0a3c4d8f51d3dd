/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h: commands below a command: `scms`, `scms motion` and so on find the one that is meant, and say what there is.
 */
#ifndef PROGRAMS_GROUP_H
#define PROGRAMS_GROUP_H

#include <stddef.h>

struct group_command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; the exit code */
	const char *text;		   /* one line of help */
};

struct group {
	const char *name; /* "scms motion" */
	const char *text; /* what they are about */
	const struct group_command *commands;
	size_t count;
	const char *example; /* lines that begin with two spaces, shown as they are */
};

/* Runs argv[1], or says what there is: with --help on standard output, else as a usage error (exit code 2). */
int group_run(const struct group *group, int argc, char **argv);

#define GROUP(name, text, commands, example) {name, text, commands, sizeof(commands) / sizeof((commands)[0]), example}

#endif
