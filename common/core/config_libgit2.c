/* The parser itself: libgit2 in this process. */
#include "core/config_parse.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <git2.h>

#include "core/config_files.h"
#include "core/config_stream.h"

struct parse {
	const char *section;
	tmk_config_parse_visit visit;
	void *ctx;
};

int tmk_config_files_start(struct tmk_err *err)
{
	static bool started;

	/* Starting libgit2 makes it read the system's CA bundle: more than
	 * three milliseconds. So it is done once and never undone. */
	if (!started && git_libgit2_init() < 0)
		return tmk_err_set(err, TMK_INTERNAL, "libgit2 did not start");
	if (!started)
		git_error_clear();
	started = true;
	return 0;
}

/* What keeps a file from being opened, of which libgit2 gives no reason. */
static int open_fault(const char *path, struct tmk_err *err)
{
	tmk_err_set(err, TMK_USAGE, "%s: %s", path, access(path, R_OK) ?
		    strerror(errno) : "cannot be read");
	return tmk_err_hint(err, "it must be a file that you may read: ls -l "
			    "%s", path);
}

static int git_fault(const char *path, struct tmk_err *err)
{
	const git_error *e = git_error_last();

	if (!e || e->klass == GIT_ERROR_NONE || !e->message)
		return open_fault(path, err);
	tmk_err_set(err, TMK_USAGE, "%s: %s", path, e->message);
	return tmk_err_hint(err, "mend the file; git config --file %s --list "
			    "shows where git stops", path);
}

static int on_entry(const git_config_entry *e, void *ctx)
{
	const struct parse *p = ctx;

	if (!tmk_config_stream_wants(p->section, e->name))
		return 0;
	return p->visit(p->ctx, e->name, e->value, e->include_depth > 0) < 0 ?
		GIT_EUSER : 0;
}

int tmk_config_parse(const char *path, const char *section,
		     tmk_config_parse_visit visit, void *ctx,
		     struct tmk_err *err)
{
	struct parse p = { section, visit, ctx };
	git_config *cfg = NULL;
	int ret = -1, rc;

	if (tmk_config_files_start(err) < 0)
		return -1;
	if (git_config_open_ondisk(&cfg, path) < 0) {
		git_fault(path, err);
		goto out;
	}
	rc = git_config_foreach(cfg, on_entry, &p);
	if (rc < 0 && rc != GIT_EUSER)
		git_fault(path, err);
	ret = rc ? -1 : 0;
out:
	git_config_free(cfg);
	return ret;
}
