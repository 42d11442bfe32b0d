#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/deb822.h"

static const struct list_name {
	const char *name;
	enum tmk_deb822_hash hash;
} lists[] = {
	{ "Files", TMK_DEB822_MD5 },
	{ "MD5Sum", TMK_DEB822_MD5 },
	{ "Checksums-Md5", TMK_DEB822_MD5 },
	{ "SHA1", TMK_DEB822_SHA1 },
	{ "Checksums-Sha1", TMK_DEB822_SHA1 },
	{ "SHA256", TMK_DEB822_SHA256 },
	{ "Checksums-Sha256", TMK_DEB822_SHA256 },
	{ "SHA512", TMK_DEB822_SHA512 },
	{ "Checksums-Sha512", TMK_DEB822_SHA512 },
};

static const size_t digits[TMK_DEB822_HASHES] = {
	[TMK_DEB822_MD5] = 32,
	[TMK_DEB822_SHA1] = 40,
	[TMK_DEB822_SHA256] = 64,
	[TMK_DEB822_SHA512] = 128,
};

#define WORDS 5		/* on the longest line */

void tmk_deb822_list_init(struct tmk_deb822_list *list)
{
	memset(list, 0, sizeof(*list));
}

void tmk_deb822_list_release(struct tmk_deb822_list *list)
{
	free(list->entry);
	tmk_deb822_list_init(list);
}

static bool name_is(struct tmk_span s, const char *name)
{
	return s.len == strlen(name) &&
		!strncasecmp((const char *)s.data, name, s.len);
}

enum tmk_deb822_hash tmk_deb822_hash_of(struct tmk_span name)
{
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (name_is(name, lists[i].name))
			return lists[i].hash;
	return 0;
}

static int malformed(struct tmk_verdict *v,
		     const struct tmk_deb822_field *field, const char *why)
{
	tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
			   "the field %.*s of the control file %s",
			   (int)field->name.len,
			   (const char *)field->name.data, why);
	return tmk_verdict_hint(v, "make the file again");
}

/* The words of a line; more than `max` are max + 1. */
static int split_words(struct tmk_span *word, int max, struct tmk_span line)
{
	const uint8_t *at = line.data, *end = at + line.len, *start;
	int n = 0;

	for (;;) {
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at == end)
			return n;
		if (n == max)
			return max + 1;
		for (start = at; at < end && *at != ' ' && *at != '\t';)
			at++;
		word[n].data = start;
		word[n++].len = (size_t)(at - start);
	}
}

static bool is_hash(struct tmk_span s, size_t len)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!((s.data[i] >= '0' && s.data[i] <= '9') ||
		      (s.data[i] >= 'a' && s.data[i] <= 'f')))
			return false;
	return s.len == len;
}

/* Decimal digits, no zero in front, no more than 18. */
static bool is_size(uint64_t *value, struct tmk_span s)
{
	uint64_t n = 0;
	size_t i;

	if (!s.len || s.len > 18 || (s.len > 1 && s.data[0] == '0'))
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.data[i] - '0');
	}
	*value = n;
	return true;
}

/* A name that can only mean a file in the same directory. */
static bool is_name(const uint8_t *at, size_t len)
{
	size_t i;

	if (!len || len > TMK_DEB822_NAME || (len == 1 && at[0] == '.') ||
	    (len == 2 && at[0] == '.' && at[1] == '.'))
		return false;
	for (i = 0; i < len; i++)
		if (at[i] <= ' ' || at[i] >= 0x7f || at[i] == '/')
			return false;
	return true;
}

static bool is_path(const uint8_t *at, size_t len)
{
	const uint8_t *slash;
	size_t n;

	if (len > TMK_DEB822_PATH)
		return false;
	for (;;) {
		slash = memchr(at, '/', len);
		n = slash ? (size_t)(slash - at) : len;
		if (!is_name(at, n))
			return false;
		if (!slash)
			return true;
		at += n + 1;
		len -= n + 1;
	}
}

/* One line; NULL, or what is wrong with it. */
static const char *read_entry(struct tmk_deb822_entry *e, struct tmk_span line,
			      enum tmk_deb822_hash hash,
			      enum tmk_deb822_form form)
{
	struct tmk_span word[WORDS];
	int n = split_words(word, WORDS, line);

	if (n != 3 && !(n == 5 && form == TMK_DEB822_CHANGES))
		return "has a line that is not hash, size and name";
	memset(e, 0, sizeof(*e));
	e->hash = word[0];
	e->size = word[1];
	e->name = word[n - 1];
	if (n == 5) {
		e->section = word[2];
		e->priority = word[3];
	}
	if (!is_hash(e->hash, digits[hash]))
		return "has something else where a hash should be";
	if (!is_size(&e->bytes, e->size))
		return "has a size that is no number";
	if (!(form == TMK_DEB822_PATHS ? is_path : is_name)(e->name.data,
							    e->name.len))
		return "has a name that may not be there";
	return NULL;
}

/* The line at the front of `rest`, which is moved behind it. */
static struct tmk_span cut_line(struct tmk_span *rest)
{
	const uint8_t *newline = rest->len ?
		memchr(rest->data, '\n', rest->len) : NULL;
	struct tmk_span line = *rest;

	if (newline) {
		line.len = (size_t)(newline - rest->data);
		rest->data = newline + 1;
		rest->len -= line.len + 1;
	} else {
		rest->data += rest->len;
		rest->len = 0;
	}
	return line;
}

static size_t count_lines(struct tmk_span s)
{
	size_t n = 0;

	while (s.len) {
		cut_line(&s);
		n++;
	}
	return n;
}

static int by_name(const void *a, const void *b)
{
	const struct tmk_deb822_entry *x = *(const void *const *)a;
	const struct tmk_deb822_entry *y = *(const void *const *)b;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int order = memcmp(x->name.data, y->name.data, n);

	return order ? order : (x->name.len > y->name.len) -
		(x->name.len < y->name.len);
}

/* Whether a name is there twice. -1 when memory ends. */
static int has_twice(const struct tmk_deb822_entry *entry, int n)
{
	const struct tmk_deb822_entry **sorted;
	int i, found = 0;

	if (n < 2)
		return 0;
	sorted = calloc((size_t)n, sizeof(*sorted));
	if (!sorted)
		return -1;
	for (i = 0; i < n; i++)
		sorted[i] = &entry[i];
	qsort(sorted, (size_t)n, sizeof(*sorted), by_name);
	for (i = 1; i < n && !found; i++)
		found = !by_name(&sorted[i - 1], &sorted[i]);
	free(sorted);
	return found;
}

static int read_entries(struct tmk_deb822_list *list, struct tmk_span rest,
			enum tmk_deb822_form form, struct tmk_verdict *v,
			struct tmk_err *err)
{
	const char *why;
	int twice;

	while (rest.len) {
		why = read_entry(&list->entry[list->entries], cut_line(&rest),
				 list->hash, form);
		if (why)
			return malformed(v, list->field, why);
		list->entries++;
	}
	twice = has_twice(list->entry, list->entries);
	if (twice < 0)
		return tmk_err_nomem(err);
	return twice ? malformed(v, list->field, "names a file twice") : 0;
}

int tmk_deb822_list_read(struct tmk_deb822_list *list,
			 const struct tmk_deb822_field *field,
			 enum tmk_deb822_form form, struct tmk_verdict *v,
			 struct tmk_err *err)
{
	struct tmk_span rest = field->value, first = cut_line(&rest);
	size_t lines = count_lines(rest);
	struct tmk_span word[1];
	struct tmk_deb822_list l;
	int rc;

	tmk_deb822_list_init(&l);
	l.field = field;
	l.hash = tmk_deb822_hash_of(field->name);
	if (!l.hash)
		return malformed(v, field, "is no list of files");
	if (split_words(word, 1, first))
		return malformed(v, field, "has text in its first line");
	if (lines > TMK_DEB822_ENTRIES)
		return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the control "
			"file names more than %d files", TMK_DEB822_ENTRIES);
	if (form == TMK_DEB822_CHANGES && !name_is(field->name, "Files"))
		form = TMK_DEB822_PLAIN;
	l.entry = calloc(lines ? lines : 1, sizeof(*l.entry));
	if (!l.entry)
		return tmk_err_nomem(err);
	rc = read_entries(&l, rest, form, v, err);
	if (rc || v->reason != TMK_GOOD) {
		tmk_deb822_list_release(&l);
		return rc;
	}
	tmk_deb822_list_release(list);
	*list = l;
	return 0;
}

const struct tmk_deb822_entry *
tmk_deb822_list_find(const struct tmk_deb822_list *list, const char *name,
		     size_t len)
{
	int i;

	for (i = 0; i < list->entries; i++)
		if (list->entry[i].name.len == len &&
		    !memcmp(list->entry[i].name.data, name, len))
			return &list->entry[i];
	return NULL;
}
