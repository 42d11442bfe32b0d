/*
 * test_repo.c - the two readers of a repository give the same answers, in a
 * repository of every kind; the one over git's plumbing also where libgit2
 * has none.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <git2.h>

#include "base/proc.h"
#include "hooks/repo.h"
#include "t/unit/tap.h"

static char *top;	/* a folder of our own */

/* What t/lsan.supp says to the leak checker, for a test that runs by itself:
 * libgit2 keeps what its regular expressions allocate. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libgit2.so\nleak:libpcre2\n";
}

/* Run it in $T; standard output becomes the answer, without its newline. */
static const char *sh(const char *text)
{
	static char answer[8192];
	char shell[] = "sh", c[] = "-c", script[8192];
	char *const argv[] = { shell, c, script, NULL };
	struct tmk_buf out = TMK_BUF_INIT(sizeof(answer) - 1);
	struct tmk_err err = TMK_ERR_INIT;
	int status = -1;
	size_t len;

	snprintf(script, sizeof(script), "cd \"$T\" && { %s\n}", text);
	if (tmk_proc_run(argv, NULL, 0, &out, 60000, &status, TMK_INTERNAL,
			 &err) < 0 || status)
		diag("exit %d of: %s %s", status, text, err.text);
	snprintf(answer, sizeof(answer), "%s", tmk_buf_str(&out));
	tmk_buf_release(&out);
	len = strlen(answer);
	if (len && answer[len - 1] == '\n')
		answer[len - 1] = '\0';
	return answer;
}

static void world(void)
{
	static const char *const unset[] = {
		"GIT_DIR", "GIT_WORK_TREE", "GIT_NAMESPACE",
		"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
		"GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT",
		"GIT_CONFIG_PARAMETERS"
	};
	static char name[] = "/tmp/tmk.repo.XXXXXX";
	size_t i;

	for (i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
		unsetenv(unset[i]);
	top = mkdtemp(name);
	if (!top)
		exit(1);
	setenv("T", top, 1);
	setenv("HOME", top, 1);
	setenv("XDG_CONFIG_HOME", top, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("LC_ALL", "C", 1);
	sh("git config --global user.name A && "
	   "git config --global user.email a@example.org && "
	   "git config --global init.defaultBranch main && "
	   "git config --global protocol.file.allow always");
}

/* Objects and refs of every sort in the repository `dir`. */
static void fill(const char *dir)
{
	char script[2048];

	snprintf(script, sizeof(script), "cd '%s' && "
		"c=$(git commit-tree -m one $(git mktree </dev/null)) && "
		"d=$(git commit-tree -p $c -m two $(git mktree </dev/null)) && "
		"git update-ref refs/heads/main $d && "
		"git update-ref refs/heads/packed $c && git pack-refs --all && "
		"git update-ref refs/heads/loose $c && "
		"git update-ref refs/heads/deep/er/ref $c && "
		"git symbolic-ref refs/heads/sym refs/heads/main && "
		"git symbolic-ref refs/heads/sym2 refs/heads/sym && "
		"git symbolic-ref refs/heads/dangling refs/heads/none && "
		"git symbolic-ref refs/heads/x1 refs/heads/x2 && "
		"git symbolic-ref refs/heads/x2 refs/heads/x1 && "
		"git tag -f -a -m t v1 main >tagged && "
		"git update-ref refs/tags/light $c && "
		"printf 'a\\000b' | git hash-object -w --stdin >blob && "
		": | git hash-object -w --stdin >empty && "
		"git config touchmark.policy some/where && "
		"git config --add touchmark.policy '~/policy' && "
		"git config touchmark.word ' with  blanks and \"quotes\" '",
		dir);
	sh(script);
}

/* Open by one reader the repository that lies in `dir`. */
static struct tmk_repo *open_by(bool git, const char *dir,
				struct tmk_err *err)
{
	struct tmk_repo *repo = NULL;
	int rc;

	if (chdir(dir))
		return NULL;
	rc = git ? tmk_repo_git_open(&repo, true, err) :
		tmk_repo_libgit2_open(&repo, true, err);
	return rc ? NULL : repo;
}

/* ---- what one says, as text, to be compared ------------------------------- */

static void say_object(struct tmk_repo *r, struct tmk_buf *out,
		       const char *hex)
{
	struct tmk_err err = TMK_ERR_INIT;
	enum tmk_object_type type = TMK_OBJECT_NONE;
	const uint8_t *data = NULL;
	struct tmk_oid oid;
	uint64_t size = 0;
	size_t len = 0;

	if (!tmk_oid_read(&oid, hex, r->hex) ||
	    r->ops->header(r, &type, &size, &oid, &err) < 0 ||
	    tmk_buf_printf(out, "%s %s %llu %d\n", hex,
			   tmk_object_type_name(type),
			   (unsigned long long)size,
			   tmk_repo_has(r, &oid, &err)) ||
	    r->ops->read(r, &data, &len, &type, &oid, &err) < 0 ||
	    tmk_buf_printf(out, "%s %zu\n", tmk_object_type_name(type),
			   len) || tmk_buf_add(out, data, len))
		diag("%s: %s", hex, err.text);
}

static void say_ref(struct tmk_repo *r, struct tmk_buf *out, const char *name)
{
	char target[TMK_REPO_REF_MAX] = "untouched", hex[TMK_OID_TEXT];
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_oid oid = { .len = 0 };

	if (r->ops->ref(r, &oid, target, name, &err) < 0) {
		if (tmk_buf_printf(out, "%s: %d\n", name, err.code))
			diag("too much");
		return;
	}
	if (tmk_buf_printf(out, "%s: %s \"%s\" %d\n", name,
			   tmk_oid_show(hex, &oid), target, oid.len))
		diag("too much");
}

static int say_one(void *ctx, const char *name, const struct tmk_oid *oid,
		   struct tmk_err *err)
{
	char hex[TMK_OID_TEXT];

	return tmk_buf_printf(ctx, "%s %s\n", tmk_oid_show(hex, oid), name) ?
		tmk_err_nomem(err) : 0;
}

static int line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The list may come in any order. */
static void say_refs(struct tmk_repo *r, struct tmk_buf *out,
		     const char *prefix)
{
	struct tmk_buf list = TMK_BUF_INIT(1 << 20);
	struct tmk_err err = TMK_ERR_INIT;
	char *line[1000], *at, *rest;
	size_t n = 0, i;

	if (r->ops->refs(r, prefix, say_one, &list, &err) < 0)
		diag("%s: %s", prefix, err.text);
	for (at = (char *)list.data; at && *at && n < 1000; at = rest) {
		rest = strchr(at, '\n');
		*rest++ = '\0';
		line[n++] = at;
	}
	qsort(line, n, sizeof(*line), line_cmp);
	if (tmk_buf_printf(out, "%s*: %zu\n", prefix, n))
		diag("too much");
	for (i = 0; i < n; i++)
		if (tmk_buf_printf(out, "%s\n", line[i]))
			diag("too much");
	tmk_buf_release(&list);
}

static void say_config(struct tmk_repo *r, struct tmk_buf *out,
		       const char *key, bool path)
{
	struct tmk_err err = TMK_ERR_INIT;
	char *value = NULL;

	if (r->ops->config(r, &value, key, path, &err) < 0)
		diag("%s: %s", key, err.text);
	if (tmk_buf_printf(out, "%s = <%s>\n", key, value ? value : "none"))
		diag("too much");
	free(value);
}

static void say_all(struct tmk_repo *r, struct tmk_buf *out)
{
	static const char *const refs[] = {
		"refs/heads/main", "refs/heads/packed", "refs/heads/loose",
		"refs/heads/sym", "refs/heads/sym2", "refs/heads/dangling",
		"refs/heads/x1", "refs/heads/none", "refs/heads/deep",
		"refs/heads/deep/er", "refs/heads/deep/er/ref", "refs/tags/v1",
		"refs/tags/light", "refs/heads/main/below", "refs/x/y"
	};
	char list[8192], *hex, *next;
	size_t i, round;

	snprintf(list, sizeof(list), "%s\n", sh("git -C \"$DIR\" cat-file "
		"--batch-all-objects --batch-check='%(objectname)'"));
	for (hex = list; *hex; hex = next) {
		next = strchr(hex, '\n');
		*next++ = '\0';
		say_object(r, out, hex);
	}
	memset(list, '7', r->hex);
	list[r->hex] = '\0';
	say_object(r, out, list);
	/* the first ones are asked one by one, later ones from a list */
	for (round = 0; round < 4; round++)
		for (i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
			say_ref(r, out, refs[i]);
	say_refs(r, out, "");
	say_refs(r, out, "refs/tags/");
	say_refs(r, out, "refs/heads/deep/e");
	say_refs(r, out, "refs/none/");
	say_config(r, out, "touchmark.policy", true);
	say_config(r, out, "touchmark.policy", false);
	say_config(r, out, "touchmark.word", false);
	say_config(r, out, "touchmark.none", false);
	say_config(r, out, "touchmark.none", true);
	if (tmk_buf_printf(out, "%s\n%s\n%s\n%zu\n", r->dir, r->common_dir,
			   r->worktree ? r->worktree : "bare", r->hex))
		diag("too much");
}

/* The first lines in which the two differ. */
static void show_difference(struct tmk_buf *a, struct tmk_buf *b)
{
	const char *x = tmk_buf_str(a), *y = tmk_buf_str(b);
	size_t at, line = 0;

	for (at = 0; at < a->len && at < b->len && x[at] == y[at]; at++)
		if (x[at] == '\n')
			line = at + 1;
	diag("libgit2: %.*s", (int)strcspn(x + line, "\n"), x + line);
	diag("git:     %.*s", (int)strcspn(y + line, "\n"), y + line);
}

/* Both readers on one repository. */
static void compare(const char *dir, const char *what)
{
	struct tmk_buf said[2] = { TMK_BUF_INIT(1 << 20),
				   TMK_BUF_INIT(1 << 20) };
	struct tmk_err err[2] = { TMK_ERR_INIT, TMK_ERR_INIT };
	struct tmk_repo *r;
	int i;

	setenv("DIR", dir, 1);
	for (i = 0; i < 2; i++) {
		r = open_by(i, dir, &err[i]);
		if (!r)
			diag("%s", err[i].text);
		else
			say_all(r, &said[i]);
		tmk_repo_close(r);
	}
	if (!is_mem(said[1].data, said[1].len, said[0].data, said[0].len,
		    "%s: git says what libgit2 says", what))
		show_difference(&said[0], &said[1]);
	ok(said[0].len > 1500, "%s: they say something (%zu bytes)", what,
	   said[0].len);
	tmk_buf_release(&said[0]);
	tmk_buf_release(&said[1]);
}

static const char *path_of(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void test_both(void)
{
	sh("git init -q --bare bare.git && git init -q tree && "
	   "git init -q --bare 'odd \"name$x.git' && mkdir sub");
	fill("bare.git");
	compare(path_of("bare.git"), "a bare repository");
	fill("tree/.git");
	compare(path_of("tree/.git"), "from inside .git");
	sh("git -C tree reset -q --hard main");
	compare(path_of("tree"), "a working tree");
	setenv("GIT_DIR", ".", 1);
	compare(path_of("tree/.git"), "as a hook sees it");
	unsetenv("GIT_DIR");
	sh("git -C tree worktree add -q ../linked loose");
	compare(path_of("linked"), "a linked working tree");
	setenv("GIT_DIR", ".", 1);
	compare(path_of("tree/.git/worktrees/linked"), "a hook of one");
	unsetenv("GIT_DIR");
	sh("git -C tree config core.worktree ../../sub");
	setenv("GIT_DIR", ".", 1);
	compare(path_of("tree/.git"), "core.worktree");
	unsetenv("GIT_DIR");
	fill("odd \"name$x.git");
	compare(path_of("odd \"name$x.git"), "a path with blanks and quotes");
	sh("git init -q --bare \"$(printf 'new\\nline.git')\"");
	fill("new\nline.git");
	compare(path_of("new\nline.git"), "a path with a newline");
	sh("git clone -q --bare --shared bare.git shared.git");
	fill("shared.git");
	compare(path_of("shared.git"), "alternates");
	sh("git -C bare.git repack -q -a -d && git -C bare.git prune-packed && "
	   "git -C bare.git replace main loose && "
	   "echo $(git -C bare.git rev-parse main) >bare.git/info/grafts");
	compare(path_of("bare.git"), "packs, replace refs and grafts");
}

/* ---- what only git opens --------------------------------------------------- */

/* `alone`: no libgit2 opens it, not even a later one. */
static void test_git(const char *dir, size_t hex, bool alone, const char *what)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_buf said = TMK_BUF_INIT(1 << 20);
	struct tmk_repo *r = open_by(true, dir, &err);
	size_t i;

	setenv("DIR", dir, 1);
	ok(r != NULL, "%s: git opens it%s", what, err.text);
	if (r) {
		is_int((long long)r->hex, (long long)hex, "%s: digits", what);
		say_all(r, &said);
		/* a blob holds one */
		for (i = 0; i < said.len; i++)
			said.data[i] = said.data[i] ? said.data[i] : '0';
		ok(strstr(tmk_buf_str(&said), "\ncommit ") &&
		   strstr(tmk_buf_str(&said), "\ntag ") &&
		   strstr(tmk_buf_str(&said), "7777 nothing 0 0\n") &&
		   strstr(tmk_buf_str(&said), "\n*: 6\n"),
		   "%s: objects and refs are read", what);
	}
	tmk_repo_close(r);
	tmk_buf_release(&said);
	r = NULL;
	err.code = 0;
	ok(chdir(dir) == 0 && !tmk_repo_open(&r, true, &err) && r &&
	   (!alone || !strcmp(r->ops->name, "git")),
	   "%s: a reader is found for it%s", what, err.text);
	tmk_repo_close(r);
}

static void test_others(void)
{
	sh("git init -q --bare --object-format=sha256 sha256.git");
	fill("sha256.git");
	test_git(path_of("sha256.git"), 64, true, "SHA-256");
	sh("git init -q --bare co:lon.git");
	fill("co:lon.git");
	test_git(path_of("co:lon.git"), 40, true, "a path with a colon");
	sh("git clone -q --bare --filter=blob:none file://\"$T\"/bare.git "
	   "part.git 2>/dev/null; git -C part.git config remote.origin.url "
	   "file://\"$T\"/gone.git; git -C part.git config "
	   "core.repositoryFormatVersion 1; git -C part.git config "
	   "extensions.partialClone origin");
	fill("part.git");
	test_git(path_of("part.git"), 40, false, "a partial clone");
	sh("git init -q --bare wtc.git && git -C wtc.git config "
	   "core.repositoryFormatVersion 1 && git -C wtc.git config "
	   "extensions.worktreeConfig true");
	fill("wtc.git");
	test_git(path_of("wtc.git"), 40, false,
		 "extensions.worktreeConfig");
}

/* ---- which one ------------------------------------------------------------ */

static void chooses(const char *value, const char *want, const char *why)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo *r = NULL;

	setenv("V", value, 1);
	sh("git -C \"$DIR\" config touchmark.gateReader \"$V\"");
	if (!tmk_repo_open(&r, true, &err))
		is_str(r->ops->name, want, "gateReader = %s", value);
	else
		ok(!want && err.code == TMK_INTERNAL &&
		   strstr(err.text, why) && *err.hint,
		   "gateReader = %s: %s; %s", value, err.text, err.hint);
	tmk_repo_close(r);
}

static void test_choice(void)
{
	struct tmk_err err = TMK_ERR_INIT;
	struct tmk_repo *r = NULL;

	setenv("DIR", path_of("bare.git"), 1);
	if (chdir(path_of("bare.git")))
		return;
	ok(!tmk_repo_open(&r, true, &err) &&
	   !strcmp(r->ops->name, "libgit2"), "libgit2 is taken by itself");
	tmk_repo_close(r);
	chooses("auto", "libgit2", "");
	chooses("libgit2", "libgit2", "");
	chooses("git", "git", "");
	chooses("both", NULL, "both");
	chooses("", NULL, "\"\"");
	setenv("DIR", path_of("sha256.git"), 1);
	if (chdir(path_of("sha256.git")))
		return;
	chooses("auto", "git", "");
	chooses("git", "git", "");
	chooses("libgit2", NULL, "cannot be read");
	chooses("LIBGIT2", NULL, "LIBGIT2");
	setenv("GIT_NAMESPACE", "n", 1);
	chooses("git", NULL, "namespaces");
	unsetenv("GIT_NAMESPACE");
	r = NULL;
	ok(!chdir(path_of("sub")) && tmk_repo_open(&r, true, &err) < 0 && !r &&
	   err.code == TMK_INTERNAL, "no repository: %s; %s", err.text,
	   err.hint);
}

int main(void)
{
	world();	/* libgit2 looks for HOME once */
	git_libgit2_init();
	test_both();
	test_others();
	test_choice();
	if (chdir("/"))
		return 1;
	sh("rm -rf \"$T\"");
	git_libgit2_shutdown();
	return tap_done();
}
