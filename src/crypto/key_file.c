/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted PKCS#8 files.
 */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/key_back.h"
#include "crypto/key_disk.h"

static enum key_status library_failed(const char *path, struct key_error *err)
{
	ERR_clear_error();
	return key_fail(err, KEY_FAILED, "%s: the cryptographic library failed", path);
}

/* The encrypted key in the PEM text; X509_SIG_free(). */
static enum key_status pem_parse(const char *path, const char *text, size_t length, X509_SIG **sealed,
				 struct key_error *err)
{
	BIO *bio = BIO_new_mem_buf(text, (int)length);
	char *label = NULL, *header = NULL;
	unsigned char *der = NULL;
	const unsigned char *p;
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *oid;
	long n = 0;
	enum key_status status = KEY_OK;

	if (!bio || PEM_read_bio(bio, &label, &header, &der, &n) != 1) {
		status = key_fail(err, KEY_MALFORMED, "%s: not a PEM file", path);
		goto out;
	}
	if (strcmp(label, PEM_STRING_PKCS8) != 0) {
		status =
		    key_fail(err, KEY_MALFORMED,
			     strcmp(label, PEM_STRING_PKCS8INF) == 0 || strcmp(label, PEM_STRING_ECPRIVATEKEY) == 0
				 ? "%s: the key is not encrypted as PKCS#8; seal it with: openssl pkcs8 -topk8 -scrypt"
				 : "%s: no encrypted PKCS#8 key in it",
			     path);
		goto out;
	}
	p = der;
	*sealed = d2i_X509_SIG(NULL, &p, n);
	if (!*sealed || p != der + n) {
		status = key_fail(err, KEY_MALFORMED, "%s: the encrypted key is damaged", path);
		goto out;
	}
	X509_SIG_get0(*sealed, &algorithm, NULL);
	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	if (OBJ_obj2nid(oid) != NID_pbes2)
		status = key_fail(err, KEY_MALFORMED, "%s: encrypted by an outdated method; PBES2 is wanted", path);
out:
	ERR_clear_error();
	OPENSSL_free(label);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
	BIO_free(bio);
	return status;
}

/* The key of an opened PKCS#8 structure, its public half checked. */
static enum key_status pkcs8_read(const char *path, const PKCS8_PRIV_KEY_INFO *info, struct private_key **key,
				  struct key_error *err)
{
	EVP_PKEY *pkey = EVP_PKCS82PKEY(info);
	BIGNUM *number = NULL;
	char group[64] = "";
	uint8_t d[CURVE_BYTES_MAX], sec1[1 + 2 * CURVE_BYTES_MAX];
	size_t sec1_length = 0;
	enum scms_curve curve;
	struct curve_point public;
	int bytes;
	enum key_status status;

	if (!pkey) {
		status = key_fail(err, KEY_MALFORMED, "%s: the key in it is damaged, or of an unknown kind", path);
		goto out;
	}
	if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
	    !curve_find_nid(OBJ_sn2nid(group), &curve)) {
		status = key_fail(err, KEY_CURVE, "%s: not a key of a curve that IEEE 1609.2 uses", path);
		goto out;
	}
	bytes = (int)scms_curve_bytes(curve);
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1 ||
	    BN_bn2binpad(number, d, bytes) != bytes) {
		status = key_fail(err, KEY_MALFORMED, "%s: no private key in it", path);
		goto out;
	}
	status = private_key_from_scalar(curve, d, key, err);
	if (status == KEY_OK &&
	    (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, sec1, sizeof(sec1), &sec1_length) != 1 ||
	     !curve_point_read_sec1(curve, (struct scms_slice){sec1, sec1_length}, &public) ||
	     !curve_point_equal(&public, private_key_public(*key)))) {
		status = key_fail(err, KEY_MALFORMED, "%s: private and public key do not belong together", path);
		private_key_free(*key);
		*key = NULL;
	}
out:
	OPENSSL_cleanse(d, sizeof(d));
	BN_clear_free(number);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return status;
}

enum key_status key_file_load(const char *path, const struct secret_source *source, struct private_key **key,
			      struct key_error *err)
{
	char text[KEY_DISK_MAX], what[PATH_MAX];
	size_t length;
	struct secret secret = {0};
	X509_SIG *sealed = NULL;
	PKCS8_PRIV_KEY_INFO *info = NULL;
	enum key_status status = key_disk_read(path, text, &length, err);

	/* All that needs no pass phrase is judged before one is asked for. */
	if (status == KEY_OK)
		status = pem_parse(path, text, length, &sealed, err);
	if (status == KEY_OK) {
		snprintf(what, sizeof(what), "pass phrase for %s", path);
		status = secret_read(source, what, false, &secret, err);
	}
	if (status == KEY_OK) {
		info = PKCS8_decrypt(sealed, secret.text, (int)secret.length);
		ERR_clear_error();
		if (!info)
			status = key_fail(err, KEY_PASSPHRASE, "%s: wrong pass phrase, or the file is damaged", path);
	}
	secret_wipe(&secret);
	if (status == KEY_OK)
		status = pkcs8_read(path, info, key, err);
	PKCS8_PRIV_KEY_INFO_free(info); /* wipes the key in it */
	X509_SIG_free(sealed);
	OPENSSL_cleanse(text, sizeof(text)); /* it may have been a key that is not encrypted */
	return status;
}

/* The PEM text of the key, encrypted; BIO_free(). NULL when the library fails. */
static BIO *seal(const struct private_key *key, const struct secret *secret)
{
	EVP_PKEY *pkey = key_memory_pkey(key);
	PKCS8_PRIV_KEY_INFO *info = pkey ? EVP_PKEY2PKCS8(pkey) : NULL;
	X509_ALGOR *method = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, KEY_DISK_SALT, NULL, KEY_DISK_SCRYPT_N,
						   KEY_DISK_SCRYPT_R, KEY_DISK_SCRYPT_P);
	X509_SIG *sealed = info && method ? PKCS8_set0_pbe(secret->text, (int)secret->length, info, method) : NULL;
	BIO *bio = BIO_new(BIO_s_mem());

	if (sealed)
		method = NULL; /* is part of it now */
	if (bio && (!sealed || PEM_write_bio_PKCS8(bio, sealed) != 1)) {
		BIO_free(bio);
		bio = NULL;
	}
	X509_SIG_free(sealed);
	X509_ALGOR_free(method);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(pkey);
	return bio;
}

enum key_status private_key_save(const struct private_key *key, const char *path, const struct secret_source *source,
				 struct key_error *err)
{
	struct secret secret = {0};
	struct stat st;
	char what[PATH_MAX], *text;
	BIO *bio;
	long length;
	enum key_status status;

	if (!key->back->scalar)
		return key_fail(err, KEY_IN_TOKEN, "%s: the key is in a token and cannot be saved", key->name);
	if (lstat(path, &st) == 0) /* before anybody types a pass phrase; file_create() decides */
		return key_fail(err, KEY_EXISTS, "%s: exists, and is not replaced", path);
	snprintf(what, sizeof(what), "new pass phrase for %s", path);
	status = secret_read(source, what, true, &secret, err);
	if (status != KEY_OK)
		return status;
	bio = seal(key, &secret);
	secret_wipe(&secret);
	if (!bio)
		return library_failed(path, err);
	length = BIO_get_mem_data(bio, &text);
	status = key_disk_create(path, text, (size_t)length, err);
	BIO_free(bio);
	return status;
}
