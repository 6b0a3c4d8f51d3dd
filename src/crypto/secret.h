/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret.h: where PINs and pass phrases come from.
 *
 * From a prompt on the terminal, from a file, or from a file descriptor that
 * the parent process opened: never from an argument or a configuration file,
 * where `ps`, backups and logs find them. Whoever reads one wipes it with secret_wipe().
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "crypto/key_error.h"

#define SECRET_MAX 255

/* A PIN or pass phrase: one line of text, without its end. */
struct secret {
	size_t length; /* 1 to SECRET_MAX */
	char text[SECRET_MAX + 1];
};

enum secret_kind {
	SECRET_PROMPT, /* ask on /dev/tty, without echo */
	SECRET_FILE,   /* the first line of the file at path */
	SECRET_FD,     /* the next line of descriptor fd, read byte by byte: the line after it is left for the next */
};

/* Where to look for a secret. It holds none itself. */
struct secret_source {
	enum secret_kind kind;
	const char *path;
	int fd;
};

/* Reads the text form of a source: "prompt", "file:PATH" or "fd:N". path points into text. False for anything else. */
bool secret_source_parse(const char *text, struct secret_source *source);

/*
 * Reads a secret. what is for the prompt and messages: "pass phrase for root.pem". With confirm a prompt asks twice
 * (for a secret that will protect a new key). KEY_SECRET on failure: no terminal, no such file, a file that others may
 * read, an empty or over-long line.
 */
SCMS_CHECKED enum key_status secret_read(const struct secret_source *source, const char *what, bool confirm,
					 struct secret *secret, struct key_error *err);

void secret_wipe(struct secret *secret);

#endif
