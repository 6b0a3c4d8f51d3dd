/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h: a session with the one PKCS#11 token that a URI names.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "crypto/secret.h"

struct token {
	char *name;                 /* the URI as it was given, for messages; never has a PIN in it */
	CK_FUNCTION_LIST **modules; /* all modules that were loaded to look for the token, then NULL */
	CK_FUNCTION_LIST *module;   /* the one that has it */
	CK_SESSION_HANDLE session;
	bool pin_pad; /* the PIN is typed on the token itself */
};

/*
 * Reads a URI. KEY_NAME if it is malformed, has attributes that we do not know (they might have narrowed it down), or
 * carries a PIN. p11_kit_uri_free().
 */
SCMS_CHECKED enum key_status token_uri_parse(const char *name, P11KitUri **uri, struct key_error *err);

/*
 * Opens a session, read-write if asked, with the token that uri names, and logs in. The PIN is read from source
 * when the token wants one, and handed on in pin for keys that want it at each use: the caller wipes it, on
 * failure too. The token is to be closed with token_close(), on failure too.
 */
SCMS_CHECKED enum key_status token_open(struct token *token, const char *name, P11KitUri *uri, bool write,
					const struct secret_source *source, struct secret *pin, struct key_error *err);

/* Reads the PIN of an open token that has not asked for one yet. */
SCMS_CHECKED enum key_status token_pin_read(const struct secret_source *source, struct secret *pin,
					    struct key_error *err);

/* Tells what the module's answer to a request means. doing: "sign". */
enum key_status token_fail(const struct token *token, const char *doing, CK_RV rv, struct key_error *err);

/* Closes all. A zeroed token is allowed. */
void token_close(struct token *token);

#endif
