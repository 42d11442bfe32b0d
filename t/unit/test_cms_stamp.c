/* test_cms_stamp.c - other timestamps for a CMS: what is signed stays, what
 * is dropped is gone, and bounds hold. */
#include "t/unit/tap.h"

#include "iface/seal.h"
#include "seal/cms_ber.h"
#include "t/unit/soft.h"
#include "x509/tst.h"

#define TIME 1795240000

extern const struct tmk_seal_ops tmk_seal_cms;

static EVP_PKEY *key;
static X509 *leaf;

/* A seal over a digest of zeros. */
static void make(struct tmk_buf *der)
{
	STACK_OF(X509) *chain = must(sk_X509_new_null());
	static const uint8_t digest[32];
	struct tmk_err err = TMK_ERR_INIT;
	struct soft_signer signer;
	struct tmk_seal_request request = {
		.certs = chain,
		.hash = TMK_SHA256,
		.digest = digest,
		.digest_len = sizeof(digest),
		.signing_time = TIME,
	};

	must_be(sk_X509_push(chain, leaf));
	soft_signer_init(&signer, key);
	request.signer = &signer.signer;
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

static bool holds(const struct tmk_evidence *ev)
{
	static const uint8_t digest[32];
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;

	return !tmk_seal_cms.check(ev, 0, NULL, digest, sizeof(digest), &v,
				   &err) && v.reason == TMK_GOOD;
}

/* The header of an element that has `all` bytes with it; its own size. */
static size_t put_head(uint8_t *out, uint8_t tag, size_t all)
{
	size_t n, i, len;

	for (n = 0; n < 4; n++) {
		len = all - 2 - n;
		if (n ? len >= 0x80 && len >> 8 * (n - 1) && !(len >> 8 * n) :
		    len < 0x80)
			break;
	}
	must_be(n < 4);
	out[0] = tag;
	out[1] = n ? (uint8_t)(0x80 | n) : (uint8_t)len;
	for (i = 0; i < n; i++)
		out[2 + i] = (uint8_t)(len >> 8 * (n - 1 - i));
	return 2 + n;
}

/* A SEQUENCE of `len` bytes in all, told apart by `mark`. */
static uint8_t *token(size_t len, uint8_t mark)
{
	uint8_t *t = must(malloc(len));
	size_t at;

	memset(t, mark, len);
	at = put_head(t, 0x30, len);
	put_head(t + at, 0x04, len - at);
	return t;
}

/* Replace `der` by what stamping makes of it. */
static int change(struct tmk_buf *der, const uint8_t *add, size_t len,
		  unsigned int drop, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_stamp_change c[TMK_SIGNATURES_MAX] = { { add, len, drop } };
	struct tmk_evidence *ev = parse(der);
	int rc = ev ? tmk_seal_cms.stamp(ev, c, &out, err) : -1;

	if (!rc) {
		tmk_buf_clear(der);
		must_be(!tmk_buf_add(der, out.data, out.len));
	} else {
		ok(!out.len, "a failure gives nothing out");
	}
	tmk_evidence_free(ev);
	tmk_buf_release(&out);
	return rc;
}

static void test_add_and_drop(void)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf first = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *a = token(300, 'a'), *b = token(40, 'b');
	struct tmk_evidence *ev;
	size_t used = 0;

	make(&der);
	must_be(!tmk_buf_add(&first, der.data, der.len));
	ok(!change(&der, NULL, 0, 0, &err), "nothing to do");
	is_mem(der.data, der.len, first.data, first.len, "changes nothing");
	ok(!change(&der, a, 300, 0, &err), "one token");
	ok(!change(&der, b, 40, 0, &err), "a second");
	is_int(tmk_cms_ber_scan(&used, der.data, der.len, true), TMK_BER_OK,
	       "is DER");
	ev = parse(&der);
	is_int(ev ? ev->signature[0].tokens : -1, 2, "two tokens");
	ok(ev && holds(ev), "the signature holds");
	/* The shorter attribute comes first in a DER set. */
	if (ev) {
		is_mem(ev->signature[0].token[0],
		       ev->signature[0].token_len[0], b, 40, "the short one");
		is_mem(ev->signature[0].token[1],
		       ev->signature[0].token_len[1], a, 300, "the long one");
	}
	tmk_evidence_free(ev);
	ok(!change(&der, NULL, 0, 1, &err), "drop the first");
	ev = parse(&der);
	ok(ev && ev->signature[0].tokens == 1 &&
	   ev->signature[0].token_len[0] == 300, "the other one is left");
	tmk_evidence_free(ev);
	ok(!change(&der, b, 40, 1, &err), "one in the place of the other");
	ev = parse(&der);
	ok(ev && ev->signature[0].tokens == 1 &&
	   ev->signature[0].token_len[0] == 40, "and only that");
	tmk_evidence_free(ev);
	ok(!change(&der, NULL, 0, 1, &err), "drop the last");
	is_mem(der.data, der.len, first.data, first.len,
	       "it is again what it was");
	free(a);
	free(b);
	tmk_buf_release(&der);
	tmk_buf_release(&first);
}

static void test_bounds(void)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *small = token(200, 's'), *large = token(TMK_TST_MAX + 1, 'l');
	struct tmk_evidence *ev;
	int i;

	make(&der);
	ok(change(&der, large, TMK_TST_MAX + 1, 0, &err) && err.code ==
	   TMK_INPUT, "too large a token: %s", err.text);
	free(large);
	large = token(TMK_TST_MAX, 'l');
	ok(!change(&der, large, TMK_TST_MAX, 0, &err), "the largest one");
	for (i = 1; i < TMK_TOKENS_MAX; i++)
		must_be(!change(&der, small, 200, 0, &err));
	ev = parse(&der);
	is_int(ev ? ev->signature[0].tokens : -1, TMK_TOKENS_MAX,
	       "as many as there may be");
	ok(ev && holds(ev), "the signature holds");
	tmk_evidence_free(ev);
	ok(change(&der, small, 200, 0, &err) && err.code == TMK_INPUT,
	   "one more: %s", err.text);
	ok(!change(&der, small, 200, 1, &err), "one for another");
	ok(!change(&der, NULL, 0, 0xff, &err), "none at all");
	ev = parse(&der);
	is_int(ev ? ev->signature[0].tokens : -1, 0, "is none");
	tmk_evidence_free(ev);
	free(small);
	free(large);
	tmk_buf_release(&der);
}

/* What is around the SignerInfo in indefinite lengths, as gpgsm writes it. */
static void test_indefinite(void)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf ber = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf back = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *t = token(200, 't');
	struct tmk_ber_cursor c;
	struct tmk_ber e, oid, data;

	make(&der);
	tmk_cms_ber_start(&c, der.data, der.len);
	must_be(tmk_cms_ber_next(&e, &c));
	tmk_cms_ber_enter(&c, &e);
	must_be(tmk_cms_ber_next(&oid, &c) && tmk_cms_ber_next(&e, &c));
	tmk_cms_ber_enter(&c, &e);
	must_be(tmk_cms_ber_next(&data, &c));
	must_be(!tmk_buf_add(&ber, "\x30\x80", 2) &&
		!tmk_buf_add(&ber, oid.all, oid.all_len) &&
		!tmk_buf_add(&ber, "\xa0\x80\x30\x80", 4) &&
		!tmk_buf_add(&ber, data.body, data.len) &&
		!tmk_buf_add(&ber, "\0\0\0\0\0\0", 6));
	must_be(!tmk_buf_add(&back, ber.data, ber.len));
	ok(!change(&back, t, 200, 0, &err), "indefinite lengths");
	ok(!change(&back, NULL, 0, 1, &err), "and without the token again");
	is_mem(back.data, back.len, der.data, der.len,
	       "are the definite ones then");
	free(t);
	tmk_buf_release(&der);
	tmk_buf_release(&ber);
	tmk_buf_release(&back);
}

int main(void)
{
	key = soft_ec("P-256");
	leaf = soft_cert(&(struct soft_cert){ .cn = "Leaf",
					      .eku = "codeSigning" },
			 key, NULL, NULL);
	test_add_and_drop();
	test_bounds();
	test_indefinite();
	X509_free(leaf);
	EVP_PKEY_free(key);
	return tap_done();
}
