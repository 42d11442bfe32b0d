/* The store over a real token: SoftHSM. */
#include <sys/wait.h>

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "key/deadline.h"
#include "t/unit/key_token.h"

static const struct tmk_store_ops *store = &tmk_store_p11;
static struct tmk_err err;
static char uri_p256[768], uri_rsa[768];

/* The bits of an SPKI that its id is made from, read by OpenSSL. */
static void key_id(const struct tmk_buf *spki, uint8_t id[20])
{
	const unsigned char *at = spki->data, *bits = NULL;
	X509_PUBKEY *pub = d2i_X509_PUBKEY(NULL, &at, (long)spki->len);
	int n = 0;

	memset(id, 0, 20);
	if (pub && X509_PUBKEY_get0_param(NULL, &bits, &n, NULL, pub))
		SHA1(bits, (size_t)n, id);
	X509_PUBKEY_free(pub);
}

static EVP_PKEY *key_of(const struct tmk_buf *spki)
{
	const unsigned char *at = spki->data;

	return d2i_PUBKEY(NULL, &at, (long)spki->len);
}

/* Whether OpenSSL takes the signature for this digest. */
static bool verifies(const struct tmk_signer *s, const EVP_MD *md,
		     const uint8_t *digest, const struct tmk_buf *sig)
{
	EVP_PKEY *key = key_of(&s->spki);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	unsigned char *der = NULL;
	ECDSA_SIG *rs = NULL;
	size_t half = sig->len / 2;
	int len = (int)sig->len;
	bool good = false;

	if (!ctx || EVP_PKEY_verify_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, md) <= 0)
		goto out;
	if (s->algorithm == TMK_KEY_EC) {
		rs = ECDSA_SIG_new();
		ECDSA_SIG_set0(rs, BN_bin2bn(sig->data, (int)half, NULL),
			       BN_bin2bn(sig->data + half, (int)half, NULL));
		len = i2d_ECDSA_SIG(rs, &der);
	}
	good = len > 0 &&
		EVP_PKEY_verify(ctx, der ? der : sig->data, (size_t)len,
				digest, (size_t)EVP_MD_get_size(md)) == 1;
out:
	ECDSA_SIG_free(rs);
	OPENSSL_free(der);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

static int sign_with(const char *uri, bool check)
{
	const struct tmk_place place = place_of(uri);
	static const uint8_t digest[64] = "0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcde";
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	struct tmk_signer *s = NULL;
	enum tmk_hash hash;
	int good = 0;

	if (store->open(&s, &place, &err))
		return -1;
	for (hash = TMK_SHA256; hash <= TMK_SHA512; hash++) {
		const EVP_MD *md = hash == TMK_SHA256 ? EVP_sha256() :
			hash == TMK_SHA384 ? EVP_sha384() : EVP_sha512();

		tmk_buf_clear(&sig);
		if (s->ops->sign(s, s->algorithm == TMK_KEY_RSA ?
				 TMK_RSA_PKCS1 : TMK_ECDSA, hash, digest,
				 (size_t)EVP_MD_get_size(md), &sig, &err))
			break;
		good += !check || verifies(s, md, digest, &sig);
	}
	tmk_buf_release(&sig);
	tmk_signer_free(s);
	return good;
}

static void test_generate(const char *label, enum tmk_algorithm algorithm,
			  unsigned int bits, char *uri)
{
	const struct tmk_place place = place_of("pkcs11:token=one");
	const struct tmk_keygen what = { .label = label,
					 .algorithm = algorithm,
					 .bits = bits };
	struct tmk_key_info info;
	uint8_t id[20];

	tmk_key_info_init(&info);
	if (!ok(!store->generate(&place, &what, &info, &err),
		"%s: generate", label)) {
		diag("%s", err.text);
		goto out;
	}
	ok(info.sensitive == TMK_YES && info.extractable == TMK_NO &&
	   info.always_sensitive == TMK_YES && info.local == TMK_YES &&
	   info.never_extractable == TMK_YES, "%s: cannot leave the token",
	   label);
	ok(info.sign == TMK_YES && info.decrypt == TMK_NO &&
	   info.unwrap == TMK_NO && info.modifiable == TMK_NO,
	   "%s: for signing alone, and for good", label);
	is_int(info.bits, bits, "%s: size", label);
	key_id(&info.spki, id);
	is_mem(info.id, info.id_len, id, sizeof(id),
	       "%s: the id is SHA-1 of the key bits", label);
	is_str(info.module, MODULE, "%s: module", label);
	if (uri)
		snprintf(uri, 768, "%s", info.uri);
	is_int(sign_with(info.uri, true), 3, "%s: signs three digests by the "
	       "URI it was given, OpenSSL verifies", label);
	ok(store->generate(&place, &what, &info, &err) < 0,
	   "%s: the label is taken", label);
	is_int(err.code, TMK_KEY, "%s: which is a key error", label);
out:
	tmk_key_info_release(&info);
}

static void test_given_id(void)
{
	const struct tmk_place place = place_of("pkcs11:token=two?pin-source="
						"file:/nowhere");
	struct tmk_keygen what = { .label = "ours",
				   .id = (const uint8_t *)"\x01\x00\xff",
				   .id_len = 3, .algorithm = TMK_KEY_EC,
				   .bits = 256 };
	struct tmk_key_info info;

	tmk_key_info_init(&info);
	ok(!store->generate(&place, &what, &info, &err), "an id of our own");
	is_str(info.uri, "pkcs11:token=two;id=%01%00%FF;object=ours;"
	       "type=private?module-path=" MODULE "&pin-source=file:/nowhere",
	       "its URI names everything but a PIN");
	is_int(info.modifiable, TMK_NO, "and it is for good");
	what.label = "other";
	ok(store->generate(&place, &what, &info, &err) < 0 &&
	   strstr(err.text, "id"), "the id is taken");
	what.bits = 2048;
	what.algorithm = TMK_KEY_RSA;
	ok(store->generate(&place, &what, &info, &err) < 0, "no RSA 2048");
	tmk_key_info_release(&info);
}

static int count(void *ctx, const struct tmk_key_info *info,
		 struct tmk_err *e)
{
	int *n = ctx;

	(void)e;
	n[0]++;
	n[1] += info->spki.len > 0;
	n[2] += info->sensitive == TMK_YES;
	return 0;
}

static void test_list(void)
{
	struct tmk_place place = place_of("pkcs11:token=one");
	int n[3] = { 0 };

	ok(!store->list(&place, false, count, n, &err), "list");
	is_int(n[0], 3, "three key pairs, seen without a login");
	is_int(n[1], 3, "with their public keys");
	is_int(n[2], 0, "and nothing about the private ones");
	memset(n, 0, sizeof(n));
	ok(!store->list(&place, true, count, n, &err), "list with a login");
	is_int(n[0], 3, "the same three");
	is_int(n[2], 3, "with what the token says of the private ones");
	memset(n, 0, sizeof(n));
	place.uri = "pkcs11:";
	ok(!store->list(&place, false, count, n, &err), "list all tokens");
	is_int(n[0], 4, "four key pairs");
	ok(store->list(&place, true, count, n, &err) < 0,
	   "no login when two tokens match");
	place.uri = "pkcs11:token=one;object=ec256";
	memset(n, 0, sizeof(n));
	ok(!store->list(&place, false, count, n, &err) && n[0] == 1,
	   "list one by its name");
}

static void refused(const char *uri, const char *why, int code,
		    const char *name)
{
	const struct tmk_place place = place_of(uri);
	struct tmk_signer *s = NULL;

	memset(&err, 0, sizeof(err));
	ok(store->open(&s, &place, &err) < 0 && !s, "%s: refused", name);
	is_int(err.code, code, "%s: code", name);
	if (!ok(strstr(err.text, why) != NULL, "%s: says why", name))
		diag("%s", err.text);
	ok(err.hint[0], "%s: says what to do", name);
	tmk_signer_free(s);
}

static void test_refusals(void)
{
	refused("pkcs11:token=one", "3 keys match the URI: pkcs11:token=one;",
		TMK_KEY, "three keys");
	refused("pkcs11:object=ec256", "2 tokens match the URI: pkcs11:token=",
		TMK_KEY, "two tokens");
	refused("pkcs11:token=three", "no token", TMK_KEY, "no such token");
	refused("pkcs11:token=one;object=none", "no private key on token one",
		TMK_KEY, "no such key");
	refused("pkcs11:token=one;object=ec256;type=cert",
		"does not name a private key", TMK_USAGE, "a certificate");
	refused("pkcs11:token=one;slot-id=0", "slot number", TMK_USAGE,
		"a slot number");
	refused("pkcs11:token=one?module-path=/nowhere.so",
		"No such file", TMK_KEY, "no such module");
	refused("pkcs11:token=one?module-path=./softhsm.so", "relative",
		TMK_KEY, "a relative module path");
	refused("pkcs11:token=one?module-path=/etc/passwd",
		"not a PKCS#11 module", TMK_KEY, "not a module");
	spill("pin", "9999\n", 0600);
	refused("pkcs11:token=one;object=ec256", "wrong PIN", TMK_KEY,
		"a wrong PIN");
	spill("pin", "test-PIN\n", 0600);
}

static X509 *cert_make(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"Test", -1, -1, 0);
	X509_set_issuer_name(x, name);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	EVP_PKEY_free(key);
	return x;
}

static int same(void *ctx, const uint8_t *der, size_t len, struct tmk_err *e)
{
	struct tmk_buf *want = ctx;

	(void)e;
	if (len == want->len && !memcmp(der, want->data, len))
		want->max++;	/* counts how often */
	return 0;
}

static void test_certs(void)
{
	const struct tmk_place place = place_of("pkcs11:token=one");
	const struct tmk_place key = place_of(uri_rsa);
	struct tmk_buf der = TMK_BUF_INIT(4096);
	struct tmk_signer *s = NULL;
	X509 *x = cert_make();
	uint8_t *p = NULL;
	int len = i2d_X509(x, &p);

	ok(len > 0 && !tmk_buf_add(&der, p, (size_t)len), "a certificate");
	der.max = 0;
	ok(!store->certs(&place, NULL, 0, same, &der, &err),
	   "list certificates when there are none");
	is_int((int)der.max, 0, "there are none");
	ok(!store->put_cert(&place, (const uint8_t *)"\x01\x02", 2, "c",
			    der.data, der.len, &err), "write one");
	ok(!store->put_cert(&place, (const uint8_t *)"\x01\x02", 2, "c",
			    der.data, der.len, &err), "write it again");
	ok(!store->certs(&place, NULL, 0, same, &der, &err), "list");
	is_int((int)der.max, 1, "it is there once, byte for byte");
	der.max = 0;
	ok(!store->certs(&place, (const uint8_t *)"\x01\x02", 2, same, &der,
			 &err) && der.max == 1, "by its id");
	ok(!store->certs(&place, (const uint8_t *)"\x01\x03", 2, same, &der,
			 &err) && der.max == 1, "another id has none");
	ok(!store->certs(&key, NULL, 0, same, &der, &err) && der.max == 2,
	   "by a key's URI");
	ok(store->put_cert(&place, (const uint8_t *)"\x01", 1, "c", der.data,
			   der.len - 1, &err) < 0, "half a certificate");
	ok(!store->open(&s, &key, &err), "while a signer is open");
	ok(!store->certs(&place, NULL, 0, same, &der, &err) && der.max == 3,
	   "certificates are listed");
	der.max = 1024;
	ok(s && !s->ops->sign(s, TMK_RSA_PKCS1, TMK_SHA256, p, 32, &der, &err),
	   "and the signer still signs");
	tmk_signer_free(s);
	tmk_buf_release(&der);
	OPENSSL_free(p);
	X509_free(x);
}

static void test_two_signers(void)
{
	const struct tmk_place a = place_of(uri_p256), b = place_of(uri_rsa);
	struct tmk_buf sig = TMK_BUF_INIT(TMK_SIGNATURE_MAX);
	struct tmk_signer *s = NULL, *t = NULL;

	ok(!store->open(&s, &a, &err) && !store->open(&t, &b, &err),
	   "two signers on one token");
	tmk_signer_free(s);
	ok(t && t->ops->sign(t, TMK_RSA_PKCS1, TMK_SHA256,
			     (const uint8_t *)scratch, 0, &sig, &err) < 0,
	   "a digest of no length is refused");
	is_int(err.code, TMK_INTERNAL, "as our own fault");
	ok(t && !t->ops->sign(t, TMK_RSA_PKCS1, TMK_SHA256,
			      (const uint8_t *)uri_rsa, 32, &sig, &err),
	   "the second signs after the first has left");
	is_int((int)sig.len, 384, "as long as its modulus");
	tmk_signer_free(t);
	tmk_buf_release(&sig);
}

/* SoftHSM writes its token anew at each login: many at once. */
static void test_crowd(void)
{
	enum { CROWD = 32, TURNS = 3 };
	pid_t pid[CROWD];
	int i, turn, status, good = 0;

	fflush(stdout);
	for (i = 0; i < CROWD; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		for (turn = 0; turn < TURNS; turn++)
			if (sign_with(uri_p256, false) != 3)
				break;
		if (turn < TURNS)
			fprintf(stderr, "# %s\n", err.text);
		_exit(turn != TURNS);
	}
	for (i = 0; i < CROWD; i++)
		if (waitpid(pid[i], &status, 0) == pid[i] && !status)
			good++;
	is_int(good, CROWD, "%d processes at once, all sign", CROWD);
}

int main(void)
{
	scratch_make();
	ok(!token_make("one", &err), "a token");
	ok(!token_make("two", &err), "another token");
	ok(token_make("one", &err) < 0, "the label is taken");
	is_int(err.code, TMK_KEY, "which is a key error");
	test_generate("ec256", TMK_KEY_EC, 256, uri_p256);
	test_generate("ec384", TMK_KEY_EC, 384, NULL);
	test_generate("rsa", TMK_KEY_RSA, 3072, uri_rsa);
	test_given_id();
	test_list();
	test_refusals();
	test_certs();
	test_two_signers();
	test_crowd();
	ok(!tmk_deadline_stuck(), "no module was given up");
	scratch_remove();
	return tap_done();
}
