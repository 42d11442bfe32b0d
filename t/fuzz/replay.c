/*
 * replay.c - run a fuzz target over files and folders without a fuzzer.
 *
 * Linked with each fuzz_*.c for `make check`; prints one TAP line, and a
 * crash or a sanitizer report is the failure.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long files;

static int one(const char *path, const struct stat *st, int type,
	       struct FTW *ftw)
{
	uint8_t *data;
	size_t len;
	FILE *in;

	(void)ftw;
	if (type != FTW_F || st->st_size > 1 << 20)
		return 0;
	in = fopen(path, "rb");
	if (!in)
		return 1;
	data = malloc((size_t)st->st_size + 1);
	if (!data) {
		fclose(in);
		return 1;
	}
	len = fread(data, 1, (size_t)st->st_size, in);
	fclose(in);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	files++;
	return 0;
}

int main(int argc, char **argv)
{
	int i, bad = 0;

	for (i = 1; i < argc; i++)
		if (nftw(argv[i], one, 16, FTW_PHYS))
			bad = 1;
	printf("1..1\n%sok 1 - %ld inputs replayed\n",
	       bad || !files ? "not " : "", files);
	return bad || !files;
}
