/*
 * stamp.h - for fuzz targets: whatever a seal reads can be given a timestamp
 * and lose it again, and each time it reads, with the same values and the
 * tokens that were asked for. Aborts when that does not hold.
 */
#ifndef TMK_T_FUZZ_STAMP_H
#define TMK_T_FUZZ_STAMP_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "iface/seal.h"

/* NULL when it does not read. */
static struct tmk_evidence *parse(const struct tmk_seal_ops *ops,
				  const uint8_t *data, size_t size)
{
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_evidence *ev = NULL;

	if (ops->parse(&ev, data, size, &v, &err))
		abort();
	return ev;
}

/* Signatures may change places, but each is there with as many tokens. */
static void check_same(const struct tmk_evidence *a,
		       const struct tmk_evidence *b, int tokens)
{
	int i, k;

	if (!b || a->signatures != b->signatures)
		abort();
	for (i = 0; i < a->signatures; i++) {
		const struct tmk_signature *s = &a->signature[i];

		for (k = 0; k < b->signatures; k++)
			if (s->value_len == b->signature[k].value_len &&
			    !memcmp(s->value, b->signature[k].value,
				    s->value_len) &&
			    b->signature[k].tokens == tokens)
				break;
		if (k == b->signatures)
			abort();
	}
}

/* False when there is no room for it, which is no fault. */
static bool stamp(struct tmk_buf *out, const struct tmk_evidence *ev,
		  const uint8_t *token, size_t len)
{
	struct tmk_stamp_change change[TMK_SIGNATURES_MAX];
	struct tmk_err err = TMK_ERR_INIT;
	int i;

	for (i = 0; i < TMK_SIGNATURES_MAX; i++)
		change[i] = (struct tmk_stamp_change){ token, len, 0xff };
	if (!ev->ops->stamp(ev, change, out, &err))
		return true;
	if (err.code != TMK_INPUT)
		abort();
	return false;
}

static void stamp_and_unstamp(const struct tmk_seal_ops *ops,
			      const uint8_t *data, size_t size)
{
	static const uint8_t token[] = { 0x30, 0x03, 0x02, 0x01, 0x07 };
	struct tmk_buf one = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_buf none = TMK_BUF_INIT(TMK_SEAL_MAX);
	struct tmk_evidence *ev, *with, *without;
	bool room;

	/* Room for what is added to each of them. */
	if (size > TMK_SEAL_MAX / 2)
		return;
	ev = parse(ops, data, size);
	if (!ev)
		return;
	room = stamp(&one, ev, token, sizeof(token));
	with = room ? parse(ops, one.data, one.len) : NULL;
	if (room) {
		check_same(ev, with, 1);
		if (!stamp(&none, with, NULL, 0))
			abort();
		without = parse(ops, none.data, none.len);
		check_same(ev, without, 0);
		tmk_evidence_free(without);
	}
	tmk_evidence_free(ev);
	tmk_evidence_free(with);
	tmk_buf_release(&one);
	tmk_buf_release(&none);
}

#endif
