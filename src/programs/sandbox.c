/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool refuse(struct sandbox_error *err, const char *what)
{
	snprintf(err->text, sizeof(err->text), "%s: %s", what, strerror(errno));
	return false;
}

/* ---- user ---- */

bool sandbox_privileges(struct sandbox_error *err)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refuse(err, "PR_SET_NO_NEW_PRIVS");
	if (syscall(SYS_capset, &header, none) != 0)
		return refuse(err, "capset");
	/* Keys are in this memory: neither a core file nor another process of the user is to have them. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return refuse(err, "PR_SET_DUMPABLE");
	return true;
}

static bool become(const struct passwd *who, struct sandbox_error *err)
{
	if (initgroups(who->pw_name, who->pw_gid) != 0 || setresgid(who->pw_gid, who->pw_gid, who->pw_gid) != 0 ||
	    setresuid(who->pw_uid, who->pw_uid, who->pw_uid) != 0)
		return refuse(err, who->pw_name);
	/* A setuid that did not do what it says has been the end of others. */
	if (who->pw_uid != 0 && setuid(0) == 0) {
		snprintf(err->text, sizeof(err->text), "%s: root could be had back", who->pw_name);
		return false;
	}
	return true;
}

bool sandbox_user(const char *user, const char *folder, struct sandbox_error *err)
{
	const struct passwd *who;
	struct stat st;

	if (user != NULL) {
		who = getpwnam(user);
	} else {
		if (stat(folder, &st) != 0)
			return refuse(err, folder);
		who = getpwuid(st.st_uid);
	}
	if (who == NULL) {
		snprintf(err->text, sizeof(err->text), "user %s does not exist: make it with 'adduser --system', or name another",
			 user != NULL ? user : "of the home");
		return false;
	}
	if (geteuid() == 0) {
		if (user == NULL && who->pw_uid == 0) {
			snprintf(err->text, sizeof(err->text),
				 "started as root, and %s belongs to root: give it to a user of its own (chown), or write user = "
				 "\"root\"; to stay root",
				 folder);
			return false;
		}
		if (!become(who, err))
			return false;
	} else if (user != NULL && who->pw_uid != geteuid()) {
		snprintf(err->text, sizeof(err->text), "started as user %u, and user is set to %s: start it as root or as %s",
			 geteuid(), user, user);
		return false;
	}
	return sandbox_privileges(err);
}

/* ---- files ---- */

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                                        \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |              \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define OTHERS                                                                                                         \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_FIFO |                    \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static bool allow(int rules, const char *path, uint64_t access, bool required, struct sandbox_error *err)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	struct stat st;
	bool good;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return !required || refuse(err, path);
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	good = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 || refuse(err, path);
	close(rule.parent_fd);
	return good;
}

bool sandbox_files(const char *const *folders, const char *const *files, bool *landlocked, struct sandbox_error *err)
{
	static const char *const readable[] = {"/usr", "/lib", "/lib64", "/etc", "/run/systemd/resolve", "/proc/self", "/sys/devices/system/cpu"};
	static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/tty"};
	struct landlock_ruleset_attr handled = {.handled_access_fs = READING | WRITING | OTHERS};
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	bool good = true;
	int rules;

	*landlocked = version >= 1;
	if (!*landlocked)
		return true;
	/* Version 1 lets nothing be renamed from one folder to another; from 2 on that is to be asked for. */
	if (version >= 2)
		handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (rules < 0)
		return refuse(err, "landlock_create_ruleset");
	for (size_t k = 0; good && k < sizeof(readable) / sizeof(readable[0]); k++)
		good = allow(rules, readable[k], READING, false, err);
	for (size_t k = 0; good && k < sizeof(devices) / sizeof(devices[0]); k++)
		good = allow(rules, devices[k], LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE, false, err);
	for (; good && *folders != NULL; folders++)
		good = allow(rules, *folders, handled.handled_access_fs & (READING | WRITING | LANDLOCK_ACCESS_FS_REFER), true, err);
	/* One that is missing is for whoever wants it to complain of: he knows what it was for. */
	for (; good && *files != NULL; files++)
		good = allow(rules, *files, LANDLOCK_ACCESS_FS_READ_FILE, false, err);
	if (good && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		good = refuse(err, "landlock_restrict_self");
	close(rules);
	return good;
}

/* ---- calls ---- */

/*
 * What is forbidden, rather than what is allowed: libraries of TLS, databases and tokens use what they like, and change
 * their minds with each release. These are what an intruder would reach for.
 */
static const char *const forbidden[] = {
    "execve", "execveat",						    /* programs */
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", /* other processes */
    "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount", "fsconfig", "fspick", "mount_setattr", "pivot_root",
    "chroot", "unshare", "setns",					    /* what is where */
    "bpf", "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "keyctl", "add_key",
    "request_key", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "iopl", "ioperm",
    "modify_ldt", "open_by_handle_at", "name_to_handle_at", "fanotify_init", "quotactl", "swapon", "swapoff", "reboot", "acct",
    "syslog", "vhangup", "personality",					    /* the kernel */
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", /* the machine */
};

bool sandbox_calls(struct sandbox_error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	/* Sockets of the internet, within the machine, and those that name look-ups use; no others: packets, Bluetooth, ... */
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	int status = filter != NULL ? 0 : -ENOMEM;

	for (size_t k = 0; status == 0 && k < sizeof(forbidden) / sizeof(forbidden[0]); k++) {
		int call = seccomp_syscall_resolve_name(forbidden[k]);

		if (call != __NR_SCMP_ERROR)
			status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
	}
	for (int family = 0; status == 0 && family < AF_MAX; family++) {
		bool allowed = false;

		for (size_t k = 0; k < sizeof(families) / sizeof(families[0]); k++)
			allowed |= families[k] == family;
		if (!allowed)
			status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
						  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
	}
	if (status == 0)
		status = seccomp_load(filter);
	seccomp_release(filter);
	if (status == 0)
		return true;
	errno = -status;
	return refuse(err, "seccomp");
}
