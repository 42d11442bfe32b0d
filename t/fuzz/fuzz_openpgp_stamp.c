/*
 * fuzz_openpgp_stamp.c - another timestamp for whatever reads as an OpenPGP signature.
 */
#include "t/fuzz/stamp.h"

extern const struct tmk_seal_ops tmk_seal_openpgp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	stamp_and_unstamp(&tmk_seal_openpgp, data, size);
	return 0;
}
