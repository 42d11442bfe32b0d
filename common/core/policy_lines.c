/*
 * policy_lines.c - which line of the policy a key stands on.
 *
 * libgit2 gives entries without their lines, and says nothing of sections
 * that hold no key. This follows git-config's syntax just far enough to tell
 * headers, keys and values apart.
 */
#include "core/policy_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	const char *text;
	size_t len, pos;
	int line;
	char section[TMK_POLICY_NAME_MAX];
	struct tmk_policy_lines *out;
};

void tmk_policy_lines_release(struct tmk_policy_lines *lines)
{
	int i;

	for (i = 0; i < lines->count; i++)
		free(lines->item[i].name);
	free(lines->item);
	lines->item = NULL;
	lines->count = 0;
}

int tmk_policy_lines_take(struct tmk_policy_lines *lines, const char *name)
{
	int i;

	for (i = 0; i < lines->count; i++) {
		struct tmk_policy_line *l = &lines->item[i];

		if (l->header || l->taken || strcmp(l->name, name))
			continue;
		l->taken = true;
		return l->line;
	}
	return 0;
}

static int add(struct scan *s, const char *name, bool header,
	       struct tmk_err *err)
{
	struct tmk_policy_lines *o = s->out;
	struct tmk_policy_line *grown, own = { NULL, s->line, header, false };

	if (o->count >= TMK_POLICY_ENTRIES_MAX)
		return tmk_err_set(err, TMK_USAGE, "more than %d entries",
				   TMK_POLICY_ENTRIES_MAX);
	if (!(o->count & (o->count - 1))) {
		size_t n = o->count ? (size_t)o->count * 2 : 1;

		grown = realloc(o->item, n * sizeof(*grown));
		if (!grown)
			return tmk_err_nomem(err);
		o->item = grown;
	}
	if (tmk_policy_value_text(&own.name, name, err) < 0)
		return -1;
	o->item[o->count++] = own;
	return 0;
}

static void skip_line(struct scan *s)
{
	while (s->pos < s->len && s->text[s->pos] != '\n')
		s->pos++;
}

/* `[name]`, `[name "sub"]`; the cursor stands behind the bracket. */
static int scan_header(struct scan *s, struct tmk_err *err)
{
	size_t n = 0;
	bool quoted = false, sub = false;

	for (; s->pos < s->len && s->text[s->pos] != '\n'; s->pos++) {
		char c = s->text[s->pos];

		if (!quoted && c == ']') {
			s->pos++;
			break;
		}
		if (!quoted && isspace((unsigned char)c))
			continue;
		if (c == '"') {
			quoted = !quoted;
			if (!sub && n + 1 < sizeof(s->section))
				s->section[n++] = '.';
			sub = true;
			continue;
		}
		if (quoted && c == '\\' && s->pos + 1 < s->len &&
		    s->text[s->pos + 1] != '\n')
			c = s->text[++s->pos];
		else if (!quoted)
			c = (char)tolower((unsigned char)c);
		if (n + 1 >= sizeof(s->section))
			return tmk_err_set(err, TMK_USAGE,
					   "line %d: the section's name is "
					   "too long", s->line);
		s->section[n++] = c;
	}
	s->section[n] = '\0';
	return add(s, s->section, true, err);
}

/* Past the value: quotes hide comment characters, a backslash before the end
 * of the line goes on with the next one. */
static void skip_value(struct scan *s)
{
	bool quoted = false;

	for (; s->pos < s->len && s->text[s->pos] != '\n'; s->pos++) {
		char c = s->text[s->pos];

		if (c == '"')
			quoted = !quoted;
		if (!quoted && (c == ';' || c == '#')) {
			skip_line(s);
			return;
		}
		if (c != '\\' || s->pos + 1 >= s->len)
			continue;
		s->pos++;
		if (s->text[s->pos] == '\r' && s->pos + 1 < s->len &&
		    s->text[s->pos + 1] == '\n')
			s->pos++;
		if (s->text[s->pos] == '\n')
			s->line++;
	}
}

static int scan_key(struct scan *s, struct tmk_err *err)
{
	char name[TMK_POLICY_NAME_MAX + 128], key[128];
	size_t n = 0;
	int line = s->line, r;

	while (s->pos < s->len && n + 1 < sizeof(key) &&
	       (isalnum((unsigned char)s->text[s->pos]) ||
		s->text[s->pos] == '-'))
		key[n++] = (char)tolower((unsigned char)s->text[s->pos++]);
	key[n] = '\0';
	skip_value(s);
	if (!n)
		return 0;	/* libgit2 will say what is wrong */
	memcpy(name, s->section, strlen(s->section));
	name[strlen(s->section)] = '.';
	memcpy(name + strlen(s->section) + 1, key, n + 1);
	n = (size_t)s->line;
	s->line = line;
	r = add(s, name, false, err);
	s->line = (int)n;
	return r;
}

int tmk_policy_lines_scan(struct tmk_policy_lines *out, const char *text,
			  size_t len, struct tmk_err *err)
{
	struct scan s = { text, len, 0, 1, "", out };

	/* a byte order mark, as git allows it */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		s.pos = 3;
	while (s.pos < len) {
		char c = text[s.pos];
		int r = 0;

		if (c == '\n') {
			s.line++;
			s.pos++;
		} else if (isspace((unsigned char)c)) {
			s.pos++;
		} else if (c == ';' || c == '#') {
			skip_line(&s);
		} else if (c == '[') {
			s.pos++;
			r = scan_header(&s, err);
		} else {
			r = scan_key(&s, err);
		}
		if (r < 0)
			return -1;
	}
	return 0;
}
