/* The ways of carrying a signature, and the files that they make. */
#include "plugins/sign_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order they are asked: what is told by its name and a few words comes
 * before what is told by its first bytes. */
static const struct tmk_sign_form *const forms[] = {
	&tmk_sign_form_package,
	&tmk_sign_form_debian,
	&tmk_sign_form_release,
	&tmk_sign_form_repomd,
};

#define FORMS ((int)(sizeof(forms) / sizeof(*forms)))

const struct tmk_sign_form *
tmk_sign_form_of(const struct tmk_sign_options *options, const char *file,
		 const uint8_t *head, size_t len)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	int i;

	if (options->manifest)
		return &tmk_sign_form_manifest;
	for (i = 0; options->embed && i < FORMS; i++)
		if (forms[i]->takes(name, head, len))
			return forms[i];
	return &tmk_sign_form_detached;
}

/* ---- what they make -------------------------------------------------------- */

static struct tmk_sign_output *add(struct tmk_sign_job *job, char *path,
				   int want, struct tmk_err *err)
{
	struct tmk_sign_output *o = &job->output[job->outputs];

	if (job->outputs == TMK_SIGN_OUTPUTS || !path) {
		free(path);
		tmk_err_set(err, TMK_INTERNAL, "more than %d files at once",
			    TMK_SIGN_OUTPUTS);
		return NULL;
	}
	memset(o, 0, sizeof(*o));
	o->file = (struct tmk_newfile)TMK_NEWFILE_INIT;
	o->path = path;
	o->want = want;
	job->outputs++;
	return o;
}

/* The new file is read and written by whom the old one was. */
static int take_mode(const struct tmk_sign_output *o, const struct stat *old,
		     struct tmk_err *err)
{
	struct stat now;

	if (fstat(o->file.fd, &now))
		return tmk_err_set(err, TMK_INPUT, "%s: %s", o->file.temp,
				   strerror(errno));
	/* Only root can, and for others it is as with any program. */
	if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
	    fchown(o->file.fd, old->st_uid, old->st_gid) && !geteuid())
		return tmk_err_set(err, TMK_INPUT, "cannot give %s its "
				   "owner: %s", o->path, strerror(errno));
	if ((now.st_mode ^ old->st_mode) & 0777 &&
	    fchmod(o->file.fd, old->st_mode & 0777))
		return tmk_err_set(err, TMK_INPUT, "cannot give %s its mode: "
				   "%s", o->path, strerror(errno));
	return 0;
}

int tmk_sign_output_new(struct tmk_sign_output **out, struct tmk_sign_job *job,
			char *path, int want, struct tmk_err *err)
{
	struct tmk_sign_output *o = add(job, path, want, err);
	struct stat old;
	bool there;

	if (!o)
		return -1;
	there = !lstat(o->path, &old) && S_ISREG(old.st_mode);
	/* Who may not read the old one must not open the new one before it has
	 * its mode. */
	if (tmk_newfile_open(&o->file, o->path, there ? 0600 : 0666, err) ||
	    (there && take_mode(o, &old, err)))
		return -1;
	*out = o;
	return 0;
}

int tmk_sign_output_direct(struct tmk_sign_job *job, char *path, int want,
			   const struct tmk_buf *bytes, struct tmk_err *err)
{
	struct tmk_sign_output *o = add(job, path, want, err);

	if (!o)
		return -1;
	o->direct = bytes;
	return 0;
}

void tmk_sign_output_release(struct tmk_sign_job *job)
{
	while (job->outputs) {
		struct tmk_sign_output *o = &job->output[--job->outputs];

		tmk_newfile_release(&o->file);
		free(o->path);
		o->path = NULL;
	}
}
