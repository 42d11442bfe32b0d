/* PKCS#11 URIs of any form: read, and what is read is written and read. */
#include <stdlib.h>
#include <string.h>

#include "key/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_uri u = { 0 }, again = { 0 };
	struct tmk_uri_parts parts = { 0 };
	char *text, out[8192];

	if (size > 4096)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (tmk_uri_parse(&u, text, &err)) {
		/* A refusal says why. */
		if (!err.code || !err.text[0])
			abort();
		goto out;
	}
	parts.id = u.id;
	parts.id_len = u.id_len;
	parts.label = u.label;
	parts.module_path = u.module_path;
	parts.pin_source = u.pin_source;
	if (tmk_uri_format(out, sizeof(out), &parts) ||
	    strlen(out) > TMK_URI_MAX)
		goto out;
	if (tmk_uri_parse(&again, out, &err) || again.id_len != u.id_len ||
	    memcmp(again.id, u.id, u.id_len) || strcmp(again.label, u.label) ||
	    strcmp(again.module_path, u.module_path) ||
	    strcmp(again.pin_source, u.pin_source))
		abort();
out:
	tmk_uri_release(&u);
	tmk_uri_release(&again);
	free(text);
	return 0;
}
