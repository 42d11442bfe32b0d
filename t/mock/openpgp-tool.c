/*
 * openpgp-tool.c - the OpenPGP seal at the command line, with software keys:
 * makes what foreign judges look at, and judges what they made.
 *
 *	openpgp-tool key PEM CREATED USER [KEPT]
 *	openpgp-tool selfsig PEM CREATED USER
 *	openpgp-tool sign PEM CREATED USER TIME FILE [STAMP-COMMAND]
 *	openpgp-tool judge KEYRING SIGNATURE FILE [TSA-ROOTS]
 *	openpgp-tool value SIGNATURE
 *
 * Keys and signatures come out binary, `sign` armoured. STAMP-COMMAND finds
 * what is to be stamped in the file value and leaves a token in the file
 * token. `judge` prints reason, text, key, owner and time; it ends with 0 for
 * good and 1 for refused. JUDGE_NOW in its environment is its clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/judge.h"
#include "formats/armour.h"
#include "seal/openpgp_key.h"
#include "t/unit/soft.h"
#include "x509/trust.h"

extern const struct tmk_seal_ops tmk_seal_openpgp;

static struct tmk_err err = TMK_ERR_INIT;

static void demand(int rc)
{
	if (!rc)
		return;
	fprintf(stderr, "openpgp-tool: %s; %s\n", err.text, err.hint);
	exit(err.code ? err.code : 70);
}

static int64_t number(const char *text)
{
	return strtoll(text, NULL, 10);
}

static void read_file(struct tmk_buf *out, const char *path)
{
	tmk_buf_init(out, 64 << 20);
	demand(tmk_file_read(out, path, &err));
}

static void print(const struct tmk_buf *buf)
{
	must_be(fwrite(buf->data, 1, buf->len, stdout) == buf->len &&
		!fflush(stdout));
}

static EVP_PKEY *load(const char *path)
{
	FILE *in = must(fopen(path, "r"));
	EVP_PKEY *key = must(PEM_read_PrivateKey(in, NULL, NULL, NULL));

	fclose(in);
	return key;
}

static int stamp(void *ctx, const uint8_t *data, size_t len,
		 struct tmk_buf *token, struct tmk_err *e)
{
	struct tmk_buf got;

	demand(tmk_file_write("value", 0644, data, len, e));
	must_be(!system(ctx));
	read_file(&got, "token");
	must_be(!tmk_buf_add(token, got.data, got.len));
	tmk_buf_release(&got);
	return 0;
}

/* The digest of file and suffix. */
static void digest_file(uint8_t *out, size_t *len, enum tmk_hash hash,
			const char *path, const uint8_t *suffix,
			size_t suffix_len)
{
	struct tmk_digest d;
	struct tmk_buf content;

	read_file(&content, path);
	demand(tmk_digest_init(&d, (int)hash, &err));
	demand(tmk_digest_update(&d, content.data, content.len, &err));
	demand(tmk_digest_update(&d, suffix, suffix_len, &err));
	demand(tmk_digest_final(&d, out, len, &err));
	tmk_buf_release(&content);
}

static void sign(struct tmk_seal_request *r, char **argv)
{
	struct tmk_stamper stamper = { stamp, argv[6] };
	struct tmk_buf trailer = TMK_BUF_INIT(65536);
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf text = TMK_BUF_INIT(2 * TMK_SEAL_MAX);
	uint8_t digest[TMK_DIGEST_MAX];

	r->signing_time = number(argv[4]);
	r->hash = tmk_seal_openpgp.hash(r->signer);
	if (argv[6])
		r->stamper = &stamper;
	demand(tmk_seal_openpgp.trailer(r, &trailer, &err));
	digest_file(digest, &r->digest_len, r->hash, argv[5], trailer.data,
		    trailer.len);
	r->digest = digest;
	demand(tmk_seal_openpgp.make(r, &out, &err));
	demand(tmk_armour_write(&text, tmk_seal_openpgp.armour, out.data,
				out.len, &err));
	print(&text);
	tmk_buf_release(&trailer);
	tmk_buf_release(&out);
	tmk_buf_release(&text);
}

static void key(struct tmk_seal_request *r, const char *kept, bool selfsig)
{
	struct tmk_buf out = TMK_BUF_INIT(1 << 20);
	struct tmk_buf sig = TMK_BUF_INIT(1 << 20);
	struct tmk_buf old = TMK_BUF_INIT(1 << 20);

	if (kept)
		read_file(&old, kept);
	demand(tmk_openpgp_key_make(&out, &sig, r, kept ? old.data : NULL,
				    old.len, &err));
	print(selfsig ? &sig : &out);
	tmk_buf_release(&out);
	tmk_buf_release(&sig);
	tmk_buf_release(&old);
}

static int with_key(char **argv)
{
	struct soft_signer signer;
	struct tmk_seal_request r = { .signer = &signer.signer };

	must_be(argv[1] && argv[2] && argv[3]);
	signer.key = NULL;
	soft_signer_init(&signer, load(argv[1]));
	r.created = number(argv[2]);
	r.user_id = argv[3];
	if (!strcmp(argv[0], "sign"))
		sign(&r, argv);
	else
		key(&r, argv[4], !strcmp(argv[0], "selfsig"));
	EVP_PKEY_free(signer.key);
	soft_signer_release(&signer);
	return 0;
}

/* Armour or binary, to evidence; NULL with the refusal in `v`. */
static struct tmk_evidence *evidence_of(const char *path,
					struct tmk_verdict *v)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX), text;
	struct tmk_evidence *ev = NULL;
	enum tmk_seal_format format = TMK_FORMAT_OPENPGP;

	read_file(&text, path);
	if (text.len && text.data[0] == '-')
		demand(tmk_armour_read(&der, &format, text.data, text.len, v,
				       &err));
	else
		demand(tmk_buf_add(&der, text.data, text.len));
	if (v->reason == TMK_GOOD && format == TMK_FORMAT_OPENPGP)
		demand(tmk_seal_openpgp.parse(&ev, der.data, der.len, v,
					      &err));
	/* the content is bytes, and one signature is judged */
	if (ev && (ev->signatures != 1 || ev->signature[0].text)) {
		tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
				   "not one signature of bytes");
		tmk_evidence_free(ev);
		ev = NULL;
	}
	tmk_buf_release(&der);
	tmk_buf_release(&text);
	return ev;
}

static void judge_one(struct tmk_finding *f, char **argv)
{
	struct tmk_judge judge = { .timestamp = TMK_STAMP_WHEN_EXPIRED,
		.tsa_revocation = TMK_REVOCATION_OFF, .at = TMK_TIME_NONE,
		.clock_skew = 300 };
	struct tmk_keyring *ring = NULL;
	struct tmk_trust *tsa = NULL;
	struct tmk_evidence *ev;
	struct tmk_signature *s;
	uint8_t digest[TMK_DIGEST_MAX];
	const char *now = getenv("JUDGE_NOW");
	struct tmk_buf bytes;
	size_t len = 0;

	read_file(&bytes, argv[1]);
	demand(tmk_seal_openpgp.keyring_read(&ring, bytes.data, bytes.len,
					     argv[1], &err));
	judge.openpgp = ring;
	judge.now = now ? number(now) : tmk_clock_now();
	if (argv[4]) {
		demand(tmk_trust_new(&tsa, &err));
		demand(tmk_trust_add_roots(tsa, argv[4], &err));
		judge.tsa_trust = tsa;
	}
	ev = evidence_of(argv[2], &f->verdict);
	if (ev) {
		s = &ev->signature[0];
		digest_file(digest, &len, s->hash, argv[3], s->suffix,
			    s->suffix_len);
		demand(tmk_judge_signature(f, &judge, ev, 0, digest, len,
					   &err));
	}
	tmk_evidence_free(ev);
	tmk_keyring_free(ring);
	tmk_trust_free(tsa);
	tmk_buf_release(&bytes);
}

static int judge(char **argv)
{
	struct tmk_finding f;
	char at[TMK_CLOCK_TEXT];
	int rc;

	must_be(argv[1] && argv[2] && argv[3]);
	tmk_finding_init(&f);
	judge_one(&f, argv);
	printf("%s %s\nkey %s\nprimary %s\nuser %s\ntime %s%s\n",
	       tmk_reason_id(f.verdict.reason), f.verdict.text, f.key_id,
	       f.primary_id, f.user, tmk_clock_format(at, f.time),
	       f.stamped ? " stamped" : "");
	rc = f.verdict.reason != TMK_GOOD;
	tmk_finding_release(&f);
	return rc;
}

static int value(char **argv)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_evidence *ev = must(evidence_of(argv[1], &v));

	must_be(fwrite(ev->signature[0].value, 1, ev->signature[0].value_len,
		       stdout) == ev->signature[0].value_len);
	tmk_evidence_free(ev);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 4 && !strcmp(argv[1], "judge"))
		return judge(argv + 1);
	if (argc > 2 && !strcmp(argv[1], "value"))
		return value(argv + 1);
	must_be(argc > 4);
	return with_key(argv + 1);
}
