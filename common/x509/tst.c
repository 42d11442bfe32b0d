#include "x509/tst.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>

#include "base/clock.h"
#include "x509/cert.h"
#include "x509/digest.h"
#include "x509/fast.h"
#include "x509/trust.h"
#include "x509/tst_fast.h"
#include "x509/tst_token.h"
#include "x509/usage.h"

#define TSA_MIN_RSA 2048
#define NONCE_BYTES 8

/* A random positive INTEGER of 64 bits. */
static ASN1_INTEGER *make_nonce(void)
{
	unsigned char bytes[NONCE_BYTES];
	ASN1_INTEGER *nonce = NULL;
	BIGNUM *n;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return NULL;
	bytes[0] |= 0x80;	/* always the full length, never zero */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	if (n)
		nonce = BN_to_ASN1_INTEGER(n, NULL);
	BN_free(n);
	return nonce;
}

/* The MessageImprint of a request. Returns 1, or 0. */
static int set_imprint(TS_REQ *req, int hash, const uint8_t *digest,
		       size_t len)
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *alg = X509_ALGOR_new();
	int good = 0;

	if (imprint && alg) {
		X509_ALGOR_set_md(alg, tmk_digest_md(hash));
		good = TS_MSG_IMPRINT_set_algo(imprint, alg) == 1 &&
			TS_MSG_IMPRINT_set_msg(imprint,
				/* OpenSSL copies it, but takes no const */
				(unsigned char *)(uintptr_t)digest,
				(int)len) == 1 &&
			TS_REQ_set_msg_imprint(req, imprint) == 1;
	}
	X509_ALGOR_free(alg);
	TS_MSG_IMPRINT_free(imprint);
	return good;
}

int tmk_tst_request(struct tmk_buf *out, int hash, const uint8_t *digest,
		    size_t len, struct tmk_err *err)
{
	const EVP_MD *md = tmk_digest_md(hash);
	ASN1_INTEGER *nonce = NULL;
	unsigned char *der = NULL;
	TS_REQ *req = NULL;
	int n, rc = -1;

	if (!md || len != (size_t)EVP_MD_get_size(md))
		return tmk_err_set(err, TMK_INTERNAL,
				   "a timestamp request for a digest of %zu "
				   "bytes", len);
	ERR_set_mark();
	req = TS_REQ_new();
	nonce = make_nonce();
	if (!req || !nonce || TS_REQ_set_version(req, 1) != 1 ||
	    !set_imprint(req, hash, digest, len) ||
	    TS_REQ_set_nonce(req, nonce) != 1 ||
	    TS_REQ_set_cert_req(req, 1) != 1) {
		tmk_err_set(err, TMK_INTERNAL,
			    "OpenSSL cannot build a timestamp request");
		goto out;
	}
	n = i2d_TS_REQ(req, &der);
	if (n <= 0 || tmk_buf_add(out, der, (size_t)n)) {
		tmk_err_nomem(err);
		goto out;
	}
	rc = 0;
out:
	OPENSSL_free(der);
	ASN1_INTEGER_free(nonce);
	TS_REQ_free(req);
	ERR_pop_to_mark();
	return rc;
}

static bool same_imprint(TS_REQ *req, const struct tmk_tst_token *t)
{
	TS_MSG_IMPRINT *imprint = TS_REQ_get_msg_imprint(req);
	const ASN1_OCTET_STRING *msg = TS_MSG_IMPRINT_get_msg(imprint);
	const ASN1_OBJECT *oid = NULL;

	X509_ALGOR_get0(&oid, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	return tmk_digest_from_nid(OBJ_obj2nid(oid)) == t->hash &&
		(size_t)ASN1_STRING_length(msg) == t->imprint_len &&
		!memcmp(ASN1_STRING_get0_data(msg), t->imprint,
			t->imprint_len);
}

/* Everything that binds a token to its request (RFC 3161 2.4.2). */
static bool answers(TS_REQ *req, struct tmk_tst_token *t, char *why,
		    size_t size)
{
	const ASN1_INTEGER *asked = TS_REQ_get_nonce(req);
	const ASN1_INTEGER *nonce = TS_TST_INFO_get_nonce(t->info);
	ASN1_OBJECT *policy = TS_REQ_get_policy_id(req);

	if (!same_imprint(req, t))
		snprintf(why, size, "it is for other bytes (imprint)");
	else if (asked && (!nonce || ASN1_INTEGER_cmp(asked, nonce)))
		snprintf(why, size, "it answers another request (nonce)");
	else if (policy &&
		 OBJ_cmp(policy, TS_TST_INFO_get_policy_id(t->info)))
		snprintf(why, size, "it has another policy");
	else
		return true;
	return false;
}

/* Cut the token out of a TimeStampResp as it stands in the bytes, after
 * OpenSSL has read the whole: nothing is encoded again. */
static bool cut_token(const uint8_t **token, size_t *token_len,
		      const uint8_t *der, size_t len)
{
	const unsigned char *p = der, *end;
	long n = 0;
	int tag = 0, class = 0;

	if (ASN1_get_object(&p, &n, &tag, &class, (long)len) !=
	    V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE || class)
		return false;
	end = p + n;
	if (end != der + len)
		return false;
	/* PKIStatusInfo */
	if (ASN1_get_object(&p, &n, &tag, &class, end - p) !=
	    V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE || class)
		return false;
	p += n;
	if (p >= end)
		return false;
	*token = p;
	*token_len = (size_t)(end - p);
	return true;
}

/* Why a TSA gave no token, in its own words where it has any. */
static void refusal_text(TS_STATUS_INFO *info, long status, char *why,
			 size_t size)
{
	const STACK_OF(ASN1_UTF8STRING) *texts =
		TS_STATUS_INFO_get0_text(info);
	const ASN1_UTF8STRING *text;

	if (sk_ASN1_UTF8STRING_num(texts) > 0) {
		text = sk_ASN1_UTF8STRING_value(texts, 0);
		snprintf(why, size, "it was not granted (status %ld: %.*s)",
			 status, ASN1_STRING_length(text),
			 (const char *)ASN1_STRING_get0_data(text));
		return;
	}
	snprintf(why, size, "it was not granted (status %ld)", status);
}

/* Status, then the token's bytes. */
static bool open_response(const uint8_t **token, size_t *token_len,
			  const uint8_t *der, size_t len, char *why,
			  size_t size)
{
	const unsigned char *p = der;
	TS_STATUS_INFO *info;
	bool good = false;
	TS_RESP *resp;
	long status;

	snprintf(why, size, "it is not a TimeStampResp");
	resp = len <= TMK_TST_MAX ? d2i_TS_RESP(NULL, &p, (long)len) : NULL;
	if (!resp || p != der + len)
		goto out;
	info = TS_RESP_get_status_info(resp);
	status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(info));
	if (status != TS_STATUS_GRANTED &&
	    status != TS_STATUS_GRANTED_WITH_MODS)
		refusal_text(info, status, why, size);
	else
		good = cut_token(token, token_len, der, len);
out:
	TS_RESP_free(resp);
	return good;
}

int tmk_tst_response(struct tmk_buf *token, const uint8_t *request,
		     size_t request_len, const uint8_t *response,
		     size_t response_len, struct tmk_err *err)
{
	struct tmk_tst_token t = { NULL };
	const unsigned char *p = request;
	const uint8_t *der = NULL;
	size_t len = 0;
	char why[400];
	TS_REQ *req;
	int rc = -1;

	ERR_set_mark();
	req = d2i_TS_REQ(NULL, &p, (long)request_len);
	if (!req || p != request + request_len) {
		tmk_err_set(err, TMK_INTERNAL,
			    "our own timestamp request cannot be read");
		goto out;
	}
	if (!open_response(&der, &len, response, response_len, why,
			   sizeof(why)) ||
	    !tmk_tst_token_read(&t, der, len, why, sizeof(why)) ||
	    !answers(req, &t, why, sizeof(why)) ||
	    !tmk_tst_token_signer(&t, NULL, NULL, why, sizeof(why)) ||
	    !tmk_tst_token_verify(&t, why, sizeof(why)) ||
	    !tmk_usage_tsa_ok(t.signer, why, sizeof(why))) {
		tmk_err_set(err, TMK_NET, "the timestamp response is refused: "
			    "%s", why);
		goto out;
	}
	if (tmk_buf_add(token, der, len)) {
		tmk_err_nomem(err);
		goto out;
	}
	rc = 0;
out:
	tmk_tst_token_release(&t);
	TS_REQ_free(req);
	ERR_pop_to_mark();
	return rc;
}

/* A ContentInfo begins with an OBJECT IDENTIFIER, a TimeStampResp with the
 * SEQUENCE of its status. */
static bool is_response(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	int tag = 0, class = 0;
	long n = 0;

	return ASN1_get_object(&p, &n, &tag, &class, (long)len) ==
		V_ASN1_CONSTRUCTED && n > 0 && *p == 0x30;
}

int tmk_tst_unwrap(const uint8_t **token, size_t *token_len,
		   const uint8_t *der, size_t len, struct tmk_err *err)
{
	char why[400] = "it is too large";
	bool good = len <= TMK_TST_MAX;

	ERR_set_mark();
	if (good && is_response(der, len)) {
		good = open_response(token, token_len, der, len, why,
				     sizeof(why));
	} else if (good) {
		*token = der;
		*token_len = len;
	}
	ERR_pop_to_mark();
	if (!good)
		return tmk_err_set(err, TMK_INPUT, "the timestamp: %s", why);
	return 0;
}

static int refuse(struct tmk_tst_answer *answer, enum tmk_tst_result result,
		  const char *why)
{
	answer->result = result;
	snprintf(answer->text, sizeof(answer->text), "%s", why);
	return 0;
}

/* Whether the imprint is that of the bytes; 1, 0, or -1 with `err`. */
static int covers(int hash, const uint8_t *imprint, size_t imprint_len,
		  const void *data, size_t len, struct tmk_err *err)
{
	uint8_t md[TMK_DIGEST_MAX];
	size_t n = 0;

	if (tmk_digest_bytes(hash, data, len, md, &n, err))
		return -1;
	return n == imprint_len && !memcmp(md, imprint, n);
}

/* RFC 3161 2.3: the key that stamps is reserved for stamping, so it cannot be
 * that of a CA above it. */
static bool has_own_key(STACK_OF(X509) *chain)
{
	EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(chain, 0));
	int i;

	for (i = 1; i < sk_X509_num(chain); i++)
		if (EVP_PKEY_eq(key, X509_get0_pubkey(
				sk_X509_value(chain, i))) == 1)
			return false;
	return true;
}

/* The TSA's chain at genTime, by the same rules as a signer's. */
static int judge_tsa(struct tmk_tst_answer *answer, X509 *signer,
		     STACK_OF(X509) *certs, const struct tmk_trust *trust,
		     enum tmk_revocation revocation, int64_t now,
		     struct tmk_err *err)
{
	struct tmk_chain_answer chain = { TMK_CHAIN_GOOD, "", NULL };
	struct tmk_chain_request request = {
		.trust = trust,
		.leaf = signer,
		.untrusted = certs,
		.at = answer->time,
		.now = now,
		.stamped = true,
		.revocation = revocation,
		.eku = { "timeStamping" },
		.ekus = 1,
		.eku_critical_alone = true,
		.min_rsa = TSA_MIN_RSA,
	};

	if (tmk_chain_judge(&chain, &request, err))
		return -1;
	if (chain.result != TMK_CHAIN_GOOD)
		refuse(answer, TMK_TST_UNTRUSTED, chain.text);
	else if (!has_own_key(chain.chain))
		refuse(answer, TMK_TST_UNTRUSTED, "the TSA's key is also the "
		       "key of a CA, not reserved for timestamps");
	tmk_chain_answer_release(&chain);
	return 0;
}

/* Form, imprint, signer and signature. 0 when all is well or refused (then
 * answer->result says so). */
static int judge_token(struct tmk_tst_answer *answer, struct tmk_tst_token *t,
		       const uint8_t *token, size_t token_len,
		       const void *data, size_t data_len,
		       const struct tmk_trust *trust, struct tmk_err *err)
{
	char why[400];
	int match = 1;

	if (token_len > TMK_TST_MAX)
		return refuse(answer, TMK_TST_BAD, "it is too large");
	if (!tmk_tst_token_read(t, token, token_len, why, sizeof(why)))
		return refuse(answer, TMK_TST_BAD, why);
	answer->time = t->time;
	if (data)
		match = covers(t->hash, t->imprint, t->imprint_len, data,
			       data_len, err);
	if (match < 0)
		return -1;
	if (!match)
		return refuse(answer, TMK_TST_BAD,
			      "it is for other bytes (imprint)");
	if (!tmk_tst_token_signer(t, trust ? trust->intermediates : NULL,
				  trust ? trust->roots : NULL, why,
				  sizeof(why)))
		return refuse(answer, TMK_TST_BAD, why);
	tmk_cert_subject(answer->tsa, sizeof(answer->tsa), t->signer);
	/* Before any arithmetic with the key. */
	if (!tmk_cert_key_ok(t->signer, TSA_MIN_RSA, why, sizeof(why)))
		return refuse(answer, TMK_TST_UNTRUSTED, why);
	if (!tmk_tst_token_verify(t, why, sizeof(why)))
		return refuse(answer, TMK_TST_BAD, why);
	if (!tmk_usage_tsa_ok(t->signer, why, sizeof(why)))
		return refuse(answer, TMK_TST_UNTRUSTED, why);
	return 0;
}

/* The same for the usual token, by the fast path: true when all is well, with
 * what judge_token would have found; false says nothing. */
static bool is_usual(struct tmk_tst_answer *answer, struct tmk_tst_fast *t,
		     const uint8_t *token, size_t token_len, const void *data,
		     size_t data_len)
{
	char why[120];

	if (token_len > TMK_TST_MAX || !tmk_tst_fast_read(t, token, token_len) ||
	    (data && covers(t->hash, t->imprint, t->imprint_len, data,
			    data_len, NULL) != 1) ||
	    !tmk_cert_key_ok(t->signer->x509, TSA_MIN_RSA, why, sizeof(why)) ||
	    !tmk_tst_fast_verify(t) || !t->signer->stamps)
		return false;
	answer->time = t->time;
	memcpy(answer->tsa, t->signer->name, sizeof(answer->tsa));
	return true;
}

/* genTime must lie where the TSA's certificate is valid, trusted or not. */
static int judge_time(struct tmk_tst_answer *answer, X509 *signer)
{
	int64_t from, to;

	if (tmk_cert_validity(&from, &to, signer, NULL) ||
	    answer->time < from || answer->time > to)
		return refuse(answer, TMK_TST_UNTRUSTED, "its genTime is "
			      "outside the validity of the TSA's certificate");
	return 0;
}

int tmk_tst_judge(struct tmk_tst_answer *answer, const uint8_t *token,
		  size_t token_len, const void *data, size_t data_len,
		  const struct tmk_trust *trust,
		  enum tmk_revocation revocation, int64_t now,
		  struct tmk_err *err)
{
	struct tmk_tst_answer found = { TMK_TST_GOOD, "", TMK_TIME_NONE, "" };
	struct tmk_tst_token t = { NULL };
	struct tmk_tst_fast fast = { NULL };
	STACK_OF(X509) *certs;
	X509 *signer;
	int rc;

	ERR_set_mark();
	if (tmk_fast() && is_usual(&found, &fast, token, token_len, data,
				   data_len)) {
		signer = fast.signer->x509;
		certs = fast.certs->bag;
		rc = 0;
	} else {
		rc = judge_token(&found, &t, token, token_len, data, data_len,
				 trust, err);
		signer = t.signer;
		certs = t.certs;
	}
	if (!rc && found.result == TMK_TST_GOOD)
		rc = judge_time(&found, signer);
	if (!rc && found.result == TMK_TST_GOOD && trust)
		rc = judge_tsa(&found, signer, certs, trust, revocation, now,
			       err);
	tmk_tst_token_release(&t);
	tmk_tst_fast_release(&fast);
	ERR_pop_to_mark();
	if (!rc)
		*answer = found;
	return rc;
}

int tmk_tst_signer(X509 **out, const uint8_t *token, size_t token_len,
		   struct tmk_err *err)
{
	struct tmk_tst_token t = { NULL };
	char why[400] = "it is too large";
	int rc = 0;

	ERR_set_mark();
	if (token_len > TMK_TST_MAX ||
	    !tmk_tst_token_read(&t, token, token_len, why, sizeof(why)) ||
	    !tmk_tst_token_signer(&t, NULL, NULL, why, sizeof(why)))
		rc = tmk_err_set(err, TMK_INPUT, "the timestamp token: %s",
				 why);
	else if (!X509_up_ref(t.signer))
		rc = tmk_err_nomem(err);
	if (!rc)
		*out = t.signer;
	tmk_tst_token_release(&t);
	ERR_pop_to_mark();
	return rc;
}

int tmk_tst_imprint(const uint8_t *token, size_t token_len, int *hash,
		    uint8_t *digest, size_t *digest_len, struct tmk_err *err)
{
	struct tmk_tst_token t = { NULL };
	char why[400] = "it is too large";
	int rc = -1;

	ERR_set_mark();
	if (token_len > TMK_TST_MAX ||
	    !tmk_tst_token_read(&t, token, token_len, why, sizeof(why))) {
		tmk_err_set(err, TMK_INPUT, "the timestamp token: %s", why);
		goto out;
	}
	*hash = t.hash;
	memcpy(digest, t.imprint, t.imprint_len);
	*digest_len = t.imprint_len;
	rc = 0;
out:
	tmk_tst_token_release(&t);
	ERR_pop_to_mark();
	return rc;
}
