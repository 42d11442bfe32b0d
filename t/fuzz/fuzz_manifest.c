/*
 * fuzz_manifest.c - any bytes as a manifest: what is read can be walked over,
 * its parts lie inside, and written again it is the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void walk(const struct tmk_manifest *m)
{
	struct tmk_manifest_line line;
	uint64_t count = 0;
	size_t at = 0;

	while (tmk_manifest_next(&line, m, &at)) {
		demand(line.text >= m->lines &&
		       line.text + line.len < m->lines + m->lines_len);
		demand(line.path > line.text && line.path_len &&
		       line.path + line.path_len <= line.text + line.len);
		demand(!memchr(line.path, ' ', line.path_len) &&
		       *line.path != '/');
		count++;
	}
	demand(at == m->lines_len && count == m->entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_manifest m;
	struct tmk_buf again;

	(void)tmk_packed_of(data, size);
	if (tmk_manifest_read(&m, data, size, &err) < 0) {
		demand(err.code == TMK_INPUT && err.text[0]);
		return 0;
	}
	walk(&m);
	tmk_buf_init(&again, size);
	demand(!tmk_manifest_begin(&again, m.content) &&
	       !tmk_buf_add(&again, m.lines, m.lines_len) &&
	       !tmk_manifest_end(&again, &m));
	demand(again.len == size && !memcmp(again.data, data, size));
	tmk_buf_release(&again);
	return 0;
}
