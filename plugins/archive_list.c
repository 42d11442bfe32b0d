#include "plugins/archive_list.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "iface/signer.h"
#include "plugins/archive_stream.h"

#define OUT_FULL (64 * 1024)	/* written at the latest */
#define OUT_LINE (64 * 1024)	/* more than any line */

struct lister {
	const struct tmk_archive_list *list;
	struct tmk_archive_stream stream;
	struct archive *a;
	struct tmk_manifest m;
	uint64_t made;		/* bytes of content of all entries */
	struct tmk_buf out;
	char path[TMK_MANIFEST_PATH + 2];
};

static int flush(struct lister *l, size_t least, struct tmk_err *err)
{
	if (l->out.len < least)
		return 0;
	if (tmk_file_write_fd(l->list->out, l->out.data, l->out.len,
			      "standard output", err) < 0)
		return -1;
	tmk_buf_clear(&l->out);
	return 0;
}

/* The cause of what libarchive says, where it is ours. */
static int fault(struct lister *l, const char *what, struct tmk_err *err)
{
	if (!l->stream.err.code)
		return tmk_archive_fault(l->a, what, err);
	*err = l->stream.err;
	return -1;
}

/* ---- the content of an entry ------------------------------------------------ */

static int count(struct lister *l, uint64_t len, struct tmk_err *err)
{
	uint64_t of = l->list->fd >= 0 ? l->list->size : l->stream.size;

	if (__builtin_add_overflow(l->made, len, &l->made) ||
	    tmk_archive_is_bomb(l->made, of))
		return tmk_archive_bomb("the entries", err);
	return 0;
}

/* Zeros of a sparse file that the archive has not. */
static int hash_hole(struct lister *l, struct tmk_digest *d, uint64_t len,
		     struct tmk_err *err)
{
	static const uint8_t zero[16384];

	if (count(l, len, err) < 0)
		return -1;
	while (len) {
		size_t n = len < sizeof(zero) ? (size_t)len : sizeof(zero);

		if (tmk_digest_update(d, zero, n, err) < 0)
			return -1;
		len -= n;
	}
	return 0;
}

static int hash_blocks(struct lister *l, struct tmk_digest *d, uint64_t *size,
		       const char *name, struct tmk_err *err)
{
	const void *data;
	la_int64_t at;
	size_t len;
	int rc;

	for (;;) {
		rc = archive_read_data_block(l->a, &data, &len, &at);
		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc != ARCHIVE_OK) {
			fault(l, "the archive", err);
			return l->stream.err.code ? -1 : tmk_err_prefix(err,
						"the entry '%.200s'", name);
		}
		if (!len)
			continue;
		if (at < 0 || (uint64_t)at < *size)
			return tmk_err_set(err, TMK_INPUT, "the entry '%.200s' "
					   "overlaps itself", name);
		if (hash_hole(l, d, (uint64_t)at - *size, err) < 0 ||
		    count(l, len, err) < 0 ||
		    tmk_digest_update(d, data, len, err) < 0)
			return -1;
		*size = (uint64_t)at + len;
	}
}

static int hash_content(struct lister *l, struct archive_entry *e,
			struct tmk_manifest_entry *entry, struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	struct tmk_digest d;
	uint64_t size = 0, told;
	size_t len;

	if (tmk_digest_init(&d, TMK_SHA256, err) < 0)
		return -1;
	if (hash_blocks(l, &d, &size, entry->path, err) < 0)
		goto bad;
	told = archive_entry_size_is_set(e) && archive_entry_size(e) > 0 ?
		(uint64_t)archive_entry_size(e) : 0;
	/* a hole at the end of a sparse file */
	if (told > size && archive_entry_sparse_count(e) > 0) {
		if (hash_hole(l, &d, told - size, err) < 0)
			goto bad;
		size = told;
	}
	if (archive_entry_size_is_set(e) && size != told &&
	    !(entry->type == TMK_MANIFEST_HARD && !size)) {
		tmk_err_set(err, TMK_INPUT, "the entry '%.200s' is not as "
			    "long as it says", entry->path);
		goto bad;
	}
	if (tmk_digest_final(&d, digest, &len, err) < 0)
		goto bad;
	memcpy(entry->sum.sha256, digest, TMK_MANIFEST_SHA256);
	entry->sum.size = size;
	return 0;
bad:
	tmk_digest_release(&d);
	return -1;
}

/* ---- entries ---------------------------------------------------------------- */

static int type_of(struct tmk_manifest_entry *entry, struct archive_entry *e,
		   bool ar)
{
	static const struct {
		__LA_MODE_T is;
		enum tmk_manifest_type type;
	} type[] = {
		{ AE_IFREG, TMK_MANIFEST_FILE }, { AE_IFLNK, TMK_MANIFEST_LINK },
		{ AE_IFDIR, TMK_MANIFEST_DIR }, { AE_IFCHR, TMK_MANIFEST_CHAR },
		{ AE_IFBLK, TMK_MANIFEST_BLOCK }, { AE_IFIFO, TMK_MANIFEST_FIFO },
		{ AE_IFSOCK, TMK_MANIFEST_SOCKET },
	};
	size_t i;

	entry->target = archive_entry_hardlink(e);
	if (entry->target) {
		entry->type = TMK_MANIFEST_HARD;
		return 0;
	}
	/* an ar knows files alone, and may leave out to say so */
	if (!archive_entry_filetype(e) && ar) {
		entry->type = TMK_MANIFEST_FILE;
		return 0;
	}
	for (i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
		if (archive_entry_filetype(e) != type[i].is)
			continue;
		entry->type = type[i].type;
		if (entry->type == TMK_MANIFEST_LINK)
			entry->target = archive_entry_symlink(e);
		return 0;
	}
	return -1;
}

/* A directory is called the same whether its name ends in a slash or not. */
static void set_path(struct lister *l, struct tmk_manifest_entry *entry,
		     const char *path)
{
	size_t len = strlen(path);

	entry->path = path;
	if (entry->type != TMK_MANIFEST_DIR || len > TMK_MANIFEST_PATH)
		return;
	while (len > 1 && path[len - 1] == '/')
		len--;
	memcpy(l->path, path, len);
	l->path[len] = '\0';
	entry->path = l->path;
}

static int add_entry(struct lister *l, struct archive_entry *e,
		     struct tmk_err *err)
{
	struct tmk_manifest_entry entry = { 0 };
	const char *path = archive_entry_pathname(e);

	if (!path)
		return tmk_err_set(err, TMK_INPUT,
				   "an entry's name cannot be read");
	if (type_of(&entry, e, !strcmp(l->m.content, "ar")) < 0)
		return tmk_err_set(err, TMK_INPUT, "the entry '%.200s' is of a "
				   "kind that is not known", path);
	set_path(l, &entry, path);
	entry.mode = (unsigned int)archive_entry_perm(e) & 07777;
	if (entry.type == TMK_MANIFEST_CHAR ||
	    entry.type == TMK_MANIFEST_BLOCK) {
		entry.major = (uint32_t)archive_entry_rdevmajor(e);
		entry.minor = (uint32_t)archive_entry_rdevminor(e);
	}
	if ((entry.type == TMK_MANIFEST_FILE ||
	     entry.type == TMK_MANIFEST_HARD) &&
	    hash_content(l, e, &entry, err) < 0)
		return -1;
	if (tmk_manifest_add(&l->out, &entry, err) < 0)
		return -1;
	if (++l->m.entries > TMK_MANIFEST_ENTRIES)
		return tmk_err_set(err, TMK_REFUSED, "limit-exceeded: more "
				   "than %d entries", TMK_MANIFEST_ENTRIES);
	return flush(l, OUT_FULL, err);
}

/* ---- which archive ------------------------------------------------------------ */

static bool begins(const struct lister *l, const char *with, size_t len)
{
	return l->stream.len >= len && !memcmp(l->stream.data, with, len);
}

/*
 * The one format that the beginning is of, so that nothing is taken for what
 * it is not: a static library is no deb, and zeros no empty tar. What remains
 * is asked whether it is a tar, which has no beginning of its own.
 */
static int enable(struct lister *l)
{
	if (l->list->fd >= 0)
		return archive_read_support_format_zip_seekable(l->a);
	if (begins(l, "!<arch>\ndebian-binary", 21))
		return archive_read_support_format_ar(l->a);
	if (begins(l, "070701", 6) || begins(l, "070702", 6) ||
	    begins(l, "070707", 6))
		return archive_read_support_format_cpio(l->a);
	if (l->stream.len && l->stream.data[0])
		return archive_read_support_format_tar(l->a);
	return ARCHIVE_OK;
}

static int open_archive(struct lister *l, struct tmk_err *err)
{
	l->a = archive_read_new();
	if (!l->a)
		return tmk_err_nomem(err);
	/* the last two take what nothing else does */
	if (enable(l) != ARCHIVE_OK ||
	    archive_read_support_format_empty(l->a) != ARCHIVE_OK ||
	    archive_read_support_format_raw(l->a) != ARCHIVE_OK)
		return tmk_archive_fault(l->a, "libarchive", err);
	if (l->list->fd < 0)
		tmk_archive_stream_attach(&l->stream, l->a);
	else if (tmk_archive_stream_attach_file(&l->stream, l->a, l->list->fd,
						l->list->size, err) < 0)
		return -1;
	if (archive_read_open1(l->a) != ARCHIVE_OK)
		return fault(l, "the archive", err);
	return 0;
}

static const char *content_of(struct archive *a)
{
	switch (archive_format(a) & ARCHIVE_FORMAT_BASE_MASK) {
	case ARCHIVE_FORMAT_TAR: return "tar";
	case ARCHIVE_FORMAT_ZIP: return "zip";
	case ARCHIVE_FORMAT_AR: return "ar";
	case ARCHIVE_FORMAT_CPIO: return "cpio";
	default: return "none";
	}
}

/* What stands behind the end of a tar, where some readers go on. A zip ends
 * with its list, and what is around it is bound by the raw bytes. */
static int check_end(const struct lister *l, struct tmk_err *err)
{
	uint64_t end = (uint64_t)archive_filter_bytes(l->a, -1);

	if (l->list->fd >= 0 || !strcmp(l->m.content, "none") ||
	    l->stream.solid <= end)
		return 0;
	return tmk_err_set(err, TMK_INPUT,
			   "something follows the end of the archive");
}

static int list_entries(struct lister *l, struct tmk_err *err)
{
	struct archive_entry *e;
	bool begun = false;
	int rc;

	for (;;) {
		rc = archive_read_next_header(l->a, &e);
		if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
			return fault(l, "the archive", err);
		if (!begun) {
			begun = true;
			memcpy(l->m.content, content_of(l->a),
			       strlen(content_of(l->a)) + 1);
			if (tmk_manifest_begin(&l->out, l->m.content) < 0)
				return tmk_err_nomem(err);
		}
		if (rc == ARCHIVE_EOF || !strcmp(l->m.content, "none"))
			break;
		if (add_entry(l, e, err) < 0)
			return -1;
	}
	if (l->list->fd >= 0 && strcmp(l->m.content, "zip"))
		return tmk_err_set(err, TMK_INPUT,
				   "begins as a zip, and is damaged");
	if (tmk_archive_stream_drain(&l->stream, err) < 0)
		return -1;
	return check_end(l, err);
}

static int finish(struct lister *l, const struct tmk_archive_unpack *unpack,
		  struct tmk_err *err)
{
	uint8_t digest[TMK_DIGEST_MAX];
	size_t len;

	if (tmk_digest_final(&l->stream.digest, digest, &len, err) < 0)
		return -1;
	l->m.packed = unpack->packed;
	l->m.loose = !strcmp(l->m.content, "tar") &&
		!tmk_archive_tar_is_plain(&l->stream.tar);
	l->m.stream.size = l->stream.size;
	memcpy(l->m.stream.sha256, digest, TMK_MANIFEST_SHA256);
	l->m.raw = unpack->packed == TMK_PACKED_NONE ? l->m.stream :
		unpack->raw;
	if (tmk_manifest_end(&l->out, &l->m) < 0)
		return tmk_err_nomem(err);
	return flush(l, 0, err);
}

int tmk_archive_list_run(struct tmk_archive_list *list,
			 const struct tmk_archive_unpack *unpack,
			 struct tmk_err *err)
{
	struct lister *l = calloc(1, sizeof(*l));
	int rc = -1;

	if (!l)
		return tmk_err_nomem(err);
	l->list = list;
	tmk_buf_init(&l->out, OUT_FULL + OUT_LINE);
	if (tmk_archive_stream_open(&l->stream, list->ring, err) == 0 &&
	    open_archive(l, err) == 0 && list_entries(l, err) == 0)
		rc = finish(l, unpack, err);
	if (l->a)
		archive_read_free(l->a);
	tmk_digest_release(&l->stream.digest);
	tmk_archive_tar_release(&l->stream.tar);
	free(l->stream.buffer);
	tmk_buf_release(&l->out);
	free(l);
	return rc;
}
