/*
 * fuzz_cert.c - certificates from a stranger: reading them, everything that is
 * said about them, and judging the first with the last as its root.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "plugins/front_cert_show.h"
#include "x509/cert.h"
#include "x509/chain.h"
#include "x509/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CERTS_MAX 8	/* of one input that are looked at */
#define FUZZ_TIME 1800000000	/* when the seeds are valid */

static void look(X509 *cert)
{
	struct tmk_buf buf = TMK_BUF_INIT(1 << 20);
	struct tmk_err err = TMK_ERR_INIT;
	char text[128];
	int i;

	for (i = 0; tmk_cert_email(text, sizeof(text), cert, i); i++)
		;
	(void)tmk_cert_key_ok(cert, 2048, text, sizeof(text));
	if (tmk_front_cert_show_text(&buf, cert, &err) && !err.code)
		abort();
	tmk_buf_clear(&buf);
	if (!tmk_cert_to_der(&buf, cert)) {
		X509 *again = NULL;

		if (tmk_cert_from_der(&again, buf.data, buf.len, "again",
				      &err))
			abort();
		X509_free(again);
	}
	tmk_buf_release(&buf);
}

static void judge(STACK_OF(X509) *certs)
{
	struct tmk_chain_answer answer = { TMK_CHAIN_GOOD, "", NULL };
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_trust *trust = NULL;
	struct tmk_chain_request request = {
		.leaf = sk_X509_value(certs, 0), .untrusted = certs,
		.at = FUZZ_TIME, .now = FUZZ_TIME,
		.revocation = TMK_REVOCATION_CHECK,
		.eku = { "codeSigning" }, .ekus = 1, .min_rsa = 2048,
	};

	if (tmk_trust_new(&trust, &err))
		return;
	request.trust = trust;
	if (sk_X509_num(certs) < 2 ||
	    X509_STORE_add_cert(trust->store, sk_X509_value(certs,
				sk_X509_num(certs) - 1)) == 1) {
		if (!tmk_chain_judge(&answer, &request, &err) &&
		    answer.result == TMK_CHAIN_GOOD && sk_X509_num(certs) < 2)
			abort();	/* trusted by nobody */
		tmk_chain_answer_release(&answer);
	}
	tmk_trust_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STACK_OF(X509) *certs = NULL;
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	if (tmk_cert_load(&certs, data, size, "fuzz", &err))
		return 0;
	for (i = 0; i < sk_X509_num(certs) && i < FUZZ_CERTS_MAX; i++)
		look(sk_X509_value(certs, i));
	judge(certs);
	sk_X509_pop_free(certs, X509_free);
	return 0;
}
