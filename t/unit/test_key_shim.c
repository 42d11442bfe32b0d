/*
 * The store over a module that misbehaves (t/mock/shim_so.c): each fault ends
 * in one clear error within the deadline. Each scenario is a process of its
 * own, since a module that hangs is given up for a process's life.
 */
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "key/deadline.h"
#include "t/unit/key_token.h"

#define HANG_MS 1000
#define SLOW_MS 2000	/* four calls of 600 ms are longer than that */
#define LOG "calls.log"

static const struct tmk_store_ops *store = &tmk_store_p11;
static char shim[4096];

enum op { SIGN, SIGN_RSA, GENERATE, LIST, CERTS };

struct result {
	int rc;
	struct tmk_err err;
	bool stuck;
	int ms;
	unsigned int sig_len;
};

struct scenario {
	const char *name;
	const char *shim;
	enum op op;
	const char *text;	/* in the error; NULL: it works */
	bool stuck;
	const char *logged;	/* a call that must have been made; or NULL */
	const char *never;	/* one that must not; or NULL */
};

static const struct scenario scenarios[] = {
	/* Every call that may hang, hanging. */
	{ "loading hangs not, initialising does", "C_Initialize=hang", SIGN,
	  "did not answer C_Initialize within 1 s", true, NULL,
	  "C_GetSlotList" },
	{ "the slot list hangs", "C_GetSlotList=hang", SIGN,
	  "did not answer C_GetSlotList", true, NULL, "C_Login" },
	{ "a token's info hangs", "C_GetTokenInfo=hang", SIGN,
	  "did not answer C_GetTokenInfo", true, NULL, "C_Login" },
	{ "opening a session hangs", "C_OpenSession=hang", SIGN,
	  "did not answer C_OpenSession", true, NULL, "C_Login" },
	{ "the login hangs", "C_Login=hang", SIGN, "did not answer C_Login",
	  true, NULL, "C_SignInit" },
	{ "the search hangs", "C_FindObjects=hang", SIGN,
	  "did not answer C_FindObjects", true, NULL, "C_SignInit" },
	{ "reading hangs", "C_GetAttributeValue=hang", SIGN,
	  "did not answer C_GetAttributeValue", true, NULL, "C_SignInit" },
	{ "signing hangs", "C_Sign=hang", SIGN, "did not answer C_Sign", true,
	  "C_SignInit", "C_Finalize" },
	{ "the key generation hangs", "C_GenerateKeyPair=hang", GENERATE,
	  "did not answer C_GenerateKeyPair", true, NULL, "C_CopyObject" },
	{ "listing hangs", "C_FindObjectsInit=hang", LIST,
	  "did not answer C_FindObjectsInit", true, NULL, NULL },
	{ "libp11's listing hangs", "C_FindObjects=hang", CERTS,
	  "did not answer libp11", true, NULL, NULL },
	{ "sessions that libp11 cannot open", "C_OpenSession=0x30", CERTS,
	  "reader reports an error", false, NULL, "C_FindObjectsInit" },
	/* Leaving hangs: the signature is there, and the process can end. */
	{ "finalising hangs", "C_Finalize=hang", SIGN, NULL, true,
	  "C_Logout", NULL },
	/* Slow is not hanging: each call has the deadline to itself. */
	{ "everything is slow", "C_OpenSession=delay:600,C_Login=delay:600,"
	  "C_FindObjectsInit=delay:600,C_Sign=delay:600", SIGN, NULL, false,
	  "C_Finalize", NULL },
	/* Errors, each with its words. */
	{ "device error when signing", "C_Sign=0x30", SIGN,
	  "the token or its reader reports an error (C_Sign: "
	  "CKR_DEVICE_ERROR)", false, "C_Logout", NULL },
	{ "the token is taken out", "C_Sign=0x32", SIGN,
	  "the token was removed", false, "C_CloseSession", NULL },
	{ "the token goes between", "C_SignInit=0xb3", SIGN,
	  "the session is gone", false, "C_Finalize", "C_Sign\n" },
	{ "an unknown error", "C_Sign=0x80000123", SIGN, "0x80000123", false,
	  "C_Finalize", NULL },
	{ "a mechanism that is not there", "C_SignInit=0x70", SIGN,
	  "does not know the algorithm", false, "C_Finalize", NULL },
	{ "no session left", "C_OpenSession=0xb1", SIGN,
	  "no session left", false, "C_Finalize", "C_Login" },
	{ "the module does not start", "C_Initialize=0x30", SIGN,
	  "C_Initialize", false, NULL, "C_GetSlotList" },
	{ "the search fails", "C_FindObjectsInit=0x6", SIGN,
	  "the module could not do it", false, "C_Logout", "C_SignInit" },
	/* Signatures that are none. */
	{ "a short signature", "C_Sign=short", SIGN,
	  "a signature of 63 bytes instead of 64", false, "C_Logout", NULL },
	{ "a signature longer than its buffer", "C_Sign=long", SIGN_RSA,
	  "instead of 384", false, "C_Logout", NULL },
	/* PINs. */
	{ "the PIN is locked", "C_Login=0xa4", SIGN, "the PIN is locked",
	  false, "C_Finalize", "C_SignInit" },
	{ "the token says it is locked", "C_GetTokenInfo=locked", SIGN,
	  "the PIN of token one is locked", false, "C_Finalize", "C_Login" },
	{ "the last try", "C_GetTokenInfo=final-try", SIGN,
	  "its last try is not spent", false, "C_Finalize", "C_Login" },
	{ "few tries and no person", "C_GetTokenInfo=count-low", SIGN,
	  "only a person may try", false, "C_Finalize", "C_Login" },
	{ "a wrong PIN", "C_Login=1@0xa0", SIGN, "wrong PIN", false,
	  "C_Finalize", "C_SignInit" },
	{ "a PIN pad", "C_GetTokenInfo=pad,C_Login=pad-pin", SIGN, NULL,
	  false, "C_Logout", NULL },
	/* Another process is writing SoftHSM's files: tried again. */
	{ "starting fails once", "C_Initialize=1@0x5", SIGN, NULL, false,
	  "C_Logout", NULL },
	{ "the login fails once", "C_Login=1@0x5", SIGN, NULL, false,
	  "C_Logout", NULL },
	{ "the login finds no PIN once", "C_Login=1@0x102", SIGN, NULL, false,
	  "C_Logout", NULL },
	{ "no token once", "C_GetTokenInfo=1@0xe1", SIGN, NULL, false,
	  "C_Logout", NULL },
	{ "the session fails once", "C_OpenSession=1@0x5", SIGN, NULL, false,
	  "C_Logout", NULL },
	/* Ways of telling things. */
	{ "a bare EC point", "C_GetAttributeValue=raw-ec-point", SIGN, NULL,
	  false, "C_Logout", NULL },
	{ "stops at the first missing attribute",
	  "C_GetAttributeValue=stop-early", SIGN, NULL, false, "C_Logout",
	  NULL },
	{ "stops early with RSA", "C_GetAttributeValue=stop-early", SIGN_RSA,
	  NULL, false, "C_Logout", NULL },
	{ "RSA without a public object", "C_FindObjectsInit=no-public",
	  SIGN_RSA, NULL, false, "C_Logout", NULL },
	{ "EC without a public object", "C_FindObjectsInit=no-public", SIGN,
	  "does not tell the key's public part", false, "C_Logout",
	  "C_SignInit" },
	{ "a PIN for each use",
	  "C_GetAttributeValue=always-auth,C_Login=always-auth", SIGN, NULL,
	  false, "C_Login context", NULL },
	{ "a PIN for each use, refused", "C_GetAttributeValue=always-auth,"
	  "C_Login=2@0xa0", SIGN, "wrong PIN", false, "C_Login context",
	  "C_Sign\n" },
	/* New keys. */
	{ "a key that could be taken out", "C_GetAttributeValue=extractable",
	  GENERATE, "is EXTRACTABLE, says the token: it was destroyed", false,
	  "C_DestroyObject", NULL },
	{ "a key that could be read", "C_GetAttributeValue=insensitive",
	  GENERATE, "is not SENSITIVE, says the token: it was destroyed",
	  false, "C_DestroyObject", NULL },
	{ "a token that cannot copy", "C_CopyObject=0x54", GENERATE, NULL,
	  false, "C_SetAttributeValue", "C_CreateObject" },
	{ "a strict template is refused", "C_GenerateKeyPair=1@0x13",
	  GENERATE, NULL, false, "C_GenerateKeyPair", "C_CreateObject" },
	{ "every template is refused", "C_GenerateKeyPair=0x13", GENERATE,
	  "refuses the value of an attribute", false, "C_Logout",
	  "C_CopyObject" },
	{ "the id cannot be set", "C_CopyObject=0x54,"
	  "C_SetAttributeValue=0x10", GENERATE,
	  "does not let an attribute be set", false, "C_DestroyObject",
	  NULL },
	/* A wrong signature is for the seal to find: the store passes it. */
	{ "a lie", "C_Sign=lie", SIGN, NULL, false, "C_Logout", NULL },
};

static int visit(void *ctx, const struct tmk_key_info *info,
		 struct tmk_err *err)
{
	(void)info;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static int visit_cert(void *ctx, const uint8_t *der, size_t len,
		      struct tmk_err *err)
{
	(void)der;
	(void)len;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static int do_sign(struct tmk_place *place, bool rsa, struct result *r)
{
	static const uint8_t digest[32] = { 1 };
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	struct tmk_signer *s = NULL;
	int rc;

	place->uri = rsa ? "pkcs11:token=one;object=rsa" :
		"pkcs11:token=one;object=ec";
	rc = store->open(&s, place, &r->err);
	if (!rc)
		rc = s->ops->sign(s, rsa ? TMK_RSA_PKCS1 : TMK_ECDSA,
				  TMK_SHA256, digest, 32, &sig, &r->err);
	r->sig_len = (unsigned int)sig.len;
	tmk_signer_free(s);
	tmk_buf_release(&sig);
	return rc;
}

static int do_generate(struct tmk_place *place, struct result *r)
{
	struct tmk_keygen what = { .label = "new", .algorithm = TMK_KEY_EC,
				   .bits = 256 };
	struct tmk_key_info info;
	char label[32];
	int rc;

	snprintf(label, sizeof(label), "new-%d", getpid());
	what.label = label;
	tmk_key_info_init(&info);
	rc = store->generate(place, &what, &info, &r->err);
	tmk_key_info_release(&info);
	return rc;
}

static void child(const struct scenario *c, int out)
{
	struct tmk_place place = place_of("pkcs11:token=one");
	struct result r = { .rc = -1 };
	int64_t start = tmk_clock_ms();
	int n = 0;

	setenv("TMK_SHIM", c->shim, 1);
	place.module = shim;
	place.deadline_ms = c->stuck ? HANG_MS :
		strstr(c->shim, "delay") ? SLOW_MS : 60000;
	switch (c->op) {
	case SIGN:
	case SIGN_RSA:
		r.rc = do_sign(&place, c->op == SIGN_RSA, &r);
		break;
	case GENERATE:
		r.rc = do_generate(&place, &r);
		break;
	case LIST:
		r.rc = store->list(&place, false, visit, &n, &r.err);
		break;
	case CERTS:
		r.rc = store->certs(&place, NULL, 0, visit_cert, &n, &r.err);
		break;
	}
	r.stuck = tmk_deadline_stuck();
	r.ms = (int)(tmk_clock_ms() - start);
	if (write(out, &r, sizeof(r)) != sizeof(r))
		_exit(2);
	/* As a front-end does: exit only when no module is stuck. */
	if (r.stuck)
		_exit(0);
	exit(0);
}

/* Run a scenario; false when it did not tell its result. */
static bool run(const struct scenario *c, struct result *r, int *status)
{
	int fd[2];
	ssize_t n;
	pid_t pid;

	unlink(LOG);
	fflush(stdout);
	if (pipe(fd))
		return false;
	pid = fork();
	if (!pid) {
		close(fd[0]);
		child(c, fd[1]);
	}
	close(fd[1]);
	n = read(fd[0], r, sizeof(*r));
	close(fd[0]);
	return waitpid(pid, status, 0) == pid && n == (ssize_t)sizeof(*r);
}

static bool logged(const char *what)
{
	static char log[65536];
	FILE *in = fopen(LOG, "r");
	size_t n = in ? fread(log, 1, sizeof(log) - 1, in) : 0;

	if (in)
		fclose(in);
	log[n] = '\0';
	return strstr(log, what) != NULL;
}

static int logged_lines(void)
{
	FILE *in = fopen(LOG, "r");
	int c, n = 0;

	while (in && (c = getc(in)) != EOF)
		n += c == '\n';
	if (in)
		fclose(in);
	return n;
}

static void check(const struct scenario *c)
{
	struct result r = { 0 };
	int status = 0;

	if (!ok(run(c, &r, &status) && !status, "%s: ends by itself",
		c->name)) {
		diag("status 0x%x", status);
		return;
	}
	if (!ok(c->text ? r.rc < 0 : !r.rc, "%s: %s", c->name,
		c->text ? "fails" : "works"))
		diag("%s", r.err.text);
	if (c->text) {
		is_int(r.err.code, TMK_KEY, "%s: as a key error", c->name);
		if (!ok(strstr(r.err.text, c->text) != NULL, "%s: says so",
			c->name))
			diag("%s", r.err.text);
	}
	is_int(r.stuck, c->stuck, "%s: %s", c->name,
	       c->stuck ? "the module is given up" : "nothing is stuck");
	if (!ok(r.ms < 20000, "%s: in time", c->name))
		diag("%d ms", r.ms);
	if (c->logged)
		ok(logged(c->logged), "%s: %s was called", c->name,
		   c->logged);
	if (c->never)
		ok(!logged(c->never), "%s: %.*s was not", c->name,
		   (int)strcspn(c->never, "\n"), c->never);
	if (c->op == SIGN && !c->text)
		is_int(r.sig_len, 64, "%s: a signature came", c->name);
}

/* What a plain signature calls, and what it never calls. */
static void test_log(enum op op, const char *name, int most)
{
	const struct scenario plain = { name, "", op, NULL, false, "C_Logout",
					"C_CreateObject" };
	/* VALUE, PRIVATE_EXPONENT, PRIME_1 to COEFFICIENT (PKCS#11 2.40
	 * section 2.1.3). */
	static const char *const secret[] = { " 0x11 ", " 0x11\n", " 0x123",
		" 0x124", " 0x125", " 0x126", " 0x127", " 0x128" };
	size_t i;

	check(&plain);
	ok(logged("C_CloseSession") && logged("C_Finalize"),
	   "%s: the session is closed, the module finalised", name);
	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		ok(!logged(secret[i]), "%s: no secret attribute is read (%zu)",
		   name, i);
	ok(!logged("test-PIN"), "%s: the log has no PIN", name);
	if (!ok(logged_lines() <= most, "%s: in at most %d calls", name,
		most))
		diag("%d calls", logged_lines());
}

/* A module that aborts takes the process with it, and nothing else. */
static void test_die(void)
{
	static const struct scenario die = { "abort", "C_Sign=die", SIGN };
	struct result r;
	int status = 0;

	ok(!run(&die, &r, &status), "a module that aborts: no result");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	   "and the caller sees the signal");
}

static bool make_two(struct tmk_err *err)
{
	const struct tmk_place place = place_of("pkcs11:token=one");
	struct tmk_keygen what = { .label = "ec", .algorithm = TMK_KEY_EC,
				   .bits = 256 };
	struct tmk_key_info info;
	bool good;

	tmk_key_info_init(&info);
	good = !token_make("one", err) &&
		!store->generate(&place, &what, &info, err);
	what.label = "rsa";
	what.algorithm = TMK_KEY_RSA;
	what.bits = 3072;
	good = good && !store->generate(&place, &what, &info, err);
	tmk_key_info_release(&info);
	return good;
}

/* In a process of its own too: no scenario inherits a worker thread. */
static void make_keys(struct tmk_err *err)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(!make_two(err));
	ok(waitpid(pid, &status, 0) == pid && !status, "a token and two keys");
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;
	char *self = realpath(argv[0], NULL), *slash;
	char log[sizeof(scratch) + 16];
	size_t i;

	(void)argc;
	slash = self ? strrchr(self, '/') : NULL;
	if (slash)
		*slash = '\0';
	snprintf(shim, sizeof(shim), "%s/../mock/shim.so", self ? self : ".");
	free(self);
	scratch_make();
	snprintf(log, sizeof(log), "%s/" LOG, scratch);
	setenv("TMK_SHIM_MODULE", MODULE, 1);
	setenv("TMK_SHIM_LOG", log, 1);
	make_keys(&err);
	test_log(SIGN, "an EC signature", 24);
	test_log(SIGN_RSA, "an RSA signature", 24);
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		check(&scenarios[i]);
	test_die();
	scratch_remove();
	return tap_done();
}
