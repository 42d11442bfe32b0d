/*
 * judge.c - signed commits judged in one process, one after the other.
 *
 *   judge [SECONDS [COMMITS [KIND [fast|slow]]]]
 *
 * Makes COMMITS distinct commits of each kind, signed with fresh keys under a
 * root and an intermediate with CRLs, and judges them as the gate does, from
 * the raw object to the verdict of its ref, for SECONDS of processor time.
 * Prints per kind: name, judgements per second of processor time with the
 * strict fast path, and without. KIND picks one, and the last word one way
 * (the other is 0), for a profiler.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ts.h>

#include "base/buf.h"
#include "core/judge_object.h"
#include "formats/armour.h"
#include "formats/git_object.h"
#include "t/unit/soft.h"
#include "x509/fast.h"
#include "x509/tst.h"

#define HEX 40
#define COMMITS_MAX 4096

extern const struct tmk_seal_ops tmk_seal_cms;
extern const struct tmk_format_ops tmk_format_git_commit;

/* ---- the people of this world ------------------------------------------- */

struct one {
	EVP_PKEY *key;
	X509 *cert;
};

static struct {
	char dir[64];
	const char *only;	/* one way of the two */
	struct one root, mid, dev, tsa;
	struct soft_signer signer;
	STACK_OF(X509) *chain;
	struct tmk_policy *policy;
	struct tmk_buf commit[COMMITS_MAX];
	int commits;
} w;

static EVP_PKEY *make_key(bool rsa)
{
	return rsa ? soft_rsa(3072) : soft_ec("P-256");
}

static FILE *create(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", w.dir, name);
	return must(fopen(path, "w"));
}

static void write_cert(const char *name, X509 *cert)
{
	FILE *f = create(name);

	must_be(PEM_write_X509(f, cert) == 1 && !fclose(f));
}

/* A current CRL that lists nobody. */
static void write_crl(const char *name, const struct one *issuer)
{
	X509_CRL *crl = must(X509_CRL_new());
	ASN1_TIME *from = must(ASN1_TIME_set(NULL, time(NULL) - 3600));
	ASN1_TIME *to = must(ASN1_TIME_set(NULL, time(NULL) + 86400));
	FILE *f = create(name);

	must_be(X509_CRL_set_version(crl, 1) == 1 &&
		X509_CRL_set_issuer_name(crl, X509_get_subject_name(
			issuer->cert)) == 1 &&
		X509_CRL_set1_lastUpdate(crl, from) == 1 &&
		X509_CRL_set1_nextUpdate(crl, to) == 1 &&
		X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0 &&
		PEM_write_X509_CRL(f, crl) == 1 && !fclose(f));
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
}

static void load_policy(bool stamps)
{
	struct tmk_err err = TMK_ERR_INIT;
	FILE *f = create("policy");
	char path[128];

	fprintf(f, "[policy]\n\tversion = 1\n[trust]\n\troots = root.pem\n"
		"\tcrl = root.crl\n\tcrl = mid.crl\n"
		"\ttsaRoots = root.pem\n\ttsaRevocation = require\n"
		"[ref \"refs/heads/*\"]\n\trequire = commits\n"
		"\tidentity = off\n\ttimestamp = %s\n",
		stamps ? "always" : "when-expired");
	must_be(!fclose(f));
	snprintf(path, sizeof(path), "%s/policy", w.dir);
	if (tmk_policy_load(&w.policy, path, &err)) {
		fprintf(stderr, "judge: %s\n", err.text);
		exit(1);
	}
}

static void people(bool rsa)
{
	struct soft_cert ca = { .cn = "Root", .ca = true };
	struct soft_cert mid = { .cn = "Mid", .ca = true };
	struct soft_cert dev = { .cn = "Dev", .eku = "codeSigning",
		.serial = 17 };
	struct soft_cert tsa = { .cn = "TSA", .eku = "critical,timeStamping",
		.serial = 18 };

	w.root.key = make_key(rsa);
	w.mid.key = make_key(rsa);
	w.dev.key = make_key(rsa);
	w.tsa.key = make_key(rsa);
	w.root.cert = soft_cert(&ca, w.root.key, NULL, NULL);
	w.mid.cert = soft_cert(&mid, w.mid.key, w.root.cert, w.root.key);
	w.dev.cert = soft_cert(&dev, w.dev.key, w.mid.cert, w.mid.key);
	w.tsa.cert = soft_cert(&tsa, w.tsa.key, w.root.cert, w.root.key);
	w.chain = must(sk_X509_new_null());
	must_be(sk_X509_push(w.chain, w.dev.cert) &&
		sk_X509_push(w.chain, w.mid.cert));
	soft_signer_init(&w.signer, w.dev.key);
	write_cert("root.pem", w.root.cert);
	write_crl("root.crl", &w.root);
	write_crl("mid.crl", &w.mid);
}

static void forget_one(struct one *one)
{
	X509_free(one->cert);
	EVP_PKEY_free(one->key);
	memset(one, 0, sizeof(*one));
}

static void forget(void)
{
	while (w.commits)
		tmk_buf_release(&w.commit[--w.commits]);
	soft_signer_release(&w.signer);
	sk_X509_free(w.chain);
	forget_one(&w.root);
	forget_one(&w.mid);
	forget_one(&w.dev);
	forget_one(&w.tsa);
	tmk_policy_free(w.policy);
	w.policy = NULL;
}

/* ---- a timestamp authority ---------------------------------------------- */

static ASN1_INTEGER *next_serial(TS_RESP_CTX *ctx, void *data)
{
	static long last;
	ASN1_INTEGER *serial = must(ASN1_INTEGER_new());

	(void)ctx;
	(void)data;
	must_be(ASN1_INTEGER_set(serial, ++last));
	return serial;
}

static void answer(struct tmk_buf *out, const struct tmk_buf *request)
{
	TS_RESP_CTX *ctx = must(TS_RESP_CTX_new());
	BIO *bio = must(BIO_new_mem_buf(request->data, (int)request->len));
	ASN1_OBJECT *policy = must(OBJ_txt2obj("1.2.3.4.1", 1));
	unsigned char *der = NULL;
	TS_RESP *resp;
	int n;

	must_be(TS_RESP_CTX_set_signer_cert(ctx, w.tsa.cert) == 1 &&
		TS_RESP_CTX_set_signer_key(ctx, w.tsa.key) == 1 &&
		TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_ess_cert_id_digest(ctx, EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_def_policy(ctx, policy) == 1 &&
		TS_RESP_CTX_add_md(ctx, EVP_sha256()) == 1);
	TS_RESP_CTX_set_serial_cb(ctx, next_serial, NULL);
	resp = must(TS_RESP_create_response(ctx, bio));
	n = i2d_TS_RESP(resp, &der);
	must_be(n > 0 && !tmk_buf_add(out, der, (size_t)n));
	OPENSSL_free(der);
	TS_RESP_free(resp);
	ASN1_OBJECT_free(policy);
	BIO_free(bio);
	TS_RESP_CTX_free(ctx);
}

static int stamp(void *ctx, const uint8_t *data, size_t len,
		 struct tmk_buf *token, struct tmk_err *err)
{
	struct tmk_buf request = TMK_BUF_INIT(4096);
	struct tmk_buf response = TMK_BUF_INIT(TMK_TST_MAX);
	uint8_t digest[TMK_DIGEST_MAX];
	size_t n;
	int rc;

	(void)ctx;
	must_be(!tmk_digest_bytes(1, data, len, digest, &n, err) &&
		!tmk_tst_request(&request, 1, digest, n, err));
	answer(&response, &request);
	rc = tmk_tst_response(token, request.data, request.len, response.data,
			      response.len, err);
	tmk_buf_release(&request);
	tmk_buf_release(&response);
	return rc;
}

/* ---- commits ------------------------------------------------------------ */

/* The armour as a header: a space before every line but the first. */
static void add_header(struct tmk_buf *out, const struct tmk_buf *armour)
{
	size_t i;

	must_be(!tmk_buf_add(out, "gpgsig ", 7));
	for (i = 0; i + 1 < armour->len; i++) {
		must_be(!tmk_buf_add(out, armour->data + i, 1));
		if (armour->data[i] == '\n')
			must_be(!tmk_buf_add(out, " ", 1));
	}
	must_be(!tmk_buf_add(out, "\n", 1));
}

static void make_commit(struct tmk_buf *out, int number, bool stamps)
{
	struct tmk_stamper stamper = { stamp, NULL };
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf armour = TMK_BUF_INIT(2 * TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t digest[TMK_DIGEST_MAX];
	char head[400], body[80], all[500];
	struct tmk_seal_request request = {
		.signer = &w.signer.signer, .certs = w.chain,
		.hash = TMK_SHA256, .digest = digest,
		.signing_time = time(NULL),
		.stamper = stamps ? &stamper : NULL
	};

	snprintf(head, sizeof(head), "tree %040d\nparent %040d\n"
		 "author D. Veloper <dev@example.org> 1795240000 +0000\n"
		 "committer D. Veloper <dev@example.org> 1795240000 +0000\n",
		 number + 1, number + 2);
	snprintf(body, sizeof(body), "\nChange number %d\n", number);
	snprintf(all, sizeof(all), "%s%s", head, body);
	must_be(!tmk_digest_bytes(TMK_SHA256, all, strlen(all), digest,
				  &request.digest_len, &err));
	if (tmk_seal_cms.make(&request, &der, &err)) {
		fprintf(stderr, "judge: %s\n", err.text);
		exit(1);
	}
	must_be(!tmk_armour_write(&armour, "SIGNED MESSAGE", der.data,
				  der.len, &err));
	tmk_buf_init(out, 4 * TMK_SEAL_MAX);
	must_be(!tmk_buf_add(out, head, strlen(head)));
	add_header(out, &armour);
	must_be(!tmk_buf_add(out, body, strlen(body)));
	tmk_buf_release(&der);
	tmk_buf_release(&armour);
}

/* ---- judging ------------------------------------------------------------ */

static __attribute__((noinline)) void judge_one(const struct tmk_buf *raw)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_judge_object o;
	struct tmk_git_commit commit;
	struct tmk_parts parts;

	tmk_judge_object_init(&o);
	tmk_parts_init(&parts);
	must_be(tmk_git_commit_parse(&commit, raw->data, raw->len, HEX, &v) &&
		!tmk_format_git_commit.split(&parts, raw->data, raw->len, &v,
					     &err) &&
		!tmk_armour_read(&der, &o.format, parts.armour.data,
				 parts.armour.len, &v, &err));
	o.email = commit.committer.email;
	o.has_signature = commit.has_signature;
	o.policy = w.policy;
	o.payload = parts.payload;
	o.payloads = parts.payloads;
	o.seal = der.data;
	o.seal_len = der.len;
	if (tmk_judge_object_rule(&o, &w.policy->rule[0], &v, &err) ||
	    v.reason != TMK_GOOD) {
		fprintf(stderr, "judge: %s%s\n", v.text, err.text);
		exit(1);
	}
	tmk_judge_object_release(&o);
	tmk_parts_release(&parts);
	tmk_buf_release(&der);
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Judgements per second of processor time. */
static double measure(double seconds, bool fast)
{
	double start, end;
	long n = 0;
	int i;

	if (w.only && strcmp(w.only, fast ? "fast" : "slow"))
		return 0;
	tmk_fast_set(fast);
	judge_one(&w.commit[0]);
	start = cpu();
	do {
		for (i = 0; i < w.commits; i++, n++)
			judge_one(&w.commit[i]);
		end = cpu();
	} while (end - start < seconds);
	return (double)n / (end - start);
}

static void run_kind(const char *name, bool rsa, bool stamps, double seconds,
		     int commits)
{
	double fast;

	people(rsa);
	load_policy(stamps);
	for (; w.commits < commits; w.commits++)
		make_commit(&w.commit[w.commits], w.commits, stamps);
	fast = measure(seconds, true);
	printf("%s\t%.0f\t%.0f\n", name, fast, measure(seconds, false));
	fflush(stdout);
	forget();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool rsa, stamps;
	} kinds[] = {
		{ "rsa3072", true, false }, { "rsa3072-token", true, true },
		{ "p256", false, false }, { "p256-token", false, true },
	};
	double seconds = argc > 1 ? atof(argv[1]) : 1;
	int commits = argc > 2 ? atoi(argv[2]) : 200;
	char command[100];
	size_t i;

	w.only = argc > 4 ? argv[4] : NULL;
	if (commits < 1 || commits > COMMITS_MAX)
		return 2;
	snprintf(w.dir, sizeof(w.dir), "/tmp/tmk-judge-XXXXXX");
	must(mkdtemp(w.dir));
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc < 4 || !strcmp(argv[3], kinds[i].name))
			run_kind(kinds[i].name, kinds[i].rsa, kinds[i].stamps,
				 seconds, commits);
	snprintf(command, sizeof(command), "rm -rf '%s'", w.dir);
	return system(command) ? 1 : 0;
}
