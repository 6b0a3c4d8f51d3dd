/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secret_file.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/aes.h"
#include "crypto/key_disk.h"

#define LABEL "SCMS SECRET"
#define MAGIC "SCMSsec1"
#define MAGIC_BYTES 8
#define HEAD_MAX (MAGIC_BYTES + 1 + SECRET_FILE_KIND_MAX + KEY_DISK_SALT)
#define KEY_BYTES 32
#define SCRYPT_MEMORY ((uint64_t)32 << 20) /* twice what it takes */

/* The head of a file of this kind, its salt to be filled in; its length. */
static size_t head_make(const char *kind, uint8_t head[HEAD_MAX])
{
	size_t length = strlen(kind);

	memcpy(head, MAGIC, MAGIC_BYTES);
	head[MAGIC_BYTES] = (uint8_t)length;
	memcpy(head + MAGIC_BYTES + 1, kind, length);
	return MAGIC_BYTES + 1 + length + KEY_DISK_SALT;
}

/* Key and nonce, of pass phrase and salt, which ends the head. */
static bool derive(const struct secret *phrase, const uint8_t *head, size_t head_n, uint8_t out[KEY_BYTES + CCM_NONCE])
{
	return EVP_PBE_scrypt(phrase->text, phrase->length, head + head_n - KEY_DISK_SALT, KEY_DISK_SALT,
			      KEY_DISK_SCRYPT_N, KEY_DISK_SCRYPT_R, KEY_DISK_SCRYPT_P, SCRYPT_MEMORY, out,
			      KEY_BYTES + CCM_NONCE) == 1;
}

static struct ccm ccm_of(const uint8_t derived[KEY_BYTES + CCM_NONCE], const uint8_t *head, size_t head_n)
{
	return (struct ccm){{derived, KEY_BYTES}, {derived + KEY_BYTES, CCM_NONCE}, {head, head_n}, CCM_TAG};
}

static enum key_status sealed_write(const char *path, const uint8_t *sealed, size_t n, struct key_error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum key_status status;
	long length;
	char *text;

	if (bio && PEM_write_bio(bio, LABEL, "", sealed, (long)n) > 0) {
		length = BIO_get_mem_data(bio, &text);
		status = key_disk_create(path, text, (size_t)length, err);
	} else {
		status = key_fail(err, KEY_FAILED, "%s: the cryptographic library failed", path);
	}
	ERR_clear_error();
	BIO_free(bio);
	return status;
}

enum key_status secret_file_save(const char *path, const char *kind, struct scms_slice secret,
				 const struct secret_source *source, struct key_error *err)
{
	uint8_t sealed[HEAD_MAX + SECRET_FILE_MAX + CCM_TAG], derived[KEY_BYTES + CCM_NONCE];
	struct secret phrase = {0};
	char what[PATH_MAX];
	struct stat st;
	enum key_status status;
	struct ccm ccm;
	size_t head;

	if (secret.n == 0 || secret.n > SECRET_FILE_MAX || kind[0] == 0 || strlen(kind) > SECRET_FILE_KIND_MAX)
		return key_fail(err, KEY_VALUE,
				"%s: a secret has 1 to %d bytes and its kind 1 to %d, found %zu and %zu", path,
				SECRET_FILE_MAX, SECRET_FILE_KIND_MAX, secret.n, strlen(kind));
	if (lstat(path, &st) == 0) /* before anybody types a pass phrase; key_disk_create() decides */
		return key_fail(err, KEY_EXISTS, "%s: exists, and is not replaced", path);
	head = head_make(kind, sealed);
	snprintf(what, sizeof(what), "new pass phrase for %s", path);
	status = secret_read(source, what, true, &phrase, err);
	if (status != KEY_OK)
		return status;
	ccm = ccm_of(derived, sealed, head);
	if (RAND_bytes(sealed + head - KEY_DISK_SALT, KEY_DISK_SALT) != 1 || !derive(&phrase, sealed, head, derived) ||
	    !ccm_encrypt(&ccm, secret, sealed + head)) {
		ERR_clear_error();
		status = key_fail(err, KEY_FAILED, "%s: the cryptographic library failed", path);
	}
	OPENSSL_cleanse(derived, sizeof(derived));
	secret_wipe(&phrase);
	if (status == KEY_OK)
		status = sealed_write(path, sealed, head + secret.n + CCM_TAG, err);
	return status;
}

/* The content of the PEM block; OPENSSL_free(). */
static enum key_status pem_parse(const char *path, const char *text, size_t length, uint8_t **sealed, size_t *n,
				 struct key_error *err)
{
	BIO *bio = BIO_new_mem_buf(text, (int)length);
	char *label = NULL, *header = NULL;
	enum key_status status = KEY_OK;
	long bytes = 0;

	if (!bio || PEM_read_bio(bio, &label, &header, sealed, &bytes) != 1)
		status = key_fail(err, KEY_MALFORMED, "%s: not a PEM file", path);
	else if (strcmp(label, LABEL) != 0)
		status =
		    key_fail(err, KEY_MALFORMED, "%s: expected a sealed secret (%s), found %.40s", path, LABEL, label);
	*n = bytes > 0 ? (size_t)bytes : 0;
	ERR_clear_error();
	OPENSSL_free(label);
	OPENSSL_free(header);
	BIO_free(bio);
	return status;
}

/* Is it a secret of this kind and size, as far as can be seen? */
static enum key_status head_check(const char *path, const char *kind, size_t secret, const uint8_t *sealed, size_t n,
				  struct key_error *err)
{
	const size_t length = strlen(kind), fixed = MAGIC_BYTES + 1 + KEY_DISK_SALT + CCM_TAG;
	size_t found;

	if (n < fixed || memcmp(sealed, MAGIC, MAGIC_BYTES) != 0 || n < fixed + sealed[MAGIC_BYTES])
		return key_fail(err, KEY_MALFORMED, "%s: the sealed secret is damaged, or of a later version", path);
	found = sealed[MAGIC_BYTES];
	if (found != length || memcmp(sealed + MAGIC_BYTES + 1, kind, length) != 0)
		return key_fail(err, KEY_MALFORMED, "%s: a secret of another kind than %s", path, kind);
	if (n != fixed + length + secret)
		return key_fail(err, KEY_MALFORMED, "%s: expected a secret of %zu bytes, found %zu", path, secret,
				n - fixed - length);
	return KEY_OK;
}

enum key_status secret_file_load(const char *path, const char *kind, uint8_t *secret, size_t n,
				 const struct secret_source *source, struct key_error *err)
{
	uint8_t derived[KEY_BYTES + CCM_NONCE], *sealed = NULL;
	char text[KEY_DISK_MAX], what[PATH_MAX];
	struct secret phrase = {0};
	size_t length = 0, head = MAGIC_BYTES + 1 + strlen(kind) + KEY_DISK_SALT;
	enum key_status status = key_disk_read(path, text, &length, err);

	if (status == KEY_OK)
		status = pem_parse(path, text, length, &sealed, &length, err);
	if (status == KEY_OK)
		status = head_check(path, kind, n, sealed, length, err);
	if (status == KEY_OK) {
		snprintf(what, sizeof(what), "pass phrase for %s", path);
		status = secret_read(source, what, false, &phrase, err);
	}
	if (status == KEY_OK && !derive(&phrase, sealed, head, derived)) {
		ERR_clear_error();
		status = key_fail(err, KEY_FAILED, "%s: the cryptographic library failed", path);
	}
	if (status == KEY_OK) {
		struct ccm ccm = ccm_of(derived, sealed, head);

		if (!ccm_decrypt(&ccm, (struct scms_slice){sealed + head, length - head}, secret)) {
			ERR_clear_error();
			status = key_fail(err, KEY_PASSPHRASE, "%s: wrong pass phrase, or the file is damaged", path);
		}
	}
	OPENSSL_cleanse(derived, sizeof(derived));
	secret_wipe(&phrase);
	OPENSSL_free(sealed);
	OPENSSL_cleanse(text, sizeof(text)); /* it may have been something that is not sealed */
	return status;
}
