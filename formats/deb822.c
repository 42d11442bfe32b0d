#include "formats/deb822.h"

#include <string.h>
#include <strings.h>

#include "formats/text_byte.h"

static bool malformed(struct tmk_verdict *v, size_t line, const char *why)
{
	tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
			   "line %zu of the control file has %s", line, why);
	tmk_verdict_hint(v, "make the file again");
	return false;
}

/* The text, read line by line. */
struct reader {
	const uint8_t *at;
	size_t left;
	size_t number;		/* of the line, from 1 */
	struct tmk_span line;	/* without its end */
};

/* The next line; false with a refusal when it is not closed or has bytes that
 * readers take for different things. */
static bool next_line(struct reader *r, struct tmk_verdict *v)
{
	const uint8_t *newline = memchr(r->at, '\n', r->left);
	size_t i;

	r->number++;
	if (!newline)
		return malformed(v, r->number, "no end");
	r->line.data = r->at;
	r->line.len = (size_t)(newline - r->at);
	r->left -= r->line.len + 1;
	r->at = newline + 1;
	for (i = 0; i < r->line.len; i++) {
		const char *why = tmk_text_byte_bad(r->line.data + i,
						    r->line.len - i);

		if (r->line.data[i] == '\r')
			why = "a carriage return";
		if (why)
			return malformed(v, r->number, why);
	}
	return true;
}

static bool blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

static bool all_blank(struct tmk_span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!blank(s.data[i]))
			return false;
	return true;
}

static bool same_name(struct tmk_span a, const char *b, size_t len)
{
	return a.len == len && !strncasecmp((const char *)a.data, b, len);
}

/* "Name:": visible ASCII (Debian Policy 5.1), beginning with neither a hash
 * nor a dash. */
static bool read_name(struct tmk_span *name, struct tmk_span line)
{
	size_t i;

	for (i = 0; i < line.len && line.data[i] != ':'; i++)
		if (line.data[i] <= ' ' || line.data[i] >= 0x7f)
			return false;
	if (!i || i == line.len || line.data[0] == '#' || line.data[0] == '-')
		return false;
	name->data = line.data;
	name->len = i;
	return true;
}

static bool start_field(struct tmk_deb822 *p, const struct reader *r,
			struct tmk_verdict *v)
{
	struct tmk_deb822_field *f = &p->field[p->fields];
	int i;

	if (p->fields == TMK_DEB822_FIELDS) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the control file "
				   "has more than %d fields",
				   TMK_DEB822_FIELDS);
		return false;
	}
	if (!read_name(&f->name, r->line))
		return malformed(v, r->number, "no field name");
	for (i = 0; i < p->fields; i++)
		if (same_name(p->field[i].name, (const char *)f->name.data,
			      f->name.len))
			return malformed(v, r->number,
					 "a field for the second time");
	f->value.data = f->name.data + f->name.len + 1;
	f->value.len = r->line.len - f->name.len - 1;
	p->fields++;
	return true;
}

/* A line that continues the field before it. */
static bool continue_field(struct tmk_deb822 *p, const struct reader *r,
			   struct tmk_verdict *v)
{
	struct tmk_deb822_field *f;

	if (!p->fields)
		return malformed(v, r->number, "no field to continue");
	f = &p->field[p->fields - 1];
	/* Some readers take it for the end of the paragraph. */
	if (all_blank(r->line))
		return malformed(v, r->number, "blanks alone");
	f->value.len = (size_t)(r->line.data + r->line.len - f->value.data);
	return true;
}

bool tmk_deb822_parse(struct tmk_deb822 *p, const uint8_t *text, size_t len,
		      struct tmk_verdict *v)
{
	struct reader r = { text, len, 0, { NULL, 0 } };
	bool ended = false;

	p->text.data = text;
	p->text.len = len;
	p->fields = 0;
	while (r.left) {
		if (!next_line(&r, v))
			return false;
		if (!r.line.len) {
			ended = true;
			continue;
		}
		if (ended)
			return malformed(v, r.number, "a second paragraph");
		if (blank(r.line.data[0]) ? !continue_field(p, &r, v) :
		    !start_field(p, &r, v))
			return false;
	}
	if (!p->fields)
		return malformed(v, r.number + 1, "no field before it");
	return true;
}

const struct tmk_deb822_field *tmk_deb822_find(const struct tmk_deb822 *p,
					       const char *name)
{
	int i;

	for (i = 0; i < p->fields; i++)
		if (same_name(p->field[i].name, name, strlen(name)))
			return &p->field[i];
	return NULL;
}

struct tmk_span tmk_deb822_line(const struct tmk_deb822 *p, const char *name)
{
	const struct tmk_deb822_field *f = tmk_deb822_find(p, name);
	struct tmk_span s = { NULL, 0 };

	if (!f || memchr(f->value.data, '\n', f->value.len))
		return s;
	s = f->value;
	while (s.len && blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len && blank(s.data[s.len - 1]))
		s.len--;
	return s;
}
