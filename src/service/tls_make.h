/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_make.h: X.509 certificates for the TLS connections of an SCMS (P-256, SHA-256), in PEM files.
 *
 * They secure transport only. Whom a message is believed from is settled by 1609.2 certificates.
 */
#ifndef SERVICE_TLS_MAKE_H
#define SERVICE_TLS_MAKE_H

#include "service/tls.h"

/* Makes a root: certificate (mode 0644) and key (0600, not encrypted). Existing files are not touched: an error. */
SCMS_CHECKED bool tls_make_root(const char *certificate, const char *key, const char *name, unsigned days,
				struct tls_error *err);

/* One end's certificate, under that root. */
struct tls_subject {
	const char *host;	  /* CN and DNS name; an IP address is entered as such as well */
	const char *const *roles; /* OU each; NULL after the last */
	unsigned days; /* fewer where the root ends before */
};

SCMS_CHECKED bool tls_make_identity(const char *root_certificate, const char *root_key, const char *certificate,
				    const char *key, const struct tls_subject *subject, struct tls_error *err);

/* ---- across workspaces: the key stays where it is made, the root where it is ---- */

/* Makes a key (0600) and, for its one role and host, a request (PKCS #10, 0644). Existing files are not touched: an error. */
SCMS_CHECKED bool tls_make_request(const char *request, const char *key, const struct tls_subject *subject, struct tls_error *err);

/* What a request asks for. */
struct tls_asked {
	char host[256];
	char role[32];
};

/* Reads a request: signed by the key that is to be certified (P-256), for one host and one role. */
SCMS_CHECKED bool tls_read_request(const char *request, struct tls_asked *asked, struct tls_error *err);

/* Issues what it asks for; answer: a file with the certificate and the root, made or replaced. */
SCMS_CHECKED bool tls_answer_request(const char *root_certificate, const char *root_key, const char *request, const char *answer,
				     unsigned days, struct tls_error *err);

/*
 * Splits an answer into the files `certificate` and `roots`, which are made or replaced, where it is for this key, host and role, and
 * is good now. Otherwise neither is touched.
 */
SCMS_CHECKED bool tls_take_answer(const char *answer, const char *key, const struct tls_subject *subject, const char *certificate,
				  const char *roots, struct tls_error *err);

#endif
