/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs and pass phrases from descriptors, files and a terminal.
 */
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "tests/check.h"
#include "tests/crypto/secret_fd.h"

static void sources(void)
{
	static const char *const bad[] = {"",
					  "Prompt",
					  "prompt ",
					  "file:",
					  "fd:",
					  "fd:x",
					  "fd:-1",
					  "fd:3x",
					  "fd: 3",
					  "pass:secret",
					  "fd:99999999999999999999",
					  "secret"};
	struct secret_source source;

	CHECK(secret_source_parse("prompt", &source) && source.kind == SECRET_PROMPT, "prompt");
	CHECK(secret_source_parse("file:/run/pin", &source) && source.kind == SECRET_FILE &&
		  strcmp(source.path, "/run/pin") == 0,
	      "file");
	CHECK(secret_source_parse("fd:3", &source) && source.kind == SECRET_FD && source.fd == 3, "fd");
	for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++)
		CHECK(!secret_source_parse(bad[k], &source), "\"%s\"", bad[k]);
}

static void expect(const struct secret_source *source, const char *want, const char *message)
{
	struct secret secret;
	struct key_error err = {.status = KEY_OK};
	enum key_status status = secret_read(source, "pass phrase", false, &secret, &err);

	if (want) {
		CHECK(status == KEY_OK && secret.length == strlen(want) && strcmp(secret.text, want) == 0, "%s", want);
	} else {
		CHECK(status == KEY_SECRET && strstr(err.text, message), "\"%s\", not \"%s\"", message, err.text);
		CHECK(secret.length == 0 && secret.text[0] == 0, "left behind after: %s", err.text);
	}
	secret_wipe(&secret);
	CHECK(secret.length == 0 && secret.text[0] == 0, "not wiped");
}

static void descriptors(void)
{
	char text[SECRET_MAX + 3];
	struct secret_source source = secret_fd("one\ntwo\n\nlast");

	expect(&source, "one", NULL);
	expect(&source, "two", NULL); /* what follows the first line was left there */
	expect(&source, NULL, "is empty");
	expect(&source, "last", NULL);
	expect(&source, NULL, "is empty");
	close(source.fd);

	memset(text, 'x', sizeof(text));
	text[SECRET_MAX] = 0;
	source = secret_fd(text);
	expect(&source, text, NULL);
	close(source.fd);
	text[SECRET_MAX] = 'x';
	text[SECRET_MAX + 1] = 0;
	source = secret_fd(text);
	expect(&source, NULL, "longer than");
	close(source.fd);
	source = secret_fd("with\ttab\n");
	expect(&source, NULL, "control character");
	close(source.fd);
	source = secret_fd("windows\r\n");
	expect(&source, NULL, "control character");
	close(source.fd);
	source.fd = 4095;
	expect(&source, NULL, strerror(EBADF));
}

static void files(void)
{
	char directory[] = "/tmp/scms-secret-XXXXXX", path[64];
	struct secret_source source = {.kind = SECRET_FILE, .path = path};
	int fd;

	CHECK(mkdtemp(directory) != NULL, "temporary directory");
	snprintf(path, sizeof(path), "%s/pin", directory);
	expect(&source, NULL, strerror(ENOENT));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && write(fd, "1234\nrest", 9) == 9, "write");
	close(fd);
	expect(&source, "1234", NULL);
	CHECK(chmod(path, 0640) == 0, "chmod"); /* a group may be given the right to read it */
	expect(&source, "1234", NULL);
	CHECK(chmod(path, 0644) == 0, "chmod");
	expect(&source, NULL, "mode 0644");
	CHECK(chmod(path, 0602) == 0, "chmod");
	expect(&source, NULL, "mode 0602");
	unlink(path);
	source.path = directory;
	expect(&source, NULL, strerror(EISDIR));
	rmdir(directory);
}

/* The other end of the terminal: a child whose controlling terminal is `tty` asks, and ends with 0 if it got `want`. */
static pid_t child_ask(int master, const char *tty, const char *want, bool confirm)
{
	struct secret_source source = {.kind = SECRET_PROMPT};
	struct secret secret;
	struct key_error err = {.status = KEY_OK};
	enum key_status status;
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	close(master);
	setsid();
	fd = open(tty, O_RDWR); /* becomes the controlling terminal */
	if (fd < 0)
		_exit(3);
	status = secret_read(&source, "pass phrase", confirm, &secret, &err);
	if (want)
		_exit(status == KEY_OK && strcmp(secret.text, want) == 0 ? 0 : 1);
	_exit(status == KEY_SECRET && secret.length == 0 ? 0 : 2);
}

/* Appends what comes to text until `prompt` is in it, or nothing has come for `patience` milliseconds. */
static bool wait_for(int master, const char *prompt, int patience, char *text, size_t room)
{
	struct pollfd ready = {.fd = master, .events = POLLIN};
	size_t n = strlen(text);

	while (!strstr(text, prompt)) {
		ssize_t got;

		if (n + 1 >= room || poll(&ready, 1, patience) <= 0)
			return false;
		got = read(master, text + n, room - 1 - n);
		if (got <= 0)
			return false;
		n += (size_t)got;
		text[n] = 0;
	}
	return true;
}

static void terminal(const char *typed, const char *again, const char *want)
{
	char text[512] = "", tty[64];
	struct termios settings;
	int master = posix_openpt(O_RDWR | O_NOCTTY), held, status = -1;
	pid_t pid;

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "pseudo terminal");
	snprintf(tty, sizeof(tty), "%s", ptsname(master));
	held = open(tty, O_RDWR | O_NOCTTY); /* so that its settings outlive the child */
	pid = child_ask(master, tty, want, again != NULL);
	CHECK(wait_for(master, "pass phrase: ", 5000, text, sizeof(text)), "prompt");
	CHECK(write(master, typed, strlen(typed)) == (ssize_t)strlen(typed), "type");
	if (again && typed[strlen(typed) - 1] == '\n') {
		CHECK(wait_for(master, "(again): ", 5000, text, sizeof(text)), "second prompt");
		CHECK(write(master, again, strlen(again)) == (ssize_t)strlen(again), "type again");
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "typed \"%s\": status %x", typed, (unsigned)status);
	CHECK(tcgetattr(held, &settings) == 0 && (settings.c_lflag & (ECHO | ISIG)) == (ECHO | ISIG),
	      "the terminal is not as it was");
	wait_for(master, "there is no such text", 50, text, sizeof(text)); /* what was echoed */
	CHECK(!strstr(text, "hunter2"), "echoed: %s", text);
	close(held);
	close(master);
}

/* Without a terminal there is nobody to ask. */
static void no_terminal(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct secret_source source = {.kind = SECRET_PROMPT};
		struct secret secret;
		struct key_error err;

		setsid();
		_exit(secret_read(&source, "pass phrase", false, &secret, &err) == KEY_SECRET &&
			      strstr(err.text, "no terminal")
			  ? 0
			  : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x",
	      (unsigned)status);
}

int main(void)
{
	sources();
	descriptors();
	files();
	terminal("hunter2\n", NULL, "hunter2");
	terminal("huntex\1772\n", NULL, "hunte2"); /* the line can be corrected */
	terminal("\n", NULL, NULL);
	terminal("hunter2\003", NULL, NULL);
	terminal("hunter2\n", "hunter2\n", "hunter2");
	terminal("hunter2\n", "hunter3\n", NULL);
	no_terminal();
	return check_done();
}
