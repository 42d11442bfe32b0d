/* Notes beside the keys: CKO_DATA on a token. */
#include <sys/wait.h>

#include "key/deadline.h"
#include "key/p11_data.h"
#include "t/unit/key_shim.h"

static const struct tmk_store_ops *store = &tmk_store_p11;
static struct tmk_err err;
static struct tmk_place place;

static int get(const char *label, struct tmk_buf *out)
{
	tmk_buf_clear(out);
	return store->get_data(&place, label, out, &err);
}

static int put(const char *label, const char *text)
{
	return store->put_data(&place, label, text, strlen(text), &err);
}

static bool holds(const char *label, const char *want)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_P11_DATA_MAX);
	bool same = !get(label, &out) && !strcmp(tmk_buf_str(&out), want);

	tmk_buf_release(&out);
	return same;
}

static void test_plain(void)
{
	struct tmk_buf out = TMK_BUF_INIT(16);
	static char big[TMK_P11_DATA_MAX + 1];

	err.code = 99;
	is_int(get("a", &out), 1, "nothing is there");
	is_int(err.code, 99, "which is no error");
	ok(!put("a", "one"), "written");
	ok(holds("a", "one"), "read back");
	is_int(get("b", &out), 1, "another label has none");
	is_int(get("A", &out), 1, "nor one that only looks like it");
	ok(!put("a", "two, longer"), "written again");
	ok(holds("a", "two, longer"), "replaced");
	ok(!put("b", "bee"), "another one");
	ok(holds("a", "two, longer") && holds("b", "bee"), "both are there");
	ok(!put("a", ""), "nothing is a value too");
	ok(holds("a", ""), "and comes back as nothing");
	ok(!put("a", "0123456789abcdefg"), "seventeen bytes");
	ok(get("a", &out) < 0 && err.code == TMK_KEY &&
	   strstr(err.text, "too long") && !out.len,
	   "are too long for sixteen, and nothing comes of it");
	memset(big, 'x', sizeof(big) - 1);
	ok(!put("big", big) && holds("big", big), "as long as may be");
	ok(store->put_data(&place, "big", big, sizeof(big), &err) < 0,
	   "and one more is refused");
	ok(holds("big", big), "with the old one left");
	ok(put("", "x") < 0 && put(big, "x") < 0,
	   "labels of no length and of too much");
	tmk_buf_release(&out);
}

/* Somebody without the PIN reads them, from a process of its own. */
static void test_public(void)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		place.pin_file = "absent";
		_exit(!holds("b", "bee"));
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "read without a login");
}

enum what { PUT, GET };

/* With a module that misbehaves; `want` is in the error, NULL: it works. */
static void through(const char *how, enum what what, const char *want,
		    const char *after, const char *name)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	unlink(SHIM_LOG);
	pid = fork();
	if (!pid) {
		struct tmk_buf out = TMK_BUF_INIT(TMK_P11_DATA_MAX);
		int rc;

		setenv("TMK_SHIM", how, 1);
		place.module = shim;
		rc = what == PUT ? put("b", "new") : get("b", &out);
		if (want ? rc >= 0 || !strstr(err.text, want) : rc) {
			fprintf(stderr, "# %d %s\n", rc, err.text);
			_exit(1);
		}
		tmk_buf_release(&out);
		_exit(0);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "%s", name);
	ok(holds("b", after), "%s: then \"%s\" is there", name, after);
}

static void test_faults(void)
{
	through("C_CreateObject=0x31", PUT, "the token is full", "bee",
		"a full token");
	through("C_DestroyObject=1@0x1b", PUT, "prohibits", "bee",
		"the old one cannot go: the new one does");
	through("C_GetAttributeValue=2@lie", PUT, "does not give back", "bee",
		"the token writes something else");
	through("C_GetAttributeValue=3@private", PUT, "does not give back",
		"bee", "the token keeps it to itself");
	through("C_GetAttributeValue=0x30", GET, "reports an error", "bee",
		"a device error");
	through("C_GetAttributeValue=long", GET, "impossible length", "bee",
		"a length that cannot be");
	through("", PUT, NULL, "new", "all is well");
	is_int(shim_count("C_Login"), 1, "one login for writing");
	through("", PUT, NULL, "new", "what is there already");
	is_int(shim_count("C_CreateObject"), 0, "is not written again");
	through("", GET, NULL, "new", "reading");
	is_int(shim_count("C_Login"), 0, "takes no login");
}

/* What is written beside a new key shares its login: no second PIN. */
static void write_beside(void *ctx, const struct tmk_key_info *info)
{
	const struct tmk_place beside = { .uri = info->uri, .module = shim,
					  .pin_file = "absent" };

	*(int *)ctx = store->put_data(&beside, info->label, "beside", 6, &err);
}

static void test_made(void)
{
	int status = 1;
	pid_t pid;

	unlink(SHIM_LOG);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		int wrote = -7;
		struct tmk_keygen what = { .label = "new", .bits = 256,
					   .algorithm = TMK_KEY_EC,
					   .made = write_beside,
					   .ctx = &wrote };
		struct tmk_key_info info;

		unsetenv("TMK_SHIM");
		place.module = shim;
		tmk_key_info_init(&info);
		if (store->generate(&place, &what, &info, &err) || wrote) {
			fprintf(stderr, "# %d %s\n", wrote, err.text);
			_exit(1);
		}
		tmk_key_info_release(&info);
		_exit(!holds("new", "beside"));
	}
	ok(waitpid(pid, &status, 0) == pid && !status,
	   "written beside a key while it is made");
	is_int(shim_count("C_Login"), 1, "with one login");
	is_int(shim_count("C_Logout"), 1, "and one logout");
}

/* Two of one label, as a crash between the two steps may leave them. */
static void test_two(void)
{
	struct tmk_buf out = TMK_BUF_INIT(64);
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		setenv("TMK_SHIM", "C_DestroyObject=die", 1);
		place.module = shim;
		_exit(put("b", "second") != -99);
	}
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status),
	   "the module dies between writing and removing");
	is_int(get("b", &out), 1, "two are as good as none");
	ok(!put("b", "third") && holds("b", "third"),
	   "the next one replaces both");
	tmk_buf_release(&out);
}

int main(int argc, char **argv)
{
	(void)argc;
	scratch_make();
	shim_find(argv[0]);
	place = place_of("pkcs11:token=one");
	ok(!token_make("one", &err), "a token");
	test_plain();
	test_public();
	test_faults();
	test_made();
	test_two();
	ok(!tmk_deadline_stuck(), "no module was given up");
	scratch_remove();
	return tap_done();
}
