/* What a token says of a key, the end of one, and another PIN. */
#include "t/unit/key_shim.h"

static char uri[2048];

static void generate(const char *label)
{
	struct tmk_keygen what = { .label = label,
				   .algorithm = TMK_KEY_EC, .bits = 256 };
	struct tmk_place place = place_of("pkcs11:token=life");
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_key_info info;

	tmk_key_info_init(&info);
	ok(!tmk_store_p11.generate(&place, &what, &info, &err),
	   "a key: %s", err.text);
	snprintf(uri, sizeof(uri), "%s", info.uri);
	tmk_key_info_release(&info);
}

/* ---- inspect -------------------------------------------------------------- */

struct told {
	char text[8192];
	int n, fail_at;
};

static int on_fact(void *ctx, const char *name, const char *value,
		   struct tmk_err *err)
{
	struct told *t = ctx;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%s=%s\n", name,
		 value);
	if (++t->n != t->fail_at)
		return 0;
	return tmk_err_set(err, TMK_INPUT, "enough");
}

static enum tmk_tristate value_of(const struct tmk_key_facts *f,
				  const char *name)
{
	int i;

	for (i = 0; i < f->attributes; i++)
		if (!strcmp(f->attribute[i].name, name))
			return f->attribute[i].value;
	return (enum tmk_tristate)99;
}

static int inspect(struct tmk_key_facts *f, struct told *t,
		   const char *module, bool login, struct tmk_err *err)
{
	struct tmk_place place = place_of("pkcs11:token=life;object=seen");

	place.module = module;
	memset(t, 0, sizeof(*t));
	return tmk_store_p11.inspect(&place, login, f, on_fact, t, err);
}

static void test_inspect(void)
{
	struct tmk_key_facts f = { .attributes = -1 };
	struct tmk_err err = TMK_ERR_INIT;
	struct told t;
	char text[600];

	generate("seen");
	tmk_key_info_init(&f.info);
	ok(!inspect(&f, &t, MODULE, true, &err), "inspected: %s", err.text);
	ok(f.attributes == 17, "17 attributes: %d", f.attributes);
	ok(value_of(&f, "CKA_SENSITIVE") == TMK_YES &&
	   value_of(&f, "CKA_LOCAL") == TMK_YES &&
	   value_of(&f, "CKA_EXTRACTABLE") == TMK_NO &&
	   value_of(&f, "CKA_DESTROYABLE") == TMK_YES, "as it was made");
	ok(f.info.spki.len && !strcmp(f.info.label, "seen"), "with its key");
	snprintf(text, sizeof(text), "module=%s\nmodule-sha256=", MODULE);
	ok(!strncmp(t.text, text, strlen(text)), "the module first");
	ok(strstr(t.text, "\nmodule-manufacturer=SoftHSM\n") != NULL &&
	   strstr(t.text, "\ntoken-firmware=") != NULL, "and the token");
	ok(strstr(t.text, "LOGIN_REQUIRED") != NULL, "its flags by name");
	ok(strstr(t.text, "\nCKA_KEY_GEN_MECHANISM=CKM_EC_KEY_PAIR_GEN\n") !=
	   NULL, "and what made the key");
	tmk_key_info_release(&f.info);

	/* The private key is not seen: nothing is said of it, least of all
	 * that it is not extractable. */
	tmk_key_info_init(&f.info);
	ok(!inspect(&f, &t, MODULE, false, &err), "without a login");
	ok(value_of(&f, "CKA_SENSITIVE") == TMK_ABSENT &&
	   value_of(&f, "CKA_EXTRACTABLE") == TMK_ABSENT, "not given");
	ok(!strstr(t.text, "CKA_KEY_GEN"), "nor what made it");
	tmk_key_info_release(&f.info);
}

static void test_inspect_shim(void)
{
	struct tmk_key_facts f = { .attributes = -1 };
	struct tmk_err err = TMK_ERR_INIT;
	struct told t;

	tmk_key_info_init(&f.info);
	setenv("TMK_SHIM", "C_GetAttributeValue=extractable", 1);
	ok(!inspect(&f, &t, shim, true, &err), "another module");
	ok(value_of(&f, "CKA_EXTRACTABLE") == TMK_YES, "is quoted");
	tmk_key_info_release(&f.info);

	tmk_key_info_init(&f.info);
	setenv("TMK_SHIM", "C_GetInfo=0x6", 1);
	ok(!inspect(&f, &t, shim, true, &err), "one that is silent");
	ok(!strstr(t.text, "module-manufacturer") &&
	   strstr(t.text, "module-sha256"), "has only its file");
	tmk_key_info_release(&f.info);
	unsetenv("TMK_SHIM");

	tmk_key_info_init(&f.info);
	f.attributes = -1;
	memset(&t, 0, sizeof(t));
	{
		struct tmk_place place =
			place_of("pkcs11:token=life;object=seen");

		t.fail_at = 3;
		ok(tmk_store_p11.inspect(&place, true, &f, on_fact, &t,
					 &err) && err.code == TMK_INPUT,
		   "a listener that has enough");
	}
	ok(t.n == 3 && f.attributes == -1, "hears no more, gets nothing");
	setenv("TMK_SHIM", "C_GetTokenInfo=0x6", 1);
	ok(inspect(&f, &t, shim, true, &err) && f.attributes == -1,
	   "a token that fails");
	unsetenv("TMK_SHIM");
	tmk_key_info_release(&f.info);
}

/* ---- destroy -------------------------------------------------------------- */

static int on_any(void *ctx, const struct tmk_key_info *info,
		  struct tmk_err *err)
{
	(void)info;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static int keys(void)
{
	struct tmk_place place = place_of(uri);
	int n = 0;

	if (tmk_store_p11.list(&place, true, on_any, &n, NULL))
		return -1;
	return n;
}

static void test_destroy(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_place place;
	int n = 77;

	generate("mortal");
	place = place_of(uri);
	place.spki_hint = (const uint8_t *)"no such key";
	place.spki_hint_len = 11;
	ok(tmk_store_p11.destroy(&place, &n, &err) && n == 77,
	   "another key is meant");
	ok(keys() == 1, "this one stays");
	place = place_of(uri);
	place.module = shim;
	ok(!tmk_store_p11.destroy(&place, &n, &err) && n == 2,
	   "pair destroyed: %s", err.text);
	ok(keys() == 0, "it is gone");
	n = 77;
	ok(tmk_store_p11.destroy(&place, &n, &err) && n == 77 &&
	   err.code == TMK_KEY, "a second time there is none");
}

/* What a listener of sessions may do to the proof. */
static void test_destroy_proof(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_place place;
	char fail[64];
	int n = 77;

	generate("unproved");
	place = place_of("pkcs11:token=life;object=unproved");
	place.module = shim;
	/* The one after that of the destruction itself. */
	snprintf(fail, sizeof(fail), "C_OpenSession=%d@0x30",
		 shim_count("C_OpenSession") + 2);
	setenv("TMK_SHIM", fail, 1);
	ok(tmk_store_p11.destroy(&place, &n, &err) && n == 77, "no session "
	   "for the proof");
	ok(strstr(err.text, "its absence is not proved") != NULL,
	   "is told: %s", err.text);
	unsetenv("TMK_SHIM");
	ok(keys() == 0, "and the key is gone");
}

/* ---- PINs ----------------------------------------------------------------- */

struct fresh {
	const char *text;
	int asked;
	enum tmk_pin_which which;
};

static int give(void *ctx, const struct tmk_pin_request *request,
		struct tmk_secret *pin, bool *by_person, struct tmk_err *err)
{
	struct fresh *f = ctx;

	f->asked++;
	f->which = request->which;
	*by_person = false;
	return tmk_secret_set(pin, f->text, strlen(f->text), err);
}

static int set_pin(struct fresh *f, const char *module,
		   enum tmk_open_failure *why, struct tmk_err *err)
{
	struct tmk_place place = place_of("pkcs11:token=life");
	const struct tmk_pin_source source = { give, f };

	place.module = module;
	place.why = why;
	*err = (struct tmk_err)TMK_ERR_INIT;
	f->asked = 0;
	return tmk_store_p11.set_pin(&place, &source, err);
}

static void test_pin(void)
{
	enum tmk_open_failure why = TMK_OPEN_DEVICE;
	struct fresh f = { .text = "other-PIN" };
	struct tmk_err err;

	spill("pin", "wrong-PIN\n", 0600);
	ok(set_pin(&f, MODULE, &why, &err) && !f.asked &&
	   why == TMK_OPEN_PIN, "a wrong old PIN: no new one is asked for");
	spill("pin", "test-PIN\n", 0600);
	f.text = "test-PIN";
	ok(set_pin(&f, MODULE, &why, &err) && why == TMK_OPEN_PIN,
	   "the same one: %s", err.text);
	f.text = "abc";
	ok(set_pin(&f, MODULE, &why, &err) && why == TMK_OPEN_PIN &&
	   strstr(err.text, "too short"), "one that is too short");
	f.text = "other-PIN";
	setenv("TMK_SHIM", "C_SetPIN=0x6", 1);
	ok(set_pin(&f, shim, &why, &err) && why == TMK_OPEN_OTHER,
	   "a failure that may have changed it");
	setenv("TMK_SHIM", "C_SetPIN=0xa3", 1);
	ok(set_pin(&f, shim, &why, &err) && why == TMK_OPEN_PIN,
	   "one that has not");
	unsetenv("TMK_SHIM");
	ok(!set_pin(&f, MODULE, &why, &err) && f.asked == 1 &&
	   f.which == TMK_PIN_NEW, "another PIN: %s", err.text);
	ok(keys() == -1, "the old one opens nothing");
	spill("pin", "other-PIN\n", 0600);
	ok(keys() >= 0, "the new one does");
}

int main(int argc, char **argv)
{
	struct tmk_err err = TMK_ERR_INIT;

	(void)argc;
	scratch_make();
	shim_find(argv[0]);
	ok(!token_make("life", &err), "a token: %s", err.text);
	test_inspect();
	test_inspect_shim();
	test_destroy();
	test_destroy_proof();
	test_pin();
	scratch_remove();
	return tap_done();
}
