#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "formats/manifest.h"

/*
 * Each line is taken apart, written again by the writer and compared: so there
 * is one form of each manifest, without a rule for it here.
 */

#define WORDS 6		/* of the longest line */
#define NAME (TMK_MANIFEST_PATH + 1)

struct word {
	const char *at;
	size_t len;
};

struct reader {
	const char *at, *end;
	uint64_t line;
	struct word word[WORDS];
	int words;
	struct tmk_buf again;	/* the line as it should be */
	char path[NAME], target[NAME];
};

static int fault(const struct reader *r, const char *what, struct tmk_err *err)
{
	return tmk_err_set(err, TMK_INPUT, "manifest line %llu: %s",
			   (unsigned long long)r->line, what);
}

/* The next line as words between single spaces. Returns where it begins, or
 * NULL when there is no whole line or it has too many words. */
static const char *next_line(struct reader *r)
{
	const char *start = r->at, *p = start, *lf;

	lf = r->at < r->end ?
		memchr(r->at, '\n', (size_t)(r->end - r->at)) : NULL;
	r->line++;
	if (!lf)
		return NULL;
	for (r->words = 0; r->words < WORDS;) {
		const char *space = memchr(p, ' ', (size_t)(lf - p));
		const char *stop = space ? space : lf;

		r->word[r->words].at = p;
		r->word[r->words++].len = (size_t)(stop - p);
		p = stop + 1;
		if (!space) {
			r->at = lf + 1;
			return start;
		}
	}
	return NULL;
}

static bool is_word(const struct word *w, const char *text)
{
	return w->len == strlen(text) && !memcmp(w->at, text, w->len);
}

static bool read_number(uint64_t *out, const char *at, size_t len, int base,
			uint64_t most)
{
	uint64_t n = 0;
	size_t i;

	if (!len)
		return false;
	for (i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)at[i] - '0';

		if (at[i] < '0' || digit >= (uint64_t)base ||
		    n > (most - digit) / (uint64_t)base)
			return false;
		n = n * (uint64_t)base + digit;
	}
	*out = n;
	return true;
}

static bool read_sum(struct tmk_manifest_sum *sum, const struct word *size,
		     const struct word *hex)
{
	return read_number(&sum->size, size->at, size->len, 10, UINT64_MAX) &&
		tmk_dec_hex(sum->sha256, TMK_MANIFEST_SHA256, hex->at,
			    hex->len) == 0;
}

static bool read_name(char *out, const struct word *w)
{
	const char *p = w->at, *end = p + w->len;
	size_t n = 0;

	while (p < end) {
		uint8_t c = (uint8_t)*p++;

		if (c == '\\') {
			if (end - p < 3 || *p != 'x' ||
			    tmk_dec_hex(&c, 1, p + 1, 2) < 0)
				return false;
			p += 3;
		}
		if (!c || n == NAME - 1)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

static bool read_device(struct tmk_manifest_entry *e, const struct word *w)
{
	const char *comma = memchr(w->at, ',', w->len);
	uint64_t major, minor;

	if (!comma || !read_number(&major, w->at, (size_t)(comma - w->at), 10,
				   UINT32_MAX) ||
	    !read_number(&minor, comma + 1,
			 w->len - (size_t)(comma + 1 - w->at), 10, UINT32_MAX))
		return false;
	e->major = (uint32_t)major;
	e->minor = (uint32_t)minor;
	return true;
}

static bool read_entry(struct reader *r, struct tmk_manifest_entry *e)
{
	const struct word *w = r->word;
	uint64_t mode;
	int type;

	memset(e, 0, sizeof(*e));
	for (type = 0; type < TMK_MANIFEST_TYPES; type++)
		if (is_word(&w[0], tmk_manifest_word(
				(enum tmk_manifest_type)type)))
			break;
	if (type == TMK_MANIFEST_TYPES || r->words < 5 ||
	    !read_number(&mode, w[1].at, w[1].len, 8, 07777) ||
	    !read_name(r->path, &w[4]))
		return false;
	e->type = (enum tmk_manifest_type)type;
	e->mode = (unsigned int)mode;
	e->path = r->path;
	if (r->words == 6) {
		if (!read_name(r->target, &w[5]))
			return false;
		e->target = r->target;
	}
	if (type == TMK_MANIFEST_CHAR || type == TMK_MANIFEST_BLOCK)
		return read_device(e, &w[2]);
	return is_word(&w[3], "-") || read_sum(&e->sum, &w[2], &w[3]);
}

/* Whether what was written again is the line that begins at `start`. */
static bool same_again(const struct reader *r, const char *start)
{
	size_t len = (size_t)(r->at - start);

	return r->again.len == len && !memcmp(r->again.data, start, len);
}

static int read_entries(struct tmk_manifest *m, struct reader *r,
			struct tmk_err *err)
{
	struct tmk_manifest_entry entry;
	const char *start;

	m->lines = r->at;
	while ((start = next_line(r)) && !is_word(&r->word[0], "entries")) {
		if (!read_entry(r, &entry))
			return fault(r, "is no entry", err);
		tmk_buf_clear(&r->again);
		if (tmk_manifest_add(&r->again, &entry, err) < 0)
			return tmk_err_prefix(err, "manifest line %llu",
					      (unsigned long long)r->line);
		if (!same_again(r, start))
			return fault(r, "is not in its one form", err);
		if (++m->entries > TMK_MANIFEST_ENTRIES)
			return fault(r, "is one entry too many", err);
	}
	if (!start)
		return fault(r, "is no entry", err);
	m->lines_len = (size_t)(start - m->lines);
	return 0;
}

static int read_first(struct tmk_manifest *m, struct reader *r,
		      struct tmk_err *err)
{
	static const char *const known[] = { "none", "tar", "zip", "ar",
					     "cpio" };
	size_t i;

	if (!tmk_manifest_is(r->at, (size_t)(r->end - r->at)) ||
	    !next_line(r)) {
		r->line = 1;
		return fault(r, "is not that of a manifest of version 1", err);
	}
	if (!next_line(r) || r->words != 2 || !is_word(&r->word[0], "content"))
		return fault(r, "does not say what the content is", err);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_word(&r->word[1], known[i]))
			break;
	if (i == sizeof(known) / sizeof(known[0]))
		return fault(r, "is a content that is not known", err);
	memcpy(m->content, known[i], strlen(known[i]) + 1);
	return 0;
}

/* From "entries" on, whose words are there already. */
static int read_last(struct tmk_manifest *m, struct reader *r,
		     struct tmk_err *err)
{
	const char *last = m->lines + m->lines_len;
	uint64_t told;
	int packed;

	m->loose = r->words == 3 && is_word(&r->word[2], "loose") &&
		!strcmp(m->content, "tar");
	if ((r->words != 2 && !m->loose) ||
	    !read_number(&told, r->word[1].at, r->word[1].len, 10,
			 UINT64_MAX) || told != m->entries)
		return fault(r, "is not the number of entries", err);
	if (!next_line(r) || r->words != 4 || !is_word(&r->word[0], "stream"))
		return fault(r, "does not tell the stream", err);
	packed = tmk_packed_from_name(r->word[1].at, r->word[1].len);
	if (packed < 0 || !read_sum(&m->stream, &r->word[2], &r->word[3]))
		return fault(r, "does not tell the stream", err);
	m->packed = (enum tmk_packed)packed;
	if (!next_line(r) || r->words != 3 || !is_word(&r->word[0], "raw") ||
	    !read_sum(&m->raw, &r->word[1], &r->word[2]))
		return fault(r, "does not tell the raw bytes", err);
	if (r->at != r->end)
		return fault(r, "is not the last", err);
	tmk_buf_clear(&r->again);
	if (tmk_manifest_end(&r->again, m) < 0 || !same_again(r, last))
		return fault(r, "is not in its one form", err);
	return 0;
}

/* Of what is not compressed there is one sum; of what is no archive, no
 * entry. */
static int check_whole(const struct tmk_manifest *m, const struct reader *r,
		       struct tmk_err *err)
{
	if (m->packed == TMK_PACKED_NONE &&
	    (m->stream.size != m->raw.size ||
	     memcmp(m->stream.sha256, m->raw.sha256, TMK_MANIFEST_SHA256)))
		return fault(r, "differs from the stream, which is the same",
			     err);
	if (!strcmp(m->content, "none") && m->entries)
		return fault(r, "follows entries of what has none", err);
	return 0;
}

int tmk_manifest_read(struct tmk_manifest *m, const void *data, size_t len,
		      struct tmk_err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct tmk_manifest found;
	int rc = -1;

	memset(&found, 0, sizeof(found));
	if (!r)
		return tmk_err_nomem(err);
	r->at = data;
	r->end = r->at + len;
	tmk_buf_init(&r->again, 16 * NAME);
	if (read_first(&found, r, err) == 0 &&
	    read_entries(&found, r, err) == 0 &&
	    read_last(&found, r, err) == 0)
		rc = check_whole(&found, r, err);
	if (rc == 0)
		*m = found;
	tmk_buf_release(&r->again);
	free(r);
	return rc;
}

bool tmk_manifest_next(struct tmk_manifest_line *line,
		       const struct tmk_manifest *m, size_t *at)
{
	const char *p = m->lines + *at, *end = m->lines + m->lines_len, *lf;
	int word;

	if (p == end)
		return false;
	lf = memchr(p, '\n', (size_t)(end - p));
	line->text = p;
	line->len = (size_t)(lf - p);
	*at += line->len + 1;
	for (word = 0; word < 4; word++)
		p = (const char *)memchr(p, ' ', (size_t)(lf - p)) + 1;
	line->path = p;
	end = memchr(p, ' ', (size_t)(lf - p));
	line->path_len = (size_t)((end ? end : lf) - p);
	return true;
}
