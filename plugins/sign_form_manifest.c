/*
 * sign_form_manifest.c - --manifest: FILE.manifest, which lists what is in an
 * archive, and its signatures of every type that was asked for.
 *
 * The signatures are of the manifest's bytes; the manifest has the digests of
 * the archive (docs/PROTOCOL.manifest).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/front_archive.h"
#include "plugins/front_file.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_beside.h"
#include "plugins/sign_job.h"
#include "plugins/sign_text.h"

struct listing {
	struct tmk_buf text;	/* the manifest */
	char *path;		/* where it goes */
	char *seal[TMK_SIGN_WANTS];	/* where each signature goes */
};

static struct tmk_sign_text text_of(const struct listing *l)
{
	return (struct tmk_sign_text){ l->text.data, l->text.len, false };
}

/* ---- where they go ------------------------------------------------------- */

static int choose_path(char **out, const struct tmk_sign_job *job,
		       const char *suffix, struct tmk_err *err)
{
	if (asprintf(out, "%s.manifest%s", job->file, suffix) < 0) {
		*out = NULL;
		return tmk_err_nomem(err);
	}
	return tmk_sign_beside_ok(*out, !*suffix, err);
}

static int choose_wants(struct tmk_sign_job *job, struct listing *l,
			struct tmk_err *err)
{
	const struct tmk_sign_options *o = job->options;
	int i;

	if (choose_path(&l->path, job, "", err))
		return -1;
	for (i = 0; i < o->types; i++) {
		struct tmk_sign_want *w = &job->want[i];

		w->seal = o->seal[i];
		w->type = o->type[i];
		w->armour = w->seal->format == TMK_FORMAT_OPENPGP ||
			w->seal->format == TMK_FORMAT_SSH;
		job->wants++;
		if (choose_path(&l->seal[i], job, w->seal->suffix, err))
			return -1;
	}
	return 0;
}

/* ---- the steps ----------------------------------------------------------- */

/* With --resume: whether all of them are there, and good. */
static int look_back(struct tmk_sign_job *job, const struct listing *l,
		     struct tmk_err *err)
{
	struct tmk_buf there = TMK_BUF_INIT(l->text.len + 1);
	const struct tmk_sign_text text = text_of(l);
	enum tmk_sign_mine mine = TMK_SIGN_MINE;
	int i, rc = 0;

	if (tmk_file_read(&there, l->path, NULL) ||
	    there.len != l->text.len ||
	    memcmp(there.data, l->text.data, there.len))
		mine = TMK_SIGN_FOREIGN;
	for (i = 0; !rc && mine == TMK_SIGN_MINE && i < job->wants; i++) {
		rc = tmk_sign_ready(job, i, err);
		if (!rc)
			rc = tmk_sign_text_mine_in(&mine, job, i, &text,
						   l->seal[i], err);
	}
	job->skip = !rc && mine == TMK_SIGN_MINE;
	tmk_buf_release(&there);
	return rc;
}

static int open_manifest(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return tmk_err_nomem(err);
	job->priv = l;
	tmk_buf_init(&l->text, TMK_FRONT_ARCHIVE_MANIFEST);
	if (tmk_sign_text_no_out(job, err) || choose_wants(job, l, err) ||
	    tmk_front_archive_manifest(&l->text, job->fd,
				       tmk_front_file_name(job->file), err))
		return -1;
	return job->options->resume ? look_back(job, l, err) : 0;
}

static int digest(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct tmk_sign_text text = text_of(job->priv);
	int i;

	for (i = 0; i < job->wants; i++) {
		if (job->want[i].ready->hash == TMK_WHOLE &&
		    text.len > TMK_REQUEST_PAYLOAD_MAX) {
			tmk_err_set(err, TMK_INPUT, "%s: signify signs at "
				    "most %d bytes, and the manifest has "
				    "more", job->file,
				    TMK_REQUEST_PAYLOAD_MAX);
			return tmk_err_hint(err, "leave signify out of "
					    "--type");
		}
		if (tmk_sign_text_digest(&job->want[i], &text, err))
			return -1;
	}
	return 0;
}

static int write_manifest(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct listing *l = job->priv;
	char *path = l->path;
	int i;

	l->path = NULL;
	if (tmk_sign_text_put(job, path, -1, l->text.data, l->text.len, err))
		return -1;
	for (i = 0; i < job->wants; i++) {
		const struct tmk_buf *seal = &job->want[i].made.seal;

		path = l->seal[i];
		l->seal[i] = NULL;
		if (tmk_sign_text_put(job, path, i, seal->data, seal->len,
				      err))
			return -1;
	}
	return 0;
}

static int check(struct tmk_sign_job *job, struct tmk_err *err)
{
	const struct listing *l = job->priv;
	int i;

	if (tmk_sign_text_check_bytes(&job->output[0], l->text.data,
				      l->text.len, err))
		return -1;
	for (i = 0; i < job->wants; i++)
		if (tmk_sign_text_check_detached(&job->output[i + 1],
						 &job->want[i], err))
			return -1;
	return 0;
}

static void close_manifest(struct tmk_sign_job *job)
{
	struct listing *l = job->priv;
	int i;

	if (!l)
		return;
	tmk_buf_release(&l->text);
	free(l->path);
	for (i = 0; i < TMK_SIGN_WANTS; i++)
		free(l->seal[i]);
	free(l);
	job->priv = NULL;
}

const struct tmk_sign_form tmk_sign_form_manifest = {
	.name = "manifest",
	.open = open_manifest,
	.digest = digest,
	.write = write_manifest,
	.check = check,
	.close = close_manifest,
};
