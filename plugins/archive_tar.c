/* The forms that POSIX (pax, "ustar Interchange Format") and GNU tar ("Basic
 * Tar Format") write for files, links, directories, devices and FIFOs. */
#include "plugins/archive_tar.h"

#include <string.h>

#define BLOCK TMK_ARCHIVE_TAR_BLOCK

/* Fields of a header: where, and how long. */
#define NAME 0, 100
#define MODE 100, 8
#define UID 108, 8
#define GID 116, 8
#define SIZE 124, 12
#define MTIME 136, 12
#define SUM_AT 148
#define SUM_LEN 8
#define TYPE_AT 156
#define MAGIC_AT 257
#define MAJOR 329, 8
#define MINOR 337, 8
#define PREFIX_AT 345
#define REST_AT 500		/* nothing stands there in ustar */

/* What may be said of an entry before it. */
enum {
	SAID_LONG_NAME = 1, SAID_LONG_LINK = 2, SAID_PAX = 4, SAID_SIZE = 8,
	SAID_PATH = 16, SAID_LINK = 32
};

static const char *const keys[] = {
	"path", "linkpath", "size", "mtime", "atime", "ctime", "uid", "gid",
	"uname", "gname"
};

#define KEYS ((int)(sizeof(keys) / sizeof(keys[0])))
enum { KEY_PATH, KEY_LINKPATH, KEY_SIZE };

/* ---- fields -------------------------------------------------------------- */

/* Digits, then blanks or NULs; or big-endian behind a byte 0x80, as GNU tar
 * writes what is too large for them. */
static bool number(uint64_t *out, const uint8_t *h, size_t at, size_t len,
		   bool binary)
{
	const uint8_t *f = h + at;
	uint64_t n = 0;
	size_t i;

	if (binary && f[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (n >> 54)
				return false;
			n = n << 8 | f[i];
		}
		*out = n;
		return true;
	}
	for (i = 0; i < len && f[i] >= '0' && f[i] <= '7'; i++)
		n = n << 3 | (uint64_t)(f[i] - '0');
	*out = n;
	if (!i)
		return false;
	for (; i < len; i++)
		if (f[i] != ' ' && f[i])
			return false;
	return true;
}

static bool zeros(const uint8_t *at, size_t len)
{
	while (len && !at[len - 1])
		len--;
	return !len;
}

/* A device's number may be missing where there is no device. */
static bool device(const uint8_t *h, size_t at, size_t len)
{
	uint64_t n;

	return zeros(h + at, len) || number(&n, h, at, len, false);
}

static bool sum_fits(const uint8_t *h)
{
	uint64_t said, sum = 0;
	size_t i;

	for (i = 0; i < BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : h[i];
	return number(&said, h, SUM_AT, SUM_LEN, false) && said == sum;
}

/* Behind the names ustar has a prefix of them, and GNU tar other things that
 * only some readers know. */
static bool magic_fits(const uint8_t *h)
{
	if (!memcmp(h + MAGIC_AT, "ustar\00000", 8))
		return zeros(h + REST_AT, BLOCK - REST_AT);
	return !memcmp(h + MAGIC_AT, "ustar  \0", 8) &&
		zeros(h + PREFIX_AT, BLOCK - PREFIX_AT);
}

static bool fields_fit(uint64_t *size, const uint8_t *h)
{
	uint64_t n;

	return magic_fits(h) && sum_fits(h) && number(&n, h, MODE, false) &&
		number(&n, h, UID, true) && number(&n, h, GID, true) &&
		number(&n, h, MTIME, true) && number(size, h, SIZE, true) &&
		device(h, MAJOR) && device(h, MINOR);
}

static bool ends_in_slash(const uint8_t *h, size_t at, size_t len)
{
	size_t n = strnlen((const char *)h + at, len);

	return n && h[at + n - 1] == '/';
}

/* ---- what stands before an entry ----------------------------------------- */

/* A name that is too long for a header, closed by its only NUL. */
static bool read_long(struct tmk_archive_tar *t, unsigned int what)
{
	const uint8_t *text = t->text.data;
	size_t len = t->text.len;

	if (t->seen & (what | SAID_PAX) || len < 2 ||
	    memchr(text, 0, len) != text + len - 1)
		return false;
	t->seen |= what;
	if (what == SAID_LONG_NAME)
		t->slash = text[len - 2] == '/';
	return true;
}

/* "LEN KEY=VALUE\n" at *at, which is moved behind it. */
static bool next_record(const char **key, size_t *key_len, const char **value,
			size_t *value_len, const struct tmk_buf *text,
			size_t *at)
{
	const char *from = (const char *)text->data + *at, *p = from, *is;
	size_t left = text->len - *at, n = 0;

	if (*p == '0')
		return false;
	while ((size_t)(p - from) < left && *p >= '0' && *p <= '9' &&
	       n <= TMK_ARCHIVE_TAR_EXTENDED)
		n = 10 * n + (size_t)(*p++ - '0');
	if (n > left || n < (size_t)(p - from) + 3 || *p != ' ' ||
	    from[n - 1] != '\n')
		return false;
	p++;
	is = memchr(p, '=', (size_t)(from + n - 1 - p));
	if (!is || memchr(p, 0, (size_t)(from + n - p)))
		return false;
	*key = p;
	*key_len = (size_t)(is - p);
	*value = is + 1;
	*value_len = (size_t)(from + n - 1 - (is + 1));
	*at += n;
	return true;
}

static bool read_size(struct tmk_archive_tar *t, const char *value, size_t len)
{
	size_t i;

	t->size = 0;
	if (len > 18 || (value[0] == '0' && len > 1))
		return false;
	for (i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		t->size = 10 * t->size + (uint64_t)(value[i] - '0');
	}
	t->seen |= SAID_SIZE;
	return true;
}

/* Nothing but what is known, and none of it twice or empty. */
static bool read_pax(struct tmk_archive_tar *t)
{
	const char *key, *value;
	size_t at = 0, key_len, len;
	unsigned int had = 0;
	int i;

	if (t->seen)
		return false;
	t->seen = SAID_PAX;
	while (at < t->text.len) {
		if (!next_record(&key, &key_len, &value, &len, &t->text, &at))
			return false;
		for (i = 0; i < KEYS; i++)
			if (strlen(keys[i]) == key_len &&
			    !memcmp(keys[i], key, key_len))
				break;
		if (i == KEYS || !len || had & 1u << i)
			return false;
		had |= 1u << i;
		if (i == KEY_SIZE && !read_size(t, value, len))
			return false;
		if (i == KEY_LINKPATH)
			t->seen |= SAID_LINK;
		if (i == KEY_PATH) {
			t->seen |= SAID_PATH;
			t->slash = value[len - 1] == '/';
		}
	}
	return true;
}

/* For all entries: readers differ in what they take from it, so that it may
 * hold no more than a remark, as `git archive` writes one. */
static bool read_global(const struct tmk_archive_tar *t)
{
	const char *key, *value;
	size_t at = 0, key_len, len;

	while (at < t->text.len)
		if (!next_record(&key, &key_len, &value, &len, &t->text,
				 &at) ||
		    key_len != 7 || memcmp(key, "comment", 7))
			return false;
	return true;
}

static bool read_extended(struct tmk_archive_tar *t)
{
	switch (t->extended) {
	case 'L':
		return read_long(t, SAID_LONG_NAME);
	case 'K':
		return read_long(t, SAID_LONG_LINK);
	case 'x':
		return read_pax(t);
	default:
		return read_global(t);
	}
}

/* ---- headers ------------------------------------------------------------- */

static bool begin_extended(struct tmk_archive_tar *t, char type, uint64_t size)
{
	/* What is for all must not part an entry from what is said of it. */
	if (!size || size > t->text.max || (type == 'g' && t->seen))
		return false;
	t->extended = type;
	t->left = size;
	tmk_buf_clear(&t->text);
	return true;
}

static bool begin_entry(struct tmk_archive_tar *t, char type, uint64_t size)
{
	bool file = type == '0', link = type == '1' || type == '2';
	bool slash = t->seen & (SAID_LONG_NAME | SAID_PATH) ? t->slash :
		ends_in_slash(t->block, NAME);

	/* A file whose name ends in a slash is a directory for some. */
	if (type < '0' || type > '6' || (slash && type != '5'))
		return false;
	/* And one that is said to lead somewhere, a link. */
	if (t->seen & (SAID_LONG_LINK | SAID_LINK) && !link)
		return false;
	if (t->seen & SAID_SIZE) {
		if (!file)
			return false;
		size = t->size;
	}
	if (size && !file)
		return false;
	t->skip = (size + BLOCK - 1) / BLOCK * BLOCK;
	t->seen = 0;
	t->slash = false;
	return true;
}

static bool read_header(struct tmk_archive_tar *t)
{
	char type = (char)t->block[TYPE_AT];
	uint64_t size = 0;

	if (zeros(t->block, BLOCK)) {
		t->over = true;
		return !t->seen;
	}
	if (!fields_fit(&size, t->block))
		return false;
	return type && strchr("xgLK", type) ? begin_extended(t, type, size) :
		begin_entry(t, type, size);
}

/* ---- the stream ---------------------------------------------------------- */

void tmk_archive_tar_init(struct tmk_archive_tar *tar)
{
	memset(tar, 0, sizeof(*tar));
	tmk_buf_init(&tar->text, TMK_ARCHIVE_TAR_EXTENDED);
}

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

/* How many of the bytes were taken; 0: memory ended. */
static size_t take(struct tmk_archive_tar *t, const uint8_t *data, size_t len)
{
	size_t n;

	if (t->extended) {
		n = least(t->left, len);
		if (tmk_buf_add(&t->text, data, n))
			return 0;
		t->left -= n;
		if (t->left)
			return n;
		t->loose = !read_extended(t);
		t->skip = (BLOCK - t->text.len % BLOCK) % BLOCK;
		t->extended = 0;
	} else if (t->skip) {
		n = least(t->skip, len);
		t->skip -= n;
	} else {
		n = least(BLOCK - t->have, len);
		memcpy(t->block + t->have, data, n);
		t->have += n;
		if (t->have < BLOCK)
			return n;
		t->have = 0;
		t->loose = !read_header(t);
	}
	return n;
}

int tmk_archive_tar_feed(struct tmk_archive_tar *t, const uint8_t *data,
			 size_t len, struct tmk_err *err)
{
	size_t n;

	/* What stands behind the end, check_end of archive_list.c knows. */
	while (len && !t->loose && !t->over) {
		n = take(t, data, len);
		if (!n)
			return tmk_err_nomem(err);
		data += n;
		len -= n;
	}
	return 0;
}

bool tmk_archive_tar_is_plain(const struct tmk_archive_tar *t)
{
	return !t->loose && (t->over || (!t->extended && !t->skip &&
					 !t->have && !t->seen));
}

void tmk_archive_tar_release(struct tmk_archive_tar *tar)
{
	tmk_buf_release(&tar->text);
}
