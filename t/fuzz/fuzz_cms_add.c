/*
 * fuzz_cms_add.c - whatever reads as a CMS signature, added to itself: it reads
 * with twice the signers, each with the same values.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "iface/seal.h"

extern const struct tmk_seal_ops tmk_seal_cms;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static struct tmk_evidence *parse(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	demand(!tmk_seal_cms.parse(&ev, data, size, &v, &err));
	return ev;
}

static int count(const struct tmk_evidence *in, const struct tmk_signature *s)
{
	int i, n = 0;

	for (i = 0; i < in->signatures; i++)
		n += in->signature[i].value_len == s->value_len &&
			!memcmp(in->signature[i].value, s->value,
				s->value_len);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_buf out = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *one, *both;
	int i;

	/* Room for both. */
	if (size > TMK_SEAL_MAX / 4)
		return 0;
	one = parse(data, size);
	if (!one)
		return 0;
	if (tmk_seal_cms.add(one, one, &out, &err)) {
		demand(err.code == TMK_INPUT && !out.len);
	} else {
		both = parse(out.data, out.len);
		demand(both && both->signatures == 2 * one->signatures);
		for (i = 0; both && i < one->signatures; i++)
			demand(count(both, &one->signature[i]) ==
			       2 * count(one, &one->signature[i]));
		tmk_evidence_free(both);
	}
	tmk_evidence_free(one);
	tmk_buf_release(&out);
	return 0;
}
