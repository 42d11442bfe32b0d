/* What a module may give as a public key: no form of it leads astray. */
#include <stdlib.h>

#include "key/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key bits lie inside what was written. */
static void check(const struct tmk_buf *spki)
{
	const uint8_t *bits;
	size_t len = 0;

	bits = tmk_der_spki_bits(spki, &len);
	if (!len || bits < spki->data || bits + len != spki->data + spki->len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int curves[] = { 0, 256, 384, 521 };
	struct tmk_buf spki = TMK_BUF_INIT(16384);
	unsigned int bits = 0;
	size_t e;

	if (size < 2)
		return 0;
	/* The first byte: how much of the rest is the exponent, or a curve. */
	e = data[0] < size - 1 ? data[0] : size - 1;
	if (!tmk_der_rsa_spki(&spki, &bits, data + 1 + e, size - 1 - e,
			      data + 1, e)) {
		check(&spki);
		if (!bits || bits > 8 * size)
			abort();
	}
	tmk_buf_clear(&spki);
	if (!tmk_der_ec_spki(&spki, curves[data[0] % 4], data + 1, size - 1))
		check(&spki);
	bits = tmk_der_curve_bits(data + 1, size - 1);
	if (bits && bits != 256 && bits != 384 && bits != 521)
		abort();
	tmk_buf_release(&spki);
	return 0;
}
