#include "formats/git_lines.h"

#include <string.h>
#include <strings.h>

#include "base/enc.h"

/* A header below the committer, with its folded lines. */
struct header {
	struct tmk_span name;
	struct tmk_span value;	/* first line only */
	struct tmk_span whole;	/* from the name to the last newline */
};

/* What may still follow: each kind closes those before it. */
enum stage { AT_ENCODING, AT_MERGETAG, AT_OTHER };

struct reader {
	struct tmk_git_lines in;
	struct tmk_git_commit commit;
	enum stage stage;
	struct tmk_span other[TMK_GIT_OTHERS_MAX];
};

/* Read the header that begins here and go to the line after it. */
static bool read_header(struct reader *r, struct header *h)
{
	struct tmk_git_lines *in = &r->in;
	const uint8_t *space;

	h->whole.data = in->line.data;
	space = memchr(in->line.data, ' ', in->line.len);
	if (!space || space == in->line.data)
		return tmk_git_lines_refuse(in,
			"has a header line without a name or a value");
	h->name.data = in->line.data;
	h->name.len = (size_t)(space - in->line.data);
	h->value.data = space + 1;
	h->value.len = in->line.len - h->name.len - 1;
	do {
		if (!tmk_git_lines_next(in))
			return false;
	} while (in->line.len && in->line.data[0] == ' ');
	h->whole.len = (size_t)(in->line.data - h->whole.data);
	return true;
}

static bool is_folded(const struct header *h)
{
	return h->whole.len != h->name.len + 1 + h->value.len + 1;
}

static bool name_clean(struct tmk_span name)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	return name.len <= 64;
}

/* Tab and the line ends of folds are all that a value may hold below 0x20. */
static bool value_clean(struct tmk_span value)
{
	size_t i;

	for (i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool encoding_is(struct tmk_span name, const char *known, size_t len)
{
	return name.len == len &&
		!strncasecmp((const char *)name.data, known, len);
}

/* A family's name with the one or two digits that its members have. */
static bool encoding_of(struct tmk_span name, const char *family)
{
	size_t len = strlen(family), i;

	for (i = len; i < name.len; i++)
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
	return name.len > len && name.len <= len + 2 &&
		!strncasecmp((const char *)name.data, family, len);
}

/*
 * git converts the whole commit before it reads the idents that it shows
 * (pretty.c). In UTF-7, UTF-16, EBCDIC and their like plain letters mean
 * others: a name could become a second committer. Only what leaves ASCII's
 * letters, brackets and line ends as they are has one reading.
 */
static bool encoding_keeps_ascii(struct tmk_span name)
{
	static const char *const names[] = {
		"utf-8", "utf8", "us-ascii", "ascii", "latin1", "latin-1",
		"koi8-r", "koi8-u", "euc-jp", "eucjp", "euc-kr", "euckr",
		"euc-cn", "euccn", "euc-tw", "euctw", "gb2312", "gbk",
		"gb18030", "cp936", "cp949", "uhc", "big5", "big5-hkscs",
		"cp950", "shift_jis", "shift-jis", "sjis", "cp932",
		"windows-31j", "cp874", "cp866", "cp437", "cp850", "tis-620"
	};
	static const char *const families[] = {
		"iso-8859-", "iso8859-", "windows-125", "cp125"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (encoding_is(name, names[i], strlen(names[i])))
			return true;
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (encoding_of(name, families[i]))
			return true;
	return false;
}

static bool take_encoding(struct reader *r, const struct header *h)
{
	char seen[80];

	if (r->stage > AT_ENCODING)
		return tmk_git_lines_refuse(&r->in,
			"has its encoding header twice or out of place");
	if (is_folded(h) || !encoding_keeps_ascii(h->value)) {
		tmk_git_lines_say(&r->in, TMK_OBJECT_MALFORMED,
			"has the encoding %s, which is unknown or gives plain "
			"letters another meaning",
			tmk_enc_show_into(seen, sizeof(seen),
					  (const char *)h->value.data,
					  h->value.len));
		tmk_verdict_hint(r->in.v, "commit again with git -c "
				 "i18n.commitEncoding=UTF-8");
		return false;
	}
	r->commit.encoding = h->value;
	r->stage = AT_MERGETAG;
	return true;
}

/* A merged tag, folded into the commit. Its text is under the commit's
 * signature; its own signature is nobody's business here. */
static bool take_mergetag(struct reader *r, const struct header *h)
{
	static const char object[] = "object ";
	const size_t len = sizeof(object) - 1;

	if (r->stage > AT_MERGETAG)
		return tmk_git_lines_refuse(&r->in,
			"has a mergetag header out of place");
	if (r->commit.mergetags >= TMK_GIT_PARENTS_MAX)
		return tmk_git_lines_limit(&r->in,
			"has more than %d mergetag headers",
			TMK_GIT_PARENTS_MAX);
	if (!is_folded(h) || h->value.len != len + r->commit.hex ||
	    memcmp(h->value.data, object, len))
		return tmk_git_lines_refuse(&r->in, "has a bad mergetag");
	r->commit.mergetags++;
	r->stage = AT_MERGETAG;
	return true;
}

/* git leaves every header that begins with gpgsig out of what it verifies, so
 * only the one of this repository's hash may stand, and once. */
static bool take_signature(struct reader *r, const struct header *h)
{
	const char *known = r->commit.hex == TMK_GIT_HEX_SHA256 ?
		"gpgsig-sha256" : "gpgsig";
	char seen[80];

	if (!tmk_span_is(h->name, known))
		return tmk_git_lines_refuse(&r->in,
			"has the header %s, which no signature covers",
			tmk_enc_show_into(seen, sizeof(seen),
					  (const char *)h->name.data,
					  h->name.len));
	if (r->commit.has_signature)
		return tmk_git_lines_refuse(&r->in, "has two signatures");
	r->commit.has_signature = true;
	r->commit.signature = h->whole;
	r->stage = AT_OTHER;
	return true;
}

/* The headers whose place is fixed; in other letters they would be read by
 * some and passed over by others. */
static bool is_standard(struct tmk_span name)
{
	static const char *const names[] = {
		"tree", "parent", "author", "committer", "encoding",
		"mergetag"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name.len == strlen(names[i]) &&
		    !strncasecmp((const char *)name.data, names[i], name.len))
			return true;
	return false;
}

static bool take_other(struct reader *r, const struct header *h)
{
	char seen[80];
	int i;

	tmk_enc_show_into(seen, sizeof(seen), (const char *)h->name.data,
			  h->name.len);
	if (is_standard(h->name))
		return tmk_git_lines_refuse(&r->in,
			"has its %s header twice or out of place", seen);
	if (!name_clean(h->name) || !value_clean(h->whole))
		return tmk_git_lines_refuse(&r->in,
			"has a control character in its header %s", seen);
	if (h->whole.len > TMK_GIT_OTHER_MAX)
		return tmk_git_lines_limit(&r->in,
			"has a header %s of more than %d bytes", seen,
			TMK_GIT_OTHER_MAX);
	if (r->commit.others >= TMK_GIT_OTHERS_MAX)
		return tmk_git_lines_limit(&r->in,
			"has more than %d unknown headers",
			TMK_GIT_OTHERS_MAX);
	for (i = 0; i < r->commit.others; i++)
		if (r->other[i].len == h->name.len &&
		    !memcmp(r->other[i].data, h->name.data, h->name.len))
			return tmk_git_lines_refuse(&r->in,
				"has the header %s twice", seen);
	r->other[r->commit.others++] = h->name;
	r->stage = AT_OTHER;
	return true;
}

static bool take_parents(struct reader *r)
{
	struct tmk_git_commit *c = &r->commit;
	struct tmk_span id;

	c->parent_lines.data = r->in.line.data;
	while (tmk_git_lines_is(&r->in, "parent", &id)) {
		if (c->parents >= TMK_GIT_PARENTS_MAX)
			return tmk_git_lines_limit(&r->in,
				"has more than %d parents",
				TMK_GIT_PARENTS_MAX);
		if (!tmk_git_lines_take_id(&r->in, "parent", &c->hex, &id))
			return false;
		c->parents++;
	}
	c->parent_lines.len = (size_t)(r->in.line.data - c->parent_lines.data);
	return true;
}

/* Everything between the committer and the empty line. */
static bool take_rest(struct reader *r)
{
	struct header h;
	bool good;

	while (r->in.line.len) {
		if (!read_header(r, &h))
			return false;
		/* Any case: a reader that ignores case would take it. */
		if (h.name.len >= 6 &&
		    !strncasecmp((const char *)h.name.data, "gpgsig", 6))
			good = take_signature(r, &h);
		else if (tmk_span_is(h.name, "encoding"))
			good = take_encoding(r, &h);
		else if (tmk_span_is(h.name, "mergetag"))
			good = take_mergetag(r, &h);
		else
			good = take_other(r, &h);
		if (!good)
			return false;
	}
	return true;
}

bool tmk_git_commit_parse(struct tmk_git_commit *out, const uint8_t *data,
			  size_t len, size_t hex, struct tmk_verdict *v)
{
	struct reader r;
	struct tmk_git_commit *c = &r.commit;

	memset(&r, 0, sizeof(r));
	c->hex = hex;
	if (!tmk_git_lines_init(&r.in, "commit", data, len, v) ||
	    !tmk_git_lines_take_id(&r.in, "tree", &c->hex, &c->tree) ||
	    !take_parents(&r) ||
	    !tmk_git_lines_take_ident(&r.in, "author", &c->author) ||
	    !tmk_git_lines_take_ident(&r.in, "committer", &c->committer) ||
	    !take_rest(&r))
		return false;
	if (c->others && !c->has_signature) {
		tmk_git_lines_say(&r.in, TMK_OBJECT_MALFORMED,
			"has unknown headers that no signature covers");
		tmk_verdict_hint(v, "sign it: git commit --amend -S");
		return false;
	}
	c->message.data = r.in.line.data + 1;
	c->message.len = (size_t)(data + len - c->message.data);
	*out = *c;
	return true;
}

struct tmk_span tmk_git_commit_parent(const struct tmk_git_commit *commit,
				      int i)
{
	const size_t name = sizeof("parent ") - 1;
	struct tmk_span id;

	id.data = commit->parent_lines.data +
		(size_t)i * (name + commit->hex + 1) + name;
	id.len = commit->hex;
	return id;
}
