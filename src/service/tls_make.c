/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_make.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DAY (24L * 60 * 60)

static bool failed(struct tls_error *err, const char *file, const char *what)
{
	snprintf(err->text, sizeof(err->text), "%s: %s", file, what);
	return false;
}

/* A new file; NULL, said in err, where there is one already or none can be made. */
static FILE *create(const char *path, mode_t mode, struct tls_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file == NULL) {
		failed(err, path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return file;
}

static bool finish(FILE *file, const char *path, int written, struct tls_error *err)
{
	bool right = written == 1 && fflush(file) == 0 && fsync(fileno(file)) == 0;

	if (fclose(file) != 0 || !right) {
		unlink(path);
		return failed(err, path, "cannot be written");
	}
	return true;
}

static bool write_pair(X509 *certificate, const char *certificate_path, EVP_PKEY *pkey, const char *key_path,
		       struct tls_error *err)
{
	FILE *file = create(key_path, 0600, err);

	if (file == NULL ||
	    !finish(file, key_path, PEM_write_PKCS8PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), err))
		return false;
	file = create(certificate_path, 0644, err);
	if (file == NULL || !finish(file, certificate_path, PEM_write_X509(file, certificate), err)) {
		unlink(key_path);
		return false;
	}
	return true;
}

static bool extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	int added;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (extension == NULL)
		return false;
	added = X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return added == 1;
}

static bool entry(X509_NAME *name, int nid, const char *text)
{
	return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

/* What every certificate has; a day of tolerance for clocks that are behind. */
static X509 *begin(EVP_PKEY *pkey, const char *name, unsigned days)
{
	X509 *certificate = X509_new();
	uint8_t serial[16];
	BIGNUM *number;

	if (certificate == NULL || RAND_bytes(serial, sizeof(serial)) != 1)
		goto fail;
	serial[0] &= 0x7f;
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	if (number == NULL || BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) == NULL) {
		BN_free(number);
		goto fail;
	}
	BN_free(number);
	if (X509_set_version(certificate, X509_VERSION_3) == 1 && X509_set_pubkey(certificate, pkey) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * DAY) != NULL &&
	    entry(X509_get_subject_name(certificate), NID_commonName, name))
		return certificate;
fail:
	X509_free(certificate);
	return NULL;
}

bool tls_make_root(const char *certificate_path, const char *key_path, const char *name, unsigned days,
		   struct tls_error *err)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *certificate = pkey != NULL ? begin(pkey, name, days) : NULL;
	bool made = certificate != NULL &&
		    X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
		    extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		    extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		    extend(certificate, certificate, NID_subject_key_identifier, "hash") &&
		    X509_sign(certificate, pkey, EVP_sha256()) > 0;

	if (!made)
		failed(err, certificate_path, tls_reason());
	made = made && write_pair(certificate, certificate_path, pkey, key_path, err);
	X509_free(certificate);
	EVP_PKEY_free(pkey);
	return made;
}

static bool sign_identity(X509 *certificate, X509 *root, EVP_PKEY *root_pkey, const struct tls_subject *subject)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	uint8_t address[16];
	char names[600];

	for (size_t k = 0; subject->roles[k] != NULL; k++)
		if (!entry(name, NID_organizationalUnitName, subject->roles[k]))
			return false;
	if (inet_pton(AF_INET, subject->host, address) == 1 || inet_pton(AF_INET6, subject->host, address) == 1)
		snprintf(names, sizeof(names), "IP:%s", subject->host);
	else
		snprintf(names, sizeof(names), "DNS:%s", subject->host);
	return X509_set_issuer_name(certificate, X509_get_subject_name(root)) == 1 &&
	       extend(certificate, root, NID_basic_constraints, "critical,CA:FALSE") &&
	       extend(certificate, root, NID_key_usage, "critical,digitalSignature") &&
	       extend(certificate, root, NID_ext_key_usage, "serverAuth,clientAuth") &&
	       extend(certificate, root, NID_subject_key_identifier, "hash") &&
	       extend(certificate, root, NID_authority_key_identifier, "keyid:always") &&
	       extend(certificate, root, NID_subject_alt_name, names) && X509_sign(certificate, root_pkey, EVP_sha256()) > 0;
}

/* Names go into a configuration syntax of OpenSSL's: nothing that it could read as more than one name. */
static bool host_is_plain(const char *host)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";

	return host[0] != '\0' && strlen(host) < 256 && host[strspn(host, plain)] == '\0';
}

bool tls_make_identity(const char *root_certificate, const char *root_key, const char *certificate_path,
		       const char *key_path, const struct tls_subject *subject, struct tls_error *err)
{
	BIO *from_certificate = BIO_new_file(root_certificate, "r"), *from_key = BIO_new_file(root_key, "r");
	X509 *root = from_certificate != NULL ? PEM_read_bio_X509(from_certificate, NULL, NULL, NULL) : NULL;
	EVP_PKEY *root_pkey = from_key != NULL ? PEM_read_bio_PrivateKey(from_key, NULL, NULL, NULL) : NULL;
	EVP_PKEY *pkey = NULL;
	X509 *certificate = NULL;
	bool made = false;

	BIO_free(from_certificate);
	BIO_free(from_key);
	if (root == NULL) {
		failed(err, root_certificate, "no X.509 certificate can be read");
	} else if (root_pkey == NULL || X509_check_private_key(root, root_pkey) != 1) {
		failed(err, root_key, "no private key of the root can be read");
	} else if (!host_is_plain(subject->host)) {
		failed(err, certificate_path, "the host name may have letters, digits, '.', '-' and ':' only");
	} else {
		pkey = EVP_EC_gen("P-256");
		certificate = pkey != NULL ? begin(pkey, subject->host, subject->days) : NULL;
		made = certificate != NULL && sign_identity(certificate, root, root_pkey, subject);
		if (!made)
			failed(err, certificate_path, tls_reason());
		made = made && write_pair(certificate, certificate_path, pkey, key_path, err);
	}
	X509_free(certificate);
	EVP_PKEY_free(pkey);
	X509_free(root);
	EVP_PKEY_free(root_pkey);
	return made;
}
