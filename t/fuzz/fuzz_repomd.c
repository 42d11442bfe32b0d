/*
 * fuzz_repomd.c - any bytes as a repomd.xml: what is read holds what its
 * header promises, and the beginning of what is read is known as one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/repomd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_file(const struct tmk_repomd_file *f)
{
	size_t n = strlen(f->checksum);
	const char *p;

	demand(f->type[0] && f->href[0] && f->algorithm[0]);
	demand(n == 64 || n == 96 || n == 128);
	demand(strspn(f->checksum, "0123456789abcdef") == n);
	for (p = f->href; *p; p++)
		demand((unsigned char)*p >= ' ' && *p != '&' && *p != '<');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repomd *md = NULL;
	int i;

	demand(!tmk_repomd_read(&md, data, size, &v, &err));
	demand(!md == (v.reason != TMK_GOOD));
	if (!md) {
		demand(v.text[0] && v.hint[0]);
		tmk_repomd_is(data, size);
		return 0;
	}
	demand(tmk_repomd_is(data, size));
	demand(md->files > 0 && md->files <= TMK_REPOMD_FILES);
	for (i = 0; i < md->files; i++)
		check_file(&md->file[i]);
	free(md);
	return 0;
}
