/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h: TLS contexts, and who is at the other end.
 *
 * TLS 1.2 or newer with forward secrecy and ECDSA certificates (ECDHE-ECDSA, AES-GCM or ChaCha20) and nothing else.
 * Between components both ends show an X.509 certificate; its subject says who that is:
 *
 *   CN  the component's host name (also a DNS name in subjectAltName)
 *   OU  its roles: "ra", "la", ... one OU each
 *
 * End entities show none: they sign their requests with 1609.2 certificates instead.
 */
#ifndef SERVICE_TLS_H
#define SERVICE_TLS_H

#include <openssl/ssl.h>
#include <scms/base.h>

struct tls_error {
	char text[256]; /* for people: names the file */
};

/* PEM files of one end. */
struct tls_identity {
	const char *certificates; /* own certificate, and those between it and the root */
	const char *key;	  /* its private key */
	const char *roots;	  /* who is believed: X.509 roots; NULL: the system's */
};

/*
 * A server's context. A client may show a certificate; where it does, it must chain to identity->roots. Who must show
 * one is the server's to say for each path (tls_peer_has_role). NULL on failure; to be freed with SSL_CTX_free().
 */
SSL_CTX *tls_server(const struct tls_identity *identity, struct tls_error *err);

/* A client's context: the server must chain to identity->roots; certificates and key may be NULL. */
SSL_CTX *tls_client(const struct tls_identity *identity, struct tls_error *err);

/* Does the certificate that the other end showed, and that was verified, carry this role? False where it showed none. */
bool tls_peer_has_role(const SSL *ssl, const char *role);

/* The host name (CN) of such a certificate, with its end. False where there is none, or it does not fit. */
bool tls_peer_host(const SSL *ssl, char *host, size_t size);

/* The hash by which a TLS key is known: SHA-256 of the SubjectPublicKeyInfo in DER. False where there is none, or no memory. */
bool tls_key_hash(const X509 *certificate, uint8_t hash[32]);

/* Until when a certificate is good, and since when (either may be NULL): seconds of Unix time. False: none can be read from the file. */
SCMS_CHECKED bool tls_validity(const char *certificate, time_t *from, time_t *until);

/*
 * Is this file's first certificate, which is the one that is shown, of this host and role, and good at `now` (Unix time)? *until is when
 * the first of those in the file expires.
 */
SCMS_CHECKED bool tls_certificate_check(const char *certificates, const char *host, const char *role, time_t now, time_t *until,
					struct tls_error *err);

/* OpenSSL's last error, in words. */
const char *tls_reason(void);

#endif
