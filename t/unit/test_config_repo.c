/* Where the repository is: what git itself says is the answer. */
#include "core/config_repo.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/proc.h"
#include "t/unit/tap.h"

static char dir[64];

static char *at(const char *name)
{
	static char path[4][256];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

/* A shell line, in the directory of the test. */
static void sh(const char *line)
{
	char *text = NULL;

	if (asprintf(&text, "cd %s && { %s; } >sh.out 2>&1", dir, line) < 0 ||
	    system(text))
		ok(false, "%s", line);
	free(text);
}

static char *resolved(const char *path)
{
	return path ? realpath(path, NULL) : NULL;
}

/* What is found from there is `want`, seen from the test's directory. */
static void finds(const char *from, const char *want, const char *ceilings)
{
	struct tmk_err err = TMK_ERR_INIT;
	char *found = NULL, *real, *right = NULL;
	int rc = tmk_config_repo_find(&found, at(from), ceilings, &err);

	real = resolved(found);
	right = want ? resolved(at(want)) : NULL;
	is_int(rc, 0, "from %s: no error%s%s", from, rc ? ": " : "", err.text);
	is_str(real, right, "from %s: %s", from, want ? want : "nothing");
	free(right);
	free(real);
	free(found);
}

/* The same as git says. */
static void as_git(const char *from)
{
	char git[] = "git", c[] = "-C", parse[] = "rev-parse";
	char abs[] = "--absolute-git-dir";
	char *argv[] = { git, c, at(from), parse, abs, NULL };
	struct tmk_buf out = TMK_BUF_INIT(4096);
	struct tmk_err err = TMK_ERR_INIT;
	char *found = NULL, *real, *right;
	int status = 1;

	if (tmk_proc_run(argv, NULL, 0, &out, 10000, &status, TMK_INTERNAL,
			 &err) || status || !out.len)
		ok(false, "git finds a repository from %s: %s", from,
		   err.text);
	else
		out.data[strcspn((char *)out.data, "\n")] = '\0';
	ok(!tmk_config_repo_find(&found, at(from), NULL, &err),
	   "from %s", from);
	real = resolved(found);
	right = resolved(tmk_buf_str(&out));
	is_str(real, right, "from %s: what git says", from);
	free(right);
	free(real);
	free(found);
	tmk_buf_release(&out);
}

static void refused(const char *from)
{
	struct tmk_err err = TMK_ERR_INIT;
	char *found = NULL;

	ok(tmk_config_repo_find(&found, at(from), NULL, &err) < 0 &&
	   err.code == TMK_USAGE && !found, "from %s: %s", from, err.text);
}

static void test_plain(void)
{
	sh("git init -q a && mkdir -p a/b/c plain/x");
	as_git("a");
	as_git("a/b/c");
	as_git("a/.git");
	as_git("a/.git/refs");
	finds("a/b/c", "a/.git", NULL);
	finds("plain/x", NULL, NULL);
	finds("not/there", NULL, NULL);
	finds("sh.out", NULL, NULL);
	sh("git init -q --bare bare.git");
	as_git("bare.git");
	as_git("bare.git/objects");
	sh("ln -s a/b link && ln -s ../bare.git plain/.git");
	as_git("link/c");
	as_git("plain/x");
	sh("rm plain/.git");
}

static void test_links(void)
{
	sh("cd a && git -c user.name=a -c user.email=a@b.c commit -q "
	   "--allow-empty -m x && git worktree add -q ../tree && "
	   "git init -q --separate-git-dir ../apart.git ../with && mkdir "
	   "../with/sub ../tree/sub");
	as_git("tree");
	as_git("tree/sub");
	as_git("with/sub");
	sh("cd with && printf 'gitdir: ../apart.git\\n' >.git");
	as_git("with/sub");
	sh("cd with && printf 'gitdir: ../none\\n' >.git");
	refused("with/sub");
	sh("cd with && printf 'nonsense\\n' >.git");
	refused("with");
	sh("cd with && : >.git");
	refused("with");
}

/* What only looks like one. */
static void test_lookalikes(void)
{
	sh("mkdir -p like/.git/objects like/.git/refs like/sub");
	finds("like/sub", NULL, NULL);
	sh("mkdir like/.git/HEAD");
	finds("like/sub", NULL, NULL);
	sh("rmdir like/.git/HEAD && ln -s refs/heads/none like/.git/HEAD");
	as_git("like/sub");
	sh("rmdir like/.git/refs && : >like/.git/refs");
	finds("like/sub", NULL, NULL);
}

static void test_ceilings(void)
{
	char list[600];

	finds("a/b/c", "a/.git", "");
	snprintf(list, sizeof(list), "/none:%s", at("a/b"));
	finds("a/b/c", NULL, list);
	finds("a/b", "a/.git", list);
	snprintf(list, sizeof(list), "%s:relative", at("a"));
	finds("a/b/c", NULL, list);
	finds("a", "a/.git", list);
	snprintf(list, sizeof(list), "%s", at("a/b/c"));
	finds("a/b/c", "a/.git", list);
	/* A link counts where it leads, unless an empty name comes first. */
	snprintf(list, sizeof(list), "%s", at("link"));
	finds("a/b/c", NULL, list);
	snprintf(list, sizeof(list), ":%s", at("link"));
	finds("a/b/c", "a/.git", list);
}

static void common_is(const char *git_dir, const char *want)
{
	char *got = tmk_config_repo_common(at(git_dir));
	char *real = resolved(got), *right = resolved(at(want));

	is_str(real, right, "%s shares %s", git_dir, want);
	free(right);
	free(real);
	free(got);
}

static void test_common(void)
{
	common_is("a/.git", "a/.git");
	common_is("a/.git/worktrees/tree", "a/.git");
}

static int remove_one(const char *path, const struct stat *s, int type,
		      struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	static const char *const vars[] = {
		"GIT_DIR", "GIT_WORK_TREE", "GIT_CEILING_DIRECTORIES",
		"GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS",
	};
	size_t i;

	for (i = 0; i < sizeof(vars) / sizeof(*vars); i++)
		unsetenv(vars[i]);
	snprintf(dir, sizeof(dir), "/tmp/tmk-repo-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	setenv("HOME", dir, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	test_plain();
	test_links();
	test_lookalikes();
	test_ceilings();
	test_common();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
