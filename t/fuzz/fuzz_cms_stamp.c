/*
 * fuzz_cms_stamp.c - another timestamp for whatever reads as a CMS signature.
 */
#include "t/fuzz/stamp.h"

extern const struct tmk_seal_ops tmk_seal_cms;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	stamp_and_unstamp(&tmk_seal_cms, data, size);
	return 0;
}
