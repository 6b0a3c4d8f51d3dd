/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h: takes from this process, and all that it loads, the ability to talk to anybody.
 */
#ifndef PROGRAMS_ELECTOR_CONFINE_H
#define PROGRAMS_ELECTOR_CONFINE_H

#include <stdbool.h>

/*
 * From here on a system call that makes or uses a socket, or makes such calls unseen (io_uring), ends the process (SIGSYS);
 * so does one that reaches into another process. A socket of the local machine (AF_UNIX) is refused with EPERM instead: it
 * does not come to be either, and a PKCS#11 module that wants to tell syslog something lives on. It holds for the modules,
 * for threads and for children, and cannot be taken back. False: the kernel does not do it, errno says why.
 */
bool confine(void);

#endif
