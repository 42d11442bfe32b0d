/*
 * sign_form_release.c - the Release of an apt repository: InRelease, which is
 * it clearsigned, and Release.gpg, its detached signature, beside it.
 *
 * Both from one reading. The indices that it lists and that are there must be
 * what it says; others are often left out of a mirror.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "formats/cleartext.h"
#include "formats/control_kind.h"
#include "formats/deb822.h"
#include "formats/debian_date.h"
#include "plugins/front_file.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_job.h"
#include "plugins/sign_listed.h"
#include "plugins/sign_text.h"

#define RELEASE_MAX (16 * 1024 * 1024)	/* bytes */
#define DAY 86400		/* seconds: what clocks may differ by */

enum { FRAMED, DETACHED };	/* the two wants */

struct release {
	struct tmk_buf text;
	char *framed, *detached;	/* where they go */
};

static bool takes(const char *name, const uint8_t *head, size_t len)
{
	/* By its name too, so that a broken one is refused and not signed as
	 * any file is. */
	return !strcmp(name, "Release") ||
		(!tmk_cleartext_begins(head, len) &&
		 tmk_control_kind_of(name, head, len) == TMK_CONTROL_RELEASE);
}

/* What it may list before it, should one call sign both. */
static int rank(const char *name)
{
	return strcmp(name, "Release") ? 0 : 1 << 30;
}

/* ---- what it says -------------------------------------------------------- */

static int add_entries(struct tmk_sign_listed *listed,
		       const struct tmk_deb822_list *list, struct tmk_err *err)
{
	int i;

	for (i = 0; i < list->entries; i++) {
		const struct tmk_deb822_entry *e = &list->entry[i];

		if (tmk_control_is_release(e->name.data, e->name.len))
			continue;
		if (tmk_sign_listed_add(listed, (const char *)e->name.data,
					e->name.len,
					(enum tmk_listed_hash)list->hash,
					(const char *)e->hash.data,
					e->hash.len, true, e->bytes, err))
			return -1;
	}
	return 0;
}

/* Every list of files in it. */
static int read_lists(struct tmk_sign_listed *listed, bool *strong,
		      const struct tmk_deb822 *p, struct tmk_verdict *v,
		      struct tmk_err *err)
{
	int i, rc = 0;

	for (i = 0; !rc && v->reason == TMK_GOOD && i < p->fields; i++) {
		enum tmk_deb822_hash hash =
			tmk_deb822_hash_of(p->field[i].name);
		struct tmk_deb822_list list;

		if (!hash)
			continue;
		tmk_deb822_list_init(&list);
		rc = tmk_deb822_list_read(&list, &p->field[i],
					  TMK_DEB822_PATHS, v, err);
		if (!rc && v->reason == TMK_GOOD)
			rc = add_entries(listed, &list, err);
		if (hash >= TMK_DEB822_SHA256 && list.entries)
			*strong = true;
		tmk_deb822_list_release(&list);
	}
	return rc;
}

/* Readers refuse a repository without a date, of tomorrow, or of the past. */
static void check_dates(const struct tmk_deb822 *p, struct tmk_verdict *v)
{
	const struct tmk_span date = tmk_deb822_line(p, "Date");
	const struct tmk_span until = tmk_deb822_line(p, "Valid-Until");
	int64_t t, now = tmk_clock_now();

	if (!date.data)
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "it has no Date");
	else if (!tmk_debian_date_read(&t, date.data, date.len))
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "its Date is none "
				   "in universal time");
	else if (t > now + DAY)
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "its Date has not "
				   "come");
	else if (!tmk_deb822_find(p, "Valid-Until"))
		return;
	else if (!until.data ||
		 !tmk_debian_date_read(&t, until.data, until.len))
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "its Valid-Until "
				   "is none in universal time");
	else if (t <= now)
		tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED, "its Valid-Until "
				   "has passed");
}

static void check_fields(const struct tmk_deb822 *p, bool strong,
			 struct tmk_verdict *v)
{
	check_dates(p, v);
	if (v->reason == TMK_GOOD && !strong)
		tmk_verdict_refuse(v, TMK_DIGEST_WEAK, "it lists no files by "
				   "SHA-256 or SHA-512");
	if (v->reason != TMK_GOOD)
		tmk_verdict_hint(v, "make it again: apt-ftparchive release "
				 "DIRECTORY");
}

static int check_content(struct tmk_sign_job *job, struct release *r,
			 struct tmk_err *err)
{
	struct tmk_sign_listed listed = TMK_SIGN_LISTED_INIT;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_deb822 *p = malloc(sizeof(*p));
	bool strong = false;
	int dir = -1, rc = -1;

	if (!p)
		return tmk_err_nomem(err);
	if (tmk_deb822_parse(p, r->text.data, r->text.len, &v)) {
		if (read_lists(&listed, &strong, p, &v, err))
			goto out;
		if (v.reason == TMK_GOOD)
			check_fields(p, strong, &v);
	}
	if (v.reason != TMK_GOOD) {
		tmk_sign_listed_refuse(err, job->file, &v);
		goto out;
	}
	if (tmk_sign_listed_directory(&dir, job->file, err) ||
	    tmk_sign_listed_check(&listed, dir, true, job->file, err))
		goto out;
	rc = tmk_cleartext_check(r->text.data, r->text.len, err);
out:
	if (dir >= 0)
		close(dir);
	tmk_sign_listed_release(&listed);
	free(p);
	return rc;
}

/* ---- the steps ----------------------------------------------------------- */

static struct tmk_sign_text text_of(const struct release *r, int want)
{
	return (struct tmk_sign_text){
		r->text.data, r->text.len, want == FRAMED
	};
}

/* The name beside it. */
static int beside(char **out, const char *file, const char *name,
		  struct tmk_err *err)
{
	const char *slash = strrchr(file, '/');
	int dir = slash ? (int)(slash - file) + 1 : 0;
	char *path;

	if (asprintf(&path, "%.*s%s", dir, file, name) < 0)
		return tmk_err_nomem(err);
	if (tmk_front_file_beside_ok(path, err)) {
		free(path);
		return -1;
	}
	*out = path;
	return 0;
}

/* Whether the clearsigned file that is there says the same, signed by us. */
static int framed_mine(enum tmk_sign_mine *out, struct tmk_sign_job *job,
		       const struct release *r, struct tmk_err *err)
{
	struct tmk_buf file = TMK_BUF_INIT(2 * RELEASE_MAX);
	const struct tmk_sign_text text = text_of(r, FRAMED);
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_err e = TMK_ERR_INIT;
	struct tmk_cleartext_parts parts;
	int rc = 0;

	*out = TMK_SIGN_FOREIGN;
	tmk_cleartext_parts_init(&parts);
	if (!tmk_file_read(&file, r->framed, &e))
		rc = tmk_cleartext_parse(&parts, file.data, file.len, &v, err);
	if (!rc && parts.signatures && v.reason == TMK_GOOD)
		rc = tmk_sign_text_mine(out, job, FRAMED, &text,
					parts.packets.data, parts.packets.len,
					err);
	tmk_cleartext_parts_release(&parts);
	tmk_buf_release(&file);
	return rc;
}

/* Nothing to do when both are there already. */
static int check_earlier(struct tmk_sign_job *job, const struct release *r,
			 struct tmk_err *err)
{
	const struct tmk_sign_text text = text_of(r, DETACHED);
	enum tmk_sign_mine framed, detached;

	if (job->options->resign)
		return 0;
	if (tmk_sign_ready(job, FRAMED, err) ||
	    tmk_sign_ready(job, DETACHED, err) ||
	    framed_mine(&framed, job, r, err) ||
	    tmk_sign_text_mine_in(&detached, job, DETACHED, &text,
				  r->detached, err))
		return -1;
	if (detached < framed)
		framed = detached;
	if (framed < TMK_SIGN_BARE)
		return 0;
	if (!job->options->resume)
		return tmk_sign_text_already(err, job->file);
	job->skip = framed == TMK_SIGN_MINE;
	return 0;
}

static int open_release(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct release *r = calloc(1, sizeof(*r));

	if (!r)
		return tmk_err_nomem(err);
	job->priv = r;
	tmk_buf_init(&r->text, RELEASE_MAX);
	if (tmk_sign_text_no_out(job, err) ||
	    tmk_file_read_fd(&r->text, job->fd, job->file, err) ||
	    check_content(job, r, err) ||
	    beside(&r->framed, job->file, "InRelease", err) ||
	    beside(&r->detached, job->file, "Release.gpg", err) ||
	    tmk_sign_text_want(job, FRAMED, true, false, err) ||
	    tmk_sign_text_want(job, DETACHED, false, true, err))
		return -1;
	return check_earlier(job, r, err);
}

static int digest(struct tmk_sign_job *job, struct tmk_err *err)
{
	int i;

	for (i = 0; i < job->wants; i++) {
		const struct tmk_sign_text text = text_of(job->priv, i);

		if (tmk_sign_text_digest(&job->want[i], &text, err))
			return -1;
	}
	return 0;
}

static int write_release(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_buf framed = TMK_BUF_INIT(2 * RELEASE_MAX + TMK_SEAL_MAX);
	const struct tmk_buf *detached = &job->want[DETACHED].made.seal;
	const struct tmk_buf *packets = &job->want[FRAMED].made.seal;
	struct release *r = job->priv;
	char *path;
	int rc = -1;

	if (tmk_cleartext_write(&framed, r->text.data, r->text.len,
				packets->data, packets->len, err))
		goto out;
	path = r->framed;
	r->framed = NULL;
	if (tmk_sign_text_put(job, path, FRAMED, framed.data, framed.len, err))
		goto out;
	path = r->detached;
	r->detached = NULL;
	rc = tmk_sign_text_put(job, path, DETACHED, detached->data,
			       detached->len, err);
out:
	tmk_buf_release(&framed);
	return rc;
}

static int check(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct tmk_sign_text framed = text_of(job->priv, FRAMED);

	if (tmk_sign_text_check_framed(&job->output[FRAMED],
				       &job->want[FRAMED], &framed, err))
		return -1;
	return tmk_sign_text_check_detached(&job->output[DETACHED],
					    &job->want[DETACHED], err);
}

static void close_release(struct tmk_sign_job *job)
{
	struct release *r = job->priv;

	if (!r)
		return;
	tmk_buf_release(&r->text);
	free(r->framed);
	free(r->detached);
	free(r);
	job->priv = NULL;
}

const struct tmk_sign_form tmk_sign_form_release = {
	.name = "release",
	.takes = takes,
	.rank = rank,
	.open = open_release,
	.digest = digest,
	.write = write_release,
	.check = check,
	.close = close_release,
};
