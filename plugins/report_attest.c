/* The maker's attestation of a key: looked for and held against its roots. */
#include "plugins/report.h"

#include <stdio.h>

static int load(STACK_OF(X509) *into, const char *path, struct tmk_err *err)
{
	STACK_OF(X509) *from = NULL;
	int i, ret = 0;

	if (tmk_cert_load_file(&from, path, err) < 0)
		return -1;
	for (i = 0; !ret && i < sk_X509_num(from); i++) {
		X509 *cert = sk_X509_value(from, i);

		if (!X509_up_ref(cert) || !sk_X509_push(into, cert))
			ret = tmk_err_nomem(err);
	}
	sk_X509_pop_free(from, X509_free);
	return ret;
}

/* Files first, so that what was given is among the first that are looked at;
 * then what the token holds. */
static int collect(STACK_OF(X509) *certs, const struct tmk_report *r,
		   struct tmk_err *err)
{
	const struct tmk_opt_list *files = &r->options->attestation;
	int i;

	for (i = 0; i < files->count; i++)
		if (load(certs, files->item[i], err) < 0)
			return -1;
	for (i = 0; i < sk_X509_num(r->all); i++) {
		X509 *cert = sk_X509_value(r->all, i);

		if (!X509_up_ref(cert) || !sk_X509_push(certs, cert))
			return tmk_err_nomem(err);
	}
	return 0;
}

int tmk_report_attest(struct tmk_report *report, struct tmk_err *err)
{
	const char *roots_file = report->options->attestation_roots ?
		report->options->attestation_roots :
		report->config->attestation_roots;
	struct tmk_attest_request request = {
		.certs = sk_X509_new_null(), .roots = sk_X509_new_null(),
		.spki = report->facts.info.spki.data,
		.spki_len = report->facts.info.spki.len,
	};
	int ret = -1;

	if (!request.certs || !request.roots) {
		tmk_err_nomem(err);
		goto out;
	}
	if ((roots_file && load(request.roots, roots_file, err) < 0) ||
	    collect(request.certs, report, err) < 0)
		goto out;
	tmk_attest_judge(&report->attest, &request);
	ret = 0;
out:
	sk_X509_pop_free(request.certs, X509_free);
	sk_X509_pop_free(request.roots, X509_free);
	return ret;
}
