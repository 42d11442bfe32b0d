#include "formats/git_lines.h"

#include <string.h>

/* A double holds every whole number up to here, so that no reader in any
 * language shows another time; also within what git and libgit2 accept. */
#define TIME_MAX (INT64_C(1) << 53)
#define TIME_DIGITS 16
#define ZONE_HOURS_MAX 14	/* libgit2 reads a larger one as +0000 */

/* Take what stands before the first `stop` off the front of `text`. */
static bool cut(struct tmk_span *piece, struct tmk_span *text, char stop)
{
	const uint8_t *end;

	end = text->len ? memchr(text->data, stop, text->len) : NULL;
	if (!end)
		return false;
	piece->data = text->data;
	piece->len = (size_t)(end - text->data);
	text->data = end + 1;
	text->len -= piece->len + 1;
	return true;
}

static bool holds(struct tmk_span span, char c)
{
	return span.len && memchr(span.data, c, span.len);
}

static bool digits(struct tmk_span span)
{
	size_t i;

	for (i = 0; i < span.len; i++)
		if (span.data[i] < '0' || span.data[i] > '9')
			return false;
	return span.len != 0;
}

/* What git strips from the ends before it writes an ident (ident.c), and
 * libgit2 again when it reads one: an address that has it has two readings. */
static bool is_crud(uint8_t c)
{
	return c && strchr(".,:;\"\\'", c);
}

static bool read_time(int64_t *out, struct tmk_span text)
{
	int64_t t = 0;
	size_t i;

	if (!digits(text) || text.len > TIME_DIGITS ||
	    (text.len > 1 && text.data[0] == '0'))
		return false;
	for (i = 0; i < text.len; i++)
		t = t * 10 + (text.data[i] - '0');
	if (t > TIME_MAX)
		return false;
	*out = t;
	return true;
}

static bool read_zone(int *out, struct tmk_span text)
{
	struct tmk_span hhmm = { text.data + 1, 4 };
	int hours, minutes;

	if (text.len != 5 || (text.data[0] != '+' && text.data[0] != '-') ||
	    !digits(hhmm))
		return false;
	hours = (text.data[1] - '0') * 10 + (text.data[2] - '0');
	minutes = (text.data[3] - '0') * 10 + (text.data[4] - '0');
	if (hours > ZONE_HOURS_MAX || minutes > 59)
		return false;
	*out = (hours * 60 + minutes) * (text.data[0] == '-' ? -1 : 1);
	return true;
}

bool tmk_git_ident_read(struct tmk_git_ident *out, struct tmk_span text,
			const char **why)
{
	struct tmk_git_ident id;
	struct tmk_span rest = text, space, secs;

	if (!cut(&id.name, &rest, '<') || !cut(&id.email, &rest, '>') ||
	    holds(id.name, '>') || holds(id.email, '<') ||
	    holds(rest, '<') || holds(rest, '>')) {
		*why = "it needs exactly one <e-mail>";
		return false;
	}
	if (!id.name.len || id.name.data[id.name.len - 1] != ' ') {
		*why = "no space between the name and the e-mail";
		return false;
	}
	id.name.len--;
	if (holds(id.email, ' ')) {
		*why = "a space in the e-mail";
		return false;
	}
	if (id.email.len && (is_crud(id.email.data[0]) ||
			     is_crud(id.email.data[id.email.len - 1]))) {
		*why = "punctuation at an end of the e-mail";
		return false;
	}
	if (!cut(&space, &rest, ' ') || space.len ||
	    !cut(&secs, &rest, ' ') || !read_time(&id.time, secs)) {
		*why = "its time is not a plain number of seconds";
		return false;
	}
	if (!read_zone(&id.zone, rest)) {
		*why = "its time zone is not +hhmm or -hhmm";
		return false;
	}
	*out = id;
	return true;
}
