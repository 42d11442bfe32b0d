/*
 * verify_manifest.c - a file held against a signed manifest: the same bytes,
 * the same content in other bytes, or which entries differ.
 *
 * The manifest is read once; those bytes are judged by the signature beside it
 * and then believed. What the file has inside is told by touchmark-archive.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "formats/manifest.h"
#include "plugins/front_archive.h"
#include "plugins/verify_case.h"
#include "plugins/verify_difference.h"

struct holding {
	struct tmk_verify_answer *answer;
	const struct tmk_verify *verify;
	const char *path;	/* of the manifest */
	struct tmk_buf text, other;	/* what was signed; what is there */
	struct tmk_manifest was, is;
};

static int refuse(struct holding *h, enum tmk_reason reason, const char *hint,
		  const char *fmt, ...) TMK_PRINTF(4, 5);

/* In place of the good verdict on the manifest. Returns 0. */
static int refuse(struct holding *h, enum tmk_reason reason, const char *hint,
		  const char *fmt, ...)
{
	struct tmk_verdict *v = &h->answer->all.verdict;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*v = (struct tmk_verdict)TMK_VERDICT_INIT;
	h->answer->together = true;
	tmk_verdict_refuse(v, reason, "%s", text);
	return hint ? tmk_verdict_hint(v, "%s", hint) : 0;
}

/* ---- the manifest --------------------------------------------------------------- */

static int give_text(void *from, tmk_front_file_sink *sink, void *to,
		     struct tmk_err *err)
{
	const struct tmk_buf *text = from;

	return text->len ? sink(to, text->data, text->len, err) : 0;
}

/* By what stands beside it, whoever may sign the artefact. */
static int judge_text(struct holding *h, struct tmk_verify *verify,
		      struct tmk_err *err)
{
	struct tmk_verify_case *c = malloc(sizeof(*c));
	int rc;

	if (!c)
		return tmk_err_nomem(err);
	tmk_verify_case_init(c, verify, h->answer);
	rc = tmk_verify_beside(c, h->path, tmk_verify_has_rules(verify), true,
			       err);
	if (!rc)
		rc = tmk_verify_case_digest(c, 0, c->seals, give_text,
					    &h->text, err);
	if (!rc)
		rc = tmk_verify_case_judge(c, err);
	tmk_verify_case_release(c);
	free(c);
	return rc;
}

/* 0 also when it is refused. */
static int read_manifest(struct holding *h, struct tmk_verify *verify,
			 struct tmk_err *err)
{
	static const char hint[] = "fetch the manifest again from where the "
		"file came from";
	struct tmk_err why = TMK_ERR_INIT;

	if (tmk_file_read(&h->text, h->path, &why) < 0)
		return refuse(h, tmk_file_exists(h->path) ?
			      TMK_SIGNATURE_MALFORMED : TMK_SIGNATURE_MISSING,
			      hint, "%s", why.text);
	if (judge_text(h, verify, err) < 0)
		return -1;
	if (h->answer->all.verdict.reason)
		return 0;
	if (tmk_manifest_read(&h->was, h->text.data, h->text.len, &why) == 0)
		return 0;
	if (why.code == TMK_INTERNAL) {
		*err = why;
		return -1;
	}
	return refuse(h, TMK_OBJECT_MALFORMED, hint, "%s: %s", h->path,
		      why.text);
}

/* ---- the file --------------------------------------------------------------------- */

static bool same_sum(const struct tmk_manifest_sum *a,
		     const struct tmk_manifest_sum *b)
{
	return a->size == b->size && !memcmp(a->sha256, b->sha256,
					     TMK_MANIFEST_SHA256);
}

/* Whether a regular file has the signed bytes, without taking it apart. */
static int same_bytes(bool *same, const struct holding *h, int fd,
		      struct tmk_err *err)
{
	struct tmk_front_file_hash hash = { .hash = TMK_SHA256 };
	struct stat st;

	*same = false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != h->was.raw.size)
		return 0;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return tmk_err_set(err, TMK_INPUT, "%s: cannot be read again",
				   h->answer->file);
	if (tmk_front_file_digests(&hash, 1, fd, h->answer->file, err) < 0)
		return -1;
	*same = !memcmp(hash.digest, h->was.raw.sha256, TMK_MANIFEST_SHA256);
	return 0;
}

/* What is inside. 0 also when it is refused: a file that cannot be read as
 * what was signed is not what was signed. */
static int read_other(struct holding *h, int fd, struct tmk_err *err)
{
	struct tmk_err why = TMK_ERR_INIT;

	if (tmk_front_archive_manifest(&h->other, fd,
				       tmk_front_file_name(h->answer->file),
				       &why) == 0)
		return tmk_manifest_read(&h->is, h->other.data, h->other.len,
					 err);
	if (why.code == TMK_REFUSED)
		return refuse(h, TMK_LIMIT_EXCEEDED, "do not unpack it",
			      "other bytes than were signed, and what is inside "
			      "is too much: %s", why.text);
	if (why.code == TMK_INPUT)
		return refuse(h, TMK_CONTENT_MISMATCH, NULL, "other bytes than "
			      "were signed, and what is inside cannot be told: "
			      "%s", why.text);
	*err = why;
	return -1;
}

/* Where readers differ in what they believe - a zip says twice what is in it,
 * a tar may have headers that only some of them honour - what libarchive makes
 * of other bytes proves nothing for another reader. */
static bool may_be_same(const struct tmk_manifest *was,
			const struct tmk_manifest *is)
{
	return !strcmp(was->content, "tar") && !strcmp(is->content, "tar") &&
		!was->loose && !is->loose;
}

static bool same_entries(const struct tmk_manifest *was,
			 const struct tmk_manifest *is)
{
	return was->entries == is->entries &&
		was->lines_len == is->lines_len &&
		!memcmp(was->lines, is->lines, was->lines_len);
}

static int tell_difference(struct holding *h, struct tmk_err *err)
{
	struct tmk_verify_difference d;

	if (!strcmp(h->was.content, "none") && !strcmp(h->is.content, "none"))
		return refuse(h, TMK_CONTENT_MISMATCH, NULL, "other bytes than "
			      "were signed");
	if (strcmp(h->was.content, h->is.content) &&
	    (!h->was.entries || !h->is.entries))
		return refuse(h, TMK_CONTENT_MISMATCH, NULL, "the content is "
			      "%s, and %s was signed", h->is.content,
			      h->was.content);
	if (tmk_verify_difference_find(&d, h->answer, &h->was, &h->is,
				       err) < 0)
		return -1;
	if (h->answer->differences)
		return refuse(h, TMK_CONTENT_MISMATCH, NULL, "entries differ "
			      "from what was signed: %" PRIu64 " missing, "
			      "%" PRIu64 " added, %" PRIu64 " changed",
			      d.missing, d.added, d.changed);
	if (!same_entries(&h->was, &h->is))
		return refuse(h, TMK_CONTENT_MISMATCH, NULL, "the entries are "
			      "those that were signed, in another order");
	return refuse(h, TMK_CONTENT_MISMATCH, NULL, "the entries are those "
		      "that were signed, but in other bytes of a %s, which "
		      "another program may read differently", h->is.content);
}

static int compare(struct holding *h, int fd, struct tmk_err *err)
{
	struct tmk_verify_answer *a = h->answer;
	bool same;

	if (same_bytes(&same, h, fd, err) < 0)
		return -1;
	if (!same) {
		if (read_other(h, fd, err) < 0)
			return -1;
		if (a->all.verdict.reason)
			return 0;
		same = same_sum(&h->was.raw, &h->is.raw);
	}
	if (same)
		a->same = "same bytes";
	else if (same_sum(&h->was.stream, &h->is.stream) ||
		 (may_be_same(&h->was, &h->is) &&
		  same_entries(&h->was, &h->is)))
		a->same = "same content";
	else
		return tell_difference(h, err);
	return 0;
}

int tmk_verify_manifest(struct tmk_verify_answer *answer,
			struct tmk_verify *verify, int fd, const char *path,
			struct tmk_err *err)
{
	struct holding h = {
		.answer = answer, .verify = verify, .path = path,
		.text = TMK_BUF_INIT(TMK_MANIFEST_MAX),
		.other = TMK_BUF_INIT(TMK_MANIFEST_MAX)
	};
	int rc;

	answer->form = "manifest";
	rc = read_manifest(&h, verify, err);
	if (!rc && !answer->all.verdict.reason)
		rc = compare(&h, fd, err);
	tmk_buf_release(&h.text);
	tmk_buf_release(&h.other);
	return rc;
}
