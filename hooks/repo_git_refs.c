/*
 * repo_git_refs.c - refs, asked of git: one by one while they are few, from a
 * list of all of them when a push has many commands.
 */
#include "hooks/repo_git.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SINGLE_MAX 32	/* asked one by one: a process or two for each */
#define REFS_MAX 5000000

/* What `name` ends in, when it is symbolic, be there a ref or not: "" for one
 * that is not. Links without an end are an error. */
static int symbolic(struct tmk_repo *repo, char *target, const char *name,
		    struct tmk_err *err)
{
	const char *const argv[] = { "symbolic-ref", "-q", name, NULL };
	struct tmk_buf text = TMK_BUF_INIT(TMK_REPO_REF_MAX);
	int status = 0, ret = -1;

	/* 1: no symbolic ref, or none at all */
	if (tmk_repo_child_run(&tmk_repo_git_of(repo)->tool, argv, &text,
			       &status, 1, TMK_INTERNAL, err) < 0)
		goto out;
	target[0] = '\0';
	if (!status) {
		if (text.len < 2 || text.data[text.len - 1] != '\n' ||
		    strlen((char *)text.data) != text.len) {
			tmk_err_set(err, TMK_INTERNAL, "git symbolic-ref "
				    "gives no name");
			goto out;
		}
		memcpy(target, text.data, text.len - 1);
		target[text.len - 1] = '\0';
	}
	ret = 0;
out:
	tmk_buf_release(&text);
	return ret;
}

/* Hand out what for-each-ref lists, up to a visitor that does not want more:
 * negative ends with failure, positive without. */
typedef int (*take_ref)(void *ctx, const struct tmk_repo_ref *ref,
			struct tmk_err *err);

static int each_ref(struct tmk_repo *repo, const char *pattern, take_ref take,
		    void *ctx, struct tmk_err *err)
{
	const char *const argv[] = { "for-each-ref", TMK_REPO_ANSWER_REF,
				     pattern, NULL };
	char line[TMK_REPO_ANSWER_REF_MAX + 1];
	struct tmk_repo_child c;
	struct tmk_repo_ref ref;
	size_t len = 0;
	int rc, status = 0;

	if (tmk_repo_child_start(&c, &tmk_repo_git_of(repo)->tool, argv,
				 err) < 0)
		return -1;
	while ((rc = tmk_repo_child_line(&c, line, sizeof(line), &len,
					 err)) > 0) {
		if (!tmk_repo_answer_ref(&ref, line, len, repo->hex))
			return tmk_repo_child_failed(&c, "gives a line that "
						     "is no ref", err);
		rc = take(ctx, &ref, err);
		if (rc) {
			tmk_repo_child_stop(&c);
			return rc < 0 ? -1 : 0;
		}
	}
	if (rc < 0 || tmk_repo_child_finish(&c, &status, err) < 0)
		return -1;
	if (status)
		return tmk_repo_child_failed(&c, "failed", err);
	tmk_repo_child_stop(&c);
	return 0;
}

/* ---- all of them --------------------------------------------------------- */

struct visitor {
	const char *prefix;
	tmk_repo_visit visit;
	void *ctx;
};

static int visit_direct(void *ctx, const struct tmk_repo_ref *ref,
			struct tmk_err *err)
{
	const struct visitor *v = ctx;

	if (*ref->target || strncmp(ref->name, v->prefix, strlen(v->prefix)))
		return 0;
	return v->visit(v->ctx, ref->name, &ref->oid, err) < 0 ? -1 : 0;
}

int tmk_repo_git_refs(struct tmk_repo *repo, const char *prefix,
		      tmk_repo_visit visit, void *ctx, struct tmk_err *err)
{
	struct visitor v = { prefix, visit, ctx };
	size_t len = strlen(prefix);

	/* git knows whole folders; a part of a name is compared here */
	return each_ref(repo, len && prefix[len - 1] == '/' ? prefix : NULL,
			visit_direct, &v, err);
}

/* ---- one of them --------------------------------------------------------- */

struct wanted {
	const char *name;
	struct tmk_oid *oid;
	char *target;
	bool found;
};

static int take_wanted(void *ctx, const struct tmk_repo_ref *ref,
		       struct tmk_err *err)
{
	struct wanted *w = ctx;

	(void)err;
	if (strcmp(ref->name, w->name))
		return 0;	/* one below a folder of that name */
	*w->oid = ref->oid;
	memcpy(w->target, ref->target, strlen(ref->target) + 1);
	w->found = true;
	return 1;
}

static int ask_one(struct tmk_repo *repo, struct wanted *w,
		   struct tmk_err *err)
{
	if (each_ref(repo, w->name, take_wanted, w, err) < 0)
		return -1;
	/* not listed: not there, or symbolic and ending in none */
	return w->found ? 0 : symbolic(repo, w->target, w->name, err);
}

/* ---- a list of all, for many questions ----------------------------------- */

static int grow(void **at, size_t *room, size_t need, size_t size)
{
	size_t n = *room ? *room : 1024;
	void *grown;

	if (need <= *room)
		return 0;
	while (n < need)
		n *= 2;
	grown = realloc(*at, n * size);
	if (!grown)
		return -1;
	*at = grown;
	*room = n;
	return 0;
}

/* Kept as it was printed: "ID TARGET" and "NAME". */
static int take_line(void *ctx, const struct tmk_repo_ref *ref,
		     struct tmk_err *err)
{
	struct tmk_repo_snapshot *s = ctx;
	char hex[TMK_OID_TEXT];
	size_t target = strlen(ref->target), name = strlen(ref->name), digits;
	void *text = s->text, *line = s->line;
	char *at;
	int rc;

	tmk_oid_show(hex, &ref->oid);
	digits = strlen(hex);
	if (s->lines == REFS_MAX)
		return tmk_err_set(err, TMK_INTERNAL, "the repository has "
				   "more than %d refs", REFS_MAX);
	rc = grow(&text, &s->room, s->len + digits + target + name + 3, 1);
	s->text = text;
	if (!rc) {
		rc = grow(&line, &s->line_room, s->lines + 1,
			  sizeof(*s->line));
		s->line = line;
	}
	if (rc < 0)
		return tmk_err_nomem(err);
	at = s->text + s->len;
	s->line[s->lines++] = s->len;
	s->len += digits + target + name + 3;
	memcpy(at, hex, digits);
	at[digits] = ' ';
	memcpy(at + digits + 1, ref->target, target + 1);
	memcpy(at + digits + 1 + target + 1, ref->name, name + 1);
	return 0;
}

static const char *name_at(const struct tmk_repo_snapshot *s, size_t n)
{
	const char *line = s->text + s->line[n];

	return line + strlen(line) + 1;
}

/* git sorts by name; a search in a list that is not sorted would overlook
 * refs. */
static bool is_sorted(const struct tmk_repo_snapshot *s)
{
	size_t n;

	for (n = 1; n < s->lines; n++)
		if (strcmp(name_at(s, n - 1), name_at(s, n)) >= 0)
			return false;
	return true;
}

static int list_all(struct tmk_repo *repo, struct tmk_err *err)
{
	struct tmk_repo_git *g = tmk_repo_git_of(repo);
	char *storage = NULL;

	if (g->refs.ready)
		return 0;
	if (tmk_repo_git_config(repo, &storage, "extensions.refstorage",
				false, err) < 0) {
		if (err)
			err->code = TMK_INTERNAL;
		return -1;
	}
	g->refs.files = !storage || !strcmp(storage, "files");
	free(storage);
	g->refs.lines = g->refs.len = 0;
	if (each_ref(repo, NULL, take_line, &g->refs, err) < 0)
		return -1;
	if (!is_sorted(&g->refs))
		return tmk_err_set(err, TMK_INTERNAL,
				   "git for-each-ref gives no sorted list");
	g->refs.ready = true;
	return 0;
}

/* Whether a ref that is not listed may yet be a symbolic one: those are never
 * packed, so that one of them is a file. */
static bool may_be_symbolic(const struct tmk_repo *repo, const char *name)
{
	const char *const dirs[] = { repo->dir, repo->common_dir };
	char path[PATH_MAX];
	struct stat st;
	size_t i;

	if (!tmk_repo_git_of(repo)->refs.files)
		return true;
	for (i = 0; i < 2; i++)
		if (snprintf(path, sizeof(path), "%s/%s", dirs[i], name) >=
		    (int)sizeof(path) ||
		    (lstat(path, &st) < 0 ? errno != ENOENT &&
		     errno != ENOTDIR && errno != ENAMETOOLONG :
		     !S_ISDIR(st.st_mode)))
			return true;
	return false;
}

static int look_up(struct tmk_repo *repo, struct wanted *w,
		   struct tmk_err *err)
{
	const struct tmk_repo_snapshot *s = &tmk_repo_git_of(repo)->refs;
	size_t low = 0, high = s->lines, mid;
	const char *line;
	int cmp;

	while (low < high) {
		mid = low + (high - low) / 2;
		cmp = strcmp(w->name, name_at(s, mid));
		if (!cmp) {
			line = s->text + s->line[mid];
			if (!tmk_oid_read(w->oid, line, repo->hex))
				return tmk_err_set(err, TMK_INTERNAL,
						   "a ref has no id");
			memcpy(w->target, line + repo->hex + 1,
			       strlen(line + repo->hex + 1) + 1);
			return 0;
		}
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return may_be_symbolic(repo, w->name) ?
		symbolic(repo, w->target, w->name, err) : 0;
}

int tmk_repo_git_ref(struct tmk_repo *repo, struct tmk_oid *oid, char *target,
		     const char *name, struct tmk_err *err)
{
	struct tmk_repo_git *g = tmk_repo_git_of(repo);
	struct tmk_oid value = { .len = (uint8_t)(repo->hex / 2) };
	char end[TMK_REPO_REF_MAX] = "";
	struct wanted w = { name, &value, end, false };
	int rc;

	if (strlen(name) >= TMK_REPO_REF_MAX)
		return tmk_err_set(err, TMK_INTERNAL,
				   "a ref's name is too long");
	if (g->asked < SINGLE_MAX) {
		g->asked++;
		rc = ask_one(repo, &w, err);
	} else {
		rc = list_all(repo, err);
		if (!rc)
			rc = look_up(repo, &w, err);
	}
	if (rc < 0)
		return -1;
	*oid = value;
	memcpy(target, end, strlen(end) + 1);
	return 0;
}

void tmk_repo_git_forget(struct tmk_repo_git *g)
{
	free(g->refs.text);
	free(g->refs.line);
	memset(&g->refs, 0, sizeof(g->refs));
}
