#include "formats/repomd_xml.h"

#include <string.h>
#include <strings.h>

#include "base/enc.h"

static bool fail(struct tmk_repomd_xml *xml, const char *why)
{
	xml->why = why;
	return false;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The part of NameStartChar and NameChar (XML 1.0 section 2.3) that is ASCII:
 * nothing else is written here. */
static bool begins_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		c == '_' || c == ':';
}

static bool is_name(uint8_t c)
{
	return begins_name(c) || (c >= '0' && c <= '9') || c == '-' ||
		c == '.';
}

bool tmk_repomd_xml_is(struct tmk_span span, const char *word)
{
	return span.len == strlen(word) && !memcmp(span.data, word, span.len);
}

static bool looks_at(const struct tmk_repomd_xml *xml, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(xml->end - xml->at) >= len &&
		!memcmp(xml->at, word, len);
}

static bool skip(struct tmk_repomd_xml *xml, const char *word)
{
	if (!looks_at(xml, word))
		return false;
	xml->at += strlen(word);
	return true;
}

static void skip_space(struct tmk_repomd_xml *xml)
{
	while (xml->at < xml->end && is_space(*xml->at))
		xml->at++;
}

static bool take_name(struct tmk_span *out, struct tmk_repomd_xml *xml)
{
	out->data = xml->at;
	if (xml->at == xml->end || !begins_name(*xml->at))
		return fail(xml, "has a tag without a plain name");
	while (xml->at < xml->end && is_name(*xml->at))
		xml->at++;
	out->len = (size_t)(xml->at - out->data);
	return true;
}

/* An entity that XML itself has. Others would have to be declared, and nothing
 * is declared. */
static bool is_entity(const uint8_t *at, const uint8_t *end)
{
	static const char *const known[] = {
		"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if ((size_t)(end - at) >= strlen(known[i]) &&
		    !memcmp(at, known[i], strlen(known[i])))
			return true;
	return false;
}

static bool check_text(struct tmk_repomd_xml *xml, struct tmk_span span)
{
	size_t i;

	for (i = 0; i < span.len; i++) {
		if (span.data[i] == '<')
			return fail(xml, "has a < inside of a value");
		if (span.data[i] == '&' &&
		    !is_entity(span.data + i, span.data + span.len))
			return fail(xml, "has an entity");
	}
	return true;
}

static bool take_value(struct tmk_span *out, struct tmk_repomd_xml *xml)
{
	const uint8_t *close;
	uint8_t quote;

	if (xml->at == xml->end || (*xml->at != '"' && *xml->at != '\''))
		return fail(xml, "has an attribute without quotes");
	quote = *xml->at++;
	close = memchr(xml->at, quote, (size_t)(xml->end - xml->at));
	if (!close)
		return fail(xml, "has an attribute without an end");
	out->data = xml->at;
	out->len = (size_t)(close - xml->at);
	xml->at = close + 1;
	return check_text(xml, *out);
}

static bool take_attribute(struct tmk_repomd_xml *xml)
{
	struct tmk_span name, value;
	int i;

	if (xml->attributes == TMK_REPOMD_ATTRIBUTES)
		return fail(xml, "has too many attributes in one tag");
	if (!take_name(&name, xml))
		return false;
	skip_space(xml);
	if (!skip(xml, "="))
		return fail(xml, "has an attribute without a value");
	skip_space(xml);
	if (!take_value(&value, xml))
		return false;
	for (i = 0; i < xml->attributes; i++)
		if (xml->attribute[i].len == name.len &&
		    !memcmp(xml->attribute[i].data, name.data, name.len))
			return fail(xml, "has an attribute twice");
	xml->attribute[xml->attributes] = name;
	xml->value[xml->attributes++] = value;
	return true;
}

/* Up to and with the > of an opening tag. */
static bool take_attributes(struct tmk_repomd_xml *xml)
{
	xml->attributes = 0;
	xml->empty = false;
	for (;;) {
		const uint8_t *before = xml->at;

		skip_space(xml);
		if (skip(xml, ">"))
			return true;
		if (skip(xml, "/>")) {
			xml->empty = true;
			return true;
		}
		if (xml->at == before)
			return fail(xml, "has a tag without an end");
		if (!take_attribute(xml))
			return false;
	}
}

/* Behind "<!--". Two dashes may not stand inside (XML 1.0 section 2.5). */
static bool skip_comment(struct tmk_repomd_xml *xml)
{
	const uint8_t *dashes = memmem(xml->at, (size_t)(xml->end - xml->at),
				       "--", 2);

	if (!dashes)
		return fail(xml, "has a comment without an end");
	xml->at = dashes + 2;
	return skip(xml, ">") || fail(xml, "has two dashes in a comment");
}

/* Behind "<?xml". In another encoding the same bytes are another text. */
static bool take_declaration(struct tmk_repomd_xml *xml)
{
	int i;

	for (;;) {
		const uint8_t *before = xml->at;

		skip_space(xml);
		if (skip(xml, "?>"))
			break;
		if (xml->at == before)
			return fail(xml, "has an XML declaration without an "
				    "end");
		if (!take_attribute(xml))
			return false;
	}
	for (i = 0; i < xml->attributes; i++) {
		bool ok = tmk_repomd_xml_is(xml->attribute[i], "standalone");

		if (tmk_repomd_xml_is(xml->attribute[i], "version"))
			ok = tmk_repomd_xml_is(xml->value[i], "1.0");
		if (tmk_repomd_xml_is(xml->attribute[i], "encoding"))
			ok = xml->value[i].len == 5 &&
				!strncasecmp((const char *)xml->value[i].data,
					     "utf-8", 5);
		if (!ok)
			return fail(xml, "is not XML 1.0 in UTF-8");
	}
	xml->attributes = 0;
	return true;
}

bool tmk_repomd_xml_init(struct tmk_repomd_xml *xml, const uint8_t *text,
			 size_t len)
{
	size_t i;

	*xml = (struct tmk_repomd_xml){ .at = text, .end = text + len };
	for (i = 0; i < len; i++)
		if ((text[i] < ' ' && !is_space(text[i])) || text[i] == 0x7f)
			return fail(xml, "has a control character");
	if (!tmk_enc_is_utf8((const char *)text, len))
		return fail(xml, "is not UTF-8");
	return !skip(xml, "<?xml") || take_declaration(xml);
}

static enum tmk_repomd_event bad(struct tmk_repomd_xml *xml, const char *why)
{
	xml->why = why;
	return 0;
}

static enum tmk_repomd_event take_tag(struct tmk_repomd_xml *xml)
{
	if (skip(xml, "</")) {
		if (!take_name(&xml->name, xml))
			return 0;
		skip_space(xml);
		if (!skip(xml, ">"))
			return bad(xml, "has a tag without an end");
		return TMK_REPOMD_CLOSE;
	}
	xml->at++;
	if (!take_name(&xml->name, xml) || !take_attributes(xml))
		return 0;
	return TMK_REPOMD_OPEN;
}

/* What stands before `until`, without space around it. */
static bool take_text(struct tmk_span *out, struct tmk_repomd_xml *xml,
		      const uint8_t *until)
{
	struct tmk_span text = {
		xml->at, (size_t)(until - xml->at)
	};

	xml->at = until;
	while (text.len && is_space(*text.data)) {
		text.data++;
		text.len--;
	}
	while (text.len && is_space(text.data[text.len - 1]))
		text.len--;
	*out = text;
	return check_text(xml, text);
}

enum tmk_repomd_event tmk_repomd_xml_next(struct tmk_repomd_xml *xml)
{
	xml->text = (struct tmk_span){ xml->at, 0 };
	if (xml->empty) {
		xml->empty = false;
		return TMK_REPOMD_CLOSE;
	}
	for (;;) {
		const uint8_t *tag = memchr(xml->at, '<',
					    (size_t)(xml->end - xml->at));
		struct tmk_span text;

		if (!take_text(&text, xml, tag ? tag : xml->end))
			return 0;
		/* Text on both sides of a comment would be one text to some
		 * and two to others. */
		if (text.len && xml->text.len)
			return bad(xml, "has a comment inside of a text");
		if (text.len)
			xml->text = text;
		if (!tag)
			return TMK_REPOMD_END;
		if (looks_at(xml, "<!--")) {
			xml->at += strlen("<!--");
			if (!skip_comment(xml))
				return 0;
			continue;
		}
		if (looks_at(xml, "<!"))
			return bad(xml, "has a document type or CDATA");
		if (looks_at(xml, "<?"))
			return bad(xml, "has a processing instruction");
		return take_tag(xml);
	}
}

const struct tmk_span *
tmk_repomd_xml_attribute(const struct tmk_repomd_xml *xml, const char *name)
{
	int i;

	for (i = 0; i < xml->attributes; i++)
		if (tmk_repomd_xml_is(xml->attribute[i], name))
			return &xml->value[i];
	return NULL;
}
