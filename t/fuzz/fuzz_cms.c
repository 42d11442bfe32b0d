/*
 * fuzz_cms.c - hostile bytes as a CMS signature: read, and verified against
 * the digest that they name themselves, so that the arithmetic is reached.
 */
#include <stdlib.h>

#include "iface/seal.h"
#include "seal/cms_ber.h"

extern const struct tmk_seal_ops tmk_seal_cms;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is promised of evidence holds whatever the bytes were. */
static void check_promises(const struct tmk_evidence *ev)
{
	int i, k;

	if (ev->signatures < 1 || ev->signatures > TMK_SIGNATURES_MAX)
		abort();
	for (i = 0; i < ev->signatures; i++) {
		const struct tmk_signature *s = &ev->signature[i];

		if (s->digest_len < 32 || !s->value_len ||
		    s->tokens > TMK_TOKENS_MAX)
			abort();
		for (k = 0; k < s->tokens; k++)
			if (!s->token_len[k] || s->token[k][0] != 0x30)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;
	int i, rc;

	rc = tmk_seal_cms.parse(&ev, data, size, &v, &err);
	/* Good and evidence, or refused with a text and none. */
	if (rc || (ev != NULL) != (v.reason == TMK_GOOD) ||
	    (!ev && !v.text[0]))
		abort();
	if (!ev)
		return 0;
	check_promises(ev);
	for (i = 0; i < ev->signatures; i++) {
		v = (struct tmk_verdict)TMK_VERDICT_INIT;
		if (tmk_seal_cms.check(ev, i, NULL, ev->signature[i].digest,
				       ev->signature[i].digest_len, &v, &err))
			abort();
	}
	tmk_evidence_free(ev);
	return 0;
}
