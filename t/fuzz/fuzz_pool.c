/*
 * fuzz_pool.c - what a process that judges may answer, and what the hook may
 * ask. The first byte picks which; whatever is taken for an answer can be
 * written again as the same bytes, and every text in it is safe to show.
 */
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "hooks/gate_pool_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	char shown[4096];

	tmk_enc_line_into(shown, sizeof(shown), text, strlen(text));
	if (strcmp(shown, text))
		abort();
}

static void answer(const uint8_t *data, size_t size)
{
	static struct tmk_gate_answer a;
	const size_t head = sizeof(struct tmk_gate_pool_head);
	struct tmk_buf out = TMK_BUF_INIT(2 * TMK_GATE_POOL_ANSWER_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	if (tmk_gate_pool_wire_read(&a, data, size, &err) < 0)
		return;
	check_text(a.v.text);
	check_text(a.v.hint);
	for (i = 0; i < a.signers; i++) {
		check_text(a.signer[i].who);
		check_text(a.signer[i].key);
		check_text(a.signer[i].issuer);
		check_text(a.signer[i].chain);
		check_text(a.signer[i].tsa);
	}
	if (tmk_gate_pool_wire_answer(&out, &a, &err) < 0 ||
	    out.len != head + size || memcmp(out.data + head, data, size))
		abort();
	tmk_buf_release(&out);
}

static void job(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_gate_job j;
	const size_t head = sizeof(struct tmk_gate_pool_head);
	uint8_t *again;
	size_t len;

	if (tmk_gate_pool_wire_job(&j, data, size, &err) < 0)
		return;
	len = tmk_gate_pool_wire_size(&j);
	again = malloc(len);
	if (len != head + size || !again)
		abort();
	tmk_gate_pool_wire_put(again, &j);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_err err = TMK_ERR_INIT;

	if (!size)
		return 0;
	if (data[0] == 'j')
		job(data + 1, size - 1);
	else if (data[0] == 'a')
		answer(data + 1, size - 1);
	else if (tmk_gate_pool_wire_read_failed(data + 1, size - 1,
						&err) == 0 || !err.text[0])
		abort();
	return 0;
}
