#include "core/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <git2.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "core/config_files.h"

#define LOCK_WAIT_MS 6000	/* for another writer, whose disk is busy */
#define LOCK_PAUSE_MS 20	/* between two looks */

/* The directory of `path`, made when it is missing. */
static int make_dir(const char *path, struct tmk_err *err)
{
	char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
	int ret = 0;

	if (!dir)
		return tmk_err_nomem(err);
	if (slash && slash != dir) {
		*slash = '\0';
		ret = tmk_file_mkdirs(dir, err);
	}
	free(dir);
	return ret;
}

/* The lock is held for as long as it takes to write a small file: somebody
 * who makes several keys at once waits his turn. */
static int open_lock(const char *lock)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };
	int64_t until = tmk_clock_ms() + LOCK_WAIT_MS;
	int fd;

	for (;;) {
		fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST || tmk_clock_ms() >= until)
			return fd;
		nanosleep(&pause, NULL);
	}
}

/* Copy `path` (which may be missing) to a new file `lock`, whose exclusive
 * creation keeps a second writer out as git's own lock files do. */
static int copy_to_lock(const char *path, const char *lock,
			struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_CONFIG_FILE_MAX);
	mode_t mode = 0600;
	struct stat st;
	int fd = -1, ret = -1;

	fd = open_lock(lock);
	if (fd < 0) {
		tmk_err_set(err, TMK_USAGE, "%s: %s", lock, strerror(errno));
		if (errno == EEXIST)
			tmk_err_hint(err, "another program is writing the "
				     "configuration; if none is, remove %s",
				     lock);
		return -1;
	}
	if (!stat(path, &st)) {
		mode = st.st_mode & 0777;
		if (tmk_file_read(&text, path, err) < 0)
			goto out;
	}
	if (fchmod(fd, mode) < 0) {
		tmk_err_set(err, TMK_USAGE, "%s: %s", lock, strerror(errno));
		goto out;
	}
	ret = tmk_file_write_fd(fd, tmk_buf_str(&text), text.len, lock, err);
out:
	if (close(fd) < 0 && !ret)
		ret = tmk_err_set(err, TMK_USAGE, "%s: %s", lock,
				  strerror(errno));
	if (ret < 0)
		unlink(lock);
	tmk_buf_release(&text);
	return ret;
}

/* Changes an open configuration; negative with libgit2's own reason. */
typedef int (*change_fn)(git_config *cfg, void *ctx);

static int change_file(const char *file, change_fn change, void *ctx,
		       struct tmk_err *err)
{
	git_config *cfg = NULL;
	int ret = -1;

	if (tmk_config_files_start(err) < 0)
		return -1;
	if (git_config_open_ondisk(&cfg, file) >= 0)
		ret = change(cfg, ctx);
	if (ret < 0) {
		const git_error *e = git_error_last();

		tmk_err_set(err, TMK_USAGE, "the configuration cannot be "
			    "changed: %s", e && e->message ? e->message :
			    "unknown reason");
	}
	git_config_free(cfg);
	return ret;
}

/* What libgit2 wrote, now under its final name, whole and on the disk. */
static int publish(const char *lock, const char *path, struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_CONFIG_FILE_MAX);
	mode_t mode = 0600;
	struct stat st;
	int ret = -1;

	if (!stat(path, &st))
		mode = st.st_mode & 0777;
	if (!tmk_file_read(&text, lock, err))
		ret = tmk_file_write(path, mode, tmk_buf_str(&text), text.len,
				     err);
	tmk_buf_release(&text);
	return ret;
}

/* Change the user's file in one step. What `change` returns, or negative. */
static int edit(change_fn change, void *ctx, struct tmk_err *err)
{
	char *path = NULL, *real = NULL, *lock = NULL;
	int ret = -1;

	if (tmk_config_user_path(&path, err) < 0)
		return -1;
	if (make_dir(path, err) < 0)
		goto out;
	/* A link into a folder of dot files stays a link. */
	real = realpath(path, NULL);
	if (!real)
		real = strdup(path);
	if (!real || asprintf(&lock, "%s.lock", real) < 0) {
		lock = NULL;
		tmk_err_nomem(err);
		goto out;
	}
	if (copy_to_lock(real, lock, err) < 0)
		goto out;
	ret = change_file(lock, change, ctx, err);
	if (!ret)
		ret = publish(lock, real, err);
	unlink(lock);
out:
	free(path);
	free(real);
	free(lock);
	return ret;
}

struct setting {
	const struct tmk_config_value *values;
	int n;
};

static int set_values(git_config *cfg, void *ctx)
{
	const struct setting *s = ctx;
	int i;

	for (i = 0; i < s->n; i++)
		if (git_config_set_string(cfg, s->values[i].name,
					  s->values[i].value) < 0)
			return -1;
	return 0;
}

int tmk_config_set_all(const struct tmk_config_value *values, int n,
		       struct tmk_err *err)
{
	struct setting s = { values, n };

	return edit(set_values, &s, err);
}

int tmk_config_set(const char *section_key, const char *value,
		   struct tmk_err *err)
{
	struct tmk_config_value one = { section_key, value };

	return tmk_config_set_all(&one, 1, err);
}

/* ---- forgetting ---------------------------------------------------------- */

#define FORGET_MAX 64		/* different names in one section */

struct forgetting {
	const char *key;	/* name of the section */
	const char *uri;	/* only this of its URIs; NULL: all of it */
	char *name[FORGET_MAX];	/* what is to go */
	int n;
	bool is_default;	/* touchmark.key names it */
};

static bool is_of(const struct forgetting *f, const git_config_entry *e)
{
	static const char section[] = "touchmark.";
	size_t len = strlen(f->key), head = sizeof(section) - 1;
	const char *name = e->name;

	return !strncmp(name, section, head) &&
	       !strncmp(name + head, f->key, len) &&
	       name[head + len] == '.' && !strchr(name + head + len + 1, '.');
}

/* A name that repeats is removed with all its values at once. */
static int note(struct forgetting *f, const char *name)
{
	int i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->name[i], name))
			return 0;
	if (f->n == FORGET_MAX)
		return -1;
	f->name[f->n] = strdup(name);
	return f->name[f->n++] ? 0 : -1;
}

static int find_names(struct forgetting *f, git_config *cfg)
{
	git_config_iterator *it = NULL;
	git_config_entry *e = NULL;
	int ret = 0;

	if (git_config_iterator_new(&it, cfg) < 0)
		return -1;
	while (!ret && !git_config_next(&e, it)) {
		if (is_of(f, e))
			ret = note(f, e->name);
		else if (!strcmp(e->name, "touchmark.key") && e->value &&
			 !strcmp(e->value, f->key))
			f->is_default = true;
	}
	git_config_iterator_free(it);
	return ret;
}

/* Append `uri` as a regular expression that is this text alone. */
static int add_literal(struct tmk_buf *out, const char *uri)
{
	int rc = tmk_buf_addch(out, '^');

	for (; *uri && !rc; uri++) {
		if (strchr("\\^$.[]|()*+?{}", *uri))
			rc = tmk_buf_addch(out, '\\');
		if (!rc)
			rc = tmk_buf_addch(out, *uri);
	}
	return rc ? rc : tmk_buf_addch(out, '$');
}

static int forget_uri(const struct forgetting *f, git_config *cfg)
{
	struct tmk_buf name = TMK_BUF_INIT(256), is = TMK_BUF_INIT(16384);
	int ret = -1;

	if (!tmk_buf_printf(&name, "touchmark.%s.uri", f->key) &&
	    !add_literal(&is, f->uri))
		ret = git_config_delete_multivar(cfg, tmk_buf_str(&name),
						 tmk_buf_str(&is));
	tmk_buf_release(&name);
	tmk_buf_release(&is);
	return ret == GIT_ENOTFOUND ? 1 : ret;
}

static int forget(git_config *cfg, void *ctx)
{
	struct forgetting *f = ctx;
	int i;

	if (f->uri)
		return forget_uri(f, cfg);
	if (find_names(f, cfg))
		return -1;
	for (i = 0; i < f->n; i++)
		if (git_config_delete_multivar(cfg, f->name[i], ".*") < 0)
			return -1;
	if (f->is_default && git_config_delete_entry(cfg, "touchmark.key") < 0)
		return -1;
	return f->n || f->is_default ? 0 : 1;
}

int tmk_config_forget(const char *key, const char *uri, struct tmk_err *err)
{
	struct forgetting f = { .key = key, .uri = uri };
	int ret = edit(forget, &f, err);

	while (f.n)
		free(f.name[--f.n]);
	return ret;
}
