/*
 * fuzz_crl.c - CRLs: reading them, and what each entry means.
 */
#include <stdlib.h>

#include "x509/crl.h"
#include "x509/strength.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ENTRIES_MAX 64	/* of one CRL that are looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	struct tmk_err err = TMK_ERR_INIT;
	char why[64];
	int i, j;

	if (!crls)
		return 0;
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
			if (!tmk_crl_entry_falls(entry, 0, false, why,
						 sizeof(why)))
				abort();
			(void)tmk_crl_entry_falls(entry, 0, true, why,
						  sizeof(why));
		}
	}
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	return 0;
}
