#include "formats/rpm_package.h"

#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/file.h"
#include "formats/file_range.h"
#include "iface/seal.h"

#define PIECES (TMK_RPM_SIG_ENTRIES + 4)

/* One entry of the signature header that is to be written. */
struct piece {
	uint32_t tag, type, count, offset;
	uint64_t len;
	const uint8_t *data;	/* NULL: from the old file at `from` */
	uint64_t from;		/* 0: zeros */
};

/* The signature header that is to be written. */
struct layout {
	struct piece piece[PIECES];
	uint32_t n;
	uint64_t data_len;	/* with the region's trailer */
	struct tmk_buf texts;	/* the tag with OpenPGP in base64 */
};

static bool dropped(const struct tmk_package_change *change, int i)
{
	return change->drop & 1u << i;
}

/* ---- what stays and what comes ---------------------------------------- */

static int add(struct layout *l, const struct piece *piece,
	       struct tmk_err *err)
{
	uint32_t at = l->n;

	if (l->n == PIECES)
		return tmk_err_set(err, TMK_INPUT, "the signature header has "
				   "no place for one more entry");
	while (at && l->piece[at - 1].tag > piece->tag) {
		l->piece[at] = l->piece[at - 1];
		at--;
	}
	l->piece[at] = *piece;
	l->n++;
	return 0;
}

/* Whether a tag is made anew: it is a seal that is dropped, room, or the tag
 * of several seals. */
static bool made_anew(const struct tmk_rpm *rpm,
		      const struct tmk_package_change *change, uint32_t tag)
{
	int i;

	if (tag == TMK_RPM_SIG_OPENPGP || tag == TMK_RPM_SIG_RESERVED ||
	    tag == TMK_RPM_SIG_RESERVED4)
		return true;
	for (i = 0; i < rpm->package.seals; i++)
		if (rpm->tag[i] == tag && dropped(change, i))
			return true;
	return false;
}

static int add_old(struct layout *l, const struct tmk_rpm *rpm,
		   const struct tmk_package_change *change,
		   struct tmk_err *err)
{
	uint32_t i;

	for (i = 1; i < rpm->sig.entries; i++) {
		const struct tmk_rpm_entry *e = &rpm->sig.entry[i];
		const struct piece piece = { e->tag, e->type, e->count, 0,
			e->len, NULL, rpm->sig.data + e->offset };

		if (!made_anew(rpm, change, e->tag) && add(l, &piece, err))
			return -1;
	}
	return 0;
}

static int add_text(struct tmk_buf *texts, const uint8_t *data, size_t len)
{
	if (!tmk_buf_reserve(texts, len / 3 * 4 + 8) ||
	    tmk_enc_base64(texts, data, len, 0) || tmk_buf_addch(texts, '\0'))
		return -1;
	return 0;
}

/* The tag with OpenPGP in base64: the seals that stay, then `extra`. */
static int add_texts(struct layout *l, const struct tmk_rpm *rpm,
		     const struct tmk_package_change *change, bool extra,
		     struct tmk_err *err)
{
	struct piece piece = { .tag = TMK_RPM_SIG_OPENPGP,
			       .type = TMK_RPM_STRINGS };
	int i;

	for (i = 0; i < rpm->package.seals; i++) {
		if (rpm->tag[i] != TMK_RPM_SIG_OPENPGP || dropped(change, i))
			continue;
		if (add_text(&l->texts, rpm->bytes[i].data,
			     rpm->bytes[i].len))
			return tmk_err_nomem(err);
		piece.count++;
	}
	if (extra) {
		if (add_text(&l->texts, change->data, change->len))
			return tmk_err_nomem(err);
		piece.count++;
	}
	if (!piece.count)
		return 0;
	piece.data = l->texts.data;
	piece.len = l->texts.len;
	return add(l, &piece, err);
}

static int taken(const struct tmk_rpm *rpm,
		 const struct tmk_package_change *change, uint32_t tag,
		 struct tmk_err *err)
{
	int i;

	for (i = 0; i < rpm->package.seals; i++) {
		if (rpm->tag[i] != tag || dropped(change, i))
			continue;
		tmk_err_set(err, TMK_USAGE, "the package has a signature in "
			    "the only place for this one (\"%s\")",
			    rpm->package.seal[i].role);
		return tmk_err_hint(err, "remove it with rpmsign --delsign, "
				    "or sign with another kind of key");
	}
	return 0;
}

static int collect(struct layout *l, const struct tmk_rpm *rpm,
		   const struct tmk_package_change *change,
		   struct tmk_err *err)
{
	struct piece piece = { .type = TMK_RPM_BIN, .data = change->data,
			       .len = change->len };
	uint32_t tag = 0;
	int i, stay = 0;

	if (change->len > TMK_SEAL_MAX)
		return tmk_err_set(err, TMK_INPUT, "the signature is larger "
				   "than %d bytes", TMK_SEAL_MAX);
	for (i = 0; i < rpm->package.seals; i++)
		stay += !dropped(change, i);
	if (change->data && stay == TMK_PACKAGE_SEALS)
		return tmk_err_set(err, TMK_INPUT, "the package has %d "
				   "signatures, as many as are read", stay);
	if (change->data && tmk_rpm_seals_place(&tag, rpm, change, err))
		return -1;
	if (add_old(l, rpm, change, err) ||
	    add_texts(l, rpm, change, tag == TMK_RPM_SIG_OPENPGP, err))
		return -1;
	if (!tag || tag == TMK_RPM_SIG_OPENPGP)
		return 0;
	if (taken(rpm, change, tag, err))
		return -1;
	piece.tag = tag;
	piece.count = (uint32_t)change->len;
	return add(l, &piece, err);
}

/* ---- how large it becomes --------------------------------------------- */

/* Put the data one after the other. Returns the bytes of the whole header. */
static uint64_t place_all(struct layout *l)
{
	uint64_t at = 0;
	uint32_t i;

	for (i = 0; i < l->n; i++) {
		struct piece *p = &l->piece[i];
		unsigned int align = tmk_rpm_header_align(p->type);

		at = (at + align - 1) / align * align;
		p->offset = (uint32_t)at;
		at += p->len;
	}
	l->data_len = at + TMK_RPM_ENTRY;
	return TMK_RPM_INTRO + (l->n + 1) * (uint64_t)TMK_RPM_ENTRY +
		l->data_len;
}

static int reserve(struct layout *l, const struct tmk_rpm *rpm, uint64_t len,
		   struct tmk_err *err)
{
	const struct piece piece = {
		.tag = rpm->format == TMK_RPM_FORMAT ? TMK_RPM_SIG_RESERVED :
			TMK_RPM_SIG_RESERVED4,
		.type = TMK_RPM_BIN, .count = (uint32_t)len, .len = len
	};

	return add(l, &piece, err);
}

/*
 * What follows the signature header is to stay where it is: the room that is
 * reserved, or that a dropped signature left, takes what is over. Where there
 * is not enough of it the file becomes larger by what is missing.
 */
static int fit(struct layout *l, const struct tmk_rpm *rpm,
	       struct tmk_err *err)
{
	bool six = rpm->format == TMK_RPM_FORMAT;
	uint64_t size = place_all(l), with = size + TMK_RPM_ENTRY;
	uint64_t was = rpm->sig.end - rpm->sig.at;
	uint64_t room = rpm->main.at - rpm->sig.at;
	bool last = l->n == 0 || l->piece[l->n - 1].tag < (six ?
		TMK_RPM_SIG_RESERVED : TMK_RPM_SIG_RESERVED4);

	/* Format 6 has this entry always, and ends at a multiple of eight. */
	if (six && with < room)
		return reserve(l, rpm, room - with, err);
	if (six)
		return reserve(l, rpm, tmk_rpm_align8(with + 1) - with, err);
	if (last && with < was)
		return reserve(l, rpm, was - with, err);
	if (last && tmk_rpm_align8(size) != room && with < room)
		return reserve(l, rpm, room - with, err);
	return 0;
}

/* ---- writing it ------------------------------------------------------- */

static void put_be32(uint8_t *to, uint32_t n)
{
	to[0] = (uint8_t)(n >> 24);
	to[1] = (uint8_t)(n >> 16);
	to[2] = (uint8_t)(n >> 8);
	to[3] = (uint8_t)n;
}

static void put_entry(uint8_t *to, uint32_t tag, uint32_t type, uint32_t offset,
		      uint32_t count)
{
	put_be32(to, tag);
	put_be32(to + 4, type);
	put_be32(to + 8, offset);
	put_be32(to + 12, count);
}

static int put(int out, const void *data, size_t len, struct tmk_err *err)
{
	return tmk_file_write_fd(out, data, len, "the package", err);
}

static int put_zeros(int out, uint64_t len, struct tmk_err *err)
{
	static const uint8_t zeros[4096];

	while (len) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		if (put(out, zeros, n, err))
			return -1;
		len -= n;
	}
	return 0;
}

static int put_index(int out, const struct layout *l, struct tmk_err *err)
{
	uint8_t index[TMK_RPM_INTRO + TMK_RPM_ENTRY * (1 + PIECES)];
	uint8_t *at = index + TMK_RPM_INTRO;
	uint32_t i;

	memcpy(index, tmk_rpm_header_magic, sizeof(tmk_rpm_header_magic));
	put_be32(index + 8, l->n + 1);
	put_be32(index + 12, (uint32_t)l->data_len);
	put_entry(at, TMK_RPM_REGION_SIG, TMK_RPM_BIN,
		  (uint32_t)l->data_len - TMK_RPM_ENTRY, TMK_RPM_ENTRY);
	for (i = 0; i < l->n; i++)
		put_entry(at + TMK_RPM_ENTRY * (i + 1), l->piece[i].tag,
			  l->piece[i].type, l->piece[i].offset,
			  l->piece[i].count);
	return put(out, index, TMK_RPM_INTRO + TMK_RPM_ENTRY * (l->n + 1),
		   err);
}

static int put_header(int out, const struct layout *l,
		      const struct tmk_rpm *rpm, struct tmk_err *err)
{
	uint8_t trailer[TMK_RPM_ENTRY];
	uint64_t at = 0;
	uint32_t i;

	if (put_index(out, l, err))
		return -1;
	for (i = 0; i < l->n; i++) {
		const struct piece *p = &l->piece[i];

		if (put_zeros(out, p->offset - at, err))
			return -1;
		if (p->data ? put(out, p->data, (size_t)p->len, err) : p->from ?
		    tmk_file_range_copy(out, rpm->file.fd, p->from, p->len,
					err) : put_zeros(out, p->len, err))
			return -1;
		at = p->offset + p->len;
	}
	put_entry(trailer, TMK_RPM_REGION_SIG, TMK_RPM_BIN,
		  0u - TMK_RPM_ENTRY * (l->n + 1), TMK_RPM_ENTRY);
	return put(out, trailer, sizeof(trailer), err);
}

static int put_piece(void *to, const uint8_t *data, size_t len,
		     struct tmk_err *err)
{
	return put(*(const int *)to, data, len, err);
}

int tmk_rpm_write(const struct tmk_package *package,
		  const struct tmk_package_change *change, int out,
		  struct tmk_err *err)
{
	struct tmk_rpm *rpm = package->priv;
	struct layout l = { .texts = TMK_BUF_INIT(TMK_PACKAGE_SEALS * 2 *
						  TMK_SEAL_MAX) };
	uint64_t size;
	int rc = -1;

	if (collect(&l, rpm, change, err) || fit(&l, rpm, err))
		goto out;
	size = place_all(&l);
	if (l.n + 1 > TMK_RPM_SIG_ENTRIES || l.data_len > TMK_RPM_SIG_DATA) {
		tmk_err_set(err, TMK_INPUT, "the signature header would be "
			    "larger than what rpm reads");
		goto out;
	}
	if (tmk_file_range_copy(out, rpm->file.fd, 0, TMK_RPM_LEAD, err) ||
	    put_header(out, &l, rpm, err) ||
	    put_zeros(out, tmk_rpm_align8(size) - size, err) ||
	    tmk_rpm_content(rpm, false, put_piece, &out, err) ||
	    tmk_file_range_copy(out, rpm->file.fd, rpm->main.end,
				rpm->file.size - rpm->main.end, err))
		goto out;
	rc = 0;
out:
	tmk_buf_release(&l.texts);
	return rc;
}
