/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module for tests: SoftHSM2, except that one function, named by the environment variable FAULTY_TOKEN as
 * "function=value", answers with that value instead. SCMS_SOFTHSM says where SoftHSM2 is.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>
#include <string.h>

static CK_FUNCTION_LIST *real, faulty;

/* True when `function` is to fail, and how. */
static int fault(const char *function, CK_RV *rv)
{
	const char *text = getenv("FAULTY_TOKEN");
	size_t n = strlen(function);

	if (!text || strncmp(text, function, n) != 0 || text[n] != '=')
		return 0;
	*rv = strtoul(text + n + 1, NULL, 0);
	return 1;
}

/* "always=1": keys want their PIN, that of FAULTY_TOKEN_PIN, before each signature. */
static int authenticated;

static CK_RV faulty_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG n)
{
	const char *right = getenv("FAULTY_TOKEN_PIN");
	CK_RV rv;

	if (user == CKU_CONTEXT_SPECIFIC) {
		authenticated = right && n == strlen(right) && memcmp(pin, right, n) == 0;
		return authenticated ? CKR_OK : CKR_PIN_INCORRECT;
	}
	return fault("C_Login", &rv) ? rv : real->C_Login(session, user, pin, n);
}

static CK_RV faulty_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	authenticated = 0;
	return fault("C_SignInit", &rv) ? rv : real->C_SignInit(session, mechanism, key);
}

static CK_RV faulty_sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG n, CK_BYTE_PTR signature,
			 CK_ULONG_PTR size)
{
	CK_RV rv = real->C_Sign(session, data, n, signature, size), other;

	if (fault("always", &other))
		return authenticated ? rv : CKR_USER_NOT_LOGGED_IN;
	if (rv == CKR_OK && fault("bit", &other)) {
		signature[*size - 1] ^= 1; /* with CKR_OK: another signature than the key's */
		return rv;
	}
	if (!fault("C_Sign", &other))
		return rv;
	memset(signature, 0, *size);
	*size = 10; /* with CKR_OK: a module that says all is well and gives too little */
	return other;
}

static CK_RV faulty_derive(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
			   CK_ATTRIBUTE_PTR template, CK_ULONG n, CK_OBJECT_HANDLE_PTR out)
{
	CK_RV rv;

	return fault("C_DeriveKey", &rv) ? rv : real->C_DeriveKey(session, mechanism, key, template, n, out);
}

static CK_RV faulty_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR template,
			       CK_ULONG n)
{
	CK_RV rv;

	if (n == 1 && template[0].type == CKA_ALWAYS_AUTHENTICATE && fault("always", &rv)) {
		*(CK_BBOOL *)template[0].pValue = CK_TRUE;
		template[0].ulValueLen = sizeof(CK_BBOOL);
		return CKR_OK;
	}
	if (n == 2 && template[0].type == CKA_EC_PARAMS && fault("CKA_EC_PARAMS", &rv))
		return rv;
	return real->C_GetAttributeValue(session, object, template, n);
}

static CK_RV faulty_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
	CK_RV rv = real->C_GetTokenInfo(slot, info), flags;

	if (rv == CKR_OK && fault("flags", &flags))
		info->flags |= flags;
	return rv;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	void *module = dlopen(getenv("SCMS_SOFTHSM"), RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;
	CK_RV rv;

	if (!module)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	rv = get(&real);
	if (rv != CKR_OK)
		return rv;
	faulty = *real;
	faulty.C_GetFunctionList = C_GetFunctionList;
	faulty.C_Login = faulty_login;
	faulty.C_SignInit = faulty_sign_init;
	faulty.C_Sign = faulty_sign;
	faulty.C_DeriveKey = faulty_derive;
	faulty.C_GetAttributeValue = faulty_attributes;
	faulty.C_GetTokenInfo = faulty_token_info;
	*list = &faulty;
	return CKR_OK;
}
