/*
 * fast_samples.h - signatures and tokens of every usual form, made for one
 * test, and ways of spoiling them that keep their DER whole.
 */
#ifndef TMK_T_FAST_SAMPLES_H
#define TMK_T_FAST_SAMPLES_H

#include <time.h>

#include <openssl/cms.h>
#include <openssl/ts.h>

#include "iface/seal.h"
#include "t/unit/soft.h"
#include "x509/chain.h"
#include "x509/tst.h"

extern const struct tmk_seal_ops tmk_seal_cms;

struct sample_one {
	EVP_PKEY *key;
	X509 *cert;
};

struct sample_world {
	struct sample_one root, mid, dev, tsa;
	STACK_OF(X509) *chain;
	struct soft_signer signer;
};

static inline void sample_world_init(struct sample_world *w, EVP_PKEY *dev,
				     EVP_PKEY *tsa)
{
	struct soft_cert ca = { .cn = "Root", .ca = true };
	struct soft_cert mid = { .cn = "Mid", .ca = true };
	struct soft_cert leaf = { .cn = "Dev", .eku = "codeSigning",
		.serial = 17 };
	struct soft_cert stamps = { .cn = "TSA", .serial = 18,
		.eku = "critical,timeStamping" };

	memset(w, 0, sizeof(*w));
	w->root.key = soft_ec("P-256");
	w->mid.key = soft_ec("P-256");
	w->dev.key = dev;
	w->tsa.key = tsa;
	w->root.cert = soft_cert(&ca, w->root.key, NULL, NULL);
	w->mid.cert = soft_cert(&mid, w->mid.key, w->root.cert, w->root.key);
	w->dev.cert = soft_cert(&leaf, dev, w->mid.cert, w->mid.key);
	w->tsa.cert = soft_cert(&stamps, tsa, w->root.cert, w->root.key);
	w->chain = must(sk_X509_new_null());
	must_be(sk_X509_push(w->chain, w->dev.cert) &&
		sk_X509_push(w->chain, w->mid.cert));
	soft_signer_init(&w->signer, dev);
}

static inline void sample_world_release(struct sample_world *w)
{
	struct sample_one *all[] = { &w->root, &w->mid, &w->dev, &w->tsa };
	size_t i;

	soft_signer_release(&w->signer);
	sk_X509_free(w->chain);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		X509_free(all[i]->cert);
		EVP_PKEY_free(all[i]->key);
	}
}

/* ---- tokens ------------------------------------------------------------- */

/* How the TSA answers; zero is the usual. */
struct sample_stamp {
	const struct sample_world *w;
	const EVP_MD *md;	/* of its signature */
	const EVP_MD *ess;	/* of the ESS attribute; SHA-1: the old one */
	int flags;		/* TS_ORDERING, TS_TSA_NAME */
	int accuracy;		/* seconds, and as many ms */
	unsigned int digits;	/* of a fraction of a second */
	bool chain;		/* more certificates */
};

static inline ASN1_INTEGER *sample_serial(TS_RESP_CTX *ctx, void *data)
{
	static long last = 0x7f;
	ASN1_INTEGER *serial = must(ASN1_INTEGER_new());

	(void)ctx;
	(void)data;
	must_be(ASN1_INTEGER_set(serial, ++last));
	return serial;
}

static inline int sample_time(TS_RESP_CTX *ctx, void *data, long *sec,
			      long *usec)
{
	(void)ctx;
	(void)data;
	*sec = time(NULL);
	*usec = 120000;
	return 1;
}

static inline void sample_answer(struct tmk_buf *out,
				 const struct tmk_buf *request,
				 const struct sample_stamp *how)
{
	const struct sample_world *w = how->w;
	TS_RESP_CTX *ctx = must(TS_RESP_CTX_new());
	BIO *bio = must(BIO_new_mem_buf(request->data, (int)request->len));
	ASN1_OBJECT *policy = must(OBJ_txt2obj("1.2.3.4.1", 1));
	unsigned char *der = NULL;
	TS_RESP *resp;
	int n;

	must_be(TS_RESP_CTX_set_signer_cert(ctx, w->tsa.cert) == 1 &&
		TS_RESP_CTX_set_signer_key(ctx, w->tsa.key) == 1 &&
		TS_RESP_CTX_set_signer_digest(ctx, how->md ? how->md :
					      EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_ess_cert_id_digest(ctx, how->ess ? how->ess :
						   EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_def_policy(ctx, policy) == 1 &&
		TS_RESP_CTX_add_md(ctx, EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_clock_precision_digits(ctx, how->digits));
	if (how->accuracy)
		must_be(TS_RESP_CTX_set_accuracy(ctx, how->accuracy,
						 how->accuracy, 0));
	if (how->chain)
		must_be(TS_RESP_CTX_set_certs(ctx, w->chain));
	TS_RESP_CTX_add_flags(ctx, how->flags);
	TS_RESP_CTX_set_serial_cb(ctx, sample_serial, NULL);
	TS_RESP_CTX_set_time_cb(ctx, sample_time, NULL);
	resp = must(TS_RESP_create_response(ctx, bio));
	n = i2d_TS_RESP(resp, &der);
	must_be(n > 0 && !tmk_buf_add(out, der, (size_t)n));
	OPENSSL_free(der);
	TS_RESP_free(resp);
	ASN1_OBJECT_free(policy);
	BIO_free(bio);
	TS_RESP_CTX_free(ctx);
}

/* A tmk_stamper; `ctx` is a struct sample_stamp. */
static inline int sample_token(void *ctx, const uint8_t *data, size_t len,
			       struct tmk_buf *token, struct tmk_err *err)
{
	struct tmk_buf request = TMK_BUF_INIT(4096);
	struct tmk_buf response = TMK_BUF_INIT(TMK_TST_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n;
	int rc;

	must_be(!tmk_digest_bytes(1, data, len, digest, &n, err) &&
		!tmk_tst_request(&request, 1, digest, n, err));
	sample_answer(&response, &request, ctx);
	rc = tmk_tst_response(token, request.data, request.len, response.data,
			      response.len, err);
	tmk_buf_release(&request);
	tmk_buf_release(&response);
	return rc;
}

/* ---- seals -------------------------------------------------------------- */

#define SAMPLE_CONTENT "what is signed"

/* As touchmark makes it, with or without a token. */
static inline void sample_seal(struct tmk_buf *out, struct sample_world *w,
			       enum tmk_hash hash, struct sample_stamp *how)
{
	struct tmk_stamper stamper = { sample_token, how };
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_seal_request request = {
		.signer = &w->signer.signer, .certs = w->chain, .hash = hash,
		.digest = digest, .signing_time = 1795240000,
		.stamper = how ? &stamper : NULL
	};

	must_be(!tmk_digest_bytes((int)hash, SAMPLE_CONTENT,
				  strlen(SAMPLE_CONTENT), digest,
				  &request.digest_len, &err) &&
		!tmk_seal_cms.make(&request, out, &err));
}

/* As OpenSSL makes it, with these flags beside CMS_DETACHED and CMS_BINARY;
 * `pss` pads RSA that way, `twice` signs with the TSA's key as well. */
static inline void sample_foreign(struct tmk_buf *out,
				  const struct sample_world *w,
				  unsigned int flags, bool pss, bool twice)
{
	BIO *in = must(BIO_new_mem_buf(SAMPLE_CONTENT, -1));
	CMS_ContentInfo *cms;
	CMS_SignerInfo *si;
	unsigned char *der = NULL;
	int n;

	flags |= CMS_BINARY | CMS_PARTIAL;
	cms = must(CMS_sign(NULL, NULL, NULL, NULL, flags));
	si = must(CMS_add1_signer(cms, w->dev.cert, w->dev.key, EVP_sha256(),
				  flags | (pss ? CMS_KEY_PARAM : 0)));
	if (pss)
		must_be(EVP_PKEY_CTX_set_rsa_padding(
				CMS_SignerInfo_get0_pkey_ctx(si),
				RSA_PKCS1_PSS_PADDING) > 0);
	if (twice)
		must(CMS_add1_signer(cms, w->tsa.cert, w->tsa.key,
				     EVP_sha256(), flags));
	must_be(CMS_final(cms, in, NULL, flags) == 1);
	n = i2d_CMS_ContentInfo(cms, &der);
	must_be(n > 0 && !tmk_buf_add(out, der, (size_t)n));
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
}

/* ---- spoiling ----------------------------------------------------------- */

#define SPOIL_NODES 1024

enum spoil {
	SPOIL_DELETE,	/* the element goes */
	SPOIL_TWICE,	/* it comes twice */
	SPOIL_EMPTY,	/* it loses its contents */
	SPOIL_SWAP,	/* it stands behind the next one */
	SPOIL_LENGTH,	/* its length takes one octet too many */
	SPOIL_TAG,	/* another identifier octet */
	SPOIL_LONGER,	/* a zero at the end of its contents */
	SPOIL_SHORTER,	/* without the last octet */
	SPOILS
};

/* An element of DER. What is inside an OCTET STRING counts when it is DER. */
struct spoil_node {
	const uint8_t *at;
	size_t head, len;
	int end;		/* the number behind its last descendant */
};

struct spoil_tree {
	struct spoil_node node[SPOIL_NODES];
	int nodes;
};

static inline bool spoil_cut(struct spoil_node *n, const uint8_t *p,
			     size_t left)
{
	size_t octets, i;

	if (left < 2)
		return false;
	n->at = p;
	n->head = 2;
	n->len = p[1];
	if (p[1] >= 0x80) {
		octets = p[1] & 0x7f;
		if (!octets || octets > 4 || left < 2 + octets)
			return false;
		n->head += octets;
		n->len = 0;
		for (i = 0; i < octets; i++)
			n->len = n->len << 8 | p[2 + i];
	}
	return n->len <= left - n->head;
}

static inline bool spoil_read(struct spoil_tree *t, const uint8_t *p,
			      size_t len)
{
	while (len) {
		int mine = t->nodes;
		struct spoil_node *n = &t->node[mine];

		if (mine == SPOIL_NODES || !spoil_cut(n, p, len))
			return false;
		t->nodes++;
		if (*p & 0x20 || *p == 0x04) {
			if (!spoil_read(t, p + n->head, n->len)) {
				if (*p & 0x20)
					return false;
				t->nodes = mine + 1;
			}
		}
		n->end = t->nodes;
		p += n->head + n->len;
		len -= n->head + n->len;
	}
	return true;
}

static inline void spoil_head(struct tmk_buf *out, uint8_t tag, size_t len,
			      bool spare)
{
	uint8_t head[8] = { tag };
	size_t n = 0, i;

	while (len >= 0x80 && len >> 8 * n)
		n++;
	if (spare)
		n++;
	head[1] = n ? (uint8_t)(0x80 | n) : (uint8_t)len;
	for (i = 0; i < n; i++)
		head[2 + i] = (uint8_t)(len >> 8 * (n - 1 - i));
	must_be(!tmk_buf_add(out, head, 2 + n));
}

static inline void spoil_write(struct tmk_buf *out, const struct spoil_tree *t,
			       int from, int to, int target, enum spoil how);

/* One element, with what became of its contents. */
static inline void spoil_one(struct tmk_buf *out, const struct spoil_tree *t,
			     int i, int target, enum spoil how)
{
	const struct spoil_node *n = &t->node[i];
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	bool hit = i == target;
	uint8_t tag = *n->at;

	if (hit && how == SPOIL_DELETE)
		return;
	if (n->end > i + 1)
		spoil_write(&body, t, i + 1, n->end, target, how);
	else
		must_be(!tmk_buf_add(&body, n->at + n->head, n->len));
	if (hit && how == SPOIL_EMPTY)
		body.len = 0;
	if (hit && how == SPOIL_SHORTER && body.len)
		body.len--;
	if (hit && how == SPOIL_LONGER)
		must_be(!tmk_buf_add(&body, "", 1));
	if (hit && how == SPOIL_TAG)
		tag ^= tag & 0x80 ? 0x20 : 0x01;
	spoil_head(out, tag, body.len, hit && how == SPOIL_LENGTH);
	must_be(!tmk_buf_add(out, body.data, body.len));
	tmk_buf_release(&body);
	if (hit && how == SPOIL_TWICE)
		spoil_one(out, t, i, -1, how);
}

static inline void spoil_write(struct tmk_buf *out, const struct spoil_tree *t,
			       int from, int to, int target, enum spoil how)
{
	int i, next;

	for (i = from; i < to; i = t->node[i].end) {
		next = t->node[i].end;
		if (i == target && how == SPOIL_SWAP && next < to) {
			spoil_one(out, t, next, -1, how);
			spoil_one(out, t, i, -1, how);
			i = next;
			continue;
		}
		spoil_one(out, t, i, target, how);
	}
}

#endif
