#include "seal/openpgp_stamp.h"

#include <string.h>

#include "seal/openpgp_packet.h"
#include "seal/openpgp_sig.h"

#define NAME_LEN (sizeof(TMK_OPENPGP_TOKEN_NAME) - 1)

/* Whether the reader took this subpacket for a timestamp. */
static bool is_token(const struct tmk_openpgp_sub *s)
{
	struct tmk_openpgp_cursor c = { s->body, s->len };
	uint32_t flags, name_len, value_len;
	const uint8_t *name;

	if (s->type != TMK_OPENPGP_SUB_NOTATION ||
	    !tmk_openpgp_number(&flags, &c, 4) ||
	    !tmk_openpgp_number(&name_len, &c, 2) ||
	    !tmk_openpgp_number(&value_len, &c, 2))
		return false;
	name = tmk_openpgp_take(&c, name_len);
	return name && name_len == NAME_LEN &&
		!memcmp(name, TMK_OPENPGP_TOKEN_NAME, NAME_LEN);
}

/* The subpackets that stay, each as it stands. */
static int keep(struct tmk_buf *area, struct tmk_openpgp_cursor c,
		unsigned int drop)
{
	struct tmk_openpgp_sub sub;
	const uint8_t *from;
	int token = 0;

	while (c.left) {
		from = c.at;
		if (!tmk_openpgp_sub_next(&sub, &c))
			return -1;
		if (is_token(&sub) && drop & 1u << token++)
			continue;
		if (tmk_buf_add(area, from, (size_t)(c.at - from)))
			return -1;
	}
	return 0;
}

static int add(struct tmk_buf *area, const struct tmk_stamp_change *change)
{
	struct tmk_buf body = TMK_BUF_INIT(TMK_OPENPGP_AREA_MAX);
	int rc;

	if (!change->token)
		return 0;
	rc = change->len > UINT16_MAX ||
		tmk_openpgp_put_number(&body, 0, 4) ||
		tmk_openpgp_put_number(&body, NAME_LEN, 2) ||
		tmk_openpgp_put_number(&body, (uint32_t)change->len, 2) ||
		tmk_buf_addstr(&body, TMK_OPENPGP_TOKEN_NAME) ||
		tmk_buf_add(&body, change->token, change->len) ||
		tmk_openpgp_put_sub(area, TMK_OPENPGP_SUB_NOTATION, body.data,
				    body.len);
	tmk_buf_release(&body);
	return rc ? -1 : 0;
}

static int no_room(struct tmk_err *err)
{
	tmk_err_set(err, TMK_INPUT, "with this timestamp the OpenPGP "
		    "signature has more than %d bytes that are not signed, "
		    "and other programs refuse it", TMK_OPENPGP_AREA_MAX);
	return tmk_err_hint(err, "ask an authority that embeds fewer "
			    "certificates");
}

static int check_count(const struct tmk_signature *s,
		       const struct tmk_stamp_change *change,
		       struct tmk_err *err)
{
	int n, left = change->token ? 1 : 0;

	for (n = 0; n < s->tokens; n++)
		left += !(change->drop & 1u << n);
	if (left > TMK_TOKENS_MAX)
		return tmk_err_set(err, TMK_INPUT, "a signature has %d "
				   "timestamps at most", TMK_TOKENS_MAX);
	return 0;
}

static int stamp_one(const struct tmk_signature *s,
		     const struct tmk_stamp_change *change,
		     struct tmk_buf *out, struct tmk_err *err)
{
	const struct tmk_openpgp_sig *sig = s->priv;
	const uint8_t *unhashed = sig->body + sig->hashed_end;
	const uint8_t *end = sig->value + sig->value_len;
	struct tmk_openpgp_cursor c = { unhashed, (size_t)(end - unhashed) };
	struct tmk_buf area = TMK_BUF_INIT(TMK_OPENPGP_AREA_MAX - 1);
	struct tmk_buf body = TMK_BUF_INIT(TMK_SEAL_MAX);
	uint32_t len = 0;
	int rc;

	if (check_count(s, change, err))
		return -1;
	if (!tmk_openpgp_number(&len, &c, 2) || len > c.left)
		return tmk_err_set(err, TMK_INTERNAL, "the signature cannot "
				   "be found again");
	c.left = len;
	rc = keep(&area, c, change->drop) || add(&area, change) ?
		no_room(err) : 0;
	/* Up to the hashed area, the new one, the rest from `left` on. */
	if (!rc && (tmk_buf_add(&body, sig->body, sig->hashed_end) ||
		    tmk_openpgp_put_number(&body, (uint32_t)area.len, 2) ||
		    tmk_buf_add(&body, area.data, area.len) ||
		    tmk_buf_add(&body, c.at + len,
				(size_t)(end - c.at) - len) ||
		    tmk_openpgp_put_packet(out, TMK_OPENPGP_SIGNATURE,
					   body.data, body.len)))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&area);
	tmk_buf_release(&body);
	return rc;
}

int tmk_openpgp_stamp(const struct tmk_evidence *evidence,
		      const struct tmk_stamp_change *change,
		      struct tmk_buf *out, struct tmk_err *err)
{
	struct tmk_buf all = TMK_BUF_INIT(TMK_SEAL_MAX);
	int i, rc = 0;

	for (i = 0; !rc && i < evidence->signatures; i++)
		rc = stamp_one(&evidence->signature[i], &change[i], &all, err);
	if (!rc && tmk_buf_add(out, all.data, all.len))
		rc = tmk_err_nomem(err);
	tmk_buf_release(&all);
	return rc;
}
