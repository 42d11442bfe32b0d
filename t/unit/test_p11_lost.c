/*
 * Signers that live for hours: the token is taken out and put back, a service
 * is restarted, a login is forgotten; and what an open that fails says of it.
 * Each scenario is a process of its own.
 */
#include <sys/wait.h>

#include "key/deadline.h"
#include "t/unit/key_shim.h"

#define GONE "gone"
#define KEY_ONE "pkcs11:token=one;object=k"
#define KEY_TWO "pkcs11:token=two;object=k"

static const struct tmk_store_ops *store = &tmk_store_p11;
static struct tmk_err err;

/* In a scenario: what does not hold ends it with this number. */
#define HOLDS(n, what) do { \
	if (!(what)) { \
		fprintf(stderr, "# step %d: %s: %s\n", (n), #what, err.text); \
		_exit(n); \
	} } while (0)

static int sign(struct tmk_signer *s)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	int rc = s->ops->sign(s, TMK_ECDSA, TMK_SHA256, digest, 32, &sig,
			      &err);

	if (!rc && sig.len != 64)
		rc = -9;
	tmk_buf_release(&sig);
	return rc;
}

static struct tmk_place shim_place(const char *uri)
{
	struct tmk_place place = place_of(uri);

	place.module = shim;
	return place;
}

static int open_key(struct tmk_signer **s, const char *uri)
{
	const struct tmk_place place = shim_place(uri);

	return store->open(s, &place, &err);
}

static void take_out(void)
{
	spill(GONE, "", 0600);
}

static void put_back(void)
{
	unlink(GONE);
}

/* ---- scenarios ------------------------------------------------------------ */

/* A session that the module says is gone; the next one is not. */
static void once_lost(void)
{
	struct tmk_signer *s = NULL;

	HOLDS(1, !open_key(&s, KEY_ONE) && !s->lost);
	HOLDS(2, sign(s) < 0 && err.code == TMK_KEY && err.hint[0]);
	HOLDS(3, s->lost);
	HOLDS(4, sign(s) < 0 && err.code == TMK_KEY);
	tmk_signer_free(s);
	HOLDS(5, !open_key(&s, KEY_ONE) && !s->lost);
	HOLDS(6, !sign(s));
	tmk_signer_free(s);
}

/* What a new session would not mend. */
static void never_lost(void)
{
	struct tmk_signer *s = NULL;

	HOLDS(1, !open_key(&s, KEY_ONE));
	HOLDS(2, sign(s) < 0 && !s->lost);
	HOLDS(3, !sign(s));
	tmk_signer_free(s);
}

static void out_and_in(void)
{
	struct tmk_signer *s = NULL, *t = NULL;
	struct tmk_place place = shim_place(KEY_ONE);
	enum tmk_open_failure why = TMK_OPEN_KEY;

	place.why = &why;
	HOLDS(1, !open_key(&s, KEY_ONE) && !sign(s));
	take_out();
	HOLDS(2, sign(s) < 0 && s->lost);
	tmk_signer_free(s);
	HOLDS(3, store->open(&t, &place, &err) < 0 && !t &&
	      why == TMK_OPEN_DEVICE);
	put_back();
	HOLDS(4, !open_key(&s, KEY_ONE) && !sign(s));
	tmk_signer_free(s);
	HOLDS(5, shim_count("C_Login") == 2);
}

/* The same with another signer left open, which is as dead. */
static void out_and_in_two(void)
{
	struct tmk_signer *s = NULL, *t = NULL;

	HOLDS(1, !open_key(&s, KEY_ONE) && !open_key(&t, KEY_ONE));
	HOLDS(2, !sign(s) && !sign(t) && shim_count("C_Login") == 1);
	take_out();
	HOLDS(3, sign(s) < 0 && s->lost);
	tmk_signer_free(s);
	s = NULL;
	HOLDS(4, open_key(&s, KEY_ONE) < 0);
	put_back();
	HOLDS(5, !open_key(&s, KEY_ONE) && !sign(s));
	HOLDS(6, shim_count("C_Login") == 2);
	HOLDS(7, sign(t) < 0 && t->lost);
	HOLDS(8, !sign(s));
	tmk_signer_free(t);
	HOLDS(9, !sign(s));
	HOLDS(10, !open_key(&t, KEY_ONE) && !sign(t) &&
	      shim_count("C_Login") == 2);
	tmk_signer_free(s);
	HOLDS(11, !sign(t));
	tmk_signer_free(t);
}

/* Back before anybody noticed: the login that the other one claims is none. */
static void quickly_back(void)
{
	struct tmk_signer *s = NULL, *t = NULL;

	HOLDS(1, !open_key(&s, KEY_ONE) && !open_key(&t, KEY_ONE));
	take_out();
	HOLDS(2, sign(s) < 0 && s->lost);
	put_back();
	tmk_signer_free(s);
	HOLDS(3, !open_key(&s, KEY_ONE) && !sign(s));
	HOLDS(4, shim_count("C_Login") == 2);
	HOLDS(5, sign(t) < 0 && t->lost);
	tmk_signer_free(t);
	HOLDS(6, !sign(s));
	tmk_signer_free(s);
}

/* A token that is not there takes no other one along. */
static void others_live(void)
{
	struct tmk_signer *s = NULL, *t = NULL;

	HOLDS(1, !open_key(&s, KEY_ONE));
	HOLDS(2, open_key(&t, "pkcs11:token=none;object=k") < 0);
	HOLDS(3, !shim_count("C_Finalize"));
	HOLDS(4, !sign(s) && shim_count("C_Login") == 1);
	HOLDS(5, !open_key(&t, KEY_TWO) && !sign(t) && !sign(s));
	HOLDS(6, shim_count("C_Login") == 2);
	tmk_signer_free(s);
	HOLDS(7, !sign(t));
	tmk_signer_free(t);
	HOLDS(8, shim_count("C_Logout") == 2 && shim_count("C_Finalize") == 1);
}

/* The same token through two modules: one of them dies alone. */
static void two_modules(void)
{
	const struct tmk_place real = place_of(KEY_TWO);
	struct tmk_signer *s = NULL, *t = NULL;

	HOLDS(1, !open_key(&s, KEY_ONE));
	HOLDS(2, !store->open(&t, &real, &err) && !sign(t) && !sign(s));
	tmk_signer_free(s);
	tmk_signer_free(t);
}

struct scenario {
	const char *name, *shim;
	void (*run)(void);
};

static const struct scenario scenarios[] = {
	{ "general error", "C_Sign=1@0x5", once_lost },
	{ "function failed", "C_Sign=1@0x6", once_lost },
	{ "device error", "C_Sign=1@0x30", once_lost },
	{ "device removed", "C_Sign=1@0x32", once_lost },
	{ "session closed", "C_SignInit=1@0xb0", once_lost },
	{ "no such session", "C_SignInit=1@0xb3", once_lost },
	{ "no such key", "C_SignInit=1@0x60", once_lost },
	{ "token not present", "C_SignInit=1@0xe0", once_lost },
	{ "user not logged in", "C_SignInit=1@0x101", once_lost },
	{ "module shut down", "C_Sign=1@0x190", once_lost },
	{ "wrong PIN", "C_Sign=1@0xa0", never_lost },
	{ "PIN locked", "C_Sign=1@0xa4", never_lost },
	{ "mechanism", "C_SignInit=1@0x70", never_lost },
	{ "cancelled", "C_Sign=1@0x50", never_lost },
	{ "an operation left active", "C_SignInit=1@0x90,C_Sign=1@0x21",
	  never_lost },
	{ "out and in", "", out_and_in },
	{ "out and in, two signers", "", out_and_in_two },
	{ "quickly back", "", quickly_back },
	{ "others live", "", others_live },
	{ "two modules", "", two_modules },
};

static void run(const struct scenario *c, bool cached)
{
	int status = 1;
	pid_t pid;

	unlink(SHIM_LOG);
	unlink(GONE);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setenv("TMK_SHIM", c->shim, 1);
		if (cached)
			setenv("TMK_SHIM_CACHED", "1", 1);
		c->run();
		_exit(tmk_deadline_stuck() ? 98 : 0);
	}
	if (!ok(waitpid(pid, &status, 0) == pid && !status, "%s%s", c->name,
		cached ? ", by a module that remembers" : ""))
		diag("status 0x%x", status);
}

/* ---- why an open failed ---------------------------------------------------- */

struct failure {
	const char *name, *shim, *uri, *pin_file;
	enum tmk_open_failure why;
};

static const struct failure failures[] = {
	{ "no session", "C_OpenSession=0x30", NULL, NULL, TMK_OPEN_DEVICE },
	{ "no module", "C_Initialize=0x30", NULL, NULL, TMK_OPEN_DEVICE },
	{ "no slot", "C_GetSlotList=0x30", NULL, NULL, TMK_OPEN_DEVICE },
	{ "the module hangs", "C_OpenSession=hang", NULL, NULL,
	  TMK_OPEN_DEVICE },
	{ "the login hangs", "C_Login=hang", NULL, NULL, TMK_OPEN_DEVICE },
	{ "the device fails at the login", "C_Login=0x30", NULL, NULL,
	  TMK_OPEN_DEVICE },
	{ "the device fails at the search", "C_FindObjectsInit=0x30", NULL,
	  NULL, TMK_OPEN_DEVICE },
	{ "no such token", "", "pkcs11:token=none;object=k", NULL,
	  TMK_OPEN_DEVICE },
	{ "no such module", "", "pkcs11:token=one?module-path=/nowhere.so",
	  NULL, TMK_OPEN_DEVICE },
	{ "wrong PIN", "C_Login=0xa0", NULL, NULL, TMK_OPEN_PIN },
	{ "PIN locked", "C_Login=0xa4", NULL, NULL, TMK_OPEN_PIN },
	{ "PIN expired", "C_Login=0xa3", NULL, NULL, TMK_OPEN_PIN },
	{ "the token says locked", "C_GetTokenInfo=locked", NULL, NULL,
	  TMK_OPEN_PIN },
	{ "the last try", "C_GetTokenInfo=final-try", NULL, NULL,
	  TMK_OPEN_PIN },
	{ "few tries", "C_GetTokenInfo=count-low", NULL, NULL, TMK_OPEN_PIN },
	{ "no PIN file", "", NULL, "absent", TMK_OPEN_PIN },
	{ "cancelled at the pad", "C_GetTokenInfo=pad,C_Login=0x50", NULL,
	  NULL, TMK_OPEN_PIN },
	{ "no such key", "", "pkcs11:token=one;object=none", NULL,
	  TMK_OPEN_KEY },
	{ "several tokens", "", "pkcs11:object=k", NULL, TMK_OPEN_KEY },
	{ "several keys", "", "pkcs11:token=one", NULL, TMK_OPEN_KEY },
	{ "no private key", "", "pkcs11:token=one;type=cert", NULL,
	  TMK_OPEN_KEY },
	{ "no URI", "", "pkcs11:token=one;token=one", NULL, TMK_OPEN_KEY },
};

static void fail(const struct failure *f)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct tmk_place place = shim_place(f->uri ? f->uri : KEY_ONE);
		enum tmk_open_failure why = (enum tmk_open_failure)77;
		struct tmk_signer *s = NULL;

		setenv("TMK_SHIM", f->shim, 1);
		place.why = &why;
		place.deadline_ms = 1500;
		if (f->pin_file)
			place.pin_file = f->pin_file;
		HOLDS(1, store->open(&s, &place, &err) < 0 && !s);
		if (why != f->why)
			fprintf(stderr, "# %s: %s\n", f->name, err.text);
		_exit(why == f->why ? 0 : 2 + (int)why);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "%s: %s", f->name,
	   f->why == TMK_OPEN_PIN ? "the PIN's fault" :
	   f->why == TMK_OPEN_KEY ? "the key's fault" : "the device's fault");
}

static void make_keys(void)
{
	static const char *const tokens[] = { "one", "two" };
	struct tmk_keygen what = { .label = "k", .algorithm = TMK_KEY_EC,
				   .bits = 256 };
	struct tmk_key_info info;
	int status = 1, i;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		tmk_key_info_init(&info);
		for (i = 0; i < 2; i++) {
			char uri[64];
			struct tmk_place place;

			snprintf(uri, sizeof(uri), "pkcs11:token=%s",
				 tokens[i]);
			place = place_of(uri);
			HOLDS(1, !token_make(tokens[i], &err));
			what.label = "k";
			HOLDS(2, !store->generate(&place, &what, &info, &err));
			what.label = "other";
			HOLDS(3, !store->generate(&place, &what, &info, &err));
		}
		tmk_key_info_release(&info);
		_exit(0);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "two tokens, four keys");
}

int main(int argc, char **argv)
{
	char gone[sizeof(scratch) + 16];
	size_t i;

	(void)argc;
	scratch_make();
	shim_find(argv[0]);
	snprintf(gone, sizeof(gone), "%s/" GONE, scratch);
	setenv("TMK_SHIM_GONE", gone, 1);
	make_keys();
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		run(&scenarios[i], false);
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (!*scenarios[i].shim)
			run(&scenarios[i], true);
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		fail(&failures[i]);
	scratch_remove();
	return tap_done();
}
