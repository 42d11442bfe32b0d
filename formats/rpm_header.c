#include "formats/rpm_header.h"

#include <stdlib.h>
#include <string.h>

#define TAG_MIN 100		/* what stands below are regions */
#define TAG_MAX 0x7fffffffu
#define INDEX_PIECE 256		/* entries that are read at once */

const uint8_t tmk_rpm_header_magic[8] = { 0x8e, 0xad, 0xe8, 1 };

/* What is being read. */
struct reading {
	struct tmk_rpm_header *header;
	struct tmk_rpm_file *file;
	uint32_t region;
	struct tmk_verdict *v;
	struct tmk_err *err;
};

static const char *name(const struct reading *r)
{
	return r->region == TMK_RPM_REGION_SIG ? "signature" : "main";
}

/* The 0 of a function that has judged. */
#define malformed(r, ...) \
	tmk_verdict_refuse((r)->v, TMK_OBJECT_MALFORMED, __VA_ARGS__)

static int bad_entry(const struct reading *r, uint32_t i, const char *why)
{
	return malformed(r, "entry %u (tag %u) of the %s header %s", i,
			 r->header->entry[i].tag, name(r), why);
}

unsigned int tmk_rpm_header_align(uint32_t type)
{
	static const unsigned int align[] = {
		[TMK_RPM_CHAR] = 1, [TMK_RPM_INT8] = 1, [TMK_RPM_INT16] = 2,
		[TMK_RPM_INT32] = 4, [TMK_RPM_INT64] = 8,
		[TMK_RPM_STRING] = 1, [TMK_RPM_BIN] = 1,
		[TMK_RPM_STRINGS] = 1, [TMK_RPM_I18N] = 1
	};

	return type < sizeof(align) / sizeof(align[0]) ? align[type] : 0;
}

static bool is_text(uint32_t type)
{
	return type == TMK_RPM_STRING || type == TMK_RPM_STRINGS ||
		type == TMK_RPM_I18N;
}

/* How many bytes `count` strings take that begin at `at` and must end before
 * `end`: 0 when they do not. */
static int strings_length(uint64_t *len, const struct reading *r, uint64_t at,
			  uint64_t end, uint32_t count)
{
	const uint8_t *data, *nul;
	uint64_t from = at;
	size_t have;

	*len = 0;
	while (count) {
		if (at >= end)
			return 0;
		if (tmk_rpm_file_look(&data, &have, r->file, at, r->err))
			return -1;
		if (have > end - at)
			have = (size_t)(end - at);
		nul = memchr(data, '\0', have);
		at += nul ? (size_t)(nul - data) + 1 : have;
		if (nul)
			count--;
	}
	*len = at - from;
	return 0;
}

/* Check entry `i`, whose data begins at or after *used in the store; *used
 * gets where it ends. */
static int check_entry(const struct reading *r, uint32_t i, uint32_t *used)
{
	const struct tmk_rpm_header *h = r->header;
	struct tmk_rpm_entry *e = &h->entry[i];
	uint32_t store = h->data_len - TMK_RPM_ENTRY;	/* the trailer */
	unsigned int align = tmk_rpm_header_align(e->type);
	uint64_t len;

	if (e->tag < TAG_MIN || e->tag > TAG_MAX)
		return bad_entry(r, i, "has a tag that cannot be");
	if (i > 1 && e->tag == e[-1].tag)
		return bad_entry(r, i, "is there twice");
	if (i > 1 && e->tag < e[-1].tag)
		return bad_entry(r, i, "is out of order");
	if (!align)
		return bad_entry(r, i, "has a type that does not exist");
	if (!e->count || (e->type == TMK_RPM_STRING && e->count != 1))
		return bad_entry(r, i, "has a count that cannot be");
	if (e->offset % align)
		return bad_entry(r, i, "is not aligned");
	if (e->offset < *used)
		return bad_entry(r, i, "overlaps the one before it");
	if (e->offset >= store)
		return bad_entry(r, i, "begins outside the header");
	len = (uint64_t)e->count * align;
	if (len > store - e->offset)
		return bad_entry(r, i, "ends outside the header");
	if (is_text(e->type)) {
		if (strings_length(&len, r, h->data + e->offset,
				   h->data + store, e->count))
			return -1;
		if (!len)
			return bad_entry(r, i, "holds text without an end");
	}
	e->len = (uint32_t)len;
	*used = e->offset + e->len;
	return 0;
}

static void take_entry(struct tmk_rpm_entry *e, const uint8_t *from)
{
	e->tag = tmk_rpm_be32(from);
	e->type = tmk_rpm_be32(from + 4);
	e->offset = tmk_rpm_be32(from + 8);
	e->count = tmk_rpm_be32(from + 12);
}

/* The region is everything: its entry comes first, its trailer last, and the
 * trailer points back at the first entry. */
static int check_region(const struct reading *r)
{
	struct tmk_rpm_header *h = r->header;
	struct tmk_rpm_entry *e = &h->entry[0], t;
	uint8_t trailer[TMK_RPM_ENTRY];

	if (e->tag != r->region)
		return malformed(r, "the %s header has no region", name(r));
	if (e->type != TMK_RPM_BIN || e->count != TMK_RPM_ENTRY ||
	    e->offset != h->data_len - TMK_RPM_ENTRY)
		return malformed(r, "the region of the %s header does not "
				 "hold all of it", name(r));
	e->len = TMK_RPM_ENTRY;
	if (tmk_rpm_file_get(trailer, sizeof(trailer), r->file,
			     h->data + e->offset, r->err))
		return -1;
	take_entry(&t, trailer);
	/* The signature headers of old packages have the other tag there. */
	if (t.tag != r->region && !(t.tag == TMK_RPM_REGION_IMAGE &&
				    r->region == TMK_RPM_REGION_SIG))
		return malformed(r, "the region of the %s header ends with "
				 "tag %u", name(r), t.tag);
	if (t.type != TMK_RPM_BIN || t.count != TMK_RPM_ENTRY ||
	    t.offset != 0u - h->entries * TMK_RPM_ENTRY)
		return malformed(r, "the region of the %s header is not "
				 "closed", name(r));
	return 0;
}

/* The two numbers of the intro. */
static int read_intro(const struct reading *r, uint64_t at)
{
	bool sig = r->region == TMK_RPM_REGION_SIG;
	uint32_t entries = sig ? TMK_RPM_SIG_ENTRIES : TMK_RPM_MAIN_ENTRIES;
	uint32_t data = sig ? TMK_RPM_SIG_DATA : TMK_RPM_MAIN_DATA;
	struct tmk_rpm_header *h = r->header;
	uint8_t intro[TMK_RPM_INTRO];

	if (at > r->file->size || r->file->size - at < sizeof(intro))
		return malformed(r, "the package ends before its %s header",
				 name(r));
	if (tmk_rpm_file_get(intro, sizeof(intro), r->file, at, r->err))
		return -1;
	if (memcmp(intro, tmk_rpm_header_magic, sizeof(tmk_rpm_header_magic)))
		return malformed(r, "there is no %s header where it must be",
				 name(r));
	h->entries = tmk_rpm_be32(intro + 8);
	h->data_len = tmk_rpm_be32(intro + 12);
	if (h->entries > entries)
		return tmk_verdict_refuse(r->v, TMK_LIMIT_EXCEEDED,
			"the %s header has %u entries: rpm reads %u",
			name(r), h->entries, entries);
	if (h->data_len > data)
		return tmk_verdict_refuse(r->v, TMK_LIMIT_EXCEEDED,
			"the %s header has %u bytes of data: rpm reads %u",
			name(r), h->data_len, data);
	if (!h->entries || h->data_len < TMK_RPM_ENTRY)
		return malformed(r, "the %s header is empty", name(r));
	h->at = at;
	h->data = at + TMK_RPM_INTRO + (uint64_t)h->entries * TMK_RPM_ENTRY;
	h->end = h->data + h->data_len;
	if (h->end > r->file->size)
		return malformed(r, "the package ends within its %s header",
				 name(r));
	return 0;
}

static int read_index(const struct reading *r)
{
	struct tmk_rpm_header *h = r->header;
	uint8_t piece[INDEX_PIECE * TMK_RPM_ENTRY];
	uint32_t i, n, done = 0;

	h->entry = calloc(h->entries, sizeof(*h->entry));
	if (!h->entry)
		return tmk_err_nomem(r->err);
	while (done < h->entries) {
		n = h->entries - done;
		if (n > INDEX_PIECE)
			n = INDEX_PIECE;
		if (tmk_rpm_file_get(piece, (size_t)n * TMK_RPM_ENTRY, r->file,
				     h->at + TMK_RPM_INTRO +
				     (uint64_t)done * TMK_RPM_ENTRY, r->err))
			return -1;
		for (i = 0; i < n; i++)
			take_entry(&h->entry[done + i],
				   piece + (size_t)i * TMK_RPM_ENTRY);
		done += n;
	}
	return 0;
}

int tmk_rpm_header_read(struct tmk_rpm_header *header,
			struct tmk_rpm_file *file, uint64_t at,
			uint32_t region, struct tmk_verdict *v,
			struct tmk_err *err)
{
	const struct reading r = { header, file, region, v, err };
	uint32_t i, used = 0;

	memset(header, 0, sizeof(*header));
	if (read_intro(&r, at))
		return -1;
	if (v->reason != TMK_GOOD)
		return 0;
	if (read_index(&r) || check_region(&r))
		return -1;
	for (i = 1; v->reason == TMK_GOOD && i < header->entries; i++)
		if (check_entry(&r, i, &used))
			return -1;
	return 0;
}

void tmk_rpm_header_release(struct tmk_rpm_header *header)
{
	free(header->entry);
	header->entry = NULL;
	header->entries = 0;
}

static int by_tag(const void *key, const void *entry)
{
	uint32_t tag = *(const uint32_t *)key;
	const struct tmk_rpm_entry *e = entry;

	return tag < e->tag ? -1 : tag > e->tag;
}

const struct tmk_rpm_entry *
tmk_rpm_header_find(const struct tmk_rpm_header *header, uint32_t tag)
{
	return bsearch(&tag, header->entry, header->entries,
		       sizeof(header->entry[0]), by_tag);
}
