/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_error.h: what can go wrong with a private key and its use, and how it is told.
 */
#ifndef CRYPTO_KEY_ERROR_H
#define CRYPTO_KEY_ERROR_H

#include <scms/base.h>

enum key_status {
	KEY_OK = 0,
	KEY_NAME,       /* the name is neither a usable file name nor a usable PKCS#11 URI */
	KEY_SECRET,     /* no PIN or pass phrase could be read */
	KEY_PASSPHRASE, /* wrong pass phrase, or a damaged key file */
	KEY_PIN,        /* wrong PIN */
	KEY_PIN_LOCKED, /* the token is locked, or the PIN must be set first */
	KEY_NO_MODULE,  /* the PKCS#11 module cannot be loaded */
	KEY_NO_TOKEN,   /* no token matches */
	KEY_NOT_FOUND,  /* no such key */
	KEY_AMBIGUOUS,  /* the name matches several tokens or keys */
	KEY_EXISTS,     /* a new key would take the place of one that is there */
	KEY_MALFORMED,  /* what is there is no key that we can use */
	KEY_CURVE,      /* a curve that the job cannot have */
	KEY_POINT,      /* a public key that is no point of the curve */
	KEY_GONE,       /* the token was removed while the key was open */
	KEY_REFUSED,    /* the token does not do what was asked */
	KEY_MISMATCH,   /* keys or certificates that do not belong together */
	KEY_VALUE,      /* what is to be signed or encrypted is outside its type */
	KEY_IN_TOKEN,   /* needs the private scalar, and tokens do not give it */
	KEY_NOT_FOR_US, /* something encrypted for another key, or changed on the way */
	KEY_IO,         /* a file cannot be read or written */
	KEY_FAILED,     /* the cryptographic library failed: no memory, no randomness */
};

/* The status, and what to tell the user: "root.pem: wrong pass phrase". Secrets never stand in it. */
struct key_error {
	enum key_status status;
	char text[400];
};

/* Fills err, which may be NULL. */
void key_error_set(struct key_error *err, enum key_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills err, which may be NULL, and is the status. A macro, so that an analyzer sees that a failure is never KEY_OK. */
#define key_fail(err, status, ...)                                                                                     \
	({                                                                                                             \
		const enum key_status status_ = (status);                                                              \
		key_error_set(err, status_, __VA_ARGS__);                                                              \
		status_;                                                                                               \
	})

#endif
