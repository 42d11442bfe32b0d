#include "plugins/front_init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/proc.h"

#define GIT_MS 20000

#define WORDS_MAX 6

/* Run git with these words, the first of them "git" and NULL at the end; its
 * answer is dropped. *status gets what it ended with. */
static int run_git(int *status, const char *const *words, struct tmk_err *err)
{
	struct tmk_buf out = TMK_BUF_INIT(65536);
	char *argv[WORDS_MAX + 1] = { NULL };
	int i, n = 0, ret = -1;

	for (i = 0; i < WORDS_MAX && words[i]; i++) {
		argv[n] = strdup(words[i]);
		if (!argv[n++]) {
			tmk_err_nomem(err);
			goto out;
		}
	}
	ret = tmk_proc_run(argv, NULL, 0, &out, GIT_MS, status, TMK_USAGE,
			   err);
out:
	while (n)
		free(argv[--n]);
	tmk_buf_release(&out);
	return ret;
}

static int find_program(char **out, const char *dir, const char *name,
			struct tmk_err *err)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return tmk_err_nomem(err);
	if (access(path, X_OK) < 0) {
		tmk_err_set(err, TMK_USAGE, "%s is missing", path);
		free(path);
		return tmk_err_hint(err, "touchmark is not installed whole: "
				    "make install, or make in its source");
	}
	*out = path;
	return 0;
}

int tmk_init_git_prepare(struct tmk_init *init, struct tmk_err *err)
{
	bool local = init->git && !strcmp(init->git, "local");
	const char *const here[] = { "git", "rev-parse", "--git-dir", NULL };
	const char *const any[] = { "git", "--version", NULL };
	char *dir = NULL;
	int status = 0, ret = -1;

	if (!init->git)
		return 0;
	if (!local && strcmp(init->git, "global"))
		return tmk_err_set(err, TMK_USAGE, "--git takes local or "
				   "global, not '%s'", init->git);
	if (run_git(&status, local ? here : any, err) < 0)
		return -1;
	if (status) {
		tmk_err_set(err, TMK_USAGE, "--git local needs a repository, "
			    "and here is none");
		return tmk_err_hint(err, "cd into one, git init, or use --git "
				    "global");
	}
	if (tmk_proc_self_dir(&dir, err) < 0)
		return -1;
	if (!find_program(&init->gpg, dir, "touchmark-gpg", err))
		ret = find_program(&init->gpgsm, dir, "touchmark-gpgsm", err);
	free(dir);
	return ret;
}

int tmk_init_git(const struct tmk_init *init, struct tmk_err *err)
{
	const char *const set[][2] = {
		{ "gpg.format", "x509" },
		{ "gpg.program", init->gpg },
		{ "gpg.x509.program", init->gpgsm },
		{ "user.signingKey", init->name },
		{ "commit.gpgSign", "true" },
		{ "tag.gpgSign", "true" },
	};
	const char *where;
	int status = 0;
	size_t i;

	if (!init->git)
		return 0;
	where = !strcmp(init->git, "local") ? "--local" : "--global";
	for (i = 0; i < sizeof(set) / sizeof(*set); i++) {
		/* All of them: of several values git takes the last. */
		const char *const words[] = {
			"git", "config", where, "--replace-all", set[i][0],
			set[i][1], NULL
		};

		if (run_git(&status, words, err) < 0)
			return -1;
		if (!status)
			continue;
		tmk_err_set(err, TMK_USAGE, "git config %s %s ended with %d",
			    where, set[i][0], status);
		return tmk_err_hint(err, "the key is made and configured; set "
				    "git's values by hand as "
				    "touchmark-gpg(1) tells");
	}
	return 0;
}
