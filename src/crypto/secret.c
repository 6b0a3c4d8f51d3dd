/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define INTERRUPT '\003'

bool secret_source_parse(const char *text, struct secret_source *source)
{
	char *end;
	long fd;

	*source = (struct secret_source){.kind = SECRET_PROMPT, .fd = -1};
	if (strcmp(text, "prompt") == 0)
		return true;
	if (strncmp(text, "file:", 5) == 0 && text[5]) {
		source->kind = SECRET_FILE;
		source->path = text + 5;
		return true;
	}
	if (strncmp(text, "fd:", 3) != 0 || text[3] < '0' || text[3] > '9')
		return false;
	errno = 0;
	fd = strtol(text + 3, &end, 10);
	if (errno || *end || fd > 65535)
		return false;
	source->kind = SECRET_FD;
	source->fd = (int)fd;
	return true;
}

void secret_wipe(struct secret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}

/* One line of fd, byte by byte, so that what follows stays there for whoever reads next. */
static enum key_status line_read(int fd, const char *what, struct secret *secret, struct key_error *err)
{
	enum key_status status = KEY_OK;
	char c = 0;

	secret->length = 0;
	while (status == KEY_OK) {
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = key_fail(err, KEY_SECRET, "cannot read the %s: %s", what, strerror(errno));
		if (got <= 0 || c == '\n')
			break;
		if (c == INTERRUPT)
			status = key_fail(err, KEY_SECRET, "no %s: cancelled", what);
		else if ((unsigned char)c < ' ')
			status = key_fail(err, KEY_SECRET, "the %s has a control character in it", what);
		else if (secret->length == SECRET_MAX)
			status = key_fail(err, KEY_SECRET, "the %s is longer than %d bytes", what, SECRET_MAX);
		else
			secret->text[secret->length++] = c;
	}
	OPENSSL_cleanse(&c, sizeof(c));
	secret->text[secret->length] = 0;
	if (status == KEY_OK && secret->length == 0)
		status = key_fail(err, KEY_SECRET, "the %s is empty", what);
	if (status != KEY_OK)
		secret_wipe(secret);
	return status;
}

static enum key_status file_read(const char *path, const char *what, struct secret *secret, struct key_error *err)
{
	enum key_status status;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return key_fail(err, KEY_SECRET, "cannot read the %s from %s: %s", what, path, strerror(errno));
	if (fstat(fd, &st) != 0)
		status = key_fail(err, KEY_SECRET, "cannot read the %s from %s: %s", what, path, strerror(errno));
	else if (S_ISREG(st.st_mode) && (st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		status = key_fail(err, KEY_SECRET, "%s: anybody may read the %s there (mode %04o); make it 0600", path,
				  what, st.st_mode & 07777);
	else
		status = line_read(fd, what, secret, err);
	close(fd);
	return status;
}

/*
 * Asks on the terminal, without echo. The keyboard makes no signals meanwhile, and those that would end the process
 * wait, so that the terminal is always given back as it was. Ctrl-C ends the line like Enter and cancels.
 */
static enum key_status terminal_ask(int tty, const char *what, const char *again, struct secret *secret,
				    struct key_error *err)
{
	struct termios before, quiet;
	sigset_t wait, mask;
	enum key_status status;

	if (tcgetattr(tty, &before) != 0)
		return key_fail(err, KEY_SECRET, "no terminal to ask for the %s", what);
	sigemptyset(&wait);
	sigaddset(&wait, SIGHUP);
	sigaddset(&wait, SIGINT);
	sigaddset(&wait, SIGQUIT);
	sigaddset(&wait, SIGTERM);
	sigaddset(&wait, SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &wait, &mask);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
	quiet.c_lflag |= ICANON;
	quiet.c_cc[VEOL] = INTERRUPT;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0) {
		status = key_fail(err, KEY_SECRET, "cannot turn off the echo to ask for the %s", what);
	} else {
		dprintf(tty, "%s%s: ", what, again);
		status = line_read(tty, what, secret, err);
		dprintf(tty, "\n");
		tcsetattr(tty, TCSAFLUSH, &before);
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return status;
}

static enum key_status prompt_read(const char *what, bool confirm, struct secret *secret, struct key_error *err)
{
	struct secret second = {0};
	enum key_status status;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0)
		return key_fail(err, KEY_SECRET, "no terminal to ask for the %s; give it by file or descriptor", what);
	status = terminal_ask(tty, what, "", secret, err);
	if (status == KEY_OK && confirm) {
		status = terminal_ask(tty, what, " (again)", &second, err);
		if (status == KEY_OK &&
		    (second.length != secret->length || CRYPTO_memcmp(second.text, secret->text, secret->length) != 0))
			status = key_fail(err, KEY_SECRET, "the two entries of the %s differ", what);
		secret_wipe(&second);
	}
	if (status != KEY_OK)
		secret_wipe(secret);
	close(tty);
	return status;
}

enum key_status secret_read(const struct secret_source *source, const char *what, bool confirm, struct secret *secret,
			    struct key_error *err)
{
	memset(secret, 0, sizeof(*secret));
	switch (source->kind) {
	case SECRET_FILE:
		return file_read(source->path, what, secret, err);
	case SECRET_FD:
		return line_read(source->fd, what, secret, err);
	case SECRET_PROMPT:
		break;
	}
	return prompt_read(what, confirm, secret, err);
}
