/*
 * fuzz_config_stream.c - any bytes as what a configuration file says: what is
 * understood can be visited, and written again it is the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static int again(void *ctx, const char *name, const char *value, bool included)
{
	demand(name && strchr(name, '.'));
	return tmk_config_stream_add(ctx, name, value, included);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tmk_config_stream is = tmk_config_stream_check(data, size);
	struct tmk_buf back = TMK_BUF_INIT(TMK_CONFIG_STREAM_MAX);
	struct tmk_err err = TMK_ERR_INIT;

	if (is == TMK_CONFIG_STREAM_FAILED) {
		demand(tmk_config_stream_error(data, &err) < 0);
		demand(err.code == TMK_USAGE);
	} else if (is != TMK_CONFIG_STREAM_BAD) {
		demand(!tmk_config_stream_visit(data, again, &back));
		demand(!tmk_config_stream_end(&back, is ==
					      TMK_CONFIG_STREAM_KEEP));
		demand(back.len == size && !memcmp(back.data, data, size));
	}
	tmk_buf_release(&back);
	return 0;
}
