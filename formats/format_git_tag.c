#include <string.h>

#include "formats/git_object.h"

/* "object id\ntype " at the front. */
static int bid(const uint8_t *head, size_t len)
{
	static const char object[] = "object ", type[] = "\ntype ";
	const size_t first = sizeof(object) - 1, second = sizeof(type) - 1;
	size_t hex;

	if (len < first || memcmp(head, object, first))
		return 0;
	for (hex = TMK_GIT_HEX_SHA1; hex <= TMK_GIT_HEX_SHA256;
	     hex += TMK_GIT_HEX_SHA256 - TMK_GIT_HEX_SHA1)
		if (len >= first + hex + second &&
		    !memcmp(head + first + hex, type, second))
			return 90;
	return 0;
}

/* The payload is everything before the signature (git's gpg-interface.c,
 * parse_signed_buffer). */
static int split(struct tmk_parts *parts, const uint8_t *data, size_t len,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_git_tag t;

	if (!tmk_git_tag_parse(&t, data, len, 0, v))
		return 0;
	if (t.signature.len > parts->armour.max)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
			"the tag has a signature of %zu bytes",
			t.signature.len);
	if (t.has_signature &&
	    tmk_buf_add(&parts->armour, t.signature.data, t.signature.len))
		return tmk_err_nomem(err);
	parts->payload[0].data = data;
	parts->payload[0].len = len - t.signature.len;
	parts->payloads = 1;
	return 0;
}

const struct tmk_format_ops tmk_format_git_tag = {
	.name = "git-tag",
	.bid = bid,
	.split = split
};
