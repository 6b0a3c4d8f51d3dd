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
	unsigned days;
};

SCMS_CHECKED bool tls_make_identity(const char *root_certificate, const char *root_key, const char *certificate,
				    const char *key, const struct tls_subject *subject, struct tls_error *err);

#endif
