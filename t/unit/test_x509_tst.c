#include "t/unit/tap.h"
#include "t/unit/x509_mint.h"
#include "x509/digest.h"
#include "x509/tst.h"

static struct mint root, tsa;
static struct tmk_trust *trust;

/* How the mock TSA answers; zero is the honest way. */
struct way {
	const struct mint *signer;	/* another certificate */
	const EVP_MD *md;		/* of its signature */
	const EVP_MD *ess;		/* of the ESS attribute */
	int64_t time;			/* genTime */
	bool no_cert;
	STACK_OF(X509) *extra;		/* more embedded certificates */
};

static const struct way *now_way;

static ASN1_INTEGER *serial_cb(TS_RESP_CTX *ctx, void *data)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)ctx;
	(void)data;
	ASN1_INTEGER_set(serial, 42);
	return serial;
}

static int time_cb(TS_RESP_CTX *ctx, void *data, long *sec, long *usec)
{
	(void)ctx;
	(void)data;
	*sec = (long)(now_way->time ? now_way->time : MINT_T0);
	*usec = 0;
	return 1;
}

/* A TSA's answer to a request, DER. */
static void answer(struct tmk_buf *out, const struct tmk_buf *request,
		   const struct way *way)
{
	const struct mint *signer = way->signer ? way->signer : &tsa;
	TS_RESP_CTX *ctx = TS_RESP_CTX_new();
	BIO *bio = BIO_new_mem_buf(request->data, (int)request->len);
	ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.1", 1);
	unsigned char *der = NULL;
	TS_RESP *resp;
	int n;

	now_way = way;
	mint_must(ctx && bio && policy &&
		  TS_RESP_CTX_set_signer_cert(ctx, signer->cert) == 1 &&
		  TS_RESP_CTX_set_signer_key(ctx, signer->key) == 1 &&
		  TS_RESP_CTX_set_signer_digest(ctx, way->md ? way->md :
						EVP_sha256()) == 1 &&
		  TS_RESP_CTX_set_ess_cert_id_digest(ctx, way->ess ?
				way->ess : EVP_sha256()) == 1 &&
		  TS_RESP_CTX_set_def_policy(ctx, policy) == 1 &&
		  TS_RESP_CTX_add_md(ctx, EVP_sha1()) == 1 &&
		  TS_RESP_CTX_add_md(ctx, EVP_sha256()) == 1 &&
		  TS_RESP_CTX_add_md(ctx, EVP_sha384()) == 1, "TSA");
	if (way->extra)
		TS_RESP_CTX_set_certs(ctx, way->extra);
	TS_RESP_CTX_set_serial_cb(ctx, serial_cb, NULL);
	TS_RESP_CTX_set_time_cb(ctx, time_cb, NULL);
	resp = TS_RESP_create_response(ctx, bio);
	n = resp ? i2d_TS_RESP(resp, &der) : -1;
	mint_must(n > 0 && !tmk_buf_add(out, der, (size_t)n), "response");
	OPENSSL_free(der);
	TS_RESP_free(resp);
	ASN1_OBJECT_free(policy);
	BIO_free(bio);
	TS_RESP_CTX_free(ctx);
}

static void ask(struct tmk_buf *request, const char *data)
{
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t md[TMK_DIGEST_MAX];
	size_t n = 0;

	mint_must(!tmk_digest_bytes(1, data, strlen(data), md, &n, &err) &&
		  !tmk_tst_request(request, 1, md, n, &err), "request");
}

/* Request, answer, token; a bail out when an honest one fails. */
static void stamp(struct tmk_buf *token, const char *data,
		  const struct way *way)
{
	struct tmk_buf request = TMK_BUF_INIT(4096);
	struct tmk_buf response = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	const uint8_t *der = NULL;
	size_t len = 0;

	ask(&request, data);
	answer(&response, &request, way);
	mint_must(!tmk_tst_unwrap(&der, &len, response.data, response.len,
				  &err) &&
		  !tmk_buf_add(token, der, len), "token");
	tmk_buf_release(&request);
	tmk_buf_release(&response);
}

static void judged(const struct tmk_buf *token, const char *data,
		   const struct tmk_trust *by, enum tmk_tst_result want,
		   const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_tst_answer answer;

	if (tmk_tst_judge(&answer, token->data, token->len, data,
			  data ? strlen(data) : 0, by, TMK_REVOCATION_CHECK,
			  MINT_T0, &err)) {
		ok(false, "%s: could not judge: %s", what, err.text);
		return;
	}
	is_int(answer.result, want, "%s (%s)", what, answer.text);
	if (want == TMK_TST_GOOD)
		is_int(answer.time, now_way->time ? now_way->time : MINT_T0,
		       "and its time is genTime");
}

static void way_is(const struct way *way, enum tmk_tst_result want,
		   const char *what)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);

	stamp(&token, "data", way);
	judged(&token, "data", trust, want, what);
	tmk_buf_release(&token);
}

static void honest(void)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	const struct way way = { .time = 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_trust *empty = NULL;
	uint8_t md[TMK_DIGEST_MAX], want[TMK_DIGEST_MAX];
	size_t n = 0, m = 0;
	int hash = 0;

	stamp(&token, "data", &way);
	judged(&token, "data", trust, TMK_TST_GOOD, "an honest token");
	judged(&token, "data", NULL, TMK_TST_GOOD, "its form alone");
	judged(&token, NULL, trust, TMK_TST_GOOD, "its imprint not asked");
	judged(&token, "Data", trust, TMK_TST_BAD, "over other bytes");
	mint_must(!tmk_trust_new(&empty, &err), "trust");
	judged(&token, "data", empty, TMK_TST_UNTRUSTED, "trusted by nobody");
	tmk_trust_free(empty);
	ok(!tmk_tst_imprint(token.data, token.len, &hash, md, &n, &err) &&
	   !tmk_digest_bytes(1, "data", 4, want, &m, &err), "its imprint");
	is_int(hash, 1, "is SHA-256");
	is_mem(md, n, want, m, "of the data");
	tmk_buf_release(&token);
}

/* Which certificate signed, of several in it. */
static void told_signer(void)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	STACK_OF(X509) *more = sk_X509_new_null();
	struct tmk_err err = TMK_ERR_INIT;
	const struct way way = { .extra = more };
	X509 *cert = NULL;

	mint_must(more && sk_X509_push(more, root.cert), "certificates");
	stamp(&token, "data", &way);
	ok(!tmk_tst_signer(&cert, token.data, token.len, &err) && cert &&
	   !X509_cmp(cert, tsa.cert), "the signer's certificate");
	X509_free(cert);
	cert = NULL;
	ok(tmk_tst_signer(&cert, token.data, token.len - 1, &err) < 0 &&
	   err.code == TMK_INPUT && !cert, "a token that is cut has none: %s",
	   err.text);
	ok(tmk_tst_signer(&cert, token.data, TMK_TST_MAX + 1, &err) < 0 &&
	   !cert, "nor has one that is too large: %s", err.text);
	sk_X509_free(more);
	tmk_buf_release(&token);
}

/* Every byte of a token is covered by form, imprint, digest or signature, but
 * for the few that carry no meaning: none may turn into another time. */
static void flipped(void)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	const struct way way = { .time = 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_tst_answer answer;
	size_t i, accepted = 0;
	bool moved = false;

	stamp(&token, "data", &way);
	for (i = 0; i < token.len; i++) {
		token.data[i] ^= 0x01;
		if (!tmk_tst_judge(&answer, token.data, token.len, "data", 4,
				   trust, TMK_REVOCATION_CHECK, MINT_T0,
				   &err) && answer.result == TMK_TST_GOOD) {
			accepted++;
			moved |= answer.time != MINT_T0;
		}
		token.data[i] ^= 0x01;
	}
	ok(!moved, "no flipped bit gives another time");
	ok(accepted < 16, "%zu of %zu flipped bits do no harm", accepted,
	   token.len);
	for (i = 0; i < token.len; i += 7)
		if (!tmk_tst_judge(&answer, token.data, i, "data", 4, trust,
				   TMK_REVOCATION_CHECK, MINT_T0, &err) &&
		    answer.result == TMK_TST_GOOD)
			break;
	ok(i >= token.len, "no cut token is good");
	ok(!tmk_buf_addch(&token, 0), "a byte behind it");
	judged(&token, "data", trust, TMK_TST_BAD, "is refused");
	tmk_buf_release(&token);
}

/* A certificate by the root, with these extensions, stamps. */
static void other_tsa(const char *eku, const char *usage, const char *key,
		      enum tmk_tst_result want, const char *what)
{
	struct mint_spec spec = { .name = "other tsa", .key = key,
		.serial = 5, .ext = { { "extendedKeyUsage", eku },
				      { "keyUsage", usage } } };
	struct mint other;
	struct way way = { .signer = &other };

	mint_cert(&other, &root, &spec);
	way_is(&way, want, what);
	mint_release(&other);
}

static void signers(void)
{
	const struct way late = { .time = MINT_T0 + 11 * MINT_DAY };
	const struct way early = { .time = MINT_T0 - 11 * MINT_DAY };
	const struct way inside = { .time = MINT_T0 + 9 * MINT_DAY };
	const struct way sha1 = { .md = EVP_sha1() };
	const struct way ess1 = { .ess = EVP_sha1() };
	STACK_OF(X509) *extra = sk_X509_new_null();
	struct way injected = { .extra = extra };
	struct mint stranger, shared;
	const struct way with_ca_key = { .signer = &shared };

	mint_cert(&shared, &root, &(struct mint_spec) { .name = "shared",
		  .reuse = root.key, .ext = { { "extendedKeyUsage",
						"critical,timeStamping" } } });
	way_is(&with_ca_key, TMK_TST_UNTRUSTED, "a TSA with its CA's key");
	mint_release(&shared);
	other_tsa("critical,timeStamping", "digitalSignature", NULL,
		  TMK_TST_GOOD, "another TSA under the root");
	other_tsa("critical,timeStamping", "critical,nonRepudiation",
		  "RSA2048", TMK_TST_GOOD, "RSA 2048");
	other_tsa("critical,timeStamping", "digitalSignature", "RSA1024",
		  TMK_TST_UNTRUSTED, "RSA 1024");
	way_is(&late, TMK_TST_UNTRUSTED, "genTime after the TSA's end");
	way_is(&early, TMK_TST_UNTRUSTED, "genTime before its beginning");
	way_is(&inside, TMK_TST_GOOD, "judged at genTime, not now");
	way_is(&sha1, TMK_TST_BAD, "signed with SHA-1");
	way_is(&ess1, TMK_TST_GOOD, "ESSCertID of RFC 2634");
	/* A look-alike in front: the signer id and ESS decide, not order. */
	mint_cert(&stranger, NULL, &(struct mint_spec) { .name = "tsa",
		  .serial = 3, .ext = { { "extendedKeyUsage",
					  "critical,timeStamping" } } });
	sk_X509_push(extra, stranger.cert);
	way_is(&injected, TMK_TST_GOOD, "injected certificates");
	sk_X509_free(extra);
	mint_release(&stranger);
}

static void weak_imprint(void)
{
	struct tmk_buf request = TMK_BUF_INIT(4096);
	struct tmk_buf response = TMK_BUF_INIT(TMK_TST_MAX);
	const struct way way = { .time = 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_tst_answer answer_;
	const uint8_t *der = NULL;
	unsigned char *bytes = NULL;
	TS_REQ *req = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *alg = X509_ALGOR_new();
	unsigned char md[20] = { 1 };
	size_t len = 0;
	int n;

	X509_ALGOR_set_md(alg, EVP_sha1());
	TS_MSG_IMPRINT_set_algo(imprint, alg);
	TS_MSG_IMPRINT_set_msg(imprint, md, sizeof(md));
	TS_REQ_set_version(req, 1);
	TS_REQ_set_msg_imprint(req, imprint);
	TS_REQ_set_cert_req(req, 1);
	n = i2d_TS_REQ(req, &bytes);
	mint_must(n > 0 && !tmk_buf_add(&request, bytes, (size_t)n),
		  "request");
	answer(&response, &request, &way);
	ok(!tmk_tst_unwrap(&der, &len, response.data, response.len, &err) &&
	   !tmk_tst_judge(&answer_, der, len, NULL, 0, trust,
			  TMK_REVOCATION_OFF, MINT_T0, &err),
	   "a token with a SHA-1 imprint");
	is_int(answer_.result, TMK_TST_BAD, "is bad (%s)", answer_.text);
	OPENSSL_free(bytes);
	X509_ALGOR_free(alg);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(req);
	tmk_buf_release(&request);
	tmk_buf_release(&response);
}

static void response_is(struct tmk_buf *request, const struct tmk_buf *resp,
			int want, const char *what)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	int rc = tmk_tst_response(&token, request->data, request->len,
				  resp->data, resp->len, &err);

	is_int(rc ? err.code : 0, want, "%s (%s)", what, err.text);
	ok((token.len == 0) == (rc != 0), "a token comes out only if good");
	tmk_buf_release(&token);
}

/* The request with another digest, or without its nonce. */
static void change_request(struct tmk_buf *out, const struct tmk_buf *request,
			   bool nonce)
{
	const unsigned char *p = request->data;
	TS_REQ *req = d2i_TS_REQ(NULL, &p, (long)request->len);
	TS_REQ *other = TS_REQ_new();
	unsigned char md[32] = { 1 }, *der = NULL;
	int n;

	mint_must(req && other, "another request");
	if (nonce)
		TS_MSG_IMPRINT_set_msg(TS_REQ_get_msg_imprint(req), md,
				       sizeof(md));
	TS_REQ_set_version(other, 1);
	TS_REQ_set_cert_req(other, 1);
	mint_must(TS_REQ_set_msg_imprint(other, TS_REQ_get_msg_imprint(req)) ==
		  1 && (!nonce || TS_REQ_set_nonce(other,
				TS_REQ_get_nonce(req)) == 1), "its fields");
	n = i2d_TS_REQ(other, &der);
	mint_must(n > 0 && !tmk_buf_add(out, der, (size_t)n), "request");
	OPENSSL_free(der);
	TS_REQ_free(req);
	TS_REQ_free(other);
}

/* Each of the things that bind an answer to its question, alone. */
static void bound(void)
{
	struct tmk_buf one = TMK_BUF_INIT(4096), other = TMK_BUF_INIT(4096);
	struct tmk_buf resp = TMK_BUF_INIT(TMK_TST_MAX);
	const struct way way = { .time = 0 };

	ask(&one, "data");
	change_request(&other, &one, true);
	answer(&resp, &other, &way);
	response_is(&one, &resp, TMK_NET, "other bytes under our nonce");
	tmk_buf_clear(&other);
	tmk_buf_clear(&resp);
	change_request(&other, &one, false);
	answer(&resp, &other, &way);
	response_is(&one, &resp, TMK_NET, "our bytes, and no nonce");
	tmk_buf_clear(&resp);
	answer(&resp, &one, &way);
	resp.data[resp.len - 1] ^= 1;
	response_is(&one, &resp, TMK_NET, "a signature that is wrong");
	resp.data[resp.len - 1] ^= 1;
	ok(!tmk_buf_addch(&resp, 0), "a byte behind it");
	response_is(&one, &resp, TMK_NET, "is refused");
	tmk_buf_release(&one);
	tmk_buf_release(&other);
	tmk_buf_release(&resp);
}

/* As an answer to our request, and as a token where no root is known: there
 * the form is all that tells a token. */
static void forged_is(const struct mint_forgery *how, enum tmk_tst_result want,
		      const char *what)
{
	struct tmk_buf request = TMK_BUF_INIT(4096);
	struct tmk_buf resp = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	const struct way way = { .time = 0 };
	struct tmk_err err = TMK_ERR_INIT;
	const uint8_t *der = NULL;
	size_t len = 0;

	ask(&request, "data");
	answer(&resp, &request, &way);
	mint_must(!tmk_tst_unwrap(&der, &len, resp.data, resp.len, &err) &&
		  !tmk_buf_add(&token, der, len), "token");
	tmk_buf_clear(&resp);
	mint_forge(&resp, &token, &tsa, how);
	response_is(&request, &resp, how->status ||
		    want != TMK_TST_GOOD ? TMK_NET : 0, what);
	tmk_buf_clear(&token);
	mint_must(!tmk_buf_add(&token, resp.data + 9, resp.len - 9), "token");
	judged(&token, "data", NULL, want, what);
	tmk_buf_release(&request);
	tmk_buf_release(&resp);
	tmk_buf_release(&token);
}

static void wrong_usage(const char *eku, const char *usage,
			enum tmk_tst_result want)
{
	const struct mint_spec spec = { .name = "signer", .serial = 6,
		.ext = { { "extendedKeyUsage", eku }, { "keyUsage", usage } } };
	struct mint other;

	mint_cert(&other, &root, &spec);
	forged_is(&(struct mint_forgery) { .signer = &other }, want, eku);
	mint_release(&other);
}

static void forgeries(void)
{
	const struct mint_spec spec = { .name = "second", .serial = 8,
		.ext = { { "extendedKeyUsage", "critical,timeStamping" } } };
	struct mint second;

	mint_cert(&second, &root, &spec);
	forged_is(&(struct mint_forgery) { 0 }, TMK_TST_GOOD, "signed again");
	forged_is(&(struct mint_forgery) { .status = 2 }, TMK_TST_GOOD,
		  "a token in a refusal");
	forged_is(&(struct mint_forgery) { .second = &second }, TMK_TST_BAD,
		  "two signers");
	forged_is(&(struct mint_forgery) { .no_ess = true }, TMK_TST_BAD,
		  "no signing certificate attribute");
	forged_is(&(struct mint_forgery) { .ess = &second }, TMK_TST_BAD,
		  "one that names another certificate");
	forged_is(&(struct mint_forgery) { .version = 2 }, TMK_TST_BAD,
		  "a TSTInfo of version 2");
	forged_is(&(struct mint_forgery) { .extension = true }, TMK_TST_BAD,
		  "a critical extension");
	forged_is(&(struct mint_forgery) { .type = NID_pkcs7_data },
		  TMK_TST_BAD, "signed as something else");
	forged_is(&(struct mint_forgery) { .moved = MINT_T0 - 100 }, TMK_TST_BAD,
		  "a time moved under the signature");
	mint_release(&second);
	wrong_usage("critical,timeStamping", "digitalSignature",
		    TMK_TST_GOOD);
	wrong_usage("codeSigning", "digitalSignature", TMK_TST_UNTRUSTED);
	wrong_usage("timeStamping", "digitalSignature", TMK_TST_UNTRUSTED);
	wrong_usage("critical,timeStamping,codeSigning", "digitalSignature",
		    TMK_TST_UNTRUSTED);
	wrong_usage("critical,timeStamping", "digitalSignature,keyAgreement",
		    TMK_TST_UNTRUSTED);
}

static void responses(void)
{
	struct tmk_buf one = TMK_BUF_INIT(4096), two = TMK_BUF_INIT(4096);
	struct tmk_buf three = TMK_BUF_INIT(4096);
	struct tmk_buf resp = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_buf junk = TMK_BUF_INIT(TMK_TST_MAX);
	const struct way way = { .time = 0 };

	ask(&one, "data");
	ask(&two, "data");
	ask(&three, "other");
	ok(one.len != two.len || memcmp(one.data, two.data, one.len),
	   "two requests differ in their nonce");
	answer(&resp, &one, &way);
	response_is(&one, &resp, 0, "the answer to the request");
	response_is(&two, &resp, TMK_NET, "of the same bytes, asked before");
	response_is(&three, &resp, TMK_NET, "of other bytes");
	ok(!tmk_buf_add(&junk, resp.data, resp.len - 1), "cut");
	response_is(&one, &junk, TMK_NET, "a cut answer");
	tmk_buf_clear(&junk);
	response_is(&one, &junk, TMK_NET, "an empty answer");
	ok(!tmk_buf_addstr(&junk, "<html>busy</html>"), "a page");
	response_is(&one, &junk, TMK_NET, "a web page");
	tmk_buf_clear(&junk);
	/* status 2 (rejection), text with an escape sequence in it */
	ok(!tmk_buf_add(&junk, "\x30\x10\x30\x0e\x02\x01\x02\x30\x09\x0c\x07"
			"no\x1b[31m", 18), "a refusal");
	response_is(&one, &junk, TMK_NET, "a refusal in the TSA's words");
	tmk_buf_release(&one);
	tmk_buf_release(&two);
	tmk_buf_release(&three);
	tmk_buf_release(&resp);
	tmk_buf_release(&junk);
}

/* The revocation of a TSA counts by reason at genTime. */
static void revoked(void)
{
	const struct mint_revoked soft = { 3, MINT_T0 + 100, 4, 0 };
	const struct mint_revoked hard = { 3, MINT_T0 + 100, 1, 0 };
	const struct way way = { .time = 0 };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_trust *own = trust;

	mint_must(!tmk_trust_add_crls(own, mint_crl("tsa.crl", &root, NULL,
			NULL, MINT_T0 - MINT_DAY, MINT_T0 + MINT_DAY, &soft,
			1), &err), "CRL");
	way_is(&way, TMK_TST_GOOD, "a TSA that was replaced later");
	mint_must(!tmk_trust_add_crls(own, mint_crl("tsa2.crl", &root, NULL,
			NULL, MINT_T0 - MINT_DAY + 1, MINT_T0 + MINT_DAY,
			&hard, 1), &err), "CRL");
	way_is(&way, TMK_TST_UNTRUSTED, "a TSA whose key was lost later");
}

/* What holds without any root as well. */
static void unknown_roots(void)
{
	const struct mint_spec spec = { .name = "weak", .key = "RSA1024",
		.serial = 7, .ext = { { "extendedKeyUsage",
					"critical,timeStamping" } } };
	const struct way late = { .time = MINT_T0 + 11 * MINT_DAY };
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	struct mint weak;
	const struct way short_key = { .signer = &weak };

	mint_cert(&weak, &root, &spec);
	stamp(&token, "data", &late);
	judged(&token, "data", NULL, TMK_TST_UNTRUSTED,
	       "no root known, genTime after the TSA's end");
	tmk_buf_clear(&token);
	stamp(&token, "data", &short_key);
	judged(&token, "data", NULL, TMK_TST_UNTRUSTED,
	       "no root known, RSA 1024");
	tmk_buf_release(&token);
	mint_release(&weak);
}

/* A CA that is bound to another purpose makes no TSAs. */
static void bound_ca(void)
{
	const struct mint_spec ca_spec = { .name = "bound ca", .ca = true,
		.serial = 10, .ext = { { "extendedKeyUsage",
					 "codeSigning" } } };
	const struct mint_spec spec = { .name = "tsa below", .serial = 11,
		.ext = { { "extendedKeyUsage", "critical,timeStamping" } } };
	STACK_OF(X509) *extra = sk_X509_new_null();
	struct mint ca, below;
	const struct way way = { .signer = &below, .extra = extra };

	mint_cert(&ca, &root, &ca_spec);
	mint_cert(&below, &ca, &spec);
	sk_X509_push(extra, ca.cert);
	way_is(&way, TMK_TST_UNTRUSTED, "under a CA for code signing");
	sk_X509_free(extra);
	mint_release(&ca);
	mint_release(&below);
}

int main(void)
{
	const struct mint_spec root_spec = { .name = "tsa root", .ca = true };
	const struct mint_spec tsa_spec = { .name = "tsa", .serial = 3,
		.ext = { { "extendedKeyUsage", "critical,timeStamping" } } };
	struct tmk_err err = TMK_ERR_INIT;

	mint_cert(&root, NULL, &root_spec);
	mint_cert(&tsa, &root, &tsa_spec);
	mint_must(!tmk_trust_new(&trust, &err) &&
		  !tmk_trust_add_roots(trust, mint_pem("tsa-root.pem",
						       root.cert), &err),
		  "trust");
	honest();
	told_signer();
	flipped();
	signers();
	weak_imprint();
	responses();
	bound();
	forgeries();
	unknown_roots();
	bound_ca();
	revoked();
	tmk_trust_free(trust);
	mint_release(&root);
	mint_release(&tsa);
	mint_clean();
	return tap_done();
}
