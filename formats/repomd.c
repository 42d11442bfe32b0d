#include "formats/repomd.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/repomd_xml.h"

#define NAMESPACE "http://linux.duke.edu/metadata/repo"

/* Where the reader is: the names of what is open, and the file in hand. */
struct reader {
	struct tmk_repomd_xml xml;
	struct tmk_repomd *out;
	struct tmk_span open[TMK_REPOMD_DEPTH];
	int depth;
	struct tmk_repomd_file *file;	/* NULL outside of <data> */
	bool summed, located;	/* of the file in hand */
	struct tmk_verdict *v;
};

static bool refuse(struct reader *r, const char *why)
{
	tmk_verdict_refuse(r->v, TMK_OBJECT_MALFORMED, "the repomd.xml %s",
			   why);
	tmk_verdict_hint(r->v, "make it again: createrepo_c DIRECTORY");
	return false;
}

static bool is(struct tmk_span span, const char *word)
{
	return tmk_repomd_xml_is(span, word);
}

/* Keep a value whose bytes are the text itself. */
static bool keep(struct reader *r, char *out, size_t size,
		 struct tmk_span span, const char *what)
{
	size_t i;

	for (i = 0; i < span.len; i++)
		if (span.data[i] < ' ' || span.data[i] == '&')
			break;
	if (!span.len || span.len >= size || i < span.len) {
		tmk_verdict_refuse(r->v, TMK_OBJECT_MALFORMED,
				   "the repomd.xml has no plain %s", what);
		return false;
	}
	memcpy(out, span.data, span.len);
	out[span.len] = '\0';
	return true;
}

/* ---- what stands in <data> ----------------------------------------------- */

/* Hex digits that each digest has. */
static const struct {
	const char *name;
	size_t digits;
	bool weak;
} sums[] = {
	{ "sha256", 64, false },
	{ "sha384", 96, false },
	{ "sha512", 128, false },
	{ "sha224", 56, true },
	{ "sha1", 40, true },
	{ "sha", 40, true },
	{ "md5", 32, true },
};

static bool check_sum(struct reader *r)
{
	struct tmk_repomd_file *f = r->file;
	size_t i, n = sizeof(sums) / sizeof(*sums);

	for (i = 0; i < n && strcmp(sums[i].name, f->algorithm); i++)
		;
	if (i == n)
		return refuse(r, "has a checksum of an unknown type");
	if (sums[i].weak) {
		tmk_verdict_refuse(r->v, TMK_DIGEST_WEAK, "the repomd.xml "
				   "names %s by %s alone", f->type,
				   f->algorithm);
		tmk_verdict_hint(r->v, "make it again: createrepo_c "
				 "--checksum sha256 DIRECTORY");
		return false;
	}
	if (strlen(f->checksum) != sums[i].digits ||
	    strspn(f->checksum, "0123456789abcdef") != sums[i].digits)
		return refuse(r, "has a checksum that is none");
	return true;
}

static bool take_size(struct reader *r, struct tmk_span text)
{
	uint64_t size = 0;
	size_t i;

	for (i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9';
	     i++)
		size = size * 10 + (uint64_t)(text.data[i] - '0');
	/* 18 digits cannot pass 2^63. */
	if (!text.len || text.len > 18 || i < text.len)
		return refuse(r, "has a size that is no number");
	if (r->file->sized)
		return refuse(r, "has a file with two sizes");
	r->file->sized = true;
	r->file->size = size;
	return true;
}

/* <data type="..."> */
static bool begin_file(struct reader *r)
{
	const struct tmk_span *type =
		tmk_repomd_xml_attribute(&r->xml, "type");

	if (r->out->files == TMK_REPOMD_FILES) {
		tmk_verdict_refuse(r->v, TMK_LIMIT_EXCEEDED, "the repomd.xml "
				   "names more than %d files",
				   TMK_REPOMD_FILES);
		return false;
	}
	if (!type)
		return refuse(r, "has data without a type");
	r->file = &r->out->file[r->out->files++];
	r->summed = r->located = false;
	return keep(r, r->file->type, sizeof(r->file->type), *type, "type");
}

static bool end_file(struct reader *r)
{
	if (!r->summed)
		return refuse(r, "has a file without a checksum");
	if (!r->located)
		return refuse(r, "has a file without a location");
	r->file = NULL;
	return true;
}

/* An element directly in <data> begins. */
static bool begin_fact(struct reader *r)
{
	const struct tmk_span *a;
	struct tmk_repomd_file *f = r->file;

	if (is(r->xml.name, "checksum")) {
		a = tmk_repomd_xml_attribute(&r->xml, "type");
		if (r->summed || !a)
			return refuse(r, "has a file with two checksums, or "
				      "one without a type");
		return keep(r, f->algorithm, sizeof(f->algorithm), *a,
			    "checksum type");
	}
	if (!is(r->xml.name, "location"))
		return true;
	a = tmk_repomd_xml_attribute(&r->xml, "href");
	if (r->located || !a)
		return refuse(r, "has a file with two locations, or one "
			      "without an href");
	r->located = true;
	f->elsewhere = tmk_repomd_xml_attribute(&r->xml, "xml:base");
	return keep(r, f->href, sizeof(f->href), *a, "href");
}

/* And ends: its text is between the tags. */
static bool end_fact(struct reader *r)
{
	struct tmk_repomd_file *f = r->file;

	if (is(r->xml.name, "size"))
		return take_size(r, r->xml.text);
	if (!is(r->xml.name, "checksum"))
		return true;
	r->summed = true;
	return keep(r, f->checksum, sizeof(f->checksum), r->xml.text,
		    "checksum") && check_sum(r);
}

/* ---- the elements -------------------------------------------------------- */

static bool begin_root(struct reader *r)
{
	const struct tmk_span *ns =
		tmk_repomd_xml_attribute(&r->xml, "xmlns");

	if (r->open[0].data || !is(r->xml.name, "repomd"))
		return refuse(r, "is not one <repomd>");
	if (!ns || !is(*ns, NAMESPACE))
		return refuse(r, "is not of the namespace " NAMESPACE);
	return true;
}

static bool begin(struct reader *r)
{
	/* Names mean what they say only while no other namespace is declared
	 * for them. */
	if (r->depth && tmk_repomd_xml_attribute(&r->xml, "xmlns"))
		return refuse(r, "has a second namespace");
	if (r->depth == TMK_REPOMD_DEPTH)
		return refuse(r, "has elements that lie too deep");
	if (!r->depth && !begin_root(r))
		return false;
	if (r->depth == 1 && is(r->xml.name, "data") && !begin_file(r))
		return false;
	if (r->depth == 2 && r->file && !begin_fact(r))
		return false;
	if (r->depth == 3 && r->file && (is(r->open[2], "checksum") ||
					 is(r->open[2], "size")))
		return refuse(r, "has elements inside of a checksum or size");
	r->open[r->depth++] = r->xml.name;
	return true;
}

static bool end(struct reader *r)
{
	const struct tmk_span *last;

	if (!r->depth)
		return refuse(r, "closes what was not opened");
	last = &r->open[--r->depth];
	if (last->len != r->xml.name.len ||
	    memcmp(last->data, r->xml.name.data, last->len))
		return refuse(r, "closes its elements in another order");
	if (r->depth == 2 && r->file)
		return end_fact(r);
	if (r->depth == 1 && r->file)
		return end_file(r);
	return true;
}

static bool read_all(struct reader *r, const uint8_t *text, size_t len)
{
	if (!tmk_repomd_xml_init(&r->xml, text, len))
		return refuse(r, r->xml.why);
	for (;;) {
		enum tmk_repomd_event event = tmk_repomd_xml_next(&r->xml);

		if (!event)
			return refuse(r, r->xml.why);
		/* Text directly in <repomd> or <data>, or around them. */
		if (r->xml.text.len &&
		    (r->depth < 2 || (r->depth == 2 && r->file)))
			return refuse(r, "has text between its elements");
		if (event == TMK_REPOMD_END)
			break;
		if (event == TMK_REPOMD_OPEN ? !begin(r) : !end(r))
			return false;
	}
	if (r->depth || !r->open[0].data)
		return refuse(r, "is cut off");
	if (!r->out->files)
		return refuse(r, "names no file");
	return true;
}

int tmk_repomd_read(struct tmk_repomd **out, const uint8_t *text, size_t len,
		    struct tmk_verdict *v, struct tmk_err *err)
{
	struct reader r = { .v = v };

	if (len > TMK_REPOMD_MAX) {
		tmk_verdict_refuse(v, TMK_LIMIT_EXCEEDED, "the repomd.xml is "
				   "larger than %d bytes", TMK_REPOMD_MAX);
		*out = NULL;
		return 0;
	}
	r.out = calloc(1, sizeof(*r.out));
	if (!r.out)
		return tmk_err_nomem(err);
	if (!read_all(&r, text, len)) {
		free(r.out);
		r.out = NULL;
	}
	*out = r.out;
	return 0;
}

bool tmk_repomd_is(const uint8_t *head, size_t len)
{
	const uint8_t *p = head, *end = head + len;

	while (p < end) {
		const uint8_t *close;
		size_t left = (size_t)(end - p);

		if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') {
			p++;
			continue;
		}
		if (left > 7 && !memcmp(p, "<repomd", 7))
			return p[7] && strchr(" \t\r\n>/", p[7]);
		if (left > 5 && !memcmp(p, "<?xml", 5))
			close = memmem(p, left, "?>", 2);
		else if (left > 4 && !memcmp(p, "<!--", 4))
			close = memmem(p + 4, left - 4, "-->", 3);
		else
			return false;
		if (!close)
			return false;
		p = close + (*close == '?' ? 2 : 3);
	}
	return false;
}

bool tmk_repomd_is_inside(const char *href)
{
	const char *p = href;

	while (*p) {
		size_t n = strcspn(p, "/");

		if (!n || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' &&
						    p[1] == '.'))
			return false;
		p += n;
		if (*p)
			p++;
	}
	return p != href && p[-1] != '/';
}
