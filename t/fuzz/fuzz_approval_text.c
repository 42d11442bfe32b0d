/* The text that approvers sign: what is read is written as it was. */
#include <stdlib.h>
#include <string.h>

#include "plugins/front_approval_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_buf again = TMK_BUF_INIT(TMK_APPROVAL_TEXT_MAX);
	static struct tmk_approval_text text;
	struct tmk_err err = TMK_ERR_INIT;

	if (tmk_approval_text_read(&text, data, size, &err)) {
		if (!err.code || !*err.text)
			abort();
		return 0;
	}
	if (tmk_approval_text_write(&again, &text, &err) ||
	    again.len != size || memcmp(again.data, data, size))
		abort();
	tmk_buf_release(&again);
	return 0;
}
