#include "formats/ar.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

/* Where the fields of a header are (ar.h of any Unix; deb(5)). */
#define TIME_AT 16
#define UID_AT 28
#define GID_AT 34
#define MODE_AT 40
#define SIZE_AT 48
#define MAGIC_AT 58

static bool malformed(struct tmk_verdict *v, uint64_t at, const char *why)
{
	tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "the archive has %s at "
			   "offset %llu", why, (unsigned long long)at);
	tmk_verdict_hint(v, "build the package again");
	return false;
}

/* Digits of `base`, then blanks up to the end of the field; blanks alone are 0
 * where `empty` says so. At most twelve digits fit, so nothing overflows. */
static bool number(uint64_t *value, const uint8_t *at, size_t len,
		   unsigned int base, bool empty)
{
	uint64_t n = 0;
	size_t i = 0;

	while (i < len && at[i] >= '0' && at[i] < '0' + base)
		n = n * base + (uint64_t)(at[i++] - '0');
	if (!i && !empty)
		return false;
	for (; i < len; i++)
		if (at[i] != ' ')
			return false;
	*value = n;
	return true;
}

/* How long a name is without blanks and the slash that may close it. */
static size_t name_len(const uint8_t *at)
{
	size_t len = TMK_AR_NAME;

	while (len && at[len - 1] == ' ')
		len--;
	return len && at[len - 1] == '/' ? len - 1 : len;
}

/* A name that has one reading. Long names ("/12", "#1/12") and tables ("/",
 * "//") have a slash elsewhere or a leading one. */
static bool read_name(char name[static TMK_AR_NAME + 1], const uint8_t *at)
{
	size_t len = name_len(at), i;

	if (!len)
		return false;
	for (i = 0; i < len; i++)
		if (at[i] <= ' ' || at[i] >= 0x7f || at[i] == '/')
			return false;
	memcpy(name, at, len);
	memset(name + len, 0, TMK_AR_NAME + 1 - len);
	return true;
}

static bool read_header(struct tmk_ar_member *m, const uint8_t *header,
			uint64_t at, uint64_t size, struct tmk_verdict *v)
{
	uint64_t unused;

	if (header[MAGIC_AT] != '`' || header[MAGIC_AT + 1] != '\n')
		return malformed(v, at, "no member header");
	if (!read_name(m->name, header))
		return malformed(v, at, "a name that is none of a package");
	if (!number(&unused, header + TIME_AT, UID_AT - TIME_AT, 10, true) ||
	    !number(&unused, header + UID_AT, GID_AT - UID_AT, 10, true) ||
	    !number(&unused, header + GID_AT, MODE_AT - GID_AT, 10, true) ||
	    !number(&unused, header + MODE_AT, SIZE_AT - MODE_AT, 8, true) ||
	    !number(&m->size, header + SIZE_AT, MAGIC_AT - SIZE_AT, 10, false))
		return malformed(v, at, "a header field that is no number");
	m->at = at;
	m->data = at + TMK_AR_HEADER;
	m->end = m->data + m->size + (m->size & 1);
	if (m->end > size)
		return malformed(v, at, "a member that goes past the end");
	return true;
}

/* The byte behind a member of odd size. */
static int check_padding(const struct tmk_ar_member *m, int fd,
			 struct tmk_verdict *v, struct tmk_err *err)
{
	uint8_t padding = '\n';

	if (m->size & 1 && tmk_file_read_at(&padding, 1, fd, m->end - 1,
					    "the package", err))
		return -1;
	if (padding != '\n')
		malformed(v, m->end - 1, "padding that is no newline");
	return 0;
}

int tmk_ar_read(struct tmk_ar *ar, int fd, uint64_t size,
		struct tmk_verdict *v, struct tmk_err *err)
{
	uint8_t header[TMK_AR_HEADER];
	uint64_t at = TMK_AR_MAGIC_LEN;
	struct tmk_ar found;

	found.members = 0;
	if (size < TMK_AR_MAGIC_LEN) {
		malformed(v, 0, "no beginning");
		return 0;
	}
	if (tmk_file_read_at(header, TMK_AR_MAGIC_LEN, fd, 0, "the package",
			     err))
		return -1;
	if (memcmp(header, TMK_AR_MAGIC, TMK_AR_MAGIC_LEN)) {
		malformed(v, 0, "no beginning");
		return 0;
	}
	while (at < size) {
		struct tmk_ar_member *m = &found.member[found.members];

		if (found.members == TMK_AR_MEMBERS)
			return tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED,
				"the archive has more than %d members",
				TMK_AR_MEMBERS);
		if (size - at < TMK_AR_HEADER) {
			malformed(v, at, "bytes that are no member");
			return 0;
		}
		if (tmk_file_read_at(header, TMK_AR_HEADER, fd, at,
				     "the package", err))
			return -1;
		if (!read_header(m, header, at, size, v))
			return 0;
		if (check_padding(m, fd, v, err))
			return -1;
		if (v->reason != TMK_GOOD)
			return 0;
		at = m->end;
		found.members++;
	}
	*ar = found;
	return 0;
}

bool tmk_ar_peek(char name[static TMK_AR_NAME + 1], uint64_t *next,
		 const uint8_t *head, size_t len, uint64_t at)
{
	uint64_t size;
	size_t n;

	if (at > len || len - at < TMK_AR_HEADER)
		return false;
	head += at;
	if (head[MAGIC_AT] != '`' || head[MAGIC_AT + 1] != '\n' ||
	    !number(&size, head + SIZE_AT, MAGIC_AT - SIZE_AT, 10, false))
		return false;
	n = name_len(head);
	memcpy(name, head, n);
	name[n] = 0;
	*next = at + TMK_AR_HEADER + size + (size & 1);
	return true;
}

int tmk_ar_header(uint8_t out[static TMK_AR_HEADER], const char *name,
		  uint64_t size, struct tmk_err *err)
{
	char text[TMK_AR_HEADER + 1];
	int n;

	if (strlen(name) >= TMK_AR_NAME || size > TMK_AR_SIZE_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "%s of %llu bytes does "
				   "not fit into an archive", name,
				   (unsigned long long)size);
	n = snprintf(text, sizeof(text), "%-16s%-12d%-6d%-6d%-8o%-10llu`\n",
		     name, 0, 0, 0, 0100644u, (unsigned long long)size);
	if (n != TMK_AR_HEADER)
		return tmk_err_set(err, TMK_INTERNAL, "an archive header has "
				   "%d bytes", n);
	memcpy(out, text, TMK_AR_HEADER);
	return 0;
}
