/*
 * What a person is told and asked while a token signs: touches, keypads, PINs
 * for each use; and what a module is not asked when the caller knows it. Each
 * scenario is a process of its own.
 */
#include <sys/wait.h>

#include "key/deadline.h"
#include "t/unit/key_shim.h"

#define KEY "pkcs11:token=one;object=k"
#define ALWAYS "C_GetAttributeValue=always-auth,C_Login=always-auth"

static const struct tmk_store_ops *store = &tmk_store_p11;
static struct tmk_err err;
static struct tmk_buf told = TMK_BUF_INIT(4096);
static int told_before_sign;

#define HOLDS(n, what) do { \
	if (!(what)) { \
		fprintf(stderr, "# step %d: %s: %s; told: %s\n", (n), #what, \
			err.text, tmk_buf_str(&told)); \
		_exit(n); \
	} } while (0)

static void notice(void *ctx, const char *text)
{
	(void)ctx;
	if (tmk_buf_printf(&told, "%s\n", text))
		_exit(97);
	told_before_sign = !shim_count("C_Sign\n");
}

static const struct tmk_person person = { .tty = -2, .notice = notice };

static int sign(struct tmk_signer *s)
{
	static const uint8_t digest[32] = { 7 };
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	int rc;

	s->person = &person;
	rc = s->ops->sign(s, TMK_ECDSA, TMK_SHA256, digest, 32, &sig, &err);
	if (!rc && sig.len != 64)
		rc = -9;
	tmk_buf_release(&sig);
	return rc;
}

static struct tmk_place shim_place(void)
{
	struct tmk_place place = place_of(KEY);

	place.module = shim;
	place.person = &person;
	return place;
}

static bool was_told(const char *what)
{
	bool same = !strcmp(tmk_buf_str(&told), what);

	tmk_buf_clear(&told);
	return same;
}

/* ---- notices ---------------------------------------------------------------- */

static void touch(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	place.touch = true;
	place.deadline_ms = 1000;
	HOLDS(1, !store->open(&s, &place, &err) && was_told(""));
	HOLDS(2, !sign(s) && told_before_sign &&
	      was_told("token one waits for a touch\n"));
	HOLDS(3, !sign(s) && was_told("token one waits for a touch\n"));
	tmk_signer_free(s);
}

static void slow(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	HOLDS(1, !store->open(&s, &place, &err) && was_told(""));
	HOLDS(2, !sign(s) && was_told("token one is still at work: it may "
				      "wait for a touch\n"));
	HOLDS(3, !sign(s) && was_told(""));
	s->person = NULL;
	tmk_signer_free(s);
}

static void pad(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	place.pin_file = NULL;
	HOLDS(1, !store->open(&s, &place, &err) &&
	      was_told("token one waits for its PIN at its own keypad\n"));
	HOLDS(2, !sign(s) && was_told(""));
	tmk_signer_free(s);
}

/* A login that is slow without a keypad is nobody's to hasten. */
static void slow_login(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	HOLDS(1, !store->open(&s, &place, &err) && was_told(""));
	HOLDS(2, !sign(s) && was_told(""));
	tmk_signer_free(s);
}

static void too_slow(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	place.deadline_ms = 1000;
	HOLDS(1, !store->open(&s, &place, &err));
	HOLDS(2, sign(s) < 0 && strstr(err.text, "did not answer C_Sign") &&
	      !s->lost && tmk_deadline_stuck());
	HOLDS(3, sign(s) < 0 && err.code == TMK_KEY);
	tmk_signer_free(s);
}

/* ---- a PIN for each use ------------------------------------------------------ */

static void each_time(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	spill("pin2", "test-PIN\n", 0600);
	place.pin_file = "pin2";
	place.ask_each_time = true;
	HOLDS(1, !store->open(&s, &place, &err));
	unlink("pin2");
	HOLDS(2, !sign(s));	/* with the PIN of the opening */
	HOLDS(3, sign(s) < 0 && strstr(err.text, "pin2") && !s->lost);
	spill("pin2", "9999\n", 0600);
	HOLDS(4, sign(s) < 0 && strstr(err.text, "wrong PIN") && !s->lost);
	HOLDS(5, shim_count("C_Login context") == 2);
	spill("pin2", "test-PIN\n", 0600);
	HOLDS(6, !sign(s) && !sign(s));
	HOLDS(7, shim_count("C_Login context") == 4);
	HOLDS(8, shim_count("C_Login\n") == 1);
	/* What the refused one had begun was left behind with its session. */
	HOLDS(9, shim_count("C_OpenSession") == 2);
	tmk_signer_free(s);
}

static void kept(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL, *t = NULL;

	spill("pin2", "test-PIN\n", 0600);
	place.pin_file = "pin2";
	HOLDS(1, !store->open(&s, &place, &err));
	unlink("pin2");
	HOLDS(2, !sign(s) && !sign(s) && shim_count("C_Login context") == 2);
	/* A second one has the login and no PIN: it asks when it must. */
	HOLDS(3, !store->open(&t, &place, &err));
	HOLDS(4, sign(t) < 0 && strstr(err.text, "pin2"));
	spill("pin2", "test-PIN\n", 0600);
	HOLDS(5, !sign(t));
	unlink("pin2");
	tmk_signer_free(s);
	HOLDS(6, !sign(t));
	tmk_signer_free(t);
}

/* A PIN that was kept and is refused is not tried a second time. */
static void kept_refused(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	spill("pin2", "test-PIN\n", 0600);
	place.pin_file = "pin2";
	HOLDS(1, !store->open(&s, &place, &err) && !sign(s));
	unlink("pin2");
	HOLDS(2, sign(s) < 0 && strstr(err.text, "wrong PIN"));
	HOLDS(3, sign(s) < 0 && strstr(err.text, "pin2"));
	HOLDS(4, shim_count("C_Login context") == 2);
	tmk_signer_free(s);
}

static void last_try(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	place.ask_each_time = true;
	HOLDS(1, !store->open(&s, &place, &err) && !sign(s));
	HOLDS(2, sign(s) < 0 && strstr(err.text, "last try is not spent"));
	HOLDS(3, shim_count("C_Login context") == 1 && !s->lost);
	tmk_signer_free(s);
}

/* At the token's own keypad nothing of ours is asked. */
static void each_time_pad(void)
{
	struct tmk_place place = shim_place();
	struct tmk_signer *s = NULL;

	place.pin_file = "absent";
	place.ask_each_time = true;
	HOLDS(1, !store->open(&s, &place, &err));
	HOLDS(2, !sign(s) && !sign(s) && shim_count("C_Login context") == 2);
	tmk_signer_free(s);
}

/* ---- what the caller knows ----------------------------------------------------- */

static void hint(void)
{
	struct tmk_place place = shim_place();
	struct tmk_buf spki = TMK_BUF_INIT(2048);
	struct tmk_signer *s = NULL;
	int asked, calls;

	HOLDS(1, !store->open(&s, &place, &err));
	HOLDS(2, !tmk_buf_add(&spki, s->spki.data, s->spki.len));
	tmk_signer_free(s);
	asked = shim_count("C_FindObjectsInit");
	calls = shim_count("");
	place.spki_hint = spki.data;
	place.spki_hint_len = spki.len;
	HOLDS(3, !store->open(&s, &place, &err) && !sign(s));
	HOLDS(4, s->spki.len == spki.len && s->bits == 256 &&
	      s->algorithm == TMK_KEY_EC &&
	      !memcmp(s->spki.data, spki.data, spki.len));
	tmk_signer_free(s);
	/* The public key before the login, the private one after it. */
	HOLDS(5, shim_count("C_FindObjectsInit") - asked == 2);
	fprintf(stderr, "# %d module calls from start to end\n",
		shim_count("") - calls);
	HOLDS(6, shim_count("") - calls <= 21);
	/* One that is not this token's is refused, and nobody logs in. */
	calls = shim_count("C_Login");
	place.spki_hint_len--;
	HOLDS(7, store->open(&s, &place, &err) == -1 &&
	      strstr(err.text, "another key"));
	spki.data[0] ^= 1;
	place.spki_hint_len++;
	HOLDS(8, store->open(&s, &place, &err) == -1 &&
	      strstr(err.text, "another key"));
	HOLDS(9, shim_count("C_Login") == calls);
	tmk_buf_release(&spki);
}

static const struct scenario {
	const char *name, *shim;
	void (*run)(void);
} scenarios[] = {
	{ "a key that wants a touch", "C_Sign=delay:1200", touch },
	{ "a token that waits unannounced", "C_Sign=1@delay:1200", slow },
	{ "a keypad", "C_GetTokenInfo=pad,C_Login=1@pad-pin-slow", pad },
	{ "a slow login", "C_Login=delay:1200", slow_login },
	{ "a touch that nobody gives", "C_Sign=hang", too_slow },
	{ "a PIN for each use", ALWAYS, each_time },
	{ "a PIN for each use, kept", ALWAYS, kept },
	{ "a kept PIN that is refused", "C_GetAttributeValue=always-auth,"
	  "C_Login=3@0xa0,C_Login=always-auth", kept_refused },
	{ "a PIN for each use, and the last try", "C_GetTokenInfo=4@final-try,"
	  ALWAYS, last_try },
	{ "a PIN for each use, at a keypad", "C_GetTokenInfo=pad,"
	  "C_GetAttributeValue=always-auth,C_Login=pad-always",
	  each_time_pad },
	{ "a public key that is known", "", hint },
};

static void run(const struct scenario *c)
{
	int status = 1;
	pid_t pid;

	unlink(SHIM_LOG);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setenv("TMK_SHIM", c->shim, 1);
		c->run();
		_exit(0);
	}
	if (!ok(waitpid(pid, &status, 0) == pid && !status, "%s", c->name))
		diag("status 0x%x", status);
}

static void make_key(void)
{
	const struct tmk_place place = place_of("pkcs11:token=one");
	const struct tmk_keygen what = { .label = "k", .bits = 256,
					 .algorithm = TMK_KEY_EC };
	struct tmk_key_info info;
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		tmk_key_info_init(&info);
		HOLDS(1, !token_make("one", &err) &&
		      !store->generate(&place, &what, &info, &err));
		tmk_key_info_release(&info);
		_exit(0);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "a token and a key");
}

int main(int argc, char **argv)
{
	size_t i;

	(void)argc;
	scratch_make();
	shim_find(argv[0]);
	make_key();
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		run(&scenarios[i]);
	scratch_remove();
	return tap_done();
}
