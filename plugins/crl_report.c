#include "plugins/crl_report.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "plugins/front_report.h"
#include "plugins/front_stamp_ask.h"
#include "x509/cert.h"
#include "x509/crl_file.h"

#define LINE_BYTES (64 * 1024)
#define NAME_TEXT 300
#define NUMBER_TEXT 64

/* What there is to say of the list that is there. */
struct facts {
	char issuer[NAME_TEXT], number[NUMBER_TEXT];
	char from[TMK_CLOCK_TEXT], to[TMK_CLOCK_TEXT];
	bool delta;
};

static void look(struct facts *f, X509_CRL *crl)
{
	X509 *name = X509_new();
	int64_t from, to;

	memset(f, 0, sizeof(*f));
	if (!crl) {
		X509_free(name);
		return;
	}
	if (name && X509_set_subject_name(name, X509_CRL_get_issuer(crl)))
		tmk_cert_subject(f->issuer, sizeof(f->issuer), name);
	X509_free(name);
	tmk_crl_file_number(f->number, sizeof(f->number), crl);
	tmk_crl_file_times(&from, &to, crl);
	tmk_clock_format(f->from, from);
	tmk_clock_format(f->to, to);
	f->delta = tmk_crl_file_is_delta(crl);
}

static int report_json(const struct tmk_crl_line *l, const char *url,
		       const struct facts *f, struct tmk_err *err)
{
	struct tmk_buf buf = TMK_BUF_INIT(LINE_BYTES);
	struct tmk_json j;
	int rc;

	tmk_json_init(&j, &buf);
	tmk_json_open_object(&j, NULL);
	tmk_json_string(&j, "name", url);
	tmk_json_string(&j, "status", l->status);
	if (l->path)
		tmk_json_string(&j, "file", l->path);
	if (l->crl) {
		tmk_json_string(&j, "issuer", f->issuer);
		if (*f->number)
			tmk_json_string(&j, "number", f->number);
		else
			tmk_json_null(&j, "number");
		tmk_json_bool(&j, "delta", f->delta);
		tmk_json_string(&j, "thisUpdate", f->from);
		if (X509_CRL_get0_nextUpdate(l->crl))
			tmk_json_string(&j, "nextUpdate", f->to);
		else
			tmk_json_null(&j, "nextUpdate");
		tmk_json_bool(&j, "keptOld", l->kept_old);
	}
	if (l->problem) {
		tmk_json_int(&j, "code", l->code);
		tmk_json_string(&j, "error", l->problem);
	}
	tmk_json_close_object(&j);
	rc = tmk_front_report_json(stdout, &j, err);
	tmk_buf_release(&buf);
	return rc;
}

int tmk_crl_report(const struct tmk_crl_line *l, bool json,
		   struct tmk_err *err)
{
	char url[TMK_STAMP_URL_TEXT], crl[NAME_TEXT + 200] = "";
	struct facts f;

	/* Without the password that it may hold. */
	tmk_front_stamp_ask_show(url, sizeof(url), l->url);
	look(&f, l->crl);
	if (json)
		return report_json(l, url, &f, err);
	if (l->crl)
		snprintf(crl, sizeof(crl), "%s %s%sof %s, until %s",
			 f.delta ? "delta CRL" : "CRL", f.number,
			 *f.number ? " " : "", f.issuer, f.to);
	if (!l->problem)
		return tmk_front_report_line(stdout, err, "%s: %s: %s%s", url,
			l->status, crl, l->kept_old ? "; the old one stays "
			"too: it lists somebody whom this one does not" : "");
	return tmk_front_report_line(stderr, err, "touchmark: %s: %s%s%s: %s",
				     url, l->status, *crl ? ": " : "", crl,
				     l->problem);
}
