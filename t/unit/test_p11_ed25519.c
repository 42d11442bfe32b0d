/*
 * Ed25519 on a token: made, listed, found, signed with, and judged by OpenSSL;
 * and the ways in which modules tell the same key.
 */
#include <sys/wait.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "key/deadline.h"
#include "t/unit/key_shim.h"

static const struct tmk_store_ops *store = &tmk_store_p11;
static struct tmk_err err;

static EVP_PKEY *key_of(const struct tmk_buf *spki)
{
	const unsigned char *at = spki->data;

	return d2i_PUBKEY(NULL, &at, (long)spki->len);
}

/* Whether OpenSSL takes `sig` over the message for the signer's public key. */
static bool verifies(const struct tmk_signer *s, const uint8_t *msg,
		     size_t len, const struct tmk_buf *sig)
{
	EVP_PKEY *key = key_of(&s->spki);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	good = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
		EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, sig->data, sig->len, msg, len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

static void sign_and_verify(const struct tmk_place *place, const char *name)
{
	static const size_t lengths[] = { 0, 1, 32, 64, TMK_MESSAGE_MAX };
	static uint8_t msg[TMK_MESSAGE_MAX + 1];
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	struct tmk_signer *s = NULL;
	size_t i, good = 0;

	for (i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)(i * 7);
	if (!ok(!store->open(&s, place, &err), "%s: opens", name)) {
		diag("%s", err.text);
		return;
	}
	ok(s->algorithm == TMK_KEY_ED25519 && s->bits == 256,
	   "%s: is an Ed25519 key of 256 bits", name);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		tmk_buf_clear(&sig);
		good += !s->ops->sign(s, TMK_EDDSA, 0, msg, lengths[i], &sig,
				      &err) && sig.len == 64 &&
			verifies(s, msg, lengths[i], &sig);
	}
	is_int((int)good, (int)i, "%s: OpenSSL takes every signature", name);
	msg[0] ^= 1;
	ok(!verifies(s, msg, lengths[i - 1], &sig),
	   "%s: and none of another message", name);
	ok(s->ops->sign(s, TMK_EDDSA, 0, msg, sizeof(msg), &sig, &err) < 0 &&
	   err.code == TMK_INTERNAL, "%s: no longer message", name);
	ok(s->ops->sign(s, TMK_ECDSA, TMK_SHA256, msg, 32, &sig, &err) < 0 &&
	   s->ops->sign(s, TMK_RSA_PKCS1, TMK_SHA256, msg, 32, &sig, &err) < 0,
	   "%s: no other scheme", name);
	tmk_signer_free(s);
	tmk_buf_release(&sig);
}

struct seen {
	int n, ed, with_spki;
	struct tmk_key_info last;
};

static int see(void *ctx, const struct tmk_key_info *info, struct tmk_err *e)
{
	struct seen *s = ctx;

	(void)e;
	s->n++;
	s->ed += info->algorithm == TMK_KEY_ED25519 && info->bits == 256;
	s->with_spki += info->spki.len == 44;
	return 0;
}

static void test_generate(void)
{
	const struct tmk_place place = place_of("pkcs11:token=one");
	const struct tmk_keygen what = { .label = "ed", .bits = 256,
					 .algorithm = TMK_KEY_ED25519 };
	struct tmk_keygen odd = what;
	struct tmk_key_info info;
	struct tmk_place key;
	struct seen seen = { 0 };

	tmk_key_info_init(&info);
	if (!ok(!store->generate(&place, &what, &info, &err), "generate"))
		diag("%s", err.text);
	ok(info.algorithm == TMK_KEY_ED25519 && info.bits == 256,
	   "told as Ed25519");
	ok(info.sensitive == TMK_YES && info.extractable == TMK_NO &&
	   info.sign == TMK_YES && info.modifiable == TMK_NO,
	   "stays in the token, for signing, for good");
	is_int((int)info.spki.len, 44, "its public key has 44 bytes");
	is_int((int)info.id_len, 20, "an id made from the key");
	key = place_of(info.uri);
	sign_and_verify(&key, "by its URI");
	key = place_of("pkcs11:token=one;object=ed");
	sign_and_verify(&key, "by its label");
	ok(!store->list(&place, false, see, &seen, &err) && seen.n == 1 &&
	   seen.ed == 1 && seen.with_spki == 1, "listed without a login");
	memset(&seen, 0, sizeof(seen));
	ok(!store->list(&place, true, see, &seen, &err) && seen.n == 1 &&
	   seen.ed == 1 && seen.with_spki == 1, "and with one");
	ok(store->generate(&place, &what, &info, &err) < 0,
	   "the label is taken");
	odd.bits = 448;
	odd.label = "ed448";
	ok(store->generate(&place, &odd, &info, &err) < 0 &&
	   strstr(err.hint, "ed25519"), "no other Edwards curve");
	tmk_key_info_release(&info);
}

/* One way of telling, in a process of its own. */
static void told_as(const char *how, bool make, const char *name)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct tmk_place place = place_of("pkcs11:token=one;object=ed");
		struct tmk_keygen what = { .label = "new", .bits = 256,
					   .algorithm = TMK_KEY_ED25519 };
		struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
		static const uint8_t msg[] = "a message";
		struct tmk_signer *s = NULL;
		struct tmk_key_info info;
		bool good = true;

		setenv("TMK_SHIM", how, 1);
		place.module = shim;
		tmk_key_info_init(&info);
		if (make) {
			place.uri = "pkcs11:token=one";
			good = !store->generate(&place, &what, &info, &err);
			place.uri = "pkcs11:token=one;object=new";
		}
		good = good && !store->open(&s, &place, &err) &&
			!s->ops->sign(s, TMK_EDDSA, 0, msg, sizeof(msg), &sig,
				      &err) &&
			verifies(s, msg, sizeof(msg), &sig);
		if (!good)
			fprintf(stderr, "# %s: %s\n", name, err.text);
		tmk_signer_free(s);
		tmk_buf_release(&sig);
		tmk_key_info_release(&info);
		_exit(!good);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "%s: signs", name);
}

/* What is told wrongly ends in a refusal that names it. */
static void refused_as(const char *how, const char *want, const char *name)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct tmk_place place = place_of("pkcs11:token=one;object=ed");
		struct tmk_signer *s = NULL;
		enum tmk_open_failure why = TMK_OPEN_DEVICE;
		bool good;

		setenv("TMK_SHIM", how, 1);
		place.module = shim;
		place.why = &why;
		good = store->open(&s, &place, &err) < 0 && !s &&
			strstr(err.text, want) && why == TMK_OPEN_KEY;
		if (!good)
			fprintf(stderr, "# %s: %s\n", name, err.text);
		_exit(!good);
	}
	ok(waitpid(pid, &status, 0) == pid && !status, "%s: refused", name);
}

int main(int argc, char **argv)
{
	int rc;

	(void)argc;
	scratch_make();
	shim_find(argv[0]);
	ok(!token_make("one", &err), "a token");
	test_generate();
	told_as("C_GetAttributeValue=raw-ec-point", false, "a bare point");
	told_as("C_GetAttributeValue=bit-string-point", false,
		"a point in a BIT STRING");
	told_as("C_GetAttributeValue=named-curve", false,
		"a curve by its name");
	told_as("C_GetAttributeValue=stop-early", false,
		"stops at the first missing attribute");
	told_as("C_GenerateKeyPair=named-curve", true,
		"a token that makes keys by the name alone");
	refused_as("C_GetAttributeValue=other-curve",
		   "on a curve that is not supported", "another curve");
	refused_as("C_GetAttributeValue=cut-point",
		   "not on its key's curve", "a point that is cut");
	refused_as("C_FindObjectsInit=no-public",
		   "does not tell the key's public part", "no public key");
	ok(!tmk_deadline_stuck(), "no module was given up");
	scratch_remove();
	rc = tap_done();
	fflush(stdout);
	/* SoftHSM forgets to free the names of Edwards curves: that is no leak
	 * of ours, and cannot be told from one at the end. */
	_exit(rc);
}
