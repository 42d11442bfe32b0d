/*
 * shim_so.c - a PKCS#11 module that forwards to another one and misbehaves as
 * the environment says.
 *
 *   TMK_SHIM_MODULE   path of the real module
 *   TMK_SHIM          CALL=ACTION[,CALL=ACTION...]
 *   TMK_SHIM_LOG      file that gets a line for each call: its name, and for
 *                     C_GetAttributeValue the attribute types; never a PIN
 *
 * ACTION, with "N@" before it for the N-th call alone:
 *   0xNN          return this CKR
 *   hang          never return
 *   delay:MS      wait, then go on
 *   die           abort
 *   lie           C_Sign: flip a bit
 *   short, long   C_Sign: return one byte less, or claim more than fits
 *   final-try, count-low, locked, pad   C_GetTokenInfo: set the flag (as a
 *                 token of another make: SoftHSM's count is no danger)
 *   raw-ec-point  C_GetAttributeValue: CKA_EC_POINT without its DER wrapping
 *   extractable   C_GetAttributeValue: CKA_EXTRACTABLE is true
 *   insensitive   C_GetAttributeValue: CKA_SENSITIVE is false
 *   stop-early    C_GetAttributeValue: give up at the first attribute that is
 *                 missing, the rest untouched
 *   no-public     C_FindObjectsInit: no public keys are found
 *   always-auth   C_GetAttributeValue: CKA_ALWAYS_AUTHENTICATE is true;
 *                 C_Login: the context-specific login is taken for granted
 *   pad-pin       C_Login: a NULL PIN is "1234" typed at the token's own pad
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#define CALLS_MAX 96

static CK_FUNCTION_LIST *real, ours;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct { char name[40]; int times; } calls[CALLS_MAX];
static __thread char action[64];	/* of the call that runs now */

static int is(const char *what)
{
	return !strcmp(action, what);
}

/* Count the call and write it down. Returns its number. */
static int note(const char *name, const char *more)
{
	const char *path = getenv("TMK_SHIM_LOG");
	int i, n = 0;
	FILE *log;

	pthread_mutex_lock(&lock);
	for (i = 0; i < CALLS_MAX; i++) {
		if (!calls[i].name[0])
			snprintf(calls[i].name, sizeof(calls[i].name), "%s",
				 name);
		if (!strcmp(calls[i].name, name)) {
			n = ++calls[i].times;
			break;
		}
	}
	log = path ? fopen(path, "a") : NULL;
	if (log) {
		fprintf(log, "%s%s\n", name, more);
		fclose(log);
	}
	pthread_mutex_unlock(&lock);
	return n;
}

/* What TMK_SHIM says of call number `n` of this name, into `action`. */
static void look_up(const char *name, int n)
{
	const char *all = getenv("TMK_SHIM");
	char copy[1024], *item, *rest = NULL;

	action[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", all ? all : "");
	for (item = strtok_r(copy, ",", &rest); item;
	     item = strtok_r(NULL, ",", &rest)) {
		char *eq = strchr(item, '='), *at;

		if (!eq || strncmp(item, name, (size_t)(eq - item)) ||
		    strlen(name) != (size_t)(eq - item))
			continue;
		at = strchr(++eq, '@');
		if (at && strtol(eq, NULL, 10) != n)
			continue;
		snprintf(action, sizeof(action), "%s", at ? at + 1 : eq);
		return;
	}
}

/* What every call does first; CKR_OK: go on. */
static CK_RV enter(const char *name, const char *more)
{
	look_up(name, note(name, more));
	if (is("hang"))
		for (;;)
			pause();
	if (is("die"))
		abort();
	if (!strncmp(action, "delay:", 6)) {
		long ms = strtol(action + 6, NULL, 10);
		struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

		nanosleep(&t, NULL);
	}
	return !strncmp(action, "0x", 2) ? strtoul(action, NULL, 16) : CKR_OK;
}

#define FORWARD(name, params, args) \
static CK_RV shim_##name params \
{ \
	CK_RV rv = enter(#name, ""); \
\
	return rv ? rv : real->name args; \
}

#define S CK_SESSION_HANDLE s
#define O CK_OBJECT_HANDLE o

FORWARD(C_Initialize, (void *a), (a))
FORWARD(C_Finalize, (void *a), (a))
FORWARD(C_GetInfo, (CK_INFO *i), (i))
FORWARD(C_GetSlotList, (CK_BBOOL t, CK_SLOT_ID *l, CK_ULONG *n), (t, l, n))
FORWARD(C_GetSlotInfo, (CK_SLOT_ID l, CK_SLOT_INFO *i), (l, i))
FORWARD(C_InitToken, (CK_SLOT_ID l, CK_UTF8CHAR *p, CK_ULONG n,
	CK_UTF8CHAR *label), (l, p, n, label))
FORWARD(C_InitPIN, (S, CK_UTF8CHAR *p, CK_ULONG n), (s, p, n))
FORWARD(C_OpenSession, (CK_SLOT_ID l, CK_FLAGS f, void *a, CK_NOTIFY cb,
	CK_SESSION_HANDLE *s), (l, f, a, cb, s))
FORWARD(C_CloseSession, (S), (s))
FORWARD(C_CloseAllSessions, (CK_SLOT_ID l), (l))
FORWARD(C_GetSessionInfo, (S, CK_SESSION_INFO *i), (s, i))
FORWARD(C_Logout, (S), (s))
FORWARD(C_CreateObject, (S, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *o),
	(s, t, n, o))
FORWARD(C_CopyObject, (S, O, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *c),
	(s, o, t, n, c))
FORWARD(C_DestroyObject, (S, O), (s, o))
FORWARD(C_SetAttributeValue, (S, O, CK_ATTRIBUTE *t, CK_ULONG n),
	(s, o, t, n))
FORWARD(C_FindObjects, (S, CK_OBJECT_HANDLE *o, CK_ULONG m, CK_ULONG *n),
	(s, o, m, n))
FORWARD(C_FindObjectsFinal, (S), (s))
FORWARD(C_SignInit, (S, CK_MECHANISM *m, O), (s, m, o))
FORWARD(C_GenerateKeyPair, (S, CK_MECHANISM *m, CK_ATTRIBUTE *u, CK_ULONG un,
	CK_ATTRIBUTE *v, CK_ULONG vn, CK_OBJECT_HANDLE *a,
	CK_OBJECT_HANDLE *b), (s, m, u, un, v, vn, a, b))

static CK_RV shim_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = enter("C_GetTokenInfo", "");

	if (!rv)
		rv = real->C_GetTokenInfo(slot, info);
	if (rv)
		return rv;
	if (is("final-try"))
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (is("locked"))
		info->flags |= CKF_USER_PIN_LOCKED;
	if (is("pad"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (is("count-low")) {
		info->flags |= CKF_USER_PIN_COUNT_LOW;
		memcpy(info->manufacturerID, "Shim    ", 8);
	}
	return CKR_OK;
}

static CK_RV shim_C_Login(CK_SESSION_HANDLE s, CK_USER_TYPE user,
			  CK_UTF8CHAR *pin, CK_ULONG len)
{
	static CK_UTF8CHAR typed[] = "1234";
	CK_RV rv = enter("C_Login", user == CKU_CONTEXT_SPECIFIC ?
			 " context" : "");

	if (rv)
		return rv;
	if (is("always-auth") && user == CKU_CONTEXT_SPECIFIC)
		return pin && len == 4 ? CKR_OK : CKR_PIN_INCORRECT;
	if (is("pad-pin") && !pin)
		return real->C_Login(s, user, typed, 4);
	return real->C_Login(s, user, pin, len);
}

static CK_RV shim_C_FindObjectsInit(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t,
				    CK_ULONG n)
{
	CK_RV rv = enter("C_FindObjectsInit", "");
	CK_OBJECT_CLASS class = 0;
	CK_ULONG i;

	if (rv)
		return rv;
	for (i = 0; i < n; i++)
		if (t[i].type == CKA_CLASS)
			memcpy(&class, t[i].pValue, sizeof(class));
	if (is("no-public") && class == CKO_PUBLIC_KEY) {
		CK_OBJECT_CLASS none = CKO_DOMAIN_PARAMETERS;
		CK_ATTRIBUTE nothing = { CKA_CLASS, &none, sizeof(none) };

		return real->C_FindObjectsInit(s, &nothing, 1);
	}
	return real->C_FindObjectsInit(s, t, n);
}

/* Only what the real module answers before its first failure. */
static CK_RV stop_early(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
			CK_ATTRIBUTE *t, CK_ULONG n)
{
	CK_RV rv = CKR_OK;
	CK_ULONG i;

	for (i = 0; i < n && !rv; i++)
		rv = real->C_GetAttributeValue(s, o, &t[i], 1);
	return rv;
}

static void twist(CK_ATTRIBUTE *t)
{
	CK_BYTE *v = t->pValue;

	if (!v || t->ulValueLen == (CK_ULONG)-1)
		return;
	if (is("extractable") && t->type == CKA_EXTRACTABLE)
		*v = CK_TRUE;
	if (is("insensitive") && t->type == CKA_SENSITIVE)
		*v = CK_FALSE;
	if (is("always-auth") && t->type == CKA_ALWAYS_AUTHENTICATE)
		*v = CK_TRUE;
	if (is("raw-ec-point") && t->type == CKA_EC_POINT &&
	    t->ulValueLen > 2) {
		t->ulValueLen -= 2;
		memmove(v, v + 2, t->ulValueLen);
	}
}

static CK_RV shim_C_GetAttributeValue(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
				      CK_ATTRIBUTE *t, CK_ULONG n)
{
	char types[1024] = "";
	CK_ULONG i;
	CK_RV rv;

	for (i = 0; i < n && strlen(types) < sizeof(types) - 16; i++)
		snprintf(types + strlen(types), 16, " 0x%lx", t[i].type);
	rv = enter("C_GetAttributeValue", types);
	if (rv)
		return rv;
	rv = is("stop-early") ? stop_early(s, o, t, n) :
		real->C_GetAttributeValue(s, o, t, n);
	for (i = 0; i < n; i++)
		twist(&t[i]);
	return rv;
}

static CK_RV shim_C_Sign(CK_SESSION_HANDLE s, CK_BYTE *data, CK_ULONG len,
			 CK_BYTE *sig, CK_ULONG *sig_len)
{
	CK_RV rv = enter("C_Sign", "");

	if (!rv)
		rv = real->C_Sign(s, data, len, sig, sig_len);
	if (rv)
		return rv;
	if (is("lie"))
		sig[*sig_len / 2] ^= 0x10;
	if (is("short"))
		(*sig_len)--;
	if (is("long"))
		*sig_len = 1 << 20;
	return CKR_OK;
}

static int load(void)
{
	const char *path = getenv("TMK_SHIM_MODULE");
	CK_C_GetFunctionList get = NULL;
	void *so = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;

	if (so)
		*(void **)&get = dlsym(so, "C_GetFunctionList");
	return get && !get(&real) ? 0 : -1;
}

#define OURS(name) ours.name = shim_##name

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (!real && load())
		return CKR_GENERAL_ERROR;
	ours = *real;
	OURS(C_Initialize); OURS(C_Finalize); OURS(C_GetInfo);
	OURS(C_GetSlotList); OURS(C_GetSlotInfo); OURS(C_GetTokenInfo);
	OURS(C_InitToken); OURS(C_InitPIN);
	OURS(C_OpenSession); OURS(C_CloseSession); OURS(C_CloseAllSessions);
	OURS(C_GetSessionInfo); OURS(C_Login); OURS(C_Logout);
	OURS(C_CreateObject); OURS(C_CopyObject); OURS(C_DestroyObject);
	OURS(C_GetAttributeValue); OURS(C_SetAttributeValue);
	OURS(C_FindObjectsInit); OURS(C_FindObjects);
	OURS(C_FindObjectsFinal);
	OURS(C_SignInit); OURS(C_Sign); OURS(C_GenerateKeyPair);
	ours.C_GetFunctionList = C_GetFunctionList;
	*list = &ours;
	return CKR_OK;
}
