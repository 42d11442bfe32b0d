/* What the SSH seal makes, it reads; forms that it must refuse though the
 * signature in them is right, each with its reason; a token that lies. */
#include "t/unit/tap.h"

#include "iface/seal.h"
#include "seal/ssh_sig.h"
#include "t/unit/soft.h"

#define CONTENT "what is signed"

/* A key and a request for a signature. */
struct world {
	EVP_PKEY *key;
	struct soft_signer signer;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_seal_request request;
};

static void world_init(struct world *w, EVP_PKEY *key)
{
	struct tmk_err err = TMK_ERR_INIT;

	memset(w, 0, sizeof(*w));
	w->key = key;
	soft_signer_init(&w->signer, key);
	w->request.signer = &w->signer.signer;
	w->request.name_space = "git";
	w->request.hash = tmk_seal_sshsig.hash(&w->signer.signer);
	w->request.digest = w->digest;
	must_be(!tmk_digest_bytes((int)w->request.hash, CONTENT,
				  sizeof(CONTENT) - 1, w->digest,
				  &w->request.digest_len, &err));
}

static void world_release(struct world *w)
{
	soft_signer_release(&w->signer);
	EVP_PKEY_free(w->key);
}

/* The reason that parse, then check, give. */
static const char *judge(const struct tmk_buf *seal, const uint8_t *digest,
			 size_t len)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	if (tmk_seal_sshsig.parse(&ev, seal->data, seal->len, &v, &err))
		return "error";
	if (!ev)
		return v.reason ? tmk_reason_id(v.reason) : "nothing";
	if (v.reason ||
	    tmk_seal_sshsig.check(ev, 0, NULL, digest, len, &v, &err))
		v.reason = TMK_REASON_COUNT;
	tmk_evidence_free(ev);
	return v.reason == TMK_REASON_COUNT ? "error" :
		tmk_reason_id(v.reason);
}

static void make(struct tmk_buf *seal, struct world *w)
{
	struct tmk_err err = TMK_ERR_INIT;

	must_be(!tmk_seal_sshsig.make(&w->request, seal, &err));
}

/* What the key's own scheme hashes with. */
static int scheme_hash(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return 0;
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA || bits > 384 ?
		TMK_SHA512 : bits > 256 ? TMK_SHA384 : TMK_SHA256;
}

static void check_facts(const struct world *w, const struct tmk_evidence *ev,
			const char *what)
{
	const struct tmk_signature *s = &ev->signature[0];

	is_int(ev->format, TMK_FORMAT_SSH, "%s: the format", what);
	is_int(ev->signatures, 1, "%s: one signature", what);
	ok(!s->cert && s->key && EVP_PKEY_eq(s->key, w->key) == 1,
	   "%s: by the key", what);
	ok(!strncmp(s->key_id, "SHA256:", 7) && strlen(s->key_id) == 50,
	   "%s: %s", what, s->key_id);
	is_int(s->hash, TMK_SHA512, "%s: the hash", what);
	is_int(s->value_hash, scheme_hash(w->key), "%s: the key's", what);
	is_int(s->claimed_time, TMK_TIME_NONE, "%s: no time", what);
	is_int(s->tokens, 0, "%s: no timestamp", what);
	is_int((long long)s->suffix_len, 0, "%s: no suffix", what);
}

static void round_trip(EVP_PKEY *key, const char *what)
{
	struct tmk_buf seal = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	uint8_t other[TMK_DIGEST_MAX];
	EVP_PKEY *stranger = soft_ec("P-256");
	struct world w;

	world_init(&w, key);
	ok(!tmk_seal_sshsig.make(&w.request, &seal, &err), "%s: made %s", what,
	   err.text);
	is_int(w.signer.calls, 1, "%s: the token signed once", what);
	is_str(judge(&seal, w.digest, w.request.digest_len), "good",
	       "%s: verifies", what);
	memcpy(other, w.digest, sizeof(other));
	other[0] ^= 1;
	is_str(judge(&seal, other, w.request.digest_len), "signature-bad",
	       "%s: not for other content", what);
	is_str(judge(&seal, other, 32), "error",
	       "%s: nor for a digest of another hash", what);
	must_be(!tmk_seal_sshsig.parse(&ev, seal.data, seal.len, &v, &err));
	check_facts(&w, ev, what);
	ok(!tmk_seal_sshsig.check(ev, 0, w.key, w.digest, 64, &v, &err) &&
	   v.reason == TMK_GOOD, "%s: by the key that was asked for", what);
	ok(!tmk_seal_sshsig.check(ev, 0, stranger, w.digest, 64, &v, &err) &&
	   v.reason == TMK_SIGNATURE_BAD, "%s: by no other", what);
	tmk_evidence_free(ev);
	EVP_PKEY_free(stranger);
	tmk_buf_release(&seal);
	world_release(&w);
}

/* All of an SSHSIG is signed, or decides what is signed. */
static void test_every_byte(EVP_PKEY *key, const char *what)
{
	struct tmk_buf seal = TMK_BUF_INIT(TMK_SEAL_MAX);
	size_t at, passed = 0, whole;
	struct world w;

	world_init(&w, key);
	make(&seal, &w);
	for (at = 0; at < seal.len; at++) {
		seal.data[at] ^= 0x04;
		if (!strcmp(judge(&seal, w.digest, 64), "good")) {
			diag("byte %zu of %zu may change", at, seal.len);
			passed++;
		}
		seal.data[at] ^= 0x04;
	}
	is_int((long long)passed, 0, "%s: no byte may change", what);
	whole = seal.len;
	for (passed = 0, seal.len = 0; seal.len < whole; seal.len++)
		passed += strcmp(judge(&seal, w.digest, 64),
				 "signature-malformed") != 0;
	is_int((long long)passed, 0, "%s: nothing may be cut off", what);
	must_be(!tmk_buf_addch(&seal, 0));
	is_str(judge(&seal, w.digest, 64), "signature-malformed",
	       "%s: nothing may follow", what);
	tmk_buf_release(&seal);
	world_release(&w);
}

static EVP_PKEY *rsa, *ec, *ed;

/* ---- forms -------------------------------------------------------------- */

/* A signature put together by hand; the fields that are not given are those of
 * a good one by an Ed25519, RSA or EC key. */
struct forge {
	EVP_PKEY *key;
	const char *magic;
	uint32_t version;	/* 0: 1 */
	const char *name_space;
	size_t name_space_len;
	const char *reserved;
	const char *hash;
	const char *scheme;	/* its name */
	enum tmk_hash scheme_hash;	/* what RSA and ECDSA really use */
	const char *tail;	/* bytes behind the signature's value */
	bool der;		/* ECDSA as OpenSSL writes it */
	bool zeros;		/* ECDSA numbers with a needless zero */
	const uint8_t *blob;	/* instead of the key's */
	size_t blob_len;
};

static void put_numbers(struct tmk_buf *to, const uint8_t *raw, size_t len,
			bool zeros)
{
	struct tmk_buf n = TMK_BUF_INIT(80);
	size_t half = len / 2, i;

	for (i = 0; i < 2; i++) {
		tmk_buf_clear(&n);
		must_be(!tmk_ssh_wire_put_mpint(&n, raw + i * half, half));
		if (!zeros) {
			must_be(!tmk_buf_add(to, n.data, n.len));
			continue;
		}
		must_be(!tmk_ssh_wire_put_u32(to, (uint32_t)(n.len - 4 + 1)) &&
			!tmk_buf_addch(to, 0) &&
			!tmk_buf_add(to, n.data + 4, n.len - 4));
	}
	tmk_buf_release(&n);
}

/* The value of the signature of `message`, in the form asked for. */
static void put_value(struct tmk_buf *to, const struct forge *f,
		      const struct tmk_buf *message)
{
	int type = EVP_PKEY_get_base_id(f->key);
	const EVP_MD *md = type == EVP_PKEY_ED25519 ? NULL :
		tmk_digest_md((int)f->scheme_hash);
	EVP_MD_CTX *ctx = must(EVP_MD_CTX_new());
	uint8_t value[2048];
	struct tmk_buf raw = TMK_BUF_INIT(512);
	size_t n = sizeof(value);

	must_be(EVP_DigestSignInit(ctx, NULL, md, NULL, f->key) == 1 &&
		EVP_DigestSign(ctx, value, &n, message->data,
			       message->len) == 1);
	if (type == EVP_PKEY_EC && !f->der) {
		soft_raw(&raw, value, n,
			 (unsigned int)EVP_PKEY_get_bits(f->key));
		put_numbers(to, raw.data, raw.len, f->zeros);
	} else {
		must_be(!tmk_buf_add(to, value, n));
	}
	tmk_buf_release(&raw);
	EVP_MD_CTX_free(ctx);
}

static void put_blob(struct tmk_buf *to, const struct forge *f)
{
	struct tmk_buf blob = TMK_BUF_INIT(TMK_SSH_KEY_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(f->key, &der);

	must_be(len > 0);
	if (f->blob)
		must_be(!tmk_buf_add(&blob, f->blob, f->blob_len));
	else
		must_be(!tmk_ssh_key_blob(&blob, der, (size_t)len, &err));
	must_be(!tmk_ssh_wire_put(to, blob.data, blob.len));
	OPENSSL_free(der);
	tmk_buf_release(&blob);
}

static void forge(struct tmk_buf *out, const struct forge *f,
		  const uint8_t *digest, size_t len)
{
	struct tmk_buf message = TMK_BUF_INIT(4096);
	struct tmk_buf value = TMK_BUF_INIT(4096), outer = TMK_BUF_INIT(8192);
	const char *ns = f->name_space ? f->name_space : "git";
	size_t ns_len = f->name_space_len ? f->name_space_len : strlen(ns);
	const char *hash = f->hash ? f->hash : "sha512";

	must_be(!tmk_buf_addstr(&message, "SSHSIG") &&
		!tmk_ssh_wire_put(&message, ns, ns_len) &&
		!tmk_ssh_wire_put(&message, NULL, 0) &&
		!tmk_ssh_wire_put_text(&message, hash) &&
		!tmk_ssh_wire_put(&message, digest, len));
	put_value(&value, f, &message);
	must_be(!tmk_ssh_wire_put_text(&outer, f->scheme) &&
		!tmk_ssh_wire_put(&outer, value.data, value.len) &&
		!tmk_buf_addstr(&outer, f->tail ? f->tail : ""));
	must_be(!tmk_buf_addstr(out, f->magic ? f->magic : "SSHSIG") &&
		!tmk_ssh_wire_put_u32(out, f->version ? f->version : 1));
	put_blob(out, f);
	must_be(!tmk_ssh_wire_put(out, ns, ns_len) &&
		!tmk_ssh_wire_put_text(out, f->reserved ? f->reserved : "") &&
		!tmk_ssh_wire_put_text(out, hash) &&
		!tmk_ssh_wire_put(out, outer.data, outer.len));
	tmk_buf_release(&message);
	tmk_buf_release(&value);
	tmk_buf_release(&outer);
}


static void expect(const struct forge *how, const char *reason,
		   const char *what)
{
	struct tmk_buf seal = TMK_BUF_INIT(TMK_SEAL_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_err err = TMK_ERR_INIT;
	struct forge f = *how;
	size_t len = 0;
	bool short_hash = f.hash && !strcmp(f.hash, "sha256");

	must_be(!tmk_digest_bytes(short_hash ? TMK_SHA256 : TMK_SHA512,
				  CONTENT, sizeof(CONTENT) - 1, digest, &len,
				  &err));
	if (!f.key)
		f.key = ed;
	if (!f.scheme)
		f.scheme = f.key == ed ? "ssh-ed25519" : f.key == ec ?
			"ecdsa-sha2-nistp256" : "rsa-sha2-512";
	if (!f.scheme_hash)
		f.scheme_hash = f.key == ec ? TMK_SHA256 : TMK_SHA512;
	forge(&seal, &f, digest, len);
	is_str(judge(&seal, digest, len), reason, "%s", what);
	tmk_buf_release(&seal);
}

#define GOOD(what, ...) expect(&(struct forge){ __VA_ARGS__ }, "good", what)
#define BAD(reason, what, ...) \
	expect(&(struct forge){ __VA_ARGS__ }, reason, what)
#define MALFORMED(what, ...) BAD("signature-malformed", what, __VA_ARGS__)

static void test_forms(void)
{
	char longest[TMK_SSH_NAME_SPACE_MAX + 2];

	memset(longest, 'n', sizeof(longest));
	longest[TMK_SSH_NAME_SPACE_MAX] = '\0';
	GOOD("Ed25519 by hand", .version = 1);
	GOOD("RSA by hand", .key = rsa);
	GOOD("ECDSA by hand", .key = ec);
	GOOD("a content of sha256", .hash = "sha256");
	GOOD("rsa-sha2-256", .key = rsa, .scheme = "rsa-sha2-256",
	     .scheme_hash = TMK_SHA256);
	GOOD("the longest namespace", .name_space = longest);
	longest[TMK_SSH_NAME_SPACE_MAX] = 'n';
	longest[TMK_SSH_NAME_SPACE_MAX + 1] = '\0';
	MALFORMED("a longer one", .name_space = longest);
	MALFORMED("no namespace", .name_space = "");
	MALFORMED("a NUL in it", .name_space = "git\0x",
		  .name_space_len = 5);
	MALFORMED("another magic", .magic = "SSHSIH");
	MALFORMED("version 2", .version = 2);
	MALFORMED("version 0 by overflow", .version = 0x01000001);
	MALFORMED("something reserved", .reserved = "x");
	BAD("digest-weak", "sha1", .hash = "sha1");
	BAD("digest-weak", "sha384", .hash = "sha384");
	BAD("digest-weak", "no hash", .hash = "");
	BAD("digest-weak", "ssh-rsa is SHA-1", .key = rsa,
	    .scheme = "ssh-rsa");
	MALFORMED("RSA's scheme for Ed25519", .scheme = "rsa-sha2-512");
	MALFORMED("Ed25519's for RSA", .key = rsa, .scheme = "ssh-ed25519");
	MALFORMED("the scheme of another curve", .key = ec,
		  .scheme = "ecdsa-sha2-nistp384",
		  .scheme_hash = TMK_SHA384);
	MALFORMED("no scheme", .scheme = "");
	MALFORMED("more behind the value", .tail = "\x01");
	BAD("signature-bad", "rsa-sha2-512 that is SHA-256", .key = rsa,
	    .scheme_hash = TMK_SHA256);
	BAD("signature-bad", "ECDSA in DER", .key = ec, .der = true);
	BAD("signature-bad", "numbers with a needless zero", .key = ec,
	    .zeros = true);
	BAD("signature-bad", "ECDSA over SHA-512", .key = ec,
	    .scheme_hash = TMK_SHA512);
}

/* Keys that are none, or not ours. */
static void test_keys(void)
{
	static const uint8_t dss[] = "\0\0\0\7ssh-dss\0\0\0\1\1";
	static const uint8_t sk[] =
		"\0\0\0\x1ask-ssh-ed25519@openssh.com\0\0\0\1\1";
	static const uint8_t cert[] =
		"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com\0\0\0\1\1";
	static const uint8_t brief[] = "\0\0\0\x0bssh-ed25519\0\0\0\3abc";
	static const uint8_t curve[] =
		"\0\0\0\x13" "ecdsa-sha2-nistp256\0\0\0\x8nistp384\0\0\0\1\4";
	uint8_t off[104] =
		"\0\0\0\x13" "ecdsa-sha2-nistp256\0\0\0\x8nistp256\0\0\0\x41\4";

	memset(off + 40, 0x11, 64);
	MALFORMED("a DSA key", .blob = dss, .blob_len = sizeof(dss) - 1);
	MALFORMED("a security key", .blob = sk, .blob_len = sizeof(sk) - 1);
	MALFORMED("a certificate", .blob = cert,
		  .blob_len = sizeof(cert) - 1);
	MALFORMED("an Ed25519 key of 3 bytes", .blob = brief,
		  .blob_len = sizeof(brief) - 1);
	MALFORMED("a type that is not its curve", .key = ec, .blob = curve,
		  .blob_len = sizeof(curve) - 1);
	MALFORMED("a point that is not on its curve", .key = ec, .blob = off,
		  .blob_len = sizeof(off));
	MALFORMED("an empty key", .blob = dss, .blob_len = 0);
}

static void test_large(void)
{
	struct tmk_buf seal = TMK_BUF_INIT(TMK_SEAL_MAX);
	uint8_t *at = must(tmk_buf_reserve(&seal, TMK_SSH_SIG_MAX + 1));

	memset(at, 'S', TMK_SSH_SIG_MAX + 1);
	tmk_buf_commit(&seal, TMK_SSH_SIG_MAX + 1);
	is_str(judge(&seal, at, 64), "limit-exceeded", "too large");
	seal.len = 0;
	is_str(judge(&seal, at, 64), "signature-malformed", "nothing at all");
	tmk_buf_release(&seal);
}

/* ---- the token ---------------------------------------------------------- */

static void expect_failure(struct world *w, int code, const char *text,
			   const char *what)
{
	struct tmk_buf seal = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	ok(tmk_seal_sshsig.make(&w->request, &seal, &err) < 0, "%s", what);
	is_int(err.code, code, "%s: the code", what);
	ok(strstr(err.text, text) != NULL, "%s: says so: %s", what, err.text);
	is_int((long long)seal.len, 0, "%s: nothing is given out", what);
	tmk_buf_release(&seal);
}

static void test_lies(EVP_PKEY *key, const char *what)
{
	char longest[TMK_SSH_NAME_SPACE_MAX + 2];
	struct world w;

	world_init(&w, key);
	w.signer.lie = true;
	expect_failure(&w, TMK_KEY, "wrong signature", what);
	w.signer.lie = false;
	w.signer.fail = true;
	expect_failure(&w, TMK_KEY, "gone", "a token that fails");
	w.signer.fail = false;
	w.signer.calls = 0;
	w.request.digest_len = 32;
	expect_failure(&w, TMK_INTERNAL, "length", "a digest too short");
	w.request.digest_len = 64;
	w.request.hash = TMK_SHA384;
	expect_failure(&w, TMK_INTERNAL, "length", "a hash that SSH has not");
	w.request.hash = TMK_SHA512;
	w.request.name_space = NULL;
	expect_failure(&w, TMK_USAGE, "namespace", "no namespace");
	w.request.name_space = "";
	expect_failure(&w, TMK_USAGE, "namespace", "an empty one");
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	w.request.name_space = longest;
	expect_failure(&w, TMK_USAGE, "namespace", "one too long");
	w.request.name_space = "git";
	w.signer.signer.spki.len--;
	expect_failure(&w, TMK_INPUT, "no form", "a public key that is none");
	w.signer.signer.spki.len++;
	is_int(w.signer.calls, 0, "in none of these the token is asked");
	world_release(&w);
}

int main(void)
{
	rsa = soft_rsa(2048);
	ec = soft_ec("P-256");
	ed = soft_ed25519();
	round_trip(soft_rsa(3072), "RSA-3072");
	round_trip(soft_rsa(4096), "RSA-4096");
	round_trip(soft_ec("P-256"), "P-256");
	round_trip(soft_ec("P-384"), "P-384");
	round_trip(soft_ec("P-521"), "P-521");
	round_trip(soft_ed25519(), "Ed25519");
	test_every_byte(soft_ed25519(), "Ed25519");
	test_every_byte(soft_ec("P-256"), "P-256");
	test_every_byte(soft_rsa(2048), "RSA");
	test_forms();
	test_keys();
	test_large();
	test_lies(soft_rsa(2048), "an RSA token that lies");
	test_lies(soft_ec("P-521"), "an EC token that lies");
	test_lies(soft_ed25519(), "an Ed25519 token that lies");
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(ed);
	return tap_done();
}
