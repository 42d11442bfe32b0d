/*
 * test_openpgp_owner.c - what an owner's own signatures may say, and how much
 * of it is looked at: times, contradictions, revokers, masses.
 */
#include "base/clock.h"
#include "t/unit/openpgp_keyring.h"

/* A signature that says to be older than the key that made it. */
static void test_backdated(void)
{
	struct tmk_standing out;
	struct forge_sig s;

	ring.len = 0;
	put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
	put_user(ANN);
	s = usual(0x13, &ann, FORGE_T0 - 1, BOTH);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "older than its key");
	s = usual(0x1f, &ann, FORGE_T0 - 1, BOTH);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "without a name too");
	start(BOTH);
	s = usual(0x20, &ann, FORGE_T0 - 1, -1);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "but a revocation");
	ok(out.revoked_hard, "counts");
}

static void bind_sub(int64_t back_time, uint32_t back_ends)
{
	struct tmk_buf all = TMK_BUF_INIT(1 << 16);
	struct tmk_buf over = TMK_BUF_INIT(1 << 16);
	struct forge_sig back = usual(0x19, &sub, back_time, -1);
	struct forge_sig s = usual(0x18, &ann, FORGE_T0 + 10,
				   TMK_OPENPGP_FLAG_SIGN);

	if (back_ends)
		forge_u32(&back.hashed, TMK_OPENPGP_SUB_EXPIRES, back_ends);
	forge_over_key(&over, &ann);
	forge_over_key(&over, &sub);
	forge_packet(&all, &back, &sub, over.data, over.len);
	forge_sub(&s.hashed, TMK_OPENPGP_SUB_EMBEDDED, all.data + 2,
		  all.len - 2);
	start(BOTH);
	put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	put_sig(&s, &ann, &ann, NULL, &sub);
	tmk_buf_release(&all);
	tmk_buf_release(&over);
	forge_sig_free(&back);
}

static void test_back(void)
{
	struct tmk_standing out;

	bind_sub(sub.created - 1, 0);
	expect(&out, &sub, TMK_CERT_MISSING, "a subkey's word that is older "
	       "than it");
	bind_sub(sub.created, 0);
	expect(&out, &sub, TMK_GOOD, "and as old");
	ok(out.valid_until == TMK_TIME_NONE, "without an end");
	bind_sub(sub.created, 50);
	expect(&out, &sub, TMK_GOOD, "a subkey's word that ends");
	is_int(out.valid_until, sub.created + 50, "ends the subkey");
}

/* The key itself and the key with a name say different things. */
static void test_two_words(void)
{
	struct tmk_standing out;
	struct forge_sig s;

	start(TMK_OPENPGP_FLAG_CERTIFY);
	s = usual(0x1f, &ann, FORGE_T0 + 5, BOTH);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_CERT_USAGE, "the name is not for signing");
	start(-1);
	s = usual(0x1f, &ann, FORGE_T0 + 5, BOTH);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, 0);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "the name does not say");
	s = usual(0x13, &ann, FORGE_T0 + 6, BOTH);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, 70);
	ring.len = 0;
	put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
	put_user(ANN);
	put_sig(&s, &ann, &ann, ANN, NULL);
	s = usual(0x1f, &ann, FORGE_T0 + 7, BOTH);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, 0);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_GOOD, "never, and at a time");
	is_int(out.valid_until, FORGE_T0 + 70, "is at that time");
	start(TMK_OPENPGP_FLAG_CERTIFY);
	put_user("Second");
	s = usual(0x13, &ann, FORGE_T0, BOTH);
	put_sig(&s, &ann, &ann, "Second", NULL);
	expect(&out, &ann, TMK_CERT_USAGE, "of two names as old the first "
	       "counts");
}

/* What is not understood takes away, and an older word does not come back. */
static void test_odd(void)
{
	struct tmk_standing out;
	struct forge_sig s;

	start(BOTH);
	s = usual(0x13, &ann, FORGE_T0 + 9, BOTH);
	forge_u8(&s.hashed, 100 | 0x80, 1);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "a newer word that is not "
	       "understood");
	s = usual(0x1f, &ann, FORGE_T0, BOTH);
	put_sig(&s, &ann, &ann, NULL, NULL);
	s = usual(0x13, &ann, FORGE_T0 + 10, BOTH);
	forge_u8(&s.hashed, 100 | 0x80, 1);
	forge_u32(&s.hashed, TMK_OPENPGP_SUB_KEY_EXPIRES, 90);
	put_user(ANN);
	put_sig(&s, &ann, &ann, ANN, NULL);
	expect(&out, &ann, TMK_GOOD, "beside one of the key itself");
	is_int(out.valid_until, FORGE_T0 + 90, "sets an end");
	s = usual(0x1f, &ann, FORGE_T0 + 11, TMK_OPENPGP_FLAG_CERTIFY);
	forge_u8(&s.hashed, 100 | 0x80, 1);
	put_sig(&s, &ann, &ann, NULL, NULL);
	expect(&out, &ann, TMK_CERT_MISSING, "of the key itself too");

	start(BOTH);
	put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	s = usual(0x18, &ann, FORGE_T0 + 5, TMK_OPENPGP_FLAG_SIGN);
	back_sig(&s.hashed, &sub, &ann);
	put_sig(&s, &ann, &ann, NULL, &sub);
	expect(&out, &sub, TMK_GOOD, "a subkey");
	s = usual(0x18, &ann, FORGE_T0 + 6, TMK_OPENPGP_FLAG_SIGN);
	back_sig(&s.hashed, &sub, &ann);
	forge_u8(&s.hashed, 100 | 0x80, 1);
	put_sig(&s, &ann, &ann, NULL, &sub);
	expect(&out, &sub, TMK_CERT_MISSING, "and a newer word about it that "
	       "is not understood");
}

static void add_revoker(struct forge_sig *s, int n, const struct forge_key *k)
{
	uint8_t body[22] = { 0x80, TMK_OPENPGP_EDDSA, (uint8_t)n };

	if (k)
		memcpy(body + 2, k->key.fpr, 20);
	forge_sub(&s->hashed, TMK_OPENPGP_SUB_REVOKER, body, sizeof(body));
}

/* `each` strangers in each of `sigs` signatures, then Bob; he revokes. */
static void put_revokers(int sigs, int each, bool other)
{
	struct forge_sig s;
	int i, k;

	start(BOTH);
	for (i = 0; i <= sigs; i++) {
		s = usual(0x1f, &ann, FORGE_T0 + i, BOTH);
		for (k = 0; k < each; k++)
			add_revoker(&s, other ? i * each + k : k, NULL);
		if (i == sigs)
			add_revoker(&s, 0, &bob);
		put_sig(&s, &ann, &ann, NULL, NULL);
	}
	s = usual(0x20, &bob, FORGE_T0 + 100, -1);
	put_sig(&s, &bob, &ann, NULL, NULL);
	put_key(&bob, TMK_OPENPGP_PUBLIC_KEY);
}

static void test_revokers(void)
{
	struct tmk_standing out;

	put_revokers(0, TMK_OPENPGP_REVOKERS - 1, false);
	expect(&out, &ann, TMK_GOOD, "the last of several revokers");
	ok(out.revoked_hard, "revokes");
	put_revokers(9, 3, false);
	expect(&out, &ann, TMK_GOOD, "named behind others that stand in every "
	       "signature");
	ok(out.revoked_hard, "revokes");
	put_revokers(0, TMK_OPENPGP_REVOKERS, false);
	expect(&out, &ann, TMK_LIMIT_EXCEEDED, "more than are looked at");
	put_revokers(3, 3, true);
	expect(&out, &ann, TMK_LIMIT_EXCEEDED, "in several signatures");
}

static void test_masses(void)
{
	char name[2050];
	struct tmk_standing out;
	struct forge_sig s;
	int i;

	for (i = 2048; i < 2050; i++) {
		memset(name, 'n', sizeof(name));
		name[i] = '\0';
		ring.len = 0;
		put_key(&ann, TMK_OPENPGP_PUBLIC_KEY);
		put_user(name);
		s = usual(0x13, &ann, FORGE_T0, BOTH);
		put_sig(&s, &ann, &ann, name, NULL);
		expect(&out, &ann, i == 2048 ? TMK_GOOD : TMK_CERT_MISSING,
		       i == 2048 ? "a long name" : "one that is too long");
	}
	start(BOTH);
	for (i = 0; i < TMK_OPENPGP_ALIKE_MAX; i++)
		put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	expect(&out, &sub, TMK_CERT_MISSING, "a subkey many times");
	put_key(&sub, TMK_OPENPGP_PUBLIC_SUBKEY);
	expect(&out, &sub, TMK_LIMIT_EXCEEDED, "and too many times");
}

int main(void)
{
	forge_key(&ann, soft_ed25519(), FORGE_T0);
	forge_key(&bob, soft_ed25519(), FORGE_T0);
	forge_key(&sub, soft_ed25519(), FORGE_T0 + 1);
	test_backdated();
	test_back();
	test_two_words();
	test_odd();
	test_revokers();
	test_masses();
	forge_key_free(&ann);
	forge_key_free(&bob);
	forge_key_free(&sub);
	tmk_buf_release(&ring);
	return tap_done();
}
