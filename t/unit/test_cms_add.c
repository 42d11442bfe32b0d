/*
 * test_cms_add.c - two CMS signatures become one: every signer holds, nothing
 * that is signed changes, and bounds hold.
 */
#include "t/unit/tap.h"

#include "iface/seal.h"
#include "seal/cms_ber.h"
#include "t/unit/soft.h"

#define TIME 1795240000
#define KEYS 5

extern const struct tmk_seal_ops tmk_seal_cms;

static EVP_PKEY *key[KEYS];
static X509 *leaf[KEYS];

/* A seal by key `n` over a digest of zeros. */
static void make(struct tmk_buf *der, int n, enum tmk_hash hash)
{
	STACK_OF(X509) *chain = must(sk_X509_new_null());
	static const uint8_t digest[TMK_HASH_MAX];
	struct tmk_err err = TMK_ERR_INIT;
	struct soft_signer signer;
	struct tmk_seal_request request = {
		.certs = chain,
		.hash = hash,
		.digest = digest,
		.digest_len = hash == TMK_SHA256 ? 32 :
			hash == TMK_SHA384 ? 48 : 64,
		.signing_time = TIME,
	};

	must_be(sk_X509_push(chain, leaf[n]));
	soft_signer_init(&signer, key[n]);
	request.signer = &signer.signer;
	tmk_buf_clear(der);
	must_be(!tmk_seal_cms.make(&request, der, &err));
	soft_signer_release(&signer);
	sk_X509_free(chain);
}

static struct tmk_evidence *parse(const struct tmk_buf *der)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *ev = NULL;
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_seal_cms.parse(&ev, der->data, der->len, &v, &err) || !ev)
		diag("%s%s", v.text, err.text);
	return ev;
}

/* Whether every signature holds. */
static bool holds(const struct tmk_evidence *ev)
{
	static const uint8_t digest[TMK_HASH_MAX];
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	for (i = 0; i < ev->signatures; i++)
		if (tmk_seal_cms.check(ev, i, NULL, digest,
				       ev->signature[i].digest_len, &v,
				       &err) || v.reason != TMK_GOOD)
			return false;
	return true;
}

/* `a` becomes both. */
static int add(struct tmk_buf *a, const struct tmk_buf *b,
	       struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_evidence *x = must(parse(a)), *y = must(parse(b));
	int rc = tmk_seal_cms.add(x, y, &out, err);

	if (!rc) {
		tmk_buf_clear(a);
		must_be(!tmk_buf_add(a, out.data, out.len));
	} else {
		ok(!out.len, "a failure gives nothing out");
	}
	tmk_evidence_free(x);
	tmk_evidence_free(y);
	tmk_buf_release(&out);
	return rc;
}

static bool contains(const struct tmk_buf *in, const uint8_t *what, size_t len)
{
	return memmem(in->data, in->len, what, len) != NULL;
}

static void test_both(void)
{
	struct tmk_buf a = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf b = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev, *first;
	size_t used = 0;

	make(&a, 0, TMK_SHA256);
	make(&b, 1, TMK_SHA256);
	first = must(parse(&a));
	ok(!add(&a, &b, &err), "two in one: %s", err.text);
	is_int(tmk_cms_ber_scan(&used, a.data, a.len, true), TMK_BER_OK,
	       "is DER");
	is_int((long long)used, (long long)a.len, "all of it");
	ev = must(parse(&a));
	is_int(ev->signatures, 2, "two signatures");
	is_int(sk_X509_num(ev->bag), 2, "two certificates");
	ok(holds(ev), "both hold");
	ok(contains(&a, first->signature[0].value,
		    first->signature[0].value_len), "the first's own bytes");
	tmk_evidence_free(ev);
	tmk_evidence_free(first);
	make(&b, 2, TMK_SHA512);
	ok(!add(&a, &b, &err), "a third with another digest");
	ev = must(parse(&a));
	is_int(ev->signatures, 3, "three signatures");
	ok(holds(ev), "all hold");
	tmk_evidence_free(ev);
	/* a certificate that is there is not embedded twice */
	make(&b, 0, TMK_SHA256);
	ok(!add(&a, &b, &err), "a key that has signed before");
	ev = must(parse(&a));
	is_int(ev->signatures, 4, "is another signature");
	is_int(sk_X509_num(ev->bag), 3, "and no other certificate");
	ok(holds(ev), "all hold");
	tmk_evidence_free(ev);
	tmk_buf_release(&a);
	tmk_buf_release(&b);
}

/* The same bytes whichever was first: sets have one order. */
static void test_order(void)
{
	struct tmk_buf a = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf b = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf c = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	make(&a, 3, TMK_SHA256);
	make(&b, 4, TMK_SHA384);
	must_be(!tmk_buf_add(&c, b.data, b.len));
	must_be(!add(&c, &a, &err) && !add(&a, &b, &err));
	is_mem(a.data, a.len, c.data, c.len, "the order does not matter");
	tmk_buf_release(&a);
	tmk_buf_release(&b);
	tmk_buf_release(&c);
}

static void test_bounds(void)
{
	struct tmk_buf a = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf b = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev;
	int i;

	make(&a, 0, TMK_SHA256);
	for (i = 1; i < TMK_SIGNATURES_MAX; i++) {
		make(&b, i % KEYS, TMK_SHA256);
		must_be(!add(&a, &b, &err));
	}
	ev = must(parse(&a));
	is_int(ev->signatures, TMK_SIGNATURES_MAX, "as many as there may be");
	ok(holds(ev), "all hold");
	tmk_evidence_free(ev);
	ok(add(&a, &b, &err) && err.code == TMK_INPUT, "one more: %s",
	   err.text);
	tmk_buf_release(&a);
	tmk_buf_release(&b);
}

int main(void)
{
	static const char *const name[KEYS] = { "A", "B", "C", "D", "E" };
	int i;

	for (i = 0; i < KEYS; i++) {
		key[i] = i % 2 ? soft_rsa(2048) : soft_ec("P-256");
		leaf[i] = soft_cert(&(struct soft_cert){ .cn = name[i],
				.eku = "codeSigning" }, key[i], NULL, NULL);
	}
	test_both();
	test_order();
	test_bounds();
	for (i = 0; i < KEYS; i++) {
		X509_free(leaf[i]);
		EVP_PKEY_free(key[i]);
	}
	return tap_done();
}
