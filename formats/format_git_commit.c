#include <string.h>

#include "formats/git_object.h"

/* "NAME id\n" at the front, an id of either length. */
static int bid(const uint8_t *head, size_t len)
{
	static const char tree[] = "tree ";
	const size_t name = sizeof(tree) - 1;
	size_t hex;

	if (len < name || memcmp(head, tree, name))
		return 0;
	for (hex = TMK_GIT_HEX_SHA1; hex <= TMK_GIT_HEX_SHA256;
	     hex += TMK_GIT_HEX_SHA256 - TMK_GIT_HEX_SHA1)
		if (len > name + hex && head[name + hex] == '\n')
			return 90;
	return 0;
}

/* Append the value of a folded header: each line without the name or the
 * space before it, line ends kept (git's commit.c, parse_signed_commit). */
static int unfold(struct tmk_buf *out, struct tmk_span header,
		  struct tmk_err *err)
{
	const uint8_t *at = header.data, *newline, *space;
	size_t left = header.len, line;

	while (left) {
		newline = memchr(at, '\n', left);
		line = newline ? (size_t)(newline + 1 - at) : left;
		space = memchr(at, ' ', line);
		if (!space)
			return tmk_err_set(err, TMK_INTERNAL,
					   "a header line without a space");
		space++;
		if (tmk_buf_add(out, space, line - (size_t)(space - at)))
			return tmk_err_nomem(err);
		at += line;
		left -= line;
	}
	return 0;
}

static int split(struct tmk_parts *parts, const uint8_t *data, size_t len,
		 struct tmk_verdict *v, struct tmk_err *err)
{
	struct tmk_git_commit c;
	const uint8_t *after;

	if (!tmk_git_commit_parse(&c, data, len, 0, v))
		return 0;
	if (!c.has_signature) {
		parts->payload[0].data = data;
		parts->payload[0].len = len;
		parts->payloads = 1;
		return 0;
	}
	if (c.signature.len > parts->armour.max)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
			"the commit has a signature of %zu bytes",
			c.signature.len);
	if (unfold(&parts->armour, c.signature, err))
		return -1;
	after = c.signature.data + c.signature.len;
	parts->payload[0].data = data;
	parts->payload[0].len = (size_t)(c.signature.data - data);
	parts->payload[1].data = after;
	parts->payload[1].len = (size_t)(data + len - after);
	parts->payloads = 2;
	return 0;
}

const struct tmk_format_ops tmk_format_git_commit = {
	.name = "git-commit",
	.bid = bid,
	.split = split
};
