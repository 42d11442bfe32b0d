#include "key/p11_error.h"

#include <stddef.h>
#include <string.h>

#define AGAIN "put the token back in and try again"
#define SERVICE "see that the token is connected and its service runs, " \
	"then try again"
#define MODULE_LOG "the module's own log may say more"
#define ADMIN "ask whoever holds the security officer's PIN to reset it"
#define OTHER_KEY "choose another key or another algorithm"

static const struct meaning {
	CK_RV rv;
	const char *name;
	const char *text;
	const char *hint;
} meanings[] = {
	{ CKR_HOST_MEMORY, "HOST_MEMORY",
	  "the module has no memory left", MODULE_LOG },
	{ CKR_SLOT_ID_INVALID, "SLOT_ID_INVALID",
	  "the token's slot is gone", AGAIN },
	{ CKR_GENERAL_ERROR, "GENERAL_ERROR",
	  "the module failed", MODULE_LOG },
	{ CKR_FUNCTION_FAILED, "FUNCTION_FAILED",
	  "the module could not do it", MODULE_LOG },
	{ CKR_ARGUMENTS_BAD, "ARGUMENTS_BAD",
	  "the module refuses the call", MODULE_LOG },
	{ CKR_ATTRIBUTE_READ_ONLY, "ATTRIBUTE_READ_ONLY",
	  "the token does not let an attribute be set", OTHER_KEY },
	{ CKR_ATTRIBUTE_SENSITIVE, "ATTRIBUTE_SENSITIVE",
	  "the token keeps an attribute to itself", "" },
	{ CKR_ATTRIBUTE_TYPE_INVALID, "ATTRIBUTE_TYPE_INVALID",
	  "the token does not know an attribute", OTHER_KEY },
	{ CKR_ATTRIBUTE_VALUE_INVALID, "ATTRIBUTE_VALUE_INVALID",
	  "the token refuses the value of an attribute", OTHER_KEY },
	{ CKR_ACTION_PROHIBITED, "ACTION_PROHIBITED",
	  "the token prohibits this for the object", "" },
	{ CKR_DATA_INVALID, "DATA_INVALID",
	  "the token refuses the data to be signed", OTHER_KEY },
	{ CKR_DATA_LEN_RANGE, "DATA_LEN_RANGE",
	  "the token refuses data of that length", OTHER_KEY },
	{ CKR_DEVICE_ERROR, "DEVICE_ERROR",
	  "the token or its reader reports an error", SERVICE },
	{ CKR_DEVICE_MEMORY, "DEVICE_MEMORY",
	  "the token is full", "remove objects that are no longer needed" },
	{ CKR_DEVICE_REMOVED, "DEVICE_REMOVED",
	  "the token was removed", AGAIN },
	{ CKR_FUNCTION_CANCELED, "FUNCTION_CANCELED",
	  "it was cancelled at the token", "try again and confirm" },
	{ CKR_FUNCTION_NOT_SUPPORTED, "FUNCTION_NOT_SUPPORTED",
	  "the token does not support this", OTHER_KEY },
	{ CKR_KEY_HANDLE_INVALID, "KEY_HANDLE_INVALID",
	  "the key is gone", AGAIN },
	{ CKR_KEY_SIZE_RANGE, "KEY_SIZE_RANGE",
	  "the token does not make or use keys of that size", OTHER_KEY },
	{ CKR_KEY_TYPE_INCONSISTENT, "KEY_TYPE_INCONSISTENT",
	  "the key is not of the type it seems to be", OTHER_KEY },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, "KEY_FUNCTION_NOT_PERMITTED",
	  "the key may not be used for signing", OTHER_KEY },
	{ CKR_MECHANISM_INVALID, "MECHANISM_INVALID",
	  "the token does not know the algorithm", OTHER_KEY },
	{ CKR_OBJECT_HANDLE_INVALID, "OBJECT_HANDLE_INVALID",
	  "the object is gone", AGAIN },
	{ CKR_PIN_INCORRECT, "PIN_INCORRECT",
	  "wrong PIN", "it was tried once and will not be tried again by "
	  "itself: mend the PIN's source, or type it" },
	{ CKR_PIN_INVALID, "PIN_INVALID",
	  "the PIN has characters that the token does not take",
	  "mend the PIN's source" },
	{ CKR_PIN_LEN_RANGE, "PIN_LEN_RANGE",
	  "the PIN is too short or too long for the token",
	  "mend the PIN's source" },
	{ CKR_PIN_EXPIRED, "PIN_EXPIRED",
	  "the PIN has expired", "set a new PIN with the token's own tools" },
	{ CKR_PIN_LOCKED, "PIN_LOCKED", "the PIN is locked", ADMIN },
	{ CKR_SESSION_CLOSED, "SESSION_CLOSED",
	  "the token closed the session", AGAIN },
	{ CKR_SESSION_COUNT, "SESSION_COUNT",
	  "the token has no session left",
	  "end other programs that use the token" },
	{ CKR_SESSION_HANDLE_INVALID, "SESSION_HANDLE_INVALID",
	  "the session is gone", AGAIN },
	{ CKR_SESSION_READ_ONLY, "SESSION_READ_ONLY",
	  "the session may not write", "" },
	{ CKR_TEMPLATE_INCOMPLETE, "TEMPLATE_INCOMPLETE",
	  "the token wants more attributes", OTHER_KEY },
	{ CKR_TEMPLATE_INCONSISTENT, "TEMPLATE_INCONSISTENT",
	  "the token refuses the attributes", OTHER_KEY },
	{ CKR_TOKEN_NOT_PRESENT, "TOKEN_NOT_PRESENT",
	  "there is no token in the slot", AGAIN },
	{ CKR_TOKEN_NOT_RECOGNIZED, "TOKEN_NOT_RECOGNIZED",
	  "the module does not recognise the token",
	  "see that the right module is named" },
	{ CKR_TOKEN_WRITE_PROTECTED, "TOKEN_WRITE_PROTECTED",
	  "the token is write-protected", "choose another token" },
	{ CKR_USER_ALREADY_LOGGED_IN, "USER_ALREADY_LOGGED_IN",
	  "somebody is logged in to the token already", "" },
	{ CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "USER_ANOTHER_ALREADY_LOGGED_IN",
	  "another user is logged in to the token",
	  "end other programs that use the token" },
	{ CKR_USER_NOT_LOGGED_IN, "USER_NOT_LOGGED_IN",
	  "the token wants a login for this", "try again, which logs in" },
	{ CKR_USER_PIN_NOT_INITIALIZED, "USER_PIN_NOT_INITIALIZED",
	  "the token has no user PIN yet",
	  "set one with the token's own tools" },
	{ CKR_USER_TOO_MANY_TYPES, "USER_TOO_MANY_TYPES",
	  "another user is logged in to the token",
	  "end other programs that use the token" },
	{ CKR_BUFFER_TOO_SMALL, "BUFFER_TOO_SMALL",
	  "the token gives more than it may", "" },
	{ CKR_CRYPTOKI_NOT_INITIALIZED, "CRYPTOKI_NOT_INITIALIZED",
	  "the module was shut down", AGAIN },
};

/* A module that does not start: often not the module's fault, for its tokens
 * or its configuration are gone. */
static int not_started(struct tmk_err *err)
{
	tmk_err_set(err, TMK_KEY, "the module cannot start (C_Initialize: "
		    "CKR_GENERAL_ERROR)");
	return tmk_err_hint(err, "see that its configuration and its tokens "
			    "are where they were; with SoftHSM the directory "
			    "of the tokens, which the file in SOFTHSM2_CONF "
			    "names");
}

int tmk_p11_error_set(struct tmk_err *err, CK_RV rv, const char *call)
{
	size_t i;

	if (rv == CKR_GENERAL_ERROR && !strcmp(call, "C_Initialize"))
		return not_started(err);
	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		const struct meaning *m = &meanings[i];

		if (m->rv != rv)
			continue;
		tmk_err_set(err, TMK_KEY, "%s (%s: CKR_%s)", m->text, call,
			    m->name);
		return *m->hint ? tmk_err_hint(err, "%s", m->hint) : -1;
	}
	tmk_err_set(err, TMK_KEY, "the module failed (%s: 0x%lx)", call, rv);
	return tmk_err_hint(err, "%s", MODULE_LOG);
}

bool tmk_p11_error_is_pin(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID ||
	       rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_EXPIRED ||
	       rv == CKR_PIN_LOCKED;
}

bool tmk_p11_error_is_loss(CK_RV rv)
{
	switch (rv) {
	case CKR_CRYPTOKI_NOT_INITIALIZED:
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_REMOVED:
	case CKR_FUNCTION_FAILED:
	case CKR_GENERAL_ERROR:
	case CKR_KEY_HANDLE_INVALID:
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SLOT_ID_INVALID:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_USER_NOT_LOGGED_IN:
		return true;
	}
	return false;
}
