/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/key_back.h"

void key_error_set(struct key_error *err, enum key_status status, const char *format, ...)
{
	va_list args;

	if (!err)
		return;
	err->status = status;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
}

/* RFC 3986: schemes compare without case. */
static bool is_uri(const char *name)
{
	return strncasecmp(name, "pkcs11:", 7) == 0;
}

enum key_status private_key_load(const char *name, const struct secret_source *source, struct private_key **key,
				 struct key_error *err)
{
	*key = NULL;
	return is_uri(name) ? key_pkcs11_load(name, source, key, err) : key_file_load(name, source, key, err);
}

enum key_status private_key_generate(const char *name, enum scms_curve curve, enum key_use use,
				     const struct secret_source *source, struct private_key **key,
				     struct key_error *err)
{
	struct private_key *made = NULL;
	enum key_status status;

	*key = NULL;
	if (is_uri(name))
		return key_pkcs11_generate(name, curve, use, source, key, err);
	status = private_key_random(curve, &made, err);
	if (status == KEY_OK)
		status = private_key_save(made, name, source, err);
	if (status == KEY_OK) {
		*key = made;
		made = NULL;
	}
	private_key_free(made);
	return status;
}

enum key_status private_key_random(enum scms_curve curve, struct private_key **key, struct key_error *err)
{
	uint8_t d[CURVE_BYTES_MAX];
	enum key_status status;

	*key = NULL;
	if (!curve_scalar_random(curve, d))
		return key_fail(err, KEY_FAILED, "no random numbers to make a key from");
	status = private_key_from_scalar(curve, d, key, err);
	OPENSSL_cleanse(d, sizeof(d));
	return status;
}

void private_key_free(struct private_key *key)
{
	if (key)
		key->back->free(key);
}

const struct curve_point *private_key_public(const struct private_key *key)
{
	return &key->public;
}

enum key_status private_key_sign(struct private_key *key, const uint8_t *digest, uint8_t *r, uint8_t *s,
				 struct key_error *err)
{
	return key->back->sign(key, digest, r, s, err);
}

enum key_status private_key_agree(struct private_key *key, const struct curve_point *peer, uint8_t *shared,
				  struct key_error *err)
{
	struct curve_point checked;
	uint8_t sec1[1 + 2 * CURVE_BYTES_MAX];
	size_t n = curve_point_write_sec1(peer, sec1);

	/* A point off the curve would give away the key's residues, be it in memory or in a careless token. */
	if (peer->curve != key->public.curve ||
	    !curve_point_read_sec1(peer->curve, (struct scms_slice){sec1, n}, &checked))
		return key_fail(err, KEY_POINT, "%s: the other public key is no point of curve %s", key->name,
				curve_name(key->public.curve));
	return key->back->agree(key, &checked, shared, err);
}

enum key_status private_key_scalar(const struct private_key *key, uint8_t *d, struct key_error *err)
{
	if (!key->back->scalar)
		return key_fail(err, KEY_IN_TOKEN, "%s: the key is in a token and cannot be taken out for this",
				key->name);
	key->back->scalar(key, d);
	return KEY_OK;
}
