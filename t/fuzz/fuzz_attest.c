/*
 * fuzz_attest.c - certificates from a stranger as a maker's attestation: the
 * first one's key is the one that is asked for, the last one is the root.
 */
#include <stdlib.h>
#include <string.h>

#include "x509/attest.h"
#include "x509/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_attest_request request = { .certs = NULL };
	struct tmk_attest_answer a;
	STACK_OF(X509) *certs = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	uint8_t *spki = NULL;
	int len, n;

	if (tmk_cert_load(&certs, data, size, "fuzz", &err))
		return 0;
	n = sk_X509_num(certs);
	len = i2d_PUBKEY(X509_get0_pubkey(sk_X509_value(certs, 0)), &spki);
	if (len > 0) {
		request.certs = certs;
		request.spki = spki;
		request.spki_len = (size_t)len;
		tmk_attest_judge(&a, &request);
		if (a.result == TMK_ATTEST_GOOD)
			abort();	/* nobody's root */
		request.roots = sk_X509_new_null();
		if (request.roots &&
		    sk_X509_push(request.roots, sk_X509_value(certs, n - 1))) {
			tmk_attest_judge(&a, &request);
			if (a.result == TMK_ATTEST_GOOD &&
			    (!*a.firmware || !*a.slot || !a.pin || !a.touch ||
			     *a.text || n < 3))
				abort();
			if (a.result != TMK_ATTEST_GOOD && !*a.text)
				abort();
		}
		sk_X509_free(request.roots);
	}
	OPENSSL_free(spki);
	sk_X509_pop_free(certs, X509_free);
	return 0;
}
