/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in PKCS#11 tokens.
 */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#include "crypto/key_back.h"
#include "crypto/token.h"

/* The largest CKA_ID and CKA_LABEL that we follow from a private key to its public key. */
#define ATTRIBUTE_MAX 256

struct token_key {
	struct private_key base;
	struct token token;
	CK_OBJECT_HANDLE handle;
	bool always;         /* CKA_ALWAYS_AUTHENTICATE: the token wants its PIN before each use */
	struct secret pin;   /* kept for that reason only */
	pthread_mutex_t one; /* a session does one operation at a time */
};

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_KEY_TYPE type_ec = CKK_EC;
static CK_OBJECT_CLASS class_private = CKO_PRIVATE_KEY, class_public = CKO_PUBLIC_KEY;

static CK_RV authenticate(struct token_key *key)
{
	bool typed = !key->token.pin_pad;

	if (!key->always)
		return CKR_OK;
	return key->token.module->C_Login(key->token.session, CKU_CONTEXT_SPECIFIC,
					  typed ? (CK_UTF8CHAR_PTR)key->pin.text : NULL, typed ? key->pin.length : 0);
}

static enum key_status token_sign(struct private_key *base, const uint8_t *digest, uint8_t *r, uint8_t *s,
				  struct key_error *err)
{
	struct token_key *key = (struct token_key *)base;
	CK_FUNCTION_LIST *module = key->token.module;
	CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
	size_t bytes = scms_curve_bytes(base->public.curve);
	CK_BYTE message[CURVE_BYTES_MAX], signature[2 * CURVE_BYTES_MAX];
	CK_ULONG n = sizeof(signature);
	CK_RV rv;

	memcpy(message, digest, bytes);
	pthread_mutex_lock(&key->one);
	rv = module->C_SignInit(key->token.session, &mechanism, key->handle);
	if (rv == CKR_OK)
		rv = authenticate(key);
	if (rv == CKR_OK)
		rv = module->C_Sign(key->token.session, message, bytes, signature, &n);
	pthread_mutex_unlock(&key->one);
	if (rv != CKR_OK)
		return token_fail(&key->token, "sign", rv, err);
	if (n != 2 * bytes)
		return key_fail(err, KEY_REFUSED, "%s: the token made a signature of %lu bytes instead of %zu",
				base->name, n, 2 * bytes);
	memcpy(r, signature, bytes);
	memcpy(s, signature + bytes, bytes);
	return KEY_OK;
}

static enum key_status token_agree(struct private_key *base, const struct curve_point *peer, uint8_t *shared,
				   struct key_error *err)
{
	struct token_key *key = (struct token_key *)base;
	CK_FUNCTION_LIST *module = key->token.module;
	uint8_t sec1[1 + 2 * CURVE_BYTES_MAX];
	CK_ULONG bytes = scms_curve_bytes(base->public.curve);
	CK_ECDH1_DERIVE_PARAMS parameters = {CKD_NULL, 0, NULL, curve_point_write_sec1(peer, sec1), sec1};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameters, sizeof(parameters)};
	CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY;
	CK_KEY_TYPE type_generic = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class_secret, sizeof(class_secret)},
	    {CKA_KEY_TYPE, &type_generic, sizeof(type_generic)},
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_SENSITIVE, &no, sizeof(no)},
	    {CKA_EXTRACTABLE, &yes, sizeof(yes)},
	    {CKA_VALUE_LEN, &bytes, sizeof(bytes)},
	};
	CK_ATTRIBUTE value = {CKA_VALUE, shared, bytes};
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	CK_RV rv;

	pthread_mutex_lock(&key->one);
	rv = module->C_DeriveKey(key->token.session, &mechanism, key->handle, template,
				 sizeof(template) / sizeof(*template), &made);
	if (rv == CKR_OK) {
		rv = module->C_GetAttributeValue(key->token.session, made, &value, 1);
		module->C_DestroyObject(key->token.session, made);
	}
	pthread_mutex_unlock(&key->one);
	if (rv == CKR_OK && value.ulValueLen == bytes)
		return KEY_OK;
	OPENSSL_cleanse(shared, bytes);
	if (rv != CKR_OK)
		return token_fail(&key->token, "agree on a key", rv, err);
	return key_fail(err, KEY_REFUSED, "%s: the token made a shared secret of %lu bytes instead of %lu", base->name,
			value.ulValueLen, bytes);
}

static void token_free(struct private_key *base)
{
	struct token_key *key = (struct token_key *)base;

	token_close(&key->token);
	pthread_mutex_destroy(&key->one);
	OPENSSL_clear_free(key, sizeof(*key));
}

static const struct key_back token_back = {
    .sign = token_sign,
    .agree = token_agree,
    .free = token_free,
};

/* How many objects have these attributes, none, one or more; the first of them. */
static CK_RV find(struct token *token, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *first, CK_ULONG *count)
{
	CK_OBJECT_HANDLE found[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
	CK_RV rv = token->module->C_FindObjectsInit(token->session, template, n);

	*count = 0;
	if (rv != CKR_OK)
		return rv;
	rv = token->module->C_FindObjects(token->session, found, 2, count);
	token->module->C_FindObjectsFinal(token->session);
	*first = found[0];
	return rv;
}

/* Appends what the URI says of the object, beyond its class, to a template of room for two more. */
static CK_ULONG template_name(P11KitUri *uri, CK_ATTRIBUTE *template, CK_ULONG n)
{
	static const CK_ATTRIBUTE_TYPE names[] = {CKA_LABEL, CKA_ID};

	for (unsigned k = 0; k < sizeof(names) / sizeof(*names); k++) {
		CK_ATTRIBUTE *said = p11_kit_uri_get_attribute(uri, names[k]);

		if (said)
			template[n++] = *said;
	}
	return n;
}

static enum key_status private_find(struct token_key *key, P11KitUri *uri, struct key_error *err)
{
	CK_ATTRIBUTE template[4] = {
	    {CKA_CLASS, &class_private, sizeof(class_private)},
	    {CKA_KEY_TYPE, &type_ec, sizeof(type_ec)},
	};
	CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(uri, CKA_CLASS);
	CK_ULONG count;
	CK_RV rv;

	if (class && (class->ulValueLen != sizeof(CK_OBJECT_CLASS) ||
		      memcmp(class->pValue, &class_private, sizeof(CK_OBJECT_CLASS)) != 0))
		return key_fail(err, KEY_NAME, "%s: the URI must be of type=private or without type", key->base.name);
	rv = find(&key->token, template, template_name(uri, template, 2), &key->handle, &count);
	if (rv != CKR_OK)
		return token_fail(&key->token, "look for the key", rv, err);
	if (count == 0)
		return key_fail(err, KEY_NOT_FOUND, "%s: the token has no such EC private key", key->base.name);
	if (count > 1)
		return key_fail(err, KEY_AMBIGUOUS,
				"%s: several private keys match; name one by object= or id=", key->base.name);
	return KEY_OK;
}

/* Finds the public key beside the private one: by CKA_ID, or by label where there is no id. */
static enum key_status public_find(struct token_key *key, CK_OBJECT_HANDLE *public, struct key_error *err)
{
	uint8_t value[ATTRIBUTE_MAX];
	CK_ATTRIBUTE template[3] = {
	    {CKA_CLASS, &class_public, sizeof(class_public)},
	    {CKA_KEY_TYPE, &type_ec, sizeof(type_ec)},
	    {CKA_ID, value, sizeof(value)},
	};
	CK_ULONG count;
	CK_RV rv = key->token.module->C_GetAttributeValue(key->token.session, key->handle, &template[2], 1);

	if (rv != CKR_OK || template[2].ulValueLen == 0) {
		template[2] = (CK_ATTRIBUTE){CKA_LABEL, value, sizeof(value)};
		rv = key->token.module->C_GetAttributeValue(key->token.session, key->handle, &template[2], 1);
	}
	if (rv == CKR_OK)
		rv = find(&key->token, template, 3, public, &count);
	if (rv != CKR_OK)
		return token_fail(&key->token, "look for the public key", rv, err);
	if (count == 0)
		return key_fail(err, KEY_NOT_FOUND, "%s: the token has no public key with the id of the private key",
				key->base.name);
	if (count > 1)
		return key_fail(err, KEY_AMBIGUOUS,
				"%s: the token has several public keys with the id of the private key", key->base.name);
	return KEY_OK;
}

/* CKA_EC_POINT is a DER OCTET STRING of the SEC 1 encoding; some modules leave the wrapping off. */
static struct scms_slice point_unwrap(struct scms_slice in, size_t bytes)
{
	if (in.n == 3 + 2 * bytes && in.p[0] == 4 && in.p[1] == 1 + 2 * bytes)
		return (struct scms_slice){in.p + 2, in.n - 2};
	return in;
}

static enum key_status public_read(struct token_key *key, CK_OBJECT_HANDLE public, struct key_error *err)
{
	uint8_t oid[32], point[3 + 2 * CURVE_BYTES_MAX];
	CK_ATTRIBUTE template[2] = {{CKA_EC_PARAMS, oid, sizeof(oid)}, {CKA_EC_POINT, point, sizeof(point)}};
	enum scms_curve curve;
	CK_RV rv = key->token.module->C_GetAttributeValue(key->token.session, public, template, 2);

	if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
		return token_fail(&key->token, "read the public key", rv, err);
	if (rv != CKR_OK || !curve_find_oid((struct scms_slice){oid, template[0].ulValueLen}, &curve))
		return key_fail(err, KEY_CURVE, "%s: not a key of a curve that IEEE 1609.2 uses", key->base.name);
	if (!curve_point_read_sec1(
		curve, point_unwrap((struct scms_slice){point, template[1].ulValueLen}, scms_curve_bytes(curve)),
		&key->base.public))
		return key_fail(err, KEY_MALFORMED, "%s: the token's public key is no point of curve %s",
				key->base.name, curve_name(curve));
	return KEY_OK;
}

/* A key that wants its PIN at each use keeps it; for all others it is forgotten here. */
static enum key_status pin_settle(struct token_key *key, const struct secret_source *source, struct key_error *err)
{
	CK_BBOOL always = CK_FALSE;
	CK_ATTRIBUTE attribute = {CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always)};
	CK_RV rv = key->token.module->C_GetAttributeValue(key->token.session, key->handle, &attribute, 1);

	key->always = rv == CKR_OK && attribute.ulValueLen == sizeof(always) && always;
	if (!key->always)
		secret_wipe(&key->pin);
	else if (key->pin.length == 0 && !key->token.pin_pad)
		return token_pin_read(source, &key->pin, err);
	return KEY_OK;
}

/* Room for a key and its open token; *uri is freed by the caller. */
static enum key_status key_begin(const char *name, bool write, const struct secret_source *source,
				 struct token_key **out, P11KitUri **uri, struct key_error *err)
{
	struct token_key *key;
	enum key_status status = token_uri_parse(name, uri, err);

	*out = NULL;
	if (status != KEY_OK)
		return status;
	key = OPENSSL_zalloc(sizeof(*key));
	if (!key)
		return key_fail(err, KEY_FAILED, "no memory for a key");
	key->base.back = &token_back;
	pthread_mutex_init(&key->one, NULL);
	*out = key;
	status = token_open(&key->token, name, *uri, write, source, &key->pin, err);
	key->base.name = key->token.name;
	return status;
}

enum key_status key_pkcs11_load(const char *name, const struct secret_source *source, struct private_key **out,
				struct key_error *err)
{
	P11KitUri *uri = NULL;
	struct token_key *key;
	CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
	enum key_status status = key_begin(name, false, source, &key, &uri, err);

	if (status == KEY_OK)
		status = private_find(key, uri, err);
	if (status == KEY_OK)
		status = public_find(key, &public, err);
	if (status == KEY_OK)
		status = public_read(key, public, err);
	if (status == KEY_OK)
		status = pin_settle(key, source, err);
	p11_kit_uri_free(uri);
	if (status == KEY_OK)
		*out = &key->base;
	else if (key)
		token_free(&key->base);
	return status;
}

/* Makes the pair; ours are named by label and id, and no object of either class may have that name yet. */
static enum key_status pair_generate(struct token_key *key, P11KitUri *uri, enum scms_curve curve, enum key_use use,
				     CK_OBJECT_HANDLE *public, struct key_error *err)
{
	uint8_t id[16];
	struct scms_slice oid = curve_oid(curve);
	CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_BBOOL *sign = use == KEY_SIGN ? &yes : &no, *derive = use == KEY_AGREE ? &yes : &no;
	CK_ATTRIBUTE public_template[8] = {
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_VERIFY, sign, sizeof(*sign)},
	    /* The module reads it and does not write it. */
	    {CKA_EC_PARAMS, (void *)(uintptr_t)oid.p, oid.n},
	};
	CK_ATTRIBUTE private_template[8] = {
	    {CKA_TOKEN, &yes, sizeof(yes)},     {CKA_PRIVATE, &yes, sizeof(yes)}, {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &no, sizeof(no)}, {CKA_SIGN, sign, sizeof(*sign)},  {CKA_DERIVE, derive, sizeof(*derive)},
	};
	CK_ULONG publics = template_name(uri, public_template, 3);
	CK_ULONG privates = template_name(uri, private_template, 6), count;
	CK_OBJECT_HANDLE there;
	CK_RV rv;

	if (publics == 3)
		return key_fail(err, KEY_NAME, "%s: the URI must say object= or id= to name a new key", key->base.name);
	rv = find(&key->token, public_template + 3, publics - 3, &there, &count);
	if (rv == CKR_OK && count > 0)
		return key_fail(err, KEY_EXISTS, "%s: the token has an object of that name", key->base.name);
	if (!p11_kit_uri_get_attribute(uri, CKA_ID)) {
		if (RAND_bytes(id, sizeof(id)) != 1)
			return key_fail(err, KEY_FAILED, "no random numbers to name a key with");
		public_template[publics++] = (CK_ATTRIBUTE){CKA_ID, id, sizeof(id)};
		private_template[privates++] = (CK_ATTRIBUTE){CKA_ID, id, sizeof(id)};
	}
	if (rv == CKR_OK)
		rv = key->token.module->C_GenerateKeyPair(key->token.session, &mechanism, public_template, publics,
							  private_template, privates, public, &key->handle);
	return rv == CKR_OK ? KEY_OK : token_fail(&key->token, "make a key", rv, err);
}

enum key_status key_pkcs11_generate(const char *name, enum scms_curve curve, enum key_use use,
				    const struct secret_source *source, struct private_key **out, struct key_error *err)
{
	P11KitUri *uri = NULL;
	struct token_key *key;
	CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
	enum key_status status = key_begin(name, true, source, &key, &uri, err);

	if (status == KEY_OK)
		status = pair_generate(key, uri, curve, use, &public, err);
	if (status == KEY_OK) {
		status = public_read(key, public, err);
		if (status == KEY_OK && key->base.public.curve != curve)
			status = key_fail(err, KEY_REFUSED, "%s: the token made a key of another curve", name);
		if (status == KEY_OK)
			status = pin_settle(key, source, err);
		if (status != KEY_OK) {
			key->token.module->C_DestroyObject(key->token.session, public);
			key->token.module->C_DestroyObject(key->token.session, key->handle);
		}
	}
	p11_kit_uri_free(uri);
	if (status == KEY_OK)
		*out = &key->base;
	else if (key)
		token_free(&key->base);
	return status;
}
