/*
 * sign_form_repomd.c - the repomd.xml of a repository of rpms: repomd.xml.asc,
 * its detached signature, beside it.
 *
 * The files that it names and that are there must be what it says.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/repomd.h"
#include "plugins/front_file.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_job.h"
#include "plugins/sign_listed.h"
#include "plugins/sign_text.h"

struct repository {
	struct tmk_buf text;
	char *signature;	/* where it goes */
};

static bool takes(const char *name, const uint8_t *head, size_t len)
{
	/* By its name too, so that a broken one is refused and not signed as
	 * any file is. */
	return tmk_repomd_is(head, len) || !strcmp(name, "repomd.xml");
}

static int rank(const char *name)
{
	return strcmp(name, "repomd.xml") ? 0 : 1 << 30;
}

/* ---- what it says -------------------------------------------------------- */

static enum tmk_listed_hash hash_of(const char *algorithm)
{
	return !strcmp(algorithm, "sha512") ? TMK_LISTED_SHA512 :
		!strcmp(algorithm, "sha384") ? TMK_LISTED_SHA384 :
		TMK_LISTED_SHA256;
}

static int add_files(struct tmk_sign_listed *listed,
		     const struct tmk_repomd *md, struct tmk_verdict *v,
		     struct tmk_err *err)
{
	int i;

	for (i = 0; i < md->files; i++) {
		const struct tmk_repomd_file *f = &md->file[i];

		if (f->elsewhere)
			continue;
		if (!tmk_repomd_is_inside(f->href))
			return tmk_verdict_refuse(v, TMK_OBJECT_MALFORMED,
				"the href %s leads out of the repository",
				f->href);
		if (tmk_sign_listed_add(listed, f->href, strlen(f->href),
					hash_of(f->algorithm), f->checksum,
					strlen(f->checksum), f->sized,
					f->size, err))
			return -1;
	}
	return 0;
}

/* The directory from which the paths are seen: above the one with the
 * repomd.xml. */
static int open_root(int *dir, const char *file, struct tmk_err *err)
{
	const char *slash = strrchr(file, '/');
	char *above;
	int rc;

	if (asprintf(&above, "%.*s../", slash ? (int)(slash - file) + 1 : 0,
		     file) < 0)
		return tmk_err_nomem(err);
	rc = tmk_sign_listed_directory(dir, above, err);
	free(above);
	return rc;
}

static int check_content(struct tmk_sign_job *job, const struct repository *r,
			 struct tmk_err *err)
{
	struct tmk_sign_listed listed = TMK_SIGN_LISTED_INIT;
	struct tmk_verdict v = TMK_VERDICT_INIT;
	struct tmk_repomd *md = NULL;
	int dir = -1, rc = -1;

	if (tmk_repomd_read(&md, r->text.data, r->text.len, &v, err) ||
	    (md && add_files(&listed, md, &v, err)))
		goto out;
	if (v.reason != TMK_GOOD) {
		tmk_sign_listed_refuse(err, job->file, &v);
		goto out;
	}
	if (open_root(&dir, job->file, err))
		goto out;
	rc = tmk_sign_listed_check(&listed, dir, true, job->file, err);
out:
	if (dir >= 0)
		close(dir);
	tmk_sign_listed_release(&listed);
	free(md);
	return rc;
}

/* ---- the steps ----------------------------------------------------------- */

static struct tmk_sign_text text_of(const struct repository *r)
{
	return (struct tmk_sign_text){ r->text.data, r->text.len, false };
}

static int check_earlier(struct tmk_sign_job *job, const struct repository *r,
			 struct tmk_err *err)
{
	const struct tmk_sign_text text = text_of(r);
	enum tmk_sign_mine mine;

	if (job->options->resign)
		return 0;
	if (tmk_sign_ready(job, 0, err) ||
	    tmk_sign_text_mine_in(&mine, job, 0, &text, r->signature, err))
		return -1;
	if (mine < TMK_SIGN_BARE)
		return 0;
	if (!job->options->resume)
		return tmk_sign_text_already(err, job->file);
	job->skip = mine == TMK_SIGN_MINE;
	return 0;
}

static int open_repomd(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct repository *r = calloc(1, sizeof(*r));

	if (!r)
		return tmk_err_nomem(err);
	job->priv = r;
	tmk_buf_init(&r->text, TMK_REPOMD_MAX);
	if (tmk_sign_text_no_out(job, err) ||
	    tmk_file_read_fd(&r->text, job->fd, job->file, err) ||
	    check_content(job, r, err))
		return -1;
	if (asprintf(&r->signature, "%s.asc", job->file) < 0) {
		r->signature = NULL;
		return tmk_err_nomem(err);
	}
	if (tmk_front_file_beside_ok(r->signature, err) ||
	    tmk_sign_text_want(job, 0, false, true, err))
		return -1;
	return check_earlier(job, r, err);
}

static int digest(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct tmk_sign_text text = text_of(job->priv);

	return tmk_sign_text_digest(&job->want[0], &text, err);
}

static int write_repomd(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct tmk_buf *seal = &job->want[0].made.seal;
	struct repository *r = job->priv;
	char *path = r->signature;

	r->signature = NULL;
	return tmk_sign_text_put(job, path, 0, seal->data, seal->len, err);
}

static int check(struct tmk_sign_job *job, struct tmk_err *err)
{
	return tmk_sign_text_check_detached(&job->output[0], &job->want[0],
					    err);
}

static void close_repomd(struct tmk_sign_job *job)
{
	struct repository *r = job->priv;

	if (!r)
		return;
	tmk_buf_release(&r->text);
	free(r->signature);
	free(r);
	job->priv = NULL;
}

const struct tmk_sign_form tmk_sign_form_repomd = {
	.name = "repomd",
	.takes = takes,
	.rank = rank,
	.open = open_repomd,
	.digest = digest,
	.write = write_repomd,
	.check = check,
	.close = close_repomd,
};
