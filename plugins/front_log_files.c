#include "plugins/front_log_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static int stop(void *ctx, const struct tmk_chain_line *line,
		struct tmk_err *err)
{
	(void)ctx;
	(void)line;
	(void)err;
	return -1;
}

/* The log that `path` goes on from, in the same folder; NULL when there is
 * none, or it was broken then. *gone: it is said to be, and is not there. */
static int before(char **out, bool *gone, const char *path,
		  struct tmk_err *err)
{
	const struct tmk_chain_visit visit = { .line = stop };
	struct tmk_err ended = TMK_ERR_INIT;
	struct tmk_chain_report r;

	*out = NULL;
	*gone = false;
	/* It always ends there: behind the first line, or with it. */
	(void)!tmk_chain_log_read(&r, path, &visit, &ended);
	if (!r.from[0] || strchr(r.from, '/') || r.was_broken[0])
		return 0;
	*out = tmk_file_resolve(path, NULL, r.from);
	if (!*out)
		return tmk_err_nomem(err);
	if (!tmk_file_exists(*out)) {
		free(*out);
		*out = NULL;
		*gone = true;
	}
	return 0;
}

static bool is_known(const struct tmk_front_log_files *f, const char *path)
{
	int i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->path[i], path))
			return true;
	return false;
}

int tmk_front_log_files(struct tmk_front_log_files *out, const char *path,
			struct tmk_err *err)
{
	struct tmk_front_log_files f = { .path = NULL };
	char *next = strdup(path), **more;

	while (next) {
		more = realloc(f.path, (size_t)(f.n + 1) * sizeof(*more));
		if (!more)
			break;
		f.path = more;
		f.path[f.n++] = next;
		next = NULL;
		if (before(&next, &f.more, f.path[f.n - 1], err)) {
			tmk_front_log_files_release(&f);
			return -1;
		}
		if (next && (f.n == TMK_LOG_FILES_MAX || is_known(&f, next))) {
			free(next);
			next = NULL;
			f.more = true;
		}
	}
	if (next || !f.n) {
		free(next);
		tmk_front_log_files_release(&f);
		return tmk_err_nomem(err);
	}
	*out = f;
	return 0;
}

void tmk_front_log_files_release(struct tmk_front_log_files *files)
{
	int i;

	for (i = 0; i < files->n; i++)
		free(files->path[i]);
	free(files->path);
	files->path = NULL;
	files->n = 0;
}

void tmk_front_log_files_first(struct tmk_front_log_files *files)
{
	while (files->n > 1)
		free(files->path[--files->n]);
}

bool tmk_front_log_files_join(struct tmk_chain_report *before,
			      const struct tmk_chain_report *next)
{
	if (next->first.seq == before->last.seq + 1 &&
	    !strcmp(next->first.prev, before->last.hash))
		return true;
	before->broken = before->lines;
	snprintf(before->text, sizeof(before->text), "the next log does not "
		 "go on from its last entry");
	return false;
}
