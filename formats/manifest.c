#include "formats/manifest.h"

#include <inttypes.h>
#include <string.h>

#include "base/enc.h"

static const char first[] = "touchmark-manifest 1\n";

static const char *const word[TMK_MANIFEST_TYPES] = {
	[TMK_MANIFEST_FILE] = "file", [TMK_MANIFEST_HARD] = "hard",
	[TMK_MANIFEST_LINK] = "link", [TMK_MANIFEST_DIR] = "dir",
	[TMK_MANIFEST_CHAR] = "char", [TMK_MANIFEST_BLOCK] = "block",
	[TMK_MANIFEST_FIFO] = "fifo", [TMK_MANIFEST_SOCKET] = "socket",
};

const char *tmk_manifest_word(enum tmk_manifest_type type)
{
	return word[type];
}

bool tmk_manifest_is(const void *data, size_t len)
{
	return len >= sizeof(first) - 1 &&
		!memcmp(data, first, sizeof(first) - 1);
}

const char *tmk_manifest_path_fault(const char *path)
{
	const char *p;

	if (!path || !*path)
		return "is empty";
	if (*path == '/')
		return "is absolute";
	if (strlen(path) > TMK_MANIFEST_PATH)
		return "is longer than 4096 bytes";
	for (p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (p[0] == '.' && p[1] == '.' && (!p[2] || p[2] == '/'))
			return "leads upwards";
	}
	return NULL;
}

/* Printable ASCII but the backslash stands for itself, all else is \xNN. */
static int add_name(struct tmk_buf *out, const char *name)
{
	static const char digit[] = "0123456789abcdef";
	const char *p = name;

	for (;;) {
		const char *from = p;
		char esc[4] = "\\x";
		unsigned char c;

		while (*p > ' ' && *p <= '~' && *p != '\\')
			p++;
		if (tmk_buf_add(out, from, (size_t)(p - from)) < 0)
			return -1;
		c = (unsigned char)*p++;
		if (!c)
			return 0;
		esc[2] = digit[c >> 4];
		esc[3] = digit[c & 15];
		if (tmk_buf_add(out, esc, 4) < 0)
			return -1;
	}
}

static int add_sum(struct tmk_buf *out, const struct tmk_manifest_sum *sum)
{
	char hex[2 * TMK_MANIFEST_SHA256 + 1];

	tmk_enc_hex(hex, sum->sha256, TMK_MANIFEST_SHA256);
	return tmk_buf_printf(out, " %" PRIu64 " %s", sum->size, hex);
}

int tmk_manifest_begin(struct tmk_buf *out, const char *content)
{
	if (tmk_buf_addstr(out, first) < 0)
		return -1;
	return tmk_buf_printf(out, "content %s\n", content);
}

/* Why this cannot be an entry, or NULL. */
static const char *fault_of(const struct tmk_manifest_entry *e)
{
	bool link = e->type == TMK_MANIFEST_HARD ||
		e->type == TMK_MANIFEST_LINK;
	const char *fault = tmk_manifest_path_fault(e->path);

	if (fault)
		return fault;
	if (e->mode > 07777)
		return "has a mode that is none";
	if (link != (e->target != NULL))
		return link ? "is a link to nothing" : "is no link";
	if (e->type == TMK_MANIFEST_HARD &&
	    tmk_manifest_path_fault(e->target))
		return "is another name of something that is not inside";
	if (e->type == TMK_MANIFEST_LINK &&
	    (!*e->target || strlen(e->target) > TMK_MANIFEST_PATH))
		return "is a link to nothing, or to a name too long";
	return NULL;
}

static int add_content(struct tmk_buf *out, const struct tmk_manifest_entry *e)
{
	switch (e->type) {
	case TMK_MANIFEST_CHAR:
	case TMK_MANIFEST_BLOCK:
		return tmk_buf_printf(out, " %" PRIu32 ",%" PRIu32 " -",
				      e->major, e->minor);
	case TMK_MANIFEST_HARD:
		if (!e->sum.size)
			break;
		/* fall through */
	case TMK_MANIFEST_FILE:
		return add_sum(out, &e->sum);
	default:
		break;
	}
	return tmk_buf_addstr(out, " 0 -");
}

static int add_line(struct tmk_buf *out, const struct tmk_manifest_entry *e)
{
	if (tmk_buf_printf(out, "%s %04o", word[e->type], e->mode) < 0 ||
	    add_content(out, e) < 0 || tmk_buf_addch(out, ' ') < 0 ||
	    add_name(out, e->path) < 0)
		return -1;
	if (e->target && (tmk_buf_addch(out, ' ') < 0 ||
			  add_name(out, e->target) < 0))
		return -1;
	return tmk_buf_addch(out, '\n');
}

int tmk_manifest_add(struct tmk_buf *out,
		     const struct tmk_manifest_entry *entry,
		     struct tmk_err *err)
{
	const char *fault = fault_of(entry);
	size_t before = out->len;

	if (fault)
		return tmk_err_set(err, TMK_INPUT, "the entry '%.200s' %s",
				   entry->path ? entry->path : "", fault);
	if (add_line(out, entry) == 0)
		return 0;
	if (out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return tmk_err_set(err, TMK_REFUSED,
			   "limit-exceeded: the manifest is too long");
}

int tmk_manifest_end(struct tmk_buf *out, const struct tmk_manifest *m)
{
	if (tmk_buf_printf(out, "entries %" PRIu64 "%s\nstream %s",
			   m->entries, m->loose ? " loose" : "",
			   tmk_packed_name(m->packed)) < 0 ||
	    add_sum(out, &m->stream) < 0 ||
	    tmk_buf_addstr(out, "\nraw") < 0 || add_sum(out, &m->raw) < 0)
		return -1;
	return tmk_buf_addch(out, '\n');
}
