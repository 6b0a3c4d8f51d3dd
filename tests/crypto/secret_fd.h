/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_fd.h: a pass phrase in a pipe, as a parent process would hand it over.
 */
#ifndef TESTS_CRYPTO_SECRET_FD_H
#define TESTS_CRYPTO_SECRET_FD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"

/* A source that gives `text`; its descriptor is to be closed. */
static inline struct secret_source secret_fd(const char *text)
{
	struct secret_source source = {.kind = SECRET_FD};
	int ends[2];

	if (pipe(ends) != 0 || write(ends[1], text, strlen(text)) != (ssize_t)strlen(text)) {
		perror("pipe");
		exit(1);
	}
	close(ends[1]);
	source.fd = ends[0];
	return source;
}

#endif
