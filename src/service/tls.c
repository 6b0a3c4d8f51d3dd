/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CIPHERS "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"

static bool unix_time(const ASN1_TIME *asn1, time_t *to)
{
	struct tm tm;

	if (to == NULL)
		return true;
	if (ASN1_TIME_to_tm(asn1, &tm) != 1)
		return false;
	*to = timegm(&tm);
	return true;
}

bool tls_validity(const char *certificate, time_t *from, time_t *until)
{
	BIO *file = BIO_new_file(certificate, "r");
	X509 *x509 = file != NULL ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
	bool good = x509 != NULL && unix_time(X509_get0_notBefore(x509), from) && unix_time(X509_get0_notAfter(x509), until);

	X509_free(x509);
	BIO_free(file);
	return good;
}

const char *tls_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text != NULL ? text : "unknown reason";
}

/* The first thing that went wrong since the errors were cleared: the system's reason, where it was that. */
static const char *first_reason(void)
{
	unsigned long first = ERR_peek_error();
	const char *text = ERR_SYSTEM_ERROR(first) ? strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(first);

	return text != NULL ? text : "unknown reason";
}

static SSL_CTX *refuse(SSL_CTX *tls, struct tls_error *err, const char *what, const char *file)
{
	snprintf(err->text, sizeof(err->text), "%s: %s: %s", file, what, first_reason());
	SSL_CTX_free(tls);
	return NULL;
}

static SSL_CTX *context(const SSL_METHOD *method, const struct tls_identity *identity, struct tls_error *err)
{
	SSL_CTX *tls;

	ERR_clear_error();
	tls = SSL_CTX_new(method);
	if (tls == NULL)
		return refuse(tls, err, "no TLS context", "OpenSSL");
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	/* A peer that vanishes without a close_notify ends the connection; whether a message is whole HTTP knows. */
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* The file of certificates has the chain: none is looked for among the roots, which would be verified in each handshake. */
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	if (SSL_CTX_set_cipher_list(tls, CIPHERS) != 1)
		return refuse(tls, err, "no such ciphers", "OpenSSL");
	if (identity->certificates != NULL && SSL_CTX_use_certificate_chain_file(tls, identity->certificates) != 1)
		return refuse(tls, err, "no certificate can be read", identity->certificates);
	if (identity->key != NULL && SSL_CTX_use_PrivateKey_file(tls, identity->key, SSL_FILETYPE_PEM) != 1)
		return refuse(tls, err, "no private key of the certificate can be read", identity->key);
	if (identity->roots != NULL && SSL_CTX_load_verify_locations(tls, identity->roots, NULL) != 1)
		return refuse(tls, err, "no root certificates can be read", identity->roots);
	if (identity->roots == NULL)
		SSL_CTX_set_default_verify_paths(tls);
	return tls;
}

SSL_CTX *tls_server(const struct tls_identity *identity, struct tls_error *err)
{
	SSL_CTX *tls = context(TLS_server_method(), identity, err);

	if (tls == NULL)
		return NULL;
	/* A certificate that does not verify ends the handshake; none at all is left to the path that is asked for. */
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	/* No session is resumed: whoever comes again shows a certificate that is valid then, and nobody is known by a ticket. */
	SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(tls, 0);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(tls, 1);
	return tls;
}

SSL_CTX *tls_client(const struct tls_identity *identity, struct tls_error *err)
{
	SSL_CTX *tls = context(TLS_client_method(), identity, err);

	if (tls != NULL)
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	return tls;
}

static bool name_has_role(X509_NAME *name, const char *role)
{
	size_t n = strlen(role);

	for (int k = -1; (k = X509_NAME_get_index_by_NID(name, NID_organizationalUnitName, k)) >= 0;) {
		const ASN1_STRING *unit = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, k));

		if ((size_t)ASN1_STRING_length(unit) == n && memcmp(ASN1_STRING_get0_data(unit), role, n) == 0)
			return true;
	}
	return false;
}

bool tls_peer_has_role(const SSL *ssl, const char *role)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);

	return peer != NULL && SSL_get_verify_result(ssl) == X509_V_OK &&
	       name_has_role(X509_get_subject_name(peer), role);
}

bool tls_certificate_check(const char *certificates, const char *host, const char *role, time_t now, time_t *until,
			   struct tls_error *err)
{
	BIO *file = BIO_new_file(certificates, "r");
	X509 *first = file != NULL ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL, *next = first;
	char wrong[160] = "";
	time_t from, end;

	*until = 0;
	if (first == NULL)
		snprintf(wrong, sizeof(wrong), "no certificate can be read");
	else if (X509_check_host(first, host, 0, 0, NULL) != 1 && X509_check_ip_asc(first, host, 0) != 1)
		snprintf(wrong, sizeof(wrong), "expected the certificate of host %.80s, found another's", host);
	else if (!name_has_role(X509_get_subject_name(first), role))
		snprintf(wrong, sizeof(wrong), "expected a certificate of role %.20s (OU), found another's", role);
	while (wrong[0] == '\0' && next != NULL) {
		if (!unix_time(X509_get0_notBefore(next), &from) || !unix_time(X509_get0_notAfter(next), &end))
			snprintf(wrong, sizeof(wrong), "says no time of validity");
		else if (from > now)
			snprintf(wrong, sizeof(wrong), "is not valid yet: the clock is behind, or the certificate is for later");
		else if (end <= now)
			snprintf(wrong, sizeof(wrong), "has expired: make a new one (scms component tls), or set the clock right");
		else if (*until == 0 || end < *until)
			*until = end;
		if (next != first)
			X509_free(next);
		next = PEM_read_bio_X509(file, NULL, NULL, NULL);
	}
	if (next != first)
		X509_free(next);
	X509_free(first);
	BIO_free(file);
	if (wrong[0] != '\0')
		snprintf(err->text, sizeof(err->text), "%s: %s", certificates, wrong);
	return wrong[0] == '\0';
}

bool tls_peer_host(const SSL *ssl, char *host, size_t size)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);
	X509_NAME *name = peer != NULL && SSL_get_verify_result(ssl) == X509_V_OK ? X509_get_subject_name(peer) : NULL;
	int n = name != NULL ? X509_NAME_get_text_by_NID(name, NID_commonName, NULL, 0) : -1;

	/* A name with a zero byte in it is longer than its text. */
	return n > 0 && (size_t)n < size && X509_NAME_get_text_by_NID(name, NID_commonName, host, (int)size) == n &&
	       strlen(host) == (size_t)n;
}

bool tls_key_hash(const X509 *certificate, uint8_t hash[32])
{
	const X509_PUBKEY *key = certificate != NULL ? X509_get_X509_PUBKEY(certificate) : NULL;
	uint8_t *der = NULL;
	int n = key != NULL ? i2d_X509_PUBKEY(key, &der) : -1;
	bool made = n > 0 && EVP_Digest(der, (size_t)n, hash, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return made;
}
