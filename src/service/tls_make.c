/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_make.h"

#include "base/file.h"

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

static bool roles_entered(X509_NAME *name, const struct tls_subject *subject)
{
	for (size_t k = 0; subject->roles[k] != NULL; k++)
		if (!entry(name, NID_organizationalUnitName, subject->roles[k]))
			return false;
	return true;
}

/* A certificate that outlives its root would say that there is time left when there is none. */
static bool end_with_root(X509 *certificate, const X509 *root)
{
	return ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(root)) <= 0 ||
	       X509_set1_notAfter(certificate, X509_get0_notAfter(root)) == 1;
}

static bool sign_identity(X509 *certificate, X509 *root, EVP_PKEY *root_pkey, const struct tls_subject *subject)
{
	uint8_t address[16];
	char names[600];

	if (!roles_entered(X509_get_subject_name(certificate), subject))
		return false;
	if (inet_pton(AF_INET, subject->host, address) == 1 || inet_pton(AF_INET6, subject->host, address) == 1)
		snprintf(names, sizeof(names), "IP:%s", subject->host);
	else
		snprintf(names, sizeof(names), "DNS:%s", subject->host);
	return X509_set_issuer_name(certificate, X509_get_subject_name(root)) == 1 && end_with_root(certificate, root) &&
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

/* The root to sign with. False: err says why. */
static bool root_open(const char *certificate_path, const char *key_path, X509 **root, EVP_PKEY **pkey, struct tls_error *err)
{
	BIO *from_certificate = BIO_new_file(certificate_path, "r"), *from_key = BIO_new_file(key_path, "r");

	*root = from_certificate != NULL ? PEM_read_bio_X509(from_certificate, NULL, NULL, NULL) : NULL;
	*pkey = from_key != NULL ? PEM_read_bio_PrivateKey(from_key, NULL, NULL, NULL) : NULL;
	BIO_free(from_certificate);
	BIO_free(from_key);
	if (*root == NULL)
		return failed(err, certificate_path, "no X.509 certificate can be read");
	if (*pkey == NULL || X509_check_private_key(*root, *pkey) != 1)
		return failed(err, key_path, "no private key of the root can be read");
	return true;
}

bool tls_make_identity(const char *root_certificate, const char *root_key, const char *certificate_path,
		       const char *key_path, const struct tls_subject *subject, struct tls_error *err)
{
	X509 *root, *certificate = NULL;
	EVP_PKEY *root_pkey, *pkey = NULL;
	bool made = root_open(root_certificate, root_key, &root, &root_pkey, err);

	if (made && !host_is_plain(subject->host))
		made = failed(err, certificate_path, "the host name may have letters, digits, '.', '-' and ':' only");
	if (made) {
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

/* ---- across workspaces ---- */

bool tls_make_request(const char *request_path, const char *key_path, const struct tls_subject *subject, struct tls_error *err)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509_REQ *request = X509_REQ_new();
	FILE *file;
	bool made = false;

	if (!host_is_plain(subject->host)) {
		failed(err, request_path, "the host name may have letters, digits, '.', '-' and ':' only");
		goto out;
	}
	made = pkey != NULL && request != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
	       entry(X509_REQ_get_subject_name(request), NID_commonName, subject->host) &&
	       roles_entered(X509_REQ_get_subject_name(request), subject) && X509_REQ_set_pubkey(request, pkey) == 1 &&
	       X509_REQ_sign(request, pkey, EVP_sha256()) > 0;
	if (!made) {
		failed(err, request_path, tls_reason());
		goto out;
	}
	file = create(key_path, 0600, err);
	made = file != NULL && finish(file, key_path, PEM_write_PKCS8PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), err);
	if (!made)
		goto out;
	file = create(request_path, 0644, err);
	made = file != NULL && finish(file, request_path, PEM_write_X509_REQ(file, request), err);
	if (!made)
		unlink(key_path);
out:
	X509_REQ_free(request);
	EVP_PKEY_free(pkey);
	return made;
}

/* The one entry of this kind. False: there is none, there are more, or it does not fit. */
static bool only_entry(X509_NAME *name, int nid, char *text, size_t size)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	int n = at >= 0 && X509_NAME_get_index_by_NID(name, nid, at) < 0 ? X509_NAME_get_text_by_NID(name, nid, NULL, 0) : -1;

	/* A name with a zero byte in it is longer than its text. */
	return n > 0 && (size_t)n < size && X509_NAME_get_text_by_NID(name, nid, text, (int)size) == n && strlen(text) == (size_t)n;
}

static bool is_p256(EVP_PKEY *pkey)
{
	char group[32];
	size_t n;

	return pkey != NULL && EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) == 1 && strcmp(group, "prime256v1") == 0;
}

static X509_REQ *request_open(const char *path, struct tls_asked *asked, struct tls_error *err)
{
	BIO *from = BIO_new_file(path, "r");
	X509_REQ *request = from != NULL ? PEM_read_bio_X509_REQ(from, NULL, NULL, NULL) : NULL;
	X509_NAME *name = request != NULL ? X509_REQ_get_subject_name(request) : NULL;
	const char *wrong = NULL;

	BIO_free(from);
	if (request == NULL)
		wrong = "no request (PKCS #10, PEM) can be read";
	else if (!is_p256(X509_REQ_get0_pubkey(request)))
		wrong = "the key that is to be certified is not on NIST P-256";
	else if (X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1)
		wrong = "is not signed by the key that is to be certified: it was changed, or cut off";
	else if (!only_entry(name, NID_commonName, asked->host, sizeof(asked->host)) || !host_is_plain(asked->host))
		wrong = "expected one host name (CN) of letters, digits, '.', '-' and ':'";
	else if (!only_entry(name, NID_organizationalUnitName, asked->role, sizeof(asked->role)))
		wrong = "expected one role (OU)";
	if (wrong == NULL)
		return request;
	failed(err, path, wrong);
	X509_REQ_free(request);
	return NULL;
}

bool tls_read_request(const char *path, struct tls_asked *asked, struct tls_error *err)
{
	X509_REQ *request = request_open(path, asked, err);

	X509_REQ_free(request);
	return request != NULL;
}

/* Certificates in one file of PEM, on disk before it has its name. */
static bool write_certificates(const char *path, X509 *const *certificates, size_t count, struct tls_error *err)
{
	BIO *to = BIO_new(BIO_s_mem());
	struct file_error why = {.text = "out of memory"};
	char *text;
	long n;
	bool good = to != NULL;

	for (size_t k = 0; good && k < count; k++)
		good = PEM_write_bio_X509(to, certificates[k]) == 1;
	if (good) {
		n = BIO_get_mem_data(to, &text);
		good = n > 0 && file_write(path, 0644, (struct scms_slice){(const uint8_t *)text, (size_t)n}, &why) == FILE_OK;
	}
	BIO_free(to);
	return good || failed(err, path, why.text);
}

bool tls_answer_request(const char *root_certificate, const char *root_key, const char *path, const char *answer, unsigned days,
			struct tls_error *err)
{
	struct tls_asked asked;
	X509_REQ *request = request_open(path, &asked, err);
	const char *const roles[] = {asked.role, NULL};
	const struct tls_subject subject = {asked.host, roles, days};
	X509 *root = NULL, *certificate = NULL;
	EVP_PKEY *root_pkey = NULL;
	bool made = request != NULL && root_open(root_certificate, root_key, &root, &root_pkey, err);

	if (made) {
		certificate = begin(X509_REQ_get0_pubkey(request), asked.host, days);
		made = certificate != NULL && sign_identity(certificate, root, root_pkey, &subject);
		if (!made)
			failed(err, path, tls_reason());
		made = made && write_certificates(answer, (X509 *const[]){certificate, root}, 2, err);
	}
	X509_free(certificate);
	X509_free(root);
	EVP_PKEY_free(root_pkey);
	X509_REQ_free(request);
	return made;
}

/* What is wrong with an answer; NULL: nothing. */
static const char *answer_wrong(X509 *certificate, X509 *root, EVP_PKEY *pkey, const struct tls_subject *subject)
{
	struct tls_asked got;
	X509_NAME *name;

	if (certificate == NULL || root == NULL)
		return "expected the answer of scms component issue to a TLS request (two certificates, PEM), found something else";
	name = X509_get_subject_name(certificate);
	if (X509_check_private_key(certificate, pkey) != 1)
		return "is for another key: not the answer to the last request";
	if (!only_entry(name, NID_commonName, got.host, sizeof(got.host)) || strcmp(got.host, subject->host) != 0 ||
	    !only_entry(name, NID_organizationalUnitName, got.role, sizeof(got.role)) || strcmp(got.role, subject->roles[0]) != 0)
		return "is for another host or role";
	if (X509_check_ca(root) != 1 || X509_verify(root, X509_get0_pubkey(root)) != 1 || X509_verify(certificate, X509_get0_pubkey(root)) != 1)
		return "the first certificate in it is not signed by the second, a root";
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 || X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		return "is not valid now: it has expired, or the clock is wrong";
	return NULL;
}

bool tls_take_answer(const char *answer, const char *key_path, const struct tls_subject *subject, const char *certificate_path,
		     const char *roots_path, struct tls_error *err)
{
	BIO *from = BIO_new_file(answer, "r"), *from_key = BIO_new_file(key_path, "r");
	EVP_PKEY *pkey = from_key != NULL ? PEM_read_bio_PrivateKey(from_key, NULL, NULL, NULL) : NULL;
	X509 *certificate = from != NULL ? PEM_read_bio_X509(from, NULL, NULL, NULL) : NULL;
	X509 *root = certificate != NULL ? PEM_read_bio_X509(from, NULL, NULL, NULL) : NULL;
	const char *wrong = pkey != NULL ? answer_wrong(certificate, root, pkey, subject) : NULL;
	bool good = pkey != NULL && wrong == NULL;

	if (pkey == NULL)
		failed(err, key_path, "no private key can be read");
	else if (wrong != NULL)
		failed(err, answer, wrong);
	good = good && write_certificates(certificate_path, &certificate, 1, err) && write_certificates(roots_path, &root, 1, err);
	X509_free(certificate);
	X509_free(root);
	EVP_PKEY_free(pkey);
	BIO_free(from);
	BIO_free(from_key);
	return good;
}
