#include "core/config_files.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "core/config_memo.h"
#include "core/config_parse.h"
#include "core/config_program.h"
#include "core/config_repo.h"

#define OWN_FILES 2	/* sequence numbers that our own files take */

struct walk {
	const char *prefix;	/* NULL: everything */
	const char *section;	/* that the prefix begins with; or NULL */
	tmk_config_visit visit;
	void *ctx;
	struct tmk_err *err;
	const char *file;
	enum tmk_config_origin origin;
	int sequence;
	bool noting;		/* what is read now is kept */
};

static int give(struct walk *w, const char *name, const char *value,
		bool included)
{
	struct tmk_config_entry e = {
		.name = name,
		.value = value,
		.file = w->file,
		.origin = w->origin,
		.sequence = w->sequence,
		.included = included,
	};

	if (w->prefix && strncmp(name, w->prefix, strlen(w->prefix)))
		return 0;
	return w->visit(w->ctx, &e, w->err);
}

static int on_entry(void *ctx, const char *name, const char *value,
		    bool included)
{
	struct walk *w = ctx;

	if (w->noting)
		tmk_config_memo_note(name, value, included);
	return give(w, name, value, included);
}

/* One that was kept: it includes nothing. */
static int on_kept(void *ctx, const char *name, const char *value)
{
	return give(ctx, name, value, false);
}

/* Parse one file. */
static int walk_file(struct walk *w, const char *path)
{
	w->file = path;
	return tmk_config_parse(path, w->section, on_entry, w, w->err);
}

/* 1 when there is a regular file, 0 when there is nothing to read (absent, or
 * /dev/null standing for an empty file). */
static int there(struct stat *st, const char *path, struct tmk_err *err)
{
	if (stat(path, st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return tmk_err_set(err, TMK_USAGE, "%s: %s", path,
				   strerror(errno));
	}
	if (S_ISCHR(st->st_mode))
		return 0;
	if (!S_ISREG(st->st_mode))
		return tmk_err_set(err, TMK_USAGE, "%s: not a regular file",
				   path);
	if (st->st_size > TMK_CONFIG_FILE_MAX)
		return tmk_err_set(err, TMK_USAGE,
				   "%s: larger than %d bytes", path,
				   TMK_CONFIG_FILE_MAX);
	return 1;
}

/* The same, or what is known of it from the last time. */
static int walk_own(struct walk *w, const char *path, const struct stat *st)
{
	int rc;

	w->file = path;
	rc = tmk_config_memo_replay(path, st, on_kept, w);
	if (rc <= 0)
		return rc;
	w->noting = true;
	tmk_config_memo_begin();
	rc = walk_file(w, path);
	tmk_config_memo_end(path, st, !rc);
	w->noting = false;
	return rc;
}

/* Our own files may name a module, which is code: they must be ours. */
static int own_file(struct walk *w, const char *path)
{
	struct stat st;
	int found = there(&st, path, w->err);

	w->sequence++;
	if (found <= 0)
		return found;
	if ((st.st_uid != geteuid() && st.st_uid != 0) ||
	    (st.st_mode & S_IWOTH)) {
		tmk_err_set(w->err, TMK_USAGE, "%s: %s", path,
			    st.st_mode & S_IWOTH ?
			    "anybody may write this file" :
			    "this file belongs to another user");
		return tmk_err_hint(w->err, "it can name code to load: chown "
				    "it to yourself and chmod o-w %s", path);
	}
	return walk_own(w, path, &st);
}

char *tmk_config_files_xdg(const char *tail)
{
	const char *xdg = tmk_config_env_get("XDG_CONFIG_HOME");
	const char *home = tmk_config_env_get("HOME");
	char *path = NULL;

	/* A relative one is to be ignored: XDG base directories 0.8. */
	if (xdg && *xdg == '/') {
		if (asprintf(&path, "%s/%s", xdg, tail) < 0)
			return NULL;
	} else if (home && *home == '/') {
		if (asprintf(&path, "%s/.config/%s", home, tail) < 0)
			return NULL;
	}
	return path;
}

int tmk_config_files_own(tmk_config_visit visit, void *ctx,
			 struct tmk_err *err)
{
	const char *named = tmk_config_env_get("TOUCHMARK_CONFIG");
	struct walk w = { .visit = visit, .ctx = ctx, .err = err };
	char *user = NULL;
	int ret = -1;

	w.origin = TMK_ORIGIN_USER;
	if (named && *named) {
		ret = own_file(&w, named);
		goto out;
	}
	w.origin = TMK_ORIGIN_SYSTEM;
	if (own_file(&w, "/etc/touchmark/config") < 0)
		goto out;
	w.origin = TMK_ORIGIN_USER;
	user = tmk_config_files_xdg("touchmark/config");
	ret = user ? own_file(&w, user) : 0;
out:
	free(user);
	return ret;
}

/* ---- git's files -------------------------------------------------------- */

#define GIT_FILES_MAX 5

struct git_files {
	char *path[GIT_FILES_MAX];
	enum tmk_config_origin origin[GIT_FILES_MAX];
	bool parse[GIT_FILES_MAX];	/* says something about the prefix */
	int count;
	char *git_dir;			/* NULL: no repository */
	bool conditional;		/* an includeIf stands somewhere */
};

/* Takes `path`; NULL is passed over. */
static void add_file(struct git_files *f, char *path,
		     enum tmk_config_origin origin)
{
	if (!path)
		return;
	f->path[f->count] = path;
	f->origin[f->count++] = origin;
}

static char *join(const char *dir, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* A boolean as git-config(1) has it: a number may have a unit. */
static bool is_true(const char *text)
{
	char *end;

	if (!text || !*text)
		return false;
	if (!strcasecmp(text, "true") || !strcasecmp(text, "yes") ||
	    !strcasecmp(text, "on"))
		return true;
	if (!strtol(text, &end, 0) || end == text)
		return false;
	return !*end || (strchr("kKmMgG", *end) && !end[1]);
}

/* git(1), ENVIRONMENT: GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM, _NOSYSTEM. */
static void add_user_files(struct git_files *f)
{
	const char *global = tmk_config_env_get("GIT_CONFIG_GLOBAL");
	const char *sys = tmk_config_env_get("GIT_CONFIG_SYSTEM");
	const char *home = tmk_config_env_get("HOME");

	if (!is_true(tmk_config_env_get("GIT_CONFIG_NOSYSTEM")))
		add_file(f, strdup(sys && *sys ? sys : "/etc/gitconfig"),
			 TMK_ORIGIN_GIT_SYSTEM);
	if (global) {
		if (*global)
			add_file(f, strdup(global), TMK_ORIGIN_GIT_USER);
		return;
	}
	add_file(f, tmk_config_files_xdg("git/config"), TMK_ORIGIN_GIT_USER);
	if (home && *home == '/')
		add_file(f, join(home, ".gitconfig"), TMK_ORIGIN_GIT_USER);
}

static int add_repo_files(struct git_files *f, const char *repo_dir,
			  struct tmk_err *err)
{
	const char *env = tmk_config_env_get("GIT_DIR");
	char *common;

	if (env && *env) {
		f->git_dir = strdup(env);
		if (!f->git_dir)
			return tmk_err_nomem(err);
	} else if (tmk_config_repo_find(&f->git_dir, repo_dir,
			tmk_config_env_get("GIT_CEILING_DIRECTORIES"), err)) {
		return -1;
	}
	if (!f->git_dir)
		return 0;
	common = tmk_config_repo_common(f->git_dir);
	if (!common)
		return tmk_err_nomem(err);
	add_file(f, join(common, "config"), TMK_ORIGIN_GIT_REPO);
	add_file(f, join(f->git_dir, "config.worktree"), TMK_ORIGIN_GIT_REPO);
	free(common);
	return 0;
}

/* Whether a word occurs in the bytes, in upper or lower case, whatever else
 * (NUL bytes too) stands there. */
static bool holds(const struct tmk_buf *text, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; i + n <= text->len; i++)
		if (!strncasecmp((const char *)text->data + i, word, n))
			return true;
	return false;
}

/* Look at the bytes: most files say nothing about us, and parsing them (or
 * opening the repository for their conditions) would cost every commit. */
static int scan(struct git_files *f, int i, const char *section,
		struct tmk_err *err)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_CONFIG_FILE_MAX);
	struct stat st;
	int ret = there(&st, f->path[i], err);

	if (ret <= 0)
		return ret;
	if (access(f->path[i], R_OK) < 0 && errno == EACCES &&
	    f->origin[i] != TMK_ORIGIN_GIT_REPO)
		return 0;	/* as git itself: somebody else's home */
	if (tmk_file_read(&text, f->path[i], err) < 0) {
		if (err)
			err->code = TMK_USAGE;
		return -1;
	}
	f->parse[i] = holds(&text, section) || holds(&text, "include");
	if (holds(&text, "includeif"))
		f->conditional = true;
	tmk_buf_release(&text);
	return 0;
}

/* Visit what the scan left. */
static int visit_git(struct walk *w, const struct git_files *f)
{
	int i;

	for (i = 0; i < f->count; i++) {
		w->sequence++;
		if (!f->parse[i])
			continue;
		w->origin = f->origin[i];
		if (walk_file(w, f->path[i]) < 0)
			return -1;
	}
	return tmk_config_env_visit(w->prefix, w->sequence + 1, w->visit,
				    w->ctx, w->err);
}

int tmk_config_files_git(const char *repo_dir, const char *prefix,
			 tmk_config_visit visit, void *ctx,
			 struct tmk_err *err)
{
	struct walk w = { .prefix = prefix, .visit = visit, .ctx = ctx,
			  .err = err, .sequence = OWN_FILES };
	struct git_files f = { .count = 0 };
	char *section = NULL;
	int ret = -1, i;

	section = strndup(prefix, strcspn(prefix, "."));
	if (!section) {
		tmk_err_nomem(err);
		goto out;
	}
	w.section = section;
	add_user_files(&f);
	if (repo_dir && add_repo_files(&f, repo_dir, err) < 0)
		goto out;
	for (i = 0; i < f.count; i++)
		if (scan(&f, i, section, err) < 0)
			goto out;
	/* What a condition asks (the branch, remotes, worktrees) git knows
	 * best, in repositories too that libgit2 cannot open. */
	ret = f.conditional && f.git_dir ?
		tmk_config_program_visit(repo_dir, prefix, w.sequence + 1,
					 visit, ctx, err) :
		visit_git(&w, &f);
out:
	for (i = 0; i < f.count; i++)
		free(f.path[i]);
	free(f.git_dir);
	free(section);
	return ret;
}

/* ---- one value ---------------------------------------------------------- */

struct one {
	const char *name;
	char *value;
};

static int keep_last(void *ctx, const struct tmk_config_entry *e,
		     struct tmk_err *err)
{
	struct one *one = ctx;

	if (strcmp(e->name, one->name))
		return 0;
	free(one->value);
	one->value = strdup(e->value ? e->value : "");
	return one->value ? 0 : tmk_err_nomem(err);
}

int tmk_config_files_git_get(char **out, const char *repo_dir,
			     const char *name, struct tmk_err *err)
{
	struct one one = { NULL, NULL };
	char *fold = strdup(name);
	int ret = -1;

	if (!fold)
		return tmk_err_nomem(err);
	tmk_config_env_fold(fold);
	one.name = fold;
	if (!tmk_config_files_git(repo_dir, fold, keep_last, &one, err)) {
		*out = one.value;
		one.value = NULL;
		ret = 0;
	}
	free(one.value);
	free(fold);
	return ret;
}

/* ---- where a key stands ------------------------------------------------- */

static bool line_has_key(const char *line, size_t len, const char *key)
{
	size_t n = strlen(key), i = 0;

	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	if (len - i < n || strncasecmp(line + i, key, n))
		return false;
	return len - i == n || strchr(" \t=\r", line[i + n]);
}

int tmk_config_files_line(const struct tmk_config_entry *e)
{
	struct tmk_buf text = TMK_BUF_INIT(TMK_CONFIG_FILE_MAX);
	const char *key = strrchr(e->name, '.'), *p, *end, *stop;
	int line = 1, hit = 0, hits = 0;

	if (!key || e->included || *e->file != '/' ||
	    tmk_file_read(&text, e->file, NULL) < 0)
		return 0;
	p = (const char *)text.data;
	end = p + text.len;
	for (; text.len && p < end; line++) {
		stop = memchr(p, '\n', end - p);
		if (!stop)
			stop = end;
		if (line_has_key(p, stop - p, key + 1)) {
			hit = line;
			hits++;
		}
		p = stop + 1;
	}
	tmk_buf_release(&text);
	return hits == 1 ? hit : 0;
}
