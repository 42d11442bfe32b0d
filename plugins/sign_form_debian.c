/*
 * sign_form_debian.c - .dsc, .buildinfo and .changes, clearsigned in place.
 *
 * Each of them names those before it by hash, so signing one changes the
 * others: with a .changes the .dsc and .buildinfo that it names are signed
 * first, with a .dsc alone what names it follows. All that will be written is
 * known before the first file is replaced.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/control_kind.h"
#include "plugins/front_file.h"
#include "plugins/sign_ask.h"
#include "plugins/sign_debian.h"

/* What stands behind the last dot; "" when there is none. */
static const char *ending(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : "";
}

static bool takes(const char *name, const uint8_t *head, size_t len)
{
	enum tmk_control_kind kind = tmk_control_kind_of(name, head, len);
	const char *end = ending(name);

	/* By their names too, so that a broken one is refused and not signed
	 * as any file is. */
	return kind == TMK_CONTROL_DSC || kind == TMK_CONTROL_BUILDINFO ||
		kind == TMK_CONTROL_CHANGES || !strcmp(end, "dsc") ||
		!strcmp(end, "buildinfo") || !strcmp(end, "changes");
}

/* FNV-1a, of what stands behind the last underscore: amd64.changes. */
static int number_of(const char *name)
{
	const char *p = strrchr(name, '_');
	uint32_t h = 2166136261u;

	for (p = p ? p : name; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return (int)(h >> 4);
}

/*
 * What is named before what names it. Two .changes (or .buildinfo) of one
 * upload may name the same files, so they are of different ranks: the second
 * is opened when the first and what it has changed is on the disk. Those of
 * different uploads share their ranks, and are signed side by side.
 */
static int rank(const char *name)
{
	if (!strcmp(ending(name), "changes"))
		return (1 << 29) + number_of(name);
	return !strcmp(ending(name), "buildinfo") ? 1 + number_of(name) : 0;
}

static int open_debian(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_debian_set *set = calloc(1, sizeof(*set));

	if (!set)
		return tmk_err_nomem(err);
	job->priv = set;
	if (tmk_sign_text_no_out(job, err) ||
	    tmk_front_file_beside_ok(job->file, err) ||
	    tmk_sign_text_want(job, 0, true, false, err) ||
	    tmk_sign_ready(job, 0, err))
		return -1;
	return tmk_debian_plan(set, job, err);
}

static int digest(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_debian_set *set = job->priv;
	struct tmk_sign_want *want = &job->want[job->asked];
	int i;

	if (tmk_debian_work(set, job, job->asked, err))
		return -1;
	for (i = 0; i < set->files; i++)
		if (set->file[i]->want == job->asked) {
			const struct tmk_buf *fresh = &set->file[i]->fresh;
			const struct tmk_sign_text text = {
				fresh->data, fresh->len, true
			};

			return tmk_sign_text_digest(want, &text, err);
		}
	return tmk_err_set(err, TMK_INTERNAL, "nothing to sign");
}

static int write_debian(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_debian_set *set = job->priv;
	char *path;
	int i;

	if (tmk_debian_work(set, job, -1, err))
		return -1;
	for (i = 0; i < set->files; i++) {
		const struct tmk_debian_file *f = set->file[i];

		if (!f->whole.len)
			continue;
		path = strdup(f->path);
		if (!path)
			return tmk_err_nomem(err);
		if (tmk_sign_text_put(job, path, f->want, f->whole.data,
				      f->whole.len, err))
			return -1;
	}
	return 0;
}

/* Whether it is still the file that was read. */
static int check_same(const struct tmk_debian_file *f, struct tmk_err *err)
{
	struct stat st;

	if (!lstat(f->path, &st) && st.st_ino == f->seen.st_ino &&
	    st.st_dev == f->seen.st_dev && st.st_size == f->seen.st_size &&
	    st.st_mtim.tv_sec == f->seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == f->seen.st_mtim.tv_nsec)
		return 0;
	tmk_err_set(err, TMK_INPUT, "%s changed while it was signed", f->path);
	return tmk_err_hint(err, "nothing was changed; try again");
}

static int check_output(const struct tmk_sign_job *job,
			const struct tmk_sign_output *o,
			const struct tmk_debian_file *f, struct tmk_err *err)
{
	const struct tmk_sign_text text = {
		f->fresh.data, f->fresh.len, true
	};

	return f->sign ? tmk_sign_text_check_framed(o, &job->want[f->want],
						    &text, err) :
		tmk_sign_text_check_bytes(o, f->whole.data, f->whole.len, err);
}

static int check(struct tmk_sign_job *job, struct tmk_err *err)
{
	struct tmk_debian_set *set = job->priv;
	int i, output = 0;

	for (i = 0; i < set->files; i++) {
		const struct tmk_debian_file *f = set->file[i];

		if (!f->whole.len)
			continue;
		if (check_output(job, &job->output[output++], f, err) ||
		    check_same(f, err))
			return -1;
	}
	return 0;
}

static void close_debian(struct tmk_sign_job *job)
{
	struct tmk_debian_set *set = job->priv;

	if (!set)
		return;
	tmk_debian_set_release(set);
	free(set);
	job->priv = NULL;
}

const struct tmk_sign_form tmk_sign_form_debian = {
	.name = "debian",
	.chained = true,
	.takes = takes,
	.rank = rank,
	.open = open_debian,
	.digest = digest,
	.write = write_debian,
	.check = check,
	.close = close_debian,
};
