/*
 * fuzz_kms_ecdsa.c - an ECDSA signature that a service returned: what is taken
 * is what OpenSSL reads, writes back to the same bytes, and finds in range.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>

#include "key/kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static bool by_openssl(uint8_t *raw, const uint8_t *der, size_t len, int half)
{
	const unsigned char *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	uint8_t *again = NULL;
	int n = sig ? i2d_ECDSA_SIG(sig, &again) : 0;
	bool good = n > 0 && (size_t)n == len && !memcmp(again, der, len) &&
		!BN_is_negative(ECDSA_SIG_get0_r(sig)) &&
		!BN_is_negative(ECDSA_SIG_get0_s(sig)) &&
		!BN_is_zero(ECDSA_SIG_get0_r(sig)) &&
		!BN_is_zero(ECDSA_SIG_get0_s(sig)) &&
		BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, half) == half &&
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + half, half) == half;

	OPENSSL_free(again);
	ECDSA_SIG_free(sig);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int bits[] = { 256, 384, 521 };
	struct tmk_buf got = TMK_BUF_INIT(256);
	uint8_t want[2 * 66];
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		int half = (int)(bits[i] + 7) / 8;
		bool good = by_openssl(want, data, size, half);

		tmk_buf_clear(&got);
		demand(good == !tmk_kms_ecdsa_raw(&got, data, size, bits[i],
						  NULL));
		demand(got.len == (good ? (size_t)half * 2 : 0) &&
		       (!good || !memcmp(got.data, want, got.len)));
	}
	tmk_buf_release(&got);
	return 0;
}
