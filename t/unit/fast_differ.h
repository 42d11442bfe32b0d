/*
 * fast_differ.h - the same bytes by the fast path and by the long way.
 *
 * For the unit test and the fuzz target alike: each function answers NULL when
 * both said the same, else what they differ in. What the fast path takes is
 * also held against OpenSSL's own CMS, which shares no line with either.
 */
#ifndef TMK_T_FAST_DIFFER_H
#define TMK_T_FAST_DIFFER_H

#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include <openssl/cms.h>
#include <openssl/err.h>

#include "iface/seal.h"
#include "seal/cms_read.h"
#include "x509/fast.h"
#include "x509/tst.h"
#include "x509/tst_fast.h"
#include "x509/tst_token.h"

extern const struct tmk_seal_ops tmk_seal_cms;

/* How often the fast path took something, for tests that must reach it. */
static struct {
	unsigned long seals, good_seals, tokens, good_tokens;
} differ_taken;

/* One way of reading, and what came of it. */
struct differ_seal {
	int rc;
	struct tmk_evidence *ev;
	struct tmk_verdict v;
};

static inline bool differ_verdict(const struct tmk_verdict *a,
				  const struct tmk_verdict *b)
{
	return a->reason != b->reason || strcmp(a->text, b->text) ||
		strcmp(a->hint, b->hint);
}

static inline bool differ_bytes(const uint8_t *a, size_t a_len,
				const uint8_t *b, size_t b_len)
{
	return a_len != b_len || (a_len && memcmp(a, b, a_len));
}

static inline bool differ_ber(const struct tmk_ber *a, const struct tmk_ber *b)
{
	return a->tag != b->tag ||
		differ_bytes(a->all, a->all_len, b->all, b->all_len) ||
		differ_bytes(a->body, a->len, b->body, b->len);
}

static inline bool differ_cert(X509 *a, X509 *b)
{
	return !a != !b || (a && X509_cmp(a, b));
}

static inline const char *differ_lists(const struct tmk_signature *a,
				       const struct tmk_signature *b)
{
	int i;

	if (a->tokens != b->tokens || a->staples != b->staples)
		return "how many tokens or staples";
	for (i = 0; i < a->tokens; i++)
		if (differ_bytes(a->token[i], a->token_len[i], b->token[i],
				 b->token_len[i]))
			return "a token";
	for (i = 0; i < a->staples; i++)
		if (differ_bytes(a->staple[i], a->staple_len[i], b->staple[i],
				 b->staple_len[i]))
			return "a staple";
	return NULL;
}

/* Everything that the evidence says of one signature. */
static inline const char *differ_signature(const struct tmk_signature *a,
					   const struct tmk_signature *b)
{
	const struct tmk_cms_signer *p = a->priv, *q = b->priv;

	if (differ_cert(a->cert, b->cert))
		return "the certificate";
	if (a->key || b->key || strcmp(a->key_id, b->key_id) || a->suffix ||
	    b->suffix || a->value_hash || b->value_hash)
		return "what CMS does not have";
	if (a->hash != b->hash || differ_bytes(a->digest, a->digest_len,
					       b->digest, b->digest_len))
		return "the digest";
	if (differ_bytes(a->value, a->value_len, b->value, b->value_len))
		return "the value";
	if (a->claimed_time != b->claimed_time)
		return "the claimed time";
	if (p->scheme != q->scheme || p->salt != q->salt ||
	    differ_ber(&p->attrs, &q->attrs) ||
	    differ_ber(&p->issuer, &q->issuer) ||
	    differ_ber(&p->serial, &q->serial) ||
	    differ_ber(&p->ski, &q->ski) || differ_ber(&p->ess, &q->ess) ||
	    differ_ber(&p->ess2, &q->ess2))
		return "the SignerInfo";
	return differ_lists(a, b);
}

/* What each way says to the signature, with its own digest and another. */
static inline const char *differ_check(const struct differ_seal *a,
				       const struct differ_seal *b, int i,
				       bool *good)
{
	struct tmk_verdict v[2] = { TMK_VERDICT_INIT, TMK_VERDICT_INIT };
	const struct tmk_signature *sig = &a->ev->signature[i];
	uint8_t other[TMK_HASH_MAX];
	int ra, rb;

	tmk_fast_set(false);
	ra = tmk_seal_cms.check(a->ev, i, NULL, sig->digest, sig->digest_len,
				&v[0], NULL);
	tmk_fast_set(true);
	rb = tmk_seal_cms.check(b->ev, i, NULL, sig->digest, sig->digest_len,
				&v[1], NULL);
	if (ra || rb || differ_verdict(&v[0], &v[1]))
		return "the arithmetic";
	*good = v[1].reason == TMK_GOOD;
	memcpy(other, sig->digest, sizeof(other));
	other[0] ^= 1;
	v[1] = (struct tmk_verdict)TMK_VERDICT_INIT;
	if (tmk_seal_cms.check(b->ev, i, NULL, other, sig->digest_len, &v[1],
			       NULL) || v[1].reason == TMK_GOOD)
		return "other content, which passes";
	return NULL;
}

/* Whether OpenSSL's CMS verifies the signature over its attributes with the
 * certificate that was found. */
static inline bool differ_openssl(const uint8_t *data, size_t size, X509 *cert)
{
	const unsigned char *p = data;
	CMS_ContentInfo *cms;
	CMS_SignerInfo *si = NULL;
	bool good = false;

	ERR_set_mark();
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)size);
	if (cms && p == data + size &&
	    sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) == 1)
		si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	if (si && !CMS_SignerInfo_cert_cmp(si, cert)) {
		CMS_SignerInfo_set1_signer_cert(si, cert);
		good = CMS_SignerInfo_verify(si) == 1;
	}
	CMS_ContentInfo_free(cms);
	ERR_pop_to_mark();
	return good;
}

static inline const char *differ_evidence(const struct differ_seal *a,
					  const struct differ_seal *b,
					  const uint8_t *data, size_t size)
{
	const struct tmk_cms *cms = b->ev->priv;
	const char *what = NULL;
	bool good = false;
	int i;

	if (a->ev->signatures != b->ev->signatures)
		return "how many signatures";
	if (sk_X509_num(a->ev->bag) != sk_X509_num(b->ev->bag))
		return "how many certificates";
	for (i = 0; i < sk_X509_num(a->ev->bag); i++)
		if (differ_cert(sk_X509_value(a->ev->bag, i),
				sk_X509_value(b->ev->bag, i)))
			return "the certificates";
	for (i = 0; !what && i < a->ev->signatures; i++) {
		what = differ_signature(&a->ev->signature[i],
					&b->ev->signature[i]);
		if (!what)
			what = differ_check(a, b, i, &good);
	}
	if (what || !cms->set)
		return what;
	differ_taken.seals++;
	differ_taken.good_seals += good;
	if (good && !differ_openssl(data, size, b->ev->signature[0].cert))
		return "OpenSSL's CMS, which refuses it";
	return NULL;
}

/* The bytes as a seal. */
static inline const char *differ_seal(const uint8_t *data, size_t size)
{
	struct differ_seal a = { .ev = NULL }, b = { .ev = NULL };
	const char *what = NULL;

	tmk_fast_set(false);
	a.rc = tmk_seal_cms.parse(&a.ev, data, size, &a.v, NULL);
	tmk_fast_set(true);
	b.rc = tmk_seal_cms.parse(&b.ev, data, size, &b.v, NULL);
	if (a.rc || b.rc || differ_verdict(&a.v, &b.v))
		what = "the verdict";
	else if (!a.ev != !b.ev)
		what = "whether there is evidence";
	else if (a.ev)
		what = differ_evidence(&a, &b, data, size);
	tmk_evidence_free(a.ev);
	tmk_evidence_free(b.ev);
	return what;
}

/* Whether the fast path alone would take the token, and what it says of it is
 * what OpenSSL's reader says. */
static inline const char *differ_facts(const uint8_t *data, size_t size)
{
	struct tmk_tst_token slow = { NULL };
	struct tmk_tst_fast fast;
	const char *what = NULL;
	char why[400];

	if (size > TMK_TST_MAX || !tmk_tst_fast_read(&fast, data, size)) {
		tmk_tst_fast_release(&fast);
		return NULL;
	}
	differ_taken.tokens++;
	if (tmk_tst_fast_verify(&fast)) {
		differ_taken.good_tokens++;
		ERR_set_mark();
		if (!tmk_tst_token_read(&slow, data, size, why, sizeof(why)) ||
		    !tmk_tst_token_signer(&slow, NULL, NULL, why,
					  sizeof(why)) ||
		    !tmk_tst_token_verify(&slow, why, sizeof(why)))
			what = "a token, which only the fast path takes";
		else if (slow.time != fast.time || slow.hash != fast.hash ||
			 differ_bytes(slow.imprint, slow.imprint_len,
				      fast.imprint, fast.imprint_len) ||
			 differ_cert(slow.signer, fast.signer->x509) ||
			 sk_X509_num(slow.certs) != fast.certs->items)
			what = "what a token says";
		tmk_tst_token_release(&slow);
		ERR_pop_to_mark();
	}
	tmk_tst_fast_release(&fast);
	return what;
}

/* The bytes as a token over `over` (may be NULL), judged with this trust (may
 * be NULL). */
static inline const char *differ_token(const uint8_t *data, size_t size,
				       const void *over, size_t over_len,
				       const struct tmk_trust *trust,
				       int64_t now)
{
	struct tmk_tst_answer a = { .time = 0 }, b = { .time = 0 };
	int ra, rb;

	tmk_fast_set(false);
	ra = tmk_tst_judge(&a, data, size, over, over_len, trust,
			   TMK_REVOCATION_CHECK, now, NULL);
	tmk_fast_set(true);
	rb = tmk_tst_judge(&b, data, size, over, over_len, trust,
			   TMK_REVOCATION_CHECK, now, NULL);
	if (ra || rb || a.result != b.result || a.time != b.time ||
	    strcmp(a.text, b.text) || strcmp(a.tsa, b.tsa))
		return "the judgement of a token";
	return differ_facts(data, size);
}

/* The bytes as a seal with tokens on it, and as a token. */
static inline const char *differ_all(const uint8_t *data, size_t size,
				     const struct tmk_trust *trust,
				     int64_t now)
{
	const char *what = differ_seal(data, size);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *ev = NULL;
	int i, k;

	if (!what)
		what = differ_token(data, size, NULL, 0, trust, now);
	if (what || tmk_seal_cms.parse(&ev, data, size, &v, NULL) || !ev)
		return what;
	for (i = 0; i < ev->signatures; i++) {
		const struct tmk_signature *s = &ev->signature[i];

		for (k = 0; !what && k < s->tokens; k++)
			what = differ_token(s->token[k], s->token_len[k],
					    s->value, s->value_len, trust,
					    now);
	}
	tmk_evidence_free(ev);
	return what;
}

#endif
