#include "formats/git_pushcert.h"

#include <string.h>

#include "formats/armour.h"
#include "formats/git_lines.h"

#define TIME_DIGITS 15		/* more than 2^53 has no reading */

/* ---- headers ------------------------------------------------------------ */

static bool is_digits(struct tmk_span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	return s.len > 0;
}

/* Cut the last word off: what stands behind the last space. */
static bool cut_last(struct tmk_span *text, struct tmk_span *word)
{
	size_t at = text->len;

	while (at && text->data[at - 1] != ' ')
		at--;
	if (!at)
		return false;
	word->data = text->data + at;
	word->len = text->len - at;
	text->len = at - 1;
	return true;
}

static bool zone_ok(struct tmk_span zone)
{
	const struct tmk_span digits = { zone.data + 1, zone.len - 1 };

	return zone.len == 5 && (zone.data[0] == '+' || zone.data[0] == '-') &&
		is_digits(digits);
}

/* "pusher KEY SECONDS ZONE": KEY is what the pusher's configuration calls the
 * key, a fingerprint or an ident. */
static bool take_pusher(struct tmk_git_lines *in, struct tmk_git_pushcert *c)
{
	struct tmk_span text, seconds, zone;
	size_t i;

	if (!tmk_git_lines_take(in, "pusher", &text))
		return false;
	if (!cut_last(&text, &zone) || !cut_last(&text, &seconds) ||
	    !zone_ok(zone) || !is_digits(seconds) ||
	    seconds.len > TIME_DIGITS)
		return tmk_git_lines_refuse(in, "has a bad pusher header");
	for (i = 0; i < seconds.len; i++)
		c->time = c->time * 10 + (seconds.data[i] - '0');
	c->pusher = text;
	return true;
}

/* A header that may be missing. */
static bool take_optional(struct tmk_git_lines *in, const char *name,
			  struct tmk_span *value)
{
	struct tmk_span ignored;

	value->data = NULL;
	value->len = 0;
	if (!tmk_git_lines_is(in, name, &ignored))
		return true;
	return tmk_git_lines_take(in, name, value);
}

static bool take_headers(struct tmk_git_lines *in, struct tmk_git_pushcert *c)
{
	struct tmk_span value;

	if (!tmk_git_lines_take(in, "certificate", &value))
		return false;
	if (!tmk_span_is(value, "version 0.1"))
		return tmk_git_lines_refuse(in, "is of another version than "
					    "0.1");
	if (!take_pusher(in, c) || !take_optional(in, "pushee", &c->pushee) ||
	    !take_optional(in, "nonce", &c->nonce))
		return false;
	for (;;) {
		if (!take_optional(in, "push-option", &value))
			return false;
		if (!value.data)
			break;
		if (++c->options > TMK_GIT_PUSHCERT_OPTIONS_MAX)
			return tmk_git_lines_limit(in, "has more than %d push "
				"options", TMK_GIT_PUSHCERT_OPTIONS_MAX);
	}
	if (in->line.len)
		return tmk_git_lines_refuse(in, "has a header that push "
			"certificates do not have, or not in this place");
	return true;
}

/* ---- commands ----------------------------------------------------------- */

static bool is_id(const uint8_t *text, size_t digits)
{
	size_t i;

	for (i = 0; i < digits; i++)
		if (!(text[i] >= '0' && text[i] <= '9') &&
		    !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

/* "OLD NEW REF" */
static bool read_command(struct tmk_git_pushcert_command *out,
			 struct tmk_span line, size_t hex)
{
	size_t i, at = 2 * (hex + 1);

	if (line.len <= at || !is_id(line.data, hex) ||
	    line.data[hex] != ' ' || !is_id(line.data + hex + 1, hex) ||
	    line.data[at - 1] != ' ')
		return false;
	out->old = (struct tmk_span){ line.data, hex };
	out->new = (struct tmk_span){ line.data + hex + 1, hex };
	out->ref = (struct tmk_span){ line.data + at, line.len - at };
	if (out->ref.len > TMK_GIT_PUSHCERT_REF_MAX || out->ref.len <= 5 ||
	    memcmp(out->ref.data, "refs/", 5))
		return false;
	for (i = 0; i < out->ref.len; i++)
		if (out->ref.data[i] <= ' ' || out->ref.data[i] == 0x7f)
			return false;
	return true;
}

/* Cut a line off; false when none that is closed is left. */
static bool cut_line(struct tmk_span *line, struct tmk_span *rest)
{
	const uint8_t *newline = rest->len ?
		memchr(rest->data, '\n', rest->len) : NULL;

	if (!newline)
		return false;
	line->data = rest->data;
	line->len = (size_t)(newline - rest->data);
	rest->data = newline + 1;
	rest->len -= line->len + 1;
	return true;
}

static bool take_commands(struct tmk_git_lines *in,
			  struct tmk_git_pushcert *c, struct tmk_span rest)
{
	struct tmk_git_pushcert_command command;
	struct tmk_span line;

	c->lines = rest;
	while (!tmk_armour_begins(rest.data, rest.len)) {
		if (c->commands == TMK_GIT_PUSHCERT_COMMANDS_MAX)
			return tmk_git_lines_limit(in, "has more than %d "
				"commands", TMK_GIT_PUSHCERT_COMMANDS_MAX);
		if (!rest.len) {
			tmk_git_lines_say(in, TMK_SIGNATURE_MISSING,
					  "carries no signature");
			return false;
		}
		if (!cut_line(&line, &rest) ||
		    !read_command(&command, line, c->hex))
			return tmk_git_lines_refuse(in, "has a line that is "
				"not \"old new ref\"");
		c->commands++;
	}
	c->lines.len -= rest.len;
	if (!c->commands)
		return tmk_git_lines_refuse(in, "names no change");
	c->signature = rest;
	return true;
}

bool tmk_git_pushcert_next(struct tmk_git_pushcert_command *out,
			   struct tmk_span *rest,
			   const struct tmk_git_pushcert *cert)
{
	struct tmk_span line;

	return cut_line(&line, rest) && read_command(out, line, cert->hex);
}

/* ---- the whole ---------------------------------------------------------- */

bool tmk_git_pushcert_parse(struct tmk_git_pushcert *out, const uint8_t *data,
			    size_t len, size_t hex, struct tmk_verdict *v)
{
	struct tmk_git_pushcert c;
	enum tmk_seal_format format;
	struct tmk_git_lines in;
	struct tmk_span rest;
	const uint8_t *body;
	size_t body_len;

	memset(&c, 0, sizeof(c));
	c.hex = hex;
	if (!tmk_git_lines_init(&in, "push certificate", data, len, v))
		return false;
	if (hex != TMK_GIT_HEX_SHA1 && hex != TMK_GIT_HEX_SHA256)
		return tmk_git_lines_refuse(&in, "is for ids of no known "
					    "length");
	if (!take_headers(&in, &c))
		return false;
	rest.data = in.line.data + 1;
	rest.len = (size_t)(data + len - rest.data);
	if (!take_commands(&in, &c, rest))
		return false;
	c.payload.data = data;
	c.payload.len = (size_t)(c.signature.data - data);
	if (!tmk_armour_frame(&format, &body, &body_len, c.signature.data,
			      c.signature.len, v))
		return false;
	*out = c;
	return true;
}
