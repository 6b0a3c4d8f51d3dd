/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 256

enum key_status token_fail(const struct token *token, const char *doing, CK_RV rv, struct key_error *err)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
		return key_fail(err, KEY_PIN, "%s: wrong PIN", token->name);
	case CKR_PIN_LOCKED:
		return key_fail(err, KEY_PIN_LOCKED, "%s: the token is locked after too many wrong PINs", token->name);
	case CKR_PIN_EXPIRED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		return key_fail(err, KEY_PIN_LOCKED, "%s: the token's PIN must be set first", token->name);
	case CKR_FUNCTION_CANCELED:
		return key_fail(err, KEY_SECRET, "%s: cancelled on the token", token->name);
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_KEY_HANDLE_INVALID:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_CRYPTOKI_NOT_INITIALIZED:
		return key_fail(err, KEY_GONE, "%s: cannot %s: the token was removed or reset (%s)", token->name, doing,
				p11_kit_strerror(rv));
	default:
		return key_fail(err, KEY_REFUSED, "%s: the token does not %s: %s (0x%lx)", token->name, doing,
				p11_kit_strerror(rv), rv);
	}
}

enum key_status token_uri_parse(const char *name, P11KitUri **out, struct key_error *err)
{
	P11KitUri *uri = p11_kit_uri_new();
	enum key_status status = KEY_OK;
	int parsed;

	if (!uri)
		return key_fail(err, KEY_FAILED, "no memory for a PKCS#11 URI");
	parsed = p11_kit_uri_parse(name, P11_KIT_URI_FOR_ANY, uri);
	/* The URI is not repeated: if it has a PIN in it, that must not get into a log. */
	if (p11_kit_uri_get_pin_value(uri) || p11_kit_uri_get_pin_source(uri))
		status = key_fail(err, KEY_NAME,
				  "the PKCS#11 URI says what the PIN is; give it by prompt, file or descriptor");
	else if (parsed != P11_KIT_URI_OK)
		status = key_fail(err, KEY_NAME, "%s: %s", name, p11_kit_uri_message(parsed));
	else if (p11_kit_uri_any_unrecognized(uri))
		status = key_fail(err, KEY_NAME, "%s: the URI has an attribute that is not known", name);
	if (status != KEY_OK) {
		p11_kit_uri_free(uri);
		uri = NULL;
	}
	*out = uri;
	return status;
}

/* The module that the URI names by path, or all that this system is set up with. */
static enum key_status modules_load(struct token *token, P11KitUri *uri, struct key_error *err)
{
	const char *path = p11_kit_uri_get_module_path(uri);
	CK_RV rv;

	p11_kit_be_quiet();
	if (!path) {
		token->modules = p11_kit_modules_load_and_initialize(0);
		return token->modules
			   ? KEY_OK
			   : key_fail(err, KEY_NO_MODULE, "%s: no PKCS#11 modules: %s", token->name, p11_kit_message());
	}
	token->modules = calloc(2, sizeof(*token->modules));
	if (!token->modules)
		return key_fail(err, KEY_FAILED, "no memory to load a PKCS#11 module");
	token->modules[0] = p11_kit_module_load(path, 0);
	if (!token->modules[0])
		return key_fail(err, KEY_NO_MODULE, "%s: cannot load the PKCS#11 module: %s", token->name,
				p11_kit_message());
	rv = p11_kit_module_initialize(token->modules[0]);
	if (rv == CKR_OK)
		return KEY_OK;
	p11_kit_module_release(token->modules[0]);
	token->modules[0] = NULL;
	return key_fail(err, KEY_NO_MODULE, "%s: cannot start the PKCS#11 module: %s", token->name,
			p11_kit_strerror(rv));
}

static bool module_matches(CK_FUNCTION_LIST *module, P11KitUri *uri)
{
	const char *wanted = p11_kit_uri_get_module_name(uri);
	char *name = wanted ? p11_kit_module_get_name(module) : NULL;
	bool matches = !wanted || (name && strcmp(name, wanted) == 0);
	CK_INFO info;

	free(name);
	return matches && module->C_GetInfo(&info) == CKR_OK && p11_kit_uri_match_module_info(uri, &info);
}

static bool slot_matches(CK_FUNCTION_LIST *module, CK_SLOT_ID slot, P11KitUri *uri, CK_TOKEN_INFO *token)
{
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri);
	CK_SLOT_INFO info;

	return (wanted == (CK_SLOT_ID)-1 || wanted == slot) && module->C_GetSlotInfo(slot, &info) == CKR_OK &&
	       p11_kit_uri_match_slot_info(uri, &info) && module->C_GetTokenInfo(slot, token) == CKR_OK &&
	       (token->flags & CKF_TOKEN_INITIALIZED) != 0 && p11_kit_uri_match_token_info(uri, token);
}

/* Finds the one token that the URI names. */
static enum key_status slot_find(struct token *token, P11KitUri *uri, CK_SLOT_ID *slot, CK_TOKEN_INFO *info,
				 struct key_error *err)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_TOKEN_INFO candidate;
	unsigned found = 0;

	for (CK_FUNCTION_LIST **module = token->modules; *module; module++) {
		CK_ULONG n = SLOTS_MAX;

		if (!module_matches(*module, uri) || (*module)->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
			continue;
		for (CK_ULONG k = 0; k < n; k++) {
			if (!slot_matches(*module, slots[k], uri, &candidate))
				continue;
			found++;
			token->module = *module;
			*slot = slots[k];
			*info = candidate;
		}
	}
	if (found == 1)
		return KEY_OK;
	token->module = NULL;
	return found == 0 ? key_fail(err, KEY_NO_TOKEN, "%s: no such token; is it plugged in?", token->name)
			  : key_fail(err, KEY_AMBIGUOUS,
				     "%s: %u tokens match; name one by serial= or token=", token->name, found);
}

enum key_status token_pin_read(const struct secret_source *source, struct secret *pin, struct key_error *err)
{
	return secret_read(source, "PIN of the token", false, pin, err);
}

static enum key_status login(struct token *token, const CK_TOKEN_INFO *info, const struct secret_source *source,
			     struct secret *pin, struct key_error *err)
{
	CK_SESSION_INFO session;
	enum key_status status = KEY_OK;
	CK_RV rv;

	token->pin_pad = (info->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
	if ((info->flags & CKF_LOGIN_REQUIRED) == 0)
		return KEY_OK;
	/* A login is for the whole process: another key of this token may have done it. */
	if (token->module->C_GetSessionInfo(token->session, &session) == CKR_OK &&
	    (session.state == CKS_RO_USER_FUNCTIONS || session.state == CKS_RW_USER_FUNCTIONS))
		return KEY_OK;
	if (info->flags & CKF_USER_PIN_LOCKED)
		return token_fail(token, "log in", CKR_PIN_LOCKED, err);
	if (!token->pin_pad)
		status = token_pin_read(source, pin, err);
	if (status != KEY_OK)
		return status;
	rv = token->module->C_Login(token->session, CKU_USER, token->pin_pad ? NULL : (CK_UTF8CHAR_PTR)pin->text,
				    token->pin_pad ? 0 : pin->length);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return KEY_OK;
	status = token_fail(token, "log in", rv, err);
	if (status == KEY_PIN && (info->flags & CKF_USER_PIN_FINAL_TRY))
		status = key_fail(err, KEY_PIN, "%s: wrong PIN, and this was the last try", token->name);
	return status;
}

enum key_status token_open(struct token *token, const char *name, P11KitUri *uri, bool write,
			   const struct secret_source *source, struct secret *pin, struct key_error *err)
{
	CK_SLOT_ID slot = 0;
	CK_TOKEN_INFO info;
	enum key_status status;
	CK_RV rv;

	*token = (struct token){.name = strdup(name)};
	if (!token->name)
		return key_fail(err, KEY_FAILED, "no memory to open a token");
	status = modules_load(token, uri, err);
	if (status == KEY_OK)
		status = slot_find(token, uri, &slot, &info, err);
	if (status != KEY_OK)
		return status;
	rv = token->module->C_OpenSession(slot, CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0), NULL, NULL,
					  &token->session);
	if (rv != CKR_OK) {
		token->session = CK_INVALID_HANDLE;
		return token_fail(token, "open a session", rv, err);
	}
	return login(token, &info, source, pin, err);
}

void token_close(struct token *token)
{
	if (token->module && token->session != CK_INVALID_HANDLE)
		token->module->C_CloseSession(token->session);
	for (CK_FUNCTION_LIST **module = token->modules; module && *module; module++) {
		p11_kit_module_finalize(*module);
		p11_kit_module_release(*module);
	}
	free(token->modules);
	free(token->name);
	*token = (struct token){.name = NULL};
}
