/*
 * fuzz_cms_fast.c - hostile bytes by the fast path and by the long way: both
 * say the same, as a signature and as a timestamp token, and what the fast
 * path verifies OpenSSL's CMS verifies too.
 */
#include <stdint.h>
#include <stdlib.h>

#include "t/unit/fast_differ.h"

#define NOW 1795240000		/* 2026-11-21 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *what = differ_all(data, size, NULL, NOW);

	if (what) {
		fprintf(stderr, "fast and slow differ in %s\n", what);
		abort();
	}
	return 0;
}
