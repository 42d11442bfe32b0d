/*
 * test_openpgp_keyring.c - keyrings in forms that gpg would not write: what
 * they say about a key, and what they cannot make us believe.
 */
#include "base/clock.h"
#include "base/enc.h"
#include "formats/armour.h"
#include "t/unit/openpgp_keyring.h"

static void refused(const char *piece, const char *what)
{
	struct tmk_keyring *keyring = NULL;
	struct tmk_err err = TMK_ERR_INIT;

	ok(read_ring(&keyring, &err) < 0 && err.code == TMK_USAGE &&
	   !keyring && err.hint[0] && strstr(err.text, piece),
	   "%s: no keyring (%s)", what, err.text);
}

/* ---- tests --------------------------------------------------------------------- */

static void test_plain(void)
{
	struct tmk_standing s;
	char fpr[TMK_KEY_ID];

	start(BOTH);
	expect(&s, &ann, TMK_GOOD, "an honest key");
	tmk_enc_hex_upper(fpr, ann.key.fpr, 20);
	is_str(s.key_id, fpr, "its fingerprint");
	is_str(s.primary_id, fpr, "which is the primary's");
	is_str(s.user, ANN, "its name");
	is_int(s.valid_from, FORGE_T0, "from when");
	ok(s.valid_until == TMK_TIME_NONE && s.revoked_at == TMK_TIME_NONE &&
	   !s.revoked_hard, "without an end");
	is_int(find_time(&s, &ann, true, TIME), TMK_GOOD, "by key id");
	is_int(find_time(&s, &ann, false, FORGE_T0), TMK_GOOD,
	       "a signature of the first second");
	is_int(find_time(&s, &ann, false, FORGE_T0 - 1),
	       TMK_CERT_NOT_YET_VALID, "and of the second before");
	expect(&s, &bob, TMK_CERT_MISSING, "a key that is not there");
	is_int(find_time(&s, &bob, true, TIME), TMK_CERT_MISSING,
	       "nor its id");
	start(TMK_OPENPGP_FLAG_CERTIFY);
	expect(&s, &ann, TMK_CERT_USAGE, "a key that is not for signing");
	start(-1);
	expect(&s, &ann, TMK_CERT_USAGE, "one that does not say");
}

static void test_binding(void)
{
	struct forge_sig s;
	struct tmk_standing out;

	ring.len = 0;
	put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
	expect(&out, &ann, TMK_CERT_MISSING, "a bare key");
	put_user(ANN);
	expect(&out, &ann, TMK_CERT_MISSING, "a key and a name");
	s = usual(0x13, &bob, FORGE_T0, BOTH);
	put_sig(&s, &bob, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "bound by somebody else");
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	put_sig(&s, &bob, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "by somebody else in her name");
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	put_sig(&s, &ann, &ann, "Other", NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "under another name");
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	s.hash = 2;
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "with SHA-1");
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	forge_u8(&s.hashed, 100 | 0x80, 1);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "with what is not understood");
	s = usual(0x13, &ann, FORGE_T0, -1);
	forge_u8(&s.unhashed, TMK_OPENPGP_SUB_FLAGS, BOTH);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_USAGE, "flags that are not signed");
	s = usual(0x10, &ann, FORGE_T0 + 1, BOTH);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "by the owner");
	ring.len = 0;
	put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
	s = usual(0x1f, &ann, FORGE_T0, BOTH);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "by a signature of the key alone");
	is_str(out.user, "", "which then has no name");
}

/* What is newer counts, and what is said of the key itself. */
static void test_ends(void)
{
	struct forge_sig s;
	struct tmk_standing out;

	start(BOTH);
	s = usual(0x13, &ann, FORGE_T0 + 10, BOTH);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, 500);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "a newer signature with an end");
	is_int(out.valid_until, FORGE_T0 + 500, "counted from the key's birth");
	s = usual(0x13, &ann, FORGE_T0 + 5, BOTH);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "an older one behind it");
	is_int(out.valid_until, FORGE_T0 + 500, "changes nothing");
	s = usual(0x13, &ann, FORGE_T0 + 20, BOTH);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_EXPIRES, 100);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "a signature that ends itself");
	is_int(out.valid_until, FORGE_T0 + 120, "ends the key");
	s = usual(0x1f, &ann, FORGE_T0 + 1, TMK_OPENPGP_FLAG_CERTIFY);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, 77);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_CERT_USAGE, "what the key says of itself "
	       "comes first");
	s = usual(0x1f, &ann, FORGE_T0 + 2, BOTH);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, 78);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "and again");
	is_int(out.valid_until, FORGE_T0 + 78, "with its end");
}

static void test_users(void)
{
	struct forge_sig s;
	struct tmk_standing out;

	start(BOTH);
	put_user("Ann \x1b[2J\n<evil@example.org>");
	s = usual(0x13, &ann, FORGE_T0 + 10, BOTH);
	put_sig(&s, &ann, &ann, "Ann \x1b[2J\n<evil@example.org>", NULL);
	expect(&out, &ann, TMK_GOOD, "a name with control bytes");
	ok(strstr(out.user, "\\x1b") && !strchr(out.user, '\n') &&
	   !strchr(out.user, 0x1b), "is escaped: %s", out.user);
	s = usual(0x30, &ann, FORGE_T0 + 11, -1);
	put_sig(&s, &ann, &ann, "Ann \x1b[2J\n<evil@example.org>", NULL);
	expect(&out, &ann, TMK_GOOD, "a name that was taken back");
	is_str(out.user, ANN, "is not shown");

	start(BOTH);
	s = usual(0x30, &ann, FORGE_T0 + 5, -1);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "the only name taken back");
	s = usual(0x13, &ann, FORGE_T0 + 6, BOTH);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "and given again");
	start(BOTH);
	s = usual(0x30, &bob, FORGE_T0 + 5, -1);
	put_sig(&s, &bob, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "taken back by somebody else");

	start(BOTH);
	put_user("Second");
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	forge_u8(&s.hashed, TMK_OPENPGP_SUB_PRIMARY, 1);
	put_sig(&s, &ann, &ann, "Second", NULL);
	put_user("Third");
	s = usual(0x13, &ann, FORGE_T0 + 9, BOTH);
	put_sig(&s, &ann, &ann, "Third", NULL);
	expect(&out, &ann, TMK_GOOD, "three names");
	is_str(out.user, "Second", "the primary one is shown");
}

static void revocation(struct forge_sig *s, const struct forge_key *by,
		       int reason)
{
	*s = usual(0x20, by, FORGE_T0 + 100, -1);
	if (reason >= 0)
		forge_u8(&s->hashed, TMK_OPENPGP_SUB_REASON, reason);
}

static void test_revoked(void)
{
	static const struct {
		int reason;
		bool hard;
	} kinds[] = {
		{ -1, true }, { 0, true }, { 1, false }, { 2, true },
		{ 3, false }, { 32, true }, { 100, true }
	};
	struct forge_sig s;
	struct tmk_standing out;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		start(BOTH);
		revocation(&s, &ann, kinds[i].reason);
		put_sig(&s, &ann, &ann, NULL, NULL);
		expect(&out, &ann, TMK_GOOD, "a key that is revoked");
		ok(out.revoked_at == FORGE_T0 + 100 &&
		   out.revoked_hard == kinds[i].hard, "for reason %d: %s",
		   kinds[i].reason, kinds[i].hard ? "hard" : "soft");
	}
	revocation(&s, &ann, 2);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "a soft one before a hard one");
	ok(out.revoked_hard, "is hard");

	start(BOTH);
	revocation(&s, &bob, 3);
	put_sig(&s, &bob, &ann, NULL, NULL);
	revocation(&s, &ann, 3);
	s.lie = true;
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "revoked by somebody else, or wrongly");
	is_int(out.revoked_at == TMK_TIME_NONE, 1, "is not revoked");

	start(BOTH);
	revocation(&s, &ann, 3);
	s.hash = 2;
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "revoked with SHA-1");
	is_int(out.revoked_at, FORGE_T0 + 100, "is revoked");
	start(BOTH);
	revocation(&s, &ann, 3);
	forge_u8(&s.hashed, 100 | 0x80, 1);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "revoked in words that are not "
	       "understood");
	is_int(out.revoked_at, FORGE_T0 + 100, "is revoked");
	start(BOTH);
	s = (struct forge_sig)FORGE_SIG(0x20);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "revoked without time and issuer");
	ok(out.revoked_hard && !out.revoked_at, "is revoked from the start");
}

static void test_revoker(void)
{
	uint8_t body[22] = { 0x80, TMK_OPENPGP_EDDSA };
	struct tmk_standing out;
	struct forge_sig s;
	int i;

	for (i = 0; i < 3; i++) {
		start(BOTH);
		memcpy(body + 2, bob.key.fpr, 20);
		s = usual(0x1f, i == 1 ? &bob : &ann, FORGE_T0, BOTH);
		forge_sub(&s.hashed, TMK_OPENPGP_SUB_REVOKER, body,
			  sizeof(body));
		put_sig(&s, i == 1 ? &bob : &ann, &ann, NULL, NULL);
		revocation(&s, &bob, 3);
		put_sig(&s, &bob, &ann, NULL, NULL);
		if (i < 2) {
			put_key(&bob, TMK_OPENPGP_PUBLIC_KEY);
			put_user("Bob");
		}
		expect(&out, &ann, TMK_GOOD, "a revoker");
		is_int(out.revoked_at != TMK_TIME_NONE, i == 0, i == 0 ?
		       "whom the owner named" : i == 1 ?
		       "who named himself" : "whose key is not there");
	}
}

static void put_binding(const struct forge_key *primary, int flags,
			const struct forge_key *back, int64_t time,
			uint32_t expires)
{
	struct forge_sig s = usual(0x18, primary, time, flags);

	if (back)
		back_sig(&s.unhashed, back, primary);
	if (expires)
		forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, expires);
	put_sig(&s, primary, primary, NULL, &sub);
}

static void test_subkeys(void)
{
	const int sign = TMK_OPENPGP_FLAG_SIGN;
	struct tmk_standing out;
	struct forge_sig s;
	char fpr[TMK_KEY_ID];

	start(BOTH);
	put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	expect(&out, &sub, TMK_CERT_MISSING, "a subkey that is not bound");
	put_binding(&ann, sign, NULL, FORGE_T0, 0);
	expect(&out, &sub, TMK_CERT_MISSING, "one that does not sign back");
	put_binding(&ann, sign, &bob, FORGE_T0 + 1, 0);
	expect(&out, &sub, TMK_CERT_MISSING, "somebody else signs back");
	put_binding(&ann, sign, &sub, FORGE_T0 + 2, 0);
	expect(&out, &sub, TMK_GOOD, "a subkey");
	tmk_enc_hex_upper(fpr, ann.key.fpr, 20);
	is_str(out.primary_id, fpr, "and its owner");
	is_str(out.user, ANN, "by name");
	is_int(out.valid_from, sub.created, "from its own time on");
	put_binding(&ann, sign, &sub, FORGE_T0 + 3, 700);
	expect(&out, &sub, TMK_GOOD, "a newer binding");
	is_int(out.valid_until, sub.created + 700, "with an end");
	put_binding(&ann, 0x0c, NULL, FORGE_T0 + 4, 0);
	expect(&out, &sub, TMK_CERT_MISSING, "bound anew for encryption");
	put_binding(&ann, 0x0c, &sub, FORGE_T0 + 5, 0);
	expect(&out, &sub, TMK_CERT_USAGE, "even signed back");
	put_binding(&ann, sign, &sub, FORGE_T0 + 6, 0);
	s = usual(0x28, &ann, FORGE_T0 + 200, -1);
	forge_u8(&s.hashed, TMK_OPENPGP_SUB_REASON, 1);
	put_sig(&s, &ann, &ann, NULL, &sub);
	expect(&out, &sub, TMK_GOOD, "a revoked subkey");
	ok(out.revoked_at == FORGE_T0 + 200 && !out.revoked_hard, "softly");
	expect(&out, &ann, TMK_GOOD, "its owner");
	is_int(out.revoked_at == TMK_TIME_NONE, 1, "is not");
	revocation(&s, &ann, 2);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &sub, TMK_GOOD, "now the owner is too");
	ok(out.revoked_at == FORGE_T0 + 100 && out.revoked_hard,
	   "and with it the subkey, hard");
	expect(&out, &ann, TMK_GOOD, "the owner");
	ok(out.revoked_hard, "is revoked wherever that stands");
}

/* Bob claims Ann's subkey. */
static void test_stolen(void)
{
	struct tmk_standing out;
	struct forge_sig s;

	start(BOTH);
	put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	put_binding(&ann, TMK_OPENPGP_FLAG_SIGN, &sub, FORGE_T0, 0);
	put_key(&bob, TMK_OPENPGP_PUBLIC_KEY);
	put_user("Bob");
	s = usual(0x13, &bob, FORGE_T0, BOTH);
	put_sig(&s, &bob, &bob, "Bob", NULL);
	put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	s = usual(0x18, &bob, FORGE_T0 + 50, TMK_OPENPGP_FLAG_SIGN);
	back_sig(&s.hashed, &sub, &ann);
	put_sig(&s, &bob, &bob, NULL, &sub);
	expect(&out, &sub, TMK_GOOD, "a subkey that two claim");
	is_str(out.user, ANN, "belongs to whom it names");
	put_binding(&bob, TMK_OPENPGP_FLAG_SIGN, &sub, FORGE_T0 + 60, 0);
	expect(&out, &sub, TMK_CERT_MISSING, "and to nobody when it names "
	       "both");
	expect(&out, &bob, TMK_GOOD, "Bob himself is there");
}

static void test_refused(void)
{
	struct tmk_buf text = TMK_BUF_INIT(1 << 20);
	int i;

	ring.len = 0;
	refused("empty", "nothing");
	put_user(ANN);
	refused("begin", "a name without a key");
	ring.len = 0;
	packet(TMK_OPENPGP_MARKER, "PGP", 3);
	refused("no key", "a marker alone");
	start(BOTH);
	put_key(&bob, TMK_OPENPGP_PUBLIC_KEY);
	start(BOTH);
	must_be(!tmk_buf_add(&text, ring.data, ring.len) &&
		!tmk_buf_add(&ring, text.data, text.len));
	refused("twice", "one key twice");
	start(BOTH);
	packet(TMK_OPENPGP_SECRET_SUBKEY, "x", 1);
	refused("secret", "a secret subkey");
	start(BOTH);
	packet(11, "b", 1);
	refused("no public key", "a literal packet");
	start(BOTH);
	ring.len--;
	refused("cut", "a cut one");
	start(BOTH);
	for (i = 0; i < 65; i++)
		put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	refused("64", "65 subkeys");
	ring.len = 0;
	for (i = 0; i < 4097; i++)
		packet(TMK_OPENPGP_PUBLIC_KEY, "\3\0\0\0\0\0", 6);
	refused("4096", "4097 keys");
	ring.len = 0;
	must_be(!tmk_buf_addstr(&ring, "no keyring at all\n"));
	refused("no public key block", "text");
	tmk_buf_release(&text);
}

static void test_armoured(void)
{
	struct tmk_buf text = TMK_BUF_INIT(1 << 20);
	struct tmk_standing out;
	struct tmk_err err = TMK_ERR_INIT;

	start(BOTH);
	must_be(!tmk_armour_write(&text, TMK_ARMOUR_LABEL_KEY, ring.data,
				  ring.len, &err));
	ring.len = 0;
	must_be(!tmk_buf_addstr(&ring, "\n") &&
		!tmk_buf_add(&ring, text.data, text.len) &&
		!tmk_buf_addstr(&ring, "\n"));
	expect(&out, &ann, TMK_GOOD, "an armoured one");
	ring.len -= 4;
	refused("END", "its END is cut");
	tmk_buf_release(&text);
}

static void test_flood(void)
{
	struct tmk_standing out;
	struct forge_sig s;
	int i;

	start(BOTH);
	for (i = 0; i < 1100; i++) {
		s = usual(0x10, &ann, FORGE_T0 + i, BOTH);
		s.lie = true;
		put_sig(&s, &ann, &ann, ANN, NULL);
	}
	expect(&out, &ann, TMK_LIMIT_EXCEEDED, "more signatures than anybody "
	       "needs");
}

/* What lies in old keyrings and is of no use does no harm. */
static void test_others(void)
{
	struct tmk_standing out;
	struct forge_sig s;

	ring.len = 0;
	packet(TMK_OPENPGP_PUBLIC_KEY, "\3\0\0\0\0\0\0\1", 8);
	put_user("Old");
	packet(TMK_OPENPGP_PUBLIC_KEY, "\4\0\0\0\1\x11\0\1\1", 9);
	put_user("DSA");
	packet(TMK_OPENPGP_SIGNATURE, "\3\5\0", 3);
	put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
	packet(TMK_OPENPGP_TRUST, "\0\0", 2);
	must_be(!tmk_buf_add(&ring, "\xd1\x03\x02\x01\x00", 5));
	put_user(ANN);
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "a key among relics");
	/* A signature of a user attribute binds no name. */
	ring.len = 0;
	put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
	must_be(!tmk_buf_add(&ring, "\xd1\x03", 2) &&
		!tmk_buf_add(&ring, "Ann", 3));
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	put_sig(&s, &ann, &ann, "Ann", NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "a picture is no name");
}

int main(void)
{
	forge_key(&ann, soft_ed25519(), FORGE_T0);
	forge_key(&bob, soft_ed25519(), FORGE_T0);
	forge_key(&sub, soft_ed25519(), FORGE_T0 + 1);
	test_plain();
	test_binding();
	test_ends();
	test_users();
	test_revoked();
	test_revoker();
	test_subkeys();
	test_stolen();
	test_refused();
	test_armoured();
	test_flood();
	test_others();
	forge_key_free(&ann);
	forge_key_free(&bob);
	forge_key_free(&sub);
	tmk_buf_release(&ring);
	return tap_done();
}
