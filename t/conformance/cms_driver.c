/*
 * cms_driver - what the CMS seal says of files that others made.
 *
 *   cms_driver git FILE...          raw commits and tags
 *   cms_driver cms CONTENT FILE...  DER signatures of the file CONTENT (- for
 *                                   content that nobody has)
 *
 *   cms_driver attached FILE...     DER signatures with content inside, which
 *                                   is taken out first
 *
 * One line per file: the reason id, the number of tokens, the file, the text.
 * At the end the rate of parse and check together on standard error.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>

#include <openssl/cms.h>

#include "base/buf.h"
#include "base/file.h"
#include "formats/armour.h"
#include "iface/format.h"
#include "iface/seal.h"
#include "x509/digest.h"

extern const struct tmk_seal_ops tmk_seal_cms;

#define MAX (64 << 20)

static long judged;
static int64_t spent;	/* nanoseconds */

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Parse, and check every signature against the spans. Returns how many tokens
 * there are, negative when it could not judge. */
static int judge(const struct tmk_buf *der, const struct tmk_span *span,
		 int spans, struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_evidence *ev = NULL;
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_digest d;
	int i, k, rc, tokens = 0;
	size_t len = 0;

	rc = tmk_seal_cms.parse(&ev, der->data, der->len, v, err);
	for (i = 0; !rc && ev && v->reason == TMK_GOOD &&
	     i < ev->signatures; i++) {
		tokens += ev->signature[i].tokens;
		rc = tmk_digest_init(&d, (int)ev->signature[i].hash, err);
		for (k = 0; !rc && k < spans; k++)
			rc = tmk_digest_update(&d, span[k].data, span[k].len,
					       err);
		if (!rc)
			rc = tmk_digest_final(&d, digest, &len, err);
		if (!rc)
			rc = tmk_seal_cms.check(ev, i, NULL, digest, len, v, err);
	}
	tmk_evidence_free(ev);
	return rc ? rc : tokens;
}

static int judge_timed(const struct tmk_buf *der, const struct tmk_span *span,
		       int spans, struct tmk_verdict *v, struct tmk_err *err)
{
	int64_t begin = now_ns();
	int rc = judge(der, span, spans, v, err);

	spent += now_ns() - begin;
	judged++;
	return rc;
}

static int report(const char *file, int tokens, const struct tmk_verdict *v,
		  const struct tmk_err *err)
{
	if (tokens < 0) {
		printf("error\t0\t%s\t%s\n", file, err->text);
		return 1;
	}
	printf("%s\t%d\t%s\t%s\n", tmk_reason_id(v->reason), tokens, file,
	       v->text);
	return 0;
}

static int git(const char *file)
{
	struct tmk_buf in = TMK_BUF_INIT(MAX), der = TMK_BUF_INIT(MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_seal_format format = 0;
	struct tmk_parts parts;
	int i, best = 0, rc;

	tmk_parts_init(&parts);
	rc = tmk_file_read(&in, file, &err);
	for (i = 0; !rc && tmk_formats[i]; i++)
		if (tmk_formats[i]->bid(in.data, in.len) >
		    tmk_formats[best]->bid(in.data, in.len))
			best = i;
	if (!rc)
		rc = tmk_formats[best]->split(&parts, in.data, in.len, &v,
					      &err);
	if (!rc && v.reason == TMK_GOOD)
		rc = tmk_armour_read(&der, &format, parts.armour.data,
				     parts.armour.len, &v, &err);
	if (!rc && v.reason == TMK_GOOD)
		rc = judge_timed(&der, parts.payload, parts.payloads, &v,
				 &err);
	rc = report(file, rc, &v, &err);
	tmk_parts_release(&parts);
	tmk_buf_release(&in);
	tmk_buf_release(&der);
	return rc;
}

static int cms(const char *content, const char *file)
{
	struct tmk_buf in = TMK_BUF_INIT(MAX), der = TMK_BUF_INIT(MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_span span = { NULL, 0 };
	int rc = 0;

	if (strcmp(content, "-"))
		rc = tmk_file_read(&in, content, &err);
	if (!rc)
		rc = tmk_file_read(&der, file, &err);
	span.data = in.data;
	span.len = in.len;
	if (!rc)
		rc = judge_timed(&der, &span, 1, &v, &err);
	rc = report(file, rc, &v, &err);
	tmk_buf_release(&in);
	tmk_buf_release(&der);
	return rc;
}

/* Take the content out of an attached signature: what is left is detached. */
static int take_out(struct tmk_buf *content, struct tmk_buf *der,
		    struct tmk_err *err)
{
	const unsigned char *p = der->data;
	CMS_ContentInfo *info = d2i_CMS_ContentInfo(NULL, &p, (long)der->len);
	ASN1_OCTET_STRING **inside = info ? CMS_get0_content(info) : NULL;
	unsigned char *out = NULL;
	int len = -1, rc;

	if (inside && *inside &&
	    !tmk_buf_add(content, ASN1_STRING_get0_data(*inside),
			 (size_t)ASN1_STRING_length(*inside)) &&
	    CMS_set_detached(info, 1))
		len = i2d_CMS_ContentInfo(info, &out);
	CMS_ContentInfo_free(info);
	if (len <= 0)
		return tmk_err_set(err, TMK_INPUT, "no attached content");
	tmk_buf_clear(der);
	rc = tmk_buf_add(der, out, (size_t)len) ? tmk_err_nomem(err) : 0;
	OPENSSL_free(out);
	return rc;
}

static int attached(const char *file)
{
	struct tmk_buf in = TMK_BUF_INIT(MAX), der = TMK_BUF_INIT(MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_span span;
	int rc;

	rc = tmk_file_read(&der, file, &err);
	if (!rc)
		rc = take_out(&in, &der, &err);
	span.data = in.data;
	span.len = in.len;
	if (!rc)
		rc = judge_timed(&der, &span, 1, &v, &err);
	rc = report(file, rc, &v, &err);
	tmk_buf_release(&in);
	tmk_buf_release(&der);
	return rc;
}

int main(int argc, char **argv)
{
	int i, rc = 0;

	if (argc > 2 && !strcmp(argv[1], "git")) {
		for (i = 2; i < argc; i++)
			rc |= git(argv[i]);
	} else if (argc > 2 && !strcmp(argv[1], "attached")) {
		for (i = 2; i < argc; i++)
			rc |= attached(argv[i]);
	} else if (argc > 3 && !strcmp(argv[1], "cms")) {
		for (i = 3; i < argc; i++)
			rc |= cms(argv[2], argv[i]);
	} else {
		fputs("usage: cms_driver git FILE... | attached FILE... | "
		      "cms CONTENT FILE...\n", stderr);
		return 2;
	}
	if (judged)
		fprintf(stderr, "%ld signatures, %.0f per second\n", judged,
			(double)judged * 1e9 / (double)(spent ? spent : 1));
	return rc;
}
