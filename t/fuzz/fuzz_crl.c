/*
 * fuzz_crl.c - CRLs: reading them, what each entry means, and what decides
 * whether a fetched one takes another one's place.
 */
#include <stdlib.h>
#include <string.h>

#include "x509/crl.h"
#include "x509/crl_file.h"
#include "x509/strength.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ENTRIES_MAX 64	/* of one CRL that are looked at */

/* Every address is a line of plain text. */
static int visit(void *ctx, const struct tmk_crl_point *p, struct tmk_err *err)
{
	int i;

	(void)ctx;
	(void)err;
	for (i = 0; i < p->urls; i++)
		if (!*p->url[i] || strlen(p->url[i]) > TMK_CRL_URL_MAX ||
		    strpbrk(p->url[i], " \r\n\t\033"))
			abort();
	return 0;
}

static void fetched(const uint8_t *data, size_t size)
{
	static const char *const urls[] = { "http://127.0.0.1/ca.crl" };
	struct tmk_buf der = TMK_BUF_INIT(TMK_CRL_FILE_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	X509_CRL *crl = NULL, *again = NULL;
	char number[32];
	int64_t from, to;

	if (tmk_crl_file_read(&crl, data, size, "fuzz", &err))
		return;
	(void)tmk_crl_file_number(number, sizeof(number), crl);
	tmk_crl_file_times(&from, &to, crl);
	(void)tmk_crl_file_names(crl, urls, 1);
	(void)tmk_crl_file_drops(crl, crl);
	if (tmk_crl_file_fresher(crl, visit, NULL, &err) ||
	    !tmk_crl_file_same_scope(crl, crl) ||
	    tmk_crl_file_compare(crl, crl))
		abort();
	/* What is written is read again, as the same. */
	if (!tmk_crl_file_der(&der, crl) &&
	    (tmk_crl_file_read(&again, der.data, der.len, "again", &err) ||
	     X509_CRL_match(crl, again)))
		abort();
	X509_CRL_free(again);
	X509_CRL_free(crl);
	tmk_buf_release(&der);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	struct tmk_err err = TMK_ERR_INIT;
	char why[64];
	int i, j;

	if (!crls)
		return 0;
	fetched(data, size);
	if (tmk_crl_load(crls, data, size, "fuzz", &err) && !err.code)
		abort();
	for (i = 0; i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);
		STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);

		(void)tmk_strength_crl_ok(crl);
		for (j = 0; j < sk_X509_REVOKED_num(list) &&
		     j < FUZZ_ENTRIES_MAX; j++) {
			X509_REVOKED *entry = sk_X509_REVOKED_value(list, j);

			/* Unstamped, every entry counts. */
			if (!tmk_crl_entry_falls(entry, 0, false, true, why,
						 sizeof(why)))
				abort();
			/* Who honours less refuses no less. */
			if (!tmk_crl_entry_falls(entry, 0, true, false, why,
						 sizeof(why)) &&
			    tmk_crl_entry_falls(entry, 0, true, true, why,
						sizeof(why)))
				abort();
		}
	}
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return 0;
}
