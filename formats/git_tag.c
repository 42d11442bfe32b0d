#include "formats/git_lines.h"

#include <string.h>

#include "formats/armour.h"

static bool one_of_types(struct tmk_span type)
{
	return tmk_span_is(type, "commit") || tmk_span_is(type, "tag") ||
		tmk_span_is(type, "tree") || tmk_span_is(type, "blob");
}

static bool ends_with(struct tmk_span s, const char *end)
{
	size_t len = strlen(end);

	return s.len >= len && !memcmp(s.data + s.len - len, end, len);
}

/* One part of a ref name between slashes. */
static bool part_ok(struct tmk_span part)
{
	return part.len && part.data[0] != '.' && !ends_with(part, ".lock");
}

/* What git-check-ref-format(1) allows below refs/tags/, and no dash in front,
 * which programs would take for an option. */
static bool name_ok(struct tmk_span name)
{
	struct tmk_span part = { name.data, 0 };
	size_t i;

	if (!name.len || name.data[0] == '-' || ends_with(name, ".") ||
	    tmk_span_is(name, "@"))
		return false;
	for (i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		uint8_t next = i + 1 < name.len ? name.data[i + 1] : 0;

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c) ||
		    (c == '.' && next == '.') || (c == '@' && next == '{'))
			return false;
		if (c != '/') {
			part.len++;
			continue;
		}
		if (!part_ok(part))
			return false;
		part.data = name.data + i + 1;
		part.len = 0;
	}
	return part_ok(part);
}

static bool take_name(struct tmk_git_lines *in, struct tmk_span *name)
{
	if (!tmk_git_lines_take(in, "tag", name))
		return false;
	if (name->len > TMK_GIT_NAME_MAX)
		return tmk_git_lines_limit(in,
			"has a name of more than %d bytes", TMK_GIT_NAME_MAX);
	if (!name_ok(*name))
		return tmk_git_lines_refuse(in,
			"has a name that no ref can have");
	return true;
}

/* Find the line of `text` at which git would begin the signature. More than
 * one such line is refused: git takes the last, others take the first. */
static bool find_signature(struct tmk_span text, size_t *start, bool *found,
			   struct tmk_verdict *v)
{
	const uint8_t *newline;
	size_t at = 0;

	*found = false;
	while (at < text.len) {
		if (tmk_armour_begins(text.data + at, text.len - at)) {
			if (*found) {
				tmk_verdict_refuse(v, TMK_SIGNATURE_MALFORMED,
					"the tag holds more than one "
					"signature block");
				return false;
			}
			*found = true;
			*start = at;
		}
		newline = memchr(text.data + at, '\n', text.len - at);
		if (!newline)
			break;
		at = (size_t)(newline + 1 - text.data);
	}
	return true;
}

static bool take_message(struct tmk_git_tag *t, struct tmk_span text,
			 struct tmk_verdict *v)
{
	enum tmk_seal_format format;
	const uint8_t *body;
	size_t start = 0, body_len;

	if (!find_signature(text, &start, &t->has_signature, v))
		return false;
	t->message = text;
	if (!t->has_signature)
		return true;
	t->message.len = start;
	t->signature.data = text.data + start;
	t->signature.len = text.len - start;
	/* What stands behind END would be shown and is not signed. */
	return tmk_armour_frame(&format, &body, &body_len, t->signature.data,
				t->signature.len, v);
}

bool tmk_git_tag_parse(struct tmk_git_tag *out, const uint8_t *data,
		       size_t len, size_t hex, struct tmk_verdict *v)
{
	struct tmk_git_lines in;
	struct tmk_git_tag t;
	struct tmk_span text;

	memset(&t, 0, sizeof(t));
	t.hex = hex;
	if (!tmk_git_lines_init(&in, "tag", data, len, v) ||
	    !tmk_git_lines_take_id(&in, "object", &t.hex, &t.object) ||
	    !tmk_git_lines_take(&in, "type", &t.type))
		return false;
	if (!one_of_types(t.type))
		return tmk_git_lines_refuse(&in, "names no type of object");
	if (!take_name(&in, &t.name) ||
	    !tmk_git_lines_take_ident(&in, "tagger", &t.tagger))
		return false;
	if (in.line.len)
		return tmk_git_lines_refuse(&in,
			"has a header that tags do not have");
	text.data = in.line.data + 1;
	text.len = (size_t)(data + len - text.data);
	if (!take_message(&t, text, v))
		return false;
	*out = t;
	return true;
}
