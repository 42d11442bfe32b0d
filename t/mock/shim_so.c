/*
 * shim_so.c - a PKCS#11 module that forwards to another one and misbehaves as
 * the environment says.
 *
 *   TMK_SHIM_MODULE   path of the real module
 *   TMK_SHIM          CALL=ACTION[,CALL=ACTION...]
 *   TMK_SHIM_LOG      file that gets a line for each call: its name, and for
 *                     C_GetAttributeValue the attribute types; never a PIN
 *
 *   TMK_SHIM_GONE     path; while there is such a file the token is out: its
 *                     sessions are dead for good, logins are forgotten
 *   TMK_SHIM_CACHED   set: a token that was out is seen again only after the
 *                     module was finalised and started anew
 *   TMK_SHIM_HOLD     path, for the action "hold"
 *
 * ACTION, with "N@" before it for the N-th call alone:
 *   0xNN          return this CKR
 *   hang          never return
 *   delay:MS      wait, then go on
 *   hold          wait while there is the file TMK_SHIM_HOLD, at most two
 *                 minutes, then go on
 *   die           abort
 *   lie           C_Sign: flip a bit
 *   short, long   C_Sign: return one byte less, or claim more than fits
 *   final-try, count-low, locked, pad   C_GetTokenInfo: set the flag (as a
 *                 token of another make: SoftHSM's count is no danger)
 *   raw-ec-point  C_GetAttributeValue: CKA_EC_POINT without its DER wrapping
 *   bit-string-point   the same in a BIT STRING
 *   cut-point     CKA_EC_POINT without its last byte
 *   named-curve   CKA_EC_PARAMS of Ed25519 is a PrintableString;
 *                 C_GenerateKeyPair: and nothing else is taken
 *   other-curve   CKA_EC_PARAMS is another name
 *   lie           C_GetAttributeValue: flip a bit of CKA_VALUE
 *   long          C_GetAttributeValue: CKA_VALUE claims more than fits
 *   private       C_GetAttributeValue: CKA_PRIVATE is true
 *   extractable   C_GetAttributeValue: CKA_EXTRACTABLE is true
 *   insensitive   C_GetAttributeValue: CKA_SENSITIVE is false
 *   no-sign       C_GetAttributeValue: CKA_SIGN is false
 *   lasting       C_GetAttributeValue: CKA_DESTROYABLE is false
 *   pretend       C_DestroyObject, C_SetPIN: say that it was done, and do
 *                 nothing
 *   done-0xNN     C_SetPIN: do it, then return this CKR
 *   done-die      C_SetPIN: do it, then abort
 *   stop-early    C_GetAttributeValue: give up at the first attribute that is
 *                 missing, the rest untouched
 *   no-public     C_FindObjectsInit: no public keys are found
 *   forgetful     C_CopyObject: of the copy CKA_LOCAL is false
 *   always-auth   C_GetAttributeValue: CKA_ALWAYS_AUTHENTICATE is true;
 *                 C_Login: the context-specific login is taken for granted
 *   pad-pin       C_Login: a NULL PIN is "test-PIN" typed at the token's own
 *                 pad; C_SetPIN: and NULL as the new one is "next-PIN"
 *   pad-pin-slow  the same, typed slowly
 *   pad-always    the same, for each use
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

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Until the test takes its file away. */
static void hold(void)
{
	const char *path = getenv("TMK_SHIM_HOLD");
	int looks;

	for (looks = 0; path && looks < 6000 && !access(path, F_OK); looks++)
		sleep_ms(20);
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
	if (is("hold"))
		hold();
	if (!strncmp(action, "delay:", 6))
		sleep_ms(strtol(action + 6, NULL, 10));
	return !strncmp(action, "0x", 2) ? strtoul(action, NULL, 16) : CKR_OK;
}

/* ---- a token that is taken out ------------------------------------------- */

#define SESSIONS_MAX 256

static struct { CK_SESSION_HANDLE handle; int era; } opened[SESSIONS_MAX];
static int n_opened, era;
static int out, out_for_good;
static CK_SLOT_ID slot_used;

static void open_note(CK_SESSION_HANDLE s)
{
	pthread_mutex_lock(&lock);
	if (n_opened < SESSIONS_MAX) {
		opened[n_opened].handle = s;
		opened[n_opened++].era = era;
	}
	pthread_mutex_unlock(&lock);
}

/* Whether the token is out now; all that was in it ends at that moment. */
static int is_out(void)
{
	const char *path = getenv("TMK_SHIM_GONE");
	int now = path && !access(path, F_OK);

	pthread_mutex_lock(&lock);
	if (now && !out) {
		era++;
		out_for_good = getenv("TMK_SHIM_CACHED") != NULL;
		real->C_CloseAllSessions(slot_used);
	}
	out = now;
	pthread_mutex_unlock(&lock);
	return now || out_for_good;
}

static CK_RV session_rv(CK_SESSION_HANDLE s)
{
	CK_RV rv = CKR_SESSION_HANDLE_INVALID;
	int i;

	if (is_out())
		return CKR_DEVICE_REMOVED;
	pthread_mutex_lock(&lock);
	for (i = n_opened - 1; i >= 0; i--)
		if (opened[i].handle == s && opened[i].era == era) {
			rv = CKR_OK;
			break;
		}
	pthread_mutex_unlock(&lock);
	return rv;
}

/* The same for a call in a session. */
static CK_RV enter_session(const char *name, const char *more,
			   CK_SESSION_HANDLE s)
{
	CK_RV rv = enter(name, more);

	return rv ? rv : session_rv(s);
}

#define FORWARD_SESSION(name, params, args) \
static CK_RV shim_##name params \
{ \
	CK_RV rv = enter_session(#name, "", s); \
\
	return rv ? rv : real->name args; \
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
FORWARD(C_GetInfo, (CK_INFO *i), (i))
FORWARD(C_GetSlotInfo, (CK_SLOT_ID l, CK_SLOT_INFO *i), (l, i))
FORWARD(C_InitToken, (CK_SLOT_ID l, CK_UTF8CHAR *p, CK_ULONG n,
	CK_UTF8CHAR *label), (l, p, n, label))
FORWARD_SESSION(C_InitPIN, (S, CK_UTF8CHAR *p, CK_ULONG n), (s, p, n))
FORWARD_SESSION(C_CloseSession, (S), (s))
FORWARD(C_CloseAllSessions, (CK_SLOT_ID l), (l))
FORWARD_SESSION(C_GetSessionInfo, (S, CK_SESSION_INFO *i), (s, i))
FORWARD_SESSION(C_Logout, (S), (s))
FORWARD_SESSION(C_CreateObject, (S, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *o),
	(s, t, n, o))
FORWARD_SESSION(C_SetAttributeValue, (S, O, CK_ATTRIBUTE *t, CK_ULONG n),
	(s, o, t, n))
FORWARD_SESSION(C_FindObjects, (S, CK_OBJECT_HANDLE *o, CK_ULONG m, CK_ULONG *n),
	(s, o, m, n))
FORWARD_SESSION(C_FindObjectsFinal, (S), (s))
FORWARD_SESSION(C_SignInit, (S, CK_MECHANISM *m, O), (s, m, o))

static CK_RV shim_C_DestroyObject(S, O)
{
	CK_RV rv = enter_session("C_DestroyObject", "", s);

	return rv || is("pretend") ? rv : real->C_DestroyObject(s, o);
}

static CK_RV shim_C_SetPIN(S, CK_UTF8CHAR *old, CK_ULONG old_len,
			   CK_UTF8CHAR *fresh, CK_ULONG len)
{
	static CK_UTF8CHAR typed[] = "test-PIN", next[] = "next-PIN";
	CK_RV rv = enter_session("C_SetPIN", "", s);

	if (rv || is("pretend"))
		return rv;
	if (is("pad-pin")) {
		if (old || fresh)
			return CKR_ARGUMENTS_BAD;
		return real->C_SetPIN(s, typed, 8, next, 8);
	}
	rv = real->C_SetPIN(s, old, old_len, fresh, len);
	if (is("done-die"))
		abort();
	if (!strncmp(action, "done-0x", 7))
		return strtoul(action + 5, NULL, 16);
	return rv;
}

static CK_OBJECT_HANDLE forgotten[8];	/* copies made by "forgetful" */
static int n_forgotten;

static CK_RV shim_C_CopyObject(S, O, CK_ATTRIBUTE *t, CK_ULONG n,
			       CK_OBJECT_HANDLE *c)
{
	CK_RV rv = enter_session("C_CopyObject", "", s);

	if (!rv)
		rv = real->C_CopyObject(s, o, t, n, c);
	if (!rv && is("forgetful") && n_forgotten < 8)
		forgotten[n_forgotten++] = *c;
	return rv;
}

static void forget_local(CK_OBJECT_HANDLE o, CK_ATTRIBUTE *t)
{
	int i;

	for (i = 0; i < n_forgotten; i++)
		if (forgotten[i] == o && t->type == CKA_LOCAL &&
		    t->pValue && t->ulValueLen == 1)
			*(CK_BBOOL *)t->pValue = CK_FALSE;
}

static CK_RV shim_C_Finalize(void *a)
{
	CK_RV rv = enter("C_Finalize", "");

	out_for_good = 0;
	return rv ? rv : real->C_Finalize(a);
}

static CK_RV shim_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list,
				CK_ULONG *n)
{
	CK_RV rv = enter("C_GetSlotList", "");

	if (rv)
		return rv;
	if (is_out()) {
		*n = 0;
		return CKR_OK;
	}
	return real->C_GetSlotList(present, list, n);
}

static CK_RV shim_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *a,
				CK_NOTIFY cb, CK_SESSION_HANDLE *s)
{
	CK_RV rv = enter("C_OpenSession", "");

	if (!rv && is_out())
		rv = CKR_TOKEN_NOT_PRESENT;
	if (!rv)
		rv = real->C_OpenSession(slot, flags, a, cb, s);
	if (rv)
		return rv;
	slot_used = slot;
	open_note(*s);
	return CKR_OK;
}

static CK_RV shim_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = enter("C_GetTokenInfo", "");

	if (!rv && is_out())
		rv = CKR_TOKEN_NOT_PRESENT;
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
	static CK_UTF8CHAR typed[] = "test-PIN";
	CK_RV rv = enter_session("C_Login", user == CKU_CONTEXT_SPECIFIC ?
				 " context" : "", s);

	if (rv)
		return rv;
	if (is("always-auth") && user == CKU_CONTEXT_SPECIFIC)
		return pin && len == sizeof(typed) - 1 &&
			!memcmp(pin, typed, len) ? CKR_OK : CKR_PIN_INCORRECT;
	if (is("pad-always") && user == CKU_CONTEXT_SPECIFIC)
		return pin ? CKR_PIN_INCORRECT : CKR_OK;
	if (is("pad-pin-slow"))
		usleep(1300000);
	if (!strncmp(action, "pad-", 4) && !pin)
		return real->C_Login(s, user, typed, sizeof(typed) - 1);
	return real->C_Login(s, user, pin, len);
}

static CK_RV shim_C_FindObjectsInit(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t,
				    CK_ULONG n)
{
	CK_RV rv = enter_session("C_FindObjectsInit", "", s);
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

static const CK_BYTE ed_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
static const CK_BYTE ed_name[] = "\x13\x0c" "edwards25519";

/* The caller's buffer has room for any of ours. */
static void twist_params(CK_ATTRIBUTE *t)
{
	CK_BYTE *v = t->pValue;

	if (is("named-curve")) {
		t->ulValueLen = sizeof(ed_name) - 1;
		memcpy(v, ed_name, t->ulValueLen);
	}
	if (is("other-curve"))
		v[t->ulValueLen - 1] ^= 1;
}

static void twist_point(CK_ATTRIBUTE *t)
{
	CK_BYTE *v = t->pValue;

	if (is("raw-ec-point")) {
		t->ulValueLen -= 2;
		memmove(v, v + 2, t->ulValueLen);
	}
	if (is("bit-string-point")) {
		t->ulValueLen++;
		memmove(v + 3, v + 2, t->ulValueLen - 3);
		v[0] = 0x03;
		v[1] = (CK_BYTE)(t->ulValueLen - 2);
		v[2] = 0;
	}
	if (is("cut-point"))
		t->ulValueLen--;
}

static void twist(CK_ATTRIBUTE *t)
{
	CK_BYTE *v = t->pValue;

	if (!v || t->ulValueLen == (CK_ULONG)-1)
		return;
	if (is("extractable") && t->type == CKA_EXTRACTABLE)
		*v = CK_TRUE;
	if (is("private") && t->type == CKA_PRIVATE)
		*v = CK_TRUE;
	if (is("no-sign") && t->type == CKA_SIGN)
		*v = CK_FALSE;
	if (is("lasting") && t->type == CKA_DESTROYABLE)
		*v = CK_FALSE;
	if (is("lie") && t->type == CKA_VALUE && t->ulValueLen)
		*v ^= 1;
	if (is("long") && t->type == CKA_VALUE)
		t->ulValueLen = 1 << 20;
	if (is("insensitive") && t->type == CKA_SENSITIVE)
		*v = CK_FALSE;
	if (is("always-auth") && t->type == CKA_ALWAYS_AUTHENTICATE)
		*v = CK_TRUE;
	if (t->type == CKA_EC_PARAMS)
		twist_params(t);
	if (t->type == CKA_EC_POINT && t->ulValueLen > 2)
		twist_point(t);
}

static CK_RV shim_C_GetAttributeValue(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
				      CK_ATTRIBUTE *t, CK_ULONG n)
{
	char types[1024] = "";
	CK_ULONG i;
	CK_RV rv;

	for (i = 0; i < n && strlen(types) < sizeof(types) - 16; i++)
		snprintf(types + strlen(types), 16, " 0x%lx", t[i].type);
	rv = enter_session("C_GetAttributeValue", types, s);
	if (rv)
		return rv;
	rv = is("stop-early") ? stop_early(s, o, t, n) :
		real->C_GetAttributeValue(s, o, t, n);
	for (i = 0; i < n; i++) {
		twist(&t[i]);
		forget_local(o, &t[i]);
	}
	return rv;
}

/* Takes a curve by its name alone, and gives it to the module as it wants. */
static CK_RV shim_C_GenerateKeyPair(CK_SESSION_HANDLE s, CK_MECHANISM *m,
				    CK_ATTRIBUTE *u, CK_ULONG un,
				    CK_ATTRIBUTE *v, CK_ULONG vn,
				    CK_OBJECT_HANDLE *a, CK_OBJECT_HANDLE *b)
{
	CK_RV rv = enter_session("C_GenerateKeyPair", "", s);
	CK_ATTRIBUTE changed[32];
	CK_ULONG i;

	if (rv)
		return rv;
	if (!is("named-curve") || un > 32)
		return real->C_GenerateKeyPair(s, m, u, un, v, vn, a, b);
	memcpy(changed, u, un * sizeof(*u));
	for (i = 0; i < un; i++) {
		if (u[i].type != CKA_EC_PARAMS)
			continue;
		if (u[i].ulValueLen != sizeof(ed_name) - 1 ||
		    memcmp(u[i].pValue, ed_name, u[i].ulValueLen))
			return CKR_CURVE_NOT_SUPPORTED;
		changed[i].pValue = (void *)(CK_ULONG)ed_oid;
		changed[i].ulValueLen = sizeof(ed_oid);
	}
	return real->C_GenerateKeyPair(s, m, changed, un, v, vn, a, b);
}

static CK_RV shim_C_Sign(CK_SESSION_HANDLE s, CK_BYTE *data, CK_ULONG len,
			 CK_BYTE *sig, CK_ULONG *sig_len)
{
	CK_RV rv = enter_session("C_Sign", "", s);

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
	OURS(C_InitToken); OURS(C_InitPIN); OURS(C_SetPIN);
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
