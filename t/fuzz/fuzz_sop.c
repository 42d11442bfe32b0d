/*
 * fuzz_sop.c - inline-signed messages and armours, any bytes.
 *
 * What must hold whatever comes in: a message that is read has one content and
 * at least the frames of its signatures; written again with them it is read as
 * the same; and an armour gives back what was put into it.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/sop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct tmk_buf *a, const struct tmk_buf *b)
{
	return a->len == b->len && (!a->len ||
				    !memcmp(a->data, b->data, a->len));
}

/* What was read as packets, written and read again. The order of signatures
 * turns with each writing. */
static void again(const struct tmk_sop_message *m)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	struct tmk_sop_message back;

	tmk_sop_message_init(&back);
	if (!tmk_sop_message_write(&out, m->data.data, m->data.len,
				   m->seals.data, m->seals.len, NULL)) {
		if (tmk_sop_message_parse(&back, out.data, out.len, NULL) ||
		    !same(&back.data, &m->data) ||
		    back.seals.len != m->seals.len)
			abort();
	}
	tmk_sop_message_release(&back);
	tmk_buf_release(&out);
}

static void message(const uint8_t *data, size_t size)
{
	struct tmk_sop_message m;
	struct tmk_err err = TMK_ERR_INIT;

	tmk_sop_message_init(&m);
	if (tmk_sop_message_parse(&m, data, size, &err)) {
		if (err.code <= 0 || !err.text[0])
			abort();
	} else if (m.framed) {
		if (!m.seals.len || (m.data.len && memchr(m.data.data, '\r',
							  m.data.len)))
			abort();
	} else {
		again(&m);
	}
	tmk_sop_message_release(&m);
}

static void armour(const uint8_t *data, size_t size)
{
	struct tmk_buf packets = TMK_BUF_INIT(TMK_SOP_DATA_MAX);
	struct tmk_buf text = TMK_BUF_INIT(TMK_SOP_ARMOUR_MAX);
	struct tmk_buf back = TMK_BUF_INIT(TMK_SOP_DATA_MAX);
	const char *label;

	if (!tmk_sop_dearmour(&packets, data, size, NULL, "input", NULL)) {
		label = tmk_sop_label(packets.data, packets.len);
		if (label &&
		    (tmk_sop_armour(&text, label, packets.data, packets.len,
				    NULL) ||
		     tmk_sop_dearmour(&back, text.data, text.len, label,
				      "again", NULL) ||
		     !same(&packets, &back)))
			abort();
	}
	tmk_buf_release(&packets);
	tmk_buf_release(&text);
	tmk_buf_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 262144)
		return 0;
	message(data, size);
	armour(data, size);
	return 0;
}
