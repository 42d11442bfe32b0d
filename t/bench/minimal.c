/*
 * minimal.c - the floor: load a module, log in, sign one digest, end.
 *
 *   minimal MODULE TOKEN-LABEL KEY-LABEL PIN rsa|ec [N]
 *
 * With N it signs N times in the one session and prints the milliseconds that
 * the signatures took: the token's own rate.
 *
 * What no signer of one message can do without; everything touchmark-gpg
 * takes beyond this is its own. For `make bench` alone (the PIN is on the
 * command line because the token is made for the benchmark and thrown away).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *m;

static int find_token(CK_SLOT_ID *slot, const char *label)
{
	CK_SLOT_ID slots[32];
	CK_ULONG i, n = 32;
	CK_TOKEN_INFO info;

	if (m->C_GetSlotList(CK_TRUE, slots, &n))
		return -1;
	for (i = 0; i < n; i++)
		if (!m->C_GetTokenInfo(slots[i], &info) &&
		    !memcmp(info.label, label, strlen(label))) {
			*slot = slots[i];
			return 0;
		}
	return -1;
}

static int find_key(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *key, char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_LABEL, label, strlen(label) } };
	CK_ULONG n = 0;

	return m->C_FindObjectsInit(s, t, 2) ||
		m->C_FindObjects(s, key, 1, &n) || n != 1 ||
		m->C_FindObjectsFinal(s);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	CK_C_GetFunctionList get;
	CK_MECHANISM mech = { CKM_ECDSA, NULL, 0 };
	CK_BYTE data[51] = { 1 }, sig[1024];
	CK_ULONG len = sizeof(sig), dlen = 32;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	CK_SLOT_ID slot;
	double start;
	int i, n = argc > 6 ? atoi(argv[6]) : 1;
	void *so;

	if (argc < 6)
		return 2;
	if (!strcmp(argv[5], "rsa")) {
		mech.mechanism = CKM_RSA_PKCS;
		dlen = 51;	/* a DigestInfo of SHA-256 */
	}
	so = dlopen(argv[1], RTLD_NOW);
	if (!so)
		return 1;
	*(void **)&get = dlsym(so, "C_GetFunctionList");
	if (!get || get(&m) || m->C_Initialize(NULL) ||
	    find_token(&slot, argv[2]) ||
	    m->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s) ||
	    m->C_Login(s, CKU_USER, (CK_BYTE *)argv[4], strlen(argv[4])) ||
	    find_key(s, &key, argv[3]))
		return 1;
	start = now_ms();
	for (i = 0; i < n; i++) {
		len = sizeof(sig);
		if (m->C_SignInit(s, &mech, key) ||
		    m->C_Sign(s, data, dlen, sig, &len))
			return 1;
	}
	if (argc > 6)
		printf("%.2f\n", now_ms() - start);
	m->C_Logout(s);
	m->C_CloseSession(s);
	m->C_Finalize(NULL);
	return len ? 0 : 1;
}
