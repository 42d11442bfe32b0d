/*
 * history.c - a long signed history for the figures of the gate, made without
 * a token.
 *
 *   history COUNT PARENT KEY.pem CERT.pem [TSAKEY.pem TSACERT.pem]
 *
 * PARENT is the id below the first one, or "-". Writes a pack
 * (gitformat-pack(5)) of COUNT commits of the empty tree to standard output,
 * each the parent of the next and signed in CMS, with a token of the TSA when
 * one is named; the id of the last one goes to standard error. The objects
 * are stored, not compressed: repack them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>

#include "base/enc.h"
#include "iface/seal.h"
#include "t/unit/soft.h"

extern const struct tmk_seal_ops tmk_seal_cms;

#define COMMIT_MAX (64 * 1024)
#define ID 20

struct tsa {
	EVP_PKEY *key;
	X509 *cert;
	long serial;
};

static EVP_PKEY *load_key(const char *path)
{
	FILE *f = must(fopen(path, "r"));
	EVP_PKEY *key = must(PEM_read_PrivateKey(f, NULL, NULL, NULL));

	fclose(f);
	return key;
}

static X509 *load_cert(const char *path)
{
	FILE *f = must(fopen(path, "r"));
	X509 *cert = must(PEM_read_X509(f, NULL, NULL, NULL));

	fclose(f);
	return cert;
}

/* ---- tokens ------------------------------------------------------------- */

static ASN1_INTEGER *next_serial(TS_RESP_CTX *ctx, void *arg)
{
	ASN1_INTEGER *n = must(ASN1_INTEGER_new());
	struct tsa *tsa = arg;

	(void)ctx;
	must_be(ASN1_INTEGER_set(n, ++tsa->serial) == 1);
	return n;
}

static BIO *request_over(const uint8_t *data, size_t len)
{
	TS_REQ *req = must(TS_REQ_new());
	TS_MSG_IMPRINT *imprint = must(TS_MSG_IMPRINT_new());
	X509_ALGOR *algor = must(X509_ALGOR_new());
	BIO *bio = must(BIO_new(BIO_s_mem()));
	uint8_t digest[32];

	must_be(EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1 &&
		X509_ALGOR_set0(algor, OBJ_nid2obj(NID_sha256), V_ASN1_NULL,
				NULL) == 1 &&
		TS_MSG_IMPRINT_set_algo(imprint, algor) == 1 &&
		TS_MSG_IMPRINT_set_msg(imprint, digest, sizeof(digest)) == 1 &&
		TS_REQ_set_version(req, 1) == 1 &&
		TS_REQ_set_msg_imprint(req, imprint) == 1 &&
		TS_REQ_set_cert_req(req, 1) == 1 &&
		i2d_TS_REQ_bio(bio, req) == 1);
	X509_ALGOR_free(algor);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(req);
	return bio;
}

static int stamp(void *ctx, const uint8_t *data, size_t len,
		 struct tmk_buf *token, struct tmk_err *err)
{
	struct tsa *tsa = ctx;
	TS_RESP_CTX *ts = must(TS_RESP_CTX_new());
	ASN1_OBJECT *policy = must(OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1));
	BIO *bio = request_over(data, len);
	unsigned char *der = NULL;
	TS_RESP *resp;
	int n;

	(void)err;
	TS_RESP_CTX_set_serial_cb(ts, next_serial, tsa);
	must_be(TS_RESP_CTX_set_signer_cert(ts, tsa->cert) == 1 &&
		TS_RESP_CTX_set_signer_key(ts, tsa->key) == 1 &&
		TS_RESP_CTX_set_def_policy(ts, policy) == 1 &&
		TS_RESP_CTX_set_signer_digest(ts, EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_ess_cert_id_digest(ts, EVP_sha256()) == 1 &&
		TS_RESP_CTX_add_md(ts, EVP_sha256()) == 1);
	resp = must(TS_RESP_create_response(ts, bio));
	n = i2d_PKCS7(must(TS_RESP_get_token(resp)), &der);
	must_be(n > 0 && !tmk_buf_add(token, der, (size_t)n));
	OPENSSL_free(der);
	TS_RESP_free(resp);
	BIO_free(bio);
	ASN1_OBJECT_free(policy);
	TS_RESP_CTX_free(ts);
	return 0;
}

/* ---- commits ------------------------------------------------------------ */

static void sign(struct tmk_buf *armour, struct tmk_seal_request *req,
		 const struct tmk_buf *payload)
{
	struct tmk_buf der = TMK_BUF_INIT(COMMIT_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t digest[32];

	must_be(EVP_Digest(payload->data, payload->len, digest, NULL,
			   EVP_sha256(), NULL) == 1);
	req->digest = digest;
	req->digest_len = sizeof(digest);
	if (tmk_seal_cms.make(req, &der, &err) < 0) {
		fprintf(stderr, "history: %s\n", err.text);
		exit(1);
	}
	must_be(!tmk_enc_base64(armour, der.data, der.len, 64));
	tmk_buf_release(&der);
}

/* One commit; `id` is that of its parent before and its own after. */
static void make(struct tmk_buf *out, struct tmk_seal_request *req, long n,
		 bool root, uint8_t id[ID])
{
	struct tmk_buf head = TMK_BUF_INIT(COMMIT_MAX);
	struct tmk_buf armour = TMK_BUF_INIT(COMMIT_MAX);
	char hex[2 * ID + 1], *line, *rest;
	EVP_MD_CTX *md = must(EVP_MD_CTX_new());
	char name[32];

	must_be(!tmk_buf_addstr(&head, "tree 4b825dc642cb6eb9a060e54bf8d69288"
				"fbee4904\n"));
	tmk_enc_hex(hex, id, ID);
	if (!root)
		must_be(!tmk_buf_printf(&head, "parent %s\n", hex));
	must_be(!tmk_buf_printf(&head, "author Dev <dev@example.org> %ld "
				"+0000\ncommitter Dev <dev@example.org> %ld "
				"+0000\n", 1750000000 + n, 1750000000 + n));
	must_be(!tmk_buf_add(out, head.data, head.len) &&
		!tmk_buf_printf(&head, "\ncommit %ld\n", n));
	sign(&armour, req, &head);
	must_be(!tmk_buf_addstr(out, "gpgsig -----BEGIN SIGNED MESSAGE-----\n"));
	rest = (char *)armour.data;
	while ((line = strsep(&rest, "\n")) && *line)
		must_be(!tmk_buf_printf(out, " %s\n", line));
	must_be(!tmk_buf_printf(out, " -----END SIGNED MESSAGE-----\n\n"
				"commit %ld\n", n));
	snprintf(name, sizeof(name), "commit %zu", out->len);
	must_be(EVP_DigestInit_ex(md, EVP_sha1(), NULL) == 1 &&
		EVP_DigestUpdate(md, name, strlen(name) + 1) == 1 &&
		EVP_DigestUpdate(md, out->data, out->len) == 1 &&
		EVP_DigestFinal_ex(md, id, NULL) == 1);
	EVP_MD_CTX_free(md);
	tmk_buf_release(&head);
	tmk_buf_release(&armour);
}

/* ---- the pack ----------------------------------------------------------- */

static EVP_MD_CTX *pack_md;

static void emit(const void *data, size_t len)
{
	must_be(fwrite(data, 1, len, stdout) == len &&
		EVP_DigestUpdate(pack_md, data, len) == 1);
}

static void emit_be32(uint32_t n)
{
	uint8_t b[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
			 (uint8_t)(n >> 8), (uint8_t)n };

	emit(b, sizeof(b));
}

/* One stored block of zlib (RFC 1950, 1951); commits are below 64 KiB. */
static void emit_object(const uint8_t *data, size_t len)
{
	uint8_t head[16];
	uint32_t a = 1, b = 0;
	size_t n = 0, left = len >> 4, i;

	must_be(len < 65536);
	head[n] = (uint8_t)(1 << 4 | (len & 15));
	for (; left; left >>= 7) {
		head[n++] |= 0x80;
		head[n] = left & 0x7f;
	}
	n++;
	head[n++] = 0x78;
	head[n++] = 0x01;
	head[n++] = 1;
	head[n++] = (uint8_t)len;
	head[n++] = (uint8_t)(len >> 8);
	head[n++] = (uint8_t)~len;
	head[n++] = (uint8_t)(~len >> 8);
	emit(head, n);
	emit(data, len);
	for (i = 0; i < len; i++) {
		a = (a + data[i]) % 65521;
		b = (b + a) % 65521;
	}
	emit_be32(b << 16 | a);
}

int main(int argc, char **argv)
{
	struct tmk_seal_request req = { .hash = TMK_SHA256 };
	struct tsa tsa = { 0 };
	struct tmk_stamper stamper = { stamp, &tsa };
	struct soft_signer signer;
	uint8_t id[ID], sum[ID];
	bool root;
	char hex[2 * ID + 1], *end;
	long n, count = argc > 1 ? strtol(argv[1], &end, 10) : 0;

	root = argc > 2 && !strcmp(argv[2], "-");
	if ((argc != 5 && argc != 7) || *end || count < 1 ||
	    (!root && tmk_dec_hex(id, ID, argv[2], strlen(argv[2])) < 0)) {
		fputs("usage: history COUNT PARENT KEY CERT [TSAKEY "
		      "TSACERT]\n", stderr);
		return 2;
	}
	soft_signer_init(&signer, load_key(argv[3]));
	req.signer = &signer.signer;
	req.certs = must(sk_X509_new_null());
	must_be(sk_X509_push(req.certs, load_cert(argv[4])) == 1);
	req.signing_time = time(NULL);
	if (argc == 7) {
		tsa.key = load_key(argv[5]);
		tsa.cert = load_cert(argv[6]);
		req.stamper = &stamper;
	}
	pack_md = must(EVP_MD_CTX_new());
	must_be(EVP_DigestInit_ex(pack_md, EVP_sha1(), NULL) == 1);
	emit("PACK\0\0\0\2", 8);
	emit_be32((uint32_t)count + 1);
	/* the empty tree: an object of type 2 and no bytes */
	emit("\x20\x78\x01\x01\0\0\xff\xff\0\0\0\1", 12);
	for (n = 0; n < count; n++) {
		struct tmk_buf commit = TMK_BUF_INIT(COMMIT_MAX);

		make(&commit, &req, n, root && !n, id);
		emit_object(commit.data, commit.len);
		tmk_buf_release(&commit);
	}
	must_be(EVP_DigestFinal_ex(pack_md, sum, NULL) == 1 &&
		fwrite(sum, 1, ID, stdout) == ID && fflush(stdout) == 0);
	tmk_enc_hex(hex, id, ID);
	fprintf(stderr, "%s\n", hex);
	return 0;
}
