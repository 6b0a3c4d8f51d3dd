/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_disk.h: what key files (key.h) and secret files (secret_file.h) have in common.
 */
#ifndef CRYPTO_KEY_DISK_H
#define CRYPTO_KEY_DISK_H

#include "crypto/key_error.h"

/* A key file of ours has 500 bytes. */
#define KEY_DISK_MAX 16384

/* scrypt at 16 MiB and about 0.2 s; what more memory costs, OpenSSL's reader of PKCS#8 refuses. */
#define KEY_DISK_SCRYPT_N 16384
#define KEY_DISK_SCRYPT_R 8
#define KEY_DISK_SCRYPT_P 5
#define KEY_DISK_SALT 16

/* Reads the whole of a small file: *length bytes. KEY_NOT_FOUND, KEY_IO; KEY_MALFORMED for what is too long or no file. */
SCMS_CHECKED enum key_status key_disk_read(const char *path, char text[KEY_DISK_MAX], size_t *length,
					   struct key_error *err);

/* A new file with this content and mode 0600, complete or not at all. KEY_EXISTS, KEY_IO; KEY_NAME for too long a name. */
SCMS_CHECKED enum key_status key_disk_create(const char *path, const char *p, size_t n, struct key_error *err);

#endif
