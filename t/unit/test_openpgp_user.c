/*
 * test_openpgp_user.c - which address a user id holds, if any, and which of
 * them are a key's.
 */
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "t/unit/openpgp_keyring.h"

static void holds(const char *id, size_t len, const char *mail)
{
	const uint8_t *out = NULL;
	size_t n = 0;
	bool found = tmk_openpgp_user_email(&out, &n, (const uint8_t *)id,
					    len);

	char shown[128];

	tmk_enc_show_into(shown, sizeof(shown), id, len);
	if (!mail)
		ok(!found && !out && !n, "no address in '%s'", shown);
	else
		ok(found && n == strlen(mail) && !memcmp(out, mail, n),
		   "%s in '%s'", mail, shown);
}

static void test_text(void)
{
	static const struct {
		const char *id, *mail;
	} t[] = {
		{ "Ann <ann@x.org>", "ann@x.org" },
		{ "<ann@x.org>", "ann@x.org" },
		{ "ann@x.org", "ann@x.org" },
		{ "Ann (work) <a.b+c=d@x.org>", "a.b+c=d@x.org" },
		{ "\xc3\x85sa <\xc3\xa5sa@x.org>", "\xc3\xa5sa@x.org" },
		{ "ann@x.org <ann@x.org>", "ann@x.org" },
		{ "bob@x.org <ann@x.org>", NULL },
		{ "a@b <ann@x.org>", NULL },
		{ "", NULL }, { "Ann", NULL }, { "<>", NULL }, { "<", NULL },
		{ ">", NULL }, { "@", NULL }, { "<@>", NULL },
		{ "<ann@>", NULL }, { "<@x.org>", NULL },
		{ "Ann ann@x.org", NULL }, { " ann@x.org", NULL },
		{ "Ann <ann@x.org> ", NULL }, { "Ann <ann@x.org> x", NULL },
		{ "Ann <ann@x.org", NULL }, { "Ann ann@x.org>", NULL },
		{ "<ann@x.org> <bob@x.org>", NULL },
		{ "<<ann@x.org>>", NULL }, { "<ann@x.org>>", NULL },
		{ "<ann@bob@x.org>", NULL }, { "<ann bob@x.org>", NULL },
		{ "<\"ann\"@x.org>", NULL }, { "<ann@x.org,b@x.org>", NULL },
		{ "<mailto:ann@x.org>", NULL }, { "<ann@[1.2.3.4]>", NULL },
		{ "Ann\n<ann@x.org>", NULL }, { "Ann <ann\x7f@x.org>", NULL },
		{ "Ann\x1b[0m <ann@x.org>", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		holds(t[i].id, strlen(t[i].id), t[i].mail);
	holds("a\0b <ann@x.org>", 15, NULL);
	holds("<ann\0@x.org>", 12, NULL);
}

/* ---- which of them count ------------------------------------------------ */

/* A user id with a signature by `by`; `ends` s after it, 0 never. */
static void name(const char *user, int type, const struct forge_key *by,
		 int64_t time, uint32_t ends)
{
	struct forge_sig s = usual(type, by, time, type == 0x13 ? BOTH : -1);

	if (ends)
		forge_u32(&s.hashed, TMK_OPENPGP_SUB_EXPIRES, ends);
	put_sig(&s, by, &ann, user, NULL);
}

/* The addresses of a key at a time, with commas behind; in room for `max`
 * bytes. */
static const char *emails(const struct forge_key *k, int64_t at, size_t max)
{
	static char all[8192];
	struct tmk_openpgp_sig sig = { .has_fpr = true };
	struct tmk_evidence ev = { .ops = &tmk_seal_openpgp,
		.format = TMK_FORMAT_OPENPGP, .signatures = 1 };
	struct tmk_buf out = TMK_BUF_INIT(max);
	struct tmk_keyring *keyring = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	size_t i;

	memcpy(sig.fpr, k->key.fpr, sizeof(sig.fpr));
	ev.signature[0].priv = &sig;
	must_be(!read_ring(&keyring, &err));
	must_be(!tmk_seal_openpgp.keyring_emails(&out, keyring, &ev, 0, NULL,
						 at, &err));
	must_be(out.len < sizeof(all));
	for (i = 0; i < out.len; i++)
		all[i] = out.data[i] ? (char)out.data[i] : ',';
	all[out.len] = '\0';
	tmk_buf_release(&out);
	tmk_keyring_free(keyring);
	return all;
}

static void test_counted(void)
{
	start(BOTH);
	is_str(emails(&ann, TIME, 4096), "ann@example.org,", "one name");
	put_user("ann@home.example");
	name("ann@home.example", 0x13, &ann, FORGE_T0 + 1, 0);
	is_str(emails(&ann, TIME, 4096), "ann@example.org,ann@home.example,",
	       "two");
	is_str(emails(&ann, TIME, 20), "ann@example.org,",
	       "as many as there is room for");
	put_user("Boss <boss@example.org>");
	is_str(emails(&ann, TIME, 4096), "ann@example.org,ann@home.example,",
	       "not one that nobody signed");
	name("Boss <boss@example.org>", 0x13, &bob, FORGE_T0, 0);
	is_str(emails(&ann, TIME, 4096), "ann@example.org,ann@home.example,",
	       "nor one that somebody else signed");
	name("Boss <boss@example.org>", 0x13, &ann, FORGE_T0 - 1, 0);
	is_str(emails(&ann, TIME, 4096), "ann@example.org,ann@home.example,",
	       "nor a word that is older than the key");
}

static void test_taken_back(void)
{
	start(BOTH);
	put_user("ann@old.example");
	name("ann@old.example", 0x13, &ann, FORGE_T0 + 1, 0);
	name("ann@old.example", 0x30, &ann, FORGE_T0 + 5, 0);
	is_str(emails(&ann, TIME, 4096), "ann@example.org,", "taken back");
	is_str(emails(&ann, FORGE_T0 + 2, 4096), "ann@example.org,",
	       "also for what is older");
	name("ann@old.example", 0x13, &ann, FORGE_T0 + 6, 0);
	is_str(emails(&ann, TIME, 4096), "ann@example.org,ann@old.example,",
	       "and said again");
	start(BOTH);
	put_user("ann@temp.example");
	name("ann@temp.example", 0x13, &ann, FORGE_T0 + 1, 100);
	is_str(emails(&ann, FORGE_T0 + 100, 4096),
	       "ann@example.org,ann@temp.example,", "said for a time");
	is_str(emails(&ann, FORGE_T0 + 101, 4096), "ann@example.org,",
	       "which has passed");
}

static void test_many(void)
{
	char user[32];
	int i;

	start(BOTH);
	for (i = 1; i <= TMK_OPENPGP_USERS_MAX; i++) {
		snprintf(user, sizeof(user), "m%02d@example.org", i);
		put_user(user);
		name(user, 0x13, &ann, FORGE_T0, 0);
	}
	ok(strstr(emails(&ann, TIME, 8000), "m63@example.org,") &&
	   !strstr(emails(&ann, TIME, 8000), "m64@example.org,"),
	   "no more than %d user ids", TMK_OPENPGP_USERS_MAX);
}

int main(void)
{
	forge_key(&ann, soft_ed25519(), FORGE_T0);
	forge_key(&bob, soft_ed25519(), FORGE_T0);
	forge_key(&sub, soft_ed25519(), FORGE_T0 + 1);
	test_text();
	test_counted();
	test_taken_back();
	test_many();
	forge_key_free(&ann);
	forge_key_free(&bob);
	forge_key_free(&sub);
	tmk_buf_release(&ring);
	return tap_done();
}
