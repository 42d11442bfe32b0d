/*
 * fuzz_cleartext.c - clearsigned files of any bytes: what is taken apart can be
 * written again and has the same meaning; the canonical form does not depend
 * on where the text is cut.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cleartext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct tmk_buf *a, const struct tmk_buf *b)
{
	return a->len == b->len &&
		!memcmp(tmk_buf_str(a), tmk_buf_str(b), a->len);
}

static int pieces(struct tmk_buf *out, enum tmk_cleartext_form form,
		  const uint8_t *data, size_t size, size_t piece)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_cleartext c;
	size_t at, n;

	tmk_cleartext_init(&c, form, tmk_cleartext_to_buf, out);
	for (at = 0; at < size; at += n) {
		n = piece < size - at ? piece : size - at;
		if (tmk_cleartext_feed(&c, data + at, n, &err))
			return -1;
	}
	return tmk_cleartext_end(&c, &err);
}

/* The same whole and in pieces, and already canonical. */
static void demand_canonical(enum tmk_cleartext_form form, const uint8_t *data,
			     size_t size)
{
	struct tmk_buf whole = TMK_BUF_INIT(4 << 20);
	struct tmk_buf other = TMK_BUF_INIT(4 << 20);
	size_t piece = size ? 1 + data[0] % 9 : 1;
	int rc = pieces(&whole, form, data, size, size + 1);

	demand(rc == pieces(&other, form, data, size, piece));
	if (!rc) {
		demand(same(&whole, &other));
		tmk_buf_clear(&other);
		demand(!pieces(&other, form, whole.data, whole.len,
			       whole.len + 1));
		demand(same(&whole, &other) || form == TMK_CLEARTEXT_FRAMED);
	}
	tmk_buf_release(&whole);
	tmk_buf_release(&other);
}

static void demand_parts(const struct tmk_cleartext_parts *parts)
{
	struct tmk_buf file = TMK_BUF_INIT(4 << 20);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_cleartext_parts again;

	demand(parts->signatures > 0 &&
	       parts->signatures <= TMK_PACKAGE_SEALS);
	demand(!parts->text.len ||
	       parts->text.data[parts->text.len - 1] == '\n');
	if (tmk_cleartext_check(parts->text.data, parts->text.len, &err))
		goto out;	/* a line that we would not write */
	tmk_cleartext_parts_init(&again);
	demand(!tmk_cleartext_write(&file, parts->text.data, parts->text.len,
				    parts->packets.data, parts->packets.len,
				    &err));
	demand(!tmk_cleartext_parse(&again, file.data, file.len, &v, &err) &&
	       v.reason == TMK_GOOD);
	demand(same(&parts->text, &again.text));
	demand(same(&parts->packets, &again.packets));
	demand(parts->signatures == again.signatures);
	tmk_cleartext_parts_release(&again);
out:
	tmk_buf_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_cleartext_parts parts;

	if (size > 1 << 20)
		return 0;
	tmk_cleartext_parts_init(&parts);
	demand(!tmk_cleartext_parse(&parts, data, size, &v, &err));
	if (v.reason == TMK_GOOD) {
		demand(tmk_cleartext_begins(data, size));
		demand_parts(&parts);
	} else {
		demand(v.text[0] && v.hint[0]);
	}
	tmk_cleartext_parts_release(&parts);
	demand_canonical(TMK_CLEARTEXT_FRAMED, data, size);
	demand_canonical(TMK_CLEARTEXT_LINES, data, size);
	return 0;
}
