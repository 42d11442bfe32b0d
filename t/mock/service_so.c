/*
 * service_so.c - a PKCS#11 module as the providers of cloud services write
 * them: it forwards to another one and takes away what a service does not do.
 *
 *   TMK_SERVICE_MODULE   path of the real module
 *   TMK_SERVICE_PIN      its PIN
 *   KMS_PKCS11_CONFIG    file that must be there, and that nobody but its
 *                        owner may write; else C_Initialize fails
 *
 * There is no login (it has happened), any PIN is taken for one, no
 * certificate and no data object is ever found, nothing can be made, written
 * or changed, and there is no slot event to wait for.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *real, ours;
static __thread bool nothing;	/* is found by the search that goes on */

static CK_RV start(void *args)
{
	const char *config = getenv("KMS_PKCS11_CONFIG");
	struct stat st;

	if (!config || stat(config, &st) || st.st_mode & (S_IWGRP | S_IWOTH))
		return CKR_GENERAL_ERROR;
	return real->C_Initialize(args);
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info)
{
	CK_RV rv = real->C_GetTokenInfo(slot, info);

	if (rv == CKR_OK) {
		info->flags &= ~(CK_FLAGS)CKF_LOGIN_REQUIRED;
		info->flags |= CKF_WRITE_PROTECTED;
	}
	return rv;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app,
			  CK_NOTIFY notify, CK_SESSION_HANDLE_PTR session)
{
	char *pin = getenv("TMK_SERVICE_PIN");
	CK_RV rv;

	if (flags & CKF_RW_SESSION)
		return CKR_TOKEN_WRITE_PROTECTED;
	rv = real->C_OpenSession(slot, flags, app, notify, session);
	if (rv == CKR_OK && pin)
		real->C_Login(*session, CKU_USER, (CK_UTF8CHAR_PTR)pin,
			      strlen(pin));
	return rv;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user,
		   CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
	(void)session;
	(void)pin;
	(void)len;
	return user == CKU_USER ? CKR_OK : CKR_USER_TYPE_INVALID;
}

static CK_RV logout(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_OK;
}

static bool is_key(CK_OBJECT_CLASS class)
{
	return class == CKO_PRIVATE_KEY || class == CKO_PUBLIC_KEY;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attribute,
		       CK_ULONG count)
{
	CK_ULONG i;

	nothing = false;
	for (i = 0; i < count; i++)
		if (attribute[i].type == CKA_CLASS)
			nothing = !is_key(*(CK_OBJECT_CLASS *)
					  attribute[i].pValue);
	return real->C_FindObjectsInit(session, attribute, count);
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR object,
		  CK_ULONG most, CK_ULONG_PTR count)
{
	if (!nothing)
		return real->C_FindObjects(session, object, most, count);
	*count = 0;
	return CKR_OK;
}

static CK_RV create(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attribute,
		    CK_ULONG count, CK_OBJECT_HANDLE_PTR object)
{
	(void)session;
	(void)attribute;
	(void)count;
	(void)object;
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV change(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
		    CK_ATTRIBUTE_PTR attribute, CK_ULONG count)
{
	(void)session;
	(void)object;
	(void)attribute;
	(void)count;
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV wait_event(CK_FLAGS flags, CK_SLOT_ID_PTR slot, void *reserved)
{
	(void)flags;
	(void)slot;
	(void)reserved;
	return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list);

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	const char *path = getenv("TMK_SERVICE_MODULE");
	void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get = NULL;

	if (module)
		get = (CK_C_GetFunctionList)dlsym(module,
						  "C_GetFunctionList");
	if (!get || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	ours = *real;
	ours.C_Initialize = start;
	ours.C_GetTokenInfo = token_info;
	ours.C_OpenSession = open_session;
	ours.C_Login = login;
	ours.C_Logout = logout;
	ours.C_FindObjectsInit = find_init;
	ours.C_FindObjects = find;
	ours.C_CreateObject = create;
	ours.C_SetAttributeValue = change;
	ours.C_WaitForSlotEvent = wait_event;
	*list = &ours;
	return CKR_OK;
}
