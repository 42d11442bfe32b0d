/*
 * fuzz_tst.c - what a timestamp authority, or whoever stands in its place, may
 * send: a response to a request of ours, and a bare token.
 */
#include <stdlib.h>

#include "x509/tst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A request over 32 zero bytes, made once. */
static const struct tmk_buf *request(void)
{
	static struct tmk_buf buf = TMK_BUF_INIT(4096);
	static const uint8_t digest[32];
	struct tmk_err err = TMK_ERR_INIT;

	if (!buf.len && tmk_tst_request(&buf, 1, digest, sizeof(digest), &err))
		abort();
	return &buf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_buf token = TMK_BUF_INIT(TMK_TST_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_tst_answer answer;
	const uint8_t *der = NULL;
	uint8_t digest[64];
	size_t len = 0, n = 0;
	int hash = 0;

	/* The nonce is random: no prepared answer can fit. */
	if (!tmk_tst_response(&token, request()->data, request()->len, data,
			      size, &err))
		abort();
	tmk_buf_release(&token);
	if (tmk_tst_unwrap(&der, &len, data, size, &err))
		return 0;
	if (der < data || der + len != data + size)
		abort();
	if (!tmk_tst_imprint(der, len, &hash, digest, &n, &err) &&
	    (n > sizeof(digest) || hash < 1 || hash > 3))
		abort();
	(void)!tmk_tst_judge(&answer, der, len, NULL, 0, NULL,
			     TMK_REVOCATION_OFF, 1700000000, &err);
	return 0;
}
