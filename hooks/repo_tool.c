/*
 * repo_tool.c - which git is run, and what its environment holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks/repo_child.h"

extern char **environ;

#define ANSWER_MS 60000
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

/*
 * What git is told whatever the environment says. A partial clone must not
 * ask its promisor for what a stranger names: where git does not know the
 * first of these, no transport is allowed, and the object is missing.
 */
static const char *const fixed[] = {
	"GIT_NO_LAZY_FETCH=1",
	"GIT_ALLOW_PROTOCOL=",
	"GIT_NO_REPLACE_OBJECTS=1",
	"GIT_GRAFT_FILE=/dev/null",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_FLUSH=1",
	"GIT_PAGER=cat",
	"LC_ALL=C"
};

#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

/*
 * Names, and beginnings of names, that are not handed on: traces, which may
 * go to standard output; configuration by the environment, which libgit2 does
 * not see either; languages.
 */
static const char *const dropped[] = {
	"GIT_TRACE", "GIT_CURL_VERBOSE=", "GIT_CONFIG",
	"GIT_REPLACE_REF_BASE=", "GIT_PROTOCOL", "LANG=", "LANGUAGE=", "LC_"
};

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_kept(const char *entry)
{
	size_t i;

	for (i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		if (begins(entry, dropped[i]))
			return false;
	for (i = 0; i < FIXED; i++)
		if (!strncmp(entry, fixed[i],
			     strcspn(fixed[i], "=") + 1))
			return false;
	return true;
}

static int make_env(char ***out)
{
	size_t n, used = 0;
	char **env;

	for (n = 0; environ[n]; n++)
		;
	env = calloc(n + FIXED + 1, sizeof(*env));
	if (!env)
		return -1;
	*out = env;
	for (n = 0; environ[n]; n++) {
		if (!is_kept(environ[n]))
			continue;
		env[used] = strdup(environ[n]);
		if (!env[used++])
			return -1;
	}
	for (n = 0; n < FIXED; n++) {
		env[used] = strdup(fixed[n]);
		if (!env[used++])
			return -1;
	}
	return 0;
}

/* An empty or relative folder in PATH would be the repository itself. */
static int find_git(char **out)
{
	const char *path = getenv("PATH");
	const char *dir = path && *path ? path : PATH_DEFAULT;

	while (dir) {
		const char *colon = strchr(dir, ':');
		int n = colon ? (int)(colon - dir) : (int)strlen(dir);
		char *file = NULL;

		if (n && dir[0] == '/') {
			if (asprintf(&file, "%.*s/git", n, dir) < 0)
				return -1;
			if (!access(file, X_OK)) {
				*out = file;
				return 0;
			}
			free(file);
		}
		dir = colon ? colon + 1 : NULL;
	}
	return 0;
}

int tmk_repo_tool_init(struct tmk_repo_tool *tool, struct tmk_err *err)
{
	struct tmk_repo_tool t = { .ms = ANSWER_MS };

	if (find_git(&t.git) < 0 || make_env(&t.env) < 0) {
		tmk_repo_tool_release(&t);
		return tmk_err_nomem(err);
	}
	if (!t.git) {
		tmk_repo_tool_release(&t);
		tmk_err_set(err, TMK_INTERNAL, "there is no git in PATH");
		return tmk_err_hint(err, "the administrator must install git, "
				    "or put its folder into the server's "
				    "PATH");
	}
	*tool = t;
	return 0;
}

void tmk_repo_tool_release(struct tmk_repo_tool *tool)
{
	size_t n;

	for (n = 0; tool->env && tool->env[n]; n++)
		free(tool->env[n]);
	free(tool->env);
	free(tool->git);
	memset(tool, 0, sizeof(*tool));
}
