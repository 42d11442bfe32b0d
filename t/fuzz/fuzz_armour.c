/*
 * fuzz_armour.c - armour on any bytes: what is read can be written again and
 * reads as the same bytes; every text has at most one meaning.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/armour.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static const char *const labels[] = {
	[TMK_FORMAT_X509] = TMK_ARMOUR_LABEL_CMS,
	[TMK_FORMAT_OPENPGP] = TMK_ARMOUR_LABEL_OPENPGP,
	[TMK_FORMAT_SSH] = TMK_ARMOUR_LABEL_SSH
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_buf der = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf text = TMK_BUF_INIT(2 * TMK_SEAL_MAX);
	struct tmk_buf again = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_seal_format format = 0;

	demand(!tmk_armour_read(&der, &format, data, size, &v, &err));
	if (v.reason != TMK_GOOD) {
		demand(!format && !der.len && v.text[0] && v.hint[0]);
	} else {
		demand(format == tmk_armour_begins(data, size));
		/* Nothing inside: a PGP MESSAGE, and that alone. */
		demand(der.len > 0 || format == TMK_FORMAT_OPENPGP);
	}
	if (der.len) {
		demand(!tmk_armour_write(&text, labels[format], der.data,
					 der.len, &err));
		demand(!tmk_armour_read(&again, &format, text.data, text.len,
					&v, &err) && v.reason == TMK_GOOD);
		demand(again.len == der.len &&
		       !memcmp(again.data, der.data, der.len));
	}
	tmk_buf_release(&der);
	tmk_buf_release(&text);
	tmk_buf_release(&again);
	return 0;
}
