/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h: what a server gives up before it listens to anybody, and a device before it asks.
 *
 * They parse foreign bytes. Should one of these get the better of them, there is little left to win: no other user's files
 * (its own uid, Landlock), no new programs, no tracing, no kernel interfaces that a server has no use for (seccomp).
 */
#ifndef PROGRAMS_SANDBOX_H
#define PROGRAMS_SANDBOX_H

#include <scms/base.h>

struct sandbox_error {
	char text[256];
};

/*
 * As root: becomes that user, with its groups and no capabilities. user NULL: the owner of `folder`; where that is root
 * too, it is refused, since nobody said so. "root": stays root, without capabilities. Not as root: nothing to do; a user
 * that is not the one of the process is refused.
 */
SCMS_CHECKED bool sandbox_user(const char *user, const char *folder, struct sandbox_error *err);

/* Gives up capabilities, and the ways to more of them; neither core files nor other processes get at the memory. */
SCMS_CHECKED bool sandbox_privileges(struct sandbox_error *err);

/*
 * From here on files can be written below these folders only (NULL after the last), and read there, where the system keeps
 * its libraries and configuration, and these files (likewise), which are those that stand there now: one that is put in the place
 * of another later is not. *landlocked: does the kernel know how? Without, the process is held by seccomp and its
 * user alone.
 */
SCMS_CHECKED bool sandbox_files(const char *const *folders, const char *const *files, bool *landlocked, struct sandbox_error *err);

/* From here on system calls that a server has no use for end the process. */
SCMS_CHECKED bool sandbox_calls(struct sandbox_error *err);

#endif
