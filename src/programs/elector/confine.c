/* SPDX-License-Identifier: Apache-2.0 */
#include "confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/socket.h>

static const int forbidden[] = {
    SCMP_SYS(socketpair),     SCMP_SYS(connect),	    SCMP_SYS(bind),		SCMP_SYS(listen),
    SCMP_SYS(accept),	      SCMP_SYS(accept4),	    SCMP_SYS(sendto),		SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),	      SCMP_SYS(recvfrom),	    SCMP_SYS(recvmsg),		SCMP_SYS(recvmmsg),
    SCMP_SYS(getsockname),    SCMP_SYS(getpeername),	    SCMP_SYS(setsockopt),	SCMP_SYS(shutdown),
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),	    SCMP_SYS(io_uring_register), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ADDRESS_SANITIZER
#endif

#ifdef UNDER_ADDRESS_SANITIZER
/* The leak check at exit looks at the process with ptrace, which the filter ends: it would be waited for without end. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

bool confine(void)
{
	/* Other architectures' calls (32-bit ones on a 64-bit kernel) end the process too: that is libseccomp's default. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int status = filter != NULL ? 0 : -ENOMEM;

	if (status == 0)
		status = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (status == 0)
		status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (status == 0)
		status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	for (unsigned k = 0; status == 0 && k < sizeof(forbidden) / sizeof(*forbidden); k++)
		status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, forbidden[k], 0);
	if (status == 0)
		status = seccomp_load(filter);
	seccomp_release(filter);
	errno = -status;
	return status == 0;
}
